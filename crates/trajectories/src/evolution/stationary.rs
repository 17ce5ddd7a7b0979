//! Stationary states: averages over trajectories and over the time in which they are at rest.

use superladder_engine::{
    Diagnostics, End, EngineError, Finding, Halt, Problem, Stationary, StationaryOptions, StationaryReport,
};
use superladder_sampling::{FEWEST_BLOCKS, Gather as _, TARGET_ERROR, at_rest, estimates, means};

use super::TrajectoryEvolution;
use crate::error::{NAME, unsupported};
use crate::options::Trajectories;
use crate::tallying::{DISCARDED, ERROR, MISMATCH, TOTALS, TRUNCATION};

/// Intervals between the states of a trajectory that are averaged.
const INTERVALS: usize = 128;
/// The time is at least this over the smallest rate: what moves too little to be seen before may still move.
const RELAXATIONS: f64 = 10.0;
/// The time is doubled at most this often.
const DOUBLINGS: usize = 10;

impl TrajectoryEvolution {
    /// Runs all trajectories, for a `length` of time each; every batch is told.
    fn run_all(&mut self, length: f64, halt: &dyn Halt) -> Result<(), EngineError> {
        loop {
            let pending = self.gathering.pending(Self::MOST);
            if pending.is_empty() {
                return Ok(());
            }
            self.run_some(&pending, halt)?;
            let sums = &self.gathering.sums;
            halt.found(&Finding::Samples { length, sums: &|| sums.to_bytes() });
            if halt.asked() {
                return Err(EngineError::Interrupted { engine: NAME });
            }
        }
    }

    /// The averages over the rows that are at rest; `None` if there are none.
    fn rest(&self) -> Option<StationaryReport> {
        let (problem, width) = (&self.setup.problem, self.instruments.count());
        let found = at_rest(&self.gathering.sums, problem.times.len(), width)?;
        let averaged = self.gathering.sums.over_rows(found.rows.clone(), width);
        let measurements = estimates(&self.functions(), &averaged, 0, width);
        let errors = measurements.iter().map(|m| m.values.iter().map(error_of).collect()).collect();
        let (bounds, worst, time) = (self.options.bounds, self.gathering.sums.worst(), f64::INFINITY);
        let (first, last) = (problem.times[0], problem.times[problem.times.len() - 1]);
        let burn_in = problem.times[found.rows.start] - first;
        let mut diagnostics = Diagnostics::default();
        if let Some(top) = self.instruments.top_population(&means(&averaged, 0, width)) {
            diagnostics.note("top_population", top, time, bounds.top_population);
        }
        // Errors of steps are forgotten as the start is.
        let remembered = burn_in / (last - first);
        diagnostics.note("propagation", worst[ERROR] * remembered, time, bounds.propagation);
        if self.setup.locality.loses() {
            diagnostics.note("discarded_weight", worst[DISCARDED], time, bounds.discarded_weight);
            diagnostics.note("truncation", worst[TRUNCATION], time, bounds.truncation);
        }
        diagnostics.note("norm_decay", worst[MISMATCH], time, bounds.trace);
        diagnostics.note("drift", found.drift.max(found.scatter), time, 1.0);
        let standing = self.gathering.goal.stand(
            problem,
            &[measurements.clone(), measurements.clone()],
            self.gathering.sums.count(),
        );
        if let Some((ratio, _, words)) = standing.shortfall() {
            diagnostics.note(TARGET_ERROR, ratio, time, 1.0);
            diagnostics.advice.insert(TARGET_ERROR.to_owned(), words);
        }
        let figures = [("burn_in", burn_in), ("followed", last - first)];
        diagnostics.figures.extend(figures.map(|(name, value)| (name.to_owned(), value)));
        diagnostics.figures.insert("trajectories".to_owned(), self.gathering.sums.count() as f64);
        let counts = self.gathering.sums.counts();
        Some(StationaryReport {
            measurements,
            errors,
            diagnostics,
            iterations: counts[counts.len() - TOTALS + 1],
            ..StationaryReport::unknown(problem.cutoffs.clone())
        })
    }
}

fn error_of(value: &superladder_engine::Estimate) -> f64 {
    value.standard_error.unwrap_or(f64::NAN)
}

impl Stationary for Trajectories {
    /// Averages over all trajectories and over the time in which their averages no longer move, from a
    /// multiple of the time in which they were seen to move on; the time of the study is doubled until that holds
    /// half of it, and is ten times the inverse of the smallest rate at least. Standard errors come from the scatter of blocks of trajectories, which are independent: whatever is
    /// conserved by single trajectories is averaged with the weights of the initial state.
    fn stationary(
        &self,
        problem: &Problem,
        options: &StationaryOptions,
        halt: &dyn Halt,
    ) -> Result<StationaryReport, EngineError> {
        problem.validate()?;
        let own = problem.last_stage();
        own.comes_to_rest(NAME)?;
        if self.trajectories < FEWEST_BLOCKS as u64 {
            return Err(unsupported(format!(
                "`trajectories` must be at least {FEWEST_BLOCKS} for a stationary state, whose error is their scatter, but is {}",
                self.trajectories
            )));
        }
        let start = own.times[0];
        let mut length = own.times[own.times.len() - 1] - start;
        let rates = own.model().dissipators().map(|d| d.rate).filter(|rate| *rate > 0.0);
        let least = RELAXATIONS / rates.fold(f64::INFINITY, f64::min);
        if least == 0.0 {
            return Err(unsupported("no channel has a rate above 0, so nothing comes to rest; use `run`"));
        }
        // A study that ends in the steady state has no time of its own.
        if length == 0.0 {
            length = least;
        }
        while length < least {
            length *= 2.0;
        }
        let engine = Self { histograms: Vec::new(), shown: 0, ..self.clone() };
        let mut followed = options.followed.clone();
        if let Some(followed) = &followed {
            length = followed.length;
        }
        for _ in 0..=DOUBLINGS {
            let step = length / INTERVALS as f64;
            let times = (0..=INTERVALS).map(|k| start + k as f64 * step).collect();
            let mut evolution = engine.evolution(&Problem { times, end: End::Records, ..own.clone() })?;
            if let Some(followed) = followed.take() {
                evolution.resume(&followed.sums)?;
            }
            evolution.run_all(length, halt)?;
            if let Some(report) = evolution.rest() {
                return Ok(report);
            }
            length *= 2.0;
        }
        Err(EngineError::Solution {
            engine: NAME,
            what: "a stationary state".into(),
            source: format!(
                "the averages still move at t = {:?}: they turn for ever, or relax more slowly than that; look at them with \
                 `run`, or give a longer `time.end`",
                start + 0.5 * length
            )
            .into(),
        })
    }
}
