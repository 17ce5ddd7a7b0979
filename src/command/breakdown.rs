//! `superladder breakdown`.

use std::io::Write;
use std::path::Path;

use superladder::study::Plan;
use superladder::workflows::breakdown::{self, BreakdownError, Report};
use superladder::workflows::place::store_beside;
use superladder::workflows::results::{Clock, OutputFolder};

use super::{Verdict, start_threads};
use crate::cli::Breakdown;
use crate::interrupt::Interrupt;
use crate::progress::Counter;

/// Measures t_E for every engine and size of a study, fits it and writes the output folder.
pub(crate) fn breakdown(
    arguments: &Breakdown,
    out: &mut dyn Write,
    interrupt: &Interrupt,
) -> anyhow::Result<Verdict> {
    let clock = Clock::start();
    let plan = Plan::load(&arguments.study.study, &arguments.study.sets)?;
    start_threads(arguments.execution.threads)?;
    let target = arguments.output.clone().unwrap_or_else(|| Path::new("out").join(&plan.name));
    let store = store_beside(&target, arguments.force, arguments.resume)?;
    let counter = Counter::new(arguments.execution.quiet);
    let measured = breakdown::measure_all(&plan, &store, counter.watch(interrupt.heed_briefly()));
    counter.finish();
    let measured = match measured {
        Err(BreakdownError::Interrupted) => {
            let folder = store.folder().display();
            let word = "interrupted: finished runs are kept in";
            writeln!(std::io::stderr(), "{word} {folder}; --resume goes on")?;
            return Ok(Verdict::Interrupted);
        }
        other => other?,
    };
    let folder = OutputFolder::begin(&target, arguments.force)?;
    let report = Report::new(&plan, measured)?;
    breakdown::write(&report, &clock, &folder)?;
    let target = folder.finish()?;
    store.clear()?;
    if !arguments.execution.quiet {
        write!(out, "{}", report.text())?;
        writeln!(out, "\n{:.1} s; results in {}", clock.read().wall_seconds, target.display())?;
    }
    Ok(if report.converged() { Verdict::Done } else { Verdict::NotConverged })
}
