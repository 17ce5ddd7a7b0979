//! The methods as plain values.

use serde::{Deserialize, Serialize};

use crate::PropagateError;

/// `dop853`: adaptive Runge-Kutta method of order 8 with dense output of order 7.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dop853 {
    /// Relative tolerance of the local error per step.
    pub rtol: f64,
    /// Absolute tolerance of the local error per step.
    pub atol: f64,
    /// First step; None: chosen from the first derivatives.
    pub initial_step: Option<f64>,
    /// Limit of attempted steps in one call of `advance`.
    pub max_steps: u64,
    /// Integrate the diagonal of a linear system exactly.
    pub lawson: bool,
    /// Shorten steps to end at the stops instead of using the dense output.
    pub exact_stops: bool,
    /// Steps of this length without error control, for convergence studies.
    pub fixed_step: Option<f64>,
}

impl Default for Dop853 {
    fn default() -> Self {
        Self {
            rtol: 1e-8,
            atol: 1e-10,
            initial_step: None,
            max_steps: 1_000_000,
            lawson: false,
            exact_stops: false,
            fixed_step: None,
        }
    }
}

/// `tsit5`: adaptive Runge-Kutta method of order 5 with a free interpolant of order 4.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tsit5 {
    /// Relative tolerance of the local error per step.
    pub rtol: f64,
    /// Absolute tolerance of the local error per step.
    pub atol: f64,
    /// First step; None: chosen from the first derivatives.
    pub initial_step: Option<f64>,
    /// Limit of attempted steps in one call of `advance`.
    pub max_steps: u64,
    /// Integrate the diagonal of a linear system exactly.
    pub lawson: bool,
    /// Shorten steps to end at the stops instead of using the interpolant.
    pub exact_stops: bool,
    /// Steps of this length without error control, for convergence studies.
    pub fixed_step: Option<f64>,
}

impl Default for Tsit5 {
    fn default() -> Self {
        Self {
            rtol: 1e-9,
            atol: 1e-11,
            initial_step: None,
            max_steps: 1_000_000,
            lawson: false,
            exact_stops: false,
            fixed_step: None,
        }
    }
}

/// `low-storage`: adaptive Runge-Kutta method of order 4 with four vectors; steps end at the stops.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LowStorage {
    /// Relative tolerance of the local error per step.
    pub rtol: f64,
    /// Absolute tolerance of the local error per step.
    pub atol: f64,
    /// First step; None: chosen from the first derivatives.
    pub initial_step: Option<f64>,
    /// Limit of attempted steps in one call of `advance`.
    pub max_steps: u64,
    /// Integrate the diagonal of a linear system exactly (one more vector).
    pub lawson: bool,
    /// Steps of this length without error control, for convergence studies.
    pub fixed_step: Option<f64>,
}

impl Default for LowStorage {
    fn default() -> Self {
        Self {
            rtol: 1e-9,
            atol: 1e-11,
            initial_step: None,
            max_steps: 1_000_000,
            lawson: false,
            fixed_step: None,
        }
    }
}

/// `krylov`: the exponential in Krylov subspaces, for linear systems.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Krylov {
    /// Error allowed per unit of time, relative to the norm of the state.
    pub tolerance: f64,
    /// Largest dimension of a subspace.
    pub dimension: usize,
    /// Limit of steps in one call of `advance`.
    pub max_steps: u64,
    /// Magnus steps of this length without error control, for convergence studies.
    pub fixed_step: Option<f64>,
}

impl Default for Krylov {
    fn default() -> Self {
        Self { tolerance: 1e-10, dimension: 30, max_steps: 1_000_000, fixed_step: None }
    }
}

/// `chebyshev`: the exponential by Faber polynomials on an ellipse around the spectrum, for linear systems.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chebyshev {
    /// Error allowed per step, relative to the norm of the state.
    pub step_tolerance: f64,
    /// Largest degree that is planned for the polynomial of one step; terms that do not fall as expected may
    /// take an eighth more.
    pub degree: usize,
    /// Largest number of stops that share one step if the observer needs states; each costs one vector, so that
    /// long vectors have fewer, but at least 3.
    pub outputs: usize,
    /// Limit of attempted steps in one call of `advance`.
    pub max_steps: u64,
    /// Magnus steps of this length without error control, for convergence studies.
    pub fixed_step: Option<f64>,
}

impl Default for Chebyshev {
    fn default() -> Self {
        Self { step_tolerance: 1e-10, degree: 400, outputs: 32, max_steps: 1_000_000, fixed_step: None }
    }
}

/// `exponential`: the exponential of the whole matrix; for stiff systems of few numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Exponential {
    /// Relative error per step that is accepted; there is nothing to do about a larger one.
    pub step_tolerance: f64,
    /// Limit of steps in one call of `advance`.
    pub max_steps: u64,
}

impl Default for Exponential {
    fn default() -> Self {
        Self { step_tolerance: 1e-8, max_steps: 1_000_000 }
    }
}

/// `rational-krylov`: the exponential in Krylov subspaces of (1 - s A)^-1; for stiff systems.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RationalKrylov {
    /// Error allowed per unit of time, relative to the norm of the state.
    pub tolerance: f64,
    /// Largest dimension of a subspace.
    pub dimension: usize,
    /// Limit of steps in one call of `advance`.
    pub max_steps: u64,
}

impl Default for RationalKrylov {
    fn default() -> Self {
        Self { tolerance: 1e-10, dimension: 60, max_steps: 1_000_000 }
    }
}

/// One way of moving a vector in time, with its own options and nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Order 8, adaptive.
    Dop853(Dop853),
    /// Order 5, adaptive.
    Tsit5(Tsit5),
    /// Order 4, four vectors.
    LowStorage(LowStorage),
    /// Krylov subspaces; linear systems only.
    Krylov(Krylov),
    /// Faber polynomials; linear systems only.
    Chebyshev(Chebyshev),
    /// The whole matrix; linear systems only.
    Exponential(Exponential),
    /// Rational Krylov subspaces; linear systems only.
    RationalKrylov(RationalKrylov),
}

impl Default for Method {
    fn default() -> Self {
        Self::Dop853(Dop853::default())
    }
}

/// The value of an option as a configuration gives it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OptionValue {
    /// Yes or no.
    Boolean(bool),
    /// A whole number; also accepted where a real number is asked for.
    Integer(i64),
    /// A real number.
    Real(f64),
}

impl std::fmt::Display for OptionValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Real(value) => write!(f, "{value:?}"),
        }
    }
}

impl From<bool> for OptionValue {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}
impl From<i64> for OptionValue {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}
impl From<f64> for OptionValue {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

/// Fails with [`PropagateError::InvalidOption`] unless `good`.
pub(crate) fn require(
    good: bool,
    name: &'static str,
    value: impl std::fmt::Display,
    allowed: &'static str,
) -> Result<(), PropagateError> {
    if good { Ok(()) } else { Err(PropagateError::InvalidOption { name, value: value.to_string(), allowed }) }
}

pub(crate) const RTOL: &str = "0, or a number from 1e-15 to below 1";
pub(crate) const ATOL: &str = "a finite number > 0";
/// Smallest relative error that is worth asking for: a few roundings of double precision.
pub(crate) const SMALLEST_TOLERANCE: f64 = 1e-15;
pub(crate) const POSITIVE: &str = "a finite number > 0";
pub(crate) const COUNT: &str = "a whole number >= 1";
pub(crate) const BOOLEAN: &str = "true or false";
pub(crate) const TOLERANCE: &str = "a number from 1e-15 to below 1";
pub(crate) const DIMENSION: &str = "a whole number from 2 to 1000";
pub(crate) const DEGREE: &str = "a whole number from 4 to 10000";
pub(crate) const OUTPUTS: &str = "a whole number from 1 to 64";

/// What double precision can hold.
pub(crate) fn is_tolerance(x: f64) -> bool {
    (SMALLEST_TOLERANCE..1.0).contains(&x)
}

fn require_step(step: Option<f64>) -> Result<(), PropagateError> {
    let Some(step) = step else { return Ok(()) };
    require(step.is_finite() && step > 0.0, "fixed_step", step, POSITIVE)
}

impl Krylov {
    pub(crate) fn validate(&self) -> Result<(), PropagateError> {
        require(is_tolerance(self.tolerance), "tolerance", self.tolerance, TOLERANCE)?;
        require((2..=1000).contains(&self.dimension), "dimension", self.dimension, DIMENSION)?;
        require_step(self.fixed_step)?;
        require(self.max_steps >= 1, "max_steps", self.max_steps, COUNT)
    }
}

impl Chebyshev {
    pub(crate) fn validate(&self) -> Result<(), PropagateError> {
        let tolerance = self.step_tolerance;
        require(is_tolerance(tolerance), "step_tolerance", tolerance, TOLERANCE)?;
        require((4..=10_000).contains(&self.degree), "degree", self.degree, DEGREE)?;
        require((1..=64).contains(&self.outputs), "outputs", self.outputs, OUTPUTS)?;
        require_step(self.fixed_step)?;
        require(self.max_steps >= 1, "max_steps", self.max_steps, COUNT)
    }
}

impl RationalKrylov {
    pub(crate) fn validate(&self) -> Result<(), PropagateError> {
        require(self.tolerance > 0.0 && self.tolerance < 1.0, "tolerance", self.tolerance, TOLERANCE)?;
        require((2..=1000).contains(&self.dimension), "dimension", self.dimension, DIMENSION)?;
        require(self.max_steps >= 1, "max_steps", self.max_steps, COUNT)
    }
}

impl Exponential {
    pub(crate) fn validate(&self) -> Result<(), PropagateError> {
        let tolerance = self.step_tolerance;
        require(is_tolerance(tolerance), "step_tolerance", tolerance, TOLERANCE)?;
        require(self.max_steps >= 1, "max_steps", self.max_steps, COUNT)
    }
}
