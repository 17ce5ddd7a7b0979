//! The drift of a joint cumulant, connected from the start.
//!
//! With `M = exp(G)` the generating function of cumulants obeys `dG/dt = e^-G L e^G`, and
//! `e^-G d_a d_b ... e^G` is the sum over set partitions of the derivatives of products of derivatives of G.
//! Every cumulant of a product therefore carries at least one derivative: disconnected products never appear
//! and nothing has to cancel.

use std::collections::{BTreeMap, HashMap};

use num_complex::Complex64;
use superladder_model::{Model, Operator};

use crate::differential::{Differential, Monomial};
use crate::generator::generators;
use crate::representation::Side;
use crate::variables::{JointCumulant, Variable, Variables};

/// A complex coefficient times a product of (scaled) joint cumulants.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Product {
    pub(crate) coefficient: Complex64,
    pub(crate) factors: Vec<JointCumulant>,
}

/// A sum of products, in a fixed order.
pub(crate) type Polynomial = Vec<Product>;

/// Coefficients of products of cumulants, by the powers of the sizes of the ensembles.
pub(crate) type BySizes = BTreeMap<Vec<JointCumulant>, BTreeMap<Vec<u8>, Complex64>>;

/// A term of the model and, at leading order, twice the power of N of its contributions to the drift of
/// means.
#[derive(Debug)]
struct Source {
    terms: Vec<(Monomial, Complex64)>,
    leading: Option<i32>,
}

impl Source {
    /// Whether a contribution belongs to mean field (drift of a mean) or to linear noise around it.
    fn leads(&self, joint: JointCumulant, power: i32, factors: &[JointCumulant]) -> bool {
        let connected: usize = factors.iter().map(|f| f.len() - 1).sum();
        if joint.len() == 1 { connected == 0 && self.leading == Some(power) } else { connected <= 1 }
    }
}

/// Turns a model into the drift of its cumulants.
#[derive(Debug)]
pub(crate) struct Deriver {
    pub(crate) variables: Variables,
    pub(crate) order: usize,
    sources: Vec<Source>,
    /// By the first source of a term, the numbers of source and term; those without sources come last.
    terms_of: Vec<Vec<(usize, usize)>>,
    leading: bool,
}

impl Deriver {
    /// Cumulants above `order` vanish. With `leading`, means move by mean field alone (every term of the
    /// model with the contributions of its highest power of N) and higher cumulants by what is linear in
    /// them.
    pub(crate) fn new(model: &Model, variables: Variables, order: usize, leading: bool) -> Self {
        let operators = generators(model, &variables, order);
        let source =
            |operator: Differential| Source { terms: operator.terms.into_iter().collect(), leading: None };
        let sources: Vec<Source> = operators.into_iter().map(source).collect();
        let count = variables.count();
        let mut terms_of = vec![Vec::new(); count + 1];
        for (number, source) in sources.iter().enumerate() {
            for (term, (monomial, _)) in source.terms.iter().enumerate() {
                terms_of[monomial.sources.first().map_or(count, |v| usize::from(*v))].push((number, term));
            }
        }
        let mut deriver = Self { variables, order, sources, terms_of, leading };
        if leading {
            deriver.find_leading();
        }
        deriver
    }

    fn find_leading(&mut self) {
        let joints = self.variables.all_joints(1);
        for number in 0..self.sources.len() {
            let mut highest = None;
            for joint in &joints {
                let source = &self.sources[number];
                for (monomial, c) in &source.terms {
                    self.expand(*joint, monomial, *c, &mut |power, _, _| highest = highest.max(Some(power)));
                }
            }
            self.sources[number].leading = highest;
        }
    }

    /// The terms of the generator that may act on a cumulant, in their order: those whose first source is in it.
    fn acting_on(&self, joint: JointCumulant) -> impl Iterator<Item = (&Source, &Monomial, Complex64)> {
        let mut own: Vec<usize> =
            joint.variables().map(usize::from).filter(|v| *v < self.variables.count()).collect();
        own.dedup();
        own.push(self.variables.count());
        let mut numbers: Vec<(usize, usize)> = own.iter().flat_map(|v| &self.terms_of[*v]).copied().collect();
        numbers.sort_unstable();
        numbers.into_iter().map(|(number, term)| {
            let source = &self.sources[number];
            let (monomial, c) = &source.terms[term];
            (source, monomial, *c)
        })
    }

    /// Hands every product that a term contributes to the drift of a scaled joint cumulant, at leading order only those
    /// that lead, to `receive`: the term, twice the power of N, coefficient, factors.
    fn contributions(
        &self,
        joint: JointCumulant,
        mut receive: impl FnMut(&Monomial, i32, Complex64, &[JointCumulant]),
    ) {
        for (source, monomial, c) in self.acting_on(joint) {
            self.expand(joint, monomial, c, &mut |power, c, factors| {
                if !self.leading || source.leads(joint, power, factors) {
                    receive(monomial, power, c, factors);
                }
            });
        }
    }

    /// `dc/dt` of a scaled joint cumulant.
    pub(crate) fn drift(&self, joint: JointCumulant) -> Polynomial {
        let mut sum: HashMap<Vec<JointCumulant>, Complex64> = HashMap::new();
        let mut largest: f64 = 0.0;
        self.contributions(joint, |_, _, c, factors| {
            largest = largest.max(c.norm());
            if let Some(known) = sum.get_mut(factors) {
                *known += c;
            } else {
                sum.insert(factors.to_vec(), c);
            }
        });
        sorted(sum, largest)
    }

    /// `dC/dt` of a joint cumulant itself, not of the scaled one: for every product the powers of the sizes of the
    /// ensembles that its coefficient is a sum of.
    pub(crate) fn drift_by_sizes(&self, joint: JointCumulant) -> BySizes {
        let mut sum = BySizes::new();
        let mut largest: f64 = 0.0;
        self.contributions(joint, |monomial, power, scaled, factors| {
            let c = scaled / (self.sizes(monomial) * self.variables.power(power));
            largest = largest.max(c.norm());
            let powers = sum.entry(factors.to_vec()).or_default();
            *powers.entry(monomial.sizes.clone()).or_default() += c;
        });
        for powers in sum.values_mut() {
            powers.retain(|_, c| c.norm() > ROUNDING * largest);
        }
        sum
    }

    /// `<O>` as a polynomial in scaled cumulants.
    pub(crate) fn expectation(&self, operator: &Operator) -> Polynomial {
        let mut sum: HashMap<Vec<JointCumulant>, Complex64> = HashMap::new();
        let mut largest: f64 = 0.0;
        for term in &operator.terms {
            let represented = self.variables.product(&term.factors, Side::Left, 0).pruned(0);
            for (monomial, c) in &represented.terms {
                let coefficient = c * term.coefficient * self.sizes(monomial);
                let mut blocks = Vec::new();
                self.distribute(&monomial.derivatives, &[], &mut blocks, &mut |blocks| {
                    let twice: i32 = blocks.iter().map(|b| self.variables.twice_exponent(*b)).sum();
                    let power = 2 * size_powers(monomial) - twice;
                    let c = coefficient * self.variables.power(power);
                    largest = largest.max(c.norm());
                    *sum.entry(blocks.to_vec()).or_default() += c;
                });
            }
        }
        sorted(sum, largest)
    }

    /// Hands every product that `monomial` contributes to the drift of `joint` to `receive`: twice its power
    /// of N, its coefficient and its factors (sorted).
    pub(crate) fn expand(
        &self,
        joint: JointCumulant,
        monomial: &Monomial,
        coefficient: Complex64,
        receive: &mut dyn FnMut(i32, Complex64, &[JointCumulant]),
    ) {
        let Some((ways, rest)) = consume(joint, &monomial.sources) else { return };
        let outer = 2 * size_powers(monomial) + self.variables.twice_exponent(joint);
        let coefficient = coefficient * ways * self.sizes(monomial);
        let mut blocks = Vec::new();
        self.distribute(&monomial.derivatives, &rest, &mut blocks, &mut |factors| {
            let power = outer - factors.iter().map(|b| self.variables.twice_exponent(*b)).sum::<i32>();
            receive(power, coefficient * self.variables.power(power), factors);
        });
    }

    /// `prod_e (N_e / N)^p_e`.
    pub(crate) fn sizes(&self, monomial: &Monomial) -> f64 {
        let ratio =
            |(e, p): (usize, &u8)| (self.variables.size(e) as f64 / self.variables.scale).powi(i32::from(*p));
        monomial.sizes.iter().enumerate().map(ratio).product()
    }

    /// Every way to put `derivatives` into blocks (a set partition) and then `rest` onto those blocks, with
    /// no block above the order.
    pub(crate) fn distribute(
        &self,
        derivatives: &[Variable],
        rest: &[Variable],
        blocks: &mut Vec<JointCumulant>,
        receive: &mut dyn FnMut(&[JointCumulant]),
    ) {
        let (variable, opens, derivatives, rest) = match (derivatives, rest) {
            ([variable, others @ ..], _) => (*variable, true, others, rest),
            ([], [variable, others @ ..]) => (*variable, false, derivatives, others),
            ([], []) => {
                let mut sorted = blocks.clone();
                sorted.sort_unstable();
                if sorted.iter().all(|b| self.variables.exists(*b)) {
                    receive(&sorted);
                }
                return;
            }
        };
        for i in 0..blocks.len() {
            let before = blocks[i];
            if before.len() < self.order {
                blocks[i] = before.with(variable);
                self.distribute(derivatives, rest, blocks, receive);
                blocks[i] = before;
            }
        }
        if opens {
            blocks.push(JointCumulant::new(&[variable]));
            self.distribute(derivatives, rest, blocks, receive);
            blocks.pop();
        }
    }
}

pub(crate) fn size_powers(monomial: &Monomial) -> i32 {
    monomial.sizes.iter().map(|p| i32::from(*p)).sum()
}

/// Takes `sources` out of a cumulant: number of ordered ways and what is left, or `None` if they are not all
/// in it.
fn consume(joint: JointCumulant, sources: &[Variable]) -> Option<(f64, Vec<Variable>)> {
    if sources.len() > joint.len() {
        return None;
    }
    let mut rest: Vec<Variable> = joint.variables().collect();
    let mut ways = 1.0;
    for source in sources {
        let count: usize = rest.iter().map(|variable| usize::from(variable == source)).sum();
        let position = rest.iter().position(|variable| variable == source)?;
        ways *= count as f64;
        rest.remove(position);
    }
    Some((ways, rest))
}

/// Coefficients below this fraction of the largest contribution are rounding errors of it.
const ROUNDING: f64 = 4e-15;

/// In a fixed order, without what is left of terms that cancel: rounding errors of those of size `largest`.
fn sorted(sum: HashMap<Vec<JointCumulant>, Complex64>, largest: f64) -> Polynomial {
    let mut all: Polynomial = sum
        .into_iter()
        .filter(|(_, c)| c.norm() > ROUNDING * largest)
        .map(|(factors, coefficient)| Product { coefficient, factors })
        .collect();
    all.sort_unstable_by(|a, b| (a.factors.len(), &a.factors).cmp(&(b.factors.len(), &b.factors)));
    all
}
