//! `superladder spectrum`.

use std::io::Write;
use std::path::Path;

use superladder::engine::StationaryOptions;
use superladder::workflows::results::Clock;
use superladder::workflows::spectrum::Plan;

use super::{BadInput, Verdict, load, start_threads};
use crate::cli::Spectrum;
use crate::interrupt::Interrupt;

/// Finds the correlations and spectra that a study asks for and writes its output folder.
pub(crate) fn spectrum(
    arguments: &Spectrum,
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
    let output = output.unwrap_or_else(|| Path::new("out").join(format!("{}-spectrum", study.name)));
    let options = StationaryOptions {
        tolerance: arguments.tolerance,
        modes: 0,
        certify: !arguments.assume_unique,
        errors: false,
        raise_cutoffs: true,
    };
    let check_cutoffs = !arguments.assume_cutoffs;
    let plan = Plan { study: &study, options, check_cutoffs, output, force: arguments.force, clock };
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
