//! The rational Krylov subspace of one pole, and the exponential on it.

use std::ops::ControlFlow;

use superladder_dense::{Mat, RealLu, expm, scaled, squared};
use superladder_sparse::ShiftedLu;

use crate::arnoldi::Arnoldi;
use crate::{LinearOperator, Poll};

/// The error of a subspace is its difference from the one of so many vectors less.
const LESS: usize = 4;
/// Times that are so close together, relative to their distance from others, are the same.
const SAME: f64 = 1e-11;

/// The subspace span{y, Z y, Z^2 y, ...} with Z = (1 - s A)^-1 and its orthonormal basis V. From Z V = V H +
/// ... follows A V ~ V B with B = (1 - H^-1)/s, so that exp(t A) y ~ ‖y‖ V exp(t B) e_1.
#[derive(Default)]
pub(super) struct RationalSubspace {
    arnoldi: Arnoldi,
    shift: f64,
}

/// Z as an operator.
struct Solved<'a> {
    factors: &'a ShiftedLu,
    dim: usize,
}

impl LinearOperator for Solved<'_> {
    fn dim(&self) -> usize {
        self.dim
    }
    fn apply(&self, x: &[f64], out: &mut [f64]) {
        out.copy_from_slice(x);
        self.factors.solve(out);
    }
    fn norm_bound(&self) -> f64 {
        f64::INFINITY
    }
}

impl RationalSubspace {
    /// Starts anew from `y` with the pole 1/`shift`; None if it is not finite.
    pub(super) fn start(&mut self, y: &[f64], shift: f64) -> Option<()> {
        self.shift = shift;
        self.arnoldi.start(y)
    }

    /// Adds one vector unless `poll` breaks it off; None if it is not finite.
    pub(super) fn extend(
        &mut self,
        factors: &ShiftedLu,
        dim: usize,
        poll: Poll<'_>,
    ) -> Option<ControlFlow<()>> {
        self.arnoldi.extend(&Solved { factors, dim }, poll)
    }

    /// Number of basis vectors that H describes.
    pub(super) fn dimension(&self) -> usize {
        self.arnoldi.dimension()
    }

    /// Whether the subspace holds the solution for all times.
    pub(super) fn invariant(&self) -> bool {
        self.arnoldi.invariant()
    }

    /// Estimated errors, relative to the start vector, at h, h/2, h/4, ... down to the first time that is not
    /// above `least`: how far the solutions in this subspace and in a smaller one are apart. `None` if they
    /// overflow.
    pub(super) fn errors(&self, h: f64, least: f64) -> Option<Vec<f64>> {
        let (whole, small) = (self.dimension(), self.dimension().saturating_sub(LESS).max(1));
        let halvings = (h / least).log2().ceil().max(0.0) as i32;
        let first = h * 0.5_f64.powi(halvings);
        let mut pair = [self.matrix(whole)?, self.matrix(small)?].map(|b| expm(&scaled(&b, first)));
        let mut errors = Vec::new();
        for halving in (0..=halvings).rev() {
            let [a, b] = &pair;
            let difference = |i: usize| a[(i, 0)] - if i < small { b[(i, 0)] } else { 0.0 };
            let error = (0..whole).map(|i| difference(i).powi(2)).sum::<f64>().sqrt();
            if !error.is_finite() {
                return None;
            }
            errors.push(error);
            if halving > 0 {
                pair = pair.map(|e| squared(&e));
            }
        }
        errors.reverse();
        Some(errors)
    }

    /// Coefficients of the states at increasing `times` after the start on the basis vectors; None if they
    /// overflow. Times at equal distances share one exponential.
    pub(super) fn coefficients(&self, times: &[f64]) -> Option<Vec<Vec<f64>>> {
        let size = self.dimension();
        if size == 0 {
            return Some(vec![Vec::new(); times.len()]);
        }
        let matrix = self.matrix(size)?;
        let mut present = vec![0.0; size];
        present[0] = self.arnoldi.scale();
        let (mut time, mut known) = (0.0, None::<(f64, Mat<f64>)>);
        let mut found = Vec::with_capacity(times.len());
        for &next in times {
            let distance = next - time;
            let other = |known: &(f64, Mat<f64>)| (known.0 - distance).abs() > SAME * distance;
            if known.as_ref().is_none_or(other) {
                known = Some((distance, expm(&scaled(&matrix, distance))));
            }
            let exponential = &known.as_ref()?.1;
            let moved = |i: usize| (0..size).map(|j| exponential[(i, j)] * present[j]).sum::<f64>();
            present = (0..size).map(moved).collect();
            if !present.iter().all(|c| c.is_finite()) {
                return None;
            }
            found.push(present.clone());
            time = next;
        }
        Some(found)
    }

    /// `out` = the state with these coefficients.
    pub(super) fn state(&self, coefficients: &[f64], out: &mut [f64]) {
        self.arnoldi.combination(coefficients, out);
    }

    /// B on the first vectors; None if H is not finite there.
    fn matrix(&self, size: usize) -> Option<Mat<f64>> {
        let h: Vec<f64> = (0..size * size).map(|k| self.arnoldi.element(k / size, k % size)).collect();
        let factors = RealLu::new(&h, size)?;
        let mut b = Mat::zeros(size, size);
        for j in 0..size {
            let mut column = vec![0.0; size];
            column[j] = 1.0;
            factors.solve(&mut column, false);
            for (i, x) in column.into_iter().enumerate() {
                b[(i, j)] = (f64::from(u8::from(i == j)) - x) / self.shift;
            }
        }
        Some(b)
    }
}
