//! What is read from the Hessenberg matrix of a Krylov subspace of A.

use std::ops::ControlFlow;

use superladder_dense::{Mat, expm, one_norm, scaled, squared};

use crate::arnoldi::Arnoldi;
use crate::propagator::Observer;
use crate::{LinearOperator, Poll};

/// The Krylov subspace of A and the exponentials of H = V^T A V.
#[derive(Default)]
pub(crate) struct Subspace {
    arnoldi: Arnoldi,
    /// Probes of the basis vectors, one row a vector.
    probes: Vec<f64>,
}

impl Subspace {
    /// Starts anew from `y`; None if it is not finite.
    pub(crate) fn start(&mut self, y: &[f64]) -> Option<()> {
        self.arnoldi.start(y)
    }

    /// Number of basis vectors that H describes.
    pub(crate) fn dimension(&self) -> usize {
        self.arnoldi.dimension()
    }

    /// Whether the subspace is invariant under A: then it holds the solution for all times.
    pub(crate) fn invariant(&self) -> bool {
        self.arnoldi.invariant()
    }

    /// Adds one vector unless `poll` breaks it off; None if it is not finite.
    pub(crate) fn extend(
        &mut self,
        operator: &dyn LinearOperator,
        poll: Poll<'_>,
    ) -> Option<ControlFlow<()>> {
        self.arnoldi.extend(operator, poll)
    }

    /// Whether an estimate for a step of `h` has a chance to be small: about h ‖H‖ vectors are needed
    /// for rotations, about the square root of it for decays.
    pub(crate) fn promising(&self, h: f64) -> bool {
        let size = self.dimension() as f64;
        h * self.norm() <= size * size
    }

    /// A step beyond which a subspace of this size has no chance, at most `h`.
    pub(crate) fn reach(&self, h: f64) -> f64 {
        let size = (self.dimension() + 1) as f64;
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
        let m = self.dimension();
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
        self.arnoldi.combination(&self.coefficients(h)?, out);
        Some(())
    }

    /// Evaluates the probes of `observer` on all basis vectors.
    pub(crate) fn evaluate(&mut self, observer: &dyn Observer) {
        let count = observer.probe_count();
        let basis = self.arnoldi.basis();
        self.probes.clear();
        self.probes.resize(basis.len() * count, 0.0);
        for (row, v) in self.probes.chunks_exact_mut(count.max(1)).zip(basis) {
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
        if self.dimension() == 0 {
            out.fill(0.0);
            return Some(());
        }
        let matrix = self.matrix(usize::from(!self.invariant()));
        let exponential = expm(&scaled(&matrix, spacing));
        let mut coefficients = vec![0.0; matrix.nrows()];
        coefficients[0] = self.arnoldi.scale();
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
        if self.dimension() == 0 {
            return Some(Vec::new());
        }
        let matrix = self.matrix(usize::from(!self.invariant()));
        let exponential = expm(&scaled(&matrix, h));
        let column: Vec<f64> =
            (0..matrix.nrows()).map(|i| self.arnoldi.scale() * exponential[(i, 0)]).collect();
        column.iter().all(|c| c.is_finite()).then_some(column)
    }

    /// H with `extra` more rows and columns: [[H, 0, 0], [h e_m^T, 0, 0], [0, 1, 0]], whose exponential
    /// holds φ_1 and φ_2 in its first column.
    fn matrix(&self, extra: usize) -> Mat<f64> {
        let m = self.dimension();
        Mat::from_fn(m + extra, m + extra, |i, j| {
            if j < m { self.arnoldi.element(i, j) } else { f64::from(u8::from(i == j + 1)) }
        })
    }
}
