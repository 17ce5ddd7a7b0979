//! The golden files (N = 1, 2, 4; produced by independent code, see `data/reference/golden/README.md`) with every
//! propagator: every column to 1e-8 absolute at rtol 1e-10.

mod common;

use common::reference::reference_problem;
use superladder_engine::{Recorder, Silent, run};
use superladder_exact::Exact;
use superladder_propagate::{Chebyshev, Dop853, Krylov, LowStorage, Method, Tsit5};

const FILES: [(usize, usize, f64); 4] = [(1, 10, 0.2), (2, 12, 0.2), (2, 12, 0.7), (4, 14, 0.2)];

fn golden(n: usize, cutoff: usize, lambda: f64) -> Vec<Vec<f64>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/reference/golden");
    let text =
        std::fs::read_to_string(format!("{folder}/N{n}_nmax{cutoff}_lam{lambda}_t10.csv")).expect("present");
    text.lines().skip(1).map(|line| line.split(',').map(|x| x.parse().expect("a number")).collect()).collect()
}

fn methods() -> Vec<Method> {
    vec![
        Method::Dop853(Dop853 { rtol: 1e-10, atol: 1e-13, ..Dop853::default() }),
        Method::Dop853(Dop853 { rtol: 1e-10, atol: 1e-13, lawson: true, ..Dop853::default() }),
        Method::Tsit5(Tsit5 { rtol: 1e-10, atol: 1e-13, ..Tsit5::default() }),
        Method::Krylov(Krylov { tolerance: 1e-10, ..Krylov::default() }),
        Method::Chebyshev(Chebyshev { tolerance: 1e-10, ..Chebyshev::default() }),
        Method::LowStorage(LowStorage { rtol: 1e-10, atol: 1e-13, ..LowStorage::default() }),
    ]
}

/// Largest deviation over all times and columns.
fn deviation(recorder: &Recorder, golden: &[Vec<f64>], n: f64) -> f64 {
    let mut worst: f64 = 0.0;
    assert_eq!(recorder.records.len(), golden.len());
    for (record, row) in recorder.records.iter().zip(golden) {
        let v = |o: usize, c: usize| record.measurements[o].values[c].value;
        let found = [
            record.time,
            v(0, 0),
            v(0, 1),
            v(1, 0) / n,
            v(2, 0) / n,
            v(2, 1) / n,
            v(2, 2) / n,
            v(3, 2) / n,
            v(3, 0) / n,
            -v(3, 1) / n,
            v(4, 0) / (n * n),
            1.0,
            v(5, 0),
        ];
        for (f, g) in found.iter().zip(row) {
            worst = worst.max((f - g).abs());
        }
    }
    worst
}

#[test]
fn every_column_is_reproduced_by_every_propagator() {
    let observables = ["amplitude(a)", "photons(a)", "spin(S)", "spin(T)", "moments(S)", "purity"];
    for (n, cutoff, lambda) in FILES {
        let expected = golden(n, cutoff, lambda);
        for method in methods() {
            if n == 4 && matches!(method, Method::LowStorage(_)) {
                continue;
            }
            let start = std::time::Instant::now();
            let engine = Exact { method: method.clone(), ..Exact::default() };
            let problem = reference_problem(n, cutoff, lambda, &observables);
            let (evolution, recorder) = run(&engine, &problem, &mut Silent).expect("runs");
            let worst = deviation(&recorder, &expected, n as f64);
            println!(
                "N={n} lambda={lambda} {method:?}\n  {worst:.1e} {:.2?} {}",
                start.elapsed(),
                evolution.statistics()["propagator"]
            );
            assert!(worst < 1e-8, "N = {n}, {method:?}: {worst:e}");
        }
    }
}
