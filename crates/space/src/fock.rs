//! Photon distributions of initial states, and the weight that truncation cuts off.
//!
//! One formula for everybody who asks: studies that choose or refuse a cutoff, and engines that note what the
//! initial state lost.

use superladder_model::{InitialState, ModeState};

/// No mode is ever given more levels than this; states that need more lose everything.
const LARGEST: usize = 1_000_000;

/// Population of the Fock states above `cutoff` before the state is cut off and renormalised:
/// `sum_(n > cutoff) p_n`, summed from its small end, so that a tail far below 1e-16 keeps its digits.
///
/// 1 for a Fock state above the cutoff, and for states that reach above a million photons.
pub fn loss(state: &ModeState, cutoff: usize) -> f64 {
    match state {
        ModeState::Fock(n) => f64::from(u8::from(*n > cutoff)),
        _ if reach(state) > LARGEST as f64 => 1.0,
        _ => Distribution::of(state, cutoff).tail(cutoff),
    }
}

/// The smallest cutoff at which a state loses at most `allowed` (see [`loss`]).
pub fn cutoff_losing(state: &ModeState, allowed: f64) -> usize {
    if let ModeState::Fock(n) = state {
        return *n;
    }
    if reach(state) > LARGEST as f64 {
        return reach(state) as usize;
    }
    highest_above(&Distribution::of(state, 0).populations, allowed)
}

/// [`loss`] of a mode of an initial state, be it a product or a joint state.
pub fn initial_loss(initial: &InitialState, mode: usize, cutoff: usize) -> f64 {
    match &initial.joint {
        Some(joint) => joint.populations(mode).iter().skip(cutoff + 1).sum(),
        None => loss(&initial.modes[mode], cutoff),
    }
}

/// [`cutoff_losing`] of a mode of an initial state. A joint state has no weight above its own cutoff.
pub fn initial_cutoff_losing(initial: &InitialState, mode: usize, allowed: f64) -> usize {
    let Some(joint) = &initial.joint else { return cutoff_losing(&initial.modes[mode], allowed) };
    highest_above(&joint.populations(mode), allowed)
}

/// The smallest cutoff above which at most `allowed` of these populations is.
fn highest_above(populations: &[f64], allowed: f64) -> usize {
    let mut tail = 0.0;
    for (n, p) in populations.iter().enumerate().rev() {
        tail += p;
        if tail > allowed {
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
    /// Of a state, with the whole of what counts above `cutoff`.
    fn of(state: &ModeState, cutoff: usize) -> Self {
        match *state {
            ModeState::Fock(_) => Self { populations: Vec::new() },
            ModeState::Coherent(alpha) => Self::displaced_thermal(alpha.norm_sqr(), 0.0, cutoff),
            ModeState::DisplacedThermal { alpha, occupation } => {
                Self::displaced_thermal(alpha.norm_sqr(), occupation, cutoff)
            }
        }
    }

    /// `p_n = r^n/(1 + nbar) exp(-|alpha|^2/(1 + nbar)) L_n(-x)`, `r = nbar/(1 + nbar)`,
    /// `x = |alpha|^2/(nbar (1 + nbar))`, by the recurrence of the Laguerre polynomials for the ratios
    /// `p_(n+1)/p_n`, in a form that holds for nbar = 0 too. Logarithms are summed and normalised at the end,
    /// so that nothing underflows. (Perina, Quantum Statistics of Linear and Nonlinear Optical Phenomena.)
    ///
    /// It ends where populations are 1e-26 of the largest, and beyond `cutoff` 1e-17 of the first one above.
    fn displaced_thermal(intensity: f64, occupation: f64, cutoff: usize) -> Self {
        /// `exp(-NOTHING)` is below the smallest number.
        const NOTHING: f64 = 750.0;
        if intensity + occupation == 0.0 {
            return Self { populations: vec![1.0] };
        }
        let r = occupation / (1.0 + occupation);
        let drive = intensity / (1.0 + occupation).powi(2);
        let mean = intensity + occupation;
        let deviation = (mean + 2.0 * intensity * occupation + occupation * occupation).sqrt();
        let mut logarithms = vec![0.0_f64];
        let (mut ratio, mut sum, mut highest) = (drive + r, 0.0, 0.0_f64);
        for n in 1..LARGEST {
            sum += ratio.ln();
            highest = highest.max(sum);
            logarithms.push(sum);
            let first_lost = logarithms.get(cutoff.saturating_add(1)).copied().unwrap_or(f64::NEG_INFINITY);
            let ends = sum < highest - 60.0 && (sum < first_lost - 40.0 || sum < highest - NOTHING);
            if n as f64 > mean + 10.0 * deviation && ends {
                break;
            }
            let k = n as f64;
            ratio = ((2.0 * k + 1.0) * r + drive - k * r * r / ratio) / (k + 1.0);
        }
        let mut populations: Vec<f64> = logarithms.iter().map(|l| (l - highest).exp()).collect();
        let total: f64 = populations.iter().sum();
        for p in &mut populations {
            *p /= total;
        }
        Self { populations }
    }

    fn tail(&self, cutoff: usize) -> f64 {
        self.populations.iter().skip(cutoff.saturating_add(1)).rev().sum()
    }
}

/// Mean occupation of a state plus many standard deviations of it.
fn reach(state: &ModeState) -> f64 {
    let (intensity, occupation) = match *state {
        ModeState::Fock(n) => return n as f64,
        ModeState::Coherent(alpha) => (alpha.norm_sqr(), 0.0),
        ModeState::DisplacedThermal { alpha, occupation } => (alpha.norm_sqr(), occupation),
    };
    intensity
        + occupation
        + 20.0 * (intensity * (1.0 + 2.0 * occupation) + occupation * (1.0 + occupation)).sqrt()
}

#[cfg(test)]
mod tests {
    use num_complex::Complex64;

    use super::*;

    #[test]
    fn coherent_loss_is_a_poisson_tail() {
        let state = ModeState::Coherent(Complex64::new(0.6, 0.8));
        let kept = (-1.0_f64).exp() * (1.0 + 1.0 + 0.5 + 1.0 / 6.0);
        assert!((loss(&state, 3) - (1.0 - kept)).abs() < 1e-15);
        let sufficient = cutoff_losing(&state, 1e-8);
        assert!(loss(&state, sufficient) <= 1e-8);
        assert!(loss(&state, sufficient - 1) > 1e-8);
    }

    #[test]
    fn thermal_loss_is_geometric() {
        let state = ModeState::DisplacedThermal { alpha: Complex64::ZERO, occupation: 1.5 };
        assert!((loss(&state, 9) - 0.6_f64.powi(10)).abs() < 1e-15);
    }

    #[test]
    fn tails_far_below_rounding_keep_their_digits() {
        let thermal = ModeState::DisplacedThermal { alpha: Complex64::ZERO, occupation: 1.5 };
        for n in [200, 500, 1000] {
            assert!((loss(&thermal, n) / 0.6_f64.powi(n as i32 + 1) - 1.0).abs() < 1e-11, "{n}");
        }
        // Poisson: p_60 (4/61 + 4^2/(61 62) + ...) p_60 = exp(-4) 4^60 / 60!.
        let p: f64 = (1..=60).map(|n| 4.0 / f64::from(n)).product::<f64>() * (-4.0_f64).exp();
        let rest = std::iter::successors(Some((61.0, p * 4.0 / 61.0)), |(n, p)| {
            Some((n + 1.0, p * 4.0 / (n + 1.0)))
        });
        let expected: f64 = rest.take(40).map(|(_, p)| p).sum();
        let lost = loss(&ModeState::Coherent(Complex64::from(2.0)), 60);
        assert!((lost / expected - 1.0).abs() < 1e-11, "{lost:e} {expected:e}");
    }

    #[test]
    fn what_a_cutoff_loses_is_reported() {
        let lost = loss(&ModeState::Coherent(Complex64::from(2.0)), 59);
        assert!(lost < 1e-40 && lost > 0.0);
        let lost = loss(&ModeState::Coherent(Complex64::from(1.0)), 1);
        assert!((lost - (1.0 - 2.0 * (-1.0f64).exp())).abs() < 1e-15);
    }

    #[test]
    fn displaced_thermal_has_the_right_mean_and_large_amplitudes_do_not_underflow() {
        for (intensity, occupation) in [(2.0, 0.7), (2500.0, 0.0), (900.0, 2.0)] {
            let d = Distribution::displaced_thermal(intensity, occupation, 0);
            let mean: f64 = d.populations.iter().enumerate().map(|(n, p)| n as f64 * p).sum();
            assert!((mean / (intensity + occupation) - 1.0).abs() < 1e-9, "{mean}");
        }
    }

    #[test]
    fn absurd_states_are_answered_at_once() {
        for alpha in [1e4, 1e9, 1e150] {
            assert_eq!(loss(&ModeState::Coherent(alpha.into()), 100), 1.0);
        }
        assert_eq!(loss(&ModeState::Coherent(Complex64::ZERO), 0), 0.0);
        assert_eq!(loss(&ModeState::Coherent(Complex64::from(0.1)), usize::MAX), 0.0);
    }

    #[test]
    fn fock_states_lose_all_or_nothing() {
        assert_eq!(loss(&ModeState::Fock(3), 2), 1.0);
        assert_eq!(loss(&ModeState::Fock(3), 3), 0.0);
    }
}
