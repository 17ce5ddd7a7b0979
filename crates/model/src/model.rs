//! The model itself: subsystems, the Hamiltonian and the dissipators.

use num_complex::Complex64;
use serde::{Deserialize, Serialize};

use crate::{
    Channel, Dissipator, Factor, Interaction, Jump, ModelBuilder, ModelError, Modulation, Operator,
    Subsystem, nearest,
};

/// A bosonic mode with energy `frequency * a^dag a`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mode {
    /// Name used in configurations and output.
    pub name: String,
    /// Angular frequency (hbar = 1).
    pub frequency: f64,
}

/// An ensemble of `size` identical spins-1/2 with energy `frequency * S^z`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ensemble {
    /// Name used in configurations and output.
    pub name: String,
    /// Number N of spins (>= 1).
    pub size: usize,
    /// Level splitting (hbar = 1).
    pub frequency: f64,
}

/// A driven-dissipative model: `H` and the channels of the Lindblad equation.
///
/// ```
/// use superladder_model::{Model, Operator};
///
/// // Four spins in a lossy cavity, repumped one by one; a weak drive of one's own holds the phase
/// // of the light.
/// let a = Operator::annihilate(0);
/// let model = Model::builder()
///     .mode("a", 1.0)
///     .ensemble("T", 4, 1.0)
///     .interaction("tavis-cummings", ["a", "T"], 0.2)
///     .channel("cavity-loss", "a", 0.06)
///     .channel("pumping", "T", 0.9)
///     .hamiltonian(0.01 * (a.clone() + a.adjoint()))
///     .build()?;
/// assert_eq!(model.dissipators().count(), 2);
/// assert!(model.hamiltonian().is_hermitian());
/// # Ok::<(), superladder_model::ModelError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Model {
    modes: Vec<Mode>,
    ensembles: Vec<Ensemble>,
    interactions: Vec<Interaction>,
    channels: Vec<Channel>,
    modulations: Vec<Modulation>,
}

impl Model {
    /// Starts a model that is written down as in a study file: subsystems, entries of the tables by name,
    /// terms and jumps of one's own.
    pub fn builder() -> ModelBuilder {
        ModelBuilder::default()
    }

    /// A model of free subsystems; add [`Interaction`]s and [`Channel`]s to it.
    ///
    /// # Errors
    /// [`ModelError::DuplicateName`], or [`ModelError::OutOfRange`] for an empty ensemble, a non-finite
    /// frequency or an empty name.
    pub fn new(modes: Vec<Mode>, ensembles: Vec<Ensemble>) -> Result<Self, ModelError> {
        let named = modes.iter().map(|m| (&m.name, m.frequency, "mode"));
        let named: Vec<_> =
            named.chain(ensembles.iter().map(|e| (&e.name, e.frequency, "ensemble"))).collect();
        for (i, (name, frequency, kind)) in named.iter().enumerate() {
            let of = format!("{kind} '{name}'");
            if named[..i].iter().any(|(other, ..)| other == name) {
                return Err(ModelError::DuplicateName { name: (*name).clone() });
            }
            if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
                let allowed = "letters, digits, '_' and '-', at least one".to_owned();
                return Err(ModelError::OutOfRange {
                    key: "name".into(),
                    of,
                    value: format!("'{name}'"),
                    allowed,
                });
            }
            if !frequency.is_finite() {
                let allowed = "a finite number".to_owned();
                return Err(ModelError::OutOfRange {
                    key: "frequency".into(),
                    of,
                    value: frequency.to_string(),
                    allowed,
                });
            }
        }
        if let Some(empty) = ensembles.iter().find(|e| e.size == 0) {
            return Err(ModelError::OutOfRange {
                key: "size".into(),
                of: format!("ensemble '{}'", empty.name),
                value: "0".into(),
                allowed: "an integer >= 1".into(),
            });
        }
        Ok(Self { modes, ensembles, ..Self::default() })
    }

    /// Adds an interaction.
    pub fn with_interaction(mut self, interaction: Interaction) -> Self {
        self.interactions.push(interaction);
        self
    }

    /// Adds a channel.
    pub fn with_channel(mut self, channel: Channel) -> Self {
        self.channels.push(channel);
        self
    }

    /// Adds a part that follows time.
    pub fn with_modulation(mut self, modulation: Modulation) -> Self {
        self.modulations.push(modulation);
        self
    }

    /// A model of parts that are known to fit.
    pub(crate) fn of_parts(
        modes: Vec<Mode>,
        ensembles: Vec<Ensemble>,
        interactions: Vec<Interaction>,
        channels: Vec<Channel>,
    ) -> Self {
        Self { modes, ensembles, interactions, channels, modulations: Vec::new() }
    }

    /// The modes.
    pub fn modes(&self) -> &[Mode] {
        &self.modes
    }

    /// The ensembles.
    pub fn ensembles(&self) -> &[Ensemble] {
        &self.ensembles
    }

    /// The interactions.
    pub fn interactions(&self) -> &[Interaction] {
        &self.interactions
    }

    /// The channels.
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// The parts that follow time.
    pub fn modulations(&self) -> &[Modulation] {
        &self.modulations
    }

    /// All subsystems, modes first.
    pub fn subsystems(&self) -> Vec<Subsystem> {
        let modes = (0..self.modes.len()).map(Subsystem::Mode);
        modes.chain((0..self.ensembles.len()).map(Subsystem::Ensemble)).collect()
    }

    /// Name of a subsystem.
    pub fn name(&self, subsystem: Subsystem) -> &str {
        match subsystem {
            Subsystem::Mode(m) => &self.modes[m].name,
            Subsystem::Ensemble(e) => &self.ensembles[e].name,
        }
    }

    /// `H = sum_m omega_m a_m^dag a_m + sum_e omega_e S_e^z + interactions`, terms collected.
    pub fn hamiltonian(&self) -> Operator {
        let mut sum = Operator::zero();
        for (m, mode) in self.modes.iter().enumerate() {
            sum = sum + Operator::number(m) * Complex64::from(mode.frequency);
        }
        for (e, ensemble) in self.ensembles.iter().enumerate() {
            sum = sum + Operator::sz(e) * Complex64::from(ensemble.frequency);
        }
        for interaction in &self.interactions {
            sum = sum + interaction.operator.clone();
        }
        sum.collected()
    }

    /// All dissipators with a rate > 0.
    pub fn dissipators(&self) -> impl Iterator<Item = &Dissipator> {
        self.channels.iter().flat_map(|c| &c.dissipators).filter(|d| d.rate > 0.0)
    }

    /// Names of [`Model::dissipators`] in their order: the channel with its subject, `cavity-loss(a)`, numbered where
    /// it has several, `thermal(a).0`.
    pub fn dissipator_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for channel in &self.channels {
            let modes = channel.subject.modes.iter().map(|m| self.modes[*m].name.as_str());
            let ensembles = channel.subject.ensembles.iter().map(|e| self.ensembles[*e].name.as_str());
            let subject = modes.chain(ensembles).collect::<Vec<_>>().join(",");
            let name = format!("{}({subject})", channel.name);
            let active = channel.dissipators.iter().enumerate().filter(|(_, d)| d.rate > 0.0);
            let several = channel.dissipators.len() > 1;
            names.extend(active.map(|(k, _)| if several { format!("{name}.{k}") } else { name.clone() }));
        }
        names
    }

    /// How many quanta of a mode one term of the model adds at most, counting what is taken away again
    /// inside of a product: the levels below a cutoff from which something can leave it.
    pub fn reach(&self, mode: usize) -> usize {
        let count = |o: &Operator, wanted: &[Factor]| {
            let of_term = |factors: &[Factor]| factors.iter().filter(|f| wanted.contains(f)).count();
            o.terms.iter().map(|t| of_term(&t.factors)).max().unwrap_or(0)
        };
        let (create, annihilate) = (Factor::Create(mode), Factor::Annihilate(mode));
        let of_jump = |jump: &Jump| match jump {
            Jump::Collective(operator) | Jump::Dressed { dressing: operator, .. }
                if count(operator, &[create]) > 0 =>
            {
                count(operator, &[create, annihilate])
            }
            Jump::Collective(_) | Jump::Local { .. } | Jump::Dressed { .. } => 0,
        };
        let jumps = self.dissipators().map(|d| of_jump(&d.jump)).max().unwrap_or(0);
        let parts = self.modulations.iter().map(|m| m.part.reach(mode)).max().unwrap_or(0);
        count(&self.hamiltonian(), &[create]).max(2 * jumps).max(parts)
    }

    /// Checks that an operator acts on modes and ensembles of this model only.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`].
    pub fn check_operator(&self, operator: &Operator) -> Result<(), ModelError> {
        let of = || format!("operator '{operator}'");
        for factor in operator.terms.iter().flat_map(|t| &t.factors) {
            match factor.subsystem() {
                Subsystem::Mode(m) => in_range("number of a mode", m, self.modes.len(), of)?,
                Subsystem::Ensemble(e) => in_range("number of an ensemble", e, self.ensembles.len(), of)?,
            }
        }
        Ok(())
    }

    /// Checks that a jump acts on modes and ensembles of this model only.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`].
    pub fn check_jump(&self, jump: &Jump) -> Result<(), ModelError> {
        match jump {
            Jump::Collective(operator) => self.check_operator(operator),
            Jump::Local { ensemble, .. } => {
                in_range("number of an ensemble", *ensemble, self.ensembles.len(), || "a local jump".into())
            }
            Jump::Dressed { dressing, ensemble, .. } => {
                self.check_operator(dressing)?;
                let spin = dressing.terms.iter().flat_map(|t| &t.factors).find_map(|f| match f.subsystem() {
                    Subsystem::Ensemble(e) => Some(e),
                    Subsystem::Mode(_) => None,
                });
                if let Some(e) = spin {
                    return Err(ModelError::OutOfRange {
                        key: "dressing".into(),
                        of: "a dressed jump".into(),
                        value: format!(
                            "'{dressing}', which acts on the ensemble '{}'",
                            self.ensembles[e].name
                        ),
                        allowed: "an operator of modes".into(),
                    });
                }
                in_range("number of an ensemble", *ensemble, self.ensembles.len(), || "a dressed jump".into())
            }
        }
    }

    /// Number of the mode called `name`.
    ///
    /// # Errors
    /// [`ModelError::UnknownName`].
    pub fn mode_number(&self, name: &str) -> Result<usize, ModelError> {
        let known: Vec<&str> = self.modes.iter().map(|m| m.name.as_str()).collect();
        find("mode", name, &known)
    }

    /// Number of the ensemble called `name`.
    ///
    /// # Errors
    /// [`ModelError::UnknownName`].
    pub fn ensemble_number(&self, name: &str) -> Result<usize, ModelError> {
        let known: Vec<&str> = self.ensembles.iter().map(|e| e.name.as_str()).collect();
        find("ensemble", name, &known)
    }
}

fn in_range(key: &str, number: usize, count: usize, of: impl Fn() -> String) -> Result<(), ModelError> {
    if number < count {
        return Ok(());
    }
    let (of, value, allowed) = (of(), number.to_string(), format!("below {count}"));
    Err(ModelError::OutOfRange { key: key.to_owned(), of, value, allowed })
}

/// Position of `name` in `known`, or an error that lists what is known.
pub(crate) fn find(kind: &str, name: &str, known: &[&str]) -> Result<usize, ModelError> {
    known.iter().position(|k| *k == name).ok_or_else(|| ModelError::UnknownName {
        kind: kind.to_owned(),
        name: name.to_owned(),
        nearest: nearest(name, known),
        known: known.iter().map(ToString::to_string).collect(),
    })
}
