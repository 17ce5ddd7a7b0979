//! What a rejected step leads to, and what accepted steps undo of it.
//!
//! A larger ellipse makes every later step dearer by as much as it is larger, where half a step only costs
//! the terms that every expansion needs beyond its oscillations. So a step that fails late is halved first.
//! Where the recurrence outgrows the tolerance in its first three quarters, half a step would fail like the whole
//! one, now or when the state has reached more of the spectrum: the spectrum leaves the ellipse, which then
//! swells at once.

use crate::Memory;

/// Highest level of caution about the spectrum before steps are halved only.
const CAUTION: u32 = 8;
/// Accepted steps after which one level of caution less is tried for the first time; then twice as many.
const CALM: u32 = 8;
/// Doublings of this number at most.
const PATIENCE: u32 = 16;
/// Growth of the longest step after a halving, from one accepted step to the next.
const LIFT: f64 = 1.25;
/// The longest step grows if rounding errors are below the tolerance by this factor.
const CLEAR: f64 = 1e-3;

/// Where a recurrence was given up.
pub(super) struct Failure {
    /// Length of the step.
    pub(super) step: f64,
    /// Terms of its plan.
    pub(super) terms: usize,
    /// The term at which it failed.
    pub(super) at: usize,
}

/// Shortens the next step or swells its ellipse. `halved`: whether this step was halved since the ellipse
/// last swelled. True if the step is halved.
pub(super) fn retreat(memory: &mut Memory, failure: &Failure, halved: bool) -> bool {
    memory.calm = 0;
    let late = 4 * failure.at >= 3 * failure.terms;
    if memory.caution >= CAUTION || (late && !halved) {
        memory.next_step = Some(0.5 * failure.step);
        return true;
    }
    memory.caution += 1;
    memory.next_step = None;
    false
}

/// Lets what was learned from rejected steps fade. `rounding`: rounding errors of the accepted step in units
/// of its tolerance; `longest`: the longest step that the degree allows.
pub(super) fn recover(memory: &mut Memory, rounding: f64, longest: f64) {
    if rounding <= CLEAR {
        memory.next_step = memory.next_step.map(|h| LIFT * h).filter(|h| *h < longest);
    }
    if memory.caution == 0 {
        return;
    }
    memory.calm += 1;
    if memory.calm >= CALM << memory.patience {
        memory.caution -= 1;
        memory.calm = 0;
        memory.patience = PATIENCE.min(memory.patience + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATE: Failure = Failure { step: 2.0, terms: 100, at: 90 };
    const EARLY: Failure = Failure { step: 2.0, terms: 100, at: 40 };

    #[test]
    fn late_failures_halve_first_and_early_ones_swell() {
        let mut memory = Memory::default();
        assert!(retreat(&mut memory, &LATE, false));
        assert_eq!((memory.caution, memory.next_step), (0, Some(1.0)));
        assert!(!retreat(&mut memory, &LATE, true));
        assert_eq!((memory.caution, memory.next_step), (1, None));
        assert!(!retreat(&mut memory, &EARLY, false));
        assert_eq!(memory.caution, 2);
        memory.caution = CAUTION;
        assert!(retreat(&mut memory, &EARLY, true));
    }

    #[test]
    fn what_was_learned_fades() {
        let mut memory = Memory { caution: 1, next_step: Some(1.0), ..Memory::default() };
        let steps = |memory: &mut Memory| {
            (1..1000).find(|_| {
                recover(memory, 0.0, 3.0);
                memory.caution == 0
            })
        };
        assert_eq!(steps(&mut memory), Some(CALM));
        assert_eq!(memory.next_step, None, "lifted beyond the longest step");
        memory.caution = 1;
        assert_eq!(steps(&mut memory), Some(2 * CALM), "the next trial waits longer");
        memory.next_step = Some(1.0);
        recover(&mut memory, 0.5, 3.0);
        assert_eq!(memory.next_step, Some(1.0), "rounding is too close");
    }
}
