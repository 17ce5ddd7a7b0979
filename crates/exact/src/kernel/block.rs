//! One stored block of the output: its tasks, their sources, and the diagonal of the generator on it.

use num_complex::Complex64;

use super::recurrence::Recurrence;
use super::spans::{Span, locate_sources};
use crate::tasks::{Program, Task};

/// An output block and all that it is computed from.
pub(super) struct Block<'a> {
    pub(super) program: &'a Program,
    pub(super) tasks: &'a [Task],
    /// Where the sources of all tasks lie, in the order of the tasks.
    pub(super) spans: &'a [Span],
    pub(super) x: &'a [f64],
    pub(super) conjugates: &'a [f64],
    /// Diagonal of the generator by row; real and imaginary parts by column, each twice.
    pub(super) left: &'a [Complex64],
    pub(super) right: [&'a [f64]; 2],
    /// What the state holds in this block.
    pub(super) own: &'a [f64],
    /// Factor of the diagonal of the generator: 1, 1/2 on the diagonal of the state, or 0.
    pub(super) weight: f64,
    /// f64 a row.
    pub(super) width: usize,
    pub(super) on_diagonal: bool,
    /// What the block becomes part of, with the rows of `before` of this block.
    pub(super) recurrence: Option<Recurrence<'a>>,
}

impl<'a> Block<'a> {
    pub(super) fn new(
        program: &'a Program,
        pair: usize,
        x: &'a [f64],
        with_diagonal: bool,
        conjugates: &'a mut Vec<f64>,
        spans: &'a mut Vec<Span>,
    ) -> Self {
        let layout = &program.layout;
        let stored = layout.pairs()[pair];
        let (rows, columns) = (&layout.tiles()[stored.row], &layout.tiles()[stored.column]);
        let (height, width) = (rows.states.len(), columns.states.len());
        let tasks =
            &program.tasks[program.task_starts[pair] as usize..program.task_starts[pair + 1] as usize];
        conjugates.clear();
        spans.clear();
        for task in tasks {
            locate_sources(program, task, x, (height, width), conjugates, spans);
        }
        let on_diagonal = stored.row == stored.column;
        let pairs = 2 * columns.states.start..2 * columns.states.end;
        let (decays, energies) = &program.column_diagonal[rows.sector];
        let half = if on_diagonal { 0.5 } else { 1.0 };
        Self {
            program,
            tasks,
            spans,
            x,
            conjugates,
            left: &program.diagonal[rows.sector][rows.states.clone()],
            right: [&decays[pairs.clone()], &energies[pairs]],
            own: &x[layout.block(pair)],
            weight: if with_diagonal { half } else { 0.0 },
            width: 2 * width,
            on_diagonal,
            recurrence: None,
        }
    }
}
