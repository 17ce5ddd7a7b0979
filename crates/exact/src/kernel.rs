//! The inner loops of the generator: one stored block after the other, every source read where it lies.
//!
//! A row of the output is cut into strips of columns. A strip collects all its terms in registers and is
//! written once; the last strip of a row reaches back over its neighbour instead of beyond the row, and
//! computes the same numbers again. What is to be added to a row is listed first ([`Terms`]).
//!
//! ```text
//! one row of an output block, 11 vectors wide, strips of 4 vectors
//!
//!   0   1   2   3   4   5   6   7   8   9  10
//! [  strip 0    ][  strip 1    ]
//!                             [  strip 2    ]      reaches back: vector 7 is computed twice, alike
//!
//! a run with its margins of zeros in the pool, and a strip that meets it
//!
//! coefficients    0 0 0 0 [ c c c c c ] 0 0 0 0    Pool: MARGIN zeros, the run, MARGIN zeros
//! strip                       |-------|-----|      reads beyond the run: adds zeros instead of branching
//! source row      ....x x x x x x x x x x x....    column + shift; beyond the state vector a copy with zeros
//! ```
#![allow(
    clippy::inline_always,
    reason = "only code inlined into the dispatched function gets its instruction set"
)]

mod block;
mod recurrence;
mod spans;
mod terms;

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use self::block::Block;
pub(crate) use self::recurrence::Recurrence;
use self::spans::Span;
use self::terms::{COPIED, KINDS, ROWS, Term, Terms};
use crate::programs::MARGIN;
use crate::tasks::Program;

/// Buffers of one worker.
#[derive(Default)]
pub(crate) struct Scratch {
    conjugates: Vec<f64>,
    spans: Vec<Span>,
    terms: Terms,
}

/// What stored blocks are filled with.
#[derive(Clone, Copy)]
pub(crate) struct Fill<'a> {
    pub program: &'a Program,
    /// The state.
    pub x: &'a [f64],
    /// Whether the diagonal of the generator is applied too.
    pub with_diagonal: bool,
    /// What the result becomes part of.
    pub recurrence: Option<Recurrence<'a>>,
}

impl Fill<'_> {
    /// Fills the stored pairs of a range; `out` holds exactly their blocks, one after the other.
    pub(crate) fn run(&self, range: Range<usize>, out: &mut [f64], scratch: &mut Scratch) {
        Arch::new().dispatch(FillRange { fill: *self, range, out, scratch });
    }
}

/// One range of stored blocks to be filled, dispatched once to the instruction set of the machine.
struct FillRange<'a> {
    fill: Fill<'a>,
    range: Range<usize>,
    out: &'a mut [f64],
    scratch: &'a mut Scratch,
}

impl WithSimd for FillRange<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let FillRange { fill, range, out, scratch } = self;
        let Fill { program, x, with_diagonal, recurrence } = fill;
        let mut rest = out;
        for pair in range {
            let (out, after) = rest.split_at_mut(program.layout.block(pair).len());
            rest = after;
            let Scratch { conjugates, spans, terms } = &mut *scratch;
            let mut block = Block::new(program, pair, x, with_diagonal, conjugates, spans);
            block.recurrence =
                recurrence.map(|r| Recurrence { before: &r.before[program.layout.block(pair)], ..r });
            fill_block(simd, &block, out, terms);
        }
    }
}

#[inline(always)]
fn fill_block<S: Simd>(simd: S, block: &Block, out: &mut [f64], terms: &mut Terms) {
    match strip_vectors(block.width, S::F64_LANES) {
        8 => fill_rows::<S, 8>(simd, block, terms, out),
        4 => fill_rows::<S, 4>(simd, block, terms, out),
        2 => fill_rows::<S, 2>(simd, block, terms, out),
        1 => fill_rows::<S, 1>(simd, block, terms, out),
        _ => fill_narrow(block, terms, out),
    }
    if block.on_diagonal {
        add_adjoint(out);
        if let Some(Recurrence { coefficients: [a, b, c], before }) = block.recurrence {
            for ((out, x), before) in out.iter_mut().zip(block.own).zip(before) {
                *out = a * *out + b * x + c * before;
            }
        }
    }
}

/// Vectors in a strip for rows of `width` f64: the least work, an overhead of two vectors a strip counted. 0
/// if a row is shorter than a vector, or a vector than a complex number.
fn strip_vectors(width: usize, lanes: usize) -> usize {
    let fits = |vectors: &usize| vectors * lanes <= width.min(MARGIN);
    let work = |vectors: &usize| width.div_ceil(vectors * lanes) * (vectors + 2);
    [8, 4, 2, 1].into_iter().filter(|v| lanes > 1 && fits(v)).min_by_key(work).unwrap_or(0)
}

#[inline(always)]
fn fill_rows<S: Simd, const V: usize>(simd: S, block: &Block, terms: &mut Terms, out: &mut [f64]) {
    let strip = V * S::F64_LANES;
    for (row, out) in out.chunks_exact_mut(block.width).enumerate() {
        terms.list(block, row);
        for column in (0..block.width).step_by(strip) {
            let column = column.min(block.width - strip);
            fill_strip::<S, V>(simd, block, terms, row, column, &mut out[column..column + strip]);
        }
    }
}

/// Repeats a statement for every vector of a strip, with the number of the vector as a literal: sums stay in
/// registers only if no index is computed.
macro_rules! each {
    ($V:ident, $v:ident, $body:block) => {
        each!(@ $V, $v, $body, 0, 1, 2, 3, 4, 5, 6, 7)
    };
    (@ $V:ident, $v:ident, $body:block, $($literal:literal),*) => {
        $(if $V > $literal {
            const $v: usize = $literal;
            $body
        })*
    };
}
/// The sums of a strip, of which the first V are used.
type Sums<S> = [<S as Simd>::f64s; 8];

/// All terms of a strip: first the imaginary accumulator P, which then turns into i P, and on top of it the
/// real one. The diagonal of the generator, `(g_i + conj g_j) rho_ij`, starts each of them.
#[inline(always)]
fn fill_strip<S: Simd, const V: usize>(
    simd: S,
    block: &Block,
    terms: &Terms,
    row: usize,
    column: usize,
    out: &mut [f64],
) {
    let strip = V * S::F64_LANES;
    let left = block.left[row];
    let own = vectors::<S>(&block.own[row * block.width + column..][..strip]);
    let [decays, energies] = block.right.map(|d| vectors::<S>(&d[column..][..strip]));
    let weight = simd.splat_f64s(block.weight);
    let mut sums: Sums<S> = [simd.splat_f64s(0.0); 8];
    if block.weight != 0.0 {
        let energy = simd.splat_f64s(left.im);
        each!(V, K, {
            sums[K] = simd.mul_f64s(simd.mul_f64s(weight, simd.sub_f64s(energy, energies[K])), own[K]);
        });
    }
    sums = add_accumulator::<S, V>(simd, block, terms.of(0), column, sums);
    each!(V, K, {
        sums[K] = times_i(simd, sums[K]);
    });
    if block.weight != 0.0 {
        let decay = simd.splat_f64s(left.re);
        each!(V, K, {
            let rate = simd.mul_f64s(weight, simd.add_f64s(decay, decays[K]));
            sums[K] = simd.mul_add_e_f64s(rate, own[K], sums[K]);
        });
    }
    sums = add_accumulator::<S, V>(simd, block, terms.of(1), column, sums);
    if let Some(Recurrence { coefficients, before }) = block.recurrence
        && !block.on_diagonal
    {
        let before = vectors::<S>(&before[row * block.width + column..][..strip]);
        let [a, b, c] = coefficients.map(|x| simd.splat_f64s(x));
        each!(V, K, {
            let rest = simd.mul_add_e_f64s(b, own[K], simd.mul_f64s(c, before[K]));
            sums[K] = simd.mul_add_e_f64s(a, sums[K], rest);
        });
    }
    let (out, _) = S::as_mut_simd_f64s(out);
    each!(V, K, {
        out[K] = sums[K];
    });
}

/// A slice as vectors.
#[inline(always)]
fn vectors<S: Simd>(slice: &[f64]) -> &[S::f64s] {
    S::as_simd_f64s(slice).0
}

/// (re, im) -> (-im, re).
#[inline(always)]
fn times_i<S: Simd>(simd: S, z: S::f64s) -> S::f64s {
    const SIGNS: [f64; 8] = [-1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0];
    let swapped = bytemuck::cast(simd.swap_re_im_c64s(bytemuck::cast(z)));
    simd.mul_f64s(vectors::<S>(&SIGNS)[0], swapped)
}

/// All terms of the imaginary or of the real accumulator.
#[inline(always)]
fn add_accumulator<S: Simd, const V: usize>(
    simd: S,
    block: &Block,
    lists: &[Vec<Term>; KINDS],
    column: usize,
    mut sums: Sums<S>,
) -> Sums<S> {
    let [rows, runs, scaled_runs, copied] = lists;
    sums = add_rows::<S, V>(simd, block.x, rows, column, sums);
    sums = add_runs::<S, V, false>(simd, block, block.x, runs, column, sums);
    sums = add_runs::<S, V, true>(simd, block, block.x, scaled_runs, column, sums);
    if copied.is_empty() {
        sums
    } else {
        add_runs::<S, V, true>(simd, block, block.conjugates, copied, column, sums)
    }
}

/// What a term reads for the strip at `column`: the state where it lies, or a copy if the strip reaches
/// beyond its ends.
macro_rules! source_of {
    ($from:ident, $term:ident, $column:ident, $strip:ident, $beyond:ident) => {{
        let start = $term.source.wrapping_add($column);
        vectors::<S>(match $from.get(start..start.wrapping_add($strip)) {
            Some(source) => source,
            None => {
                $beyond = beyond($from, start);
                &$beyond[..$strip]
            }
        })
    }};
}

#[inline(always)]
fn add_rows<S: Simd, const V: usize>(
    simd: S,
    from: &[f64],
    terms: &[Term],
    column: usize,
    mut sums: Sums<S>,
) -> Sums<S> {
    let strip = V * S::F64_LANES;
    for term in terms {
        let copy;
        let source = source_of!(from, term, column, strip, copy);
        let scale = simd.splat_f64s(term.scale);
        each!(V, K, {
            sums[K] = simd.mul_add_e_f64s(scale, source[K], sums[K]);
        });
    }
    sums
}

#[inline(always)]
fn add_runs<S: Simd, const V: usize, const SCALED: bool>(
    simd: S,
    block: &Block,
    from: &[f64],
    terms: &[Term],
    column: usize,
    mut sums: Sums<S>,
) -> Sums<S> {
    let strip = V * S::F64_LANES;
    let pool = block.program.pool.coefficients.as_slice();
    for term in terms {
        if column >= term.end as usize || column + strip <= term.first as usize {
            continue;
        }
        let copy;
        let source = source_of!(from, term, column, strip, copy);
        let at = term.coefficient as usize + column;
        // A strip that meets a run lies between the margins of the run.
        let Some(coefficients) = pool.get(at..at + strip) else { continue };
        let coefficients = vectors::<S>(coefficients);
        let scale = simd.splat_f64s(term.scale);
        each!(V, K, {
            let c = if SCALED { simd.mul_f64s(scale, coefficients[K]) } else { coefficients[K] };
            sums[K] = simd.mul_add_e_f64s(c, source[K], sums[K]);
        });
    }
    sums
}

/// A strip from `start`, which may lie below 0 (wrapped around), with zeros where there is nothing.
#[cold]
#[inline(never)]
fn beyond(from: &[f64], start: usize) -> [f64; MARGIN] {
    std::array::from_fn(|i| from.get(start.wrapping_add(i)).copied().unwrap_or(0.0))
}

/// [`fill_rows`] for rows that are shorter than a vector, and for machines without vectors.
fn fill_narrow(block: &Block, terms: &mut Terms, out: &mut [f64]) {
    for (row, out) in out.chunks_exact_mut(block.width).enumerate() {
        terms.list(block, row);
        let left = block.left[row];
        for column in (0..block.width).step_by(2) {
            let own = &block.own[row * block.width + column..][..2];
            let rate = block.weight * (left.re + block.right[0][column]);
            let energy = block.weight * (left.im - block.right[1][column]);
            let (mut real, mut imaginary) =
                ([rate * own[0], rate * own[1]], [energy * own[0], energy * own[1]]);
            for (accumulator, sum) in [&mut imaginary, &mut real].into_iter().enumerate() {
                for (kind, list) in terms.of(accumulator).iter().enumerate() {
                    let from = if kind == COPIED { block.conjugates } else { block.x };
                    for term in list {
                        if column < term.first as usize || column >= term.end as usize {
                            continue;
                        }
                        let source = &from[term.source.wrapping_add(column)..][..2];
                        let coefficients =
                            &block.program.pool.coefficients[term.coefficient as usize + column..];
                        let c = if kind == ROWS { term.scale } else { term.scale * coefficients[0] };
                        sum[0] += c * source[0];
                        sum[1] += c * source[1];
                    }
                }
            }
            out[column] = real[0] - imaginary[1];
            out[column + 1] = real[1] + imaginary[0];
            if let Some(Recurrence { coefficients: [a, b, c], before }) = block.recurrence
                && !block.on_diagonal
            {
                let before = &before[row * block.width + column..][..2];
                for (k, out) in out[column..column + 2].iter_mut().enumerate() {
                    *out = a * *out + b * own[k] + c * before[k];
                }
            }
        }
    }
}

/// M -> M + M^dag: Hermiticity holds by construction.
fn add_adjoint(block: &mut [f64]) {
    let dim = (block.len() / 2).isqrt();
    for r in 0..dim {
        let diagonal = 2 * (r * dim + r);
        block[diagonal] *= 2.0;
        block[diagonal + 1] = 0.0;
        for c in r + 1..dim {
            let (upper, lower) = (2 * (r * dim + c), 2 * (c * dim + r));
            let (re, im) = (block[upper] + block[lower], block[upper + 1] - block[lower + 1]);
            (block[upper], block[upper + 1]) = (re, im);
            (block[lower], block[lower + 1]) = (re, -im);
        }
    }
}
