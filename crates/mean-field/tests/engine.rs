//! The engine: observables of product states, quenches, what it refuses, the limits.

mod common;

use common::Parameters;
use num_complex::Complex64;
use superladder_engine::{End, Engine, Problem, Silent, Stage, run};
use superladder_mean_field::{Limit, MeanField, MeanFieldEquations};
use superladder_model::{
    Channel, Ensemble, EnsembleState, InitialState, ModeState, Model, Observable, Operator, Value,
    observables_by_name,
};

fn problem(
    stages: Vec<(f64, Model)>,
    initial: InitialState,
    observables: &[&str],
    times: Vec<f64>,
) -> Problem {
    let names: Vec<String> = observables.iter().map(ToString::to_string).collect();
    let observables = observables_by_name(&stages[0].1, &names).expect("known");
    let cutoffs = vec![0; stages[0].1.modes().len()];
    let stages = stages.into_iter().map(|(start, model)| Stage { start, model }).collect();
    Problem { stages, initial, observables, times, cutoffs, end: End::Records }
}

/// The paper's Fig. 3(a): superradiant at lambda = 0.6 with T at its local steady state, quenched to lambda =
/// 0.2 with wz' at the upper polariton of the normal state; n falls and then grows to 0.9549.
#[test]
fn quench_through_the_normal_state_reaches_lasing() {
    let after = Parameters { wt: 1.183_215_956_619_923, ..Parameters::standard(0.2, 0.9, 0.06) };
    let before = MeanFieldEquations::new(&after.model(100)).expect("derived");
    // Dicke superradiant fixed point at lambda = 0.6 (mean_field_targets.json, dicke_sr_lam0.6).
    let r = std::f64::consts::SQRT_2;
    let sr = [
        -0.430_977_682_299_569_4 * r,
        -0.012_929_330_468_987_081 * r,
        0.359_471_301_844_699_16,
        0.0,
        -0.347_534_722_222_222_2,
        0.0,
        0.0,
        0.4,
    ];
    let times: Vec<f64> = (0..=16_000).map(|i| 0.05 * f64::from(i)).collect();
    let problem = problem(vec![(0.0, after.model(100))], before.product_state(&sr), &["photons(a)"], times);
    let (_, recorder) = run(&MeanField::default(), &problem, &mut Silent).expect("runs");
    let n: Vec<f64> = recorder.column(0, 0).iter().map(|n| n / 100.0).collect();
    assert!((n[0] - 0.185_908_9).abs() < 1e-7);
    // Averaged over one period of the lasing line (2 pi / 1.0977), as the targets read it.
    let window = 114;
    let average: Vec<f64> = n.windows(window).map(|n| n.iter().sum::<f64>() / window as f64).collect();
    let time = |i: usize| 0.05 * (i as f64 + 0.5 * window as f64);
    let least = (0..average.len()).min_by(|&i, &k| average[i].total_cmp(&average[k])).expect("not empty");
    let (t_min, n_min, n_final) = (time(least), average[least], average[average.len() - 1]);
    let t95 = time((least..average.len()).find(|&i| average[i] >= 0.95 * n_final).expect("lases"));
    println!("t_min {t_min} n_min {n_min} t95 {t95} n_final {n_final}");
    assert!((t_min - 131.45).abs() < 0.06 && (n_min - 0.00118).abs() < 5e-6);
    assert!((t95 - 436.0).abs() < 0.2 && (n_final - 0.954_895_2).abs() < 3e-4);
}

/// Two stages equal two runs, the second from the product state at the end of the first.
#[test]
fn stages_continue() {
    let (first, second) = (Parameters::standard(0.2, 0.9, 0.06), Parameters::standard(0.6, 0.7, 0.06));
    let equations = MeanFieldEquations::new(&first.model(20)).expect("derived");
    let start = equations.product_state(&[0.3, 0.1, 0.2, 0.0, -0.4, 0.0, 0.1, 0.3]);
    let names = ["amplitude(a)", "spin(S)", "spin(T)"];
    let both = problem(
        vec![(0.0, first.model(20)), (3.0, second.model(20))],
        start.clone(),
        &names,
        vec![0.0, 3.0, 8.0],
    );
    let (_, recorder) = run(&MeanField::default(), &both, &mut Silent).expect("runs");
    let v = |row: usize, o: usize, c: usize| recorder.records[row].measurements[o].values[c].value;
    let root = (2.0f64 / 20.0).sqrt();
    let middle: Vec<f64> = [(0, 0), (0, 1)]
        .map(|(o, c)| root * v(1, o, c))
        .into_iter()
        .chain([1, 2].into_iter().flat_map(|o| (0..3).map(move |c| (o, c))).map(|(o, c)| v(1, o, c) / 20.0))
        .collect();
    let rest =
        problem(vec![(3.0, second.model(20))], equations.product_state(&middle), &names, vec![3.0, 8.0]);
    let (_, again) = run(&MeanField::default(), &rest, &mut Silent).expect("runs");
    for o in 0..3 {
        for (a, b) in
            recorder.records[2].measurements[o].values.iter().zip(&again.records[1].measurements[o].values)
        {
            assert!((a.value - b.value).abs() < 1e-7);
        }
    }
}

/// Collective emission: `D[S^-]` gives `-rate N (s_x^2 + s_y^2)` as N grows and `-rate s_z` more at finite N;
/// the finite drift also loses the on-site part `(N - 1)/N`.
#[test]
fn the_limits_differ_where_a_term_acts_twice() {
    let ensemble = Ensemble { name: "S".into(), size: 10, frequency: 0.0 };
    let model = Model::new(vec![], vec![ensemble]).expect("valid");
    let rate = [("rate".to_owned(), Value::Real(0.1))];
    let channel = Channel::new(&model, "collective-emission", &[], &["S".into()], &rate).expect("valid");
    let model = model.with_channel(channel);
    let v = [0.3, 0.1, 0.2];
    let mut out = [0.0; 3];
    let drift = |limit, out: &mut [f64]| {
        MeanFieldEquations::with_options(&model, limit, &[]).expect("derived").drift(&v, out);
        out[2]
    };
    assert!((drift(Limit::Infinite, &mut out) + 0.1 * 10.0 * 0.1).abs() < 1e-15);
    // d<S^z>/dt = -rate <S^+ S^->, <S^+ S^-> = N/2 + <S^z> + N(N-1) |s^-|^2.
    assert!((drift(Limit::Finite, &mut out) + 0.1 * (0.5 + 0.2 + 9.0 * 0.1)).abs() < 1e-15);
}

#[test]
fn second_moments_are_those_of_the_product_state() {
    let x = Parameters::standard(0.2, 0.9, 0.06);
    let initial = InitialState {
        modes: vec![ModeState::Coherent(Complex64::new(1.0, 2.0))],
        ensembles: vec![
            EnsembleState::Product { bloch: [0.6, 0.0, -0.8] },
            EnsembleState::Product { bloch: [0.0, 0.0, 0.8] },
        ],
        joint: None,
    };
    let names = ["photons(a)", "covariance(S)", "field-cumulants(a)", "covariance(a,S)"];
    let mut evolution = MeanField::default()
        .prepare(&problem(vec![(0.0, x.model(10))], initial, &names, vec![0.0, 1.0]))
        .expect("prepared");
    let m = evolution.measure();
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} instead of {b}");
    close(m[0].values[0].value, 5.0);
    close(m[1].values[0].value, 10.0 * (0.25 - 0.09));
    close(m[1].values[2].value, 10.0 * 0.12);
    m[2].values.iter().chain(&m[3].values).for_each(|v| close(v.value, 0.0));
}

#[test]
fn functions_of_the_full_state_are_refused_by_name() {
    let x = Parameters::standard(0.2, 0.9, 0.06);
    let state = MeanFieldEquations::new(&x.model(10)).expect("derived").product_state(&[0.0; 8]);
    let problem = problem(vec![(0.0, x.model(10))], state, &["photons(a)", "purity"], vec![0.0, 1.0]);
    let error = MeanField::default().prepare(&problem).err().expect("refused").to_string();
    assert!(error.contains("'mean-field'") && error.contains("'purity'"), "{error}");
    let engine = MeanField { gilbert: vec![0.1, 0.2], ..MeanField::default() };
    let problem = Problem { observables: vec![], ..problem };
    assert!(engine.prepare(&problem).err().expect("refused").to_string().contains("gilbert"));
}

/// 'mean-field state': the product state on the way, through a quench; the rest of the run starts from it.
#[test]
fn a_mean_field_state_is_the_solution_at_its_time() {
    let (first, second) = (Parameters::standard(0.2, 0.9, 0.06), Parameters::standard(0.6, 0.7, 0.06));
    let n = 30;
    let initial = InitialState {
        modes: vec![ModeState::Coherent(Complex64::new(0.3, -0.1))],
        ensembles: vec![
            EnsembleState::SpinCoherent { theta: 0.4, phi: 0.0 },
            EnsembleState::Product { bloch: [0.0, 0.0, 0.8] },
        ],
        joint: None,
    };
    let names = ["amplitude(a)", "spin(S)", "spin(T)"];
    let stages = vec![(0.0, first.model(n)), (3.0, second.model(n))];
    let problem = problem(stages, initial, &names, vec![0.0, 5.0]);
    let engine = MeanField::default();
    let state = engine.product_state_at(&problem, 5.0).expect("runs");
    let (_, recorder) = run(&engine, &problem, &mut Silent).expect("runs");
    let last = &recorder.records[1].measurements;
    let ModeState::Coherent(alpha) = state.modes[0] else { panic!("{state:?}") };
    assert!((alpha.re - last[0].values[0].value).abs() < 1e-12);
    assert!((alpha.im - last[0].values[1].value).abs() < 1e-12);
    for e in 0..2 {
        let mean = state.ensembles[e].mean_spin(n);
        for (k, value) in last[1 + e].values.iter().enumerate() {
            // |S| keeps its length to the tolerance of the run only; the state is cut to length 1.
            assert!((mean[k] - value.value / n as f64).abs() < 1e-9);
        }
    }
    assert!((alpha.norm() - 0.3).abs() > 0.1);
    let start = engine.product_state_at(&problem, 0.0).expect("runs");
    let ModeState::Coherent(alpha) = start.modes[0] else { panic!("{start:?}") };
    assert!((alpha - Complex64::new(0.3, -0.1)).norm() < 1e-15);
    let error = engine.product_state_at(&problem, -1.0).expect_err("refused").to_string();
    assert!(error.contains("must be finite and >= 0, but is -1"), "{error}");
}

/// Order 1 of the cumulant engine is the finite-N limit; both limits agree where no term acts twice.
#[test]
fn finite_size_order_one_is_the_cumulant_engine_at_order_one() {
    let x = Parameters::standard(0.3, 0.8, 0.06);
    let state = InitialState {
        modes: vec![ModeState::Coherent(Complex64::new(1.0, 0.5))],
        ensembles: vec![
            EnsembleState::Product { bloch: [0.6, 0.0, -0.8] },
            EnsembleState::Product { bloch: [0.1, 0.0, 0.8] },
        ],
        joint: None,
    };
    let problem = problem(vec![(0.0, x.model(7))], state, &["default", "covariance(S,T)"], vec![0.0, 4.0]);
    let cumulant = superladder_cumulant::Cumulant { order: 1, ..Default::default() };
    let finite = MeanField { limit: Limit::Finite, ..MeanField::default() };
    let engines: [&dyn Engine; 3] = [&cumulant, &finite, &MeanField::default()];
    let values = engines.map(|engine| {
        let (_, recorder) = run(engine, &problem, &mut Silent).expect("runs");
        let all = recorder.records[1].measurements.iter().flat_map(|m| m.values.clone());
        all.map(|v| v.value).collect::<Vec<f64>>()
    });
    for other in &values[1..] {
        for (a, b) in values[0].iter().zip(other) {
            assert!((a - b).abs() < 1e-10, "{a} and {b}");
        }
    }
}

/// A driven, lossy mode written without the tables: `<a> = -2i F/k (1 - exp(-k t/2))` from the vacuum.
#[test]
fn own_terms_jumps_and_functions_follow_the_closed_form() {
    let a = Operator::annihilate(0);
    let drive = 0.3 * (a.clone() + a.adjoint());
    let model =
        Model::builder().mode("a", 0.0).hamiltonian(drive).jump(0.8, a.clone()).build().expect("valid");
    let brightness = Observable::function("brightness", [a], [""], |[a]| [a.norm_sqr()]);
    let builder = Problem::builder(&model).cutoff("a", 0).observe(brightness).times(0.0, 2.0, 3);
    let problem = builder.build().expect("valid");
    let engine = MeanField { limit: Limit::Finite, ..MeanField::default() };
    let (_, recorder) = run(&engine, &problem, &mut Silent).expect("runs");
    let expected = (2.0 * 0.3 / 0.8 * (1.0 - (-0.8f64).exp())).powi(2);
    let found = recorder.get(&problem, "brightness").expect("known")[2];
    assert!((found - expected).abs() < 1e-8, "{found} {expected}");
}
