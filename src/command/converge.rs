//! `superladder converge`.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use superladder::config::Study;
use superladder::convergence::{ConvergenceError, Findings, write};
use superladder::output::{Clock, OutputFolder};
use superladder::workers::Limits;

use super::{Verdict, start_threads};
use crate::cli::Converge;
use crate::progress;

/// Varies the numerical settings of a study and judges every observable.
pub(crate) fn converge(
    arguments: &Converge,
    out: &mut dyn Write,
    interrupted: &AtomicBool,
) -> anyhow::Result<Verdict> {
    let clock = Clock::start();
    start_threads(arguments.execution.threads)?;
    let study = &arguments.study;
    let name = study.study.file_stem().unwrap_or_default().to_string_lossy();
    let target =
        arguments.output.clone().unwrap_or_else(|| Path::new("out").join(format!("{name}-converge")));
    // Refuses what is in the way now rather than in the end.
    drop(OutputFolder::begin(&target, arguments.force)?);
    let limits = |study: &Study| {
        Limits::new(arguments.execution.threads, study.resolved()["engine"]["memory_limit"].as_u64())
    };
    let bar = progress::counter(1, "runs", arguments.execution.quiet);
    let told = |runs: usize, words: &str| {
        bar.inc(1);
        bar.set_length((runs as u64).max(bar.position()));
        bar.set_message(words.to_owned());
    };
    let (vary, tolerance) = (&arguments.vary, arguments.tolerance);
    let found = Findings::of(&study.study, &study.sets, vary, tolerance, limits, interrupted, &told);
    bar.finish_and_clear();
    let findings = match found {
        Err(ConvergenceError::Interrupted) => {
            writeln!(std::io::stderr(), "interrupted: nothing was written")?;
            return Ok(Verdict::Interrupted);
        }
        found => found?,
    };
    let folder = OutputFolder::begin(&target, arguments.force)?;
    write(&findings, clock.read(), &folder)?;
    let target = folder.finish()?;
    if !arguments.execution.quiet {
        write!(out, "{}", findings.text())?;
        let seconds = clock.read().wall_seconds;
        writeln!(out, "\n{} runs, {seconds:.1} s; results in {}", findings.runs, target.display())?;
    }
    Ok(if findings.converged() { Verdict::Done } else { Verdict::NotConverged })
}
