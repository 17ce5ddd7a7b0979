//! What another program gets: the generator, the start and the observables as matrices and vectors.

use num_complex::Complex64;
use superladder_engine::{Engine, Problem, Silent, record};
use superladder_exact::{Exact, Exported};
use superladder_model::Model;

fn problem(last: &str) -> Problem {
    let model = Model::builder()
        .mode("a", 0.3)
        .ensemble("S", 3, 0.7)
        .interaction("tavis-cummings", ["a", "S"], [("strength", 0.9)])
        .channel("cavity-loss", "a", 0.6)
        .channel("pumping", "S", 0.4)
        .build()
        .expect("a model");
    Problem::builder(&model)
        .initial("a", "coherent", Complex64::new(0.4, 0.2))
        .cutoff("a", 5)
        .observe(["photons(a)", "amplitude(a)", "photon-distribution(a)", "ladder-distribution(S)", last])
        .times(0.0, 0.5, 2)
        .build()
        .expect("a problem")
}

/// Four stages of Runge-Kutta on the exported matrix: another program's solution.
fn evolved(exported: &Exported, end: f64, steps: usize) -> Vec<Complex64> {
    let h = end / steps as f64;
    let plus = |x: &[Complex64], k: &[Complex64], s: f64| -> Vec<Complex64> {
        x.iter().zip(k).map(|(x, k)| x + s * k).collect()
    };
    let mut rho = exported.initial.clone();
    for _ in 0..steps {
        let k1 = exported.liouvillian.apply(&rho);
        let k2 = exported.liouvillian.apply(&plus(&rho, &k1, 0.5 * h));
        let k3 = exported.liouvillian.apply(&plus(&rho, &k2, 0.5 * h));
        let k4 = exported.liouvillian.apply(&plus(&rho, &k3, h));
        for (k, x) in rho.iter_mut().enumerate() {
            *x += h / 6.0 * (k1[k] + 2.0 * k2[k] + 2.0 * k3[k] + k4[k]);
        }
    }
    rho
}

#[test]
fn the_exported_matrix_and_vectors_give_the_observables_of_the_engine() {
    let problem = problem("spin(S)");
    let mut rows = Vec::new();
    for symmetries in [true, false] {
        let engine = Exact { symmetries, ..Exact::default() };
        let exported = engine.exported(&problem).expect("an export");
        assert!(exported.left_out.is_empty());
        let unknowns = engine.resources(&problem).expect("resources").unknowns;
        assert_eq!(exported.liouvillian.matrix.rows() as u64, unknowns, "symmetries {symmetries}");
        assert_eq!(exported.unknowns.len(), exported.initial.len());
        rows.push(unknowns);
        let mut evolution = engine.evolution(&problem).expect("an evolution");
        let recorder = record(&mut evolution, &problem, &mut Silent).expect("a run");
        for (time, rho) in [exported.initial.clone(), evolved(&exported, 0.5, 200)].iter().enumerate() {
            let value = |name: &str| -> Complex64 {
                let found = exported.expectations.iter().find(|e| e.name == name);
                let weights = &found.unwrap_or_else(|| panic!("no {name}")).weights;
                weights.iter().zip(rho).map(|(w, x)| w * x).sum()
            };
            let engine = |name: &str| recorder.get(&problem, name).expect("a column")[time];
            let mut compared = 0;
            for name in ["photons(a)", "photon-distribution(a).2", "ladder-distribution(S).j=3/2"] {
                assert!(
                    (value(name) - engine(name)).norm() < 1e-9,
                    "{name}: {} {}",
                    value(name),
                    engine(name)
                );
                compared += 1;
            }
            let amplitude = Complex64::new(engine("amplitude(a).re"), engine("amplitude(a).im"));
            let found = value("amplitude(a)");
            assert!((found - amplitude).norm() < 1e-9, "{found} {amplitude}");
            assert_eq!(compared, 3);
        }
    }
    assert!(rows[0] < rows[1], "{rows:?}");
}

/// The numbering says which element every unknown is: those of the diagonal add up to the trace.
#[test]
fn unknowns_are_labelled() {
    let exported = Exact::default().exported(&problem("purity")).expect("an export");
    let trace: Complex64 =
        exported.unknowns.iter().zip(&exported.initial).filter(|(u, _)| u.ket == u.bra).map(|(_, x)| x).sum();
    assert!((trace - 1.0).norm() < 1e-4, "{trace}");
    // <S^z> from the labels and from the functional.
    let by_labels: Complex64 = exported
        .unknowns
        .iter()
        .zip(&exported.initial)
        .filter(|(u, _)| u.ket == u.bra)
        .map(|(u, x)| 0.5 * u.ket[1] as f64 * x)
        .sum();
    assert!((by_labels + 1.5).norm() < 1e-4, "all spins start down: {by_labels}");
    let largest = exported.unknowns.iter().flat_map(|u| &u.twice_j).max();
    assert_eq!(largest, Some(&3));
}
