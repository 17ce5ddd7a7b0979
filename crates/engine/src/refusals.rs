//! What engines refuse alike.

use superladder_model::Evaluation;

use crate::{End, EngineError, Problem, refuse};

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

    /// Refuses, for an engine that does not sample, observables of single samples.
    ///
    /// # Errors
    /// [`EngineError::Observable`] for the first of them.
    pub fn without_samples(&self, engine: &'static str) -> Result<(), EngineError> {
        for observable in &self.observables {
            if let Evaluation::Sampled(sampled) = &observable.evaluation {
                let others = if sampled.of_states { "" } else { " or 'truncated-wigner'" };
                let reason = format!(
                    "it is an average of what single samples show, which the averaged state does not tell; use the \
                     engine 'trajectories'{others}"
                );
                return Err(refuse(engine, observable, reason));
            }
        }
        Ok(())
    }

    /// Refuses, for what takes every stage for constant, a model that follows time.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`].
    pub fn without_explicit_time(&self, engine: &'static str) -> Result<(), EngineError> {
        let mut modulations = self.stages.iter().flat_map(|stage| stage.model.modulations());
        let Some(modulation) = modulations.next() else { return Ok(()) };
        let reason = format!(
            "{} depends on time ({}), which the engines 'exact', 'trajectories', 'truncated-wigner', 'cumulant' and \
             'mean-field' follow in `run`, `compare`, `sweep` and `converge`; nothing else does",
            modulation.of,
            modulation.size.text(),
        );
        Err(EngineError::Unsupported { engine, reason })
    }

    /// Refuses to look for the stationary state of a last stage without channels, or of a model that follows time.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`].
    pub fn comes_to_rest(&self, engine: &'static str) -> Result<(), EngineError> {
        self.without_explicit_time(engine)?;
        if self.stages.last().is_some_and(|last| last.model.dissipators().next().is_some()) {
            return Ok(());
        }
        let reason = "a model without channels has no stationary state of its own: everything that commutes with \
                      its Hamiltonian is stationary; give it a channel, or use `run`";
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
