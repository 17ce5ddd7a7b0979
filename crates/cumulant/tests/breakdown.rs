//! First crossings and period-averaged breakdown times of the reference model (docs/EQUATIONS.md, Cumulants;
//! the analysis crate owns the readings, here they are written out).

mod common;

use common::{problem, reference_model, reference_state};
use num_complex::Complex64;
use superladder_cumulant::{Closure, Cumulant};
use superladder_engine::{Recorder, Silent, run};
use superladder_model::{EnsembleState, InitialState, ModeState};
use superladder_propagate::{Dop853, Method};

const THRESHOLD: f64 = 0.1;

fn evolved(
    order: usize,
    closure: Closure,
    n: usize,
    state: &InitialState,
    times: Vec<f64>,
    rtol: f64,
) -> Recorder {
    let method =
        Method::Dop853(Dop853 { rtol, atol: 1e-2 * rtol, max_steps: 100_000_000, ..Dop853::default() });
    let engine = Cumulant { order, closure, method, ..Cumulant::default() };
    let observables = ["amplitude(a)", "field-cumulants(a)", "spin(S)", "spin(T)"];
    let problem = problem(reference_model(n, 0.2), state.clone(), &observables, times);
    run(&engine, &problem, &mut Silent).expect("runs").1
}

/// `<Q>/sqrt N, <P>/sqrt N, <S>/N, <T>/N` at every time.
fn means(recorder: &Recorder, n: usize) -> Vec<[f64; 8]> {
    let n = n as f64;
    let field = (2.0 / n).sqrt();
    let one = |r: &superladder_engine::Record| {
        let v = |o: usize, c: usize| r.measurements[o].values[c].value;
        let [a, s, t] = [0, 2, 3].map(|o| [0, 1, 2].map(|c| if o == 0 && c == 2 { 0.0 } else { v(o, c) }));
        [field * a[0], field * a[1], s[0] / n, s[1] / n, s[2] / n, t[0] / n, t[1] / n, t[2] / n]
    };
    recorder.records.iter().map(one).collect()
}

/// `|<aa>_c|/N` at every time.
fn second(recorder: &Recorder, n: usize) -> Vec<f64> {
    let pairs = recorder.column(1, 0).into_iter().zip(recorder.column(1, 1));
    pairs.map(|(re, im)| Complex64::new(re, im).norm() / n as f64).collect()
}

fn norm(v: impl Iterator<Item = f64>) -> f64 {
    v.map(|x| x * x).sum::<f64>().sqrt()
}

/// `|<aa>_c| / |<a>_MF|^2` (`aa`) and `|v - v_MF| / |v_MF|` of the eight means.
fn ratios(closure: Closure, n: usize, state: &InitialState, times: &[f64], rtol: f64) -> [Vec<f64>; 2] {
    let tested = evolved(2, closure, n, state, times.to_vec(), rtol);
    let mean_field = means(&evolved(1, Closure::Sites, n, state, times.to_vec(), rtol), n);
    let square = |v: &[f64; 8]| 0.5 * (v[0] * v[0] + v[1] * v[1]);
    let aa = second(&tested, n).iter().zip(&mean_field).map(|(c, v)| c / square(v)).collect();
    let off =
        |(v, w): (&[f64; 8], &[f64; 8])| norm(v.iter().zip(w).map(|(a, b)| a - b)) / norm(w.iter().copied());
    [aa, means(&tested, n).iter().zip(&mean_field).map(off).collect()]
}

/// First time at which a ratio is seen to reach the threshold on a grid of step 0.1 (that of the targets:
/// `norm8dev` of A at N = 1000 touches the threshold from 278.637 to 278.67, which this grid steps over),
/// refined.
fn first_crossing(which: usize, closure: Closure, n: usize, end: f64, rtol: f64) -> f64 {
    let state = reference_state(n);
    let (mut begin, mut end, mut step) = (0.0, end, 0.1);
    loop {
        let count = ((end - begin) / step).round() as usize;
        let grid: Vec<f64> = (0..=count).map(|i| begin + step * i as f64).collect();
        let times: Vec<f64> = std::iter::once(0.0).chain(grid.into_iter().filter(|t| *t > 0.0)).collect();
        let ratio = &ratios(closure, n, &state, &times, rtol)[which];
        let i = ratio.iter().position(|r| *r >= THRESHOLD).expect("crosses");
        let (t0, t1) = (times[i - 1], times[i]);
        if step < 1e-4 {
            return t0 + (t1 - t0) * (THRESHOLD - ratio[i - 1]) / (ratio[i] - ratio[i - 1]);
        }
        (begin, end, step) = (t0, t1, 0.01 * (t1 - t0));
    }
}

fn check_first_crossings(sizes: &[usize], rtol: f64, tolerance: f64) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/reference/cumulant_targets.json");
    let targets: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).expect("present")).expect("JSON");
    for n in sizes {
        for (name, closure) in [("A", Closure::Sites), ("B", Closure::Symmetrised)] {
            let entry = &targets["first_crossings_REF"][format!("REF_{name}_N{n}")];
            for (which, key) in ["tE_aa_first", "tE_norm8dev_first"].into_iter().enumerate() {
                let expected = entry[key].as_f64().expect("a number");
                let found = first_crossing(which, closure, *n, expected + 1.0, rtol);
                println!("{name} N = {n} {key}: {found} ({:.1e} off)", found - expected);
                assert!((found / expected - 1.0).abs() < tolerance, "{found} instead of {expected}");
            }
        }
    }
}

#[test]
fn first_crossings_of_the_reference_state() {
    check_first_crossings(&[10, 100, 1000], 1e-12, 1e-7);
}

#[test]
#[ignore = "long: N = 10^4 to t = 2800, about a minute"]
fn first_crossings_at_ten_thousand() {
    check_first_crossings(&[10_000], 1e-13, 1e-5);
}

/// A point of the limit cycle: from near the normal state by mean field to time `burn`.
fn on_cycle(n: usize, burn: f64) -> InitialState {
    let start = InitialState {
        modes: vec![ModeState::Coherent(Complex64::from(-0.01 * (n as f64).sqrt()))],
        ensembles: vec![
            EnsembleState::SpinCoherent { theta: 0.02, phi: 0.0 },
            EnsembleState::Product { bloch: [0.0, 0.0, 0.8] },
        ],
        joint: None,
    };
    let v = means(&evolved(1, Closure::Sites, n, &start, vec![0.0, burn], 1e-11), n)[1];
    let length = 2.0 * norm(v[2..5].iter().copied());
    let root = (0.5 * n as f64).sqrt();
    InitialState {
        modes: vec![ModeState::Coherent(Complex64::new(root * v[0], root * v[1]))],
        ensembles: vec![
            EnsembleState::Product { bloch: [2, 3, 4].map(|k| 2.0 * v[k] / length) },
            EnsembleState::Product { bloch: [5, 6, 7].map(|k| 2.0 * v[k]) },
        ],
        joint: None,
    }
}

/// Reading `aa` with numerator and denominator averaged over a window of one period, at the window's centre.
fn averaged(closure: Closure, n: usize, state: &InitialState, end: f64, step: f64, rtol: f64) -> f64 {
    let window = (5.757 / step).round() as usize;
    let times: Vec<f64> = (0..=(end / step) as usize).map(|i| i as f64 * step).collect();
    let tested = evolved(2, closure, n, state, times.clone(), rtol);
    let mean_field = means(&evolved(1, Closure::Sites, n, state, times, rtol), n);
    let squares: Vec<f64> = mean_field.iter().map(|v| 0.5 * (v[0] * v[0] + v[1] * v[1])).collect();
    let sums = |x: &[f64]| -> Vec<f64> {
        x.windows(window + 1).map(|x| x.iter().sum::<f64>() - 0.5 * (x[0] + x[window])).collect()
    };
    let (c, a) = (sums(&second(&tested, n)), sums(&squares));
    let ratio: Vec<f64> = c.iter().zip(&a).map(|(c, a)| c / a).collect();
    let i = ratio.iter().position(|r| *r >= THRESHOLD).expect("crosses");
    let part = (THRESHOLD - ratio[i - 1]) / (ratio[i] - ratio[i - 1]);
    step * ((i - 1) as f64 + part + 0.5 * window as f64)
}

/// The starting phase on the cycle of the targets is not given; a burn of 2000.8 has that of N = 10 in
/// closures A and B, and must then have the other sizes too.
fn check_cycle(cases: &[(Closure, usize, f64)], step: f64, tolerance: f64) {
    for (closure, n, expected) in cases {
        let state = on_cycle(*n, 2000.8);
        let found = averaged(*closure, *n, &state, 1.05 * expected + 10.0, step, 1e-11);
        println!("{} N = {n}: {found:.2}, {expected} expected", closure.name());
        assert!((found / expected - 1.0).abs() < tolerance, "{} N = {n}: {found}", closure.name());
    }
}

#[test]
fn averaged_times_on_the_limit_cycle() {
    use Closure::{Sites, Symmetrised};
    let cases = [
        (Sites, 10, 17.54),
        (Sites, 100, 67.98),
        (Sites, 1000, 297.5),
        (Symmetrised, 10, 17.21),
        (Symmetrised, 100, 68.06),
        (Symmetrised, 1000, 301.7),
    ];
    check_cycle(&cases, 0.05, 2e-3);
}

#[test]
#[ignore = "long: to t = 5e4, several minutes"]
fn averaged_times_at_large_sizes() {
    use Closure::{LinearNoise, Sites, Symmetrised};
    let cases = [
        (Sites, 10_000, 1907.0),
        (Sites, 100_000, 10_274.0),
        (Symmetrised, 10_000, 2043.0),
        (Symmetrised, 100_000, 11_533.0),
        (LinearNoise, 10_000, 2633.0),
        (LinearNoise, 100_000, 25_740.0),
        (Sites, 1_000_000, 45_320.0),
        (Symmetrised, 1_000_000, 51_453.0),
    ];
    check_cycle(&cases, 0.1, 1e-3);
}

/// With the relation kept the law is linear at large N: t_E of 10^5 is ten times that of 10^4 (linear noise:
/// 9.8).
#[test]
#[ignore = "long: to t = 3e4, a minute"]
fn casimir_restores_the_linear_law() {
    let time = |n: usize, end: f64| averaged(Closure::Casimir, n, &on_cycle(n, 2000.8), end, 0.1, 1e-11);
    let (small, large) = (time(10_000, 5000.0), time(100_000, 40_000.0));
    println!("casimir: {small:.1} {large:.1}");
    assert!((large / small).log10() > 0.9);
}

/// The default tolerance is low enough: a tenth of it does not move t_E.
#[test]
fn times_do_not_move_with_the_tolerance() {
    let state = on_cycle(1000, 2000.8);
    let [coarse, fine] = [1e-10, 1e-11].map(|rtol| averaged(Closure::Sites, 1000, &state, 330.0, 0.1, rtol));
    assert!((coarse / fine - 1.0).abs() < 1e-5, "{coarse} and {fine}");
}
