//! What engines refuse alike.

use crate::{End, EngineError, Problem};

impl Problem {
    /// Refuses, for an engine that has no density matrix, what it would need one for: a joint initial state,
    /// the whole state at the end.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`].
    pub fn without_density_matrix(&self, engine: &'static str) -> Result<(), EngineError> {
        let reason = if self.initial.joint.is_some() {
            "it starts from product states only; a joint state, as `[initial] state = \"file\"` gives it, needs \
             the engine 'exact'"
        } else if self.end == End::State {
            "it has no density matrix that could be saved; the engine 'exact' has"
        } else {
            return Ok(());
        };
        Err(EngineError::Unsupported { engine, reason: reason.into() })
    }

    /// Refuses a problem that ends in the stationary state, for what moves in time.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`].
    pub fn moves_in_time(&self, engine: &'static str) -> Result<(), EngineError> {
        if self.end != End::Stationary {
            return Ok(());
        }
        let reason = "the study ends in the steady state (`time = \"steady\"`), so there is no way through time; \
                      `steady`, `spectrum`, `sweep`, `compare` and `converge` take it there";
        Err(EngineError::Unsupported { engine, reason: reason.into() })
    }
}
