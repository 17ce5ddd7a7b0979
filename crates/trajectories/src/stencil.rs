//! The generator on the windows of a basis: one array of coefficients for every shift of the levels.
//!
//! A term of `G = -i H_eff` changes the level of every subsystem by a fixed amount, its *shift*. The windows
//! are one array whose last subsystem runs fastest, so that a shift is one distance (*offset*) in that array:
//!
//! ```text
//! two subsystems, windows of 3 x 4 levels; shift (+1, -1), offset 1 * 4 - 1 * 1 = 3
//!
//!     level of the second    0   1   2   3
//!     first 0                0   1   2   3       y[i + 3] += c[i + 3] x[i]
//!     first 1                4   5   6   7           1 -> 4    2 -> 5    3 -> 6
//!     first 2                8   9  10  11           5 -> 8    6 -> 9    7 -> 10
//! ```
//! Along the array 0 -> 3, 4 -> 7 and 8 -> 11 have the same offset, but they leave the window: the second
//! level would be -1. Their coefficients c[3], c[7] and c[11] are zero, so that the loop needs no branch at
//! the edges.
//!
//! The first array is the diagonal, offset 0. The Taylor series shifts it (see [`Stencil`]).

use num_complex::Complex64;
use pulp::{Simd, WithSimd};

use crate::basis::Basis;
use crate::products::{Bands, Table, Term};
use crate::vector::{Vector, wide};

/// Terms with the same subsystems and the same shifts.
#[derive(Debug, Clone)]
struct Share {
    /// Number of the total shift.
    shift: usize,
    /// Coefficient, and by subsystem of the group the product and the row of its matrix.
    terms: Vec<(Complex64, Vec<(usize, usize)>)>,
}

/// Terms with the same subsystems.
#[derive(Debug, Clone)]
struct Group {
    axes: Vec<usize>,
    shares: Vec<Share>,
}

/// Which shifts a generator has and which terms contribute to each: all that does not depend on windows and
/// frames.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pattern {
    /// By number: change of the level of every subsystem.
    pub(crate) shifts: Vec<Vec<i64>>,
    groups: Vec<Group>,
    /// Largest change of one level.
    reach: usize,
}

impl Pattern {
    /// Of a sum of terms on `axes` subsystems.
    pub(crate) fn new(table: &Table, terms: &[Term], axes: usize) -> Self {
        // The first shift is that of the diagonal.
        let mut pattern = Self { shifts: vec![vec![0; axes]], groups: Vec::new(), reach: 1 };
        for term in terms {
            let own: Vec<usize> = term.products.iter().map(|p| table.products[*p].axis).collect();
            let group = pattern.groups.iter().position(|g| g.axes == own).unwrap_or_else(|| {
                pattern.groups.push(Group { axes: own.clone(), shares: Vec::new() });
                pattern.groups.len() - 1
            });
            let mut choices = vec![(vec![0; axes], Vec::new())];
            for &product in &term.products {
                let matrix = &table.products[product];
                let with = |(total, rows): &(Vec<i64>, Vec<(usize, usize)>)| {
                    let choice = |(row, shift): (usize, &i64)| {
                        let (mut total, mut rows) = (total.clone(), rows.clone());
                        total[matrix.axis] = *shift;
                        rows.push((product, row));
                        (total, rows)
                    };
                    matrix.shifts.iter().enumerate().map(choice).collect::<Vec<_>>()
                };
                choices = choices.iter().flat_map(with).collect();
            }
            for (total, rows) in choices {
                pattern.add(group, total, term.coefficient, rows);
            }
        }
        pattern
    }

    fn add(&mut self, group: usize, total: Vec<i64>, coefficient: Complex64, rows: Vec<(usize, usize)>) {
        let largest = total.iter().map(|s| s.unsigned_abs() as usize).max().unwrap_or(0);
        self.reach = self.reach.max(largest);
        let shift = self.shifts.iter().position(|s| *s == total).unwrap_or_else(|| {
            self.shifts.push(total);
            self.shifts.len() - 1
        });
        let shares = &mut self.groups[group].shares;
        let share = shares.iter().position(|s| s.shift == shift).unwrap_or_else(|| {
            shares.push(Share { shift, terms: Vec::new() });
            shares.len() - 1
        });
        shares[share].terms.push((coefficient, rows));
    }
}

/// The coefficients on the windows of a basis, of the generator `G - i c` with `G = -i H_eff`.
///
/// [`Stencil::fill`] makes them with c = 0. Every expansion of a Taylor series then subtracts the mean
/// frequency of its state as the shifted generator has it ([`Stencil::subtract_frequency`]), so that c is the
/// sum of all frequencies subtracted since the last filling, and the array of the diagonal is `-i H_eff` only
/// until the first expansion. Nothing that is read off a stencil depends on the real number c: it gives the
/// state a global phase, it drops out of the decay `-2 Re <psi|G|psi>`, and the exits come from the other
/// arrays.
#[derive(Debug, Default)]
pub(crate) struct Stencil {
    dim: usize,
    /// By shift: `y[i + offset] += c[i + offset] x[i]`, zero where the image is outside; the diagonal is the
    /// first. There may be more arrays than offsets, kept for another pattern.
    coefficients: Vec<Vector>,
    offsets: Vec<i64>,
    /// By subsystem, end (low, high) and number of levels at this end: sum of the largest coefficients that
    /// lead out.
    exits: Vec<[Vec<f64>; 2]>,
    small: [Vector; 2],
    sum: Vector,
}

impl Stencil {
    /// Fills the coefficients with those of `-i H_eff`; what was subtracted from the diagonal before is
    /// forgotten.
    pub(crate) fn fill(&mut self, pattern: &Pattern, bands: &Bands, basis: &Basis) {
        self.dim = basis.len();
        let count = pattern.shifts.len();
        self.coefficients.resize_with(count.max(self.coefficients.len()), Vector::default);
        self.coefficients[..count].iter_mut().for_each(|c| c.clear(self.dim));
        self.offsets.clear();
        for shift in &pattern.shifts {
            let strides = shift.iter().enumerate().map(|(axis, s)| s * basis.grid(axis).inner as i64);
            self.offsets.push(strides.sum());
        }
        self.exits.resize_with(basis.axes.len(), Default::default);
        for end in self.exits.iter_mut().flatten() {
            end.clear();
            end.resize(pattern.reach, 0.0);
        }
        for group in &pattern.groups {
            for share in &group.shares {
                self.share(group, share, bands, basis);
                self.note_exits(group, &pattern.shifts[share.shift], basis);
                let target = &mut self.coefficients[share.shift];
                let offset = self.offsets[share.shift];
                spread(group, &pattern.shifts[share.shift], &self.sum, basis, offset, target);
            }
        }
    }

    /// Sum of the terms of a share on the subsystems of its group, into `self.sum`.
    fn share(&mut self, group: &Group, share: &Share, bands: &Bands, basis: &Basis) {
        let size = group.axes.iter().map(|a| basis.windows[*a].len).product();
        self.sum.clear(size);
        let [now, next] = &mut self.small;
        for (coefficient, rows) in &share.terms {
            now.clear(1);
            now.set(0, *coefficient);
            for (axis, (product, row)) in group.axes.iter().zip(rows) {
                let len = basis.windows[*axis].len;
                let band = &bands.of(*product)[row * len..(row + 1) * len];
                next.reshape(now.len() * len);
                for i in 0..now.len() {
                    let left = now.get(i);
                    for (level, value) in band.iter().enumerate() {
                        next.set(i * len + level, left * value);
                    }
                }
                std::mem::swap(now, next);
            }
            self.sum.add(Complex64::ONE, now);
        }
    }

    /// Largest coefficients that lead out of the windows.
    fn note_exits(&mut self, group: &Group, shift: &[i64], basis: &Basis) {
        for (position, &axis) in group.axes.iter().enumerate() {
            let step = shift[axis];
            if step == 0 {
                continue;
            }
            let len = basis.windows[axis].len;
            let inner: usize = group.axes[position + 1..].iter().map(|a| basis.windows[*a].len).product();
            let layers = (step.unsigned_abs() as usize).min(len);
            let first = if step > 0 { len - layers } else { 0 };
            let mut largest = 0.0f64;
            for block in 0..self.sum.len() / (len * inner) {
                let start = (block * len + first) * inner;
                let range = start..start + layers * inner;
                let squares = self.sum.re[range.clone()].iter().zip(&self.sum.im[range]);
                largest = squares.map(|(a, b)| a * a + b * b).fold(largest, f64::max);
            }
            let end = &mut self.exits[axis][usize::from(step > 0)];
            end[step.unsigned_abs() as usize - 1] += largest.sqrt();
        }
    }

    /// Bound of the norm of `(1 - P) G psi`, P the projector on the windows, at one end of a subsystem whose
    /// levels have these populations. A shift by s levels leads out of the last s levels only:
    ///
    /// ```text
    /// upper end of a window            levels that lead out, with their weight
    ///  ... | n-3 | n-2 | n-1 |
    ///                    s=1 ->        n-1
    ///              s=2 ------->        n-1, n-2
    /// bound = sum_s (largest coefficients of shift s) * sqrt(weight of the last s levels)
    /// ```
    pub(crate) fn exit(&self, axis: usize, upper: bool, populations: &[f64]) -> f64 {
        let mut weight = 0.0;
        let mut sum = 0.0;
        for (layer, largest) in self.exits[axis][usize::from(upper)].iter().enumerate() {
            let level = if upper { populations.len().checked_sub(layer + 1) } else { Some(layer) };
            weight += level.and_then(|l| populations.get(l)).copied().unwrap_or(0.0);
            sum += largest * weight.sqrt();
        }
        sum
    }

    /// Subtracts `i frequency` from the diagonal. It adds to what was subtracted since the coefficients were
    /// filled.
    pub(crate) fn subtract_frequency(&mut self, frequency: f64) {
        self.coefficients[0].im.iter_mut().for_each(|x| *x -= frequency);
    }

    /// Leaves the diagonal out.
    #[cfg(test)]
    pub(crate) fn clear_diagonal(&mut self) {
        self.coefficients[0].clear(self.dim);
    }

    /// `out = scale (G - i c) x`.
    pub(crate) fn apply(&self, x: &Vector, scale: f64, out: &mut Vector) {
        out.reshape(self.dim);
        wide(Apply { stencil: self, x, scale, out });
    }

    /// Bound of the norm of the generator: the sum over the shifts of their largest coefficients.
    pub(crate) fn bound(&self) -> f64 {
        let largest =
            |c: &Vector| c.re.iter().zip(&c.im).map(|(re, im)| re * re + im * im).fold(0.0, f64::max).sqrt();
        self.coefficients.iter().take(self.offsets.len()).map(largest).sum()
    }

    /// Bytes.
    pub(crate) fn memory(shifts: usize, amplitudes: u64) -> u64 {
        16 * shifts as u64 * amplitudes
    }
}

/// Adds the coefficients of a group, which act on the levels of its own subsystems, for all levels of the
/// others. Levels whose image is outside of a window are left out.
fn spread(group: &Group, shift: &[i64], sum: &Vector, basis: &Basis, offset: i64, target: &mut Vector) {
    let axes = basis.axes.len();
    if axes == 0 {
        target.set(0, target.get(0) + sum.get(0));
        return;
    }
    let inside = |axis: usize| {
        let len = basis.windows[axis].len as i64;
        ((-shift[axis]).clamp(0, len) as usize, (len - shift[axis]).clamp(0, len) as usize)
    };
    let last = basis.windows[axes - 1].len;
    let (first, end) = inside(axes - 1);
    if first >= end {
        return;
    }
    let own_last = group.axes.last() == Some(&(axes - 1));
    'rows: for row in 0..basis.len() / last {
        let (mut rest, mut start, mut stride) = (row, 0, 1);
        if own_last {
            stride = last;
        }
        for axis in (0..axes - 1).rev() {
            let len = basis.windows[axis].len;
            let level = rest % len;
            rest /= len;
            let (low, high) = inside(axis);
            if level < low || level >= high {
                continue 'rows;
            }
            if group.axes.contains(&axis) {
                start += level * stride;
                stride *= len;
            }
        }
        let to = ((row * last + first) as i64 + offset) as usize;
        let range = to..to + end - first;
        let (re, im) = (&mut target.re[range.clone()], &mut target.im[range]);
        if own_last {
            let from = start + first..start + end;
            re.iter_mut().zip(&sum.re[from.clone()]).for_each(|(x, c)| *x += c);
            im.iter_mut().zip(&sum.im[from]).for_each(|(x, c)| *x += c);
        } else {
            let c = sum.get(start);
            for (x, y) in re.iter_mut().zip(im) {
                *x += c.re;
                *y += c.im;
            }
        }
    }
}

/// Amplitudes that are finished together, so that they stay in the nearest memory.
const CHUNK: usize = 512;

struct Apply<'a> {
    stencil: &'a Stencil,
    x: &'a Vector,
    scale: f64,
    out: &'a mut Vector,
}

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { stencil, x, scale, out } = self;
        let dim = stencil.dim;
        for start in (0..dim).step_by(CHUNK) {
            let end = (start + CHUNK).min(dim);
            let (re, im) = (&mut out.re[start..end], &mut out.im[start..end]);
            re.fill(0.0);
            im.fill(0.0);
            for (coefficients, offset) in stencil.coefficients.iter().zip(&stencil.offsets) {
                // Rows whose source i - offset exists.
                let low = (start as i64).max(*offset);
                let high = (end as i64).min(dim as i64 + offset);
                if low >= high {
                    continue;
                }
                let rows = low as usize..high as usize;
                let source = (low - offset) as usize..(high - offset) as usize;
                let part = low as usize - start..high as usize - start;
                accumulate(
                    simd,
                    (&coefficients.re[rows.clone()], &coefficients.im[rows]),
                    (&x.re[source.clone()], &x.im[source]),
                    (&mut re[part.clone()], &mut im[part]),
                );
            }
            re.iter_mut().chain(im).for_each(|y| *y *= scale);
        }
    }
}

/// `out += c x`, element by element, all given as (real, imaginary).
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "a pair of slices")]
fn accumulate<S: Simd>(simd: S, c: (&[f64], &[f64]), x: (&[f64], &[f64]), out: (&mut [f64], &mut [f64])) {
    let ((cr, cr_rest), (ci, ci_rest)) = (S::as_simd_f64s(c.0), S::as_simd_f64s(c.1));
    let ((xr, xr_rest), (xi, xi_rest)) = (S::as_simd_f64s(x.0), S::as_simd_f64s(x.1));
    let ((yr, yr_rest), (yi, yi_rest)) = (S::as_mut_simd_f64s(out.0), S::as_mut_simd_f64s(out.1));
    for (((((yr, yi), cr), ci), xr), xi) in yr.iter_mut().zip(yi).zip(cr).zip(ci).zip(xr).zip(xi) {
        *yr = simd.mul_add_e_f64s(*cr, *xr, simd.negate_mul_add_e_f64s(*ci, *xi, *yr));
        *yi = simd.mul_add_e_f64s(*cr, *xi, simd.mul_add_e_f64s(*ci, *xr, *yi));
    }
    let rest = yr_rest.iter_mut().zip(yi_rest).zip(cr_rest).zip(ci_rest).zip(xr_rest).zip(xi_rest);
    for (((((yr, yi), cr), ci), xr), xi) in rest {
        *yr += cr * xr - ci * xi;
        *yi += cr * xi + ci * xr;
    }
}
