//! One trajectory: evolve until the norm has fallen to a drawn threshold, jump, and so on.

use superladder_engine::{EngineError, Halt, Problem};
use superladder_propagate::Pace;
use superladder_sampling::Stream;
use superladder_space::Ladders;
use thiserror::Error;

use crate::basis::Basis;
use crate::dynamics::{Dynamics, LeapScratch};
use crate::error::NAME;
use crate::following::Following;
use crate::initial::Preparation;
use crate::locality::{Locality, LocalityScratch, Losses};
use crate::products::{Bands, Layout};
use crate::stencil::Stencil;
use crate::taylor::Series;
use crate::vector::Vector;

/// Everything that all trajectories share.
pub(crate) struct Setup {
    pub(crate) problem: Problem,
    pub(crate) ladders: Ladders,
    /// One per stage.
    pub(crate) stages: Vec<Dynamics>,
    pub(crate) locality: Locality,
    pub(crate) preparation: Preparation,
    pub(crate) seed: u64,
    /// Relative error per unit time.
    pub(crate) tolerance: f64,
    /// Steps of one trajectory.
    pub(crate) max_steps: u64,
}

/// Buffers of one thread; they grow to the largest state and ask for no memory after that.
pub(crate) struct Workspace {
    series: Series,
    basis: Basis,
    psi: Vector,
    trial: Vector,
    stencil: Stencil,
    following: Following,
    bands: Bands,
    leaps: LeapScratch,
    locality: LocalityScratch,
    weights: Vec<f64>,
}

impl Workspace {
    pub(crate) fn new() -> Self {
        Self {
            series: Series::new(),
            basis: Basis::default(),
            psi: Vector::default(),
            trial: Vector::default(),
            stencil: Stencil::default(),
            following: Following::default(),
            bands: Bands::default(),
            leaps: LeapScratch::default(),
            locality: LocalityScratch::default(),
            weights: Vec::new(),
        }
    }

    /// State vectors held where so many parts of the generator follow time.
    pub(crate) const fn vectors(parts: usize) -> usize {
        Series::vectors() + Following::vectors(parts) + 8
    }
}

/// A state at an output time, in its basis, not normalised.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Snapshot<'a> {
    pub(crate) basis: &'a Basis,
    pub(crate) psi: &'a Vector,
    /// Squared norm.
    pub(crate) square: f64,
}

/// What a trajectory has cost, and bounds of its errors.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct TrajectoryStatistics {
    /// Jumps.
    pub(crate) jumps: u64,
    /// Steps of the propagator.
    pub(crate) steps: u64,
    /// Applications of the generator.
    pub(crate) applications: u64,
    /// Sum of the estimated relative errors of the steps.
    pub(crate) error: f64,
    /// Largest relative difference between the decay of the norm and the sum of the weights of the jumps.
    pub(crate) mismatch: f64,
    /// Amplitudes times applications: a measure of its cost that is the same on every machine.
    pub(crate) work: f64,
    /// What windows and moving frames have lost.
    pub(crate) losses: Losses,
    /// Most amplitudes.
    pub(crate) largest: u64,
}

/// Why a trajectory stopped.
#[derive(Debug, Clone, PartialEq, Error)]
pub(crate) enum TrajectoryError {
    /// Numbers that are not finite, or a step too small to be seen.
    #[error(
        "trajectory {index} has no step at time {time:?} (length {step:e}): rates, frequencies or cutoffs are too large for double precision at this `tolerance`; go to a rotating frame, eliminate what is fast adiabatically, or raise `tolerance`"
    )]
    Step { index: u64, time: f64, step: f64 },
    /// Its way to the end is far too long.
    #[error("trajectory {index} would take about {needed:.0e} steps")]
    TooLong { index: u64, time: f64, needed: f64 },
    /// It was asked to end.
    #[error("trajectory {index} was given up")]
    Abandoned { index: u64 },
    /// No jump is possible although the norm has fallen.
    #[error("trajectory {index} must jump at time {time}, but no jump has weight; lower `tolerance`")]
    NoJump { index: u64, time: f64 },
    /// A number that is measured does not fit into the sums.
    #[error(
        "trajectory {index} measures a number beyond 1e15; give frequencies in a unit in which they are smaller"
    )]
    OutOfRange { index: u64, time: f64 },
}

impl Setup {
    /// What a trajectory stopped for, as a failure of the engine.
    pub(crate) fn failed(&self, error: TrajectoryError) -> EngineError {
        let time = match error {
            TrajectoryError::TooLong { time, needed, .. } => {
                let way = (time, self.problem.times[self.problem.times.len() - 1]);
                let wanted = (needed, "steps of a trajectory", self.max_steps);
                return EngineError::too_long(NAME, &self.problem, way, wanted);
            }
            TrajectoryError::Abandoned { .. } => return EngineError::Interrupted { engine: NAME },
            TrajectoryError::Step { time, .. }
            | TrajectoryError::NoJump { time, .. }
            | TrajectoryError::OutOfRange { time, .. } => time,
        };
        EngineError::Propagation { engine: NAME, time, source: Box::new(error) }
    }
}

/// What is seen of a trajectory: its jumps, and its state at the output times.
pub(crate) trait Witness {
    fn state(&mut self, output: usize, snapshot: Snapshot<'_>);
    fn jump(&mut self, _time: f64, _dissipator: usize) {}
}

/// How far a trajectory may go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// To this time ...
    pub(crate) time: f64,
    /// ... or until it has cost so much ...
    pub(crate) work: f64,
    /// ... or has lost so much weight.
    pub(crate) weight: f64,
}

impl Limits {
    fn allow(&self, time: f64, statistics: &TrajectoryStatistics) -> bool {
        time < self.time && statistics.work < self.work && statistics.losses.weight <= self.weight
    }
}

/// Where a trajectory is.
struct Position {
    time: f64,
    /// The next output.
    output: usize,
    /// Squared norm at which it jumps.
    threshold: f64,
    /// The stage whose generator is there in the present basis.
    filled: Option<usize>,
}

/// A step that may be made.
struct Trial {
    step: f64,
    /// Squared norm at its end.
    at_end: f64,
    /// Bound of the norm that leaves the windows per unit time.
    exit: f64,
}

/// A step is halved at most this often for the sake of the windows. What leaves them falls with the square of
/// its length or faster, and what a step may lose falls with its length, so that a short step always fits.
const HALVINGS: usize = 64;
/// A step aims this much beyond the time at which the jump is expected.
const BEYOND: f64 = 1.05;

impl Setup {
    /// Which subsystems have moving frames.
    pub(crate) fn layout(&self) -> Layout {
        Layout { modes: self.problem.cutoffs.len(), moving: self.locality.moving.clone() }
    }

    /// Draws the initial state of a trajectory.
    pub(crate) fn start(
        &self,
        index: u64,
        workspace: &mut Workspace,
        witness: &mut dyn Witness,
    ) -> (Stream, Losses) {
        let mut stream = Stream::new(self.seed, index);
        let Workspace { basis, psi, trial, .. } = workspace;
        let mut losses = Losses::default();
        self.preparation.draw(&self.locality, &mut stream, basis, psi, trial, &mut losses);
        psi.normalise();
        witness.state(0, Snapshot { basis, psi, square: psi.norm_sqr() });
        (stream, losses)
    }

    /// [`Setup::follow_while`] that nobody ends.
    #[cfg(test)]
    pub(crate) fn follow(
        &self,
        index: u64,
        workspace: &mut Workspace,
        witness: &mut dyn Witness,
    ) -> Result<TrajectoryStatistics, TrajectoryError> {
        self.follow_while(index, workspace, witness, &superladder_engine::Never)
    }

    /// Follows trajectory `index` through all output times, unless `halt` ends it.
    pub(crate) fn follow_while(
        &self,
        index: u64,
        workspace: &mut Workspace,
        witness: &mut dyn Witness,
        halt: &dyn Halt,
    ) -> Result<TrajectoryStatistics, TrajectoryError> {
        let time = self.problem.times[self.problem.times.len() - 1];
        let limits = Limits { time, work: f64::INFINITY, weight: f64::INFINITY };
        self.follow_within(limits, index, workspace, witness, halt).map(|(statistics, _)| statistics)
    }

    /// Follows trajectory `index` as far as the `limits` allow, unless `halt` ends it, and says to which time.
    pub(crate) fn follow_within(
        &self,
        limits: Limits,
        index: u64,
        workspace: &mut Workspace,
        witness: &mut dyn Witness,
        halt: &dyn Halt,
    ) -> Result<(TrajectoryStatistics, f64), TrajectoryError> {
        let begun = self.start(index, workspace, witness);
        self.go_on(limits, index, begun, workspace, witness, halt)
    }

    /// Follows a given state, which need not be normalised, through all output times.
    pub(crate) fn follow_from(
        &self,
        index: u64,
        stream: Stream,
        (basis, psi): (&Basis, &Vector),
        workspace: &mut Workspace,
        witness: &mut dyn Witness,
        halt: &dyn Halt,
    ) -> Result<TrajectoryStatistics, TrajectoryError> {
        workspace.basis.clone_from(basis);
        workspace.psi.copy(psi);
        workspace.psi.normalise();
        let Workspace { basis, psi, .. } = &*workspace;
        witness.state(0, Snapshot { basis, psi, square: psi.norm_sqr() });
        let time = self.problem.times[self.problem.times.len() - 1];
        let limits = Limits { time, work: f64::INFINITY, weight: f64::INFINITY };
        let begun = (stream, Losses::default());
        self.go_on(limits, index, begun, workspace, witness, halt).map(|(statistics, _)| statistics)
    }

    /// Follows the state in the workspace from the first output time on.
    fn go_on(
        &self,
        limits: Limits,
        index: u64,
        (mut stream, losses): (Stream, Losses),
        workspace: &mut Workspace,
        witness: &mut dyn Witness,
        halt: &dyn Halt,
    ) -> Result<(TrajectoryStatistics, f64), TrajectoryError> {
        let times = &self.problem.times;
        let mut statistics = TrajectoryStatistics { losses, ..TrajectoryStatistics::default() };
        let mut at = Position { time: times[0], output: 1, threshold: stream.uniform(), filled: None };
        let mut pace = Pace::new((times[0], times[times.len() - 1]), self.max_steps);
        while limits.allow(at.time, &statistics) {
            if halt.asked() {
                return Err(TrajectoryError::Abandoned { index });
            }
            if let Some(needed) = pace.note(statistics.steps, at.time) {
                return Err(TrajectoryError::TooLong { index, time: at.time, needed });
            }
            let stage = self.problem.stages.iter().rposition(|s| s.start <= at.time).unwrap_or(0);
            self.settle(stage, &mut at, workspace, &mut statistics);
            let jumps = self.step(index, stage, &mut at, workspace, witness, &mut statistics)?;
            if jumps {
                let dissipator = jump(&self.stages[stage], at.time, workspace, &mut stream, &mut statistics);
                let dissipator = dissipator.ok_or(TrajectoryError::NoJump { index, time: at.time })?;
                witness.jump(at.time, dissipator);
                at.threshold = stream.uniform();
                at.filled = None;
            }
        }
        Ok((statistics, at.time))
    }

    /// Part of the time that has passed.
    fn fraction(&self, time: f64) -> f64 {
        let times = &self.problem.times;
        (time - times[0]) / (times[times.len() - 1] - times[0])
    }

    /// Lets frames and windows follow the state, and the generator follow them.
    fn settle(
        &self,
        stage: usize,
        at: &mut Position,
        workspace: &mut Workspace,
        statistics: &mut TrajectoryStatistics,
    ) {
        let Workspace { basis, psi, stencil, following, bands, locality, .. } = workspace;
        let fraction = self.fraction(at.time);
        let moved = self.locality.settle(basis, psi, fraction, &mut statistics.losses, locality);
        if moved || at.filled != Some(stage) {
            let dynamics = &self.stages[stage];
            bands.fill(&dynamics.table, basis);
            stencil.fill(&dynamics.pattern, bands, basis);
            following.fill(&dynamics.parts, bands, basis);
            at.filled = Some(stage);
            statistics.largest = statistics.largest.max(basis.len() as u64);
        }
    }

    /// One step, to its end or to where the norm has fallen to the threshold; true in that case.
    fn step(
        &self,
        index: u64,
        stage: usize,
        at: &mut Position,
        workspace: &mut Workspace,
        witness: &mut dyn Witness,
        statistics: &mut TrajectoryStatistics,
    ) -> Result<bool, TrajectoryError> {
        let (times, time) = (&self.problem.times, at.time);
        let last = times[times.len() - 1];
        let end = self.problem.stages.get(stage + 1).map_or(last, |next| next.start.min(last));
        let Workspace { series, basis, psi, trial, stencil, following, locality, .. } = workspace;
        let square = psi.norm_sqr();
        let target = following.begin(&self.stages[stage].course, time, end);
        let most = target - time;
        let wish = |rate: f64| match (square / at.threshold).ln() / rate {
            wait if wait.is_finite() && wait > 0.0 => (BEYOND * wait).min(most),
            _ => most,
        };
        let reach = series.expand_in_time((stencil, following), psi, self.tolerance, wish);
        let longest = reach.step.min(most);
        if !(longest > 0.0 && time + longest > time) {
            return Err(TrajectoryError::Step { index, time, step: longest });
        }
        let Trial { step, at_end, exit } = self.tried(
            longest,
            time,
            statistics.losses,
            locality,
            (series, (stencil, following), basis, trial),
        );
        if !at_end.is_finite() {
            return Err(TrajectoryError::Step { index, time, step: f64::NAN });
        }
        let jumps = at_end <= at.threshold;
        let s = if jumps { series.locate(step, at_end, at.threshold, trial) } else { step };
        let now = if step == most && !jumps { target } else { time + s };
        std::mem::swap(psi, trial);
        while at.output < times.len() && times[at.output] <= now {
            let square = series.evaluate(times[at.output] - time, trial);
            witness.state(at.output, Snapshot { basis, psi: trial, square });
            at.output += 1;
        }
        statistics.steps += 1;
        statistics.applications += reach.order() as u64;
        statistics.work += reach.order() as f64 * basis.len() as f64;
        statistics.error += reach.error(s) + following.error(s);
        statistics.losses.lose((exit * s).powi(2));
        at.time = now;
        Ok(jumps)
    }

    /// The state after a step that has been shortened until what leaves the windows is tolerable; it is left
    /// in `trial`.
    fn tried(
        &self,
        longest: f64,
        time: f64,
        losses: Losses,
        scratch: &mut LocalityScratch,
        (series, generator, basis, trial): (&Series, (&Stencil, &Following), &Basis, &mut Vector),
    ) -> Trial {
        let mut tried = Trial { step: longest, at_end: series.evaluate(longest, trial), exit: 0.0 };
        if !self.locality.loses() {
            return tried;
        }
        let (times, fraction) = (&self.problem.times, self.fraction(time));
        for _ in 0..HALVINGS {
            let (all, curable) = self.locality.exit(generator, basis, trial, scratch);
            tried.exit = all;
            let part = tried.step / (times[times.len() - 1] - times[0]);
            if self.locality.tolerates(curable, tried.step, fraction, part, &losses) {
                break;
            }
            tried.step *= 0.5;
            tried.at_end = series.evaluate(tried.step, trial);
        }
        tried
    }
}

/// Draws a jump in proportion to its weight and applies it; `None` if none has any.
fn jump(
    dynamics: &Dynamics,
    time: f64,
    workspace: &mut Workspace,
    stream: &mut Stream,
    statistics: &mut TrajectoryStatistics,
) -> Option<usize> {
    let Workspace { basis, psi, trial, stencil, following, leaps, weights, .. } = workspace;
    let sizes = following.coefficients(time);
    dynamics.weigh(basis, psi, leaps, weights);
    dynamics.scale(&sizes, weights);
    let total: f64 = weights.iter().sum();
    // The weights are the decay of the norm, -d|psi|^2/dt = -2 Re <psi|G|psi>.
    stencil.apply(psi, 1.0, trial);
    following.act(&sizes, psi, &mut leaps.image, trial);
    let decay = -2.0 * psi.dot(trial).re;
    statistics.mismatch = statistics.mismatch.max((decay / total - 1.0).abs());
    let chosen = stream.choose(weights.iter().copied(), total);
    let leap = dynamics.leaps.get(chosen).filter(|_| total > 0.0)?;
    dynamics.image(leap, basis, psi, leaps);
    std::mem::swap(psi, &mut leaps.image);
    Dynamics::land(leap, basis, psi, trial);
    psi.normalise();
    statistics.jumps += 1;
    Some(leap.dissipator)
}
