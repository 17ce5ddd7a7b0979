//! Subject and arguments of one interaction or channel.

use serde_json::{Map, Value as Json, json};
use superladder_model::{
    Argument, ArgumentKind, Channel, Model, ModelError, SubjectKind, Subsystem, TimeFunction, Value,
};

use crate::distribution::Distribution;
use crate::error::StudyError;
use crate::in_time::{Clock, Varying};
use crate::section::Section;

type Result<T> = std::result::Result<T, StudyError>;

/// Subject and arguments of one interaction or channel, as read.
pub(crate) struct Entry {
    pub(crate) subject: Vec<(&'static str, Vec<String>)>,
    pub(crate) modes: Vec<String>,
    pub(crate) ensembles: Vec<String>,
    /// Values; of what follows time those at the start.
    pub(crate) given: Vec<(String, Value)>,
    pub(crate) varying: Vec<Varying>,
    /// Numbers that are distributed over spins, of value 1 among those given.
    pub(crate) spread: Vec<(&'static str, Distribution)>,
}

impl Entry {
    /// What is given, one value another one.
    pub(crate) fn with(&self, key: &str, value: Value) -> Given {
        let others = self.given.iter().filter(|(known, _)| known != key).cloned();
        others.chain([(key.to_owned(), value)]).collect()
    }

    pub(crate) fn read(
        section: &Section<'_>,
        kind: SubjectKind,
        arguments: &[Argument],
        clock: Clock,
    ) -> Result<Self> {
        let (mut given, varying) = arguments_in_time(section, arguments, clock)?;
        let mut spread = Vec::new();
        for argument in arguments {
            let found = section.distribution(argument.key)?;
            spread.extend(found.map(|distribution| (argument.key, distribution)));
        }
        given.extend(spread.iter().map(|(key, _)| ((*key).to_owned(), Value::Real(1.0))));
        let (subject, modes, ensembles) = (Vec::new(), Vec::new(), Vec::new());
        let mut entry = Self { subject, modes, ensembles, given, varying, spread };
        for &key in kind.keys() {
            let names = if key.ends_with('s') {
                let names = section.words(key)?.unwrap_or_default();
                if names.len() != 2 {
                    return Err(section.wrong(key, "a list of two names such as [\"S\", \"T\"]"));
                }
                names
            } else {
                vec![section.required_text(key, &format!("the name of the {key} it acts on"))?.to_owned()]
            };
            let list = if key.starts_with("mode") { &mut entry.modes } else { &mut entry.ensembles };
            list.extend(names.iter().cloned());
            entry.subject.push((key, names));
        }
        Ok(entry)
    }

    pub(crate) fn resolved(&self, kind: &str, arguments: &[Argument]) -> Json {
        let mut resolved = Map::new();
        resolved.insert("kind".into(), kind.into());
        for (key, names) in &self.subject {
            let value = if key.ends_with('s') { json!(names) } else { json!(names[0]) };
            resolved.insert((*key).into(), value);
        }
        resolved.extend(resolve(arguments, &self.given));
        resolved.extend(self.varying.iter().map(|v| (v.key.to_owned(), v.shown())));
        resolved
            .extend(self.spread.iter().map(|(key, distribution)| ((*key).to_owned(), distribution.shown())));
        resolved.into()
    }

    /// The channel called `kind` as a function of time.
    pub(crate) fn in_time(
        &self,
        kind: String,
        model: &Model,
        frequencies: &[(Subsystem, TimeFunction)],
    ) -> impl Fn(f64) -> std::result::Result<Channel, ModelError> + Clone + Send + Sync + 'static + use<>
    {
        let (modes, ensembles, given) = (self.modes.clone(), self.ensembles.clone(), self.given.clone());
        let (varying, frequencies) = (self.varying.clone(), frequencies.to_vec());
        let subsystems = model.with_frequencies(&[]);
        move |t| {
            let of_time: Vec<_> = frequencies.iter().map(|(s, function)| (*s, function.at(t))).collect();
            let mut given = given.clone();
            for (key, value) in &mut given {
                if let Some(varying) = varying.iter().find(|v| v.key == key) {
                    *value = varying.at(t);
                }
            }
            Channel::new(&subsystems.with_frequencies(&of_time), &kind, &modes, &ensembles, &given)
        }
    }
}

fn is_finite(value: &Value) -> bool {
    match value {
        Value::Real(x) => x.is_finite(),
        Value::Complex(z) => z.is_finite(),
        Value::Vector(_) | Value::Words(_) | Value::Sum(_) => true,
    }
}

/// Arguments as they are at the start, and those that follow time.
fn arguments_in_time(
    section: &Section<'_>,
    arguments: &[Argument],
    clock: Clock,
) -> Result<(Given, Vec<Varying>)> {
    let (mut given, mut following) = (Vec::new(), Vec::new());
    for argument in arguments {
        if let Some(varying) = section.argument_in_time(argument.key, argument.kind, clock)? {
            let start = varying.at(clock.start);
            if !is_finite(&start) {
                let allowed =
                    format!("finite at all times of the run, which it is not at t = {}", clock.start);
                return Err(section.wrong(argument.key, allowed));
            }
            given.push((argument.key.to_owned(), start));
            following.push(varying);
        } else if section.distribution(argument.key)?.is_none()
            && let Some(value) = section.argument(argument.key, argument.kind)?
        {
            given.push((argument.key.to_owned(), value));
        }
    }
    Ok((given, following))
}

/// Values of arguments by key.
pub(crate) type Given = Vec<(String, Value)>;

pub(crate) fn read_arguments(section: &Section<'_>, arguments: &[Argument]) -> Result<Vec<(String, Value)>> {
    let mut given = Vec::new();
    for argument in arguments {
        given.extend(
            section.argument(argument.key, argument.kind)?.map(|value| (argument.key.to_owned(), value)),
        );
    }
    Ok(given)
}

/// Every argument with the value in force: the one given or the default.
pub(crate) fn resolve(arguments: &[Argument], given: &[(String, Value)]) -> Map<String, Json> {
    let value = |argument: &Argument| match given.iter().find(|(key, _)| key == argument.key) {
        Some((_, Value::Real(x))) if argument.kind == ArgumentKind::Count => json!(*x as u64),
        Some((_, Value::Real(x))) => json!(x),
        Some((_, Value::Complex(z))) => json!([z.re, z.im]),
        Some((_, Value::Vector(v))) => json!(v),
        Some((_, Value::Words(words))) => json!(words),
        Some((_, Value::Sum(terms))) => terms
            .iter()
            .map(|(z, words)| json!({ "operators": words, "coefficient": [z.re, z.im] }))
            .collect(),
        None => json!(argument.default),
    };
    arguments.iter().map(|argument| (argument.key.to_owned(), value(argument))).collect()
}
