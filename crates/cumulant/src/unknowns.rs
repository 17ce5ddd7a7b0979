//! Real unknowns: complex cumulants split into parts, complex products expanded.

use std::collections::BTreeMap;

use num_complex::Complex64;

use crate::CumulantError;
use crate::drift::Polynomial;
use crate::tape::TapeTerm;
use crate::variables::{JointCumulant, Variables};

/// Which part of a cumulant an unknown is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComplexPart {
    /// The cumulant is real.
    Whole,
    /// Real part.
    Real,
    /// Imaginary part.
    Imaginary,
}

/// A real unknown of the equations.
#[derive(Debug, Clone, PartialEq)]
pub struct Unknown {
    /// The cumulant in text form, for instance `<Q(a)>` or `<s_x(S,1) s_y(S,2)>c`.
    pub name: String,
    /// Which part of it.
    pub part: ComplexPart,
    /// The cumulant is `scale` times the unknown.
    pub scale: f64,
    /// Number of elementary variables in the cumulant: 1 for a mean.
    pub order: usize,
    pub(crate) joint: JointCumulant,
}

/// Numbers of the real unknowns of every canonical cumulant.
#[derive(Debug, Clone)]
pub(crate) struct Numbering {
    first: BTreeMap<JointCumulant, (u32, bool)>,
}

/// A sum of real monomials.
type Expanded = BTreeMap<Vec<u32>, Complex64>;

impl Numbering {
    pub(crate) fn new(variables: &Variables, joints: &[JointCumulant]) -> (Self, Vec<Unknown>) {
        let mut first = BTreeMap::new();
        let mut unknowns = Vec::new();
        for joint in joints {
            let real = variables.conjugate(*joint) == *joint;
            first.insert(*joint, (unknowns.len() as u32, real));
            let parts: &[ComplexPart] =
                if real { &[ComplexPart::Whole] } else { &[ComplexPart::Real, ComplexPart::Imaginary] };
            for part in parts {
                unknowns.push(Unknown {
                    name: variables.text(*joint),
                    part: *part,
                    scale: variables.power(-variables.twice_exponent(*joint)),
                    order: joint.len(),
                    joint: *joint,
                });
            }
        }
        (Self { first }, unknowns)
    }

    /// `y_k + i y_l` of a cumulant, with the sign of the imaginary part; `None` if it is not an unknown, that
    /// is zero.
    fn parts(&self, variables: &Variables, joint: JointCumulant) -> Option<(u32, Option<f64>)> {
        let canonical = variables.canonical(joint);
        let (number, real) = *self.first.get(&canonical)?;
        let sign = if canonical == joint { 1.0 } else { -1.0 };
        Some((number, (!real).then_some(sign)))
    }

    /// A cumulant at the unknowns `y`.
    pub(crate) fn value(&self, variables: &Variables, joint: JointCumulant, y: &[f64]) -> Complex64 {
        self.parts(variables, joint).map_or(Complex64::ZERO, |(number, imaginary)| {
            let imaginary = imaginary.map_or(0.0, |sign| sign * y[number as usize + 1]);
            Complex64::new(y[number as usize], imaginary)
        })
    }

    /// A complex polynomial in cumulants as a complex polynomial in real unknowns.
    pub(crate) fn expand(
        &self,
        variables: &Variables,
        polynomial: &Polynomial,
    ) -> Vec<(Complex64, Vec<u32>)> {
        let mut sum = Expanded::new();
        'products: for product in polynomial {
            let mut monomials = vec![(product.coefficient, Vec::new())];
            for factor in &product.factors {
                let Some((number, imaginary)) = self.parts(variables, *factor) else { continue 'products };
                let mut longer = Vec::with_capacity(2 * monomials.len());
                for (c, list) in monomials {
                    let with = |n: u32| [list.as_slice(), &[n]].concat();
                    longer.push((c, with(number)));
                    if let Some(sign) = imaginary {
                        longer.push((c * Complex64::new(0.0, sign), with(number + 1)));
                    }
                }
                monomials = longer;
            }
            for (c, mut list) in monomials {
                list.sort_unstable();
                *sum.entry(list).or_default() += c;
            }
        }
        sum.into_iter().map(|(list, c)| (c, list)).collect()
    }

    /// The real rows of the drift of one cumulant: one, or real and imaginary part.
    pub(crate) fn rows(
        &self,
        variables: &Variables,
        joint: JointCumulant,
        drift: &Polynomial,
    ) -> Result<Vec<Vec<TapeTerm>>, CumulantError> {
        let expanded = self.expand(variables, drift);
        let largest = expanded.iter().map(|(c, _)| c.norm()).fold(0.0, f64::max);
        let part = |value: fn(&Complex64) -> f64| {
            let terms = expanded.iter().filter(|(c, _)| value(c).abs() > 1e-15 * largest);
            terms
                .map(|(c, list)| TapeTerm { coefficient: value(c), factors: list.clone() })
                .collect::<Vec<_>>()
        };
        if variables.conjugate(joint) != joint {
            return Ok(vec![part(|c| c.re), part(|c| c.im)]);
        }
        let residue = expanded.iter().map(|(c, _)| c.im.abs()).fold(0.0, f64::max);
        if residue > 1e-9 * largest {
            return Err(CumulantError::NotReal { moment: variables.text(joint), residue: residue / largest });
        }
        Ok(vec![part(|c| c.re)])
    }
}
