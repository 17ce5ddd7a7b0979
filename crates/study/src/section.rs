//! A typed reader of one table of a study: every value asked for by key, every error with its place, and
//! every key that nobody asked for reported.

use num_complex::Complex64;
use std::cell::RefCell;
use std::ops::Range;
use superladder_model::{ArgumentKind, ModelError, Value, nearest};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{Fault, StudyError};
use crate::expression::{ExpressionError, evaluate};
use crate::scope::{self, Scope};

/// One table of a study.
pub(crate) struct Section<'a> {
    scope: &'a Scope,
    /// What it is, as messages say it: "channel 'emission'".
    of: String,
    table: &'a DeTable<'a>,
    span: Range<usize>,
    asked: RefCell<Vec<String>>,
}

/// Largest whole number that a study may contain: far below 2^53, so that every one is exact as an f64.
const LARGEST_COUNT: f64 = 1e12;

/// What is allowed for a whole number, in words.
fn whole_numbers(least: usize) -> String {
    format!("an integer from {least} to {LARGEST_COUNT:e}")
}

type Result<T> = std::result::Result<T, StudyError>;

impl<'a> Section<'a> {
    /// Reads `table`, called `of` in messages; `span` stands for the whole of it.
    pub(crate) fn new(
        scope: &'a Scope,
        of: impl Into<String>,
        table: &'a DeTable<'a>,
        span: Range<usize>,
    ) -> Self {
        Self { scope, of: of.into(), table, span, asked: RefCell::default() }
    }

    /// What it is, in words.
    pub(crate) fn of(&self) -> &str {
        &self.of
    }

    /// Renames it, once its kind is known.
    pub(crate) fn rename(&mut self, of: impl Into<String>) {
        self.of = of.into();
    }

    /// The scope it is read in.
    pub(crate) fn scope(&self) -> &'a Scope {
        self.scope
    }

    /// Keys present, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.table.keys().map(|k| k.get_ref().as_ref())
    }

    /// The value under `key`, noted as asked for.
    pub(crate) fn value(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().push(key.to_owned());
        self.table.get(key)
    }

    /// Refuses keys that were never asked for.
    pub(crate) fn finish(self) -> Result<()> {
        self.check_keys()
    }

    /// [`Section::finish`] of a section that goes on being read.
    pub(crate) fn check_keys(&self) -> Result<()> {
        let asked = self.asked.borrow();
        for key in self.table.keys() {
            let name: &str = key.get_ref().as_ref();
            if asked.iter().any(|a| a == name) {
                continue;
            }
            let mut known: Vec<&str> = asked.iter().map(String::as_str).collect();
            known.sort_unstable();
            known.dedup();
            let fault = Fault::UnknownKey {
                key: name.to_owned(),
                of: self.of.clone(),
                nearest: nearest(name, &known),
                known: known.iter().map(ToString::to_string).collect(),
            };
            return Err(fault.at(&self.scope.source, key.span()));
        }
        Ok(())
    }

    /// Span of the value under `key`, or of the whole section.
    pub(crate) fn span_of(&self, key: &str) -> Range<usize> {
        self.table.get(key).map_or_else(|| self.span.clone(), Spanned::span)
    }

    /// A fault at the value under `key`, or at the whole section.
    pub(crate) fn fault(&self, key: &str, fault: Fault) -> StudyError {
        fault.at(&self.scope.source, self.span_of(key))
    }

    /// A value that is not what is allowed.
    pub(crate) fn wrong(&self, key: &str, allowed: impl Into<String>) -> StudyError {
        let found = self.table.get(key).map_or("absent".to_owned(), |v| self.shown(v.get_ref()));
        let fault = Fault::Value { key: key.to_owned(), of: self.of.clone(), allowed: allowed.into(), found };
        self.fault(key, fault)
    }

    /// A value in words: of an expression also what it amounts to.
    fn shown(&self, value: &DeValue<'_>) -> String {
        let amount = value.as_str().and_then(|text| evaluate(text, &self.scope.parameters).ok());
        amount.map_or_else(|| describe(value), |x| format!("{}, which is {x}", describe(value)))
    }

    fn missing(&self, key: &str, allowed: &str) -> StudyError {
        let fault = Fault::Missing { key: key.to_owned(), of: self.of.clone(), allowed: allowed.to_owned() };
        fault.at(&self.scope.source, self.span.clone())
    }

    /// Places a fault of the model at the key or the name that it is about.
    pub(crate) fn model_fault(&self, error: ModelError) -> StudyError {
        let span = match &error {
            ModelError::UnknownKey { key, .. } => self.key_span(key),
            ModelError::OutOfRange { key, .. } | ModelError::WrongType { key, .. } => Some(self.span_of(key)),
            ModelError::UnknownName { name, .. } => self.span_of_text(name),
            ModelError::OperatorText { text, .. } | ModelError::Observable { text, .. } => {
                self.span_of_text(text)
            }
            ModelError::Missing { .. } | ModelError::DuplicateName { .. } => None,
        };
        Fault::Model(error).at(&self.scope.source, span.unwrap_or_else(|| self.span.clone()))
    }

    /// Where the name of a key stands.
    pub(crate) fn key_span(&self, key: &str) -> Option<Range<usize>> {
        self.table.keys().find(|k| k.get_ref() == key).map(Spanned::span)
    }

    /// Span of the first string equal to `text`, also inside lists.
    pub(crate) fn span_of_text(&self, text: &str) -> Option<Range<usize>> {
        let matches =
            |v: &&Spanned<DeValue<'_>>| v.get_ref().as_str().is_some_and(|s| s.trim() == text.trim());
        self.table.values().find_map(|value| match value.get_ref() {
            DeValue::Array(items) => items.iter().find(matches).map(Spanned::span),
            _ => Some(value).filter(matches).map(Spanned::span),
        })
    }

    /// The table under `key`.
    pub(crate) fn section(&self, key: &str, of: impl Into<String>) -> Result<Option<Section<'a>>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let table = value.get_ref().as_table().ok_or_else(|| self.wrong(key, "a table"))?;
        Ok(Some(Section::new(self.scope, of, table, value.span())))
    }

    /// The list of tables under `key` (`[[key]]`); an absent list is empty.
    pub(crate) fn sections(&self, key: &str, of: &str) -> Result<Vec<Section<'a>>> {
        let Some(value) = self.value(key) else { return Ok(Vec::new()) };
        let wrong = || self.wrong(key, format!("a list of tables, written [[{key}]]"));
        let items = value.get_ref().as_array().ok_or_else(wrong)?;
        let section = |(i, item): (usize, &'a Spanned<DeValue<'a>>)| {
            let table = item.get_ref().as_table().ok_or_else(wrong)?;
            Ok(Section::new(self.scope, format!("{of} number {i}"), table, item.span()))
        };
        items.iter().enumerate().map(section).collect()
    }

    /// A finite or infinite number (never an error of range), given as a number or as an expression.
    pub(crate) fn number(&self, key: &str) -> Result<Option<f64>> {
        self.value(key).map(|v| self.to_number(key, v)).transpose()
    }

    /// A number that must be there.
    pub(crate) fn required_number(&self, key: &str, allowed: &str) -> Result<f64> {
        self.number(key)?.ok_or_else(|| self.missing(key, allowed))
    }

    /// A whole number of at least `least` that must be there.
    pub(crate) fn required_count(&self, key: &str, least: usize) -> Result<usize> {
        self.count(key, least)?.ok_or_else(|| self.missing(key, &whole_numbers(least)))
    }

    /// A whole number of at least `least` and at most [`LARGEST_COUNT`].
    pub(crate) fn count(&self, key: &str, least: usize) -> Result<Option<usize>> {
        let Some(x) = self.number(key)? else { return Ok(None) };
        let good = x.fract() == 0.0 && (least as f64..=LARGEST_COUNT).contains(&x);
        if good { Ok(Some(x as usize)) } else { Err(self.wrong(key, whole_numbers(least))) }
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self, key: &str) -> Result<Option<bool>> {
        let as_boolean = |v: &Spanned<DeValue<'_>>| v.get_ref().as_bool();
        self.value(key).map(|v| as_boolean(v).ok_or_else(|| self.wrong(key, "true or false"))).transpose()
    }

    /// A string.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>> {
        self.value(key).map(|v| v.get_ref().as_str().ok_or_else(|| self.wrong(key, "a string"))).transpose()
    }

    /// A string that must be there.
    pub(crate) fn required_text(&self, key: &str, allowed: &str) -> Result<&'a str> {
        self.text(key)?.ok_or_else(|| self.missing(key, allowed))
    }

    /// One of a few names.
    pub(crate) fn choice(&self, key: &str, kind: &'static str, known: &[&str]) -> Result<Option<&'a str>> {
        let Some(name) = self.text(key)? else { return Ok(None) };
        if known.contains(&name) {
            return Ok(Some(name));
        }
        let known_names = known.iter().map(ToString::to_string).collect();
        let fault = Fault::UnknownName {
            kind,
            name: name.to_owned(),
            nearest: nearest(name, known),
            known: known_names,
        };
        Err(self.fault(key, fault))
    }

    /// A list of numbers.
    pub(crate) fn numbers(&self, key: &str) -> Result<Option<Vec<f64>>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let items = value.get_ref().as_array().ok_or_else(|| self.wrong(key, "a list of numbers"))?;
        items.iter().map(|v| self.to_number(key, v)).collect::<Result<_>>().map(Some)
    }

    /// A list of strings.
    pub(crate) fn words(&self, key: &str) -> Result<Option<Vec<String>>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let wrong = || self.wrong(key, "a list of strings");
        let items = value.get_ref().as_array().ok_or_else(wrong)?;
        let word = |v: &Spanned<DeValue<'_>>| v.get_ref().as_str().map(str::to_owned).ok_or_else(wrong);
        items.iter().map(word).collect::<Result<_>>().map(Some)
    }

    /// A value of the kind that a table of the model asks for; only the form is checked, the range by the
    /// model.
    pub(crate) fn argument(&self, key: &str, kind: ArgumentKind) -> Result<Option<Value>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let wrong = || self.wrong(key, kind.allowed());
        Ok(Some(match (kind, value.get_ref()) {
            (ArgumentKind::Operators, DeValue::Array(_)) => {
                Value::Words(self.words(key)?.unwrap_or_default())
            }
            (ArgumentKind::Sum, DeValue::Array(_)) => Value::Sum(self.sum(key)?),
            (ArgumentKind::Complex, DeValue::Array(_)) => match self.numbers(key)?.as_deref() {
                Some([re, im]) => Value::Complex(Complex64::new(*re, *im)),
                _ => return Err(wrong()),
            },
            (ArgumentKind::Vector, DeValue::Array(_)) => match self.numbers(key)?.as_deref() {
                Some([x, y, z]) => Value::Vector([*x, *y, *z]),
                _ => return Err(wrong()),
            },
            (ArgumentKind::Operators | ArgumentKind::Sum | ArgumentKind::Vector, _) => return Err(wrong()),
            _ => Value::Real(self.to_number(key, value).map_err(|e| with_allowed(e, kind))?),
        }))
    }

    /// Products of operator words with their coefficients: a list of tables `{ operators, coefficient }`.
    pub(crate) fn sum(&self, key: &str) -> Result<Vec<(Complex64, Vec<String>)>> {
        let term = |section: Section<'a>| {
            let words = section.words("operators")?;
            let words =
                words.ok_or_else(|| section.missing("operators", ArgumentKind::Operators.allowed()))?;
            let coefficient = match section.argument("coefficient", ArgumentKind::Complex)? {
                Some(Value::Complex(z)) => z,
                Some(Value::Real(x)) => Complex64::from(x),
                _ => Complex64::ONE,
            };
            section.finish()?;
            Ok((coefficient, words))
        };
        self.sections(key, "term")?.into_iter().map(term).collect()
    }

    /// A number or the value of an expression.
    pub(crate) fn to_number(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<f64> {
        let wrong = || {
            let found = describe(value.get_ref());
            let (key, of) = (key.to_owned(), self.of.clone());
            let allowed = "a number or a string with an expression such as \"2*pi\"".to_owned();
            Fault::Value { key, of, allowed, found }.at(&self.scope.source, value.span())
        };
        match value.get_ref() {
            DeValue::Integer(i) => {
                let digits = i.as_str().replace('_', "");
                i64::from_str_radix(&digits, i.radix()).map(|i| i as f64).map_err(|_| wrong())
            }
            DeValue::Float(x) => x.as_str().replace('_', "").parse().map_err(|_| wrong()),
            DeValue::String(text) => evaluate(text, &self.scope.parameters).map_err(|error| {
                if scope::function_of(text, self.scope).is_some() {
                    let (key, of) = (key.to_owned(), self.of.clone());
                    let (allowed, found) = (scope::CONSTANT.to_owned(), describe(value.get_ref()));
                    return Fault::Value { key, of, allowed, found }.at(&self.scope.source, value.span());
                }
                self.expression_fault_at(key, (text, value.span()), error)
            }),
            _ => Err(wrong()),
        }
    }

    /// A fault in the expression `text`, wherever it stands in this section.
    pub(crate) fn expression_fault(&self, key: &str, text: &str, error: ExpressionError) -> StudyError {
        let span = self.span_of_text(text).unwrap_or_else(|| self.span.clone());
        self.expression_fault_at(key, (text, span), error)
    }

    fn expression_fault_at(
        &self,
        key: &str,
        (text, span): (&str, Range<usize>),
        error: ExpressionError,
    ) -> StudyError {
        let span = self.place_in_text(&span, text, error.place());
        let fault = Fault::Expression { key: key.to_owned(), of: self.of.clone(), error };
        fault.at(&self.scope.source, span)
    }

    /// Narrows the span of a string to the place of an error in it, where the string is written without
    /// escapes.
    fn place_in_text(&self, span: &Range<usize>, text: &str, place: Option<(usize, usize)>) -> Range<usize> {
        let raw = self.scope.source.text().get(span.clone()).unwrap_or_default();
        match place {
            Some((position, length)) if raw.len() == text.len() + 2 && position < text.len() => {
                let start = span.start + 1 + position;
                start..start + length
            }
            _ => span.clone(),
        }
    }
}

/// Says what the argument allows instead of the general form.
fn with_allowed(mut error: StudyError, kind: ArgumentKind) -> StudyError {
    if let StudyError::Invalid(complaint) = &mut error
        && let Fault::Value { allowed, .. } = &mut complaint.fault
    {
        kind.allowed().clone_into(allowed);
    }
    error
}

/// A value in words.
pub(crate) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(s) => format!("the string \"{s}\""),
        DeValue::Integer(i) => i.to_string(),
        DeValue::Float(x) => x.to_string(),
        DeValue::Boolean(b) => b.to_string(),
        DeValue::Datetime(d) => format!("the date {d}"),
        DeValue::Array(items) => format!("a list of {} values", items.len()),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
