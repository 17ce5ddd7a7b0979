//! The operator language: sums of products of mode and collective-spin operators.

mod arithmetic;
mod text;

use num_complex::Complex64;
use serde::{Deserialize, Serialize};

use crate::{Model, ModelError, nearest};

/// One elementary operator. Mode and ensemble numbers index [`Model::modes`] and [`Model::ensembles`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Factor {
    /// `a`, annihilation operator of a mode.
    Annihilate(usize),
    /// `a^dag`, creation operator of a mode.
    Create(usize),
    /// `S^-`, collective lowering operator of an ensemble.
    Lower(usize),
    /// `S^+`, collective raising operator of an ensemble.
    Raise(usize),
    /// `S^z = sum_i sigma^z_i / 2` of an ensemble.
    Sz(usize),
}

/// A mode or an ensemble, by its number in the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Subsystem {
    /// A bosonic mode.
    Mode(usize),
    /// An ensemble of spins-1/2.
    Ensemble(usize),
}

impl Factor {
    /// Hermitian conjugate.
    pub fn adjoint(self) -> Self {
        match self {
            Self::Annihilate(m) => Self::Create(m),
            Self::Create(m) => Self::Annihilate(m),
            Self::Lower(e) => Self::Raise(e),
            Self::Raise(e) => Self::Lower(e),
            Self::Sz(e) => Self::Sz(e),
        }
    }

    /// The subsystem the factor acts on.
    pub fn subsystem(self) -> Subsystem {
        match self {
            Self::Annihilate(m) | Self::Create(m) => Subsystem::Mode(m),
            Self::Lower(e) | Self::Raise(e) | Self::Sz(e) => Subsystem::Ensemble(e),
        }
    }

    /// Change of the excitation number of its subsystem (+1, 0 or -1).
    pub fn shift(self) -> i64 {
        match self {
            Self::Create(_) | Self::Raise(_) => 1,
            Self::Annihilate(_) | Self::Lower(_) => -1,
            Self::Sz(_) => 0,
        }
    }
}

/// A coefficient times a product of factors; the rightmost factor acts first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// Complex coefficient.
    pub coefficient: Complex64,
    /// Factors in written order.
    pub factors: Vec<Factor>,
}

/// A sum of [`Term`]s.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Operator {
    /// The terms; an empty sum is the zero operator.
    pub terms: Vec<Term>,
}

impl Operator {
    /// The zero operator.
    pub fn zero() -> Self {
        Self::default()
    }

    /// The identity.
    pub fn identity() -> Self {
        Self::product(&[])
    }

    /// A product of factors with coefficient 1.
    pub fn product(factors: &[Factor]) -> Self {
        Self { terms: vec![Term { coefficient: Complex64::ONE, factors: factors.to_vec() }] }
    }

    /// `a` of a mode.
    pub fn annihilate(mode: usize) -> Self {
        Self::product(&[Factor::Annihilate(mode)])
    }

    /// `a^dag` of a mode.
    pub fn create(mode: usize) -> Self {
        Self::product(&[Factor::Create(mode)])
    }

    /// `a^dag a` of a mode.
    pub fn number(mode: usize) -> Self {
        Self::product(&[Factor::Create(mode), Factor::Annihilate(mode)])
    }

    /// `S^-` of an ensemble.
    pub fn lower(ensemble: usize) -> Self {
        Self::product(&[Factor::Lower(ensemble)])
    }

    /// `S^+` of an ensemble.
    pub fn raise(ensemble: usize) -> Self {
        Self::product(&[Factor::Raise(ensemble)])
    }

    /// `S^x = (S^+ + S^-) / 2` of an ensemble.
    pub fn sx(ensemble: usize) -> Self {
        (Self::raise(ensemble) + Self::lower(ensemble)) * Complex64::from(0.5)
    }

    /// `S^y = (S^+ - S^-) / (2i)` of an ensemble.
    pub fn sy(ensemble: usize) -> Self {
        (Self::raise(ensemble) + Self::lower(ensemble) * Complex64::from(-1.0)) * Complex64::new(0.0, -0.5)
    }

    /// `S^z` of an ensemble.
    pub fn sz(ensemble: usize) -> Self {
        Self::product(&[Factor::Sz(ensemble)])
    }

    /// The three components `(S^x, S^y, S^z)` of an ensemble.
    pub fn spin(ensemble: usize) -> [Self; 3] {
        [Self::sx(ensemble), Self::sy(ensemble), Self::sz(ensemble)]
    }

    /// The quadratures `Q = (a + a^dag)/sqrt 2` and `P = -i (a - a^dag)/sqrt 2` of a mode.
    pub fn quadratures(mode: usize) -> [Self; 2] {
        let r = std::f64::consts::FRAC_1_SQRT_2;
        let (a, ad) = (Self::annihilate(mode), Self::create(mode));
        [
            (a.clone() + ad.clone()) * Complex64::from(r),
            (a + ad * Complex64::from(-1.0)) * Complex64::new(0.0, -r),
        ]
    }

    /// Hermitian conjugate.
    pub fn adjoint(&self) -> Self {
        let terms = self.terms.iter().map(|t| Term {
            coefficient: t.coefficient.conj(),
            factors: t.factors.iter().rev().map(|f| f.adjoint()).collect(),
        });
        Self { terms: terms.collect() }
    }

    /// `(A B + B A) / 2`.
    pub fn symmetrised(a: &Self, b: &Self) -> Self {
        (a.clone() * b.clone() + b.clone() * a.clone()) * Complex64::from(0.5)
    }

    /// Equal products merged, zero terms dropped. The order of factors is kept: no commutator is used.
    pub fn collected(&self) -> Self {
        let mut terms: Vec<Term> = Vec::new();
        for term in &self.terms {
            match terms.iter_mut().find(|t| t.factors == term.factors) {
                Some(known) => known.coefficient += term.coefficient,
                None => terms.push(term.clone()),
            }
        }
        terms.retain(|t| t.coefficient != Complex64::ZERO);
        Self { terms }
    }

    /// Reads a product such as `["create(a)", "lower(S)"]`: words `annihilate, create, number` on modes and
    /// `lower, raise, sx, sy, sz` on ensembles; the rightmost acts first.
    ///
    /// # Errors
    /// [`ModelError::OperatorText`] for a word or a name that is not known.
    pub fn parse_product(model: &Model, words: &[String]) -> Result<Self, ModelError> {
        words.iter().try_fold(Self::identity(), |product, word| Ok(product * Self::parse_word(model, word)?))
    }

    /// Reads a sum of such products with their coefficients.
    ///
    /// # Errors
    /// As [`Operator::parse_product`].
    pub fn parse_sum(model: &Model, terms: &[(Complex64, Vec<String>)]) -> Result<Self, ModelError> {
        terms.iter().try_fold(Self::zero(), |sum, (coefficient, words)| {
            Ok(sum + Self::parse_product(model, words)? * *coefficient)
        })
    }

    /// As [`Operator::parse_product`], the words separated by spaces: `"create(a) lower(S)"`.
    ///
    /// # Errors
    /// [`ModelError::OperatorText`] for a word or a name that is not known.
    pub fn parse(model: &Model, text: &str) -> Result<Self, ModelError> {
        let words: Vec<String> = text.split_whitespace().map(ToOwned::to_owned).collect();
        Self::parse_product(model, &words)
    }

    fn parse_word(model: &Model, text: &str) -> Result<Self, ModelError> {
        const MODE_WORDS: [&str; 3] = ["annihilate", "create", "number"];
        const SPIN_WORDS: [&str; 5] = ["lower", "raise", "sx", "sy", "sz"];
        let fail = |reason: String| ModelError::OperatorText { text: text.to_owned(), reason };
        let (word, name) = text
            .trim()
            .strip_suffix(')')
            .and_then(|t| t.split_once('('))
            .map(|(w, n)| (w.trim(), n.trim()))
            .ok_or_else(|| fail("must read word(name), for instance create(a) or lower(S)".into()))?;
        if MODE_WORDS.contains(&word) {
            let mode = model.mode_number(name).map_err(|e| fail(e.to_string()))?;
            return Ok(match word {
                "annihilate" => Self::annihilate(mode),
                "create" => Self::create(mode),
                _ => Self::number(mode),
            });
        }
        if SPIN_WORDS.contains(&word) {
            let ensemble = model.ensemble_number(name).map_err(|e| fail(e.to_string()))?;
            return Ok(match word {
                "lower" => Self::lower(ensemble),
                "raise" => Self::raise(ensemble),
                "sx" => Self::sx(ensemble),
                "sy" => Self::sy(ensemble),
                _ => Self::sz(ensemble),
            });
        }
        let known: Vec<&str> = MODE_WORDS.iter().chain(&SPIN_WORDS).copied().collect();
        let hint = nearest(word, &known).map(|n| format!(" (did you mean '{n}'?)")).unwrap_or_default();
        Err(fail(format!("unknown word '{word}'{hint}; known words: {}", known.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjoint_reverses_products_and_conjugates() {
        let op = Operator::product(&[Factor::Create(0), Factor::Lower(1)]) * Complex64::new(1.0, 2.0);
        let adjoint = op.adjoint();
        assert_eq!(adjoint.terms[0].factors, vec![Factor::Raise(1), Factor::Annihilate(0)]);
        assert_eq!(adjoint.terms[0].coefficient, Complex64::new(1.0, -2.0));
        assert_eq!(adjoint.adjoint(), op);
    }

    #[test]
    fn collected_merges_and_drops() {
        let sum = Operator::number(0) + Operator::number(0) * Complex64::from(-1.0) + Operator::sz(0);
        assert_eq!(sum.collected(), Operator::sz(0));
    }

    #[test]
    fn spin_components_are_hermitian() {
        for component in Operator::spin(0) {
            let difference = component.clone() + component.adjoint() * Complex64::from(-1.0);
            assert!(difference.collected().terms.is_empty());
        }
    }
}
