use thiserror::Error;

/// Why a model cannot be built.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ModelError {
    /// A number is outside its allowed range.
    #[error("`{key}` of {of} must be {allowed}, but is {value}")]
    OutOfRange {
        /// Key as written in a configuration.
        key: String,
        /// The thing that carries the key, for instance "channel 'emission'".
        of: String,
        /// The value given.
        value: String,
        /// What is allowed, in words.
        allowed: String,
    },
    /// A required key is absent.
    #[error("{of} needs `{key}` ({meaning})")]
    Missing {
        /// The absent key.
        key: String,
        /// The thing that needs it.
        of: String,
        /// What the key means.
        meaning: String,
    },
    /// A key that the thing does not have.
    #[error("{of} has no key `{key}`{}; known keys: {}", suggestion(nearest.as_deref()), known.join(", "))]
    UnknownKey {
        /// The key given.
        key: String,
        /// The thing it was given to.
        of: String,
        /// The nearest known key.
        nearest: Option<String>,
        /// All known keys.
        known: Vec<String>,
    },
    /// A name that is not in its table or not in the model.
    #[error("unknown {kind} '{name}'{}; known: {}", suggestion(nearest.as_deref()), known.join(", "))]
    UnknownName {
        /// Kind of thing ("channel", "mode", ...).
        kind: String,
        /// The name given.
        name: String,
        /// The nearest known name.
        nearest: Option<String>,
        /// All known names.
        known: Vec<String>,
    },
    /// Two things share a name.
    #[error("the name '{name}' is used twice; modes and ensembles need distinct names")]
    DuplicateName {
        /// The repeated name.
        name: String,
    },
    /// A value has the wrong type.
    #[error("`{key}` of {of} must be {expected}, but is {found}")]
    WrongType {
        /// The key.
        key: String,
        /// The thing that carries the key.
        of: String,
        /// Expected type, in words.
        expected: String,
        /// What was found.
        found: String,
    },
    /// An observable specification that cannot be read.
    #[error("observable '{text}': {reason}")]
    Observable {
        /// The text given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An operator expression that cannot be read.
    #[error("operator '{text}': {reason}")]
    OperatorText {
        /// The text given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map(|n| format!(" (did you mean '{n}'?)")).unwrap_or_default()
}
