//! `superladder breakdown`.

use std::io::Write;
use std::sync::atomic::AtomicBool;

use superladder::study::Plan;
use superladder::workflows::breakdown::{self, BreakdownError, Report, Sized};
use superladder::workflows::place::store_beside;
use superladder::workflows::results::{Clock, OutputFolder};
use superladder::workflows::store::Store;
use superladder::workflows::watch::{Unheard, Watch};

use super::{Verdict, output_folder, start_threads};
use crate::cli::{Breakdown, Merge};
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
    let target = output_folder(arguments.output.as_ref(), &plan.name);
    let store = store_beside(&target, arguments.force, arguments.resume)?;
    let counter = Counter::new(arguments.execution.quiet);
    let measured =
        breakdown::measure_all(&plan, arguments.shard, &store, counter.watch(interrupt.heed_briefly()));
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
    if let Some(shard) = arguments.shard {
        breakdown::write_part((&plan, shard), &store, &clock, &folder)?;
        let (target, runs) = (folder.finish()?, measured.iter().flatten().count());
        store.clear()?;
        if !arguments.execution.quiet {
            writeln!(out, "{runs} runs in {}; `superladder merge` joins all parts", target.display())?;
        }
        return Ok(Verdict::Done);
    }
    told(&plan, measured, &clock, folder, (arguments.execution.quiet, out), &store)
}

/// Makes the whole of all parts of a breakdown.
pub(crate) fn merge(arguments: &Merge, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let clock = Clock::start();
    let store = store_beside(&arguments.output, arguments.force, false)?;
    let mut whole = || -> anyhow::Result<Verdict> {
        let plan = breakdown::gathered(&arguments.parts, &store)?;
        let watch = Watch { interrupted: &AtomicBool::new(false), count: &Unheard };
        let measured = breakdown::measured_in(&plan, &store, watch)?;
        let folder = OutputFolder::begin(&arguments.output, arguments.force)?;
        told(&plan, measured, &clock, folder, (arguments.quiet, out), &store)
    };
    let verdict = whole();
    // What was copied is in the parts still.
    store.clear()?;
    verdict
}

/// Writes the output folder and tells what is in it.
fn told(
    plan: &Plan,
    measured: Vec<Vec<Sized>>,
    clock: &Clock,
    folder: OutputFolder,
    (quiet, out): (bool, &mut dyn Write),
    store: &Store,
) -> anyhow::Result<Verdict> {
    let report = Report::new(plan, measured)?;
    breakdown::write(&report, clock, &folder)?;
    let target = folder.finish()?;
    store.clear()?;
    if !quiet {
        write!(out, "{}", breakdown::shown(&report))?;
        writeln!(out, "\n{:.1} s; results in {}", clock.read().wall_seconds, target.display())?;
    }
    Ok(if report.converged() { Verdict::Done } else { Verdict::NotConverged })
}
