//! Limit cycles, their branches and bifurcations against numbers of independent programs.

mod common;

use common::{Parameters, derived, from_targets, number, parameters, standard, targets};
use superladder_mean_field::{
    Bifurcation, Branch, Continuation, Cycle, MeanFieldEquations, MeanFieldError, Waveform, followed,
    start_near_normal,
};
use superladder_propagate::PropagateError;

/// The waveforms of `<S>/N`, `<T^z>/N` and n with the names that the reference gives them.
fn waveforms(equations: &MeanFieldEquations, cycle: &Cycle) -> Vec<(&'static str, Vec<f64>)> {
    let samples = cycle.samples(equations).expect("runs");
    let of = |f: &dyn Fn(&Vec<f64>) -> f64| samples.iter().map(f).collect::<Vec<_>>();
    let unknown = |place: usize| of(&move |v: &Vec<f64>| v[place]);
    let photons = of(&|v| 0.5 * (v[0] * v[0] + v[1] * v[1]));
    vec![("Sx", unknown(2)), ("Sy", unknown(3)), ("Sz", unknown(4)), ("Tz", unknown(7)), ("n", photons)]
}

/// Number of local maxima of samples on a circle.
fn maxima(samples: &[f64]) -> usize {
    let n = samples.len();
    (0..n).filter(|i| samples[(i + n - 1) % n] < samples[*i] && samples[*i] >= samples[(i + 1) % n]).count()
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
        for (name, samples) in waveforms(&equations, &cycle) {
            let wave = Waveform::of(&samples);
            let expected = &entry[name];
            assert!((wave.amplitude() / number(&expected["amp"]) - 1.0).abs() < 1e-6, "{name} {entry}");
            // A start that is off may lead to the partner of opposite sign.
            let mean = number(&expected["mean"]);
            let sign = if mean * wave.mean < 0.0 && mean.abs() > 1e-6 { -1.0 } else { 1.0 };
            let (low, high) = if sign < 0.0 { (wave.max, wave.min) } else { (wave.min, wave.max) };
            let off = |found: f64, expected: f64| (sign * found - expected).abs() / expected.abs().max(0.1);
            assert!(off(wave.mean, mean) < 1e-6, "{name} {entry}");
            assert!(off(low, number(&expected["min"])) < 1e-6, "{name} {entry}");
            assert!(off(high, number(&expected["max"])) < 1e-6, "{name} {entry}");
            if name == "n" {
                let largest = (0..4).max_by(|a, b| wave.harmonics[*a].total_cmp(&wave.harmonics[*b]));
                assert_eq!(largest.map(|k| k as i64 + 1), entry["n_harm"].as_i64(), "{entry}");
            }
            if name == "Sx" {
                assert_eq!(Some(maxima(&samples) as i64), entry["peaks_per_period"].as_i64(), "{entry}");
            }
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

/// The cycle that the start near the normal state settles on at `lambda = from`, after `burn`.
fn settled(from: f64, up: f64, burn: f64) -> Cycle {
    let equations = standard(from, up);
    let start = start_near_normal(&equations);
    Cycle::attracting(&equations, &start, burn, 24).expect("runs").expect("a cycle")
}

/// The branch of a cycle over lambda.
fn branch(cycle: &Cycle, up: f64, from: f64, to: f64, step: f64) -> Branch {
    let at = |lambda: f64| {
        MeanFieldEquations::new(&Parameters::standard(lambda, up, 0.06).model(10))
            .map_err(Failure::Derivation)
    };
    let continuation = Continuation { from, to, step, most: 40, tolerance: 1e-7 };
    followed(cycle, continuation, at, &|_| true).expect("runs")
}

/// The one change of stability of a branch.
fn only(branch: &Branch, kind: Bifurcation) -> f64 {
    match branch.bifurcations[..] {
        [(found, named)] if named == kind => found,
        _ => panic!("{kind:?}: {:?} {:?}", branch.bifurcations, branch.lost),
    }
}

#[test]
fn the_symmetric_cycle_ends_in_the_pitchforks_of_the_reference() {
    let targets = targets();
    let pitchforks = targets["pitchfork_L1_L2_lam(gup)"].as_object().expect("a table");
    assert_eq!(pitchforks.len(), 5);
    for (up, expected) in pitchforks {
        let (up, expected) = (up.parse::<f64>().expect("a number"), number(expected));
        // The threshold of lasing is near at gamma_up = 0.81, and growth is slow.
        let burn = if up < 0.83 { 20_000.0 } else { 3000.0 };
        let (from, to) = (expected - 0.0041, expected + 0.0029);
        let cycle = settled(from, up, burn);
        assert!(cycle.symmetric && cycle.stable(1), "{up}");
        let branch = branch(&cycle, up, from, to, 0.0025);
        let found = only(&branch, Bifurcation::Pitchfork);
        // The reference gives seven digits; the bracket is 1e-7 wide.
        assert!((found - expected).abs() < 2e-7, "{up}: {found} instead of {expected}");
        // Beyond it the symmetric cycle goes on, unstable.
        let last = &branch.points[branch.points.len() - 1].cycle;
        assert!(last.symmetric && !last.stable(1), "{up}");
    }
}

#[test]
fn continuation_names_the_pitchfork_and_the_period_doublings() {
    use Bifurcation::{PeriodDoubling, Pitchfork};
    let bifurcations = &targets()["gup0.9_bifurcations"];
    for (from, to, step, key, kind) in [
        (0.5, 0.515, 0.003, "L1->L2 pitchfork", Pitchfork),
        (0.575, 0.59, 0.003, "L2 period doubling", PeriodDoubling),
        // The cycle of half the period is there too, unstable.
        (0.59, 0.597, 0.0015, "P2->P4", PeriodDoubling),
    ] {
        let cycle = settled(from, 0.9, 3000.0);
        assert_eq!(cycle.symmetric, kind == Pitchfork);
        let found = only(&branch(&cycle, 0.9, from, to, step), kind);
        assert!((found - number(&bifurcations[key])).abs() < 5e-6, "{key}: {found}");
    }
}

#[test]
fn a_branch_is_followed_around_its_saddle_node() {
    let cycle = settled(0.63, 0.9, 3000.0);
    assert!((cycle.period - 7.512_818_568_7).abs() < 1e-6);
    let branch = branch(&cycle, 0.9, 0.63, 0.6, 0.002);
    let turn = branch.bifurcations.iter().find(|b| b.1 == Bifurcation::SaddleNode).expect("a saddle-node");
    let edge = &targets()["gup0.9_bifurcations"]["IR upper edge (saddle-node of SR-P2 cycle, intermittency)"];
    assert!(number(&edge[0]) < turn.0 && turn.0 < number(&edge[1]), "{turn:?}");
}
