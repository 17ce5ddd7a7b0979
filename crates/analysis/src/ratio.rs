//! A ratio over time whose growth tells when a description fails.

use serde::{Deserialize, Serialize};

use crate::AnalysisError;
use crate::error::{check_length, check_times};

/// Numerator and denominator of a criterion over time, with what became of the series.
///
/// Two lists and not their quotient: averages over a period are taken of each by itself, and a denominator
/// that passes through zero does no harm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RatioSeries {
    /// Name of the criterion.
    pub name: String,
    /// Times at which both parts are finite.
    pub times: Vec<f64>,
    /// Numerator, >= 0.
    pub numerator: Vec<f64>,
    /// Denominator, >= 0.
    pub denominator: Vec<f64>,
    /// Standard error of the quotient, for engines that sample.
    pub standard_error: Option<Vec<f64>>,
    /// Time from which on the series is not finite any more.
    pub blow_up: Option<f64>,
    /// Number of single undefined (NaN) samples that were left out.
    pub gaps: usize,
}

impl RatioSeries {
    /// A series from its parts. From the first infinite value on, or from the first NaN after which nothing
    /// finite follows, the series counts as blown up and is cut; NaN values before that are left out and
    /// counted.
    ///
    /// # Errors
    /// [`AnalysisError::Times`], [`AnalysisError::Length`].
    pub fn new(
        name: impl Into<String>,
        times: &[f64],
        numerator: &[f64],
        denominator: &[f64],
    ) -> Result<Self, AnalysisError> {
        check_times(times)?;
        check_length("the numerator", times.len(), numerator.len())?;
        check_length("the denominator", times.len(), denominator.len())?;
        let finite = |i: usize| numerator[i].is_finite() && denominator[i].is_finite();
        let infinite = |i: &usize| numerator[*i].is_infinite() || denominator[*i].is_infinite();
        let tail = (0..times.len()).rposition(finite).map_or(0, |last| last + 1);
        let end = (0..times.len()).find(infinite).map_or(tail, |first| first.min(tail));
        let kept: Vec<usize> = (0..end).filter(|&i| finite(i)).collect();
        let of = |values: &[f64]| kept.iter().map(|&i| values[i]).collect();
        Ok(Self {
            name: name.into(),
            times: of(times),
            numerator: of(numerator),
            denominator: of(denominator),
            standard_error: None,
            blow_up: times.get(end).copied(),
            gaps: end - kept.len(),
        })
    }

    /// Adds standard errors of the quotient, one per time handed to [`RatioSeries::new`] (`times`).
    ///
    /// # Errors
    /// [`AnalysisError::Length`].
    pub fn with_standard_errors(mut self, times: &[f64], errors: &[f64]) -> Result<Self, AnalysisError> {
        check_length("the standard errors", times.len(), errors.len())?;
        let kept = |t: &f64| self.times.binary_search_by(|own| own.total_cmp(t)).is_ok();
        let errors = times.iter().zip(errors).filter(|(t, _)| kept(t)).map(|(_, e)| *e);
        self.standard_error = Some(errors.collect());
        Ok(self)
    }

    /// Notes a blow-up that the engine reported itself (its recorder ends before that time).
    pub fn with_blow_up(mut self, time: f64) -> Self {
        let end = self.times.iter().position(|t| *t >= time).unwrap_or(self.times.len());
        self.times.truncate(end);
        self.numerator.truncate(end);
        self.denominator.truncate(end);
        if let Some(errors) = &mut self.standard_error {
            errors.truncate(end);
        }
        self.blow_up = Some(self.blow_up.map_or(time, |own| own.min(time)));
        self
    }

    /// The series without the samples whose quotient is undefined (0/0), which count as gaps; as it is if
    /// none is defined.
    pub fn defined(&self) -> Self {
        let kept: Vec<usize> =
            self.ratio().iter().enumerate().filter(|(_, r)| !r.is_nan()).map(|(i, _)| i).collect();
        if kept.is_empty() {
            return self.clone();
        }
        let of = |values: &[f64]| kept.iter().map(|&i| values[i]).collect::<Vec<f64>>();
        Self {
            name: self.name.clone(),
            times: of(&self.times),
            numerator: of(&self.numerator),
            denominator: of(&self.denominator),
            standard_error: self.standard_error.as_deref().map(of),
            blow_up: self.blow_up,
            gaps: self.gaps + self.times.len() - kept.len(),
        }
    }

    /// Begin and end of every interval between recorded times that is longer than `longest`.
    pub(crate) fn pauses(&self, longest: f64) -> Vec<[f64; 2]> {
        self.times.windows(2).filter(|t| t[1] - t[0] > longest).map(|t| [t[0], t[1]]).collect()
    }

    /// Where the first interval begins that is longer than `longest`, or the last time.
    pub fn first_pause(&self, longest: f64) -> f64 {
        let last = self.times.last().copied().unwrap_or(f64::NEG_INFINITY);
        self.pauses(longest).first().map_or(last, |[begin, _]| *begin)
    }

    /// The series up to `time`.
    pub fn until(&self, time: f64) -> Self {
        let end = self.times.partition_point(|t| *t <= time);
        let of = |values: &[f64]| values[..end].to_vec();
        Self {
            times: of(&self.times),
            numerator: of(&self.numerator),
            denominator: of(&self.denominator),
            standard_error: self.standard_error.as_deref().map(of),
            blow_up: self.blow_up.filter(|blow_up| *blow_up <= time),
            ..self.clone()
        }
    }

    /// The quotient at each time; infinite where only the denominator vanishes, NaN at 0/0.
    pub fn ratio(&self) -> Vec<f64> {
        self.numerator.iter().zip(&self.denominator).map(|(n, d)| n / d).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_left_out_and_a_blow_up_ends_the_series() {
        let nan = f64::NAN;
        let times = [0.0, 1.0, 2.0, 3.0, 4.0];
        let s = RatioSeries::new("x", &times, &[nan, 1.0, 2.0, nan, nan], &[1.0; 5]).expect("lengths");
        assert_eq!((s.times.as_slice(), s.blow_up, s.gaps), ([1.0, 2.0].as_slice(), Some(3.0), 1));
        let s = RatioSeries::new("x", &times, &[0.0, f64::INFINITY, 2.0, 1.0, 1.0], &[1.0; 5]);
        assert_eq!(s.expect("lengths").blow_up, Some(1.0));
        let s = RatioSeries::new("x", &times, &[0.0; 5], &[1.0; 5]).expect("lengths");
        assert_eq!((s.blow_up, s.times.len()), (None, 5));
        assert_eq!(s.with_blow_up(2.5).times, [0.0, 1.0, 2.0]);
        let s = RatioSeries::new("x", &times, &[nan; 5], &[1.0; 5]).expect("lengths");
        assert_eq!((s.times.len(), s.blow_up), (0, Some(0.0)));
    }
}
