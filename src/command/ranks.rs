//! Trajectories and points of sweeps over several processes under `mpirun` (cargo feature `mpi`).
//!
//! The first rank hands out ranges of indices or points, takes in what all have found and does everything that `run` and
//! `sweep` do besides; the others only compute. Sums do not depend on how they are split, and points not on each other, so
//! that the numbers are those of one process.

use std::ops::Range;
use std::sync::atomic::AtomicBool;

use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, Destination, Root, Source};
use superladder::config::Study;
use superladder::engine::{self, Engine, EngineError, Evolution, Progress, Record, Recorder, Silent};
use superladder::store::Store;
use superladder::sweep::{self, Kept, Outcome, Point, Sweep, SweepError};
use superladder::trajectories::{Sums, next_look};
use superladder::workers::Limits;

/// The rank that leads.
const LEADER: i32 = 0;
/// Without a target, all trajectories are done in about so many rounds: after each there is a checkpoint.
const ROUNDS: u64 = 8;
/// First byte of an answer: sums follow, or the words of an error.
const SUMS: u8 = 0;
const ERROR: u8 = 1;
/// Both ends of an empty round that says that a sweep is written.
const FINISHED: u64 = 1;

/// The processes of this run.
pub(super) struct Ranks {
    world: SimpleCommunicator,
    /// Ends MPI when the program does.
    _universe: Universe,
}

impl Ranks {
    /// Starts MPI; none when there is one process only.
    pub(super) fn start() -> Option<Self> {
        let universe = mpi::initialize()?;
        let world = universe.world();
        (world.size() > 1).then_some(Self { world, _universe: universe })
    }

    /// True on the first rank.
    pub(super) fn leads(&self) -> bool {
        self.world.rank() == LEADER
    }

    /// The part of a round that a rank runs.
    fn share(&self, round: &Range<u64>, rank: i32) -> Range<u64> {
        let (size, length) = (self.world.size() as u64, round.end - round.start);
        let edge = |r: u64| round.start + length * r / size;
        edge(rank as u64)..edge(rank as u64 + 1)
    }

    /// Tells all ranks the round, or hears it.
    fn announce(&self, mut round: [u64; 2]) -> Range<u64> {
        self.world.process_at_rank(LEADER).broadcast_into(&mut round);
        round[0]..round[1]
    }

    /// Runs trajectories for the leader until it needs no more.
    pub(super) fn serve(&self, study: &Study) -> anyhow::Result<()> {
        let engine = without_targets(study)?;
        loop {
            let round = self.announce([0, 0]);
            if round.is_empty() {
                return Ok(());
            }
            let share = self.share(&round, self.world.rank());
            let answer = match sums_over(engine.as_ref(), study, share) {
                Ok(sums) => [&[SUMS], &sums[..]].concat(),
                Err(error) => [&[ERROR], error.to_string().as_bytes()].concat(),
            };
            self.world.process_at_rank(LEADER).send(&answer[..]);
        }
    }

    /// One round: the trajectories of `round`, over all ranks.
    fn round(&self, engine: &dyn Engine, study: &Study, round: &Range<u64>) -> Result<Sums, EngineError> {
        self.announce([round.start, round.end]);
        let mut answers = vec![sums_over(engine, study, self.share(round, LEADER))];
        for rank in 1..self.world.size() {
            let (answer, _) = self.world.process_at_rank(rank).receive_vec::<u8>();
            answers.push(match answer.split_first() {
                Some((&SUMS, sums)) => Ok(sums.to_vec()),
                Some((_, words)) => {
                    let words = String::from_utf8_lossy(words);
                    Err(EngineError::Checkpoint(format!("rank {rank}: {words}")))
                }
                None => Err(EngineError::Checkpoint(format!("rank {rank} has sent nothing"))),
            });
        }
        let mut merged: Option<Sums> = None;
        for answer in answers {
            take_in(&mut merged, &answer?)?;
        }
        merged.ok_or_else(|| EngineError::Checkpoint("no rank has run a trajectory".into()))
    }

    /// Runs what is asked for and not there yet; `indices` in place of all trajectories of the study.
    pub(super) fn evolve(
        &self,
        engine: &dyn Engine,
        study: &Study,
        mut sums: Option<Sums>,
        indices: Option<Range<u64>>,
        progress: &mut dyn Progress,
    ) -> Result<(Box<dyn Evolution>, Recorder), EngineError> {
        let worker = without_targets(study).map_err(|e| EngineError::Checkpoint(e.to_string()))?;
        let options = &study.resolved()["engine"];
        let wanted = indices.unwrap_or(0..options["trajectories"].as_u64().unwrap_or_default());
        let target = options["target_error"].is_number() || options["target_error"].is_object();
        let times = &study.problem.times;
        let mut interrupted = false;
        while let Some(gap) = first_gap(sums.as_ref(), &wanted) {
            let done = sums.as_ref().map_or(0, Sums::count);
            let even = (wanted.end - wanted.start) / ROUNDS;
            let room = if target { next_look(done) - done } else { even.max(64 * self.world.size() as u64) };
            let new = self.round(worker.as_ref(), study, &(gap.start..gap.end.min(gap.start + room)))?;
            take_in(&mut sums, &new.to_bytes())?;
            let done = sums.as_ref().map_or(0, Sums::count);
            let share = done as f64 / (wanted.end - wanted.start) as f64;
            let told = progress.reached(times[0] + share.min(1.0) * (times[times.len() - 1] - times[0]));
            progress.status(&format!("{done} trajectories on {} ranks", self.world.size()));
            let evolution = restored(engine, study, sums.as_ref())?;
            if target && reached(evolution) {
                break;
            }
            if told.is_break() {
                let evolution = restored(engine, study, sums.as_ref())?;
                if progress.paused(evolution.as_ref(), &Recorder::default())?.is_break() {
                    interrupted = first_gap(sums.as_ref(), &wanted).is_some();
                    break;
                }
            }
        }
        conclude(restored(engine, study, sums.as_ref())?, study, interrupted)
    }

    /// Ranks on this machine, which share its memory.
    fn neighbours(&self) -> u64 {
        self.world.split_shared(self.world.rank()).size().max(1) as u64
    }

    /// Runs the points that the leader deals to this rank, keeps them in `store` and sends them. Where the ranks see one file
    /// system that is the leader's store, so that points of an interrupted sweep are not lost.
    pub(super) fn serve_points(
        &self,
        sweep: &Sweep,
        store: &Store,
        limits: &Limits,
        interrupted: &AtomicBool,
    ) -> anyhow::Result<()> {
        let mut heard = self.announce([0, 0]);
        if !heard.is_empty() {
            let found = self.deal(vec![0; heard.end as usize], sweep, store, limits, interrupted);
            let bytes = found.map(|kept| postcard::to_stdvec(&kept).unwrap_or_default()).unwrap_or_default();
            self.world.process_at_rank(LEADER).send(&bytes[..]);
            heard = self.announce([0, 0]);
        }
        // An interrupted sweep keeps its store, which may be this one.
        let mut cleared = Ok(());
        while heard.start == FINISHED {
            cleared = store.clear();
            heard = self.announce([0, 0]);
        }
        Ok(cleared?)
    }

    /// Tells the ranks that have run points that the sweep is written and no store is needed.
    pub(super) fn finish_points(&self) {
        self.announce([FINISHED; 2]);
    }

    /// Runs the points of a sweep that are not in `store`, over all ranks, and puts them there. What could not be run is
    /// missing: the caller finds out why when it tries.
    pub(super) fn points(
        &self,
        sweep: &Sweep,
        store: &Store,
        limits: &Limits,
        interrupted: &AtomicBool,
    ) -> anyhow::Result<()> {
        let missing =
            sweep.points.iter().enumerate().filter(|(_, p)| store.read::<Kept>(&p.digest).is_none());
        let need = |point: &Point| point.study.engine().resources(&point.study.problem).ok();
        let mut open: Vec<(u64, u64)> =
            missing.filter_map(|(index, point)| Some((index as u64, need(point)?.memory))).collect();
        // Dealt in turn, the most expensive first.
        open.sort_by_key(|(_, memory)| std::cmp::Reverse(*memory));
        if open.is_empty() {
            return Ok(());
        }
        self.announce([0, open.len() as u64]);
        let open = open.into_iter().map(|(index, _)| index).collect();
        self.deal(open, sweep, store, limits, interrupted)?;
        for rank in 1..self.world.size() {
            let (answer, _) = self.world.process_at_rank(rank).receive_vec::<u8>();
            let points: Vec<(String, Kept)> = postcard::from_bytes(&answer).unwrap_or_default();
            for (digest, kept) in points {
                store.write(&digest, &kept)?;
            }
        }
        Ok(())
    }

    /// Tells or hears the numbers of the points to be run, and runs every `size`-th of them.
    fn deal(
        &self,
        mut open: Vec<u64>,
        sweep: &Sweep,
        store: &Store,
        limits: &Limits,
        interrupted: &AtomicBool,
    ) -> Result<Vec<(String, Kept)>, SweepError> {
        self.world.process_at_rank(LEADER).broadcast_into(&mut open[..]);
        let (rank, size) = (self.world.rank() as usize, self.world.size() as usize);
        let own = open.into_iter().skip(rank).step_by(size);
        let own: Vec<&Point> = own.map(|number| &sweep.points[number as usize]).collect();
        let limits = Limits { memory: limits.memory / self.neighbours(), ..*limits };
        let (outcomes, _) = sweep::measure(&own, store, &limits, interrupted, &|_| ())?;
        let kept = |(point, outcome): (&Point, Outcome)| match outcome {
            Outcome::Ran(kept) => Some((point.digest.clone(), kept)),
            Outcome::Refused(_) | Outcome::Missing => None,
        };
        Ok(own.into_iter().zip(outcomes).filter_map(kept).collect())
    }
}

impl Drop for Ranks {
    /// Whatever became of the leader, the others must not wait for it.
    fn drop(&mut self) {
        if self.leads() {
            self.announce([0, 0]);
        }
    }
}

/// Records from what is there: all targets and indices are reached, or the run was stopped.
fn conclude(
    mut evolution: Box<dyn Evolution>,
    study: &Study,
    interrupted: bool,
) -> Result<(Box<dyn Evolution>, Recorder), EngineError> {
    let times = &study.problem.times;
    let diagnostics = engine::figures(evolution.diagnostics());
    let first = Record { time: times[0], measurements: evolution.measure(), diagnostics };
    let mut recorder = Recorder { records: vec![first], interrupted };
    if interrupted {
        recorder.records.extend(evolution.preview(&times[1..]));
        recorder.records.splice(0..1, evolution.first_record());
    } else {
        engine::proceed(evolution.as_mut(), &mut recorder, &study.problem, &mut Silent)?;
    }
    Ok((evolution, recorder))
}

/// The engine of the study without targets: when there are enough is for the leader to say.
fn without_targets(study: &Study) -> anyhow::Result<Box<dyn Engine>> {
    let sets = ["engine.target_error={}", "engine.target_observables=[]"].map(str::to_owned);
    Ok(Study::parse("the study", &study.name, study.text(), &sets)?.engine())
}

/// Sums over these trajectories; empty for none.
fn sums_over(engine: &dyn Engine, study: &Study, indices: Range<u64>) -> Result<Vec<u8>, EngineError> {
    if indices.is_empty() {
        return Ok(Vec::new());
    }
    let engine = engine.over(indices);
    let engine = engine.ok_or_else(|| EngineError::Checkpoint("the engine does not sample".into()))?;
    Ok(engine::run(engine.as_ref(), &study.problem, &mut Silent)?.0.save())
}

fn take_in(sums: &mut Option<Sums>, bytes: &[u8]) -> Result<(), EngineError> {
    if bytes.is_empty() {
        return Ok(());
    }
    let failed = |e: superladder::trajectories::SumsError| EngineError::Checkpoint(e.to_string());
    let (new, _) = Sums::from_bytes(bytes).map_err(failed)?;
    if let Some(sums) = sums {
        return sums.merge(&new).map_err(failed);
    }
    *sums = Some(new);
    Ok(())
}

fn restored(
    engine: &dyn Engine,
    study: &Study,
    sums: Option<&Sums>,
) -> Result<Box<dyn Evolution>, EngineError> {
    let mut evolution = engine.prepare(&study.problem)?;
    if let Some(sums) = sums {
        evolution.restore(&sums.to_bytes())?;
    }
    Ok(evolution)
}

/// True when the targets are reached by what is there.
fn reached(mut evolution: Box<dyn Evolution>) -> bool {
    evolution.preview(&[]);
    evolution.statistics()["target_reached"] == true
}

/// The first range of `wanted` that is not there.
fn first_gap(sums: Option<&Sums>, wanted: &Range<u64>) -> Option<Range<u64>> {
    let mut start = wanted.start;
    for there in sums.map(Sums::indices).unwrap_or_default() {
        if there.start > start {
            return (start < wanted.end).then(|| start..there.start.min(wanted.end));
        }
        start = start.max(there.end);
    }
    (start < wanted.end).then_some(start..wanted.end)
}
