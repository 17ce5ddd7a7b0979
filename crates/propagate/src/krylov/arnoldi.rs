//! The Arnoldi process and what is read from its Hessenberg matrix.

use superladder_dense::{Mat, expm, one_norm, scaled, squared};

use crate::LinearOperator;
use crate::propagator::Observer;
use crate::vector::{MAX_TERMS, ScaledVector, accumulate, combine, dot, norm, scale};

/// A new direction smaller than this, relative to A times the last one, is rounding only.
const BREAKDOWN: f64 = 1e-14;
/// A vector that loses more than this factor by orthogonalisation is orthogonalised again.
const CANCELLATION: f64 = 0.707;

/// An orthonormal basis v_1.. of a Krylov subspace and the matrix H = V^T A V.
#[derive(Default)]
pub(crate) struct Subspace {
    /// Allocated once, then reused; `size` + 1 of them are in use.
    basis: Vec<Vec<f64>>,
    /// Columns of H; column j holds rows 0 to j + 1.
    columns: Vec<Vec<f64>>,
    size: usize,
    /// Norm of the start vector.
    scale: f64,
    invariant: bool,
    /// Probes of the basis vectors, one row a vector.
    probes: Vec<f64>,
}

impl Subspace {
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

    /// Whether the subspace is invariant under A: then it holds the solution for all times.
    pub(crate) fn invariant(&self) -> bool {
        self.invariant
    }

    /// Adds one vector by modified Gram-Schmidt, repeated if much cancelled; None if it is not finite.
    pub(crate) fn extend(&mut self, operator: &dyn LinearOperator) -> Option<()> {
        let j = self.size;
        let dim = operator.dim();
        self.vector(j + 1, dim);
        if self.columns.len() <= j {
            self.columns.push(Vec::with_capacity(j + 2));
        }
        let (basis, new) = self.basis.split_at_mut(j + 1);
        let (new, column) = (&mut new[0], &mut self.columns[j]);
        operator.apply(&basis[j], new);
        let full = norm(new);
        if !full.is_finite() {
            return None;
        }
        column.clear();
        column.resize(j + 2, 0.0);
        let mut before = full;
        let mut after = orthogonalise(basis, new, column);
        for _ in 0..2 {
            if after >= CANCELLATION * before || after <= BREAKDOWN * full {
                break;
            }
            before = after;
            after = orthogonalise(basis, new, column);
        }
        self.size = j + 1;
        if after <= BREAKDOWN * full || self.size == dim {
            self.invariant = true;
            return Some(());
        }
        column[j + 1] = after;
        scale(new, 1.0 / after);
        Some(())
    }

    /// Whether an estimate for a step of `h` has a chance to be small: about h ‖H‖ vectors are needed
    /// for rotations, about the square root of it for decays.
    pub(crate) fn promising(&self, h: f64) -> bool {
        let size = self.size as f64;
        h * self.norm() <= size * size
    }

    /// A step beyond which a subspace of this size has no chance, at most `h`.
    pub(crate) fn reach(&self, h: f64) -> f64 {
        let size = (self.size + 1) as f64;
        h.min(size * size / self.norm().max(f64::MIN_POSITIVE))
    }

    fn norm(&self) -> f64 {
        one_norm(&self.matrix(0)).unwrap_or(f64::INFINITY)
    }

    /// Estimated error of a step of `h`, relative to the start vector; None if it overflows.
    ///
    /// The larger of h_(m+1,m) |e_m^T h φ_1(h H) e_1| and its successor with φ_2, at h and at h / 2 (an
    /// oscillating estimate may vanish at one of them).
    pub(crate) fn error(&self, h: f64) -> Option<f64> {
        let m = self.size;
        let matrix = self.matrix(2);
        let norm = one_norm(&self.matrix(0))?;
        let half = expm(&scaled(&matrix, 0.5 * h));
        let full = squared(&half);
        let first = half[(m, 0)].abs().max(full[(m, 0)].abs());
        let second = norm * half[(m + 1, 0)].abs().max(full[(m + 1, 0)].abs());
        let error = first.max(second);
        error.is_finite().then_some(error)
    }

    /// `out` = the state `h` after the start; None if it overflows.
    pub(crate) fn state(&self, h: f64, out: &mut [f64]) -> Option<()> {
        out.fill(0.0);
        let coefficients = self.coefficients(h)?;
        let mut terms: [ScaledVector; MAX_TERMS] = [(0.0, &[]); MAX_TERMS];
        for (chunk, basis) in coefficients.chunks(MAX_TERMS).zip(self.basis.chunks(MAX_TERMS)) {
            for (term, (&c, v)) in terms.iter_mut().zip(chunk.iter().zip(basis)) {
                *term = (c, v);
            }
            accumulate(out, &terms[..chunk.len()]);
        }
        Some(())
    }

    /// Evaluates the probes of `observer` on all basis vectors.
    pub(crate) fn evaluate(&mut self, observer: &dyn Observer) {
        let count = observer.probe_count();
        let vectors = if self.size == 0 { 0 } else { self.size + usize::from(!self.invariant) };
        self.probes.clear();
        self.probes.resize(vectors * count, 0.0);
        for (row, v) in self.probes.chunks_exact_mut(count.max(1)).zip(&self.basis) {
            observer.probe(v, row);
        }
    }

    /// `out` = the probes of the state `h` after the start, after [`Subspace::evaluate`]; None if they
    /// overflow.
    pub(crate) fn probes(&self, h: f64, out: &mut [f64]) -> Option<()> {
        self.sum(&self.coefficients(h)?, out);
        Some(())
    }

    fn sum(&self, coefficients: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for (c, row) in coefficients.iter().zip(self.probes.chunks_exact(out.len().max(1))) {
            for (o, p) in out.iter_mut().zip(row) {
                *o += c * p;
            }
        }
    }

    /// `out` = the probes at `count` times `spacing` apart, one row a time, after [`Subspace::evaluate`];
    /// None if they overflow. One exponential serves all of them.
    pub(crate) fn samples(&self, spacing: f64, count: usize, out: &mut [f64]) -> Option<()> {
        let width = (out.len() / count.max(1)).max(1);
        if self.size == 0 {
            out.fill(0.0);
            return Some(());
        }
        let matrix = self.matrix(usize::from(!self.invariant));
        let exponential = expm(&scaled(&matrix, spacing));
        let mut coefficients = vec![0.0; matrix.nrows()];
        coefficients[0] = self.scale;
        for row in out.chunks_exact_mut(width) {
            let rows = 0..coefficients.len();
            let moved = |i: usize| rows.clone().map(|j| exponential[(i, j)] * coefficients[j]).sum::<f64>();
            let next: Vec<f64> = rows.clone().map(moved).collect();
            coefficients = next;
            if !coefficients.iter().all(|c| c.is_finite()) {
                return None;
            }
            self.sum(&coefficients, row);
        }
        Some(())
    }

    /// Coefficients of the state `h` after the start on the basis vectors; None if they overflow.
    fn coefficients(&self, h: f64) -> Option<Vec<f64>> {
        if self.size == 0 {
            return Some(Vec::new());
        }
        let matrix = self.matrix(usize::from(!self.invariant));
        let exponential = expm(&scaled(&matrix, h));
        let column: Vec<f64> = (0..matrix.nrows()).map(|i| self.scale * exponential[(i, 0)]).collect();
        column.iter().all(|c| c.is_finite()).then_some(column)
    }

    /// H with `extra` more rows and columns: [[H, 0, 0], [h e_m^T, 0, 0], [0, 1, 0]], whose exponential
    /// holds φ_1 and φ_2 in its first column.
    fn matrix(&self, extra: usize) -> Mat<f64> {
        let m = self.size;
        Mat::from_fn(m + extra, m + extra, |i, j| {
            if j < m {
                self.columns[j].get(i).copied().unwrap_or(0.0)
            } else {
                f64::from(u8::from(i == j + 1))
            }
        })
    }

    fn vector(&mut self, index: usize, dim: usize) -> &mut Vec<f64> {
        while self.basis.len() <= index {
            self.basis.push(vec![0.0; dim]);
        }
        &mut self.basis[index]
    }
}

/// Removes the components of `new` along `basis`, adds them to `column` and returns the norm that is left.
fn orthogonalise(basis: &[Vec<f64>], new: &mut [f64], column: &mut [f64]) -> f64 {
    for (v, h) in basis.iter().zip(column) {
        let component = dot(v, new);
        *h += component;
        accumulate(new, &[(-component, v)]);
    }
    norm(new)
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
        let mut subspace = Subspace::default();
        subspace.start(&[1.0; 60]).expect("finite");
        for _ in 0..25 {
            subspace.extend(&Graded).expect("finite");
        }
        let (basis, h) = (&subspace.basis, subspace.matrix(1));
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
                accumulate(&mut rest, &[(-h[(i, j)], v)]);
            }
            assert!(norm(&rest) < 1e-14, "column {j}: {:e}", norm(&rest));
        }
    }

    #[test]
    fn a_zero_start_vector_is_invariant_and_nan_is_refused() {
        let mut subspace = Subspace::default();
        subspace.start(&[0.0; 60]).expect("finite");
        assert!(subspace.invariant());
        assert!(subspace.start(&[f64::NAN; 60]).is_none());
    }
}
