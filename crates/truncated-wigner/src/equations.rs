//! The equations of a stage, compiled: drift, factors of the diffusion, flows of Hermitian jumps.

use num_complex::Complex64;
use pulp::Simd;
use superladder_cumulant::{ChannelNoise, DiffusionEntry, TapeJacobian, TapeTerm};
use superladder_dense::eigenvalues;

use crate::clock::{Clock, Derived};
use crate::lanes::{Lane, Program, fused, product};

/// Pivots of a diffusion matrix below this part of its largest diagonal element are rounding of zero.
const ROUNDING: f64 = 1e-12;

/// A block of the diffusion matrix that hangs together.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// Numbers of the variables, those of constant variance first.
    pub(crate) variables: Vec<usize>,
    /// Lower triangle, row by row.
    pub(crate) elements: Program,
    /// Pivots below this are zero.
    pub(crate) floor: f64,
}

/// Noise along the flow of a Hermitian jump.
#[derive(Debug, Clone)]
pub(crate) struct Kick {
    pub(crate) field: Program,
    /// `sqrt(rate)`, for a rate of size 1 where it follows time.
    pub(crate) strength: f64,
    /// The variable that holds the size of a rate that follows time.
    pub(crate) size: Option<usize>,
}

/// The equations of a stage. What follows time is a variable behind those of the sample.
#[derive(Debug, Clone)]
pub(crate) struct StageEquations {
    /// Number of all variables.
    pub(crate) dim: usize,
    pub(crate) clock: Clock,
    pub(crate) drift: Program,
    pub(crate) blocks: Vec<Block>,
    /// Blocks of one variable and constant variance: `sqrt(D)` by variable.
    pub(crate) steady: Vec<(usize, f64)>,
    pub(crate) kicks: Vec<Kick>,
    jacobian: TapeJacobian,
    kicked: Vec<(f64, Option<usize>, TapeJacobian)>,
}

impl StageEquations {
    /// Compiles what was derived; `typical` are variables at which the diffusion has its usual size.
    pub(crate) fn new(derived: &Derived, clock: Clock, typical: &[f64]) -> Self {
        let dim = clock.end();
        let program = |rows: &[Vec<TapeTerm>]| {
            let none: &[TapeTerm] = &[];
            let rows = rows.iter().map(Vec::as_slice);
            Program::new(dim, rows.chain((0..dim).map(|_| none)).take(dim))
        };
        let mut drift = derived.constant.drift().to_vec();
        drift.resize(dim, Vec::new());
        let (mut kicks, mut kicked) = (Vec::new(), Vec::new());
        let mut entries: Vec<DiffusionEntry> = Vec::new();
        let parts = derived.parts.iter().enumerate().map(|(k, part)| (part, Some(clock.place(k))));
        for (space, size) in std::iter::once((&derived.constant, None)).chain(parts) {
            let sized =
                |terms: &[TapeTerm]| -> Vec<TapeTerm> { terms.iter().map(|t| times(t, size)).collect() };
            if size.is_some() {
                drift.iter_mut().zip(space.drift()).for_each(|(row, own)| row.extend(sized(own)));
            }
            for noise in space.noise() {
                match noise {
                    ChannelNoise::Flow { rate, field } => {
                        kicks.push(Kick { field: program(field), strength: rate.sqrt(), size });
                        let mut rows = field.clone();
                        rows.resize(dim, Vec::new());
                        kicked.push((rate.sqrt(), size, TapeJacobian::new(&rows)));
                    }
                    ChannelNoise::Diffusion(own) => own.iter().for_each(|entry| {
                        add(&mut entries, &DiffusionEntry { terms: sized(&entry.terms), ..entry.clone() });
                    }),
                }
            }
        }
        let (mut blocks, mut steady) = (Vec::new(), Vec::new());
        for variables in connected(&entries, dim) {
            match (&variables[..], element(&entries, variables[0], variables[0])) {
                ([one], [TapeTerm { coefficient, factors }]) if factors.is_empty() => {
                    steady.push((*one, coefficient.max(0.0).sqrt()));
                }
                _ => blocks.push(Block::new(variables, &entries, (dim, typical))),
            }
        }
        let (drift, jacobian) = (program(&drift), TapeJacobian::new(&drift));
        Self { dim, clock, drift, blocks, steady, kicks, jacobian, kicked }
    }

    /// The largest absolute eigenvalue of the Jacobian of the drift at v, and the step that kicks allow there: with
    /// g the largest eigenvalue of a flow, `rate g^2 h` is small.
    pub(crate) fn rates(&self, v: &[f64]) -> (f64, f64) {
        let largest = |jacobian: &TapeJacobian| {
            let mut matrix = vec![0.0; self.dim * self.dim];
            jacobian.evaluate(v, &mut vec![0.0; jacobian.len()], &mut matrix);
            eigenvalues(&matrix, self.dim).iter().map(|z: &Complex64| z.norm()).fold(0.0, f64::max)
        };
        let size = |size: &Option<usize>| size.map_or(1.0, |place| v[place]);
        let kicks = self.kicked.iter();
        let kicks = kicks.map(|(strength, part, field)| size(part) * (strength * largest(field)).powi(2));
        (largest(&self.jacobian), kicks.fold(0.0, f64::max))
    }

    /// Lanes of the largest program, and of the largest block.
    pub(crate) fn buffers(&self) -> (usize, usize) {
        let kicks = self.kicks.iter().map(|k| k.field.products());
        let elements = self.blocks.iter().map(|b| b.elements.products());
        let products = kicks.chain(elements).fold(self.drift.products(), usize::max);
        (self.dim + products, self.blocks.iter().map(|b| b.elements.rows()).sum())
    }

    /// The drift alone.
    #[cfg(test)]
    pub(crate) fn without_noise(&self) -> Self {
        Self { blocks: Vec::new(), steady: Vec::new(), kicks: Vec::new(), ..self.clone() }
    }

    /// True when nothing is random but the start.
    pub(crate) fn is_silent(&self) -> bool {
        self.blocks.is_empty() && self.steady.is_empty() && self.kicks.is_empty()
    }
}

/// A term times the variable that holds its size, which comes after all others.
fn times(term: &TapeTerm, size: Option<usize>) -> TapeTerm {
    let factors = term.factors.iter().copied().chain(size.map(|place| place as u32)).collect();
    TapeTerm { coefficient: term.coefficient, factors }
}

/// The polynomial of an element; none if it is zero.
fn element(entries: &[DiffusionEntry], row: usize, column: usize) -> &[TapeTerm] {
    let (row, column) = (row.min(column), row.max(column));
    entries.iter().find(|e| e.row == row && e.column == column).map_or(&[], |e| &e.terms)
}

/// Adds an element to the matrix.
fn add(entries: &mut Vec<DiffusionEntry>, new: &DiffusionEntry) {
    let Some(known) = entries.iter_mut().find(|e| (e.row, e.column) == (new.row, new.column)) else {
        entries.push(new.clone());
        return;
    };
    for term in &new.terms {
        match known.terms.iter_mut().find(|t| t.factors == term.factors) {
            Some(same) => same.coefficient += term.coefficient,
            None => known.terms.push(term.clone()),
        }
    }
    known.terms.retain(|t| t.coefficient != 0.0);
}

/// Groups of variables with an element between them; variables without noise are in none.
fn connected(entries: &[DiffusionEntry], dim: usize) -> Vec<Vec<usize>> {
    let mut group: Vec<usize> = (0..dim).collect();
    for entry in entries.iter().filter(|e| !e.terms.is_empty()) {
        let (old, new) = (group[entry.row], group[entry.column]);
        group.iter_mut().filter(|g| **g == old).for_each(|g| *g = new);
    }
    let noisy = |v: &usize| !element(entries, *v, *v).is_empty();
    let members = |g: usize| (0..dim).filter(|v| group[*v] == g).filter(noisy).collect::<Vec<_>>();
    (0..dim).map(members).filter(|m| !m.is_empty()).collect()
}

impl Block {
    fn new(mut variables: Vec<usize>, entries: &[DiffusionEntry], (dim, typical): (usize, &[f64])) -> Self {
        let degree = |v: usize| element(entries, v, v).iter().map(|t| t.factors.len()).max().unwrap_or(0);
        variables.sort_by_key(|v| (degree(*v), *v));
        let places = (0..variables.len()).flat_map(|i| (0..=i).map(move |k| (i, k)));
        let rows: Vec<&[TapeTerm]> =
            places.map(|(i, k)| element(entries, variables[i], variables[k])).collect();
        let size = |terms: &&[TapeTerm]| terms.iter().map(|t| magnitude(t, typical)).sum::<f64>();
        let largest = rows.iter().map(size).fold(0.0, f64::max);
        Self { variables, elements: Program::new(dim, rows), floor: ROUNDING * largest }
    }

    /// The Cholesky factor in the place of the lower triangle `m`: `D = L L^T`. Where a pivot is not positive, its
    /// column is zero; `clipped` becomes 1 in the lanes where it is negative.
    #[inline(always)]
    pub(crate) fn factor<S: Simd, const K: usize>(&self, simd: S, m: &mut [Lane], clipped: &mut Lane) {
        let n = self.variables.len();
        let at = |i: usize, k: usize| i * (i + 1) / 2 + k;
        let (zero, one) = (simd.splat_f64s(0.0), simd.splat_f64s(1.0));
        let (floor, negative) = (simd.splat_f64s(self.floor), simd.splat_f64s(-self.floor));
        let mut lost = clipped.load::<S, K>(simd);
        for p in 0..n {
            let (mut root, mut inverse) = (m[at(p, p)].load::<S, K>(simd), [zero; K]);
            for k in 0..K {
                let good = simd.less_than_f64s(floor, root[k]);
                lost[k] = simd.select_f64s(simd.less_than_f64s(root[k], negative), one, lost[k]);
                root[k] = simd.sqrt_f64s(simd.select_f64s(good, root[k], zero));
                inverse[k] = simd.select_f64s(good, simd.div_f64s(one, root[k]), zero);
            }
            m[at(p, p)].store(simd, root);
            for i in p + 1..n {
                let scaled = product(simd, m[at(i, p)].load::<S, K>(simd), inverse);
                m[at(i, p)].store(simd, scaled);
            }
            for i in p + 1..n {
                let mut below = m[at(i, p)].load::<S, K>(simd);
                for k in 0..K {
                    below[k] = simd.neg_f64s(below[k]);
                }
                for j in p + 1..=i {
                    let left = fused(simd, below, m[at(j, p)].load(simd), m[at(i, j)].load(simd));
                    m[at(i, j)].store(simd, left);
                }
            }
        }
        clipped.store(simd, lost);
    }
}

/// A term at `|v|`.
fn magnitude(term: &TapeTerm, v: &[f64]) -> f64 {
    term.coefficient.abs() * term.factors.iter().map(|i| v[*i as usize].abs()).product::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::LANES;

    fn constant(row: usize, column: usize, x: f64) -> DiffusionEntry {
        DiffusionEntry { row, column, terms: vec![TapeTerm { coefficient: x, factors: Vec::new() }] }
    }

    fn factored(entries: &[DiffusionEntry], n: usize) -> (Vec<Lane>, Lane) {
        let block = Block::new((0..n).collect(), entries, (n, &vec![1.0; n]));
        let mut m = vec![Lane::ZERO; block.elements.rows()];
        block.elements.evaluate::<_, LANES>(pulp::Scalar, &mut vec![Lane::ZERO; n], &Lane::all(1.0), &mut m);
        let mut clipped = Lane::ZERO;
        block.factor::<_, LANES>(pulp::Scalar, &mut m, &mut clipped);
        (m, clipped)
    }

    #[test]
    fn factors_give_the_matrix_back_and_clip_what_is_negative() {
        let entries = [
            constant(0, 0, 4.0),
            constant(0, 1, 2.0),
            constant(1, 1, 5.0),
            constant(0, 2, -2.0),
            constant(1, 2, 1.0),
            constant(2, 2, 6.0),
        ];
        let (l, clipped) = factored(&entries, 3);
        let l: Vec<f64> = l.iter().map(|lane| lane.0[LANES - 1]).collect();
        assert_eq!(l, [2.0, 1.0, 2.0, -1.0, 1.0, 2.0]);
        assert_eq!(clipped.0[0], 0.0);
        let (l, clipped) = factored(&[constant(0, 0, 1.0), constant(0, 1, 2.0), constant(1, 1, 3.0)], 2);
        assert_eq!((l[0].0[3], l[1].0[3], l[2].0[3], clipped.0[3]), (1.0, 2.0, 0.0, 1.0));
        let (_, clipped) = factored(&[constant(0, 0, 1.0), constant(0, 1, 2.0), constant(1, 1, 4.0)], 2);
        assert_eq!(clipped.0[3], 0.0, "a matrix of rank one is not negative");
    }
}
