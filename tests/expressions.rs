//! Observables that a study writes itself, jumps of any form, and the new entries of the tables, by closed forms.

mod common;

use common::{Scratch, ran, ran_with};
use superladder::study::Study;

const LASER: &str = r#"
[parameters]
N = 3
kappa = 0.5
[modes.a]
frequency = 1.0
cutoff = 4
initial = { state = "coherent", amplitude = [0.4, 0.2] }
[ensembles.S]
size = "N"
frequency = 1.0
initial = { state = "product", bloch = [0.3, -0.2, 0.4] }
[[interactions]]
kind = "dicke"
mode = "a"
ensemble = "S"
strength = 0.4
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = "kappa"
[[channels]]
kind = "pumping"
ensemble = "S"
rate = 0.3
[observables.coincidence]
operators = ["create(a)", "raise(S)", "lower(S)", "annihilate(a)"]
[observables.flow]
operators = ["create(a)", "lower(S)"]
connected = true
[observables.field]
terms = [{ operators = ["annihilate(a)"], coefficient = [0.0, 1.0] }, { operators = ["create(a)"], coefficient = [0.0, -1.0] }]
[observables.fano]
expression = "(expectation(number(a) number(a)) - photons(a)^2)/photons(a)"
[time]
end = 2.0
points = 3
[bounds]
top_population = 1
[output]
observables = ["default", "moments(a)", "moments(a,S)", "photons(a)/N", "2*spin(S).z/N - 1", "fano^2",
  "expectation(raise(S) lower(S))", "expectation(annihilate(a))", "quadrature(a, pi/2)", "quadrature(a,0.3)",
  "connected(create(a), lower(S))", "intensity(S)", "flux(a)", "correlation(a,S)", "photons-per-spin(a)",
  "spin-per-spin(S)", "intensity-per-spin(S)", "sqrt(squeezing(S).wineland)", "min(1, 0*(1/photons(a) - 1/photons(a))/0)"]
"#;

/// What is written another way is the same number, in every engine.
#[test]
fn what_is_written_is_what_the_tables_say() {
    for engine in ["exact", "cumulant", "mean-field"] {
        let run = ran_with(&format!("{LASER}\n[engine]\nkind = \"{engine}\"\n"), &[]);
        let last = |name: &str| run.column(name)[2];
        let same = |name: &str, expected: f64| {
            let found = last(name);
            assert!(
                (found - expected).abs() < 1e-12 * (1.0 + expected.abs()),
                "{engine} {name}: {found} {expected}"
            );
        };
        let (n, z) = (last("photons(a)"), last("spin(S).z"));
        same("photons(a)/N", n / 3.0);
        same("photons-per-spin(a)", n / 3.0);
        same("flux(a)", 0.5 * n);
        same("2*spin(S).z/N - 1", 2.0 * z / 3.0 - 1.0);
        same("spin-per-spin(S).z", z / 3.0);
        same("fano^2", last("fano").powi(2));
        same("expectation(annihilate(a)).re", last("amplitude(a).re"));
        let (q, p) = (last("amplitude(a).re") * 2.0_f64.sqrt(), last("amplitude(a).im") * 2.0_f64.sqrt());
        same("quadrature(a, pi/2)", p);
        same("quadrature(a,0.3)", 0.3_f64.cos() * q + 0.3_f64.sin() * p);
        same("field", -2.0 * last("amplitude(a).im"));
        let intensity = last("intensity(S)");
        same("expectation(raise(S) lower(S))", intensity);
        same("intensity-per-spin(S)", intensity / 3.0);
        same("flow.re", last("connected(create(a), lower(S)).re"));
        same("flow.im", last("connected(create(a), lower(S)).im"));
        // <a^dag S^-> of symmetrised moments, a = (Q + iP)/sqrt 2.
        let half = 0.5_f64.sqrt();
        let m = |name: &str| last(&format!("moments(a,S).{name}"));
        let (re, im) = (half * (m("Qx") - m("Py")), -half * (m("Qy") + m("Px")));
        let norm = (n * intensity).sqrt();
        same("correlation(a,S).re", re / norm);
        same("correlation(a,S).im", im / norm);
        same("sqrt(squeezing(S).wineland)", last("squeezing(S).wineland").sqrt());
        assert!(last("min(1, 0*(1/photons(a) - 1/photons(a))/0)").is_nan());
    }
}

/// Trajectories give arithmetic with errors that are honest within their own scatter.
#[test]
fn arithmetic_has_errors_where_an_engine_samples() {
    let sampled =
        ran_with(&format!("{LASER}\n[engine]\nkind = \"trajectories\"\ntrajectories = 400\nseed = 3\n"), &[]);
    let exact = ran(LASER);
    for name in ["fano", "photons(a)/N", "correlation(a,S).re", "coincidence", "flow.im"] {
        let (value, error) = (sampled.column(name)[2], sampled.errors(name)[2]);
        let expected = exact.column(name)[2];
        assert!(
            error > 0.0 && (value - expected).abs() < 5.0 * error,
            "{name}: {value} +- {error}, {expected}"
        );
    }
}

fn refused(study: &str, words: &[&str]) {
    let error = Study::parse("study.toml", "study", study, &[]).expect_err("refused").to_string();
    for word in words {
        assert!(error.contains(word), "{word}: {error}");
    }
}

#[test]
fn what_cannot_be_measured_is_refused_at_its_place() {
    let asks = |text: &str| LASER.replace("\"photons(a)/N\"", &format!("\"{text}\""));
    refused(&asks("photons(a)/M"), &["unknown symbol 'M'"]);
    refused(&asks("photns(a)/N"), &["photns"]);
    refused(&asks("photons(b)/N"), &["'b'"]);
    refused(&asks("spin(S)/N"), &["several parts", "spin(S).x"]);
    refused(&asks("photons(a).x/N"), &["no part 'x'"]);
    refused(&asks("purity/N"), &["function of the whole state"]);
    refused(&asks("2*N"), &["names no observable"]);
    refused(&asks("expectation()"), &["needs operators"]);
    refused(&asks("expectation(creat(a))"), &["did you mean 'create'"]);
    refused(&asks("connected(create(a))"), &["two products"]);
    refused(&asks("quadrature(a, phi)"), &["unknown symbol 'phi'"]);
    refused(&asks("photons(a"), &["photons"]);
    refused(&LASER.replace("[observables.fano]", "[observables.N]"), &["the name 'N'"]);
    refused(&LASER.replace("[observables.fano]", "[observables.photons]"), &["the name 'photons'"]);
    refused(&LASER.replace("connected = true", "connected = true\nexpression = \"N\""), &["needs one of"]);
    refused(&LASER.replace("[\"create(a)\", \"lower(S)\"]", "[\"create(a)\"]"), &["two words"]);
}

#[test]
fn a_defined_observable_that_is_not_measured_is_told() {
    let study = LASER.replace("\"default\"", "\"photons(a)\"");
    let study = Study::parse("study.toml", "study", &study, &[]).expect("valid");
    assert!(study.warnings.iter().any(|w| w.contains("'coincidence' is defined")), "{:?}", study.warnings);
    // What another one uses is measured with it.
    assert!(!study.warnings.iter().any(|w| w.contains("'fano'")), "{:?}", study.warnings);
}

/// `H = c (a^dag a^dag + a a)` with loss kappa below threshold: `n = 2 l^2/(1 - 4 l^2)`, `l = 2 c/kappa`, in the
/// frame of the mode.
#[test]
fn a_parametric_oscillator_has_its_number_of_quanta() {
    let study = r#"
time = "steady"
[modes.a]
frequency = 0.0
cutoff = 60
[[interactions]]
kind = "parametric"
mode = "a"
amplitude = 0.1
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = 1.0
[output]
observables = ["photons(a)"]
"#;
    let scratch = Scratch::new(study);
    let l: f64 = 0.2;
    let expected = 2.0 * l * l / (1.0 - 4.0 * l * l);
    for engine in ["exact", "cumulant"] {
        let said = scratch.exits(
            0,
            &["steady", "study.toml", "--set", &format!("engine.kind={engine}"), "-f", "-o", "out"],
        );
        let manifest = std::fs::read_to_string(scratch.path("out/steady.csv")).expect("a table");
        let value: f64 = manifest
            .lines()
            .find(|l| l.contains("photons(a)"))
            .and_then(|l| l.split(',').nth(1))
            .and_then(|x| x.parse().ok())
            .unwrap_or_else(|| panic!("{manifest}\n{said}"));
        assert!((value - expected).abs() < 1e-8, "{engine}: {value} {expected}");
    }
}

/// A mode in a squeezed bath ends with variances `e^(-2r)/2` and `e^(2r)/2`; by the entry of the table and by `jump`.
#[test]
fn a_squeezed_bath_squeezes() {
    let study = |channel: &str| {
        format!(
            "[parameters]\nr = 0.3\n[modes.a]\nfrequency = 0.0\ncutoff = 40\n{channel}\n[time]\nend = 60\npoints = 2\n\
             [output]\nobservables = [\"covariance(a)\"]\n"
        )
    };
    let entry = "[[channels]]\nkind = \"squeezed-bath\"\nmode = \"a\"\nrate = 0.5\nsqueezing = \"r\"\n";
    let terms = "[[channels]]\nkind = \"jump\"\nrate = 0.5\nterms = [{ operators = [\"annihilate(a)\"], coefficient = \"cosh(r)\" }, \
                 { operators = [\"create(a)\"], coefficient = \"sinh(r)\" }]\n";
    for channel in [entry, terms] {
        for engine in ["exact", "cumulant"] {
            let run = ran_with(&format!("{}\n[engine]\nkind = \"{engine}\"\n", study(channel)), &[]);
            for (name, r) in [("QQ", -0.6_f64), ("PP", 0.6)] {
                let found = run.column(&format!("covariance(a).{name}"))[1];
                assert!((found - 0.5 * r.exp()).abs() < 1e-7, "{engine} {name}: {found}");
            }
        }
    }
}

/// The dark state of `S^- cosh r + S^+ sinh r` is pure for even N; for N = 3 and r = 0.4 the purity is 0.93141.
#[test]
fn dissipative_spin_squeezing_has_a_dark_state_for_even_sizes() {
    let purity = |n: usize| {
        let study = format!(
            "[ensembles.S]\nsize = {n}\nfrequency = 0.0\n[[channels]]\nkind = \"collective-squeezed-bath\"\nensemble = \"S\"\n\
             rate = 1.0\nsqueezing = 0.4\n[time]\nend = 200\npoints = 2\n[output]\nobservables = [\"purity\", \"squeezing(S)\"]\n"
        );
        ran(&study).column("purity")[1]
    };
    assert!((purity(2) - 1.0).abs() < 1e-10 && (purity(6) - 1.0).abs() < 1e-10);
    assert!((purity(3) - 0.93141).abs() < 5e-6, "{}", purity(3));
}

/// Two photons on a balanced beam splitter leave together: the coincidence of the two outputs vanishes.
#[test]
fn hong_ou_mandel() {
    let study = r#"
[modes.a]
frequency = 0.0
cutoff = 2
initial = { state = "fock", n = 1 }
[modes.b]
frequency = 0.0
cutoff = 2
initial = { state = "fock", n = 1 }
[[interactions]]
kind = "beam-splitter"
modes = ["a", "b"]
strength = 1.0
[time]
times = [0.0, "pi/8", "pi/4"]
[observables.coincidence]
operators = ["create(a)", "create(b)", "annihilate(b)", "annihilate(a)"]
[bounds]
top_population = 2
[output]
observables = ["coincidence", "photons(a)"]
"#;
    let run = ran(study);
    for (found, expected) in run.column("coincidence").iter().zip([1.0, 0.5, 0.0]) {
        assert!((found - expected).abs() < 1e-10, "{found}");
    }
}

/// Loss in pairs alone keeps parity, and takes two quanta from |2> at the rate 2 rate: `p_2 = exp(-2 rate t)`.
#[test]
fn two_photon_loss_takes_pairs() {
    let study = r#"
[modes.a]
frequency = 0.3
cutoff = 3
initial = { state = "fock", n = 2 }
[[channels]]
kind = "two-photon-loss"
mode = "a"
rate = 0.4
[time]
end = 2
points = 3
[output]
observables = ["photon-distribution(a)", "photons(a)", "flux(a)"]
"#;
    let run = ran(study);
    run.assert_follows("photon-distribution(a).2", 1e-10, |t| (-0.8 * t).exp());
    run.assert_follows("photon-distribution(a).0", 1e-10, |t| 1.0 - (-0.8 * t).exp());
    // The flux is what the number loses.
    run.assert_follows("flux(a)", 1e-10, |t| 2.0 * 0.4 * 2.0 * (-0.8 * t).exp());
}

#[test]
fn jumps_that_do_nothing_are_refused() {
    let jump = |terms: &str| format!("{LASER}\n[[channels]]\nkind = \"jump\"\nrate = 0.1\nterms = {terms}\n");
    refused(&jump("[{ operators = [], coefficient = 2.0 }]"), &["`terms`", "multiple of the identity"]);
    refused(&jump("[]"), &["`terms`", "zero"]);
    refused(
        &jump("[{ operators = [\"lower(S)\"] }, { operators = [\"lower(S)\"], coefficient = -1 }]"),
        &["zero"],
    );
    refused(&jump("[{ operator = [\"lower(S)\"] }]"), &["operators"]);
    refused(&jump("[{ operators = [\"lower(S)\"], factor = 1 }]"), &["factor"]);
    refused(&jump("3"), &["`terms`", "list of tables"]);
}

/// Every spin that goes down puts a quantum into a mode of its own accord, `sum_i D[a^dag sigma_i^-]`: excitations become
/// quanta one by one, and what is flux into the mode is what the spins lose. The engines agree with each other where the
/// closure of moments is good, and those that cannot say so.
#[test]
fn dressed_jumps_turn_excitations_into_quanta() {
    let study = r#"
[modes.a]
frequency = 1.0
cutoff = 6
[ensembles.S]
size = 3
frequency = 1.0
initial = { state = "up" }
[[channels]]
kind = "dressed-jump"
ensemble = "S"
dressing = ["create(a)"]
lower = 1.0
rate = 0.2
[time]
end = 2
points = 5
[output]
observables = ["photons(a)", "spin(S)"]
"#;
    let run = ran(study);
    // Every excitation is a quantum.
    let z = run.column("spin(S).z");
    run.assert_follows("photons(a)", 1e-10, |t| 1.5 - z[(2.0 * t).round() as usize]);
    // The master equation of the populations: from k quanta a jump at the rate (3 - k)(k + 1) rate.
    let mut p = [1.0, 0.0, 0.0, 0.0];
    let h = 1e-4;
    for _ in 0..20_000 {
        let rate = |p: &[f64; 4]| -> [f64; 4] {
            std::array::from_fn(|k| {
                let flow = |k: usize| 0.2 * (3 - k) as f64 * (k + 1) as f64 * p[k];
                (if k > 0 { flow(k - 1) } else { 0.0 }) - flow(k)
            })
        };
        let k1 = rate(&p);
        let k2 = rate(&std::array::from_fn(|i| p[i] + 0.5 * h * k1[i]));
        p = std::array::from_fn(|i| p[i] + h * k2[i]);
    }
    let quanta: f64 = p.iter().enumerate().map(|(k, p)| k as f64 * p).sum();
    assert!((run.column("photons(a)")[4] - quanta).abs() < 1e-7);
    let scratch = Scratch::new(study);
    let samples = "engine.kind=truncated-wigner";
    let said = scratch.exits(2, &["run", "study.toml", "--set", samples, "-o", "out"]);
    assert!(said.contains("dressed jump"), "{said}");
    let trajectories =
        ran_with(study, &["engine.kind=trajectories", "engine.trajectories=2000", "engine.seed=3"]);
    let (found, error) = (trajectories.column("photons(a)")[4], trajectories.errors("photons(a)")[4]);
    assert!((found - quanta).abs() < 4.0 * error && error < 0.03, "{found} +- {error}, {quanta}");
    refused(&study.replace("create(a)", "lower(S)"), &["`dressing`", "operator of modes"]);
}
