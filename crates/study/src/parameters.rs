//! Named numbers of a study, and their new values after quenches.

use std::sync::Arc;

use crate::source::Source;
use superladder_model::nearest;

use crate::error::{Fault, StudyError};
use crate::expression::{is_reserved, is_symbol};
use crate::scope::{self, Scope};
use crate::section::Section;

/// New values of parameters from a time on.
#[derive(Debug, Clone)]
pub(crate) struct Quench {
    pub(crate) time: f64,
    /// Every parameter set up to and including this quench.
    pub(crate) set: Vec<(String, f64)>,
    /// Place in the file.
    pub(crate) span: std::ops::Range<usize>,
}

/// Evaluates the parameters in order, those in `set` taking their value from there; later ones may refer to
/// earlier ones, so what is derived from a changed parameter changes with it.
pub(crate) fn evaluate(
    source: &Arc<Source>,
    root: &toml::Spanned<toml::de::DeTable<'_>>,
    set: &[(String, f64)],
) -> Result<Scope, StudyError> {
    let mut scope = Scope { source: Arc::clone(source), parameters: Vec::new(), functions: Vec::new() };
    let Some(value) = root.get_ref().get("parameters") else { return Ok(scope) };
    let wrong = Fault::Value {
        key: "parameters".into(),
        of: "the study".into(),
        allowed: "a table of numbers".into(),
        found: super::section::describe(value.get_ref()),
    };
    let table = value.get_ref().as_table().ok_or_else(|| wrong.at(source, value.span()))?;
    for (key, value) in table {
        let name: &str = key.get_ref();
        let number = {
            let section = Section::new(&scope, "the parameters", table, value.span());
            if name == scope::TIME {
                return Err(section.wrong(name, "named otherwise: `t` is the time in expressions"));
            }
            if !is_symbol(name) || is_reserved(name) {
                let allowed = "named by letters, digits and '_', and not as a function or constant is";
                return Err(section.wrong(name, allowed));
            }
            let set = set.iter().find(|(changed, _)| changed == name);
            let function = value.get_ref().as_str().and_then(|text| scope::function_of(text, &scope));
            match (set, function) {
                (Some((_, number)), _) => *number,
                (None, Some(function)) => {
                    scope.functions.push((name.to_owned(), function));
                    continue;
                }
                (None, None) => section.to_number(name, value)?,
            }
        };
        scope.parameters.push((name.to_owned(), number));
    }
    Ok(scope)
}

/// Reads the list of quenches; times increase and lie inside `(start, end)`.
pub(crate) fn quenches(root: &Section<'_>, start: f64, end: f64) -> Result<Vec<Quench>, StudyError> {
    let mut quenches: Vec<Quench> = Vec::new();
    for section in root.sections("quenches", "quench")? {
        let time = section.required_number("time", "when the parameters change")?;
        let earliest = quenches.last().map_or(start, |q| q.time);
        if !(time > earliest && time < end) {
            return Err(section.wrong("time", format!("after {earliest} and before the end at {end}")));
        }
        let mut set = quenches.last().map(|q| q.set.clone()).unwrap_or_default();
        let changes = section.section("set", "`set` of a quench")?;
        let changes = changes.ok_or_else(|| section.wrong("set", "a table such as { lambda = 0.7 }"))?;
        for name in changes.keys() {
            let number = changes.required_number(name, "a number")?;
            known_parameter(&changes, name)?;
            set.retain(|(known, _)| known != name);
            set.push((name.to_owned(), number));
        }
        let span = section.span_of("set");
        section.finish()?;
        quenches.push(Quench { time, set, span });
    }
    Ok(quenches)
}

fn known_parameter(section: &Section<'_>, name: &str) -> Result<(), StudyError> {
    let scope = section.scope();
    let functions = scope.functions.iter().map(|(k, _)| k.as_str());
    let known: Vec<&str> = scope.parameters.iter().map(|(k, _)| k.as_str()).chain(functions).collect();
    if known.contains(&name) {
        return Ok(());
    }
    let fault = Fault::UnknownName {
        kind: "parameter",
        name: name.to_owned(),
        nearest: nearest(name, &known),
        known: known.iter().map(ToString::to_string).collect(),
    };
    Err(section.fault(name, fault))
}
