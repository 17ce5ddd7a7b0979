//! Sparse factors of the generator, cut to tiles and laid out for the kernel.
//!
//! A factor acts on the rows or on the columns of a block of the density matrix. For rows, every output row
//! is a combination of whole source rows ([`RowProgram`]). For columns, the non-zero elements are collected
//! into *runs* along which source and output columns advance together ([`RunProgram`]), so that they
//! vectorise. All factors share one [`Pool`] of entries and coefficients.

use std::ops::Range;

use sprs::CsMat;
use superladder_space::go_on;

use crate::layout::{LARGEST_TILE, Layout};

/// One source row of an output row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowEntry {
    /// Number of the source tile in [`RowProgram::tiles`].
    pub slot: u32,
    /// Row within the source tile.
    pub row: u32,
    /// Real coefficient.
    pub coefficient: f64,
}

/// `out[r, :] += sum coefficient * source[slot][row, :]`.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowProgram {
    /// Source tiles.
    pub tiles: Vec<u32>,
    /// Entries of output row r: `starts[r]..starts[r + 1]` of [`Pool::entries`].
    pub starts: Vec<u32>,
    /// For every row, whether its entries are those of the row before, each one row further in the same tile.
    pub follows: Vec<bool>,
}

/// Columns from `first` to `end` of the output, from columns of a source tile shifted by a constant. All
/// three numbers count f64, two a column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// Number of the source tile in [`RunProgram::tiles`].
    pub slot: u32,
    /// First output column, times 2.
    pub first: u32,
    /// End of the output columns, times 2.
    pub end: u32,
    /// Source column minus output column, times 2.
    pub shift: i32,
    /// Where the coefficient of column 0 would be in the pool; each is stored twice, for the real and the
    /// imaginary part.
    pub base: u32,
}

/// `out[:, c] += coefficient[c] * source[slot][:, c + shift / 2]`.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunProgram {
    /// Source tiles.
    pub tiles: Vec<u32>,
    /// The runs, ordered by slot.
    pub runs: Vec<Run>,
    /// Runs of slot k: `runs[slot_starts[k]..slot_starts[k + 1]]`.
    pub slot_starts: Vec<u32>,
}

impl RunProgram {
    /// The runs out of a source tile.
    #[inline]
    pub(crate) fn of_slot(&self, slot: usize) -> &[Run] {
        &self.runs[self.slot_starts[slot] as usize..self.slot_starts[slot + 1] as usize]
    }
}

impl RowProgram {
    /// The entries of an output row in [`Pool::entries`].
    #[inline]
    pub(crate) fn of_row(&self, row: usize) -> Range<usize> {
        self.starts[row] as usize..self.starts[row + 1] as usize
    }
}

/// What all programs share.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    /// Entries of rows, those of consecutive rows of a program one after the other.
    pub entries: Vec<RowEntry>,
    /// Coefficients of runs, each run between margins of zeros, so that a strip of columns may reach beyond
    /// it.
    pub coefficients: Vec<f64>,
}

impl Pool {
    /// Without programs: ones for every column of a row and every strip that starts in it. Every
    /// [`Run::base`] is at least 0 because of them.
    pub(crate) fn new() -> Self {
        Self { entries: Vec::new(), coefficients: vec![1.0; 2 * LARGEST_TILE + MARGIN] }
    }

    /// Memory in bytes.
    pub(crate) fn memory(&self) -> u64 {
        (size_of::<RowEntry>() * self.entries.len() + 8 * self.coefficients.len()) as u64
    }
}

/// A real sparse factor (output states x source states), programmed for every output tile of a sector: for
/// rows, for columns or for both.
#[derive(Debug, Clone, Default)]
pub(crate) struct Factor {
    /// By output tile, counted from the first tile of the output sector.
    pub rows: Vec<RowProgram>,
    /// By output tile, counted from the first tile of the output sector.
    pub runs: Vec<RunProgram>,
}

impl Factor {
    /// Memory in bytes, without the pool.
    pub(crate) fn memory(&self) -> u64 {
        let rows = self.rows.iter().map(|p| 4 * p.tiles.len() + 5 * p.starts.len());
        let runs = self.runs.iter().map(|p| 8 * p.tiles.len() + size_of::<Run>() * p.runs.len());
        rows.chain(runs).sum::<usize>() as u64
    }
}

/// Zeros before and after the coefficients of every run: no strip is wider.
pub(crate) const MARGIN: usize = 64;

/// Where the pool holds ones.
pub(crate) const ONES: u32 = 0;

/// Gaps of at most this many columns within a run are bridged by zero coefficients: no more than a strip.
const LARGEST_GAP: u32 = 16;

fn slot_of(tiles: &mut Vec<u32>, tile: usize) -> u32 {
    let found = tiles.iter().position(|t| *t as usize == tile);
    found.unwrap_or_else(|| {
        tiles.push(tile as u32);
        tiles.len() - 1
    }) as u32
}

/// Output tiles that are programmed between two looks at whether to go on.
const TILES: usize = 1 << 8;

/// Programs `matrix`, which maps sector `source` to sector `target`, for rows; appends its entries to `pool`.
/// `None` once `halted` says so.
pub(crate) fn row_programs(
    layout: &Layout,
    (target, source): (usize, usize),
    matrix: &CsMat<f64>,
    pool: &mut Pool,
    halted: &dyn Fn() -> bool,
) -> Option<Vec<RowProgram>> {
    let program = |(number, tile)| {
        go_on(number, TILES, halted)?;
        Some(row_program(layout, tile, source, matrix, pool))
    };
    layout.tiles_of_sector(target).enumerate().map(program).collect()
}

/// Programs `matrix`, which maps sector `source` to sector `target`, for columns; appends its coefficients to
/// `pool`. `None` once `halted` says so.
pub(crate) fn run_programs(
    layout: &Layout,
    (target, source): (usize, usize),
    matrix: &CsMat<f64>,
    pool: &mut Pool,
    halted: &dyn Fn() -> bool,
) -> Option<Vec<RunProgram>> {
    let program = |(number, tile)| {
        go_on(number, TILES, halted)?;
        Some(run_program(layout, tile, source, matrix, pool))
    };
    layout.tiles_of_sector(target).enumerate().map(program).collect()
}

fn row_program(
    layout: &Layout,
    tile: usize,
    source: usize,
    matrix: &CsMat<f64>,
    pool: &mut Pool,
) -> RowProgram {
    let mut program = RowProgram::default();
    program.starts.push(pool.entries.len() as u32);
    for row in layout.tiles()[tile].states.clone() {
        if let Some(elements) = matrix.outer_view(row) {
            for (state, &coefficient) in elements.iter() {
                let source_tile = layout.tile_of(source, state);
                let slot = slot_of(&mut program.tiles, source_tile);
                let row = (state - layout.tiles()[source_tile].states.start) as u32;
                pool.entries.push(RowEntry { slot, row, coefficient });
            }
        }
        program.starts.push(pool.entries.len() as u32);
        let entries = |row: usize| &pool.entries[program.of_row(row)];
        let row = program.follows.len();
        let follows = row > 0 && follow(entries(row - 1), entries(row));
        program.follows.push(follows);
    }
    program
}

/// Whether the entries `after` are those `before`, each one row further in the same tile.
fn follow(before: &[RowEntry], after: &[RowEntry]) -> bool {
    let next = |(b, a): (&RowEntry, &RowEntry)| a.slot == b.slot && a.row == b.row + 1;
    before.len() == after.len() && before.iter().zip(after).all(next)
}

fn run_program(
    layout: &Layout,
    tile: usize,
    source: usize,
    matrix: &CsMat<f64>,
    pool: &mut Pool,
) -> RunProgram {
    let (mut program, pool) = (RunProgram::default(), &mut pool.coefficients);
    let states = layout.tiles()[tile].states.clone();
    // Elements by (source tile, column shift): along one of these, neighbours in the output are neighbours in
    // the source.
    let mut elements: Vec<(u32, i32, u32, f64)> = Vec::new();
    for (column, state) in states.enumerate() {
        if let Some(view) = matrix.outer_view(state) {
            for (from, &coefficient) in view.iter() {
                let source_tile = layout.tile_of(source, from);
                let slot = slot_of(&mut program.tiles, source_tile);
                let local = from - layout.tiles()[source_tile].states.start;
                elements.push((slot, local as i32 - column as i32, column as u32, coefficient));
            }
        }
    }
    elements.sort_by_key(|a| (a.0, a.1, a.2));
    for (slot, shift, column, coefficient) in elements {
        let shift = 2 * shift;
        let run = program.runs.last_mut().filter(|r| r.slot == slot && r.shift == shift);
        if let Some(run) = run.filter(|r| 2 * column - r.end <= 2 * LARGEST_GAP) {
            pool.truncate(pool.len() - MARGIN);
            pool.extend(std::iter::repeat_n(0.0, (2 * column - run.end) as usize));
            run.end = 2 * column + 2;
        } else {
            pool.extend([0.0; MARGIN]);
            let (first, at) = (2 * column, pool.len() as u32);
            program.runs.push(Run { slot, first, end: first + 2, shift, base: at - first });
        }
        pool.extend([coefficient, coefficient]);
        pool.extend([0.0; MARGIN]);
    }
    for slot in 0..=program.tiles.len() {
        program.slot_starts.push(program.runs.partition_point(|r| (r.slot as usize) < slot) as u32);
    }
    program
}
