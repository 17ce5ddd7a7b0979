//! Who may end long work.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::{EngineError, Finding};

/// Polled by long work, from any thread: while generators are built, before every application inside of steps.
/// Work that is asked to end gives up what it has begun and is where it was before.
pub trait Halt: Sync {
    /// Whether the work is to end.
    fn asked(&self) -> bool;

    /// Hears how far a search is that has no end known beforehand: the iterations of the present linear system or
    /// eigenproblem, and its residual.
    fn heard(&self, _iterations: u64, _residual: f64) {}

    /// Hears how far a search is; whether it is to go on.
    fn go_on(&self, iterations: u64, residual: f64) -> bool {
        self.heard(iterations, residual);
        !self.asked()
    }

    /// Takes what a search has found so far, so that another one can go on from there.
    fn found(&self, _finding: &Finding<'_>) {}

    /// Fails once the work is to end.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`].
    fn check(&self, engine: &'static str) -> Result<(), EngineError> {
        if self.asked() { Err(EngineError::Interrupted { engine }) } else { Ok(()) }
    }
}

/// Nobody does.
#[derive(Debug, Clone, Copy)]
pub struct Never;

impl Halt for Never {
    fn asked(&self) -> bool {
        false
    }
}

/// A flag that is raised.
impl Halt for AtomicBool {
    fn asked(&self) -> bool {
        self.load(Ordering::SeqCst)
    }
}
