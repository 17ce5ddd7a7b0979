//! The golden files (N = 1, 2, 4; produced by independent code, see `data/reference/golden/README.md`) with
//! every propagator: every column to 1e-8 absolute at rtol 1e-10.

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

/// The methods by name, at tolerances far below the 1e-8 that is asked for.
fn methods() -> Vec<(&'static str, Method)> {
    let (rtol, atol, tolerance) = (1e-10, 1e-13, 1e-10);
    vec![
        ("dop853", Method::Dop853(Dop853 { rtol, atol, ..Dop853::default() })),
        ("dop853 in the frame of the diagonal", {
            Method::Dop853(Dop853 { rtol, atol, lawson: true, ..Dop853::default() })
        }),
        ("tsit5", Method::Tsit5(Tsit5 { rtol, atol, ..Tsit5::default() })),
        ("krylov", Method::Krylov(Krylov { tolerance, ..Krylov::default() })),
        ("chebyshev", Method::Chebyshev(Chebyshev { step_tolerance: tolerance, ..Chebyshev::default() })),
        ("low-storage", Method::LowStorage(LowStorage { rtol, atol, ..LowStorage::default() })),
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

fn check(files: &[(usize, usize, f64)], method: &Method) {
    let observables = ["amplitude(a)", "photons(a)", "spin(S)", "spin(T)", "moments(S)", "purity"];
    for &(n, cutoff, lambda) in files {
        let engine = Exact { method: method.clone(), ..Exact::default() };
        let problem = reference_problem(n, cutoff, lambda, &observables);
        let (_, recorder) = run(&engine, &problem, &mut Silent).expect("runs");
        let worst = deviation(&recorder, &golden(n, cutoff, lambda), n as f64);
        println!("N = {n}, lambda = {lambda}, {method:?}: {worst:.1e}");
        assert!(worst < 1e-8, "N = {n}, {method:?}: {worst:e}");
    }
}

#[test]
fn small_files_are_reproduced_by_every_propagator() {
    for (_, method) in methods() {
        check(&FILES[..3], &method);
    }
}

#[test]
fn the_large_file_is_reproduced() {
    let fast = ["dop853", "krylov", "chebyshev"];
    for (_, method) in methods().iter().filter(|(name, _)| fast.contains(name)) {
        check(&FILES[3..], method);
    }
}

#[test]
#[ignore = "long: methods of low order at a tolerance of 1e-10"]
fn the_large_file_is_reproduced_by_slow_methods() {
    for name in ["dop853 in the frame of the diagonal", "tsit5", "low-storage"] {
        let methods = methods();
        let (_, method) = methods.iter().find(|(known, _)| *known == name).expect("known");
        check(&FILES[3..], method);
    }
}
