//! When a ratio crosses its threshold.

use serde::{Deserialize, Serialize};

use crate::error::check_positive;
use crate::interpolate::{Hermite, parabolic_slope};
use crate::{AnalysisError, Averaging, RatioSeries};

/// How the time of a crossing is found between two recorded times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// Monotone cubic through the logarithm of the ratio (slopes of the parabola through three points,
    /// limited after Hyman, SIAM J. Sci. Stat. Comput. 4, 645 (1983)); third order in the spacing.
    #[default]
    MonotoneCubic,
    /// Straight line through the logarithm of the ratio: exact for exponential growth, second order
    /// otherwise.
    LogLinear,
}

/// What to look for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CrossingOptions {
    /// Threshold of the ratio.
    pub threshold: f64,
    /// Interpolation between recorded times.
    pub interpolation: Interpolation,
    /// Average over a period before looking; none: instantaneous values.
    pub averaging: Option<Averaging>,
}

impl Default for CrossingOptions {
    fn default() -> Self {
        Self { threshold: 0.1, interpolation: Interpolation::default(), averaging: None }
    }
}

/// What became of a ratio.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Outcome {
    /// It rose above the threshold.
    Crossed {
        /// Time of the first crossing from below.
        time: f64,
        /// Standard error of that time, `sigma_ratio / |d ratio/dt|`, for engines that sample.
        standard_error: Option<f64>,
    },
    /// It was above the threshold at the first time: the breakdown lies before it (upper bound).
    AboveFromStart {
        /// First time at which the ratio is known; half a window late when averaged (a whole one when
        /// trailing).
        start: f64,
    },
    /// It stayed below up to the end: the breakdown lies beyond (lower bound).
    NeverCrossed {
        /// Last time at which the ratio is known.
        horizon: f64,
    },
    /// It stayed below until the series became non-finite.
    BlewUp {
        /// Time from which on the series is not finite.
        time: f64,
        /// Last time at which the ratio is known to be below the threshold, if any.
        known_to: Option<f64>,
    },
}

/// The crossings of a ratio with its threshold and how they were found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Crossing {
    /// Name of the criterion.
    pub name: String,
    /// Threshold, interpolation and averaging.
    pub options: CrossingOptions,
    /// What became of the ratio first.
    pub outcome: Outcome,
    /// Last crossing from below; differs from the first when the ratio is not monotone.
    pub last: Option<f64>,
    /// Number of crossings from below.
    pub upward: usize,
    /// Number of crossings from above.
    pub downward: usize,
    /// True when the last known value is above the threshold.
    pub ends_above: bool,
    /// Largest finite ratio seen.
    pub largest: f64,
    /// First and last time at which the (averaged) ratio is known.
    pub range: Option<[f64; 2]>,
    /// Time from which on the series is not finite, whether before or after the crossing.
    pub blow_up: Option<f64>,
    /// Undefined samples left out.
    pub gaps: usize,
}

impl Crossing {
    /// Time of the first crossing, when there is one.
    pub fn first(&self) -> Option<f64> {
        match self.outcome {
            Outcome::Crossed { time, .. } => Some(time),
            _ => None,
        }
    }

    /// True when the ratio crosses at most once and never returns.
    pub fn single(&self) -> bool {
        self.upward <= 1 && self.downward == 0
    }
}

/// Crossings of `numerator = threshold * denominator`. Where the denominator vanishes the ratio counts as
/// above when the numerator does not vanish; 0/0 is undefined and left out, so that at the start the first
/// defined ratio decides (a ratio that is 0/0 throughout counts as below). Between two recorded times the
/// logarithm of the ratio is interpolated; where it does not exist (a zero nearby) the excess
/// `numerator - threshold * denominator` takes its place. Crossings that come and go between two recorded
/// times are not seen: record at least twenty times a period.
///
/// # Errors
/// [`AnalysisError::OutOfRange`] for a bad threshold or window, [`AnalysisError::TooFew`] for an empty
/// series.
pub fn crossing(series: &RatioSeries, options: &CrossingOptions) -> Result<Crossing, AnalysisError> {
    check_positive("threshold", options.threshold)?;
    if series.times.is_empty() && series.blow_up.is_none() {
        return Err(AnalysisError::TooFew {
            what: format!("values of '{}'", series.name),
            needed: 1,
            found: 0,
        });
    }
    let averaged = options.averaging.map(|a| a.apply(series)).transpose()?;
    let defined = averaged.as_ref().unwrap_or(series).defined();
    let seen = Seen { series: &defined, options };
    let count = seen.series.times.len();
    if count == 0 && series.blow_up.is_none() {
        return Err(AnalysisError::TooFew {
            what: format!("times of '{}' whose averaging window lies inside the series", series.name),
            needed: 1,
            found: 0,
        });
    }
    let change = |i: &usize, up: bool| seen.above(*i) != up && seen.above(*i + 1) == up;
    let upward: Vec<usize> = (0..count.saturating_sub(1)).filter(|i| change(i, true)).collect();
    let downward = (0..count.saturating_sub(1)).filter(|i| change(i, false)).count();
    let times = &seen.series.times;
    let ratios = seen.series.ratio();
    Ok(Crossing {
        name: series.name.clone(),
        options: *options,
        outcome: seen.outcome(&upward),
        last: upward.last().map(|&i| seen.time(i).0),
        upward: upward.len(),
        downward,
        ends_above: count > 0 && seen.above(count - 1),
        largest: ratios.into_iter().filter(|r| r.is_finite()).fold(0.0, f64::max),
        range: times.first().zip(times.last()).map(|(a, b)| [*a, *b]),
        blow_up: series.blow_up,
        gaps: defined.gaps,
    })
}

/// The series as it is looked at: averaged or not.
struct Seen<'a> {
    series: &'a RatioSeries,
    options: &'a CrossingOptions,
}

impl Seen<'_> {
    fn excess(&self, i: usize) -> f64 {
        self.series.numerator[i] - self.options.threshold * self.series.denominator[i]
    }

    fn above(&self, i: usize) -> bool {
        self.excess(i) > 0.0
    }

    fn outcome(&self, upward: &[usize]) -> Outcome {
        let times = &self.series.times;
        match (times.first(), upward.first(), self.series.blow_up) {
            (Some(&start), ..) if self.above(0) => Outcome::AboveFromStart { start },
            (_, Some(&i), _) => {
                let (time, growth) = self.time(i);
                Outcome::Crossed { time, standard_error: self.standard_error(i, time, growth) }
            }
            (_, None, Some(time)) => Outcome::BlewUp { time, known_to: times.last().copied() },
            (_, None, None) => {
                Outcome::NeverCrossed { horizon: times.last().copied().unwrap_or(f64::NEG_INFINITY) }
            }
        }
    }

    /// Time of the crossing between samples i and i + 1, and d ln(ratio)/dt there (`None` where only the
    /// excess could be interpolated).
    fn time(&self, i: usize) -> (f64, Option<f64>) {
        let (s, last) = (self.series, self.series.times.len() - 1);
        let (from, to) = match self.options.interpolation {
            Interpolation::LogLinear => (i, i + 1),
            Interpolation::MonotoneCubic => (i.saturating_sub(1), (i + 2).min(last)),
        };
        let ratio = |k: usize| s.numerator[k] / s.denominator[k];
        let logarithmic =
            (from..=to).all(|k| s.denominator[k] > 0.0 && ratio(k) > 0.0 && ratio(k).is_finite());
        let value = |k: usize| {
            if logarithmic { (ratio(k) / self.options.threshold).ln() } else { self.excess(k) }
        };
        let values: Vec<f64> = (from..=to).map(value).collect();
        let times = &s.times[from..=to];
        let slope = |k: usize| parabolic_slope(times, &values, k - from);
        let piece = Hermite {
            length: s.times[i + 1] - s.times[i],
            values: [values[i - from], values[i + 1 - from]],
            slopes: [slope(i), slope(i + 1)],
        }
        .monotone();
        let u = piece.root();
        (s.times[i] + u * piece.length, logarithmic.then(|| piece.slope(u)))
    }

    fn standard_error(&self, i: usize, time: f64, growth: Option<f64>) -> Option<f64> {
        let errors = self.series.standard_error.as_ref()?;
        let (t0, t1) = (self.series.times[i], self.series.times[i + 1]);
        let u = (time - t0) / (t1 - t0);
        let error = (1.0 - u) * errors[i] + u * errors[i + 1];
        let slope = self.options.threshold * growth?;
        (slope > 0.0 && error.is_finite()).then(|| error / slope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(step: f64, end: f64, f: impl Fn(f64) -> (f64, f64)) -> RatioSeries {
        let times: Vec<f64> = (0..=(end / step).round() as usize).map(|i| step * i as f64).collect();
        let (numerator, denominator): (Vec<f64>, Vec<f64>) = times.iter().map(|t| f(*t)).unzip();
        RatioSeries::new("test", &times, &numerator, &denominator).expect("equal lengths")
    }

    fn found(s: &RatioSeries, options: CrossingOptions) -> Crossing {
        crossing(s, &options).expect("good options")
    }

    #[test]
    fn known_functions_cross_at_known_times() {
        type Function = fn(f64) -> f64;
        let cases: [(Function, f64); 4] = [
            (|t| 0.01 * (0.7 * t).exp(), 10.0_f64.ln() / 0.7),
            (|t| 0.003 * t * t, (0.1 / 0.003_f64).sqrt()),
            (|t| 0.02 * t, 5.0),
            (|t| 0.2 * (0.25 * t).tanh(), 4.0 * 0.5_f64.atanh()),
        ];
        for (f, exact) in cases {
            let c = found(&series(0.02, 12.0, |t| (3.0 * f(t), 3.0)), CrossingOptions::default());
            let time = c.first().expect("crosses");
            assert!((time - exact).abs() < 1e-6, "{time} {exact}");
            assert!(c.single() && c.last == Some(time) && c.ends_above && c.upward == 1);
        }
    }

    #[test]
    fn log_linear_is_exact_for_exponentials_on_a_coarse_grid() {
        let options =
            CrossingOptions { interpolation: Interpolation::LogLinear, ..CrossingOptions::default() };
        let c = found(&series(2.0, 20.0, |t| (1e-4 * t.exp(), 1.0)), options);
        assert!((c.first().expect("crosses") - 1000.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn a_ratio_that_returns_has_a_first_and_a_last_crossing() {
        let c =
            found(&series(0.01, 14.0, |t| (0.05 * t * (1.0 + t.cos()), 1.0 + t)), CrossingOptions::default());
        assert!(c.upward > 1 && c.downward >= 1 || c.last.is_none(), "{c:?}");
        let c = found(&series(0.01, 20.0, |t| (0.2 * t.sin().powi(2), 1.0)), CrossingOptions::default());
        let (first, last) = (c.first().expect("crosses"), c.last.expect("crosses"));
        let quarter = std::f64::consts::FRAC_PI_4;
        assert!((first - quarter).abs() < 1e-6);
        assert!((last - (quarter + 6.0 * std::f64::consts::PI)).abs() < 1e-6, "{last}");
        assert!(!c.single() && c.upward == 7);
    }

    #[test]
    fn averages_over_a_period_cross_once() {
        // Mean of 0.01 t (1 + cos t) over one period around t: 0.01 (t + 0) up to the boundary terms of t cos
        // t, whose average is sin(t) exactly: int t cos t dt = t sin t + cos t.
        let s = series(0.01, 40.0, |t| (0.01 * t * (1.0 + t.cos()), 1.0));
        let period = 2.0 * std::f64::consts::PI;
        let options =
            CrossingOptions { averaging: Some(Averaging::centred(period)), ..CrossingOptions::default() };
        let c = found(&s, options);
        let time = c.first().expect("crosses");
        let mean = 0.01 * (time - time.sin());
        assert!((mean - 0.1).abs() < 1e-8, "{time} {mean}");
        assert!(!found(&s, CrossingOptions::default()).single());
    }

    #[test]
    fn bounds_and_blow_ups_are_told_apart() {
        let low = series(0.1, 5.0, |_| (0.01, 1.0));
        assert_eq!(found(&low, CrossingOptions::default()).outcome, Outcome::NeverCrossed { horizon: 5.0 });
        let high = series(0.1, 5.0, |_| (0.5, 1.0));
        assert_eq!(found(&high, CrossingOptions::default()).outcome, Outcome::AboveFromStart { start: 0.0 });
        let blown = series(0.5, 5.0, |t| (if t < 3.0 { 0.01 } else { f64::NAN }, 1.0));
        let c = found(&blown, CrossingOptions::default());
        assert_eq!(c.outcome, Outcome::BlewUp { time: 3.0, known_to: Some(2.5) });
        let later = series(0.5, 5.0, |t| (if t < 3.0 { 0.1 * t } else { f64::INFINITY }, 1.0));
        let c = found(&later, CrossingOptions::default());
        assert!((c.first().expect("crosses") - 1.0).abs() < 1e-9 && c.blow_up == Some(3.0));
    }

    #[test]
    fn vanishing_denominators_do_no_harm() {
        let c = found(&series(0.01, 10.0, |t| (1e-3 * t, t)), CrossingOptions::default());
        assert_eq!(c.outcome, Outcome::NeverCrossed { horizon: 10.0 });
        let c = found(&series(0.01, 3.0, |t| (0.05, (1.0 - t).powi(2))), CrossingOptions::default());
        assert!((c.first().expect("crosses") - (1.0 - 0.5_f64.sqrt())).abs() < 1e-6 && c.downward == 1);
    }

    #[test]
    fn sampling_errors_become_errors_of_the_time() {
        let mut s = series(0.01, 10.0, |t| (0.02 * t, 1.0));
        s.standard_error = Some(vec![0.004; s.times.len()]);
        let Outcome::Crossed { standard_error: Some(error), .. } =
            found(&s, CrossingOptions::default()).outcome
        else {
            panic!("crosses with an error")
        };
        assert!((error - 0.2).abs() < 1e-4, "{error}");
    }

    #[test]
    fn bad_options_are_refused() {
        let s = series(0.1, 1.0, |_| (1.0, 1.0));
        for threshold in [0.0, -1.0, f64::NAN] {
            let options = CrossingOptions { threshold, ..CrossingOptions::default() };
            assert!(matches!(crossing(&s, &options), Err(AnalysisError::OutOfRange { .. })));
        }
    }
}
