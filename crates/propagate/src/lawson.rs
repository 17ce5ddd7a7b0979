//! The integrating factor: the diagonal of a matrix is integrated exactly.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use crate::{Action, LinearOperator, Poll, VectorField};

/// y' = A y seen from the frame that moves with the diagonal D of A.
///
/// Within a step that starts at t0, v(s) = e^{-sD} y(t0 + s) obeys
/// v' = e^{-sD} (A - D) e^{sD} v, and the step end is carried back by e^{dt D}. Fast phases on the
/// diagonal cost no steps any more, best if A couples entries of nearly the same phase. Decays are exact
/// too, but where a slow entry feeds a strongly damped one, e^{-sD} grows over the step and the frame may
/// need *more* steps than the plain field: then leave it out.
///
/// Source: J. D. Lawson, SIAM J. Numer. Anal. 4, 372 (1967).
#[derive(Debug)]
pub struct Lawson<'a, A: ?Sized> {
    operator: &'a A,
    scratch: Mutex<Vec<f64>>,
}

impl<'a, A: LinearOperator + ?Sized> Lawson<'a, A> {
    /// The framed field of `operator`; None if the operator offers no exponential of its diagonal.
    pub fn new(operator: &'a A) -> Option<Self> {
        Self::with_workspace(operator, Vec::new()).ok()
    }

    /// As [`Lawson::new`], but with a vector of an earlier use instead of a new allocation.
    ///
    /// # Errors
    /// Hands the vector back if the operator offers no exponential of its diagonal.
    pub fn with_workspace(operator: &'a A, mut workspace: Vec<f64>) -> Result<Self, Vec<f64>> {
        workspace.clear();
        workspace.resize(operator.dim(), 0.0);
        if operator.exponential_of_diagonal(0.0, &mut workspace) {
            Ok(Self { operator, scratch: Mutex::new(workspace) })
        } else {
            Err(workspace)
        }
    }

    /// Gives the workspace back for the next use.
    pub fn into_workspace(self) -> Vec<f64> {
        self.scratch.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A: LinearOperator + ?Sized> VectorField for Lawson<'_, A> {
    fn dim(&self) -> usize {
        self.operator.dim()
    }

    fn derivative(&self, s: f64, v: &[f64], out: &mut [f64]) {
        // Nothing breaks it off.
        let _ = self.derivative_unless(s, v, out, &|| ControlFlow::Continue(()));
    }

    fn derivative_unless(&self, s: f64, v: &[f64], out: &mut [f64], poll: Poll<'_>) -> ControlFlow<()> {
        if s == 0.0 {
            return self.operator.act(Action::OffDiagonal, v, out, poll);
        }
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        scratch.copy_from_slice(v);
        self.operator.exponential_of_diagonal(s, &mut scratch);
        self.operator.act(Action::OffDiagonal, &scratch, out, poll)?;
        self.operator.exponential_of_diagonal(-s, out);
        ControlFlow::Continue(())
    }

    fn carry(&self, dt: f64, vector: &mut [f64]) {
        self.operator.exponential_of_diagonal(dt, vector);
    }

    fn framed(&self) -> bool {
        true
    }
}
