//! Channels: the ways in which a model dissipates, pumps and dephases.

use num_complex::Complex64;

use crate::jump::out_of_range;
use crate::model::find;
use crate::{
    Argument, ArgumentKind, Arguments, Dissipator, Factor, Jump, Model, ModelError, Operator, Subject,
    SubjectKind, Value,
};

/// A channel of a model: a named entry of [`CHANNELS`] with its arguments put in.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// Name in the table, or `own`.
    pub name: &'static str,
    /// What it acts on.
    pub subject: Subject,
    /// Its dissipators.
    pub dissipators: Vec<Dissipator>,
}

/// An entry of the table of channels.
#[derive(Debug)]
pub struct ChannelDefinition {
    /// Name (PIQS words where they exist).
    pub name: &'static str,
    /// What it acts on.
    pub subject: SubjectKind,
    /// Its arguments.
    pub arguments: &'static [Argument],
    /// Formula in ASCII.
    pub formula: &'static str,
    /// One sentence.
    pub summary: &'static str,
    build: fn(&Model, &Subject, &Arguments) -> Result<Vec<Dissipator>, ModelError>,
}

impl Channel {
    /// Builds the channel called `name` on the named subsystems.
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
        let definition = ChannelDefinition::by_name(name)?;
        let of = format!("channel '{name}'");
        let subject = definition.subject.resolve(model, modes, ensembles, &of)?;
        let arguments = Arguments::check(definition.arguments, given, &of)?;
        let dissipators = (definition.build)(model, &subject, &arguments)?;
        Ok(Self { name: definition.name, subject, dissipators })
    }
}

impl Channel {
    /// Dissipators that are in no table.
    ///
    /// # Errors
    /// [`ModelError::OutOfRange`] for a rate that is negative or not finite, a coefficient that is not
    /// finite, and for a jump on a subsystem that the model does not have.
    pub fn own(model: &Model, dissipators: Vec<Dissipator>) -> Result<Self, ModelError> {
        for Dissipator { rate, jump } in &dissipators {
            if !(rate.is_finite() && *rate >= 0.0) {
                return Err(out_of_range("rate", "a jump", rate, ArgumentKind::NonNegative.allowed()));
            }
            jump.check_finite()?;
            model.check_jump(jump)?;
        }
        Ok(Self { name: "own", subject: Subject::default(), dissipators })
    }
}

impl ChannelDefinition {
    /// The entry called `name`.
    ///
    /// # Errors
    /// [`ModelError::UnknownName`] listing the known names.
    pub fn by_name(name: &str) -> Result<&'static Self, ModelError> {
        let known: Vec<&str> = CHANNELS.iter().map(|c| c.name).collect();
        Ok(&CHANNELS[find("channel", name, &known)?])
    }
}

const RATE: Argument =
    Argument { key: "rate", kind: ArgumentKind::NonNegative, default: None, meaning: "rate, outside D[..]" };

const RAISE: Argument = Argument {
    key: "raise",
    kind: ArgumentKind::Complex,
    default: Some(0.0),
    meaning: "coefficient of sigma^+",
};

const LOWER: Argument = Argument {
    key: "lower",
    kind: ArgumentKind::Complex,
    default: Some(0.0),
    meaning: "coefficient of sigma^-",
};

const PAULI_Z: Argument = Argument {
    key: "z",
    kind: ArgumentKind::Complex,
    default: Some(0.0),
    meaning: "coefficient of the Pauli matrix sigma^z",
};

const SQUEEZING: Argument = Argument {
    key: "squeezing",
    kind: ArgumentKind::Real,
    default: None,
    meaning: "squeezing parameter r of the bath; variances e^(-2r) and e^(2r) of the vacuum's",
};

const ANGLE: Argument = Argument {
    key: "angle",
    kind: ArgumentKind::Real,
    default: Some(0.0),
    meaning: "phase of the squeezing",
};

fn collective(rate: f64, operator: Operator) -> Vec<Dissipator> {
    vec![Dissipator { rate, jump: Jump::Collective(operator) }]
}

fn local(rate: f64, ensemble: usize, [raise, lower, z]: [f64; 3]) -> Dissipator {
    let (raise, lower, z) = (raise.into(), lower.into(), z.into());
    Dissipator { rate, jump: Jump::Local { ensemble, raise, lower, z } }
}

/// Probability `1 / (1 + exp(x))` of the upper level, safe for any `x`.
fn fermi(x: f64) -> f64 {
    if x > 0.0 { (-x).exp() / (1.0 + (-x).exp()) } else { 1.0 / (1.0 + x.exp()) }
}

/// `gamma_up = gamma_t / (1 + exp((omega - mu)/T))`, `gamma_down = gamma_t - gamma_up`
/// (Chelpanova et al., PRB 108, 104302 (2023), below Eq. (2)).
fn spin_bath(model: &Model, subject: &Subject, arguments: &Arguments) -> Vec<Dissipator> {
    let ensemble = subject.ensembles[0];
    let x = (model.ensembles()[ensemble].frequency - arguments.real("mu")) / arguments.real("temperature");
    let rate = arguments.real("relaxation");
    vec![
        local(rate * fermi(x), ensemble, [1.0, 0.0, 0.0]),
        local(rate * fermi(-x), ensemble, [0.0, 1.0, 0.0]),
    ]
}

fn thermal_bath(subject: &Subject, arguments: &Arguments) -> Vec<Dissipator> {
    let (mode, rate, n) = (subject.modes[0], arguments.real("rate"), arguments.real("occupation"));
    let mut dissipators = collective(rate * (n + 1.0), Operator::annihilate(mode));
    dissipators.extend(collective(rate * n, Operator::create(mode)));
    dissipators
}

fn local_jump(s: &Subject, a: &Arguments) -> Vec<Dissipator> {
    let (raise, lower, z) = (a.complex("raise"), a.complex("lower"), a.complex("z"));
    vec![Dissipator { rate: a.real("rate"), jump: Jump::Local { ensemble: s.ensembles[0], raise, lower, z } }]
}

fn dressed_jump(model: &Model, s: &Subject, a: &Arguments) -> Result<Vec<Dissipator>, ModelError> {
    let (raise, lower, z) = (a.complex("raise"), a.complex("lower"), a.complex("z"));
    let dressing = Operator::parse_product(model, a.words("dressing"))?;
    let jump = Jump::Dressed { dressing, ensemble: s.ensembles[0], raise, lower, z };
    model.check_jump(&jump)?;
    Ok(vec![Dissipator { rate: a.real("rate"), jump }])
}

/// `D[lower cosh r + e^(i angle) raise sinh r]`, from the arguments `rate`, `squeezing` (r) and `angle`.
fn squeezed(arguments: &Arguments, lower: Operator, raise: Operator) -> Vec<Dissipator> {
    let r = arguments.real("squeezing");
    let turned = Complex64::from_polar(r.sinh(), arguments.real("angle"));
    collective(arguments.real("rate"), lower * Complex64::from(r.cosh()) + raise * turned)
}

fn jump(model: &Model, _: &Subject, arguments: &Arguments) -> Result<Vec<Dissipator>, ModelError> {
    let operator = arguments.sum(model, "terms")?.collected();
    if operator.terms.iter().all(|term| term.factors.is_empty()) {
        let value = if operator.terms.is_empty() { "zero".to_owned() } else { operator.to_string() };
        return Err(out_of_range(
            "terms",
            "channel 'jump'",
            &value,
            "a sum that is not zero or a multiple of the identity, which does nothing",
        ));
    }
    Ok(collective(arguments.real("rate"), operator))
}

/// Every channel superladder knows.
pub static CHANNELS: &[ChannelDefinition] = &[
    ChannelDefinition {
        name: "cavity-loss",
        subject: SubjectKind::Mode,
        arguments: &[RATE],
        formula: "rate D[a]",
        summary: "photon (magnon) loss of a mode at zero temperature",
        build: |_, s, a| Ok(collective(a.real("rate"), Operator::annihilate(s.modes[0]))),
    },
    ChannelDefinition {
        name: "cavity-gain",
        subject: SubjectKind::Mode,
        arguments: &[RATE],
        formula: "rate D[a^dag]",
        summary: "linear incoherent gain of a mode",
        build: |_, s, a| Ok(collective(a.real("rate"), Operator::create(s.modes[0]))),
    },
    ChannelDefinition {
        name: "thermal-bath",
        subject: SubjectKind::Mode,
        arguments: &[
            RATE,
            Argument {
                key: "occupation",
                kind: ArgumentKind::NonNegative,
                default: None,
                meaning: "mean thermal occupation of the bath at the mode's frequency",
            },
        ],
        formula: "rate (occupation + 1) D[a] + rate occupation D[a^dag]",
        summary: "loss into a bath of finite temperature",
        build: |_, s, a| Ok(thermal_bath(s, a)),
    },
    ChannelDefinition {
        name: "cavity-dephasing",
        subject: SubjectKind::Mode,
        arguments: &[RATE],
        formula: "rate D[a^dag a]",
        summary: "dephasing of a mode by frequency noise",
        build: |_, s, a| Ok(collective(a.real("rate"), Operator::number(s.modes[0]))),
    },
    ChannelDefinition {
        name: "two-photon-loss",
        subject: SubjectKind::Mode,
        arguments: &[RATE],
        formula: "rate D[a a]",
        summary: "loss of quanta of a mode in pairs",
        build: |_, s, a| {
            let m = s.modes[0];
            Ok(collective(a.real("rate"), Operator::product(&[Factor::Annihilate(m), Factor::Annihilate(m)])))
        },
    },
    ChannelDefinition {
        name: "squeezed-bath",
        subject: SubjectKind::Mode,
        arguments: &[RATE, SQUEEZING, ANGLE],
        formula: "rate D[a cosh(squeezing) + e^(i angle) a^dag sinh(squeezing)]",
        summary: "loss into squeezed vacuum; at angle 0 the quadrature Q ends with the variance e^(-2 squeezing)/2",
        build: |_, s, a| Ok(squeezed(a, Operator::annihilate(s.modes[0]), Operator::create(s.modes[0]))),
    },
    ChannelDefinition {
        name: "emission",
        subject: SubjectKind::Ensemble,
        arguments: &[RATE],
        formula: "rate sum_i D[sigma_i^-]",
        summary: "local spontaneous emission of every spin",
        build: |_, s, a| Ok(vec![local(a.real("rate"), s.ensembles[0], [0.0, 1.0, 0.0])]),
    },
    ChannelDefinition {
        name: "pumping",
        subject: SubjectKind::Ensemble,
        arguments: &[RATE],
        formula: "rate sum_i D[sigma_i^+]",
        summary: "local incoherent pumping of every spin",
        build: |_, s, a| Ok(vec![local(a.real("rate"), s.ensembles[0], [1.0, 0.0, 0.0])]),
    },
    ChannelDefinition {
        name: "dephasing",
        subject: SubjectKind::Ensemble,
        arguments: &[RATE],
        formula: "rate sum_i D[sigma_i^z / 2]",
        summary: "local dephasing of every spin",
        build: |_, s, a| Ok(vec![local(a.real("rate"), s.ensembles[0], [0.0, 0.0, 0.5])]),
    },
    ChannelDefinition {
        name: "spin-bath",
        subject: SubjectKind::Ensemble,
        arguments: &[
            Argument {
                key: "relaxation",
                kind: ArgumentKind::NonNegative,
                default: None,
                meaning: "gamma_t = gamma_up + gamma_down",
            },
            Argument { key: "mu", kind: ArgumentKind::Real, default: None, meaning: "spin accumulation" },
            Argument {
                key: "temperature",
                kind: ArgumentKind::Positive,
                default: None,
                meaning: "temperature of the metal",
            },
        ],
        formula: "gamma_up sum_i D[sigma_i^+] + gamma_down sum_i D[sigma_i^-], gamma_up = relaxation / (1 + exp((frequency - mu)/temperature)), gamma_down = relaxation - gamma_up",
        summary: "spintronic pumping: local pumping and emission set by a spin accumulation",
        build: |model, s, a| Ok(spin_bath(model, s, a)),
    },
    ChannelDefinition {
        name: "local-jump",
        subject: SubjectKind::Ensemble,
        arguments: &[RATE, RAISE, LOWER, PAULI_Z],
        formula: "rate sum_i D[raise sigma_i^+ + lower sigma_i^- + z sigma_i^z]",
        summary: "the most general traceless local jump on every spin",
        build: |_, s, a| Ok(local_jump(s, a)),
    },
    ChannelDefinition {
        name: "dressed-jump",
        subject: SubjectKind::Ensemble,
        arguments: &[
            RATE,
            Argument {
                key: "dressing",
                kind: ArgumentKind::Operators,
                default: None,
                meaning: "operators O_1 O_2 ... of modes in written order, the last acts first",
            },
            RAISE,
            LOWER,
            PAULI_Z,
        ],
        formula: "rate sum_i D[O_1 O_2 ... (raise sigma_i^+ + lower sigma_i^- + z sigma_i^z)]",
        summary: "a local jump of every spin together with modes, such as emission of one spin into a mode",
        build: dressed_jump,
    },
    ChannelDefinition {
        name: "collective-emission",
        subject: SubjectKind::Ensemble,
        arguments: &[RATE],
        formula: "rate D[S^-]",
        summary: "superradiant emission of an ensemble",
        build: |_, s, a| Ok(collective(a.real("rate"), Operator::lower(s.ensembles[0]))),
    },
    ChannelDefinition {
        name: "collective-pumping",
        subject: SubjectKind::Ensemble,
        arguments: &[RATE],
        formula: "rate D[S^+]",
        summary: "collective pumping of an ensemble",
        build: |_, s, a| Ok(collective(a.real("rate"), Operator::raise(s.ensembles[0]))),
    },
    ChannelDefinition {
        name: "collective-dephasing",
        subject: SubjectKind::Ensemble,
        arguments: &[RATE],
        formula: "rate D[S^z]",
        summary: "collective dephasing of an ensemble",
        build: |_, s, a| Ok(collective(a.real("rate"), Operator::product(&[Factor::Sz(s.ensembles[0])]))),
    },
    ChannelDefinition {
        name: "collective-squeezed-bath",
        subject: SubjectKind::Ensemble,
        arguments: &[RATE, SQUEEZING, ANGLE],
        formula: "rate D[S^- cosh(squeezing) + e^(i angle) S^+ sinh(squeezing)]",
        summary: "superradiant emission into squeezed vacuum; a pure squeezed state is dark for even N",
        build: |_, s, a| Ok(squeezed(a, Operator::lower(s.ensembles[0]), Operator::raise(s.ensembles[0]))),
    },
    ChannelDefinition {
        name: "jump",
        subject: SubjectKind::Free,
        arguments: &[
            RATE,
            Argument {
                key: "terms",
                kind: ArgumentKind::Sum,
                default: None,
                meaning: "products O_k of operators in written order, the last acts first, with coefficients c_k (default 1); [] is the identity",
            },
        ],
        formula: "rate D[sum_k c_k O_k]",
        summary: "any jump made of mode and collective-spin operators (taken as it is: no 1/N is put in)",
        build: jump,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fermi_is_safe_and_complementary() {
        for x in [-1e4, -3.0, 0.0, 0.7, 1e4] {
            assert!((fermi(x) + fermi(-x) - 1.0).abs() < 1e-15);
            assert!(fermi(x).is_finite());
        }
    }
}
