//! `superladder breakdown`.

use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use rayon::prelude::*;
use superladder::breakdown::{self, BreakdownError, Report, Sized};
use superladder::config::Plan;
use superladder::output::{Clock, OutputFolder};
use superladder::store::Store;

use super::{Verdict, open_store, start_threads};
use crate::cli::Breakdown;
use crate::progress;

/// Measures t_E for every engine and size of a study, fits it and writes the output folder.
pub(crate) fn breakdown(
    arguments: &Breakdown,
    out: &mut dyn Write,
    interrupted: &AtomicBool,
) -> anyhow::Result<Verdict> {
    let clock = Clock::start();
    let plan = Plan::load(&arguments.study.study, &arguments.study.sets)?;
    start_threads(arguments.execution.threads)?;
    let name = arguments.study.study.file_stem().unwrap_or_default();
    let target = arguments.output.clone().unwrap_or_else(|| Path::new("out").join(name));
    let store = open_store(&target, arguments.force, arguments.resume)?;
    let measured = match measure(&plan, &store, arguments.execution.quiet, interrupted) {
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
    breakdown::write(&report, clock.read(), &folder)?;
    let target = folder.finish()?;
    store.clear()?;
    if !arguments.execution.quiet {
        write!(out, "{}", report.text())?;
        writeln!(out, "\n{:.1} s; results in {}", clock.read().wall_seconds, target.display())?;
    }
    Ok(if report.converged() { Verdict::Done } else { Verdict::NotConverged })
}

/// Engines whose cost grows steeply with the size.
const EXPENSIVE: [&str; 2] = ["exact", "trajectories"];

/// All engines and sizes, the most expensive first so that the threads end together.
fn measure(
    plan: &Plan,
    store: &Store,
    hidden: bool,
    interrupted: &AtomicBool,
) -> Result<Vec<Vec<Sized>>, BreakdownError> {
    let mut jobs: Vec<(usize, usize)> = Vec::new();
    for (s, series) in plan.series.iter().enumerate() {
        jobs.extend((0..series.values.len()).map(|v| (s, v)));
    }
    jobs.sort_by_key(|(s, v)| std::cmp::Reverse((EXPENSIVE.contains(&plan.series[*s].engine.as_str()), *v)));
    let bar = progress::counter(jobs.len(), "runs", hidden);
    let done: Mutex<Vec<(usize, usize, Sized)>> = Mutex::new(Vec::new());
    let result: Result<(), BreakdownError> = jobs.par_iter().with_max_len(1).try_for_each(|&(s, v)| {
        let series = &plan.series[s];
        let name = format!("{} at {} = {}", series.label, plan.parameter, series.values[v]);
        let told = |text: &str| bar.set_message(format!("{name}: {text}"));
        let found = breakdown::measure(plan, series, series.values[v], store, interrupted, &told)?;
        bar.set_message(name.clone());
        bar.inc(1);
        if let Ok(mut done) = done.lock() {
            done.push((s, v, found));
        }
        Ok(())
    });
    bar.finish_and_clear();
    result?;
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(s, v, _)| (*s, *v));
    let mut measured: Vec<Vec<Sized>> = plan.series.iter().map(|_| Vec::new()).collect();
    for (s, _, found) in done {
        measured[s].push(found);
    }
    Ok(measured)
}
