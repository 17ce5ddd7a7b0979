//! Stationary states against all 2^N spins: one channel with one interaction at a time, kernels of several
//! dimensions, dark states, coherences that do not decay, a defective eigenvalue.

use num_complex::Complex64;
use superladder_brute_force::{BruteForce, Case, Dense, cases};
use superladder_eigen::ComplexSchur;
use superladder_engine::{End, EngineError, Never, Problem, Silent, Stage, StationaryOptions, run};
use superladder_exact::{Exact, StationaryState};
use superladder_model::{Evaluation, Model, Observable, Operator, observables_by_name};

/// The Liouvillian on all matrix elements, row by row.
fn liouvillian(brute: &BruteForce) -> (Vec<Complex64>, usize) {
    let dim = brute.dimension();
    let size = dim * dim;
    let mut matrix = vec![Complex64::ZERO; size * size];
    for column in 0..size {
        let unit =
            Dense::from_fn(
                dim,
                dim,
                |i, j| {
                    if i * dim + j == column { Complex64::ONE } else { Complex64::ZERO }
                },
            );
        let image = brute.generator(&unit);
        for row in 0..size {
            matrix[row * size + column] = image.entries()[row];
        }
    }
    (matrix, size)
}

/// Basis of the vectors that belong to the eigenvalue 0, by the Schur form.
fn zero_space(matrix: &[Complex64], size: usize) -> Vec<Vec<Complex64>> {
    let mut schur = ComplexSchur::new(matrix, size).expect("converges");
    schur.order(Complex64::norm);
    let count = schur.values().iter().take_while(|z| z.norm() < 1e-8).count();
    (0..count).map(|k| schur.schur_vector(k)).collect()
}

fn along(a: &[Complex64], b: &[Complex64]) -> Complex64 {
    a.iter().zip(b).map(|(a, b)| a.conj() * b).sum()
}

/// The part of a state that neither decays nor oscillates: `R (L^dag R)^-1 L^dag rho` with bases R and L of
/// the zero spaces of the Liouvillian and of its adjoint.
fn kept(brute: &BruteForce, rho: &Dense) -> Dense {
    let dim = brute.dimension();
    let (matrix, size) = liouvillian(brute);
    let adjoint: Vec<Complex64> =
        (0..size * size).map(|k| matrix[(k % size) * size + k / size].conj()).collect();
    let (right, left) = (zero_space(&matrix, size), zero_space(&adjoint, size));
    assert_eq!(right.len(), left.len());
    let n = right.len();
    // Elimination of [L^dag R | L^dag rho].
    let mut rows: Vec<Vec<Complex64>> = left
        .iter()
        .map(|l| right.iter().map(|r| along(l, r)).chain([along(l, rho.entries())]).collect())
        .collect();
    for k in 0..n {
        let pivot = (k..n).max_by(|i, j| rows[*i][k].norm().total_cmp(&rows[*j][k].norm())).expect("some");
        rows.swap(k, pivot);
        let source = rows[k].clone();
        for (i, row) in rows.iter_mut().enumerate().filter(|(i, _)| *i != k) {
            let factor = row[k] / source[k];
            row.iter_mut().zip(&source).for_each(|(r, s)| *r -= factor * s);
            assert!(i < n);
        }
    }
    let weights: Vec<Complex64> = (0..n).map(|k| rows[k][n] / rows[k][k]).collect();
    Dense::from_fn(dim, dim, |i, j| right.iter().zip(&weights).map(|(r, w)| w * r[i * dim + j]).sum())
}

fn problem(case: &Case, names: &[&str]) -> Problem {
    let model = case.model().expect("valid");
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let observables = observables_by_name(&model, &names).expect("known");
    Problem {
        stages: vec![Stage { start: 0.0, model }],
        initial: case.initial(),
        observables,
        times: vec![0.0, 1.0],
        cutoffs: case.cutoffs(),
        end: End::Records,
    }
}

fn solved(problem: &Problem, options: &StationaryOptions) -> StationaryState {
    Exact::default().stationary_state(problem, options, &Never).unwrap_or_else(|e| panic!("{e}"))
}

fn state_only() -> StationaryOptions {
    StationaryOptions { modes: 0, ..StationaryOptions::default() }
}

/// Compares expectation values of operators that conserve every charge.
fn compare(problem: &Problem, brute: &BruteForce, what: &str) -> usize {
    let rho = brute.initial_state(&problem.initial).expect("fits");
    let expected = kept(brute, &rho);
    let state = solved(problem, &state_only());
    for (observable, measured) in problem.observables.iter().zip(&state.report.measurements) {
        let Evaluation::Moments { operators, combine, context } = &observable.evaluation else { continue };
        let needed: Vec<Complex64> = operators.iter().map(|o| brute.expectation(o, &expected)).collect();
        for (found, expected) in measured.values.iter().zip(combine(&needed, context)) {
            let good = (found.value - expected).abs() < 1e-8;
            assert!(good, "{what}, {}: {} for {expected}", observable.name, found.value);
        }
    }
    state.report.count()
}

#[test]
fn every_channel_with_every_interaction_ends_as_all_spins_do() {
    let mut counts = Vec::new();
    for sizes in [(2, 0), (1, 1), (1, 0)] {
        for case in cases(sizes) {
            let two_modes = case.cutoffs().len() == 2;
            let wanted = match sizes {
                (2, 0) => !two_modes,
                (1, 1) => case.interaction == "exchange",
                _ => two_modes,
            };
            if !wanted {
                continue;
            }
            let observables = ["photons(a)", "spin-length(S)"];
            let mut problem = problem(&case, &observables);
            problem.observables.push(Observable::expectation("sz", Operator::sz(0)));
            let brute = BruteForce::new(problem.model(), &problem.cutoffs).expect("small");
            let what = format!("{} with {} at {sizes:?}", case.interaction, case.channel);
            counts.push(compare(&problem, &brute, &what));
        }
    }
    println!("{} cases, stationary states: {counts:?}", counts.len());
    assert!(counts.len() > 80 && counts.iter().any(|c| *c > 1) && counts.contains(&1));
}

fn build(model: superladder_model::ModelBuilder) -> Model {
    model.build().expect("valid")
}

fn without_times(model: &Model) -> superladder_engine::ProblemBuilder {
    Problem::builder(model).times(0.0, 1.0, 2)
}

#[test]
fn without_local_channels_every_ladder_keeps_its_weight() {
    let model = Model::builder().ensemble("S", 3, 1.0).channel("collective-emission", "S", 1.0);
    let problem = without_times(&build(model)).initial("S", "product", [0.2, 0.0, 0.3]).observe("spin(S)");
    let problem = problem.build().expect("valid");
    let brute = BruteForce::new(problem.model(), &[]).expect("small");
    let mut problem = problem;
    problem.observables = vec![Observable::expectation("sz", Operator::sz(0))];
    assert_eq!(compare(&problem, &brute, "ladders"), 2);
    let state = solved(&problem, &state_only());
    let told: Vec<&str> = state.report.classes.iter().map(|c| c.conserved.as_str()).collect();
    assert!(told.iter().all(|words| words.contains("ladder j = ")), "{told:?}");
    let weights: f64 = state.report.classes.iter().map(|c| c.weight).sum();
    assert!((weights - 1.0).abs() < 1e-10);
}

/// Two-photon loss keeps the parity of the photon number.
#[test]
fn a_kernel_of_two_dimensions_takes_the_limit_of_its_start() {
    let two = Operator::annihilate(0) * Operator::annihilate(0);
    let model = build(Model::builder().mode("a", 0.0).jump(0.7, two));
    let problem = without_times(&model).cutoff("a", 9).initial("a", "fock", 5).observe("photons(a)");
    let state = solved(&problem.build().expect("valid"), &StationaryOptions::default());
    assert!((state.values("photons(a)").expect("observed")[0] - 1.0).abs() < 1e-9);
    assert_eq!(state.report.count(), 2);
    // With a drive of two photons nothing but parity is left to tell the two apart: cats of both parities.
    let two = Operator::annihilate(0) * Operator::annihilate(0);
    let pump = Operator::create(0) * Operator::create(0);
    let drive = (pump.clone() + pump.adjoint()) * Complex64::from(0.6);
    let model = build(Model::builder().mode("a", 0.0).hamiltonian(drive).jump(0.7, two));
    let problem =
        Problem::builder(&model).cutoff("a", 14).initial("a", "coherent", 0.5).observe("photons(a)");
    let problem = problem.times(0.0, 80.0, 2).build().expect("valid");
    let state = solved(&problem, &StationaryOptions::default());
    assert_eq!(state.report.count(), 2);
    assert!(state.report.slow.iter().any(|slow| !slow.undamped.is_empty()));
    let (_, recorder) = run(&Exact::default(), &problem, &mut Silent).expect("runs");
    let late = recorder.get(&problem, "photons(a)").expect("observed")[1];
    let found = state.values("photons(a)").expect("observed")[0];
    assert!((found - late).abs() < 1e-7, "{found} for {late}");
}

/// One atom, driven; nothing but emission that starts in the state that does not emit.
#[test]
fn dark_states_are_told_and_take_what_reaches_them() {
    // Two spins under collective emission: the singlet and |down, down> are dark.
    let model = build(Model::builder().ensemble("S", 2, 0.5).channel("collective-emission", "S", 1.0));
    let problem = without_times(&model).initial("S", "product", [0.0, 0.0, 0.0]).observe("spin-length(S)");
    let state = solved(&problem.build().expect("valid"), &StationaryOptions::default());
    assert_eq!(state.report.count(), 2);
    // Weights 3/4 and 1/4, S (S + 1) = 2 and 0.
    assert!((state.values("spin-length(S)").expect("observed")[0] - 1.5).abs() < 1e-10);
    let populations = &state.report.slow[0];
    assert_eq!(populations.undamped.len(), 2, "{:?}", populations.undamped);
}

/// Dephasing of an oscillator in its number: every Fock state stays, coherences decay; without it in one mode
/// of two the coherences of that one go on for ever.
#[test]
fn coherences_that_do_not_decay_are_told() {
    let model = Model::builder().mode("a", 1.3).mode("b", 0.7).channel("cavity-loss", "a", 0.5);
    let model = build(model);
    let problem = without_times(&model).cutoff("a", 2).cutoff("b", 2);
    let problem = problem.initial("b", "coherent", 0.1).observe(["photons(b)", "amplitude(b)"]);
    let state = solved(&problem.build().expect("valid"), &StationaryOptions::default());
    let turning: Vec<f64> =
        state.report.slow.iter().flat_map(|s| s.undamped.iter().map(|z| z.im.abs())).collect();
    assert!(turning.iter().any(|w| (w - 0.7).abs() < 1e-9), "{turning:?}");
    assert_eq!(state.report.count(), 3);
}

/// At an exceptional point the slowest eigenvalue is defective: Jordan blocks off the stationary one are no
/// obstacle, and the eigenvalue is found to the root of rounding.
#[test]
fn a_defective_slow_mode_is_found_and_the_state_is_exact() {
    // Two-level atom at 4 Omega = gamma: the Bloch equations of <S^y> and <S^z> have one eigenvector.
    let gamma = 1.0;
    let model = Model::builder().ensemble("S", 1, 0.0).interaction("spin-drive", "S", gamma / 8.0);
    let model = build(model.channel("emission", "S", gamma));
    let problem = without_times(&model).observe("spin(S)").build().expect("valid");
    let state = solved(&problem, &StationaryOptions::default());
    let slow = &state.report.slow[0];
    assert!((slow.values[0].re + 0.5 * gamma).abs() < 1e-7, "{:?}", slow.values);
    let pair: Vec<&Complex64> = slow.values.iter().filter(|z| (*z + 0.75 * gamma).norm() < 1e-6).collect();
    assert!(!pair.is_empty(), "{:?}", slow.values);
    let omega = gamma / 4.0;
    let expected = -0.5 * gamma * gamma / (gamma * gamma + 2.0 * omega * omega);
    assert!((state.values("spin(S)").expect("observed")[2] - expected).abs() < 1e-12);
    let brute = BruteForce::new(problem.model(), &[]).expect("small");
    let (matrix, size) = liouvillian(&brute);
    let schur = ComplexSchur::new(&matrix, size).expect("converges");
    let double = schur.values().iter().filter(|z| (*z + 0.75 * gamma).norm() < 1e-6).count();
    assert_eq!(double, 2);
}

#[test]
fn a_quench_before_several_stationary_states_is_refused() {
    let model =
        |rate: f64| build(Model::builder().ensemble("S", 2, 1.0).channel("collective-emission", "S", rate));
    let problem = Problem::builder(&model(1.0)).initial("S", "product", [0.0, 0.0, 0.1]).times(0.0, 2.0, 3);
    let problem = problem.quench(1.0, &model(0.5)).build().expect("valid");
    let refused = Exact::default().stationary_state(&problem, &state_only(), &Never);
    let Err(EngineError::Unsupported { reason, .. }) = refused else { panic!("not refused") };
    assert!(reason.contains("several stationary states"), "{reason}");
}
