//! The operator, and who watches the iterations.

use superladder_propagate::LinearOperator;

/// A real matrix, known by its action only.
///
/// `LinearOperator` of the crate `propagate` also promises a bound of its norm, which propagators need and
/// which a preconditioner or an inverse cannot give; every `LinearOperator` is a `LinearMap`.
pub trait LinearMap: Sync {
    /// Length of the vectors.
    fn dim(&self) -> usize;

    /// `out` = A `x`. Must not depend on the number of threads in any bit.
    fn apply(&self, x: &[f64], out: &mut [f64]);
}

impl<A: LinearOperator + ?Sized> LinearMap for A {
    fn dim(&self) -> usize {
        LinearOperator::dim(self)
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        LinearOperator::apply(self, x, out);
    }
}

/// The identity on vectors of this length: no preconditioner.
#[derive(Debug, Clone, Copy)]
pub struct Identity(pub usize);

impl LinearMap for Identity {
    fn dim(&self) -> usize {
        self.0
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        out.copy_from_slice(x);
    }
}

/// Asked in every iteration with the number of iterations made and the residual so far (relative, as in the
/// tolerance of the algorithm); false ends the work with [`crate::EigenError::Interrupted`].
pub trait Watch {
    /// Whether to go on.
    fn go_on(&mut self, iterations: u64, residual: f64) -> bool;

    /// Sees the best vector so far, at every restart and when the work is ended.
    fn reached(&mut self, _vector: &[f64]) {}
}

impl<F: FnMut(u64, f64) -> bool> Watch for F {
    fn go_on(&mut self, iterations: u64, residual: f64) -> bool {
        self(iterations, residual)
    }
}

/// Who is asked, and who sees the vectors.
impl<F: FnMut(u64, f64) -> bool, G: FnMut(&[f64])> Watch for (F, G) {
    fn go_on(&mut self, iterations: u64, residual: f64) -> bool {
        self.0(iterations, residual)
    }

    fn reached(&mut self, vector: &[f64]) {
        self.1(vector);
    }
}
