//! Where mean field breaks down: t_E(N) for several levels of theory from one study, its growth and its
//! picture.
//!
//! ```text
//! Plan -> for every engine and size: mean field and the engine side by side -> RatioSeries -> Crossing -> fit
//! ```

mod distributions;
mod files;
mod fitted;
mod joint;
mod reading;
mod report;
mod runs;
mod shard;
mod shown;

pub use distributions::{Judged, Verdict};
pub use files::{shown, write};
pub use fitted::Fitted;
pub use joint::Joint;
pub use reading::{Row, Sized, Trace};
pub use report::Report;
pub use runs::all::{measure_all, measured_in};
pub use runs::run::BreakdownError;
pub use shard::{PartsError, Shard, gathered, is_part, write_part};
