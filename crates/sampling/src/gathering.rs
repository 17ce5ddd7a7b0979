//! Samples on their way to being enough: which ones are next, when their errors are looked at, what is recorded.
//!
//! ```text
//! Gather::advance:  pending ── run_batch ──> Filling ──> sums ── look ──> standing   ...until there are enough
//!                                                          └── record by record ──> listener
//! ```

use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use superladder_engine::{
    Attachment, Concluded, Diagnostics, EngineError, Halt, Listener, Measurement, Problem, Record, Resources,
};

use crate::block::{BLOCKS, Block, OutOfRange, SumSizes, Tally};
use crate::estimates::{Functions, estimates};
use crate::sums::Sums;
use crate::target::{FEWEST, Goal, Standing, next_look};
use crate::traits::Progressed;

/// Diagnostic of the largest standard error relative to its target.
pub const TARGET_ERROR: &str = "target_error";

/// The samples that have run, those that are still to run, and what is known of them.
#[derive(Debug)]
pub struct Gathering {
    /// All that a checkpoint holds.
    pub sums: Sums,
    /// When there are enough.
    pub goal: Goal,
    /// Where the errors stood when they were last looked at.
    pub standing: Standing,
    /// What was found at the last record.
    pub diagnostics: Diagnostics,
    /// The samples that are asked for, and how many they are.
    wanted: Range<u64>,
    asked: u64,
    /// Whether they are part of a larger set, which alone is judged.
    is_part: bool,
    /// Present time: where records have been shown up to.
    time: f64,
    /// No more samples are needed.
    complete: bool,
    start: Record,
}

impl Gathering {
    /// No sample yet, of `count` from number `first` on, which may be a part of a larger set.
    pub fn new(
        problem: &Problem,
        goal: Goal,
        (first, count, is_part): (u64, u64, bool),
        sizes: SumSizes,
    ) -> Self {
        let time = problem.times[0];
        Self {
            sums: Sums::new(sizes),
            goal,
            standing: Standing::default(),
            diagnostics: Diagnostics::default(),
            wanted: first..first.saturating_add(count),
            asked: count,
            is_part,
            time,
            complete: false,
            start: Record { time, measurements: Vec::new(), diagnostics: Vec::new() },
        }
    }

    /// Present time.
    pub fn time(&self) -> f64 {
        self.time
    }

    /// Number of samples that are asked for.
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// The next samples, up to the next look at the errors, `most` at most.
    pub fn pending(&self, most: usize) -> Vec<u64> {
        let done = self.sums.count();
        let room = if self.goal.is_set() { (next_look(done) - done) as usize } else { most };
        self.wanted.clone().filter(|i| !self.sums.contains(*i)).take(room.min(most)).collect()
    }

    /// Number of samples that are here beside those that are asked for.
    pub fn others(&self) -> u64 {
        let inside =
            |r: &Range<u64>| r.end.min(self.wanted.end).saturating_sub(r.start.max(self.wanted.start));
        self.sums.count() - self.sums.indices().iter().map(inside).sum::<u64>()
    }

    /// How far it is, in words; `samples` is what they are called.
    fn status(&self, samples: &str) -> String {
        let (done, others) = (self.sums.count(), self.others());
        let other = if others > 0 { format!(" and {others} others") } else { String::new() };
        let (inside, asked) = (done - others, self.asked());
        format!("{inside} of {asked} {samples}{other}{}", self.standing.words(done))
    }

    /// Notes whether the errors that are asked for are reached. A part of a larger set is not judged, all parts
    /// together are.
    fn note_targets(&mut self) {
        let is_whole = !self.is_part || self.sums.count() > self.asked();
        let shortfall = self.standing.shortfall().filter(|_| is_whole && self.sums.count() > 0);
        if let Some((ratio, time, words)) = shortfall {
            self.diagnostics.note(TARGET_ERROR, ratio, time, 1.0);
            self.diagnostics.advice.insert(TARGET_ERROR.to_owned(), words);
        }
    }

    /// Takes over the sums that [`Sums::to_bytes`] gave.
    ///
    /// # Errors
    /// [`EngineError::Checkpoint`] where they are damaged or of other numbers.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
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

    /// Whether every target is reached; none without targets.
    pub fn reached(&self) -> Option<bool> {
        self.goal.is_set().then_some(self.standing.reached)
    }

    /// The sums, to add to them from several threads; [`Gathering::filled`] ends that.
    pub fn filling(&mut self) -> Filling {
        let blocks = self.sums.take_blocks().into_iter().map(Mutex::new).collect();
        Filling { blocks, next: AtomicUsize::new(0) }
    }

    /// Puts back what was filled.
    pub fn filled(&mut self, filling: Filling) {
        let whole = |block: Mutex<_>| block.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.sums.put_back(filling.blocks.into_iter().map(whole).collect());
    }
}

/// Sums that several workers add to.
#[derive(Debug)]
pub struct Filling {
    blocks: Vec<Mutex<Block>>,
    next: AtomicUsize,
}

impl Filling {
    /// Lets workers go through `count` pieces, at most one of each thread, until each is done.
    ///
    /// # Errors
    /// The first error of a worker.
    pub fn run<E: Send>(&self, count: usize, work: impl Fn() -> Result<(), E> + Sync) -> Result<(), E> {
        let workers = rayon::current_num_threads().min(count);
        let results: Vec<_> = (0..workers).into_par_iter().with_max_len(1).map(|_| work()).collect();
        results.into_iter().collect()
    }

    /// Whether a piece was taken.
    pub fn has_begun(&self) -> bool {
        self.next.load(Ordering::SeqCst) > 0
    }

    /// The number of the next piece.
    pub fn take(&self) -> usize {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    /// Takes in one sample.
    ///
    /// # Errors
    /// [`OutOfRange`]; nothing is taken in then.
    pub fn add(&self, index: u64, tally: &mut Tally) -> Result<(), OutOfRange> {
        let block = &self.blocks[index as usize % BLOCKS];
        block.lock().unwrap_or_else(PoisonError::into_inner).add(index, tally)
    }
}

/// An evolution that gathers samples. What an engine says of its samples is required, what is done with them is
/// provided.
pub trait Gather: Sync {
    /// What the samples are called, in the plural.
    const SAMPLES: &'static str;
    /// Samples that one batch may begin.
    const MOST: usize;

    /// What there is.
    fn gathering(&self) -> &Gathering;

    /// What there is, to go on with.
    fn gathering_mut(&mut self) -> &mut Gathering;

    /// What is solved.
    fn problem(&self) -> &Problem;

    /// The observables as functions of the averages.
    fn functions(&self) -> impl Functions + '_;

    /// Numbers that are summed at an output time.
    fn width(&self) -> usize;

    /// What the samples need; [`Evolution::resources`](superladder_engine::Evolution::resources).
    fn resources(&self) -> &Resources;

    /// Named figures; [`Evolution::statistics`](superladder_engine::Evolution::statistics).
    fn statistics(&self) -> serde_json::Value;

    /// Tables beside the records.
    fn attachments(&self) -> Vec<Attachment> {
        Vec::new()
    }

    /// What a reader should know beside the verdict.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Goes on from sums; [`Evolution::restore`](superladder_engine::Evolution::restore).
    ///
    /// # Errors
    /// As [`Gathering::restore`].
    fn resume(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        self.gathering_mut().restore(bytes)
    }

    /// Observables with their errors at output number `row`.
    fn estimates(&self, row: usize) -> Vec<Measurement> {
        estimates(&self.functions(), &self.gathering().sums, row, self.width())
    }

    /// Notes the diagnostics of an output time, and those of whole samples at their end.
    fn note(&self, row: usize, diagnostics: &mut Diagnostics);

    /// Corrects the record at the first time, where more is known of it than samples tell.
    fn correct(&self, _start: &mut Record) {}

    /// The number of samples from which on errors are looked at anew without a target, after a look at so many.
    fn shown_from(looked: u64) -> u64 {
        next_look(looked)
    }

    /// Runs samples of `pending` in order, as many as there is time for. `Break` where `halt` ended it before any
    /// was begun.
    ///
    /// # Errors
    /// [`EngineError`].
    fn run_batch(&mut self, pending: &[u64], halt: &dyn Halt) -> Result<ControlFlow<()>, EngineError>;

    /// Makes the record at the first time from samples that are there for it alone.
    fn begin_with(&mut self, initial: Sums) {
        let sums = std::mem::replace(&mut self.gathering_mut().sums, initial);
        self.begin();
        self.gathering_mut().sums = sums;
    }

    /// Makes the record at the first time.
    fn begin(&mut self) {
        let gathering = self.gathering_mut();
        gathering.diagnostics = Diagnostics::default();
        gathering.note_targets();
        let mut start = self.record(0);
        self.correct(&mut start);
        self.gathering_mut().start = start;
    }

    /// Looks at the standard errors. The number of samples alone decides when, so that a run that stops early stops
    /// at the same one everywhere.
    fn look(&mut self) {
        let rows = 0..self.problem().times.len();
        let this = &*self;
        let measured: Vec<Vec<Measurement>> = rows.into_par_iter().map(|row| this.estimates(row)).collect();
        let done = self.gathering().sums.count();
        let standing = self.gathering().goal.stand(self.problem(), &measured, done);
        let gathering = self.gathering_mut();
        gathering.complete |= standing.reached;
        gathering.standing = standing;
    }

    /// Measurements and diagnostics at output number `row`.
    fn record(&mut self, row: usize) -> Record {
        let mut diagnostics = std::mem::take(&mut self.gathering_mut().diagnostics);
        self.note(row, &mut diagnostics);
        let (time, measurements) = (self.problem().times[row], self.estimates(row));
        let record = Record { time, measurements, diagnostics: diagnostics.row() };
        self.gathering_mut().diagnostics = diagnostics;
        record
    }

    /// Row of a time.
    fn row(&self, time: f64) -> usize {
        self.problem().times.partition_point(|t| *t <= time).saturating_sub(1)
    }

    /// Runs samples until there are enough, then records the averages at `times`;
    /// [`Evolution::advance`](superladder_engine::Evolution::advance).
    ///
    /// # Errors
    /// [`EngineError`].
    fn gather(&mut self, times: &[f64], listener: &mut dyn Listener) -> Result<(), EngineError> {
        let all = &self.problem().times;
        let (first, last) = (all[0], all[all.len() - 1]);
        let begun = self.gathering().sums.count();
        if self.gathering().goal.is_set() && begun >= FEWEST && next_look(begun - 1) == begun {
            self.look();
        }
        while !self.gathering().complete {
            let pending = self.gathering().pending(Self::MOST);
            if pending.is_empty() {
                break;
            }
            let flow = self.run_batch(&pending, listener.halt())?;
            if flow.is_break() || listener.halt().asked() {
                return Ok(());
            }
            let Gathering { sums, goal, standing, .. } = self.gathering();
            let done = sums.count();
            let is_due = if goal.is_set() {
                next_look(done - 1) == done
            } else {
                done >= Self::shown_from(standing.looked)
            };
            if is_due {
                self.look();
            }
            let gathering = self.gathering();
            let share = gathering.standing.share(done, gathering.asked());
            let flow = listener.step(first + share * (last - first));
            listener.status(&gathering.status(Self::SAMPLES));
            if flow.is_break() && !gathering.complete {
                return Ok(());
            }
        }
        self.gathering_mut().complete = true;
        self.look();
        self.begin();
        for &time in times {
            self.gathering_mut().time = time;
            let record = self.record(self.row(time));
            if listener.record(time, record.measurements, &self.gathering().diagnostics).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The averages at the present time; [`Evolution::measure`](superladder_engine::Evolution::measure).
    fn measured(&self) -> Vec<Measurement> {
        let Gathering { start, time, .. } = self.gathering();
        match self.row(*time) {
            0 => start.measurements.clone(),
            row => self.estimates(row),
        }
    }

    /// What is known at the times that are `left`;
    /// [`Evolution::concluded`](superladder_engine::Evolution::concluded).
    fn conclude(&mut self, left: &[f64]) -> Concluded {
        let mut later = Vec::new();
        if !left.is_empty() && self.gathering().sums.count() > 0 {
            self.look();
            self.begin();
            later = left.iter().map(|time| self.record(self.row(*time))).collect();
        }
        Concluded { first: self.gathering().start.clone(), later }
    }

    /// How far it is; [`SampledEvolution::progressed`](crate::SampledEvolution::progressed).
    fn progress(&mut self) -> Progressed {
        if self.gathering().sums.count() > 0 {
            self.look();
        }
        let gathering = self.gathering();
        Progressed { done: gathering.sums.count(), asked: gathering.asked(), reached: gathering.reached() }
    }
}
