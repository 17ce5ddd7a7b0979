//! A sum of constant matrices with coefficients that follow time.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use crate::vector::accumulate;
use crate::{Action, Alias, LinearOperator, Poll, System, VectorField};

/// A number as a function of time.
type Coefficient<'a> = Box<dyn Fn(f64) -> f64 + Sync + 'a>;

/// A time with its weight in an average.
pub(crate) type Weighted = (f64, f64);

/// `y' = A(t) y` with `A(t) = A_0 + sum_k c_k(t) A_k`.
///
/// A coefficient of exactly zero leaves its matrix out; one that is not a number is reported by propagators with the
/// time ([`crate::PropagateError::NonFinite`]).
///
/// The eigenvalues of `A(t)` are taken to lie nowhere to the right of those of `A_0`, as those of all generators of
/// the Lindblad form do: `chebyshev` finds its ellipse by that.
pub struct LinearInTime<'a> {
    first: &'a dyn LinearOperator,
    rest: Vec<(Coefficient<'a>, &'a dyn LinearOperator)>,
    /// One matrix applied.
    part: Mutex<Vec<f64>>,
}

impl<'a> LinearInTime<'a> {
    /// `A_0` alone.
    pub fn new(first: &'a dyn LinearOperator) -> Self {
        Self { first, rest: Vec::new(), part: Mutex::default() }
    }

    /// Adds `coefficient(t) * operator`.
    ///
    /// # Panics
    /// If the vectors of the operator have another length.
    #[must_use]
    pub fn with(
        mut self,
        coefficient: impl Fn(f64) -> f64 + Sync + 'a,
        operator: &'a dyn LinearOperator,
    ) -> Self {
        assert_eq!(operator.dim(), self.first.dim(), "operators of one sum");
        self.rest.push((Box::new(coefficient), operator));
        self
    }

    fn coefficients(&self, t: f64) -> Vec<f64> {
        self.rest.iter().map(|(coefficient, _)| coefficient(t)).collect()
    }

    /// `sum_i w_i A(t_i)` for two times whose weights add up to 1, the second of them not larger; `None` if a
    /// coefficient is not finite.
    pub(crate) fn averaged(&self, times: [Weighted; 2]) -> Option<Averaged<'_>> {
        let [(first, one), (second, two)] = times;
        let (early, late) = (self.coefficients(first), self.coefficients(second));
        let coefficients: Vec<f64> = early.iter().zip(&late).map(|(a, b)| one * a + two * b).collect();
        let changes = early.iter().zip(&late).map(|(a, b)| two * (b - a)).collect();
        let finite = early.iter().chain(&late).all(|c| c.is_finite());
        finite.then_some(Averaged { system: self, coefficients, changes })
    }

    /// How far the coefficients are, on the way from `t` to `t + h`, from the straight lines between two neighbours of
    /// `pieces + 1` evenly spaced times: the largest `|c(middle) - mean of the ends| ‖A‖ h` of all, where it exceeds a
    /// tenth of the range of that coefficient; 0 where none does.
    pub(crate) fn unresolved(&self, t: f64, h: f64, pieces: u32) -> f64 {
        let times = || (0..=2 * pieces).map(|i| t + h * f64::from(i) / f64::from(2 * pieces));
        let of = |(coefficient, operator): &(Coefficient<'a>, &'a dyn LinearOperator)| {
            let values: Vec<f64> = times().map(coefficient).collect();
            let (low, high) =
                values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
            let bends = values.windows(3).step_by(2).map(|v| (v[1] - 0.5 * (v[0] + v[2])).abs());
            let bend = bends.fold(0.0, f64::max);
            if bend > 0.1 * (high - low) { bend * operator.norm_bound() * h } else { 0.0 }
        };
        self.rest.iter().map(of).fold(0.0, f64::max)
    }
}

impl fmt::Debug for LinearInTime<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinearInTime of {} matrices", 1 + self.rest.len())
    }
}

impl VectorField for LinearInTime<'_> {
    fn dim(&self) -> usize {
        self.first.dim()
    }

    fn derivative(&self, t: f64, y: &[f64], out: &mut [f64]) {
        let _ = self.derivative_unless(t, y, out, &|| ControlFlow::Continue(()));
    }

    fn derivative_unless(&self, t: f64, y: &[f64], out: &mut [f64], poll: Poll<'_>) -> ControlFlow<()> {
        self.first.act(Action::Whole, y, out, poll)?;
        self.add(&self.coefficients(t), y, out, poll)
    }
}

impl LinearInTime<'_> {
    /// `out += sum_k c_k A_k y`.
    fn add(&self, coefficients: &[f64], y: &[f64], out: &mut [f64], poll: Poll<'_>) -> ControlFlow<()> {
        let mut part = self.part.lock().unwrap_or_else(PoisonError::into_inner);
        part.resize(y.len(), 0.0);
        for (c, (_, operator)) in coefficients.iter().zip(&self.rest).filter(|(c, _)| **c != 0.0) {
            operator.act(Action::Whole, y, &mut part, poll)?;
            accumulate(out, &[(*c, &part)]);
        }
        ControlFlow::Continue(())
    }
}

impl System for LinearInTime<'_> {
    fn field(&self) -> &dyn VectorField {
        self
    }

    fn linear(&self) -> Option<&dyn LinearOperator> {
        None
    }

    fn linear_in_time(&self) -> Option<&LinearInTime<'_>> {
        Some(self)
    }
}

/// A constant matrix: an average of the sum over two times.
pub(crate) struct Averaged<'a> {
    system: &'a LinearInTime<'a>,
    coefficients: Vec<f64>,
    /// What the second time adds to the coefficients at the first.
    changes: Vec<f64>,
}

impl LinearOperator for Averaged<'_> {
    fn dim(&self) -> usize {
        self.system.dim()
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        self.system.first.apply(x, out);
        let _ = self.system.add(&self.coefficients, x, out, &|| ControlFlow::Continue(()));
    }

    fn act(&self, action: Action<'_>, x: &[f64], out: &mut [f64], poll: Poll<'_>) -> ControlFlow<()> {
        let scale = match action {
            Action::Whole => 1.0,
            Action::Recurrence([scale, ..], _) => scale,
            // Not offered.
            Action::OffDiagonal => {
                out.fill(f64::NAN);
                return ControlFlow::Continue(());
            }
        };
        self.system.first.act(action, x, out, poll)?;
        let scaled: Vec<f64> = self.coefficients.iter().map(|c| scale * c).collect();
        self.system.add(&scaled, x, out, poll)
    }

    fn norm_bound(&self) -> f64 {
        let parts = self.coefficients.iter().zip(&self.system.rest);
        self.system.first.norm_bound() + parts.map(|(c, (_, a))| c.abs() * a.norm_bound()).sum::<f64>()
    }

    /// Sums of rectangles. On the right the one at the first time reaches as far as `A_0`; the second may add to it,
    /// since its weight is negative.
    fn spectral_box(&self) -> Option<(f64, f64, f64)> {
        let (mut left, mut right, mut height) = self.system.first.rectangle();
        for ((c, change), (_, operator)) in self.coefficients.iter().zip(&self.changes).zip(&self.system.rest)
        {
            let (low, high, imaginary) = operator.rectangle();
            left += if *c > 0.0 { c * low } else { c * high };
            right += (if *change > 0.0 { change * high } else { change * low }).max(0.0);
            height += c.abs() * imaginary;
        }
        Some((left.min(right), right, height))
    }

    fn aliases(&self) -> Option<Vec<Alias>> {
        self.system.first.aliases()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `[[0, -w], [w, 0]] - g`.
    struct Turning(f64, f64);

    impl LinearOperator for Turning {
        fn dim(&self) -> usize {
            2
        }
        fn apply(&self, x: &[f64], out: &mut [f64]) {
            out[0] = -self.1 * x[0] - self.0 * x[1];
            out[1] = self.0 * x[0] - self.1 * x[1];
        }
        fn norm_bound(&self) -> f64 {
            self.0.abs() + self.1.abs()
        }
        fn spectral_box(&self) -> Option<(f64, f64, f64)> {
            Some((-self.1, -self.1, self.0.abs()))
        }
    }

    #[test]
    fn an_average_is_the_sum_of_its_matrices() {
        let (whole, turn, decay) = (Turning(1.0, 2.0), Turning(3.0, 0.0), Turning(0.0, 5.0));
        let system = LinearInTime::new(&whole).with(|t| t, &turn).with(|t| 0.1 * t * t, &decay);
        let average = system.averaged([(1.0, 1.25), (3.0, -0.25)]).expect("finite");
        // c = 1.25 - 0.75 and 0.125 - 0.225
        let same = Turning(1.0 + 3.0 * 0.5, 2.0 - 5.0 * 0.1);
        let (mut found, mut expected) = ([0.0; 2], [0.0; 2]);
        average.apply(&[0.3, -0.7], &mut found);
        same.apply(&[0.3, -0.7], &mut expected);
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-14), "{found:?} {expected:?}");
        let recurrence = Action::Recurrence([2.0, 0.5, -1.0], &[1.0, 2.0]);
        let _ = average.act(recurrence, &[0.3, -0.7], &mut found, &|| ControlFlow::Continue(()));
        for (i, value) in found.into_iter().enumerate() {
            let plain = 2.0 * expected[i] + 0.5 * [0.3, -0.7][i] - [1.0, 2.0][i];
            assert!((value - plain).abs() < 1e-14);
        }
        // The second time takes 0.2 of the decay of 5 away: 1 to the right.
        let (left, right, height) = average.spectral_box().expect("one");
        assert!((left + 1.5).abs() < 1e-14 && (right + 1.0).abs() < 1e-14 && (height - 2.5).abs() < 1e-14);
    }

    #[test]
    fn a_pulse_between_the_times_is_seen() {
        let (whole, turn) = (Turning(1.0, 0.0), Turning(1.0, 0.0));
        let pulse = LinearInTime::new(&whole).with(|t: f64| (-(t - 5.0).powi(2)).exp(), &turn);
        assert!(pulse.unresolved(0.0, 10.0, 4) > 0.1);
        assert_eq!(pulse.unresolved(4.0, 1.0, 4), 0.0);
    }
}
