//! Initial states in numbers: density matrices of modes and of the ladders of ensembles.

use num_complex::Complex64;
use superladder_model::{EnsembleState, InitialState, ModeState, Subsystem};

use crate::halting::{PIECES, go_on};
use crate::ladder::{self, binomial, degeneracy, ln_degeneracy};
use crate::{Density, SpaceError};

/// Weights P(j) of the ladders of an ensemble, by `2 j`.
pub type LadderWeights = Vec<(usize, f64)>;

/// True when the state is diagonal in the Fock or Dicke basis.
pub fn is_diagonal(subsystem: Subsystem, modes: &[ModeState], ensembles: &[EnsembleState]) -> bool {
    match subsystem {
        Subsystem::Mode(m) => match modes[m] {
            ModeState::Fock(_) => true,
            ModeState::Coherent(alpha) | ModeState::DisplacedThermal { alpha, .. } => {
                alpha == Complex64::ZERO
            }
        },
        Subsystem::Ensemble(e) => match ensembles[e] {
            EnsembleState::Dicke { .. } => true,
            EnsembleState::SpinCoherent { theta, .. } => theta == 0.0,
            EnsembleState::Product { bloch } => bloch[0] == 0.0 && bloch[1] == 0.0,
        },
    }
}

/// Ladders (`2 j`) with weight in the state of `spins` spins.
pub(crate) fn populated_ladders(state: &EnsembleState, spins: usize) -> Vec<usize> {
    match state {
        EnsembleState::Dicke { twice_j, .. } => vec![*twice_j],
        EnsembleState::SpinCoherent { .. } => vec![spins],
        EnsembleState::Product { bloch } if determinant(*bloch) == 0.0 => vec![spins],
        EnsembleState::Product { .. } => ladder::all_ladders(spins),
    }
}

/// Amplitudes of a pure mode state on `levels` Fock levels, renormalised; `None` for a mixed state. A Fock
/// state above the cutoff is lost entirely (zero vector). How much is cut off says [`loss`](crate::loss).
pub fn mode_vector(state: &ModeState, levels: usize) -> Option<Vec<Complex64>> {
    match *state {
        ModeState::Fock(n) => {
            let mut vector = vec![Complex64::ZERO; levels];
            if let Some(amplitude) = vector.get_mut(n) {
                *amplitude = Complex64::ONE;
            }
            Some(vector)
        }
        ModeState::Coherent(alpha) | ModeState::DisplacedThermal { alpha, occupation: 0.0 } => {
            Some(coherent(alpha, levels))
        }
        ModeState::DisplacedThermal { .. } => None,
    }
}

/// `alpha^n / sqrt(n!)`, renormalised.
fn coherent(alpha: Complex64, levels: usize) -> Vec<Complex64> {
    // Started at exp(-|alpha|^2/2) up to |alpha|^2 of about 1400; beyond, a shift of the exponent keeps it
    // finite.
    let start = (-0.5 * alpha.norm_sqr()).max(-700.0).exp();
    let mut vector = Vec::with_capacity(levels);
    let mut amplitude = Complex64::from(start);
    for n in 0..levels {
        vector.push(amplitude);
        amplitude *= alpha / ((n + 1) as f64).sqrt();
    }
    let kept: f64 = vector.iter().map(Complex64::norm_sqr).sum();
    let norm = kept.sqrt();
    for a in &mut vector {
        *a /= norm;
    }
    vector
}

/// Density matrix of a mode state on `levels` Fock levels, renormalised to trace 1. How much is cut off
/// says [`loss`](crate::loss).
///
/// For a displaced thermal state the recurrence
/// `sqrt(m+1) rho_{m+1,n} = (q sqrt(n) rho_{m,n-1} + p rho_{m,n})`, `q = nbar/(1+nbar)`,
/// `p = alpha/(1+nbar)`, follows from its Gaussian Husimi function; all terms of a sum have one phase, so it
/// loses no digits. Without displacement only the diagonal is left.
pub fn mode_density(state: &ModeState, levels: usize) -> Density {
    if let Some(vector) = mode_vector(state, levels) {
        return Density::Pure(vector);
    }
    let ModeState::DisplacedThermal { alpha, occupation } = *state else {
        unreachable!("all other states are pure")
    };
    let (q, p) = (occupation / (1.0 + occupation), alpha / (1.0 + occupation));
    let mut first = Complex64::from((-alpha.norm_sqr() / (1.0 + occupation)).exp() / (1.0 + occupation));
    if alpha == Complex64::ZERO {
        let next = |x: &Complex64, m: usize| x * (q * (m as f64).sqrt()) / (m as f64).sqrt();
        let mut populations = Vec::with_capacity(levels);
        for m in 1..=levels {
            populations.push(first);
            first = next(&first, m);
        }
        let kept: f64 = populations.iter().map(|p| p.re).sum();
        for x in &mut populations {
            *x /= kept;
        }
        return Density::Diagonal(populations);
    }
    let mut rho = vec![Complex64::ZERO; levels * levels];
    for n in 0..levels {
        rho[n] = first;
        first *= p.conj() / ((n + 1) as f64).sqrt();
    }
    for m in 1..levels {
        for n in 0..levels {
            let from_diagonal =
                if n > 0 { rho[(m - 1) * levels + n - 1] * (q * (n as f64).sqrt()) } else { Complex64::ZERO };
            rho[m * levels + n] = (from_diagonal + p * rho[(m - 1) * levels + n]) / (m as f64).sqrt();
        }
    }
    let kept: f64 = (0..levels).map(|n| rho[n * levels + n].re).sum();
    for x in &mut rho {
        *x /= kept;
    }
    Density::Dense { dim: levels, elements: rho }
}

/// Bytes of the density matrices of initial states of modes with these `levels` and of ensembles on their largest
/// ladders: only mixed states with coherences are dense.
pub fn density_bytes(initial: &InitialState, levels: &[usize], spins: &[usize]) -> f64 {
    let bytes = |dense: bool, dim: f64| 16.0 * if dense { dim * dim } else { dim };
    let modes = initial.modes.iter().zip(levels).map(|(state, levels)| {
        let mixed = matches!(state, ModeState::DisplacedThermal { alpha, occupation }
            if *alpha != Complex64::ZERO && *occupation != 0.0);
        bytes(mixed, *levels as f64)
    });
    let ensembles = initial.ensembles.iter().zip(spins).map(|(state, spins)| {
        let mixed = matches!(state, EnsembleState::Product { bloch } if bloch[0] != 0.0 || bloch[1] != 0.0);
        bytes(mixed, *spins as f64 + 1.0)
    });
    modes.chain(ensembles).sum()
}

/// Amplitudes of the spin-coherent state on the ladder j = N/2, by the number of excitations:
/// `sqrt(C(N,x)) (-sin(theta/2) e^{-i phi})^x cos(theta/2)^{N-x}` up to a global phase.
pub fn spin_coherent_vector(spins: usize, theta: f64, phi: f64) -> Vec<Complex64> {
    let (s, c) = (0.5 * theta).sin_cos();
    (0..=spins)
        .map(|x| {
            let modulus = power_product(spins, x, s.abs(), c.abs());
            let sign_s = if -s < 0.0 && x % 2 == 1 { -1.0 } else { 1.0 };
            let sign_c = if c < 0.0 && (spins - x) % 2 == 1 { -1.0 } else { 1.0 };
            Complex64::from_polar(modulus * sign_s * sign_c, -phi * x as f64)
        })
        .collect()
}

/// `sqrt(C(n, x)) s^x c^{n-x}`, through logarithms where the binomial overflows.
fn power_product(n: usize, x: usize, s: f64, c: f64) -> f64 {
    let direct = binomial(n, x);
    if direct < 1e280 {
        let (a, b) = (s.powi(x as i32), c.powi((n - x) as i32));
        if a > 1e-250 && b > 1e-250 || a == 0.0 || b == 0.0 {
            return direct.sqrt() * a * b;
        }
    }
    if (s == 0.0 && x > 0) || (c == 0.0 && x < n) {
        return 0.0;
    }
    let ln_binomial: f64 = (1..=x.min(n - x)).map(|i| ((n + 1 - i) as f64 / i as f64).ln()).sum();
    (0.5 * ln_binomial + x as f64 * s.max(1e-300).ln() + (n - x) as f64 * c.max(1e-300).ln()).exp()
}

/// Determinant `(1 - r^2)/4` of the single-spin density matrix; 0 for pure spins.
fn determinant(bloch: [f64; 3]) -> f64 {
    let gap = 1.0 - bloch.iter().map(|r| r * r).sum::<f64>();
    if gap < 1e-13 { 0.0 } else { 0.25 * gap }
}

/// Density matrix of an ensemble on the ladder `twice_j`, rows and columns by increasing m; its trace is
/// P(j).
///
/// Identical spins `rho_1`: on ladder j, `d_j det(rho_1)^{N/2-j} Sym^{2j}(rho_1)` with the symmetric power of
/// the 2x2 matrix, which contains the rotation to the direction of the Bloch vector.
///
/// # Errors
/// [`SpaceError::Halted`] once `halted` says so, which is asked for every column of a symmetric power.
pub fn ensemble_density(
    state: &EnsembleState,
    spins: usize,
    twice_j: usize,
    halted: &dyn Fn() -> bool,
) -> Result<Density, SpaceError> {
    let zero = || vec![Complex64::ZERO; twice_j + 1];
    Ok(match *state {
        EnsembleState::SpinCoherent { theta, phi } if twice_j == spins => {
            let mut vector = spin_coherent_vector(spins, theta, phi);
            let norm = vector.iter().map(Complex64::norm_sqr).sum::<f64>().sqrt();
            for a in &mut vector {
                *a /= norm;
            }
            Density::Pure(vector)
        }
        EnsembleState::Dicke { twice_j: populated, twice_m } if populated == twice_j => {
            let mut populations = zero();
            populations[i64::midpoint(twice_m, twice_j as i64) as usize] = Complex64::ONE;
            Density::Diagonal(populations)
        }
        EnsembleState::Product { bloch } => {
            let det = determinant(bloch);
            let below = (spins - twice_j) / 2;
            if det == 0.0 && below > 0 {
                return Ok(Density::Diagonal(zero()));
            }
            let copies = degeneracy(spins, twice_j);
            let scale = if copies.is_finite() && det.powi(below as i32) > 1e-250 {
                copies * det.powi(below as i32)
            } else {
                (ln_degeneracy(spins, twice_j) + below as f64 * det.ln()).exp()
            };
            let scaled = |elements: Vec<Complex64>| elements.into_iter().map(|x| x * scale).collect();
            if bloch[0] == 0.0 && bloch[1] == 0.0 {
                Density::Diagonal(scaled(power_along_z(bloch[2], twice_j, halted)?))
            } else {
                let elements = scaled(symmetric_power(bloch, twice_j, halted)?);
                Density::Dense { dim: twice_j + 1, elements }
            }
        }
        _ => Density::Diagonal(zero()),
    })
}

/// Weights of the Dicke states |j, j - k> along the Bloch vector, k = 0, ..., 2j, in a product of identical
/// spins with a Bloch vector of this length: `d_j p_up^{N/2+j-k} p_down^{N/2-j+k}`, `p = (1 +- length)/2`:
/// the eigenvalues of [`ensemble_density`].
pub fn product_weights(length: f64, spins: usize, twice_j: usize) -> Vec<f64> {
    let (up, down) = (0.5 * (1.0 + length), 0.5 * (1.0 - length).max(0.0));
    let (above, below) = (usize::midpoint(spins, twice_j), (spins - twice_j) / 2);
    let copies = ln_degeneracy(spins, twice_j);
    let power = |p: f64, n: usize| if n == 0 { 0.0 } else { n as f64 * p.ln() };
    (0..=twice_j).map(|k| (copies + power(up, above - k) + power(down, below + k)).exp()).collect()
}

/// The diagonal of `Sym^n(rho_1)` of spins along z, by the number of up spins.
fn power_along_z(z: f64, n: usize, halted: &dyn Fn() -> bool) -> Result<Vec<Complex64>, SpaceError> {
    let (up, down) = (0.5 * (1.0 + z), 0.5 * (1.0 - z));
    let ups = std::iter::successors(Some(1.0), |power| Some(power * up)).take(n + 1);
    // Multiplied in the order of the general formula.
    let weight = |(k, power): (usize, f64)| {
        go_on(k, PIECES, halted)?;
        Some((k..n).fold(power, |weight, _| weight * down).into())
    };
    ups.enumerate().map(weight).collect::<Option<_>>().ok_or(SpaceError::Halted)
}

/// `Sym^n(rho_1)`, by the number of up spins, from `x -> A x + conj(B) y`, `y -> B x + D y`.
fn symmetric_power(
    bloch: [f64; 3],
    n: usize,
    halted: &dyn Fn() -> bool,
) -> Result<Vec<Complex64>, SpaceError> {
    let (up, down) = (0.5 * (1.0 + bloch[2]), 0.5 * (1.0 - bloch[2]));
    let coherence = Complex64::new(0.5 * bloch[0], -0.5 * bloch[1]);
    let x_image = [coherence.conj(), Complex64::from(up)];
    let y_image = [Complex64::from(down), coherence];
    let mut result = vec![Complex64::ZERO; (n + 1) * (n + 1)];
    for column in 0..=n {
        if halted() {
            return Err(SpaceError::Halted);
        }
        let mut polynomial = vec![Complex64::ONE];
        for i in 0..n {
            polynomial = times_linear(&polynomial, if i < column { x_image } else { y_image });
        }
        for (row, coefficient) in polynomial.into_iter().enumerate() {
            result[row * (n + 1) + column] = coefficient * (binomial(n, column) / binomial(n, row)).sqrt();
        }
    }
    Ok(result)
}

/// Product of a polynomial (coefficients by power) with `c_0 + c_1 x`.
fn times_linear(polynomial: &[Complex64], [c0, c1]: [Complex64; 2]) -> Vec<Complex64> {
    let mut product = vec![Complex64::ZERO; polynomial.len() + 1];
    for (power, coefficient) in polynomial.iter().enumerate() {
        product[power] += coefficient * c0;
        product[power + 1] += coefficient * c1;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fock::loss;

    fn of_ensemble(state: &EnsembleState, spins: usize, twice_j: usize) -> Density {
        ensemble_density(state, spins, twice_j, &|| false).expect("nobody ends it")
    }

    #[test]
    fn product_states_have_unit_trace_and_the_right_spin() {
        for spins in 1..=6usize {
            for bloch in [[0.3, -0.4, 0.2], [0.0, 0.0, 0.0], [0.0, 0.6, -0.8], [0.0, 0.0, 0.5]] {
                let (mut trace, mut sz, mut s_plus) = (0.0, 0.0, Complex64::ZERO);
                for twice_j in ladder::all_ladders(spins) {
                    let rho = of_ensemble(&EnsembleState::Product { bloch }, spins, twice_j);
                    let dim = twice_j + 1;
                    for k in 0..dim {
                        let rung = ladder::Rung::new(spins, twice_j, (spins - twice_j) / 2 + k);
                        trace += rho.at(k, k).re;
                        sz += rung.m * rho.at(k, k).re;
                        if k + 1 < dim {
                            s_plus += rung.raise() * rho.at(k, k + 1);
                        }
                    }
                }
                let n = spins as f64;
                assert!((trace - 1.0).abs() < 1e-14);
                assert!((sz - 0.5 * n * bloch[2]).abs() < 1e-13);
                assert!((s_plus.re - 0.5 * n * bloch[0]).abs() < 1e-13);
                assert!((s_plus.im - 0.5 * n * bloch[1]).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn weights_of_products_are_those_of_the_density_matrix() {
        for (spins, length) in [(1usize, 0.3), (4, 0.0), (5, 0.8), (6, 1.0)] {
            let mut total = 0.0;
            for twice_j in ladder::all_ladders(spins) {
                let state = EnsembleState::Product { bloch: [0.0, 0.0, length] };
                let rho = of_ensemble(&state, spins, twice_j);
                for (k, weight) in product_weights(length, spins, twice_j).into_iter().enumerate() {
                    let at = twice_j - k;
                    assert!((weight - rho.at(at, at).re).abs() < 1e-14, "{spins} {twice_j} {k}");
                    total += weight;
                }
            }
            assert!((total - 1.0).abs() < 1e-13);
        }
    }

    #[test]
    fn a_pure_product_equals_the_spin_coherent_state() {
        let (theta, phi, spins) = (0.7f64, 1.1f64, 5);
        let bloch = [-theta.sin() * phi.cos(), -theta.sin() * phi.sin(), -theta.cos()];
        let a = of_ensemble(&EnsembleState::Product { bloch }, spins, spins);
        let b = of_ensemble(&EnsembleState::SpinCoherent { theta, phi }, spins, spins);
        let elements = (0..=spins).flat_map(|x| (0..=spins).map(move |y| (x, y)));
        let difference = elements.map(|(x, y)| (a.at(x, y) - b.at(x, y)).norm()).fold(0.0, f64::max);
        assert!(difference < 1e-14, "{difference}");
    }

    #[test]
    fn displaced_thermal_has_the_right_moments() {
        let (alpha, occupation, levels) = (Complex64::new(0.8, -0.5), 0.7, 60);
        let state = ModeState::DisplacedThermal { alpha, occupation };
        let (rho, lost) = (mode_density(&state, levels), loss(&state, levels - 1));
        let at = |m: usize, n: usize| rho.at(m, n);
        let number: f64 = (0..levels).map(|n| n as f64 * at(n, n).re).sum();
        let amplitude: Complex64 = (1..levels).map(|n| at(n, n - 1) * (n as f64).sqrt()).sum();
        assert!(lost < 1e-12);
        assert!((number - occupation - alpha.norm_sqr()).abs() < 1e-9);
        assert!((amplitude - alpha).norm() < 1e-9);
        let hermitian = (0..levels * levels)
            .all(|i| (at(i / levels, i % levels) - at(i % levels, i / levels).conj()).norm() < 1e-15);
        assert!(hermitian);
    }

    #[test]
    fn populations_are_those_of_the_distribution() {
        let pure = ModeState::Coherent(Complex64::new(1.2, -0.7));
        let mixed = ModeState::DisplacedThermal { alpha: Complex64::new(0.8, -0.5), occupation: 0.7 };
        for (state, levels) in [(pure, 4), (pure, 30), (mixed, 7), (mixed, 60)] {
            let rho = mode_density(&state, levels);
            for n in 1..levels {
                let expected = (loss(&state, n - 1) - loss(&state, n)) / (1.0 - loss(&state, levels - 1));
                assert!((rho.at(n, n).re - expected).abs() < 1e-14, "{state:?} {levels} {n}");
            }
        }
    }

    #[test]
    fn what_is_left_below_a_cutoff_is_normalised() {
        let vector = mode_vector(&ModeState::Coherent(Complex64::from(1.0)), 2).unwrap();
        assert!((vector.iter().map(Complex64::norm_sqr).sum::<f64>() - 1.0).abs() < 1e-15);
    }

    /// The diagonal by itself is that of the general formula, in every bit.
    #[test]
    fn diagonal_states_need_no_matrix() {
        for (spins, z) in [(5, 0.3), (6, -1.0), (7, 1.0), (4, 0.0)] {
            let whole = symmetric_power([0.0, 0.0, z], spins, &|| false).expect("nobody ends it");
            let diagonal = power_along_z(z, spins, &|| false).expect("nobody ends it");
            for (k, p) in diagonal.into_iter().enumerate() {
                assert_eq!(whole[k * (spins + 2)].re, p.re, "{spins} {z} {k}");
            }
        }
        let thermal =
            mode_density(&ModeState::DisplacedThermal { alpha: Complex64::ZERO, occupation: 0.7 }, 20);
        let tiny = Complex64::from(1e-200);
        let dense = mode_density(&ModeState::DisplacedThermal { alpha: tiny, occupation: 0.7 }, 20);
        assert!(matches!(thermal, Density::Diagonal(_)) && matches!(dense, Density::Dense { .. }));
        assert!((0..20).all(|n| thermal.at(n, n).re == dense.at(n, n).re));
    }
}
