//! The adjoint Lindbladian of a model as differential operators, one per term of the model.

use num_complex::Complex64;
use superladder_model::{Factor, Jump, Model, Operator};

use crate::differential::Differential;
use crate::representation::{Side, site};
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
