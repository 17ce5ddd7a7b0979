//! The points of a sweep, several at a time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use superladder_engine::{Diagnostics, End, EngineError};

use super::{Point, SweepError};
use crate::attempt::attempt_reduced;
use crate::reductions::ReducedValue;
use crate::results::{Column, columns};
use crate::spectrum::{HighestLine, highest_lines};
use crate::store::{Store, StoreError};
use crate::workers::Limits;

/// What is kept of a finished point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Time and observables, one value an output time reached.
    pub columns: Vec<Column>,
    /// Numbers read off the columns.
    pub reductions: Vec<ReducedValue>,
    /// Worst values and bounds of the diagnostics.
    pub diagnostics: Diagnostics,
    /// Time and reason of a failure on the way.
    pub failure: Option<(f64, String)>,
    /// Seconds on the clock.
    pub seconds: f64,
}

/// What became of a point.
#[derive(Debug)]
pub enum Outcome {
    /// It ran, to its end or to its failure.
    Ran(Kept),
    /// The engine refused it.
    Refused(EngineError),
    /// It was not begun or not finished when the sweep was interrupted.
    Missing,
}

impl Outcome {
    fn is_for_memory(&self) -> bool {
        matches!(self, Self::Refused(EngineError::Memory { .. }))
    }
}

/// Runs every one of these points that `store` does not hold, the most expensive first, and keeps it there;
/// `told` hears of every point that is finished. Outcomes in the order of the points, and the number of
/// points that ran at a time.
///
/// # Errors
/// [`SweepError::Store`] when a point cannot be kept, [`SweepError::Threads`].
pub fn measure(
    points: &[&Point],
    store: &Store,
    limits: &Limits,
    interrupted: &AtomicBool,
    told: &(impl Fn(&Point) + Sync),
) -> Result<(Vec<Outcome>, usize), SweepError> {
    let found: Vec<Option<Kept>> = points.iter().map(|p| store.read(&p.digest)).collect();
    let mut outcomes: Vec<Outcome> =
        found.into_iter().map(|kept| kept.map_or(Outcome::Missing, Outcome::Ran)).collect();
    let mut open = Vec::new();
    for (index, point) in points.iter().enumerate() {
        match outcomes[index] {
            Outcome::Missing => open.push(index),
            _ => told(point),
        }
    }
    let need = |index: &usize| {
        let study = &points[*index].study;
        (*index, study.engine().resources(&study.problem).map(|r| r.memory))
    };
    let needs: Vec<_> = open.par_iter().map(need).collect();
    let mut jobs: Vec<(usize, u64)> = Vec::new();
    for (index, need) in needs {
        match need {
            Ok(memory) => jobs.push((index, memory)),
            Err(refusal) => {
                told(points[index]);
                outcomes[index] = Outcome::Refused(refusal);
            }
        }
    }
    jobs.sort_by_key(|(_, memory)| std::cmp::Reverse(*memory));
    let workers = limits.workers(&jobs.iter().map(|(_, memory)| *memory).collect::<Vec<_>>());
    // What found no memory beside others gets it alone.
    for workers in if workers > 1 { vec![workers, 1] } else { vec![1] } {
        jobs.retain(|(index, _)| {
            matches!(outcomes[*index], Outcome::Missing) || outcomes[*index].is_for_memory()
        });
        let done: Mutex<Vec<(usize, Result<Outcome, StoreError>)>> = Mutex::new(Vec::new());
        limits.each(&jobs, workers, interrupted, |(index, _)| {
            let point = points[*index];
            let outcome = run(point, store, interrupted);
            let again = workers > 1 && outcome.as_ref().is_ok_and(Outcome::is_for_memory);
            if !again && !matches!(outcome, Ok(Outcome::Missing)) {
                told(point);
            }
            if let Ok(mut done) = done.lock() {
                done.push((*index, outcome));
            }
        })?;
        for (index, outcome) in done.into_inner().unwrap_or_default() {
            outcomes[index] = outcome?;
        }
        if interrupted.load(Ordering::SeqCst) {
            break;
        }
    }
    Ok((outcomes, workers))
}

/// Runs one point and keeps it.
fn run(point: &Point, store: &Store, interrupted: &AtomicBool) -> Result<Outcome, StoreError> {
    let problem = &point.study.problem;
    let (attempt, reductions) = match attempt_reduced(&point.study, problem, interrupted) {
        Ok(attempt) => attempt,
        Err(refusal) => return Ok(Outcome::Refused(refusal)),
    };
    if attempt.recorder.interrupted {
        return Ok(Outcome::Missing);
    }
    let mut columns = columns(problem, &attempt.recorder);
    columns.retain(|c| !c.name.starts_with("diagnostic."));
    let begun = Instant::now();
    let mut diagnostics = attempt.diagnostics;
    if problem.end == End::Stationary && attempt.failure.is_none() {
        match highest_lines(&point.study, interrupted) {
            Ok(lines) => lines.iter().for_each(|line| add(line, &mut columns, &mut diagnostics)),
            Err(EngineError::Interrupted { .. }) => return Ok(Outcome::Missing),
            Err(error) => {
                diagnostics.note("spectrum", f64::NAN, f64::INFINITY, HighestLine::BOUND);
                diagnostics.advice.insert("spectrum".into(), error.to_string());
            }
        }
    }
    let seconds = attempt.seconds + begun.elapsed().as_secs_f64();
    let kept = Kept { columns, reductions, diagnostics, failure: attempt.failure, seconds };
    store.write(&point.digest, &kept)?;
    Ok(Outcome::Ran(kept))
}

/// Adds centre and width of a line, and how well the spectrum is known.
fn add(line: &HighestLine, columns: &mut Vec<Column>, diagnostics: &mut Diagnostics) {
    let name = &line.name;
    for (what, [value, error]) in [("fwhm", line.fwhm), ("centre", line.centre)] {
        columns.push(Column { name: format!("{what}({name})"), values: vec![value] });
        columns.push(Column { name: format!("{what}({name}).error"), values: vec![error] });
    }
    diagnostics.note(&format!("deviation({name})"), line.deviation, f64::INFINITY, HighestLine::BOUND);
}
