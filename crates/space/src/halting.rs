//! How long work looks whether to go on.

/// States, or other small pieces of work, between two looks.
const PIECES: usize = 1 << 13;

/// Looks before the first piece of work and after every few thousand `done`: `None` once `halted` says so.
pub(crate) fn go_on(done: usize, halted: &dyn Fn() -> bool) -> Option<()> {
    (!done.is_multiple_of(PIECES) || !halted()).then_some(())
}
