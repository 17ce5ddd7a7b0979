//! `superladder converge`.

use std::io::Write;

use superladder::study::Study;
use superladder::workflows::converge::{ConvergenceError, Findings, Vary, write};
use superladder::workflows::results::{Clock, OutputFolder};
use superladder::workflows::workers::Limits;

use super::{Verdict, output_folder, start_threads};
use crate::cli::Converge;
use crate::interrupt::Interrupt;
use crate::progress::Counter;
use superladder::workflows::watch::Count as _;

/// Varies the numerical settings of a study and judges every observable.
pub(crate) fn converge(
    arguments: &Converge,
    out: &mut dyn Write,
    interrupt: &Interrupt,
) -> anyhow::Result<Verdict> {
    let clock = Clock::start();
    start_threads(arguments.execution.threads)?;
    let study = &arguments.study;
    let name = study.study.file_stem().unwrap_or_default().to_string_lossy();
    let target = output_folder(arguments.output.as_ref(), &format!("{name}-converge"));
    // Refuses what is in the way now rather than in the end.
    drop(OutputFolder::begin(&target, arguments.force)?);
    let limits = |study: &Study| Limits::new(arguments.execution.threads, study.engine.memory_limit());
    let bar = Counter::new(arguments.execution.quiet);
    let told = |runs: usize, words: &str| {
        bar.expect(runs);
        bar.done(1, words);
    };
    let vary: Vec<Vary> = arguments.vary.iter().map(|v| (*v).into()).collect();
    let tolerance = arguments.tolerance;
    let interrupted = interrupt.heed_briefly();
    let found = Findings::of(&study.study, &study.sets, &vary, tolerance, limits, interrupted, &told);
    bar.finish();
    let findings = match found {
        Err(ConvergenceError::Interrupted) => {
            writeln!(std::io::stderr(), "interrupted: nothing was written")?;
            return Ok(Verdict::Interrupted);
        }
        found => found?,
    };
    let folder = OutputFolder::begin(&target, arguments.force)?;
    write(&findings, &clock, &folder)?;
    let target = folder.finish()?;
    if !arguments.execution.quiet {
        write!(out, "{}", findings.text())?;
        let seconds = clock.read().wall_seconds;
        writeln!(out, "\n{} runs, {seconds:.1} s; results in {}", findings.runs, target.display())?;
    }
    Ok(if findings.converged() { Verdict::Done } else { Verdict::NotConverged })
}
