//! Models that follow time: closed forms, brute force, tables, and what is refused.

mod common;

use common::{Scratch, ran, ran_with};
use num_complex::Complex64;
use superladder::model::Model;
use superladder::study::Study;
use superladder_brute_force::{BruteForce, Dense};

/// `H = (t - 1) sigma_x - t sigma_z` from `(up + down)/sqrt 2`.
const SPIN: &str = r#"
[ensembles.S]
size = 1
frequency = "-2*t"
initial = { state = "product", bloch = [1.0, 0.0, 0.0] }

[[interactions]]
kind = "spin-drive"
ensemble = "S"
amplitude = "t - 1"

[time]
end = 3
points = 7

[output]
observables = ["spin(S)"]
"#;

/// Independent code: sigma(3) = (-0.8167477, 0.5021956, -0.2841174).
#[test]
fn a_driven_spin_is_that_of_independent_code_in_all_engines() {
    let engines = ["exact", "cumulant", "mean-field"];
    for engine in engines {
        let run = ran_with(&format!("{SPIN}\n[engine]\nkind = \"{engine}\"\n"), &[]);
        for (axis, expected) in ["x", "y", "z"].iter().zip([-0.816_747_7, 0.502_195_6, -0.284_117_4]) {
            let found = 2.0 * run.column(&format!("spin(S).{axis}"))[6];
            assert!((found - expected).abs() < 6e-8, "{engine} {axis}: {found}");
        }
    }
}

/// The same by Magnus steps: to the digits that are known, to more against `dop853`, and at order 4 by fixed steps.
#[test]
fn magnus_steps_of_the_exact_engine_are_of_order_4() {
    let precise = ran_with(SPIN, &["method.name=dop853", "method.rtol=1e-13", "method.atol=1e-14"]);
    let columns = ["x", "y", "z"].map(|axis| format!("spin(S).{axis}"));
    let error = |sets: &[&str]| {
        let run = ran_with(SPIN, sets);
        let away =
            |c: &String| (0..7).map(|i| (run.column(c)[i] - precise.column(c)[i]).abs()).fold(0.0, f64::max);
        columns.iter().map(away).fold(0.0, f64::max)
    };
    for method in ["krylov", "chebyshev"] {
        let name = format!("method.name={method}");
        let found = error(&[&name]);
        assert!(found < 1e-9, "{method}: {found:e}");
        let errors = ["0.25", "0.125", "0.0625"].map(|h| error(&[&name, &format!("method.fixed_step={h}")]));
        for pair in errors.windows(2) {
            let order = (pair[0] / pair[1]).log2();
            assert!((order - 4.0).abs() < 0.2, "{method}: {order} of {errors:?}");
        }
    }
}

/// Landau and Zener: from -T to T through the crossing of `H = v t S^z + g 2 S^x`, the probability to stay in the
/// same diabatic state is `exp(-2 pi g^2/v)`, with an error that falls as 1/T.
#[test]
fn landau_zener() {
    let study = r#"
[parameters]
v = 1.0
g = 0.3
T = 20.0
[ensembles.S]
size = 1
frequency = "v*t"
[[interactions]]
kind = "spin-drive"
ensemble = "S"
amplitude = "g"
[time]
start = "-T"
end = "T"
points = 2
[output]
observables = ["spin(S)"]
"#;
    let stays = |time: f64| {
        let run = ran_with(study, &[&format!("parameters.T={time}")]);
        0.5 - run.column("spin(S).z")[1]
    };
    let formula = (-std::f64::consts::TAU * 0.09_f64).exp();
    let mut worst = Vec::new();
    for time in [15.0, 45.0, 135.0] {
        // The error oscillates: the largest of a few times.
        let errors = [0.0, 0.037, 0.081, 0.13, 0.19, 0.26].map(|dt| (stays(time + dt) - formula).abs());
        worst.push(errors.into_iter().fold(0.0, f64::max));
    }
    for pair in worst.windows(2) {
        let ratio = pair[0] / pair[1];
        assert!((2.0..4.5).contains(&ratio), "{worst:?}");
    }
    assert!(worst[2] < 5e-3, "{worst:?}");
}

/// A lossy mode whose loss and drive follow time: `da/dt = -(i omega + kappa(t)/2) a - i F(t)`, by its integral.
#[test]
fn a_driven_mode_follows_its_integral() {
    let study = r#"
[parameters]
k0 = 0.4
pulse = "exp(-(t - 2)^2)"
[modes.a]
frequency = 0.7
cutoff = 24
[[interactions]]
kind = "drive"
mode = "a"
amplitude = ["0.5*pulse", "0.2*cos(3*t)"]
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = "k0*(1 + sin(t)^2)"
[time]
end = 5
points = 6
[output]
observables = ["amplitude(a)", "photons(a)"]
[bounds]
top_population = 1e-8
"#;
    // Classical Runge-Kutta of the amplitude alone.
    let slope = |t: f64, a: Complex64| {
        let kappa = 0.4 * (1.0 + t.sin().powi(2));
        let drive = Complex64::new(0.5 * (-(t - 2.0) * (t - 2.0)).exp(), 0.2 * (3.0 * t).cos());
        -Complex64::new(0.5 * kappa, 0.7) * a - Complex64::I * drive
    };
    let (mut a, h) = (Complex64::ZERO, 1e-3);
    for step in 0..5000 {
        let t = h * f64::from(step);
        let k1 = slope(t, a);
        let k2 = slope(t + 0.5 * h, a + 0.5 * h * k1);
        let k3 = slope(t + 0.5 * h, a + 0.5 * h * k2);
        let k4 = slope(t + h, a + h * k3);
        a += h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
    }
    let engines = [
        ("exact", "dop853"),
        ("exact", "krylov"),
        ("exact", "chebyshev"),
        ("cumulant", "dop853"),
        ("mean-field", "dop853"),
    ];
    for (engine, method) in engines {
        let kind = format!("\n[engine]\nkind = \"{engine}\"\n[method]\nname = \"{method}\"\n");
        let run = ran_with(&format!("{study}{kind}"), &[]);
        let found = Complex64::new(run.column("amplitude(a).re")[5], run.column("amplitude(a).im")[5]);
        assert!((found - a).norm() < 1e-8, "{engine}, {method}: {found} {a}");
        assert!((run.column("photons(a)")[5] - a.norm_sqr()).abs() < 1e-8, "{engine}, {method}");
    }
    // A coherent state stays one, so that a single trajectory is the mean, whenever it jumps; its photons are few enough
    // to be counted. A sample without noise is the mean as well, and all of them are on average.
    let trajectory =
        ran_with(study, &["engine.kind=trajectories", "engine.trajectories=3", "engine.truncation=1e-14"]);
    for (column, expected) in
        [("amplitude(a).re", a.re), ("amplitude(a).im", a.im), ("photons(a)", a.norm_sqr())]
    {
        let found = trajectory.column(column)[5];
        assert!((found - expected).abs() < 1e-8, "{column}: {found} {expected}");
    }
    let samples = ran_with(study, &["engine.kind=truncated-wigner", "engine.samples=4000", "engine.seed=5"]);
    for (column, expected) in
        [("amplitude(a).re", a.re), ("amplitude(a).im", a.im), ("photons(a)", a.norm_sqr())]
    {
        let (found, error) = (samples.column(column)[5], samples.errors(column)[5]);
        assert!(
            (found - expected).abs() < 4.0 * error && error < 0.02,
            "{column}: {found} +- {error}, {expected}"
        );
    }
}

/// `Q` and `S^x` commute with the Dicke coupling: of their drift in the part that follows time nothing is left but rounding
/// errors, which no cumulant may take for terms. Order 2 of two spins in a weak ramp follows the exact engine.
#[test]
fn ramps_of_the_dicke_coupling_run_in_cumulants() {
    let study = "[modes.a]\nfrequency = 1.0\ncutoff = 8\n[ensembles.S]\nsize = 2\nfrequency = 1.0\n[[interactions]]\nkind = \"dicke\"\n\
                 mode = \"a\"\nensemble = \"S\"\nstrength = \"0.02*t\"\n[[channels]]\nkind = \"cavity-loss\"\nmode = \"a\"\nrate = 1.0\n\
                 [time]\nend = 4\npoints = 2\n[output]\nobservables = [\"photons(a)\", \"spin(S)\"]\n";
    let [exact, moments] =
        ["exact", "cumulant"].map(|engine| ran(&format!("{study}[engine]\nkind = \"{engine}\"\n")));
    for column in ["photons(a)", "spin(S).z"] {
        let (a, b) = (exact.column(column)[1], moments.column(column)[1]);
        assert!((a - b).abs() < 1e-4 && a.abs() > 1e-4, "{column}: {a} {b}");
    }
}

/// Everything that may follow time at once, beside a quench.
const ALL: &str = r#"
[parameters]
lambda = 0.5
ramp = "tanh(t)"
[modes.a]
frequency = "1 + 0.3*t"
cutoff = 3
initial = { state = "coherent", amplitude = [0.3, 0.1] }
[ensembles.S]
size = 2
frequency = "1 - 0.2*t"
initial = { state = "product", bloch = [0.3, -0.2, 0.4] }
[[interactions]]
kind = "dicke"
mode = "a"
ensemble = "S"
strength = "lambda*ramp"
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = "0.3*(1 - ramp)"
[[channels]]
kind = "spin-bath"
ensemble = "S"
relaxation = "0.4 + 0.1*sin(5*t)"
mu = 0.9
temperature = 0.5
[[channels]]
kind = "pumping"
ensemble = "S"
rate = { times = [0, 0.5, 1, 2], values = [0, 0.3, 0.1, 0.2] }
[[quenches]]
time = 0.6
set = { lambda = 0.9 }
[time]
end = 1.2
points = 3
[output]
observables = ["amplitude(a)", "photons(a)", "spin(S)", "purity"]
[bounds]
top_population = 1
"#;

/// The constant model that the study has at a time.
fn frozen(t: f64) -> Model {
    let ramp = t.tanh();
    let lambda = if t < 0.6 { 0.5 } else { 0.9 } * ramp;
    let frequency = 1.0 - 0.2 * t;
    let relaxation = 0.4 + 0.1 * (5.0 * t).sin();
    // The natural cubic spline through the table, by its two inner curvatures.
    let spline = {
        let (times, values) = ([0.0, 0.5, 1.0, 2.0], [0.0, 0.3, 0.1, 0.2]);
        // 2 c1 + 0.5 c2 = 6 (-0.4 - 0.6), 0.5 c1 + 3 c2 = 6 (0.1 + 0.4)
        let determinant = 2.0 * 3.0 - 0.25;
        let (r1, r2) = (-6.0, 3.0);
        let c = [0.0, (3.0 * r1 - 0.5 * r2) / determinant, (2.0 * r2 - 0.5 * r1) / determinant, 0.0];
        let k = if t < 0.5 {
            1
        } else if t < 1.0 {
            2
        } else {
            3
        };
        let h: f64 = times[k] - times[k - 1];
        let (a, b) = ((times[k] - t) / h, (t - times[k - 1]) / h);
        a * values[k - 1]
            + b * values[k]
            + ((a.powi(3) - a) * c[k - 1] + (b.powi(3) - b) * c[k]) * h * h / 6.0
    };
    let bath = [("relaxation", relaxation), ("mu", 0.9), ("temperature", 0.5)];
    Model::builder()
        .mode("a", 1.0 + 0.3 * t)
        .ensemble("S", 2, frequency)
        .interaction("dicke", ["a", "S"], lambda)
        .channel("cavity-loss", "a", 0.3 * (1.0 - ramp))
        .channel("spin-bath", "S", bath)
        .channel("pumping", "S", spline)
        .build()
        .expect("a model")
}

/// The exact engine against classical Runge-Kutta of the dense master equation of 2^N spins.
#[test]
fn everything_that_follows_time_agrees_with_brute_force() {
    let run = ran(ALL);
    let problem = &run.study.problem;
    let brute = |t: f64| BruteForce::new(&frozen(t), &problem.cutoffs).expect("small");
    let mut rho = brute(0.0).initial_state(&problem.initial).expect("a state");
    let (steps, h) = (240, 1.2 / 240.0);
    let scaled = |k: &Dense, x: f64| k.scale(Complex64::from(x));
    for step in 0..steps {
        let t = h * f64::from(step);
        // Just before the quench where a step ends on it.
        let end = brute(if step == 119 { 0.6 - 1e-14 } else { t + h });
        let middle = brute(t + 0.5 * h);
        let k1 = brute(t).generator(&rho);
        let k2 = middle.generator(&rho.add(&scaled(&k1, 0.5 * h)));
        let k3 = middle.generator(&rho.add(&scaled(&k2, 0.5 * h)));
        let k4 = end.generator(&rho.add(&scaled(&k3, h)));
        let sum = k1.add(&scaled(&k2, 2.0)).add(&scaled(&k3, 2.0)).add(&k4);
        rho = rho.add(&scaled(&sum, h / 6.0));
    }
    let last = brute(1.2);
    for observable in &problem.observables {
        let superladder::model::Evaluation::Moments { operators, combine, context } = &observable.evaluation
        else {
            continue;
        };
        let expected: Vec<Complex64> = operators.iter().map(|o| last.expectation(o, &rho)).collect();
        let levels = run.recorder.levels(problem);
        let columns = observable.columns(problem.model(), &levels);
        for (column, value) in columns.iter().zip(combine(&expected, context)) {
            let found = run.column(column)[2];
            assert!((found - value).abs() < 1e-8, "{column}: {found} {value}");
        }
    }
    assert!(run.diagnostics.converged(), "{:?}", run.diagnostics.broken());
    for method in ["krylov", "chebyshev"] {
        let other = ran_with(ALL, &[&format!("method.name={method}")]);
        for column in ["amplitude(a).re", "photons(a)", "spin(S).x", "spin(S).z", "purity"] {
            let (a, b) = (run.column(column)[2], other.column(column)[2]);
            assert!((a - b).abs() < 1e-8, "{method}, {column}: {a} {b}");
        }
        assert!(other.diagnostics.converged(), "{method}: {:?}", other.diagnostics.broken());
    }
}

/// The samples of trajectories and of truncated Wigner against the density matrix: everything that may follow time, with a
/// quench, two and four spins; jumps dressed by a mode; a rate that begins at nothing.
#[test]
fn trajectories_follow_time_as_the_density_matrix_does() {
    let dressed = "[[channels]]\nkind = \"dressed-jump\"\nensemble = \"S\"\nrate = \"0.3*t\"\n\
                   dressing = [\"create(a)\"]\nlower = 1.0\n[[quenches]]";
    let study = ALL.replace("[[quenches]]", dressed).replace(", \"purity\"", "");
    let heterodyne = ["channels.0.rate=0.3", "engine.unravelling=heterodyne", "engine.oscillator_flux=4"];
    let cases: [(u32, &[&str]); 3] = [(2, &[]), (4, &[]), (2, &heterodyne)];
    for (size, more) in cases {
        let size = format!("ensembles.S.size={size}");
        let sets = ["modes.a.cutoff=9", size.as_str()];
        let loss = more.iter().filter(|set| set.contains("rate"));
        let exact = ran_with(&study, &sets.iter().chain(loss).copied().collect::<Vec<_>>());
        let trajectories = ["engine.kind=trajectories", "engine.trajectories=1500"];
        let found = ran_with(&study, &[&sets[..], &trajectories[..], more].concat());
        assert!(found.diagnostics.converged(), "{:?}", found.diagnostics.broken());
        let columns = ["amplitude(a).re", "amplitude(a).im", "photons(a)", "spin(S).x", "spin(S).z"];
        agree(&exact, &found, &columns);
    }
}

/// Collective dephasing and a thermal bath whose rates follow time: truncated Wigner has their noise, and is exact for both.
#[test]
fn noise_of_samples_follows_time() {
    let study = "[ensembles.S]\nsize = 40\nfrequency = 0.0\ninitial = { state = \"product\", bloch = [1.0, 0.0, 0.0] }\n\
                 [[channels]]\nkind = \"collective-dephasing\"\nensemble = \"S\"\nrate = \"0.3*t\"\n\
                 [time]\nend = 2\npoints = 3\n[output]\nobservables = [\"spin(S)\"]\n";
    let run = ran_with(study, &["engine.kind=truncated-wigner", "engine.samples=4000"]);
    for i in [1, 2] {
        let (found, error) = (run.column("spin(S).x")[i], run.errors("spin(S).x")[i]);
        // <S^x> = N/2 exp(-(1/2) integral of the rate)
        let expected = 20.0 * (-0.075 * f64::from(i as u32).powi(2)).exp();
        assert!((found - expected).abs() < 4.0 * error && error < 0.3, "{found} +- {error}, {expected}");
    }
    let lossy = "[modes.a]\nfrequency = 0.5\ncutoff = 14\n[[channels]]\nkind = \"thermal-bath\"\nmode = \"a\"\n\
                 rate = \"1 + sin(3*t)\"\noccupation = 1.0\n[time]\nend = 2\npoints = 3\n[output]\n\
                 observables = [\"photons(a)\"]\n[bounds]\ntop_population = 1\n";
    let run = ran_with(lossy, &["engine.kind=truncated-wigner", "engine.samples=4000"]);
    for i in [1, 2] {
        let (t, found, error) =
            (f64::from(i as u32), run.column("photons(a)")[i], run.errors("photons(a)")[i]);
        // dn/dt = rate (1 - n)
        let expected = 1.0 - (-(t + (1.0 - (3.0 * t).cos()) / 3.0)).exp();
        assert!((found - expected).abs() < 4.0 * error && error < 0.05, "{found} +- {error}, {expected}");
    }
}

/// All at once, with more added later, and in two parts that are merged.
#[test]
fn samples_in_time_are_the_same_bits_in_any_parts() {
    let pumped = format!("{SPIN}\n[[channels]]\nkind = \"emission\"\nensemble = \"S\"\nrate = \"0.2*t\"\n");
    for (engine, count) in [("trajectories", "trajectories"), ("truncated-wigner", "samples")] {
        let scratch = Scratch::new(&pumped);
        let kind = format!("engine.kind={engine}");
        let run = |output: &str, number: u32, more: &[&str]| {
            let number = format!("engine.{count}={number}");
            let arguments = ["run", "study.toml", "-o", output, "--set", &kind, "--set", &number];
            scratch.exits(0, &[&arguments[..], more].concat());
        };
        run("whole", 96, &[]);
        run("more", 40, &[]);
        run("more", 96, &["--resume"]);
        run("first", 96, &["--indices", "0..33"]);
        run("second", 96, &["--indices", "33..96"]);
        scratch.exits(0, &["merge", "first", "second", "-o", "merged"]);
        let table =
            |folder: &str| std::fs::read(scratch.path(folder).join("observables.csv")).expect("a table");
        assert!(table("whole") == table("more"), "{engine}: added");
        assert!(table("whole") == table("merged"), "{engine}: merged");
    }
}

fn agree(exact: &common::Ran, found: &common::Ran, columns: &[&str]) {
    for column in columns {
        for i in [1, 2] {
            let (a, b, error) = (exact.column(column)[i], found.column(column)[i], found.errors(column)[i]);
            assert!((a - b).abs() < 4.0 * error && error < 0.08, "{column} at {i}: {a}, {b} +- {error}");
        }
    }
}

/// A table through many points of a function is that function.
#[test]
fn tables_are_what_they_are_made_of() {
    let times: Vec<f64> = (0..=60).map(|i| f64::from(i) * 0.05).collect();
    let values: Vec<f64> = times.iter().map(|t| t - 1.0).collect();
    let table = format!("{{ times = {times:?}, values = {values:?} }}");
    for kind in ["linear", "cubic"] {
        let table = table.replace(" }", &format!(", interpolation = \"{kind}\" }}"));
        let run = ran(&SPIN.replace("\"t - 1\"", &table));
        assert!((2.0 * run.column("spin(S).x")[6] + 0.816_747_7).abs() < 6e-8, "{kind}");
    }
}

fn refused(study: &str, words: &[&str]) {
    let error = Study::parse("study.toml", "study", study, &[]).expect_err("refused").to_string();
    for word in words {
        assert!(error.contains(word), "{word}: {error}");
    }
}

#[test]
fn what_cannot_follow_time_is_refused_with_key_and_time() {
    refused(&SPIN.replace("size = 1", "size = \"1 + t\""), &["`size`", "constant"]);
    refused(&format!("[parameters]\nt = 1\n{SPIN}"), &["`t` is the time"]);
    let channel = |kind: &str, rate: &str| {
        format!("{SPIN}\n[[channels]]\nkind = \"{kind}\"\nensemble = \"S\"\n{rate}\n")
    };
    refused(&channel("emission", "rate = \"1 - t\""), &["emission", "`rate`", "at t = 1.", "-0."]);
    refused(&channel("emission", "rate = \"1/(t - 1.5)^2\""), &["emission", "at t = 1.5", "inf"]);
    refused(
        &channel("local-jump", "rate = 0.1\nlower = 1.0\nraise = \"0.2*t\""),
        &["local-jump", "changes the jump itself"],
    );
    refused(&SPIN.replace("\"t - 1\"", "\"tt - 1\""), &["unknown symbol 'tt'"]);
    refused(&SPIN.replace("\"t - 1\"", "{ times = [0, 2], values = [0, 1] }"), &["`times`", "whole run"]);
    refused(
        &SPIN.replace("\"t - 1\"", "{ times = [0, 3], values = [0] }"),
        &["`values`", "2 finite numbers"],
    );
    refused(
        &SPIN.replace("\"t - 1\"", "{ times = [0, 3], values = [0, 1], interpolation = \"cubik\" }"),
        &["cubik", "did you mean 'cubic'"],
    );
    refused(&SPIN.replace("\"t - 1\"", "\"ln(t - 1)\""), &["`amplitude`", "not at t = 0"]);
}

#[test]
fn commands_and_engines_that_cannot_follow_time_say_so() {
    let pumped = format!("{SPIN}\n[[channels]]\nkind = \"emission\"\nensemble = \"S\"\nrate = 0.2\n");
    let scratch = Scratch::new(&pumped);
    for command in ["fixed-points", "limit-cycles", "lyapunov", "steady"] {
        let said = scratch.exits(2, &[command, "study.toml"]);
        assert!(said.contains("depends on time (-2*t)"), "{command}: {said}");
    }
    let said = scratch.exits(2, &["run", "study.toml", "--set", "method.name=exponential", "-o", "out"]);
    assert!(said.contains("constant generators") && said.contains("chebyshev"), "{said}");
    let said = scratch.exits(0, &["equations", "study.toml", "--numbers"]);
    assert!(
        said.contains("follows time: add [(-2*t) - 0]") || said.contains("follows time: add [(-2*t) - -0]"),
        "{said}"
    );
    let said = scratch.exits(0, &["run", "study.toml", "-o", "out"]);
    assert!(!said.contains("NOT CONVERGED"), "{said}");
}

/// The light of a loss that follows time meets a local oscillator whose flux follows it: `n(t) = n(0) exp(-int kappa)`, in
/// single trajectories of a coherent state exactly, of a Fock state on average; before the loss begins nothing is seen.
#[test]
fn a_loss_that_follows_time_is_detected_with_a_local_oscillator() {
    let study = r#"
[modes.a]
frequency = 1.0
cutoff = 12
initial = { state = "coherent", amplitude = 1.0 }
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = "max(0, t - 0.5)"
[time]
end = 2.0
points = 5
[bounds]
top_population = 1
[engine]
kind = "trajectories"
trajectories = 16
[output]
observables = ["photons(a)"]
"#;
    let decay = |t: f64| (-0.5 * (t - 0.5).max(0.0).powi(2)).exp();
    for unravelling in ["engine.unravelling=heterodyne", "engine.unravelling=homodyne"] {
        ran_with(study, &[unravelling]).assert_follows("photons(a)", 2e-5, decay);
        let fock = "modes.a.initial={state=\"fock\",n=1}";
        let run = ran_with(study, &[unravelling, fock, "engine.trajectories=600", "modes.a.cutoff=2"]);
        let (found, errors) = (run.column("photons(a)"), run.errors("photons(a)"));
        for (k, time) in run.recorder.times().into_iter().enumerate() {
            let (value, error) = (found[k], errors[k]);
            assert!((value - decay(time)).abs() < 4.5 * error + 1e-6, "t = {time}: {value} +- {error}");
        }
        assert!(errors[1] < 1e-9 && errors[4] > 1e-4, "{errors:?}");
    }
}
