//! Which basis the trajectories of a run use, where the study leaves it open.
//!
//! Moving bases keep few levels but must follow the state and are filled anew after every jump; the plain basis
//! keeps all levels and stays. Which one costs less depends on the model more than on its size, and a state that
//! falls apart into several packets has no frame to sit in. So the first trajectory is tried in both. What counts
//! is amplitudes times applications, never time, so that the choice is the same on every machine. It is made
//! when the first trajectory is to begin; sums that are there already say which bases they were made in.

use superladder_engine::Halt;

use crate::trajectory::{Limits, Setup, Snapshot, TrajectoryError, Witness, Workspace};

/// Amplitudes times applications that the trial may take in a moving basis: about half a second.
const TRIAL: f64 = 3e7;
/// Where the state has run out of its moving basis, the plain one may cost so many times more.
const WORTH: f64 = 20.0;
/// The plain basis is not tried with more amplitudes than this in the largest sector: it cannot win.
pub(crate) const LARGEST_PLAIN: f64 = 2e4;

/// Sees nothing.
struct Blind;

impl Witness for Blind {
    fn state(&mut self, _: usize, _: Snapshot<'_>) {}
}

/// Whether the first trajectory costs less in the `plain` basis than in the `moving` one, or loses more than
/// `weight` in the latter; `None` if `halt` ends the trial.
pub(crate) fn plain_is_better(moving: &Setup, plain: &Setup, weight: f64, halt: &dyn Halt) -> Option<bool> {
    let times = &moving.problem.times;
    let mut workspace = Workspace::new();
    let limits = Limits { time: times[times.len() - 1], work: TRIAL, weight };
    let (cost, reached) = match moving.follow_within(limits, 0, &mut workspace, &mut Blind, halt) {
        Err(TrajectoryError::Abandoned { .. }) => return None,
        Err(_) => return Some(true),
        Ok(followed) => followed,
    };
    let work = if cost.losses.weight > weight { WORTH * TRIAL } else { cost.work };
    let limits = Limits { time: reached, work, weight: f64::INFINITY };
    match plain.follow_within(limits, 0, &mut workspace, &mut Blind, halt) {
        Err(TrajectoryError::Abandoned { .. }) => None,
        followed => Some(followed.is_ok_and(|(_, time)| time >= reached)),
    }
}
