//! What can go wrong while vectors are looked for.

/// Why no answer was found. Values, never panics: a NaN in the operator ends here too.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EigenError {
    /// A vector became NaN or infinite.
    #[error("{algorithm}: a vector is not finite after {iterations} iterations")]
    NonFinite {
        /// Name of the algorithm.
        algorithm: &'static str,
        /// Iterations made.
        iterations: u64,
    },
    /// The tolerance was not reached.
    #[error(
        "{algorithm} did not converge in {iterations} iterations: residual {residual:e}, wanted {tolerance:e}"
    )]
    NotConverged {
        /// Name of the algorithm.
        algorithm: &'static str,
        /// Iterations made.
        iterations: u64,
        /// Residual reached, in the units of the tolerance.
        residual: f64,
        /// Residual wanted.
        tolerance: f64,
    },
    /// The watch asked for an end.
    #[error("{algorithm} was interrupted after {iterations} iterations")]
    Interrupted {
        /// Name of the algorithm.
        algorithm: &'static str,
        /// Iterations made.
        iterations: u64,
    },
    /// Vector and operator have different lengths.
    #[error("expected a vector of length {expected}, but found {found}")]
    Dimension {
        /// Length of the vectors of the operator.
        expected: usize,
        /// Length that was given.
        found: usize,
    },
    /// A parameter is outside of what is allowed.
    #[error("`{name}` must be {allowed}, but is {value}")]
    InvalidParameter {
        /// Name of the parameter.
        name: &'static str,
        /// Its value, as text.
        value: String,
        /// What is allowed, as text.
        allowed: &'static str,
    },
}

impl EigenError {
    pub(crate) fn check_dim(expected: usize, found: usize) -> Result<(), Self> {
        if expected == found { Ok(()) } else { Err(Self::Dimension { expected, found }) }
    }

    pub(crate) fn check(
        good: bool,
        name: &'static str,
        value: &dyn ToString,
        allowed: &'static str,
    ) -> Result<(), Self> {
        if good { Ok(()) } else { Err(Self::InvalidParameter { name, value: value.to_string(), allowed }) }
    }
}
