//! Orthonormal vectors that grow one by one.

use superladder_propagate::vector::{self, MAX_TERMS};

/// Orthonormal vectors side by side in one allocation.
pub(crate) struct Basis {
    dim: usize,
    vectors: Vec<f64>,
    /// A piece of every vector: scratch of [`Basis::combine_in_place`].
    piece: Vec<f64>,
    /// Scalar products with the vectors.
    along: Vec<f64>,
}

/// Below this part of its length a vector is what rounding left over: it lies in the span of the others.
const LEFT_OVER: f64 = 1e-14;
/// Entries of a vector that are combined at a time.
const PIECE: usize = 256;

impl Basis {
    /// Room for `count` vectors.
    pub(crate) fn new(dim: usize, count: usize) -> Self {
        Self {
            dim,
            vectors: vec![0.0; dim * count],
            piece: vec![0.0; count * PIECE],
            along: vec![0.0; count],
        }
    }

    pub(crate) fn vector(&self, k: usize) -> &[f64] {
        &self.vectors[k * self.dim..(k + 1) * self.dim]
    }

    pub(crate) fn vector_mut(&mut self, k: usize) -> &mut [f64] {
        &mut self.vectors[k * self.dim..(k + 1) * self.dim]
    }

    /// Vector `k` to read and the one after it to write.
    pub(crate) fn step(&mut self, k: usize) -> (&[f64], &mut [f64]) {
        let (before, after) = self.vectors.split_at_mut((k + 1) * self.dim);
        (&before[k * self.dim..], &mut after[..self.dim])
    }

    /// Makes vector `k` orthogonal to those before it and of length 1, by two rounds of classical
    /// Gram-Schmidt. `column[..k]` gets its components along them and `column[k]` its length: 0 if it lies in
    /// their span, and then the vector is left as it is. False if it is not finite.
    ///
    /// Source: L. Giraud, J. Langou, M. Rozloznik, E. Numer. Math. 101, 87 (2005): twice is enough.
    pub(crate) fn orthonormalise(&mut self, k: usize, column: &mut [f64]) -> bool {
        let (before, after) = self.vectors.split_at_mut(k * self.dim);
        let new = &mut after[..self.dim];
        let length = vector::norm(new);
        column[..k].fill(0.0);
        let mut rest = length;
        for _ in 0..2 {
            let last = rest;
            self.along[..k].fill(0.0);
            dots(before, self.dim, new, &mut self.along[..k]);
            for first in (0..k).step_by(MAX_TERMS) {
                let count = MAX_TERMS.min(k - first);
                let mut terms: [vector::ScaledVector; MAX_TERMS] = [(0.0, &[]); MAX_TERMS];
                for (i, term) in terms[..count].iter_mut().enumerate() {
                    let with = &before[(first + i) * self.dim..(first + i + 1) * self.dim];
                    column[first + i] += self.along[first + i];
                    *term = (-self.along[first + i], with);
                }
                vector::accumulate(new, &terms[..count]);
            }
            rest = vector::norm(new);
            // Little was cancelled: a second round would change rounding errors only. With 0.1 here restarts lose
            // their memory: GMRES takes 111 iterations for 35 in its test.
            if rest > 0.7 * last {
                break;
            }
        }
        let inside = rest <= LEFT_OVER * length || rest == 0.0;
        column[k] = if inside { 0.0 } else { rest };
        if !inside {
            vector::scale(new, 1.0 / rest);
        }
        length.is_finite() && rest.is_finite()
    }

    /// `out` += sum of `coefficients[k]` times vector k.
    pub(crate) fn add_combination(&self, coefficients: &[f64], out: &mut [f64]) {
        for (part, first) in coefficients.chunks(MAX_TERMS).zip((0..).step_by(MAX_TERMS)) {
            let mut terms: [vector::ScaledVector; MAX_TERMS] = [(0.0, &[]); MAX_TERMS];
            for (i, (term, c)) in terms.iter_mut().zip(part).enumerate() {
                *term = (*c, self.vector(first + i));
            }
            vector::accumulate(out, &terms[..part.len()]);
        }
    }

    /// The first vectors become combinations of the first `from`: number j is the sum over k of
    /// `matrix[k][j]` times vector k. `matrix` is row by row with `to` columns.
    pub(crate) fn combine_in_place(&mut self, from: usize, to: usize, matrix: &[f64]) {
        for start in (0..self.dim).step_by(PIECE) {
            let length = PIECE.min(self.dim - start);
            self.piece[..to * PIECE].fill(0.0);
            for k in 0..from {
                let source = &self.vectors[k * self.dim + start..][..length];
                for (out, c) in self.piece.chunks_exact_mut(PIECE).zip(&matrix[k * to..(k + 1) * to]) {
                    out.iter_mut().zip(source).for_each(|(out, x)| *out += c * x);
                }
            }
            for (j, piece) in self.piece.chunks_exact(PIECE).take(to).enumerate() {
                self.vectors[j * self.dim + start..][..length].copy_from_slice(&piece[..length]);
            }
        }
    }

    /// A vector without structure, the same on every machine, numbered by `seed`.
    pub(crate) fn fill_random(&mut self, k: usize, seed: u64) {
        fill_random(self.vector_mut(k), seed);
    }
}

/// Vectors whose scalar products are taken in one task.
const TOGETHER: usize = 8;

/// Scalar products of the vectors in `all`, side by side, with one; each is summed by one thread in one order.
fn dots(all: &[f64], dim: usize, with: &[f64], out: &mut [f64]) {
    if out.len() <= TOGETHER {
        return few_dots(all, dim, with, out);
    }
    let middle = (out.len() / 2).next_multiple_of(TOGETHER).min(out.len() - 1);
    let (left, right) = out.split_at_mut(middle);
    let (first, second) = all.split_at(middle * dim);
    if dim >= vector::PARALLEL {
        rayon::join(|| dots(first, dim, with, left), || dots(second, dim, with, right));
    } else {
        dots(first, dim, with, left);
        dots(second, dim, with, right);
    }
}

/// [`dots`] piece by piece, so that the one vector is read once for all.
fn few_dots(all: &[f64], dim: usize, with: &[f64], out: &mut [f64]) {
    const LANES: usize = 8;
    for start in (0..dim).step_by(4 * PIECE) {
        let end = (start + 4 * PIECE).min(dim);
        let with = &with[start..end];
        for (k, out) in out.iter_mut().enumerate() {
            let own = &all[k * dim + start..k * dim + end];
            let mut sums = [0.0; LANES];
            let (pairs, rest) = (own.as_chunks::<LANES>(), with.as_chunks::<LANES>());
            for (x, y) in pairs.0.iter().zip(rest.0) {
                for lane in 0..LANES {
                    sums[lane] += x[lane] * y[lane];
                }
            }
            let tail: f64 = pairs.1.iter().zip(rest.1).map(|(x, y)| x * y).sum();
            *out += sums.iter().sum::<f64>() + tail;
        }
    }
}

/// Numbers between -1 and 1 without structure (splitmix64), the same on every machine.
pub(crate) fn fill_random(out: &mut [f64], seed: u64) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678_9abc_def1;
    for value in out {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        *value = 2.0 * ((z >> 11) as f64) / 9_007_199_254_740_992.0 - 1.0;
    }
}
