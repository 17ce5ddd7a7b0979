//! The inverse of the generator without its refilling terms: a Sylvester equation per block.
//!
//! `S X = G X + X G^dag` is solved by the eigenvectors of the effective Hamiltonian of every charge group,
//! `G = V diag(g) V^-1`: `(V^-1 X V^-dag)_ij / (g_i + g_j*)`. The generator times this inverse is one minus
//! the chain of the states after jumps, which keeps the trace; as a preconditioner it turns relaxation into
//! few iterations wherever few jumps happen in the slowest time. It need not be exact for that: large groups with
//! eigenvectors that are not too far from orthogonal are multiplied in single precision, in half the time.

use std::collections::HashMap;

use num_complex::{Complex32, Complex64};
use rayon::prelude::*;
use superladder_dense::{ComplexNumber, GeneralEigen};
use superladder_eigen::LinearMap;
use superladder_space::Space;

use super::action::Direction;
use super::coherence::{Block, Coherence, ComplexScratch, Unknowns};
use crate::generator::Elements;

/// Basis states of a group from which single precision is faster.
const LARGE: usize = 64;
/// Error of single precision in the inverse that is borne: rounding times the condition of the eigenvectors on both
/// sides.
const BORNE: f64 = 0.03;

/// Eigenvectors of one charge group of one sector, and everything as the products need it.
#[derive(Debug)]
struct Frame<T> {
    values: Vec<Complex64>,
    /// Into the eigenvectors and out of them, and the adjoints of both.
    into: Vec<T>,
    out: Vec<T>,
    into_adjoint: Vec<T>,
    out_adjoint: Vec<T>,
}

type Frames<T> = HashMap<(usize, usize), Frame<T>>;

/// The frames of all groups in one precision.
#[derive(Debug)]
enum Precision {
    Double(Frames<Complex64>),
    Single(Frames<Complex32>),
}

/// S^-1 on one [`Coherence`].
#[derive(Debug)]
pub(crate) struct NoJump {
    unknowns: Unknowns,
    coherence: Coherence,
    frames: Precision,
    smallest: f64,
    shift: Complex64,
    scratch: ComplexScratch,
}

impl NoJump {
    /// The inverse for the generator or its adjoint.
    pub(crate) fn new(
        space: &Space,
        coherence: &Coherence,
        elements: &Elements,
        direction: Direction,
    ) -> Self {
        let mut groups: Vec<(usize, usize)> =
            coherence.blocks.iter().flat_map(|b| b.groups.map(|g| (b.sector, g))).collect();
        groups.sort_unstable();
        groups.dedup();
        let eigen: Vec<GeneralEigen> = groups
            .par_iter()
            .map(|&(sector, group)| decomposed(space, elements, (sector, group), direction))
            .collect();
        let largest = eigen.iter().flat_map(|e| &e.values).map(|g| g.norm()).fold(0.0, f64::max);
        let dim = eigen.iter().map(|e| e.values.len()).max().unwrap_or(0);
        let worst = eigen.iter().map(condition).fold(1.0, f64::max);
        let single = dim >= LARGE && f64::from(f32::EPSILON) * worst * worst <= BORNE;
        let all = groups.into_iter().zip(eigen);
        let frames = if single {
            Precision::Single(all.map(|(group, eigen)| (group, Frame::new(eigen))).collect())
        } else {
            Precision::Double(all.map(|(group, eigen)| (group, Frame::new(eigen))).collect())
        };
        Self {
            unknowns: Unknowns::new(space, coherence),
            coherence: coherence.clone(),
            frames,
            shift: Complex64::ZERO,
            smallest: 1e-8 * largest.max(f64::MIN_POSITIVE),
            scratch: ComplexScratch::new(coherence.len),
        }
    }

    /// (S - shift)^-1 on operators that need not be Hermitian.
    pub(crate) fn general(mut self) -> Self {
        self.unknowns = Unknowns::General(2 * self.coherence.len);
        self
    }

    /// From now on (S - shift)^-1.
    pub(crate) fn set_shift(&mut self, shift: Complex64) {
        self.shift = shift;
    }

    fn solve(&self, block: &Block, x: &[Complex64], out: &mut [Complex64]) {
        match &self.frames {
            Precision::Double(frames) => self.solve_in(frames, block, x, out),
            Precision::Single(frames) => {
                let x: Vec<Complex32> = x.iter().map(|z| Complex32::from_double(*z)).collect();
                let mut found = x.clone();
                self.solve_in(frames, block, &x, &mut found);
                out.iter_mut().zip(&found).for_each(|(out, z)| *out = z.to_double());
            }
        }
    }

    fn solve_in<T: ComplexNumber>(&self, frames: &Frames<T>, block: &Block, x: &[T], out: &mut [T]) {
        let [left, right] = block.groups.map(|g| &frames[&(block.sector, g)]);
        let (rows, columns) = (block.rows.len(), block.columns.len());
        let hermitian =
            block.groups[0] == block.groups[1] && matches!(self.unknowns, Unknowns::Hermitian { .. });
        let mut half = x.to_vec();
        let mut product = |a: &[T], x: &[T], b: &[T], out: &mut [T]| {
            T::multiply(&mut half, a, x, [rows, rows, columns]);
            if hermitian {
                T::multiply_lower(out, &half, b, rows);
                mirror(out, rows);
            } else {
                T::multiply(out, &half, b, [rows, columns, columns]);
            }
        };
        product(&left.into, x, &right.into_adjoint, out);
        for (row, g) in out.chunks_exact_mut(columns).zip(&left.values) {
            for (z, h) in row.iter_mut().zip(&right.values) {
                let sum = g + h.conj() - self.shift;
                let sum = if sum.norm() < self.smallest { Complex64::from(-self.smallest) } else { sum };
                *z = T::from_double(z.to_double() / sum);
            }
        }
        let middle = out.to_vec();
        product(&left.out, &middle, &right.out_adjoint, out);
    }
}

/// The upper half from the lower one.
fn mirror<T: ComplexNumber>(x: &mut [T], dim: usize) {
    for i in 0..dim {
        for j in i + 1..dim {
            x[i * dim + j] = T::from_double(x[j * dim + i].to_double().conj());
        }
    }
}

impl<T: ComplexNumber> Frame<T> {
    fn new(GeneralEigen { values, vectors, inverse }: GeneralEigen) -> Self {
        let dim = values.len();
        let adjoint = |m: &[Complex64]| -> Vec<T> {
            (0..dim * dim).map(|k| T::from_double(m[(k % dim) * dim + k / dim].conj())).collect()
        };
        let (into_adjoint, out_adjoint) = (adjoint(&inverse), adjoint(&vectors));
        let own = |m: Vec<Complex64>| m.into_iter().map(T::from_double).collect();
        Self { values, into: own(inverse), out: own(vectors), into_adjoint, out_adjoint }
    }
}

/// About the condition of the eigenvectors: the root of the mean square of the lengths of the rows of the inverse,
/// which would be 1 for orthogonal ones.
fn condition(eigen: &GeneralEigen) -> f64 {
    let squares: f64 = eigen.inverse.iter().map(Complex64::norm_sqr).sum();
    (squares / eigen.values.len().max(1) as f64).sqrt()
}

/// The effective Hamiltonian of a group, times -i, or its adjoint, in its eigenvectors.
fn decomposed(
    space: &Space,
    elements: &Elements,
    (sector, group): (usize, usize),
    direction: Direction,
) -> GeneralEigen {
    let states = space.sectors()[sector].groups()[group].1.clone();
    let dim = states.len();
    let mut matrix = vec![Complex64::ZERO; dim * dim];
    for row in states.clone() {
        let Some(view) = elements.effective[sector].outer_view(row) else { continue };
        for (column, h) in view.iter().filter(|(c, _)| states.contains(c)) {
            let g = Complex64::new(0.0, -1.0) * h;
            let (i, j) = (row - states.start, column - states.start);
            match direction {
                Direction::Forward => matrix[i * dim + j] = g,
                Direction::Adjoint => matrix[j * dim + i] = g.conj(),
            }
        }
    }
    decomposed_nearby(matrix, dim)
}

/// The eigenvectors of a matrix, or of one nearby where it is defective: a preconditioner may be off.
fn decomposed_nearby(mut matrix: Vec<Complex64>, dim: usize) -> GeneralEigen {
    let scale = matrix.iter().map(|z| z.norm()).fold(0.0, f64::max);
    for attempt in 0..6 {
        if let Some(found) = GeneralEigen::new(&matrix, dim) {
            return found;
        }
        let part = scale * 1e-6 * 10f64.powi(attempt);
        for i in 0..dim {
            let turn = Complex64::new((3.7 * i as f64).cos() - 1.0, (2.3 * i as f64).sin());
            matrix[i * dim + i] += part * turn;
        }
    }
    let values = (0..dim).map(|i| matrix[i * dim + i]).collect();
    let one: Vec<Complex64> =
        (0..dim * dim).map(|k| Complex64::from(f64::from(u8::from(k % dim == k / dim)))).collect();
    GeneralEigen { values, vectors: one.clone(), inverse: one }
}

impl LinearMap for NoJump {
    fn dim(&self) -> usize {
        self.unknowns.len()
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        self.unknowns.through(&self.scratch, (x, out), |from, to| {
            let from = &*from;
            let mut work = Vec::with_capacity(self.coherence.blocks.len());
            let mut rest = to;
            for block in &self.coherence.blocks {
                let (own, behind) = rest.split_at_mut(block.size());
                work.push((block, own));
                rest = behind;
            }
            work.into_par_iter().for_each(|(block, out)| self.solve(block, &from[block.range()], out));
        });
    }
}
