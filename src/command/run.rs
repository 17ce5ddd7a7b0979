//! `superladder run` and `merge`.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Instant;

use superladder::engine::End;
use superladder::study::Study;
use superladder::workflows::results::Clock;
use superladder::workflows::run::{self, Outcome, Plan, summary};

use super::{Verdict, output_folder, start_threads};
use crate::cli::{Merge, Run};
use crate::interrupt::Interrupt;
use crate::progress::{Bar, Pauses};

/// Runs a study and writes its output folder.
pub(crate) fn run(arguments: &Run, out: &mut dyn Write, interrupt: &Interrupt) -> anyhow::Result<Verdict> {
    let (begun, clock) = (Instant::now(), Clock::start());
    let sets = arguments.study.sets_with(&arguments.shown);
    let mut study = Study::load(&arguments.study.study, &sets)?;
    if arguments.save_state && study.problem.end == End::Records {
        study.problem.end = End::State;
    }
    start_threads(arguments.execution.threads)?;
    let output = output_folder(arguments.output.as_ref(), &study.name);
    let (force, resume, indices) = (arguments.force, arguments.resume, arguments.indices.clone());
    let plan = Plan { study: &study, output, force, resume, indices, clock };
    let Some(prepared) = plan.prepare()? else { return Ok(Verdict::Done) };
    if let Some(warning) = prepared.warning() {
        writeln!(std::io::stderr(), "warning: {warning}")?;
    }
    let pauses = Pauses {
        keeper: prepared.keeper(),
        interval: arguments.pauses.interval(),
        deadline: arguments.pauses.deadline(begun),
        interrupted: interrupt.heed(),
    };
    let mut bar = Bar::new(pauses, prepared.resumed_at(), arguments.execution.quiet);
    let finished = prepared.run(&mut bar);
    bar.finish();
    let failed = bar.failed();
    let verdict = finished?.write(|outcome, folder| {
        let verdict = tell(outcome, folder, arguments.execution.quiet, out)?;
        if arguments.show {
            let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            write!(out, "\n{}", outcome.shown(terminal_width(), colour))?;
        }
        Ok::<_, anyhow::Error>(verdict)
    })??;
    Ok(if failed { Verdict::CheckpointFailed } else { verdict })
}

/// Characters in a row of the terminal: as COLUMNS says, as wide as it is, or 80.
fn terminal_width() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).filter(|width| *width > 0);
    said.or_else(|| terminal_size::terminal_size().map(|(width, _)| width.0.into())).unwrap_or(80)
}

/// Merges runs over different trajectories, or parts of a breakdown, into one output folder.
pub(crate) fn merge(arguments: &Merge, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    if arguments.parts.iter().any(|part| superladder::workflows::breakdown::is_part(part)) {
        return super::breakdown::merge(arguments, out);
    }
    let target = (arguments.output.as_path(), arguments.force);
    run::merge(&arguments.parts, arguments.salvage, target, |outcome, folder| {
        tell(outcome, folder, arguments.quiet, out)
    })?
}

fn tell(outcome: &Outcome<'_>, folder: &Path, quiet: bool, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    if !quiet {
        write!(out, "{}", summary(outcome, folder))?;
    }
    Ok(match (outcome.recorder.interrupted, outcome.converged()) {
        (true, _) => Verdict::Interrupted,
        (false, false) => Verdict::NotConverged,
        (false, true) => Verdict::Done,
    })
}
