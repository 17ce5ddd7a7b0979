//! How far a propagation gets, so that one without an end in sight is given up early.

use crate::PropagateError;

/// Below this count the pace says nothing: first steps are short.
const FIRST: u64 = 1024;
/// Steps that have become shorter than this between two looks are those before a singularity, which have an end. Where
/// they follow an exponential growth they are half as long whenever their count has doubled.
const SHRINKING: f64 = 0.4;
/// A prediction counts when it is beyond the limit by this factor.
const BEYOND: f64 = 2.0;
/// Applications of a linear operator for each of the steps that are allowed: as many as a step of an explicit
/// Runge-Kutta method takes.
pub(crate) const APPLICATIONS_PER_STEP: u64 = 10;

/// Predicts a count, of steps or of applications, from what the last half of it has led to.
///
/// ```
/// use superladder_propagate::Pace;
///
/// // Steps of 1e-9 from 0 to 1: a thousand million of them.
/// let mut pace = Pace::new((0.0, 1.0), 1_000_000);
/// let found = (1..).find_map(|k| pace.note(k, 1e-9 * k as f64).map(|all| (k, all))).expect("too many");
/// assert_eq!(found.0, 1024);
/// assert!((found.1 - 1e9).abs() < 1e3);
/// ```
#[derive(Debug, Clone)]
pub struct Pace {
    end: f64,
    limit: u64,
    /// Count and time at the last look.
    mark: (u64, f64),
    /// Time for each count before that.
    last: f64,
    /// The count at the next one.
    next: u64,
}

impl Pace {
    /// For a way between two times that may take a count of `limit`.
    pub fn new((time, end): (f64, f64), limit: u64) -> Self {
        Self { end, limit, mark: (0, time), last: 0.0, next: FIRST / 2 }
    }

    /// Notes that a `count` has led to `time`. Returns the count that the whole way will take, if that is far
    /// beyond the limit. It looks whenever the count has doubled.
    pub fn note(&mut self, count: u64, time: f64) -> Option<f64> {
        if count < self.next {
            return None;
        }
        let (before, since) = self.mark;
        self.mark = (count, time);
        self.next = 2 * count;
        let pace = (time - since) / (count - before) as f64;
        let steady = pace >= SHRINKING * std::mem::replace(&mut self.last, pace);
        let all = count as f64 + (self.end - time) / pace;
        (count >= FIRST && steady && all > BEYOND * self.limit as f64).then_some(all)
    }
}

/// Fails where a way would take far more than is allowed: a prediction of `needed` counts of `what`.
pub(crate) fn within(
    needed: f64,
    what: &'static str,
    (limit, max_steps): (u64, u64),
    (time, end): (f64, f64),
) -> Result<(), PropagateError> {
    if needed <= BEYOND * limit as f64 {
        return Ok(());
    }
    Err(PropagateError::TooFar { time, end, needed, what, limit, max_steps })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_start_is_forgiven() {
        // 500 steps of 1e-7, then steps of 0.01.
        let mut pace = Pace::new((0.0, 1000.0), 100_000);
        let (mut time, mut count) = (0.0, 0);
        while time < 1000.0 {
            count += 1;
            time += if count <= 500 { 1e-7 } else { 0.01 };
            assert_eq!(pace.note(count, time), None, "{count}");
        }
    }

    #[test]
    fn a_singularity_is_not_taken_for_a_long_way() {
        // Steps that halve every hundred.
        let (mut pace, mut time) = (Pace::new((0.0, 2.0), 1000), 0.0);
        for count in 1..5000 {
            time += 0.005 * 0.5_f64.powf(count as f64 / 100.0);
            assert_eq!(pace.note(count, time), None, "{count}");
        }
    }

    #[test]
    fn steps_that_follow_an_exponential_growth_are_given_up() {
        // Step k ends at ln(1 + k / 1000) / 100, and e^100 steps at 1.
        let mut pace = Pace::new((0.0, 1.0), 1_000_000);
        let time = |count: u64| (count as f64 / 1000.0).ln_1p() / 100.0;
        assert!((1..100_000).any(|count| pace.note(count, time(count)).is_some_and(|all| all > 2e6)));
    }

    #[test]
    fn a_way_within_the_limit_is_never_given_up() {
        let mut pace = Pace::new((0.0, 1.0), 100_000);
        assert!((1..=100_000).all(|k| pace.note(k, 1e-5 * k as f64).is_none()));
        let mut still = Pace::new((0.0, 1.0), 100_000);
        assert!((1..=FIRST).any(|k| still.note(k, 0.0) == Some(f64::INFINITY)), "no step at all");
    }
}
