//! What the tables of channels, interactions, states and observables have in common: subjects and arguments.

use std::collections::BTreeMap;

use num_complex::Complex64;

use crate::{Model, ModelError, Operator};

/// What a table entry acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKind {
    /// One mode (key `mode`).
    Mode,
    /// One ensemble (key `ensemble`).
    Ensemble,
    /// One mode and one ensemble (keys `mode`, `ensemble`).
    ModeAndEnsemble,
    /// Two ensembles (key `ensembles`).
    TwoEnsembles,
    /// Two modes (key `modes`).
    TwoModes,
    /// Nothing by itself: the operators name what they act on.
    Free,
}

impl SubjectKind {
    /// Configuration keys that name the subject.
    pub fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Mode => &["mode"],
            Self::Ensemble => &["ensemble"],
            Self::ModeAndEnsemble => &["mode", "ensemble"],
            Self::TwoEnsembles => &["ensembles"],
            Self::TwoModes => &["modes"],
            Self::Free => &[],
        }
    }

    /// Numbers of modes and of ensembles that it takes.
    fn counts(self) -> (usize, usize) {
        match self {
            Self::Mode => (1, 0),
            Self::Ensemble => (0, 1),
            Self::ModeAndEnsemble => (1, 1),
            Self::TwoEnsembles => (0, 2),
            Self::TwoModes => (2, 0),
            Self::Free => (0, 0),
        }
    }

    /// What it takes, in words.
    fn allowed(self) -> &'static str {
        match self {
            Self::Mode => "one mode",
            Self::Ensemble => "one ensemble",
            Self::ModeAndEnsemble => "one mode and one ensemble",
            Self::TwoEnsembles => "two ensembles",
            Self::TwoModes => "two modes",
            Self::Free => "empty: the operators name what they act on",
        }
    }
}

/// The modes and ensembles (by number) that an entry of a model acts on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject {
    /// Mode numbers.
    pub modes: Vec<usize>,
    /// Ensemble numbers.
    pub ensembles: Vec<usize>,
}

/// Type of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentKind {
    /// A finite real number.
    Real,
    /// A finite real number >= 0.
    NonNegative,
    /// A finite real number > 0.
    Positive,
    /// An integer >= 0.
    Count,
    /// A finite complex number: a real one or `[re, im]`.
    Complex,
    /// Three finite real numbers.
    Vector,
    /// A list of operator words, see [`crate::Operator::parse_product`].
    Operators,
    /// A sum of products of such words, each with a coefficient.
    Sum,
}

impl ArgumentKind {
    /// What is allowed, in words.
    pub fn allowed(self) -> &'static str {
        match self {
            Self::Real => "a finite number",
            Self::NonNegative => "finite and >= 0",
            Self::Positive => "finite and > 0",
            Self::Count => "an integer >= 0",
            Self::Complex => "a finite number or a pair [re, im]",
            Self::Vector => "three finite numbers [x, y, z]",
            Self::Operators => "a list of words such as [\"create(a)\", \"lower(S)\"]",
            Self::Sum => "a list of tables such as { operators = [\"annihilate(a)\"], coefficient = 1.0 }",
        }
    }
}

/// A named argument of a table entry.
#[derive(Debug, Clone, Copy)]
pub struct Argument {
    /// Configuration key.
    pub key: &'static str,
    /// Its type and range.
    pub kind: ArgumentKind,
    /// Value taken when the key is absent; `None` makes the key required.
    pub default: Option<f64>,
    /// What it means.
    pub meaning: &'static str,
}

/// An argument's value as read.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A real number.
    Real(f64),
    /// A complex number.
    Complex(Complex64),
    /// Three numbers.
    Vector([f64; 3]),
    /// Operator words.
    Words(Vec<String>),
    /// Products of operator words with their coefficients.
    Sum(Vec<(Complex64, Vec<String>)>),
}

/// Values of the arguments of one entry, checked against their definitions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Arguments {
    values: BTreeMap<&'static str, Value>,
}

impl Arguments {
    /// Checks `given` against `definitions`: types, ranges, absent and unknown keys. `of` names the carrier
    /// in messages, for instance "channel 'emission'".
    ///
    /// # Errors
    /// [`ModelError::UnknownKey`], [`ModelError::Missing`], [`ModelError::WrongType`],
    /// [`ModelError::OutOfRange`].
    pub fn check(definitions: &[Argument], given: &[(String, Value)], of: &str) -> Result<Self, ModelError> {
        for (key, _) in given {
            if !definitions.iter().any(|d| d.key == key) {
                let known: Vec<&str> = definitions.iter().map(|d| d.key).collect();
                return Err(ModelError::UnknownKey {
                    key: key.clone(),
                    of: of.to_owned(),
                    nearest: nearest(key, &known),
                    known: known.iter().map(ToString::to_string).collect(),
                });
            }
        }
        let mut values = BTreeMap::new();
        for definition in definitions {
            let value = match given.iter().find(|(key, _)| key == definition.key) {
                Some((_, value)) => check_value(definition, value, of)?,
                None => default_value(definition, of)?,
            };
            values.insert(definition.key, value);
        }
        Ok(Self { values })
    }

    /// A real argument (0 when the definition has none of that key, which a table test excludes).
    pub fn real(&self, key: &str) -> f64 {
        match self.values.get(key) {
            Some(Value::Real(x)) => *x,
            Some(Value::Complex(z)) => z.re,
            _ => 0.0,
        }
    }

    /// A complex argument.
    pub fn complex(&self, key: &str) -> Complex64 {
        match self.values.get(key) {
            Some(Value::Complex(z)) => *z,
            _ => Complex64::from(self.real(key)),
        }
    }

    /// A vector argument.
    pub fn vector(&self, key: &str) -> [f64; 3] {
        match self.values.get(key) {
            Some(Value::Vector(v)) => *v,
            _ => [0.0; 3],
        }
    }

    /// Operator words.
    pub fn words(&self, key: &str) -> &[String] {
        match self.values.get(key) {
            Some(Value::Words(words)) => words,
            _ => &[],
        }
    }

    /// A sum of products of operator words.
    ///
    /// # Errors
    /// [`ModelError::OperatorText`] for a word or a name that is not known.
    pub fn sum(&self, model: &Model, key: &str) -> Result<Operator, ModelError> {
        let Some(Value::Sum(terms)) = self.values.get(key) else { return Ok(Operator::zero()) };
        Operator::parse_sum(model, terms)
    }
}

fn default_value(definition: &Argument, of: &str) -> Result<Value, ModelError> {
    definition.default.map(Value::Real).ok_or_else(|| ModelError::Missing {
        key: definition.key.to_owned(),
        of: of.to_owned(),
        meaning: definition.meaning.to_owned(),
    })
}

fn check_value(definition: &Argument, value: &Value, of: &str) -> Result<Value, ModelError> {
    let in_range = |x: f64| match definition.kind {
        ArgumentKind::NonNegative => x.is_finite() && x >= 0.0,
        ArgumentKind::Positive => x.is_finite() && x > 0.0,
        ArgumentKind::Count => x.is_finite() && x >= 0.0 && x.fract() == 0.0 && x < 1e9,
        _ => x.is_finite(),
    };
    let range_error = |shown: String| ModelError::OutOfRange {
        key: definition.key.to_owned(),
        of: of.to_owned(),
        value: shown,
        allowed: definition.kind.allowed().to_owned(),
    };
    match (definition.kind, value) {
        (ArgumentKind::Complex, Value::Complex(z)) if z.re.is_finite() && z.im.is_finite() => {
            Ok(value.clone())
        }
        (ArgumentKind::Complex, Value::Complex(z)) => Err(range_error(format!("{z}"))),
        (ArgumentKind::Vector, Value::Vector(v)) if v.iter().all(|x| x.is_finite()) => Ok(value.clone()),
        (ArgumentKind::Vector, Value::Vector(v)) => Err(range_error(format!("{v:?}"))),
        (ArgumentKind::Operators, Value::Words(_)) => Ok(value.clone()),
        (ArgumentKind::Sum, Value::Sum(terms)) => match terms.iter().find(|(z, _)| !z.is_finite()) {
            Some((z, _)) => Err(range_error(format!("a coefficient of {z}"))),
            None => Ok(value.clone()),
        },
        (ArgumentKind::Vector | ArgumentKind::Operators | ArgumentKind::Sum, _) => {
            Err(wrong_type(definition, value, of))
        }
        (_, Value::Real(x)) if in_range(*x) => Ok(value.clone()),
        (_, Value::Real(x)) => Err(range_error(format!("{x}"))),
        _ => Err(wrong_type(definition, value, of)),
    }
}

fn wrong_type(definition: &Argument, value: &Value, of: &str) -> ModelError {
    let found = match value {
        Value::Real(x) => format!("the number {x}"),
        Value::Complex(z) => format!("the pair [{}, {}]", z.re, z.im),
        Value::Vector(v) => format!("the vector {v:?}"),
        Value::Words(words) => format!("a list of {} words", words.len()),
        Value::Sum(terms) => format!("a sum of {} products", terms.len()),
    };
    ModelError::WrongType {
        key: definition.key.to_owned(),
        of: of.to_owned(),
        expected: definition.kind.allowed().to_owned(),
        found,
    }
}

/// The known name nearest to `name` in edit distance, when near enough to be a likely slip.
pub fn nearest(name: &str, known: &[&str]) -> Option<String> {
    let limit = 1 + name.chars().count() / 3;
    let best = known.iter().map(|k| (edit_distance(name, k), *k)).min()?;
    (best.0 <= limit).then(|| best.1.to_owned())
}

/// Levenshtein distance, case ignored.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substitution = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substitution.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

impl SubjectKind {
    /// Resolves names to numbers.
    ///
    /// # Errors
    /// [`ModelError::UnknownName`] for a name the model lacks, [`ModelError::OutOfRange`] when these are not
    /// the subsystems that the entry acts on, or when an entry on two subsystems names the same one twice.
    pub fn resolve(
        self,
        model: &Model,
        modes: &[String],
        ensembles: &[String],
        of: &str,
    ) -> Result<Subject, ModelError> {
        let subject = Subject {
            modes: modes.iter().map(|n| model.mode_number(n)).collect::<Result<_, _>>()?,
            ensembles: ensembles.iter().map(|n| model.ensemble_number(n)).collect::<Result<_, _>>()?,
        };
        if (modes.len(), ensembles.len()) != self.counts() {
            return Err(ModelError::OutOfRange {
                key: "subject".to_owned(),
                of: of.to_owned(),
                value: format!("{:?}", [modes, ensembles].concat()),
                allowed: self.allowed().to_owned(),
            });
        }
        for (numbers, names, key) in
            [(&subject.modes, modes, "modes"), (&subject.ensembles, ensembles, "ensembles")]
        {
            if numbers.len() == 2 && numbers[0] == numbers[1] {
                return Err(ModelError::OutOfRange {
                    key: key.to_owned(),
                    of: of.to_owned(),
                    value: format!("{names:?}"),
                    allowed: "two different names".to_owned(),
                });
            }
        }
        Ok(subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_slips_and_rejects_strangers() {
        assert_eq!(nearest("emision", &["emission", "pumping"]), Some("emission".into()));
        assert_eq!(nearest("xyz", &["emission", "pumping"]), None);
        assert_eq!(edit_distance("kitten", "sitting"), 3);
    }
}
