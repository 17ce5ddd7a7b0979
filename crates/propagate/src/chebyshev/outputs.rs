//! Sums of a recurrence at many times at once.
//!
//! Adding every vector of the recurrence to every sum would read and write all sums for every term. Here some
//! terms are kept, and then added to one sum after the other: a sum is read and written once for all of them.
#![allow(
    clippy::inline_always,
    reason = "only code inlined into the dispatched function gets its instruction set"
)]

use std::ops::ControlFlow;

use pulp::{Arch, Simd, WithSimd};

use crate::Poll;
use crate::vector::{BLOCK, PARALLEL};

/// Terms that are kept at most.
const KEPT: usize = 16;
/// The same if only the end of the step is summed.
const ALONE: usize = 6;
/// Memory of the sums and of the terms that are kept, in f64, if it is more than that of a few.
const ROOM: usize = 1 << 25;
/// Sums and kept terms that are there in any case.
const LEAST: (usize, usize) = (3, 1);
/// Entries of all terms that stay in the cache while they are added.
const PIECE: usize = 256;
/// Coefficients this small beside those of the end of the step change no bit of a sum. They are not compared with
/// 1: where the spectrum leaves the ellipse polynomials grow, so that terms with the smallest coefficients count;
/// at the end of the step no term may exceed its tolerance by more than the inverse of the machine's precision.
const NEGLIGIBLE: f64 = 1e-24;

/// How many of `outputs` sums of length `dim` share a step, and how many terms are kept for them and for the
/// end of the step.
pub(super) fn shape(outputs: usize, dim: usize) -> (usize, usize) {
    if outputs == 0 {
        return (0, if ALONE * dim <= ROOM / 4 { ALONE } else { 1 });
    }
    let vectors = ROOM / dim.max(1);
    let sums = outputs.min((vectors / 2).max(LEAST.0));
    (sums, vectors.saturating_sub(sums).clamp(LEAST.1, KEPT))
}

/// Sums `Σ_k c_k F_k` with one series of coefficients each.
#[derive(Default)]
pub(super) struct Outputs {
    sums: Vec<Vec<f64>>,
    /// First term that was not yet added.
    next: usize,
}

impl Outputs {
    /// Starts `count` sums of vectors of length `dim`.
    pub(super) fn start(&mut self, count: usize, dim: usize) {
        while self.sums.len() < count {
            self.sums.push(vec![0.0; dim]);
        }
        self.next = 0;
    }

    /// The sum of a series.
    pub(super) fn of(&self, number: usize) -> &[f64] {
        &self.sums[number]
    }

    /// Adds the terms up to `last`, of which `terms` are the newest ones, the newest last, unless `poll` breaks it
    /// off: then the sums are of no use any more. The first series is that of the end of the step.
    pub(super) fn add<'a>(
        &mut self,
        series: impl Iterator<Item = &'a [f64]>,
        last: usize,
        terms: &[Vec<f64>],
        poll: Poll<'_>,
    ) -> ControlFlow<()> {
        /// Entries of every sum between two polls, in whole blocks.
        const PART: usize = 1 << 22;
        let terms = &terms[terms.len() - (last + 1 - self.next)..];
        let (next, fresh) = (self.next, self.next == 0);
        let mut end = None;
        let mut sums = Vec::with_capacity(self.sums.len());
        for (sum, c) in self.sums.iter_mut().zip(series) {
            let c = &c[next..=last];
            let end = *end.get_or_insert(c);
            let counts = |(c, end): (&f64, &f64)| c.abs() > NEGLIGIBLE * end.abs();
            if fresh || c.iter().zip(end).any(counts) {
                sums.push(Summed(sum, c));
            }
        }
        let length = sums.first().map_or(0, |sum| sum.0.len());
        for offset in (0..length).step_by(PART) {
            if length > PART {
                poll()?;
            }
            let part = PART.min(length - offset);
            let sums = sums.iter_mut().map(|sum| sum.cut(part)).collect();
            add(Block { sums, terms, offset, fresh });
        }
        self.next = last + 1;
        ControlFlow::Continue(())
    }

    /// Terms that wait to be added when `last` is the newest.
    pub(super) fn waiting(&self, last: usize) -> usize {
        last + 1 - self.next
    }
}

/// A sum, or a range of it, with its coefficients.
struct Summed<'a>(&'a mut [f64], &'a [f64]);

impl<'a> Summed<'a> {
    /// Takes the first `length` numbers.
    fn cut(&mut self, length: usize) -> Self {
        let (first, rest): (&'a mut [f64], _) = std::mem::take(&mut self.0).split_at_mut(length);
        self.0 = rest;
        Self(first, self.1)
    }
}

/// The same range of all sums, with their coefficients, and of all terms.
struct Block<'a> {
    sums: Vec<Summed<'a>>,
    terms: &'a [Vec<f64>],
    offset: usize,
    /// Whether the sums start here.
    fresh: bool,
}

/// Adds the terms; who adds what does not change any bit.
fn add(block: Block) {
    let length = block.sums.first().map_or(0, |sum| sum.0.len());
    if length < PARALLEL {
        Arch::new().dispatch(block);
        return;
    }
    let Block { mut sums, terms, offset, fresh } = block;
    let middle = (length / 2).next_multiple_of(BLOCK);
    let low = sums.iter_mut().map(|sum| sum.cut(middle)).collect();
    rayon::join(
        || add(Block { sums: low, terms, offset, fresh }),
        || add(Block { sums, terms, offset: offset + middle, fresh }),
    );
}

impl WithSimd for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Block { mut sums, terms, offset, fresh } = self;
        let length = sums.first().map_or(0, |sum| sum.0.len());
        for start in (0..length).step_by(PIECE) {
            let range = start..(start + PIECE).min(length);
            for Summed(sum, coefficients) in &mut sums {
                let at = offset + start;
                add_piece(simd, &mut sum[range.clone()], coefficients, (terms, at), fresh);
            }
        }
    }
}

/// Adds a piece of all terms, which starts at `at` there, to a piece of a sum: four vectors at a time.
#[inline(always)]
fn add_piece<S: Simd>(
    simd: S,
    sum: &mut [f64],
    coefficients: &[f64],
    (terms, at): (&[Vec<f64>], usize),
    fresh: bool,
) {
    let width = 4 * S::F64_LANES;
    let zero = simd.splat_f64s(0.0);
    let whole = sum.len() - sum.len() % width;
    let (vectors, rest) = sum.split_at_mut(whole);
    for (number, piece) in vectors.chunks_exact_mut(width).enumerate() {
        let (piece, _) = S::as_mut_simd_f64s(piece);
        let [mut a, mut b, mut c, mut d] =
            if fresh { [zero; 4] } else { [piece[0], piece[1], piece[2], piece[3]] };
        for (coefficient, term) in coefficients.iter().zip(terms) {
            let factor = simd.splat_f64s(*coefficient);
            let (x, _) = S::as_simd_f64s(&term[at + number * width..][..width]);
            a = simd.mul_add_e_f64s(factor, x[0], a);
            b = simd.mul_add_e_f64s(factor, x[1], b);
            c = simd.mul_add_e_f64s(factor, x[2], c);
            d = simd.mul_add_e_f64s(factor, x[3], d);
        }
        (piece[0], piece[1], piece[2], piece[3]) = (a, b, c, d);
    }
    for (i, value) in rest.iter_mut().enumerate() {
        let start = if fresh { 0.0 } else { *value };
        let products = coefficients.iter().zip(terms).map(|(c, term)| c * term[at + whole + i]);
        *value = products.fold(start, |sum, product| sum + product);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_all_terms_whatever_is_added_at_a_time() {
        for dim in [1, 31, 1000, 2 * PARALLEL + 77, (1 << 22) + 5000] {
            let term = |k: usize| (0..dim).map(|i| ((i + 7 * k) as f64).sin()).collect::<Vec<_>>();
            let terms: Vec<Vec<f64>> = (0..6).map(term).collect();
            let series = [vec![1.0, 0.5, -0.25, 0.0, 2.0, 1e-3], vec![0.0, 0.0, 0.0, 0.0, 0.0, 3.0]];
            for cuts in [vec![5], vec![0, 2, 5], vec![3, 4, 5]] {
                let mut outputs = Outputs::default();
                outputs.start(2, dim);
                for last in cuts {
                    let go_on = || ControlFlow::Continue(());
                    let added = outputs.add(series.iter().map(Vec::as_slice), last, &terms[..=last], &go_on);
                    assert!(added.is_continue());
                    assert_eq!(outputs.waiting(last), 0);
                }
                for (number, c) in series.iter().enumerate() {
                    for i in 0..dim {
                        let expected: f64 = c.iter().zip(&terms).map(|(c, term)| c * term[i]).sum();
                        assert!((outputs.of(number)[i] - expected).abs() < 1e-14, "{dim}, {number}, {i}");
                    }
                }
            }
        }
    }

    #[test]
    fn long_vectors_have_few_sums() {
        assert_eq!(shape(32, 1000), (32, KEPT));
        assert_eq!(shape(2, 1000), (2, KEPT));
        assert_eq!(shape(0, 1000), (0, ALONE));
        assert_eq!((shape(32, ROOM), shape(0, ROOM)), ((3, 1), (0, 1)));
        let (sums, kept) = shape(32, ROOM / 20);
        assert_eq!((sums, kept), (10, 10));
    }
}
