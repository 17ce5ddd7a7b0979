//! The two ways of saying how a vector changes: a general field and a constant matrix.

use std::ops::ControlFlow;

use crate::LinearInTime;
use crate::vector::recur;

/// A right-hand side y' = f(t, y) on real vectors. Complex data is stored as (re, im) pairs.
pub trait VectorField: Sync {
    /// Length of the vectors.
    fn dim(&self) -> usize;

    /// `out` = f(t, y). If [`VectorField::framed`] holds, `t` is the time since the start of the step.
    fn derivative(&self, t: f64, y: &[f64], out: &mut [f64]);

    /// [`VectorField::derivative`], unless `poll` breaks it off: then `out` holds nothing of use. A field that
    /// may take longer than a second asks along the way, others once before they begin.
    fn derivative_unless(&self, t: f64, y: &[f64], out: &mut [f64], poll: Poll<'_>) -> ControlFlow<()> {
        poll()?;
        self.derivative(t, y, out);
        ControlFlow::Continue(())
    }

    /// Carries a vector from the frame of the step start into the frame of the step end, `dt` later.
    /// Called after every accepted step and for every vector that leaves the step (dense output,
    /// error estimates). Does nothing unless the field is framed.
    fn carry(&self, _dt: f64, _vector: &mut [f64]) {}

    /// True if the derivative is expressed in a frame that is anchored anew at each step start.
    fn framed(&self) -> bool {
        false
    }
}

/// One number of a state vector as a multiple of an independent one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alias {
    /// Place of the independent number; its own place if it is independent itself.
    pub of: u32,
    /// The factor: 1 for an independent number, 0 for one that is always zero.
    pub factor: f64,
}

/// Asked whether work is to go on.
pub type Poll<'a> = &'a dyn Fn() -> ControlFlow<()>;

/// What a [`LinearOperator`] is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Action<'a> {
    /// [`LinearOperator::apply`].
    Whole,
    /// [`LinearOperator::apply_off_diagonal`].
    OffDiagonal,
    /// [`LinearOperator::apply_recurrence`] with the coefficients and the vector before.
    Recurrence([f64; 3], &'a [f64]),
}

/// A constant matrix A of y' = A y, known by its action only.
pub trait LinearOperator: Sync {
    /// Length of the vectors.
    fn dim(&self) -> usize;

    /// `out` = A `x`. Must not depend on the number of threads in any bit.
    fn apply(&self, x: &[f64], out: &mut [f64]);

    /// One step of a three-term recurrence, `out` = a A `x` + b `x` + c `before` with the `coefficients` [a, b, c];
    /// `before` does not count if c = 0. For operators whose rows are still in registers when they are done.
    fn apply_recurrence(&self, coefficients: [f64; 3], x: &[f64], before: &[f64], out: &mut [f64]) {
        self.apply(x, out);
        recur(out, coefficients, x, before);
    }

    /// Does what the `action` says, unless `poll` breaks it off: then `out` holds nothing of use. An operator
    /// that may take longer than a second asks along the way, others once before they begin.
    fn act(&self, action: Action<'_>, x: &[f64], out: &mut [f64], poll: Poll<'_>) -> ControlFlow<()> {
        poll()?;
        match action {
            Action::Whole => self.apply(x, out),
            Action::OffDiagonal => self.apply_off_diagonal(x, out),
            Action::Recurrence(coefficients, before) => self.apply_recurrence(coefficients, x, before, out),
        }
        ControlFlow::Continue(())
    }

    /// An upper bound of an induced norm of A (2-norm, 1-norm or maximum norm).
    fn norm_bound(&self) -> f64;

    /// Exact action of the diagonal part D (or of its 2x2 blocks on (re, im) pairs):
    /// `x` <- exp(dt D) `x`. Returns false, and leaves `x` alone, if no such part is offered.
    fn exponential_of_diagonal(&self, _dt: f64, _x: &mut [f64]) -> bool {
        false
    }

    /// `out` = (A - D) `x`. Only called if [`LinearOperator::exponential_of_diagonal`] is offered; an
    /// operator that offers the one must implement the other. The default fills NaN, so that a
    /// forgotten implementation surfaces as [`crate::PropagateError::NonFinite`].
    fn apply_off_diagonal(&self, _x: &[f64], out: &mut [f64]) {
        out.fill(f64::NAN);
    }

    /// A rectangle `(real_min, real_max, imag_max)` that contains the eigenvalues (better: the field
    /// of values) of A, for the `chebyshev` method. None if unknown: then `norm_bound` is used and
    /// A is assumed not to grow, that is (-norm, 0, norm).
    fn spectral_box(&self) -> Option<(f64, f64, f64)> {
        None
    }

    /// [`LinearOperator::spectral_box`], or what is taken where it is unknown.
    fn rectangle(&self) -> (f64, f64, f64) {
        let norm = self.norm_bound();
        self.spectral_box().unwrap_or((-norm, 0.0, norm))
    }

    /// For vectors that repeat themselves, such as both halves of a Hermitian block: every number as a
    /// multiple of an independent one. None: all numbers are independent.
    fn aliases(&self) -> Option<Vec<Alias>> {
        None
    }
}

impl<F: VectorField + ?Sized> VectorField for &F {
    fn dim(&self) -> usize {
        (**self).dim()
    }
    fn derivative(&self, t: f64, y: &[f64], out: &mut [f64]) {
        (**self).derivative(t, y, out);
    }
    fn derivative_unless(&self, t: f64, y: &[f64], out: &mut [f64], poll: Poll<'_>) -> ControlFlow<()> {
        (**self).derivative_unless(t, y, out, poll)
    }
    fn carry(&self, dt: f64, vector: &mut [f64]) {
        (**self).carry(dt, vector);
    }
    fn framed(&self) -> bool {
        (**self).framed()
    }
}

impl<A: LinearOperator + ?Sized> LinearOperator for &A {
    fn dim(&self) -> usize {
        (**self).dim()
    }
    fn apply(&self, x: &[f64], out: &mut [f64]) {
        (**self).apply(x, out);
    }
    fn apply_recurrence(&self, coefficients: [f64; 3], x: &[f64], before: &[f64], out: &mut [f64]) {
        (**self).apply_recurrence(coefficients, x, before, out);
    }
    fn act(&self, action: Action<'_>, x: &[f64], out: &mut [f64], poll: Poll<'_>) -> ControlFlow<()> {
        (**self).act(action, x, out, poll)
    }
    fn norm_bound(&self) -> f64 {
        (**self).norm_bound()
    }
    fn exponential_of_diagonal(&self, dt: f64, x: &mut [f64]) -> bool {
        (**self).exponential_of_diagonal(dt, x)
    }
    fn apply_off_diagonal(&self, x: &[f64], out: &mut [f64]) {
        (**self).apply_off_diagonal(x, out);
    }
    fn spectral_box(&self) -> Option<(f64, f64, f64)> {
        (**self).spectral_box()
    }
    fn aliases(&self) -> Option<Vec<Alias>> {
        (**self).aliases()
    }
}

/// What a [`crate::Propagator`] moves: every system has a field, a linear one also its operator.
///
/// Wrap an operator as `&Linear(&operator)`, a general field as `&Field(&field)`. For a trait object
/// wrap the reference once more: `&Linear(&reference)` with `reference: &dyn LinearOperator`.
pub trait System: Sync {
    /// The system as y' = f(t, y).
    fn field(&self) -> &dyn VectorField;

    /// The system as y' = A y; None if it is not of this form.
    fn linear(&self) -> Option<&dyn LinearOperator>;

    /// The system as y' = A(t) y; None if it is not of this form, or constant.
    fn linear_in_time(&self) -> Option<&LinearInTime<'_>> {
        None
    }
}

/// y' = A y as a [`VectorField`] and as a linear [`System`].
#[derive(Debug)]
pub struct Linear<'a, A>(pub &'a A);

impl<A: LinearOperator> VectorField for Linear<'_, A> {
    fn dim(&self) -> usize {
        self.0.dim()
    }
    fn derivative(&self, _t: f64, y: &[f64], out: &mut [f64]) {
        self.0.apply(y, out);
    }
    fn derivative_unless(&self, _t: f64, y: &[f64], out: &mut [f64], poll: Poll<'_>) -> ControlFlow<()> {
        self.0.act(Action::Whole, y, out, poll)
    }
}

impl<A: LinearOperator> System for Linear<'_, A> {
    fn field(&self) -> &dyn VectorField {
        self
    }
    fn linear(&self) -> Option<&dyn LinearOperator> {
        Some(self.0)
    }
}

/// A general field as a [`System`] that is not linear.
#[derive(Debug)]
pub struct Field<'a, F>(pub &'a F);

impl<F: VectorField> System for Field<'_, F> {
    fn field(&self) -> &dyn VectorField {
        self.0
    }
    fn linear(&self) -> Option<&dyn LinearOperator> {
        None
    }
}
