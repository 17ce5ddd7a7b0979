//! The same bits for any number of threads, and after an interruption.
mod common;

use std::ops::ControlFlow;

use common::{Chain, lotka_volterra, method, observe};
use superladder_propagate::{
    Field, Linear, METHODS, Memory, Method, Observer, OptionValue, Propagator, Stop, System, vector,
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
        .advance(&Linear(&Chain(n)), 0.0, 2.0, &mut y, stops, &mut |_: f64, y: &[f64]| {
            seen.extend(bits(y));
            ControlFlow::Continue(())
        })
        .expect("ends");
    seen.extend(bits(&y));
    seen
}

#[test]
fn one_two_and_three_threads_give_the_same_bits() {
    for (name, m) in methods() {
        let n = m.definition().largest.map_or(3 * vector::PARALLEL + 77, |largest| largest / 8);
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
        propagator
            .advance(system, t, end, y, &stops, &mut |_: f64, _: &[f64]| ControlFlow::Continue(()))
            .expect("ends");
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
fn breaking_off_anywhere_and_going_on_gives_the_same_bits() {
    let chain = Chain(50);
    let stops = [0.2, 0.5, 0.9, 1.0];
    for (name, m) in methods() {
        let mut whole = Vec::new();
        let mut y = start(50);
        let mut propagator = m.propagator(50);
        let mut all = |t: f64, y: &[f64]| {
            whole.push((t, bits(y)));
            ControlFlow::Continue(())
        };
        propagator.advance(&Linear(&chain), 0.0, 1.0, &mut y, &stops, &mut all).expect("ends");
        let memory = propagator.memory();
        for last in 0..4 {
            let (mut seen, mut z, mut reached) = (Vec::new(), start(50), 0.0);
            let mut propagator: Box<dyn Propagator + Send> = m.propagator(50);
            while reached < 1.0 {
                let left = &stops[stops.partition_point(|s| *s <= reached)..];
                let mut observer = |t: f64, y: &[f64]| {
                    seen.push((t, bits(y)));
                    if t == stops[last] { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                };
                reached = propagator
                    .advance(&Linear(&chain), reached, 1.0, &mut z, left, &mut observer)
                    .expect("stops cleanly");
                assert!(reached >= seen.last().map_or(0.0, |(t, _)| *t), "{name}");
            }
            assert!(whole == seen, "{name}, broken off at {}", stops[last]);
            assert_eq!(bits(&y), bits(&z), "{name}");
            // The derivative at the start is evaluated anew, which only counts.
            let uncounted = |memory: &Memory| {
                let mut memory = memory.clone();
                memory.statistics.applications = 0;
                memory
            };
            assert_eq!(uncounted(&memory), uncounted(&propagator.memory()), "{name}");
        }
    }
}

/// Watches two functionals only and breaks off after every step.
struct Probing {
    seen: Vec<(f64, Vec<f64>)>,
    steps: usize,
}

impl Observer for Probing {
    fn probe_count(&self) -> usize {
        2
    }
    fn probe(&self, vector: &[f64], out: &mut [f64]) {
        out[0] = vector.iter().sum();
        out[1] = vector[7] - 3.0 * vector[11];
    }
    fn needs_state(&self) -> bool {
        false
    }
    fn stop(&mut self, stop: &Stop<'_>) -> ControlFlow<()> {
        assert!(stop.error_estimate > 0.0 && stop.error_estimate < 1e-4);
        self.seen.push((stop.time, stop.probes.to_vec()));
        ControlFlow::Continue(())
    }
    fn step(&mut self, _: f64, _: &[f64]) -> ControlFlow<()> {
        self.steps += 1;
        ControlFlow::Break(())
    }
}

#[test]
fn probes_are_the_functionals_of_the_states() {
    let chain = Chain(60);
    let stops: Vec<f64> = (1..=40).map(|k| 0.1 * f64::from(k)).collect();
    for (name, m) in methods() {
        let states = observe(&mut *m.propagator(60), &Linear(&chain), (0.0, 4.0), &mut start(60), &stops);
        let mut probing = Probing { seen: Vec::new(), steps: 0 };
        let (mut propagator, mut y, mut reached) = (m.propagator(60), start(60), 0.0);
        while reached < 4.0 {
            let left = &stops[stops.partition_point(|s| *s <= reached)..];
            reached =
                propagator.advance(&Linear(&chain), reached, 4.0, &mut y, left, &mut probing).expect("ends");
        }
        assert_eq!(probing.steps as u64, propagator.statistics().accepted, "{name}");
        assert_eq!(probing.seen.len(), stops.len(), "{name}");
        for ((time, state), (at, probes)) in states.iter().zip(&probing.seen) {
            let mut exact = [0.0; 2];
            probing.probe(state, &mut exact);
            assert_eq!(time, at);
            for (found, exact) in probes.iter().zip(exact) {
                assert!(
                    (found - exact).abs() < 1e-5 * exact.abs().max(1.0),
                    "{name} at {time}: {found} {exact}"
                );
            }
        }
    }
}
