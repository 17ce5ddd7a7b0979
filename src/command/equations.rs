//! `superladder equations`.

use std::io::Write;

use superladder::cumulant::{Closure, Equations as MomentEquations};
use superladder::model::Notation;
use superladder::study::Study;

use super::BadInput;
use crate::cli::Equations;

/// Prints the moment equations of every stage of a study.
pub(crate) fn equations(arguments: &Equations, out: &mut dyn Write) -> anyhow::Result<()> {
    let sets = &arguments.study.sets;
    let study = Study::load_for(&arguments.study.study, sets, Some("cumulant"))?;
    let closure = Closure::by_name(&arguments.closure).map_err(BadInput::from)?;
    let printed = Printed {
        notation: if arguments.latex { Notation::Latex } else { Notation::Text },
        order: arguments.order.into(),
        closure,
    };
    if arguments.numbers { printed.numbers(&study, out) } else { printed.symbols(&study, out) }
}

/// What is printed and how.
struct Printed {
    notation: Notation,
    order: usize,
    closure: Closure,
}

impl Printed {
    fn mark(&self) -> char {
        if self.notation == Notation::Latex { '%' } else { '#' }
    }

    fn stage(&self, study: &Study, number: usize, out: &mut dyn Write) -> anyhow::Result<()> {
        if study.problem.stages.len() > 1 {
            writeln!(out, "{} from t = {}", self.mark(), study.problem.stages[number].start)?;
        }
        Ok(())
    }

    /// Parameters by name; what follows time stands in the equations as it is written.
    fn symbols(&self, study: &Study, out: &mut dyn Write) -> anyhow::Result<()> {
        let models = study.in_symbols()?;
        let mut problem = study.problem.clone();
        for (stage, model) in problem.stages.iter_mut().zip(&models) {
            stage.model = model.in_parts(&stage.model);
        }
        let equations =
            MomentEquations::of_problem(&problem, self.order, self.closure).map_err(BadInput::from)?;
        for (number, model) in models.iter().enumerate() {
            self.stage(study, number, out)?;
            let text = equations.in_symbols(problem.parts(number), model, self.notation);
            writeln!(out, "{}", text.trim_end())?;
        }
        Ok(())
    }

    /// Every number in place; what follows time is added as a part.
    fn numbers(&self, study: &Study, out: &mut dyn Write) -> anyhow::Result<()> {
        let equations =
            MomentEquations::of_problem(&study.problem, self.order, self.closure).map_err(BadInput::from)?;
        let text = |number: usize| match self.notation {
            Notation::Latex => equations.to_latex(number),
            Notation::Text => equations.to_text(number),
        };
        for (number, stage) in study.problem.stages.iter().enumerate() {
            self.stage(study, number, out)?;
            writeln!(out, "{}", text(number).trim_end())?;
            for (modulation, part) in stage.model.modulations().iter().zip(study.problem.parts(number)) {
                let (of, size, nominal) = (&modulation.of, modulation.size.text(), modulation.nominal);
                writeln!(out, "\n{} {of} follows time: add [({size}) - {nominal}] times", self.mark())?;
                writeln!(out, "{}", text(part).trim_end())?;
            }
        }
        Ok(())
    }
}
