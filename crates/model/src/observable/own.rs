//! Observables of one's own: expectation values of any operator, and functions of them.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

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
