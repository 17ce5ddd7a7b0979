//! Who may end long work.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::EngineError;

/// Polled by long work, from any thread: while generators are built, before every application inside of steps.
/// Work that is asked to end gives up what it has begun and is where it was before.
pub trait Halt: Sync {
    /// Whether the work is to end.
    fn asked(&self) -> bool;

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
