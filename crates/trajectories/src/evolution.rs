//! The evolution: trajectories until there are enough, then their records.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use superladder_engine::{
    Attachment, Diagnostics, EngineError, Evolution, Listener, Measurement, Record, Replicate, figures,
};

use crate::error::NAME;
use crate::instruments::Instruments;
use crate::options::{Trajectories, Unravelling};
use crate::report::{FEW_JUMPS, Jumped, Single, TrajectoryReport, values};
use crate::statistics::{estimates, means, replicates};
use crate::sums::{BLOCKS, Block, SumSizes, Sums, Tally};
use crate::target::{Goal, Standing, next_look};
use crate::trajectory::{Setup, Snapshot, TrajectoryError, Witness, Workspace};

/// Between two looks at the clock and the listener at least this long ...
const SHORT: Duration = Duration::from_millis(100);
/// ... and about this many trajectories per thread, so that threads seldom wait for each other ...
const EACH: f64 = 5.0;
/// ... but not longer than this.
const LONG: Duration = Duration::from_secs(20);
/// Trajectories that one batch may begin.
const MOST: usize = 1 << 16;

/// The average over trajectories: those that have run, and those that are still to run.
pub(crate) struct TrajectoryEvolution {
    options: Trajectories,
    setup: Setup,
    instruments: Instruments,
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

/// Tallies the states and jumps of a trajectory.
struct Tallying<'a> {
    instruments: &'a Instruments,
    setup: &'a Setup,
    report: &'a TrajectoryReport,
    /// Index of the trajectory.
    index: u64,
    tally: &'a mut Tally,
}

impl Witness for Tallying<'_> {
    fn state(&mut self, output: usize, snapshot: Snapshot<'_>) {
        let width = self.instruments.count();
        let row = &mut self.tally.numbers[output * width..(output + 1) * width];
        row.fill(0.0);
        self.instruments.add(snapshot, row);
        if self.report.looks_at(self.index) {
            let values = values(self.instruments, &self.setup.problem, row);
            self.report.sort(output, &values, &mut self.tally.bins);
            if let Some(single) = &mut self.tally.single {
                single.values.extend(self.report.pick(&values));
            }
        }
    }

    fn jump(&mut self, time: f64, dissipator: usize) {
        let Some(channel) = self.report.channel(time, dissipator) else { return };
        self.tally.jumps[channel] += 1;
        if let Some(single) = &mut self.tally.single {
            single.jumps.push(Jumped { time, channel });
        }
    }
}

impl TrajectoryEvolution {
    pub(crate) fn new(
        options: Trajectories,
        setup: Setup,
        instruments: Instruments,
    ) -> Result<Self, EngineError> {
        let report = TrajectoryReport::new(&setup.problem, &options.histograms, options.shown)?;
        let goal = Goal::new(&setup.problem, &options.targets)?;
        let sizes = SumSizes {
            numbers: instruments.count() * setup.problem.times.len(),
            channels: report.channels.len(),
            bins: report.bins(),
        };
        let time = setup.problem.times[0];
        let start = Record { time, measurements: Vec::new(), diagnostics: Vec::new() };
        let mut evolution = Self {
            options,
            setup,
            instruments,
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
        let mut sums = self.sums.clone();
        let (first, count) = (self.options.first, self.options.trajectories.min(BLOCKS as u64));
        let count = if self.setup.preparation.is_pure() { count.min(1) } else { count };
        let mut workspace = self.workspace();
        for index in first..first + count {
            let mut tally = self.tally(index);
            let mut tallying = self.tallying(index, &mut tally);
            self.setup.start(index, &mut workspace, &mut tallying);
            self.add(&mut sums.blocks[index as usize % BLOCKS], index, &mut tally).map_err(Self::failed)?;
        }
        self.put_back(workspace);
        Ok(sums)
    }

    /// The record at the first time.
    fn begin(&mut self) {
        self.diagnostics = Diagnostics::default();
        self.start = self.record(0);
        if self.setup.preparation.is_pure() {
            // Nothing is drawn, so that the values have no error.
            let errors = self.start.measurements.iter_mut().flat_map(|m| &mut m.values);
            errors.for_each(|v| v.standard_error = Some(0.0));
        }
    }

    fn workspace(&self) -> Workspace {
        let mut idle = self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop().unwrap_or_else(Workspace::new)
    }

    fn put_back(&self, workspace: Workspace) {
        self.workspaces.lock().unwrap_or_else(PoisonError::into_inner).push(workspace);
    }

    fn tally(&self, index: u64) -> Tally {
        let shown = index < self.report.shown;
        Tally {
            numbers: vec![0.0; self.sums.sizes.numbers],
            jumps: vec![0; self.sums.sizes.channels],
            single: shown.then(|| Single { index, values: Vec::new(), jumps: Vec::new() }),
            ..Tally::default()
        }
    }

    fn tallying<'a>(&'a self, index: u64, tally: &'a mut Tally) -> Tallying<'a> {
        Tallying { instruments: &self.instruments, setup: &self.setup, report: &self.report, index, tally }
    }

    fn add(&self, block: &mut Block, index: u64, tally: &mut Tally) -> Result<(), TrajectoryError> {
        let time = self.setup.problem.times[0];
        block.add(index / BLOCKS as u64, tally).map_err(|_| TrajectoryError::OutOfRange { index, time })
    }

    fn failed(error: TrajectoryError) -> EngineError {
        let time = match error {
            TrajectoryError::Step { time, .. }
            | TrajectoryError::NoJump { time, .. }
            | TrajectoryError::OutOfRange { time, .. } => time,
        };
        EngineError::Propagation { engine: NAME, time, source: Box::new(error) }
    }

    /// Indices that are asked for.
    fn wanted(&self) -> std::ops::Range<u64> {
        self.options.first..self.options.first.saturating_add(self.options.trajectories)
    }

    /// The next trajectories, up to the next look at the errors.
    fn pending(&self) -> Vec<u64> {
        let done = self.sums.count();
        let room = if self.goal.is_set() { (next_look(done) - done) as usize } else { MOST };
        self.wanted().filter(|i| !self.sums.contains(*i)).take(room.min(MOST)).collect()
    }

    /// Runs trajectories of `pending` in order, as many as there is time for. Every trajectory that has begun
    /// is finished, so that those done are the first ones of `pending`.
    fn run_batch(&mut self, pending: &[u64]) -> Result<(), EngineError> {
        let begun = Instant::now();
        let blocks: Vec<_> = std::mem::take(&mut self.sums.blocks).into_iter().map(Mutex::new).collect();
        let next = AtomicUsize::new(0);
        let this = &*self;
        let work = || -> Result<(), TrajectoryError> {
            let mut workspace = this.workspace();
            let mut own = 0.0;
            loop {
                let spent = begun.elapsed();
                let enough = spent > LONG || (spent > SHORT && own >= EACH);
                if enough && next.load(Ordering::SeqCst) > 0 {
                    break;
                }
                let Some(&index) = pending.get(next.fetch_add(1, Ordering::SeqCst)) else { break };
                let mut tally = this.tally(index);
                tally.statistics =
                    this.setup.follow(index, &mut workspace, &mut this.tallying(index, &mut tally))?;
                let block = &blocks[index as usize % BLOCKS];
                let mut block = block.lock().unwrap_or_else(PoisonError::into_inner);
                this.add(&mut block, index, &mut tally)?;
                own += 1.0;
            }
            this.put_back(workspace);
            Ok(())
        };
        let workers = rayon::current_num_threads().min(pending.len());
        let results: Vec<_> = (0..workers).into_par_iter().with_max_len(1).map(|_| work()).collect();
        let whole = |b: Mutex<_>| b.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.sums.blocks = blocks.into_iter().map(whole).collect();
        results.into_iter().collect::<Result<(), _>>().map_err(Self::failed)
    }

    /// Looks at the standard errors. The number of trajectories alone decides when, so that a run that stops
    /// early stops at the same one everywhere.
    fn look(&mut self) {
        let problem = &self.setup.problem;
        let rows = 0..problem.times.len();
        let row = |row| estimates(&self.instruments, problem, &self.sums, row);
        let measured: Vec<Vec<Measurement>> = rows.into_par_iter().map(row).collect();
        self.standing = self.goal.stand(problem, &measured, self.sums.count());
        self.complete |= self.standing.reached;
    }

    /// Notes the diagnostics of an output time, and those of whole trajectories at their end.
    fn note(&mut self, row: usize) {
        let times = &self.setup.problem.times;
        let (bounds, time, end) = (self.options.bounds, times[row], times[times.len() - 1]);
        let worst = |figure: fn(&Block) -> f64| self.sums.blocks.iter().map(figure).fold(0.0, f64::max);
        let (error, mismatch) = (worst(|b| b.error), worst(|b| b.mismatch));
        let means = means(&self.sums, row, self.instruments.count());
        if let Some(top) = self.instruments.top_population(&means) {
            self.diagnostics.note("top_population", top, time, bounds.top_population);
        }
        self.diagnostics.note("propagation", error, end, bounds.propagation);
        if self.setup.locality.loses() {
            let (weight, norm) = (worst(|b| b.discarded), worst(|b| b.truncation));
            self.diagnostics.note("discarded_weight", weight, end, bounds.discarded_weight);
            self.diagnostics.note("truncation", norm, end, bounds.truncation);
        }
        self.diagnostics.note("norm_decay", mismatch, end, bounds.trace);
    }

    /// Measurements and diagnostics at output number `row`.
    fn record(&mut self, row: usize) -> Record {
        self.note(row);
        let measurements = estimates(&self.instruments, &self.setup.problem, &self.sums, row);
        let time = self.setup.problem.times[row];
        Record { time, measurements, diagnostics: figures(&self.diagnostics) }
    }

    /// Row of a time.
    fn row(&self, time: f64) -> usize {
        self.setup.problem.times.partition_point(|t| *t <= time).saturating_sub(1)
    }

    fn status(&self) -> String {
        let (done, wanted) = (self.sums.count(), self.wanted());
        let covered = self.sums.indices();
        let inside: u64 =
            covered.iter().map(|r| r.end.min(wanted.end).saturating_sub(r.start.max(wanted.start))).sum();
        let other = if done > inside { format!(" and {} others", done - inside) } else { String::new() };
        format!("{inside} of {} trajectories{other}{}", self.options.trajectories, self.standing.words(done))
    }

    /// Sums by channel.
    fn by_channel(&self, figure: fn(&Block) -> &Vec<u64>) -> Vec<u64> {
        let sum = |c: usize| self.sums.blocks.iter().map(|b| figure(b)[c]).sum();
        (0..self.report.channels.len()).map(sum).collect()
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
            self.run_batch(&pending)?;
            let done = self.sums.count();
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
            row => estimates(&self.instruments, &self.setup.problem, &self.sums, row),
        }
    }

    fn diagnostics(&self) -> &Diagnostics {
        &self.diagnostics
    }

    fn statistics(&self) -> serde_json::Value {
        let (jumps, fired) = (self.by_channel(|b| &b.jumps), self.by_channel(|b| &b.fired));
        let channels = self.report.channels.iter().zip(jumps.iter().zip(fired));
        let channel = |(name, (jumps, fired))| serde_json::json!({ "channel": name, "jumps": jumps, "trajectories_with": fired });
        serde_json::json!({
            "trajectories": self.sums.count(),
            "trajectories_asked_for": self.options.trajectories,
            "indices": self.sums.indices().iter().map(|r| [r.start, r.end]).collect::<Vec<_>>(),
            "seed": self.options.seed,
            "unravelling": match self.options.unravelling {
                Unravelling::Jumps => "jumps",
                Unravelling::Heterodyne { .. } => "heterodyne",
            },
            "blocks": BLOCKS,
            "jumps": jumps.iter().sum::<u64>(),
            "jumps_by_channel": channels.map(channel).collect::<Vec<_>>(),
            "steps": self.sums.blocks.iter().map(|b| b.steps).sum::<u64>(),
            "applications": self.sums.blocks.iter().map(|b| b.applications).sum::<u64>(),
            "most_amplitudes": self.sums.blocks.iter().map(|b| b.largest).max(),
            "largest_standard_error": self.standing.json(),
            "target_reached": self.goal.is_set().then_some(self.standing.reached),
            "initial_weight_cut_off": self.setup.preparation.losses,
        })
    }

    fn first_record(&self) -> Option<Record> {
        Some(self.start.clone())
    }

    fn preview(&mut self, times: &[f64]) -> Vec<Record> {
        if self.sums.count() == 0 {
            return Vec::new();
        }
        self.look();
        self.begin();
        times.iter().map(|time| self.record(self.row(*time))).collect()
    }

    fn replicates(&self) -> Vec<Replicate> {
        replicates(&self.instruments, &self.setup.problem, &self.sums)
    }

    fn attachments(&self) -> Vec<Attachment> {
        let mut singles: Vec<&Single> = self.sums.blocks.iter().flat_map(|b| &b.singles).collect();
        singles.sort_by_key(|s| s.index);
        let mut bins = vec![0; self.sums.sizes.bins];
        for block in &self.sums.blocks {
            bins.iter_mut().zip(&block.bins).for_each(|(sum, x)| *sum += x);
        }
        self.report.attachments(&self.setup.problem.times, &singles, &bins)
    }

    fn warnings(&self) -> Vec<String> {
        let done = self.sums.count();
        let counts = self.report.channels.iter().zip(self.by_channel(|b| &b.jumps));
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

    fn save(&self) -> Vec<u8> {
        self.sums.to_bytes()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let (sums, damaged) = Sums::from_bytes(bytes).map_err(|e| EngineError::Checkpoint(e.to_string()))?;
        if sums.sizes != self.sums.sizes {
            let expected = self.sums.sizes.numbers;
            return Err(EngineError::Checkpoint(format!("its sums do not have {expected} numbers")));
        }
        if !damaged.is_empty() {
            return Err(EngineError::Checkpoint(format!(
                "{} of its {BLOCKS} blocks are damaged",
                damaged.len()
            )));
        }
        self.sums = sums;
        Ok(())
    }
}
