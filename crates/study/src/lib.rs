//! Study files: from TOML text to a [`Problem`](superladder_engine::Problem) and an engine.
//!
//! Every number may be an expression over the named parameters, every error knows its line, and every key
//! that nothing asked for is refused.

mod breakdown;
mod breakdown_table;
mod classes;
mod correlations;
mod derived;
mod distribution;
mod engines;
mod entry;
mod error;
mod expression;
mod in_time;
mod initial;
mod interpolation;
mod keys;
mod method;
mod model;
mod observables;
mod overrides;
mod parameters;
mod plot_table;
mod reductions;
mod saved_state;
mod scope;
mod section;
mod source;
mod study;
mod symbols;
mod time;
mod title;
mod truncation;
mod variations;

pub use breakdown::Plan;
pub use breakdown_table::{Average, MatchedSeries, Series};
pub use correlations::CorrelationEntry;
pub use derived::Written;
pub use engines::{ENGINES, EngineChoice, EngineDefinition, EngineOption};
pub use error::{Complaint, Fault, OverrideFault, StudyError};
pub use expression::{ExpressionError, evaluate};
pub use keys::{STUDY_TABLES, StudyKey, StudyTable};
pub use observables::EXPECTATIONS;
pub use plot_table::{Drawing, PlotTable, ValueScale};
pub use reductions::ReductionEntry;
pub use saved_state::{STATE_FILE, SavedStateError, read_state, write_state};
pub use source::Source;
pub use study::Study;
pub use superladder_space::initial_loss;
pub use truncation::{REFUSED_ABOVE, sufficient_cutoff};
pub use variations::{Variant, Variations};
