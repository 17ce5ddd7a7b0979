//! Ways through time: exponentials (`exponential`), the generator of runs on a coherence (`tiled`), a state on its way to
//! rest (`propagated`).

pub(super) mod exponential;
pub(super) mod propagated;
pub(super) mod tiled;
