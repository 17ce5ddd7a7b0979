//! `superladder limit-cycles`: the cycle that mean field settles on, its branch over a parameter, its
//! bifurcations.

use std::io::Write;
use std::sync::atomic::Ordering;

use serde_json::json;
use superladder::mean_field::{start_near_normal, turned};
use superladder::workflows::cycles::{CyclesError, Found, attracting, follow, write};
use superladder::workflows::maps;
use superladder::workflows::results::{Clock, OutputFolder};
use superladder::workflows::sweep::Sweep;

use super::Verdict;
use super::mean_field::{of_mean_field, positive};
use crate::cli::{CycleStart, LimitCycles};
use crate::interrupt::Interrupt;
use crate::progress::Counter;

/// Prints the cycle that the start settles on, and follows it if asked to.
pub(crate) fn limit_cycles(
    arguments: &LimitCycles,
    out: &mut dyn Write,
    interrupt: &Interrupt,
) -> anyhow::Result<Verdict> {
    positive("burn", arguments.burn)?;
    let clock = Clock::start();
    let (path, sets) = (arguments.study.study.as_path(), arguments.study.sets.as_slice());
    let axis = arguments.follow.iter().cloned().collect::<Vec<String>>();
    let sweep = (!axis.is_empty()).then(|| Sweep::load(path, sets, &axis)).transpose()?;
    let study = of_mean_field(&arguments.study)?;
    if let Some(sweep) = &sweep {
        superladder::workflows::cycles::range(&sweep.axes[0])?;
    }
    let folder =
        arguments.output.as_ref().map(|target| OutputFolder::begin(target, arguments.force)).transpose()?;
    let first = sweep.as_ref().map_or(&study, |s| &s.points[0].study);
    let equations = maps::equations(first).map_err(CyclesError::from)?;
    let names: Vec<String> = equations.unknowns().iter().map(|v| v.name.clone()).collect();
    let (start, from) = match arguments.start {
        CycleStart::Normal => (
            start_near_normal(&equations),
            "near the normal state; --start study takes the study's initial state",
        ),
        CycleStart::Study => {
            let start = equations.initial(&first.problem.initial).map_err(CyclesError::from)?;
            (start, "in the study's initial state")
        }
    };
    let Found { cycle, words, time } = attracting(&equations, &start, arguments.burn)?;
    let Some(cycle) = cycle else {
        let words = words.unwrap_or_default();
        if arguments.json {
            let all = json!({ "title": study.title, "start": from, "settled_at": time, "cycle": null, "words": words });
            writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        } else {
            writeln!(out, "{}: {words}\nstart: {from}", study.title)?;
        }
        return Ok(Verdict::NotConverged);
    };
    let conserved = equations.conserved_lengths().len();
    let interrupted = interrupt.heed_briefly();
    let counter = Counter::new(arguments.json);
    let branch =
        sweep.as_ref().map(|s| follow(&cycle, s, (path, sets), conserved, counter.watch(interrupted)));
    counter.finish();
    let branch = branch.transpose()?;
    let free: Vec<&str> = turned(&equations).into_iter().map(|k| names[k].as_str()).collect();
    if arguments.json {
        let all = json!({ "title": study.title, "start": from, "settled_at": time, "words": words, "cycle": cycle.json(&names), "phase_of_the_start": free, "branch": branch.as_ref().map(|b| b.json(&names)) });
        writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
    } else {
        write!(out, "{}", cycle.text(&study.title, &names, conserved))?;
        writeln!(out, "\nstart: {from}; settled at t = {time}")?;
        words.iter().try_for_each(|words| writeln!(out, "{words}"))?;
        if !free.is_empty() {
            writeln!(
                out,
                "\na continuous symmetry turns {}: their phases, and means that depend on them, are those of the start",
                free.join(", ")
            )?;
        }
        branch.iter().try_for_each(|branch| write!(out, "{}", branch.text(equations.modes())))?;
    }
    if interrupted.load(Ordering::SeqCst) {
        writeln!(std::io::stderr(), "interrupted: the branch ends where it was")?;
        return Ok(Verdict::Interrupted);
    }
    if let Some(folder) = folder {
        let written = write(folder, &study, &equations, &cycle, branch.as_ref(), &clock)?;
        if !arguments.json {
            writeln!(out, "results in {}", written.display())?;
        }
    }
    Ok(if words.is_some() { Verdict::NotConverged } else { Verdict::Done })
}
