//! A sum of fields with coefficients that follow time.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use crate::vector::accumulate;
use crate::{Poll, VectorField};

/// A number as a function of time.
type Coefficient<'a> = Box<dyn Fn(f64) -> f64 + Sync + 'a>;

/// `y' = f_0(t, y) + sum_k c_k(t) f_k(t, y)`.
///
/// A coefficient of exactly zero leaves its field out; one that is not a number makes the derivative no number either,
/// which propagators report with the time ([`crate::PropagateError::NonFinite`]).
pub struct Superposition<'a> {
    first: &'a dyn VectorField,
    rest: Vec<(Coefficient<'a>, &'a dyn VectorField)>,
    /// One field of the sum.
    part: Mutex<Vec<f64>>,
}

impl<'a> Superposition<'a> {
    /// `f_0` alone.
    pub fn new(first: &'a dyn VectorField) -> Self {
        Self { first, rest: Vec::new(), part: Mutex::default() }
    }

    /// Adds `coefficient(t) * field`.
    ///
    /// # Panics
    /// If the vectors of the field have another length.
    #[must_use]
    pub fn with(mut self, coefficient: impl Fn(f64) -> f64 + Sync + 'a, field: &'a dyn VectorField) -> Self {
        assert_eq!(field.dim(), self.first.dim(), "fields of one sum");
        self.rest.push((Box::new(coefficient), field));
        self
    }
}

impl fmt::Debug for Superposition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Superposition of {} fields", 1 + self.rest.len())
    }
}

impl VectorField for Superposition<'_> {
    fn dim(&self) -> usize {
        self.first.dim()
    }

    fn derivative(&self, t: f64, y: &[f64], out: &mut [f64]) {
        let _ = self.derivative_unless(t, y, out, &|| ControlFlow::Continue(()));
    }

    fn derivative_unless(&self, t: f64, y: &[f64], out: &mut [f64], poll: Poll<'_>) -> ControlFlow<()> {
        self.first.derivative_unless(t, y, out, poll)?;
        let mut part = self.part.lock().unwrap_or_else(PoisonError::into_inner);
        part.resize(y.len(), 0.0);
        for (coefficient, field) in &self.rest {
            let c = coefficient(t);
            if c == 0.0 {
                continue;
            }
            field.derivative_unless(t, y, &mut part, poll)?;
            accumulate(out, &[(c, &part)]);
        }
        ControlFlow::Continue(())
    }
}
