//! The extension module of the Python package: studies in, arrays out. It does nothing but to hand over: what is typed,
//! documented and drawn for users stands in the Python files beside it.
//!
//! ```text
//! superladder (Python) ── Study ──> in_memory, stationary, exported ──> arrays, moved
//!                      ── carry_out, main ──> commands of the program
//! ```

mod arrays;
mod errors;
mod liouvillian;
mod program;
mod steady;
mod study;
mod watch;

use pyo3::prelude::*;

/// `superladder._superladder`. Interpreters without a global lock switch theirs on for it.
#[pymodule(gil_used = true)]
fn _superladder(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let engines: Vec<&str> = superladder::study::ENGINES.iter().map(|engine| engine.name).collect();
    module.add("ENGINES", engines)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<study::Study>()?;
    module.add_function(wrap_pyfunction!(program::main, module)?)?;
    module.add_function(wrap_pyfunction!(program::carry_out, module)?)?;
    errors::add_to(module)
}
