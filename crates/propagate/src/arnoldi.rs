//! The Arnoldi process.

use std::ops::ControlFlow;

use crate::vector::{MAX_TERMS, PARALLEL, ScaledVector, accumulate, combine, dot, norm, scale};
use crate::{Action, LinearOperator, Poll};

/// A new direction smaller than this, relative to the image of the last one, is rounding only.
const BREAKDOWN: f64 = 1e-14;
/// A vector that loses more than this factor by orthogonalisation is orthogonalised again.
const CANCELLATION: f64 = 0.707;

/// An orthonormal basis v_1.. of the Krylov subspace span{y, Z y, Z^2 y, ...} and the matrix H = V^T Z V.
#[derive(Default)]
pub(crate) struct Arnoldi {
    /// Allocated once, then reused; `size` + 1 of them are in use.
    basis: Vec<Vec<f64>>,
    /// Columns of H; column j holds rows 0 to j + 1.
    columns: Vec<Vec<f64>>,
    size: usize,
    /// Norm of the start vector.
    scale: f64,
    invariant: bool,
}

impl Arnoldi {
    /// Starts anew from `y`; None if it is not finite.
    pub(crate) fn start(&mut self, y: &[f64]) -> Option<()> {
        self.size = 0;
        self.scale = norm(y);
        self.invariant = self.scale == 0.0;
        if self.invariant || !self.scale.is_finite() {
            return self.scale.is_finite().then_some(());
        }
        let scale = self.scale;
        combine(self.vector(0, y.len()), &[(1.0 / scale, y)]);
        Some(())
    }

    /// Number of basis vectors that H describes.
    pub(crate) fn dimension(&self) -> usize {
        self.size
    }

    /// Whether the subspace is invariant under Z: then it holds the solution for all times.
    pub(crate) fn invariant(&self) -> bool {
        self.invariant
    }

    /// Adds one vector by modified Gram-Schmidt, repeated if much cancelled, unless `poll` breaks it off; None if
    /// it is not finite.
    pub(crate) fn extend(&mut self, map: &dyn LinearOperator, poll: Poll<'_>) -> Option<ControlFlow<()>> {
        let j = self.size;
        let dim = map.dim();
        self.vector(j + 1, dim);
        if self.columns.len() <= j {
            self.columns.push(Vec::with_capacity(j + 2));
        }
        let (basis, new) = self.basis.split_at_mut(j + 1);
        let (new, column) = (&mut new[0], &mut self.columns[j]);
        if map.act(Action::Whole, &basis[j], new, poll).is_break() {
            return Some(ControlFlow::Break(()));
        }
        let full = norm(new);
        if !full.is_finite() {
            return None;
        }
        column.clear();
        column.resize(j + 2, 0.0);
        let mut before = full;
        let Some(mut after) = orthogonalise(basis, new, column, poll) else {
            return Some(ControlFlow::Break(()));
        };
        for _ in 0..2 {
            if after >= CANCELLATION * before || after <= BREAKDOWN * full {
                break;
            }
            before = after;
            after = match orthogonalise(basis, new, column, poll) {
                Some(after) => after,
                None => return Some(ControlFlow::Break(())),
            };
        }
        self.size = j + 1;
        if after <= BREAKDOWN * full || self.size == dim {
            self.invariant = true;
            return Some(ControlFlow::Continue(()));
        }
        column[j + 1] = after;
        scale(new, 1.0 / after);
        Some(ControlFlow::Continue(()))
    }

    /// Norm of the start vector.
    pub(crate) fn scale(&self) -> f64 {
        self.scale
    }

    /// The element (i, j) of H, with one row more than columns.
    pub(crate) fn element(&self, i: usize, j: usize) -> f64 {
        self.columns[j].get(i).copied().unwrap_or(0.0)
    }

    /// The basis vectors, with the one that H only leads to unless the subspace is invariant.
    pub(crate) fn basis(&self) -> &[Vec<f64>] {
        let vectors = if self.size == 0 { 0 } else { self.size + usize::from(!self.invariant) };
        &self.basis[..vectors]
    }

    /// `out` = the basis vectors with these coefficients.
    pub(crate) fn combination(&self, coefficients: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        let mut terms: [ScaledVector; MAX_TERMS] = [(0.0, &[]); MAX_TERMS];
        for (chunk, basis) in coefficients.chunks(MAX_TERMS).zip(self.basis.chunks(MAX_TERMS)) {
            for (term, (&c, v)) in terms.iter_mut().zip(chunk.iter().zip(basis)) {
                *term = (c, v);
            }
            accumulate(out, &terms[..chunk.len()]);
        }
    }

    fn vector(&mut self, index: usize, dim: usize) -> &mut Vec<f64> {
        while self.basis.len() <= index {
            self.basis.push(vec![0.0; dim]);
        }
        &mut self.basis[index]
    }
}

/// Removes the components of `new` along `basis`, adds them to `column` and returns the norm that is left; `None`
/// if `poll` breaks it off, which it may between vectors that are long.
fn orthogonalise(basis: &[Vec<f64>], new: &mut [f64], column: &mut [f64], poll: Poll<'_>) -> Option<f64> {
    for (v, h) in basis.iter().zip(column) {
        if v.len() >= PARALLEL && poll().is_break() {
            return None;
        }
        let component = dot(v, new);
        *h += component;
        accumulate(new, &[(-component, v)]);
    }
    Some(norm(new))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nearly singular directions make plain Gram-Schmidt lose orthogonality.
    struct Graded;

    impl LinearOperator for Graded {
        fn dim(&self) -> usize {
            60
        }
        fn apply(&self, x: &[f64], out: &mut [f64]) {
            for (i, value) in out.iter_mut().enumerate() {
                *value = x[i] * 0.7_f64.powi(i as i32) + 1e-3 * x[(7 * i + 3) % 60];
            }
        }
        fn norm_bound(&self) -> f64 {
            1.001
        }
    }

    #[test]
    fn the_basis_is_orthonormal_and_obeys_the_arnoldi_relation() {
        let mut process = Arnoldi::default();
        process.start(&[1.0; 60]).expect("finite");
        for _ in 0..25 {
            assert!(process.extend(&Graded, &|| ControlFlow::Continue(())).expect("finite").is_continue());
        }
        let (basis, h) = (&process.basis, &process);
        for (i, v) in basis[..26].iter().enumerate() {
            for (j, w) in basis[..26].iter().enumerate() {
                let exact = f64::from(u8::from(i == j));
                assert!((dot(v, w) - exact).abs() < 1e-14, "({i}, {j}): {:e}", dot(v, w));
            }
        }
        for j in 0..25 {
            let mut rest = vec![0.0; 60];
            Graded.apply(&basis[j], &mut rest);
            for (i, v) in basis[..26].iter().enumerate() {
                accumulate(&mut rest, &[(-h.element(i, j), v)]);
            }
            assert!(norm(&rest) < 1e-14, "column {j}: {:e}", norm(&rest));
        }
    }

    #[test]
    fn a_zero_start_vector_is_invariant_and_nan_is_refused() {
        let mut process = Arnoldi::default();
        process.start(&[0.0; 60]).expect("finite");
        assert!(process.invariant());
        assert!(process.start(&[f64::NAN; 60]).is_none());
    }
}
