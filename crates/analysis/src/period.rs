//! The period of an oscillating series.

use serde::{Deserialize, Serialize};

use crate::AnalysisError;
use crate::error::{check_length, check_times};
use crate::interpolate::{Hermite, parabolic_slope};

/// Points of the uniform grid on which the autocorrelation is computed, at most.
const GRID: usize = 2048;
/// Autocorrelation below which a maximum is noise.
const SIGNIFICANT: f64 = 0.3;
/// A maximum this close to the highest one counts as equal: the first of them is the period, the others its
/// multiples.
const NEARLY: f64 = 0.9;
/// Swing, in standard deviations, that a crossing of the mean must go on to, on either side.
const HYSTERESIS: f64 = 0.25;

/// How a period was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PeriodMethod {
    /// Straight line through the times at which the signal crosses its mean upwards, against their number.
    ZeroCrossings,
    /// First high maximum of the autocorrelation, where the crossings are too few or too irregular.
    Autocorrelation,
}

/// The dominant period of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Period {
    /// The period in units of time.
    pub period: f64,
    /// Its error: standard error of the straight line, or the spacing of the autocorrelation.
    pub error: f64,
    /// How it was found.
    pub method: PeriodMethod,
    /// Number of whole periods used.
    pub cycles: usize,
    /// Autocorrelation at the period, at most about 1: how regular the oscillation is.
    pub regularity: f64,
}

/// The dominant period of `values`, whatever their wave form: the autocorrelation tells which crossings of
/// the mean are one period apart, their times (cubic interpolation, fourth order in the spacing) give the
/// value. Undefined (NaN) values are left out. Hand over the series after its transient. A squared signal
/// such as `|<a>|^2` has half the period of `<a>` where it oscillates at all: take a quadrature.
///
/// # Errors
/// [`AnalysisError::Length`] and [`AnalysisError::Times`]; [`AnalysisError::NoPeriod`] for a constant,
/// monotone or irregular series, or one of fewer than two periods.
pub fn period(times: &[f64], values: &[f64]) -> Result<Period, AnalysisError> {
    check_times(times)?;
    check_length("the oscillating series", times.len(), values.len())?;
    let (times, values): (Vec<f64>, Vec<f64>) =
        times.iter().zip(values).filter(|(_, v)| v.is_finite()).map(|(t, v)| (*t, *v)).unzip();
    let fail = |reason: &str| AnalysisError::NoPeriod { reason: reason.to_owned() };
    if times.len() < 8 {
        return Err(fail("fewer than 8 finite values"));
    }
    let (step, uniform) = resampled(&times, &values);
    let mean = uniform.iter().sum::<f64>() / uniform.len() as f64;
    let centred: Vec<f64> = uniform.iter().map(|v| v - mean).collect();
    let deviation = (centred.iter().map(|v| v * v).sum::<f64>() / centred.len() as f64).sqrt();
    let size = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if !deviation.is_finite() || deviation <= 1e-12 * size {
        return Err(fail("the series is constant"));
    }
    let (lag, regularity) = first_maximum(&centred).ok_or_else(|| {
        fail("its autocorrelation has no maximum; it is monotone, irregular or shorter than two periods")
    })?;
    let rough = lag * step;
    let crossings = upward(&times, &values, mean, HYSTERESIS * deviation);
    let (period, error, method, cycles) = match line_through(&every_period(&crossings, rough)) {
        Some((slope, error, cycles)) if (slope - rough).abs() < 0.1 * rough => {
            (slope, error, PeriodMethod::ZeroCrossings, cycles)
        }
        _ => {
            let span = times[times.len() - 1] - times[0];
            (rough, step, PeriodMethod::Autocorrelation, (span / rough) as usize)
        }
    };
    Ok(Period { period, error, method, cycles, regularity })
}

/// The series on a uniform grid (cubic Hermite), with its spacing.
fn resampled(times: &[f64], values: &[f64]) -> (f64, Vec<f64>) {
    let count = times.len().clamp(64, GRID);
    let (start, end) = (times[0], times[times.len() - 1]);
    let step = (end - start) / (count - 1) as f64;
    let at = |k: usize| {
        let t = start + step * k as f64;
        let i = times.partition_point(|x| *x <= t).saturating_sub(1).min(times.len() - 2);
        let piece = piece(times, values, i);
        piece.value(((t - times[i]) / piece.length).clamp(0.0, 1.0))
    };
    (step, (0..count).map(at).collect())
}

fn piece(times: &[f64], values: &[f64], i: usize) -> Hermite {
    Hermite {
        length: times[i + 1] - times[i],
        values: [values[i], values[i + 1]],
        slopes: [parabolic_slope(times, values, i), parabolic_slope(times, values, i + 1)],
    }
}

/// Lag (in grid points, parabola through three) and height of the first maximum of the autocorrelation that
/// is nearly as high as the highest, beyond its first zero and within half of the series.
fn first_maximum(centred: &[f64]) -> Option<(f64, f64)> {
    let count = centred.len();
    let energy = |range: &[f64]| range.iter().map(|v| v * v).sum::<f64>();
    let correlation: Vec<f64> = (0..=count / 2 + 1)
        .map(|lag| {
            let (head, tail) = (&centred[..count - lag], &centred[lag..]);
            let product: f64 = head.iter().zip(tail).map(|(a, b)| a * b).sum();
            product / (energy(head) * energy(tail)).sqrt()
        })
        .collect();
    let zero = correlation.iter().position(|r| *r < 0.0)?;
    let is_maximum =
        |k: &usize| correlation[k - 1] < correlation[*k] && correlation[*k] >= correlation[k + 1];
    let maxima: Vec<usize> = (zero.max(1)..correlation.len() - 1)
        .filter(is_maximum)
        .filter(|k| correlation[*k] > SIGNIFICANT)
        .collect();
    let highest = maxima.iter().map(|k| correlation[*k]).fold(0.0, f64::max);
    let first = *maxima.iter().find(|k| correlation[**k] >= NEARLY * highest)?;
    let (left, middle, right) = (correlation[first - 1], correlation[first], correlation[first + 1]);
    let bend = left - 2.0 * middle + right;
    let shift = if bend < 0.0 { 0.5 * (left - right) / bend } else { 0.0 };
    Some((first as f64 + shift.clamp(-0.5, 0.5), middle.min(1.0)))
}

/// Times at which the series crosses `level` upwards for good: coming from below `level - swing`, going on to
/// above `level + swing`, the last crossing before that.
fn upward(times: &[f64], values: &[f64], level: f64, swing: f64) -> Vec<f64> {
    let (mut found, mut armed, mut candidate) = (Vec::new(), false, None);
    for i in 0..times.len() {
        if i > 0 && values[i - 1] <= level && values[i] > level {
            let mut crossing = piece(times, values, i - 1).monotone();
            crossing.values = crossing.values.map(|v| v - level);
            candidate = Some(times[i - 1] + crossing.root() * crossing.length);
        }
        if values[i] < level - swing {
            (armed, candidate) = (true, None);
        } else if armed && values[i] > level + swing {
            found.extend(candidate);
            armed = false;
        }
    }
    found
}

/// Starting from the first crossing, those that come one period after the last, as (number, time). A wave
/// form that crosses its mean several times a period contributes one of them.
fn every_period(crossings: &[f64], rough: f64) -> Vec<(f64, f64)> {
    let mut chosen: Vec<(f64, f64)> = Vec::new();
    let mut number = 0.0;
    let Some(mut last) = crossings.first().copied() else { return chosen };
    chosen.push((0.0, last));
    loop {
        let expected = last + rough;
        let distance = |t: &f64| (t - expected).abs();
        let next = crossings.iter().filter(|t| **t > last).min_by(|a, b| distance(a).total_cmp(&distance(b)));
        match next {
            Some(t) if distance(t) < 0.25 * rough => {
                number += 1.0;
                last = *t;
                chosen.push((number, last));
            }
            _ => return chosen,
        }
    }
}

/// Slope of the straight line through at least three points, its standard error (interpolation errors below
/// 1e-12 of the period are rounding) and the number of periods.
fn line_through(points: &[(f64, f64)]) -> Option<(f64, f64, usize)> {
    if points.len() < 3 {
        return None;
    }
    let count = points.len() as f64;
    let mean = |f: fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>() / count;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let spread: f64 = points.iter().map(|p| (p.0 - x).powi(2)).sum();
    let slope = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>() / spread;
    let residual: f64 = points.iter().map(|p| (p.1 - y - slope * (p.0 - x)).powi(2)).sum();
    let error = (residual / (count - 2.0) / spread).sqrt();
    Some((slope, error.max(1e-12 * slope), points.len() - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampled(step: f64, end: f64, f: impl Fn(f64) -> f64) -> (Vec<f64>, Vec<f64>) {
        let times: Vec<f64> = (0..=(end / step) as usize).map(|i| step * i as f64).collect();
        let values = times.iter().map(|t| f(*t)).collect();
        (times, values)
    }

    #[test]
    fn periods_of_known_wave_forms() {
        let w = 5.757;
        let k = 2.0 * std::f64::consts::PI / w;
        let forms: [(&str, &dyn Fn(f64) -> f64); 4] = [
            ("sine", &|t| 3.0 + (k * t).sin()),
            ("three crossings a period", &|t| (k * t).cos() + 1.4 * (3.0 * k * t + 0.4).cos()),
            ("relaxation", &|t| (3.0 * (k * t).sin()).tanh() + 0.2 * (2.0 * k * t).cos()),
            ("decaying", &|t| (-0.01 * t).exp() * (k * t + 1.0).cos()),
        ];
        for (name, f) in forms {
            let (times, values) = sampled(0.05, 60.0, f);
            let found = period(&times, &values).expect(name);
            assert!((found.period - w).abs() < 3e-3 * w, "{name}: {found:?}");
            assert_eq!(found.method, PeriodMethod::ZeroCrossings, "{name}");
            assert!((8..=10).contains(&found.cycles), "{name}: {found:?}");
        }
        let (times, values) = sampled(0.02, 100.0, |t| 3.0 + (k * t).sin());
        let found = period(&times, &values).expect("sine");
        assert!((found.period - w).abs() < 1e-6 && found.error < 1e-5, "{found:?}");
    }

    #[test]
    fn the_error_covers_noise() {
        use rand::SeedableRng;
        let mut outside = 0;
        for seed in 0..40 {
            let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
            let (times, mut values) = sampled(0.1, 100.0, f64::sin);
            for v in &mut values {
                *v += 0.1 * crate::statistics::normal(&mut random);
            }
            let found = period(&times, &values).expect("a sine");
            outside += usize::from((found.period - 2.0 * std::f64::consts::PI).abs() > 3.0 * found.error);
        }
        assert!(outside <= 3, "{outside} of 40 beyond three standard errors");
    }

    #[test]
    fn what_does_not_oscillate_has_no_period() {
        let cases: [(f64, &dyn Fn(f64) -> f64); 5] = [
            (20.0, &|_| 2.0),
            (20.0, &|t| t),
            (20.0, &|t| (-t).exp()),
            (9.0, &|t| t.sin()),
            (20.0, &|_| f64::NAN),
        ];
        for (end, f) in cases {
            let (times, values) = sampled(0.1, end, f);
            assert!(matches!(period(&times, &values), Err(AnalysisError::NoPeriod { .. })));
        }
        assert!(matches!(period(&[], &[]), Err(AnalysisError::NoPeriod { .. })));
        assert!(matches!(period(&[0.0, 0.0], &[1.0, 2.0]), Err(AnalysisError::Times { .. })));
        assert!(matches!(period(&[0.0], &[]), Err(AnalysisError::Length { .. })));
    }
}
