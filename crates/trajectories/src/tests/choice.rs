//! Which basis a run uses.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use superladder_engine::{Diagnostics, Evolution as _, Halt, Measurement, Never, Problem};
use superladder_model::observables_by_name;
use superladder_sampling::Averages;

use super::diagonal::lasing;
use crate::choice::plain_is_better;
use crate::evolution::TrajectoryEvolution;
use crate::options::Choice;
use crate::trajectory::{Limits, Setup, Snapshot, Witness, Workspace};
use crate::{Trajectories, Unravelling};

struct Blind;

impl Witness for Blind {
    fn state(&mut self, _: usize, _: Snapshot<'_>) {}
}

fn in_basis(choice: Choice, n: usize) -> Setup {
    let engine = Trajectories { displaced: choice, rotating: choice, ..Trajectories::default() };
    engine.setup(&lasing(n)).expect("a setup").0
}

/// The bases that a run chooses.
fn chosen_bases(engine: &Trajectories, problem: &Problem) -> Vec<bool> {
    let mut evolution = engine.evolution(problem).expect("prepared");
    evolution.choose(&Never).expect("no failure").expect("nobody ends it");
    evolution.setup.locality.moving.clone()
}

/// Looks how often it is asked, and ends the work from the first look on.
struct Ending(AtomicU64);

impl Halt for Ending {
    fn asked(&self) -> bool {
        self.0.fetch_add(1, Ordering::SeqCst);
        true
    }
}

/// The bases are not tried before a trajectory is to begin, the trial heeds a stop, and where trajectories are
/// there already they tell.
#[test]
fn bases_are_chosen_once_and_taken_over() {
    let mut options = Trajectories { trajectories: 2, ..Trajectories::default() };
    let problem = lasing(6);
    let mut evolution = Averages(options.evolution(&problem).expect("prepared"));
    assert!(evolution.0.open && evolution.0.setup.locality.moves(), "nothing is decided");
    let ending = Ending(AtomicU64::new(0));
    assert!(evolution.0.choose(&ending).expect("no failure").is_none() && evolution.0.open);
    assert_eq!(ending.0.load(Ordering::SeqCst), 1, "the trial ends at its first look");
    let mut blind = |_: f64, _: Vec<Measurement>, _: &Diagnostics| ControlFlow::Continue(());
    evolution.advance(&problem.times, &mut blind).expect("runs");
    assert!(!evolution.0.open && !evolution.0.setup.locality.moves());
    // The same sums in an engine that would find the moving basis better: nothing is tried.
    options.bounds.discarded_weight = f64::INFINITY;
    for (moves, sums) in [(false, evolution.save()), (true, moved(&options, &problem))] {
        let mut again = Averages(options.evolution(&problem).expect("prepared"));
        again.restore(&sums.expect("sums")).expect("they fit");
        assert_eq!((again.0.open, again.0.setup.locality.moves()), (false, moves));
        again.advance(&problem.times, &mut blind).expect("nothing is left to run");
    }
}

/// The sums of a run whose bases were chosen to move.
fn moved(options: &Trajectories, problem: &Problem) -> Result<Vec<u8>, superladder_engine::EngineError> {
    let mut evolution = Averages(options.evolution(problem).expect("prepared"));
    evolution.0.open = false;
    let mut blind = |_: f64, _: Vec<Measurement>, _: &Diagnostics| ControlFlow::Continue(());
    evolution.advance(&problem.times, &mut blind).expect("runs");
    evolution.save()
}

/// Work and discarded weight of the first trajectory.
fn cost(setup: &Setup) -> (f64, f64) {
    let statistics = setup.follow(0, &mut Workspace::new(), &mut Blind).expect("a trajectory");
    (statistics.work, statistics.losses.weight)
}

/// Six spins of each kind, detected by counting: the plain basis of 29 levels is cheaper and loses nothing. Forty
/// of each: only the moving basis is tried.
#[test]
fn the_cheaper_basis_is_chosen_by_the_first_trajectory() {
    let (moving, plain) = (in_basis(Choice::On, 6), in_basis(Choice::Off, 6));
    let ((with, _), (without, lost)) = (cost(&moving), cost(&plain));
    assert_eq!(
        plain_is_better(&moving, &plain, 1e-6, &Never),
        Some(without < with),
        "{without:e} against {with:e}"
    );
    assert!(lost < 1e-6, "{lost:e}");
    let engine = Trajectories::default();
    assert!(engine.setup(&lasing(6)).expect("a setup").0.locality.moving[0], "cutoffs decide first");
    assert_eq!(chosen_bases(&engine, &lasing(6)), [false; 3]);
    let large = Trajectories { unravelling: Unravelling::Heterodyne { flux: 10.0 }, ..engine };
    assert_eq!(chosen_bases(&large, &lasing(40)), [true; 3]);
}

/// What is fixed by the study stays.
#[test]
fn a_basis_that_is_asked_for_is_used() {
    let asked = Trajectories { displaced: Choice::On, rotating: Choice::Off, ..Trajectories::default() };
    assert_eq!(chosen_bases(&asked, &lasing(6)), [true, false, false]);
}

/// A trial ends where its limits are, at the same place every time.
#[test]
fn limits_end_a_trajectory() {
    let setup = in_basis(Choice::Off, 6);
    let limited =
        |limits| setup.follow_within(limits, 0, &mut Workspace::new(), &mut Blind, &Never).expect("a trial");
    let whole = Limits { time: 20.0, work: f64::INFINITY, weight: f64::INFINITY };
    let (statistics, reached) = limited(whole);
    assert_eq!(reached, 20.0);
    let (half, early) = limited(Limits { work: 0.5 * statistics.work, ..whole });
    assert!(early < 20.0 && half.work >= 0.5 * statistics.work && half.work < 0.6 * statistics.work);
    assert_eq!(limited(Limits { work: 0.5 * statistics.work, ..whole }), (half, early));
}

/// With a bound that some trajectories exceed in the moving basis, those and no others are followed in the plain
/// one: nothing exceeds the bound any more, the numbers are the same, and so are they on any number of threads.
#[test]
fn trajectories_that_lose_too_much_fall_back_one_by_one() {
    let count = 12;
    let moving = in_basis(Choice::On, 6);
    let mut workspace = Workspace::new();
    let mut lost: Vec<f64> = (0..count)
        .map(|i| moving.follow(i, &mut workspace, &mut Blind).expect("a trajectory").losses.weight)
        .collect();
    lost.sort_by(f64::total_cmp);
    let bound = 0.5 * (lost[5] + lost[6]);
    assert!(lost[5] < bound && bound < lost[6], "{lost:?}");
    let run_with = |spare: bool, threads: usize| {
        let mut options = Trajectories { trajectories: count, ..Trajectories::default() };
        options.bounds.discarded_weight = bound;
        let mut problem = lasing(6);
        let names = ["photons(a)".to_owned(), "spin(S)".to_owned()];
        problem.observables = observables_by_name(problem.model(), &names).expect("known");
        let chosen = options.prepared(&problem).expect("a setup");
        let spare = if spare { options.spare(&problem, &chosen.setup).expect("a setup") } else { None };
        let mut evolution = Averages(TrajectoryEvolution::new(options, chosen, spare).expect("prepared"));
        evolution.0.open = false;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            let mut rows = Vec::new();
            let mut listener = |_: f64, row: Vec<Measurement>, _: &Diagnostics| {
                rows.push(row);
                ControlFlow::Continue(())
            };
            evolution.advance(&problem.times, &mut listener).expect("runs");
            (rows, evolution.statistics(), evolution.diagnostics().clone())
        })
    };
    let ((with, statistics, diagnostics), (without, ..)) = (run_with(true, 1), run_with(false, 1));
    assert_eq!(statistics["fell_back_to_the_plain_basis"], 6);
    assert!(diagnostics.checks["discarded_weight"].holds(), "{diagnostics:?}");
    assert_eq!(run_with(true, 2).0, with);
    for (a, b) in with.iter().zip(&without) {
        for (a, b) in a.iter().zip(b) {
            for (a, b) in a.values.iter().zip(&b.values) {
                assert!((a.value - b.value).abs() < 1e-3 * (1.0 + b.value.abs()), "{a:?} {b:?}");
            }
        }
    }
}
