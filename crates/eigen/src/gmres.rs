//! Linear systems A x = b: GMRES with a right preconditioner and deflated restart.

use superladder_propagate::vector;

use crate::basis::Basis;
use crate::error::EigenError;
use crate::map::{LinearMap, Watch};
use crate::schur::ComplexSchur;
use crate::small::{Columns, closed, norm, solved};

const NAME: &str = "gmres";

/// GMRES on A M with the preconditioner M from the right, x = M y.
///
/// At a restart the subspace of the harmonic Ritz vectors of smallest modulus is kept, so that few slow
/// directions do not have to be found again in every cycle. A may be singular if b is in its range. What M has made
/// of every vector is kept (flexible GMRES): M may be wrong by much more than rounding, as products with
/// ill-conditioned eigenvectors are, without a bound on the residual.
///
/// Source: Y. Saad, M. H. Schultz, SIAM J. Sci. Stat. Comput. 7, 856 (1986); Y. Saad, SIAM J. Sci. Comput. 14, 461
/// (1993); R. B. Morgan, SIAM J. Sci. Comput. 24, 20 (2002), GMRES-DR.
#[derive(Debug, Clone, PartialEq)]
pub struct Gmres {
    /// Vectors of a cycle; twice as many vectors of memory, and two more.
    pub restart: usize,
    /// Harmonic Ritz vectors kept at a restart.
    pub kept: usize,
    /// Residual |b - A x| wanted, relative to |b|.
    pub tolerance: f64,
    /// Applications of A M at most.
    pub max_iterations: u64,
}

impl Default for Gmres {
    fn default() -> Self {
        Self { restart: 100, kept: 25, tolerance: 1e-12, max_iterations: 20_000 }
    }
}

/// What a solution has cost.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct GmresInfo {
    /// Applications of A M.
    pub iterations: u64,
    /// Restarts.
    pub restarts: u64,
    /// |b - A x| / |b|, computed from x.
    pub residual: f64,
}

/// Everything that an iteration touches, allocated once.
struct Cycle {
    size: usize,
    basis: Basis,
    /// M of every vector but the last.
    moved: Basis,
    /// The rectangular matrix of A M in the basis, column by column, `size + 1` entries each.
    columns: Vec<f64>,
    /// Its triangular factor, column by column.
    triangle: Vec<f64>,
    /// Rotations (row, cosine, sine) in order.
    rotations: Vec<(usize, f64, f64)>,
    /// The residual in the basis, and the same after the rotations.
    start: Vec<f64>,
    rotated: Vec<f64>,
    /// Columns that a restart kept.
    kept: usize,
    solution: Vec<f64>,
}

impl Cycle {
    fn new(dim: usize, size: usize, kept: usize) -> Self {
        Self {
            size,
            basis: Basis::new(dim, size + 1),
            moved: Basis::new(dim, size),
            columns: vec![0.0; (size + 1) * size],
            triangle: vec![0.0; (size + 1) * size],
            rotations: Vec::with_capacity((kept + 2) * (kept + 2) + size),
            start: vec![0.0; size + 1],
            rotated: vec![0.0; size + 1],
            kept: 0,
            solution: vec![0.0; size],
        }
    }

    fn column(&self, j: usize) -> &[f64] {
        &self.columns[j * (self.size + 1)..(j + 1) * (self.size + 1)]
    }

    /// Starts from a residual that stands in the first vector; returns its length.
    fn begin(&mut self) -> f64 {
        let length = vector::norm(self.basis.vector(0));
        vector::scale(self.basis.vector_mut(0), 1.0 / length);
        self.start.fill(0.0);
        self.start[0] = length;
        self.rotated.copy_from_slice(&self.start);
        self.rotations.clear();
        self.kept = 0;
        length
    }

    /// Rotates column j into the triangle; returns the residual.
    fn rotate(&mut self, j: usize) -> f64 {
        let height = self.size + 1;
        let column = &mut self.triangle[j * height..(j + 1) * height];
        column.copy_from_slice(&self.columns[j * height..(j + 1) * height]);
        for &(i, c, s) in &self.rotations {
            (column[i], column[i + 1]) =
                (c * column[i] + s * column[i + 1], c * column[i + 1] - s * column[i]);
        }
        let last = if j < self.kept { self.kept } else { j + 1 };
        for i in (j..last).rev() {
            let length = column[i].hypot(column[i + 1]);
            let (c, s) =
                if length == 0.0 { (1.0, 0.0) } else { (column[i] / length, column[i + 1] / length) };
            (column[i], column[i + 1]) = (length, 0.0);
            let (x, y) = (self.rotated[i], self.rotated[i + 1]);
            (self.rotated[i], self.rotated[i + 1]) = (c * x + s * y, c * y - s * x);
            self.rotations.push((i, c, s));
        }
        self.rotated[j + 1].abs()
    }

    /// The coefficients that make the residual smallest over `count` columns; a direction that A M takes to
    /// zero gets none.
    fn minimise(&mut self, count: usize) {
        let height = self.size + 1;
        let largest = (0..count).map(|j| self.triangle[j * height + j].abs()).fold(0.0, f64::max);
        for k in (0..count).rev() {
            let sum: f64 = (k + 1..count).map(|j| self.triangle[j * height + k] * self.solution[j]).sum();
            let pivot = self.triangle[k * height + k];
            let gone = pivot.abs() <= f64::EPSILON * largest;
            self.solution[k] = if gone { 0.0 } else { (self.rotated[k] - sum) / pivot };
        }
    }

    /// start - H solution: what is left, in the basis.
    fn remainder(&self, count: usize) -> Vec<f64> {
        let mut left = self.start.clone();
        for j in 0..count {
            left.iter_mut().zip(self.column(j)).for_each(|(l, h)| *l -= h * self.solution[j]);
        }
        left
    }

    /// H times a vector of a full cycle.
    fn image(&self, vector: &[f64]) -> Vec<f64> {
        let mut image = vec![0.0; self.size + 1];
        for (j, x) in vector.iter().enumerate() {
            image.iter_mut().zip(self.column(j)).for_each(|(out, h)| *out += h * x);
        }
        image
    }

    /// The harmonic Ritz vectors of smallest modulus of a full cycle; `None` where there are none to keep.
    fn slow(&self, kept: usize) -> Option<Columns> {
        let m = self.size;
        let mut matrix: Vec<f64> = (0..m).flat_map(|i| (0..m).map(move |j| self.column(j)[i])).collect();
        let beyond = self.column(m - 1)[m];
        let transposed: Vec<f64> = (0..m).flat_map(|i| self.column(i)[..m].iter().copied()).collect();
        let mut last = vec![0.0; m];
        last[m - 1] = 1.0;
        let correction = solved(transposed, last)?;
        for (i, f) in correction.iter().enumerate() {
            matrix[i * m + m - 1] += beyond * beyond * f;
        }
        let mut schur = ComplexSchur::of_real(&matrix, m)?;
        schur.order(num_complex::Complex::norm);
        let count = closed(&schur.values(), kept);
        let mut columns = Columns::default();
        columns.span(&schur, count);
        (columns.0.len() == count && count + 1 < m).then_some(columns)
    }

    /// Restarts a full cycle with the slow directions and what is left. False where only the residual can be
    /// kept.
    fn deflate(&mut self, kept: usize) -> bool {
        let m = self.size;
        let left = self.remainder(m);
        let Some(slow) = (if kept == 0 { None } else { self.slow(kept) }) else { return false };
        // What A M makes of the slow directions spans the new basis, so that nothing of it is lost however exact they
        // are; one that it takes to zero is not kept.
        let largest = (0..m).map(|j| norm(self.column(j))).fold(0.0, f64::max);
        let (mut right, mut columns, mut images) = (Columns::default(), Columns::default(), Vec::new());
        for direction in slow.0 {
            let image = self.image(&direction);
            if norm(&image) > 1e-12 * largest && columns.push(image.clone()) {
                right.0.push(direction);
                images.push(image);
            }
        }
        let k = right.0.len();
        if k == 0 || !columns.push(left.clone()) {
            return false;
        }
        self.basis.combine_in_place(m + 1, k + 1, &columns.matrix(m + 1));
        self.moved.combine_in_place(m, k, &right.matrix(m));
        self.columns.fill(0.0);
        for (image, own) in images.iter().zip(self.columns.chunks_exact_mut(m + 1)) {
            own.iter_mut().zip(&columns.0).for_each(|(h, column)| *h = vector::dot(column, image));
        }
        self.start.fill(0.0);
        for (start, column) in self.start.iter_mut().zip(&columns.0) {
            *start = column.iter().zip(&left).map(|(a, b)| a * b).sum();
        }
        self.rotated.copy_from_slice(&self.start);
        self.rotations.clear();
        self.kept = k;
        (0..k).for_each(|j| {
            self.rotate(j);
        });
        true
    }
}

impl Gmres {
    /// Solves A x = b from the given x on.
    ///
    /// # Errors
    /// [`EigenError`]; where the tolerance is not reached, or the watch ends the work, x holds the best that was
    /// found.
    pub fn solve(
        &self,
        a: &dyn LinearMap,
        preconditioner: &dyn LinearMap,
        b: &[f64],
        x: &mut [f64],
        watch: &mut dyn Watch,
    ) -> Result<GmresInfo, EigenError> {
        let dim = a.dim();
        for found in [preconditioner.dim(), b.len(), x.len()] {
            EigenError::check_dim(dim, found)?;
        }
        EigenError::check(self.restart >= 2, "restart", &self.restart, "at least 2")?;
        EigenError::check(self.tolerance > 0.0, "tolerance", &self.tolerance, "greater than 0")?;
        let size = self.restart.min(dim.max(2));
        let mut cycle = Cycle::new(dim, size, self.kept.min(size / 2));
        let scale = vector::norm(b);
        let mut info = GmresInfo::default();
        if scale == 0.0 {
            x.fill(0.0);
            return Ok(info);
        }
        let mut fresh = true;
        let mut best = (f64::INFINITY, x.to_vec());
        loop {
            if fresh {
                info.residual = residual(a, b, x, cycle.basis.vector_mut(0)) / scale;
                if info.residual > 2.0 * best.0 {
                    // Only rounding, or a system without a solution, makes it grow.
                    info.residual = best.0;
                    x.copy_from_slice(&best.1);
                    return Err(self.not_converged(&info));
                }
                if info.residual < best.0 {
                    best.0 = info.residual;
                    best.1.copy_from_slice(x);
                }
                if !info.residual.is_finite() {
                    return Err(EigenError::NonFinite { algorithm: NAME, iterations: info.iterations });
                }
                if info.residual <= self.tolerance {
                    return Ok(info);
                }
                if info.iterations >= self.max_iterations {
                    return Err(self.not_converged(&info));
                }
                cycle.begin();
            }
            let (count, ended) = self.fill(&mut cycle, [a, preconditioner], scale, &mut info, watch)?;
            if count > 0 {
                cycle.minimise(count);
                cycle.moved.add_combination(&cycle.solution[..count], x);
                watch.reached(x);
            }
            if ended {
                return Err(EigenError::Interrupted { algorithm: NAME, iterations: info.iterations });
            }
            info.restarts += 1;
            let hopeful = count == size && norm(&cycle.remainder(count)) > 0.5 * self.tolerance * scale;
            fresh = !(hopeful && cycle.deflate(self.kept.min(size / 2)));
            // Rounding parts the residual in the basis from that of x; a fresh start joins them.
            if info.restarts.is_multiple_of(8) || info.iterations >= self.max_iterations {
                fresh = true;
            }
        }
    }

    fn not_converged(&self, info: &GmresInfo) -> EigenError {
        EigenError::NotConverged {
            algorithm: NAME,
            iterations: info.iterations,
            residual: info.residual,
            tolerance: self.tolerance,
        }
    }

    /// Iterates until the cycle is full, the residual small or the watch ends it; returns the number of columns, and
    /// whether it was ended.
    fn fill(
        &self,
        cycle: &mut Cycle,
        [a, preconditioner]: [&dyn LinearMap; 2],
        scale: f64,
        info: &mut GmresInfo,
        watch: &mut dyn Watch,
    ) -> Result<(usize, bool), EigenError> {
        let height = cycle.size + 1;
        for j in cycle.kept..cycle.size {
            if !watch.go_on(info.iterations, info.residual) {
                return Ok((j, true));
            }
            let (now, next) = cycle.basis.step(j);
            let moved = cycle.moved.vector_mut(j);
            preconditioner.apply(now, moved);
            a.apply(moved, next);
            info.iterations += 1;
            let column = &mut cycle.columns[j * height..(j + 1) * height];
            if !cycle.basis.orthonormalise(j + 1, &mut column[..j + 2]) {
                return Err(EigenError::NonFinite { algorithm: NAME, iterations: info.iterations });
            }
            let closed = column[j + 1] == 0.0;
            info.residual = cycle.rotate(j) / scale;
            if closed || info.residual <= 0.9 * self.tolerance || info.iterations >= self.max_iterations {
                return Ok((j + 1, false));
            }
        }
        Ok((cycle.size, false))
    }
}

/// `out` = b - A x, and its length.
pub(crate) fn residual(a: &dyn LinearMap, b: &[f64], x: &[f64], out: &mut [f64]) -> f64 {
    a.apply(x, out);
    out.iter_mut().zip(b).for_each(|(out, b)| *out = b - *out);
    vector::norm(out)
}
