//! Correlations of two times: what is asked of a state beyond its observables.

use crate::model::find;
use crate::{Model, ModelError, Operator, Subject, SubjectKind};

/// `<C(t) A(t+tau) B(t)>`; without C, `<A(t+tau) B(t)>`.
#[derive(Debug, Clone, PartialEq)]
pub struct Correlation {
    /// The later operator.
    pub a: Operator,
    /// The earlier operator, right of the later one.
    pub b: Operator,
    /// The earlier operator on the left.
    pub c: Option<Operator>,
    /// Whether the product of the means is taken off, `<A><B>`; for correlations of two operators.
    pub connected: bool,
}

/// An entry of the table of correlations.
#[derive(Debug)]
pub struct CorrelationDefinition {
    /// Name.
    pub name: &'static str,
    /// What it is taken of.
    pub subject: SubjectKind,
    /// Formula in ASCII.
    pub formula: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Whether one spin is told from the others: the operators are those of [`Model::with_tagged_spin`].
    pub tagged: bool,
    build: fn(&Model, &Subject) -> Correlation,
}

impl Correlation {
    /// The correlation called `name` of the named subsystems.
    ///
    /// # Errors
    /// [`ModelError`] for an unknown name or an unknown subsystem.
    pub fn new(
        model: &Model,
        name: &str,
        modes: &[String],
        ensembles: &[String],
    ) -> Result<Self, ModelError> {
        let definition = CorrelationDefinition::by_name(name)?;
        let of = format!("correlation '{name}'");
        Ok((definition.build)(model, &definition.subject.resolve(model, modes, ensembles, &of)?))
    }

    /// `<a^dag(t+tau) a(t)>` of a mode: amplitude correlations, unnormalised g1.
    pub fn amplitude(mode: usize) -> Self {
        Self { a: Operator::create(mode), b: Operator::annihilate(mode), c: None, connected: false }
    }

    /// `<a^dag(t) a^dag(t+tau) a(t+tau) a(t)>` of a mode: intensity correlations, unnormalised g2.
    pub fn intensity(mode: usize) -> Self {
        let (a, b) = (Operator::number(mode), Operator::annihilate(mode));
        Self { a, b, c: Some(Operator::create(mode)), connected: false }
    }

    /// `<S^+(t+tau) S^-(t)>` of an ensemble.
    pub fn dipole(ensemble: usize) -> Self {
        Self { a: Operator::raise(ensemble), b: Operator::lower(ensemble), c: None, connected: false }
    }

    /// `<S^+(t) S^+(t+tau) S^-(t+tau) S^-(t)>` of an ensemble.
    pub fn dipole_intensity(ensemble: usize) -> Self {
        let a = Operator::raise(ensemble) * Operator::lower(ensemble);
        Self { a, b: Operator::lower(ensemble), c: Some(Operator::raise(ensemble)), connected: false }
    }

    /// The same without the product of the means.
    pub fn connected(self) -> Self {
        Self { connected: true, ..self }
    }

    /// The operators, the later one first.
    pub fn operators(&self) -> impl Iterator<Item = &Operator> {
        [&self.a, &self.b].into_iter().chain(&self.c)
    }

    /// The operators whose mean values multiply to what the correlation is divided by: g1 is divided by
    /// `<A B>`, its value at delay 0, and g2 by `<A> <C B>`, its value at long delays.
    pub fn divisors(&self) -> Vec<Operator> {
        match &self.c {
            None => vec![self.a.clone() * self.b.clone()],
            Some(c) => vec![self.a.clone(), c.clone() * self.b.clone()],
        }
    }
}

impl CorrelationDefinition {
    /// The entry called `name`.
    ///
    /// # Errors
    /// [`ModelError::UnknownName`] listing the known names.
    pub fn by_name(name: &str) -> Result<&'static Self, ModelError> {
        let known: Vec<&str> = CORRELATIONS.iter().map(|c| c.name).collect();
        Ok(&CORRELATIONS[find("correlation", name, &known)?])
    }
}

/// Every correlation of two times that has a name.
pub static CORRELATIONS: &[CorrelationDefinition] = &[
    CorrelationDefinition {
        name: "amplitude",
        subject: SubjectKind::Mode,
        formula: "g1 = <a^dag(t+tau) a(t)> / <a^dag a>",
        summary: "coherence and spectrum of the light of a mode",
        tagged: false,
        build: |_, s| Correlation::amplitude(s.modes[0]),
    },
    CorrelationDefinition {
        name: "intensity",
        subject: SubjectKind::Mode,
        formula: "g2 = <a^dag(t) a^dag(t+tau) a(t+tau) a(t)> / <a^dag a>^2",
        summary: "coincidences of photons of a mode: bunching, antibunching",
        tagged: false,
        build: |_, s| Correlation::intensity(s.modes[0]),
    },
    CorrelationDefinition {
        name: "dipole",
        subject: SubjectKind::Ensemble,
        formula: "g1 = <S^+(t+tau) S^-(t)> / <S^+ S^->",
        summary: "coherence and spectrum of the light that an ensemble emits collectively",
        tagged: false,
        build: |_, s| Correlation::dipole(s.ensembles[0]),
    },
    CorrelationDefinition {
        name: "dipole-intensity",
        subject: SubjectKind::Ensemble,
        formula: "g2 = <S^+(t) S^+(t+tau) S^-(t+tau) S^-(t)> / <S^+ S^->^2",
        summary: "coincidences of photons that an ensemble emits collectively",
        tagged: false,
        build: |_, s| Correlation::dipole_intensity(s.ensembles[0]),
    },
    CorrelationDefinition {
        name: "side-light",
        subject: SubjectKind::Ensemble,
        formula: "g1 = sum_i <sigma_i^+(t+tau) sigma_i^-(t)> / sum_i <sigma_i^+ sigma_i^->",
        summary: "coherence and spectrum of the light that single spins of an ensemble emit, to the side",
        tagged: true,
        build: |model, s| Correlation::side_light(model, s.ensembles[0]),
    },
];
