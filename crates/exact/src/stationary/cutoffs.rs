//! Cutoffs that follow a stationary state: raised until what would leave through them moves it by less than a
//! bound.

use std::sync::Arc;

use superladder_engine::{EngineError, Halt, Problem, SlowModes, StationaryOptions};

use super::state::StationaryState;
use crate::options::Exact;

/// New levels of a mode over the old ones, and how many more.
const FACTOR: f64 = 1.25;
const MORE: usize = 2;
/// A state that so many larger cutoffs do not bring this much closer to its bound has none.
const HOPELESS: usize = 4;
const CLOSER: f64 = 0.9;

impl Exact {
    /// [`Exact::stationary_state`] with every cutoff that follows the state raised while more than its share
    /// of the bound `truncation` would leave through it. A mode whose `max` is reached, or a state that larger
    /// cutoffs do not bring closer, ends the search: the diagnostic `truncation` tells.
    pub(super) fn at_raised_cutoffs(
        &self,
        problem: &Problem,
        options: &StationaryOptions,
        halt: &dyn Halt,
    ) -> Result<StationaryState, EngineError> {
        // The gap says how far what leaves moves the state.
        let mut last = StationaryOptions { modes: options.modes.max(1), ..options.clone() };
        // Where nothing more is asked for, the last trial is the state.
        let enough = !last.certify && !last.errors;
        let mut trial = StationaryOptions { certify: false, errors: false, keep_state: true, ..last.clone() };
        let mut problem = problem.clone();
        let (mut best, mut hopeless) = (f64::INFINITY, 0);
        loop {
            let mut found = self.state_at(&problem, &trial, halt)?;
            let shift = found.report.truncation();
            hopeless = if shift < CLOSER * best { 0 } else { hopeless + 1 };
            best = best.min(shift);
            let raised = self.raised(&found, &problem.cutoffs);
            let ended = raised == problem.cutoffs || hopeless >= HOPELESS;
            if ended && enough {
                found.report.state = found.report.state.filter(|_| last.keep_state);
                return Ok(found);
            }
            let near = found.report.state.map(Arc::new);
            if ended {
                last.guess = near;
                last.known = found.report.slow;
                return self.state_at(&problem, &last, halt);
            }
            trial.guess = near;
            trial.known.clear();
            problem.cutoffs = raised;
        }
    }

    /// The next cutoffs: higher where a mode has more than its share, as far as its `max`.
    fn raised(&self, found: &StationaryState, cutoffs: &[usize]) -> Vec<usize> {
        let follows = self.adaptive.iter().flatten().count();
        let fixed = usize::from(cutoffs.len() > follows);
        let share = self.bounds.truncation / (follows + fixed) as f64;
        let gap = found.report.slow.first().map_or(f64::NAN, SlowModes::gap);
        let next = |(mode, cutoff): (usize, &usize)| {
            let Some(adaptive) = self.adaptive.get(mode).copied().flatten() else { return *cutoff };
            let raised = (FACTOR * *cutoff as f64).ceil() as usize + MORE;
            // Without a gap nothing is known.
            if found.leaving_by(mode) / gap <= share {
                *cutoff
            } else {
                raised.min(adaptive.max.unwrap_or(raised))
            }
        };
        cutoffs.iter().enumerate().map(next).collect()
    }
}
