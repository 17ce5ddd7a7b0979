//! Fixed points, cycles, Lyapunov exponents and phases against numbers of independent programs.

mod common;

use common::{Parameters, from_targets};
use superladder_mean_field::{
    Bifurcation, Classifier, Course, Cycle, FixedKind, Limit, MeanFieldEquations, MeanFieldError, Phase,
    Spectrum, Waveform, continued, fixed_points, followed, long_time, lyapunov, root, start_near_normal,
};
use superladder_propagate::PropagateError;

fn targets() -> serde_json::Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/reference/mean_field_targets.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("present")).expect("JSON")
}

fn number(value: &serde_json::Value) -> f64 {
    value.as_f64().expect("a number")
}

fn parameters(entry: &serde_json::Value, options: &serde_json::Value) -> (Parameters, f64) {
    let number = |key: &str, default: f64| options[key].as_f64().or(entry[key].as_f64()).unwrap_or(default);
    let mut x = Parameters::standard(number("lam", 0.0), number("gup", 0.0), number("kap", 0.06));
    x.wt = number("wt", 1.0);
    (x, number("kapG", 0.0))
}

fn derived(x: &Parameters, gilbert: f64) -> MeanFieldEquations {
    MeanFieldEquations::with_options(&x.model(10), Limit::Infinite, &[gilbert]).expect("derived")
}

fn standard(lambda: f64, up: f64) -> MeanFieldEquations {
    derived(&Parameters::standard(lambda, up, 0.06), 0.0)
}

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
fn newton_closes_the_limit_cycles_of_the_reference() {
    for entry in targets()["limit_cycles"].as_array().expect("a list") {
        let (x, gilbert) = parameters(entry, &entry["kw"]);
        let equations = derived(&x, gilbert);
        let start: Vec<f64> = entry["y0"].as_array().expect("a list").iter().map(number).collect();
        // Off by a thousandth: the shooting has to find back.
        let start: Vec<f64> = from_targets(&start).iter().map(|v| v * 1.001).collect();
        let cycle =
            Cycle::refine(&equations, &start, number(&entry["T"]) * 1.001).expect("runs").expect("a cycle");
        assert!((cycle.period / number(&entry["T"]) - 1.0).abs() < 1e-6, "{entry}");
        let samples = cycle.samples(&equations).expect("runs");
        for (place, name) in [(2, "Sx"), (3, "Sy"), (4, "Sz"), (7, "Tz")] {
            let wave = Waveform::of(&samples.iter().map(|s| s[place]).collect::<Vec<_>>());
            // A start that is off may lead to the partner of opposite sign.
            assert!((wave.amplitude() / number(&entry[name]["amp"]) - 1.0).abs() < 1e-6, "{name} {entry}");
            let mean = number(&entry[name]["mean"]);
            assert!((wave.mean.abs() - mean.abs()).abs() < 1e-6 * mean.abs().max(0.1), "{name} {entry}");
        }
        for value in &entry["floquet"].as_array().expect("a list")[2..] {
            let off = |z: &num_complex::Complex64| (z.re - number(&value[0])).hypot(z.im - number(&value[1]));
            assert!(
                cycle.multipliers.iter().map(off).fold(9.0, f64::min) < 1e-6,
                "{value} {:?}",
                cycle.multipliers
            );
        }
        assert!(cycle.stable(1));
    }
}

#[derive(Debug)]
#[allow(dead_code, reason = "shown by Debug when a test fails")]
enum Failure {
    Derivation(MeanFieldError),
    Propagation(PropagateError),
}

impl From<PropagateError> for Failure {
    fn from(error: PropagateError) -> Self {
        Self::Propagation(error)
    }
}

#[test]
fn continuation_names_the_pitchfork_and_the_period_doubling() {
    let at = |lambda: f64| {
        MeanFieldEquations::new(&Parameters::standard(lambda, 0.9, 0.06).model(10))
            .map_err(Failure::Derivation)
    };
    let bifurcations = &targets()["gup0.9_bifurcations"];
    for (from, to, points, key, kind) in [
        (0.5, 0.515, 6, "L1->L2 pitchfork", Bifurcation::Pitchfork),
        (0.575, 0.59, 6, "L2 period doubling", Bifurcation::PeriodDoubling),
    ] {
        let equations = at(from).expect("derived");
        let start = start_near_normal(&equations);
        let cycle = Cycle::attracting(&equations, &start, 3000.0, 12).expect("runs").expect("a cycle");
        assert_eq!(cycle.symmetric, kind == Bifurcation::Pitchfork);
        let parameters: Vec<f64> =
            (0..points).map(|k| from + (to - from) * f64::from(k) / f64::from(points - 1)).collect();
        let branch = continued(&cycle, &parameters, 1e-7, at).expect("runs");
        assert_eq!(branch.bifurcations.len(), 1, "{key}: {:?} {:?}", branch.bifurcations, branch.lost);
        let (found, named) = branch.bifurcations[0];
        assert_eq!(named, kind);
        assert!((found - number(&bifurcations[key])).abs() < 5e-6, "{key}: {found}");
    }
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
        // Laminar phases are long: over a time of 100000 blocks still depend on each other, and errors come out small.
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
    use Phase::{IR, L1, L2, NS, SR};
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
    ];
    let points: Vec<(f64, f64)> = known.iter().map(|k| k.0).collect();
    for ((point, expected), found) in known.iter().zip(phases(&points)) {
        assert_eq!(found, *expected, "at {point:?}");
    }
}

#[test]
fn a_branch_is_followed_around_its_saddle_node() {
    let at = |lambda: f64| {
        MeanFieldEquations::new(&Parameters::standard(lambda, 0.9, 0.06).model(10))
            .map_err(Failure::Derivation)
    };
    let equations = at(0.63).expect("derived");
    let cycle = Cycle::attracting(&equations, &start_near_normal(&equations), 3000.0, 12)
        .expect("runs")
        .expect("a cycle");
    assert!((cycle.period - 7.512_818_568_7).abs() < 1e-6);
    let course = Course { from: 0.63, to: 0.6, step: 0.002, most: 40, tolerance: 1e-7 };
    let branch = followed(&cycle, course, at, &|_| true).expect("runs");
    let turn = branch.bifurcations.iter().find(|b| b.1 == Bifurcation::SaddleNode).expect("a saddle-node");
    let edge = &targets()["gup0.9_bifurcations"]["IR upper edge (saddle-node of SR-P2 cycle, intermittency)"];
    assert!(number(&edge[0]) < turn.0 && turn.0 < number(&edge[1]), "{turn:?}");
}

#[test]
fn the_doubled_cycle_is_found_and_doubles_again() {
    let at = |lambda: f64| {
        MeanFieldEquations::new(&Parameters::standard(lambda, 0.9, 0.06).model(10))
            .map_err(Failure::Derivation)
    };
    let equations = at(0.59).expect("derived");
    let start = start_near_normal(&equations);
    // The cycle of half the period is there too, unstable.
    let cycle = Cycle::attracting(&equations, &start, 3000.0, 24).expect("runs").expect("a cycle");
    assert!((cycle.period - 9.462_368_220_7).abs() < 1e-6, "{}", cycle.period);
    let course = Course { from: 0.59, to: 0.597, step: 0.0015, most: 40, tolerance: 1e-7 };
    let branch = followed(&cycle, course, at, &|_| true).expect("runs");
    let expected = number(&targets()["gup0.9_bifurcations"]["P2->P4"]);
    let [(found, Bifurcation::PeriodDoubling)] = branch.bifurcations[..] else {
        panic!("{:?} {:?}", branch.bifurcations, branch.lost)
    };
    assert!((found - expected).abs() < 5e-6, "{found}");
}
