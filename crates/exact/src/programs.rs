//! Sparse factors of the generator, cut to tiles and laid out for the kernel.
//!
//! A factor acts on the rows or on the columns of a block of the density matrix. For rows, every output row is a
//! combination of whole source rows ([`RowProgram`]). For columns, the non-zero elements are collected into *runs*
//! along which source and output columns advance together ([`RunProgram`]), so that they vectorise.

use sprs::CsMat;

use crate::layout::Layout;

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
    /// Entries of output row r: `entries[starts[r]..starts[r + 1]]`.
    pub starts: Vec<u32>,
    /// The entries.
    pub entries: Vec<RowEntry>,
}

/// Columns `column..column + length` of the output from columns `source..` of a source tile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// Number of the source tile in [`RunProgram::tiles`].
    pub slot: u32,
    /// First output column.
    pub column: u32,
    /// First source column.
    pub source: u32,
    /// Number of columns.
    pub length: u32,
    /// First coefficient; each is stored twice, for the real and the imaginary part.
    pub coefficient: u32,
}

/// `out[:, column + i] += coefficient[i] * source[slot][:, source + i]`.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunProgram {
    /// Source tiles.
    pub tiles: Vec<u32>,
    /// The runs, ordered by slot.
    pub runs: Vec<Run>,
    /// Runs of slot k: `runs[slot_starts[k]..slot_starts[k + 1]]`.
    pub slot_starts: Vec<u32>,
    /// Coefficients, each twice.
    pub coefficients: Vec<f64>,
}

/// A real sparse factor (output states x source states), programmed for every output tile of a sector.
#[derive(Debug, Clone)]
pub(crate) struct Factor {
    /// By output tile, counted from the first tile of the output sector.
    pub rows: Vec<RowProgram>,
    /// By output tile, counted from the first tile of the output sector.
    pub runs: Vec<RunProgram>,
}

impl Factor {
    /// Programs `matrix`, which maps sector `source` to sector `target`.
    pub(crate) fn new(layout: &Layout, target: usize, source: usize, matrix: &CsMat<f64>) -> Self {
        let tiles = layout.tiles_of_sector(target);
        let rows = tiles.clone().map(|t| row_program(layout, t, source, matrix)).collect();
        let runs = tiles.map(|t| run_program(layout, t, source, matrix)).collect();
        Self { rows, runs }
    }

    /// Memory in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let rows = self.rows.iter().map(|p| 4 * (p.tiles.len() + p.starts.len()) + 16 * p.entries.len());
        let runs = self.runs.iter().map(|p| 8 * p.tiles.len() + 20 * p.runs.len() + 8 * p.coefficients.len());
        rows.chain(runs).sum::<usize>() as u64
    }
}

/// Gaps of at most this many columns within a run are bridged by zero coefficients: cheaper than a new run.
const LARGEST_GAP: u32 = 2;

fn slot_of(tiles: &mut Vec<u32>, tile: usize) -> u32 {
    let found = tiles.iter().position(|t| *t as usize == tile);
    found.unwrap_or_else(|| {
        tiles.push(tile as u32);
        tiles.len() - 1
    }) as u32
}

fn row_program(layout: &Layout, tile: usize, source: usize, matrix: &CsMat<f64>) -> RowProgram {
    let mut program = RowProgram::default();
    program.starts.push(0);
    for row in layout.tiles()[tile].states.clone() {
        if let Some(elements) = matrix.outer_view(row) {
            for (state, &coefficient) in elements.iter() {
                let source_tile = layout.tile_of(source, state);
                let slot = slot_of(&mut program.tiles, source_tile);
                let row = (state - layout.tiles()[source_tile].states.start) as u32;
                program.entries.push(RowEntry { slot, row, coefficient });
            }
        }
        program.starts.push(program.entries.len() as u32);
    }
    program
}

fn run_program(layout: &Layout, tile: usize, source: usize, matrix: &CsMat<f64>) -> RunProgram {
    let mut program = RunProgram::default();
    let states = layout.tiles()[tile].states.clone();
    // Elements by (source tile, column shift): along one of these, neighbours in the output are neighbours in the
    // source.
    let mut elements: Vec<(u32, i64, u32, f64)> = Vec::new();
    for (column, state) in states.enumerate() {
        if let Some(view) = matrix.outer_view(state) {
            for (from, &coefficient) in view.iter() {
                let source_tile = layout.tile_of(source, from);
                let slot = slot_of(&mut program.tiles, source_tile);
                let local = from - layout.tiles()[source_tile].states.start;
                elements.push((slot, local as i64 - column as i64, column as u32, coefficient));
            }
        }
    }
    elements.sort_by_key(|a| (a.0, a.1, a.2));
    for (slot, shift, column, coefficient) in elements {
        let source = (i64::from(column) + shift) as u32;
        let gap = program
            .runs
            .last()
            .filter(|r| r.slot == slot && i64::from(r.source) - i64::from(r.column) == shift);
        let gap = gap.map(|r| column - r.column - r.length).filter(|g| *g <= LARGEST_GAP);
        if let (Some(run), Some(gap)) = (program.runs.last_mut(), gap) {
            program.coefficients.extend(std::iter::repeat_n(0.0, 2 * gap as usize));
            run.length += gap + 1;
        } else {
            let first = program.coefficients.len() as u32;
            program.runs.push(Run { slot, column, source, length: 1, coefficient: first });
        }
        program.coefficients.extend([coefficient, coefficient]);
    }
    for slot in 0..=program.tiles.len() {
        program.slot_starts.push(program.runs.partition_point(|r| (r.slot as usize) < slot) as u32);
    }
    program
}
