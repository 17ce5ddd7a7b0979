//! (z - A)^-1 b for many z from one Krylov subspace.

use num_complex::Complex64;
use superladder_propagate::vector;

use crate::basis::Basis;
use crate::error::EigenError;
use crate::map::{LinearMap, Watch};

const NAME: &str = "resolvent";

/// A complex linear functional of real vectors: `sum_i (re_i + i im_i) x_i`.
#[derive(Debug, Clone, PartialEq)]
pub struct ComplexFunctional {
    /// Real parts of the weights.
    pub re: Vec<f64>,
    /// Imaginary parts of the weights.
    pub im: Vec<f64>,
}

/// The resolvent of A projected on a Krylov subspace of b: `(z - A)^-1 b ~ V (z - H)^-1 |b| e_1`, as
/// functionals see it, for any number of z at the cost of a small Hessenberg system each.
///
/// Source: R. W. Freund, J. Comput. Appl. Math. 123, 395 (2000), section 4; Galerkin condition.
pub struct ProjectedResolvent {
    basis: Basis,
    room: usize,
    size: usize,
    /// H, row by row, `room` entries each.
    h: Vec<f64>,
    beyond: f64,
    length: f64,
    functionals: Vec<ComplexFunctional>,
    /// By functional, its values on the basis.
    seen: Vec<Vec<Complex64>>,
    column: Vec<f64>,
    triangle: Vec<Complex64>,
    solution: Vec<Complex64>,
}

impl ProjectedResolvent {
    /// Starts from b with room for a subspace of `room` vectors.
    ///
    /// # Errors
    /// [`EigenError::Dimension`], [`EigenError::NonFinite`].
    pub fn new(b: &[f64], functionals: Vec<ComplexFunctional>, room: usize) -> Result<Self, EigenError> {
        for weights in functionals.iter().flat_map(|f| [&f.re, &f.im]) {
            EigenError::check_dim(b.len(), weights.len())?;
        }
        EigenError::check(room > 0, "room", &room, "at least 1")?;
        let room = room.min(b.len());
        let mut basis = Basis::new(b.len(), room + 1);
        let length = vector::norm(b);
        if !length.is_finite() {
            return Err(EigenError::NonFinite { algorithm: NAME, iterations: 0 });
        }
        basis.vector_mut(0).copy_from_slice(b);
        if length > 0.0 {
            vector::scale(basis.vector_mut(0), 1.0 / length);
        }
        let seen = functionals.iter().map(|_| Vec::with_capacity(room)).collect();
        Ok(Self {
            basis,
            room,
            size: 0,
            h: vec![0.0; room * room],
            beyond: length,
            length,
            functionals,
            seen,
            column: vec![0.0; room + 1],
            triangle: vec![Complex64::ZERO; room * room],
            solution: vec![Complex64::ZERO; room],
        })
    }

    /// Vectors of the subspace.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether the subspace can grow no more: its room is full or it is invariant.
    pub fn is_full(&self) -> bool {
        self.size == self.room || self.beyond == 0.0
    }

    /// Grows to `size` vectors, or until it can grow no more.
    ///
    /// # Errors
    /// [`EigenError`].
    pub fn grow(&mut self, a: &dyn LinearMap, size: usize, watch: &mut dyn Watch) -> Result<(), EigenError> {
        EigenError::check_dim(self.basis.vector(0).len(), a.dim())?;
        while self.size < size && !self.is_full() {
            let k = self.size;
            let iterations = k as u64;
            if !watch.go_on(iterations, self.beyond) {
                return Err(EigenError::Interrupted { algorithm: NAME, iterations });
            }
            let v = self.basis.vector(k);
            for (seen, f) in self.seen.iter_mut().zip(&self.functionals) {
                seen.push(Complex64::new(vector::dot(&f.re, v), vector::dot(&f.im, v)));
            }
            if k > 0 {
                self.h[k * self.room + k - 1] = self.beyond;
            }
            let (now, next) = self.basis.step(k);
            a.apply(now, next);
            if !self.basis.orthonormalise(k + 1, &mut self.column[..k + 2]) {
                return Err(EigenError::NonFinite { algorithm: NAME, iterations });
            }
            (0..=k).for_each(|i| self.h[i * self.room + k] = self.column[i]);
            self.beyond = self.column[k + 1];
            self.size = k + 1;
        }
        Ok(())
    }

    /// The functionals of (z - A)^-1 b into `out`; returns the residual of the system relative to |b|.
    pub fn evaluate(&mut self, z: Complex64, out: &mut [Complex64]) -> f64 {
        out.fill(Complex64::ZERO);
        if self.size == 0 {
            return if self.length == 0.0 { 0.0 } else { f64::INFINITY };
        }
        let residual = self.solution(z).1;
        let m = self.size;
        for (value, seen) in out.iter_mut().zip(&self.seen) {
            *value =
                seen.iter().zip(&self.solution[..m]).map(|(s, y)| s * y).sum::<Complex64>() * self.length;
        }
        residual
    }

    /// y with `(z - A)^-1 b ~ |b| V y`, and the residual relative to |b|.
    pub fn solution(&mut self, z: Complex64) -> (&[Complex64], f64) {
        if self.size == 0 {
            return (&[], if self.length == 0.0 { 0.0 } else { f64::INFINITY });
        }
        self.solve(z);
        let y = &self.solution[..self.size];
        (y, y[self.size - 1].norm() * self.beyond)
    }

    /// (z - H) y = e_1 by rotations from above.
    fn solve(&mut self, z: Complex64) {
        let (m, room) = (self.size, self.room);
        for i in 0..m {
            let from = i.saturating_sub(1);
            for j in from..m {
                let diagonal = if i == j { z } else { Complex64::ZERO };
                self.triangle[i * room + j] = diagonal - self.h[i * room + j];
            }
        }
        self.solution[..m].fill(Complex64::ZERO);
        self.solution[0] = Complex64::ONE;
        for k in 0..m - 1 {
            let (f, g) = (self.triangle[k * room + k], self.triangle[(k + 1) * room + k]);
            let length = f.norm().hypot(g.norm());
            if length == 0.0 {
                continue;
            }
            let (c, s) = (f.conj() / length, g.conj() / length);
            let (upper, lower) = self.triangle[k * room..(k + 2) * room].split_at_mut(room);
            for (x, y) in upper[k..m].iter_mut().zip(&mut lower[k..m]) {
                (*x, *y) = (c * *x + s * *y, f * *y / length - g * *x / length);
            }
            let x = self.solution[k];
            (self.solution[k], self.solution[k + 1]) = (c * x, -g * x / length);
        }
        for k in (0..m).rev() {
            let row = &self.triangle[k * room..(k + 1) * room];
            let sum: Complex64 = (k + 1..m).map(|j| row[j] * self.solution[j]).sum();
            self.solution[k] = (self.solution[k] - sum) / row[k];
        }
    }
}
