//! Where the source blocks of a block lie in memory.

use crate::tasks::{Action, Program, Reading, Source, Task};

/// Where a source block of a task starts: in the state vector or among the conjugated copies.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) reading: Reading,
    /// f64 a row.
    pub(super) width: usize,
}

/// Appends where the source blocks of a task start. A block stored as its conjugate is copied first, so that
/// the kernel reads every source row by row.
pub(super) fn locate_sources(
    program: &Program,
    task: &Task,
    x: &[f64],
    (height, width): (usize, usize),
    conjugates: &mut Vec<f64>,
    spans: &mut Vec<Span>,
) {
    let length_of = |tile: u32| program.layout.tiles()[tile as usize].states.len();
    let mut sources = program.sources[task.sources as usize..].iter();
    let mut push = |shape: (usize, usize)| {
        if let Some(source) = sources.next() {
            spans.push(locate(x, *source, shape, conjugates));
        }
    };
    match task.action {
        Action::Left { factor, tile } => {
            let side = &program.factors[factor as usize].rows[tile as usize];
            side.tiles.iter().for_each(|from| push((length_of(*from), width)));
        }
        Action::Right { factor, tile } => {
            let side = &program.factors[factor as usize].runs[tile as usize];
            side.tiles.iter().for_each(|from| push((height, length_of(*from))));
        }
        Action::Sandwich { left, right, row_tile, column_tile } => {
            let rows = &program.factors[left as usize].rows[row_tile as usize].tiles;
            let columns = &program.factors[right as usize].runs[column_tile as usize].tiles;
            for i in rows {
                for j in columns {
                    push((length_of(*i), length_of(*j)));
                }
            }
        }
    }
}

/// Finds a source block of the given shape; one stored as its Hermitian conjugate is copied behind
/// `conjugates`.
fn locate(x: &[f64], source: Source, (height, width): (usize, usize), conjugates: &mut Vec<f64>) -> Span {
    let Source { offset, reading } = source;
    if reading != Reading::Conjugate {
        return Span { start: offset, reading, width: 2 * width };
    }
    let start = conjugates.len();
    conjugates.resize(start + 2 * height * width, 0.0);
    let (stored, _) = x[offset..offset + 2 * height * width].as_chunks::<2>();
    let (copy, _) = conjugates[start..].as_chunks_mut::<2>();
    for (r, row) in copy.chunks_exact_mut(width).enumerate() {
        for (element, column) in row.iter_mut().zip(stored.chunks_exact(height)) {
            let [re, im] = column[r];
            *element = [re, -im];
        }
    }
    Span { start, reading, width: 2 * width }
}
