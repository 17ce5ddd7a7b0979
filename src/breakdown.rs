//! Where mean field breaks down: t_E(N) for several levels of theory from one study, its growth and its picture.
//!
//! ```text
//! Plan -> for every engine and size: mean field and the engine side by side -> RatioSeries -> Crossing -> fit
//! ```

mod halves;
mod measured;
mod report;
mod run;
mod sampled;

pub use report::{Fitted, Report, write};
pub use run::{BreakdownError, Row, Sized, measure};
