//! `superladder steady`.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use superladder::engine::StationaryOptions;
use superladder::model::JointState;
use superladder::study::read_state;
use superladder::workflows::results::Clock;
use superladder::workflows::search::{Finished, Keeping};
use superladder::workflows::steady::Plan;

use super::{BadInput, Verdict, load, output_folder, start_threads};
use crate::cli::{Keep, Steady};
use crate::interrupt::Interrupt;
use crate::progress::Searching;

/// Finds the stationary state of a study and writes its output folder.
pub(crate) fn steady(
    arguments: &Steady,
    out: &mut dyn Write,
    interrupt: &Interrupt,
) -> anyhow::Result<Verdict> {
    let (begun, clock) = (Instant::now(), Clock::start());
    let study = load(&arguments.study)?;
    start_threads(arguments.execution.threads)?;
    check_tolerance(arguments.tolerance)?;
    let output = output_folder(arguments.output.as_ref(), &format!("{}-steady", study.name));
    let options = StationaryOptions {
        tolerance: arguments.tolerance,
        modes: arguments.modes.into(),
        certify: !arguments.assume_unique,
        keep_state: arguments.save_state,
        guess: arguments.from.as_deref().map(near).transpose()?,
        ..StationaryOptions::default()
    };
    let keeping = keeping(&arguments.keep, arguments.force);
    let plan = Plan { study: &study, options, output, keeping, clock };
    let searching =
        Searching::new(interrupt.heed(), arguments.keep.pauses.deadline(begun), arguments.execution.quiet);
    let finished = plan.run(&searching);
    searching.finish();
    told(&finished?, arguments.execution.quiet, out)
}

/// The saved state that a search begins at.
pub(super) fn near(path: &Path) -> Result<Arc<JointState>, BadInput> {
    let (state, _) = read_state(path).map_err(BadInput::SavedState)?;
    Ok(Arc::new(state))
}

/// Refuses a residual that no state can have.
pub(super) fn check_tolerance(tolerance: f64) -> Result<(), BadInput> {
    if tolerance > 0.0 && tolerance.is_finite() {
        return Ok(());
    }
    let found = tolerance.to_string();
    Err(BadInput::Option { name: "tolerance", allowed: "finite and greater than 0", found })
}

/// How a search is kept.
pub(super) fn keeping(keep: &Keep, force: bool) -> Keeping {
    Keeping { resume: keep.resume, force, interval: keep.pauses.interval() }
}

/// Says what was found and where it is.
pub(super) fn told(finished: &Finished, quiet: bool, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    if !quiet {
        write!(out, "{}", finished.text)?;
        writeln!(out, "\nresults in {}", finished.folder.display())?;
    }
    if let Some(warning) = &finished.warning {
        writeln!(std::io::stderr(), "warning: {warning}")?;
    }
    Ok(match finished {
        Finished { interrupted: true, .. } => Verdict::Interrupted,
        Finished { converged: false, .. } => Verdict::NotConverged,
        Finished { warning: Some(_), .. } => Verdict::CheckpointFailed,
        Finished { .. } => Verdict::Done,
    })
}
