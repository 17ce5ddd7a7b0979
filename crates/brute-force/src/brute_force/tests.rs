use superladder_model::{Channel, Ensemble, EnsembleState, Interaction, Mode, ModeState, Value};

use super::*;

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn free(modes: &[(&str, f64)], ensembles: &[(&str, usize, f64)]) -> Model {
    let modes = modes.iter().map(|&(name, frequency)| Mode { name: name.into(), frequency });
    let ensembles =
        ensembles.iter().map(|&(name, size, frequency)| Ensemble { name: name.into(), size, frequency });
    Model::new(modes.collect(), ensembles.collect()).unwrap()
}

fn with_channel(model: Model, name: &str, modes: &[&str], ensembles: &[&str], rate: f64) -> Model {
    let given = [("rate".to_owned(), Value::Real(rate))];
    let channel = Channel::new(&model, name, &names(modes), &names(ensembles), &given).unwrap();
    model.with_channel(channel)
}

fn with_interaction(model: Model, name: &str, modes: &[&str], ensembles: &[&str], strength: f64) -> Model {
    let given = [("strength".to_owned(), Value::Real(strength))];
    let interaction = Interaction::new(&model, name, &names(modes), &names(ensembles), &given).unwrap();
    model.with_interaction(interaction)
}

/// The reference model with channels of every kind.
fn reference(cutoff: usize, n_s: usize, n_t: usize) -> BruteForce {
    let model = free(&[("a", 1.0)], &[("S", n_s, 0.9), ("T", n_t, 1.2)]);
    let model = with_interaction(model, "dicke", &["a"], &["S"], 0.6);
    let model = with_interaction(model, "tavis-cummings", &["a"], &["T"], 0.3);
    let model = with_interaction(model, "exchange", &[], &["S", "T"], 0.2);
    let model = with_channel(model, "cavity-loss", &["a"], &[], 0.3);
    let model = with_channel(model, "pumping", &[], &["T"], 0.7);
    let model = with_channel(model, "emission", &[], &["T"], 0.4);
    let model = with_channel(model, "dephasing", &[], &["S"], 0.5);
    let model = with_channel(model, "collective-emission", &[], &["S"], 0.1);
    BruteForce::new(&model, &[cutoff]).unwrap()
}

/// An arbitrary, not even Hermitian matrix.
fn arbitrary(dimension: usize, seed: f64) -> Dense {
    Dense::from_fn(dimension, dimension, |i, k| {
        let (i, k) = (i as f64, k as f64);
        Complex64::new((seed + 1.9 * i + 0.7 * k * k).sin(), (seed - 1.3 * i * k + 0.2 * k).cos())
    })
}

fn arbitrary_blocks(reference: &BruteForce) -> Vec<SymmetricBlock> {
    let fill = |(i, block): (usize, SymmetricBlock)| SymmetricBlock {
        matrix: arbitrary(block.states.len(), i as f64),
        ..block
    };
    reference.symmetric_blocks().into_iter().enumerate().map(fill).collect()
}

#[test]
fn the_generator_is_the_lindblad_equation_and_keeps_the_trace() {
    let reference = reference(2, 1, 2);
    let rho = arbitrary(reference.dimension(), 0.3);
    let generated = reference.generator(&rho);
    assert!(generated.trace().norm() < 1e-11);

    let h = reference.hamiltonian();
    let mut expected = h.mul(&rho).subtract(&rho.mul(h)).scale(Complex64::new(0.0, -1.0));
    for (rate, jump) in reference.jumps() {
        let square = jump.adjoint().mul(jump);
        let anticommutator = square.mul(&rho).add(&rho.mul(&square));
        let dissipator = jump.mul(&rho).mul(&jump.adjoint()).subtract(&anticommutator.scale(0.5.into()));
        expected = expected.add(&dissipator.scale((*rate).into()));
    }
    assert!(generated.max_abs_difference(&expected) < 1e-12);
    assert!(h.max_abs_difference(&h.adjoint()) < 1e-15);
}

/// `d rho_uu/dt = -gamma rho_uu`, `d rho_ud/dt = -(i omega + gamma/2) rho_ud` of one spin, basis (down, up).
#[test]
fn a_single_spin_decays() {
    let (gamma, omega) = (0.8, 1.5);
    let model = with_channel(free(&[], &[("S", 1, omega)]), "emission", &[], &["S"], gamma);
    let reference = BruteForce::new(&model, &[]).unwrap();
    let rho = arbitrary(2, 0.9);
    let generated = reference.generator(&rho);
    assert!((generated[(1, 1)] + gamma * rho[(1, 1)]).norm() < 1e-15);
    assert!((generated[(0, 0)] - gamma * rho[(1, 1)]).norm() < 1e-15);
    assert!((generated[(1, 0)] + Complex64::new(0.5 * gamma, omega) * rho[(1, 0)]).norm() < 1e-15);
}

#[test]
fn decaying_and_dephasing_spins_follow_the_closed_form() {
    let (omega, gamma, dephasing, time, n) = (1.1, 0.6, 0.9, 2.3, 3.0);
    let model = with_channel(free(&[], &[("S", 3, omega)]), "emission", &[], &["S"], gamma);
    let model = with_channel(model, "dephasing", &[], &["S"], dephasing);
    let reference = BruteForce::new(&model, &[]).unwrap();
    let ensembles = vec![EnsembleState::Product { bloch: [0.4, -0.6, 0.5] }];
    let rho = reference.initial_state(&InitialState { modes: vec![], ensembles, joint: None }).unwrap();
    let evolved = reference.evolve(&rho, time);
    let z = n * (-0.5 + (0.25 + 0.5) * (-gamma * time).exp());
    assert!((reference.expectation(&Operator::sz(0), &evolved) - z).norm() < 1e-13);
    let rate = Complex64::new(-0.5 * (gamma + dephasing), -omega);
    let start = 0.5 * n * Complex64::new(0.4, 0.6);
    assert!(
        (reference.expectation(&Operator::lower(0), &evolved) - start * (rate * time).exp()).norm() < 1e-13
    );
}

/// `<a> ~ exp(-(i omega + kappa/2) t)` and `<a^dag a> ~ exp(-kappa t)`, exact at any cutoff.
#[test]
fn a_damped_cavity_follows_the_closed_form() {
    let (omega, kappa, time) = (1.7, 0.5, 3.0);
    let model = with_channel(free(&[("a", omega)], &[]), "cavity-loss", &["a"], &[], kappa);
    let reference = BruteForce::new(&model, &[6]).unwrap();
    let modes = vec![ModeState::DisplacedThermal { alpha: Complex64::new(0.7, -0.4), occupation: 0.5 }];
    let rho = reference.initial_state(&InitialState { modes, ensembles: vec![], joint: None }).unwrap();
    let evolved = reference.evolve(&rho, time);
    let decay = (Complex64::new(-0.5 * kappa, -omega) * time).exp();
    for (operator, factor) in [
        (Operator::annihilate(0), decay),
        (Operator::number(0), decay.norm_sqr().into()),
        (Operator::identity(), Complex64::ONE),
    ] {
        let (before, after) =
            (reference.expectation(&operator, &rho), reference.expectation(&operator, &evolved));
        assert!((after - before * factor).norm() < 1e-13);
    }
}

/// Superradiance of two spins from |up up>: both steps of the cascade have the rate 2 G (Dicke, PR 93, 99
/// (1954)), so `P(1,1) = exp(-2 G t)` and `P(1,0) = 2 G t exp(-2 G t)`.
#[test]
fn two_spins_superradiate() {
    let (gamma, time) = (0.7, 1.9);
    let model = with_channel(free(&[], &[("S", 2, 1.0)]), "collective-emission", &[], &["S"], gamma);
    let reference = BruteForce::new(&model, &[]).unwrap();
    let ensembles = vec![EnsembleState::Dicke { twice_j: 2, twice_m: 2 }];
    let rho = reference.initial_state(&InitialState { modes: vec![], ensembles, joint: None }).unwrap();
    let blocks = reference.project(&reference.evolve(&rho, time), &reference.symmetric_blocks()).unwrap();
    let decay = (-2.0 * gamma * time).exp();
    assert!((blocks[0].matrix[(2, 2)] - decay).norm() < 1e-14);
    assert!((blocks[0].matrix[(1, 1)] - 2.0 * gamma * time * decay).norm() < 1e-14);
    assert!(blocks[1].matrix.norm() < 1e-14);
}

#[test]
fn embedding_and_projecting_are_inverse() {
    let reference = reference(1, 3, 2);
    let blocks = arbitrary_blocks(&reference);
    let rho = reference.embed(&blocks).unwrap();
    assert!(reference.is_permutation_symmetric(&rho, 1e-13));
    let trace: Complex64 = blocks.iter().map(|b| b.matrix.trace()).sum();
    assert!((rho.trace() - trace).norm() < 1e-12);
    for (block, found) in blocks.iter().zip(reference.project(&rho, &blocks).unwrap()) {
        assert_eq!((&block.twice_j, &block.states), (&found.twice_j, &found.states));
        assert!(block.matrix.max_abs_difference(&found.matrix) < 1e-13);
    }
}

/// Blocks hold everything a permutation-symmetric state has, also after local jumps; a pure copy does not.
#[test]
fn the_generator_stays_permutation_symmetric() {
    let reference = reference(1, 2, 3);
    let rho = reference.embed(&arbitrary_blocks(&reference)).unwrap();
    let generated = reference.generator(&rho);
    assert!(reference.is_permutation_symmetric(&generated, 1e-12));
    let blocks = reference.project(&generated, &reference.symmetric_blocks()).unwrap();
    assert!(reference.embed(&blocks).unwrap().max_abs_difference(&generated) < 1e-12);

    let unsymmetric = arbitrary(reference.dimension(), 0.1);
    assert!(!reference.is_permutation_symmetric(&unsymmetric, 1e-3));
}

#[test]
fn product_states_are_permutation_symmetric() {
    let reference = reference(2, 2, 3);
    let state = InitialState {
        modes: vec![ModeState::Coherent(Complex64::new(0.3, 0.8))],
        ensembles: vec![
            EnsembleState::SpinCoherent { theta: 1.1, phi: 0.6 },
            EnsembleState::Product { bloch: [0.2, 0.5, -0.3] },
        ],
        joint: None,
    };
    let rho = reference.initial_state(&state).unwrap();
    assert!((rho.trace() - 1.0).norm() < 1e-14);
    let blocks = reference.project(&rho, &reference.symmetric_blocks()).unwrap();
    assert!(reference.embed(&blocks).unwrap().max_abs_difference(&rho) < 1e-14);
    let populated = |block: &SymmetricBlock| block.matrix.norm() > 1e-10;
    assert!(blocks.iter().all(|b| populated(b) == (b.twice_j[0] == 2)));
}

/// `exp(t L)` is a semigroup and keeps trace and Hermiticity.
#[test]
fn evolution_composes() {
    let reference = reference(2, 1, 2);
    let state = InitialState {
        modes: vec![ModeState::Fock(1)],
        ensembles: vec![
            EnsembleState::SpinCoherent { theta: 0.4, phi: 0.0 },
            EnsembleState::Dicke { twice_j: 0, twice_m: 0 },
        ],
        joint: None,
    };
    let rho = reference.initial_state(&state).unwrap();
    let (once, twice) = (reference.evolve(&rho, 2.0), reference.evolve(&reference.evolve(&rho, 0.7), 1.3));
    assert!(once.max_abs_difference(&twice) < 1e-13);
    assert!(once.max_abs_difference(&once.adjoint()) < 1e-13);
    assert!((once.trace() - 1.0).norm() < 1e-13);
}

#[test]
fn labels_outside_the_space_are_refused() {
    let reference = reference(1, 2, 2);
    let block = |twice_j: &[usize], fock: usize, excitations: &[usize]| SymmetricBlock {
        twice_j: twice_j.to_vec(),
        states: vec![(vec![fock], excitations.to_vec())],
        matrix: Dense::identity(1),
    };
    assert!(reference.embed(&[block(&[2, 0], 1, &[2, 1])]).is_ok());
    for bad in [
        block(&[2, 1], 0, &[1, 1]),
        block(&[2, 0], 2, &[1, 1]),
        block(&[2, 0], 0, &[1, 2]),
        block(&[2, 0], 0, &[1, 0]),
        block(&[2], 0, &[1]),
    ] {
        assert!(reference.embed(&[bad]).is_err());
    }
    assert!(BruteForce::new(&free(&[("a", 1.0)], &[]), &[]).is_err());
}
