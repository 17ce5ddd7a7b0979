//! The moment equations of two times.
//!
//! Every elementary operator b of the earlier time is a *spectator*: with a source beta of its own,
//!
//! ```text
//! M(eta, beta) = tr[E(eta) e^{L tau} (e^{beta_1 b_1} ... rho ... e^{gamma_1 c_1})]
//! ```
//! obeys the equation of one time, `dM/dtau = L M`, since L acts on eta alone. So the drift of a joint cumulant of
//! variables and spectators is the derived drift, with spectators that no source takes away, and what is
//! beyond the order is zero, a spectator counting as one operator. At tau = 0 the product `E b` is a
//! differential operator D_b in eta, and
//!
//! ```text
//! kappa(x...; b)    = connected part of D_b G          (b outermost of those applied so far)
//! <C(t) A(t+tau) B(t)> = sum over the set partitions of A and the spectators of products of cumulants
//! ```
//! (M. Lax, Phys. Rev. 129, 2342 (1963), for the regression). Products of cumulants that hold all spectators
//! are the unknowns z: they obey a linear system `dz/dtau = M z`, whose coefficients are the moments of the
//! stationary state. With one spectator, at order 2, z has the size of the means.

use std::collections::{BTreeMap, HashMap};

use num_complex::Complex64;
use superladder_engine::Halt;
use superladder_model::{Correlation, Factor, Operator, Subsystem};

use crate::Equations;
use crate::differential::Differential;
use crate::drift::{Deriver, size_powers};
use crate::representation::Side;
use crate::variables::{JointCumulant, Variable};

/// Most unknowns: their matrix is dense.
const LARGEST: usize = 1000;

/// Why there are no equations of two times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// So many operators stand in a term of the correlation.
    Order(usize),
    /// More unknowns than this.
    TooMany(usize),
    /// More spectators than numbers for them.
    Spectators,
    Interrupted,
}

/// `<C A B> = constant + sum_k weights_k z_k`, `dz/dtau = matrix z`, z = start at tau = 0.
#[derive(Debug, Clone)]
pub(crate) struct Regression {
    pub(crate) constant: Complex64,
    pub(crate) weights: Vec<Complex64>,
    /// Row by row.
    pub(crate) matrix: Vec<Complex64>,
    pub(crate) start: Vec<Complex64>,
    /// What the connected part is of the order of: what is far below is rounding.
    pub(crate) scale: f64,
}

/// A product of cumulants with spectators, sorted.
type Unknown = Vec<JointCumulant>;
type Sum<K> = BTreeMap<K, Complex64>;

/// Cumulants of one and of two times, and the drift of the latter, at a stationary state.
struct Context<'a> {
    equations: &'a Equations,
    deriver: &'a Deriver,
    y: &'a [f64],
    /// `E b` or `c E` of every spectator, as differential operators.
    spectators: Vec<Differential>,
    values: HashMap<JointCumulant, Complex64>,
    drifts: HashMap<JointCumulant, Vec<(Unknown, Complex64)>>,
}

impl Regression {
    /// The equations of a correlation in the state with the moments `y` of `equations`.
    pub(crate) fn new(
        equations: &Equations,
        y: &[f64],
        correlation: &Correlation,
        halt: &dyn Halt,
    ) -> Result<Self, Refusal> {
        let deriver = &equations.derivers[0];
        let longest = |o: &Operator| o.terms.iter().map(|t| t.factors.len()).max().unwrap_or(0);
        let length = correlation.operators().map(longest).sum();
        if length > deriver.order {
            return Err(Refusal::Order(length));
        }
        let (values, drifts) = (HashMap::new(), HashMap::new());
        let mut context = Context { equations, deriver, y, spectators: Vec::new(), values, drifts };
        let mut seen: Sum<Unknown> = BTreeMap::new();
        let (mut constant, mut scale) = (Complex64::ZERO, 0.0);
        let one = Operator::identity();
        for b in &correlation.b.terms {
            for c in &correlation.c.as_ref().unwrap_or(&one).terms {
                let numbers = context.add_spectators(&b.factors, &c.factors)?;
                let modes = b.factors.iter().chain(&c.factors).filter(|f| is_of_mode(f)).count();
                let natural = deriver.variables.scale.powf(-0.5 * modes as f64);
                for (unknown, weight) in context.shown(&correlation.a, &numbers) {
                    let weight = weight * b.coefficient * c.coefficient;
                    if unknown.is_empty() {
                        constant += weight;
                    } else {
                        scale += weight.norm() * natural;
                        *seen.entry(unknown).or_default() += weight;
                    }
                }
            }
        }
        context.close(seen, constant, scale, halt)
    }

    /// `sum_k weights_k start_k`: the part that decays, at tau = 0.
    pub(crate) fn first(&self) -> Complex64 {
        self.weights.iter().zip(&self.start).map(|(w, z)| w * z).sum()
    }
}

fn is_of_mode(factor: &Factor) -> bool {
    matches!(factor.subsystem(), Subsystem::Mode(_))
}

impl Context<'_> {
    /// Numbers for the factors of `B` and `C`, innermost in `C E B` first.
    fn add_spectators(&mut self, b: &[Factor], c: &[Factor]) -> Result<Vec<Variable>, Refusal> {
        let variables = &self.deriver.variables;
        let inner = b.iter().rev().map(|f| (*f, Side::Right)).chain(c.iter().map(|f| (*f, Side::Left)));
        let mut numbers = Vec::new();
        for (factor, side) in inner {
            let number = variables.count() + self.spectators.len();
            let number = Variable::try_from(number).ok().filter(|n| *n < Variable::MAX);
            numbers.push(number.ok_or(Refusal::Spectators)?);
            self.spectators.push(variables.product(&[factor], side, self.deriver.order));
        }
        Ok(numbers)
    }

    fn has_spectator(&self, joint: JointCumulant) -> bool {
        joint.variables().next_back().is_some_and(|v| self.deriver.variables.is_spectator(v))
    }

    /// Whether a cumulant with spectators has variables, too, and so moves.
    fn moves(&self, joint: JointCumulant) -> bool {
        joint.variables().next().is_some_and(|v| !self.deriver.variables.is_spectator(v))
    }

    /// A scaled cumulant of one time, or of two at tau = 0.
    fn value(&mut self, joint: JointCumulant) -> Complex64 {
        if !self.has_spectator(joint) {
            return self.equations.cumulant(joint, self.y);
        }
        if let Some(known) = self.values.get(&joint) {
            return *known;
        }
        let mut rest: Vec<Variable> = joint.variables().collect();
        let Some(outermost) = rest.pop() else { return Complex64::ZERO };
        let rest = JointCumulant::new(&rest);
        let number = usize::from(outermost) - self.deriver.variables.count();
        let mut products = Vec::new();
        for (monomial, c) in &self.spectators[number].terms {
            self.deriver
                .expand(rest, monomial, *c, &mut |_, c, factors| products.push((c, factors.to_vec())));
        }
        let mut sum = Complex64::ZERO;
        for (c, factors) in products {
            sum += factors.into_iter().fold(c, |product, factor| product * self.value(factor));
        }
        self.values.insert(joint, sum);
        sum
    }

    /// A product as what moves and a number; `None` if the number is zero.
    fn split(&mut self, c: Complex64, factors: &[JointCumulant]) -> Option<(Unknown, Complex64)> {
        let (mut unknown, mut number) = (Vec::new(), c);
        for factor in factors {
            if self.has_spectator(*factor) && self.moves(*factor) {
                unknown.push(*factor);
            } else {
                number *= self.value(*factor);
            }
        }
        (number != Complex64::ZERO).then_some((unknown, number))
    }

    /// `<C A B>` as a sum over unknowns; that without one is a constant.
    fn shown(&mut self, a: &Operator, spectators: &[Variable]) -> Vec<(Unknown, Complex64)> {
        let mut products = Vec::new();
        let deriver = self.deriver;
        for term in &a.terms {
            let represented = deriver.variables.product(&term.factors, Side::Left, 0).pruned(0);
            for (monomial, c) in &represented.terms {
                let c = c * term.coefficient * deriver.sizes(monomial);
                let all = [monomial.derivatives.as_slice(), spectators].concat();
                deriver.distribute(&all, &[], &mut Vec::new(), &mut |blocks| {
                    let twice: i32 = blocks.iter().map(|b| deriver.variables.twice_exponent(*b)).sum();
                    let power = 2 * size_powers(monomial) - twice;
                    products.push((c * deriver.variables.power(power), blocks.to_vec()));
                });
            }
        }
        products.into_iter().filter_map(|(c, blocks)| self.split(c, &blocks)).collect()
    }

    /// The drift of one cumulant with spectators.
    fn drift(&mut self, joint: JointCumulant) -> Vec<(Unknown, Complex64)> {
        if let Some(known) = self.drifts.get(&joint) {
            return known.clone();
        }
        let products = self.deriver.drift(joint);
        let found: Vec<_> =
            products.into_iter().filter_map(|p| self.split(p.coefficient, &p.factors)).collect();
        self.drifts.insert(joint, found.clone());
        found
    }

    /// The drift of a product.
    fn row(&mut self, unknown: &Unknown) -> Sum<Unknown> {
        let mut sum = BTreeMap::new();
        for (k, joint) in unknown.iter().enumerate() {
            for (moved, c) in self.drift(*joint) {
                let others = unknown.iter().enumerate().filter(|(i, _)| *i != k).map(|(_, other)| *other);
                let mut product: Unknown = others.chain(moved).collect();
                product.sort_unstable();
                *sum.entry(product).or_default() += c;
            }
        }
        sum
    }

    /// Closes the unknowns that are seen under the drift.
    fn close(
        mut self,
        seen: Sum<Unknown>,
        constant: Complex64,
        scale: f64,
        halt: &dyn Halt,
    ) -> Result<Regression, Refusal> {
        let mut places: BTreeMap<Unknown, usize> = BTreeMap::new();
        let (mut open, mut rows): (Vec<Unknown>, Vec<Vec<(usize, Complex64)>>) = (Vec::new(), Vec::new());
        let mut place = |unknown: Unknown, open: &mut Vec<Unknown>| {
            let next = places.len();
            *places.entry(unknown.clone()).or_insert_with(|| {
                open.push(unknown);
                next
            })
        };
        let mut weights = Vec::new();
        for (unknown, weight) in seen {
            place(unknown, &mut open);
            weights.push(weight);
        }
        while rows.len() < open.len() {
            if halt.asked() {
                return Err(Refusal::Interrupted);
            }
            if open.len() > LARGEST {
                return Err(Refusal::TooMany(LARGEST));
            }
            let row = self.row(&open[rows.len()].clone());
            rows.push(row.into_iter().map(|(unknown, c)| (place(unknown, &mut open), c)).collect());
        }
        let dim = open.len();
        weights.resize(dim, Complex64::ZERO);
        let mut matrix = vec![Complex64::ZERO; dim * dim];
        for (i, row) in rows.into_iter().enumerate() {
            for (k, c) in row {
                matrix[i * dim + k] += c;
            }
        }
        let start = |unknown: &Unknown| unknown.iter().map(|joint| self.value(*joint)).product();
        let start = open.iter().map(start).collect();
        Ok(Regression { constant, weights, matrix, start, scale })
    }
}
