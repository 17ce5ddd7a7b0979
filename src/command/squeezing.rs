//! `superladder squeezing`.

use std::io::Write;

use superladder::workflows::results::Clock;
use superladder::workflows::squeezing::{self, SqueezingEnd, SqueezingRequest};
use superladder::workflows::workers::Limits;

use super::{Verdict, output_folder, start_threads};
use crate::cli;
use crate::interrupt::Interrupt;
use crate::progress::Counter;

/// Finds the squeezing of every ensemble by several engines and sizes.
pub(crate) fn squeezing(
    arguments: &cli::Squeezing,
    out: &mut dyn Write,
    interrupt: &Interrupt,
) -> anyhow::Result<Verdict> {
    let clock = Clock::start();
    let cli::Execution { threads, quiet } = arguments.execution;
    start_threads(threads)?;
    let study = &arguments.study.study;
    let name = study.file_stem().map_or("study".into(), |stem| stem.to_string_lossy());
    let target = output_folder(arguments.output.as_ref(), &format!("{name}-squeezing"));
    let request = SqueezingRequest {
        study,
        sets: &arguments.study.sets,
        engines: &arguments.engines,
        sizes: arguments.sizes.as_deref(),
        steady: arguments.steady,
        target: &target,
        force: arguments.force,
        resume: arguments.resume,
    };
    let sweep = squeezing::plan(&request)?;
    let limits = Limits::new(threads, sweep.base.engine.memory_limit());
    let counter = Counter::new(quiet);
    let watch = counter.watch(interrupt.heed_briefly());
    let ended = squeezing::carry_out(&sweep, &request, (limits, clock), watch);
    counter.finish();
    let (text, converged, folder) = match ended? {
        SqueezingEnd::Interrupted { finished, all, kept } => {
            let kept = kept.display();
            writeln!(
                std::io::stderr(),
                "interrupted: {finished} of {all} runs are finished and kept in {kept}; --resume goes on"
            )?;
            return Ok(Verdict::Interrupted);
        }
        SqueezingEnd::Written { text, converged, folder } => (text, converged, folder),
    };
    if !quiet {
        write!(out, "{text}")?;
        writeln!(out, "\n{:.1} s; results in {}", clock.read().wall_seconds, folder.display())?;
    }
    Ok(if converged { Verdict::Done } else { Verdict::NotConverged })
}
