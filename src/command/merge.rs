//! `superladder merge`.

use std::io::Write;
use std::time::Instant;

use superladder::config::Study;
use superladder::engine::Silent;
use superladder::output::{Clock, Effort, Outcome, OutputFolder};
use superladder::samples::{self, Samples, SamplesError};

use super::run::go_on;
use super::summary::summary;
use super::{Verdict, placed};
use crate::cli::Merge;

/// Merges runs over different trajectories into one output folder.
pub(crate) fn merge(arguments: &Merge, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let begun = Instant::now();
    let mut parts = arguments.parts.iter().map(|part| {
        let read = Samples::read(part)?;
        if arguments.salvage { Ok(read) } else { read.whole() }
    });
    let Some(first) = parts.next() else { return Ok(Verdict::Done) };
    let mut merged: Samples = first?;
    let mut lost = merged.damaged.len();
    for part in parts {
        let part = part?;
        lost += part.damaged.len();
        merged.merge(&part)?;
    }
    let indices = merged.sums.indices();
    let Some(some) = indices.first() else {
        return Err(SamplesError::Empty.into());
    };
    let (name, text) = merged.study();
    let study = Study::parse(&merged.path().display().to_string(), name, text, &[])?;
    // All trajectories of this engine are there already.
    let engine = study.engine().over(some.start..some.start + 1);
    let engine = engine.ok_or_else(|| SamplesError::Foreign { path: merged.path().to_owned() })?;
    let folder = OutputFolder::begin(&arguments.output, arguments.force)?;
    let resources = engine.resources(&study.problem).map_err(|e| placed(&study, e))?;
    let clock = Clock::start();
    let (evolution, recorder) =
        go_on(engine.as_ref(), &study, &merged.sums, &mut Silent).map_err(|e| placed(&study, e))?;
    let mut statistics = evolution.statistics();
    statistics["trajectories_asked_for"] = statistics["trajectories"].clone();
    let mut warnings = evolution.warnings();
    if lost > 0 {
        warnings.push(format!("{lost} damaged blocks of trajectories were left out"));
    }
    let outcome = Outcome {
        study: &study,
        recorder: &recorder,
        diagnostics: evolution.diagnostics(),
        statistics,
        warnings,
        attachments: evolution.attachments(),
        samples: Some(samples::to_bytes(&study, &evolution.save())),
        resources: &resources,
        effort: Effort::since(begun, clock.read(), None),
    };
    outcome.write(&folder)?;
    let target = folder.finish()?;
    if !arguments.quiet {
        write!(out, "{}", summary(&outcome, &target))?;
    }
    Ok(if outcome.converged() { Verdict::Done } else { Verdict::NotConverged })
}
