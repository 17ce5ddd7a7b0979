//! The diagnostics of a report.

use std::fmt::{Result, Write};

use superladder_engine::Diagnostics;

/// One line a diagnostic: its value, under this `heading`, its bound, and whether that is kept.
///
/// # Errors
/// None but those of the text that is written to.
pub fn write_checks(text: &mut String, diagnostics: &Diagnostics, heading: &str) -> Result {
    writeln!(text, "\n  diagnostic       {heading:>10}     bound")?;
    for (name, check) in &diagnostics.checks {
        let verdict = if check.holds() { "kept" } else { "BROKEN" };
        writeln!(text, "  {name:<16} {:>10.2e} {:>9.1e}  {verdict}", check.worst, check.bound)?;
    }
    Ok(())
}
