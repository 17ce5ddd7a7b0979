//! Output times over a long horizon: all of them for a while, then windows of one period, evenly spaced in the
//! logarithm, so that what is kept of a run does not grow with its horizon.
//!
//! ```text
//! |||||||||||||||||||||||||||||||   |||||||    |||||||     |||||||      |||||||   --> t
//! |---- as the study has them --|   |- w -|
//! ```
//! The average over a window is formed from the times inside of it; what the ratio does between two windows is
//! interpolated.

use std::sync::atomic::AtomicBool;

use superladder_analysis::period;
use superladder_engine::{Engine, EngineError, Problem};
use superladder_mean_field::MeanField;
use superladder_study::Average;

use super::measured::Side;

/// So many windows long all output times are kept.
const DENSE: f64 = 100.0;
/// A horizon that is longer by less is no reason for windows.
const LONG: f64 = 1.2;
/// The times of neighbouring windows have this quotient.
const RATIO: f64 = 1.03;
/// Fewest and most intervals in a window.
const INTERVALS: [f64; 2] = [12.0, 16.0];
/// Output times from which the period is found.
const TRIAL: usize = 2000;

/// Output times in windows, and the length of a window; none where the horizon is short, or nothing is averaged.
/// `problem` is that of mean field, whose observable `clock` shows the period.
///
/// # Errors
/// [`EngineError`] of mean field.
pub(crate) fn in_windows(
    average: Average,
    problem: &Problem,
    clock: &str,
) -> Result<Option<(Vec<f64>, f64)>, EngineError> {
    let times = &problem.times;
    let window = match average {
        Average::None => None,
        Average::Window(length) => Some(length),
        Average::Period => found(problem, clock)?,
    };
    let span = times[times.len() - 1] - times[0];
    Ok(window.filter(|w| span > LONG * DENSE * w).map(|w| (spaced(times, w), w)))
}

/// The period of mean field over the first output times, where it has one.
fn found(problem: &Problem, clock: &str) -> Result<Option<f64>, EngineError> {
    let end = problem.times.len().min(TRIAL);
    if problem.times.len() < 100 || problem.stages.len() > 1 {
        return Ok(None);
    }
    let problem = Problem { times: problem.times[..end].to_vec(), ..problem.clone() };
    let mut side = Side::new(MeanField::default().prepare(&problem)?, &problem);
    side.advance(&problem.times[1..], &AtomicBool::new(false))?;
    let measured = &side.measured;
    let column = measured.names.iter().position(|name| name.starts_with(clock));
    Ok(column.and_then(|k| period(&measured.times, &measured.values[k]).ok()).map(|p| p.period))
}

/// The `times` of the start, then windows of length `w` up to the last time.
fn spaced(times: &[f64], w: f64) -> Vec<f64> {
    let (start, last) = (times[0], times[times.len() - 1]);
    let dense = times.partition_point(|t| *t - start <= DENSE * w);
    let mut chosen = times[..dense].to_vec();
    let step = (times[dense - 1] - start) / (dense - 1) as f64;
    let intervals = (w / step).round().clamp(INTERVALS[0], INTERVALS[1]);
    let mut centre = chosen[dense - 1];
    loop {
        centre = start + RATIO * (centre - start);
        // So that the last window ends at the horizon.
        let is_last = start + RATIO * (centre - start) + 0.5 * w > last;
        centre = if is_last { last - 0.5 * w } else { centre };
        let begin = centre - 0.5 * w;
        let time = |k: f64| if is_last && k == intervals { last } else { begin + w * k / intervals };
        chosen.extend((0..=intervals as usize).map(|k| time(k as f64)));
        if is_last {
            return chosen;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_whole_and_few() {
        let times: Vec<f64> = (0..=1_200_000).map(|k| 0.25 * f64::from(k)).collect();
        let w = 5.757;
        let chosen = spaced(&times, w);
        assert!(chosen.is_sorted_by(|a, b| a < b) && chosen.last() == Some(&300_000.0));
        assert!(chosen.len() < 6500, "{}", chosen.len());
        let dense = chosen.partition_point(|t| *t <= DENSE * w);
        assert_eq!(chosen[..dense], times[..dense]);
        for window in chosen[dense..].chunks_exact(17) {
            assert!((window[16] - window[0] - w).abs() < 1e-9);
        }
        assert_eq!((chosen.len() - dense) % 17, 0);
        let pauses = chosen[dense - 1..].windows(2).filter(|t| t[1] - t[0] > 0.25 * w).count();
        assert_eq!(17 * pauses, chosen.len() - dense, "every window stands alone");
    }
}
