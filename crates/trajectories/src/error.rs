//! How the engine says that it cannot do something.

use superladder_engine::EngineError;

/// The name of the engine.
pub(crate) const NAME: &str = "trajectories";

/// What is wrong with the options or the problem, in words.
pub(crate) fn unsupported(reason: impl Into<String>) -> EngineError {
    EngineError::Unsupported { engine: NAME, reason: reason.into() }
}

/// An option `key` that names a column which is not measured.
pub(crate) fn unknown<'a>(key: &str, name: &str, columns: impl Iterator<Item = &'a str>) -> EngineError {
    let known: Vec<&str> = columns.take(40).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    unsupported(format!("`{key}` names '{name}', which the study does not measure; it measures {known}"))
}
