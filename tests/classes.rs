//! Ensembles in classes: what is split is what is written by hand, and distributions have their closed forms.

mod common;

use std::process::Command;

use common::{Ran, Scratch, ran, ran_with};
use superladder::study::Study;

/// Everything that classes take part in: couplings of one and of two spin operators, collective and local jumps, time.
const WHOLE: &str = r#"
[modes.a]
frequency = 0.3
cutoff = 6
[ensembles.S]
size = 4
split = 2
frequency = { distribution = "list", values = [0.7, 1.4], weights = [1, 3] }
initial = { state = "spin-coherent", theta = 1.1, phi = 0.4 }
[[interactions]]
kind = "dicke"
mode = "a"
ensemble = "S"
strength = 0.5
[[interactions]]
kind = "one-axis-twisting"
ensemble = "S"
strength = "0.3*cos(t)"
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = 0.8
[[channels]]
kind = "collective-emission"
ensemble = "S"
rate = 0.1
[[channels]]
kind = "dephasing"
ensemble = "S"
rate = "0.2 + 0.1*t"
[time]
end = 1.5
points = 4
[bounds]
top_population = 1
[output]
observables = ["photons(a)", "spin(S)", "intensity(S)", "squeezing(S)", "spin(S_2)", "expectation(sz(S_1) sz(S))", "energy", "energy/4"]
"#;

/// The same with two ensembles and their products.
const BY_HAND: &str = r#"
[modes.a]
frequency = 0.3
cutoff = 6
[ensembles.A]
size = 1
frequency = 0.7
initial = { state = "spin-coherent", theta = 1.1, phi = 0.4 }
[ensembles.B]
size = 3
frequency = 1.4
initial = { state = "spin-coherent", theta = 1.1, phi = 0.4 }
[[interactions]]
kind = "dicke"
mode = "a"
ensemble = "A"
strength = "0.5*sqrt(1/4)"
[[interactions]]
kind = "dicke"
mode = "a"
ensemble = "B"
strength = "0.5*sqrt(3/4)"
[[interactions]]
kind = "product"
operators = ["sz(A)", "sz(A)"]
coefficient = "0.3*cos(t)/4"
[[interactions]]
kind = "product"
operators = ["sz(B)", "sz(B)"]
coefficient = "0.3*cos(t)/4"
[[interactions]]
kind = "product"
# Its conjugate, which is written in another order, is added.
operators = ["sz(A)", "sz(B)"]
coefficient = "0.3*cos(t)/4"
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = 0.8
[[channels]]
kind = "jump"
rate = 0.1
terms = [{ operators = ["lower(A)"] }, { operators = ["lower(B)"] }]
[[channels]]
kind = "dephasing"
ensemble = "A"
rate = "0.2 + 0.1*t"
[[channels]]
kind = "dephasing"
ensemble = "B"
rate = "0.2 + 0.1*t"
[time]
end = 1.5
points = 4
[bounds]
top_population = 1
[output]
observables = ["energy", "energy/4", "photons(a)", "spin(B)", "spin(A).z + spin(B).z", "spin(A).x + spin(B).x",
  "expectation(raise(A) lower(A)) + expectation(raise(B) lower(B)) + expectation(raise(A) lower(B)).re + expectation(raise(B) lower(A)).re",
  "expectation(sz(A) sz(A)) + expectation(sz(A) sz(B))"]
"#;

fn same(one: &Ran, other: &Ran, columns: [&str; 2], tolerance: f64) {
    for (found, expected) in one.column(columns[0]).into_iter().zip(other.column(columns[1])) {
        assert!((found - expected).abs() < tolerance, "{}: {found} instead of {expected}", columns[0]);
    }
}

#[test]
fn classes_are_ensembles_written_by_hand() {
    for engine in ["exact", "cumulant", "mean-field"] {
        let [split, hand] =
            [WHOLE, BY_HAND].map(|text| ran(&format!("{text}\n[engine]\nkind = \"{engine}\"\n")));
        let intensity = "expectation(raise(A) lower(A)) + expectation(raise(B) lower(B)) + expectation(raise(A) lower(B)).re + expectation(raise(B) lower(A)).re";
        let pairs = [
            ["photons(a)", "photons(a)"],
            ["energy", "energy"],
            ["energy/4", "energy/4"],
            ["spin(S).z", "spin(A).z + spin(B).z"],
            ["spin(S).x", "spin(A).x + spin(B).x"],
            ["spin(S_2).x", "spin(B).x"],
            ["intensity(S)", intensity],
            ["expectation(sz(S_1) sz(S))", "expectation(sz(A) sz(A)) + expectation(sz(A) sz(B))"],
        ];
        for columns in pairs {
            same(&split, &hand, columns, 1e-7);
        }
    }
}

/// Without a distribution the classes are alike: the whole ensemble, its squeezing among the rest.
#[test]
fn classes_that_are_alike_are_the_whole_ensemble() {
    let whole = WHOLE.replace("{ distribution = \"list\", values = [0.7, 1.4], weights = [1, 3] }", "0.9");
    let whole = whole.replace(", \"spin(S_2)\", \"expectation(sz(S_1) sz(S))\"", "");
    let plain = ran(&whole.replace("split = 2\n", ""));
    let split = ran(&whole);
    for name in
        ["photons(a)", "spin(S).x", "intensity(S)", "squeezing(S).wineland", "squeezing(S).kitagawa_ueda"]
    {
        same(&split, &plain, [name, name], 1e-7);
    }
}

const FREE: &str = r#"
[ensembles.S]
size = 1_000_000_000
split = 4
frequency = { distribution = "gaussian", center = 0.0, deviation = 1.0 }
initial = { state = "spin-coherent", theta = "pi/2" }
[time]
end = 3.0
points = 7
[engine]
kind = "mean-field"
[output]
observables = ["spin-per-spin(S)"]
"#;

/// The largest deviation of `<S^x>/N` from `-f(t)/2`.
fn dephasing(sets: &[&str], f: impl Fn(f64) -> f64) -> f64 {
    let run = ran_with(FREE, sets);
    let times = run.recorder.times();
    let deviations = times.iter().zip(run.column("spin-per-spin(S).x")).map(|(t, x)| (x + 0.5 * f(*t)).abs());
    deviations.fold(0.0, f64::max)
}

/// Free precession of distributed spins is the Fourier transform of the distribution: `exp(-sigma^2 t^2/2)` of a normal one,
/// `sin(w t)/(w t)` of a box, `exp(-gamma t)` of a Lorentz distribution; the rules converge as their kind does.
#[test]
fn dephasing_is_the_fourier_transform_of_the_distribution() {
    let gaussian = |t: f64| (-0.5 * t * t).exp();
    let errors: Vec<f64> =
        [4, 8, 14].map(|count| dephasing(&[&format!("ensembles.S.split={count}")], gaussian)).to_vec();
    assert!(errors.windows(2).all(|pair| pair[1] < 0.1 * pair[0]), "{errors:?}");
    assert!(errors[2] < 1e-6, "{errors:?}");

    let uniform = r#"ensembles.S.frequency={ distribution = "uniform", center = 0.0, half_width = 2.0 }"#;
    let found = dephasing(&[uniform, "ensembles.S.split=12"], |t| {
        if t == 0.0 { 1.0 } else { (2.0 * t).sin() / (2.0 * t) }
    });
    assert!(found < 1e-6, "{found}");

    let lorentzian =
        r#"ensembles.S.frequency={ distribution = "lorentzian", center = 0.0, half_width = 1.0 }"#;
    let errors = [25, 100]
        .map(|count| dephasing(&[lorentzian, &format!("ensembles.S.split={count}")], |t| (-t).exp()));
    assert!(errors[1] < 0.4 * errors[0] && errors[1] < 0.03, "{errors:?}");
}

/// One quantum and spins with couplings `g_k/sqrt N`: `<n> = cos^2(Omega t)`, `Omega^2 = sum_k n_k g_k^2 / N`, exactly.
#[test]
fn one_quantum_sees_the_mean_square_of_the_couplings() {
    let study = r#"
[modes.a]
frequency = 1.0
cutoff = 2
initial = { state = "fock", n = 1 }
[ensembles.S]
size = 6
split = 3
frequency = 1.0
[[interactions]]
kind = "tavis-cummings"
mode = "a"
ensemble = "S"
strength = { distribution = "list", values = [0.2, 0.5, 0.9], weights = [3, 2, 1] }
[time]
end = 5.0
points = 11
[bounds]
top_population = 1
[output]
observables = ["photons(a)"]
"#;
    let omega = ((3.0 * 0.2_f64.powi(2) + 2.0 * 0.5_f64.powi(2) + 0.9_f64.powi(2)) / 6.0).sqrt();
    ran(study).assert_follows("photons(a)", 1e-8, |t| (omega * t).cos().powi(2));
}

/// Samples of classes scatter around the moments of second order.
#[test]
fn truncated_wigner_takes_classes() {
    let ready = std::fs::read_to_string("data/studies/inhomogeneous.toml").expect("a ready study");
    let ready = ready.replace("spin-per-spin(S_4)", "spin-per-spin(S_2)");
    let sets = ["parameters.N=2000", "time={end=8.0,points=3}", "ensembles.S.split=3"];
    let moments = ran_with(&ready, &sets);
    let engine = "engine={kind=\"truncated-wigner\",samples=400}";
    let samples = ran_with(&ready, &[&sets[..], &[engine]].concat());
    let name = "spin-per-spin(S).z";
    for (k, (found, expected)) in samples.column(name).into_iter().zip(moments.column(name)).enumerate() {
        let error = samples.errors(name)[k];
        assert!((found - expected).abs() < 5.0 * error + 2e-3, "{found} +- {error} instead of {expected}");
    }
}

fn refused(study: &str, words: &[&str]) {
    let error = Study::parse("bad.toml", "bad", study, &[]).expect_err("bad input").to_string();
    for word in words {
        assert!(error.contains(word), "'{word}' is not in: {error}");
    }
}

#[test]
fn what_cannot_be_split_is_refused_at_its_place() {
    let with = |from: &str, to: &str| {
        assert!(WHOLE.contains(from), "{from}");
        WHOLE.replacen(from, to, 1)
    };
    refused(&with("split = 2\n", ""), &["`frequency`", "needs `split`"]);
    refused(&with("split = 2", "split = 3"), &["`frequency` has 2 values", "3 classes"]);
    refused(&with("split = 2", "split = 101"), &["`split`", "from 1 to 100"]);
    refused(&with("split = 2", "split = \"2*t\""), &["`split`", "constant"]);
    refused(&with("weights = [1, 3]", "weights = [1, -3]"), &["`weights`", "> 0"]);
    refused(&with("\"list\"", "\"gausian\""), &["gausian", "did you mean 'gaussian'?", "lorentzian"]);
    refused(&with("values = [0.7, 1.4]", "value = [0.7, 1.4]"), &["`values`"]);
    let spread = r#"{ distribution = "uniform", center = 0.5, half_width = 0.1 }"#;
    refused(
        &with("strength = 0.5", &format!("strength = {spread}")),
        &["`strength`", "another number of the ensemble"],
    );
    refused(
        &with("strength = \"0.3*cos(t)\"", &format!("strength = {spread}")),
        &["`strength`", "not linear"],
    );
    refused(&with("rate = 0.1", &format!("rate = {spread}")), &["collective-emission", "no distribution"]);
    refused(&with("frequency = 0.3", &format!("frequency = {spread}")), &["`frequency`", "mode 'a'"]);
    refused(
        &with("{ state = \"spin-coherent\", theta = 1.1, phi = 0.4 }", "{ state = \"dicke\", j = 2, m = 0 }"),
        &["Dicke", "product state"],
    );
    refused(&with("\"photons(a)\"", "\"reduced-purity(S)\""), &["reduced-purity(S)", "split into S_1, S_2"]);
    let bath = "[[channels]]\nkind = \"spin-bath\"\nensemble = \"S\"\nrelaxation = 1.0\nmu = 0.1\ntemperature = 1.0\n[time]";
    refused(&with("[time]", bath), &["spin-bath", "depend on the frequency"]);
    refused(&with("[time]", "[ensembles.S_1]\nsize = 1\nfrequency = 1\n[time]"), &["S_1", "twice"]);
}

#[test]
fn inspect_shows_the_classes() {
    let scratch = Scratch::new(WHOLE);
    let run = |arguments: &[&str]| {
        let program = Command::new(env!("CARGO_BIN_EXE_superladder"));
        let output =
            { program }.args(arguments).arg(scratch.path("study.toml")).output().expect("the program");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let shown = run(&["inspect"]);
    assert!(
        shown.contains("S_1 (1 spins, frequency 0.700000), S_2 (3 spins, frequency 1.400000)"),
        "{shown}"
    );
    assert!(run(&["inspect", "--json"]).contains("\"S_2\""));
    assert!(run(&["equations", "--order=1"]).contains("s_x(S_2,1)"));
}

/// The classes that a small ensemble has no spins for are left out, which is told.
#[test]
fn classes_without_spins_are_left_out_and_told() {
    let study = FREE.replace("1_000_000_000", "10").replace("split = 4", "split = 9");
    let study = Study::parse("small.toml", "small", &study, &[]).expect("a study");
    let sizes: Vec<usize> = study.problem.model().ensembles().iter().map(|e| e.size).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 10);
    assert!(sizes.len() < 9 && study.warnings.iter().any(|w| w.contains("left out")), "{:?}", study.warnings);
}

/// A hundred classes: the nodes are apportioned, the moments derived and moved.
#[test]
#[ignore = "hundred classes at second order"]
fn a_hundred_classes_run() {
    let ready = std::fs::read_to_string("data/studies/inhomogeneous.toml").expect("a ready study");
    let ready = ready.replace("spin-per-spin(S_4)", "spin-per-spin(S_40)");
    let uniform = r#"ensembles.S.frequency={ distribution = "uniform", center = 0.0, half_width = 0.5 }"#;
    let sets = ["ensembles.S.split=100", uniform, "parameters.N=100000", "time={end=2.0,points=3}"];
    let hundred = ran_with(&ready, &sets);
    let few = ran_with(&ready, &["ensembles.S.split=40", uniform, sets[2], sets[3]]);
    same(&hundred, &few, ["photons(a)", "photons(a)"], 1e-3);
}
