//! `superladder compare`.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use superladder::attempt::attempt;
use superladder::comparison::{Ran, csv, deviations, overlays, report};
use superladder::config::Study;
use superladder::engine::Problem;
use superladder::engines::ENGINES;
use superladder::model::Evaluation;
use superladder::output::{Clock, OutputFolder};
use superladder::plot;

use super::{BadInput, Verdict, placed};
use crate::cli::Compare;

/// Runs a study with several engines and writes what they agree on and where they part.
pub(crate) fn compare(
    arguments: &Compare,
    out: &mut dyn Write,
    interrupted: &AtomicBool,
) -> anyhow::Result<Verdict> {
    let clock = Clock::start();
    for name in &arguments.engines {
        if !ENGINES.iter().any(|e| e.name == name) {
            let known: Vec<&str> = ENGINES.iter().map(|e| e.name).collect();
            return Err(BadInput::UnknownEngine { name: name.clone(), known: known.join(", ") }.into());
        }
    }
    let studies = arguments
        .engines
        .iter()
        .map(|name| Study::load_for(&arguments.study.study, &arguments.study.sets, Some(name)));
    let studies = studies.collect::<Result<Vec<_>, _>>()?;
    let study = &studies[studies.len() - 1];
    let target =
        arguments.output.clone().unwrap_or_else(|| Path::new("out").join(format!("{}-compare", study.name)));
    let folder = OutputFolder::begin(&target, arguments.force)?;
    let mut runs = Vec::new();
    for (name, study) in arguments.engines.iter().zip(&studies) {
        runs.push(run(name, study, interrupted)?);
        if interrupted.load(Ordering::SeqCst) {
            return Ok(Verdict::Interrupted);
        }
    }
    let problem = shared(&study.problem);
    let overlays = overlays(&problem, &runs);
    let deviations = deviations(&problem, &runs, &overlays);
    let text = report(&study.title, &runs, &deviations);
    let manifest = json!({
        "program": "superladder compare",
        "version": env!("CARGO_PKG_VERSION"),
        "commit": option_env!("SUPERLADDER_COMMIT").unwrap_or("unknown"),
        "engines": arguments.engines,
        "configurations": studies.iter().map(Study::resolved).collect::<Vec<_>>(),
        "not_converged": runs.iter().map(|r| json!({ "engine": r.engine, "broken": r.broken })).collect::<Vec<_>>(),
        "wall_seconds": clock.read().wall_seconds,
        "cpu_seconds": clock.read().cpu_seconds,
    });
    let manifest = serde_json::to_string_pretty(&manifest)?;
    folder.write("compare.csv", |file| file.write_all(csv(&problem, &runs, &overlays).as_bytes()))?;
    folder.write("report.txt", |file| file.write_all(text.as_bytes()))?;
    folder.write("manifest.json", |file| writeln!(file, "{manifest}"))?;
    folder.write("study.toml", |file| file.write_all(study.text().as_bytes()))?;
    let picture = plot::compare(&study.title, &problem, &arguments.engines, &overlays);
    folder.write_picture("compare", &picture)?;
    let target = folder.finish()?;
    if !arguments.quiet {
        write!(out, "{text}")?;
        let dropped = study.problem.observables.len() - problem.observables.len();
        if dropped > 0 {
            writeln!(
                out,
                "\n{dropped} observables of the whole state are left out: not every engine has one"
            )?;
        }
        writeln!(out, "\nresults in {}", target.display())?;
    }
    let converged = runs.iter().all(|run| run.broken.is_empty() && run.failure.is_none());
    Ok(if converged { Verdict::Done } else { Verdict::NotConverged })
}

/// The problem with the observables that every engine can measure.
fn shared(problem: &Problem) -> Problem {
    let mut problem = problem.clone();
    problem.observables.retain(|o| matches!(o.evaluation, Evaluation::Moments { .. }));
    problem
}

/// Runs one engine; a failure on the way, such as the blow-up of a hierarchy, keeps what came before.
fn run(name: &str, study: &Study, interrupted: &AtomicBool) -> anyhow::Result<Ran> {
    let problem = shared(&study.problem);
    let ran = attempt(study.engine().as_ref(), &problem, interrupted).map_err(|e| placed(study, e))?;
    let broken = ran.diagnostics.broken();
    Ok(Ran { engine: name.to_owned(), failure: ran.failure, broken, recorder: ran.recorder })
}
