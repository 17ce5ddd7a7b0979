//! Where mean field breaks down: t_E(N) for several levels of theory from one study, its growth and its
//! picture.
//!
//! ```text
//! Plan -> for every engine and size: mean field and the engine side by side -> RatioSeries -> Crossing -> fit
//! ```

mod all;
mod files;
mod measured;
mod picture;
mod reading;
mod report;
mod run;
mod sampled;
mod task;

pub use all::measure_all;
pub use files::write;
pub use reading::{Row, Sized};
pub use report::{Fitted, Report};
pub use run::BreakdownError;
