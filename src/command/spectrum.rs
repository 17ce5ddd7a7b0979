//! `superladder spectrum`.

use std::io::Write;
use std::time::Instant;

use superladder::engine::StationaryOptions;
use superladder::workflows::results::Clock;
use superladder::workflows::spectrum::Plan;

use super::steady::{check_tolerance, keeping, near, told};
use super::{Verdict, load, output_folder, start_threads};
use crate::cli::Spectrum;
use crate::interrupt::Interrupt;
use crate::progress::Searching;

/// Finds the correlations and spectra that a study asks for and writes its output folder.
pub(crate) fn spectrum(
    arguments: &Spectrum,
    out: &mut dyn Write,
    interrupt: &Interrupt,
) -> anyhow::Result<Verdict> {
    let (begun, clock) = (Instant::now(), Clock::start());
    let study = load(&arguments.study)?;
    start_threads(arguments.execution.threads)?;
    check_tolerance(arguments.tolerance)?;
    let output = output_folder(arguments.output.as_ref(), &format!("{}-spectrum", study.name));
    let options = StationaryOptions {
        tolerance: arguments.tolerance,
        modes: 0,
        certify: !arguments.assume_unique,
        errors: false,
        guess: arguments.from.as_deref().map(near).transpose()?,
        ..StationaryOptions::default()
    };
    let check_cutoffs = !arguments.assume_cutoffs;
    let keeping = keeping(&arguments.keep, arguments.force);
    let plan = Plan { study: &study, options, check_cutoffs, output, keeping, clock };
    let searching =
        Searching::new(interrupt.heed(), arguments.keep.pauses.deadline(begun), arguments.execution.quiet);
    let finished = plan.run(&searching);
    searching.finish();
    told(&finished?, arguments.execution.quiet, out)
}
