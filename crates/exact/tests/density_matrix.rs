//! The view of a density matrix against the brute force and against the observables.

use num_complex::Complex64;
use superladder_brute_force::BruteForce;
use superladder_engine::{Problem, Recorder, Silent, record};
use superladder_exact::{DensityMatrixError, Element, Exact, ExactEvolution, SectorView};
use superladder_model::Model;

/// Two ensembles in a cavity; `strength` of the counter-rotating coupling, which leaves a parity, without it
/// a number.
fn model(strength: f64) -> Model {
    Model::builder()
        .mode("a", 1.0)
        .ensemble("S", 2, 0.9)
        .ensemble("T", 3, 1.1)
        .interaction("dicke", ["a", "S"], strength)
        .interaction("tavis-cummings", ["a", "T"], 0.3)
        .channel("cavity-loss", "a", 0.2)
        .channel("pumping", "T", 0.7)
        .build()
        .expect("valid")
}

fn problem(model: &Model, observables: &[&str]) -> Problem {
    let names = observables.iter().map(ToString::to_string).collect::<Vec<_>>();
    Problem::builder(model)
        .initial("a", "coherent", Complex64::new(0.3, 0.2))
        .initial("S", "spin-coherent", [("theta", 0.4), ("phi", 0.3)])
        .cutoff("a", 2)
        .observe(names)
        .times(0.0, 0.8, 3)
        .build()
        .expect("valid")
}

fn evolved(engine: &Exact, problem: &Problem) -> (ExactEvolution, Recorder) {
    let mut evolution = engine.evolution(problem).expect("possible");
    let recorder = record(&mut evolution, problem, &mut Silent).expect("runs");
    (evolution, recorder)
}

/// Largest deviation of a sector from a block over labels (Fock numbers, excitation numbers).
fn deviation(sector: &SectorView, block: &superladder_brute_force::SymmetricBlock, spins: [usize; 2]) -> f64 {
    let place = |(quanta, excitations): &(Vec<usize>, Vec<usize>)| {
        let twice_m: Vec<i64> =
            excitations.iter().zip(spins).map(|(x, n)| 2 * *x as i64 - n as i64).collect();
        let state = sector.find(quanta, &twice_m).expect("in the basis");
        let shown = sector.basis_state(state);
        assert_eq!(&shown.quanta, quanta);
        assert_eq!(shown.spins.iter().map(|(_, m)| *m).collect::<Vec<_>>(), twice_m);
        state
    };
    let places: Vec<usize> = block.states.iter().map(place).collect();
    let mut worst: f64 = 0.0;
    for (i, row) in places.iter().enumerate() {
        for (k, column) in places.iter().enumerate() {
            let value = sector.element(*row, *column).value().expect("stored");
            worst = worst.max((value - block.matrix[(i, k)]).norm());
        }
    }
    worst
}

#[test]
fn every_element_is_that_of_the_brute_force() {
    for strength in [0.0, 0.4] {
        let model = model(strength);
        let problem = problem(&model, &["purity"]);
        let (evolution, _) = evolved(&Exact::default(), &problem);
        let rho = evolution.density_matrix();
        assert!(rho.is_complete());
        let brute = BruteForce::new(&model, &problem.cutoffs).expect("small");
        let exact = brute.evolve(&brute.initial_state(&problem.initial).expect("valid"), 0.8);
        let mut found = 0;
        for block in brute.project(&exact, &brute.symmetric_blocks()).expect("fits") {
            match rho.sector(&block.twice_j) {
                Some(sector) => {
                    assert!(deviation(&sector, &block, [2, 3]) < 1e-9, "{:?}", block.twice_j);
                    assert!((sector.trace() - block.matrix.trace().re).abs() < 1e-9);
                    found += 1;
                }
                None => assert!(block.matrix.norm() < 1e-12),
            }
        }
        assert_eq!((found, rho.sectors().count()), (2, 2));
        assert!((rho.trace() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn reduced_states_are_those_of_the_observables() {
    let model = model(0.4);
    let problem = problem(&model, &["reduced-state(a)", "reduced-state(T)"]);
    let (evolution, recorder) = evolved(&Exact::default(), &problem);
    let rho = evolution.density_matrix();
    let last = recorder.records.last().expect("records");
    let measured = |observable: usize| -> Vec<f64> {
        last.measurements[observable].values.iter().map(|e| e.value).collect()
    };
    let flat = |elements: &[Complex64]| -> Vec<f64> { elements.iter().flat_map(|z| [z.re, z.im]).collect() };
    let close = |a: &[f64], b: &[f64]| {
        assert_eq!(a.len(), b.len());
        assert!(a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-9), "{a:?} {b:?}");
    };
    let mode = rho.mode("a").expect("stored");
    close(&flat(mode.elements()), &measured(0));
    assert!((mode.trace() - 1.0).abs() < 1e-12 && mode.dim() == 3);
    assert_eq!(mode[(0, 1)].conj(), mode[(1, 0)]);
    let ladders = rho.ensemble("T").expect("stored");
    let all: Vec<f64> = ladders.iter().flat_map(|l| flat(l.matrix.elements())).collect();
    close(&all, &measured(1));
    let shape: Vec<_> = ladders.iter().map(|l| (l.twice_j, l.copies, l.matrix.dim())).collect();
    assert_eq!(shape, [(1, 2.0, 2), (3, 1.0, 4)]);
    let total: f64 = ladders.iter().map(|l| l.matrix.trace()).sum();
    assert!((total - 1.0).abs() < 1e-12);
    assert!(matches!(rho.mode("b"), Err(DensityMatrixError::Model(_))));
}

#[test]
fn what_symmetries_left_out_is_said() {
    // The parity holds; photons need no coherence between odd and even states, which the coherent start has.
    let problem = problem(&model(0.4), &["photons(a)"]);
    let (evolution, _) = evolved(&Exact::default(), &problem);
    let rho = evolution.density_matrix();
    assert!(rho.symmetries().len() == 1 && rho.is_reduced() && !rho.is_complete());
    let sector = rho.sector(&[2, 3]).expect("there");
    let at = |n| sector.find(&[n], &[-2, -3]).expect("in the basis");
    assert_eq!(sector.element(at(0), at(1)), Element::NotStored);
    assert_eq!(sector.element(at(0), at(1)).value(), None);
    assert!(matches!(sector.element(at(0), at(2)), Element::Value(_)));
    let refused = rho.mode("a").expect_err("not stored").to_string();
    assert!(refused.contains("observe `reduced-state(a)`"), "{refused}");
    assert!(matches!(sector.to_dense(), Err(DensityMatrixError::NotStored { .. })));

    let all = Exact { symmetries: false, ..Exact::default() };
    let (evolution, _) = evolved(&all, &problem);
    let rho = evolution.density_matrix();
    let sector = rho.sector(&[2, 3]).expect("there");
    let dense = sector.to_dense().expect("complete");
    let at = |n| sector.find(&[n], &[-2, -3]).expect("in the basis");
    assert!(dense[(at(0), at(1))].norm() > 1e-3);
}

#[test]
fn a_start_without_coherences_keeps_them_zero() {
    let problem = Problem::builder(&model(0.0)).cutoff("a", 2).times(0.0, 0.8, 2).build().expect("valid");
    let (evolution, _) = evolved(&Exact::default(), &problem);
    let rho = evolution.density_matrix();
    assert!(rho.is_complete());
    let sector = rho.sector(&[2, 3]).expect("there");
    let at = |n| sector.find(&[n], &[-2, -3]).expect("in the basis");
    assert_eq!(sector.element(at(0), at(1)), Element::ZeroBySymmetry);
    let mode = rho.mode("a").expect("complete");
    assert_eq!(mode[(0, 1)], Complex64::ZERO);
    assert!(mode[(1, 1)].re > 1e-3);
    assert_eq!(sector.basis_state(at(1)).to_string(), "|n = 1; j = 1, m = -1; j = 3/2, m = -3/2>");
    assert_eq!(sector.find(&[0], &[-1, -3]), None);
    assert_eq!(sector.find(&[3], &[-2, -3]), None);
    assert_eq!(sector.find(&[0], &[-2]), None);
}
