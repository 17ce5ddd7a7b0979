//! Polynomial equations as a straight program: linear forms, and rows of linear terms and of products with a
//! form.
//!
//! Terms of a row that share an unknown are one product with a linear form of the others, and a form serves
//! every row in which it appears again, up to its sign. For the reference model 14 quadratic terms become 8
//! products with 4 forms.

use std::collections::BTreeMap;

use super::{LANES, Lane};

/// A term of first degree: the place of the variable and the coefficients.
#[derive(Debug, Clone, Copy)]
pub(super) struct Linear {
    pub(super) variable: usize,
    pub(super) coefficient: Lane,
}

/// A row: `constant + sum linear + sum variable * form`.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) constant: Lane,
    pub(super) linear: Vec<Linear>,
    /// Places of a variable and of a form.
    pub(super) products: Vec<(usize, usize)>,
}

/// The program. Variables are the unknowns and, for terms above second degree, products of two variables
/// before them.
#[derive(Debug, Clone)]
pub(super) struct Program {
    /// Variables behind the unknowns, each the product of two earlier ones.
    pub(super) monomials: Vec<(usize, usize)>,
    pub(super) forms: Vec<Vec<Linear>>,
    /// Forms behind [`Program::forms`]: the negative of the one named.
    pub(super) negatives: Vec<usize>,
    pub(super) rows: Vec<Row>,
}

/// The coefficients of all lanes by row and factors (ascending).
pub(super) type Terms = BTreeMap<(usize, Vec<u32>), Lane>;

/// A term of second degree that no form covers yet.
struct Open {
    row: usize,
    factors: [usize; 2],
    coefficient: Lane,
}

impl Open {
    /// The other factor, if `variable` is one.
    fn partner(&self, variable: usize) -> Option<usize> {
        match self.factors {
            [a, b] if a == variable => Some(b),
            [a, b] if b == variable => Some(a),
            _ => None,
        }
    }
}

/// A form up to its sign, for comparison: variables with the bits of their coefficients.
type Key = Vec<(usize, [u64; LANES])>;

impl Program {
    pub(super) fn new(dim: usize, terms: Terms) -> Self {
        let row = || Row { constant: Lane::ZERO, linear: Vec::new(), products: Vec::new() };
        let mut program = Self {
            monomials: Vec::new(),
            forms: Vec::new(),
            negatives: Vec::new(),
            rows: (0..dim).map(|_| row()).collect(),
        };
        let mut known: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
        let mut open = Vec::new();
        for ((row, factors), coefficient) in terms {
            match factors[..] {
                [] => program.rows[row].constant = coefficient,
                [a] => program.rows[row].linear.push(Linear { variable: a as usize, coefficient }),
                [.., last] => {
                    let first = program.variable(dim, &mut known, &factors[..factors.len() - 1]);
                    open.push(Open { row, factors: [first, last as usize], coefficient });
                }
            }
        }
        program.cover(open);
        program
    }

    /// The variable that holds a product of unknowns.
    fn variable(&mut self, dim: usize, known: &mut BTreeMap<Vec<u32>, usize>, factors: &[u32]) -> usize {
        if let [one] = factors {
            return *one as usize;
        }
        if let Some(place) = known.get(factors) {
            return *place;
        }
        let (last, first) = (factors[factors.len() - 1] as usize, &factors[..factors.len() - 1]);
        let first = self.variable(dim, known, first);
        self.monomials.push((first, last));
        let place = dim + self.monomials.len() - 1;
        known.insert(factors.to_vec(), place);
        place
    }

    /// Covers the quadratic terms: the form that covers most of what is left goes first.
    fn cover(&mut self, mut open: Vec<Open>) {
        let (mut signed, mut negative) = (Vec::new(), BTreeMap::new());
        while !open.is_empty() {
            let mut candidates: BTreeMap<Key, Vec<(usize, usize)>> = BTreeMap::new();
            for (row, variable) in pairs(&open) {
                candidates.entry(form(&open, row, variable).0).or_default().push((row, variable));
            }
            let most = |(key, places): &(&Key, &Vec<(usize, usize)>)| (key.len() * places.len(), key.len());
            let Some((key, places)) = candidates.iter().max_by_key(most) else { return };
            let number = self.forms.len();
            for &(row, variable) in places {
                let (here, sign, terms) = form(&open, row, variable);
                // Another place of the same form may have taken a term of this one.
                if here != *key {
                    continue;
                }
                if self.forms.len() == number {
                    self.forms.push(terms.iter().map(|t| scaled(t, sign)).collect());
                }
                signed.push((row, variable, number, sign < 0.0));
                open.retain(|term| term.row != row || term.partner(variable).is_none());
            }
        }
        for (row, variable, number, negated) in signed {
            let count = self.forms.len();
            let place = if negated {
                *negative.entry(number).or_insert_with(|| {
                    self.negatives.push(number);
                    count + self.negatives.len() - 1
                })
            } else {
                number
            };
            self.rows[row].products.push((variable, place));
        }
    }
}

/// Rows and variables of the open terms, each pair once.
fn pairs(open: &[Open]) -> Vec<(usize, usize)> {
    let mut pairs: Vec<(usize, usize)> =
        open.iter().flat_map(|t| t.factors.map(|variable| (t.row, variable))).collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// What multiplies `variable` in the open terms of a row: a key that is the same for the negative, the sign,
/// and the terms.
fn form(open: &[Open], row: usize, variable: usize) -> (Key, f64, Vec<Linear>) {
    let terms = open.iter().filter(|t| t.row == row);
    let terms =
        terms.filter_map(|t| Some(Linear { variable: t.partner(variable)?, coefficient: t.coefficient }));
    let mut terms: Vec<Linear> = terms.collect();
    terms.sort_by_key(|t| t.variable);
    let first = terms.iter().flat_map(|t| t.coefficient.0).find(|x| *x != 0.0).unwrap_or(1.0);
    let sign = first.signum();
    let bits = |t: &Linear| (t.variable, scaled(t, sign).coefficient.0.map(f64::to_bits));
    (terms.iter().map(bits).collect(), sign, terms)
}

fn scaled(term: &Linear, factor: f64) -> Linear {
    // The sum turns -0 into 0, so that keys of equal forms are equal.
    Linear { variable: term.variable, coefficient: Lane(term.coefficient.0.map(|x| factor * x + 0.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_share_forms_up_to_sign() {
        // x' = z (a x + b y), y' = -z (a x + b y) + x y, z' = x^3
        let mut terms = Terms::new();
        let lane = |x: f64| Lane([x; LANES]);
        for (row, factors, x) in [
            (0, vec![0, 2], 2.0),
            (0, vec![1, 2], 3.0),
            (1, vec![0, 2], -2.0),
            (1, vec![1, 2], -3.0),
            (1, vec![0, 1], 1.0),
            (2, vec![0, 0, 0], 1.0),
        ] {
            terms.insert((row, factors), lane(x));
        }
        let program = Program::new(3, terms);
        assert_eq!(program.monomials, [(0, 0)]);
        // a x + b y serves two rows; x serves x y and x^2 x.
        assert_eq!(program.forms.len(), 2, "{program:?}");
        assert_eq!(program.negatives, [0]);
        assert_eq!(program.rows[0].products, [(2, 0)]);
        assert_eq!(program.rows[1].products, [(2, 2), (1, 1)]);
        assert_eq!(program.rows[2].products, [(3, 1)]);
    }
}
