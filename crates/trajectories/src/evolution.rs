//! The evolution: trajectories until there are enough, then their records.

mod batch;
mod stationary;

use std::sync::Mutex;

use rayon::prelude::*;
use superladder_engine::{
    Attachment, Concluded, Diagnostics, EngineError, Evolution, Listener, Measurement, Never, Problem,
    Record, Resources, available_memory, check_memory,
};
use superladder_sampling::{
    BLOCKS, Block, Functions, Goal, Progressed, Replicate, SampledEvolution, Shown, Standing, SumSizes, Sums,
    estimates, means, next_look, replicates,
};

use crate::error::{NAME, unknown};
use crate::instruments::Instruments;
use crate::options::{Trajectories, Unravelling};
use crate::report::{FEW_JUMPS, TrajectoryReport};
use crate::tallying::{AMPLITUDES, DISCARDED, ERROR, MISMATCH, TOTALS, TRUNCATION, WORST};
use crate::trajectory::{Setup, Workspace};

/// Diagnostic of the largest standard error relative to its target.
const TARGET: &str = "target_error";

/// A problem in certain bases: how trajectories are followed, what is measured, and what a run needs.
pub(crate) struct Prepared {
    pub(crate) setup: Setup,
    pub(crate) instruments: Instruments,
    pub(crate) resources: Resources,
}

impl Prepared {
    /// Fails where it does not fit the memory.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        let Resources { memory, unknowns, .. } = self.resources;
        check_memory(NAME, memory, available_memory(), unknowns)
    }
}

/// The average over trajectories: those that have run, and those that are still to run.
pub(crate) struct TrajectoryEvolution {
    options: Trajectories,
    pub(crate) setup: Setup,
    instruments: Instruments,
    resources: Resources,
    /// The plain basis, for trajectories that lose too much in the moving one.
    spare: Option<Prepared>,
    /// Whether it is still to be decided if the plain basis is used in place of the moving one.
    pub(crate) open: bool,
    report: TrajectoryReport,
    goal: Goal,
    /// All that a checkpoint holds.
    sums: Sums,
    /// Present time: where records have been shown up to.
    time: f64,
    /// No more trajectories are needed.
    complete: bool,
    standing: Standing,
    start: Record,
    diagnostics: Diagnostics,
    workspaces: Mutex<Vec<Workspace>>,
}

impl TrajectoryEvolution {
    pub(crate) fn new(
        options: Trajectories,
        bases: Prepared,
        spare: Option<Prepared>,
    ) -> Result<Self, EngineError> {
        let Prepared { setup, instruments, resources } = bases;
        let report = TrajectoryReport::new(&setup.problem, &options.histograms, options.shown)?;
        let goal = Goal::new(&setup.problem, &options.targets)
            .map_err(|e| unknown("target_error", &e.name, e.known.iter().map(String::as_str)))?;
        let sizes = SumSizes {
            numbers: instruments.count() * setup.problem.times.len(),
            counts: 2 * report.channels.len() + report.histograms.bins() + TOTALS,
            worst: WORST,
        };
        let time = setup.problem.times[0];
        let start = Record { time, measurements: Vec::new(), diagnostics: Vec::new() };
        let mut evolution = Self {
            options,
            setup,
            instruments,
            resources,
            open: spare.is_some(),
            spare,
            report,
            goal,
            sums: Sums::new(sizes),
            time,
            complete: false,
            standing: Standing::default(),
            start,
            diagnostics: Diagnostics::default(),
            workspaces: Mutex::default(),
        };
        evolution.sums = evolution.initial()?;
        evolution.begin();
        evolution.sums = Sums::new(sizes);
        Ok(evolution)
    }

    /// The initial states alone, of a few trajectories: what is known at the first time before any has run.
    fn initial(&self) -> Result<Sums, EngineError> {
        let sizes = SumSizes { numbers: self.instruments.count(), ..self.sums.sizes() };
        let mut sums = Sums::new(sizes);
        let (first, count) = (self.options.first, self.options.trajectories.min(BLOCKS as u64));
        let count = if self.setup.preparation.is_pure() { count.min(1) } else { count };
        let mut workspace = self.workspace();
        for index in first..first + count {
            let mut tally = self.tally(index, sizes);
            let mut tallying = self.tallying(index, &mut tally);
            self.setup.start(index, &mut workspace, &mut tallying);
            sums.add(index, &mut tally).map_err(|_| self.setup.failed(self.out_of_range(index)))?;
        }
        self.put_back(workspace);
        Ok(sums)
    }

    /// The record at the first time.
    fn begin(&mut self) {
        self.diagnostics = Diagnostics::default();
        self.note_targets();
        self.start = self.record(0);
        if self.setup.preparation.is_pure() {
            // Nothing is drawn, so that the values have no error.
            let errors = self.start.measurements.iter_mut().flat_map(|m| &mut m.values);
            errors.for_each(|v| v.standard_error = Some(0.0));
        }
    }

    /// Notes whether the errors that are asked for are reached. A part of a larger set is not judged, all parts
    /// together are.
    fn note_targets(&mut self) {
        let is_whole = !self.options.is_part || self.sums.count() > self.options.trajectories;
        let shortfall = self.standing.shortfall().filter(|_| is_whole && self.sums.count() > 0);
        if let Some((ratio, time, words)) = shortfall {
            self.diagnostics.note(TARGET, ratio, time, 1.0);
            self.diagnostics.advice.insert(TARGET.to_owned(), words);
        }
    }

    /// Looks at the standard errors. The number of trajectories alone decides when, so that a run that stops
    /// early stops at the same one everywhere.
    fn look(&mut self) {
        let problem = &self.setup.problem;
        let rows = 0..problem.times.len();
        let row = |row| self.estimates(row);
        let measured: Vec<Vec<Measurement>> = rows.into_par_iter().map(row).collect();
        self.standing = self.goal.stand(problem, &measured, self.sums.count());
        self.complete |= self.standing.reached;
    }

    /// Notes the diagnostics of an output time, and those of whole trajectories at their end.
    fn note(&mut self, row: usize) {
        let times = &self.setup.problem.times;
        let (bounds, time, end) = (self.options.bounds, times[row], times[times.len() - 1]);
        let worst = self.sums.worst();
        let means = means(&self.sums, row, self.instruments.count());
        if let Some(top) = self.instruments.top_population(&means) {
            self.diagnostics.note("top_population", top, time, bounds.top_population);
        }
        self.diagnostics.note("propagation", worst[ERROR], end, bounds.propagation);
        if self.setup.locality.loses() {
            self.diagnostics.note("discarded_weight", worst[DISCARDED], end, bounds.discarded_weight);
            self.diagnostics.note("truncation", worst[TRUNCATION], end, bounds.truncation);
        }
        self.diagnostics.note("norm_decay", worst[MISMATCH], end, bounds.trace);
    }

    /// Measurements and diagnostics at output number `row`.
    fn record(&mut self, row: usize) -> Record {
        self.note(row);
        let measurements = self.estimates(row);
        let time = self.setup.problem.times[row];
        Record { time, measurements, diagnostics: self.diagnostics.row() }
    }

    /// Row of a time.
    fn row(&self, time: f64) -> usize {
        self.setup.problem.times.partition_point(|t| *t <= time).saturating_sub(1)
    }

    fn status(&self) -> String {
        let (done, others) = (self.sums.count(), self.others());
        let other = if others > 0 { format!(" and {others} others") } else { String::new() };
        let (inside, asked) = (done - others, self.options.trajectories);
        format!("{inside} of {asked} trajectories{other}{}", self.standing.words(done))
    }

    /// Number of trajectories that are here beside those that the options ask for.
    fn others(&self) -> u64 {
        let wanted = self.wanted();
        let covered = self.sums.indices();
        let inside = covered
            .iter()
            .map(|r| r.end.min(wanted.end).saturating_sub(r.start.max(wanted.start)))
            .sum::<u64>();
        self.sums.count() - inside
    }

    /// Observables with their errors at output number `row`.
    fn estimates(&self, row: usize) -> Vec<Measurement> {
        let functions = Averaged { instruments: &self.instruments, problem: &self.setup.problem };
        estimates(&functions, &self.sums, row, self.instruments.count())
    }

    /// Jumps by channel.
    fn jumps(&self) -> Vec<u64> {
        self.sums.counts()[..self.report.channels.len()].to_vec()
    }
}

/// The observables of a problem as functions of averages.
struct Averaged<'a> {
    instruments: &'a Instruments,
    problem: &'a Problem,
}

impl Functions for Averaged<'_> {
    fn values(&self, means: &[f64]) -> Vec<Vec<f64>> {
        self.instruments.values(self.problem, means)
    }

    fn along(&self, means: &[f64], guide: &[f64]) -> Vec<Option<f64>> {
        self.instruments.along(self.problem, means, guide)
    }
}

impl Evolution for TrajectoryEvolution {
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
            // Not before a trajectory is to begin.
            if self.choose(listener.halt())?.is_none() {
                return Ok(());
            }
            self.run_batch(&pending, listener.halt())?;
            let done = self.sums.count();
            if listener.halt().asked() {
                return Ok(());
            }
            let due = if self.goal.is_set() {
                next_look(done - 1) == done
            } else {
                next_look(self.standing.looked) <= done
            };
            if due {
                self.look();
            }
            let share = self.standing.share(done, self.options.trajectories);
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
        let (counts, all) = (self.sums.counts(), self.report.channels.len());
        let (jumps, fired) = (&counts[..all], &counts[all..2 * all]);
        let totals = &counts[counts.len() - TOTALS..];
        let channels = self.report.channels.iter().zip(jumps.iter().zip(fired));
        let modes = self.setup.problem.cutoffs.len();
        let channel = |(name, (jumps, fired))| serde_json::json!({ "channel": name, "jumps": jumps, "trajectories_with": fired });
        serde_json::json!({
            "trajectories": self.sums.count(),
            "trajectories_asked_for": self.options.trajectories + self.others(),
            "indices": self.sums.indices().iter().map(|r| [r.start, r.end]).collect::<Vec<_>>(),
            "seed": self.options.seed,
            "unravelling": match self.options.unravelling {
                Unravelling::Jumps => "jumps",
                Unravelling::Heterodyne { .. } => "heterodyne",
            },
            "bases": {
                "windows": self.setup.locality.windows,
                "displaced": self.setup.locality.moving[..modes],
                "rotating": self.setup.locality.moving[modes..],
            },
            "blocks": BLOCKS,
            "jumps": jumps.iter().sum::<u64>(),
            "jumps_by_channel": channels.map(channel).collect::<Vec<_>>(),
            "fell_back_to_the_plain_basis": totals[0],
            "steps": totals[1],
            "applications": totals[2],
            "most_amplitudes": self.sums.worst()[AMPLITUDES] as u64,
            "largest_standard_error": self.standing.json(),
            "target_reached": self.goal.is_set().then_some(self.standing.reached),
            "initial_weight_cut_off": self.setup.preparation.losses,
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

    fn attachments(&self) -> Vec<Attachment> {
        let mut singles: Vec<&Shown> = self.sums.blocks().iter().flat_map(Block::shown).collect();
        singles.sort_by_key(|s| s.index);
        let (counts, first) = (self.sums.counts(), 2 * self.report.channels.len());
        let bins = &counts[first..counts.len() - TOTALS];
        self.report.attachments(&self.setup.problem.times, &singles, bins)
    }

    fn warnings(&self) -> Vec<String> {
        let done = self.sums.count();
        let counts = self.report.channels.iter().zip(self.jumps());
        let counts = counts.zip(&self.report.possible).filter(|(_, possible)| **possible).map(|(c, _)| c);
        let rare = counts.filter(|(_, jumps)| *jumps < FEW_JUMPS);
        let warning = |(channel, jumps): (&String, u64)| {
            format!(
                "channel {channel} has jumped {jumps} times in {done} trajectories: what its jumps do is known from these \
                 only, and where it matters the standard errors are too small (reliable from about {FEW_JUMPS} jumps on)"
            )
        };
        rare.map(warning).collect()
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
            return Err(EngineError::Checkpoint(format!(
                "{} of its {BLOCKS} blocks are damaged",
                damaged.len()
            )));
        }
        self.sums = sums;
        if self.sums.count() > 0 {
            self.choose(&Never)?;
        }
        Ok(())
    }
}

impl SampledEvolution for TrajectoryEvolution {
    fn progressed(&mut self) -> Progressed {
        if self.sums.count() > 0 {
            self.look();
        }
        Progressed {
            done: self.sums.count(),
            asked: self.options.trajectories,
            reached: self.goal.is_set().then_some(self.standing.reached),
        }
    }

    fn replicates(&self) -> Vec<Replicate> {
        let problem = &self.setup.problem;
        let functions = Averaged { instruments: &self.instruments, problem };
        replicates(&functions, &self.sums, problem.times.len(), self.instruments.count())
    }
}
