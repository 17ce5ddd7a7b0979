//! The basis a state is written in: levels, frame and window of every subsystem; operations along one subsystem.

use num_complex::Complex64;
use superladder_space::Axis;

use crate::frame::Frame;
use crate::vector::{Vector, add_scaled, sum_of_squares};

/// Levels that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// The lowest level.
    pub(crate) low: i64,
    /// How many.
    pub(crate) len: usize,
}

impl Window {
    /// Level after the highest.
    pub(crate) fn end(self) -> i64 {
        self.low + self.len as i64
    }
}

/// A product basis: modes, then ensembles; the last subsystem runs fastest.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Basis {
    pub(crate) axes: Vec<Axis>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) windows: Vec<Window>,
}

/// A state as an array along one subsystem: `outer` x `len` x `inner`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    pub(crate) outer: usize,
    pub(crate) len: usize,
    pub(crate) inner: usize,
}

impl Basis {
    /// Amplitudes.
    pub(crate) fn len(&self) -> usize {
        self.windows.iter().map(|w| w.len).product()
    }

    /// The array along a subsystem.
    pub(crate) fn grid(&self, axis: usize) -> Grid {
        let product = |w: &[Window]| w.iter().map(|w| w.len).product();
        let (before, after) = (product(&self.windows[..axis]), product(&self.windows[axis + 1..]));
        Grid { outer: before, len: self.windows[axis].len, inner: after }
    }

    /// Moves `psi` to another window of a subsystem: levels that are new get zero, those that fall out are dropped.
    pub(crate) fn regrid(&mut self, axis: usize, window: Window, psi: &mut Vector, scratch: &mut Vector) {
        let (old, grid) = (self.windows[axis], self.grid(axis));
        if old == window {
            return;
        }
        let (first, last) = (old.low.max(window.low), old.end().min(window.end()));
        scratch.clear(grid.outer * window.len * grid.inner);
        let count = (last - first).max(0) as usize * grid.inner;
        for outer in 0..grid.outer {
            let from = (outer * old.len) * grid.inner + (first - old.low).max(0) as usize * grid.inner;
            let to = (outer * window.len) * grid.inner + (first - window.low).max(0) as usize * grid.inner;
            if count > 0 {
                scratch.re[to..to + count].copy_from_slice(&psi.re[from..from + count]);
                scratch.im[to..to + count].copy_from_slice(&psi.im[from..from + count]);
            }
        }
        self.windows[axis] = window;
        std::mem::swap(psi, scratch);
    }

    /// Weight of every level of a subsystem in `psi`.
    pub(crate) fn populations(&self, axis: usize, psi: &Vector, out: &mut Vec<f64>) {
        let Grid { outer, len, inner } = self.grid(axis);
        out.clear();
        out.resize(len, 0.0);
        for row in 0..outer {
            for (level, sum) in out.iter_mut().enumerate() {
                let start = (row * len + level) * inner;
                let range = start..start + inner;
                *sum += sum_of_squares(&psi.re[range.clone()]) + sum_of_squares(&psi.im[range]);
            }
        }
    }

    /// `<A^->` of a subsystem in its frame, A^- = b or S^-, not divided by the norm.
    pub(crate) fn lowering(&self, axis: usize, psi: &Vector) -> Complex64 {
        let Grid { outer, len, inner } = self.grid(axis);
        let mut sum = Complex64::ZERO;
        for level in 1..len {
            let element = self.axes[axis].element(-1, self.windows[axis].low + level as i64);
            let mut part = Complex64::ZERO;
            for row in 0..outer {
                let start = (row * len + level) * inner;
                for i in start..start + inner {
                    part += psi.get(i - inner).conj() * psi.get(i);
                }
            }
            sum += element * part;
        }
        sum
    }
}

/// Applies an operator of one subsystem, given by `bands[shift][level] = <level + shift| A |level>`: `out = A psi` on
/// `pad` more levels at either end.
pub(crate) fn apply_along(
    grid: Grid,
    shifts: &[i64],
    bands: &[Complex64],
    pad: usize,
    psi: &Vector,
    out: &mut Vector,
) {
    let Grid { outer, len, inner } = grid;
    let wide = len + 2 * pad;
    out.clear(outer * wide * inner);
    for (shift, band) in shifts.iter().zip(bands.chunks_exact(len)) {
        let offset = pad as i64 + shift;
        let first = (-offset).max(0) as usize;
        let last = (wide as i64 - offset).clamp(0, len as i64) as usize;
        if first >= last {
            continue;
        }
        for row in 0..outer {
            let target = (row * wide) as i64 + offset;
            if inner == 1 {
                let (from, to) = (row * len + first, (target + first as i64) as usize);
                let (from, to) = (from..from + last - first, to..to + last - first);
                let source = psi.re[from.clone()].iter().zip(&psi.im[from]);
                let target = out.re[to.clone()].iter_mut().zip(&mut out.im[to]);
                for (((re, im), (a, b)), c) in target.zip(source).zip(&band[first..last]) {
                    *re += c.re * a - c.im * b;
                    *im += c.re * b + c.im * a;
                }
                continue;
            }
            for level in first..last {
                if band[level] == Complex64::ZERO {
                    continue;
                }
                let to = (target + level as i64) as usize * inner;
                let from = (row * len + level) * inner;
                let source = (&psi.re[from..from + inner], &psi.im[from..from + inner]);
                add_scaled(band[level], source, (&mut out.re[to..to + inner], &mut out.im[to..to + inner]));
            }
        }
    }
}

/// Largest norm of the exponent of one substep of [`Turn::apply`].
const SUBSTEP: f64 = 2.0;

/// Buffers of [`Turn::apply`].
#[derive(Debug, Default)]
pub(crate) struct TurnScratch {
    bands: Vec<Complex64>,
    term: Vector,
    next: Vector,
}

/// `exp(beta A^+ - beta* A^-)` along one subsystem: a displacement by beta of a mode, a rotation of a ladder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) beta: Complex64,
}

impl Turn {
    /// Applies it to `psi` on the levels of its window, as an exponential series to rounding; unitary there. Returns a
    /// bound of the norm of what would have left the window.
    pub(crate) fn apply(
        self,
        basis: &Basis,
        axis: usize,
        psi: &mut Vector,
        scratch: &mut TurnScratch,
    ) -> f64 {
        let TurnScratch { bands, term, next } = scratch;
        let (ladder, window, grid) = (basis.axes[axis], basis.windows[axis], basis.grid(axis));
        let levels = || (0..window.len as i64).map(|k| window.low + k);
        let largest = levels().map(|k| ladder.element(1, k)).fold(0.0, f64::max);
        let parts = (2.0 * self.beta.norm() * largest / SUBSTEP).ceil().max(1.0);
        let beta = self.beta / parts;
        bands.clear();
        bands.extend(levels().map(|k| -beta.conj() * ladder.element(-1, k)));
        bands.extend(levels().map(|k| beta * ladder.element(1, k)));
        let edges =
            (beta.norm() * ladder.element(-1, window.low), beta.norm() * ladder.element(1, window.end() - 1));
        let mut left = 0.0;
        for _ in 0..parts as usize {
            let before = edge_norms(grid, psi);
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
            let after = edge_norms(grid, psi);
            left += edges.0 * before.0.max(after.0) + edges.1 * before.1.max(after.1);
        }
        left
    }
}

/// Norms of the lowest and of the highest level of an array.
fn edge_norms(grid: Grid, psi: &Vector) -> (f64, f64) {
    let norm = |level: usize| {
        let slab = |row: usize| {
            let start = (row * grid.len + level) * grid.inner;
            let range = start..start + grid.inner;
            sum_of_squares(&psi.re[range.clone()]) + sum_of_squares(&psi.im[range])
        };
        (0..grid.outer).map(slab).sum::<f64>().sqrt()
    };
    (norm(0), norm(grid.len - 1))
}
