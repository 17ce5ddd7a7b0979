//! The generator as a real matrix on the stored half: where there is a gauge, and equal to the complex matrix.

mod common;

use common::reference::reference_problem;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use superladder_engine::{Engine, Evolution, Never, Problem, Silent, Stage, record, run};
use superladder_exact::{
    Assembled, Elements, Exact, Generator, Layout, RealGenerator, RealHalf, StoredHalf, reduced_space,
};
use superladder_model::{Channel, Model, Value};
use superladder_propagate::LinearOperator;

/// Spins that are pumped one by one and coupled to a mode, `detuning` apart from it.
fn laser(kind: &str, n: usize, cutoff: usize, detuning: f64) -> Problem {
    let model = Model::builder()
        .mode("a", 0.3 + detuning)
        .ensemble("T", n, 0.3)
        .interaction(kind, ["a", "T"], 0.4)
        .channel("cavity-loss", "a", 0.2)
        .channel("pumping", "T", 0.9)
        .channel("emission", "T", 0.1)
        .build()
        .expect("valid");
    Problem::builder(&model)
        .initial("a", "vacuum", ())
        .initial("T", "down", ())
        .cutoff("a", cutoff)
        .observe([
            "photons(a)",
            "g2(a)",
            "spin(T)",
            "photon-distribution(a)",
            "ladder-distribution(T)",
            "purity",
        ])
        .times(0.0, 3.0, 4)
        .build()
        .expect("valid")
}

/// Inverted spins that radiate together; no mode, no Hamiltonian.
fn superradiance(n: usize) -> Problem {
    let model = Model::builder().ensemble("S", n, 0.0).channel("collective-emission", "S", 1.0).build();
    let problem = Problem::builder(&model.expect("valid")).initial("S", "up", ());
    problem.observe("spin(S)").times(0.0, 1.0, 3).build().expect("valid")
}

/// Two modes that hop, one of which is fed by a spin.
fn two_modes() -> Problem {
    let model = Model::builder()
        .mode("a", 1.0)
        .mode("b", 1.0)
        .ensemble("S", 2, 1.0)
        .interaction("tavis-cummings", ["a", "S"], 0.4)
        .interaction("beam-splitter", ["a", "b"], 0.3)
        .channel("cavity-loss", "b", 0.2)
        .channel("dephasing", "S", 0.3)
        .build()
        .expect("valid");
    let problem = Problem::builder(&model).initial("S", "up", ()).cutoff("a", 4).cutoff("b", 3);
    problem.observe(["photons(a)", "spin(S)"]).times(0.0, 1.0, 3).build().expect("valid")
}

/// Whether there is a gauge; if so, the real matrix must be the complex one.
fn has_gauge(problem: &Problem, symmetries: bool) -> bool {
    let setting = reduced_space(problem, symmetries).expect("small");
    let (space, layout) = (&setting.space, &setting.layout);
    let elements = Elements::new(space, problem.model());
    let half = StoredHalf::new(space, layout).expect("small");
    let both = half.both(&[&elements], &Never).expect("nobody ends it");
    assert!(!both.has_gauge() && both.form.len() == 2 * half.len());
    check(problem, symmetries, &both);
    let Some(real) = half.gauge(&[&elements], &Never).expect("nobody ends it") else { return false };
    assert!(real.has_gauge() && real.form.len() == half.len() && !half.is_empty());
    check(problem, symmetries, &real);
    true
}

/// The real matrix of a form must be the complex one.
fn check(problem: &Problem, symmetries: bool, real: &RealHalf) {
    let setting = reduced_space(problem, symmetries).expect("small");
    let (space, layout) = (&setting.space, &setting.layout);
    let elements = Elements::new(space, problem.model());
    let half = StoredHalf::new(space, layout).expect("small");
    let generator = RealGenerator::new(&half, real, &elements, &Never).expect("nobody ends it");
    assert_eq!(generator.dim(), real.form.len());
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut x: Vec<f64> = (0..generator.dim()).map(|_| random.random_range(-1.0..1.0)).collect();
    if !real.has_gauge() {
        hermitian(&half, layout, real, &mut x);
    }
    let mut out = vec![0.0; x.len()];
    generator.apply(&x, &mut out);
    let mut recurred = vec![f64::NAN; x.len()];
    generator.apply_recurrence([0.5, 2.0, -1.0], &x, &x, &mut recurred);
    let same = |(r, (o, x)): (&f64, (&f64, &f64))| (r - 0.5 * o - x).abs() <= 1e-14 * (1.0 + o.abs());
    assert!(recurred.iter().zip(out.iter().zip(&x)).all(same), "recurrence");
    let assembled = Assembled::new(space, layout, &elements);
    let whole = |x: &[f64]| assembled.index.expand(layout, &real.form.expanded(x));
    let (expected, found) = (assembled.apply(&whole(&x)), whole(&out));
    let scale = expected.iter().map(|z| z.norm()).fold(0.0, f64::max);
    let difference = expected.iter().zip(&found).map(|(a, b)| (a - b).norm()).fold(0.0, f64::max);
    assert!(difference <= 1e-13 * scale, "{difference:e} of {scale:e}");
}

/// Populations without imaginary parts.
fn hermitian(half: &StoredHalf, layout: &Layout, real: &RealHalf, x: &mut [f64]) {
    for (p, pair) in layout.pairs().iter().enumerate().filter(|(_, pair)| pair.row == pair.column) {
        let dim = layout.tiles()[pair.row].states.len();
        for r in 0..dim {
            let index = layout.block(p).start + 2 * (r * dim + r);
            let (unknown, _) = real.form.read(index).next().expect("an unknown");
            x[half.len() + unknown] = 0.0;
        }
    }
}

#[test]
fn the_gauge_is_found_where_it_is_and_the_matrix_is_the_complex_one() {
    for (name, problem) in [
        ("laser", laser("tavis-cummings", 5, 9, 0.0)),
        ("laser of many tiles", laser("tavis-cummings", 12, 60, 0.0)),
        ("superradiance", superradiance(12)),
        ("two modes", two_modes()),
    ] {
        assert!(has_gauge(&problem, true), "{name}");
    }
    // All coherences beat with energies, whatever symmetry there is.
    assert!(!has_gauge(&laser("tavis-cummings", 3, 5, 0.0), false));
    assert!(!has_gauge(&laser("tavis-cummings", 5, 9, 0.1), true), "off resonance");
    assert!(!has_gauge(&laser("dicke", 3, 6, 0.0), true), "counter-rotating terms");
    assert!(!has_gauge(&reference_problem(2, 6, 0.7, &["photons(a)"]), true), "reference model");
}

fn words(engine: &Exact, problem: &Problem) -> String {
    let report = engine.resources(problem).expect("small").report;
    report.into_iter().find(|(name, _)| name == "generator").expect("a line").1
}

fn values(engine: &Exact, problem: &Problem) -> Vec<f64> {
    let (_, recorder) = run(engine, problem, &mut Silent).expect("runs");
    let records = recorder.records.iter().flat_map(|r| r.measurements.iter().flat_map(|m| &m.values));
    records.map(|v| v.value).collect()
}

#[test]
fn runs_in_the_real_form_agree_with_matrix_free_ones() {
    let mut quenched = laser("tavis-cummings", 4, 8, 0.0);
    let model = quenched.stages[0].model.clone();
    let (ensemble, rate) = ("T".to_owned(), ("rate".to_owned(), Value::Real(0.5)));
    let dephasing = Channel::new(&model, "dephasing", &[], &[ensemble], &[rate]).expect("valid");
    let later = model.with_channel(dephasing);
    quenched.stages.push(Stage { start: 1.5, model: later });
    for problem in [
        laser("tavis-cummings", 6, 12, 0.0),
        laser("tavis-cummings", 6, 12, 0.1),
        quenched,
        superradiance(10),
    ] {
        let matrix_free = Exact { generator: Generator::MatrixFree, ..Exact::default() };
        assert!(words(&Exact::default(), &problem).starts_with("real sparse matrix"));
        assert!(words(&matrix_free, &problem).starts_with("matrix-free"));
        let (a, b) = (values(&Exact::default(), &problem), values(&matrix_free, &problem));
        for (a, b) in a.iter().zip(&b) {
            assert!((a - b).abs() < 1e-9 || (a.is_nan() && b.is_nan()), "{a} and {b}");
        }
    }
}

#[test]
fn a_run_in_the_real_form_continues_with_the_same_bits_and_shows_its_density_matrix() {
    let problem = laser("tavis-cummings", 4, 8, 0.0);
    let engine = Exact::default();
    let mut first = engine.evolution(&problem).expect("small");
    record(&mut first, &problem, &mut Silent).expect("runs");
    let mut second = engine.evolution(&problem).expect("small");
    second.restore(&first.save().expect("saved")).expect("restored");
    let (a, b) = (first.density_matrix(), second.density_matrix());
    assert!((a.trace() - 1.0).abs() < 1e-10 && a.trace().to_bits() == b.trace().to_bits());
    let sector = a.sectors().next().expect("a sector");
    assert!(sector.trace() > 0.0 && sector.trace() < 1.0);
}

#[test]
fn rows_of_blocks_that_are_long_stay_matrix_free() {
    let reference = reference_problem(4, 14, 0.7, &["photons(a)"]);
    assert!(words(&Exact::default(), &reference).starts_with("matrix-free"));
    let off_resonance = words(&Exact::default(), &laser("tavis-cummings", 6, 12, 0.1));
    assert!(off_resonance.contains("both parts"), "{off_resonance}");
}
