//! Study files: from TOML text to a [`Problem`](superladder_engine::Problem) and an engine.
//!
//! Every number may be an expression over the named parameters, every error knows its line, and every key that
//! nothing asked for is refused.

mod breakdown;
mod error;
mod expression;
mod method;
mod model;
mod overrides;
mod parameters;
pub(crate) mod section;
mod study;
mod time;
mod truncation;
mod variations;

pub use breakdown::{Average, Plan, Series};
pub use error::{Complaint, ConfigError, Fault, OverrideFault};
pub use expression::{ExpressionError, evaluate};
pub use study::Study;
pub(crate) use truncation::REFUSED_ABOVE;
pub use truncation::{loss, sufficient_cutoff};
pub use variations::{Variant, Variations};
