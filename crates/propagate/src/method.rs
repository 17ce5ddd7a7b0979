//! The table of methods: names, options, defaults and how a method is made from them.

use crate::chebyshev::state_vectors;
use crate::exponential::{ExponentialPropagator, LARGEST};
use crate::magnus::{Magnus, VECTORS_IN_TIME};
use crate::options::{
    ATOL, BOOLEAN, COUNT, DEGREE, DIMENSION, OUTPUTS, POSITIVE, RTOL, TOLERANCE, is_tolerance, require,
};
use crate::rational::{self, RationalPropagator};
use crate::runge_kutta::{Adaptive, Dop853Scheme, LowStorageScheme, Settings, Tsit5Scheme};
use crate::{
    Chebyshev, Dop853, Exponential, Krylov, LowStorage, Method, OptionValue, PropagateError, Propagator,
    RationalKrylov, Tsit5,
};

/// One method as the configuration and `list methods` see it.
#[derive(Debug)]
pub struct MethodDefinition {
    /// Its name in configurations.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Order of convergence in the step length; None if the error falls faster than any power.
    pub order: Option<u32>,
    /// Whether it moves linear systems only.
    pub linear_only: bool,
    /// Whether these may follow time.
    pub in_time: bool,
    /// Most independent numbers that a state may reach; None: any number.
    pub largest: Option<usize>,
    /// Its options.
    pub options: &'static [OptionDefinition],
    /// The method with all options at their defaults.
    pub method: fn() -> Method,
}

/// One option of a method.
#[derive(Debug)]
pub struct OptionDefinition {
    /// Its key in configurations.
    pub name: &'static str,
    /// Its default; None: chosen by the method.
    pub default: Option<OptionValue>,
    /// What is allowed.
    pub allowed: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// The key under which older configurations have it.
    pub former: Option<FormerKey>,
}

/// A key that an option once had.
#[derive(Debug, Clone, Copy)]
pub struct FormerKey {
    /// The key.
    pub name: &'static str,
    /// Why it was given up: the rest of a sentence that begins with "it is".
    pub reason: &'static str,
}

const fn real(
    name: &'static str,
    default: f64,
    allowed: &'static str,
    meaning: &'static str,
) -> OptionDefinition {
    OptionDefinition { name, default: Some(OptionValue::Real(default)), allowed, meaning, former: None }
}

const fn integer(
    name: &'static str,
    default: i64,
    allowed: &'static str,
    meaning: &'static str,
) -> OptionDefinition {
    OptionDefinition { name, default: Some(OptionValue::Integer(default)), allowed, meaning, former: None }
}

const fn rtol(default: f64) -> OptionDefinition {
    real("rtol", default, RTOL, "relative tolerance of the local error per step")
}

const fn atol(default: f64) -> OptionDefinition {
    real("atol", default, ATOL, "absolute tolerance of the local error per step")
}

const INITIAL_STEP: OptionDefinition = OptionDefinition {
    name: "initial_step",
    default: None,
    allowed: POSITIVE,
    meaning: "first step; chosen from the first derivatives if absent",
    former: None,
};
const FIXED_STEP: OptionDefinition = OptionDefinition {
    name: "fixed_step",
    default: None,
    allowed: POSITIVE,
    meaning: "steps of this length without error control, for convergence studies",
    former: None,
};
const MAGNUS_STEP: OptionDefinition = OptionDefinition {
    meaning: "Magnus steps of this length (order 4) without error control, for convergence studies",
    ..FIXED_STEP
};
const MAX_STEPS: OptionDefinition = integer(
    "max_steps",
    1_000_000,
    COUNT,
    "limit of attempted steps between two calls; a way of far more, or of more than 20 applications for each, is given up early",
);
const LAWSON: OptionDefinition = OptionDefinition {
    name: "lawson",
    default: Some(OptionValue::Boolean(false)),
    allowed: BOOLEAN,
    meaning: "integrate the diagonal of a linear system exactly (integrating factor)",
    former: None,
};
const EXACT_STOPS: OptionDefinition = OptionDefinition {
    name: "exact_stops",
    default: Some(OptionValue::Boolean(false)),
    allowed: BOOLEAN,
    meaning: "shorten steps to end at the output times instead of interpolating",
    former: None,
};
/// Of methods whose error is bounded per step; `tolerance` is an error per unit of time.
const STEP_TOLERANCE: OptionDefinition = OptionDefinition {
    former: Some(FormerKey { name: "tolerance", reason: "an error per step, not per unit time" }),
    ..real("step_tolerance", 1e-10, TOLERANCE, "error allowed per step, relative to the state")
};

/// All methods, in the order in which they are listed.
pub static METHODS: &[MethodDefinition] = &[
    MethodDefinition {
        name: "dop853",
        summary: "Dormand-Prince Runge-Kutta method 8(5,3), adaptive, dense output of order 7",
        order: Some(8),
        linear_only: false,
        in_time: true,
        largest: None,
        options: &[rtol(1e-8), atol(1e-10), INITIAL_STEP, MAX_STEPS, LAWSON, EXACT_STOPS, FIXED_STEP],
        method: || Method::Dop853(Dop853::default()),
    },
    MethodDefinition {
        name: "tsit5",
        summary: "Tsitouras Runge-Kutta method 5(4), adaptive, free interpolant of order 4",
        order: Some(5),
        linear_only: false,
        in_time: true,
        largest: None,
        options: &[rtol(1e-9), atol(1e-11), INITIAL_STEP, MAX_STEPS, LAWSON, EXACT_STOPS, FIXED_STEP],
        method: || Method::Tsit5(Tsit5::default()),
    },
    MethodDefinition {
        name: "low-storage",
        summary: "Kennedy-Carpenter-Lewis Runge-Kutta method 4(3) that needs only four vectors",
        order: Some(4),
        linear_only: false,
        in_time: true,
        largest: None,
        options: &[rtol(1e-9), atol(1e-11), INITIAL_STEP, MAX_STEPS, LAWSON, FIXED_STEP],
        method: || Method::LowStorage(LowStorage::default()),
    },
    MethodDefinition {
        name: "krylov",
        summary: "exponential in Krylov subspaces (Arnoldi), adaptive step and dimension; Magnus steps of order 4 in time",
        order: None,
        linear_only: true,
        in_time: true,
        largest: None,
        options: &[
            real("tolerance", 1e-10, TOLERANCE, "error allowed per unit of time, relative to the state"),
            integer("dimension", 30, DIMENSION, "largest dimension of a subspace (vectors kept)"),
            MAX_STEPS,
            MAGNUS_STEP,
        ],
        method: || Method::Krylov(Krylov::default()),
    },
    MethodDefinition {
        name: "chebyshev",
        summary: "exponential by Faber polynomials on an ellipse around the spectrum, few vectors; Magnus steps of order 4 in time",
        order: None,
        linear_only: true,
        in_time: true,
        largest: None,
        options: &[
            STEP_TOLERANCE,
            integer("degree", 400, DEGREE, "largest degree of the polynomial of one step"),
            integer("outputs", 32, OUTPUTS, "most output times that share a step if states are needed"),
            MAX_STEPS,
            MAGNUS_STEP,
        ],
        method: || Method::Chebyshev(Chebyshev::default()),
    },
    MethodDefinition {
        name: "exponential",
        summary: "exponential of the whole matrix, for stiff systems of at most 2000 numbers",
        order: None,
        linear_only: true,
        in_time: false,
        largest: Some(LARGEST),
        options: &[
            real("step_tolerance", 1e-8, TOLERANCE, "error accepted per step, relative to the state"),
            MAX_STEPS,
        ],
        method: || Method::Exponential(Exponential::default()),
    },
    MethodDefinition {
        name: "rational-krylov",
        summary: "exponential in rational Krylov subspaces, for stiff systems of at most 20000 numbers",
        order: None,
        linear_only: true,
        in_time: false,
        largest: Some(rational::LARGEST),
        options: &[
            real("tolerance", 1e-10, TOLERANCE, "error allowed per unit of time, relative to the state"),
            integer("dimension", 60, DIMENSION, "largest dimension of a subspace (vectors kept)"),
            MAX_STEPS,
        ],
        method: || Method::RationalKrylov(RationalKrylov::default()),
    },
];

impl Method {
    /// The method called `name` with the given options changed from their defaults.
    ///
    /// # Errors
    /// An unknown name or key lists the known ones; a value outside of its range names the range.
    pub fn from_name_and_options(
        name: &str,
        options: &[(&str, OptionValue)],
    ) -> Result<Self, PropagateError> {
        let Some(definition) = METHODS.iter().find(|definition| definition.name == name) else {
            let known = list(METHODS.iter().map(|definition| definition.name));
            return Err(PropagateError::UnknownMethod { name: name.to_owned(), known });
        };
        let mut method = (definition.method)();
        for &(key, value) in options {
            let Some(option) = definition.options.iter().find(|option| option.name == key) else {
                let known = list(definition.options.iter().map(|option| option.name));
                return Err(PropagateError::UnknownOption {
                    method: definition.name,
                    option: key.to_owned(),
                    known,
                });
            };
            let wrong = || PropagateError::InvalidOption {
                name: option.name,
                value: value.to_string(),
                allowed: option.allowed,
            };
            method.slot(key).and_then(|slot| slot.write(value)).ok_or_else(wrong)?;
        }
        method.validate()?;
        Ok(method)
    }

    /// The row of this method in [`METHODS`].
    ///
    /// # Panics
    /// Never: every variant has a row, which a test checks.
    pub fn definition(&self) -> &'static MethodDefinition {
        let name = match self {
            Self::Dop853(_) => "dop853",
            Self::Tsit5(_) => "tsit5",
            Self::LowStorage(_) => "low-storage",
            Self::Krylov(_) => "krylov",
            Self::Chebyshev(_) => "chebyshev",
            Self::Exponential(_) => "exponential",
            Self::RationalKrylov(_) => "rational-krylov",
        };
        METHODS.iter().find(|definition| definition.name == name).expect("every method is registered")
    }

    /// Whether it integrates the diagonal of a linear system exactly (the option `lawson`).
    pub fn integrating_factor(&self) -> bool {
        match self {
            Self::Dop853(o) => o.lawson,
            Self::Tsit5(o) => o.lawson,
            Self::LowStorage(o) => o.lawson,
            Self::Krylov(_) | Self::Chebyshev(_) | Self::Exponential(_) | Self::RationalKrylov(_) => false,
        }
    }

    /// Checks every option against its range. Every `advance` does the same, so that a method made by
    /// hand cannot slip through.
    ///
    /// # Errors
    /// [`PropagateError::InvalidOption`].
    pub fn validate(&self) -> Result<(), PropagateError> {
        match self {
            Self::Dop853(o) => Settings::from(o).validate(),
            Self::Tsit5(o) => Settings::from(o).validate(),
            Self::LowStorage(o) => Settings::from(o).validate(),
            Self::Krylov(o) => o.validate(),
            Self::Chebyshev(o) => o.validate(),
            Self::Exponential(o) => o.validate(),
            Self::RationalKrylov(o) => o.validate(),
        }
    }

    /// A propagator for vectors of length `dim`. Options are checked when it first advances.
    pub fn propagator(&self, dim: usize) -> Box<dyn Propagator + Send> {
        match self {
            Self::Dop853(o) => Box::new(Adaptive::new(Settings::from(o), Dop853Scheme::new(dim), dim)),
            Self::Tsit5(o) => Box::new(Adaptive::new(Settings::from(o), Tsit5Scheme::new(dim), dim)),
            Self::LowStorage(o) => {
                Box::new(Adaptive::new(Settings::from(o), LowStorageScheme::new(dim), dim))
            }
            Self::Krylov(o) => Box::new(Magnus::new(o.clone(), dim)),
            Self::Chebyshev(o) => Box::new(Magnus::new(o.clone(), dim)),
            Self::Exponential(o) => Box::new(ExponentialPropagator::new(o.clone(), dim)),
            Self::RationalKrylov(o) => Box::new(RationalPropagator::new(o.clone(), dim)),
        }
    }

    /// Vectors of length `dim` that its propagator holds beside the state, for observers that need `states` or do
    /// not, without making any.
    pub fn state_vectors(&self, dim: usize, states: bool) -> usize {
        /// No other method holds more vectors than this, whatever the length.
        const MOST: usize = 2 * LARGEST + 1;
        match self {
            Self::Chebyshev(o) => state_vectors(o, dim, states),
            _ => self.propagator(dim.min(MOST)).state_vectors(states),
        }
    }

    /// [`Method::state_vectors`] for systems that follow time.
    pub fn state_vectors_in_time(&self, dim: usize, states: bool) -> usize {
        match self {
            Self::Krylov(_) | Self::Chebyshev(_) => self.state_vectors(dim, false) + VECTORS_IN_TIME,
            _ => self.state_vectors(dim, states),
        }
    }

    fn slot(&mut self, key: &str) -> Option<Slot<'_>> {
        macro_rules! runge_kutta {
            ($o:expr, $key:expr) => {
                match $key {
                    "rtol" => Slot::Real(&mut $o.rtol),
                    "atol" => Slot::Real(&mut $o.atol),
                    "initial_step" => Slot::Optional(&mut $o.initial_step),
                    "fixed_step" => Slot::Optional(&mut $o.fixed_step),
                    "max_steps" => Slot::Count(&mut $o.max_steps),
                    "lawson" => Slot::Boolean(&mut $o.lawson),
                    _ => return None,
                }
            };
        }
        Some(match (self, key) {
            (Self::Dop853(o), "exact_stops") => Slot::Boolean(&mut o.exact_stops),
            (Self::Tsit5(o), "exact_stops") => Slot::Boolean(&mut o.exact_stops),
            (Self::Dop853(o), key) => runge_kutta!(o, key),
            (Self::Tsit5(o), key) => runge_kutta!(o, key),
            (Self::LowStorage(o), key) => runge_kutta!(o, key),
            (Self::Krylov(o), "tolerance") => Slot::Real(&mut o.tolerance),
            (Self::Krylov(o), "dimension") => Slot::Size(&mut o.dimension),
            (Self::Krylov(o), "fixed_step") => Slot::Optional(&mut o.fixed_step),
            (Self::Krylov(o), "max_steps") => Slot::Count(&mut o.max_steps),
            (Self::Chebyshev(o), "step_tolerance") => Slot::Real(&mut o.step_tolerance),
            (Self::Chebyshev(o), "degree") => Slot::Size(&mut o.degree),
            (Self::Chebyshev(o), "outputs") => Slot::Size(&mut o.outputs),
            (Self::Chebyshev(o), "fixed_step") => Slot::Optional(&mut o.fixed_step),
            (Self::Chebyshev(o), "max_steps") => Slot::Count(&mut o.max_steps),
            (Self::Exponential(o), "step_tolerance") => Slot::Real(&mut o.step_tolerance),
            (Self::Exponential(o), "max_steps") => Slot::Count(&mut o.max_steps),
            (Self::RationalKrylov(o), "tolerance") => Slot::Real(&mut o.tolerance),
            (Self::RationalKrylov(o), "dimension") => Slot::Size(&mut o.dimension),
            (Self::RationalKrylov(o), "max_steps") => Slot::Count(&mut o.max_steps),
            _ => return None,
        })
    }
}

/// Where the value of an option goes.
enum Slot<'a> {
    Real(&'a mut f64),
    Optional(&'a mut Option<f64>),
    Count(&'a mut u64),
    Size(&'a mut usize),
    Boolean(&'a mut bool),
}

impl Slot<'_> {
    /// None if the value is of the wrong kind.
    fn write(self, value: OptionValue) -> Option<()> {
        let number = match value {
            OptionValue::Real(x) => Some(x),
            OptionValue::Integer(i) => Some(i as f64),
            OptionValue::Boolean(_) => None,
        };
        match (self, value) {
            (Self::Real(slot), _) => *slot = number?,
            (Self::Optional(slot), _) => *slot = Some(number?),
            (Self::Count(slot), OptionValue::Integer(i)) => *slot = u64::try_from(i).ok()?,
            (Self::Size(slot), OptionValue::Integer(i)) => *slot = usize::try_from(i).ok()?,
            (Self::Boolean(slot), OptionValue::Boolean(b)) => *slot = b,
            _ => return None,
        }
        Some(())
    }
}

impl Settings {
    /// Checks the options that all Runge-Kutta methods share.
    pub(crate) fn validate(&self) -> Result<(), PropagateError> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        require(self.rtol == 0.0 || is_tolerance(self.rtol), "rtol", self.rtol, RTOL)?;
        require(positive(self.atol), "atol", self.atol, ATOL)?;
        require(self.max_steps >= 1, "max_steps", self.max_steps, COUNT)?;
        for (name, step) in [("initial_step", self.initial_step), ("fixed_step", self.fixed_step)] {
            if let Some(step) = step {
                require(positive(step), name, step, POSITIVE)?;
            }
        }
        Ok(())
    }
}

fn list(names: impl Iterator<Item = &'static str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
