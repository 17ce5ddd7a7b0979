//! The kernel of an operator, and how large it is.

use superladder_propagate::vector;

use crate::basis::fill_random;
use crate::error::EigenError;
use crate::gmres::{Gmres, residual};
use crate::map::{LinearMap, Watch};
use crate::small::{Columns, solved};

const NAME: &str = "null-vectors";

/// Null vectors A n = 0 of an operator with a kernel of unknown dimension.
///
/// For any z the system A y = A z has a solution; GMRES finds one in its own subspace, and n = z - y is in
/// the kernel. Vectors z without structure are tried until the next n brings nothing new: then the kernel
/// is complete. A kernel of dimension d takes d + 1 solutions.
#[derive(Debug, Clone, PartialEq)]
pub struct NullVectors {
    /// How the systems are solved.
    pub gmres: Gmres,
    /// Null vectors at most; when so many are found nothing says that there are no more.
    pub most: usize,
    /// |A n| / |n| of a null vector, relative to the same of a vector without structure.
    pub tolerance: f64,
}

impl Default for NullVectors {
    fn default() -> Self {
        Self { gmres: Gmres::default(), most: 16, tolerance: 1e-10 }
    }
}

/// A kernel.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Nullspace {
    /// Null vectors, orthonormal.
    pub vectors: Vec<Vec<f64>>,
    /// |A n| of each.
    pub residuals: Vec<f64>,
    /// Applications of A M altogether.
    pub iterations: u64,
    /// Whether the search ended because nothing new came.
    pub complete: bool,
}

impl NullVectors {
    /// The kernel of `a`; the first z is `start`, if there is one. Who watches sees what comes near the first null
    /// vector.
    ///
    /// # Errors
    /// [`EigenError`].
    pub fn find(
        &self,
        a: &dyn LinearMap,
        preconditioner: &dyn LinearMap,
        start: Option<&[f64]>,
        watch: &mut dyn Watch,
    ) -> Result<Nullspace, EigenError> {
        let dim = a.dim();
        let mut found = Nullspace::default();
        let mut known = Columns::default();
        let scale = scale(a);
        for attempt in 0..=self.most {
            if attempt == self.most || known.0.len() == dim {
                found.complete = known.0.len() == dim;
                break;
            }
            let mut z = vec![0.0; dim];
            match start.filter(|_| attempt == 0) {
                Some(start) => {
                    EigenError::check_dim(dim, start.len())?;
                    z.copy_from_slice(start);
                }
                None => fill_random(&mut z, 100 + attempt as u64),
            }
            let count = &mut found.iterations;
            let new = if attempt == 0 {
                self.one([a, preconditioner], z, scale, watch, count)?
            } else {
                self.one([a, preconditioner], z, scale, &mut |n: u64, r: f64| watch.go_on(n, r), count)?
            };
            let Some((vector, residual)) = new.filter(|(v, _)| is_new(&known, v, self.tolerance)) else {
                found.complete = true;
                break;
            };
            if attempt == 0 {
                watch.reached(&vector);
            }
            known.push(vector);
            found.residuals.push(residual);
        }
        found.vectors = known.0;
        Ok(found)
    }

    /// The null vector of length 1 that belongs to z, with |A n|; `None` if there is none.
    fn one(
        &self,
        [a, preconditioner]: [&dyn LinearMap; 2],
        mut z: Vec<f64>,
        scale: f64,
        watch: &mut dyn Watch,
        iterations: &mut u64,
    ) -> Result<Option<(Vec<f64>, f64)>, EigenError> {
        let (mut b, mut y) = (vec![0.0; z.len()], vec![0.0; z.len()]);
        for round in 0..4 {
            let length = vector::norm(&z);
            if length == 0.0 {
                return Ok(None);
            }
            vector::scale(&mut z, 1.0 / length);
            a.apply(&z, &mut b);
            let size = vector::norm(&b);
            if !size.is_finite() {
                return Err(EigenError::NonFinite { algorithm: NAME, iterations: *iterations });
            }
            if size <= self.tolerance * scale {
                return Ok(Some((z, size)));
            }
            // Of an invertible operator nothing is left of z but the error of the solution.
            if round > 0 && length < 1e-3 {
                return Ok(None);
            }
            y.fill(0.0);
            let tolerance = self.gmres.tolerance.max(0.5 * self.tolerance * scale / size);
            let gmres = Gmres { tolerance, ..self.gmres.clone() };
            let nearer = &mut Nearer { z: &z, watch: &mut *watch };
            *iterations += gmres.solve(a, preconditioner, &b, &mut y, nearer)?.iterations;
            z.iter_mut().zip(&y).for_each(|(z, y)| *z -= y);
        }
        let reached = residual(a, &vec![0.0; z.len()], &z, &mut b) / vector::norm(&z);
        let (iterations, tolerance) = (*iterations, self.tolerance);
        Err(EigenError::NotConverged { algorithm: NAME, iterations, residual: reached / scale, tolerance })
    }
}

/// Watches the solution y of A y = A z, and shows z - y, which comes nearer to the kernel.
struct Nearer<'a> {
    z: &'a [f64],
    watch: &'a mut dyn Watch,
}

impl Watch for Nearer<'_> {
    fn go_on(&mut self, iterations: u64, residual: f64) -> bool {
        self.watch.go_on(iterations, residual)
    }

    fn reached(&mut self, y: &[f64]) {
        let near: Vec<f64> = self.z.iter().zip(y).map(|(z, y)| z - y).collect();
        self.watch.reached(&near);
    }
}

/// |A x| of a vector of length 1 without structure.
fn scale(a: &dyn LinearMap) -> f64 {
    let (mut x, mut image) = (vec![0.0; a.dim()], vec![0.0; a.dim()]);
    fill_random(&mut x, 99);
    a.apply(&x, &mut image);
    vector::norm(&image) / vector::norm(&x)
}

/// Whether the part of a vector outside of the span of the known ones is more than the error of null vectors.
fn is_new(known: &Columns, vector: &[f64], tolerance: f64) -> bool {
    let mut rest = vector.to_vec();
    for k in &known.0 {
        let along = vector::dot(k, &rest);
        vector::accumulate(&mut rest, &[(-along, k)]);
    }
    // A residual of the tolerance is an error that is larger by scale over gap, which nobody knows here.
    vector::norm(&rest) > tolerance.cbrt().clamp(1e-5, 0.1)
}

impl Nullspace {
    /// What is left of `start` when all that decays is gone: sum over k of R_k (G^-1 L^T start)_k with the
    /// right null vectors R (this), the left ones L and G = L^T R. `None` if G is singular: eigenvalue 0 is
    /// defective, or the two do not belong together.
    pub fn limit(&self, left: &Self, start: &[f64]) -> Option<Vec<f64>> {
        let n = self.vectors.len();
        if left.vectors.len() != n {
            return None;
        }
        let gram: Vec<f64> =
            left.vectors.iter().flat_map(|l| self.vectors.iter().map(|r| vector::dot(l, r))).collect();
        let weights = left.vectors.iter().map(|l| vector::dot(l, start)).collect();
        let weights = solved(gram, weights)?;
        let most = 1e8 * vector::norm(start).max(1.0);
        if weights.iter().any(|w| w.is_nan() || w.abs() > most) {
            return None;
        }
        let mut sum = vec![0.0; start.len()];
        self.vectors.iter().zip(weights).for_each(|(r, w)| vector::accumulate(&mut sum, &[(w, r)]));
        Some(sum)
    }
}
