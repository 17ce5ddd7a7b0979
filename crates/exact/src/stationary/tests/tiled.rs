//! The generator of runs on the unknowns of a coherence, and the way through time as a preconditioner.

use superladder_eigen::LinearMap;
use superladder_engine::{Never, Problem};
use superladder_model::Model;
use superladder_propagate::vector;

use super::super::operators::action::{Action, Direction};
use super::super::operators::coherence::Coherence;
use super::super::solver::{Equations, Solver, SummedWay};
use super::super::state::last_stage;
use super::super::through_time::exponential::{Propagated, Way};
use super::super::through_time::tiled::Tiled;
use super::{differences, random, settings};
use crate::generator::Elements;
use crate::options::Exact;

/// Real numbers without structure.
fn unknowns(len: usize, seed: f64) -> Vec<f64> {
    random(len, seed).iter().map(|z| z.re).collect()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn tiles_are_the_generator_on_differences_that_are_their_own_adjoints() {
    let (mut compared, mut others) = (0, 0);
    for (space, elements) in settings() {
        for difference in differences(&space) {
            let coherence = Coherence::new(&space, &difference, &|_, _, _| true);
            let Some(tiled) = Tiled::new(&space, &coherence, &elements, &Never).unwrap() else {
                assert!(!coherence.is_self_adjoint(&space));
                others += 1;
                continue;
            };
            let action = Action::new(&space, &coherence, &elements, Direction::Forward);
            let x = unknowns(tiled.dim(), 1.0);
            let (mut by_tiles, mut by_blocks) = (x.clone(), x.clone());
            tiled.apply(&x, &mut by_tiles);
            action.apply(&x, &mut by_blocks);
            assert!(distance(&by_tiles, &by_blocks) < 1e-12);
            // L int exp(L s) x ds = exp(L T) x - x.
            let way = Way { time: 0.7, tolerance: 1e-12, halt: &Never };
            let (mut moved, mut sum, mut image) = (x.clone(), x.clone(), x.clone());
            tiled.propagate(way, &x, &mut moved);
            tiled.summed(way, &x, &mut sum);
            action.apply(&sum, &mut image);
            assert!(distance(&moved, &x) > 1e-3 || vector::norm(&by_blocks) < 1e-3);
            moved.iter_mut().zip(&x).for_each(|(m, x)| *m -= x);
            assert!(distance(&moved, &image) < 1e-9, "{}", distance(&moved, &image));
            compared += 1;
        }
    }
    assert!(compared >= 10 && others > 0, "{compared}, {others}");
    // A part of the blocks is not the whole generator.
    let (space, elements) = settings().into_iter().find(|(space, _)| space.sectors().len() > 1).unwrap();
    let zero = vec![0; space.charges().len()];
    let part = Coherence::new(&space, &zero, &|sector, _, _| sector == 0);
    assert!(Tiled::new(&space, &part, &elements, &Never).unwrap().is_none());
}

/// Few iterations with the way through time find what many find with the inverse of the part without jumps.
#[test]
fn the_way_through_time_finds_the_stationary_state() {
    let model = Model::builder()
        .mode("a", 1.0)
        .ensemble("T", 2, 1.0)
        .interaction("dicke", ["a", "T"], 0.6)
        .channel("cavity-loss", "a", 0.2)
        .channel("pumping", "T", 0.3)
        .channel("emission", "T", 0.1)
        .build()
        .expect("valid");
    let problem = Problem::builder(&model).cutoff("a", 8).times(0.0, 1.0, 2).build().expect("valid");
    let (problem, setting) = last_stage(&Exact::default(), &problem, &Never).expect("small");
    let space = &setting.space;
    let elements = Elements::new(space, problem.model());
    let solver = Solver::new(space, &elements, &Never);
    let zero = vec![0; space.charges().len()];
    let coherence = Coherence::new(space, &zero, &|_, _, _| true);
    let found = |equations: &Equations<'_>| {
        let mut start = vec![0.0; equations.action.unknowns.len()];
        equations.action.unknowns.pack(&coherence.identity(), &mut start);
        let kernel = solver.kernel(equations, &start, (4, 1e-11), &|_| {}).expect("found");
        assert_eq!((kernel.vectors.len(), kernel.complete), (1, true));
        (kernel.vectors[0].clone(), kernel.iterations)
    };
    let own = solver.equations(&coherence, Direction::Forward).unwrap();
    let tiled = Tiled::new(space, &coherence, &elements, &Never).unwrap().expect("whole");
    let way = Way { time: 200.0 / tiled.radius(), tolerance: 1e-5, halt: &Never };
    let action = Action::new(space, &coherence, &elements, Direction::Forward);
    let by_way = Equations { action, preconditioner: Box::new(SummedWay { tiled, way }), direct: false };
    let (x, iterations) = found(&by_way);
    let (y, _) = found(&own);
    let sign = if vector::dot(&x, &y) < 0.0 { -1.0 } else { 1.0 };
    let y: Vec<f64> = y.iter().map(|y| sign * y).collect();
    assert!(distance(&x, &y) < 1e-9, "{}", distance(&x, &y));
    assert!(iterations < 120, "{iterations}");
}
