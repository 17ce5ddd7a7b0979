//! Numbers with their names: sums of products of powers of named quantities, as a study writes them.

mod model;
mod written;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use num_complex::Complex64;

pub use model::SymbolicModel;
pub use written::Notation;

/// A named quantity, or an expression that is taken as one.
#[derive(Debug, Clone)]
pub struct Atom {
    /// As it is written in a study.
    pub text: String,
    /// As it is set in type.
    pub latex: String,
    /// Its value.
    pub value: f64,
}

impl PartialEq for Atom {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Atom {}

impl PartialOrd for Atom {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Atom {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

/// A product of atoms, each with twice its power.
type Powers = BTreeMap<Atom, i32>;

/// `sum_k c_k prod_j x_kj^(p_kj / 2)`: complex numbers c times powers of named quantities x.
///
/// ```
/// use superladder_model::{Atom, Notation, Symbolic};
///
/// let named = |text: &str, value| Atom { text: text.into(), latex: text.into(), value };
/// let (g, n) = (Symbolic::atom(named("g", 3.0)), Symbolic::atom(named("N", 4.0)));
/// let root = n.power(-1).ok_or("a single product has powers")?;
/// let coupling = g.times(&root).times(&n.plus(&Symbolic::number(-1.0))).times(&Symbolic::number(2.0));
/// assert_eq!(coupling.written(Notation::Text), ("+", "2*g*(N - 1)/sqrt(N)".to_owned()));
/// assert_eq!(coupling.value().re, 9.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Symbolic {
    terms: BTreeMap<Powers, Complex64>,
}

impl Symbolic {
    /// A number without a name.
    pub fn number(value: impl Into<Complex64>) -> Self {
        let value = value.into();
        let terms = [(Powers::new(), value)].into_iter().filter(|(_, c)| *c != Complex64::ZERO);
        Self { terms: terms.collect() }
    }

    /// A named quantity.
    pub fn atom(atom: Atom) -> Self {
        Self { terms: BTreeMap::from([(Powers::from([(atom, 2)]), Complex64::ONE)]) }
    }

    /// Whether it is zero whatever the values of its names.
    pub fn is_zero(&self) -> bool {
        self.terms.is_empty()
    }

    /// The sum.
    pub fn plus(&self, other: &Self) -> Self {
        let mut sum = self.terms.clone();
        let mut largest: f64 = 0.0;
        for (powers, c) in &other.terms {
            let known = sum.entry(powers.clone()).or_default();
            largest = largest.max(known.norm()).max(c.norm());
            *known += c;
        }
        // What is left of terms that cancel.
        sum.retain(|_, c| c.norm() > 1e-14 * largest);
        Self { terms: sum }
    }

    /// The product.
    pub fn times(&self, other: &Self) -> Self {
        let mut product = Self::default();
        for (left, a) in &self.terms {
            for (right, b) in &other.terms {
                let mut powers = left.clone();
                for (atom, power) in right {
                    *powers.entry(atom.clone()).or_default() += power;
                }
                powers.retain(|_, power| *power != 0);
                product = product.plus(&Self { terms: BTreeMap::from([(powers, a * b)]) });
            }
        }
        product
    }

    /// The power `twice / 2` of a single product: `None` of sums, and where a root of a negative number or of what
    /// may be negative inside of it would be needed.
    pub fn power(&self, twice: i32) -> Option<Self> {
        let (powers, c) = self.terms.iter().next().filter(|_| self.terms.len() == 1)?;
        let whole = twice % 2 == 0;
        let rooted = |atom: &Atom, power: i32| power == 2 || (power % 2 == 0 && atom.value > 0.0);
        let has_root = c.im == 0.0 && c.re > 0.0 && powers.iter().all(|(atom, power)| rooted(atom, *power));
        if !(whole || has_root) {
            return None;
        }
        let c = if whole { c.powi(twice / 2) } else { Complex64::from(c.re.powi(twice).sqrt()) };
        let powers = powers.iter().map(|(atom, power)| (atom.clone(), power * twice / 2));
        Some(Self { terms: BTreeMap::from([(powers.filter(|(_, power)| *power != 0).collect(), c)]) })
    }

    /// Its value.
    pub fn value(&self) -> Complex64 {
        let power = |(atom, twice): (&Atom, &i32)| {
            if twice % 2 == 0 { atom.value.powi(twice / 2) } else { atom.value.sqrt().powi(*twice) }
        };
        self.terms.iter().map(|(powers, c)| powers.iter().map(power).product::<f64>() * c).sum()
    }

    /// The names in it, each once.
    pub fn atoms(&self) -> impl Iterator<Item = &Atom> {
        let all: std::collections::BTreeSet<&Atom> = self.terms.keys().flat_map(BTreeMap::keys).collect();
        all.into_iter()
    }
}
