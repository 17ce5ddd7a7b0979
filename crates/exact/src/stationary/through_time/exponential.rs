//! exp(A time) on vectors, by Chebyshev polynomials.

use std::ops::ControlFlow;

use superladder_eigen::LinearMap;
use superladder_engine::Halt;
use superladder_propagate::{Chebyshev, Linear, LinearOperator, Method, Observer, Stop};

use crate::spectrum::radius;

/// How far, how exactly, and who may end it.
#[derive(Clone, Copy)]
pub(crate) struct Way<'a> {
    pub(crate) time: f64,
    pub(crate) tolerance: f64,
    pub(crate) halt: &'a dyn Halt,
}

/// Sees nothing, and may end the work.
struct Blind<'a>(&'a dyn Halt);

impl Observer for Blind<'_> {
    fn needs_state(&self) -> bool {
        false
    }

    fn poll(&self) -> ControlFlow<()> {
        if self.0.asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn stop(&mut self, _stop: &Stop<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Moves a vector along; one that cannot be moved is filled with NaN.
pub(crate) fn propagate<A: LinearOperator>(operator: &A, way: Way<'_>, vector: &mut [f64]) {
    let method = Method::Chebyshev(Chebyshev { step_tolerance: way.tolerance, ..Chebyshev::default() });
    let mut propagator = method.propagator(vector.len());
    let moved = propagator.advance(&Linear(operator), 0.0, way.time, vector, &[], &mut Blind(way.halt));
    if moved.is_err() {
        vector.fill(f64::NAN);
    }
}

/// A generator that can be propagated with.
pub(crate) trait Propagated: LinearMap {
    /// Radius of a circle around its eigenvalues.
    fn radius(&self) -> f64;

    /// `out` = exp(A time) x.
    fn propagate(&self, way: Way<'_>, x: &[f64], out: &mut [f64]);
}

/// exp(A time).
pub(crate) struct Exponential<'a, A> {
    pub(crate) flow: &'a A,
    pub(crate) way: Way<'a>,
}

impl<A: Propagated> LinearMap for Exponential<'_, A> {
    fn dim(&self) -> usize {
        self.flow.dim()
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        self.flow.propagate(self.way, x, out);
    }
}

impl<A: LinearOperator> Propagated for A {
    fn radius(&self) -> f64 {
        radius(self.rectangle())
    }

    fn propagate(&self, way: Way<'_>, x: &[f64], out: &mut [f64]) {
        out.copy_from_slice(x);
        propagate(self, way, out);
    }
}
