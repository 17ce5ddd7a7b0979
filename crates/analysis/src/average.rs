//! Averages over a sliding window of one period.

use serde::{Deserialize, Serialize};

use crate::error::check_positive;
use crate::interpolate::Integral;
use crate::{AnalysisError, RatioSeries};

/// Where the window lies that belongs to a time t.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placement {
    /// `[t - w/2, t + w/2]`: what the averages belong to without a delay.
    #[default]
    Centred,
    /// `[t - w, t]`: only what has happened by t.
    Trailing,
}

/// Where times are recorded in separate windows, what is longer than this part of a window lies between two of them.
const PAUSE: f64 = 0.25;

/// A sliding average.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Averaging {
    /// Length w of the window in units of time: one period of the mean-field motion.
    pub window: f64,
    /// Where it lies.
    #[serde(default)]
    pub placement: Placement,
    /// An interval between recorded times that is longer than this is a pause, and a window with a pause in it has no
    /// average; none: there are no pauses, however far times are apart.
    #[serde(default)]
    pub pause: Option<f64>,
}

impl Averaging {
    /// A centred window of this length.
    pub fn centred(window: f64) -> Self {
        Self { window, placement: Placement::Centred, pause: None }
    }

    /// The same over a series that was recorded in separate windows.
    pub fn in_windows(self) -> Self {
        Self { pause: Some(PAUSE * self.window), ..self }
    }

    /// Window that belongs to time `t`.
    fn around(self, t: f64) -> [f64; 2] {
        match self.placement {
            Placement::Centred => [t - 0.5 * self.window, t + 0.5 * self.window],
            Placement::Trailing => [t - self.window, t],
        }
    }

    /// Numerator and denominator averaged each by itself, `(1/w) int f dt` over the window, at those recorded
    /// times whose window lies inside the series. The integral is that of the cubic interpolant (fourth order
    /// in the spacing), so the window need not be a multiple of the spacing. Standard errors are averaged
    /// too, as if the errors within one window were fully correlated (an upper bound); where the quotient has
    /// none (at 0/0) that of the sample before counts, or the first there is.
    ///
    /// # Errors
    /// [`AnalysisError::OutOfRange`] when the window is not positive, or longer than a series that did not
    /// blow up.
    pub fn apply(self, series: &RatioSeries) -> Result<RatioSeries, AnalysisError> {
        check_positive("window", self.window)?;
        let times = &series.times;
        let (start, end) = (times.first().copied().unwrap_or(0.0), times.last().copied().unwrap_or(0.0));
        let slack = 1e-9 * self.window;
        if end - start + slack < self.window && series.blow_up.is_none() {
            return Err(AnalysisError::OutOfRange {
                key: "window".into(),
                value: self.window,
                allowed: format!("at most the time covered by the series, {}", end - start),
            });
        }
        let inside = |t: &&f64| {
            let [from, to] = self.around(**t);
            from >= start - slack && to <= end + slack
        };
        let pauses = self.pause.map_or_else(Vec::new, |longest| series.pauses(longest));
        let whole = |t: &&f64| {
            let [from, to] = self.around(**t);
            // The first pause that ends after the window begins.
            let next = pauses.partition_point(|[_, end]| *end <= from + slack);
            pauses.get(next).is_none_or(|[begin, _]| *begin >= to - slack)
        };
        let labels: Vec<f64> = times.iter().filter(inside).filter(whole).copied().collect();
        let mean = |values: &[f64]| -> Vec<f64> {
            let integral = Integral::new(times, values);
            let between = |[from, to]: [f64; 2]| (integral.up_to(to) - integral.up_to(from)) / self.window;
            labels.iter().map(|t| between(self.around(*t))).collect()
        };
        Ok(RatioSeries {
            numerator: positive(mean(&series.numerator)),
            denominator: positive(mean(&series.denominator)),
            standard_error: series.standard_error.as_deref().map(|errors| mean(&filled(errors))),
            times: labels.clone(),
            ..series.clone()
        })
    }
}

/// Averages of what is never negative: the interpolant may swing below zero beside a jump.
fn positive(mut averages: Vec<f64>) -> Vec<f64> {
    averages.iter_mut().filter(|x| **x < 0.0).for_each(|x| *x = 0.0);
    averages
}

/// Values that are not finite replaced by the last finite one before, or the first one after: one of them
/// would spoil the running integral from there on.
fn filled(values: &[f64]) -> Vec<f64> {
    let mut last = values.iter().copied().find(|v| v.is_finite()).unwrap_or(f64::NAN);
    let mut fill = |v: &f64| {
        if v.is_finite() {
            last = *v;
        }
        last
    };
    values.iter().map(&mut fill).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Over one period of length w: mean of `t (1 + cos(2 pi t / w))` and of `1 + sin`.
    #[test]
    fn oscillations_of_the_window_length_vanish() {
        let w = 1.237;
        let k = 2.0 * std::f64::consts::PI / w;
        let times: Vec<f64> = (0..=2000).map(|i| 0.005 * f64::from(i)).collect();
        let numerator: Vec<f64> = times.iter().map(|t| t * t).collect();
        let denominator: Vec<f64> = times.iter().map(|t| 1.0 + 0.9 * (k * t).sin()).collect();
        let series = RatioSeries::new("x", &times, &numerator, &denominator).expect("lengths");
        let centred = Averaging::centred(w).apply(&series).expect("long enough");
        for i in 0..centred.times.len() {
            let t = centred.times[i];
            assert!((centred.denominator[i] - 1.0).abs() < 1e-7);
            assert!((centred.numerator[i] - (t * t + w * w / 12.0)).abs() < 1e-8);
        }
        let trailing = Averaging { placement: Placement::Trailing, ..Averaging::centred(w) }
            .apply(&series)
            .expect("long");
        assert!(trailing.times[0] >= w && centred.times[0] >= 0.5 * w && centred.times[0] < 0.5 * w + 0.006);
        assert_eq!(trailing.times.last(), times.last());
    }

    #[test]
    fn separate_windows_have_the_averages_of_a_dense_series() {
        let (w, step) = (2.0, 0.125);
        let dense: Vec<f64> = (0..=800).map(|k| step * f64::from(k)).collect();
        // Whole up to 20, then windows about 30, 45 and 70.
        let kept = |t: &&f64| **t <= 20.0 || [30.0, 45.0, 70.0].iter().any(|c| (**t - c).abs() <= 0.5 * w);
        let few: Vec<f64> = dense.iter().filter(kept).copied().collect();
        let of = |times: &[f64]| {
            let numerator: Vec<f64> = times.iter().map(|t| t * (1.0 + (3.1 * t).sin())).collect();
            RatioSeries::new("x", times, &numerator, &vec![1.0; times.len()]).expect("lengths")
        };
        let averaging = Averaging::centred(w).in_windows();
        let (all, found) =
            (averaging.apply(&of(&dense)).expect("long"), averaging.apply(&of(&few)).expect("long"));
        assert_eq!(found.times.last(), Some(&70.0));
        assert_eq!(
            found.times.iter().filter(|t| **t > 20.0).copied().collect::<Vec<_>>(),
            [30.0, 45.0, 70.0]
        );
        for (t, x) in found.times.iter().zip(&found.numerator) {
            let k = all.times.iter().position(|other| other == t).expect("there too");
            // Slopes at the ends of a window are one-sided.
            assert!((x - all.numerator[k]).abs() < 2e-3 * t, "{t}: {x} {}", all.numerator[k]);
        }
    }

    #[test]
    fn a_window_longer_than_the_series_is_refused_unless_it_blew_up() {
        let series = RatioSeries::new("x", &[0.0, 1.0], &[1.0; 2], &[1.0; 2]).expect("lengths");
        assert!(matches!(Averaging::centred(2.0).apply(&series), Err(AnalysisError::OutOfRange { .. })));
        assert!(Averaging::centred(-1.0).apply(&series).is_err());
        let blown = Averaging::centred(2.0).apply(&series.with_blow_up(1.0)).expect("a result");
        assert!(blown.times.is_empty() && blown.blow_up == Some(1.0));
    }
}
