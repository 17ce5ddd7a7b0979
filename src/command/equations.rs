//! `superladder equations`.

use std::io::Write;

use superladder::cumulant::{Closure, Equations as MomentEquations};

use super::BadInput;
use crate::cli::Equations;

/// Prints the moment equations of every stage of a study.
pub(crate) fn equations(arguments: &Equations, out: &mut dyn Write) -> anyhow::Result<()> {
    let sets = &arguments.study.sets;
    let study = superladder::study::Study::load_for(&arguments.study.study, sets, Some("cumulant"))?;
    let closure = Closure::by_name(&arguments.closure).map_err(BadInput::from)?;
    let equations = MomentEquations::of_problem(&study.problem, arguments.order.into(), closure)
        .map_err(BadInput::from)?;
    for (number, stage) in study.problem.stages.iter().enumerate() {
        if study.problem.stages.len() > 1 {
            let mark = if arguments.latex { '%' } else { '#' };
            writeln!(out, "{mark} from t = {}", stage.start)?;
        }
        let text = if arguments.latex { equations.to_latex(number) } else { equations.to_text(number) };
        writeln!(out, "{}", text.trim_end())?;
        for (modulation, part) in stage.model.modulations().iter().zip(study.problem.parts(number)) {
            let mark = if arguments.latex { '%' } else { '#' };
            let (of, size, nominal) = (&modulation.of, modulation.size.text(), modulation.nominal);
            writeln!(out, "\n{mark} {of} follows time: add [({size}) - {nominal}] times")?;
            let text = if arguments.latex { equations.to_latex(part) } else { equations.to_text(part) };
            writeln!(out, "{}", text.trim_end())?;
        }
    }
    Ok(())
}
