//! The generator and its adjoint on operators of one charge difference, without a matrix of their size.
//!
//! ```text
//! L X   = G X + X G^dag + sum_K K X K^dag            G = -i (H - (i/2) sum K^dag K)
//! L^+ Y = G^dag Y + Y G + sum_K K^dag Y K
//! ```
//! Both are the same sum with other factors, block by block: `A X + X A^dag + sum_K B X' B'^dag`.

use std::collections::HashMap;
use std::ops::Range;

use num_complex::Complex64;
use rayon::prelude::*;
use superladder_eigen::{LinearMap, SparseRows};
use superladder_space::{Space, SparseMatrix};

use super::coherence::{Coherence, ComplexScratch, Unknowns};
use crate::generator::Elements;

/// Elements below which one thread is faster than several.
const ALONE: usize = 8000;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// L.
    Forward,
    /// L^+.
    Adjoint,
}

/// Sparse rows of a factor between two charge groups.
#[derive(Debug, Clone, Default)]
struct Factor {
    starts: Vec<u32>,
    columns: Vec<u32>,
    values: Vec<Complex64>,
    /// Whether all values are real.
    real: bool,
}

impl Factor {
    /// The part of a matrix with these rows and columns.
    fn new(matrix: &SparseMatrix, rows: &Range<usize>, columns: &Range<usize>) -> Self {
        let mut factor = Self { starts: vec![0], ..Self::default() };
        for row in rows.clone() {
            if let Some(view) = matrix.outer_view(row) {
                for (column, value) in view.iter().filter(|(c, _)| columns.contains(c)) {
                    factor.columns.push((column - columns.start) as u32);
                    factor.values.push(*value);
                }
            }
            factor.starts.push(factor.columns.len() as u32);
        }
        factor.real = factor.values.iter().all(|value| value.im == 0.0);
        factor
    }

    fn row(&self, i: usize) -> impl Iterator<Item = (usize, Complex64)> + '_ {
        let range = self.starts[i] as usize..self.starts[i + 1] as usize;
        self.columns[range.clone()].iter().map(|c| *c as usize).zip(self.values[range].iter().copied())
    }

    /// `out` += row i of (factor times X), X with rows of this `width`.
    fn times(&self, i: usize, x: &[Complex64], width: usize, out: &mut [Complex64]) {
        for (k, value) in self.row(i) {
            let source = &x[k * width..(k + 1) * width];
            let pairs = out.iter_mut().zip(source);
            if value.im == 0.0 {
                pairs.for_each(|(o, x)| *o += x * value.re);
            } else if value.re == 0.0 {
                let y = value.im;
                pairs.for_each(|(o, x)| (o.re, o.im) = (o.re - y * x.im, o.im + y * x.re));
            } else {
                pairs.for_each(|(o, x)| *o += x * value);
            }
        }
    }

    /// `out` += x times the adjoint of the factor, for one row x.
    fn adjoint_times(&self, x: &[Complex64], out: &mut [Complex64]) {
        for (out, bounds) in out.iter_mut().zip(self.starts.windows(2)) {
            let range = bounds[0] as usize..bounds[1] as usize;
            let entries = self.columns[range.clone()].iter().zip(&self.values[range]);
            if self.real {
                entries.for_each(|(l, value)| *out += x[*l as usize] * value.re);
            } else {
                entries.for_each(|(l, value)| *out += x[*l as usize] * value.conj());
            }
        }
    }
}

/// What fills one block: `A X + X A'^dag`, and of every jump the source block and its two factors.
#[derive(Debug, Clone)]
struct Terms {
    factors: [usize; 2],
    jumps: Vec<(usize, [usize; 2])>,
}

/// The generator or its adjoint on one [`Coherence`].
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) unknowns: Unknowns,
    pub(super) coherence: Coherence,
    factors: Vec<Factor>,
    terms: Vec<Terms>,
    scratch: ComplexScratch,
}

/// Factors by what they are made of.
#[derive(Default)]
struct Factors {
    list: Vec<Factor>,
    effective: HashMap<(usize, usize), usize>,
    /// By jump and group of its rows, the group of its columns and the factor.
    jumps: HashMap<(usize, usize), (usize, usize)>,
}

impl Action {
    /// The action on `coherence`; what jumps take out of its blocks is lost.
    pub(crate) fn new(
        space: &Space,
        coherence: &Coherence,
        elements: &Elements,
        direction: Direction,
    ) -> Self {
        let mut factors = Factors::default();
        let jumps: Vec<(usize, usize, SparseMatrix)> = match direction {
            Direction::Forward => {
                elements.jumps.iter().map(|j| (j.source, j.target, j.matrix.clone())).collect()
            }
            Direction::Adjoint => {
                elements.jumps.iter().map(|j| (j.target, j.source, adjoint(&j.matrix))).collect()
            }
        };
        let minus_i = Complex64::new(0.0, -1.0);
        let effective: Vec<SparseMatrix> =
            elements.effective.iter().map(|h| h.map(|x| minus_i * x)).collect();
        let effective = match direction {
            Direction::Forward => effective,
            Direction::Adjoint => effective.iter().map(adjoint).collect(),
        };
        let terms = (0..coherence.blocks.len())
            .map(|b| factors.terms(space, coherence, &effective, &jumps, b))
            .collect();
        Self {
            unknowns: Unknowns::new(space, coherence),
            coherence: coherence.clone(),
            factors: factors.list,
            terms,
            scratch: ComplexScratch::new(coherence.len),
        }
    }

    /// The same on operators that need not be Hermitian.
    pub(crate) fn general(mut self) -> Self {
        self.unknowns = Unknowns::General(2 * self.coherence.len);
        self
    }

    /// `out` = L X or L^+ X on the elements themselves.
    pub(crate) fn act(&self, x: &[Complex64], out: &mut [Complex64]) {
        self.run(x, out, false);
    }

    /// [`Action::act`]; with `half` an operator whose Hermitian part is L X for a Hermitian X: `2 G X + sum_K K X
    /// K^dag`.
    fn run(&self, x: &[Complex64], out: &mut [Complex64], half: bool) {
        let mut work = Vec::with_capacity(self.terms.len());
        let mut rest = out;
        for block in 0..self.terms.len() {
            let (own, behind) = rest.split_at_mut(self.coherence.blocks[block].size());
            work.push((block, own));
            rest = behind;
        }
        let fill = |(block, out): (usize, &mut [Complex64])| self.fill(block, x, out, half);
        if self.coherence.len < ALONE {
            work.into_iter().for_each(fill);
        } else {
            work.into_par_iter().for_each(fill);
        }
    }

    /// The matrix on the elements, row by row; `None` once it has more than `most` elements.
    pub(crate) fn rows(&self, most: usize) -> Option<SparseRows> {
        let mut rows: SparseRows = Vec::with_capacity(self.coherence.len);
        let mut count = 0;
        for (number, block) in self.coherence.blocks.iter().enumerate() {
            let width = block.columns.len();
            for (i, j) in (0..block.rows.len()).flat_map(|i| (0..width).map(move |j| (i, j))) {
                let mut row = Vec::new();
                self.row((number, i, j), &mut row);
                count += row.len();
                if count > most {
                    return None;
                }
                rows.push(row);
            }
        }
        Some(rows)
    }

    /// Appends the row of element (i, j) of a block: the elements it comes from, some of them more than once.
    pub(super) fn row(&self, (number, i, j): (usize, usize, usize), row: &mut Vec<(usize, Complex64)>) {
        let (block, terms) = (&self.coherence.blocks[number], &self.terms[number]);
        let [left, right] = terms.factors.map(|f| &self.factors[f]);
        let at = |k: usize, l: usize| block.offset + k * block.columns.len() + l;
        row.extend(left.row(i).map(|(k, v)| (at(k, j), v)));
        row.extend(right.row(j).map(|(l, v)| (at(i, l), v.conj())));
        for (source, factors) in &terms.jumps {
            let source = &self.coherence.blocks[*source];
            let [left, right] = factors.map(|f| &self.factors[f]);
            for (k, v) in left.row(i) {
                let from = source.offset + k * source.columns.len();
                row.extend(right.row(j).map(|(l, w)| (from + l, v * w.conj())));
            }
        }
    }

    fn fill(&self, number: usize, x: &[Complex64], out: &mut [Complex64], half: bool) {
        let block = &self.coherence.blocks[number];
        let (own, width) = (&x[block.range()], block.columns.len());
        let Terms { factors: [left, right], jumps } = &self.terms[number];
        let (left, right) = (&self.factors[*left], &self.factors[*right]);
        for (i, out) in out.chunks_exact_mut(width).enumerate() {
            out.fill(Complex64::ZERO);
            left.times(i, own, width, out);
            if half {
                for z in out.iter_mut() {
                    *z += *z;
                }
            } else {
                right.adjoint_times(&own[i * width..(i + 1) * width], out);
            }
        }
        let mut row = Vec::new();
        for (source, [left, right]) in jumps {
            let source = &self.coherence.blocks[*source];
            let (left, right) = (&self.factors[*left], &self.factors[*right]);
            for (i, out) in out.chunks_exact_mut(width).enumerate() {
                if left.starts[i] == left.starts[i + 1] {
                    continue;
                }
                row.clear();
                row.resize(source.columns.len(), Complex64::ZERO);
                left.times(i, &x[source.range()], source.columns.len(), &mut row);
                right.adjoint_times(&row, out);
            }
        }
    }
}

impl Factors {
    fn terms(
        &mut self,
        space: &Space,
        coherence: &Coherence,
        effective: &[SparseMatrix],
        jumps: &[(usize, usize, SparseMatrix)],
        block: usize,
    ) -> Terms {
        let block = &coherence.blocks[block];
        let sector = block.sector;
        let states = |group: usize| space.sectors()[sector].groups()[group].1.clone();
        let factors = block.groups.map(|group| {
            *self.effective.entry((sector, group)).or_insert_with(|| {
                self.list.push(Factor::new(&effective[sector], &states(group), &states(group)));
                self.list.len() - 1
            })
        });
        let mut found = Vec::new();
        for (number, (source, target, matrix)) in jumps.iter().enumerate() {
            if *target != sector {
                continue;
            }
            let sides = block.groups.map(|group| self.jump(space, (number, *source, *target), matrix, group));
            let [Some((row, left)), Some((column, right))] = sides else { continue };
            if let Some(source) = coherence.find(*source, row, column) {
                found.push((source, [left, right]));
            }
        }
        Terms { factors, jumps: found }
    }

    /// The group that a jump comes from into a group, and its factor; `None` if nothing comes.
    fn jump(
        &mut self,
        space: &Space,
        (number, source, target): (usize, usize, usize),
        matrix: &SparseMatrix,
        group: usize,
    ) -> Option<(usize, usize)> {
        if let Some(known) = self.jumps.get(&(number, group)) {
            return Some(*known);
        }
        let rows = space.sectors()[target].groups()[group].1.clone();
        let first = rows.clone().find_map(|row| matrix.outer_view(row)?.iter().next().map(|(c, _)| c))?;
        let groups = space.sectors()[source].groups();
        // Groups follow each other.
        let from = groups.partition_point(|(_, states)| states.end <= first);
        groups.get(from)?;
        self.list.push(Factor::new(matrix, &rows, &groups[from].1));
        self.jumps.insert((number, group), (from, self.list.len() - 1));
        Some((from, self.list.len() - 1))
    }
}

pub(crate) fn adjoint(matrix: &SparseMatrix) -> SparseMatrix {
    matrix.transpose_view().to_csr().map(Complex64::conj)
}

impl LinearMap for Action {
    fn dim(&self) -> usize {
        self.unknowns.len()
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        let hermitian = matches!(self.unknowns, Unknowns::Hermitian { .. });
        self.unknowns.through(&self.scratch, (x, out), |from, to| self.run(from, to, hermitian));
    }
}
