//! Kernels on real vectors: linear combinations of many vectors in one pass, and sums whose bits do
//! not depend on the number of threads.
//!
//! Sums run over blocks of [`BLOCK`] entries, each with eight fixed lanes, and the blocks are joined
//! by a fixed binary tree; rayon only decides who computes which branch.

use std::ops::Range;

/// Entries per block of a sum.
pub const BLOCK: usize = 4096;
/// Vectors at least this long are worked on by several threads.
pub const PARALLEL: usize = 8 * BLOCK;
/// Largest number of vectors in one linear combination.
pub const MAX_TERMS: usize = 16;

const LANES: usize = 8;
/// Entries of a combination that are kept in the first-level cache between two uses.
const PIECE: usize = 512;

/// A coefficient and its vector.
pub type ScaledVector<'a> = (f64, &'a [f64]);

/// `out` = sum of c x over `terms`, every vector read once; terms with c = 0 are not read at all.
///
/// # Panics
/// If a vector is shorter than `out` or there are more than [`MAX_TERMS`] non-zero terms.
pub fn combine(out: &mut [f64], terms: &[ScaledVector]) {
    let (terms, count) = nonzero(terms);
    for_each_part(out, 0, &|offset, part| dispatch::<false>(part, offset, &terms[..count]));
}

/// `y` += sum of c x over `terms`, in one pass.
///
/// # Panics
/// As [`combine`].
pub fn accumulate(y: &mut [f64], terms: &[ScaledVector]) {
    let (terms, count) = nonzero(terms);
    for_each_part(y, 0, &|offset, part| dispatch::<true>(part, offset, &terms[..count]));
}

/// One step of a three-term recurrence, in one pass: `next` <- a `next` + b `now` + c `before`, with the
/// coefficients `[a, b, c]`; `before` is not read if c = 0.
pub(crate) fn recur(next: &mut [f64], coefficients: [f64; 3], now: &[f64], before: &[f64]) {
    let [a, b, c] = coefficients;
    for_each_part(next, 0, &|offset, next| {
        let inputs = now[offset..].iter().zip(&before[offset..]);
        for (next, (x, z)) in next.iter_mut().zip(inputs) {
            let back = if c == 0.0 { 0.0 } else { c * z };
            *next = a * *next + b * x + back;
        }
    });
}

/// `y` <- s `y`.
pub fn scale(y: &mut [f64], s: f64) {
    for_each_part(y, 0, &|_, part| part.iter_mut().for_each(|v| *v *= s));
}

/// `y` <- `x`.
pub fn copy(y: &mut [f64], x: &[f64]) {
    for_each_part(y, 0, &|offset, part| part.copy_from_slice(&x[offset..offset + part.len()]));
}

/// Scalar product.
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    let [sum] = reduce(x.len().min(y.len()), &|range| {
        lanes(range.len(), |i| {
            let at = range.start + i;
            [x[at] * y[at]]
        })
    });
    sum
}

/// Euclidean norm; not finite if an entry is not finite.
pub fn norm(x: &[f64]) -> f64 {
    dot(x, x).sqrt()
}

/// Tolerances of the mixed norm: an entry may be wrong by atol + rtol max(|y|, |y_new|).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tolerance {
    pub(crate) rtol: f64,
    pub(crate) atol: f64,
}

/// `[sum (e/w)^2, sum (g/w)^2, sum e^2, sum y_new^2]` with w the allowed error of each entry,
/// e = sum of `first`, g = sum of `second`; NaN if `y_new` is not finite anywhere.
pub(crate) fn error_sums(
    y: &[f64],
    y_new: &[f64],
    tolerance: Tolerance,
    first: &[ScaledVector],
    second: &[ScaledVector],
) -> [f64; 4] {
    let ((first, f), (second, g)) = (nonzero(first), nonzero(second));
    reduce(y.len(), &|range| {
        let (mut e, mut d) = ([0.0; PIECE], [0.0; PIECE]);
        let mut total = [0.0; 4];
        for start in range.clone().step_by(PIECE) {
            let count = PIECE.min(range.end - start);
            dispatch::<false>(&mut e[..count], start, &first[..f]);
            dispatch::<false>(&mut d[..count], start, &second[..g]);
            let (old, new) = (&y[start..start + count], &y_new[start..start + count]);
            let (e, d) = (&e[..count], &d[..count]);
            let part = lanes(count, |i| {
                let weight = tolerance.atol + tolerance.rtol * old[i].abs().max(new[i].abs());
                // 0 * infinity = NaN: an overflow must not hide behind an infinite weight.
                let (a, b) = (e[i] / weight + 0.0 * new[i], d[i] / weight);
                [a * a, b * b, e[i] * e[i], new[i] * new[i]]
            });
            total = sum(total, part);
        }
        total
    })
}

/// Root mean square of x/w with w = atol + rtol |y|.
pub(crate) fn weighted_norm(x: &[f64], y: &[f64], tolerance: Tolerance) -> f64 {
    let [total, ..] = error_sums(y, y, tolerance, &[(1.0, x)], &[]);
    (total / x.len().max(1) as f64).sqrt()
}

fn nonzero<'a>(terms: &[ScaledVector<'a>]) -> ([ScaledVector<'a>; MAX_TERMS], usize) {
    let mut kept: [ScaledVector<'a>; MAX_TERMS] = [(0.0, &[]); MAX_TERMS];
    let mut count = 0;
    for &term in terms.iter().filter(|term| term.0 != 0.0) {
        kept[count] = term;
        count += 1;
    }
    (kept, count)
}

fn for_each_part(y: &mut [f64], offset: usize, work: &(impl Fn(usize, &mut [f64]) + Sync)) {
    if y.len() < PARALLEL {
        work(offset, y);
        return;
    }
    let middle = (y.len() / 2).next_multiple_of(BLOCK);
    let (left, right) = y.split_at_mut(middle);
    rayon::join(|| for_each_part(left, offset, work), || for_each_part(right, offset + middle, work));
}

/// Picks the kernel for the number of terms, so that the inner loop is unrolled over them.
fn dispatch<const ADD: bool>(out: &mut [f64], offset: usize, terms: &[ScaledVector]) {
    macro_rules! cases {
        ($($n:literal)*) => {
            match terms.len() {
                $($n => kernel::<$n, ADD>(out, offset, terms),)*
                _ => (),
            }
        };
    }
    cases!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);
}

fn kernel<const N: usize, const ADD: bool>(out: &mut [f64], offset: usize, terms: &[ScaledVector]) {
    let length = out.len();
    let c: [f64; N] = std::array::from_fn(|j| terms[j].0);
    let x: [&[f64]; N] = std::array::from_fn(|j| &terms[j].1[offset..offset + length]);
    let (chunks, rest) = out.as_chunks_mut::<LANES>();
    let done = chunks.len() * LANES;
    for (i, chunk) in chunks.iter_mut().enumerate() {
        let mut total = if ADD { *chunk } else { [0.0; LANES] };
        for j in 0..N {
            let input = &x[j][i * LANES..(i + 1) * LANES];
            for (t, v) in total.iter_mut().zip(input) {
                *t += c[j] * v;
            }
        }
        *chunk = total;
    }
    for (i, value) in rest.iter_mut().enumerate() {
        let mut total = if ADD { *value } else { 0.0 };
        for j in 0..N {
            total += c[j] * x[j][done + i];
        }
        *value = total;
    }
}

/// Sum of `leaf` over all blocks of `0..len` by a fixed tree.
fn reduce<const K: usize>(len: usize, leaf: &(impl Fn(Range<usize>) -> [f64; K] + Sync)) -> [f64; K] {
    tree(0, len.div_ceil(BLOCK).max(1), len, leaf)
}

fn tree<const K: usize>(
    first: usize,
    last: usize,
    len: usize,
    leaf: &(impl Fn(Range<usize>) -> [f64; K] + Sync),
) -> [f64; K] {
    if last - first == 1 {
        return leaf(first * BLOCK..(last * BLOCK).min(len));
    }
    let middle = first.midpoint(last);
    let (left, right) = if (last - first) * BLOCK >= PARALLEL {
        rayon::join(|| tree(first, middle, len, leaf), || tree(middle, last, len, leaf))
    } else {
        (tree(first, middle, len, leaf), tree(middle, last, len, leaf))
    };
    sum(left, right)
}

fn sum<const K: usize>(mut a: [f64; K], b: [f64; K]) -> [f64; K] {
    for (x, y) in a.iter_mut().zip(b) {
        *x += y;
    }
    a
}

/// Sums `value(i)` for i in `0..count` over eight lanes that are joined in a fixed order.
fn lanes<const K: usize>(count: usize, value: impl Fn(usize) -> [f64; K]) -> [f64; K] {
    let mut total = [[0.0; LANES]; K];
    let whole = count - count % LANES;
    for i in (0..whole).step_by(LANES) {
        for lane in 0..LANES {
            for (total, v) in total.iter_mut().zip(value(i + lane)) {
                total[lane] += v;
            }
        }
    }
    for i in whole..count {
        for (total, v) in total.iter_mut().zip(value(i)) {
            total[i - whole] += v;
        }
    }
    total.map(|t| ((t[0] + t[4]) + (t[2] + t[6])) + ((t[1] + t[5]) + (t[3] + t[7])))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLERANCE: Tolerance = Tolerance { rtol: 0.5, atol: 2.0 };

    #[test]
    fn error_sums_weigh_every_entry() {
        // Long enough for several blocks and a remainder: all entries alike.
        let n = 2 * BLOCK + 5;
        let (y, new, a, b) = (vec![-6.0; n], vec![4.0; n], vec![1.0; n], vec![2.0; n]);
        let sums = error_sums(&y, &new, TOLERANCE, &[(3.0, &a), (1.0, &b)], &[(0.0, &a), (5.0, &b)]);
        // Weight 2 + 0.5 * 6 = 5; e = 5, g = 10.
        assert_eq!(sums, [1.0, 4.0, 25.0, 16.0].map(|v| v * n as f64));
        assert!((weighted_norm(&a, &y, TOLERANCE) - 0.2).abs() < 1e-15);
    }

    #[test]
    fn what_is_not_finite_shows_in_the_sums() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let (y, mut new, e) = (vec![1.0; 9], vec![1.0; 9], vec![0.0; 9]);
            new[7] = bad;
            assert!(!error_sums(&y, &new, TOLERANCE, &[(1.0, &e)], &[])[0].is_finite());
            assert!(!norm(&new).is_finite());
        }
    }

    #[test]
    fn accumulate_and_scale_work_in_place() {
        let mut y = vec![1.0, 2.0, 3.0];
        accumulate(&mut y, &[(2.0, &[1.0, 1.0, 1.0]), (-1.0, &[0.0, 1.0, 2.0])]);
        scale(&mut y, 2.0);
        assert_eq!(y, [6.0, 6.0, 6.0]);
        accumulate(&mut y, &[]);
        combine(&mut y, &[]);
        assert_eq!(y, [0.0; 3]);
    }
}
