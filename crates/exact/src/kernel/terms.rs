//! The terms to be added to a row of a block, with their sources located.

use super::block::Block;
use super::spans::Span;
use crate::programs::{ONES, RowEntry, Run};
use crate::tasks::{Action, Reading, Task};

/// `out[c] += scale * coefficient[c] * source[c]` for the columns of a row from `first` to `end`; everything
/// counts f64.
#[derive(Clone, Copy)]
pub(super) struct Term {
    pub(super) scale: f64,
    /// What column 0 would read; may wrap around below 0.
    pub(super) source: usize,
    /// What column 0 would take from the pool.
    pub(super) coefficient: u32,
    pub(super) first: u16,
    pub(super) end: u16,
    /// Entry of the row that makes the scale.
    entry: u32,
    /// Entries a row, 0 if the scale is the same in all rows.
    entries: u16,
    /// f64 a row of the source.
    width: u16,
    /// Factor of the coefficient of the entry: the sign of the term, and what is read of the source.
    weight: f64,
}

/// Kinds of terms: whole rows, whose coefficients are 1; runs, whose scale is 1; runs with a scale; and those
/// that read conjugated copies, all of them as runs with a scale.
pub(super) const KINDS: usize = 4;
pub(super) const ROWS: usize = 0;
const RUNS: usize = 1;
const SCALED_RUNS: usize = 2;
pub(super) const COPIED: usize = 3;

/// The terms of a row: of the imaginary and of the real accumulator, by kind.
#[derive(Default)]
pub(super) struct Terms {
    lists: [[Vec<Term>; KINDS]; 2],
}

impl Terms {
    /// The terms of the imaginary (0) or the real (1) accumulator, by kind.
    #[inline]
    pub(super) fn of(&self, accumulator: usize) -> &[Vec<Term>; KINDS] {
        &self.lists[accumulator]
    }

    /// Lists all terms of a row. Where the rows of all sources follow those of the row before, only what
    /// changes is written anew.
    pub(super) fn list(&mut self, block: &Block, row: usize) {
        let follows = block.tasks.iter().all(|task| match task.action {
            Action::Left { factor, tile } | Action::Sandwich { left: factor, row_tile: tile, .. } => {
                block.program.factors[factor as usize].rows[tile as usize].follows[row]
            }
            Action::Right { .. } => true,
        });
        if follows && row > 0 {
            self.advance(block);
            return;
        }
        self.lists.iter_mut().flatten().for_each(Vec::clear);
        let mut spans = block.spans;
        for task in block.tasks {
            self.push(block, task, &mut spans, row);
        }
    }

    /// Moves all terms to the next row of their sources and gives them the scales of that row.
    fn advance(&mut self, block: &Block) {
        let entries = &block.program.pool.entries;
        for list in self.lists.iter_mut().flatten() {
            for term in list {
                term.source = term.source.wrapping_add(term.width as usize);
                if term.entries > 0 {
                    term.entry += u32::from(term.entries);
                    term.scale = term.weight * entries[term.entry as usize].coefficient;
                }
            }
        }
    }

    /// Lists the terms of a task; takes its sources off the front of `spans`.
    #[inline]
    fn push(&mut self, block: &Block, task: &Task, spans: &mut &[Span], row: usize) {
        let (factors, entries) = (&block.program.factors, &block.program.pool.entries);
        let mut take = |count: usize| {
            let (taken, rest) = spans.split_at(count);
            *spans = rest;
            taken
        };
        let lists = &mut self.lists[usize::from(!task.into.imaginary)];
        match task.action {
            Action::Left { factor, tile } => {
                let program = &factors[factor as usize].rows[tile as usize];
                let spans = take(program.tiles.len());
                for at in program.of_row(row) {
                    let entry = &entries[at];
                    let span = &spans[entry.slot as usize];
                    let kind = match span.reading {
                        Reading::Absent => continue,
                        Reading::Direct | Reading::Half => ROWS,
                        Reading::Conjugate => COPIED,
                    };
                    let whole = Run { slot: 0, first: 0, end: block.width as u32, shift: 0, base: ONES };
                    let term = Term::new(&whole, span, entry.row as usize);
                    lists[kind].push(term.scaled(task.into.sign, entry, at, program.of_row(row).len()));
                }
            }
            Action::Right { factor, tile } => {
                let program = &factors[factor as usize].runs[tile as usize];
                let spans = take(program.tiles.len());
                for (slot, span) in spans.iter().enumerate() {
                    let kind = match span.reading {
                        Reading::Absent => continue,
                        Reading::Direct | Reading::Half => RUNS,
                        Reading::Conjugate => COPIED,
                    };
                    for run in program.of_slot(slot) {
                        lists[kind].push(Term::new(run, span, row));
                    }
                }
            }
            Action::Sandwich { left, right, row_tile, column_tile } => {
                let rows = &factors[left as usize].rows[row_tile as usize];
                let columns = &factors[right as usize].runs[column_tile as usize];
                let slots = columns.tiles.len();
                let spans = take(rows.tiles.len() * slots);
                for at in rows.of_row(row) {
                    let entry = &entries[at];
                    for slot in 0..slots {
                        let span = &spans[entry.slot as usize * slots + slot];
                        let (half, kind) = match span.reading {
                            Reading::Absent => continue,
                            Reading::Half => (0.5, SCALED_RUNS),
                            Reading::Direct => (1.0, SCALED_RUNS),
                            Reading::Conjugate => (1.0, COPIED),
                        };
                        for run in columns.of_slot(slot) {
                            let term = Term::new(run, span, entry.row as usize);
                            let weight = half * task.into.sign;
                            lists[kind].push(term.scaled(weight, entry, at, rows.of_row(row).len()));
                        }
                    }
                }
            }
        }
    }
}

impl Term {
    /// A run of a row of a source block, with the scale 1.
    #[inline]
    fn new(run: &Run, span: &Span, row: usize) -> Self {
        Self {
            scale: 1.0,
            source: (span.start + row * span.width).wrapping_add_signed(run.shift as isize),
            coefficient: run.base,
            first: run.first as u16,
            end: run.end as u16,
            entry: 0,
            entries: 0,
            width: span.width as u16,
            weight: 1.0,
        }
    }

    /// With the coefficient of entry number `at`, one of `entries` of its row.
    #[inline]
    fn scaled(self, weight: f64, entry: &RowEntry, at: usize, entries: usize) -> Self {
        let (entry, scale) = (at as u32, weight * entry.coefficient);
        Self { scale, weight, entry, entries: entries as u16, ..self }
    }
}
