//! Which basis the trajectories of a run use, where the study leaves it open.
//!
//! Moving bases keep few levels but must follow the state and are filled anew after every jump; the plain basis
//! keeps all levels and stays. Which one costs less depends on the model more than on its size, and a state that
//! falls apart into several packets has no frame to sit in. So the first trajectory is tried in both. What counts
//! is amplitudes times applications, never time, so that the choice is the same on every machine.

use superladder_engine::Never;

use crate::trajectory::{Limits, Setup, Snapshot, Witness, Workspace};

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
/// `weight` in the latter.
pub(crate) fn plain_is_better(moving: &Setup, plain: &Setup, weight: f64) -> bool {
    let times = &moving.problem.times;
    let mut workspace = Workspace::new();
    let limits = Limits { time: times[times.len() - 1], work: TRIAL, weight };
    let Ok((cost, reached)) = moving.follow_within(limits, 0, &mut workspace, &mut Blind, &Never) else {
        return true;
    };
    let work = if cost.losses.weight > weight { WORTH * TRIAL } else { cost.work };
    let limits = Limits { time: reached, work, weight: f64::INFINITY };
    plain.follow_within(limits, 0, &mut workspace, &mut Blind, &Never).is_ok_and(|(_, time)| time >= reached)
}
