//! Rotations of a frame: the unitary that keeps a state where it is while the basis of one subsystem moves.
//!
//! ```text
//! ladder: the axis of quantisation turns by 2 |beta|   mode: the origin moves by beta (a very large sphere)
//!
//! exp(beta A^+ - beta* A^-) = e^(i phi k) exp(r (A^+ - A^-)) e^(-i phi k)       beta = r e^(i phi), level k
//!                             phases      real matrix        phases
//! ```

use num_complex::Complex64;
use pulp::NullaryFnOnce;

use crate::basis::{Basis, Grid, apply_along};
use crate::vector::{Vector, products, weight, wide};

/// Largest norm of the exponent of one substep of [`Rotation::apply`].
const SUBSTEP: f64 = 2.0;
/// A substep as a series costs as much per amplitude as this many elements of a dense row.
const SERIES: usize = 100;

/// Buffers of [`Rotation::apply`].
#[derive(Debug, Default)]
pub(crate) struct RotationScratch {
    bands: Vec<Complex64>,
    phases: Vec<Complex64>,
    matrix: Vector,
    term: Vector,
    next: Vector,
}

/// `exp(beta A^+ - beta* A^-)` along one subsystem: a displacement by beta of a mode, a rotation of a ladder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rotation {
    pub(crate) beta: Complex64,
}

impl Rotation {
    /// Applies the rotation to `psi` on the levels of its window. It is unitary there to rounding. Returns a
    /// bound of the norm that would have left the window.
    ///
    /// The rotation is cut into substeps, so that its series converges soon. A substep is a series for `psi`
    /// itself or, where the other subsystems have many states, a product with the real matrix.
    pub(crate) fn apply(
        self,
        basis: &Basis,
        axis: usize,
        psi: &mut Vector,
        scratch: &mut RotationScratch,
    ) -> f64 {
        let RotationScratch { bands, phases, matrix, term, next } = scratch;
        let (ladder, window, grid) = (basis.axes[axis], basis.windows[axis], basis.grid(axis));
        let levels = || (0..window.len as i64).map(|k| window.low + k);
        let largest = levels().map(|k| ladder.element(1, k)).fold(0.0, f64::max);
        let parts = (2.0 * self.beta.norm() * largest / SUBSTEP).ceil().max(1.0);
        let size = self.beta.norm() / parts;
        bands.clear();
        bands.extend(levels().map(|k| Complex64::from(-size * ladder.element(-1, k))));
        bands.extend(levels().map(|k| Complex64::from(size * ladder.element(1, k))));
        let edges = (size * ladder.element(-1, window.low), size * ladder.element(1, window.end() - 1));
        phases.clear();
        phases.extend((0..window.len).map(|k| Complex64::from_polar(1.0, -self.beta.arg() * k as f64)));
        multiply_levels(grid, phases, psi);
        let work = parts as usize * grid.outer * grid.inner;
        let dense = window.len * (SERIES + work) < SERIES * work;
        if dense {
            matrix.clear(window.len * window.len);
            (0..window.len).for_each(|k| matrix.re[k * window.len + k] = 1.0);
            exponential(Grid { outer: 1, len: window.len, inner: window.len }, bands, matrix, term, next);
        }
        let mut left = 0.0;
        for _ in 0..parts as usize {
            let before = edge_norms(grid, psi);
            if dense {
                next.reshape(psi.len());
                wide(Multiply { grid, matrix: &matrix.re, x: &psi.re, out: &mut next.re });
                wide(Multiply { grid, matrix: &matrix.re, x: &psi.im, out: &mut next.im });
                std::mem::swap(psi, next);
            } else {
                exponential(grid, bands, psi, term, next);
            }
            let after = edge_norms(grid, psi);
            left += edges.0 * before.0.max(after.0) + edges.1 * before.1.max(after.1);
        }
        for c in phases.iter_mut() {
            *c = c.conj();
        }
        multiply_levels(grid, phases, psi);
        left
    }
}

/// `psi := exp(B) psi` by its series, for an operator B of one subsystem with the shifts -1 and 1.
fn exponential(grid: Grid, bands: &[Complex64], psi: &mut Vector, term: &mut Vector, next: &mut Vector) {
    term.copy(psi);
    let square = psi.norm_sqr();
    for k in 1..60 {
        apply_along(grid, &[-1, 1], bands, 0, term, next);
        next.scale(1.0 / f64::from(k));
        psi.add(Complex64::ONE, next);
        std::mem::swap(term, next);
        if term.norm_sqr() <= 1e-34 * square {
            break;
        }
    }
}

/// `psi := diag(factors) psi` along one subsystem.
fn multiply_levels(grid: Grid, factors: &[Complex64], psi: &mut Vector) {
    for start in 0..grid.outer * grid.len {
        let c = factors[start % grid.len];
        let range = start * grid.inner..(start + 1) * grid.inner;
        for (re, im) in psi.re[range.clone()].iter_mut().zip(&mut psi.im[range]) {
            (*re, *im) = (c.re * *re - c.im * *im, c.re * *im + c.im * *re);
        }
    }
}

/// Numbers that are summed in registers.
const TILE: usize = 8;

/// `out = M x` along one subsystem for a real matrix, given as `matrix[target][source]`.
struct Multiply<'a> {
    grid: Grid,
    matrix: &'a [f64],
    x: &'a [f64],
    out: &'a mut [f64],
}

impl NullaryFnOnce for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { grid: Grid { len, inner, .. }, matrix, x, out } = self;
        for (x, out) in x.chunks_exact(len * inner).zip(out.chunks_exact_mut(len * inner)) {
            for (elements, out) in matrix.chunks_exact(len).zip(out.chunks_exact_mut(inner)) {
                if inner == 1 {
                    out[0] = products(elements, x);
                    continue;
                }
                let tiles = inner - inner % TILE;
                for first in (0..tiles).step_by(TILE) {
                    let mut sums = [0.0; TILE];
                    for (element, x) in elements.iter().zip(x.chunks_exact(inner)) {
                        let x = &x[first..first + TILE];
                        sums.iter_mut().zip(x).for_each(|(sum, x)| *sum += element * x);
                    }
                    out[first..first + TILE].copy_from_slice(&sums);
                }
                for (place, y) in out.iter_mut().enumerate().skip(tiles) {
                    *y = elements
                        .iter()
                        .zip(x.chunks_exact(inner))
                        .map(|(element, x)| element * x[place])
                        .sum();
                }
            }
        }
    }
}

/// Norms of the lowest and of the highest level of an array.
fn edge_norms(grid: Grid, psi: &Vector) -> (f64, f64) {
    let norm = |level: usize| {
        let slab = |row: usize| {
            let start = (row * grid.len + level) * grid.inner;
            weight(psi, start..start + grid.inner)
        };
        (0..grid.outer).map(slab).sum::<f64>().sqrt()
    };
    (norm(0), norm(grid.len - 1))
}
