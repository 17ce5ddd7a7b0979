//! Sparse rows of real numbers, neighbouring rows together.
#![allow(
    clippy::inline_always,
    reason = "only code inlined into the dispatched function gets its instruction set"
)]

use std::collections::HashMap;
use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

/// Rows that one thread takes at least.
const GRAIN: usize = 4096;

/// Some rows of a matrix, one after the other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// End of every row among the entries.
    pub ends: Vec<u32>,
    /// Column of every entry.
    pub columns: Vec<u32>,
    /// The entries.
    pub values: Vec<f64>,
}

impl Rows {
    /// Appends a row; entries of one column stand together and are summed, zeros are left out.
    pub fn append(&mut self, entries: impl Iterator<Item = (u32, f64)>) {
        let first = self.columns.len();
        for (column, value) in entries.filter(|(_, value)| *value != 0.0) {
            match (self.columns[first..].last(), self.values.last_mut()) {
                (Some(known), Some(last)) if *known == column => *last += value,
                _ => {
                    self.columns.push(column);
                    self.values.push(value);
                }
            }
        }
        self.ends.push(self.columns.len() as u32);
    }
}

/// Consecutive rows whose columns lie at the same distances from the diagonal.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// First row.
    first: u32,
    /// Rows.
    rows: u32,
    /// First of its distances.
    distances: u32,
    /// Entries a row.
    entries: u32,
    /// First of its values.
    values: usize,
}

/// A square matrix in rows. Where the columns of neighbouring rows are neighbours, several rows are summed at
/// a time, and what says where the columns are is stored once:
///
/// ```text
/// rows 4 to 8, distances -2, 0, 3        values, by strips of 8, 4, 2 rows and of one
///   x . o . . + .  .                     | xxxx oooo ++++ | x o + |
///     x . o . . +  .                       4 rows at once   the fifth
/// ```
///
/// ```
/// use superladder_sparse::{RealMatrix, Rows};
///
/// // [[0, 2], [1, 3]]
/// let mut matrix = RealMatrix::default();
/// matrix.push(&Rows { ends: vec![1, 3], columns: vec![1, 0, 1], values: vec![2.0, 1.0, 3.0] });
/// let mut out = [0.0; 2];
/// matrix.apply(&[10.0, 1.0], &mut out);
/// assert_eq!(out, [2.0, 13.0]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct RealMatrix {
    runs: Vec<Run>,
    /// Columns minus rows.
    distances: Vec<i32>,
    values: Vec<f64>,
    dim: usize,
    /// Where the distances of a run stand that begin with other rows, too.
    known: HashMap<Vec<i32>, u32>,
}

impl RealMatrix {
    /// A matrix without rows, with room for `nnz` entries.
    pub fn with_capacity(nnz: usize) -> Self {
        Self { values: Vec::with_capacity(nnz), ..Self::default() }
    }

    /// Adds rows below those that are there.
    ///
    /// # Panics
    /// With more than `i32::MAX` rows.
    pub fn push(&mut self, part: &Rows) {
        assert!(i32::try_from(self.dim + part.ends.len()).is_ok(), "at most 2^31 rows");
        let mut first = 0;
        while first < part.ends.len() {
            let distances = distances(part, first, self.dim + first);
            let same = |row: &usize| is_at(part, *row, self.dim + row, &distances);
            let rows = 1 + (first + 1..part.ends.len()).take_while(same).count();
            self.push_run(part, first..first + rows, distances);
            first += rows;
        }
        self.dim += part.ends.len();
    }

    fn push_run(&mut self, part: &Rows, rows: Range<usize>, distances: Vec<i32>) {
        let (start, entries) = (start(part, rows.start), distances.len());
        let next = self.distances.len() as u32;
        let at = *self.known.entry(distances).or_insert_with_key(|distances| {
            self.distances.extend(distances);
            next
        });
        self.runs.push(Run {
            first: (self.dim + rows.start) as u32,
            rows: rows.len() as u32,
            distances: at,
            entries: entries as u32,
            values: self.values.len(),
        });
        for strip in strips(rows.len()) {
            for k in 0..entries {
                self.values.extend(strip.clone().map(|row| part.values[start + row * entries + k]));
            }
        }
    }

    /// Forgets what only helps to add rows.
    pub fn finish(&mut self) {
        self.known = HashMap::new();
        self.values.shrink_to_fit();
        self.runs.shrink_to_fit();
    }

    /// Rows, and columns.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Number of entries.
    pub fn nnz(&self) -> usize {
        self.values.len()
    }

    /// Memory in bytes.
    pub fn memory(&self) -> u64 {
        (size_of::<Run>() * self.runs.len() + 4 * self.distances.len() + 8 * self.values.len()) as u64
    }

    /// `out` = A `x`: every row by one thread and in one order, so that the bits are the same for any number
    /// of threads.
    ///
    /// # Panics
    /// If a vector has another length than the matrix has rows.
    pub fn apply(&self, x: &[f64], out: &mut [f64]) {
        assert!(x.len() == self.dim && out.len() == self.dim, "vectors of {} numbers", self.dim);
        self.apply_runs(0..self.runs.len(), (x, None), out);
    }

    /// `out` = a A `x` + b `x` + c `before`, with the `coefficients` [a, b, c].
    ///
    /// # Panics
    /// If a vector has another length than the matrix has rows.
    pub fn apply_recurrence(&self, coefficients: [f64; 3], x: &[f64], before: &[f64], out: &mut [f64]) {
        assert!([x.len(), before.len(), out.len()] == [self.dim; 3], "vectors of {} numbers", self.dim);
        self.apply_runs(0..self.runs.len(), (x, Some((coefficients, before))), out);
    }

    fn apply_runs(&self, runs: Range<usize>, from: Sources, out: &mut [f64]) {
        if out.len() < 2 * GRAIN || runs.len() < 2 {
            Arch::new().dispatch(Product { matrix: self, runs: &self.runs[runs], from, out });
            return;
        }
        let middle = runs.start.midpoint(runs.end);
        let (low, high) = out.split_at_mut((self.runs[middle].first - self.runs[runs.start].first) as usize);
        rayon::join(
            || self.apply_runs(runs.start..middle, from, low),
            || self.apply_runs(middle..runs.end, from, high),
        );
    }

    /// Largest sum of the moduli of a row: the norm that belongs to the maximum norm.
    pub fn norm(&self) -> f64 {
        let mut largest: f64 = 0.0;
        for run in &self.runs {
            let mut at = run.values;
            for strip in strips(run.rows as usize) {
                let values = &self.values[at..at + strip.len() * run.entries as usize];
                at += values.len();
                for row in 0..strip.len() {
                    largest =
                        largest.max(values.iter().skip(row).step_by(strip.len()).map(|v| v.abs()).sum());
                }
            }
        }
        largest
    }
}

fn start(part: &Rows, row: usize) -> usize {
    row.checked_sub(1).map_or(0, |before| part.ends[before] as usize)
}

fn distances(part: &Rows, row: usize, number: usize) -> Vec<i32> {
    let columns = &part.columns[start(part, row)..part.ends[row] as usize];
    columns.iter().map(|c| (i64::from(*c) - number as i64) as i32).collect()
}

/// Whether the columns of a row lie at these distances.
fn is_at(part: &Rows, row: usize, number: usize, distances: &[i32]) -> bool {
    let columns = &part.columns[start(part, row)..part.ends[row] as usize];
    columns.len() == distances.len()
        && columns.iter().zip(distances).all(|(c, d)| i64::from(*c) - number as i64 == i64::from(*d))
}

/// Rows that are summed at a time: as many strips of 16 as there are, then at most one of 8, 4, 2 and 1.
fn strips(rows: usize) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let left = rows - at;
        let width = [16, 8, 4, 2, 1].into_iter().find(|width| *width <= left)?;
        at += width;
        Some(at - width..at)
    })
}

/// The vector, and what the product becomes part of: coefficients [a, b, c] and the vector before.
type Sources<'a> = (&'a [f64], Option<([f64; 3], &'a [f64])>);

/// Rows of a matrix times a vector.
struct Product<'a> {
    matrix: &'a RealMatrix,
    runs: &'a [Run],
    from: Sources<'a>,
    /// The rows of these runs.
    out: &'a mut [f64],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Product { matrix, runs, from: (x, recurrence), mut out } = self;
        for run in runs {
            let rows = run.first as usize..(run.first + run.rows) as usize;
            let (whole, rest) = out.split_at_mut(rows.len());
            out = rest;
            let mut now = &mut whole[..];
            let mut strip = Strip {
                distances: &matrix.distances[run.distances as usize..][..run.entries as usize],
                values: &matrix.values[run.values..],
                x,
                row: run.first as usize,
            };
            while now.len() >= 16 {
                now = match S::F64_LANES {
                    8 => strip.vectors::<S, 2>(simd, now),
                    4 => strip.vectors::<S, 4>(simd, now),
                    _ => strip.rows::<16>(now),
                };
            }
            if now.len() >= 8 {
                now = match S::F64_LANES {
                    8 => strip.vectors::<S, 1>(simd, now),
                    4 => strip.vectors::<S, 2>(simd, now),
                    _ => strip.rows::<8>(now),
                };
            }
            if now.len() >= 4 {
                now = if S::F64_LANES == 4 { strip.vectors::<S, 1>(simd, now) } else { strip.rows::<4>(now) };
            }
            if now.len() >= 2 {
                now = strip.rows::<2>(now);
            }
            if !now.is_empty() {
                strip.rows::<1>(now);
            }
            if let Some(([a, b, c], before)) = recurrence {
                for ((out, x), before) in whole.iter_mut().zip(&x[rows.clone()]).zip(&before[rows]) {
                    *out = a * *out + b * x + c * before;
                }
            }
        }
    }
}

/// What is left of a run: its distances, the values from the next row on, the vector, and that row.
struct Strip<'a> {
    distances: &'a [i32],
    values: &'a [f64],
    x: &'a [f64],
    row: usize,
}

/// Repeats a statement for every vector of a strip, with its number as a literal: sums stay in registers only
/// if no index is computed.
macro_rules! each {
    ($V:ident, $v:ident, $body:block) => {
        each!(@ $V, $v, $body, 0, 1, 2, 3)
    };
    (@ $V:ident, $v:ident, $body:block, $($literal:literal),*) => {
        $(if $V > $literal {
            const $v: usize = $literal;
            $body
        })*
    };
}

impl<'a> Strip<'a> {
    /// The values of the next `width` rows, which are then behind.
    #[inline(always)]
    fn take(&mut self, width: usize) -> &'a [f64] {
        let (values, rest) = self.values.split_at(width * self.distances.len());
        self.values = rest;
        self.row += width;
        values
    }

    /// Sums `V` vectors of rows; returns the rows behind them.
    #[inline(always)]
    fn vectors<'o, S: Simd, const V: usize>(&mut self, simd: S, out: &'o mut [f64]) -> &'o mut [f64] {
        let (width, row) = (V * S::F64_LANES, self.row);
        let mut sums = [simd.splat_f64s(0.0); 4];
        let values = self.take(width);
        for (distance, values) in self.distances.iter().zip(values.chunks_exact(width)) {
            let at = row.wrapping_add_signed(*distance as isize);
            let (values, _) = S::as_simd_f64s(values);
            let (x, _) = S::as_simd_f64s(&self.x[at..at + width]);
            each!(V, K, {
                sums[K] = simd.mul_add_e_f64s(values[K], x[K], sums[K]);
            });
        }
        let (strip, rest) = out.split_at_mut(width);
        let (strip, _) = S::as_mut_simd_f64s(strip);
        each!(V, K, {
            strip[K] = sums[K];
        });
        rest
    }

    /// Sums `W` rows; returns the rows behind them.
    #[inline(always)]
    fn rows<'o, const W: usize>(&mut self, out: &'o mut [f64]) -> &'o mut [f64] {
        let (mut sums, row) = ([0.0; W], self.row);
        let (values, _) = self.take(W).as_chunks::<W>();
        for (distance, values) in self.distances.iter().zip(values) {
            let at = row.wrapping_add_signed(*distance as isize);
            for ((sum, v), x) in sums.iter_mut().zip(values).zip(&self.x[at..at + W]) {
                *sum += v * x;
            }
        }
        let (strip, rest) = out.split_at_mut(W);
        strip.copy_from_slice(&sums);
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns of a row of a band whose width changes here and there, so that runs have all lengths.
    fn columns(dim: usize, row: usize) -> Range<usize> {
        let reach = if row % 47 < 31 { 2 } else { row % 3 };
        row.saturating_sub(reach)..(row + reach + 1).min(dim)
    }

    fn value(row: usize, column: usize) -> f64 {
        1.0 / (1.0 + (row * column % 1000) as f64)
    }

    fn part(dim: usize, rows: Range<usize>) -> Rows {
        let mut part = Rows::default();
        for row in rows {
            for column in columns(dim, row) {
                part.columns.push(column as u32);
                part.values.push(value(row, column));
            }
            part.ends.push(part.columns.len() as u32);
        }
        part
    }

    fn band(dim: usize) -> RealMatrix {
        let (mut matrix, cut) = (RealMatrix::default(), dim / 3);
        for rows in [0..cut, cut..cut, cut..dim] {
            matrix.push(&part(dim, rows));
        }
        matrix.finish();
        matrix
    }

    #[test]
    fn the_product_is_that_of_the_rows_on_any_number_of_threads() {
        let dim = 5 * GRAIN + 17;
        let matrix = band(dim);
        let x: Vec<f64> = (0..dim).map(|k| (k as f64).sin()).collect();
        let on = |threads: usize| {
            let mut out = vec![f64::NAN; dim];
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| matrix.apply(&x, &mut out));
            out
        };
        let out = on(1);
        assert_eq!(out, on(3));
        for row in 0..dim {
            let expected: f64 = columns(dim, row).map(|c| value(row, c) * x[c]).sum();
            assert!((out[row] - expected).abs() < 1e-14, "row {row}");
        }
    }

    #[test]
    fn neighbouring_rows_share_their_distances() {
        let dim = 1000;
        let matrix = band(dim);
        let entries = |row| columns(dim, row).len();
        assert_eq!((matrix.dim(), matrix.nnz()), (dim, (0..dim).map(entries).sum::<usize>()));
        assert!(matrix.runs.len() < dim / 2 && matrix.distances.len() < 40, "{}", matrix.distances.len());
        let sum = |row: usize| columns(dim, row).map(|c| value(row, c)).sum::<f64>();
        let largest = (0..dim).map(sum).fold(0.0, f64::max);
        assert!((matrix.norm() - largest).abs() < 1e-14);
        assert!(matrix.memory() > 8 * matrix.nnz() as u64);
    }
}
