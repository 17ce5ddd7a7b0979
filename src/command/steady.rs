//! `superladder steady`.

use std::io::Write;
use std::path::Path;

use superladder::engine::StationaryOptions;
use superladder::workflows::results::Clock;
use superladder::workflows::steady::Plan;

use super::{BadInput, Verdict, load, start_threads};
use crate::cli::Steady;
use crate::interrupt::Interrupt;

/// Finds the stationary state of a study and writes its output folder.
pub(crate) fn steady(
    arguments: &Steady,
    out: &mut dyn Write,
    interrupt: &Interrupt,
) -> anyhow::Result<Verdict> {
    let clock = Clock::start();
    let study = load(&arguments.study)?;
    start_threads(arguments.execution.threads)?;
    if !(arguments.tolerance > 0.0 && arguments.tolerance.is_finite()) {
        let found = arguments.tolerance.to_string();
        return Err(
            BadInput::Option { name: "tolerance", allowed: "finite and greater than 0", found }.into()
        );
    }
    let output = arguments.output.clone();
    let output = output.unwrap_or_else(|| Path::new("out").join(format!("{}-steady", study.name)));
    let options = StationaryOptions {
        tolerance: arguments.tolerance,
        modes: arguments.modes.into(),
        certify: !arguments.assume_unique,
        errors: true,
        raise_cutoffs: true,
    };
    let plan = Plan { study: &study, options, output, force: arguments.force, clock };
    let finished = match plan.run(interrupt.heed()) {
        Err(error) if error.is_interrupt() => {
            writeln!(std::io::stderr(), "interrupted: nothing was written")?;
            return Ok(Verdict::Interrupted);
        }
        finished => finished?,
    };
    if !arguments.execution.quiet {
        write!(out, "{}", finished.text)?;
        writeln!(out, "\nresults in {}", finished.folder.display())?;
    }
    Ok(if finished.converged { Verdict::Done } else { Verdict::NotConverged })
}
