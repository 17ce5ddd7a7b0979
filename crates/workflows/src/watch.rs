//! Who follows a workflow of many pieces: hears how far it is, and may stop it.

use std::sync::atomic::{AtomicBool, Ordering};

/// Hears how far a workflow of many pieces is; called from several threads.
pub trait Count: Sync {
    /// A part of the workflow begins, with at most so many pieces.
    fn begin(&self, part: &str, pieces: usize);

    /// So many pieces more are finished; `words` say what they are.
    fn done(&self, pieces: usize, words: &str);

    /// What is at work, between two finished pieces.
    fn status(&self, words: &str);
}

/// Hears nothing.
pub struct Unheard;

impl Count for Unheard {
    fn begin(&self, _: &str, _: usize) {}
    fn done(&self, _: usize, _: &str) {}
    fn status(&self, _: &str) {}
}

/// Who follows a workflow.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Raised when it is to end as soon as it can.
    pub interrupted: &'a AtomicBool,
    /// Hears how far it is.
    pub count: &'a dyn Count,
}

impl Watch<'_> {
    /// Whether the workflow is to end.
    pub fn stopped(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }
}
