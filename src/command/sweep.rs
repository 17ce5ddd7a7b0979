//! `superladder sweep`.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use superladder::output::{Clock, OutputFolder};
#[cfg(feature = "mpi")]
use superladder::store::Store;
use superladder::sweep::{self, Outcome, Results, Sweep};
use superladder::workers::Limits;

use super::{Verdict, open_store, placed, start_threads};
use crate::cli;
use crate::progress;

/// Runs a study at every point of a grid and writes one table.
pub(crate) fn sweep(
    arguments: &cli::Sweep,
    out: &mut dyn Write,
    interrupted: &AtomicBool,
) -> anyhow::Result<Verdict> {
    let clock = Clock::start();
    start_threads(arguments.execution.threads)?;
    let sweep = Sweep::load(&arguments.study.study, &arguments.study.sets, &arguments.sweeps)?;
    let name = format!("{}-sweep", sweep.base.name);
    let target = arguments.output.clone().unwrap_or_else(|| Path::new("out").join(name));
    let memory = sweep.base.resolved()["engine"]["memory_limit"].as_u64();
    let limits = Limits::new(arguments.execution.threads, memory);
    #[cfg(feature = "mpi")]
    let ranks = super::ranks::Ranks::start();
    #[cfg(feature = "mpi")]
    if let Some(ranks) = ranks.as_ref().filter(|r| !r.leads()) {
        ranks.serve_points(&sweep, &Store::beside(&target), &limits, interrupted)?;
        return Ok(Verdict::Done);
    }
    let store = open_store(&target, arguments.force, arguments.resume)?;
    #[cfg(feature = "mpi")]
    if let Some(ranks) = &ranks {
        ranks.points(&sweep, &store, &limits, interrupted)?;
    }
    let bar = progress::counter(sweep.points.len(), "points", arguments.execution.quiet);
    let points: Vec<_> = sweep.points.iter().collect();
    let measured = sweep::measure(&points, &store, &limits, interrupted, &|point| {
        bar.set_message(sweep.words(point));
        bar.inc(1);
    });
    bar.finish_and_clear();
    let (outcomes, workers) = measured?;
    let finished = outcomes.iter().filter(|o| !matches!(o, Outcome::Missing)).count();
    if finished < outcomes.len() && interrupted.load(Ordering::SeqCst) {
        let (all, folder) = (outcomes.len(), store.folder().display());
        writeln!(
            std::io::stderr(),
            "interrupted: {finished} of {all} points are finished and kept in {folder}; --resume goes on"
        )?;
        return Ok(Verdict::Interrupted);
    }
    // An engine that refuses every point refuses the study.
    let outcomes = match all_refused(outcomes) {
        Ok(outcomes) => outcomes,
        Err(refusal) => return Err(placed(&sweep.points[0].study, refusal)),
    };
    let results = Results::new(&sweep, outcomes, workers);
    let folder = OutputFolder::begin(&target, arguments.force)?;
    sweep::write(&results, clock.read(), &folder)?;
    let target = folder.finish()?;
    store.clear()?;
    #[cfg(feature = "mpi")]
    if let Some(ranks) = &ranks {
        ranks.finish_points();
    }
    if !arguments.execution.quiet {
        write!(out, "{}", results.text())?;
        writeln!(out, "\n{:.1} s; results in {}", clock.read().wall_seconds, target.display())?;
    }
    Ok(if results.converged() { Verdict::Done } else { Verdict::NotConverged })
}

/// The outcomes, or the first refusal where there is nothing else.
fn all_refused(mut outcomes: Vec<Outcome>) -> Result<Vec<Outcome>, superladder::engine::EngineError> {
    if outcomes.iter().any(|o| !matches!(o, Outcome::Refused(_))) {
        return Ok(outcomes);
    }
    match outcomes.swap_remove(0) {
        Outcome::Refused(refusal) => Err(refusal),
        other => Ok(vec![other]),
    }
}
