//! Which basis a run uses.

use superladder_engine::Never;

use super::diagonal::lasing;
use crate::choice::plain_is_better;
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
    assert_eq!(plain_is_better(&moving, &plain, 1e-6), without < with, "{without:e} against {with:e}");
    assert!(lost < 1e-6, "{lost:e}");
    let engine = Trajectories::default();
    assert!(engine.setup(&lasing(6)).expect("a setup").0.locality.moving[0], "cutoffs decide first");
    let chosen = engine.chosen(&lasing(6)).expect("a setup").0;
    assert_eq!(chosen.locality.moving, [false; 3]);
    let large = Trajectories { unravelling: Unravelling::Heterodyne { flux: 10.0 }, ..engine };
    assert_eq!(large.chosen(&lasing(40)).expect("a setup").0.locality.moving, [true; 3]);
}

/// What is fixed by the study stays.
#[test]
fn a_basis_that_is_asked_for_is_used() {
    let asked = Trajectories { displaced: Choice::On, rotating: Choice::Off, ..Trajectories::default() };
    assert_eq!(asked.chosen(&lasing(6)).expect("a setup").0.locality.moving, [true, false, false]);
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
