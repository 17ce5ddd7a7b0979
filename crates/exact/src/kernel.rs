//! The inner loops of the generator: one stored block after the other, every source read where it lies.
#![allow(
    clippy::inline_always,
    reason = "only code inlined into the dispatched function gets its instruction set"
)]

use std::ops::Range;

use num_complex::Complex64;
use pulp::{Arch, Simd, WithSimd};

use crate::generator::{Action, Lindbladian, Source, Task};
use crate::programs::{RowEntry, RowProgram, Run, RunProgram};

/// Buffers of one worker: the imaginary accumulator of a block and the conjugated copies of source blocks.
/// The real accumulator is the output itself.
#[derive(Default)]
pub(crate) struct Scratch {
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
        Arch::new().dispatch(self);
    }
}

impl WithSimd for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut rest = self.out;
        for pair in self.range {
            let (block, after) = rest.split_at_mut(self.generator.layout.block(pair).len());
            rest = after;
            fill_block(simd, self.generator, pair, self.x, block, self.with_diagonal, self.scratch);
        }
    }
}

/// Rows that are finished together: their accumulators stay in the first-level cache through all tasks.
const BATCH: usize = 4;

#[inline(always)]
fn fill_block<S: Simd>(
    simd: S,
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
    let (height, width) = (rows.states.len(), columns.states.len());
    let tasks =
        &generator.tasks[generator.task_starts[pair] as usize..generator.task_starts[pair + 1] as usize];
    scratch.conjugates.clear();
    scratch.spans.clear();
    for task in tasks {
        locate_sources(generator, task, x, (height, width), scratch);
    }
    let diagonal = &generator.diagonal[rows.sector];
    let pairs = 2 * columns.states.start..2 * columns.states.end;
    let (decays, energies) = &generator.column_diagonal[rows.sector];
    let right = (&decays[pairs.clone()], &energies[pairs]);
    let Scratch { imaginary, conjugates, spans } = scratch;
    for (batch, out) in out.chunks_mut(2 * width * BATCH).enumerate() {
        let first = BATCH * batch;
        imaginary.resize(out.len(), 0.0);
        let source = &x[stored.offset + 2 * first * width..][..out.len()];
        let accumulators = out.chunks_exact_mut(2 * width).zip(imaginary.chunks_exact_mut(2 * width));
        for (left, ((real, imaginary), s)) in
            diagonal[rows.states.start + first..].iter().zip(accumulators.zip(source.chunks_exact(2 * width)))
        {
            start_row(*left, right, with_diagonal, s, real, imaginary);
        }
        let mut spans = spans.as_slice();
        let at = |span: Span| if span.copied { &conjugates[span.start..] } else { &x[span.start..] };
        for task in tasks {
            let target = if task.part.imaginary { &mut imaginary[..] } else { &mut *out };
            apply_task(simd, generator, task, (first, width), &mut spans, at, target);
        }
        for (o, p) in out.chunks_exact_mut(2).zip(imaginary.chunks_exact(2)) {
            o[0] -= p[1];
            o[1] += p[0];
        }
    }
    if stored.row == stored.column {
        mirror(out, height);
    }
}

/// Starts the accumulators of a row with the diagonal of the generator, `(g_i + conj g_j) rho_ij`: its real part goes
/// to the real accumulator, its imaginary part to the imaginary one. Without the diagonal they start at zero.
#[inline(always)]
fn start_row(
    left: Complex64,
    (decays, energies): (&[f64], &[f64]),
    with_diagonal: bool,
    source: &[f64],
    real: &mut [f64],
    imaginary: &mut [f64],
) {
    let switch = f64::from(u8::from(with_diagonal));
    for ((r, s), d) in real.iter_mut().zip(source).zip(decays) {
        *r = switch * (left.re + d) * s;
    }
    for ((p, s), e) in imaginary.iter_mut().zip(source).zip(energies) {
        *p = switch * (left.im - e) * s;
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

/// Appends where the source blocks of a task start; those stored as conjugates are copied.
fn locate_sources(
    generator: &Lindbladian,
    task: &Task,
    x: &[f64],
    (height, width): (usize, usize),
    scratch: &mut Scratch,
) {
    let length_of = |tile: u32| generator.layout.tiles()[tile as usize].states.len();
    let mut sources = generator.sources[task.sources as usize..].iter();
    let mut push = |shape: (usize, usize)| {
        if let Some(source) = sources.next() {
            scratch.spans.push(locate(x, *source, shape, &mut scratch.conjugates));
        }
    };
    match task.action {
        Action::Left { factor, tile } => {
            let program = &generator.factors[factor as usize].rows[tile as usize];
            program.tiles.iter().for_each(|from| push((length_of(*from), width)));
        }
        Action::Right { factor, tile } => {
            let program = &generator.factors[factor as usize].runs[tile as usize];
            program.tiles.iter().for_each(|from| push((height, length_of(*from))));
        }
        Action::Sandwich { left, right, row_tile, column_tile } => {
            let rows = &generator.factors[left as usize].rows[row_tile as usize].tiles;
            let columns = &generator.factors[right as usize].runs[column_tile as usize].tiles;
            for i in rows {
                for j in columns {
                    push((length_of(*i), length_of(*j)));
                }
            }
        }
    }
}

/// Adds a task to a batch of output rows from row `first` on; takes its source blocks off the front of `spans`.
#[inline(always)]
fn apply_task<'a, S: Simd>(
    simd: S,
    generator: &Lindbladian,
    task: &Task,
    (first, width): (usize, usize),
    spans: &mut &[Span],
    at: impl Fn(Span) -> &'a [f64],
    out: &mut [f64],
) {
    let sign = task.part.sign;
    let length_of = |tile: u32| generator.layout.tiles()[tile as usize].states.len();
    let mut take = |count: usize| {
        let (taken, rest) = spans.split_at(count);
        *spans = rest;
        taken
    };
    match task.action {
        Action::Left { factor, tile } => {
            let program = &generator.factors[factor as usize].rows[tile as usize];
            let blocks = take(program.tiles.len());
            for (r, to) in (first..).zip(out.chunks_exact_mut(2 * width)) {
                combine_rows(simd, row_entries(program, r), sign, |slot| at(blocks[slot as usize]), to);
            }
        }
        Action::Right { factor, tile } => {
            let program = &generator.factors[factor as usize].runs[tile as usize];
            let blocks = take(program.tiles.len());
            for (slot, (block, &from)) in blocks.iter().zip(&program.tiles).enumerate() {
                let source_width = 2 * length_of(from);
                let rows = out.len() / (2 * width);
                let from = &at(*block)[first * source_width..][..rows * source_width];
                let runs = slot_runs(program, slot);
                if rows == BATCH {
                    combine_runs_of_batch(simd, runs, &program.coefficients, [sign; BATCH], from, out);
                } else {
                    let to = out.chunks_exact_mut(2 * width);
                    for (to, from) in to.zip(from.chunks_exact(source_width)) {
                        combine_runs(simd, runs, &program.coefficients, sign, from, to);
                    }
                }
            }
        }
        Action::Sandwich { left, right, row_tile, column_tile } => {
            let rows = &generator.factors[left as usize].rows[row_tile as usize];
            let runs = &generator.factors[right as usize].runs[column_tile as usize];
            let slots = runs.tiles.len();
            let blocks = take(rows.tiles.len() * slots);
            if let Some(entries) = aligned_batch(rows, first, out.len() / (2 * width)) {
                let scales: [f64; BATCH] = std::array::from_fn(|q| sign * entries[q].coefficient);
                for (slot, &tile) in runs.tiles.iter().enumerate() {
                    let source_width = 2 * length_of(tile);
                    let block = at(blocks[entries[0].slot as usize * slots + slot]);
                    let from = &block[entries[0].row as usize * source_width..][..BATCH * source_width];
                    combine_runs_of_batch(simd, slot_runs(runs, slot), &runs.coefficients, scales, from, out);
                }
                return;
            }
            for (r, to) in (first..).zip(out.chunks_exact_mut(2 * width)) {
                for entry in row_entries(rows, r) {
                    for (slot, &tile) in runs.tiles.iter().enumerate() {
                        let source_width = 2 * length_of(tile);
                        let block = at(blocks[entry.slot as usize * slots + slot]);
                        let from = &block[entry.row as usize * source_width..][..source_width];
                        let scale = sign * entry.coefficient;
                        combine_runs(simd, slot_runs(runs, slot), &runs.coefficients, scale, from, to);
                    }
                }
            }
        }
    }
}

/// The entries of a full batch of rows if each has one, all in one tile and in consecutive rows.
#[inline(always)]
fn aligned_batch(program: &RowProgram, first: usize, rows: usize) -> Option<&[RowEntry]> {
    if rows != BATCH {
        return None;
    }
    let starts = &program.starts[first..=first + BATCH];
    let entries = &program.entries[starts[0] as usize..starts[BATCH] as usize];
    let one_each = starts.windows(2).all(|w| w[1] - w[0] == 1);
    let follows = |w: &[RowEntry]| w[1].slot == w[0].slot && w[1].row == w[0].row + 1;
    (one_each && entries.windows(2).all(follows)).then_some(entries)
}

#[inline(always)]
fn row_entries(program: &RowProgram, row: usize) -> &[RowEntry] {
    &program.entries[program.starts[row] as usize..program.starts[row + 1] as usize]
}

#[inline(always)]
fn slot_runs(program: &RunProgram, slot: usize) -> &[Run] {
    &program.runs[program.slot_starts[slot] as usize..program.slot_starts[slot + 1] as usize]
}

/// Finds a source block of the given shape; one stored as its Hermitian conjugate is copied behind `conjugates`.
#[inline(always)]
fn locate(x: &[f64], source: Source, (height, width): (usize, usize), conjugates: &mut Vec<f64>) -> Span {
    if !source.conjugate {
        return Span { start: source.offset, copied: false };
    }
    let start = conjugates.len();
    conjugates.resize(start + 2 * height * width, 0.0);
    let (stored, _) = x[source.offset..source.offset + 2 * height * width].as_chunks::<2>();
    let (copy, _) = conjugates[start..].as_chunks_mut::<2>();
    for (r, row) in copy.chunks_exact_mut(width).enumerate() {
        for (element, column) in row.iter_mut().zip(stored.chunks_exact(height)) {
            let [re, im] = column[r];
            *element = [re, -im];
        }
    }
    Span { start, copied: true }
}

/// `to += sum sign * coefficient * row`, four source rows at a time.
#[inline(always)]
fn combine_rows<'a, S: Simd>(
    simd: S,
    entries: &[RowEntry],
    sign: f64,
    block: impl Fn(u32) -> &'a [f64],
    to: &mut [f64],
) {
    let length = to.len();
    let row = |e: &RowEntry| &block(e.slot)[e.row as usize * length..][..length];
    let mut quads = entries.chunks_exact(4);
    for quad in &mut quads {
        let c: [f64; 4] = std::array::from_fn(|q| sign * quad[q].coefficient);
        let splat: [S::f64s; 4] = std::array::from_fn(|q| simd.splat_f64s(c[q]));
        let rows: [&[f64]; 4] = std::array::from_fn(|q| row(&quad[q]));
        let (heads, tails) = halves::<S>(rows);
        let (head, tail) = S::as_mut_simd_f64s(to);
        let heads = heads.map(|h| &h[..head.len()]);
        for (i, o) in head.iter_mut().enumerate() {
            let low =
                simd.mul_add_e_f64s(splat[0], heads[0][i], simd.mul_add_e_f64s(splat[1], heads[1][i], *o));
            *o = simd.mul_add_e_f64s(splat[2], heads[2][i], simd.mul_add_e_f64s(splat[3], heads[3][i], low));
        }
        for (i, o) in tail.iter_mut().enumerate() {
            *o += c[0] * tails[0][i] + c[1] * tails[1][i] + c[2] * tails[2][i] + c[3] * tails[3][i];
        }
    }
    for entry in quads.remainder() {
        let c = sign * entry.coefficient;
        let splat = simd.splat_f64s(c);
        let (from, from_tail) = S::as_simd_f64s(row(entry));
        let (head, tail) = S::as_mut_simd_f64s(to);
        for (o, s) in head.iter_mut().zip(from) {
            *o = simd.mul_add_e_f64s(splat, *s, *o);
        }
        for (o, s) in tail.iter_mut().zip(from_tail) {
            *o += c * s;
        }
    }
}

/// Vector part and tail of four slices.
#[inline(always)]
fn halves<S: Simd>(rows: [&[f64]; 4]) -> ([&[S::f64s]; 4], [&[f64]; 4]) {
    let split = rows.map(S::as_simd_f64s);
    (split.map(|h| h.0), split.map(|h| h.1))
}

/// `to[column..] += scale * coefficient * from[source..]` along every run.
#[inline(always)]
fn combine_runs<S: Simd>(
    simd: S,
    runs: &[Run],
    coefficients: &[f64],
    scale: f64,
    from: &[f64],
    to: &mut [f64],
) {
    let splat = simd.splat_f64s(scale);
    for run in runs {
        let length = 2 * run.length as usize;
        let (target, target_tail) = S::as_mut_simd_f64s(&mut to[2 * run.column as usize..][..length]);
        let (source, source_tail) = S::as_simd_f64s(&from[2 * run.source as usize..][..length]);
        let (factor, factor_tail) = S::as_simd_f64s(&coefficients[run.coefficient as usize..][..length]);
        for ((o, s), c) in target.iter_mut().zip(source).zip(factor) {
            *o = simd.mul_add_e_f64s(simd.mul_f64s(splat, *c), *s, *o);
        }
        for ((o, s), c) in target_tail.iter_mut().zip(source_tail).zip(factor_tail) {
            *o += scale * c * s;
        }
    }
}

/// [`combine_runs`] on a batch of rows, each with its own scale: every coefficient is read once for all of them.
#[inline(always)]
fn combine_runs_of_batch<S: Simd>(
    simd: S,
    runs: &[Run],
    coefficients: &[f64],
    scales: [f64; BATCH],
    from: &[f64],
    to: &mut [f64],
) {
    let splat = scales.map(|scale| simd.splat_f64s(scale));
    let (a, b) = (to.len() / BATCH, from.len() / BATCH);
    let (upper, lower) = to.split_at_mut(2 * a);
    let ((t0, t1), (t2, t3)) = (upper.split_at_mut(a), lower.split_at_mut(a));
    for run in runs {
        let length = 2 * run.length as usize;
        let (column, source) = (2 * run.column as usize, 2 * run.source as usize);
        let (factor, factor_tail) = S::as_simd_f64s(&coefficients[run.coefficient as usize..][..length]);
        let (heads, tails) = halves::<S>([0, 1, 2, 3].map(|q| &from[q * b + source..][..length]));
        let heads = heads.map(|h| &h[..factor.len()]);
        let targets = [&mut *t0, &mut *t1, &mut *t2, &mut *t3];
        let [o0, o1, o2, o3] = targets.map(|t| S::as_mut_simd_f64s(&mut t[column..][..length]));
        let vectors = o0.0.iter_mut().zip(o1.0).zip(o2.0.iter_mut().zip(o3.0)).zip(factor);
        for (i, (((v0, v1), (v2, v3)), c)) in vectors.enumerate() {
            *v0 = simd.mul_add_e_f64s(simd.mul_f64s(splat[0], *c), heads[0][i], *v0);
            *v1 = simd.mul_add_e_f64s(simd.mul_f64s(splat[1], *c), heads[1][i], *v1);
            *v2 = simd.mul_add_e_f64s(simd.mul_f64s(splat[2], *c), heads[2][i], *v2);
            *v3 = simd.mul_add_e_f64s(simd.mul_f64s(splat[3], *c), heads[3][i], *v3);
        }
        for (i, c) in factor_tail.iter().enumerate() {
            o0.1[i] += scales[0] * c * tails[0][i];
            o1.1[i] += scales[1] * c * tails[1][i];
            o2.1[i] += scales[2] * c * tails[2][i];
            o3.1[i] += scales[3] * c * tails[3][i];
        }
    }
}
