//! What a tableau offers to the driver.

use std::ops::ControlFlow;

use super::controller::Controller;
use crate::VectorField;
use crate::propagator::Observer;
use crate::vector::Tolerance;

/// A field that counts its evaluations and, before each, asks the observer whether to go on.
pub(crate) struct Evaluator<'a> {
    field: &'a dyn VectorField,
    pub(crate) framed: bool,
    pub(crate) applications: u64,
    pub(crate) observer: &'a mut dyn Observer,
    /// The step in progress can still be abandoned: nothing of it has been shown.
    pub(crate) open: bool,
    /// The observer has abandoned the step: derivatives are no longer evaluated.
    pub(crate) abandoned: bool,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(field: &'a dyn VectorField, observer: &'a mut dyn Observer) -> Self {
        let framed = field.framed();
        Self { field, framed, applications: 0, observer, open: true, abandoned: false }
    }

    /// The derivative at `t + offset`, unless the step is abandoned; framed fields see the time since the step
    /// start only.
    pub(crate) fn derivative(&mut self, t: f64, offset: f64, y: &[f64], out: &mut [f64]) -> ControlFlow<()> {
        if self.abandoned {
            return ControlFlow::Break(());
        }
        let time = if self.framed { offset } else { t + offset };
        let (open, observer) = (self.open, &*self.observer);
        let poll = || if open { observer.poll() } else { ControlFlow::Continue(()) };
        let flow = self.field.derivative_unless(time, y, out, &poll);
        self.abandoned = flow.is_break();
        self.applications += u64::from(!self.abandoned);
        flow
    }

    /// Carries `vector` from the frame of the step start to the frame `dt` later.
    pub(crate) fn carry(&self, dt: f64, vector: &mut [f64]) {
        if self.framed {
            self.field.carry(dt, vector);
        }
    }
}

/// One step that is tried or has been accepted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) t: f64,
    pub(crate) h: f64,
    pub(crate) tolerance: Tolerance,
}

/// The error of an attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Estimate {
    /// In units of the tolerance; not finite if the attempt overflowed.
    pub(crate) weighted: f64,
    /// Relative to the norm of the new state.
    pub(crate) relative: f64,
}

impl Estimate {
    /// Of an attempt that was given up before it was whole.
    pub(crate) const ABANDONED: Self = Self { weighted: f64::NAN, relative: f64::NAN };
}

/// A Runge-Kutta tableau with its vectors. The driver calls `start` (unless `started`), `attempt` until
/// a step is accepted, `prepare_dense` and `interpolate` if stops lie inside, then `finish`.
pub(crate) trait Scheme: Send {
    /// Order of the method, for the choice of the first step.
    const ORDER: f64;
    /// Step-size control.
    const CONTROLLER: Controller;
    /// Whether stops inside a step are interpolated.
    const DENSE: bool;

    /// Whether the derivative at the step start is known.
    fn started(&self) -> bool;

    /// Forgets the derivative at the step start.
    fn forget(&mut self);

    /// Evaluates the derivative at the step start.
    fn start(&mut self, field: &mut Evaluator<'_>, t: f64, y: &[f64]);

    /// The derivative at the step start and two vectors that are free before the first attempt.
    fn first_slope(&mut self) -> (&[f64], &mut [f64], &mut [f64]);

    /// Tries a step; the new state waits in the scheme, in the frame of the step end.
    fn attempt(&mut self, field: &mut Evaluator<'_>, step: Step, y: &[f64]) -> Estimate;

    /// The new state of the last attempt, in the frame of the step end.
    fn proposed(&self) -> &[f64];

    /// Evaluates what the interpolation of the accepted step needs.
    fn prepare_dense(&mut self, _field: &mut Evaluator<'_>, _step: Step, _y: &[f64]) {}

    /// The state at `t + theta h` in the frame of that time.
    fn interpolate(&mut self, field: &Evaluator<'_>, step: Step, theta: f64, y: &[f64]) -> &[f64];

    /// Moves the accepted state into `y`.
    fn finish(&mut self, field: &mut Evaluator<'_>, step: Step, y: &mut [f64]);

    /// Number of vectors of length dim.
    fn state_vectors(&self) -> usize;
}
