//! Observables of one's own: expectation values of any operator, and functions of them.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use num_complex::Complex64;

use super::{Caption, Combine, Context, Evaluation, Observable, Target};
use crate::Operator;

impl Observable {
    /// The expectation value `<operator>` under a `name` of one's own. An operator that is not Hermitian as
    /// written ([`Operator::is_hermitian`]) has the components `re` and `im`.
    pub fn expectation(name: &str, operator: Operator) -> Self {
        let formula = format!("<{operator}>");
        if operator.is_hermitian() {
            return Self::own(name, &formula, vec![operator], &[""], Combine::new(|e, _| vec![e[0].re]));
        }
        let parts = Combine::new(|e, _| vec![e[0].re, e[0].im]);
        Self::own(name, &formula, vec![operator], &["re", "im"], parts)
    }

    /// A function of the expectation values of `operators`, with one value for each of the named
    /// `components`; a single component is named `[""]`. Where the function is undefined it is to give NaN,
    /// which is never drawn and counted in manifests. Engines that sample apply it to the averages, not to
    /// single trajectories.
    ///
    /// ```
    /// use superladder_model::{Observable, Operator};
    ///
    /// // The Fano factor Var(n)/<n> of mode 0: 1 for a coherent state, undefined for the vacuum.
    /// let n = Operator::number(0);
    /// let fano = Observable::function("fano", [n.clone() * n.clone(), n], [""], |[nn, n]| {
    ///     [if n.re > 0.0 { (nn.re - n.re * n.re) / n.re } else { f64::NAN }]
    /// });
    /// assert_eq!(fano.definition.formula, "function of <a0^dag a0 a0^dag a0>, <a0^dag a0>");
    /// ```
    pub fn function<const K: usize, const M: usize>(
        name: &str,
        operators: [Operator; K],
        components: [&str; M],
        function: impl Fn([Complex64; K]) -> [f64; M] + Send + Sync + 'static,
    ) -> Self {
        let expectations: Vec<String> = operators.iter().map(|o| format!("<{o}>")).collect();
        let formula = format!("function of {}", expectations.join(", "));
        let combine = Combine::new(move |e, _| function(std::array::from_fn(|i| e[i])).to_vec());
        Self::own(name, &formula, operators.into(), &components, combine)
    }

    /// The connected expectation value `<A B> - <A><B>`, with the components `re` and `im`.
    pub fn connected(name: &str, a: Operator, b: Operator) -> Self {
        let formula = format!("<{a} {b}> - <{a}><{b}>");
        let operators = vec![a.clone() * b.clone(), a, b];
        let combine = Combine::new(|e, _| {
            let value = e[0] - e[1] * e[2];
            vec![value.re, value.im]
        });
        Self::own(name, &formula, operators, &["re", "im"], combine)
    }

    /// The mean quadrature `<a e^(-i angle) + a^dag e^(i angle)>/sqrt 2` of a mode: Q at 0, P at pi/2.
    pub fn quadrature(name: &str, mode: usize, angle: f64) -> Self {
        let turned = Complex64::from_polar(std::f64::consts::FRAC_1_SQRT_2, angle);
        let operator = Operator::annihilate(mode) * turned.conj() + Operator::create(mode) * turned;
        Self { name: name.to_owned(), ..Self::expectation("quadrature", operator) }
    }

    /// A function of components of other observables: `function` gets the component with that number of every
    /// part. NaN means undefined, in what it gets and in what it gives. Engines that sample apply it to
    /// averages; what is extreme over directions keeps the direction from one half of the samples and the value
    /// from the other. Parts must be made of expectation values; of a part that is a [`StateFunction`] the value
    /// is undefined.
    ///
    /// [`StateFunction`]: crate::StateFunction
    pub fn arithmetic(
        name: &str,
        formula: &str,
        parts: Vec<(Self, usize)>,
        function: impl Fn(&[f64]) -> f64 + Send + Sync + 'static,
    ) -> Self {
        let mut operators = Vec::new();
        let mut pieces = Vec::new();
        for (part, component) in parts {
            let start = operators.len();
            if let Evaluation::Moments { operators: own, combine, context } = part.evaluation {
                operators.extend(own);
                pieces.push(Piece {
                    range: start..operators.len(),
                    combine: Some((combine, context)),
                    component,
                });
            } else {
                pieces.push(Piece { range: start..start, combine: None, component });
            }
        }
        let shared = Arc::new((pieces, function));
        let guided = Arc::clone(&shared);
        let mut combine = Combine::new(move |e, _| {
            let values: Vec<f64> = shared.0.iter().map(|piece| piece.value(e)).collect();
            vec![(shared.1)(&values)]
        });
        if guided.0.iter().any(Piece::is_guided) {
            combine = combine.guided(move |e, guide, _| {
                let values: Vec<f64> = guided.0.iter().map(|piece| piece.along(e, guide)).collect();
                vec![Some((guided.1)(&values))]
            });
        }
        Self::own(name, formula, operators, &[""], combine)
    }

    fn own(
        name: &str,
        formula: &str,
        operators: Vec<Operator>,
        components: &[&str],
        combine: Combine,
    ) -> Self {
        let evaluation = Evaluation::Moments { operators, combine, context: Context { spins: 0.0 } };
        Self {
            name: name.to_owned(),
            definition: Caption { name: kept(name), formula: kept(formula) },
            target: Target::System,
            components: components.iter().map(|c| kept(c)).collect(),
            evaluation,
        }
    }
}

/// One component of a part of [`Observable::arithmetic`], and where its expectation values are.
struct Piece {
    range: Range<usize>,
    combine: Option<(Combine, Context)>,
    component: usize,
}

impl Piece {
    fn value(&self, expectations: &[Complex64]) -> f64 {
        let Some((combine, context)) = &self.combine else { return f64::NAN };
        combine(&expectations[self.range.clone()], context).get(self.component).copied().unwrap_or(f64::NAN)
    }

    fn is_guided(&self) -> bool {
        self.combine.as_ref().is_some_and(|(combine, _)| combine.is_guided())
    }

    /// The value in the direction of `guide`, where it has one.
    fn along(&self, expectations: &[Complex64], guide: &[Complex64]) -> f64 {
        let Some((combine, context)) = &self.combine else { return f64::NAN };
        let range = self.range.clone();
        let turned = combine.along(&expectations[range.clone()], &guide[range], context);
        turned
            .and_then(|values| values.get(self.component).copied().flatten())
            .unwrap_or_else(|| self.value(expectations))
    }
}

/// `text` for as long as the program runs, as the texts of the tables. Equal texts are kept once.
fn kept(text: &str) -> &'static str {
    static TEXTS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = texts.get(text) {
        return known;
    }
    let text: &'static str = Box::leak(text.into());
    texts.insert(text);
    text
}
