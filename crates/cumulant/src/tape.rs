//! A polynomial vector field as flat lists of terms.

use superladder_propagate::VectorField;

/// `coefficient * y[i] * y[k] * ...` as it is put onto a tape.
#[derive(Debug, Clone, PartialEq)]
pub struct TapeTerm {
    /// Real coefficient.
    pub coefficient: f64,
    /// Numbers of the unknowns in the product, ascending.
    pub factors: Vec<u32>,
}

/// A polynomial vector field `dy_i/dt = sum_k c_k prod y`, compiled to flat arrays: evaluating it allocates
/// nothing.
#[derive(Debug, Clone, Default)]
pub struct Tape {
    constants: Vec<f64>,
    linear: Ragged<1>,
    quadratic: Ragged<2>,
    cubic: Ragged<3>,
    /// Degree above three: coefficient and range of `indices`, row by row.
    higher: Vec<Vec<(f64, std::ops::Range<usize>)>>,
    indices: Vec<u32>,
}

/// Terms of one degree: those of row i stand at `starts[i]..starts[i + 1]`.
#[derive(Debug, Clone)]
struct Ragged<const D: usize> {
    starts: Vec<u32>,
    terms: Vec<(f64, [u32; D])>,
}

impl<const D: usize> Default for Ragged<D> {
    fn default() -> Self {
        Self { starts: vec![0], terms: Vec::new() }
    }
}

impl<const D: usize> Ragged<D> {
    fn push_row(&mut self, row: &[TapeTerm]) {
        for term in row {
            if let Ok(factors) = <[u32; D]>::try_from(term.factors.as_slice()) {
                self.terms.push((term.coefficient, factors));
            }
        }
        self.starts.push(self.terms.len() as u32);
    }

    #[inline]
    fn add_to(&self, y: &[f64], out: &mut [f64]) {
        let mut begin = self.starts[0] as usize;
        for (value, end) in out.iter_mut().zip(&self.starts[1..]) {
            let end = *end as usize;
            let mut sum = 0.0;
            for (coefficient, factors) in &self.terms[begin..end] {
                let mut product = *coefficient;
                for factor in factors {
                    product *= y[*factor as usize];
                }
                sum += product;
            }
            *value += sum;
            begin = end;
        }
    }
}

impl Tape {
    /// Compiles one list of terms per row. Rows and unknowns need not be equal in number.
    pub fn new(rows: &[Vec<TapeTerm>]) -> Self {
        let mut tape = Self::default();
        for row in rows {
            let constants = row.iter().filter(|t| t.factors.is_empty()).map(|t| t.coefficient);
            tape.constants.push(constants.sum());
            tape.linear.push_row(row);
            tape.quadratic.push_row(row);
            tape.cubic.push_row(row);
            let mut higher = Vec::new();
            for term in row.iter().filter(|t| t.factors.len() > 3) {
                let start = tape.indices.len();
                tape.indices.extend(&term.factors);
                higher.push((term.coefficient, start..tape.indices.len()));
            }
            tape.higher.push(higher);
        }
        if tape.indices.is_empty() {
            tape.higher.clear();
        }
        tape
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.constants.len()
    }

    /// Number of terms.
    pub fn terms(&self) -> usize {
        let constants = self.constants.iter().filter(|c| **c != 0.0).count();
        let higher: usize = self.higher.iter().map(Vec::len).sum();
        constants + self.linear.terms.len() + self.quadratic.terms.len() + self.cubic.terms.len() + higher
    }

    /// `out` = the value of every row at `y`.
    ///
    /// # Panics
    /// If `y` is shorter than the number of unknowns.
    pub fn evaluate(&self, y: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&self.constants);
        self.linear.add_to(y, out);
        self.quadratic.add_to(y, out);
        self.cubic.add_to(y, out);
        for (value, row) in out.iter_mut().zip(&self.higher) {
            for (coefficient, range) in row {
                let product: f64 = self.indices[range.clone()].iter().map(|i| y[*i as usize]).product();
                *value += coefficient * product;
            }
        }
    }
}

impl VectorField for Tape {
    fn dim(&self) -> usize {
        self.rows()
    }

    fn derivative(&self, _t: f64, y: &[f64], out: &mut [f64]) {
        self.evaluate(y, out);
    }
}

/// The derivative of a row of terms with respect to unknown `number`.
pub fn derivative(row: &[TapeTerm], number: u32) -> Vec<TapeTerm> {
    let mut terms = Vec::new();
    for term in row {
        let power = term.factors.iter().filter(|f| **f == number).count();
        if let Some(position) = term.factors.iter().position(|f| *f == number) {
            let mut factors = term.factors.clone();
            factors.remove(position);
            terms.push(TapeTerm { coefficient: term.coefficient * power as f64, factors });
        }
    }
    terms
}

/// The matrix of derivatives `df_i/dy_k` of a polynomial vector field.
#[derive(Debug, Clone)]
pub struct TapeJacobian {
    dim: usize,
    /// Places (i, k) of the derivatives that are not zero everywhere, and the derivatives.
    entries: Vec<(usize, usize)>,
    derivatives: Tape,
}

impl TapeJacobian {
    /// The derivatives of a field with one list of terms per unknown.
    pub fn new(rows: &[Vec<TapeTerm>]) -> Self {
        let (mut entries, mut derivatives) = (Vec::new(), Vec::new());
        for (i, row) in rows.iter().enumerate() {
            let mut known: Vec<u32> = row.iter().flat_map(|term| term.factors.iter().copied()).collect();
            known.sort_unstable();
            known.dedup();
            for k in known {
                entries.push((i, k as usize));
                derivatives.push(derivative(row, k));
            }
        }
        Self { dim: rows.len(), entries, derivatives: Tape::new(&derivatives) }
    }

    /// Number of derivatives that are not zero everywhere.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the field is constant.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Puts the derivatives at `y` into the row-major `matrix`, whose other elements stay; `values` is a buffer
    /// of [`TapeJacobian::len`] numbers.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn evaluate(&self, y: &[f64], values: &mut [f64], matrix: &mut [f64]) {
        self.derivatives.evaluate(y, values);
        for ((i, k), value) in self.entries.iter().zip(values) {
            matrix[i * self.dim + k] = *value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(coefficient: f64, factors: &[u32]) -> TapeTerm {
        TapeTerm { coefficient, factors: factors.to_vec() }
    }

    #[test]
    fn a_tape_is_its_polynomial() {
        let rows = vec![
            vec![term(2.0, &[]), term(3.0, &[1]), term(-1.0, &[0, 1])],
            vec![term(0.5, &[0, 0, 1]), term(1.0, &[0, 0, 1, 1])],
        ];
        let tape = Tape::new(&rows);
        let mut out = [0.0; 2];
        tape.evaluate(&[2.0, 3.0], &mut out);
        assert_eq!(out, [2.0 + 9.0 - 6.0, 6.0 + 36.0]);
        assert_eq!(tape.terms(), 5);
        assert_eq!(derivative(&rows[1], 0), [term(1.0, &[0, 1]), term(2.0, &[0, 1, 1])]);
        assert_eq!(derivative(&rows[0], 0), [term(-1.0, &[1])]);
    }
}
