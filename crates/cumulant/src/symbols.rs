//! Equations with named parameters.

use std::collections::BTreeMap;
use std::ops::Range;

use superladder_model::{Notation, Symbolic, SymbolicModel};

use crate::equations::Equations;
use crate::text::Style;
use crate::variables::JointCumulant;

/// The terms of a right-hand side.
type Terms = BTreeMap<Vec<JointCumulant>, Symbolic>;

impl Equations {
    /// Coefficients of a right-hand side with names: the sum of what the parts contribute, each with the powers of the
    /// sizes of the ensembles kept apart.
    fn named_terms(&self, parts: Range<usize>, model: &SymbolicModel, row: usize) -> Terms {
        let joint = self.hierarchy.joints[row];
        let mut terms = Terms::new();
        for (part, (size, _)) in parts.zip(&model.parts) {
            let kept: Vec<&Vec<JointCumulant>> =
                self.hierarchy.stages[part][row].iter().map(|product| &product.factors).collect();
            let drift = self.derivers[part].drift_by_sizes(joint);
            for (factors, powers) in drift.into_iter().filter(|(factors, _)| kept.contains(&factors)) {
                let terms_of = |(powers, c)| model.size_powers(powers).times(&Symbolic::number(c));
                let by_size = powers.iter().map(|(powers, c)| terms_of((powers.as_slice(), *c)));
                let coefficient = by_size.fold(Symbolic::default(), |sum, term| sum.plus(&term)).times(size);
                let known = terms.entry(factors).or_default();
                *known = known.plus(&coefficient);
            }
        }
        terms.retain(|_, coefficient| !coefficient.is_zero());
        terms
    }

    /// The equations with the names of `model`, whose parts are those with the numbers `parts` of this problem
    /// ([`SymbolicModel::in_parts`]).
    ///
    /// # Panics
    /// If there are no such parts.
    pub fn in_symbols(&self, parts: Range<usize>, model: &SymbolicModel, notation: Notation) -> String {
        let line = |(name, words): &(Symbolic, String)| format!("{} = {words}", name.written(notation).1);
        let remarks: Vec<String> = model.legend.iter().map(line).collect();
        self.laid_out(&remarks, notation, |row| {
            let mut terms: Vec<_> = self.named_terms(parts.clone(), model, row).into_iter().collect();
            terms.sort_by(|(a, _), (b, _)| (a.len(), a).cmp(&(b.len(), b)));
            let mut text = String::new();
            for (number, (factors, coefficient)) in terms.iter().enumerate() {
                let (sign, mut size) = coefficient.written(notation);
                if size == "1" && !factors.is_empty() {
                    size.clear();
                }
                self.push_term(&mut text, number, (sign, size), factors, notation);
            }
            if text.is_empty() { "0".to_owned() } else { text }
        })
    }

    /// The largest difference between a coefficient of the equations of `stage` and the value of the one with names,
    /// relative to the largest coefficient of its line, and the line: rounding errors, unless the names are wrong.
    ///
    /// # Panics
    /// If there are no such stage and parts.
    pub fn deviation_of_symbols(
        &self,
        stage: usize,
        parts: Range<usize>,
        model: &SymbolicModel,
    ) -> (f64, String) {
        let variables = &self.derivers[0].variables;
        let mut worst = (0.0, String::new());
        for (row, joint) in self.hierarchy.joints.iter().enumerate() {
            let outer = variables.twice_exponent(*joint);
            let mut rest: BTreeMap<_, _> = self
                .named_terms(parts.clone(), model, row)
                .into_iter()
                .map(|(factors, coefficient)| (factors, coefficient.value()))
                .collect();
            let mut largest = f64::MIN_POSITIVE;
            for product in &self.hierarchy.stages[stage][row] {
                let inner: i32 = product.factors.iter().map(|f| variables.twice_exponent(*f)).sum();
                let c = product.coefficient * variables.power(inner - outer);
                largest = largest.max(c.norm());
                *rest.entry(product.factors.clone()).or_default() -= c;
            }
            for (factors, difference) in rest {
                let deviation = difference.norm() / largest;
                if deviation > worst.0 || deviation.is_nan() {
                    let factors: Vec<String> =
                        factors.iter().map(|f| Notation::Text.cumulant(variables, *f)).collect();
                    worst = (deviation, format!("{}: {}", variables.text(*joint), factors.join(" ")));
                }
            }
        }
        worst
    }
}
