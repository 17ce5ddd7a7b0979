//! The moment equations of a study, written with the names that it gives its numbers.

use std::fmt::Write;

use superladder_cumulant::{Closure, CumulantError, Equations};
use superladder_model::Notation;

use crate::study::Study;

/// How moment equations are written.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// Joint cumulants above this order are zero.
    pub order: usize,
    /// The closure.
    pub closure: Closure,
    /// Text or LaTeX.
    pub notation: Notation,
    /// Values of parameters in place of their names.
    pub numbers: bool,
}

impl Study {
    /// The moment equations of all stages. With names, what follows time stands in them as the study writes it; with numbers
    /// it is a part of its own. An ensemble that is split has numbers: the nodes of a quadrature rule have no names.
    ///
    /// # Errors
    /// [`CumulantError`].
    pub fn equations(&self, written: Written) -> Result<String, CumulantError> {
        let named = if written.numbers { None } else { self.in_symbols().ok() };
        let Some(models) = named else { return self.in_numbers(written) };
        let mut problem = self.problem.clone();
        for (stage, model) in problem.stages.iter_mut().zip(&models) {
            stage.model = model.in_parts(&stage.model);
        }
        let equations = Equations::of_problem(&problem, written.order, written.closure)?;
        let mut text = String::new();
        for (number, model) in models.iter().enumerate() {
            self.begin(&mut text, number, written.notation);
            text.push_str(&equations.in_symbols(problem.parts(number), model, written.notation));
        }
        Ok(text)
    }

    /// Says from when on a stage is in force, where there are several.
    fn begin(&self, text: &mut String, stage: usize, notation: Notation) {
        if self.problem.stages.len() > 1 {
            let _ = writeln!(text, "{} from t = {}", mark(notation), self.problem.stages[stage].start);
        }
    }

    fn in_numbers(&self, written: Written) -> Result<String, CumulantError> {
        let equations = Equations::of_problem(&self.problem, written.order, written.closure)?;
        let one = |number: usize| match written.notation {
            Notation::Latex => equations.to_latex(number),
            Notation::Text => equations.to_text(number),
        };
        let mut text = String::new();
        for (number, stage) in self.problem.stages.iter().enumerate() {
            self.begin(&mut text, number, written.notation);
            text.push_str(&one(number));
            for (modulation, part) in stage.model.modulations().iter().zip(self.problem.parts(number)) {
                let (of, size, nominal) = (&modulation.of, modulation.size.text(), modulation.nominal);
                let mark = mark(written.notation);
                let _ = writeln!(text, "\n{mark} {of} follows time: add [({size}) - {nominal}] times");
                text.push_str(&one(part));
            }
        }
        Ok(text)
    }
}

fn mark(notation: Notation) -> char {
    if notation == Notation::Latex { '%' } else { '#' }
}
