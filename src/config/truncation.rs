//! What an initial state of a mode loses when Fock states above the cutoff are cut off.

use superladder_model::ModeState;

/// Above this loss a study is refused.
pub(super) const REFUSED_ABOVE: f64 = 1e-2;
/// Above this loss a warning is given; a cutoff called sufficient loses less.
pub(super) const WARNED_ABOVE: f64 = 1e-8;

/// Population of the Fock states above `cutoff` before the state is cut off and renormalised.
pub fn loss(state: &ModeState, cutoff: usize) -> f64 {
    match state {
        ModeState::Fock(n) => f64::from(u8::from(*n > cutoff)),
        _ => Distribution::of(state).tail(cutoff),
    }
}

/// The smallest cutoff that loses at most 1e-8, so that no warning is given.
pub fn sufficient_cutoff(state: &ModeState) -> usize {
    if let ModeState::Fock(n) = state {
        return *n;
    }
    let distribution = Distribution::of(state);
    let mut tail = 0.0;
    for (n, p) in distribution.populations.iter().enumerate().rev() {
        tail += p;
        if tail > WARNED_ABOVE {
            return n;
        }
    }
    0
}

/// Photon distribution of a displaced thermal state, far enough up that the rest does not matter.
struct Distribution {
    populations: Vec<f64>,
}

impl Distribution {
    fn of(state: &ModeState) -> Self {
        match *state {
            ModeState::Fock(_) => Self { populations: Vec::new() },
            ModeState::Coherent(alpha) => Self::displaced_thermal(alpha.norm_sqr(), 0.0),
            ModeState::DisplacedThermal { alpha, occupation } => {
                Self::displaced_thermal(alpha.norm_sqr(), occupation)
            }
        }
    }

    /// `p_n = r^n/(1 + nbar) exp(-|alpha|^2/(1 + nbar)) L_n(-x)`, `r = nbar/(1 + nbar)`,
    /// `x = |alpha|^2/(nbar (1 + nbar))`, by the recurrence of the Laguerre polynomials in a form that holds for
    /// nbar = 0 too. All terms are positive, so the recurrence is stable; only ratios are kept, normalised at the
    /// end, so that nothing underflows. (Perina, Quantum Statistics of Linear and Nonlinear Optical Phenomena.)
    fn displaced_thermal(intensity: f64, occupation: f64) -> Self {
        let r = occupation / (1.0 + occupation);
        let drive = intensity / (1.0 + occupation).powi(2);
        let mean = intensity + occupation;
        let variance = mean + 2.0 * intensity * occupation + occupation * occupation;
        let mut populations = vec![1.0];
        let (mut previous, mut present, mut sum) = (0.0, 1.0, 1.0);
        for n in 0..LARGEST {
            let k = n as f64;
            let next = ((((2.0 * k + 1.0) * r + drive) * present) - k * r * r * previous) / (k + 1.0);
            (previous, present) = (present, next);
            populations.push(present);
            sum += present;
            if present > 1e250 {
                let scale = 1e-250;
                for p in &mut populations {
                    *p *= scale;
                }
                (previous, present, sum) = (previous * scale, present * scale, sum * scale);
            }
            if k > mean + 10.0 * variance.sqrt() && present < 1e-22 * sum {
                break;
            }
        }
        for p in &mut populations {
            *p /= sum;
        }
        Self { populations }
    }

    fn tail(&self, cutoff: usize) -> f64 {
        self.populations.iter().skip(cutoff + 1).rev().sum()
    }
}

/// No mode is ever given more levels than this.
const LARGEST: usize = 10_000_000;

#[cfg(test)]
mod tests {
    use num_complex::Complex64;

    use super::*;

    #[test]
    fn coherent_loss_is_a_poisson_tail() {
        let state = ModeState::Coherent(Complex64::new(0.6, 0.8));
        let kept = (-1.0_f64).exp() * (1.0 + 1.0 + 0.5 + 1.0 / 6.0);
        assert!((loss(&state, 3) - (1.0 - kept)).abs() < 1e-15);
        assert!(loss(&state, sufficient_cutoff(&state)) <= WARNED_ABOVE);
        assert!(loss(&state, sufficient_cutoff(&state) - 1) > WARNED_ABOVE);
    }

    #[test]
    fn thermal_loss_is_geometric() {
        let state = ModeState::DisplacedThermal { alpha: Complex64::ZERO, occupation: 1.5 };
        assert!((loss(&state, 9) - 0.6_f64.powi(10)).abs() < 1e-15);
    }

    #[test]
    fn displaced_thermal_has_the_right_mean_and_large_amplitudes_do_not_underflow() {
        for (intensity, occupation) in [(2.0, 0.7), (2500.0, 0.0), (900.0, 2.0)] {
            let d = Distribution::displaced_thermal(intensity, occupation);
            let mean: f64 = d.populations.iter().enumerate().map(|(n, p)| n as f64 * p).sum();
            assert!((mean / (intensity + occupation) - 1.0).abs() < 1e-9, "{mean}");
        }
    }

    #[test]
    fn fock_states_lose_all_or_nothing() {
        assert_eq!(loss(&ModeState::Fock(3), 2), 1.0);
        assert_eq!(loss(&ModeState::Fock(3), 3), 0.0);
    }
}
