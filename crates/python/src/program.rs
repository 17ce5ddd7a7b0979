//! The command line that the wheel carries, and its commands inside of Python.

use std::ffi::OsString;

use pyo3::prelude::*;
use superladder::program::{self, Interrupt, Verdict};

use crate::errors::failure;
use crate::watch::attend;

/// Does what a command line asks for, as the process, and gives the exit code.
#[pyfunction]
pub(crate) fn main(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| program::main(arguments))
}

/// Carries out one command inside of this process: its verdict (`done`, `not converged`, `interrupted` or `failed`), what
/// it prints, and what Ctrl-C has raised meanwhile.
#[pyfunction]
#[pyo3(signature = (arguments, threads = None))]
pub(crate) fn carry_out(
    py: Python<'_>,
    arguments: Vec<OsString>,
    threads: Option<usize>,
) -> PyResult<(&'static str, String, Option<PyErr>)> {
    let interrupt = Interrupt::default();
    let work = || {
        let mut out = Vec::new();
        let verdict = program::carry_out(arguments, &mut out, &interrupt);
        (verdict, String::from_utf8_lossy(&out).into_owned())
    };
    let ((verdict, text), raised) = attend(py, threads, |_| Ok(()), || interrupt.raise(), work)?;
    let verdict = match (verdict, &raised) {
        (Ok(verdict), _) => verdict,
        (Err(_), Some(raised)) => return Err(raised.clone_ref(py)),
        (Err(error), None) => return Err(failure(py, &error)),
    };
    Ok((word(verdict), text, raised))
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Done => "done",
        Verdict::NotConverged => "not converged",
        Verdict::Interrupted => "interrupted",
        Verdict::CheckFailed | Verdict::CheckpointFailed => "failed",
    }
}
