//! The same bits for any number of threads, and after an interruption.
mod common;

use std::ops::ControlFlow;

use common::{Chain, lotka_volterra, method};
use superladder_propagate::{
    Field, Linear, METHODS, Memory, Method, OptionValue, Propagator, System, vector,
};

fn bits(y: &[f64]) -> Vec<u64> {
    y.iter().map(|v| v.to_bits()).collect()
}

fn start(n: usize) -> Vec<f64> {
    (0..n).map(|i| (0.1 * i as f64).sin() + 1.0 / (1.0 + i as f64)).collect()
}

/// Methods to run, those with an integrating factor twice.
fn methods() -> Vec<(String, Method)> {
    let mut all = Vec::new();
    for definition in METHODS {
        all.push((definition.name.to_owned(), (definition.method)()));
        if definition.options.iter().any(|option| option.name == "lawson") {
            let lawson = [("lawson", OptionValue::Boolean(true))];
            let method = Method::from_name_and_options(definition.name, &lawson).expect("valid");
            all.push((format!("{} with lawson", definition.name), method));
        }
    }
    all
}

fn run(m: &Method, n: usize, stops: &[f64]) -> Vec<u64> {
    let mut propagator = m.propagator(n);
    let mut y = start(n);
    let mut seen = Vec::new();
    propagator
        .advance(&Linear(&Chain(n)), 0.0, 2.0, &mut y, stops, &mut |_, y| {
            seen.extend(bits(y));
            ControlFlow::Continue(())
        })
        .expect("ends");
    seen.extend(bits(&y));
    seen
}

#[test]
fn one_two_and_three_threads_give_the_same_bits() {
    let n = 3 * vector::PARALLEL + 77;
    for (name, m) in methods() {
        let results: Vec<_> = [1, 2, 3]
            .into_iter()
            .map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
                pool.install(|| run(&m, n, &[0.7, 1.3]))
            })
            .collect();
        assert!(results[0] == results[1] && results[1] == results[2], "{name}");
    }
}

#[test]
fn the_parallel_kernels_equal_the_plain_loops() {
    for n in [0, 1, 7, 4095, 4096, 4097, vector::PARALLEL - 1, vector::PARALLEL, 2 * vector::PARALLEL + 13] {
        let (x, y, z) = (start(n), start(n).iter().map(|v| v.cos()).collect::<Vec<_>>(), start(n));
        let mut out = vec![0.0; n];
        vector::combine(&mut out, &[(0.3, &x), (0.0, &y), (-1.7, &y), (0.5, &z)]);
        for i in 0..n {
            let plain = 0.0 + 0.3 * x[i] + -1.7 * y[i] + 0.5 * z[i];
            assert_eq!(out[i].to_bits(), plain.to_bits(), "n={n}, i={i}");
        }
        let plain: f64 = x.iter().zip(&y).map(|(x, y)| x * y).sum();
        assert!((vector::dot(&x, &y) - plain).abs() <= 1e-13 * (1.0 + n as f64));
    }
}

/// Splits a run into three calls, as two checkpoints do.
fn in_parts(m: &Method, system: &dyn System, y: &mut [f64], interrupted: bool) -> Memory {
    let mut propagator = m.propagator(y.len());
    for (t, end, stops) in [(0.0, 1.1, vec![0.4, 0.9]), (1.1, 2.7, vec![2.0, 2.7]), (2.7, 4.0, vec![3.5])] {
        if interrupted {
            let memory = propagator.memory();
            propagator = m.propagator(y.len());
            propagator.restore(&memory);
        }
        propagator.advance(system, t, end, y, &stops, &mut |_, _| ControlFlow::Continue(())).expect("ends");
    }
    propagator.memory()
}

#[test]
fn a_restored_propagator_continues_with_the_same_bits() {
    for (name, m) in methods() {
        let chain = Chain(300);
        let (mut plain, mut resumed) = (start(300), start(300));
        let memories = [
            in_parts(&m, &Linear(&chain), &mut plain, false),
            in_parts(&m, &Linear(&chain), &mut resumed, true),
        ];
        assert_eq!(bits(&plain), bits(&resumed), "{name}");
        assert_eq!(memories[0], memories[1], "{name}");
    }
    let field = lotka_volterra();
    for name in ["dop853", "tsit5", "low-storage"] {
        let (mut plain, mut resumed) = ([3.0, 1.0], [3.0, 1.0]);
        in_parts(&method(name, &[]), &Field(&field), &mut plain, false);
        in_parts(&method(name, &[]), &Field(&field), &mut resumed, true);
        assert_eq!(bits(&plain), bits(&resumed), "{name}");
    }
}

#[test]
fn the_observer_may_break_off_anywhere() {
    let chain = Chain(50);
    for (name, m) in methods() {
        let stops = [0.2, 0.5, 0.9, 1.0];
        for last in 0..4 {
            let mut propagator: Box<dyn Propagator + Send> = m.propagator(50);
            let mut y = start(50);
            let mut seen = Vec::new();
            let reached = propagator
                .advance(&Linear(&chain), 0.0, 1.0, &mut y, &stops, &mut |t, y| {
                    seen = y.to_vec();
                    if t == stops[last] { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                })
                .expect("stops cleanly");
            assert_eq!(reached, stops[last], "{name}");
            assert_eq!(bits(&y), bits(&seen), "{name} at {reached}");
        }
    }
}
