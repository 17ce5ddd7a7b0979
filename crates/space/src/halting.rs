//! How long work looks whether to go on.

/// States, or other small pieces of work, between two looks.
pub(crate) const PIECES: usize = 1 << 13;

/// Looks before the first piece of work and after `every` so many `done`: `None` once `halted` says so.
pub fn go_on(done: usize, every: usize, halted: &dyn Fn() -> bool) -> Option<()> {
    (!done.is_multiple_of(every) || !halted()).then_some(())
}
