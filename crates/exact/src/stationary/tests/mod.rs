//! The generator on complex blocks against the assembled matrix, its adjoint, the preconditioner, the error.

use num_complex::Complex64;
use superladder_brute_force::cases;
use superladder_eigen::LinearMap;
use superladder_engine::{Never, Problem, StationaryOptions};
use superladder_model::{Model, Operator};
use superladder_space::{Charge, Space};

use super::operators::action::{Action, Direction};
use super::operators::coherence::Coherence;
use super::operators::no_jump::NoJump;
use super::operators::real_matrix::Repeated;
use super::solver::Solver;
use super::state::last_stage;
use crate::assembled::Assembled;
use crate::generator::Elements;
use crate::layout::Layout;
use crate::options::Exact;

mod tiled;

/// Numbers without structure.
fn random(len: usize, seed: f64) -> Vec<Complex64> {
    let number = |k: usize| {
        let x = (k as f64 + 1.3 * seed).powf(1.4);
        Complex64::new((1.7 * x).sin(), (0.9 * x).cos())
    };
    (0..len).map(number).collect()
}

/// Spaces of every interaction with a rotating choice of channels.
fn settings() -> Vec<(Space, Elements)> {
    let all = cases((2, 3));
    let picked = all.iter().enumerate().filter(|(i, _)| i % 12 == (i / 12 * 5) % 12).map(|(_, case)| case);
    let setting = |case: &superladder_brute_force::Case| {
        let model = case.model().expect("valid");
        let problem = Problem::builder(&model).times(0.0, 1.0, 2);
        let problem = model.modes().iter().fold(problem, |p, m| p.cutoff(&m.name, 3));
        let problem = problem.build().expect("valid");
        let (problem, setting) = last_stage(&Exact::default(), &problem, &Never).expect("small");
        let elements = Elements::new(&setting.space, problem.model());
        (setting.space, elements)
    };
    picked.map(setting).collect()
}

/// Charge differences of the space: zero and a few others.
fn differences(space: &Space) -> Vec<Charge> {
    let groups = space.sectors()[0].groups();
    let mut found: Vec<Charge> =
        groups.iter().take(3).map(|(charge, _)| space.charges().difference(charge, &groups[0].0)).collect();
    found.dedup();
    found
}

/// The elements of X in the numbering of the assembled matrix, and back.
fn places(coherence: &Coherence, assembled: &Assembled) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    for block in &coherence.blocks {
        for (i, j) in block.rows.clone().flat_map(|i| block.columns.clone().map(move |j| (i, j))) {
            let own = block.offset + (i - block.rows.start) * block.columns.len() + (j - block.columns.start);
            places.push((own, assembled.index.find(block.sector, i, j).expect("kept")));
        }
    }
    places
}

#[test]
fn forward_and_adjoint_actions_are_those_of_the_assembled_matrix() {
    let mut compared = 0;
    for (space, elements) in settings() {
        let zero: Charge = vec![0; space.charges().len()];
        for difference in differences(&space) {
            let negative = space.charges().difference(&zero, &difference);
            let layout = Layout::new(&space, &[difference.clone(), negative].into());
            let assembled = Assembled::new(&space, &layout, &elements);
            let coherence = Coherence::new(&space, &difference, &|_, _, _| true);
            let places = places(&coherence, &assembled);
            let x = random(coherence.len, 1.0);
            let mut whole = vec![Complex64::ZERO; assembled.index.len()];
            for (own, place) in &places {
                whole[*place] = x[*own];
            }
            let image = assembled.apply(&whole);
            let forward = Action::new(&space, &coherence, &elements, Direction::Forward);
            let mut out = vec![Complex64::ZERO; coherence.len];
            forward.act(&x, &mut out);
            let scale = image.iter().map(|z| z.norm()).fold(1.0, f64::max);
            for (own, place) in &places {
                assert!((out[*own] - image[*place]).norm() < 1e-13 * scale);
            }
            // <y, L x> = <L^+ y, x>
            let y = random(coherence.len, 7.0);
            let mut back = vec![Complex64::ZERO; coherence.len];
            Action::new(&space, &coherence, &elements, Direction::Adjoint).act(&y, &mut back);
            let product = |a: &[Complex64], b: &[Complex64]| -> Complex64 {
                a.iter().zip(b).map(|(a, b)| a.conj() * b).sum()
            };
            let (one, other) = (product(&y, &out), product(&back, &x));
            assert!((one - other).norm() < 1e-11 * (1.0 + one.norm()), "{one} {other}");
            // The rows of the sparse matrix say the same.
            for (row, found) in forward.rows(usize::MAX).expect("few").iter().zip(&out) {
                let sum: Complex64 = row.iter().map(|(j, a)| a * x[*j]).sum();
                assert!((sum - found).norm() < 1e-12 * scale);
            }
            compared += coherence.len;
        }
    }
    assert!(compared > 2000, "{compared}");
}

#[test]
fn hermitian_unknowns_keep_the_scalar_product_and_the_action() {
    for (space, elements) in settings() {
        let zero: Charge = vec![0; space.charges().len()];
        let coherence = Coherence::new(&space, &zero, &|_, _, _| true);
        let action = Action::new(&space, &coherence, &elements, Direction::Forward);
        let general = Action::new(&space, &coherence, &elements, Direction::Forward).general();
        let v: Vec<f64> = random(action.unknowns.len(), 3.0).iter().map(|z| z.re).collect();
        let mut x = vec![Complex64::ZERO; coherence.len];
        action.unknowns.unpack(&v, &mut x);
        let square: f64 = x.iter().map(Complex64::norm_sqr).sum();
        assert!((square - v.iter().map(|v| v * v).sum::<f64>()).abs() < 1e-10 * square);
        let (mut packed, mut full) = (vec![0.0; v.len()], vec![0.0; 2 * coherence.len]);
        LinearMap::apply(&action, &v, &mut packed);
        let pairs: Vec<f64> = x.iter().flat_map(|z| [z.re, z.im]).collect();
        LinearMap::apply(&general, &pairs, &mut full);
        let mut again = vec![Complex64::ZERO; coherence.len];
        action.unknowns.unpack(&packed, &mut again);
        for (z, pair) in again.iter().zip(full.chunks_exact(2)) {
            assert!((z - Complex64::new(pair[0], pair[1])).norm() < 1e-12);
        }
    }
}

/// Without refilling the preconditioner is the inverse.
#[test]
fn the_no_jump_part_is_inverted() {
    let model = Model::builder()
        .mode("a", 1.0)
        .ensemble("T", 2, 0.8)
        .interaction("dicke", ["a", "T"], 0.4)
        .channel("cavity-loss", "a", 0.3)
        .channel("pumping", "T", 0.7)
        .build()
        .expect("valid");
    let problem = Problem::builder(&model).cutoff("a", 5).times(0.0, 1.0, 2).build().expect("valid");
    let (problem, setting) = last_stage(&Exact::default(), &problem, &Never).expect("small");
    let space = &setting.space;
    let mut elements = Elements::new(space, problem.model());
    elements.jumps.clear();
    for (difference, direction) in [(0, Direction::Forward), (0, Direction::Adjoint), (1, Direction::Forward)]
    {
        let coherence = Coherence::new(space, &vec![difference], &|_, _, _| true);
        let action = Action::new(space, &coherence, &elements, direction);
        let inverse = NoJump::new(space, &coherence, &elements, direction);
        let v: Vec<f64> = random(action.unknowns.len(), 2.0).iter().map(|z| z.re).collect();
        let (mut x, mut again) = (vec![0.0; v.len()], vec![0.0; v.len()]);
        inverse.apply(&v, &mut x);
        LinearMap::apply(&action, &x, &mut again);
        let worst = v.iter().zip(&again).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-9, "{difference}, {direction:?}: {worst:e}");
    }
}

/// Hermitian operators and such that need not be, of charge difference zero and others.
#[test]
fn the_real_matrix_is_the_action_block_by_block() {
    let mut compared = 0;
    for (space, elements) in settings() {
        for difference in differences(&space) {
            let coherence = Coherence::new(&space, &difference, &|_, _, _| true);
            for direction in [Direction::Forward, Direction::Adjoint] {
                for general in [false, true] {
                    let action = Action::new(&space, &coherence, &elements, direction);
                    let action = if general { action.general() } else { action };
                    let dim = LinearMap::dim(&action);
                    let x: Vec<f64> = random(dim, 2.0).iter().map(|z| z.re).collect();
                    let (mut by_blocks, mut by_matrix) = (vec![0.0; dim], vec![0.0; dim]);
                    action.apply(&x, &mut by_blocks);
                    Repeated::new(&action).apply(&x, &mut by_matrix);
                    let apart =
                        by_blocks.iter().zip(&by_matrix).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                    assert!(apart < 1e-11, "{difference:?} {direction:?} {general}: {apart:e}");
                    compared += dim;
                }
            }
        }
    }
    assert!(compared > 10_000, "{compared}");
}

/// One solution for all observables says what the adjoint solution of each says.
#[test]
fn the_error_of_an_observable_is_that_of_its_adjoint_solution() {
    let model = Model::builder()
        .mode("a", 1.0)
        .ensemble("T", 2, 1.0)
        .interaction("dicke", ["a", "T"], 0.5)
        .channel("thermal-bath", "a", [("rate", 0.4), ("occupation", 0.2)])
        .channel("pumping", "T", 0.3)
        .channel("emission", "T", 0.2)
        .build()
        .expect("valid");
    let problem = Problem::builder(&model).cutoff("a", 14).observe("photons(a)").times(0.0, 1.0, 2);
    let problem = problem.build().expect("valid");
    let engine = Exact::default();
    let options = StationaryOptions { modes: 0, ..StationaryOptions::default() };
    let state = engine.stationary_state(&problem, &options, &Never).expect("one");
    let (space, elements) = (state.space(), state.elements());
    let solver = Solver::new(space, &elements, &Never);
    // A state that is a little off: it has moved on to one side.
    let mut rho = state.x.clone();
    let moved = random(rho.len(), 5.0);
    let mut hermitian = vec![0.0; 0];
    let forward = solver.equations(&state.coherence, Direction::Forward).unwrap();
    hermitian.resize(forward.action.unknowns.len(), 0.0);
    forward.action.unknowns.pack(&moved, &mut hermitian);
    let mut off = vec![Complex64::ZERO; rho.len()];
    forward.action.unknowns.unpack(&hermitian, &mut off);
    let trace = state.coherence.trace(&off);
    rho.iter_mut().zip(&off).zip(&state.x).for_each(|((r, o), s)| *r += 1e-6 * (o - trace * s));
    let mut flow = vec![Complex64::ZERO; rho.len()];
    forward.action.act(&rho, &mut flow);
    // L^+ y = O - <O>
    let number: Vec<_> = (0..space.sectors().len()).map(|s| space.matrix(&Operator::number(0), s)).collect();
    let weights = state.coherence.functional(&number);
    let mean = state.expectation(&Operator::number(0));
    let one = state.coherence.identity();
    let b: Vec<Complex64> = weights.iter().zip(&one).map(|(o, one)| o - mean * one).collect();
    let adjoint = solver.equations(&state.coherence, Direction::Adjoint).unwrap();
    let mut packed = vec![0.0; adjoint.action.unknowns.len()];
    adjoint.action.unknowns.pack(&b, &mut packed);
    let (y, _) = solver.solve(&adjoint, &packed, 1e-10).expect("solved");
    let mut motion = vec![0.0; packed.len()];
    adjoint.action.unknowns.pack(&flow, &mut motion);
    let by_adjoint: f64 = y.iter().zip(&motion).map(|(y, m)| y * m).sum();
    let wrong: Complex64 = weights.iter().zip(&rho).map(|(w, r)| w.conj() * r).sum::<Complex64>() - mean;
    assert!(
        wrong.norm() > 1e-8 && (by_adjoint - wrong.re).abs() < 1e-6 * wrong.norm(),
        "{by_adjoint} {wrong}"
    );
}
