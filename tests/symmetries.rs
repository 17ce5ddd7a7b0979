//! Weak symmetries, thread counts, quenches and generators must not change a result.

mod common;

use common::{Ran, ran_with};

const REFERENCE: &str = "
[parameters]
N = 3
lambda = 0.5
[modes.a]
frequency = 1.0
cutoff = 8
initial = { state = 'thermal', occupation = 0.3 }
[ensembles.S]
size = 'N'
frequency = 1.0
initial = { state = 'down' }
[ensembles.T]
size = 'N'
frequency = 1.0
initial = { state = 'product', bloch = [0.0, 0.0, 0.4] }
[[interactions]]
kind = 'dicke'
mode = 'a'
ensemble = 'S'
strength = 'lambda'
[[interactions]]
kind = 'tavis-cummings'
mode = 'a'
ensemble = 'T'
strength = 0.3
[[interactions]]
kind = 'exchange'
ensembles = ['S', 'T']
strength = 0.2
[[channels]]
kind = 'cavity-loss'
mode = 'a'
rate = 0.2
[[channels]]
kind = 'pumping'
ensemble = 'T'
rate = 0.9
[[channels]]
kind = 'emission'
ensemble = 'T'
rate = 0.1
[[channels]]
kind = 'dephasing'
ensemble = 'S'
rate = 0.15
[time]
end = 4.0
points = 9
[method]
name = 'dop853'
rtol = 1e-14
atol = 1e-16
[bounds]
top_population = 1.0
[output]
observables = ['all']";

fn largest_difference(a: &Ran, b: &Ran) -> f64 {
    let mut worst: f64 = 0.0;
    for (x, y) in a.recorder.records.iter().zip(&b.recorder.records) {
        for (m, n) in x.measurements.iter().zip(&y.measurements) {
            for (v, w) in m.values.iter().zip(&n.values) {
                assert_eq!(v.value.is_nan(), w.value.is_nan());
                if !v.value.is_nan() {
                    worst = worst.max((v.value - w.value).abs());
                }
            }
        }
    }
    worst
}

fn unknowns(run: &Ran) -> u64 {
    run.study.engine().resources(&run.study.problem).expect("small").unknowns
}

/// Runs a study with and without its symmetries; returns the difference and the fraction of unknowns that is
/// left.
fn with_and_without(sets: &[&str]) -> (f64, f64) {
    let with = ran_with(REFERENCE, sets);
    let without = ran_with(REFERENCE, &[sets, &["engine.symmetries=false"]].concat());
    (largest_difference(&with, &without), unknowns(&with) as f64 / unknowns(&without) as f64)
}

#[test]
fn parity_halves_the_unknowns_and_changes_nothing() {
    let (difference, fraction) = with_and_without(&[]);
    println!("Z2: difference {difference:.1e}, fraction of unknowns {fraction:.3}");
    assert!(difference < 1e-12, "{difference:e}");
    assert!((0.45..0.55).contains(&fraction), "{fraction}");
}

#[test]
fn total_excitation_number_reduces_further() {
    let (difference, fraction) = with_and_without(&["parameters.lambda=0.0"]);
    println!("U(1): difference {difference:.1e}, fraction of unknowns {fraction:.3}");
    assert!(difference < 1e-12, "{difference:e}");
    assert!(fraction < 0.15, "{fraction}");
}

#[test]
fn coherent_states_keep_the_coherences_that_observables_need() {
    let coherent = "modes.a.initial={ state = 'coherent', amplitude = [0.5, 0.2] }";
    let sets = [
        "parameters.lambda=0.0",
        coherent,
        "output.observables=['amplitude(a)', 'squeezing(T)', 'covariance(a,S)', 'reduced-state(a)']",
    ];
    let (difference, fraction) = with_and_without(&sets);
    println!("U(1) with coherences: difference {difference:.1e}, fraction of unknowns {fraction:.3}");
    assert!(difference < 1e-12, "{difference:e}");
    let (difference, fraction) = with_and_without(&[
        "parameters.lambda=0.0",
        coherent,
        "output.observables=['amplitude(a)', 'g2(a)']",
    ]);
    println!("U(1), amplitude and g2 only: difference {difference:.1e}, fraction of unknowns {fraction:.3}");
    assert!(difference < 1e-12, "{difference:e}");
    assert!(fraction < 0.4, "{fraction}");
}

#[test]
fn the_assembled_generator_gives_the_same_run() {
    let free = ran_with(REFERENCE, &["parameters.N=2"]);
    let assembled = ran_with(REFERENCE, &["parameters.N=2", "engine.generator=assembled"]);
    let difference = largest_difference(&free, &assembled);
    assert!(difference < 1e-11, "{difference:e}");
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for method in ["dop853", "krylov", "chebyshev"] {
        let runs: Vec<Ran> = [1, 2, 3]
            .into_iter()
            .map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                let method = format!("method={{ name = '{method}' }}");
                pool.install(|| ran_with(REFERENCE, &["parameters.N=4", "time.end=1.0", &method]))
            })
            .collect();
        for other in &runs[1..] {
            for (a, b) in runs[0].recorder.records.iter().zip(&other.recorder.records) {
                for (x, y) in a.measurements.iter().zip(&b.measurements) {
                    let bits = |m: &superladder::engine::Measurement| -> Vec<u64> {
                        m.values.iter().map(|v| v.value.to_bits()).collect()
                    };
                    assert_eq!(bits(x), bits(y), "{method}");
                }
            }
        }
    }
}

#[test]
fn a_quench_changes_the_model_at_its_time() {
    let quench = "quenches=[{ time = 2.0, set = { lambda = 0.9 } }]";
    let quenched = ran_with(REFERENCE, &["parameters.N=2", quench]);
    let before = ran_with(REFERENCE, &["parameters.N=2"]);
    let split = before.recorder.times().iter().position(|t| *t > 2.0).expect("later times");
    let column = |run: &Ran| run.column("photons(a)");
    let (a, b) = (column(&quenched), column(&before));
    for i in 0..split {
        assert!((a[i] - b[i]).abs() < 1e-11, "before the quench");
    }
    assert!((a[a.len() - 1] - b[b.len() - 1]).abs() > 1e-3, "after the quench");
}
