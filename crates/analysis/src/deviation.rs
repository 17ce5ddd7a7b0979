//! How far one curve is from another, and whether that is a matter of chance.

use serde::Serialize;

/// A curve disagrees with a reference where it is off by more than this part of the largest value
/// of the reference, if nothing else is asked for, ...
pub const DISAGREEMENT: f64 = 0.1;
/// ... or by more than this where the reference is zero throughout: far more than rounding and time steps do ...
const NOTHING: f64 = 1e-6;
/// ... and, where a side is sampled, by more than so many standard errors.
const SIGNIFICANT: f64 = 4.0;

/// Values over time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sampled {
    /// By time; short where they are not known.
    pub values: Vec<f64>,
    /// Their standard errors, if they have any.
    pub errors: Option<Vec<f64>>,
}

/// The largest deviation of one curve from another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Deviation {
    /// Largest absolute difference.
    pub largest: f64,
    /// When.
    pub time: f64,
    /// The difference relative to the largest value of the reference; NaN if that is zero.
    pub relative: f64,
    /// The difference then in standard errors of both together, where one of them has any.
    pub standard_errors: Option<f64>,
}

impl Sampled {
    /// The largest deviation from `reference`, by these times.
    pub fn deviation(&self, reference: &Self, times: &[f64]) -> Deviation {
        let differences = self.values.iter().zip(&reference.values).map(|(a, b)| (a - b).abs()).enumerate();
        let finite = differences.filter(|(_, difference)| difference.is_finite());
        let largest = finite.fold(None, |most: Option<(usize, f64)>, (row, difference)| match most {
            Some((_, known)) if known >= difference => most,
            _ => Some((row, difference)),
        });
        let size = reference.values.iter().filter(|x| x.is_finite()).fold(0.0_f64, |m, x| m.max(x.abs()));
        let Some((row, largest)) = largest else {
            return Deviation {
                largest: f64::NAN,
                time: f64::NAN,
                relative: f64::NAN,
                standard_errors: None,
            };
        };
        let relative = if size > 0.0 { largest / size } else { f64::NAN };
        let error = |curve: &Self| curve.errors.as_ref().map(|e| e.get(row).copied().unwrap_or(f64::NAN));
        let errors = [error(self), error(reference)];
        let both = errors.iter().flatten().fold(0.0_f64, |sum, e| sum.hypot(*e));
        let sigmas = if largest == 0.0 { 0.0 } else { largest / both };
        let standard_errors = errors.iter().any(Option::is_some).then_some(sigmas);
        Deviation { largest, time: times.get(row).copied().unwrap_or(f64::NAN), relative, standard_errors }
    }
}

impl Deviation {
    /// Beyond `tolerance`, and no matter of chance.
    pub fn disagrees(&self, tolerance: f64) -> bool {
        // An error that is not a number excuses nothing.
        let chance = self.standard_errors.is_some_and(|sigmas| sigmas <= SIGNIFICANT);
        let beyond = if self.relative.is_nan() { self.largest > NOTHING } else { self.relative > tolerance };
        beyond && !chance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deviation_is_significant_or_excused_by_its_errors() {
        let times = [0.0, 1.0, 2.0];
        let reference = Sampled { values: vec![1.0, 2.0, f64::NAN], errors: None };
        let exact = Sampled { values: vec![1.0, 1.5, 7.0], errors: None };
        let found = exact.deviation(&reference, &times);
        assert_eq!((found.largest, found.time, found.relative), (0.5, 1.0, 0.25));
        assert!(found.disagrees(DISAGREEMENT) && found.standard_errors.is_none());
        assert!(found.disagrees(0.24) && !found.disagrees(0.25));
        let noisy = Sampled { errors: Some(vec![0.0, 0.25, 0.1]), ..exact.clone() };
        let found = noisy.deviation(&reference, &times);
        assert!(found.standard_errors == Some(2.0) && !found.disagrees(DISAGREEMENT));
        let unknown = Sampled { errors: Some(vec![f64::NAN; 3]), ..exact };
        assert!(unknown.deviation(&reference, &times).disagrees(DISAGREEMENT));
        let nowhere = Sampled::default().deviation(&reference, &times);
        assert!(nowhere.largest.is_nan() && !nowhere.disagrees(DISAGREEMENT));
    }

    /// A mean field breaks a symmetry that the density matrix keeps: zero is no scale, and no excuse.
    #[test]
    fn what_should_be_zero_disagrees_beyond_rounding() {
        let zero = Sampled { values: vec![0.0; 2], errors: None };
        let off = |by: f64| Sampled { values: vec![0.0, by], errors: None }.deviation(&zero, &[0.0, 1.0]);
        assert!(off(0.3).relative.is_nan() && off(0.3).disagrees(DISAGREEMENT));
        assert!(!off(1e-12).disagrees(DISAGREEMENT));
    }
}
