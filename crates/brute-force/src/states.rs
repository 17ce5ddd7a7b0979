//! Density matrices of product states, subsystem by subsystem.

use num_complex::Complex64;
use superladder_model::{EnsembleState, InitialState, ModeState};

use crate::schur_weyl::{excitation_projector, has_ladder, spin_projector};
use crate::space::{Space, annihilation, ladder_and_z};
use crate::taylor::exponential;
use crate::{BruteForceError, Dense};

/// `rho_mode0 (x) ... (x) rho_ensemble0 (x) ...`, each with trace 1.
pub(crate) fn product_state(space: &Space, state: &InitialState) -> Result<Dense, BruteForceError> {
    BruteForceError::check_count("initial states of modes", space.levels.len(), state.modes.len())?;
    BruteForceError::check_count("initial states of ensembles", space.sizes.len(), state.ensembles.len())?;
    let mut rho = Dense::identity(1);
    for (mode, (part, &levels)) in state.modes.iter().zip(&space.levels).enumerate() {
        rho = rho.kron(&mode_state(part, levels, mode)?);
    }
    for (ensemble, (part, &n)) in state.ensembles.iter().zip(&space.sizes).enumerate() {
        rho = rho.kron(&ensemble_state(part, n, ensemble)?);
    }
    Ok(rho)
}

fn mode_state(state: &ModeState, levels: usize, mode: usize) -> Result<Dense, BruteForceError> {
    match *state {
        ModeState::Fock(n) if n >= levels => {
            Err(BruteForceError::AboveCutoff { mode, n, cutoff: levels.saturating_sub(1) })
        }
        ModeState::Fock(n) => Ok(Dense::from_fn(levels, levels, |i, k| {
            Complex64::from(if i == n && k == n { 1.0 } else { 0.0 })
        })),
        ModeState::Coherent(alpha) => Ok(coherent(alpha, levels)),
        ModeState::DisplacedThermal { alpha, occupation } => Ok(displaced_thermal(alpha, occupation, levels)),
    }
}

/// Amplitudes `alpha^n / sqrt(n!)` on the levels kept, renormalised.
fn coherent(alpha: Complex64, levels: usize) -> Dense {
    let next =
        |(n, amplitude): &(usize, Complex64)| Some((n + 1, amplitude * alpha / ((n + 1) as f64).sqrt()));
    let amplitudes = std::iter::successors(Some((0, Complex64::ONE)), next).take(levels);
    pure(amplitudes.map(|(_, amplitude)| amplitude).collect())
}

/// `D(alpha) rho_th D(alpha)^dag` of the untruncated mode, cut to the levels kept and renormalised to trace
/// 1.
///
/// `<n|rho|n'> = sum_k p_k <n|D(alpha)|k><k|D(alpha)^dag|n'>` with `p_k = nbar^k / (nbar+1)^(k+1)` needs
/// `D(alpha)^dag |n> = exp(alpha^* a - alpha a^dag) |n>` for the kept n only. That Taylor series with an
/// anti-Hermitian generator (stable) runs on `(sqrt(levels) + |alpha| + 8)^2` levels; amplitudes at its end
/// are below 1e-25.
fn displaced_thermal(alpha: Complex64, occupation: f64, levels: usize) -> Dense {
    let many = ((levels as f64).sqrt() + alpha.norm() + 8.0).powi(2).ceil() as usize;
    let a = annihilation(many);
    let generator = a.scale(alpha.conj()).subtract(&a.adjoint().scale(alpha));
    let kept = Dense::from_fn(many, levels, |i, k| Complex64::from(if i == k { 1.0 } else { 0.0 }));
    let displaced = exponential(|x| generator.mul(x), 1.0, generator.spectral_norm_bound(), &kept);
    let weight = |k: usize| (occupation / (occupation + 1.0)).powi(k as i32);
    let weights = Dense::diagonal(&(0..many).map(|k| weight(k).into()).collect::<Vec<_>>());
    with_unit_trace(&displaced.adjoint().mul(&weights.mul(&displaced)))
}

fn ensemble_state(state: &EnsembleState, n: usize, ensemble: usize) -> Result<Dense, BruteForceError> {
    match *state {
        EnsembleState::SpinCoherent { theta, phi } => Ok(power(&spinor(theta, phi), n)),
        EnsembleState::Product { bloch } => Ok(power(&bloch_matrix(bloch), n)),
        EnsembleState::Dicke { twice_j, twice_m } => dicke(n, twice_j, twice_m)
            .ok_or(BruteForceError::NoDickeState { ensemble, size: n, twice_j, twice_m }),
    }
}

/// One spin in `exp(-i phi sigma^z/2) (cos(theta/2) |down> - sin(theta/2) |up>)`.
fn spinor(theta: f64, phi: f64) -> Dense {
    let (s, c) = (0.5 * theta).sin_cos();
    pure(vec![Complex64::from_polar(c, 0.5 * phi), Complex64::from_polar(-s, -0.5 * phi)])
}

/// One spin with Bloch vector r: `(1 + x sigma^x + y sigma^y + z sigma^z) / 2`.
fn bloch_matrix([x, y, z]: [f64; 3]) -> Dense {
    let [plus, minus, sigma_z] = ladder_and_z();
    let sigma_x = plus.add(&minus);
    let sigma_y = plus.subtract(&minus).scale(Complex64::new(0.0, -1.0));
    let sum = [(x, sigma_x), (y, sigma_y), (z, sigma_z)]
        .into_iter()
        .fold(Dense::identity(2), |sum, (r, sigma)| sum.add(&sigma.scale(r.into())));
    sum.scale(0.5.into())
}

/// Projector onto (j, m), divided by its trace: `|j, m>` mixed uniformly over the copies.
fn dicke(n: usize, twice_j: usize, twice_m: i64) -> Option<Dense> {
    let twice_excitations = n as i64 + twice_m;
    let in_ladder = twice_m.unsigned_abs() as usize <= twice_j && twice_excitations % 2 == 0;
    (has_ladder(n, twice_j) && in_ladder).then(|| {
        let m_projector = excitation_projector(n, twice_excitations as usize / 2);
        with_unit_trace(&spin_projector(n, twice_j).mul(&m_projector))
    })
}

/// `|v><v| / <v|v>`.
fn pure(amplitudes: Vec<Complex64>) -> Dense {
    let v = Dense::column(amplitudes);
    with_unit_trace(&v.mul(&v.adjoint()))
}

fn with_unit_trace(rho: &Dense) -> Dense {
    rho.scale(1.0 / rho.trace())
}

/// `matrix (x) matrix (x) ...`, n factors.
fn power(matrix: &Dense, n: usize) -> Dense {
    (0..n).fold(Dense::identity(1), |product, _| product.kron(matrix))
}

#[cfg(test)]
mod tests {
    use superladder_model::{Factor, Operator};

    use super::*;

    fn mean(space: &Space, operator: &Operator, rho: &Dense) -> Complex64 {
        space.operator(operator).mul(rho).trace()
    }

    #[test]
    fn spins_point_where_the_model_says() {
        let n = 3;
        let space = Space::of_spins(n);
        for state in [
            EnsembleState::SpinCoherent { theta: 0.7, phi: -1.3 },
            EnsembleState::Product { bloch: [0.3, -0.5, 0.4] },
            EnsembleState::Dicke { twice_j: 1, twice_m: -1 },
            EnsembleState::Dicke { twice_j: 3, twice_m: 1 },
        ] {
            let rho = ensemble_state(&state, n, 0).unwrap();
            assert!((rho.trace() - 1.0).norm() < 1e-14);
            assert!(rho.max_abs_difference(&rho.adjoint()) < 1e-14);
            for (component, expected) in Operator::spin(0).iter().zip(state.mean_spin(n)) {
                assert!((mean(&space, component, &rho) - n as f64 * expected).norm() < 1e-14);
            }
        }
    }

    #[test]
    fn the_spin_coherent_state_is_the_rotated_ground_state() {
        let (n, theta, phi) = (3, 0.9, 0.4);
        let space = Space::of_spins(n);
        let [_, sy, sz] = Operator::spin(0).map(|s| space.operator(&s).scale(Complex64::new(0.0, -1.0)));
        let mut state = Dense::zeros(1 << n, 1);
        state[(0, 0)] = Complex64::ONE;
        let state = exponential(|x| sy.mul(x), theta, n as f64, &state);
        let state = exponential(|x| sz.mul(x), phi, n as f64, &state);
        let rho = ensemble_state(&EnsembleState::SpinCoherent { theta, phi }, n, 0).unwrap();
        assert!(rho.max_abs_difference(&state.mul(&state.adjoint())) < 1e-14);
    }

    #[test]
    fn states_outside_the_space_are_refused() {
        for (twice_j, twice_m) in [(4, 0), (2, 1), (1, 3), (5, 1)] {
            assert!(ensemble_state(&EnsembleState::Dicke { twice_j, twice_m }, 3, 0).is_err());
        }
        assert!(mode_state(&ModeState::Fock(4), 4, 0).is_err());
    }

    #[test]
    fn displaced_vacuum_is_coherent_and_undisplaced_is_thermal() {
        let alpha = Complex64::new(1.1, -0.7);
        assert!(displaced_thermal(alpha, 0.0, 7).max_abs_difference(&coherent(alpha, 7)) < 1e-14);
        let thermal = displaced_thermal(Complex64::ZERO, 0.8, 6);
        for n in 1..6 {
            assert!((thermal[(n, n)] / thermal[(n - 1, n - 1)] - 0.8 / 1.8).norm() < 1e-14);
        }
    }

    /// `<a> = alpha`, `<a^dag a> = nbar + |alpha|^2`, `<a^2> = alpha^2` where the cutoff does not matter.
    #[test]
    fn displaced_thermal_state_has_its_moments() {
        let (alpha, occupation, levels) = (Complex64::new(-0.8, 1.2), 0.3, 50);
        let space = Space { levels: vec![levels], sizes: vec![] };
        let rho = displaced_thermal(alpha, occupation, levels);
        let square = Operator::product(&[Factor::Annihilate(0), Factor::Annihilate(0)]);
        assert!((mean(&space, &Operator::annihilate(0), &rho) - alpha).norm() < 1e-12);
        assert!((mean(&space, &Operator::number(0), &rho) - occupation - alpha.norm_sqr()).norm() < 1e-12);
        assert!((mean(&space, &square, &rho) - alpha * alpha).norm() < 1e-12);
    }
}
