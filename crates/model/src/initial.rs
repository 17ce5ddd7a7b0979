//! Initial states: products of one state per mode and per ensemble, or a joint state of all.

use std::sync::Arc;

use num_complex::Complex64;
use serde::{Deserialize, Serialize};

use crate::model::find;
use crate::{Argument, ArgumentKind, Arguments, Given, JointState, Model, ModelError, Subsystem, Value};

/// Initial state of a mode.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum ModeState {
    /// Fock state `|n>`.
    Fock(usize),
    /// Coherent state `|alpha>`, truncated at the cutoff and renormalised.
    Coherent(Complex64),
    /// Thermal state with mean occupation `nbar`, displaced by `alpha`.
    DisplacedThermal {
        /// Displacement.
        alpha: Complex64,
        /// Mean occupation before the displacement (>= 0).
        occupation: f64,
    },
}

/// Initial state of an ensemble.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum EnsembleState {
    /// `exp(-i phi S^z) exp(-i theta S^y) |J, -J>`: every spin in `cos(theta/2)|down> - sin(theta/2)|up>`,
    /// turned about z by `phi`; `<S^x>/N = -sin(theta) cos(phi)/2`, `<S^z>/N = -cos(theta)/2`.
    SpinCoherent {
        /// Polar angle from the south pole.
        theta: f64,
        /// Azimuth.
        phi: f64,
    },
    /// Dicke state `|j, m>`, uniformly mixed over the `d_j` copies of spin j; doubled quantum numbers are
    /// stored.
    Dicke {
        /// `2 j`.
        twice_j: usize,
        /// `2 m`.
        twice_m: i64,
    },
    /// Product of identical mixed spins with Bloch vector `r = 2 <sigma>/2`, |r| <= 1.
    Product {
        /// Bloch vector, `<S> = N r / 2`.
        bloch: [f64; 3],
    },
}

impl EnsembleState {
    /// Expectation values `<S>/N` of the state of `n` spins.
    pub fn mean_spin(&self, n: usize) -> [f64; 3] {
        match *self {
            Self::SpinCoherent { theta, phi } => {
                let (s, c) = theta.sin_cos();
                [-0.5 * s * phi.cos(), -0.5 * s * phi.sin(), -0.5 * c]
            }
            Self::Dicke { twice_m, .. } => [0.0, 0.0, 0.5 * twice_m as f64 / n as f64],
            Self::Product { bloch } => bloch.map(|r| 0.5 * r),
        }
    }
}

/// A state of all subsystems of a model: a product, or a joint state in its place.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InitialState {
    /// One state per mode; they count where there is no joint state.
    pub modes: Vec<ModeState>,
    /// One state per ensemble; they count where there is no joint state.
    pub ensembles: Vec<EnsembleState>,
    /// A state with correlations, in place of the product.
    pub joint: Option<Arc<JointState>>,
}

impl InitialState {
    /// No quanta in any mode, all spins down.
    pub fn ground(model: &Model) -> Self {
        let down = |n: usize| EnsembleState::Dicke { twice_j: n, twice_m: -(n as i64) };
        Self {
            modes: vec![ModeState::Fock(0); model.modes().len()],
            ensembles: model.ensembles().iter().map(|e| down(e.size)).collect(),
            joint: None,
        }
    }

    /// Puts a mode or an ensemble, by its name, into the state called `state` of [`MODE_STATES`] or
    /// [`ENSEMBLE_STATES`].
    ///
    /// ```
    /// use superladder_model::{EnsembleState, InitialState, Model};
    ///
    /// let model = Model::builder().mode("a", 1.0).ensemble("S", 10, 1.0).build()?;
    /// let initial = InitialState::ground(&model).with(&model, "S", "spin-coherent", [("theta", 0.3)])?;
    /// assert_eq!(initial.ensembles[0], EnsembleState::SpinCoherent { theta: 0.3, phi: 0.0 });
    /// # Ok::<(), superladder_model::ModelError>(())
    /// ```
    ///
    /// # Errors
    /// [`ModelError`] for an unknown name or a bad argument.
    pub fn with(
        mut self,
        model: &Model,
        subsystem: &str,
        state: &str,
        given: impl Into<Given>,
    ) -> Result<Self, ModelError> {
        let (all, given) = (model.subsystems(), given.into());
        let known: Vec<&str> = all.iter().map(|s| model.name(*s)).collect();
        match all[find("mode or ensemble", subsystem, &known)?] {
            Subsystem::Mode(m) => {
                let given = given.by_key(arguments(MODE_STATES, state));
                self.modes[m] = mode_state(model, m, state, &given)?;
            }
            Subsystem::Ensemble(e) => {
                let given = given.by_key(arguments(ENSEMBLE_STATES, state));
                self.ensembles[e] = ensemble_state(model, e, state, &given)?;
            }
        }
        Ok(self)
    }
}

/// Arguments of a state; none if it is not in the table.
fn arguments<S, C>(table: &[StateDefinition<S, C>], name: &str) -> &'static [Argument] {
    table.iter().find(|d| d.name == name).map_or(&[], |d| d.arguments)
}

/// An entry of a table of initial states; `S` is the state type and `C` what the builder knows of the
/// subsystem.
#[derive(Debug)]
pub struct StateDefinition<S: 'static, C: 'static> {
    /// Name.
    pub name: &'static str,
    /// Its arguments.
    pub arguments: &'static [Argument],
    /// One sentence.
    pub summary: &'static str,
    build: fn(&C, &Arguments, &str) -> Result<S, ModelError>,
}

impl<S, C> StateDefinition<S, C> {
    fn from_table(
        table: &'static [Self],
        context: &C,
        name: &str,
        given: &[(String, Value)],
        subsystem: &str,
    ) -> Result<S, ModelError> {
        let known: Vec<&str> = table.iter().map(|d| d.name).collect();
        let definition = &table[find("initial state", name, &known)?];
        let of = format!("initial state '{name}' of {subsystem}");
        (definition.build)(context, &Arguments::check(definition.arguments, given, &of)?, &of)
    }
}

/// Builds the state called `name` of a mode.
///
/// # Errors
/// [`ModelError`] for an unknown name or a bad argument.
pub fn mode_state(
    model: &Model,
    mode: usize,
    name: &str,
    given: &[(String, Value)],
) -> Result<ModeState, ModelError> {
    let subsystem = format!("mode '{}'", model.name(Subsystem::Mode(mode)));
    StateDefinition::from_table(MODE_STATES, &(), name, given, &subsystem)
}

/// Builds the state called `name` of an ensemble.
///
/// # Errors
/// [`ModelError`] for an unknown name or a bad argument.
pub fn ensemble_state(
    model: &Model,
    ensemble: usize,
    name: &str,
    given: &[(String, Value)],
) -> Result<EnsembleState, ModelError> {
    let subsystem = format!("ensemble '{}'", model.name(Subsystem::Ensemble(ensemble)));
    StateDefinition::from_table(ENSEMBLE_STATES, &model.ensembles()[ensemble].size, name, given, &subsystem)
}

const OCCUPATION: Argument = Argument {
    key: "occupation",
    kind: ArgumentKind::NonNegative,
    default: None,
    meaning: "mean thermal occupation",
};
const AMPLITUDE: Argument = Argument {
    key: "amplitude",
    kind: ArgumentKind::Complex,
    default: None,
    meaning: "coherent amplitude alpha = <a>",
};

/// Every initial state of a mode.
pub static MODE_STATES: &[StateDefinition<ModeState, ()>] = &[
    StateDefinition {
        name: "vacuum",
        arguments: &[],
        summary: "no quanta",
        build: |(), _, _| Ok(ModeState::Fock(0)),
    },
    StateDefinition {
        name: "fock",
        arguments: &[Argument {
            key: "n",
            kind: ArgumentKind::Count,
            default: None,
            meaning: "number of quanta",
        }],
        summary: "Fock state |n>",
        build: |(), a, _| Ok(ModeState::Fock(a.real("n") as usize)),
    },
    StateDefinition {
        name: "coherent",
        arguments: &[AMPLITUDE],
        summary: "coherent state, truncated at the cutoff and renormalised",
        build: |(), a, _| Ok(ModeState::Coherent(a.complex("amplitude"))),
    },
    StateDefinition {
        name: "thermal",
        arguments: &[OCCUPATION],
        summary: "thermal state",
        build: |(), a, _| {
            Ok(ModeState::DisplacedThermal { alpha: Complex64::ZERO, occupation: a.real("occupation") })
        },
    },
    StateDefinition {
        name: "displaced-thermal",
        arguments: &[AMPLITUDE, OCCUPATION],
        summary: "thermal state displaced by a coherent amplitude",
        build: |(), a, _| {
            Ok(ModeState::DisplacedThermal {
                alpha: a.complex("amplitude"),
                occupation: a.real("occupation"),
            })
        },
    },
];

fn dicke(size: usize, arguments: &Arguments, of: &str) -> Result<EnsembleState, ModelError> {
    let (n, j, m) = (size as f64, arguments.real("j"), arguments.real("m"));
    let error = |key: &str, value: f64, allowed: String| ModelError::OutOfRange {
        key: key.into(),
        of: of.to_owned(),
        value: value.to_string(),
        allowed,
    };
    let steps_to_top = 0.5 * n - j;
    if steps_to_top.fract() != 0.0 || j < 0.0 || steps_to_top < 0.0 {
        return Err(error("j", j, format!("one of {size}/2, {size}/2 - 1, ... >= 0")));
    }
    if (j - m).fract() != 0.0 || m.abs() > j {
        return Err(error("m", m, format!("one of -{j}, -{j} + 1, ..., {j}")));
    }
    Ok(EnsembleState::Dicke { twice_j: (2.0 * j) as usize, twice_m: (2.0 * m) as i64 })
}

fn product(arguments: &Arguments, of: &str) -> Result<EnsembleState, ModelError> {
    let bloch = arguments.vector("bloch");
    let length = bloch.iter().map(|x| x * x).sum::<f64>().sqrt();
    if length > 1.0 + 1e-12 {
        return Err(ModelError::OutOfRange {
            key: "bloch".into(),
            of: of.to_owned(),
            value: format!("{bloch:?} (length {length})"),
            allowed: "a vector of length <= 1".into(),
        });
    }
    Ok(EnsembleState::Product { bloch })
}

/// Every initial state of an ensemble.
pub static ENSEMBLE_STATES: &[StateDefinition<EnsembleState, usize>] = &[
    StateDefinition {
        name: "down",
        arguments: &[],
        summary: "all spins down, |N/2, -N/2>",
        build: |n, _, _| Ok(EnsembleState::Dicke { twice_j: *n, twice_m: -(*n as i64) }),
    },
    StateDefinition {
        name: "up",
        arguments: &[],
        summary: "all spins up, |N/2, N/2>",
        build: |n, _, _| Ok(EnsembleState::Dicke { twice_j: *n, twice_m: *n as i64 }),
    },
    StateDefinition {
        name: "spin-coherent",
        arguments: &[
            Argument {
                key: "theta",
                kind: ArgumentKind::Real,
                default: None,
                meaning: "polar angle from the south pole",
            },
            Argument { key: "phi", kind: ArgumentKind::Real, default: Some(0.0), meaning: "azimuth" },
        ],
        summary: "exp(-i phi S^z) exp(-i theta S^y) |N/2, -N/2>",
        build: |_, a, _| Ok(EnsembleState::SpinCoherent { theta: a.real("theta"), phi: a.real("phi") }),
    },
    StateDefinition {
        name: "dicke",
        arguments: &[
            Argument { key: "j", kind: ArgumentKind::NonNegative, default: None, meaning: "total spin" },
            Argument { key: "m", kind: ArgumentKind::Real, default: None, meaning: "z component" },
        ],
        summary: "Dicke state |j, m>, uniformly mixed over the copies of spin j",
        build: |n, a, of| dicke(*n, a, of),
    },
    StateDefinition {
        name: "product",
        arguments: &[Argument {
            key: "bloch",
            kind: ArgumentKind::Vector,
            default: None,
            meaning: "Bloch vector of every spin, length <= 1",
        }],
        summary: "product of identical mixed spins",
        build: |_, a, of| product(a, of),
    },
];
