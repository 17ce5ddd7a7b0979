//! `superladder run`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::Context;
use superladder::engine;
use superladder::output::{Effort, Outcome, OutputFolder};

use super::summary::summary;
use super::{Verdict, load, placed};
use crate::cli::Run;
use crate::progress::Bar;

/// Runs a study and writes its output folder.
pub(crate) fn run(arguments: &Run, out: &mut dyn Write, interrupted: &AtomicBool) -> anyhow::Result<Verdict> {
    let begun = Instant::now();
    let study = load(&arguments.study)?;
    if let Some(threads) = arguments.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into());
        pool.build_global().context("cannot start the threads")?;
    }
    let target = arguments.output.clone().unwrap_or_else(|| default_output(&study.name));
    let folder = OutputFolder::begin(&target, arguments.force)?;
    let engine = study.engine();
    let resources = engine.resources(&study.problem).map_err(|e| placed(&study, e))?;
    let mut bar = Bar::new(&study.problem.times, arguments.quiet, interrupted);
    let result = engine::run(engine.as_ref(), &study.problem, &mut bar);
    bar.finish();
    let (evolution, recorder) = result.map_err(|e| placed(&study, e))?;
    let outcome = Outcome {
        study: &study,
        recorder: &recorder,
        diagnostics: evolution.diagnostics(),
        statistics: evolution.statistics(),
        resources: &resources,
        effort: Effort::since(begun),
    };
    outcome.write(&folder)?;
    let target = folder.finish()?;
    if !arguments.quiet {
        write!(out, "{}", summary(&outcome, &target))?;
    }
    Ok(match (recorder.interrupted, outcome.converged()) {
        (true, _) => Verdict::Interrupted,
        (false, false) => Verdict::NotConverged,
        (false, true) => Verdict::Done,
    })
}

fn default_output(name: &str) -> PathBuf {
    Path::new("out").join(name)
}
