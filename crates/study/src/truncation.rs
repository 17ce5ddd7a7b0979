//! What an initial state of a mode loses when Fock states above the cutoff are cut off.

use num_complex::Complex64;
use superladder_model::{Evaluation, ModeState, Observable, StateFunction, Subsystem};

use crate::engines::EngineDefinition;
use crate::error::{Fault, StudyError};
use crate::model::{Parts, named_sections};
use crate::section::Section;

/// Above this loss a study is refused.
pub const REFUSED_ABOVE: f64 = 1e-2;
/// Above this loss a warning is given; a cutoff called sufficient loses less.
pub(super) const WARNED_ABOVE: f64 = 1e-8;

/// Population of the Fock states above `cutoff` before the state is cut off and renormalised.
pub fn loss(state: &ModeState, cutoff: usize) -> f64 {
    match state {
        ModeState::Fock(n) => f64::from(u8::from(*n > cutoff)),
        _ if reach(state) > LARGEST as f64 => 1.0,
        _ => Distribution::of(state).tail(cutoff),
    }
}

/// What the initial state of every mode loses above its cutoff; too much is a fault of the cutoff, or of the table `initial`
/// where the states come from there. In a displaced basis only what is spread about the amplitude counts, unless Fock states
/// themselves are measured: these tables end at the cutoff in the laboratory, whatever the basis.
pub(super) fn check(
    root: &Section<'_>,
    definition: &EngineDefinition,
    parts: &Parts,
    observables: &[Observable],
) -> Result<Vec<f64>, StudyError> {
    if !definition.truncated {
        return Ok(vec![0.0; parts.cutoffs.len()]);
    }
    let modes = parts.initial.modes.iter().zip(&parts.cutoffs).zip(named_sections(root, "modes", "mode")?);
    let lost = modes.enumerate().map(|(m, ((state, &cutoff), (name, section)))| {
        let in_frame =
            definition.displaces(root, cutoff)? && !observables.iter().any(|o| counts_levels(o, m));
        let state = if in_frame { without_amplitude(state) } else { *state };
        let lost = loss(&state, cutoff);
        if lost <= REFUSED_ABOVE {
            return Ok(lost);
        }
        let fault = refusal(name, &state, cutoff, lost);
        Err(match root.section("initial", "initial state")? {
            Some(initial) => initial.fault("state", fault),
            None => section.fault("cutoff", fault),
        })
    });
    lost.collect()
}

fn refusal(mode: String, state: &ModeState, cutoff: usize, lost: f64) -> Fault {
    let (state_name, words) = match state {
        ModeState::Fock(n) => ("Fock", format!("all of |{n}>")),
        ModeState::Coherent(_) => ("coherent", format!("{lost:.2e} of its norm")),
        ModeState::DisplacedThermal { .. } => ("thermal", format!("{lost:.2e} of its norm")),
    };
    Fault::Cutoff { mode, cutoff, state: state_name, lost: words, sufficient: sufficient_cutoff(state) }
}

/// Whether an observable is made of populations or coherences of the Fock states of a mode.
fn counts_levels(observable: &Observable, mode: usize) -> bool {
    match &observable.evaluation {
        Evaluation::State(
            StateFunction::PhotonDistribution(m)
            | StateFunction::TopPopulation(m)
            | StateFunction::ReducedState(Subsystem::Mode(m))
            | StateFunction::ReducedPurity(Subsystem::Mode(m))
            | StateFunction::ReducedEntropy(Subsystem::Mode(m)),
        ) => *m == mode,
        Evaluation::State(_) | Evaluation::Moments { .. } => false,
    }
}

/// A state in the basis displaced by its amplitude.
fn without_amplitude(state: &ModeState) -> ModeState {
    match *state {
        ModeState::Fock(n) => ModeState::Fock(n),
        ModeState::Coherent(_) => ModeState::Fock(0),
        ModeState::DisplacedThermal { occupation, .. } => {
            ModeState::DisplacedThermal { alpha: Complex64::ZERO, occupation }
        }
    }
}

/// The smallest cutoff that loses at most 1e-8, so that no warning is given.
pub fn sufficient_cutoff(state: &ModeState) -> usize {
    cutoff_losing(state, WARNED_ABOVE)
}

/// The smallest cutoff at which a state loses at most `allowed`.
pub(super) fn cutoff_losing(state: &ModeState, allowed: f64) -> usize {
    if let ModeState::Fock(n) = state {
        return *n;
    }
    if reach(state) > LARGEST as f64 {
        return reach(state) as usize;
    }
    let distribution = Distribution::of(state);
    let mut tail = 0.0;
    for (n, p) in distribution.populations.iter().enumerate().rev() {
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
    /// `x = |alpha|^2/(nbar (1 + nbar))`, by the recurrence of the Laguerre polynomials for the ratios
    /// `p_(n+1)/p_n`, in a form that holds for nbar = 0 too. Logarithms are summed and normalised at the end, so
    /// that nothing underflows. (Perina, Quantum Statistics of Linear and Nonlinear Optical Phenomena.)
    fn displaced_thermal(intensity: f64, occupation: f64) -> Self {
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
            if n as f64 > mean + 10.0 * deviation && sum < highest - 60.0 {
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
        self.populations.iter().skip(cutoff + 1).rev().sum()
    }
}

/// No mode is ever given more levels than this; states that need more lose everything.
const LARGEST: usize = 1_000_000;

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
    fn absurd_states_are_answered_at_once() {
        for alpha in [1e4, 1e9, 1e150] {
            assert_eq!(loss(&ModeState::Coherent(alpha.into()), 100), 1.0);
        }
        assert_eq!(loss(&ModeState::Coherent(Complex64::ZERO), 0), 0.0);
    }

    #[test]
    fn fock_states_lose_all_or_nothing() {
        assert_eq!(loss(&ModeState::Fock(3), 2), 1.0);
        assert_eq!(loss(&ModeState::Fock(3), 3), 0.0);
    }
}
