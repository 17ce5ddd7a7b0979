//! Fixed points, Lyapunov exponents and phases against numbers of independent programs.

mod common;

use common::{Parameters, derived, from_targets, number, parameters, standard, targets};
use superladder_mean_field::{
    Classifier, FixedKind, MeanFieldEquations, Phase, Spectrum, fixed_points, long_time, lyapunov, root,
    start_near_normal,
};

#[test]
fn newton_finds_the_superradiant_states_and_their_eigenvalues() {
    for entry in targets()["SR_fixed_points"].as_array().expect("a list") {
        let (x, gilbert) = parameters(entry, entry);
        let points = fixed_points(&derived(&x, gilbert));
        let expected: Vec<f64> = entry["y"].as_array().expect("a list").iter().map(number).collect();
        let expected = from_targets(&expected);
        let near = |p: &&superladder_mean_field::FixedPoint| {
            p.state.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-9)
        };
        let point = points.iter().find(near).expect("found by Newton");
        assert_eq!(point.kind, FixedKind::Superradiant);
        let photons = 0.5 * (point.state[0].powi(2) + point.state[1].powi(2));
        assert!((photons - number(&entry["n"])).abs() < 1e-9, "{photons} instead of {}", entry["n"]);
        for value in entry["eigs"].as_array().expect("a list") {
            let off = |z: &num_complex::Complex64| (z.re - number(&value[0])).hypot(z.im - number(&value[1]));
            assert!(point.eigenvalues.iter().map(off).fold(9.0, f64::min) < 1e-9, "{value}");
        }
        assert!(points.iter().any(|p| p.kind == FixedKind::Normal));
        assert!(points.iter().any(|p| p.kind == FixedKind::Inverted));
    }
}

#[test]
fn eigenvalues_at_the_normal_state_are_those_of_a2() {
    for entry in targets()["eig_A"].as_array().expect("a list") {
        let (x, gilbert) = parameters(entry, entry);
        let point = fixed_points(&derived(&x, gilbert)).swap_remove(0);
        assert_eq!(point.kind, FixedKind::Normal);
        for value in entry["eig_A"].as_array().expect("a list") {
            let off = |z: &num_complex::Complex64| (z.re - number(&value[0])).hypot(z.im - number(&value[1]));
            assert!(point.eigenvalues.iter().map(off).fold(9.0, f64::min) < 1e-10, "{value}");
        }
        let (real, pairs) = point.unstable();
        assert_eq!((real + 2 * pairs) as i64, entry["n_unstable"].as_i64().expect("a number"));
    }
}

/// gamma_up at which a pair of the point of this kind begins to grow.
fn hopf(kind: FixedKind, x: Parameters, gilbert: f64, low: f64, high: f64) -> f64 {
    let growth = |up: f64| {
        let here = Parameters { up, down: 1.0 - up, ..x };
        let points = fixed_points(&derived(&here, gilbert));
        points.iter().find(|p| p.kind == kind).map_or(f64::NAN, |p| p.leading().1)
    };
    root(low, high, growth).expect("a change of sign")
}

#[test]
fn hopf_lines_of_the_normal_and_superradiant_states() {
    let all = targets();
    let numbers = |value: &serde_json::Value| -> Vec<(f64, f64)> {
        let map = value.as_object().expect("a table");
        map.iter().map(|(k, v)| (k.parse().expect("a number"), number(v))).collect()
    };
    for (lambda, expected) in numbers(&all["NS_hopf_gup"]["wt=1"]) {
        let found = hopf(FixedKind::Normal, Parameters::standard(lambda, 0.5, 0.06), 0.0, 0.55, 0.95);
        assert!((found - expected).abs() < 1e-9, "NS {lambda}: {found} instead of {expected}");
    }
    for (lambda, expected) in numbers(&all["NS_hopf_gup"]["wt=Omega_U(lam)"]) {
        let mut x = Parameters::standard(lambda, 0.5, 0.06);
        x.wt = (1.0 + 2.0 * lambda).sqrt();
        let found = hopf(FixedKind::Normal, x, 0.0, 0.55, 0.95);
        assert!((found - expected).abs() < 1e-9, "NS {lambda}: {found} instead of {expected}");
    }
    for (lambda, expected) in numbers(&all["NS_hopf_gup"]["gilbert kapG=.04 wt=1"]) {
        let found = hopf(FixedKind::Normal, Parameters::standard(lambda, 0.5, 0.0), 0.04, 0.55, 0.95);
        assert!((found - expected).abs() < 1e-9, "NS Gilbert {lambda}: {found} instead of {expected}");
    }
    for (lambda, expected) in numbers(&all["SR_hopf_gup"]["photon loss"]) {
        let found = hopf(FixedKind::Superradiant, Parameters::standard(lambda, 0.5, 0.06), 0.0, 0.6, 0.95);
        assert!((found - expected).abs() < 1e-8, "SR {lambda}: {found} instead of {expected}");
    }
    for (lambda, expected) in numbers(&all["SR_hopf_gup"]["gilbert"]) {
        let found = hopf(FixedKind::Superradiant, Parameters::standard(lambda, 0.5, 0.0), 0.04, 0.6, 0.99);
        assert!((found - expected).abs() < 1e-8, "SR Gilbert {lambda}: {found} instead of {expected}");
    }
}

#[test]
fn the_dicke_line() {
    let growth = |lambda: f64| fixed_points(&standard(lambda, 0.9))[0].leading().0;
    let found = root(0.45, 0.55, growth).expect("a change of sign");
    assert!((found - number(&targets()["lambda_c"]["gup0p9"])).abs() < 1e-9, "{found}");
}

#[test]
fn the_lasing_window_over_the_frequency_of_t() {
    let growth = |wt: f64| {
        let x = Parameters { wt, ..Parameters::standard(0.2, 0.9, 0.06) };
        fixed_points(&derived(&x, 0.0))[0].leading().1
    };
    let window = &targets()["lasing_window_lam0.2_gup0.9"]["exact"];
    for (k, (low, high)) in [(0, (0.4, 1.1)), (1, (1.3, 2.2))] {
        let found = root(low, high, growth).expect("a change of sign");
        assert!((found - number(&window[k])).abs() < 1e-9, "{found} instead of {}", window[k]);
    }
}

/// The one point at which NS, SR, L1 and L2 meet: there a pair begins to grow on the Dicke line.
#[test]
fn the_point_where_four_phases_meet() {
    let expected = &targets()["codim2_NS_SR_L1_L2"];
    let line = |up: f64| {
        let growth = |lambda: f64| fixed_points(&standard(lambda, up))[0].leading().0;
        root(0.45, 0.55, growth).expect("a change of sign")
    };
    let pair = |lambda: f64, up: f64| fixed_points(&standard(lambda, up))[0].leading().1;
    let up = root(0.7, 0.9, |up| pair(line(up), up)).expect("a crossing");
    // The reference gives six digits of the coupling, and the pumping that belongs to these digits.
    let lambda = number(&expected["lam"]);
    assert!((line(up) - lambda).abs() < 5e-7, "{}", line(up));
    let there = root(0.7, 0.9, |up| pair(lambda, up)).expect("a change of sign");
    assert!((there - number(&expected["gup"])).abs() < 1e-9 && (there - up).abs() < 5e-7, "{there} {up}");
}

#[test]
fn lyapunov_exponents_add_up_to_the_divergence() {
    let equations = standard(0.6, 0.9);
    let start = start_near_normal(&equations);
    let found = lyapunov(&equations, &start, 500.0, 2000.0, 0.2);
    let sum: f64 = found.exponents.iter().sum();
    // kappa + 2 gamma_t, and what is left of the logarithms of the frame after the time.
    assert!((found.divergence + 2.06).abs() < 1e-12, "{found:?}");
    assert!((sum - found.divergence).abs() < 1e-6, "{sum} {found:?}");
    assert!((found.exponents[0] - 0.0296).abs() < 3.0 * found.errors[0].max(0.004), "{found:?}");
}

#[test]
#[ignore = "long"]
fn lyapunov_exponents_of_the_reference() {
    let targets = targets();
    let entries = targets["lyapunov"].as_array().expect("a list");
    let point = |entry: &serde_json::Value| (number(&entry["lam"]), number(&entry["gup"]));
    let mut known: Option<((f64, f64), Spectrum)> = None;
    for entry in entries {
        // The time of the reference, so that both errors are alike; laminar phases are long.
        let found = known.take().filter(|k| k.0 == point(entry)).map_or_else(
            || {
                let equations = standard(point(entry).0, point(entry).1);
                lyapunov(&equations, &start_near_normal(&equations), 5000.0, 800_000.0, 0.2)
            },
            |k| k.1,
        );
        let expected: Vec<f64> = entry["spec"].as_array().expect("a list").iter().map(number).collect();
        let errors: Vec<f64> = entry["err"].as_array().expect("a list").iter().map(number).collect();
        // The reference has seven numbers: it leaves out a neutral one of the two spin lengths.
        for (k, own) in [(0, 0), (1, 1), (3, 4), (4, 5), (5, 6), (6, 7)] {
            let bound = 3.0 * found.errors[own].hypot(errors[k]);
            let difference = (found.exponents[own] - expected[k]).abs();
            assert!(difference < bound, "{k}: {found:?} instead of {expected:?}");
        }
        known = Some((point(entry), found));
    }
}

#[test]
#[ignore = "long"]
fn lyapunov_exponents_with_gilbert_damping() {
    for entry in targets()["lyapunov_gilbert"].as_array().expect("a list") {
        let x = Parameters::standard(number(&entry["lam"]), number(&entry["gup"]), 0.0);
        let equations = derived(&x, 0.04);
        let found = lyapunov(&equations, &start_near_normal(&equations), 5000.0, 200_000.0, 0.2);
        for (own, (expected, error)) in entry["spec"]
            .as_array()
            .iter()
            .flat_map(|l| l.iter())
            .zip(entry["err"].as_array().expect("a list"))
            .enumerate()
        {
            let bound = 3.0 * found.errors[own].hypot(number(error));
            let difference = (found.exponents[own] - number(expected)).abs();
            assert!(difference < bound, "{own}: {found:?} instead of {entry}");
        }
    }
}

/// Chaos begins between the two couplings of the reference.
#[test]
#[ignore = "long"]
fn the_lower_edge_of_the_irregular_region() {
    let edge = &targets()["gup0.9_bifurcations"]["IR lower edge"];
    let found = [0, 1].map(|k| {
        let equations = standard(number(&edge[k]), 0.9);
        lyapunov(&equations, &start_near_normal(&equations), 20_000.0, 40_000.0, 0.2)
    });
    let [below, above] = found.map(|f| (f.exponents[0], f.errors[0]));
    assert!(below.0.abs() < 3.0 * below.1 && below.1 < 1e-3, "{below:?}");
    assert!(above.0 > 5.0 * above.1, "{above:?}");
}

fn phases(points: &[(f64, f64)]) -> Vec<Phase> {
    let mut found = Vec::new();
    for chunk in points.chunks(superladder_mean_field::LANES) {
        let equations: Vec<MeanFieldEquations> = chunk.iter().map(|(l, g)| standard(*l, *g)).collect();
        let points: Vec<_> = equations.iter().map(fixed_points).collect();
        let models: Vec<_> = equations.iter().zip(points.iter().map(Vec::as_slice)).collect();
        found.extend(long_time(Classifier::default(), &models).into_iter().map(|p| p.phase));
    }
    found
}

#[test]
fn phases_at_known_points() {
    use Phase::{IR, L1, L2, NS, QuasiPeriodic, SR};
    let known = [
        ((0.2, 0.3), NS),
        ((0.4, 0.6), NS),
        ((0.6, 0.3), SR),
        ((0.7, 0.6), SR),
        ((0.1, 0.9), L1),
        ((0.3, 0.9), L1),
        ((0.4, 0.85), L1),
        ((0.55, 0.9), L2),
        ((0.55, 0.85), L2),
        ((0.7, 0.9), L2),
        ((0.605, 0.9), IR),
        ((0.55, 1.0), IR),
        ((0.6, 0.94), IR),
        ((0.5, 1.0), IR),
        ((0.6, 0.85), L2),
        ((0.0, 0.9), Phase::Inverted),
        // S runs along the equator on a cycle; on tori the spectrum has one zero more.
        ((0.02, 0.9), L1),
        ((0.04, 1.0), L1),
        ((0.46, 0.96), QuasiPeriodic),
        ((0.42, 1.0), QuasiPeriodic),
    ];
    let points: Vec<(f64, f64)> = known.iter().map(|k| k.0).collect();
    for ((point, expected), found) in known.iter().zip(phases(&points)) {
        assert_eq!(found, *expected, "at {point:?}");
    }
}

/// Long steps do not shorten the spin: after any time the amplitude is that of the cycle of length 1/2.
#[test]
fn spins_keep_their_length_over_long_times() {
    let entries = targets()["limit_cycles"].as_array().expect("a list").clone();
    let entry = &entries[1];
    let equations = standard(number(&entry["lam"]), number(&entry["gup"]));
    let points = fixed_points(&equations);
    let classifier = Classifier { burn: 60_000.0, ..Classifier::default() };
    let found = long_time(classifier, &[(&equations, points.as_slice())])[0];
    let expected = number(&entry["Sx"]["amp"]);
    // The range of samples, 5e-7 from the true one.
    assert!((found.amplitude - expected).abs() < 2e-6, "{found:?} instead of {expected}");
}
