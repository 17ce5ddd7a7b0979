//! A problem made ready: equations, start, steps, instruments.

use pulp::{Arch, Simd, WithSimd};
use superladder_cumulant::refuse_state_functions;
use superladder_engine::{EngineError, Halt, Problem};
use superladder_sampling::Stream;

use crate::checks::{high_terms, refuse_states_of_samples};
use crate::clock::{Clock, Derived, Table, Tick};
use crate::equations::StageEquations;
use crate::error::{NAME, SampleError, failed, unsupported};
use crate::instruments::Instruments;
use crate::lanes::{LANES, Lane};
use crate::noise::LaneNoise;
use crate::options::TruncatedWigner;
use crate::path::{Segment, segments, steps};
use crate::start::{Start, conserved};
use crate::step::{LaneState, Work, nodes};

/// A step times the largest eigenvalue of the motion is at most this ...
const TURN: f64 = 0.25;
/// ... and times the rate at which kicks dephase at most this.
const KICK: f64 = 0.05;
/// The trial of the steps goes so many of them far.
const TRIAL: f64 = 20_000.0;
/// Steps are halved at most so often.
const HALVINGS: u32 = 24;
/// Times of a stage at which what follows time is looked at.
const LOOKS: u32 = 64;
/// The weights of the noise follow rates to this part.
const QUADRATURE: f64 = 1e-4;
/// Between two looks at who may end the work.
const POLL: u64 = 256;

/// By sample its numbers and how often its noise was clipped; how often there was noise.
pub(crate) type Followed = (Vec<(Vec<f64>, u64)>, u64);

/// How samples of a problem are followed.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) problem: Problem,
    pub(crate) instruments: Instruments,
    pub(crate) segments: Vec<Segment>,
    /// What follows time along each of them.
    tables: Vec<Table>,
    pub(crate) warnings: Vec<String>,
    /// Estimated error of the drift at the end, of variables of order 1.
    pub(crate) drift_error: f64,
    stages: Vec<StageEquations>,
    start: Start,
    scale: f64,
    /// Places of spins that keep their length.
    kept: Vec<usize>,
    seed: u64,
}

impl Setup {
    /// Derives and checks everything; `halt` may end the trial of the steps.
    ///
    /// # Errors
    /// [`EngineError`]: what the engine refuses, by name.
    pub(crate) fn new(
        options: &TruncatedWigner,
        problem: &Problem,
        halt: &dyn Halt,
    ) -> Result<Self, EngineError> {
        problem.validate()?;
        problem.without_density_matrix(NAME)?;
        refuse_state_functions(NAME, problem)?;
        refuse_states_of_samples(problem)?;
        let derived = problem.stages.iter().map(|stage| Derived::of_model(&stage.model));
        let derived = derived.collect::<Result<Vec<_>, _>>()?;
        let mut warnings: Vec<String> = problem.models().into_iter().flat_map(high_terms).collect();
        warnings.dedup();
        let space = &derived[0].constant;
        let scale = space.scale();
        let start = Start::new(problem, scale, options.sampling, options.length)?;
        let (dim, means) = (space.dim(), start.means());
        let most = problem.stages.iter().map(|stage| stage.model.modulations().len()).max().unwrap_or(0);
        let stages = problem.stages.iter().zip(&derived).enumerate().map(|(number, (stage, derived))| {
            let clock = Clock::new(&stage.model, dim, most);
            let typical = largest(&clock, &means, (stage.start, problem.end_of_stage(number)));
            StageEquations::new(derived, clock, &typical)
        });
        let modes = 2 * problem.model().modes().len();
        let kept = conserved(problem).into_iter().enumerate().filter(|(_, kept)| *kept);
        let mut setup = Self {
            instruments: Instruments::new(problem, space),
            stages: stages.collect(),
            kept: kept.map(|(e, _)| modes + 3 * e).collect(),
            problem: problem.clone(),
            segments: Vec::new(),
            tables: Vec::new(),
            drift_error: 0.0,
            seed: options.seed,
            warnings,
            start,
            scale,
        };
        setup.choose_steps(options, halt)?;
        let (stages, nodes) = (&setup.stages, nodes());
        let table = |s: &Segment| Table::new(&stages[s.stage].clock, (s.start, s.h, s.steps), &nodes);
        setup.tables = setup.segments.iter().map(table).collect();
        Ok(setup)
    }

    /// Finds the longest steps that follow the drift.
    fn choose_steps(&mut self, options: &TruncatedWigner, halt: &dyn Halt) -> Result<(), EngineError> {
        let time = self.problem.times[0];
        let mut largest = options.step.unwrap_or_else(|| self.first_step());
        if !largest.is_finite() && self.stages[0].dim > 0 && largest.is_nan() {
            return Err(unsupported("the rates of the model are not finite"));
        }
        for _ in 0..HALVINGS {
            self.segments = segments(&self.problem, largest);
            let (needed, end) = (steps(&self.segments), self.problem.times[self.problem.times.len() - 1]);
            if needed > options.max_steps as f64 {
                let limit = (needed, "steps", options.max_steps);
                return Err(EngineError::too_long(NAME, &self.problem, (time, end), limit));
            }
            self.drift_error = self.trial(halt).ok_or(EngineError::Interrupted { engine: NAME })?;
            let noise_follows = self.segments.iter().all(|segment| self.follows_rates(segment));
            let good = self.drift_error <= options.bounds.propagation && noise_follows;
            if good || options.step.is_some() {
                return Ok(());
            }
            largest = 0.5 * largest.min(self.segments.iter().map(|s| s.h).fold(0.0, f64::max));
        }
        Err(failed(time, SampleError::Step { step: largest, bound: options.bounds.propagation }))
    }

    /// By the fastest motion at the means and at a few samples of the start.
    fn first_step(&self) -> f64 {
        let drawn = (0..LANES as u64).map(|index| self.start.draw(&mut Stream::new(self.seed, index)));
        let points: Vec<Vec<f64>> = drawn.chain([self.start.means()]).collect();
        let (mut fastest, mut kicked) = (0.0_f64, 0.0_f64);
        for (number, stage) in self.stages.iter().enumerate() {
            let (start, end) = (self.problem.stages[number].start, self.problem.end_of_stage(number));
            let looks = if stage.clock.is_still() { 0 } else { LOOKS };
            for look in 0..=looks {
                let t = start + (end - start) * f64::from(look) / f64::from(LOOKS);
                for v in &points {
                    let (drift, kick) = stage.rates(&stage.clock.at(t, v));
                    (fastest, kicked) = (fastest.max(drift), kicked.max(kick));
                }
            }
        }
        (TURN / fastest).min(KICK / kicked)
    }

    /// Whether the noise of a segment is that of the rates along it.
    fn follows_rates(&self, segment: &Segment) -> bool {
        let clock = &self.stages[segment.stage].clock;
        clock.quadrature_error((segment.start, segment.h, segment.steps / 2)) <= QUADRATURE
    }

    /// The error that the steps leave at the end, from the first samples without noise: every step against two of
    /// half its length, summed; the largest of all lanes. `None` if `halt` ends it.
    fn trial(&self, halt: &dyn Halt) -> Option<f64> {
        let indices: Vec<u64> = (0..LANES as u64).collect();
        let mut state = self.begin(&indices);
        let mut work = Work::new(&self.stages);
        let (mut sum, mut left) = (Lane::ZERO, TRIAL);
        for segment in &self.segments {
            let steps = (segment.steps as f64).min(left) as u64;
            let drift = &self.stages[segment.stage];
            let trial = Trial {
                state: &mut state,
                stage: drift,
                start: segment.start,
                h: segment.h,
                steps,
                sum: &mut sum,
                work: &mut work,
            };
            Arch::new().dispatch(Dispatched(trial));
            left -= steps as f64;
            if left <= 0.0 {
                break;
            }
            if halt.asked() {
                return None;
            }
        }
        let all = steps(&self.segments);
        let part = if all > TRIAL { all / TRIAL } else { 1.0 };
        Some(
            sum.0.iter().fold(0.0, |worst: f64, x| if x.is_nan() { f64::INFINITY } else { worst.max(*x) })
                * part,
        )
    }

    /// Samples at the first time; lanes that are left repeat the last one.
    fn begin(&self, indices: &[u64]) -> LaneState {
        let mut noise = LaneNoise::new();
        let mut v = vec![Lane::ZERO; self.stages[0].dim];
        for l in 0..LANES {
            let mut stream = Stream::new(self.seed, indices[l.min(indices.len() - 1)]);
            let drawn = self.start.draw(&mut stream);
            v.iter_mut().zip(drawn).for_each(|(lane, x)| lane.0[l] = x);
            noise.seed(l, &mut stream);
        }
        self.state(v, noise)
    }

    fn state(&self, v: Vec<Lane>, noise: LaneNoise) -> LaneState {
        let length = |first: usize| {
            let square = |l: usize| (0..3).map(|k| v[first + k].0[l].powi(2)).sum::<f64>();
            Lane(std::array::from_fn(|l| square(l).sqrt()))
        };
        let kept = self.kept.iter().map(|first| (*first, length(*first))).collect();
        LaneState { v, kept, noise, clipped: Lane::ZERO, noises: 0 }
    }

    /// The products of the variables at the first time, of samples `indices`, at most as many as there are lanes.
    pub(crate) fn started(&self, indices: &[u64]) -> Vec<Vec<f64>> {
        let mut rows = vec![Vec::new(); indices.len()];
        self.instruments.tally(&self.begin(indices).v, &mut rows);
        rows
    }

    /// Follows samples to the end: by sample its numbers at all output times, and how often its noise was clipped;
    /// then how often there was noise.
    ///
    /// # Errors
    /// [`SampleError`].
    pub(crate) fn follow(&self, indices: &[u64], halt: &dyn Halt) -> Result<Followed, SampleError> {
        self.followed(self.begin(indices), &self.stages, indices, halt)
    }

    /// What samples are without any noise: the means, which the drift moves.
    #[cfg(test)]
    pub(crate) fn follow_means(&self) -> Result<Followed, SampleError> {
        let mut v: Vec<Lane> = self.start.means().into_iter().map(Lane::all).collect();
        v.resize(self.stages[0].dim, Lane::ZERO);
        let silent: Vec<_> = self.stages.iter().map(StageEquations::without_noise).collect();
        self.followed(self.state(v, LaneNoise::new()), &silent, &[0], &superladder_engine::Never)
    }

    fn followed(
        &self,
        mut state: LaneState,
        stages: &[StageEquations],
        indices: &[u64],
        halt: &dyn Halt,
    ) -> Result<Followed, SampleError> {
        let mut work = Work::new(&self.stages);
        let numbers = self.instruments.count() * self.problem.times.len();
        let mut rows: Vec<Vec<f64>> = indices.iter().map(|_| Vec::with_capacity(numbers)).collect();
        self.instruments.tally(&state.v, &mut rows);
        for (segment, table) in self.segments.iter().zip(&self.tables) {
            let equations = &stages[segment.stage];
            let mut done = 0;
            while done < segment.steps {
                if halt.asked() {
                    return Err(SampleError::Abandoned);
                }
                let range = (done, segment.steps.min(done + POLL), segment.steps);
                let steps = (segment.start, segment.h, self.scale);
                let way = Stretch { state: &mut state, equations, steps, range, table, work: &mut work };
                Arch::new().dispatch(Dispatched(way));
                done = range.1;
            }
            if segment.output.is_some() {
                self.instruments.tally(&state.v, &mut rows);
                let lost = (0..indices.len()).find(|l| !state.v.iter().all(|lane| lane.0[*l].is_finite()));
                let end = segment.start + segment.h * segment.steps as f64;
                if let Some(fault) = lost.and_then(|_| equations.clock.first_fault(segment.start, end)) {
                    return Err(SampleError::Fault(fault));
                }
                if let Some(l) = lost {
                    return Err(SampleError::OutOfRange { index: indices[l] });
                }
            }
        }
        let clipped = state.clipped.0.map(|x| x as u64);
        Ok((rows.into_iter().zip(clipped).collect(), state.noises))
    }
}

/// Steps of a segment.
struct Stretch<'a> {
    state: &'a mut LaneState,
    equations: &'a StageEquations,
    /// Start of the segment, length of a step, and N.
    steps: (f64, f64, f64),
    /// First, last and number of all steps.
    range: (u64, u64, u64),
    table: &'a Table,
    work: &'a mut Work,
}

impl ByWidth for Stretch<'_> {
    #[inline(always)]
    fn run<S: Simd, const K: usize>(self, simd: S) {
        let Self { state, equations, steps, range: (from, to, all), table, work } = self;
        for step in from..to {
            state.advance::<S, K>(simd, equations, steps, (step, all, table), work);
        }
    }
}

/// Work on lanes that are K vectors of the machine.
trait ByWidth: Sized {
    fn run<S: Simd, const K: usize>(self, simd: S);
}

/// Work, dispatched once to the instruction set of the machine and the number of its vectors.
struct Dispatched<W>(W);

impl<W: ByWidth> WithSimd for Dispatched<W> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match size_of::<Lane>() / size_of::<S::f64s>() {
            2 => self.0.run::<S, 2>(simd),
            4 => self.0.run::<S, 4>(simd),
            8 => self.0.run::<S, 8>(simd),
            _ => self.0.run::<S, LANES>(simd),
        }
    }
}

/// Steps without noise, each against two halves.
struct Trial<'a> {
    state: &'a mut LaneState,
    stage: &'a StageEquations,
    start: f64,
    h: f64,
    steps: u64,
    sum: &'a mut Lane,
    work: &'a mut Work,
}

impl ByWidth for Trial<'_> {
    #[inline(always)]
    fn run<S: Simd, const K: usize>(self, simd: S) {
        let Self { state, stage, start, h, steps, sum, work } = self;
        let tick = |t: f64, h: f64| Tick::new(&stage.clock, (t, h));
        for step in 0..steps {
            let (t, before) = (start + h * step as f64, state.v.clone());
            state.drift::<S, K>(simd, stage, (h, tick(t, h)), work);
            let whole = std::mem::replace(&mut state.v, before);
            state.drift::<S, K>(simd, stage, (0.5 * h, tick(t, 0.5 * h)), work);
            state.drift::<S, K>(simd, stage, (0.5 * h, tick(t + 0.5 * h, 0.5 * h)), work);
            for l in 0..LANES {
                let mut worst = 0.0;
                for (fine, coarse) in state.v.iter().zip(&whole) {
                    let away = (fine.0[l] - coarse.0[l]).abs() / fine.0[l].abs().max(1.0);
                    // NaN is no agreement.
                    worst = if away <= worst { worst } else { away };
                }
                sum.0[l] += worst;
            }
        }
    }
}

/// The means with the largest sizes of what follows time between two times.
fn largest(clock: &Clock, means: &[f64], (start, end): (f64, f64)) -> Vec<f64> {
    let looks = (0..=LOOKS).map(|look| start + (end - start) * f64::from(look) / f64::from(LOOKS));
    let at = |t: f64| clock.at(t, means);
    looks.map(at).fold(at(start), |most, now| {
        most.iter().zip(&now).map(|(a, b)| if b.abs() > a.abs() { *b } else { *a }).collect()
    })
}
