//! `superladder sweep`.

use std::io::Write;

use superladder::workflows::results::Clock;
use superladder::workflows::sweep::{Ended, Request, Sweep, carry_out};
use superladder::workflows::workers::Limits;

use super::{Verdict, output_folder, start_threads};
use crate::cli;
use crate::interrupt::Interrupt;
use crate::progress::Counter;

/// Runs a study at every point of a grid and writes one table.
pub(crate) fn sweep(
    arguments: &cli::Sweep,
    out: &mut dyn Write,
    interrupt: &Interrupt,
) -> anyhow::Result<Verdict> {
    let clock = Clock::start();
    let cli::Execution { threads, quiet } = arguments.execution;
    start_threads(threads)?;
    let sets = arguments.study.sets_with(&arguments.shown);
    let sweep = Sweep::load(&arguments.study.study, &sets, &arguments.sweeps)?;
    let name = format!("{}-sweep", sweep.base.name);
    let target = output_folder(arguments.output.as_ref(), &name);
    let limits = Limits::new(threads, sweep.base.engine.memory_limit());
    let (force, resume) = (arguments.force, arguments.resume);
    let counter = Counter::new(quiet);
    let request = Request { target: &target, force, resume, limits, clock };
    let ended = carry_out(&sweep, request, counter.watch(interrupt.heed_briefly()));
    counter.finish();
    let (results, folder) = match ended? {
        Ended::Served => return Ok(Verdict::Done),
        Ended::Interrupted(finished, kept) => {
            let (all, folder) = (sweep.points.len(), kept.display());
            writeln!(
                std::io::stderr(),
                "interrupted: {finished} of {all} points are finished and kept in {folder}; --resume goes on"
            )?;
            return Ok(Verdict::Interrupted);
        }
        Ended::Written(results, folder) => (results, folder),
    };
    if !quiet {
        write!(out, "{}", results.text())?;
        writeln!(out, "\n{:.1} s; results in {}", clock.read().wall_seconds, folder.display())?;
    }
    Ok(if results.converged() { Verdict::Done } else { Verdict::NotConverged })
}
