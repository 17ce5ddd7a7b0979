//! The evolution: samples until there are enough, then their records.

mod batch;

use rayon::prelude::*;
use superladder_engine::{
    Concluded, Diagnostics, EngineError, Evolution, Listener, Measurement, Record, Resources,
};
use superladder_sampling::{
    BLOCKS, Goal, Progressed, Replicate, SampledEvolution, Standing, SumSizes, Sums, estimates, next_look,
    replicates,
};

use crate::error::unsupported;
use crate::options::{SpinLength, SpinSampling, TruncatedWigner};
use crate::path::steps;
use crate::setup::Setup;

/// Diagnostic of the largest standard error relative to its target.
const TARGET: &str = "target_error";
/// A larger part of clipped noise is told.
const CLIPPED: f64 = 1e-2;

/// Counts of the sums: how often noise was clipped, and how often there was noise.
const COUNTS: usize = 2;

/// The average over samples: those that have run, and those that are still to run.
pub(crate) struct WignerEvolution {
    options: TruncatedWigner,
    setup: Setup,
    resources: Resources,
    goal: Goal,
    /// All that a checkpoint holds.
    sums: Sums,
    /// Present time: where records have been shown up to.
    time: f64,
    /// No more samples are needed.
    complete: bool,
    standing: Standing,
    start: Record,
    diagnostics: Diagnostics,
}

impl WignerEvolution {
    pub(crate) fn new(
        options: TruncatedWigner,
        setup: Setup,
        resources: Resources,
    ) -> Result<Self, EngineError> {
        let goal = Goal::new(&setup.problem, &options.targets).map_err(|e| {
            let known = e.known.join(", ");
            unsupported(format!(
                "`target_error` names '{}', which the study does not measure; it measures {known}",
                e.name
            ))
        })?;
        let numbers = setup.instruments.count() * setup.problem.times.len();
        let sizes = SumSizes { numbers, counts: COUNTS, worst: 0 };
        let time = setup.problem.times[0];
        let start = Record { time, measurements: Vec::new(), diagnostics: Vec::new() };
        let mut evolution = Self {
            options,
            setup,
            resources,
            goal,
            sums: Sums::new(sizes),
            time,
            complete: false,
            standing: Standing::default(),
            start,
            diagnostics: Diagnostics::default(),
        };
        evolution.sums = evolution.initial()?;
        evolution.begin();
        evolution.sums = Sums::new(sizes);
        Ok(evolution)
    }

    /// The record at the first time.
    fn begin(&mut self) {
        self.diagnostics = Diagnostics::default();
        self.note_targets();
        self.start = self.record(0);
    }

    /// Notes whether the errors that are asked for are reached. A part of a larger set is not judged, all parts
    /// together are.
    fn note_targets(&mut self) {
        let is_whole = !self.options.is_part || self.sums.count() > self.options.samples;
        let shortfall = self.standing.shortfall().filter(|_| is_whole && self.sums.count() > 0);
        if let Some((ratio, time, words)) = shortfall {
            self.diagnostics.note(TARGET, ratio, time, 1.0);
            self.diagnostics.advice.insert(TARGET.to_owned(), words);
        }
    }

    /// Looks at the standard errors. The number of samples alone decides when, so that a run that stops early stops
    /// at the same one everywhere.
    fn look(&mut self) {
        let problem = &self.setup.problem;
        let rows = 0..problem.times.len();
        let row = |row| self.estimates(row);
        let measured: Vec<Vec<Measurement>> = rows.into_par_iter().map(row).collect();
        self.standing = self.goal.stand(problem, &measured, self.sums.count());
        self.complete |= self.standing.reached;
    }

    /// Measurements and diagnostics at output number `row`.
    fn record(&mut self, row: usize) -> Record {
        let times = &self.setup.problem.times;
        let (time, end) = (times[row], times[times.len() - 1]);
        self.diagnostics.note("propagation", self.setup.drift_error, end, self.options.bounds.propagation);
        self.diagnostics.figures.insert("clipped_noise".to_owned(), self.clipped());
        let measurements = self.estimates(row);
        Record { time, measurements, diagnostics: self.diagnostics.row() }
    }

    /// The part of all noise that was clipped.
    fn clipped(&self) -> f64 {
        let counts = self.sums.counts();
        if counts[1] == 0 { 0.0 } else { counts[0] as f64 / counts[1] as f64 }
    }

    /// Row of a time.
    fn row(&self, time: f64) -> usize {
        self.setup.problem.times.partition_point(|t| *t <= time).saturating_sub(1)
    }

    /// Number of samples that are here beside those that the options ask for.
    fn others(&self) -> u64 {
        let wanted = self.wanted();
        let overlap =
            |r: &std::ops::Range<u64>| r.end.min(wanted.end).saturating_sub(r.start.max(wanted.start));
        self.sums.count() - self.sums.indices().iter().map(overlap).sum::<u64>()
    }

    fn status(&self) -> String {
        let (done, others) = (self.sums.count(), self.others());
        let other = if others > 0 { format!(" and {others} others") } else { String::new() };
        let (inside, asked) = (done - others, self.options.samples);
        format!("{inside} of {asked} samples{other}{}", self.standing.words(done))
    }

    /// Observables with their errors at output number `row`.
    fn estimates(&self, row: usize) -> Vec<Measurement> {
        estimates(&self.setup.instruments, &self.sums, row, self.setup.instruments.count())
    }

    /// Whether the errors are to be looked at after a batch.
    fn is_due(&self) -> bool {
        let done = self.sums.count();
        // Without a target they are only shown: samples are cheap, and looking at them is not.
        if self.goal.is_set() {
            next_look(done - 1) == done
        } else {
            done >= 4 * self.standing.looked.max(16)
        }
    }
}

impl Evolution for WignerEvolution {
    fn time(&self) -> f64 {
        self.time
    }

    fn advance(&mut self, times: &[f64], listener: &mut dyn Listener) -> Result<(), EngineError> {
        let all = &self.setup.problem.times;
        let (first, last) = (all[0], all[all.len() - 1]);
        let begun = self.sums.count();
        if self.goal.is_set() && begun >= 16 && next_look(begun - 1) == begun {
            self.look();
        }
        while !self.complete {
            let pending = self.pending();
            if pending.is_empty() {
                break;
            }
            self.run_batch(&pending, listener.halt())?;
            if listener.halt().asked() {
                return Ok(());
            }
            if self.is_due() {
                self.look();
            }
            let share = self.standing.share(self.sums.count(), self.options.samples);
            let flow = listener.step(first + share * (last - first));
            listener.status(&self.status());
            if flow.is_break() && !self.complete {
                return Ok(());
            }
        }
        self.complete = true;
        self.look();
        self.begin();
        for &time in times {
            self.time = time;
            let record = self.record(self.row(time));
            if listener.record(time, record.measurements, &self.diagnostics).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn measure(&mut self) -> Vec<Measurement> {
        match self.row(self.time) {
            0 => self.start.measurements.clone(),
            row => self.estimates(row),
        }
    }

    fn diagnostics(&self) -> &Diagnostics {
        &self.diagnostics
    }

    fn resources(&self) -> Resources {
        self.resources.clone()
    }

    fn statistics(&self) -> serde_json::Value {
        let largest = self.setup.segments.iter().map(|s| s.h).fold(0.0, f64::max);
        serde_json::json!({
            "samples": self.sums.count(),
            "samples_asked_for": self.options.samples + self.others(),
            "indices": self.sums.indices().iter().map(|r| [r.start, r.end]).collect::<Vec<_>>(),
            "seed": self.options.seed,
            "sampling": match self.options.sampling {
                SpinSampling::Discrete => "discrete",
                SpinSampling::Gaussian => "gaussian",
            },
            "length": match self.options.length {
                SpinLength::Sharp => "sharp",
                SpinLength::Free => "free",
            },
            "blocks": BLOCKS,
            "largest_step": largest,
            "steps_of_a_sample": steps(&self.setup.segments),
            "error_of_the_drift": self.setup.drift_error,
            "clipped_noise": self.clipped(),
            "largest_standard_error": self.standing.json(),
            "target_reached": self.goal.is_set().then_some(self.standing.reached),
        })
    }

    fn concluded(&mut self, left: &[f64]) -> Option<Concluded> {
        let mut later = Vec::new();
        if !left.is_empty() && self.sums.count() > 0 {
            self.look();
            self.begin();
            later = left.iter().map(|time| self.record(self.row(*time))).collect();
        }
        Some(Concluded { first: self.start.clone(), later })
    }

    fn warnings(&self) -> Vec<String> {
        let clipped = self.clipped();
        let told = (clipped > CLIPPED).then(|| {
            format!(
                "in {:.1} % of the steps a sample was where its diffusion matrix is not positive, and the negative part was left \
                 out: there are few spins for this approximation",
                100.0 * clipped
            )
        });
        self.setup.warnings.iter().cloned().chain(told).collect()
    }

    fn save(&self) -> Result<Vec<u8>, EngineError> {
        Ok(self.sums.to_bytes())
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let (sums, damaged) = Sums::from_bytes(bytes).map_err(|e| EngineError::Checkpoint(e.to_string()))?;
        if sums.sizes() != self.sums.sizes() {
            let expected = self.sums.sizes().numbers;
            return Err(EngineError::Checkpoint(format!("its sums do not have {expected} numbers")));
        }
        if !damaged.is_empty() {
            let lost = damaged.len();
            return Err(EngineError::Checkpoint(format!("{lost} of its {BLOCKS} blocks are damaged")));
        }
        self.sums = sums;
        Ok(())
    }
}

impl SampledEvolution for WignerEvolution {
    fn progressed(&mut self) -> Progressed {
        if self.sums.count() > 0 {
            self.look();
        }
        Progressed {
            done: self.sums.count(),
            asked: self.options.samples,
            reached: self.goal.is_set().then_some(self.standing.reached),
        }
    }

    fn replicates(&self) -> Vec<Replicate> {
        let instruments = &self.setup.instruments;
        replicates(instruments, &self.sums, self.setup.problem.times.len(), instruments.count())
    }
}
