//! The inner loops of the generator: one stored block after the other, every source read where it lies.

use std::ops::Range;

use pulp::Arch;

use crate::generator::{Action, Lindbladian, Source, Task};
use crate::programs::{RowProgram, RunProgram};

/// Buffers of one worker: the two accumulators of a block and the conjugated copies of source blocks.
#[derive(Default)]
pub(crate) struct Scratch {
    real: Vec<f64>,
    imaginary: Vec<f64>,
    conjugates: Vec<f64>,
}

/// Fills the blocks of the pairs in `range`; `out` holds exactly these blocks, one after the other.
pub(crate) fn fill_blocks(
    generator: &Lindbladian,
    range: Range<usize>,
    x: &[f64],
    out: &mut [f64],
    with_diagonal: bool,
    scratch: &mut Scratch,
) {
    let arch = Arch::new();
    let fused = !matches!(arch, Arch::Scalar);
    let mut rest = out;
    for pair in range {
        let (block, after) = rest.split_at_mut(generator.layout.block(pair).len());
        rest = after;
        if fused {
            arch.dispatch(
                #[inline(always)]
                || fill_block::<true>(generator, pair, x, block, with_diagonal, scratch),
            );
        } else {
            fill_block::<false>(generator, pair, x, block, with_diagonal, scratch);
        }
    }
}

/// `a * b + c`; fused only where the instruction exists (the library fallback is slower by a factor of 40).
#[inline(always)]
fn multiply_add<const FUSED: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

#[inline(always)]
fn fill_block<const FUSED: bool>(
    generator: &Lindbladian,
    pair: usize,
    x: &[f64],
    out: &mut [f64],
    with_diagonal: bool,
    scratch: &mut Scratch,
) {
    let layout = &generator.layout;
    let stored = layout.pairs()[pair];
    let (rows, columns) = (&layout.tiles()[stored.row], &layout.tiles()[stored.column]);
    let shape = (rows.states.len(), columns.states.len());
    for accumulator in [&mut scratch.real, &mut scratch.imaginary] {
        accumulator.clear();
        accumulator.resize(out.len(), 0.0);
    }
    let tasks = &generator.tasks[generator.task_starts[pair] as usize..generator.task_starts[pair + 1] as usize];
    for task in tasks {
        apply_task::<FUSED>(generator, task, x, shape, scratch);
    }
    let diagonal = &generator.diagonal[rows.sector];
    for r in 0..shape.0 {
        let span = 2 * r * shape.1..2 * (r + 1) * shape.1;
        let (real, imaginary) = (&scratch.real[span.clone()], &scratch.imaginary[span.clone()]);
        let target = &mut out[span.clone()];
        for ((o, a), b) in target.chunks_exact_mut(2).zip(real.chunks_exact(2)).zip(imaginary.chunks_exact(2)) {
            (o[0], o[1]) = (a[0] - b[1], a[1] + b[0]);
        }
        if with_diagonal {
            let source = &x[stored.offset..][span];
            let left = diagonal[rows.states.start + r];
            let right = &diagonal[columns.states.clone()];
            for ((o, s), g) in target.chunks_exact_mut(2).zip(source.chunks_exact(2)).zip(right) {
                let (re, im) = (left.re + g.re, left.im - g.im);
                o[0] += re * s[0] - im * s[1];
                o[1] += re * s[1] + im * s[0];
            }
        }
    }
    if stored.row == stored.column {
        mirror(out, shape.0);
    }
}

/// The lower half of a diagonal block mirrors the upper: Hermiticity holds by construction.
fn mirror(block: &mut [f64], dim: usize) {
    for r in 0..dim {
        block[2 * (r * dim + r) + 1] = 0.0;
        for c in r + 1..dim {
            let (upper, lower) = (2 * (r * dim + c), 2 * (c * dim + r));
            block[lower] = block[upper];
            block[lower + 1] = -block[upper + 1];
        }
    }
}

#[inline(always)]
fn apply_task<const FUSED: bool>(
    generator: &Lindbladian,
    task: &Task,
    x: &[f64],
    (height, width): (usize, usize),
    scratch: &mut Scratch,
) {
    let layout = &generator.layout;
    let Scratch { real, imaginary, conjugates } = scratch;
    let out: &mut [f64] = if task.part.imaginary { imaginary } else { real };
    let length_of = |tile: u32| layout.tiles()[tile as usize].states.len();
    match task.action {
        Action::Left { factor, tile } => {
            let program = &generator.factors[factor as usize].rows[tile as usize];
            for (slot, &source_tile) in program.tiles.iter().enumerate() {
                let source = generator.sources[task.sources as usize + slot];
                let block = read(x, source, (length_of(source_tile), width), conjugates);
                combine_rows::<FUSED>(program, slot as u32, task.part.sign, block, width, out);
            }
        }
        Action::Right { factor, tile } => {
            let program = &generator.factors[factor as usize].runs[tile as usize];
            for (slot, &source_tile) in program.tiles.iter().enumerate() {
                let source = generator.sources[task.sources as usize + slot];
                let source_width = length_of(source_tile);
                let block = read(x, source, (height, source_width), conjugates);
                for r in 0..height {
                    let from = &block[2 * r * source_width..2 * (r + 1) * source_width];
                    let to = &mut out[2 * r * width..2 * (r + 1) * width];
                    combine_runs::<FUSED>(program, slot as u32, task.part.sign, from, to);
                }
            }
        }
        Action::Sandwich { left, right, row_tile, column_tile } => {
            let rows = &generator.factors[left as usize].rows[row_tile as usize];
            let runs = &generator.factors[right as usize].runs[column_tile as usize];
            let mut number = task.sources as usize;
            for (row_slot, &source_rows) in rows.tiles.iter().enumerate() {
                for (run_slot, &source_columns) in runs.tiles.iter().enumerate() {
                    let source = generator.sources[number];
                    number += 1;
                    let source_width = length_of(source_columns);
                    let block = read(x, source, (length_of(source_rows), source_width), conjugates);
                    for r in 0..height {
                        for entry in row_entries(rows, r).iter().filter(|e| e.slot == row_slot as u32) {
                            let from = &block[2 * entry.row as usize * source_width..][..2 * source_width];
                            let to = &mut out[2 * r * width..2 * (r + 1) * width];
                            let coefficient = task.part.sign * entry.coefficient;
                            combine_runs::<FUSED>(runs, run_slot as u32, coefficient, from, to);
                        }
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn row_entries(program: &RowProgram, row: usize) -> &[crate::programs::RowEntry] {
    &program.entries[program.starts[row] as usize..program.starts[row + 1] as usize]
}

/// A source block of the given shape, conjugated into scratch if it is stored as its Hermitian conjugate.
#[inline(always)]
fn read<'a>(x: &'a [f64], source: Source, (height, width): (usize, usize), scratch: &'a mut Vec<f64>) -> &'a [f64] {
    let stored = &x[source.offset..source.offset + 2 * height * width];
    if !source.conjugate {
        return stored;
    }
    scratch.resize(stored.len(), 0.0);
    for r in 0..height {
        for c in 0..width {
            let (to, from) = (2 * (r * width + c), 2 * (c * height + r));
            scratch[to] = stored[from];
            scratch[to + 1] = -stored[from + 1];
        }
    }
    scratch
}

#[inline(always)]
fn combine_rows<const FUSED: bool>(
    program: &RowProgram,
    slot: u32,
    sign: f64,
    block: &[f64],
    width: usize,
    out: &mut [f64],
) {
    for (r, to) in out.chunks_exact_mut(2 * width).enumerate() {
        for entry in row_entries(program, r).iter().filter(|e| e.slot == slot) {
            let from = &block[2 * entry.row as usize * width..][..2 * width];
            let coefficient = sign * entry.coefficient;
            for (o, s) in to.iter_mut().zip(from) {
                *o = multiply_add::<FUSED>(coefficient, *s, *o);
            }
        }
    }
}

#[inline(always)]
fn combine_runs<const FUSED: bool>(program: &RunProgram, slot: u32, scale: f64, from: &[f64], to: &mut [f64]) {
    for run in program.runs.iter().filter(|r| r.slot == slot) {
        let length = 2 * run.length as usize;
        let target = &mut to[2 * run.column as usize..][..length];
        let source = &from[2 * run.source as usize..][..length];
        let coefficients = &program.coefficients[run.coefficient as usize..][..length];
        for ((o, s), c) in target.iter_mut().zip(source).zip(coefficients) {
            *o = multiply_add::<FUSED>(scale * c, *s, *o);
        }
    }
}
