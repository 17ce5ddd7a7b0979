//! Samples over several processes.

use std::ops::Range;

use superladder_engine::{self as engine, EngineError, Progress, Recorder, Run, Silent};
use superladder_sampling::{SampledEvolution, Sampling, Sums, SumsError, next_look};
use superladder_study::Study;

use crate::ranks::Ranks;

/// Without a target, all trajectories are done in about so many rounds: after each there is a checkpoint.
const ROUNDS: u64 = 8;
/// First byte of an answer: sums follow, or the words of an error.
const SUMS: u8 = 0;
const ERROR: u8 = 1;

/// The part of a round that a rank runs.
fn share(ranks: &Ranks, round: &Range<u64>, rank: usize) -> Range<u64> {
    let (size, length) = (ranks.size() as u64, round.end - round.start);
    let edge = |r: u64| round.start + length * r / size;
    edge(rank as u64)..edge(rank as u64 + 1)
}

/// Runs trajectories for the leader until it needs no more.
pub(super) fn serve(ranks: &Ranks, study: &Study) {
    let Some(engine) = study.engine.sampling().map(|e| e.without_targets()) else { return };
    loop {
        let round = ranks.announce([0, 0]);
        if round.is_empty() {
            return;
        }
        let answer = match sums_over(engine.as_ref(), study, share(ranks, &round, ranks.rank())) {
            Ok(sums) => [&[SUMS], &sums[..]].concat(),
            Err(error) => [&[ERROR], error.to_string().as_bytes()].concat(),
        };
        ranks.answer(&answer);
    }
}

/// One round: the trajectories of `round`, over all ranks.
fn one_round(
    ranks: &Ranks,
    engine: &dyn Sampling,
    study: &Study,
    round: &Range<u64>,
) -> Result<Sums, EngineError> {
    ranks.announce([round.start, round.end]);
    let mut answers = vec![sums_over(engine, study, share(ranks, round, 0))];
    for (rank, answer) in ranks.answers() {
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
pub(super) fn evolve<'p>(
    ranks: &Ranks,
    engine: &dyn Sampling,
    study: &'p Study,
    mut sums: Option<Sums>,
    indices: Option<Range<u64>>,
    progress: &mut dyn Progress,
) -> Result<Run<'p>, EngineError> {
    let worker = engine.without_targets();
    let wanted = indices.unwrap_or(0..study.engine.samples().unwrap_or_default());
    let target = study.engine.has_target();
    let times = &study.problem.times;
    let mut interrupted = false;
    while let Some(gap) = first_gap(sums.as_ref(), &wanted) {
        let done = sums.as_ref().map_or(0, Sums::count);
        let even = (wanted.end - wanted.start) / ROUNDS;
        let room = if target { next_look(done) - done } else { even.max(64 * ranks.size() as u64) };
        let new = one_round(ranks, worker.as_ref(), study, &(gap.start..gap.end.min(gap.start + room)))?;
        take_in(&mut sums, &new.to_bytes())?;
        let done = sums.as_ref().map_or(0, Sums::count);
        let share = done as f64 / (wanted.end - wanted.start) as f64;
        let told = progress.reached(times[0] + share.min(1.0) * (times[times.len() - 1] - times[0]));
        progress.status(&format!("{done} trajectories on {} ranks", ranks.size()));
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

/// Records from what is there: all targets and indices are reached, or the run was stopped.
fn conclude(
    evolution: Box<dyn SampledEvolution>,
    study: &Study,
    interrupted: bool,
) -> Result<Run<'_>, EngineError> {
    let mut run = Run::of(evolution, &study.problem);
    if interrupted {
        run.stop();
    } else {
        run.proceed(&mut Silent)?;
    }
    Ok(run)
}

/// Sums over these trajectories; empty for none.
fn sums_over(engine: &dyn Sampling, study: &Study, indices: Range<u64>) -> Result<Vec<u8>, EngineError> {
    if indices.is_empty() {
        return Ok(Vec::new());
    }
    let engine = engine.over(indices);
    engine::run(engine.as_ref(), &study.problem, &mut Silent)?.0.save()
}

fn take_in(sums: &mut Option<Sums>, bytes: &[u8]) -> Result<(), EngineError> {
    if bytes.is_empty() {
        return Ok(());
    }
    let failed = |e: SumsError| EngineError::Checkpoint(e.to_string());
    let (new, _) = Sums::from_bytes(bytes).map_err(failed)?;
    if let Some(sums) = sums {
        return sums.merge(&new).map_err(failed);
    }
    *sums = Some(new);
    Ok(())
}

fn restored(
    engine: &dyn Sampling,
    study: &Study,
    sums: Option<&Sums>,
) -> Result<Box<dyn SampledEvolution>, EngineError> {
    let mut evolution = engine.begin(&study.problem)?;
    if let Some(sums) = sums {
        evolution.restore(&sums.to_bytes())?;
    }
    Ok(evolution)
}

/// True when the targets are reached by what is there.
fn reached(mut evolution: Box<dyn SampledEvolution>) -> bool {
    evolution.progressed().reached == Some(true)
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
