//! Expectation values as polynomials of the unknowns.

use num_complex::Complex64;

use crate::drift::Polynomial;
use crate::unknowns::Numbering;
use crate::variables::Variables;

/// `<O>` of an operator O as a complex polynomial of the real unknowns: products of collective operators are
/// expanded exactly, cumulants above the order are zero.
#[derive(Debug, Clone)]
pub struct Functional {
    terms: Vec<(Complex64, Vec<u32>)>,
}

impl Functional {
    pub(crate) fn new(variables: &Variables, numbering: &Numbering, polynomial: &Polynomial) -> Self {
        Self { terms: numbering.expand(variables, polynomial) }
    }

    /// `<O>` at the unknowns `y`.
    ///
    /// # Panics
    /// If `y` is shorter than the number of unknowns.
    pub fn evaluate(&self, y: &[f64]) -> Complex64 {
        self.terms.iter().map(|(c, list)| c * list.iter().map(|i| y[*i as usize]).product::<f64>()).sum()
    }

    /// `d<O>/dt` at the unknowns `y` with the drift `rate`.
    ///
    /// # Panics
    /// If `y` or `rate` is shorter than the number of unknowns.
    pub fn rate(&self, y: &[f64], rate: &[f64]) -> Complex64 {
        let along = |list: &Vec<u32>| -> f64 {
            let one = |k: usize| -> f64 {
                let others = list.iter().enumerate().filter(|(i, _)| *i != k).map(|(_, n)| y[*n as usize]);
                rate[list[k] as usize] * others.product::<f64>()
            };
            (0..list.len()).map(one).sum()
        };
        self.terms.iter().map(|(c, list)| c * along(list)).sum()
    }
}
