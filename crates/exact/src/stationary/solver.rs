//! Linear systems, kernels and eigenvalues of the generator on one [`Coherence`].

use std::sync::atomic::{AtomicU64, Ordering};

use num_complex::Complex64;
use superladder_dense::RealLu;
use superladder_eigen::{
    BandOrder, BandedLu, EigenError, Gmres, GmresInfo, LinearMap, NullVectors, Nullspace,
};
use superladder_engine::{EngineError, Halt};
use superladder_space::Space;

use super::operators::action::{Action, Direction};
use super::operators::coherence::{Block, Coherence, ComplexScratch, Unknowns};
use super::operators::no_jump::NoJump;
use super::through_time::exponential::{Propagated, Way};
use super::through_time::tiled::Tiled;
use crate::error::{INTERRUPTED, NAME};
use crate::generator::Elements;

/// Real unknowns up to which a generator is factorised as a dense matrix: below a second.
pub(crate) const DENSE: usize = 2000;
/// Matrix elements that are looked at for a narrow band, and what its factors may take: a second, 1 GiB.
const ELEMENTS: usize = 3_000_000;
const COST: f64 = 6e8;
const SIZE: usize = 1 << 26;
/// Shift of a direct inverse relative to the largest element. The generator has no eigenvalue to the right
/// of 0.
const SHIFT: f64 = 1e-7;

/// Applications of the generator in the way that is summed, about.
const PIECE: f64 = 1000.0;
/// Error of what is summed: a preconditioner may be off.
const ROUGH: f64 = 1e-5;
/// What a number of a state vector takes in an application of the generator by tiles, beside a multiplication in the
/// products with eigenvectors; and what more iterations these need, with what they take beside products.
const APPLICATION: f64 = 45.0;
const MORE: f64 = 25.0;

/// The generator, and what its equations are solved with.
pub(crate) struct Solver<'a> {
    pub(crate) space: &'a Space,
    pub(crate) elements: &'a Elements,
    pub(crate) halt: &'a dyn Halt,
    /// Iterations so far.
    pub(crate) iterations: AtomicU64,
    /// Takes operators that are near a stationary state.
    pub(crate) offer: &'a dyn Fn(&Coherence, &[Complex64]),
}

/// The generator on one coherence with its preconditioner.
pub(crate) struct Equations<'a> {
    pub(crate) action: Action,
    pub(crate) preconditioner: Box<dyn LinearMap + 'a>,
    /// Whether the preconditioner is the inverse itself, up to a small shift.
    pub(crate) direct: bool,
}

/// (A - shift)^-1 by dense LU factors.
struct ShiftedInverse {
    factors: RealLu,
    dim: usize,
}

/// (A - shift)^-1 by LU factors of a band.
struct NarrowInverse {
    factors: BandedLu,
    unknowns: Unknowns,
    scratch: ComplexScratch,
}

impl LinearMap for NarrowInverse {
    fn dim(&self) -> usize {
        self.unknowns.len()
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        self.unknowns.through(&self.scratch, (x, out), |from, to| {
            self.factors.solve(from, to);
            to.copy_from_slice(from);
        });
    }
}

/// `int_0^T exp(A s) ds` with T = [`Way::time`]: A times this is `exp(A T) - 1`, of which nothing is left but few slow directions.
pub(super) struct SummedWay<'a> {
    pub(super) tiled: Tiled,
    pub(super) way: Way<'a>,
}

impl LinearMap for SummedWay<'_> {
    fn dim(&self) -> usize {
        self.tiled.dim()
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        self.tiled.summed(self.way, x, out);
    }
}

impl NarrowInverse {
    /// `None` where the band is too wide.
    fn new(action: &Action, elements: usize) -> Option<Self> {
        let rows = action.rows(ELEMENTS)?;
        let order = BandOrder::new(&rows);
        if order.cost() > COST || order.size() > SIZE {
            return None;
        }
        let scale = rows.iter().flatten().map(|(_, z)| z.norm()).fold(f64::MIN_POSITIVE, f64::max);
        let factors = BandedLu::new(&rows, order, SHIFT * scale)?;
        let scratch = ComplexScratch::new(elements);
        Some(Self { factors, unknowns: action.unknowns.clone(), scratch })
    }
}

impl LinearMap for ShiftedInverse {
    fn dim(&self) -> usize {
        self.dim
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        out.copy_from_slice(x);
        self.factors.solve(out, false);
    }
}

/// The matrix of a map, row by row.
pub(crate) fn assembled(map: &dyn LinearMap) -> Vec<f64> {
    let dim = map.dim();
    let (mut unit, mut image) = (vec![0.0; dim], vec![0.0; dim]);
    let mut matrix = vec![0.0; dim * dim];
    for column in 0..dim {
        unit[column] = 1.0;
        map.apply(&unit, &mut image);
        unit[column] = 0.0;
        image.iter().enumerate().for_each(|(row, value)| matrix[row * dim + column] = *value);
    }
    matrix
}

impl ShiftedInverse {
    fn new(action: &Action) -> Option<Self> {
        let dim = LinearMap::dim(action);
        let mut matrix = assembled(action);
        let scale = matrix.iter().fold(0.0, |a: f64, x| a.max(x.abs())).max(f64::MIN_POSITIVE);
        (0..dim).for_each(|i| matrix[i * dim + i] -= SHIFT * scale);
        RealLu::new(&matrix, dim).map(|factors| Self { factors, dim })
    }
}

/// The inverse by factors, if they are cheap.
fn inverse(action: &Action, elements: usize) -> Option<Box<dyn LinearMap>> {
    if let Some(narrow) = NarrowInverse::new(action, elements) {
        return Some(Box::new(narrow));
    }
    if action.unknowns.len() > DENSE {
        return None;
    }
    ShiftedInverse::new(action).map(|inverse| Box::new(inverse) as Box<_>)
}

fn gmres(equations: &Equations<'_>, tolerance: f64) -> Gmres {
    // Memory and orthogonalisation grow with the vectors kept; iterations hardly shrink beyond.
    let restart = if equations.direct { 30 } else { 60 };
    Gmres { restart, kept: restart / 3, tolerance, max_iterations: 5000 }
}

impl<'a> Solver<'a> {
    pub(crate) fn new(space: &'a Space, elements: &'a Elements, halt: &'a dyn Halt) -> Self {
        Self { space, elements, halt, iterations: AtomicU64::new(0), offer: &|_, _| {} }
    }

    pub(crate) fn count(&self, iterations: u64) {
        self.iterations.fetch_add(iterations, Ordering::Relaxed);
    }

    /// The generator or its adjoint on `coherence`, ready to be solved.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`].
    pub(crate) fn equations(
        &self,
        coherence: &Coherence,
        direction: Direction,
    ) -> Result<Equations<'a>, EngineError> {
        let action = Action::new(self.space, coherence, self.elements, direction);
        let inverse = inverse(&action, coherence.len);
        let direct = inverse.is_some();
        let preconditioner: Box<dyn LinearMap + 'a> = match inverse {
            Some(inverse) => inverse,
            None => match self.summed_way(coherence, direction)? {
                Some(way) => Box::new(way),
                None => Box::new(NoJump::new(self.space, coherence, self.elements, direction)),
            },
        };
        Ok(Equations { action, preconditioner, direct })
    }

    /// The way through time as a preconditioner, where it takes less than products with eigenvectors. Counts decide,
    /// never time.
    fn summed_way(
        &self,
        coherence: &Coherence,
        direction: Direction,
    ) -> Result<Option<SummedWay<'a>>, EngineError> {
        let products = |block: &Block| {
            let [rows, columns] = [block.rows.len(), block.columns.len()].map(|n| n as f64);
            rows * columns * (rows + columns)
        };
        let products: f64 = coherence.blocks.iter().map(products).sum();
        let way = APPLICATION * PIECE * coherence.len as f64;
        if direction == Direction::Adjoint || way > MORE * products {
            return Ok(None);
        }
        let Some(tiled) = Tiled::faster(self.space, coherence, self.elements, self.halt)? else {
            return Ok(None);
        };
        let way = Way { time: PIECE / tiled.radius(), tolerance: ROUGH, halt: self.halt };
        Ok(Some(SummedWay { tiled, way }))
    }

    /// x with `A x = b`, to `tolerance` relative to b.
    pub(crate) fn solve(
        &self,
        equations: &Equations<'_>,
        b: &[f64],
        tolerance: f64,
    ) -> Result<(Vec<f64>, GmresInfo), EigenError> {
        let mut x = vec![0.0; b.len()];
        let gmres = gmres(equations, tolerance);
        let mut watch = |iterations: u64, residual: f64| self.halt.go_on(iterations, residual);
        let info = gmres.solve(&equations.action, &*equations.preconditioner, b, &mut x, &mut watch)?;
        self.count(info.iterations);
        Ok((x, info))
    }

    /// The kernel, at most `most` vectors of it, the first found from `start`. Who watches is `reached` by what
    /// comes near.
    pub(crate) fn kernel(
        &self,
        equations: &Equations<'_>,
        start: &[f64],
        (most, tolerance): (usize, f64),
        reached: &dyn Fn(&[f64]),
    ) -> Result<Nullspace, EngineError> {
        let tolerance = if equations.direct { 1e-13 } else { tolerance };
        let search = NullVectors { gmres: gmres(equations, 1e-13), most, tolerance };
        let mut watch = (|iterations: u64, residual: f64| self.halt.go_on(iterations, residual), reached);
        let found = search.find(&equations.action, &*equations.preconditioner, Some(start), &mut watch);
        let found = found.map_err(|e| solution("a stationary state", e))?;
        self.count(found.iterations);
        Ok(found)
    }
}

/// What went wrong while `what` was looked for.
pub(crate) fn solution(what: &str, error: EigenError) -> EngineError {
    match error {
        EigenError::Interrupted { .. } => INTERRUPTED,
        error => EngineError::Solution { engine: NAME, what: what.into(), source: Box::new(error) },
    }
}

/// The real vector of an operator.
pub(crate) fn packed(action: &Action, x: &[Complex64]) -> Vec<f64> {
    let mut vector = vec![0.0; action.unknowns.len()];
    action.unknowns.pack(x, &mut vector);
    vector
}

/// The operator of a real vector.
pub(crate) fn unpacked(action: &Action, coherence: &Coherence, vector: &[f64]) -> Vec<Complex64> {
    let mut x = vec![Complex64::ZERO; coherence.len];
    action.unknowns.unpack(vector, &mut x);
    x
}
