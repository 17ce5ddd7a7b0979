//! The adjoint Lindbladian of a model as differential operators, one per term of the model.

use num_complex::Complex64;
use superladder_model::{Factor, Jump, Model, Operator};

use crate::differential::Differential;
use crate::representation::{Side, Site, dagger, site, times};
use crate::variables::Variables;

/// `dM/dt = sum_k G_k M` for the generating function M of the moments; one operator per product in `H`, per
/// pair of products in a collective jump and per local jump, exact up to `order` sources.
pub(crate) fn generators(model: &Model, variables: &Variables, order: usize) -> Vec<Differential> {
    let mut all: Vec<Differential> = model
        .hamiltonian()
        .terms
        .iter()
        .map(|t| commutator(variables, &t.factors, t.coefficient, order))
        .collect();
    for dissipator in model.dissipators() {
        match &dissipator.jump {
            Jump::Collective(operator) => all.extend(collective(variables, operator, dissipator.rate, order)),
            Jump::Local { ensemble, raise, lower, z } => {
                let operator = variables.local(*ensemble, &site(*raise, *lower, *z));
                all.push(operator.scaled(dissipator.rate.into()).pruned(order));
            }
            Jump::Dressed { dressing, ensemble, raise, lower, z } => {
                let spin = (*ensemble, site(*raise, *lower, *z));
                all.extend(dressed(variables, dressing, spin, dissipator.rate, order));
            }
        }
    }
    all
}

/// `i c [F_1 F_2 ..., E]`.
pub(crate) fn commutator(
    variables: &Variables,
    factors: &[Factor],
    coefficient: Complex64,
    order: usize,
) -> Differential {
    let left = variables.product(factors, Side::Left, order);
    let right = variables.product(factors, Side::Right, order);
    left.plus(&right, Complex64::from(-1.0)).pruned(order).scaled(Complex64::I * coefficient)
}

/// `rate sum_ab c_a^* c_b sum_i (A^dag l_i^dag E B l_i - (A^dag B l_i^dag l_i E + E A^dag B l_i^dag l_i)/2)` over the products
/// A, B of modes of the dressing, l being the jump of one spin.
fn dressed(
    variables: &Variables,
    dressing: &Operator,
    (ensemble, jump): (usize, Site),
    rate: f64,
    order: usize,
) -> Vec<Differential> {
    let (operator, square) = (dressing.collected(), times(&dagger(&jump), &jump));
    let adjoint = operator.adjoint();
    let gain = variables.on_sites(ensemble, |s| times(&dagger(&jump), &times(s, &jump)), &square);
    let left = variables.on_sites(ensemble, |s| times(&square, s), &square);
    let right = variables.on_sites(ensemble, |s| times(s, &square), &square);
    let half = Complex64::from(-0.5);
    let pair = |a: usize, b: usize| {
        let (one, other) = (&adjoint.terms[a], &operator.terms[b]);
        let both = [one.factors.as_slice(), &other.factors].concat();
        let degree = order + both.len() + 1;
        let modes = variables.product(&one.factors, Side::Left, degree).times(&variables.product(
            &other.factors,
            Side::Right,
            degree,
        ));
        modes
            .times(&gain)
            .plus(&variables.product(&both, Side::Left, degree).times(&left), half)
            .plus(&variables.product(&both, Side::Right, degree).times(&right), half)
            .pruned(order)
            .scaled(one.coefficient * other.coefficient * rate)
    };
    let count = operator.terms.len();
    (0..count).flat_map(|a| (0..count).map(move |b| (a, b))).map(|(a, b)| pair(a, b)).collect()
}

/// `rate sum_ab c_a^* c_b (A^dag E B - (A^dag B E + E A^dag B)/2)` over the products A, B of the jump.
pub(crate) fn collective(
    variables: &Variables,
    operator: &Operator,
    rate: f64,
    order: usize,
) -> Vec<Differential> {
    let operator = operator.collected();
    let adjoint = operator.adjoint();
    let half = Complex64::from(-0.5);
    let pair = |a: usize, b: usize| {
        let (left, right) = (&adjoint.terms[a], &operator.terms[b]);
        let both = [left.factors.as_slice(), &right.factors].concat();
        let degree = order + both.len();
        let gain = variables.product(&left.factors, Side::Left, degree).times(&variables.product(
            &right.factors,
            Side::Right,
            degree,
        ));
        gain.plus(&variables.product(&both, Side::Left, order), half)
            .plus(&variables.product(&both, Side::Right, order), half)
            .pruned(order)
            .scaled(left.coefficient * right.coefficient * rate)
    };
    let count = operator.terms.len();
    (0..count).flat_map(|a| (0..count).map(move |b| (a, b))).map(|(a, b)| pair(a, b)).collect()
}
