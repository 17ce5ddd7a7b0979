//! What can be wrong with a study file, and where in the file it is.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use superladder_engine::{EngineError, ProblemError};
use superladder_model::ModelError;
use superladder_propagate::PropagateError;
use thiserror::Error;

use crate::expression::ExpressionError;
use crate::saved_state::SavedStateError;
use crate::source::Source;

/// Why a study cannot be loaded.
#[derive(Debug, Error)]
pub enum StudyError {
    /// The file cannot be read.
    #[error("cannot read the study '{}': {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// A `--set` that cannot be carried out.
    #[error("--set {text}: {fault}")]
    Override {
        /// The argument of `--set`.
        text: String,
        /// What is wrong with it.
        fault: OverrideFault,
    },
    /// Something in the file is wrong.
    #[error("{0}")]
    Invalid(Box<Complaint>),
}

/// A fault and its place in the file.
#[derive(Debug, Error)]
#[error("{}:{line}:{column}: {fault}", file.name())]
pub struct Complaint {
    /// What is wrong.
    pub fault: Fault,
    /// The file.
    pub file: Arc<Source>,
    /// The bytes at fault.
    pub span: Range<usize>,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
}

/// Why a `--set` cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OverrideFault {
    /// No `=` in it.
    #[error("must read key=value, for instance parameters.lambda=0.3")]
    NoValue,
    /// The key cannot be read.
    #[error("'{key}' is not a dotted key such as modes.a.cutoff or channels.0.rate")]
    Key {
        /// The key.
        key: String,
    },
    /// The key leads to nothing.
    #[error("the study has no `{key}`{}; known: {}", nearest.as_ref().map(|n| format!(" (did you mean '{n}'?)")).unwrap_or_default(), known.join(", "))]
    Unknown {
        /// The part of the path that is not there.
        key: String,
        /// The nearest known name.
        nearest: Option<String>,
        /// All known names.
        known: Vec<String>,
    },
    /// A bare name that a parameter and a part of every study have.
    #[error(
        "`{key}` is the name of both a parameter and a part of every study; write `parameters.{key}`, or a key of the other"
    )]
    Ambiguous {
        /// The name.
        key: String,
    },
    /// A list entry that is not there.
    #[error("`{key}` has {length} entries, numbered from 0, and no entry '{index}'")]
    Entry {
        /// The list.
        key: String,
        /// Its length.
        length: usize,
        /// The index given.
        index: String,
    },
    /// A plain value for a whole table of a list.
    #[error("`{key}` is a table; give one of its keys ({}), such as {key}.{}, or a whole table {{ ... }}", keys.join(", "), keys.last().map_or("rate", String::as_str))]
    WholeEntry {
        /// The entry.
        key: String,
        /// Its keys.
        keys: Vec<String>,
    },
    /// The text of the study does not hold the value although it was set.
    #[error("`{key}` cannot be set here: the study would not hold the value")]
    Lost {
        /// The key.
        key: String,
    },
    /// The path goes on behind a plain value.
    #[error("`{key}` is a plain value without parts")]
    NotATable {
        /// The plain value.
        key: String,
    },
    /// The file itself is not valid TOML.
    #[error("the study is not valid TOML: {message}")]
    Syntax {
        /// What the TOML reader says.
        message: String,
    },
}

/// What is wrong with a study.
#[derive(Debug, Error)]
pub enum Fault {
    /// Not TOML.
    #[error("not valid TOML: {0}")]
    Syntax(String),
    /// A key that does not exist there.
    #[error("{of} has no key `{key}`{}; known keys: {}", nearest.as_ref().map(|n| format!(" (did you mean '{n}'?)")).unwrap_or_default(), known.join(", "))]
    UnknownKey {
        /// The key.
        key: String,
        /// Where it stands.
        of: String,
        /// The nearest known key.
        nearest: Option<String>,
        /// All known keys.
        known: Vec<String>,
    },
    /// A required key is absent.
    #[error("{of} needs `{key}` ({allowed})")]
    Missing {
        /// The key.
        key: String,
        /// Where it belongs.
        of: String,
        /// What is allowed.
        allowed: String,
    },
    /// A value is not what is allowed.
    #[error("`{key}` of {of} must be {allowed}, but is {found}")]
    Value {
        /// The key.
        key: String,
        /// Where it stands.
        of: String,
        /// What is allowed.
        allowed: String,
        /// What is there.
        found: String,
    },
    /// A name that is not in its table.
    #[error("unknown {kind} '{name}'{}; known: {}", nearest.as_ref().map(|n| format!(" (did you mean '{n}'?)")).unwrap_or_default(), known.join(", "))]
    UnknownName {
        /// Kind of thing.
        kind: &'static str,
        /// The name.
        name: String,
        /// The nearest known name.
        nearest: Option<String>,
        /// All known names.
        known: Vec<String>,
    },
    /// Keys that exclude each other.
    #[error("{of}: {conflict}")]
    Conflict {
        /// Where they stand.
        of: String,
        /// What excludes what.
        conflict: String,
    },
    /// An expression without a value.
    #[error("`{key}` of {of}: {error}")]
    Expression {
        /// The key.
        key: String,
        /// Where it stands.
        of: String,
        /// What is wrong with the expression.
        error: ExpressionError,
    },
    /// A quench changes what must stay.
    #[error(
        "the quench at time {time} changes {what}; only frequencies, interactions and channels may change in time"
    )]
    Quench {
        /// Its time.
        time: f64,
        /// What it changes.
        what: String,
    },
    /// The cutoff of a mode is too small for its initial state.
    #[error(
        "cutoff {cutoff} of mode '{mode}' is too small: the {state} initial state loses {lost} by truncation; cutoff = {sufficient} is enough"
    )]
    Cutoff {
        /// The mode.
        mode: String,
        /// Its cutoff.
        cutoff: usize,
        /// The state in words.
        state: &'static str,
        /// What is lost, in words.
        lost: String,
        /// A cutoff that is enough.
        sufficient: usize,
    },
    /// The model is not valid.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The method or its options are not valid.
    #[error(transparent)]
    Method(#[from] PropagateError),
    /// The parts do not fit together.
    #[error(transparent)]
    Problem(#[from] ProblemError),
    /// The file of the initial state cannot be read.
    #[error(transparent)]
    SavedState(SavedStateError),
    /// The engine refuses the study.
    #[error(transparent)]
    Engine(EngineError),
    /// The engine refuses a correlation.
    #[error("correlation '{name}': {error}")]
    Correlation {
        /// Its name.
        name: String,
        /// Why.
        error: EngineError,
    },
}

impl Fault {
    /// Attaches the place.
    pub(crate) fn at(self, source: &Arc<Source>, span: Range<usize>) -> StudyError {
        let (line, column) = source.line_and_column(span.start);
        StudyError::Invalid(Box::new(Complaint { fault: self, file: Arc::clone(source), span, line, column }))
    }

    /// The key at fault, where there is one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::UnknownKey { key, .. }
            | Self::Missing { key, .. }
            | Self::Value { key, .. }
            | Self::Expression { key, .. }
            | Self::Model(
                ModelError::OutOfRange { key, .. }
                | ModelError::Missing { key, .. }
                | ModelError::UnknownKey { key, .. }
                | ModelError::WrongType { key, .. },
            ) => Some(key),
            _ => None,
        }
    }

    /// A few words beside the caret that points at it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::UnknownKey { .. } | Self::Model(ModelError::UnknownKey { .. }) => "unknown key",
            Self::UnknownName { .. } | Self::Model(ModelError::UnknownName { .. }) => "unknown name",
            Self::Missing { .. } | Self::Model(ModelError::Missing { .. }) => "incomplete",
            Self::Quench { .. } => "this quench",
            Self::Cutoff { .. } => "too small",
            Self::Engine(_) | Self::Correlation { .. } => "refused by the engine",
            _ => "here",
        }
    }
}
