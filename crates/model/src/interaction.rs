//! Interactions: terms of the Hamiltonian beyond the free energies.

use num_complex::Complex64;

use crate::model::find;
use crate::{
    Argument, ArgumentKind, Arguments, Factor, Model, ModelError, Operator, Subject, SubjectKind, Value,
};

/// An interaction of a model: a named entry of [`INTERACTIONS`] with its arguments put in.
#[derive(Debug, Clone, PartialEq)]
pub struct Interaction {
    /// Name in the table, or `own`.
    pub name: &'static str,
    /// What it acts on.
    pub subject: Subject,
    /// Its Hermitian operator.
    pub operator: Operator,
}

/// An entry of the table of interactions.
#[derive(Debug)]
pub struct InteractionDefinition {
    /// Name.
    pub name: &'static str,
    /// What it acts on.
    pub subject: SubjectKind,
    /// Its arguments.
    pub arguments: &'static [Argument],
    /// Formula in ASCII.
    pub formula: &'static str,
    /// One sentence.
    pub summary: &'static str,
    build: fn(&Model, &Subject, &Arguments) -> Result<Operator, ModelError>,
}

impl Interaction {
    /// Builds the interaction called `name` on the named subsystems.
    ///
    /// # Errors
    /// [`ModelError`] for an unknown name, an unknown subsystem or a bad argument.
    pub fn new(
        model: &Model,
        name: &str,
        modes: &[String],
        ensembles: &[String],
        given: &[(String, Value)],
    ) -> Result<Self, ModelError> {
        let definition = InteractionDefinition::by_name(name)?;
        let of = format!("interaction '{name}'");
        let subject = definition.subject.resolve(model, modes, ensembles, &of)?;
        let arguments = Arguments::check(definition.arguments, given, &of)?;
        let operator = (definition.build)(model, &subject, &arguments)?.collected();
        Ok(Self { name: definition.name, subject, operator })
    }
}

impl Interaction {
    /// A term of the Hamiltonian that is in no table, taken as it is.
    ///
    /// # Errors
    /// [`ModelError::OperatorText`] if the operator is not Hermitian as written ([`Operator::is_hermitian`]),
    /// [`ModelError::OutOfRange`] if it acts on a subsystem that the model does not have or has a coefficient
    /// that is not finite.
    pub fn own(model: &Model, operator: &Operator) -> Result<Self, ModelError> {
        model.check_operator(operator)?;
        operator.check_finite()?;
        if !operator.is_hermitian() {
            let reason = "is not Hermitian as written; add its Hermitian conjugate, `.adjoint()`".to_owned();
            return Err(ModelError::OperatorText { text: operator.to_string(), reason });
        }
        Ok(Self { name: "own", subject: Subject::default(), operator: operator.collected() })
    }
}

impl InteractionDefinition {
    /// The entry called `name`.
    ///
    /// # Errors
    /// [`ModelError::UnknownName`] listing the known names.
    pub fn by_name(name: &str) -> Result<&'static Self, ModelError> {
        let known: Vec<&str> = INTERACTIONS.iter().map(|c| c.name).collect();
        Ok(&INTERACTIONS[find("interaction", name, &known)?])
    }
}

const STRENGTH: Argument = Argument {
    key: "strength",
    kind: ArgumentKind::Real,
    default: None,
    meaning: "collective coupling strength (the 1/sqrt N is put in by superladder)",
};

/// Of terms that have no size to be scaled with.
const PLAIN: Argument = Argument {
    key: "strength",
    kind: ArgumentKind::Real,
    default: None,
    meaning: "coupling strength, as it is",
};

/// Of the exchange of pairs.
const EXTENSIVE: Argument = Argument {
    key: "strength",
    kind: ArgumentKind::Real,
    default: None,
    meaning: "coupling strength (the 1/N is put in by superladder)",
};

/// Of one-axis twisting.
const TWISTING: Argument = Argument {
    key: "strength",
    kind: ArgumentKind::Real,
    default: None,
    meaning: "strength of twisting (the 1/N is put in by superladder)",
};

fn size(model: &Model, ensemble: usize) -> f64 {
    model.ensembles()[ensemble].size as f64
}

fn plus_adjoint(operator: Operator) -> Operator {
    let adjoint = operator.adjoint();
    operator + adjoint
}

fn product(factors: &[Factor]) -> Operator {
    Operator::product(factors)
}

fn dicke(model: &Model, subject: &Subject, arguments: &Arguments) -> Operator {
    let (m, e) = (subject.modes[0], subject.ensembles[0]);
    let coefficient = arguments.real("strength") / size(model, e).sqrt();
    let field = Operator::annihilate(m) + Operator::create(m);
    field * (Operator::raise(e) + Operator::lower(e)) * Complex64::from(coefficient)
}

fn tavis_cummings(model: &Model, subject: &Subject, arguments: &Arguments) -> Operator {
    let (m, e) = (subject.modes[0], subject.ensembles[0]);
    let coefficient = arguments.real("strength") / size(model, e).sqrt();
    plus_adjoint(product(&[Factor::Annihilate(m), Factor::Raise(e)])) * Complex64::from(coefficient)
}

fn exchange(model: &Model, subject: &Subject, arguments: &Arguments) -> Operator {
    let (s, t) = (subject.ensembles[0], subject.ensembles[1]);
    let coefficient = arguments.real("strength") / (size(model, s) * size(model, t)).sqrt();
    plus_adjoint(product(&[Factor::Raise(s), Factor::Lower(t)])) * Complex64::from(coefficient)
}

/// Adds the Hermitian conjugate unless the product is already Hermitian as written.
fn general_product(model: &Model, _: &Subject, arguments: &Arguments) -> Result<Operator, ModelError> {
    let words = arguments.words("operators");
    if words.is_empty() {
        return Err(ModelError::OutOfRange {
            key: "operators".into(),
            of: "interaction 'product'".into(),
            value: "an empty list".into(),
            allowed: ArgumentKind::Operators.allowed().into(),
        });
    }
    let operator = Operator::parse_product(model, words)? * arguments.complex("coefficient");
    let anti_hermitian_part = operator.clone() + operator.adjoint() * Complex64::from(-1.0);
    Ok(if anti_hermitian_part.collected().terms.is_empty() { operator } else { plus_adjoint(operator) })
}

/// Every interaction superladder knows.
pub static INTERACTIONS: &[InteractionDefinition] = &[
    InteractionDefinition {
        name: "dicke",
        subject: SubjectKind::ModeAndEnsemble,
        arguments: &[STRENGTH],
        formula: "strength / sqrt(N) (a + a^dag)(S^+ + S^-)",
        summary: "Dicke coupling with counter-rotating terms (breaks U(1) to Z2)",
        build: |model, s, a| Ok(dicke(model, s, a)),
    },
    InteractionDefinition {
        name: "tavis-cummings",
        subject: SubjectKind::ModeAndEnsemble,
        arguments: &[STRENGTH],
        formula: "strength / sqrt(N) (a S^+ + a^dag S^-)",
        summary: "Tavis-Cummings coupling in the rotating-wave approximation",
        build: |model, s, a| Ok(tavis_cummings(model, s, a)),
    },
    InteractionDefinition {
        name: "exchange",
        subject: SubjectKind::TwoEnsembles,
        arguments: &[STRENGTH],
        formula: "strength / sqrt(N_1 N_2) (S_1^+ S_2^- + S_1^- S_2^+)",
        summary: "spin exchange between two ensembles",
        build: |model, s, a| Ok(exchange(model, s, a)),
    },
    InteractionDefinition {
        name: "beam-splitter",
        subject: SubjectKind::TwoModes,
        arguments: &[PLAIN],
        formula: "strength (a_1^dag a_2 + a_1 a_2^dag)",
        summary: "exchange of quanta between two modes",
        build: |_, s, a| {
            let hop = product(&[Factor::Create(s.modes[0]), Factor::Annihilate(s.modes[1])]);
            Ok(plus_adjoint(hop) * Complex64::from(a.real("strength")))
        },
    },
    InteractionDefinition {
        name: "drive",
        subject: SubjectKind::Mode,
        arguments: &[Argument {
            key: "amplitude",
            kind: ArgumentKind::Complex,
            default: None,
            meaning: "drive amplitude F",
        }],
        formula: "F a^dag + F* a",
        summary: "coherent drive of a mode in the frame of the configuration",
        build: |_, s, a| Ok(plus_adjoint(Operator::create(s.modes[0]) * a.complex("amplitude"))),
    },
    InteractionDefinition {
        name: "spin-drive",
        subject: SubjectKind::Ensemble,
        arguments: &[Argument {
            key: "amplitude",
            kind: ArgumentKind::Complex,
            default: None,
            meaning: "half the Rabi frequency, F",
        }],
        formula: "F S^+ + F* S^-",
        summary: "coherent drive of an ensemble in the frame of the configuration",
        build: |_, s, a| Ok(plus_adjoint(Operator::raise(s.ensembles[0]) * a.complex("amplitude"))),
    },
    InteractionDefinition {
        name: "kerr",
        subject: SubjectKind::Mode,
        arguments: &[PLAIN],
        formula: "(strength / 2) a^dag a^dag a a",
        summary: "Kerr non-linearity of a mode",
        build: |_, s, a| {
            let m = s.modes[0];
            let factors =
                [Factor::Create(m), Factor::Create(m), Factor::Annihilate(m), Factor::Annihilate(m)];
            Ok(product(&factors) * Complex64::from(0.5 * a.real("strength")))
        },
    },
    InteractionDefinition {
        name: "parametric",
        subject: SubjectKind::Mode,
        arguments: &[Argument {
            key: "amplitude",
            kind: ArgumentKind::Complex,
            default: None,
            meaning: "amplitude F of the two-photon drive",
        }],
        formula: "F a^dag a^dag + F* a a",
        summary: "parametric (two-photon) drive of a mode in the frame of the configuration",
        build: |_, s, a| {
            let m = s.modes[0];
            Ok(plus_adjoint(product(&[Factor::Create(m), Factor::Create(m)]) * a.complex("amplitude")))
        },
    },
    InteractionDefinition {
        name: "two-photon-tavis-cummings",
        subject: SubjectKind::ModeAndEnsemble,
        arguments: &[EXTENSIVE],
        formula: "(strength / N) (a a S^+ + a^dag a^dag S^-)",
        summary: "exchange of two quanta of a mode with one excitation of an ensemble, extensive as N grows",
        build: |model, s, a| {
            let (m, e) = (s.modes[0], s.ensembles[0]);
            let exchanged = product(&[Factor::Annihilate(m), Factor::Annihilate(m), Factor::Raise(e)]);
            Ok(plus_adjoint(exchanged) * Complex64::from(a.real("strength") / size(model, e)))
        },
    },
    InteractionDefinition {
        name: "dispersive",
        subject: SubjectKind::ModeAndEnsemble,
        arguments: &[PLAIN],
        formula: "strength a^dag a S^z",
        summary: "dispersive coupling: every excitation of the ensemble shifts the mode by `strength`",
        build: |_, s, a| {
            let (m, e) = (s.modes[0], s.ensembles[0]);
            let shift = product(&[Factor::Create(m), Factor::Annihilate(m), Factor::Sz(e)]);
            Ok(shift * Complex64::from(a.real("strength")))
        },
    },
    InteractionDefinition {
        name: "dipole",
        subject: SubjectKind::TwoEnsembles,
        arguments: &[STRENGTH],
        formula: "strength / sqrt(N_1 N_2) S_1^z S_2^z",
        summary: "z-z coupling of two ensembles",
        build: |model, s, a| {
            let (s, t) = (s.ensembles[0], s.ensembles[1]);
            let coefficient = a.real("strength") / (size(model, s) * size(model, t)).sqrt();
            Ok(product(&[Factor::Sz(s), Factor::Sz(t)]) * Complex64::from(coefficient))
        },
    },
    InteractionDefinition {
        name: "one-axis-twisting",
        subject: SubjectKind::Ensemble,
        arguments: &[TWISTING],
        formula: "(strength / N) S^z S^z",
        summary: "one-axis twisting (Kitagawa and Ueda, PRA 47, 5138 (1993)), extensive as N grows",
        build: |model, s, a| {
            let e = s.ensembles[0];
            let coefficient = a.real("strength") / size(model, e);
            Ok(product(&[Factor::Sz(e), Factor::Sz(e)]) * Complex64::from(coefficient))
        },
    },
    InteractionDefinition {
        name: "product",
        subject: SubjectKind::Free,
        arguments: &[
            Argument {
                key: "operators",
                kind: ArgumentKind::Operators,
                default: None,
                meaning: "operators in written order, the last acts first",
            },
            Argument {
                key: "coefficient",
                kind: ArgumentKind::Complex,
                default: Some(1.0),
                meaning: "coefficient (taken as it is: no 1/sqrt N is put in)",
            },
        ],
        formula: "coefficient O_1 O_2 ... (+ Hermitian conjugate unless Hermitian as written)",
        summary: "any product of mode and collective-spin operators",
        build: general_product,
    },
];
