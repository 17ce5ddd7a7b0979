//! Sums, differences and multiples of operators, and whether they are Hermitian.

use std::ops::{Add, Mul, Neg, Sub};

use num_complex::Complex64;

use super::{Operator, Term};
use crate::ModelError;

/// Coefficients that differ by less than this part of the largest one are the same.
const SAME: f64 = 1e-12;

impl Operator {
    /// The same operator with the factors of each product sorted by subsystem: modes first, then ensembles.
    /// Operators of different subsystems commute, so that this is exact on truncated spaces, too.
    #[must_use]
    pub fn sorted(&self) -> Self {
        let sorted = |term: &Term| {
            let mut factors = term.factors.clone();
            factors.sort_by_key(|f| f.subsystem());
            Term { coefficient: term.coefficient, factors }
        };
        Self { terms: self.terms.iter().map(sorted).collect() }
    }

    /// True if the operator is its own Hermitian conjugate as written, up to the order of factors of
    /// different subsystems. Commutators are not used: `S^+ S^- - S^- S^+ - 2 S^z` counts as an operator that
    /// is not zero.
    pub fn is_hermitian(&self) -> bool {
        let difference = (self.clone() - self.adjoint()).sorted().collected();
        let norm = |o: &Self| o.terms.iter().map(|t| t.coefficient.norm()).fold(0.0, f64::max);
        norm(&difference) <= SAME * norm(self)
    }

    /// Refuses coefficients that are not finite.
    pub(crate) fn check_finite(&self) -> Result<(), ModelError> {
        match self.terms.iter().find(|t| !t.coefficient.is_finite()) {
            Some(term) => Err(ModelError::OutOfRange {
                key: "coefficient".into(),
                of: format!("operator '{self}'"),
                value: term.coefficient.to_string(),
                allowed: "finite".into(),
            }),
            None => Ok(()),
        }
    }
}

impl Add for Operator {
    type Output = Self;
    fn add(mut self, other: Self) -> Self {
        self.terms.extend(other.terms);
        self
    }
}

impl Sub for Operator {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Neg for Operator {
    type Output = Self;
    fn neg(self) -> Self {
        self * -1.0
    }
}

impl Mul for Operator {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let mut terms = Vec::with_capacity(self.terms.len() * other.terms.len());
        for left in &self.terms {
            for right in &other.terms {
                let factors = left.factors.iter().chain(&right.factors).copied().collect();
                terms.push(Term { coefficient: left.coefficient * right.coefficient, factors });
            }
        }
        Self { terms }
    }
}

impl Mul<Complex64> for Operator {
    type Output = Self;
    fn mul(mut self, factor: Complex64) -> Self {
        for term in &mut self.terms {
            term.coefficient *= factor;
        }
        self
    }
}

impl Mul<f64> for Operator {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        self * Complex64::from(factor)
    }
}

impl Mul<Operator> for f64 {
    type Output = Operator;
    fn mul(self, operator: Operator) -> Operator {
        operator * self
    }
}

impl Mul<Operator> for Complex64 {
    type Output = Operator;
    fn mul(self, operator: Operator) -> Operator {
        operator * self
    }
}
