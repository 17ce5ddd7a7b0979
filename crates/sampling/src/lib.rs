//! Sums over samples that are the same bits in any order: blocks, jackknife, half samples, targets,
//! histograms.
//!
//! ```text
//! sample ── Tally ──> Block of Sums ── estimates ──> means with standard errors
//!                          │  replicates ── half_samples ──> errors of anything that is read off them
//!                          └─ SumsFile: kept, gone on with, merged
//! ```
//! Engines that sample implement [`Sampling`] and [`Gather`], which does for them what does not depend on what a sample is;
//! [`Averages`] makes an evolution of it. Each sample draws from a [`Stream`] of its own.

mod averages;
mod block;
mod estimates;
mod file;
mod gathering;
mod halves;
mod histogram;
mod jackknife;
mod packed;
mod rest;
mod shown;
mod stream;
mod sums;
mod target;
mod traits;
mod unravelling;

pub use averages::Averages;
pub use block::{BLOCKS, Block, OutOfRange, Shown, SumSizes, Tally};
pub use estimates::{Functions, Own, estimates, means, replicates};
pub use file::{Origin, SumsFile, SumsFileError, write, write_to};
pub use gathering::{Filling, Gather, Gathering, TARGET_ERROR};
pub use halves::{crosswise, half_samples, spread};
pub use histogram::{Histogram, HistogramError, Histograms};
pub use jackknife::{Replicate, jackknife, unbiased};
pub use rest::{AtRest, FEWEST_BLOCKS, at_rest};
pub use shown::{shown_columns, shown_tables};
pub use stream::Stream;
pub use sums::{Sums, SumsError};
pub use target::{ErrorTarget, Goal, Standing, UnknownTarget, next_look};
pub use traits::{LARGEST_TOLERANCE, Progressed, SMALLEST_TOLERANCE, SampledEvolution, Sampling};
pub use unravelling::{Unravelling, is_loss};
