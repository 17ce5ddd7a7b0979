//! Derived order-2 equations against a dense 2^N brute force: the exact time derivative of every first and
//! second moment of random product states, every interaction and every channel of the tables, to 1e-12.

mod common;

use std::collections::BTreeMap;

use common::{Case, random_state};
use num_complex::Complex64;
use superladder_brute_force::{BruteForce, Dense};
use superladder_cumulant::{Basis, Closure, CumulantError, Derivation, Equations};
use superladder_model::{CHANNELS, EnsembleState, INTERACTIONS, InitialState, ModeState, Model, Operator};
use superladder_propagate::VectorField;

/// Every interaction and every channel at least once.
fn cases(sizes: [usize; 2]) -> Vec<Case> {
    (0..INTERACTIONS.len().max(CHANNELS.len()))
        .map(|i| Case {
            interaction: INTERACTIONS[i % INTERACTIONS.len()].name,
            channel: CHANNELS[i % CHANNELS.len()].name,
            sizes,
        })
        .collect()
}

/// Two modes leave too few Fock levels for moments of third order.
fn one_mode(cases: &[Case]) -> Vec<Case> {
    let with_one = |c: &&Case| c.model().is_some_and(|m| m.modes().len() == 1);
    cases.iter().filter(with_one).cloned().collect()
}

/// Every pair.
fn pairs(sizes: [usize; 2]) -> Vec<Case> {
    let with =
        |i: &'static str| CHANNELS.iter().map(move |c| Case { interaction: i, channel: c.name, sizes });
    INTERACTIONS.iter().flat_map(|i| with(i.name)).collect()
}

/// Q, P of every mode, then x, y, z of every ensemble.
fn elementary(model: &Model) -> Vec<Operator> {
    let modes = (0..model.modes().len()).flat_map(Operator::quadratures);
    modes.chain((0..model.ensembles().len()).flat_map(Operator::spin)).collect()
}

/// Numbers of the factors of every product of one and two (in both orders) and, up to `order`, of three
/// variables.
fn products(count: usize, order: usize) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = (0..count).map(|i| vec![i]).collect();
    for i in 0..count {
        all.extend((0..count).map(|k| vec![i, k]));
    }
    if order > 2 {
        for i in 0..count {
            all.extend((i..count).flat_map(|k| (k..count).map(move |l| vec![i, k, l])));
        }
    }
    all
}

/// `tr(A B)`; zeros of A are skipped.
fn trace_of_product(a: &Dense, b: &Dense) -> Complex64 {
    let (rows, columns) = (a.rows(), a.columns());
    let entries = (0..rows * columns).filter(|e| a.entries()[*e] != Complex64::ZERO);
    entries.map(|e| a.entries()[e] * b[(e % columns, e / columns)]).sum()
}

/// `tr(A_i A_k ... sigma)`, with the matrices `A_k ... sigma` kept in `applied`.
fn expectation(
    matrices: &[Dense],
    product: &[usize],
    sigma: &Dense,
    applied: &mut BTreeMap<Vec<usize>, Dense>,
) -> Complex64 {
    for start in (1..product.len()).rev() {
        if !applied.contains_key(&product[start..]) {
            let inner = applied.get(&product[start + 1..]).unwrap_or(sigma);
            let next = matrices[product[start]].mul(inner);
            applied.insert(product[start..].to_vec(), next);
        }
    }
    trace_of_product(&matrices[product[0]], applied.get(&product[1..]).unwrap_or(sigma))
}

/// Largest deviation of value and rate over all products of up to two variables (three above order 2).
fn deviation(case: &Case, model: &Model, derivation: Derivation, seed: u64, unpolarised: bool) -> f64 {
    let state = random_state(model, seed, unpolarised);
    let cutoffs = if model.modes().len() == 2 { vec![4, 4] } else { vec![8] };
    let brute = BruteForce::new(model, &cutoffs).expect("small");
    let rho = brute.initial_state(&state).expect("fits");
    let rate = brute.generator(&rho);
    let equations = Equations::of_model(model, derivation).expect("derived");
    let y = equations.initial(&state).expect("a product state");
    let mut dy = vec![0.0; y.len()];
    equations.tape(0).derivative(0.0, &y, &mut dy);
    let operators = elementary(model);
    let matrices: Vec<Dense> = operators.iter().map(|o| brute.operator(o)).collect();
    let (mut of_rho, mut of_rate) = (BTreeMap::new(), BTreeMap::new());
    let mut worst: f64 = 0.0;
    for product in products(operators.len(), derivation.order) {
        let factors = product.iter().map(|i| operators[*i].clone());
        let functional = equations.expectation(&factors.fold(Operator::identity(), |o, f| o * f).collected());
        let exact = expectation(&matrices, &product, &rho, &mut of_rho);
        let value = (functional.evaluate(&y) - exact).norm();
        let exact = expectation(&matrices, &product, &rate, &mut of_rate);
        let slope = (functional.rate(&y, &dy) - exact).norm();
        assert!(value < 1e-12, "{case:?} {derivation:?} {product:?}: value off by {value:e}");
        assert!(slope < 1e-12, "{case:?} {derivation:?} {product:?}: rate off by {slope:e}");
        worst = worst.max(value).max(slope);
    }
    worst
}

fn check(cases: &[Case], derivation: Derivation, unpolarised: impl Fn(&Case) -> bool) {
    let (mut worst, mut count) = (0.0f64, 0);
    for (seed, case) in cases.iter().enumerate() {
        if let Some(model) = case.model() {
            worst = worst.max(deviation(case, &model, derivation, seed as u64, unpolarised(case)));
            count += 1;
        }
    }
    println!("{count} cases, {derivation:?}: {worst:.1e}");
}

#[test]
fn sites_every_pair_of_interaction_and_channel() {
    check(&pairs([1, 1]), Derivation::new(2, Closure::Sites), |_| false);
}

#[test]
fn sites_up_to_four_spins_in_both_bases() {
    for sizes in [[2, 1], [3, 0], [2, 2], [0, 4]] {
        for basis in [Basis::Cartesian, Basis::Ladder] {
            if sizes[0] + sizes[1] < 4 || basis == Basis::Cartesian {
                check(&cases(sizes), Derivation { basis, ..Derivation::new(2, Closure::Sites) }, |_| false);
            }
        }
    }
}

/// At order 3 the rates of third moments are exact too.
#[test]
fn third_moments_at_order_three() {
    for sizes in [[2, 1], [0, 3]] {
        check(&one_mode(&cases(sizes)), Derivation::new(3, Closure::Sites), |_| false);
    }
}

/// Third *collective* cumulants of one ensemble vanish on unpolarised product states only; everything that
/// couples different subsystems, acts locally or on modes is exact on any product state.
#[test]
fn symmetrised_where_third_collective_cumulants_vanish() {
    let one_ensemble = |case: &Case| {
        case.interaction == "one-axis-twisting"
            || case.interaction == "product"
            || case.channel.starts_with("collective")
            || case.channel == "jump"
    };
    for sizes in [[1, 1], [2, 1], [3, 0]] {
        check(&of_collective(cases(sizes)), Derivation::new(2, Closure::Symmetrised), one_ensemble);
    }
    check(&of_collective(cases([2, 1])), Derivation::new(2, Closure::Casimir), one_ensemble);
}

/// Symmetrised variables know no jumps of single spins together with modes, and say so.
fn of_collective(cases: Vec<Case>) -> Vec<Case> {
    let (dressed, others): (Vec<Case>, Vec<Case>) =
        cases.into_iter().partition(|case| case.channel == "dressed-jump");
    for model in dressed.iter().filter_map(Case::model) {
        let error =
            Equations::of_model(&model, Derivation::new(2, Closure::Symmetrised)).expect_err("refused");
        assert!(matches!(error, CumulantError::DressedJump), "{error}");
    }
    others
}

#[test]
#[ignore = "long: every pair with up to four spins, half a minute"]
fn sites_every_pair_up_to_four_spins() {
    for sizes in [[2, 1], [0, 3], [2, 2], [4, 0]] {
        check(&pairs(sizes), Derivation::new(2, Closure::Sites), |_| false);
    }
}

/// Fock and Dicke states are not products of sites; up to the order their cumulants give every moment.
#[test]
fn moments_of_fock_and_dicke_states() {
    let case = Case { interaction: "dicke", channel: "pumping", sizes: [2, 4] };
    let model = case.model().expect("valid");
    let brute = BruteForce::new(&model, &[6]).expect("small");
    let operators = elementary(&model);
    let matrices: Vec<Dense> = operators.iter().map(|o| brute.operator(o)).collect();
    for (twice_j, twice_m) in [(4, 0), (4, -2), (2, 2), (0, 0)] {
        let state = InitialState {
            modes: vec![ModeState::Fock(3)],
            ensembles: vec![
                EnsembleState::SpinCoherent { theta: 0.7, phi: 0.4 },
                EnsembleState::Dicke { twice_j, twice_m },
            ],
            joint: None,
        };
        let rho = brute.initial_state(&state).expect("fits");
        for (order, closure) in [(3, Closure::Sites), (2, Closure::Symmetrised)] {
            let equations = Equations::of_model(&model, Derivation::new(order, closure)).expect("derived");
            let y = equations.initial(&state).expect("digits are kept");
            let mut of_rho = BTreeMap::new();
            for product in products(operators.len(), order) {
                let factors = product.iter().map(|i| operators[*i].clone());
                let operator = factors.fold(Operator::identity(), |o, f| o * f).collected();
                let found = equations.expectation(&operator).evaluate(&y);
                let off = (found - expectation(&matrices, &product, &rho, &mut of_rho)).norm();
                assert!(off < 1e-12, "{closure:?} {state:?} {product:?}: {off:e}");
            }
        }
    }
}
