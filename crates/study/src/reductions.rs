//! The list `reductions` of the table `output`: numbers read off columns over time.

use superladder_analysis::{REDUCTIONS, Reduction};
use superladder_engine::{End, Problem};
use superladder_model::{Shape, nearest};

use crate::error::{Fault, StudyError};
use crate::expression::evaluate;
use crate::section::Section;

/// How a reduction is written.
pub(crate) const FORM: &str = "KIND COLUMN [above LEVEL or below LEVEL] [from TIME] [to TIME] [in dB], such as \"minimum photons(a) from 2 to 10\"";
/// The words that end what stands before them.
const KEYWORDS: [&str; 5] = ["above", "below", "from", "to", "in"];

/// A number that a study wants of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct ReductionEntry {
    /// As it is written, with single spaces: its name in tables and pictures.
    pub name: String,
    /// The column.
    pub column: String,
    /// What is read off it.
    pub reduction: Reduction,
    /// In decibels, `10 log10 x`.
    pub decibels: bool,
}

/// Names of the columns with one number a time that `problem` has. Distributions over more levels or ladders than
/// anybody names are left out: nothing is listed that has no measure.
pub(crate) fn columns(problem: &Problem) -> Vec<String> {
    const MOST: f64 = 1e4;
    let levels = problem.levels();
    let scalar = |o: &&superladder_model::Observable| {
        o.count(problem.model(), &levels) <= MOST
            && !matches!(o.shape(problem.model(), &levels), Shape::Matrix(_) | Shape::Blocks(_))
    };
    let observables = problem.observables.iter().filter(scalar);
    observables.flat_map(|o| o.columns(problem.model(), &levels)).collect()
}

/// Reads the list, if there is one; every column must be one of `problem`, every window hold a time.
pub(crate) fn read(root: &Section<'_>, problem: &Problem) -> Result<Vec<ReductionEntry>, StudyError> {
    let Some(section) = root.section("output", "output")? else { return Ok(Vec::new()) };
    let words = section.words("reductions")?.unwrap_or_default();
    let known = columns(problem);
    let mut entries: Vec<ReductionEntry> = Vec::new();
    for text in &words {
        let reading = Reading { section: &section, text, known: &known, problem };
        let entry = reading.entry()?;
        if entries.iter().any(|other| other.name == entry.name) {
            return Err(reading.conflict(format!("'{}' is there twice", entry.name)));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// One reduction on its way from words.
struct Reading<'a> {
    section: &'a Section<'a>,
    text: &'a str,
    known: &'a [String],
    problem: &'a Problem,
}

impl Reading<'_> {
    fn at(&self, fault: Fault) -> StudyError {
        let span = self.section.span_of_text(self.text).unwrap_or_else(|| self.section.span_of("reductions"));
        fault.at(&self.section.scope().source, span)
    }

    fn conflict(&self, conflict: String) -> StudyError {
        self.at(Fault::Conflict { of: format!("reduction \"{}\"", self.text), conflict })
    }

    fn unknown(&self, kind: &'static str, name: &str, known: &[&str]) -> StudyError {
        let all = known.iter().map(ToString::to_string).collect();
        self.at(Fault::UnknownName { kind, name: name.to_owned(), nearest: nearest(name, known), known: all })
    }

    fn entry(&self) -> Result<ReductionEntry, StudyError> {
        let words: Vec<&str> = self.text.split_whitespace().collect();
        let Some((kind, rest)) = words.split_first() else {
            return Err(self.conflict(format!("must read {FORM}")));
        };
        let names: Vec<&str> = REDUCTIONS.iter().map(|r| r.name).collect();
        let definition = REDUCTIONS.iter().find(|r| r.name == *kind);
        let definition = definition.ok_or_else(|| self.unknown("reduction", kind, &names))?;
        let clauses = clauses(rest);
        let column = self.column(&clauses[0].1)?;
        let of = |keyword: &str| {
            clauses[1..].iter().find(|(word, _)| *word == keyword).map(|(_, text)| text.as_str())
        };
        for (place, (keyword, _)) in clauses.iter().enumerate().skip(1) {
            let level = ["above", "below"].contains(keyword);
            if level && definition.level != Some(keyword) {
                let takes =
                    definition.level.map_or("no level".to_owned(), |word| format!("a level after '{word}'"));
                return Err(self.conflict(format!("'{kind}' takes {takes}, not '{keyword}'")));
            }
            if clauses[1..place].iter().any(|(word, _)| word == keyword) {
                return Err(self.conflict(format!("'{keyword}' is there twice")));
            }
        }
        let level = match definition.level {
            None => 0.0,
            Some(word) => match of(word) {
                Some(text) => self.number(text)?,
                None => return Err(self.conflict(format!("'{kind}' needs '{word}' and a level"))),
            },
        };
        let time = |word| of(word).map(|text| self.number(text)).transpose();
        let (from, to) = (time("from")?, time("to")?);
        let reduction = Reduction { quantity: (definition.quantity)(level), from, to };
        self.check_window(&reduction, definition.name)?;
        let decibels = match of("in") {
            None => false,
            Some("dB") if reduction.is_time() => return Err(self.conflict("a time has no decibels".into())),
            Some("dB") => true,
            Some(other) => return Err(self.conflict(format!("'in' must be followed by 'dB', not '{other}'"))),
        };
        Ok(ReductionEntry { name: words.join(" "), column, reduction, decibels })
    }

    /// The column of that name, with or without spaces.
    fn column(&self, name: &str) -> Result<String, StudyError> {
        if name.is_empty() {
            return Err(self.conflict(format!("must read {FORM}")));
        }
        let squeezed = |text: &str| text.replace(' ', "");
        let found = self.known.iter().find(|known| squeezed(known) == squeezed(name));
        let known: Vec<&str> = self.known.iter().map(String::as_str).collect();
        found.cloned().ok_or_else(|| self.unknown("column", name, &known))
    }

    fn number(&self, text: &str) -> Result<f64, StudyError> {
        let of = format!("reduction \"{}\"", self.text);
        let scope = self.section.scope();
        evaluate(text, &scope.parameters)
            .map_err(|error| self.at(Fault::Expression { key: "reductions".into(), of, error }))
    }

    /// Sees to it that the window lies within the times of the study and holds enough of them.
    fn check_window(&self, reduction: &Reduction, kind: &str) -> Result<(), StudyError> {
        let times = &self.problem.times;
        if self.problem.end == End::Stationary {
            let plain = kind == "final" && reduction.from.is_none() && reduction.to.is_none();
            let conflict = "in the steady state there are no times: only 'final COLUMN' is possible";
            return if plain { Ok(()) } else { Err(self.conflict(conflict.into())) };
        }
        let (first, last) = (times[0], times[times.len() - 1]);
        let slack = 1e-9 * (last - first);
        for (word, time) in [("from", reduction.from), ("to", reduction.to)] {
            if let Some(time) = time.filter(|t| !(first - slack..=last + slack).contains(t)) {
                return Err(self.conflict(format!(
                    "'{word} {time}' lies outside of the times of the study, {first} to {last}"
                )));
            }
        }
        let count = reduction.rows(times).len();
        let needed = if kind == "final" { 1 } else { 2 };
        if count < needed {
            let (from, to) = (reduction.from.unwrap_or(first), reduction.to.unwrap_or(last));
            return Err(self.conflict(format!(
                "the window from {from} to {to} holds {count} of the output times, but at least {needed} are needed"
            )));
        }
        Ok(())
    }
}

/// The words before the first keyword, without one, then every keyword with the words after it.
fn clauses<'a>(words: &[&'a str]) -> Vec<(&'a str, String)> {
    let mut clauses: Vec<(&str, String)> = vec![("", String::new())];
    for word in words {
        if KEYWORDS.contains(word) {
            clauses.push((word, String::new()));
            continue;
        }
        if let Some((_, text)) = clauses.last_mut() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
    }
    clauses
}
