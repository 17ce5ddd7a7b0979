//! Engines that sample: as many samples as are asked for, over a horizon that a few of them find.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use superladder_engine::{Concluded, Diagnostics, Halt, Listener, Measurement, Problem};
use superladder_sampling::Sampling;

use super::super::reading::{Row, Sized, needed, read};
use super::measured::{Kept, Measured, Side, Without, flat};
use super::task::{Stopped, Task};

/// Samples that find the horizon.
const PILOT: u64 = 24;
/// Output times of its first attempt.
const FIRST: usize = 150;
/// Every further attempt is this much longer.
const LONGER: f64 = 1.6;
/// The horizon is so much beyond what the few have found, since they are few.
const MARGIN: f64 = 1.2;
/// Samples of a run on its way are kept this often.
const KEPT: Duration = Duration::from_secs(60);

/// Runs samples until every criterion has crossed, or the horizon of the study is reached. Samples have no
/// present time: a longer horizon repeats them, so that a few find it first. `reference` is mean field at its
/// start.
pub(crate) fn measure(
    task: &Task<'_>,
    engine: &dyn Sampling,
    mut reference: Side,
    problem: &Problem,
) -> Result<(Sized, Kept), Stopped> {
    let times = &problem.times;
    reference.advance(&times[1..], task.interrupted)?;
    let horizon = format!("{}-horizon", task.digest);
    let mut end = match task.store.read::<usize>(&horizon) {
        _ if task.whole => times.len(),
        Some(found) => found.min(times.len()),
        None => pilot(task, engine, &reference.measured, problem)?,
    };
    loop {
        task.store.write(&horizon, &end)?;
        let kept = sample(task, engine, &reference.measured, problem, end, true)?;
        let known = read(task.plan, task.criteria, &kept, task.clock)?;
        let room = needed(task.plan, &known);
        // A time that nearly all half samples cross before needs no longer horizon, which would repeat
        // everything.
        let settled = known.decisive().all(Row::has_error);
        let enough = room.is_some_and(|room| settled || times[end - 1] - times[0] >= room);
        if end == times.len() || enough {
            task.store.remove(&horizon)?;
            task.store.write(task.digest, &kept)?;
            return Ok((known, kept));
        }
        end = longer(end, times);
    }
}

/// Output times that are enough, as far as a few samples can tell.
fn pilot(
    task: &Task<'_>,
    engine: &dyn Sampling,
    reference: &Measured,
    problem: &Problem,
) -> Result<usize, Stopped> {
    let times = &problem.times;
    if wanted(task) <= 2 * PILOT {
        return Ok(times.len());
    }
    let pilot = engine.over(0..PILOT);
    let mut end = times.len().min(FIRST);
    loop {
        let kept = sample(task, pilot.as_ref(), reference, problem, end, false)?;
        let known = read(task.plan, task.criteria, &kept, task.clock)?;
        if let Some(room) = needed(task.plan, &known) {
            return Ok(times.len().min(points(times, MARGIN * room)));
        }
        if end == times.len() {
            return Ok(end);
        }
        end = longer(end, times);
    }
}

/// Samples that the study asks for.
fn wanted(task: &Task<'_>) -> u64 {
    task.study.engine.samples().unwrap_or(u64::MAX)
}

/// Output times of the next attempt.
fn longer(end: usize, times: &[f64]) -> usize {
    times.len().min((LONGER * end as f64) as usize)
}

/// Output times up to `room` after the first.
fn points(times: &[f64], room: f64) -> usize {
    times.partition_point(|t| *t - times[0] < room) + 1
}

/// All that samples measure at the first `end` output times. What is done of them is kept from time to time.
fn sample(
    task: &Task<'_>,
    engine: &dyn Sampling,
    reference: &Measured,
    problem: &Problem,
    end: usize,
    keep: bool,
) -> Result<Kept, Stopped> {
    let stages = problem.stages.iter().filter(|s| s.start <= problem.times[end - 1]).cloned().collect();
    let problem = Problem { times: problem.times[..end].to_vec(), stages, ..problem.clone() };
    let Side { mut evolution, mut measured } = Side::new(engine.begin(&problem)?, &problem);
    let piece = format!("{}-{end}", task.digest);
    if let Some(samples) = task.store.read::<Vec<u8>>(&piece).filter(|_| keep) {
        evolution.restore(&samples)?;
    }
    while measured.times.len() < end {
        let mut hearing = Hearing { task, measured: &mut measured, begun: Instant::now() };
        evolution.advance(&problem.times[1..], &mut hearing)?;
        let stopped = task.interrupted.load(Ordering::SeqCst);
        if keep && measured.times.len() < end {
            task.store.write(&piece, &evolution.save()?)?;
        }
        if stopped {
            return Err(Stopped::Interrupted);
        }
    }
    if let Some(Concluded { first, .. }) = evolution.concluded(&[]) {
        measured.values.iter_mut().zip(flat(&first.measurements)).for_each(|(column, x)| column[0] = x);
    }
    if keep {
        task.store.remove(&piece)?;
    }
    let cut = |values: &Vec<f64>| values[..end].to_vec();
    Ok(Kept {
        reference: Measured {
            times: cut(&reference.times),
            values: reference.values.iter().map(cut).collect(),
            ..reference.clone()
        },
        replicates: evolution.replicates().iter().map(Without::new).collect(),
        diagnostics: evolution.diagnostics().clone(),
        warnings: evolution.warnings(),
        windows: task.windows,
        samples: Some(wanted(task)),
        tested: measured,
    })
}

/// Notes the records, and breaks off to keep what is done or because of Ctrl-C.
struct Hearing<'a> {
    task: &'a Task<'a>,
    measured: &'a mut Measured,
    begun: Instant,
}

impl Listener for Hearing<'_> {
    fn record(&mut self, time: f64, measurements: Vec<Measurement>, _: &Diagnostics) -> ControlFlow<()> {
        self.measured.times.push(time);
        for (column, value) in self.measured.values.iter_mut().zip(flat(&measurements)) {
            column.push(value);
        }
        ControlFlow::Continue(())
    }

    fn step(&mut self, _: f64) -> ControlFlow<()> {
        let stop = self.task.interrupted.load(Ordering::SeqCst) || self.begun.elapsed() >= KEPT;
        if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn halt(&self) -> &dyn Halt {
        self.task.interrupted
    }

    fn status(&mut self, text: &str) {
        (self.task.told)(text);
    }
}
