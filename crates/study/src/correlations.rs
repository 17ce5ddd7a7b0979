//! The tables `correlations` of a study: which correlations of two times, at which frequencies and delays.

use std::ops::Range;

use serde_json::{Map, Value as Json, json};
use superladder_engine::{End, Problem};
use superladder_model::{Correlation, CorrelationDefinition, Model, Operator, SubjectKind};
use toml::de::DeValue;

use crate::error::{Fault, StudyError};
use crate::section::Section;

/// A correlation of two times that a study asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct CorrelationEntry {
    /// What it is called in tables, pictures and names of files.
    pub name: String,
    /// Its formula: of the table of correlations, or as it is written.
    pub formula: String,
    /// The operators.
    pub correlation: Correlation,
    /// The ensemble of which one spin is told from the others: the operators are those of
    /// [`Model::with_tagged_spin`].
    pub tagged: Option<usize>,
    /// Angular frequencies of its spectrum, increasing; `None`: what resolves the line.
    pub frequencies: Option<Vec<f64>>,
    /// The time that it begins at; `None`: in the stationary state.
    pub start: Option<f64>,
    /// Delays, increasing from 0 on; `None`: until it has decayed.
    pub delays: Option<Vec<f64>>,
    /// Where it stands.
    pub(crate) span: Range<usize>,
}

/// Most points of a grid.
const MOST: usize = 100_000;
/// What a grid may be.
const GRID: &str =
    "a table { from, to, points } or a list of at least three finite, strictly increasing numbers";

/// Reads the list of tables, if the study has one, and shows it as resolved.
pub(crate) fn read(
    root: &Section<'_>,
    problem: &Problem,
) -> Result<(Vec<CorrelationEntry>, Vec<Json>), StudyError> {
    let (mut entries, mut shown): (Vec<CorrelationEntry>, Vec<Json>) = (Vec::new(), Vec::new());
    for section in root.sections("correlations", "correlation")? {
        let (entry, resolved) = entry(section, problem, &entries)?;
        entries.push(entry);
        shown.push(resolved);
    }
    Ok((entries, shown))
}

fn entry(
    mut section: Section<'_>,
    problem: &Problem,
    before: &[CorrelationEntry],
) -> Result<(CorrelationEntry, Json), StudyError> {
    let (model, name) = (problem.model(), name(&section, before)?);
    section.rename(format!("correlation '{name}'"));
    let mut resolved = Map::new();
    resolved.insert("name".into(), name.as_str().into());
    let (correlation, formula, tagged) = match (section.value("kind"), section.value("operators")) {
        (Some(_), None) => named(&section, model, &mut resolved)?,
        (None, Some(_)) => own(&section, model, &mut resolved)?,
        (Some(_), Some(_)) => {
            return Err(conflict(&section, "operators", "give `kind` or `operators`, not both"));
        }
        (None, None) => {
            return Err(conflict(
                &section,
                "name",
                "needs `kind` (see `superladder list correlations`) or `operators = { a = [...], b = [...] }`",
            ));
        }
    };
    let correlation = connected(&section, correlation)?;
    let start = start(&section, problem)?;
    let frequencies = grid(&section, "frequencies")?;
    if frequencies.is_some() && correlation.c.is_some() {
        return Err(conflict(&section, "frequencies", "a spectrum is one of two operators, this has three"));
    }
    if frequencies.is_some() && start.is_some() {
        let why = "a spectrum is that of a stationary state, and this correlation begins at a time, when the state still moves";
        return Err(conflict(&section, "frequencies", why));
    }
    let delays = grid(&section, "delays")?;
    if delays.as_ref().is_some_and(|delays| delays[0] < 0.0) {
        return Err(section.wrong("delays", "numbers >= 0"));
    }
    resolved.insert("connected".into(), correlation.connected.into());
    resolved.insert("start".into(), start.map_or_else(|| "steady".into(), Json::from));
    resolved.insert("frequencies".into(), json!(frequencies));
    resolved.insert("delays".into(), json!(delays));
    let span = section.key_span("name").unwrap_or(0..0);
    section.finish()?;
    let entry = CorrelationEntry { name, formula, correlation, tagged, frequencies, start, delays, span };
    Ok((entry, resolved.into()))
}

fn conflict(section: &Section<'_>, key: &str, conflict: &str) -> StudyError {
    section.fault(key, Fault::Conflict { of: section.of().to_owned(), conflict: conflict.to_owned() })
}

/// A name that no other entry has and that can be the name of a file.
fn name(section: &Section<'_>, before: &[CorrelationEntry]) -> Result<String, StudyError> {
    const ALLOWED: &str = "1 to 60 letters a-z, digits, `-` and `_`, and the name of no other correlation";
    let name = section.required_text("name", ALLOWED)?;
    let good = (1..=60).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let taken = before.iter().any(|other| other.name.eq_ignore_ascii_case(name));
    if good && !taken { Ok(name.to_owned()) } else { Err(section.wrong("name", ALLOWED)) }
}

/// A correlation, its formula, and the ensemble with a tagged spin.
type Operators = (Correlation, String, Option<usize>);

/// An entry of the table of correlations.
fn named(
    section: &Section<'_>,
    model: &Model,
    resolved: &mut Map<String, Json>,
) -> Result<Operators, StudyError> {
    let kind = section.required_text("kind", "the name of a correlation")?;
    let definition = CorrelationDefinition::by_name(kind).map_err(|e| section.model_fault(e))?;
    resolved.insert("kind".into(), kind.into());
    let (mut modes, mut ensembles) = (Vec::new(), Vec::new());
    for &key in definition.subject.keys() {
        let subject = section.required_text(key, &format!("the name of the {key} it is taken of"))?;
        let list = if definition.subject == SubjectKind::Mode { &mut modes } else { &mut ensembles };
        list.push(subject.to_owned());
        resolved.insert(key.into(), subject.into());
    }
    let correlation =
        Correlation::new(model, kind, &modes, &ensembles).map_err(|e| section.model_fault(e))?;
    let tagged = ensembles.first().filter(|_| definition.tagged).map(|name| model.ensemble_number(name));
    let tagged = tagged.transpose().map_err(|e| section.model_fault(e))?;
    Ok((correlation, definition.formula.to_owned(), tagged))
}

/// Operators as they are written.
fn own(
    section: &Section<'_>,
    model: &Model,
    resolved: &mut Map<String, Json>,
) -> Result<Operators, StudyError> {
    const ALLOWED: &str = "a list of words such as [\"create(a)\", \"lower(S)\"]";
    let of = format!("operators of {}", section.of());
    let Some(inner) = section.section("operators", of)? else {
        return Err(section.wrong("operators", "a table { a = [...], b = [...], c = [...] }"));
    };
    let read = |key: &str| -> Result<Option<(Operator, Vec<String>)>, StudyError> {
        let Some(words) = inner.words(key)? else { return Ok(None) };
        if words.is_empty() {
            return Err(inner.wrong(key, ALLOWED));
        }
        let operator = Operator::parse_product(model, &words).map_err(|e| inner.model_fault(e))?;
        Ok(Some((operator, words)))
    };
    let required = |key: &str| {
        let found = read(key)?;
        found.ok_or_else(|| inner.wrong(key, ALLOWED))
    };
    let (a, b, c) = (required("a")?, required("b")?, read("c")?);
    let written = |words: &[String], time: &str| format!("[{}]({time})", words.join(" "));
    let earlier = c.as_ref().map_or_else(String::new, |(_, words)| format!("{} ", written(words, "t")));
    let formula = format!("<{earlier}{} {}>", written(&a.1, "t+tau"), written(&b.1, "t"));
    resolved
        .insert("operators".into(), json!({ "a": a.1, "b": b.1, "c": c.as_ref().map(|(_, words)| words) }));
    inner.finish()?;
    let c = c.map(|(operator, _)| operator);
    Ok((Correlation { a: a.0, b: b.0, c, connected: false }, formula, None))
}

fn connected(section: &Section<'_>, correlation: Correlation) -> Result<Correlation, StudyError> {
    match section.boolean("connected")? {
        Some(true) if correlation.c.is_some() => {
            Err(conflict(section, "connected", "a correlation of three operators has no connected part"))
        }
        Some(true) => Ok(correlation.connected()),
        _ => Ok(correlation),
    }
}

/// When the correlation begins; `None` for the stationary state.
fn start(section: &Section<'_>, problem: &Problem) -> Result<Option<f64>, StudyError> {
    let steady = matches!(section.value("start").map(toml::Spanned::get_ref), Some(DeValue::String(word)) if word.trim() == "steady");
    if steady || section.value("start").is_none() {
        return Ok(None);
    }
    if problem.end == End::Stationary {
        return Err(section.wrong("start", "\"steady\", since the study has no times"));
    }
    let (first, last) = (problem.times[0], problem.times[problem.times.len() - 1]);
    let allowed =
        format!("\"steady\", the stationary state, or a time from {first} to {last}, those of the study");
    // A word that is no number is told what is allowed.
    let time = section.number("start").ok().flatten().filter(|time| (first..=last).contains(time));
    time.map(Some).ok_or_else(|| section.wrong("start", allowed))
}

/// Values from a list, or evenly spaced.
fn grid(section: &Section<'_>, key: &str) -> Result<Option<Vec<f64>>, StudyError> {
    let values = match section.value(key).map(toml::Spanned::get_ref) {
        None => return Ok(None),
        Some(DeValue::Table(_)) => {
            let Some(inner) = section.section(key, format!("`{key}` of {}", section.of()))? else {
                return Ok(None);
            };
            let from = inner.number("from")?.unwrap_or(0.0);
            let to = inner.required_number("to", "a number larger than `from`")?;
            let points = inner.required_count("points", 3)?;
            if points > MOST {
                return Err(inner.wrong("points", format!("an integer from 3 to {MOST}")));
            }
            inner.finish()?;
            let last = (points - 1) as f64;
            (0..points).map(|k| from + (to - from) * k as f64 / last).collect()
        }
        Some(DeValue::Array(_)) => section.numbers(key)?.unwrap_or_default(),
        Some(_) => return Err(section.wrong(key, GRID)),
    };
    let good = (3..=MOST).contains(&values.len())
        && values.is_sorted_by(|x, y| x < y)
        && values.iter().all(|x| x.is_finite());
    if good { Ok(Some(values)) } else { Err(section.wrong(key, GRID)) }
}
