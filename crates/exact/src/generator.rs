//! The matrix-free generator: `L rho` on the stored blocks, without a matrix of the size of L.
//!
//! It is compiled once into tasks for every stored block ([`Program`]), and the kernel runs over them.

use std::ops::ControlFlow;

use num_complex::Complex64;
use rayon::prelude::*;
use sprs::CsMat;
use superladder_engine::{Halt, Never};
use superladder_model::Model;
use superladder_propagate::{Action, Alias, LinearOperator, Poll};
use superladder_space::{JumpBlock, Space, SparseMatrix};

use crate::kernel::{Fill, Recurrence, Scratch};
use crate::layout::Layout;
use crate::spectrum::rectangle;
use crate::tasks::Program;

/// The permutation-symmetric Lindbladian acting on the stored blocks of a density matrix.
pub struct Lindbladian {
    program: Program,
    /// Upper bound of the norm, and a rectangle around the eigenvalues.
    bound: f64,
    rectangle: (f64, f64, f64),
}

/// The sparse matrices of a generator in the full (unreduced) basis of every sector, before they are
/// programmed.
pub struct Elements {
    /// Effective Hamiltonian of every sector.
    pub effective: Vec<SparseMatrix>,
    /// Jumps between sectors, `sqrt(rate)` included.
    pub jumps: Vec<JumpBlock>,
}

impl Elements {
    /// All matrix elements of `model` on `space`.
    pub fn new(space: &Space, model: &Model) -> Self {
        Self::new_while(space, model, &Never).unwrap_or_else(|| unreachable!("nobody ends it"))
    }

    /// [`Elements::new`], `None` if `halt` ends it.
    pub(crate) fn new_while(space: &Space, model: &Model, halt: &dyn Halt) -> Option<Self> {
        let halted = || halt.asked();
        let jumps = space.jumps(model, &halted)?;
        let effective = space.effective_hamiltonians(model, &jumps, &halted)?;
        Some(Self { effective, jumps })
    }

    /// Number of stored matrix elements of the effective Hamiltonians.
    pub(crate) fn effective_nnz(&self) -> usize {
        self.effective.iter().map(CsMat::nnz).sum()
    }

    /// Number of stored matrix elements.
    pub fn nnz(&self) -> usize {
        self.effective_nnz() + self.jumps.iter().map(|j| j.matrix.nnz()).sum::<usize>()
    }
}

impl Lindbladian {
    /// Programs the generator with these `elements` for the blocks of `layout`.
    pub fn new(layout: &Layout, elements: &Elements) -> Self {
        Self::new_while(layout, elements, &Never).unwrap_or_else(|| unreachable!("nobody ends it"))
    }

    /// [`Lindbladian::new`], `None` if `halt` ends it.
    pub(crate) fn new_while(layout: &Layout, elements: &Elements, halt: &dyn Halt) -> Option<Self> {
        let program = Program::new_while(layout, &elements.effective, &elements.jumps, halt)?;
        let bound = norm_bound(elements, &program.diagonal);
        let rectangle = rectangle(&program.layout, &elements.effective, halt)?;
        Some(Self { program, bound, rectangle })
    }

    /// [`Lindbladian::memory`] of the generator with these `elements`. It compiles the tasks, whose number
    /// cannot be known before, but neither bounds the norm nor looks for the spectrum.
    pub fn memory_for(layout: &Layout, elements: &Elements) -> u64 {
        Program::new(layout, &elements.effective, &elements.jumps).memory()
    }

    /// The layout of the state vectors.
    pub fn layout(&self) -> &Layout {
        &self.program.layout
    }

    /// Memory in bytes beside the state vectors.
    pub fn memory(&self) -> u64 {
        self.program.memory()
    }

    /// What an application takes, see [`Program::work`].
    pub(crate) fn work(&self) -> (u64, u64) {
        self.program.work()
    }

    /// Does what `action` says, in parts of some tenths of a second where blocks are small enough, before each of
    /// which `poll` may break it off.
    fn run(&self, action: Action<'_>, x: &[f64], out: &mut [f64], poll: Poll<'_>) -> ControlFlow<()> {
        /// Numbers of a part: a few nanoseconds each.
        const PART: usize = 1 << 25;
        let blocks = 2 * rayon::current_num_threads();
        let recurrence = match action {
            Action::Recurrence(coefficients, before) => Some(Recurrence { coefficients, before }),
            _ => None,
        };
        let with_diagonal = !matches!(action, Action::OffDiagonal);
        let fill = Fill { program: &self.program, x, with_diagonal, recurrence };
        let pairs = self.program.layout.pairs();
        let (mut first, mut rest) = (0, out);
        while first < pairs.len() {
            poll()?;
            let start = pairs[first].offset;
            // Fewer blocks than this would leave threads idle.
            let next = (first + blocks).max(pairs.partition_point(|pair| pair.offset < start + PART));
            let next = next.min(pairs.len());
            let length = pairs.get(next).map_or(rest.len(), |pair| pair.offset - start);
            let (part, after) = rest.split_at_mut(length);
            self.run_range(&fill, first..next, part);
            (first, rest) = (next, after);
        }
        ControlFlow::Continue(())
    }

    /// [`Lindbladian::run`], which nothing breaks off.
    fn run_whole(&self, action: Action<'_>, x: &[f64], out: &mut [f64]) {
        let _ = self.run(action, x, out, &|| ControlFlow::Continue(()));
    }

    /// Fills the blocks of the pairs in `range`; `out` holds exactly these blocks.
    fn run_range(&self, fill: &Fill, range: std::ops::Range<usize>, out: &mut [f64]) {
        /// Below this many f64 a range is not split further.
        const GRAIN: usize = 1 << 15;
        if out.len() <= GRAIN || range.len() < 2 {
            fill.run(range, out, &mut Scratch::default());
            return;
        }
        let middle = usize::midpoint(range.start, range.end);
        let first = self.program.layout.pairs()[range.start].offset;
        let (low, high) = out.split_at_mut(self.program.layout.pairs()[middle].offset - first);
        rayon::join(
            || self.run_range(fill, range.start..middle, low),
            || self.run_range(fill, middle..range.end, high),
        );
    }
}

impl LinearOperator for Lindbladian {
    fn dim(&self) -> usize {
        self.program.layout.len()
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        self.run_whole(Action::Whole, x, out);
    }

    fn apply_recurrence(&self, coefficients: [f64; 3], x: &[f64], before: &[f64], out: &mut [f64]) {
        self.run_whole(Action::Recurrence(coefficients, before), x, out);
    }

    fn act(&self, action: Action<'_>, x: &[f64], out: &mut [f64], poll: Poll<'_>) -> ControlFlow<()> {
        self.run(action, x, out, poll)
    }

    fn norm_bound(&self) -> f64 {
        self.bound
    }

    fn spectral_box(&self) -> Option<(f64, f64, f64)> {
        Some(self.rectangle)
    }

    fn aliases(&self) -> Option<Vec<Alias>> {
        Some(self.program.layout.aliases())
    }

    fn exponential_of_diagonal(&self, dt: f64, x: &mut [f64]) -> bool {
        let factors: Vec<Vec<Complex64>> =
            self.program.diagonal.iter().map(|d| d.par_iter().map(|g| (g * dt).exp()).collect()).collect();
        let layout = &self.program.layout;
        let mut blocks: Vec<(usize, &mut [f64])> = Vec::with_capacity(layout.pairs().len());
        let mut rest = x;
        for pair in 0..layout.pairs().len() {
            let (block, after) = rest.split_at_mut(layout.block(pair).len());
            blocks.push((pair, block));
            rest = after;
        }
        blocks.into_par_iter().for_each(|(pair, block)| {
            let pair = layout.pairs()[pair];
            let (rows, columns) = (&layout.tiles()[pair.row], &layout.tiles()[pair.column]);
            let factor = &factors[rows.sector];
            let width = columns.states.len();
            for (r, row) in block.chunks_exact_mut(2 * width).enumerate() {
                let left = factor[rows.states.start + r];
                for (c, element) in row.chunks_exact_mut(2).enumerate() {
                    let right = factor[columns.states.start + c].conj();
                    let value = Complex64::new(element[0], element[1]) * (left * right);
                    (element[0], element[1]) = (value.re, value.im);
                }
            }
        });
        true
    }

    fn apply_off_diagonal(&self, x: &[f64], out: &mut [f64]) {
        self.run_whole(Action::OffDiagonal, x, out);
    }
}

/// Largest absolute row sum.
fn row_sum_bound(matrix: &SparseMatrix) -> f64 {
    matrix.outer_iterator().map(|row| row.iter().map(|(_, x)| x.norm()).sum::<f64>()).fold(0.0, f64::max)
}

/// Bound of the norm from the rows of the effective Hamiltonians and of the jumps.
fn norm_bound(elements: &Elements, diagonal: &[Vec<Complex64>]) -> f64 {
    let (mut energy_range, mut decay) = (0.0f64, 0.0f64);
    for (effective, diagonal) in elements.effective.iter().zip(diagonal) {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for (row, view) in effective.outer_iterator().enumerate() {
            let off: f64 = view.iter().filter(|(c, _)| *c != row).map(|(_, x)| x.norm()).sum();
            let energy = -diagonal[row].im;
            (low, high) = (low.min(energy - off), high.max(energy + off));
            decay = decay.max(-2.0 * diagonal[row].re);
        }
        if low.is_finite() {
            energy_range = energy_range.max(high - low);
        }
    }
    let mut refill: f64 = 0.0;
    for target in 0..elements.effective.len() {
        let into: f64 = elements
            .jumps
            .iter()
            .filter(|j| j.target == target)
            .map(|j| row_sum_bound(&j.matrix).powi(2))
            .sum();
        refill = refill.max(into);
    }
    energy_range + decay + refill.min(2.0 * decay.max(refill.sqrt()))
}
