//! Checkpoints of a density matrix: everything to continue with the same bits.

use serde::{Deserialize, Serialize};
use superladder_engine::{Diagnostics, EngineError, Never};
use superladder_propagate::Memory;

use super::ExactEvolution;
use crate::adaptive::CutoffControl;
use crate::leakage::Leaked;

/// What a checkpoint holds, the state vector apart.
#[derive(Serialize, Deserialize)]
struct Saved {
    time: f64,
    /// The stage whose generator was in force.
    stage: usize,
    memory: Memory,
    diagnostics: Diagnostics,
    leaked: Leaked,
    losses: Vec<f64>,
    control: Option<CutoffControl>,
    cutoffs: Vec<usize>,
    length: usize,
}

impl ExactEvolution {
    /// Writes a checkpoint.
    pub(super) fn write_state(&self, writer: &mut dyn std::io::Write) -> std::io::Result<()> {
        let saved = Saved {
            time: self.time,
            stage: self.stage,
            memory: self.propagator.memory(),
            diagnostics: self.diagnostics.clone(),
            leaked: self.leaked.clone(),
            losses: self.losses.clone(),
            control: self.control.clone(),
            cutoffs: self.instruments.problem.cutoffs.clone(),
            length: self.vector.len(),
        };
        writer.write_all(&postcard::to_stdvec(&saved).map_err(std::io::Error::other)?)?;
        // In pieces, so that no second copy of the state is made.
        for piece in self.vector.chunks(1 << 13) {
            let bytes: Vec<u8> = piece.iter().flat_map(|x| x.to_le_bytes()).collect();
            writer.write_all(&bytes)?;
        }
        Ok(())
    }

    /// Takes over what a checkpoint holds.
    pub(super) fn read_state(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let damaged = |reason: String| EngineError::Checkpoint(reason);
        let (saved, rest): (Saved, &[u8]) =
            postcard::take_from_bytes(bytes).map_err(|e| damaged(format!("no state in it: {e}")))?;
        let (modes, stages) = (self.instruments.problem.cutoffs.len(), &self.instruments.problem.stages);
        if saved.stage >= stages.len() || saved.cutoffs.len() != modes {
            let (stage, found) = (saved.stage, saved.cutoffs.len());
            let reason = format!(
                "stage number {stage} and {found} modes, but the study has {} and {modes}",
                stages.len()
            );
            return Err(damaged(reason));
        }
        if self.control.is_some()
            && saved.control.is_some()
            && saved.cutoffs != self.instruments.problem.cutoffs
        {
            self.resize(saved.cutoffs, false, &Never)?;
        }
        let expected = self.vector.len();
        if saved.length != expected || rest.len() != 8 * expected {
            let reason = format!(
                "a state vector of {} numbers in {} bytes, but the study has {expected}",
                saved.length,
                rest.len()
            );
            return Err(damaged(reason));
        }
        if saved.stage != self.stage {
            self.rebuild(saved.stage, &Never)?;
        }
        self.time = saved.time;
        self.propagator.restore(&saved.memory);
        self.diagnostics = saved.diagnostics;
        self.leaked = saved.leaked;
        self.losses = saved.losses;
        self.control = saved.control;
        for (x, bytes) in self.vector.iter_mut().zip(rest.chunks_exact(8)) {
            *x = f64::from_le_bytes(bytes.try_into().unwrap_or_default());
        }
        Ok(())
    }
}
