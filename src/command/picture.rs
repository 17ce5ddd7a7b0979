//! `superladder picture`.

use std::io::Write;

use superladder::workflows::picture::{PictureError, Plan};
use superladder::workflows::results::Clock;

use super::{Verdict, load, output_folder, placed, start_threads};
use crate::cli;
use crate::interrupt::Interrupt;

/// Draws a state of a study.
pub(crate) fn picture(
    arguments: &cli::Picture,
    out: &mut dyn Write,
    interrupt: &Interrupt,
) -> anyhow::Result<Verdict> {
    let clock = Clock::start();
    let study = load(&arguments.study)?;
    let cli::Execution { threads, quiet } = arguments.execution;
    start_threads(threads)?;
    let output = output_folder(arguments.output.as_ref(), &format!("{}-picture", study.name));
    let cli::Picture { of, at, points, force, .. } = arguments;
    let plan = Plan { study: &study, of, at, points: *points, output, force: *force, clock };
    let drawn = match plan.run(interrupt.heed()) {
        Err(PictureError::Interrupted) => {
            writeln!(std::io::stderr(), "{}", PictureError::Interrupted)?;
            return Ok(Verdict::Interrupted);
        }
        Err(PictureError::Engine(error)) => return Err(placed(&study, error)),
        drawn => drawn?,
    };
    if !quiet {
        write!(out, "{}", drawn.text)?;
        writeln!(out, "\nresults in {}", drawn.folder.display())?;
    }
    Ok(if drawn.converged { Verdict::Done } else { Verdict::NotConverged })
}
