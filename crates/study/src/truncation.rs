//! Cutoffs of a study that lose too much of an initial state.

use num_complex::Complex64;
use superladder_engine::Problem;
use superladder_model::{Evaluation, InitialState, ModeState, Observable, StateFunction, Subsystem};
use superladder_space::{cutoff_losing, initial_cutoff_losing, initial_loss};

use crate::engines::EngineDefinition;
use crate::error::{Fault, StudyError};
use crate::model::{Parts, named_sections};
use crate::section::Section;

/// Above this loss a study is refused.
pub const REFUSED_ABOVE: f64 = 1e-2;
/// Above this loss a warning is given; a cutoff called sufficient loses less.
const WARNED_ABOVE: f64 = 1e-8;

/// What the initial state of every mode loses above its cutoff; too much is a fault of the cutoff, or of the
/// table `initial` where the states come from there. In a displaced basis only what is spread about the
/// amplitude counts, unless Fock states themselves are measured: these tables end at the cutoff in the
/// laboratory, whatever the basis.
pub(super) fn check(
    root: &Section<'_>,
    definition: &EngineDefinition,
    parts: &Parts,
    observables: &[Observable],
) -> Result<Vec<f64>, StudyError> {
    if !definition.truncated {
        return Ok(vec![0.0; parts.cutoffs.len()]);
    }
    let modes = parts.cutoffs.iter().zip(named_sections(root, "modes", "mode")?);
    let lost = modes.enumerate().map(|(m, (&cutoff, (name, section)))| {
        let in_frame =
            definition.displaces(root, cutoff)? && !observables.iter().any(|o| counts_levels(o, m));
        let mut initial = parts.initial.clone();
        if in_frame {
            initial.modes[m] = without_amplitude(&initial.modes[m]);
        }
        let lost = initial_loss(&initial, m, cutoff);
        if lost <= REFUSED_ABOVE {
            return Ok(lost);
        }
        let fault = refusal(name, &initial, m, cutoff, lost);
        Err(match root.section("initial", "initial state")? {
            Some(initial) => initial.fault("state", fault),
            None => section.fault("cutoff", fault),
        })
    });
    lost.collect()
}

fn refusal(mode: String, initial: &InitialState, m: usize, cutoff: usize, lost: f64) -> Fault {
    let of_norm = format!("{lost:.2e} of its norm");
    let (state, lost) = match (&initial.joint, initial.modes[m]) {
        (Some(_), _) => ("saved", of_norm),
        (None, ModeState::Fock(n)) => ("Fock", format!("all of |{n}>")),
        (None, ModeState::Coherent(_)) => ("coherent", of_norm),
        (None, ModeState::DisplacedThermal { .. }) => ("thermal", of_norm),
    };
    Fault::Cutoff { mode, cutoff, state, lost, sufficient: initial_cutoff_losing(initial, m, WARNED_ABOVE) }
}

/// Modes whose initial state loses more than should go unsaid.
pub(super) fn warnings(problem: &Problem, losses: &[f64]) -> Vec<String> {
    let mut warnings = Vec::new();
    for ((mode, cutoff), lost) in problem.model().modes().iter().zip(&problem.cutoffs).zip(losses) {
        if *lost > WARNED_ABOVE {
            warnings.push(format!(
                "the initial state of mode '{}' loses {lost:.1e} of its norm at cutoff {cutoff}",
                mode.name
            ));
        }
    }
    warnings
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
        Evaluation::State(_) | Evaluation::Moments { .. } | Evaluation::Sampled(_) => false,
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

#[cfg(test)]
mod tests {
    use super::*;
    use superladder_space::loss;

    #[test]
    fn a_sufficient_cutoff_is_the_smallest_without_a_warning() {
        let state = ModeState::Coherent(Complex64::new(0.6, 0.8));
        assert!(loss(&state, sufficient_cutoff(&state)) <= WARNED_ABOVE);
        assert!(loss(&state, sufficient_cutoff(&state) - 1) > WARNED_ABOVE);
    }
}
