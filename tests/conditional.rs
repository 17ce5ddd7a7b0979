//! Squeezing that an observer sees who holds a record: closed forms of measured modes, brute force, the exact engine.

mod common;

use common::{Scratch, ran, ran_with};
use num_complex::Complex64;
use superladder::engine::{Silent, run};
use superladder::model::Operator;
use superladder::study::Study;
use superladder_brute_force::{BruteForce, Dense};

/// A mode that is squeezed in 0 < t < 1 without loss, V_Q = exp(0.6)/2 at its end, and then decays at the rate 0.8.
const SQUEEZED: &str = "
[engine]
kind = 'trajectories'
trajectories = 50
unravelling = 'homodyne'
oscillator_flux = 200.0
[parameters]
strength = 0.15
kappa = 0.0
[modes.a]
frequency = 0.0
cutoff = 23
[[interactions]]
kind = 'parametric'
mode = 'a'
amplitude = [0.0, 'strength']
[[channels]]
kind = 'cavity-loss'
mode = 'a'
rate = 'kappa'
[[quenches]]
time = 1.0
set = { strength = 0.0, kappa = 0.8 }
[time]
times = [0.0, 1.0, 1.5, 2.0, 3.0]
[output]
observables = ['conditional-covariance(a)', 'moments(a)']";

/// `V = 1/2 + W e/(1 + 2 eta W (1 - e))`, the variance of a quadrature recorded at efficiency eta.
fn recorded(start: f64, eta: f64, time: f64) -> f64 {
    let (w, e) = (start - 0.5, (-0.8 * time).exp());
    0.5 + w * e / (1.0 + 2.0 * eta * w * (1.0 - e))
}

/// What conditional variances are, to what a local oscillator of flux 200 leaves of its shot noise: 0.8/200.
#[test]
fn a_measured_squeezed_mode_follows_its_filtering_equation() {
    let (long, short) = (0.5 * 0.6f64.exp(), 0.5 * (-0.6f64).exp());
    let cases = [
        ("engine.homodyne_angle=0.0", 1.0, 0.0),
        ("engine.homodyne_angle='pi/2'", 0.0, 1.0),
        ("engine.unravelling='heterodyne'", 0.5, 0.5),
    ];
    for (set, of_q, of_p) in cases {
        let run = ran_with(SQUEEZED, &[set]);
        for (row, time) in [(1, 0.0), (2, 0.5), (3, 1.0), (4, 2.0)] {
            for (column, start, eta) in [("QQ", long, of_q), ("PP", short, of_p)] {
                let found = run.column(&format!("conditional-covariance(a).{column}"))[row];
                let error = run.errors(&format!("conditional-covariance(a).{column}"))[row];
                let expected = recorded(start, eta, time);
                println!("{set} {time} {column}: {found:.5} +- {error:.5}, {expected:.5}");
                assert!((found - expected).abs() < 0.004 * expected + 4.0 * error, "{set} {time} {column}");
            }
        }
    }
}

/// A Kerr mode turns a coherent state into `|beta> + i |-beta>` up to a phase: the states of a homodyne record of Q are
/// `e^(R beta)|beta'> + i e^(-R beta)|-beta'>`, `beta' = beta e^(-kappa t/2)`, with R from the normal distribution of variance
/// `1 - e^(-kappa t)` times `cosh(2 R beta)`.
#[test]
fn a_measured_cat_is_left_on_one_side() {
    let text = SQUEEZED
        .replace("kind = 'parametric'", "kind = 'kerr'")
        .replace("amplitude = [0.0, 'strength']", "strength = 'strength'")
        .replace("strength = 0.15", "strength = 'pi'")
        .replace("trajectories = 50", "trajectories = 500")
        .replace("cutoff = 23", "cutoff = 14\ninitial = { state = 'coherent', amplitude = [0.0, -1.5] }");
    let run = ran(&text);
    let beta = 1.5_f64;
    for (row, time) in [(1, 0.0_f64), (2, 0.5), (3, 1.0), (4, 2.0)] {
        let e = (-0.8 * time).exp();
        let (mut sum, mut norm) = (0.0, 0.0);
        for k in -4000..=4000 {
            let r = 0.002 * f64::from(k);
            let cosh = (2.0 * r * beta).cosh();
            let weight = if time > 0.0 {
                (-r * r / (2.0 * (1.0 - e))).exp() * cosh
            } else {
                f64::from(u8::from(k == 0))
            };
            sum += weight / (cosh * cosh);
            norm += weight;
        }
        let expected = 0.5 + 2.0 * beta * beta * e * sum / norm;
        let found = run.column("conditional-covariance(a).QQ")[row];
        let error = run.errors("conditional-covariance(a).QQ")[row];
        println!("{time}: {found:.5} +- {error:.5}, {expected:.5}");
        assert!(
            (found - expected).abs() < 0.004 * expected + 4.0 * error,
            "{time}: {found} {expected} {error}"
        );
    }
}

/// Two spins and a pumped one in a lossy cavity.
const SMALL: &str = "
[engine]
kind = 'trajectories'
trajectories = 2000
[modes.a]
frequency = 1.0
cutoff = 4
[ensembles.S]
size = 2
frequency = 1.0
[ensembles.T]
size = 1
frequency = 1.0
[[interactions]]
kind = 'dicke'
mode = 'a'
ensemble = 'S'
strength = 0.5
[[interactions]]
kind = 'tavis-cummings'
mode = 'a'
ensemble = 'T'
strength = 0.4
[[channels]]
kind = 'cavity-loss'
mode = 'a'
rate = 0.5
[[channels]]
kind = 'pumping'
ensemble = 'T'
rate = 0.8
[[channels]]
kind = 'emission'
ensemble = 'T'
rate = 0.2
[time]
times = [0.0, 1.5, 3.0]
[output]
observables = ['conditional-squeezing(S)', 'conditional-fisher(S)', 'conditional-covariance(S)', 'squeezing(S)']";

/// Sums and sums of squares of what brute force finds, by output time.
struct Counted {
    sums: Vec<[f64; 4]>,
    squares: Vec<[f64; 4]>,
    count: f64,
}

/// Photon counting with all `2^N` spins: the state is multiplied by `exp(G step)`, and what has left its norm jumps.
/// Numbers: xi_S^2, polarisation, 1/xi_R^2, Var S^x.
fn counted(count: usize, step: f64, outputs: &[usize]) -> Counted {
    let study = Study::parse("inline.toml", "inline", SMALL, &[]).expect("valid");
    let problem = &study.problem;
    let brute = BruteForce::new(problem.model(), &problem.cutoffs).expect("fits");
    let mut drift = brute.hamiltonian().scale(-Complex64::I);
    for (rate, jump) in brute.jumps() {
        drift = drift.add(&jump.adjoint().mul(jump).scale((-0.5 * rate).into()));
    }
    let mut power = Dense::identity(brute.dimension());
    let mut whole = power.clone();
    for k in 1..12 {
        power = power.mul(&drift).scale((step / f64::from(k)).into());
        whole = whole.add(&power);
    }
    let spins: Vec<Dense> = Operator::spin(0).iter().map(|o| brute.operator(o)).collect();
    let rho = brute.initial_state(&problem.initial).expect("fits");
    let start =
        (0..rho.rows()).find(|i| rho.entries()[i * rho.rows() + i].re > 0.5).expect("a product of levels");
    let start = Dense::from_fn(rho.rows(), 1, |i, _| Complex64::from(f64::from(u8::from(i == start))));
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut uniform = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut found = Counted {
        sums: vec![[0.0; 4]; outputs.len()],
        squares: vec![[0.0; 4]; outputs.len()],
        count: count as f64,
    };
    for _ in 0..count {
        let mut psi = start.clone();
        let mut threshold = uniform();
        for number in 1..=outputs[outputs.len() - 1] {
            psi = whole.mul(&psi);
            if psi.norm().powi(2) < threshold {
                let images: Vec<Dense> =
                    brute.jumps().iter().map(|(rate, l)| l.mul(&psi).scale(rate.sqrt().into())).collect();
                let weights: Vec<f64> = images.iter().map(|x| x.norm().powi(2)).collect();
                let mut left = uniform() * weights.iter().sum::<f64>();
                let chosen = weights.iter().position(|w| {
                    left -= w;
                    left <= 0.0
                });
                let image = &images[chosen.expect("a jump")];
                psi = image.scale(image.norm().recip().into());
                threshold = uniform();
            }
            if let Some(row) = outputs.iter().position(|o| *o == number) {
                let numbers = squeezed(&spins, &psi);
                for (k, x) in numbers.into_iter().enumerate() {
                    found.sums[row][k] += x;
                    found.squares[row][k] += x * x;
                }
            }
        }
    }
    found
}

/// xi_S^2, polarisation, 1/xi_R^2 and Var S^x of a state of two spins: the smallest variance by looking at all directions.
fn squeezed(spins: &[Dense], psi: &Dense) -> [f64; 4] {
    let norm = psi.norm().powi(2);
    let images: Vec<Dense> = spins.iter().map(|s| s.mul(psi)).collect();
    let dot = |a: &Dense, b: &Dense| a.adjoint().mul(b).entries()[0].re / norm;
    let mean: Vec<f64> = images.iter().map(|image| dot(psi, image)).collect();
    let length = mean.iter().map(|x| x * x).sum::<f64>().sqrt();
    let n: Vec<f64> = mean.iter().map(|x| x / length).collect();
    let (theta, phi) = (n[2].acos(), n[1].atan2(n[0]));
    let (u, v) =
        ([theta.cos() * phi.cos(), theta.cos() * phi.sin(), -theta.sin()], [-phi.sin(), phi.cos(), 0.0]);
    let smallest = (0..1000).map(|k| {
        let (s, c) = (f64::from(k) * 0.001 * std::f64::consts::PI).sin_cos();
        let along = (0..3).fold(Dense::zeros(psi.rows(), 1), |sum, k| {
            sum.add(&images[k].scale((c * u[k] + s * v[k]).into()))
        });
        dot(&along, &along)
    });
    let smallest = smallest.fold(f64::INFINITY, f64::min);
    let xx = dot(&images[0], &images[0]) - mean[0] * mean[0];
    [2.0 * smallest, length, length * length / (2.0 * smallest), xx]
}

#[test]
fn counting_agrees_with_brute_force_state_by_state() {
    let brute = counted(700, 0.02, &[75, 150]);
    let run = ran(SMALL);
    let columns = [
        "conditional-squeezing(S).kitagawa_ueda",
        "conditional-squeezing(S).polarisation",
        "conditional-fisher(S).lower",
        "conditional-covariance(S).xx",
    ];
    for (row, (sums, squares)) in brute.sums.iter().zip(&brute.squares).enumerate() {
        for (k, column) in columns.into_iter().enumerate() {
            let expected = sums[k] / brute.count;
            let variance = (squares[k] / brute.count - expected * expected) / brute.count;
            let found = run.column(column)[row + 1];
            let error = (run.errors(column)[row + 1].powi(2) + variance).sqrt();
            println!("{column} {row}: {found:.5} {expected:.5} +- {error:.5}");
            assert!((found - expected).abs() < 4.0 * error, "{column} {row}: {found} {expected} {error}");
        }
        let (averaged, known) = (run.column("squeezing(S).wineland")[row + 1], columns[2]);
        let known = 1.0 / run.column(known)[row + 1];
        assert!(averaged > 1.05 * known, "the record tells something: {averaged} {known}");
    }
}

/// Conditional variance plus variance of the conditional mean is the variance of the averaged state, whatever is recorded.
#[test]
fn variances_add_up_to_those_of_the_exact_engine() {
    let text = SMALL
        .replace("size = 1", "size = 2")
        .replace("trajectories = 2000", "trajectories = 1500\nshown = 1500");
    let exact = ran_with(
        &text
            .replace(
                "'conditional-squeezing(S)', 'conditional-fisher(S)', 'conditional-covariance(S)', ",
                "'covariance(S)', ",
            )
            .replace("trajectories = 1500\nshown = 1500\n", ""),
        &["engine.kind='exact'"],
    );
    let mut conditional = Vec::new();
    for unravelling in ["jumps", "heterodyne", "homodyne"] {
        let sets = [
            format!("engine.unravelling='{unravelling}'"),
            "output.observables=['conditional-covariance(S)','spin(S)']".into(),
        ];
        let study = Study::parse("inline.toml", "inline", &text, &sets).expect("valid");
        let (evolution, _) = run(study.engine().as_ref(), &study.problem, &mut Silent).expect("runs");
        let shown = evolution.attachments().into_iter().find(|t| t.name == "trajectories").expect("shown");
        let column = |name: &str| &shown.columns.iter().find(|c| c.0 == name).expect(name).1;
        let last = |name: &str| -> Vec<f64> { column(name).iter().skip(2).step_by(3).copied().collect() };
        for axis in ["x", "y", "z"] {
            let (own, mean) =
                (last(&format!("conditional-covariance(S).{axis}{axis}")), last(&format!("spin(S).{axis}")));
            assert_eq!(own.len(), 1500);
            let centre = average(&mean).0;
            let both: Vec<f64> = own.iter().zip(&mean).map(|(v, m)| v + (m - centre).powi(2)).collect();
            let (found, error) = average(&both);
            let expected = exact.column(&format!("covariance(S).{axis}{axis}"))[2];
            println!(
                "{unravelling} {axis}: {found:.5} +- {error:.5}, {expected:.5}; conditional {:?}",
                average(&own)
            );
            assert!(
                (found - expected).abs() < 4.0 * error,
                "{unravelling} {axis}: {found} {expected} {error}"
            );
            if axis == "x" {
                conditional.push(average(&own));
            }
        }
    }
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        let ((a, e), (b, f)) = (conditional[one], conditional[other]);
        assert!((a - b).abs() > 4.0 * e.hypot(f), "unravellings {one} and {other} are told apart: {a} {b}");
    }
}

/// Mean and its standard error.
fn average(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count / count).sqrt())
}

/// Quantiles and shares against the trajectories themselves.
#[test]
fn quantiles_and_shares_are_those_of_the_trajectories() {
    let text = SMALL.replace("trajectories = 2000", "trajectories = 500\nshown = 500");
    let observables =
        "output.observables=['conditional-squeezing(S)','conditional-quantiles(S)','conditional-shares(S)']";
    let sets = [observables.to_owned(), "engine.unravelling='homodyne'".to_owned()];
    let study = Study::parse("inline.toml", "inline", &text, &sets).expect("valid");
    let (evolution, recorder) = run(study.engine().as_ref(), &study.problem, &mut Silent).expect("runs");
    let shown = evolution.attachments().into_iter().find(|t| t.name == "trajectories").expect("shown");
    let all = &shown.columns.iter().find(|c| c.0 == "conditional-squeezing(S).wineland").expect("there").1;
    let mut values: Vec<f64> = all.iter().skip(2).step_by(3).copied().collect();
    values.sort_by(f64::total_cmp);
    for (name, q) in [("05", 0.05), ("25", 0.25), ("50", 0.5), ("75", 0.75)] {
        let column = format!("conditional-quantiles(S).wineland_{name}");
        let found = recorder.get(&study.problem, &column).expect("known")[2];
        let (low, high) = (values[(499.0 * q) as usize - 1], values[(499.0 * q) as usize + 2]);
        assert!(found > low / 1.05 && found < high * 1.05, "{name}: {found} between {low} and {high}");
    }
    let squeezed = values.iter().filter(|x| **x < 1.0 - 1e-6).count() as f64 / 500.0;
    let found = recorder.get(&study.problem, "conditional-shares(S).squeezed").expect("known")[2];
    assert!((found - squeezed).abs() < 1e-12 && (0.01..0.99).contains(&found), "{found} {squeezed}");
}

/// A coherent spin has the same squeezing against the light of a coherent mode, whatever both phases are; the vacuum has none.
#[test]
fn the_phase_of_the_light_is_a_reference_where_there_is_light() {
    for engine in ["trajectories", "truncated-wigner"] {
        let kind = format!("engine.kind='{engine}'");
        let observables = "output.observables=['phase-referenced-squeezing(S, a)','squeezing(S)']";
        let keys = if engine == "trajectories" { "" } else { "\nsamples = 20000" };
        let text = SMALL
            .replace("\ntrajectories = 2000", keys)
            .replace("cutoff = 4", "cutoff = 40\ninitial = { state = 'coherent', amplitude = [-3.0, 2.0] }");
        let text = text.replace(
            "[ensembles.T]",
            "initial = { state = 'spin-coherent', theta = 1.2, phi = 0.7 }\n[ensembles.T]",
        );
        let run = ran_with(&text, &[&kind, observables, "time.times=[0.0, 0.001]"]);
        for part in ["kitagawa_ueda", "wineland", "polarisation"] {
            let found = run.column(&format!("phase-referenced-squeezing(S,a).{part}"))[1];
            let plain = run.column(&format!("squeezing(S).{part}"))[1];
            // The phase of a Wigner sample has the noise of the vacuum, of variance 1/(4 n).
            let tolerance = if engine == "trajectories" { 2e-3 } else { 0.15 };
            println!("{engine} {part}: {found} {plain}");
            assert!((found - plain).abs() < tolerance, "{engine} {part}: {found} {plain}");
        }
    }
    let run = ran_with(
        SMALL,
        &["engine.trajectories=10", "output.observables=['phase-referenced-squeezing(S,a)']"],
    );
    assert!(run.column("phase-referenced-squeezing(S,a).wineland")[0].is_nan());
}

#[test]
fn what_has_no_samples_is_refused_by_name() {
    let scratch = Scratch::new(&SMALL.replace("trajectories = 2000\n", ""));
    let refused = |sets: &[&str], words: &str| {
        let sets: Vec<&str> = sets.iter().flat_map(|s| ["--set", *s]).collect();
        let said = scratch.exits(2, &[&["run", "study.toml"], &sets[..]].concat());
        assert!(said.contains(words), "{sets:?}: {said}");
    };
    refused(&["engine.kind='exact'"], "conditional-squeezing(S)");
    refused(&["engine.kind='exact'"], "use the engine 'trajectories'");
    refused(&["engine.kind='cumulant'"], "use the engine 'trajectories'");
    refused(&["engine.kind='mean-field'"], "use the engine 'trajectories'");
    refused(&["engine.kind='truncated-wigner'"], "a sample is a point of phase space");
    let referred = "output.observables=['phase-referenced-squeezing(S,a)']";
    refused(&["engine.kind='exact'", referred], "'trajectories' or 'truncated-wigner'");
    refused(&["output.observables=['phase-referenced-squeezing(a,S)']"], "an ensemble is needed first");
    refused(&["output.observables=['phase-referenced-squeezing(S)']"], "needs an ensemble and a mode");
    refused(&["output.observables=['2*conditional-fisher(S).lower']"], "no arithmetic is done with it");
    refused(&["engine.homodyne_angle=0.3"], "together with unravelling = \"homodyne\"");
    refused(&["engine.unravelling='homodyn'"], "homodyne");
    refused(&["engine.unravelling='homodyne'", "engine.oscillator_flux=0.0"], "oscillator_flux");
}

/// `SMALL`, of which a share of the light alone is recorded, by single records.
fn monitored(efficiency: f64, unravelling: &str) -> (Vec<f64>, Vec<f64>) {
    let text = SMALL
        .replace(
            "kind = 'trajectories'\ntrajectories = 2000",
            "kind = 'monitored'\ntrajectories = 250\nshown = 250",
        )
        .replace("cutoff = 4", "cutoff = 3");
    let sets = [
        format!("engine.unravelling='{unravelling}'"),
        format!("engine.efficiency={efficiency:?}"),
        "engine.recorded=['cavity-loss(a)']".into(),
        "output.observables=['conditional-covariance(S)','spin(S)']".into(),
    ];
    let study = Study::parse("inline.toml", "inline", &text, &sets).expect("valid");
    let (evolution, _) = run(study.engine().as_ref(), &study.problem, &mut Silent).expect("runs");
    let shown = evolution.attachments().into_iter().find(|t| t.name == "trajectories").expect("shown");
    let column = |name: &str| &shown.columns.iter().find(|c| c.0 == name).expect(name).1;
    let last = |name: &str| column(name).iter().skip(2).step_by(3).copied().collect();
    (last("conditional-covariance(S).xx"), last("spin(S).x"))
}

/// Recorded light alone, at several efficiencies: variance that is left plus variance of the mean is that of the exact
/// engine, and what is left of it falls with what is recorded of a quadrature.
#[test]
fn what_is_not_recorded_stays_uncertain() {
    let observables = "output.observables=['covariance(S)']";
    let text = SMALL.replace("trajectories = 2000\n", "").replace("cutoff = 4", "cutoff = 3");
    let exact = ran_with(&text, &["engine.kind='exact'", observables]);
    let expected = exact.column("covariance(S).xx")[2];
    for unravelling in ["jumps", "heterodyne", "homodyne"] {
        let mut before: Option<(f64, f64)> = None;
        for efficiency in [0.0, 0.5, 1.0] {
            let (own, mean) = monitored(efficiency, unravelling);
            let centre = average(&mean).0;
            let both: Vec<f64> = own.iter().zip(&mean).map(|(v, m)| v + (m - centre).powi(2)).collect();
            let ((found, error), left) = (average(&both), average(&own));
            println!("{unravelling} {efficiency}: {found:.5} +- {error:.5}, {expected:.5}; left {left:?}");
            assert!((found - expected).abs() < 4.0 * error + 1e-6, "{unravelling} {efficiency}");
            let (lower, uncertain) = before.unwrap_or((f64::INFINITY, 0.0));
            // Counting photons tells next to nothing of S^x, whose sign they do not know.
            if unravelling != "jumps" {
                assert!(left.0 < lower - 4.0 * left.1.hypot(uncertain), "{unravelling} {efficiency}");
            }
            before = Some(left);
        }
    }
}

/// A decaying squeezed mode of which a part of the light is homodyned: the filtering equation at that efficiency.
#[test]
fn a_part_of_the_light_tells_a_part() {
    for efficiency in [0.5, 0.8] {
        let sets = [
            "engine.kind='monitored'".to_owned(),
            format!("engine.efficiency={efficiency:?}"),
            "engine.trajectories=2".to_owned(),
            "engine.oscillator_flux=100.0".to_owned(),
            "modes.a.cutoff=13".to_owned(),
            "time.times=[0.0, 1.0, 1.5, 2.0]".to_owned(),
        ];
        let run = ran_with(SQUEEZED, &sets.iter().map(String::as_str).collect::<Vec<_>>());
        for (row, time) in [(1, 0.0), (2, 0.5), (3, 1.0)] {
            for (column, start, eta) in
                [("QQ", 0.5 * 0.6f64.exp(), efficiency), ("PP", 0.5 * (-0.6f64).exp(), 0.0)]
            {
                let found = run.column(&format!("conditional-covariance(a).{column}"))[row];
                let expected = recorded(start, eta, time);
                println!("{efficiency} {time} {column}: {found:.5}, {expected:.5}");
                assert!((found - expected).abs() < 0.01 * expected, "{efficiency} {time} {column}");
            }
        }
    }
}
