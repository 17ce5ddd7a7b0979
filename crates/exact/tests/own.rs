//! Terms, jumps and observables of one's own.

use num_complex::Complex64;
use superladder_brute_force::BruteForce;
use superladder_engine::{Problem, Silent, run};
use superladder_exact::Exact;
use superladder_model::{Jump, Model, ModelBuilder, Observable, Operator};

fn free() -> ModelBuilder {
    Model::builder().mode("a", 1.0).ensemble("S", 3, 1.0)
}

fn problem(model: &Model, observables: Vec<Observable>) -> Problem {
    Problem::builder(model)
        .initial("a", "coherent", 0.6)
        .initial("S", "spin-coherent", [("theta", 1.1)])
        .cutoff("a", 4)
        .observe(["photons(a)", "spin(S)", "g2(a)"])
        .observe(observables)
        .times(0.0, 1.0, 5)
        .build()
        .expect("valid")
}

#[test]
fn own_terms_and_jumps_are_those_of_the_tables() {
    let (a, s) = (Operator::annihilate(0), Operator::lower(0));
    let coupling = (0.2 / 3f64.sqrt()) * (a.clone() * s.adjoint() + a.adjoint() * s);
    let local = Jump::local(0, [1.0, 0.0, 0.0]);
    let own = free().hamiltonian(coupling).jump(0.4, local).jump(0.3, a).build().expect("valid");
    let table = free()
        .interaction("tavis-cummings", ["a", "S"], 0.2)
        .channel("pumping", "S", 0.4)
        .channel("cavity-loss", "a", 0.3)
        .build()
        .expect("valid");
    let values = |model: &Model| {
        let problem = problem(model, Vec::new());
        let (_, recorder) = run(&Exact::default(), &problem, &mut Silent).expect("runs");
        ["photons(a)", "spin(S).x", "g2(a)"].map(|name| recorder.get(&problem, name).expect("known"))
    };
    for (found, expected) in values(&own).iter().flatten().zip(values(&table).iter().flatten()) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }
}

/// Loss in pairs, a jump that mixes mode and ensemble, and a three-body term: nothing of it is in a table.
#[test]
fn what_is_in_no_table_evolves_as_the_brute_force() {
    let (a, s) = (Operator::annihilate(0), Operator::lower(0));
    let squeeze = a.clone() * a.clone() * s.adjoint();
    let model = free()
        .hamiltonian(0.1 * (squeeze.clone() + squeeze.adjoint()))
        .jump(0.3, a.clone() * a.clone())
        .jump(0.2, a.clone() + Complex64::new(0.0, 0.5) * s.clone())
        .build()
        .expect("valid");
    let flow = Observable::expectation("flow", a.adjoint() * s.clone());
    let problem = problem(&model, vec![flow]);
    let (_, recorder) = run(&Exact::default(), &problem, &mut Silent).expect("runs");
    let brute = BruteForce::new(&model, &problem.cutoffs).expect("small");
    let rho = brute.evolve(&brute.initial_state(&problem.initial).expect("valid"), 1.0);
    let expected = brute.expectation(&(a.adjoint() * s), &rho);
    let last = |name: &str| recorder.get(&problem, name).expect("known")[4];
    assert!((last("photons(a)") - brute.expectation(&Operator::number(0), &rho).re).abs() < 1e-8);
    assert!((Complex64::new(last("flow.re"), last("flow.im")) - expected).norm() < 1e-8);
    assert!(expected.im.abs() > 1e-3);
}

#[test]
fn an_own_function_has_the_bits_of_the_table() {
    let pair = Operator::create(0) * Operator::create(0) * Operator::annihilate(0) * Operator::annihilate(0);
    let own =
        Observable::function("own", [pair, Operator::number(0)], [""], |[pair, n]| [pair.re / (n.re * n.re)]);
    let model = free().channel("cavity-loss", "a", 0.3).build().expect("valid");
    let problem = problem(&model, vec![own]);
    let (_, recorder) = run(&Exact::default(), &problem, &mut Silent).expect("runs");
    let bits = |name: &str| -> Vec<u64> {
        recorder.get(&problem, name).expect("known").iter().map(|x| x.to_bits()).collect()
    };
    assert_eq!(bits("own"), bits("g2(a)"));
}
