//! `superladder compare`.

use std::io::Write;
use std::sync::atomic::Ordering;

use superladder::study::{ENGINES, Study};
use superladder::workflows::compare::{self, Comparison};
use superladder::workflows::results::{Clock, OutputFolder};

use super::{BadInput, Verdict, output_folder, placed};
use crate::cli::Compare;
use crate::interrupt::Interrupt;

/// Runs a study with several engines and writes what they agree on and where they part.
pub(crate) fn compare(
    arguments: &Compare,
    out: &mut dyn Write,
    interrupt: &Interrupt,
) -> anyhow::Result<Verdict> {
    let clock = Clock::start();
    for name in &arguments.engines {
        if !ENGINES.iter().any(|e| e.name == name) {
            let known: Vec<&str> = ENGINES.iter().map(|e| e.name).collect();
            return Err(BadInput::UnknownEngine { name: name.clone(), known: known.join(", ") }.into());
        }
    }
    let (path, sets) = (&arguments.study.study, &arguments.study.sets_with(&arguments.shown));
    let studies = arguments.engines.iter().map(|name| Study::load_for(path, sets, Some(name)));
    let studies = studies.collect::<Result<Vec<_>, _>>()?;
    let study = &studies[studies.len() - 1];
    let target = output_folder(arguments.output.as_ref(), &format!("{}-compare", study.name));
    let folder = OutputFolder::begin(&target, arguments.force)?;
    let interrupted = interrupt.heed();
    let mut runs = Vec::new();
    for (name, study) in arguments.engines.iter().zip(&studies) {
        runs.push(compare::run(name, study, interrupted).map_err(|e| placed(study, e))?);
        if interrupted.load(Ordering::SeqCst) {
            break;
        }
    }
    // What there is stands, also after Ctrl-C: the engines that ran, the last one as far as it came.
    let comparison =
        Comparison { studies: &studies[..runs.len()], runs: &runs, tolerance: arguments.tolerance };
    let (target, text) = comparison.write(folder, &clock)?;
    if !arguments.quiet {
        write!(out, "{text}")?;
        writeln!(out, "\nresults in {}", target.display())?;
    }
    if interrupted.load(Ordering::SeqCst) {
        let all = studies.len();
        writeln!(
            std::io::stderr(),
            "interrupted: {} of {all} engines have run, the last one in part",
            runs.len()
        )?;
        return Ok(Verdict::Interrupted);
    }
    let agreed = !arguments.require_agreement || comparison.agreed();
    Ok(if comparison.converged() && agreed { Verdict::Done } else { Verdict::NotConverged })
}
