//! What can go wrong while a vector is moved in time.

/// Why a propagation could not start or did not reach its end. Values, never panics: a NaN in the
/// right-hand side, a hopeless tolerance and a wrong option all end here.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PropagateError {
    /// A state or a derivative became NaN or infinite.
    #[error(
        "the state or its derivative is not finite at t = {time} (step {step:e}); check rates and initial state, or shorten the step"
    )]
    NonFinite {
        /// Start of the step that failed.
        time: f64,
        /// Length of the step that failed; 0 if the very first derivative is not finite.
        step: f64,
    },
    /// The step needed for the tolerance is not resolvable at this time.
    #[error(
        "the step at t = {time} shrank to {step:e} with an error estimate of {estimate:e} (1 is allowed); loosen the tolerances or choose a method for stiff problems"
    )]
    StepUnderflow {
        /// Start of the step that failed.
        time: f64,
        /// Length of the last attempt.
        step: f64,
        /// Error estimate of the last attempt in units of the tolerance.
        estimate: f64,
    },
    /// The end was not reached within the allowed number of steps.
    #[error(
        "after {limit} steps (`max_steps`) only t = {time} of {end} was reached; the last step was {step:e}"
    )]
    MaxSteps {
        /// Time reached.
        time: f64,
        /// Time wanted.
        end: f64,
        /// The limit, accepted and rejected steps of one call counted.
        limit: u64,
        /// Length of the last step.
        step: f64,
    },
    /// The way to the end is far longer than is allowed.
    #[error(
        "t = {end:?} is too far from t = {time:?}: it would take about {needed:.0e} {what}, but at most {limit} are made (`max_steps` = {max_steps})"
    )]
    TooFar {
        /// Time reached.
        time: f64,
        /// Time wanted.
        end: f64,
        /// What the whole way would take.
        needed: f64,
        /// Of what: steps, or applications of the operator.
        what: &'static str,
        /// How many of them are allowed.
        limit: u64,
        /// The option behind the limit.
        max_steps: u64,
    },
    /// Rounding errors are larger than is allowed, whatever the step.
    #[error(
        "{method} leaves a rounding error of {estimate:.1e} in the step of {step:e} at t = {time}, and {tolerance:e} is allowed (`step_tolerance`): rates or frequencies are too fast beside the step; eliminate what is fast adiabatically, take it slower (what is much faster than all else changes nothing any more), or raise `step_tolerance`"
    )]
    Rounding {
        /// Name of the method.
        method: &'static str,
        /// Start of the step that failed.
        time: f64,
        /// Its length.
        step: f64,
        /// Relative error that is left.
        estimate: f64,
        /// Relative error allowed.
        tolerance: f64,
    },
    /// An iteration did not reach its tolerance at the shortest sensible step.
    #[error(
        "{method} did not converge at t = {time}: step {step:e}, estimate {estimate:e}, wanted {tolerance:e}"
    )]
    NotConverged {
        /// Name of the method.
        method: &'static str,
        /// Start of the step that failed.
        time: f64,
        /// Length of the last attempt.
        step: f64,
        /// Relative error estimate of the last attempt.
        estimate: f64,
        /// Relative error allowed.
        tolerance: f64,
    },
    /// A method that needs the matrix of the system found it too large.
    #[error(
        "{method} takes matrices of at most {limit} rows, but the state reaches more numbers than that; use chebyshev or krylov"
    )]
    TooLarge {
        /// Name of the method.
        method: &'static str,
        /// Largest number of rows.
        limit: usize,
    },
    /// A method for y' = A y was given a general field.
    #[error(
        "{method} needs a linear system y' = A y, but the system is a general vector field; use dop853, tsit5 or low-storage"
    )]
    NotLinear {
        /// Name of the method.
        method: &'static str,
    },
    /// Vector and system have different lengths.
    #[error("expected a vector of length {expected}, but found {found}")]
    Dimension {
        /// Length of the vectors of the propagator.
        expected: usize,
        /// Length that was given.
        found: usize,
    },
    /// A value is outside of what is allowed.
    #[error("`{name}` must be {allowed}, but is {value}")]
    InvalidOption {
        /// Name of the option or argument.
        name: &'static str,
        /// Its value, as text.
        value: String,
        /// What is allowed, as text.
        allowed: &'static str,
    },
    /// A key that the method does not know.
    #[error("{method} has no option `{option}`; it knows: {known}")]
    UnknownOption {
        /// Name of the method.
        method: &'static str,
        /// The key that was given.
        option: String,
        /// The known keys, separated by commas.
        known: String,
    },
    /// A method name that is not in [`crate::METHODS`].
    #[error("there is no method '{name}'; known methods: {known}")]
    UnknownMethod {
        /// The name that was given.
        name: String,
        /// The known names, separated by commas.
        known: String,
    },
}

impl PropagateError {
    /// The same of a propagation that began `start` later.
    pub(crate) fn later(mut self, start: f64) -> Self {
        match &mut self {
            Self::NonFinite { time, .. }
            | Self::StepUnderflow { time, .. }
            | Self::Rounding { time, .. }
            | Self::NotConverged { time, .. } => *time += start,
            Self::MaxSteps { time, end, .. } | Self::TooFar { time, end, .. } => {
                *time += start;
                *end += start;
            }
            Self::TooLarge { .. }
            | Self::NotLinear { .. }
            | Self::Dimension { .. }
            | Self::InvalidOption { .. }
            | Self::UnknownOption { .. }
            | Self::UnknownMethod { .. } => {}
        }
        self
    }
}
