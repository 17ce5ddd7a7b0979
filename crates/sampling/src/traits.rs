//! What an engine that samples promises beside what every engine does.

use std::ops::Range;

use superladder_engine::{Engine, EngineError, Evolution, Problem};

use crate::Replicate;

/// How far the samples of an evolution are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progressed {
    /// Samples that are done.
    pub done: u64,
    /// Samples that are asked for, or the most there may be.
    pub asked: u64,
    /// Whether the errors asked for are reached; none without any.
    pub reached: Option<bool>,
}

/// Least relative error of a state per unit time that engines which follow states take: a few roundings of double
/// precision.
pub const SMALLEST_TOLERANCE: f64 = 1e-15;
/// Largest one.
pub const LARGEST_TOLERANCE: f64 = 1e-2;

/// An engine that samples.
pub trait Sampling: Engine {
    /// This engine over the samples with these indices; what different ranges give can be merged.
    fn over(&self, indices: Range<u64>) -> Box<dyn Sampling>;

    /// This engine without targets of errors: all samples are run.
    fn without_targets(&self) -> Box<dyn Sampling>;

    /// Prepares `problem` as [`Engine::prepare`] does.
    ///
    /// # Errors
    /// As [`Engine::prepare`].
    fn begin(&self, problem: &Problem) -> Result<Box<dyn SampledEvolution>, EngineError>;
}

/// An average over samples, on its way. Its `save` is [`Sums::to_bytes`](crate::Sums::to_bytes).
pub trait SampledEvolution: Evolution {
    /// How far it is. The errors are looked at anew.
    fn progressed(&mut self) -> Progressed;

    /// All that was measured without one block of the samples at a time: what standard errors of anything
    /// that is read off the records come from.
    fn replicates(&self) -> Vec<Replicate>;
}
