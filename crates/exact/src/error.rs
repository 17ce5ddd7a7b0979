//! How the engine says that it cannot do something.

use superladder_engine::EngineError;
use superladder_space::SpaceError;

/// The name of the engine.
pub(crate) const NAME: &str = "exact";

/// The work was ended.
pub(crate) const INTERRUPTED: EngineError = EngineError::Interrupted { engine: NAME };

pub(crate) fn space_error(error: &SpaceError) -> EngineError {
    match error {
        SpaceError::Halted => INTERRUPTED,
        _ => EngineError::Unsupported { engine: NAME, reason: error.to_string() },
    }
}
