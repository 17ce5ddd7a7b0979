//! The matrix-free generator on spaces of many tiles: equal to the assembled one, exactly Hermitian, and
//! split consistently into its diagonal and the rest.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use superladder_brute_force::cases;
use superladder_engine::{End, Problem, Stage};
use superladder_exact::{Assembled, Elements, Lindbladian, reduced_space, sector_matrix};
use superladder_model::{EnsembleState, InitialState, ModeState, observables_by_name};
use superladder_propagate::LinearOperator;

/// Every interaction with a rotating choice of channels, on sectors that are cut into many tiles.
fn problems() -> Vec<Problem> {
    let all = cases((3, 4));
    let picked = all.iter().enumerate().filter(|(i, _)| i % 12 == (i / 12 * 5) % 12).map(|(_, case)| case);
    picked
        .map(|case| {
            let model = case.model().expect("valid");
            let modes = model.modes().len();
            // Incoherent states let charges split the sectors wherever the model conserves them.
            let initial = InitialState {
                modes: vec![ModeState::Fock(1); modes],
                ensembles: vec![EnsembleState::Product { bloch: [0.0, 0.0, 0.3] }; 2],
                joint: None,
            };
            let observables = observables_by_name(&model, &["photons(a)".to_owned()]).expect("known");
            let cutoffs = if modes == 2 { vec![4, 3] } else { vec![15] };
            Problem {
                stages: vec![Stage { start: 0.0, model }],
                initial,
                observables,
                times: vec![0.0, 1.0],
                cutoffs,
                end: End::Records,
            }
        })
        .collect()
}

#[test]
fn matrix_free_equals_assembled_on_many_tiles() {
    let mut tiles = 0;
    for (seed, problem) in problems().into_iter().enumerate() {
        for symmetries in [true, false] {
            let setting = reduced_space(&problem, symmetries).expect("small");
            let (space, layout) = (&setting.space, &setting.layout);
            tiles = tiles.max(layout.tiles().len());
            let elements = Elements::new(space, problem.model());
            let generator = Lindbladian::new(layout, &elements);
            assert_eq!(Lindbladian::memory_for(layout, &elements), generator.memory(), "estimate");
            let x = random_vector(layout, seed as u64);
            let mut out = vec![0.0; x.len()];
            generator.apply(&x, &mut out);
            let assembled = Assembled::new(space, layout, &elements);
            let expected = assembled.apply(&assembled.index.expand(layout, &x));
            let found = assembled.index.expand(layout, &out);
            let scale = expected.iter().map(|z| z.norm()).fold(0.0, f64::max);
            let difference = expected.iter().zip(&found).map(|(a, b)| (a - b).norm()).fold(0.0, f64::max);
            let name = problem.model().interactions()[0].name;
            assert!(difference <= 1e-13 * scale, "{name}: {difference:e} of {scale:e}");
            assert_split(&generator, &x, &out);
            assert_recurrence(&generator, &x, &out, &random_vector(layout, 1000 + seed as u64));
        }
    }
    assert!(tiles > 20, "{tiles}");
}

/// A random state vector whose diagonal blocks are Hermitian.
fn random_vector(layout: &superladder_exact::Layout, seed: u64) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut x: Vec<f64> = (0..layout.len()).map(|_| random.random_range(-1.0..1.0)).collect();
    for (p, pair) in layout.pairs().iter().enumerate().filter(|(_, p)| p.row == p.column) {
        let dim = layout.tiles()[pair.row].states.len();
        let block = &mut x[layout.block(p)];
        for r in 0..dim {
            block[2 * (r * dim + r) + 1] = 0.0;
            for c in 0..r {
                block[2 * (r * dim + c)] = block[2 * (c * dim + r)];
                block[2 * (r * dim + c) + 1] = -block[2 * (c * dim + r) + 1];
            }
        }
    }
    x
}

/// `a A x + b x + c y` in one pass is what it is in several.
fn assert_recurrence(generator: &dyn LinearOperator, x: &[f64], image: &[f64], before: &[f64]) {
    let [a, b, c] = [0.3, -1.7, 0.9];
    let mut out = vec![f64::NAN; x.len()];
    generator.apply_recurrence([a, b, c], x, before, &mut out);
    let scale = image.iter().map(|v| v.abs()).fold(1.0, f64::max);
    for (i, found) in out.iter().enumerate() {
        let expected = a * image[i] + b * x[i] + c * before[i];
        assert!((found - expected).abs() <= 1e-14 * scale, "element {i}: {found} and {expected}");
    }
}

/// `A x = (A - D) x + D x` with `D x` from the exponential of the diagonal, by a difference quotient.
fn assert_split(generator: &Lindbladian, x: &[f64], image: &[f64]) {
    let mut rest = vec![0.0; x.len()];
    generator.apply_off_diagonal(x, &mut rest);
    let dt = 1e-5;
    let (mut forward, mut backward) = (x.to_vec(), x.to_vec());
    assert!(generator.exponential_of_diagonal(dt, &mut forward));
    assert!(generator.exponential_of_diagonal(-dt, &mut backward));
    for i in 0..x.len() {
        let slope = (forward[i] - backward[i]) / (2.0 * dt);
        assert!((rest[i] + slope - image[i]).abs() < 1e-5, "element {i}");
    }
}

#[test]
fn the_image_of_a_hermitian_state_is_exactly_hermitian() {
    let problem = &problems()[0];
    let setting = reduced_space(problem, false).expect("small");
    let elements = Elements::new(&setting.space, problem.model());
    let x = random_vector(&setting.layout, 7);
    let mut out = vec![0.0; x.len()];
    Lindbladian::new(&setting.layout, &elements).apply(&x, &mut out);
    for (p, pair) in setting.layout.pairs().iter().enumerate().filter(|(_, p)| p.row == p.column) {
        let dim = setting.layout.tiles()[pair.row].states.len();
        let block = &out[setting.layout.block(p)];
        for r in 0..dim {
            for c in 0..dim {
                assert_eq!(block[2 * (r * dim + c)], block[2 * (c * dim + r)]);
                assert_eq!(block[2 * (r * dim + c) + 1], -block[2 * (c * dim + r) + 1]);
            }
        }
    }
    assert_eq!(
        sector_matrix(&setting.space, &setting.layout, &out, 0).len(),
        setting.space.sectors()[0].dim().pow(2)
    );
}
