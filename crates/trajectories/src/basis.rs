//! The basis that a state is written in: levels, frame and window of every subsystem; operations along one
//! subsystem.
//!
//! A window keeps the levels `low .. low + len` of a ladder, counted in the frame of its subsystem:
//!
//! ```text
//! levels of the ladder   0   1   2   3   4   5   6   7   8 ...
//! window                         [ 2   3   4   5   6 ]           low = 2, len = 5, end() = 7
//! index in the array               0   1   2   3   4             index = level - low
//! ```
//! The windows of all subsystems make one dense array, the last subsystem running fastest. An operation on
//! one of them sees that array as `outer x len x inner` ([`Grid`]):
//!
//! ```text
//! windows    3 x 5 x 4 amplitudes; along the second: outer = 3, len = 5, inner = 4
//! index      (outer * 5 + level) * 4 + inner          one level = 4 neighbours, so that loops vectorise
//! ```

use num_complex::Complex64;
use pulp::NullaryFnOnce;
use superladder_space::Axis;

use crate::frame::Frame;
use crate::vector::{Vector, add_scaled, overlap, weight, wide};

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

    /// Moves `psi` to another window of a subsystem: levels that are new get zero, those that fall out are
    /// dropped.
    ///
    /// ```text
    /// old           [ 2   3   4   5   6 ]
    /// new                   [ 4   5   6   7 ]     first = 4, last = 7: levels 4, 5, 6 are copied
    /// ```
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
        out.clear();
        out.resize(self.windows[axis].len, 0.0);
        wide(Populations { grid: self.grid(axis), psi, out });
    }

    /// `<level + d|rho|level>*` of the reduced state of a subsystem, `sum conj(psi(level + d)) psi(level)`
    /// over the levels of the others, for d = 0 to `depth`: `out[d][level]`, zero where `level + d` is beyond
    /// the window.
    pub(crate) fn coherences(&self, axis: usize, psi: &Vector, depth: usize, out: &mut Vector) {
        out.clear((depth + 1) * self.windows[axis].len);
        wide(Coherences { grid: self.grid(axis), psi, depth, out });
    }

    /// `<A^->` of a subsystem in its frame, A^- = b or S^-, not divided by the norm, from its coherences.
    pub(crate) fn lowering(&self, axis: usize, coherences: &Vector) -> Complex64 {
        let len = self.windows[axis].len;
        let element = |level: usize| self.axes[axis].element(-1, self.windows[axis].low + level as i64);
        // <level - 1| A^- |level> conj(psi(level - 1)) psi(level).
        (1..len).map(|level| element(level) * coherences.get(len + level - 1).conj()).sum()
    }
}

/// Applies an operator of one subsystem, given by `bands[shift][level] = <level + shift| A |level>`:
/// `out = A psi` on `pad` more levels at either end.
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

struct Populations<'a> {
    grid: Grid,
    psi: &'a Vector,
    out: &'a mut [f64],
}

impl NullaryFnOnce for Populations<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { grid: Grid { outer, len, inner }, psi, out } = self;
        for row in 0..outer {
            if inner == 1 {
                let range = row * len..(row + 1) * len;
                let amplitudes = psi.re[range.clone()].iter().zip(&psi.im[range]);
                out.iter_mut().zip(amplitudes).for_each(|(sum, (a, b))| *sum += a * a + b * b);
                continue;
            }
            for (level, sum) in out.iter_mut().enumerate() {
                let start = (row * len + level) * inner;
                *sum += weight(psi, start..start + inner);
            }
        }
    }
}

struct Coherences<'a> {
    grid: Grid,
    psi: &'a Vector,
    depth: usize,
    out: &'a mut Vector,
}

impl NullaryFnOnce for Coherences<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { grid, psi, depth, out } = self;
        let Grid { outer, len, inner } = grid;
        Populations { grid, psi, out: &mut out.re[..len] }.call();
        for d in 1..=depth.min(len - 1) {
            let sums = d * len..(d + 1) * len - d;
            let (re, im) = (&mut out.re[sums.clone()], &mut out.im[sums]);
            for row in 0..outer {
                let start = row * len * inner;
                if inner == 1 {
                    let (bras, kets) = (start + d..start + len, start..start + len - d);
                    let bras = psi.re[bras.clone()].iter().zip(&psi.im[bras]);
                    let kets = psi.re[kets.clone()].iter().zip(&psi.im[kets]);
                    for (((re, im), (a, b)), (x, y)) in re.iter_mut().zip(im.iter_mut()).zip(bras).zip(kets) {
                        *re += a * x + b * y;
                        *im += a * y - b * x;
                    }
                    continue;
                }
                for level in 0..len - d {
                    let ket = start + level * inner;
                    let bra = ket + d * inner;
                    let part = overlap(psi, bra..bra + inner, ket..ket + inner);
                    re[level] += part.re;
                    im[level] += part.im;
                }
            }
        }
    }
}
