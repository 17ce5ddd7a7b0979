//! The generator as a sparse matrix: for export and as an independent second implementation of the action.
//!
//! Unknowns are all kept elements of the density matrix, both Hermitian halves: sector after sector, and
//! within a sector row-major over (i, j) where only the j of kept coherences occur.

use std::collections::BTreeSet;

use num_complex::Complex64;
use rayon::prelude::*;
use sprs::CsMat;
use superladder_engine::{EngineError, Halt, Never, Problem};
use superladder_propagate::{Alias, LinearOperator};
use superladder_space::{Space, SparseMatrix, go_on};

use crate::error::{NAME, space_error};
use crate::generator::Elements;
use crate::layout::Layout;
use crate::rows::{LiouvillianRows, entries};
use crate::setting::reduced_space;
use crate::spectrum::rectangle;

/// Numbers of the unknowns of an assembled generator.
#[derive(Debug, Clone)]
pub struct AssembledIndex {
    /// First unknown of row i of a sector: `rows[sector][i]`.
    rows: Vec<Vec<usize>>,
    /// For every sector: the columns j that are kept together with a row of group g, ascending.
    columns: Vec<Vec<Vec<u32>>>,
    group_of: Vec<Vec<u32>>,
    len: usize,
}

impl AssembledIndex {
    /// Numbers the elements whose coherence is stored in `layout`; `None` once `halted` says so.
    pub(crate) fn new(space: &Space, layout: &Layout, halted: &dyn Fn() -> bool) -> Option<Self> {
        /// Groups or pairs between two looks at whether to go on.
        const PIECES: usize = 1 << 10;
        let mut index = Self { rows: Vec::new(), columns: Vec::new(), group_of: Vec::new(), len: 0 };
        for (sector, pairs) in space.sectors().iter().zip(layout.pairs_by_sector()) {
            let groups = sector.groups();
            // Groups that are kept together.
            let mut kept: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); groups.len()];
            for (done, p) in pairs.into_iter().enumerate() {
                go_on(done, PIECES, halted)?;
                let pair = layout.pairs()[p as usize];
                let (row, column) = (layout.tiles()[pair.row].group, layout.tiles()[pair.column].group);
                kept[row].insert(column);
                kept[column].insert(row);
            }
            let mut group_of = vec![0; sector.dim()];
            let mut columns = Vec::new();
            for (g, (_, states)) in groups.iter().enumerate() {
                go_on(g, PIECES, halted)?;
                group_of[states.clone()].fill(g as u32);
                let states = kept[g].iter().flat_map(|other| groups[*other].1.clone());
                columns.push(states.map(|j| j as u32).collect::<Vec<u32>>());
            }
            let mut rows = Vec::with_capacity(sector.dim());
            for i in 0..sector.dim() {
                rows.push(index.len);
                index.len += columns[group_of[i] as usize].len();
            }
            index.rows.push(rows);
            index.columns.push(columns);
            index.group_of.push(group_of);
        }
        Some(index)
    }

    /// Number of unknowns.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True without unknowns.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of the unknown (i, j) of a sector, if it is kept.
    pub fn find(&self, sector: usize, i: usize, j: usize) -> Option<usize> {
        let columns = &self.columns[sector][self.group_of[sector][i] as usize];
        columns.binary_search(&(j as u32)).ok().map(|c| self.rows[sector][i] + c)
    }

    /// All unknowns in order, as (sector, i, j).
    pub fn unknowns(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        (0..self.rows.len()).flat_map(move |s| {
            (0..self.rows[s].len()).flat_map(move |i| {
                self.columns[s][self.group_of[s][i] as usize].iter().map(move |j| (s, i, *j as usize))
            })
        })
    }

    /// The unknowns of a stored state vector.
    pub fn expand(&self, layout: &Layout, vector: &[f64]) -> Vec<Complex64> {
        let value = |(s, i, j)| match layout.element(s, i, j) {
            Some((index, conjugate)) => {
                let z = Complex64::new(vector[index], vector[index + 1]);
                if conjugate { z.conj() } else { z }
            }
            None => Complex64::ZERO,
        };
        self.unknowns().map(value).collect()
    }
}

/// An assembled Liouvillian with the numbering of its unknowns.
#[derive(Debug, Clone)]
pub struct Assembled {
    /// `L` on the unknowns of `index`.
    pub matrix: SparseMatrix,
    /// The numbering.
    pub index: AssembledIndex,
}

impl Assembled {
    /// Assembles `L = G (x) 1 + 1 (x) conj(G) + sum K (x) conj(K)` from the same elements as the matrix-free
    /// form.
    pub fn new(space: &Space, layout: &Layout, elements: &Elements) -> Self {
        let assembled = Self::new_while(space, layout, elements, &Never);
        assembled.unwrap_or_else(|| unreachable!("nobody ends it"))
    }

    /// [`Assembled::new`], `None` if `halt` ends it.
    pub(crate) fn new_while(
        space: &Space,
        layout: &Layout,
        elements: &Elements,
        halt: &dyn Halt,
    ) -> Option<Self> {
        let index = AssembledIndex::new(space, layout, &|| halt.asked())?;
        let terms = LiouvillianRows::new(elements);
        let unknowns: Vec<(usize, usize, usize)> = index.unknowns().collect();
        let rows: Option<Vec<Vec<(usize, Complex64)>>> = unknowns
            .par_iter()
            .map(|&(sector, i, j)| {
                if halt.asked() {
                    return None;
                }
                let mut row = Vec::new();
                let mut add = |s: usize, k: usize, l: usize, value: Complex64| {
                    if let Some(column) = index.find(s, k, l) {
                        row.push((column, value));
                    }
                };
                terms.row(sector, i, j, &mut add);
                Some(merged(row))
            })
            .collect();
        let rows = rows?;
        let mut starts = Vec::with_capacity(rows.len() + 1);
        starts.push(0);
        let (mut columns, mut values) = (Vec::new(), Vec::new());
        for row in rows {
            columns.extend(row.iter().map(|e| e.0));
            values.extend(row.iter().map(|e| e.1));
            starts.push(columns.len());
        }
        let matrix = CsMat::new((index.len(), index.len()), starts, columns, values);
        Some(Self { matrix, index })
    }

    /// `L rho` on the unknowns of the index.
    pub fn apply(&self, rho: &[Complex64]) -> Vec<Complex64> {
        let row = |r: usize| entries(&self.matrix, r).map(|(column, value)| value * rho[column]).sum();
        (0..self.matrix.rows()).into_par_iter().map(row).collect()
    }

    /// `max_j |(1^T L)_j|`: how far the generator is from keeping the trace.
    pub fn trace_residual(&self) -> f64 {
        let mut sums = vec![Complex64::ZERO; self.matrix.cols()];
        for (number, (_, i, j)) in self.index.unknowns().enumerate() {
            if i == j {
                for (column, value) in entries(&self.matrix, number) {
                    sums[column] += value;
                }
            }
        }
        sums.iter().map(|z| z.norm()).fold(0.0, f64::max)
    }
}

/// Entries sorted by column, those of the same column added up.
fn merged(mut row: Vec<(usize, Complex64)>) -> Vec<(usize, Complex64)> {
    row.sort_by_key(|e| e.0);
    let mut result: Vec<(usize, Complex64)> = Vec::with_capacity(row.len());
    for (column, value) in row {
        match result.last_mut() {
            Some(last) if last.0 == column => last.1 += value,
            _ => result.push((column, value)),
        }
    }
    result.retain(|e| e.1 != Complex64::ZERO);
    result
}

/// The assembled Liouvillian of the first stage of a problem, reduced by its symmetries.
///
/// # Errors
/// [`EngineError`] when the space cannot be enumerated.
pub fn assembled(problem: &Problem) -> Result<Assembled, EngineError> {
    problem.validate()?;
    problem.without_samples(NAME)?;
    let setting = reduced_space(problem, true).map_err(|e| space_error(&e))?;
    let elements = Elements::new(&setting.space, problem.model());
    Ok(Assembled::new(&setting.space, &setting.layout, &elements))
}

/// The assembled generator acting on stored state vectors: each stored element is one row of the matrix.
pub(crate) struct AssembledOperator {
    matrix: SparseMatrix,
    /// Matrix row of every stored complex number.
    row_of: Vec<u32>,
    /// Stored complex number of every unknown, and whether it is the conjugate.
    stored: Vec<(u32, bool)>,
    aliases: Vec<Alias>,
    norm: f64,
    rectangle: (f64, f64, f64),
}

impl AssembledOperator {
    /// The operator, `None` if `halt` ends it.
    pub(crate) fn new_while(
        space: &Space,
        layout: &Layout,
        elements: &Elements,
        halt: &dyn Halt,
    ) -> Option<Self> {
        let Assembled { matrix, index } = Assembled::new_while(space, layout, elements, halt)?;
        let mut row_of = vec![0; layout.len() / 2];
        let mut stored = Vec::with_capacity(index.len());
        for (number, (s, i, j)) in index.unknowns().enumerate() {
            let (place, conjugate) = layout.element(s, i, j).unwrap_or((0, false));
            stored.push(((place / 2) as u32, conjugate));
            if !conjugate {
                row_of[place / 2] = number as u32;
            }
        }
        let norm = (0..matrix.rows())
            .map(|r| entries(&matrix, r).map(|(_, z)| z.norm()).sum::<f64>())
            .fold(0.0, f64::max);
        let rectangle = rectangle(layout, &elements.effective, halt)?;
        Some(Self { matrix, row_of, stored, aliases: layout.aliases(), norm, rectangle })
    }
}

impl LinearOperator for AssembledOperator {
    fn dim(&self) -> usize {
        2 * self.row_of.len()
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        out.par_chunks_exact_mut(2).zip(self.row_of.par_iter()).with_min_len(1024).for_each(
            |(target, &row)| {
                let mut sum = Complex64::ZERO;
                for (column, value) in entries(&self.matrix, row as usize) {
                    let (place, conjugate) = self.stored[column];
                    let z = Complex64::new(x[2 * place as usize], x[2 * place as usize + 1]);
                    sum += value * if conjugate { z.conj() } else { z };
                }
                (target[0], target[1]) = (sum.re, sum.im);
            },
        );
    }

    fn norm_bound(&self) -> f64 {
        self.norm
    }

    fn spectral_box(&self) -> Option<(f64, f64, f64)> {
        Some(self.rectangle)
    }

    fn aliases(&self) -> Option<Vec<Alias>> {
        Some(self.aliases.clone())
    }
}
