//! Extreme eigenpairs of an operator: Krylov-Schur with thick restart and locking.

use num_complex::Complex64;
use superladder_propagate::vector;

use crate::basis::{Basis, fill_random};
use crate::error::EigenError;
use crate::map::{LinearMap, Watch};
use crate::schur::ComplexSchur;
use crate::small::{Columns, closed, norm, projected};

const NAME: &str = "krylov-schur";

/// Which eigenvalues are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wanted {
    /// Those of largest modulus: of an inverse or of an exponential.
    #[default]
    LargestModulus,
    /// Those of largest real part.
    Rightmost,
}

impl Wanted {
    fn rank(self, z: Complex64) -> f64 {
        match self {
            Self::LargestModulus => -z.norm(),
            Self::Rightmost => -z.re,
        }
    }
}

/// A few eigenpairs of a real operator.
///
/// A Krylov decomposition A V = V H + v b^T of `dimension` vectors is cut down to its wanted Schur vectors
/// and grown again. Schur vectors whose residual is below the tolerance are locked: they stay as they are,
/// the others are kept orthogonal to them. Where the subspace is invariant a vector without structure goes
/// on, so that eigenvalues of several eigenvectors are found as often as they occur.
///
/// Source: G. W. Stewart, SIAM J. Matrix Anal. Appl. 23, 601 (2002).
#[derive(Debug, Clone, PartialEq)]
pub struct KrylovSchur {
    /// Eigenvalues wanted; a complex one counts together with its conjugate as two.
    pub count: usize,
    /// Vectors of the subspace: at least `count + 2`, better twice as many as wanted.
    pub dimension: usize,
    /// Residual |A x - theta x| of every pair, relative to the largest |theta| that was seen.
    pub tolerance: f64,
    /// Restarts at most.
    pub max_restarts: u64,
    /// Which.
    pub wanted: Wanted,
}

impl Default for KrylovSchur {
    fn default() -> Self {
        Self { count: 6, dimension: 30, tolerance: 1e-10, max_restarts: 200, wanted: Wanted::LargestModulus }
    }
}

/// An eigenvalue with its eigenvector of length 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Eigenpair {
    /// The eigenvalue.
    pub value: Complex64,
    /// Real part of the eigenvector.
    pub re: Vec<f64>,
    /// Imaginary part of the eigenvector; zero for a real eigenvalue up to a phase.
    pub im: Vec<f64>,
    /// |A x - theta x|, from the decomposition.
    pub residual: f64,
}

/// Eigenpairs in the order that was wanted, and what they have cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Eigenpairs {
    /// The pairs.
    pub pairs: Vec<Eigenpair>,
    /// Applications of the operator.
    pub applications: u64,
    /// Restarts.
    pub restarts: u64,
}

/// A V = V H + v b^T.
struct Decomposition {
    basis: Basis,
    /// H, row by row, `room` entries each.
    h: Vec<f64>,
    b: Vec<f64>,
    room: usize,
    /// Vectors now, and how many of the first are locked.
    size: usize,
    locked: usize,
    column: Vec<f64>,
    fresh: u64,
    largest: f64,
}

impl KrylovSchur {
    /// The eigenpairs of `a`, from a start vector or from one without structure.
    ///
    /// # Errors
    /// [`EigenError`].
    pub fn solve(
        &self,
        a: &dyn LinearMap,
        start: Option<&[f64]>,
        watch: &mut dyn Watch,
    ) -> Result<Eigenpairs, EigenError> {
        let dim = a.dim();
        let count = self.count.min(dim);
        let room = self.dimension.max(count + 2).min(dim);
        EigenError::check(self.tolerance > 0.0, "tolerance", &self.tolerance, "greater than 0")?;
        EigenError::check(count > 0, "count", &self.count, "at least 1")?;
        if let Some(start) = start {
            EigenError::check_dim(dim, start.len())?;
        }
        let mut found = Decomposition::new(dim, room, start)?;
        let (mut applications, mut restarts) = (0, 0);
        loop {
            Self::grow(a, &mut found, &mut applications, watch)?;
            let mut schur = found.active_schur(applications)?;
            schur.order(|z| self.wanted.rank(z));
            let values = schur.values();
            found.largest = values.iter().map(|z| z.norm()).fold(found.largest, f64::max);
            let wanted = closed(&values, count.saturating_sub(found.locked));
            let good = found.converged(&schur, wanted, self.tolerance);
            if good >= wanted || found.size == dim {
                found.cut(&schur, wanted, wanted);
                return Ok(Eigenpairs { pairs: self.pairs(&found)?, applications, restarts });
            }
            if restarts == self.max_restarts {
                return Err(EigenError::NotConverged {
                    algorithm: NAME,
                    iterations: applications,
                    residual: found.residual_of(&schur, good) / found.largest,
                    tolerance: self.tolerance,
                });
            }
            restarts += 1;
            let half = usize::midpoint(values.len(), wanted).min(values.len().saturating_sub(2));
            found.cut(&schur, closed(&values, half.max(wanted)), good);
        }
    }

    /// Grows the decomposition to its full size.
    fn grow(
        a: &dyn LinearMap,
        found: &mut Decomposition,
        applications: &mut u64,
        watch: &mut dyn Watch,
    ) -> Result<(), EigenError> {
        while found.size < found.room {
            if !watch.go_on(*applications, found.worst()) {
                return Err(EigenError::Interrupted { algorithm: NAME, iterations: *applications });
            }
            *applications += 1;
            if !found.extend(a) {
                return Err(EigenError::NonFinite { algorithm: NAME, iterations: *applications });
            }
        }
        Ok(())
    }

    /// The eigenpairs of what is left after the last cut.
    fn pairs(&self, found: &Decomposition) -> Result<Vec<Eigenpair>, EigenError> {
        let k = found.size;
        let matrix = found.block(0..k);
        let failed = EigenError::NonFinite { algorithm: NAME, iterations: 0 };
        let mut schur = ComplexSchur::of_real(&matrix, k).ok_or(failed)?;
        schur.order(|z| self.wanted.rank(z));
        let pair = |(number, value): (usize, Complex64)| {
            let y = schur.eigenvector(number);
            let residual: Complex64 = y.iter().zip(&found.b).map(|(y, b)| y * b).sum();
            let dim = found.basis.vector(0).len();
            let (mut re, mut im) = (vec![0.0; dim], vec![0.0; dim]);
            found.basis.add_combination(&y.iter().map(|z| z.re).collect::<Vec<_>>(), &mut re);
            found.basis.add_combination(&y.iter().map(|z| z.im).collect::<Vec<_>>(), &mut im);
            Eigenpair { value, re, im, residual: residual.norm() }
        };
        Ok(schur.values().into_iter().enumerate().map(pair).collect())
    }
}

impl Decomposition {
    fn new(dim: usize, room: usize, start: Option<&[f64]>) -> Result<Self, EigenError> {
        let mut basis = Basis::new(dim, room + 1);
        match start {
            Some(start) => basis.vector_mut(0).copy_from_slice(start),
            None => basis.fill_random(0, 1),
        }
        let mut length = vector::norm(basis.vector(0));
        if length == 0.0 {
            basis.fill_random(0, 1);
            length = vector::norm(basis.vector(0));
        }
        if !length.is_finite() {
            return Err(EigenError::NonFinite { algorithm: NAME, iterations: 0 });
        }
        vector::scale(basis.vector_mut(0), 1.0 / length);
        let (h, b, column) = (vec![0.0; room * room], vec![0.0; room], vec![0.0; room + 1]);
        Ok(Self { basis, h, b, room, size: 0, locked: 0, column, fresh: 2, largest: 0.0 })
    }

    /// One more vector. False if it is not finite.
    fn extend(&mut self, a: &dyn LinearMap) -> bool {
        let k = self.size;
        // The residual direction becomes a member: its couplings to the others were b.
        (0..k).for_each(|j| self.h[k * self.room + j] = self.b[j]);
        let (now, next) = self.basis.step(k);
        a.apply(now, next);
        if !self.basis.orthonormalise(k + 1, &mut self.column[..k + 2]) {
            return false;
        }
        (0..=k).for_each(|i| self.h[i * self.room + k] = self.column[i]);
        self.size = k + 1;
        self.b[..=k].fill(0.0);
        self.b[k] = self.column[k + 1];
        if self.b[k] == 0.0 && self.size < self.basis.vector(0).len() {
            return self.restart_without_structure();
        }
        true
    }

    /// The subspace is invariant: a vector outside of it goes on.
    fn restart_without_structure(&mut self) -> bool {
        for _ in 0..3 {
            let k = self.size;
            fill_random(self.basis.vector_mut(k), self.fresh);
            self.fresh += 1;
            if !self.basis.orthonormalise(k, &mut self.column[..=k]) {
                return false;
            }
            if self.column[k] != 0.0 {
                return true;
            }
        }
        false
    }

    fn block(&self, range: std::ops::Range<usize>) -> Vec<f64> {
        range.clone().flat_map(|i| self.h[i * self.room..][range.clone()].iter().copied()).collect()
    }

    fn active_schur(&self, iterations: u64) -> Result<ComplexSchur, EigenError> {
        let dim = self.size - self.locked;
        let schur = ComplexSchur::of_real(&self.block(self.locked..self.size), dim);
        schur.ok_or(EigenError::NonFinite { algorithm: NAME, iterations })
    }

    fn residual_of(&self, schur: &ComplexSchur, number: usize) -> f64 {
        let vector = schur.schur_vector(number);
        let b = &self.b[self.locked..self.size];
        vector.iter().zip(b).map(|(q, b)| q * b).sum::<Complex64>().norm()
    }

    fn worst(&self) -> f64 {
        if self.largest > 0.0 { norm(&self.b[..self.size]) / self.largest } else { f64::INFINITY }
    }

    /// How many of the first Schur vectors, at most `wanted`, have a small residual.
    fn converged(&self, schur: &ComplexSchur, wanted: usize, tolerance: f64) -> usize {
        let limit = tolerance * self.largest;
        let good = (0..wanted).take_while(|k| self.residual_of(schur, *k) <= limit).count();
        let values = schur.values();
        // A complex eigenvalue is locked together with its conjugate.
        if closed(&values, good) == good { good } else { good - 1 }
    }

    /// Cuts the active part down to its first `kept` Schur vectors and locks the first `good` of them.
    fn cut(&mut self, schur: &ComplexSchur, kept: usize, good: usize) {
        let (locked, size) = (self.locked, self.size);
        let mut columns = Columns::default();
        columns.span(schur, good);
        columns.span(schur, kept);
        let kept = columns.0.len();
        let active = size - locked;
        let small = projected(&columns, &self.block(locked..size), active, &columns);
        let coupling: Vec<f64> =
            (0..locked).flat_map(|i| self.h[i * self.room..][locked..size].iter().copied()).collect();
        let above: Vec<f64> = coupling
            .chunks_exact(active.max(1))
            .flat_map(|row| columns.0.iter().map(move |c| row.iter().zip(c).map(|(a, b)| a * b).sum::<f64>()))
            .collect();
        let b: Vec<f64> =
            columns.0.iter().map(|c| c.iter().zip(&self.b[locked..size]).map(|(c, b)| c * b).sum()).collect();
        // The whole transformation: the locked ones stay, the vector after the last comes along.
        let to = locked + kept + 1;
        let mut matrix = vec![0.0; (size + 1) * to];
        (0..locked).for_each(|i| matrix[i * to + i] = 1.0);
        for (j, column) in columns.0.iter().enumerate() {
            column.iter().enumerate().for_each(|(i, c)| matrix[(locked + i) * to + locked + j] = *c);
        }
        matrix[size * to + locked + kept] = 1.0;
        self.basis.combine_in_place(size + 1, to, &matrix);
        for i in 0..locked {
            self.h[i * self.room + locked..(i + 1) * self.room].fill(0.0);
            self.h[i * self.room + locked..][..kept].copy_from_slice(&above[i * kept..(i + 1) * kept]);
        }
        for i in locked..self.room {
            self.h[i * self.room..(i + 1) * self.room].fill(0.0);
        }
        for i in 0..kept {
            self.h[(locked + i) * self.room + locked..][..kept]
                .copy_from_slice(&small[i * kept..(i + 1) * kept]);
        }
        self.b.fill(0.0);
        self.b[locked + good.min(kept)..locked + kept].copy_from_slice(&b[good.min(kept)..]);
        (self.size, self.locked) = (locked + kept, locked + good.min(kept));
    }
}
