//! Windows, displaced Fock bases and rotating Dicke bases: the same physics as in the plain basis.

use allocation_counter::measure;
use superladder_space::{Axis, Ladders};

use super::*;
use crate::Choice;
use crate::basis::{Basis, Window};
use crate::dynamics::LeapScratch;
use crate::frame::Frame;
use crate::instruments::Instruments;
use crate::locality::PORTION;
use crate::rotation::{Rotation, RotationScratch};
use crate::trajectory::TrajectoryStatistics;
use crate::vector::Vector;

/// Everything on, whatever the size.
pub(super) fn local(trajectories: u64) -> Trajectories {
    Trajectories { windows: Choice::On, displaced: Choice::On, rotating: Choice::On, ..engine(trajectories) }
}

/// Everything off.
fn plain(trajectories: u64) -> Trajectories {
    Trajectories {
        windows: Choice::Off,
        displaced: Choice::Off,
        rotating: Choice::Off,
        ..engine(trajectories)
    }
}

/// Without the populations of the highest Fock levels, in which the exact engine has its error of truncation.
fn untruncated(mut problem: Problem, distributions: bool) -> Problem {
    problem.observables.retain(|o| match o.evaluation {
        Evaluation::State(StateFunction::TopPopulation(_)) => false,
        Evaluation::State(StateFunction::PhotonDistribution(_) | StateFunction::ReducedState(_)) => {
            distributions
        }
        _ => true,
    });
    problem
}

#[test]
fn moving_bases_have_windows_at_any_size() {
    let locality = |cutoff: usize| {
        let problem = problem(reference(2), pure(), cutoff, 1.0);
        let ladders = Ladders::new(&[&problem.stages[0].model], &problem.initial);
        let locality = engine(1).locality(&problem, &ladders);
        (locality.moving[0], locality.windows)
    };
    assert_eq!([10, 40].map(locality), [(false, false), (true, true)]);
}

#[test]
fn moving_bases_agree_with_the_density_matrix() {
    assert_agrees(&local(10_000), &untruncated(problem(reference(2), pure(), 13, 3.0), false));
}

#[test]
#[ignore = "long: three spins each"]
fn moving_bases_of_three_spins_agree_with_the_density_matrix() {
    assert_agrees(&local(10_000), &untruncated(problem(reference(3), pure(), 16, 6.0), true));
}

#[test]
fn moving_bases_know_all_channels_and_mixed_starts() {
    assert_agrees(&local(2_000), &untruncated(problem(many_channels(), mixed(), 11, 2.0), true));
}

#[test]
fn moving_bases_know_heterodyne_detection_and_quenches() {
    let unravelling = Unravelling::Heterodyne { flux: 4.0 };
    let mut quenched = problem(reference(2), pure(), 12, 2.0);
    let later = with(&bare(&[2, 2]), &[("dicke", &["a"], &["S"], 0.5)], &[("cavity-loss", &["a"], &[], 1.0)]);
    quenched.stages.push(Stage { start: 0.77, model: later });
    assert_agrees(&Trajectories { unravelling, ..local(6_000) }, &untruncated(quenched, false));
}

/// Jumps and numbers of one trajectory.
struct Seen<'a> {
    instruments: &'a Instruments,
    jumps: Vec<(f64, usize)>,
    numbers: Vec<Vec<f64>>,
}

impl Witness for Seen<'_> {
    fn state(&mut self, _: usize, snapshot: Snapshot<'_>) {
        let mut sums = vec![0.0; self.instruments.count()];
        self.instruments.add(snapshot, &mut sums);
        self.numbers.push(sums);
    }

    fn jump(&mut self, time: f64, dissipator: usize) {
        self.jumps.push((time, dissipator));
    }
}

/// Follows trajectory `index`; a `slip` other than 1 displaces wrongly.
fn seen(engine: &Trajectories, problem: &Problem, index: u64, slip: f64) -> (TrajectoryStatistics, Recorded) {
    let (mut setup, instruments) = engine.setup(problem).expect("valid");
    setup.locality.slip = slip;
    let mut seen = Seen { instruments: &instruments, jumps: Vec::new(), numbers: Vec::new() };
    let statistics = setup.follow(index, &mut Workspace::new(), &mut seen).expect("runs");
    let values = seen.numbers.iter().map(|n| instruments.values(problem, n).concat()).collect();
    (statistics, Recorded { jumps: seen.jumps, values })
}

struct Recorded {
    jumps: Vec<(f64, usize)>,
    values: Vec<Vec<f64>>,
}

/// Largest differences of jump times and of values; other jumps differ by infinity.
fn difference(a: &Recorded, b: &Recorded) -> (f64, f64) {
    let (left, right) = (a.jumps.iter().map(|j| j.1), b.jumps.iter().map(|j| j.1));
    if !left.eq(right) {
        return (f64::INFINITY, f64::INFINITY);
    }
    let times = a.jumps.iter().zip(&b.jumps).map(|(x, y)| (x.0 - y.0).abs());
    let values = a.values.iter().flatten().zip(b.values.iter().flatten());
    let values = values.filter(|(x, y)| !x.is_nan() || !y.is_nan()).map(|(x, y)| (x - y).abs());
    (times.fold(0.0, f64::max), values.fold(0.0, f64::max))
}

/// Moments whose values are at most a few tens, and the distributions.
fn compared(n: usize, cutoff: usize, end: f64) -> Problem {
    let initial = InitialState {
        modes: vec![ModeState::Coherent(Complex64::new(0.9, -0.5))],
        ensembles: vec![
            EnsembleState::SpinCoherent { theta: 0.9, phi: 0.4 },
            EnsembleState::SpinCoherent { theta: 2.6, phi: -0.7 },
        ],
        joint: None,
    };
    let mut problem = problem(reference(n), initial, cutoff, end);
    let wanted =
        ["photons(a)", "amplitude(a)", "spin(S)", "spin(T)", "photon-distribution(a)", "reduced-state(S)"];
    let all = std::mem::take(&mut problem.observables);
    problem.observables = all.into_iter().filter(|o| wanted.contains(&o.name.as_str())).collect();
    assert!(problem.observables.len() == 6, "names have changed");
    problem
}

/// What a trajectory can lose of `truncation` as long as no window reaches its cap. A look at the windows
/// takes at most a part `PORTION` of what may still be lost, and so does a step, so that the sum stays below
/// `truncation`; but a step that is a part p of the time may always take `PORTION^2 truncation p`, and all p
/// sum to 1. Frames that move lose rounding.
fn most_lost(truncation: f64) -> f64 {
    (1.0 + PORTION * PORTION) * truncation
}

#[test]
fn every_trajectory_is_the_same_in_every_basis() {
    // Wide enough for windows to stay below the cap: what leaves there is the error of the cutoff, which both
    // have.
    let problem = compared(6, 44, 4.0);
    let truncation = 1e-14;
    let tight = |e: Trajectories| Trajectories { tolerance: 1e-11, truncation, ..e };
    for index in 0..3 {
        let (_, expected) = seen(&tight(plain(1)), &problem, index, 1.0);
        assert!(!expected.jumps.is_empty(), "jumps must be compared");
        let (statistics, found) = seen(&tight(local(1)), &problem, index, 1.0);
        let (times, values) = difference(&expected, &found);
        println!("{index}: times {times:.1e}, values {values:.1e}, {statistics:?}");
        assert!(times < 1e-6 && values < 1e-5, "{times} {values}");
        assert!(statistics.largest < 45 * 7 * 7, "a window is at its cap");
        assert!(statistics.losses.weight <= most_lost(truncation), "{:?}", statistics.losses);
        // Each piece alone.
        for pieces in [(true, false, false), (false, true, false), (false, false, true)] {
            let choice = |on: bool| if on { Choice::On } else { Choice::Off };
            let (windows, displaced, rotating) = (choice(pieces.0), choice(pieces.1), choice(pieces.2));
            let one = Trajectories { windows, displaced, rotating, ..tight(plain(1)) };
            let (times, values) = difference(&expected, &seen(&one, &problem, index, 1.0).1);
            assert!(times < 1e-6 && values < 1e-5, "{pieces:?}: {times} {values}");
        }
    }
}

#[test]
fn a_wrong_displacement_is_seen() {
    let problem = compared(4, 30, 2.0);
    let tight = Trajectories { tolerance: 1e-10, truncation: 1e-13, ..local(1) };
    let expected = seen(&Trajectories { tolerance: 1e-10, ..plain(1) }, &problem, 0, 1.0).1;
    let (_, right) = difference(&expected, &seen(&tight, &problem, 0, 1.0).1);
    let (_, wrong) = difference(&expected, &seen(&tight, &problem, 0, 1.02).1);
    println!("right {right:.1e}, wrong {wrong:.1e}");
    assert!(right < 1e-5 && wrong > 1e-3, "{right} {wrong}");
}

#[test]
fn a_wrong_branch_coefficient_is_seen_in_moving_bases() {
    let problem = untruncated(problem(reference(2), pure(), 13, 3.0), false);
    let expected = exact(&problem);
    let wrong = changed(local(1500), &problem, |escape| {
        if let Escape::Local { local, .. } = escape {
            local.wrong = 1.44;
        }
    });
    wrong.against(&expected).assert_large();
}

#[test]
fn halved_tolerances_move_a_trajectory_within_its_bound() {
    let problem = compared(10, 40, 3.0);
    for index in 0..3 {
        let (statistics, coarse) = seen(&local(1), &problem, index, 1.0);
        let halved = Trajectories { tolerance: 0.5e-8, truncation: 2.5e-7, ..local(1) };
        let (_, fine) = seen(&halved, &problem, index, 1.0);
        let (times, values) = difference(&coarse, &fine);
        println!("{index}: times {times:.1e}, values {values:.1e}, {:?}", statistics.losses);
        // The values are at most 2 N; both states are within the bound of the right one.
        assert!(values < 2.0 * 20.0 * 2.0 * statistics.losses.norm);
        assert!(statistics.losses.weight <= most_lost(local(1).truncation), "{:?}", statistics.losses);
    }
}

#[test]
fn windows_stay_small_and_buffers_change_nothing() {
    let problem = compared(40, 60, 1.0);
    let (setup, _) = Trajectories { rotating: Choice::Auto, ..local(1) }.setup(&problem).expect("valid");
    let mut workspace = Workspace::new();
    let mut statistics = setup.follow(0, &mut workspace, &mut Jumps(Vec::new())).expect("runs");
    println!("{statistics:?}");
    assert!(statistics.largest < 20_000, "{} of {}", statistics.largest, 61 * 41 * 41);
    assert!(statistics.losses.weight <= most_lost(local(1).truncation) && statistics.losses.weight > 0.0);
    for _ in 0..2 {
        let again = setup.follow(0, &mut workspace, &mut Jumps(Vec::new())).expect("runs");
        assert_eq!(again, statistics, "buffers that are used again change a trajectory");
        statistics = again;
    }
    assert!(statistics.jumps > 5);
}

/// Sees nothing, so that all allocations are those of the steps.
pub(super) struct Blind;

impl Witness for Blind {
    fn state(&mut self, _: usize, _: Snapshot<'_>) {}
}

#[test]
fn steps_of_a_trajectory_that_has_run_before_allocate_nothing() {
    let quenched = |n, cutoff| {
        let mut problem = compared(n, cutoff, 4.0);
        let later =
            with(&bare(&[n, n]), &[("dicke", &["a"], &["S"], 0.5)], &[("emission", &[], &["S"], 1.0)]);
        problem.stages.push(Stage { start: 2.3, model: later });
        problem
    };
    let heterodyne = Unravelling::Heterodyne { flux: 4.0 };
    let cases = [
        (plain(1), quenched(3, 14)),
        (Trajectories { windows: Choice::On, ..plain(1) }, quenched(8, 30)),
        (Trajectories { displaced: Choice::On, ..plain(1) }, quenched(3, 20)),
        (Trajectories { rotating: Choice::On, ..plain(1) }, quenched(3, 14)),
        (local(1), quenched(12, 40)),
        (Trajectories { unravelling: heterodyne, ..local(1) }, quenched(12, 40)),
    ];
    for (engine, problem) in cases {
        let (setup, _) = engine.setup(&problem).expect("valid");
        let mut workspace = Workspace::new();
        let mut statistics = TrajectoryStatistics::default();
        // Buffers change places: each must have been the largest.
        (0..8).for_each(|_| statistics = setup.follow(0, &mut workspace, &mut Blind).expect("runs"));
        let start = measure(|| drop(setup.start(0, &mut workspace, &mut Blind)));
        let whole = measure(|| statistics = setup.follow(0, &mut workspace, &mut Blind).expect("runs"));
        let steps = whole.count_total - start.count_total;
        println!("{} steps, {} jumps: {steps} allocations", statistics.steps, statistics.jumps);
        assert!(statistics.steps > 5 && statistics.jumps > 1, "{statistics:?}");
        assert_eq!(steps, 0, "{engine:?}");
    }
    let counted = measure(|| drop(std::hint::black_box(vec![1])));
    assert_eq!(counted.count_total, 1, "allocations are counted");
}

#[test]
#[ignore = "long: a plain basis of 7000 amplitudes"]
fn twelve_spins_have_the_same_averages_with_and_without_locality() {
    let mut problem = compared(12, 46, 4.0);
    problem.observables.retain(|o| o.name != "reduced-state(S)");
    let found = |e: Trajectories| found(&e, &problem).1;
    let (with, without) = (found(local(384)), found(Trajectories { seed: 2, ..plain(384) }));
    with.against_sampled(&without).assert_small();
}

#[test]
fn what_a_displaced_basis_loses_at_its_cutoff_is_counted_without_windows_too() {
    let problem = compared(2, 12, 2.0);
    let narrow = Problem { cutoffs: vec![2], ..problem.clone() };
    let displaced = Trajectories { displaced: Choice::On, ..plain(20) };
    let check = |problem: &Problem| {
        let evolution = run(&displaced, problem, &mut Silent).expect("runs").0;
        evolution.diagnostics().checks["discarded_weight"].worst
    };
    let (wide, narrow) = (check(&problem), check(&narrow));
    println!("discarded: {wide:.1e} of 13 levels, {narrow:.1e} of 3");
    assert!(wide < 1e-6 && narrow > 1e-3, "{wide} {narrow}");
}

/// A state without any order.
fn scattered(len: usize) -> Vector {
    let mut psi = Vector::default();
    psi.clear(len);
    for i in 0..len {
        psi.set(i, Complex64::new((1.7 * i as f64).sin(), (0.4 + 2.3 * i as f64).cos()));
    }
    psi.normalise();
    psi
}

#[test]
fn a_turn_of_many_states_at_once_is_that_of_each() {
    let columns = Axis::Fock { levels: Axis::UNBOUNDED };
    let (mode, spin) = (Axis::Fock { levels: Axis::UNBOUNDED }, Axis::Dicke { spins: 24, twice_j: 20 });
    let window = |low, len| Window { low, len };
    // Inner lengths below, at and beyond whole tiles, and 1; a window in the middle; so large that it needs
    // substeps.
    let cases = [(mode, window(0, 22), 0.3), (mode, window(7, 19), 2.4), (spin, window(0, 21), 0.8)];
    for (axis, own, size) in cases {
        for (outer, inner) in [(40, 1), (1, 37), (3, 16), (5, 7)] {
            let still = Frame::Displaced(Complex64::ZERO);
            let (before, after) = (window(0, outer), window(0, inner));
            let (axes, frames) = (vec![columns, axis, columns], vec![still; 3]);
            let basis = Basis { axes, frames, windows: vec![before, own, after] };
            let alone = Basis { axes: vec![axis], frames: vec![still], windows: vec![own] };
            let rotation = Rotation { beta: Complex64::from_polar(size, 1.1) };
            let before = scattered(basis.len());
            let mut psi = before.clone();
            let left = rotation.apply(&basis, 1, &mut psi, &mut RotationScratch::default());
            let (mut worst, mut squares) = (0.0f64, 0.0);
            for column in 0..outer * inner {
                let place = |k: usize| (column / inner * own.len + k) * inner + column % inner;
                let mut single = Vector::default();
                single.clear(own.len);
                (0..own.len).for_each(|k| single.set(k, before.get(place(k))));
                squares += rotation.apply(&alone, 0, &mut single, &mut RotationScratch::default()).powi(2);
                let differences = (0..own.len).map(|k| (single.get(k) - psi.get(place(k))).norm());
                worst = differences.fold(worst, f64::max);
            }
            println!("{axis:?} {size} {outer} {inner}: {worst:.1e}");
            assert!(worst < 1e-14, "{worst}");
            assert!((psi.norm_sqr() - 1.0).abs() < 1e-13, "unitary");
            // max(before, after)^2 <= before^2 + after^2, so that squares <= 2 left^2.
            assert!(left * left >= 0.499 * squares, "{left} {squares}");
            assert_eq!(left > 0.0, own.len < axis.levels(), "a whole ladder loses nothing");
        }
    }
}

/// Largest difference between weights of jumps and norms of their images, relative to all weights.
struct Weighing<'a> {
    dynamics: &'a Dynamics,
    worst: f64,
    smallest: f64,
}

impl Witness for Weighing<'_> {
    fn state(&mut self, _: usize, Snapshot { basis, psi, .. }: Snapshot<'_>) {
        let (mut scratch, mut weights) = (LeapScratch::default(), Vec::new());
        self.dynamics.weigh(basis, psi, &mut scratch, &mut weights);
        let total: f64 = weights.iter().sum();
        for (leap, weight) in self.dynamics.leaps.iter().zip(&weights) {
            let image = self.dynamics.weight_of_image(leap, basis, psi, &mut scratch);
            self.worst = self.worst.max((weight - image).abs() / total);
            self.smallest = self.smallest.min(image / total);
        }
    }
}

#[test]
fn weights_of_jumps_are_the_norms_of_their_images() {
    let heterodyne = Unravelling::Heterodyne { flux: 4.0 };
    let cases = [
        (local(1), compared(4, 30, 2.0)),
        (Trajectories { unravelling: heterodyne, ..local(1) }, compared(4, 30, 2.0)),
        (local(1), problem(many_channels(), pure(), 11, 2.0)),
        (plain(1), problem(many_channels(), pure(), 11, 2.0)),
    ];
    for (engine, problem) in cases {
        let (setup, _) = engine.setup(&problem).expect("valid");
        let mut weighing = Weighing { dynamics: &setup.stages[0], worst: 0.0, smallest: 1.0 };
        setup.follow(1, &mut Workspace::new(), &mut weighing).expect("runs");
        println!("worst {:.1e}, smallest weight {:.1e}", weighing.worst, weighing.smallest);
        assert!(weighing.worst < 1e-14, "{}", weighing.worst);
        assert!(weighing.smallest < 0.1, "jumps differ");
    }
}
