//! Where the eigenvalues of a generator lie, from the extreme energies of the charge groups.
//!
//! The coherences between group g and group h of a sector oscillate with energy differences of the two,
//! within `[E_min(g) - E_max(h), E_max(g) - E_min(h)]`, and decay at most at the mean of the largest total
//! decay rates of both. Jumps move these eigenvalues by little where decay is slow beside the energies.
//! Extreme energies come from a few Lanczos steps (C. Lanczos, J. Res. Natl. Bur. Stand. 45, 255 (1950)) and
//! a margin: methods check what they do with them.

use std::cell::Cell;
use std::ops::Range;

use num_complex::Complex64;
use rayon::prelude::*;
use superladder_engine::Halt;
use superladder_space::SparseMatrix;

use crate::layout::Layout;

/// Lanczos steps at most: extreme energies to about a per cent.
const STEPS: usize = 40;
/// Margin of the extreme energies relative to their range.
const MARGIN: f64 = 0.01;

/// Extreme energies and the largest decay rate of one charge group of a sector.
#[derive(Debug, Clone, Copy)]
struct EnergyRange {
    low: f64,
    high: f64,
    decay: f64,
}

/// Radius of a circle around the eigenvalues in a rectangle `(real_min, 0, imag_max)`.
pub(crate) fn radius((low, _, imaginary): (f64, f64, f64)) -> f64 {
    (0.5 * low).hypot(imaginary)
}

/// `(real_min, real_max, imag_max)` of a rectangle around the eigenvalues of the generator on the stored
/// blocks, from the effective Hamiltonians of the sectors; `None` if `halt` ends the work, which is asked for
/// every thousands of states.
pub(crate) fn rectangle(
    layout: &Layout,
    effective: &[SparseMatrix],
    halt: &dyn Halt,
) -> Option<(f64, f64, f64)> {
    // States of every group, by sector.
    let mut groups: Vec<Vec<Range<usize>>> = vec![Vec::new(); effective.len()];
    for tile in layout.tiles() {
        let groups = &mut groups[tile.sector];
        if let Some(group) = groups.get_mut(tile.group) {
            group.end = tile.states.end;
        } else {
            groups.push(tile.states.clone());
        }
    }
    let ranges: Option<Vec<Vec<EnergyRange>>> = effective
        .par_iter()
        .zip(&groups)
        .map(|(matrix, groups)| {
            let adjoint: SparseMatrix = matrix.transpose_view().to_csr().map(Complex64::conj);
            let work = Work { halt, done: Cell::new(0) };
            groups.iter().map(|states| energy_range(matrix, &adjoint, states.clone(), &work)).collect()
        })
        .collect();
    let ranges = ranges?;
    let (mut energy, mut decay) = (0.0_f64, 0.0_f64);
    for pair in layout.pairs() {
        let (row, column) = (&layout.tiles()[pair.row], &layout.tiles()[pair.column]);
        let ranges = &ranges[row.sector];
        let (g, h) = (ranges[row.group], ranges[column.group]);
        energy = energy.max(g.high - h.low).max(h.high - g.low);
        decay = decay.max(0.5 * (g.decay + h.decay));
    }
    Some((-decay, 0.0, energy))
}

/// Rows that have been multiplied, and who may end that.
struct Work<'a> {
    halt: &'a dyn Halt,
    done: Cell<usize>,
}

impl Work<'_> {
    /// Looks once in some ten thousand rows.
    fn add(&self, rows: usize) -> Option<()> {
        const ROWS: usize = 1 << 14;
        let before = self.done.get();
        self.done.set(before + rows);
        (before / ROWS == (before + rows) / ROWS || !self.halt.asked()).then_some(())
    }
}

fn energy_range(
    matrix: &SparseMatrix,
    adjoint: &SparseMatrix,
    states: Range<usize>,
    work: &Work<'_>,
) -> Option<EnergyRange> {
    let rate = |i: usize| matrix.get(i, i).map_or(0.0, |h| -2.0 * h.im);
    let decay = states.clone().map(rate).fold(0.0, f64::max);
    let (diagonal, off_diagonal) = lanczos(matrix, adjoint, states, work)?;
    let high = largest_eigenvalue(&diagonal, &off_diagonal);
    let negated: Vec<f64> = diagonal.iter().map(|a| -a).collect();
    let low = -largest_eigenvalue(&negated, &off_diagonal);
    let margin = MARGIN * (high - low);
    Some(EnergyRange { low: low - margin, high: high + margin, decay })
}

/// The tridiagonal matrix of the Hermitian part of `matrix` on `states`: diagonal and off-diagonal.
fn lanczos(
    matrix: &SparseMatrix,
    adjoint: &SparseMatrix,
    states: Range<usize>,
    work: &Work<'_>,
) -> Option<(Vec<f64>, Vec<f64>)> {
    let dim = states.len();
    // Any start vector without symmetry will do; this one is the same on every machine.
    let start = |i: usize| Complex64::new(1.0 + 0.5 * (1.7 * i as f64).sin(), 0.3 * (0.9 * i as f64).cos());
    let mut now: Vec<Complex64> = (0..dim).map(start).collect();
    let norm = |v: &[Complex64]| v.iter().map(Complex64::norm_sqr).sum::<f64>().sqrt();
    let size = norm(&now);
    for z in &mut now {
        *z /= size;
    }
    let mut before = vec![Complex64::ZERO; dim];
    let (mut diagonal, mut off_diagonal) = (Vec::new(), Vec::new());
    let mut back = 0.0;
    for _ in 0..STEPS.min(dim) {
        work.add(dim)?;
        let mut next: Vec<Complex64> = states
            .clone()
            .map(|row| {
                let part = |m: &SparseMatrix| -> Complex64 {
                    let Some(view) = m.outer_view(row) else { return Complex64::ZERO };
                    view.iter()
                        .filter(|(c, _)| states.contains(c))
                        .map(|(c, h)| h * now[c - states.start])
                        .sum()
                };
                0.5 * (part(matrix) + part(adjoint))
            })
            .collect();
        let alpha: f64 = next.iter().zip(&now).map(|(a, b)| (b.conj() * a).re).sum();
        for ((n, v), u) in next.iter_mut().zip(&now).zip(&before) {
            *n -= v * alpha + u * back;
        }
        diagonal.push(alpha);
        back = norm(&next);
        if back <= 1e-10 * (alpha.abs() + 1e-300) {
            break;
        }
        off_diagonal.push(back);
        for z in &mut next {
            *z /= back;
        }
        before = std::mem::replace(&mut now, next);
    }
    off_diagonal.truncate(diagonal.len().saturating_sub(1));
    Some((diagonal, off_diagonal))
}

/// Largest eigenvalue of a symmetric tridiagonal matrix, by bisection with Sturm counts, to 1e-6 of its
/// range.
fn largest_eigenvalue(diagonal: &[f64], off_diagonal: &[f64]) -> f64 {
    let at = |i: usize| off_diagonal.get(i).copied().unwrap_or(0.0);
    let radius = |i: usize| at(i) + if i > 0 { at(i - 1) } else { 0.0 };
    let rows = || diagonal.iter().enumerate();
    let mut high = rows().map(|(i, a)| a + radius(i)).fold(f64::NEG_INFINITY, f64::max);
    let mut low = rows().map(|(i, a)| a - radius(i)).fold(f64::INFINITY, f64::min);
    let tolerance = 1e-6 * (high - low);
    while high - low > tolerance {
        let x = low.midpoint(high);
        // All pivots of the factorisation of x - T are positive when x is above the spectrum.
        let mut pivot = 1.0;
        let above = rows().all(|(i, a)| {
            let coupling = if i > 0 { at(i - 1) } else { 0.0 };
            pivot = x - a - coupling * coupling / pivot;
            pivot > 0.0
        });
        if above {
            high = x;
        } else {
            low = x;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use num_complex::Complex64;
    use superladder_dense::HermitianEigenvalues;
    use superladder_engine::Never;

    use super::*;

    #[test]
    fn extreme_energies_of_a_chain() {
        // Hopping on a chain of n sites: 2 cos(pi k/(n + 1)).
        for n in [1, 2, 5, 30] {
            let (diagonal, off_diagonal) = (vec![0.5; n], vec![1.0; n - 1]);
            let exact = 0.5 + 2.0 * (std::f64::consts::PI / (n as f64 + 1.0)).cos();
            assert!((largest_eigenvalue(&diagonal, &off_diagonal) - exact).abs() < 1e-5);
        }
    }

    #[test]
    fn lanczos_sees_the_hermitian_part_of_a_block() {
        let n = 60;
        let mut triplets = sprs::TriMat::new((n + 1, n + 1));
        for i in 0..n {
            triplets.add_triplet(i, i, Complex64::new(0.1 * i as f64, -3.0));
            if i + 1 < n {
                triplets.add_triplet(i, i + 1, Complex64::new(0.0, 1.0));
                triplets.add_triplet(i + 1, i, Complex64::new(0.0, -1.0));
            }
        }
        triplets.add_triplet(n, n, Complex64::from(1e6));
        let matrix: SparseMatrix = triplets.to_csr();
        let adjoint: SparseMatrix = matrix.transpose_view().to_csr().map(Complex64::conj);
        let work = Work { halt: &Never, done: Cell::new(0) };
        let found = energy_range(&matrix, &adjoint, 0..n, &work).expect("nobody ends it");
        let element = |i: usize, j: usize| match i.abs_diff(j) {
            0 => 0.1 * i as f64,
            1 => 1.0,
            _ => 0.0,
        };
        let dense: Vec<_> = (0..n * n).map(|k| Complex64::from(element(k / n, k % n))).collect();
        let exact = HermitianEigenvalues::default().of(&dense, n);
        let range = exact[n - 1] - exact[0];
        assert!(found.low <= exact[0] && found.high >= exact[n - 1]);
        assert!(found.high - found.low < 1.03 * range, "{found:?}");
        assert!((found.decay - 6.0).abs() < 1e-12);
    }
}
