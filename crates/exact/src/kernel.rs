//! The inner loops of the generator: one stored block after the other, every source read where it lies.
#![allow(
    clippy::inline_always,
    reason = "only code inlined into the dispatched function gets its instruction set"
)]

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::generator::{Action, Lindbladian, Source, Task};
use crate::programs::{RowEntry, RowProgram, Run, RunProgram};

/// Buffers of one worker: the two accumulators of a block and the conjugated copies of source blocks.
#[derive(Default)]
pub(crate) struct Scratch {
    real: Vec<f64>,
    imaginary: Vec<f64>,
    conjugates: Vec<f64>,
    spans: Vec<Span>,
}

/// Where a source block of a task starts: in the state vector or among the conjugated copies.
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    copied: bool,
}

/// One range of stored blocks to be filled, dispatched once to the instruction set of the machine.
pub(crate) struct Fill<'a> {
    pub generator: &'a Lindbladian,
    /// Stored pairs.
    pub range: Range<usize>,
    /// The state.
    pub x: &'a [f64],
    /// Exactly the blocks of `range`, one after the other.
    pub out: &'a mut [f64],
    /// Whether the diagonal of the generator is applied too.
    pub with_diagonal: bool,
    pub scratch: &'a mut Scratch,
}

impl Fill<'_> {
    pub(crate) fn run(self) {
        match Arch::new() {
            Arch::Scalar => self.blocks::<false>(),
            arch => arch.dispatch(self),
        }
    }

    #[inline(always)]
    fn blocks<const FUSED: bool>(self) {
        let mut rest = self.out;
        for pair in self.range {
            let (block, after) = rest.split_at_mut(self.generator.layout.block(pair).len());
            rest = after;
            fill_block::<FUSED>(self.generator, pair, self.x, block, self.with_diagonal, self.scratch);
        }
    }
}

impl WithSimd for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.blocks::<true>();
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
    let tasks =
        &generator.tasks[generator.task_starts[pair] as usize..generator.task_starts[pair + 1] as usize];
    for task in tasks {
        apply_task::<FUSED>(generator, task, x, shape, scratch);
    }
    let diagonal = &generator.diagonal[rows.sector];
    for r in 0..shape.0 {
        let span = 2 * r * shape.1..2 * (r + 1) * shape.1;
        let (real, imaginary) = (&scratch.real[span.clone()], &scratch.imaginary[span.clone()]);
        let target = &mut out[span.clone()];
        for ((o, a), b) in target.chunks_exact_mut(2).zip(real.chunks_exact(2)).zip(imaginary.chunks_exact(2))
        {
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
    let Scratch { real, imaginary, conjugates, spans } = scratch;
    let out: &mut [f64] = if task.part.imaginary { imaginary } else { real };
    let sign = task.part.sign;
    let length_of = |tile: u32| layout.tiles()[tile as usize].states.len();
    let sources = &generator.sources[task.sources as usize..];
    conjugates.clear();
    spans.clear();
    match task.action {
        Action::Left { factor, tile } => {
            let program = &generator.factors[factor as usize].rows[tile as usize];
            for (source, &from) in sources.iter().zip(&program.tiles) {
                spans.push(locate(x, *source, (length_of(from), width), conjugates));
            }
            let block = |slot: u32| at(x, conjugates, spans[slot as usize]);
            for (r, to) in out.chunks_exact_mut(2 * width).enumerate() {
                combine_rows::<FUSED>(row_entries(program, r), sign, block, to);
            }
        }
        Action::Right { factor, tile } => {
            let program = &generator.factors[factor as usize].runs[tile as usize];
            for (slot, (source, &from)) in sources.iter().zip(&program.tiles).enumerate() {
                let source_width = length_of(from);
                conjugates.clear();
                let span = locate(x, *source, (height, source_width), conjugates);
                let block = &at(x, conjugates, span)[..2 * height * source_width];
                let runs = slot_runs(program, slot);
                let rows = out.chunks_exact_mut(2 * width).zip(block.chunks_exact(2 * source_width));
                for (to, from) in rows {
                    combine_runs::<FUSED>(runs, &program.coefficients, sign, from, to);
                }
            }
        }
        Action::Sandwich { left, right, row_tile, column_tile } => {
            let rows = &generator.factors[left as usize].rows[row_tile as usize];
            let runs = &generator.factors[right as usize].runs[column_tile as usize];
            for source in 0..rows.tiles.len() * runs.tiles.len() {
                let (i, j) = (source / runs.tiles.len(), source % runs.tiles.len());
                let shape = (length_of(rows.tiles[i]), length_of(runs.tiles[j]));
                spans.push(locate(x, sources[source], shape, conjugates));
            }
            for (r, to) in out.chunks_exact_mut(2 * width).enumerate() {
                for entry in row_entries(rows, r) {
                    for (slot, &tile) in runs.tiles.iter().enumerate() {
                        let source_width = length_of(tile);
                        let block = at(x, conjugates, spans[entry.slot as usize * runs.tiles.len() + slot]);
                        let from = &block[2 * entry.row as usize * source_width..][..2 * source_width];
                        let scale = sign * entry.coefficient;
                        combine_runs::<FUSED>(slot_runs(runs, slot), &runs.coefficients, scale, from, to);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn row_entries(program: &RowProgram, row: usize) -> &[RowEntry] {
    &program.entries[program.starts[row] as usize..program.starts[row + 1] as usize]
}

#[inline(always)]
fn slot_runs(program: &RunProgram, slot: usize) -> &[Run] {
    &program.runs[program.slot_starts[slot] as usize..program.slot_starts[slot + 1] as usize]
}

#[inline(always)]
fn at<'a>(x: &'a [f64], conjugates: &'a [f64], span: Span) -> &'a [f64] {
    if span.copied { &conjugates[span.start..] } else { &x[span.start..] }
}

/// Finds a source block of the given shape; one stored as its Hermitian conjugate is copied behind `conjugates`.
#[inline(always)]
fn locate(x: &[f64], source: Source, (height, width): (usize, usize), conjugates: &mut Vec<f64>) -> Span {
    if !source.conjugate {
        return Span { start: source.offset, copied: false };
    }
    let start = conjugates.len();
    let stored = &x[source.offset..source.offset + 2 * height * width];
    for r in 0..height {
        for c in 0..width {
            let from = 2 * (c * height + r);
            conjugates.extend([stored[from], -stored[from + 1]]);
        }
    }
    Span { start, copied: true }
}

/// `to += sum sign * coefficient * row`, four rows at a time.
#[inline(always)]
fn combine_rows<'a, const FUSED: bool>(
    entries: &[RowEntry],
    sign: f64,
    block: impl Fn(u32) -> &'a [f64],
    to: &mut [f64],
) {
    let length = to.len();
    let row = |e: &RowEntry| &block(e.slot)[e.row as usize * length..][..length];
    let mut quads = entries.chunks_exact(4);
    for quad in &mut quads {
        let [a, b, c, d] = [&quad[0], &quad[1], &quad[2], &quad[3]].map(|e| (row(e), sign * e.coefficient));
        for i in 0..length {
            let first = multiply_add::<FUSED>(a.1, a.0[i], multiply_add::<FUSED>(b.1, b.0[i], to[i]));
            to[i] = multiply_add::<FUSED>(c.1, c.0[i], multiply_add::<FUSED>(d.1, d.0[i], first));
        }
    }
    for entry in quads.remainder() {
        let (from, coefficient) = (row(entry), sign * entry.coefficient);
        for (o, s) in to.iter_mut().zip(from) {
            *o = multiply_add::<FUSED>(coefficient, *s, *o);
        }
    }
}

#[inline(always)]
fn combine_runs<const FUSED: bool>(
    runs: &[Run],
    coefficients: &[f64],
    scale: f64,
    from: &[f64],
    to: &mut [f64],
) {
    for run in runs {
        let length = 2 * run.length as usize;
        let target = &mut to[2 * run.column as usize..][..length];
        let source = &from[2 * run.source as usize..][..length];
        let coefficients = &coefficients[run.coefficient as usize..][..length];
        for ((o, s), c) in target.iter_mut().zip(source).zip(coefficients) {
            *o = multiply_add::<FUSED>(scale * c, *s, *o);
        }
    }
}
