//! Trajectories against the density matrix, in distribution, and bit by bit.

mod agreement;
mod choice;
mod diagonal;
mod statistics;

use num_complex::Complex64;
use superladder_engine::{
    End, Engine, EngineError, Evolution, Problem, Recorder, Resources, Silent, Stage, run,
};
use superladder_exact::Exact;
use superladder_model::{
    Channel, Ensemble, EnsembleState, Evaluation, InitialState, Interaction, Mode, ModeState, Model,
    StateFunction, Value, observables_by_name,
};

use crate::dynamics::Dynamics;
use crate::escapes::{Escape, escapes};
use crate::evolution::{Prepared, TrajectoryEvolution};
use crate::products::Layout;
use crate::trajectory::{Setup, Snapshot, Witness, Workspace};
use crate::{Trajectories, Unravelling};
use superladder_sampling::{Averages, ErrorTarget, Histogram, SampledEvolution as _};

mod locality;

use agreement::{Found, found};
use locality::{Blind, local};

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

/// A mode `a` and ensembles of `sizes` spins called S, T, ..., of frequency 1.
fn bare(sizes: &[usize]) -> Model {
    let ensembles = sizes.iter().zip(["S", "T"]);
    let ensembles = ensembles.map(|(&size, name)| Ensemble { name: name.into(), size, frequency: 1.0 });
    Model::new(vec![Mode { name: "a".into(), frequency: 1.0 }], ensembles.collect()).expect("valid")
}

type Entry<'a> = (&'a str, &'a [&'a str], &'a [&'a str], f64);

fn with(bare: &Model, interactions: &[Entry<'_>], channels: &[Entry<'_>]) -> Model {
    let mut model = bare.clone();
    for (name, m, e, x) in interactions {
        let strength = [("strength".to_owned(), Value::Real(*x))];
        let interaction = Interaction::new(bare, name, &names(m), &names(e), &strength);
        model = model.with_interaction(interaction.expect("valid"));
    }
    for (name, m, e, x) in channels {
        let rate = [("rate".to_owned(), Value::Real(*x))];
        model = model.with_channel(Channel::new(bare, name, &names(m), &names(e), &rate).expect("valid"));
    }
    model
}

/// The reference model.
fn reference(n: usize) -> Model {
    let interactions: [Entry<'_>; 3] = [
        ("dicke", &["a"], &["S"], 0.2),
        ("tavis-cummings", &["a"], &["T"], 0.1),
        ("exchange", &[], &["S", "T"], 0.1),
    ];
    let channels: [Entry<'_>; 3] =
        [("cavity-loss", &["a"], &[], 0.06), ("pumping", &[], &["T"], 0.9), ("emission", &[], &["T"], 0.1)];
    with(&bare(&[n, n]), &interactions, &channels)
}

/// One model with many channels: of the mode, local and collective ones.
fn many_channels() -> Model {
    let channels: [Entry<'_>; 8] = [
        ("cavity-loss", &["a"], &[], 0.5),
        ("cavity-dephasing", &["a"], &[], 0.2),
        ("emission", &[], &["S"], 0.4),
        ("dephasing", &[], &["S"], 0.7),
        ("pumping", &[], &["T"], 0.6),
        ("collective-emission", &[], &["T"], 0.3),
        ("collective-pumping", &[], &["S"], 0.2),
        ("collective-dephasing", &[], &["T"], 0.5),
    ];
    with(&bare(&[3, 2]), &[("dicke", &["a"], &["S"], 0.4), ("exchange", &[], &["S", "T"], 0.3)], &channels)
}

/// All observables that are linear in the density matrix or functions of averages.
fn problem(model: Model, initial: InitialState, cutoff: usize, end: f64) -> Problem {
    let mut observables = observables_by_name(&model, &names(&["all"])).expect("known");
    observables.retain(|o| {
        !matches!(
            o.evaluation,
            Evaluation::State(
                StateFunction::Purity
                    | StateFunction::Entropy
                    | StateFunction::ReducedPurity(_)
                    | StateFunction::ReducedEntropy(_)
            )
        )
    });
    let times = (0..=6).map(|i| f64::from(i) / 6.0 * end).collect();
    Problem {
        stages: vec![Stage { start: 0.0, model }],
        initial,
        observables,
        times,
        cutoffs: vec![cutoff],
        end: End::Records,
    }
}

fn pure() -> InitialState {
    InitialState {
        modes: vec![ModeState::Coherent(Complex64::new(0.6, 0.3))],
        ensembles: vec![
            EnsembleState::SpinCoherent { theta: 0.9, phi: 0.4 },
            // Superposed, so that what a jump does is no rare event: standard errors of few rare events are
            // too small.
            EnsembleState::SpinCoherent { theta: 1.8, phi: -0.7 },
        ],
        joint: None,
    }
}

fn mixed() -> InitialState {
    InitialState {
        modes: vec![ModeState::DisplacedThermal { alpha: Complex64::new(0.4, -0.2), occupation: 0.2 }],
        ensembles: vec![
            EnsembleState::Product { bloch: [0.3, -0.4, 0.2] },
            EnsembleState::Product { bloch: [0.0, 0.1, 0.5] },
        ],
        joint: None,
    }
}

fn exact(problem: &Problem) -> Recorder {
    run(&Exact::default(), problem, &mut Silent).expect("runs").1
}

fn assert_agrees(engine: &Trajectories, problem: &Problem) {
    let (evolution, found) = found(engine, problem);
    println!("{}", evolution.statistics());
    found.against(&exact(problem)).assert_small();
    let checks = &evolution.diagnostics().checks;
    assert!(checks["norm_decay"].holds() && checks["propagation"].holds(), "{checks:?}");
}

fn engine(trajectories: u64) -> Trajectories {
    Trajectories { trajectories, ..Trajectories::default() }
}

#[test]
fn the_reference_model_agrees_with_the_density_matrix() {
    assert_agrees(&engine(20_000), &problem(reference(2), pure(), 7, 3.0));
}

#[test]
#[ignore = "minutes: larger sizes and more trajectories"]
fn larger_reference_models_agree_with_the_density_matrix() {
    for n in [3, 4] {
        assert_agrees(&engine(20_000), &problem(reference(n), pure(), 10, 6.0));
    }
}

#[test]
fn all_kinds_of_channels_and_a_mixed_start_agree_with_the_density_matrix() {
    assert_agrees(&engine(20_000), &problem(many_channels(), mixed(), 4, 2.0));
}

#[test]
fn heterodyne_detection_has_the_same_averages() {
    let unravelling = Unravelling::Heterodyne { flux: 4.0 };
    assert_agrees(&Trajectories { unravelling, ..engine(20_000) }, &problem(reference(2), pure(), 6, 2.0));
}

#[test]
fn a_quench_agrees_with_the_density_matrix() {
    let mut quenched = problem(reference(2), pure(), 6, 2.0);
    let later = with(&bare(&[2, 2]), &[("dicke", &["a"], &["S"], 0.5)], &[("emission", &[], &["S"], 1.0)]);
    quenched.stages.push(Stage { start: 0.77, model: later });
    assert_agrees(&engine(20_000), &quenched);
}

/// The engine with jumps changed by `change`; the effective Hamiltonians follow, so that the trace is kept.
fn changed(options: Trajectories, problem: &Problem, change: impl Fn(&mut Escape)) -> Found {
    let (mut setup, _) = options.setup(problem).expect("valid");
    let layout = Layout { modes: problem.cutoffs.len(), moving: setup.locality.moving.clone() };
    let mut jumps = escapes(problem.model(), options.unravelling);
    for (_, escape) in &mut jumps {
        change(escape);
    }
    setup.stages = vec![Dynamics::of_escapes(&layout, problem.model(), &jumps)];
    recorded(options, problem, setup)
}

/// What the engine finds with a setup of its own.
fn recorded(options: Trajectories, problem: &Problem, setup: Setup) -> Found {
    let (_, instruments) = options.setup(problem).expect("valid");
    let bases = Prepared { setup, instruments, resources: Resources::default() };
    let mut evolution = Averages(TrajectoryEvolution::new(options, bases, None).expect("valid"));
    let mut recorder = Recorder::default();
    let record = |time, measurements| superladder_engine::Record { time, measurements, diagnostics: vec![] };
    recorder.records.push(record(0.0, evolution.measure()));
    let mut listener = |time: f64, measurements: Vec<_>, _: &superladder_engine::Diagnostics| {
        recorder.records.push(record(time, measurements));
        std::ops::ControlFlow::Continue(())
    };
    evolution.advance(&problem.times[1..], &mut listener).expect("runs");
    Found { recorder, replicates: evolution.replicates() }
}

#[test]
fn a_wrong_branch_coefficient_is_seen() {
    let problem = problem(reference(2), pure(), 7, 3.0);
    let expected = exact(&problem);
    changed(engine(2000), &problem, |_| ()).against(&expected).assert_small();
    let wrong = changed(engine(2000), &problem, |escape| {
        if let Escape::Local { local, .. } = escape {
            local.wrong = 1.44;
        }
    });
    wrong.against(&expected).assert_large();
}

/// Times of all jumps of a trajectory.
struct Jumps(Vec<f64>);

impl Witness for Jumps {
    fn state(&mut self, _: usize, _: Snapshot<'_>) {}
    fn jump(&mut self, time: f64, _: usize) {
        self.0.push(time);
    }
}

/// Jump times of `count` trajectories of `size` atoms that start up and decay at rate 1.
fn decays(size: usize, count: u64) -> Vec<Vec<f64>> {
    let model = with(&bare(&[size]), &[], &[("emission", &[], &["S"], 1.0)]);
    let up = EnsembleState::Dicke { twice_j: size, twice_m: size as i64 };
    let initial = InitialState { modes: vec![ModeState::Fock(0)], ensembles: vec![up], joint: None };
    let mut problem = problem(model, initial, 1, 1.0);
    problem.times = vec![0.0, 60.0];
    let (setup, _) = engine(count).setup(&problem).expect("valid");
    let mut workspace = Workspace::new();
    let follow = |index| {
        let mut jumps = Jumps(Vec::new());
        setup.follow(index, &mut workspace, &mut jumps).expect("runs");
        jumps.0
    };
    (0..count).map(follow).collect()
}

/// `sqrt(n) sup |F_n - F|` for `F(t) = 1 - exp(-rate t)`; above 1.628 in 1 % of all samples of that
/// distribution.
fn kolmogorov_smirnov(mut times: Vec<f64>, rate: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    let n = times.len() as f64;
    let distance = |(i, t): (usize, &f64)| {
        let expected = 1.0 - (-rate * t).exp();
        (expected - i as f64 / n).max((i as f64 + 1.0) / n - expected)
    };
    n.sqrt() * times.iter().enumerate().map(distance).fold(0.0, f64::max)
}

#[test]
fn jump_times_of_atoms_are_exponential() {
    for size in [1usize, 5] {
        let jumps = decays(size, 4000);
        assert!(jumps.iter().all(|j| j.len() == size), "every atom decays once");
        let first = kolmogorov_smirnov(jumps.iter().map(|j| j[0]).collect(), size as f64);
        // Unordered, the jumps of independent atoms are independent exponential times.
        let all = kolmogorov_smirnov(jumps.concat(), 1.0);
        println!("{size} atoms: first {first:.3}, all {all:.3}");
        assert!(first < 1.628 && all < 1.628, "{first} {all}");
        assert!(kolmogorov_smirnov(jumps.concat(), 1.1) > 1.628, "a rate 10 % off is seen");
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let problem = problem(many_channels(), mixed(), 3, 1.0);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| run(&engine(150), &problem, &mut Silent).expect("runs").1)
    };
    let bits = |r: &Recorder| -> Vec<u64> {
        let values = r.records.iter().flat_map(|r| &r.measurements).flat_map(|m| &m.values);
        values.flat_map(|v| [v.value.to_bits(), v.standard_error.unwrap_or(0.0).to_bits()]).collect()
    };
    let one = bits(&on(1));
    assert!(one == bits(&on(2)) && one == bits(&on(3)));
}

/// Breaks off as soon as it is asked.
struct Impatient;

impl superladder_engine::Listener for Impatient {
    fn record(
        &mut self,
        _: f64,
        _: Vec<superladder_engine::Measurement>,
        _: &superladder_engine::Diagnostics,
    ) -> std::ops::ControlFlow<()> {
        std::ops::ControlFlow::Continue(())
    }

    fn step(&mut self, _: f64) -> std::ops::ControlFlow<()> {
        std::ops::ControlFlow::Break(())
    }
}

#[test]
fn a_run_continued_from_a_checkpoint_has_the_same_bits() {
    let problem = problem(reference(2), mixed(), 3, 1.0);
    let engine = engine(3000);
    let mut whole = engine.prepare(&problem).expect("valid");
    let mut ends = Vec::new();
    let mut listener = |_: f64, m: Vec<_>, _: &superladder_engine::Diagnostics| {
        ends.push(m);
        std::ops::ControlFlow::Continue(())
    };
    whole.advance(&problem.times[1..], &mut listener).expect("runs");
    let mut first = engine.prepare(&problem).expect("valid");
    first.advance(&problem.times[1..], &mut Impatient).expect("runs");
    assert!(first.statistics()["trajectories"].as_u64().expect("a count") < 3000);
    let mut second = engine.prepare(&problem).expect("valid");
    second.restore(&first.save().expect("bytes")).expect("its own state");
    let mut continued = Vec::new();
    let mut listener = |_: f64, m: Vec<_>, _: &superladder_engine::Diagnostics| {
        continued.push(m);
        std::ops::ControlFlow::Continue(())
    };
    second.advance(&problem.times[1..], &mut listener).expect("runs");
    assert!(format!("{ends:?}") == format!("{continued:?}"));
    assert!(second.restore(&[1, 2, 3]).is_err());
}

#[test]
fn what_trajectories_cannot_do_is_refused_by_name() {
    let mut refused = problem(reference(2), pure(), 3, 1.0);
    refused.observables = observables_by_name(refused.model(), &names(&["purity"])).expect("known");
    let text = |engine: &Trajectories, problem: &Problem| match engine.prepare(problem) {
        Err(e @ (EngineError::Observable { .. } | EngineError::Unsupported { .. })) => e.to_string(),
        Err(e) => panic!("another error: {e}"),
        Ok(_) => panic!("not refused"),
    };
    assert!(text(&engine(10), &refused).contains("'purity'"));
    refused.observables.clear();
    assert!(text(&engine(0), &refused).contains("`trajectories` must be at least 1"));
    assert!(text(&Trajectories { tolerance: 0.0, ..engine(1) }, &refused).contains("`tolerance`"));
    let target = ErrorTarget { observable: Some("photons(b)".into()), error: 0.1 };
    assert!(text(&Trajectories { targets: vec![target], ..engine(1) }, &refused).contains("'photons(b)'"));
    let histogram = Histogram { column: "photons(a)".into(), low: 1.0, high: 1.0, bins: 3 };
    assert!(
        text(&Trajectories { histograms: vec![histogram], ..engine(1) }, &refused).contains("low < high")
    );
    let unravelling = Unravelling::Heterodyne { flux: -1.0 };
    assert!(text(&Trajectories { unravelling, ..engine(1) }, &refused).contains("`oscillator_flux`"));
}
