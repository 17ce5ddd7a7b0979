//! Intervals of the exponent: bootstrap and jackknife.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::likelihood::{Datum, Known, Solution, maximise};
use super::{FitOptions, enough};
use crate::statistics::{normal, quantile, student};

/// What a resample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resampling {
    /// New times at the same sizes, drawn from the fitted law with its scatter; beyond its horizon a time
    /// becomes a lower bound. The interval is studentised (bootstrap-t), which keeps its coverage with few
    /// points.
    #[default]
    Parametric,
    /// The same number of points, drawn with replacement. The interval is that of percentiles; it does not
    /// trust the law, but needs ten points or more.
    Pairs,
}

/// An interval of a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

impl Interval {
    /// True when the value lies within.
    pub fn contains(&self, value: f64) -> bool {
        self.lower <= value && value <= self.upper
    }
}

/// Interval of the exponent from resampled data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bootstrap {
    /// Interval of the exponent.
    pub interval: Interval,
    /// What a resample was.
    pub resampling: Resampling,
    /// Resamples that could be fitted.
    pub resamples: usize,
    /// Resamples that could not: fewer than three sizes crossed.
    pub failed: usize,
    /// Seed of the random numbers.
    pub seed: u64,
}

/// The exponent when one point at a time is left out (Efron, SIAM monograph 38 (1982)).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Jackknife {
    /// `value -+ t sqrt((n-1)/n sum (delta_i - mean)^2)`, t being Student's with two fewer degrees of freedom
    /// than there are crossings.
    pub interval: Interval,
    /// The square root above.
    pub standard_error: f64,
    /// `(n-1) (mean of delta_i - value)`.
    pub bias: f64,
    /// Exponent without each point, in the order of the points used.
    pub without: Vec<f64>,
}

/// The band of the law at one size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Number of spins.
    pub n: f64,
    /// `A N^delta`.
    pub time: f64,
    /// Interval of that mean, from the same resamples; none without them.
    pub interval: Option<Interval>,
}

/// The fits to the resamples that could be fitted, and how many could not.
pub(super) fn resampled(data: &[Datum], fitted: &Solution, options: &FitOptions) -> (Vec<Solution>, usize) {
    let mut random = ChaCha8Rng::seed_from_u64(options.seed);
    let mut found = Vec::with_capacity(options.resamples);
    for _ in 0..options.resamples {
        let resample: Vec<Datum> = match options.resampling {
            Resampling::Parametric => data.iter().map(|d| drawn(d, fitted, &mut random)).collect(),
            Resampling::Pairs => data.iter().map(|_| data[random.random_range(0..data.len())]).collect(),
        };
        if enough(&resample) {
            found.extend(maximise(fitted.curve, &resample));
        }
    }
    let failed = options.resamples - found.len();
    (found, failed)
}

/// A new time at the size of `d`.
fn drawn(d: &Datum, fitted: &Solution, random: &mut ChaCha8Rng) -> Datum {
    let mean = fitted.predict(d.x).map_or(d.y, |(value, _)| value);
    let deviation = (fitted.scatter * fitted.scatter * fitted.correction + d.variance).sqrt();
    let y = mean + deviation * normal(random);
    let bound = |y: f64, known: Known| Datum { y, known, ..*d };
    match (d.known, d.cap) {
        (Known::AtMost, _) if y < d.y => *d,
        (_, Some(cap)) if y > cap => bound(cap, Known::AtLeast),
        _ => bound(y, Known::Exactly),
    }
}

/// Interval of the law's logarithm at x, or of its slope (x = none).
pub(super) fn interval(
    fitted: &Solution,
    resamples: &[Solution],
    options: &FitOptions,
    x: Option<f64>,
) -> Option<Interval> {
    if resamples.len() < 40 || 2 * resamples.len() < options.resamples {
        return None;
    }
    let of = |s: &Solution| match x {
        Some(x) => s.predict(x),
        None => Some((s.parameters[1], s.error(1))),
    };
    let (value, error) = of(fitted)?;
    let studentised = options.resampling == Resampling::Parametric;
    let read = |(v, e): (f64, f64)| if studentised { (v - value) / e } else { v };
    let mut values: Vec<f64> = resamples.iter().filter_map(of).map(read).filter(|v| v.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let tail = 0.5 * (1.0 - options.level);
    let (low, high) = (quantile(&values, tail)?, quantile(&values, 1.0 - tail)?);
    Some(if studentised {
        Interval { lower: value - high * error, upper: value - low * error }
    } else {
        Interval { lower: low, upper: high }
    })
}

/// Bootstrap interval of the exponent.
pub(super) fn bootstrap(
    fitted: &Solution,
    resamples: &[Solution],
    failed: usize,
    options: &FitOptions,
) -> Option<Bootstrap> {
    Some(Bootstrap {
        interval: interval(fitted, resamples, options, None)?,
        resampling: options.resampling,
        resamples: resamples.len(),
        failed,
        seed: options.seed,
    })
}

/// Jackknife of the exponent; none when the law cannot be fitted without one of the points.
pub(super) fn jackknife(data: &[Datum], fitted: &Solution, level: f64) -> Option<Jackknife> {
    let without = |i: usize| {
        let rest: Vec<Datum> = data.iter().enumerate().filter(|(k, _)| *k != i).map(|(_, d)| *d).collect();
        maximise(fitted.curve, &rest).map(|s| s.parameters[1])
    };
    let values: Vec<f64> = (0..data.len()).map(without).collect::<Option<_>>()?;
    let crossings = data.iter().filter(|d| d.known == Known::Exactly).count();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let spread: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    let standard_error = ((count - 1.0) / count * spread).sqrt();
    let value = fitted.parameters[1];
    let half = student(level, crossings.checked_sub(2)?)? * standard_error;
    Some(Jackknife {
        interval: Interval { lower: value - half, upper: value + half },
        standard_error,
        bias: (count - 1.0) * (mean - value),
        without: values,
    })
}

/// The law and its band at 33 sizes, equally spaced in ln N over the points.
pub(super) fn band(
    data: &[Datum],
    fitted: &Solution,
    resamples: &[Solution],
    options: &FitOptions,
) -> Vec<Prediction> {
    let Some((first, last)) = data.first().zip(data.last()) else { return Vec::new() };
    let at = |k: i32| {
        let x = first.x + (last.x - first.x) * f64::from(k) / 32.0;
        let (value, _) = fitted.predict(x)?;
        let interval = interval(fitted, resamples, options, Some(x))
            .map(|i| Interval { lower: i.lower.exp(), upper: i.upper.exp() })
            .filter(|i| i.upper.is_finite());
        Some(Prediction { n: x.exp(), time: value.exp(), interval })
    };
    (0..=32).filter_map(at).collect()
}
