//! One trajectory: evolve until the norm has fallen to a drawn threshold, jump, and so on.

use num_complex::Complex64;
use superladder_engine::Problem;
use superladder_space::Space;
use thiserror::Error;

use crate::dynamics::{Dynamics, Leap};
use crate::initial::Preparation;
use crate::rows::Rows;
use crate::stream::Stream;
use crate::taylor::{Series, norm_sqr};

/// Everything that all trajectories share.
pub(crate) struct Setup {
    pub(crate) problem: Problem,
    pub(crate) space: Space,
    /// One per stage.
    pub(crate) stages: Vec<Dynamics>,
    pub(crate) preparation: Preparation,
    pub(crate) seed: u64,
    /// Relative error per unit time.
    pub(crate) tolerance: f64,
}

/// Buffers of one thread.
pub(crate) struct Workspace {
    series: Series,
    psi: Vec<Complex64>,
    trial: Vec<Complex64>,
}

impl Workspace {
    /// For the largest sector.
    pub(crate) fn new(space: &Space) -> Self {
        let largest = space.sectors().iter().map(superladder_space::Sector::dim).max().unwrap_or(0);
        let vector = || vec![Complex64::ZERO; largest];
        Self { series: Series::new(largest), psi: vector(), trial: vector() }
    }

    /// State vectors held.
    pub(crate) const fn vectors() -> usize {
        Series::vectors() + 2
    }
}

/// What a trajectory tells of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Course {
    /// Jumps.
    pub(crate) jumps: u64,
    /// Steps of the propagator.
    pub(crate) steps: u64,
    /// Sum of the estimated relative errors of the steps.
    pub(crate) error: f64,
    /// Largest relative difference between the decay of the norm and the sum of the weights of the jumps.
    pub(crate) mismatch: f64,
}

/// Why a trajectory stopped.
#[derive(Debug, Clone, PartialEq, Error)]
pub(crate) enum TrajectoryError {
    /// Numbers that are not finite, or a step too small to be seen.
    #[error(
        "trajectory {index} has no step at time {time} (length {step:e}); check the rates and the cutoffs"
    )]
    Step { index: u64, time: f64, step: f64 },
    /// No jump is possible although the norm has fallen.
    #[error("trajectory {index} must jump at time {time}, but no jump has weight; lower `tolerance`")]
    NoJump { index: u64, time: f64 },
    /// A number that is measured does not fit into the sums.
    #[error(
        "trajectory {index} measures a number beyond 1e15; give frequencies in a unit in which they are smaller"
    )]
    OutOfRange { index: u64, time: f64 },
    /// The initial state lies in a sector that does not exist.
    #[error("trajectory {index} has no sector for its initial state")]
    Initial { index: u64 },
}

/// What is seen of a trajectory: its jumps, and its state (sector, not normalised, squared norm) at the output times.
pub(crate) trait Witness {
    fn state(&mut self, output: usize, sector: usize, psi: &[Complex64], square: f64);
    fn jump(&mut self, _time: f64, _dissipator: usize) {}
}

impl Setup {
    /// Draws the initial state of a trajectory into `psi`.
    pub(crate) fn start(
        &self,
        index: u64,
        workspace: &mut Workspace,
        witness: &mut dyn Witness,
    ) -> Result<(Stream, usize), TrajectoryError> {
        let mut stream = Stream::new(self.seed, index);
        let sector = self.preparation.draw(&self.space, &mut stream, &mut workspace.psi);
        let sector = sector.ok_or(TrajectoryError::Initial { index })?;
        let psi = &mut workspace.psi[..self.space.sectors()[sector].dim()];
        normalise(psi);
        witness.state(0, sector, psi, norm_sqr(psi));
        Ok((stream, sector))
    }

    /// Follows trajectory `index` through all output times.
    pub(crate) fn follow(
        &self,
        index: u64,
        workspace: &mut Workspace,
        witness: &mut dyn Witness,
    ) -> Result<Course, TrajectoryError> {
        let times = &self.problem.times;
        let (mut stream, mut sector) = self.start(index, workspace, witness)?;
        let Workspace { series, psi, trial } = workspace;
        let last = times[times.len() - 1];
        let (mut time, mut output) = (times[0], 1);
        let mut threshold = stream.uniform();
        let mut course = Course::default();
        while time < last {
            let stage = self.problem.stages.iter().rposition(|s| s.start <= time).unwrap_or(0);
            let end = self.problem.stages.get(stage + 1).map_or(last, |next| next.start.min(last));
            let dynamics = &self.stages[stage];
            let generator = &dynamics.generators[sector];
            let dim = generator.dim();
            let reach = series.expand(generator, &psi[..dim], self.tolerance);
            let step = reach.step.min(end - time);
            if !(step > 0.0 && time + step > time) {
                return Err(TrajectoryError::Step { index, time, step });
            }
            let at_end = series.evaluate(step, &mut trial[..dim]);
            if !at_end.is_finite() {
                return Err(TrajectoryError::Step { index, time, step: f64::NAN });
            }
            let jumps = at_end <= threshold;
            let s = if jumps { series.locate(step, at_end, threshold, &mut trial[..dim]) } else { step };
            let now = if step == end - time && !jumps { end } else { time + s };
            std::mem::swap(psi, trial);
            while output < times.len() && times[output] <= now {
                let square = series.evaluate(times[output] - time, &mut trial[..dim]);
                witness.state(output, sector, &trial[..dim], square);
                output += 1;
            }
            course.steps += 1;
            course.error += reach.error(s);
            time = now;
            if jumps {
                let leaps = &dynamics.leaps[sector];
                let total = Self::weigh(leaps, &psi[..dim], generator, &mut course);
                let aim = stream.choose(leaps.iter().map(|l| l.matrix.weight(&psi[..dim])), total);
                let leap = leaps.get(aim).filter(|_| total > 0.0);
                let leap = leap.ok_or(TrajectoryError::NoJump { index, time })?;
                let image = &mut trial[..leap.matrix.dim()];
                leap.matrix.apply(&psi[..dim], Complex64::ZERO, 1.0, image);
                normalise(image);
                std::mem::swap(psi, trial);
                sector = leap.target;
                witness.jump(time, leap.dissipator);
                threshold = stream.uniform();
                course.jumps += 1;
            }
        }
        Ok(course)
    }

    /// Sum of the weights of all jumps, which is the decay of the norm, `-d|psi|^2/dt = -2 Re <psi|G|psi>`.
    fn weigh(leaps: &[Leap], psi: &[Complex64], generator: &Rows, course: &mut Course) -> f64 {
        let total: f64 = leaps.iter().map(|l| l.matrix.weight(psi)).sum();
        let decay = -2.0 * generator.expectation(psi).re;
        course.mismatch = course.mismatch.max((decay / total - 1.0).abs());
        total
    }
}

fn normalise(psi: &mut [Complex64]) {
    let norm = norm_sqr(psi).sqrt();
    for x in psi.iter_mut() {
        *x /= norm;
    }
}
