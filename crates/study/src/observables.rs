//! What a study measures: entries of the table, expectation values of its own, and arithmetic over both.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use num_complex::Complex64;
use serde_json::{Map, Value as Json, json};
use superladder_model::{
    ArgumentKind, Evaluation, Model, ModelError, OBSERVABLES, Observable, Operator, Shape, Split, TargetKind,
    observables_by_name,
};

use crate::error::{Fault, StudyError};
use crate::expression::{Expression, ExpressionError, Symbols, evaluate, is_reserved, name_at};
use crate::model::named_sections;
use crate::section::Section;

/// What is measured.
pub(crate) struct Measured {
    pub(crate) observables: Vec<Observable>,
    /// Words of `output.observables` and their places.
    pub(crate) wanted: Vec<(String, Range<usize>)>,
    /// The tables `[observables.NAME]`, for the resolved study.
    pub(crate) resolved: Map<String, Json>,
    pub(crate) warnings: Vec<String>,
}

/// What can be measured beside the entries of the table: how it is written, formula, what it is.
pub const EXPECTATIONS: [[&str; 3]; 4] = [
    [
        "expectation(operators)",
        "<O_1 O_2 ...>",
        "any product of mode and collective-spin operators, as expectation(create(a) annihilate(b)); parts re and im unless Hermitian as written",
    ],
    [
        "connected(A, B)",
        "<A B> - <A><B>",
        "connected expectation value of two products, as connected(create(a), lower(S)); parts re and im",
    ],
    [
        "quadrature(mode, angle)",
        "<a e^(-i angle) + a^dag e^(i angle)>/sqrt 2",
        "mean quadrature of a mode; angle 0 is Q, pi/2 is P; the angle may be an expression",
    ],
    [
        "arithmetic",
        "",
        "any expression of observables and parameters, as photons(a)/N or spin(S).z^2; names for it: [observables.NAME]",
    ],
];

/// The names of those that are called.
fn called() -> impl Iterator<Item = &'static str> {
    EXPECTATIONS.iter().filter_map(|e| e[0].split_once('(')).map(|(name, _)| name)
}

/// Reads `[observables.NAME]` and `output.observables`.
pub(crate) fn read(root: &Section<'_>, whole: &Model, split: &Split) -> Result<Measured, StudyError> {
    let parameters = &root.scope().parameters;
    let model = &split.naming(whole);
    let mut known = Known { model, whole, split, parameters, named: Vec::new(), used: RefCell::default() };
    let mut resolved = Map::new();
    for (name, section) in named_sections(root, "observables", "observable")? {
        let (observable, shown) = known.define(&name, &section)?;
        known.named.push(observable);
        resolved.insert(name, shown);
        section.finish()?;
    }
    let output = root.section("output", "output")?;
    let words = output.as_ref().map(|s| s.words("observables")).transpose()?.flatten();
    let reader = output.as_ref().unwrap_or(root);
    let mut observables: Vec<Observable> = Vec::new();
    for word in words.clone().unwrap_or_else(|| vec!["default".to_owned()]) {
        for observable in known.find(&word).map_err(|fault| placed(fault, reader, &word))? {
            if !observables.iter().any(|o| o.name == observable.name) {
                let fault = |error| placed(Unread::Model(error), reader, &word);
                observables.push(split.observable(whole, observable).map_err(fault)?);
            }
        }
    }
    let used = known.used.take();
    let measured = |o: &Observable| observables.iter().any(|other| other.name == o.name);
    let unused = known.named.iter().filter(|o| !used.contains(&o.name) && !measured(o));
    let warnings = unused
        .map(|o| format!("observable '{}' is defined, but `output.observables` does not name it", o.name))
        .collect();
    let place = |word: String| {
        let span = reader.span_of_text(&word).unwrap_or(0..0);
        (word, span)
    };
    let wanted = words.unwrap_or_default().into_iter().map(place).collect();
    if let Some(section) = output {
        // Read once the times are known.
        section.value("reductions");
        section.finish()?;
    }
    Ok(Measured { observables, wanted, resolved, warnings })
}

/// Why an observable cannot be read.
enum Unread {
    Model(ModelError),
    Expression(ExpressionError),
}

/// All that an observable may refer to.
struct Known<'a> {
    /// With the classes of ensembles behind the ensembles.
    model: &'a Model,
    whole: &'a Model,
    split: &'a Split,
    parameters: &'a [(String, f64)],
    named: Vec<Observable>,
    /// Those of them that something names.
    used: RefCell<BTreeSet<String>>,
}

impl Known<'_> {
    /// An observable of the study's own, and the table it was read from.
    fn define(&self, name: &str, section: &Section<'_>) -> Result<(Observable, Json), StudyError> {
        self.check_name(name, section)?;
        let connected = section.boolean("connected")?.unwrap_or(false);
        let given = ["expression", "operators", "terms"].map(|key| section.value(key).is_some());
        match given {
            [true, false, false] if !connected => {
                let text = section.required_text("expression", "arithmetic over observables")?;
                let read = self.arithmetic(name, text).map_err(Unread::Expression);
                let observable = read.map_err(|fault| placed(fault, section, text))?;
                Ok((observable, json!({ "expression": text })))
            }
            [false, true, false] => {
                let words = section.words("operators")?.unwrap_or_default();
                let shown = json!({ "operators": words, "connected": connected });
                Ok((self.product(name, &words, connected, section)?, shown))
            }
            [false, false, true] if !connected => {
                let terms = section.sum("terms")?;
                let operator =
                    Operator::parse_sum(self.model, &terms).map_err(|e| section.model_fault(e))?.collected();
                if operator.terms.is_empty() {
                    return Err(section.wrong("terms", ArgumentKind::Sum.allowed()));
                }
                let term =
                    |(z, words): &(Complex64, _)| json!({ "operators": words, "coefficient": [z.re, z.im] });
                let shown: Json = terms.iter().map(term).collect();
                Ok((Observable::expectation(name, operator), json!({ "terms": shown })))
            }
            _ => {
                let conflict = "needs one of `operators`, `terms` and `expression`; `connected` belongs to two `operators`";
                let (of, conflict) = (section.of().to_owned(), conflict.to_owned());
                Err(section.fault("connected", Fault::Conflict { of, conflict }))
            }
        }
    }

    /// A name that nothing else has: expressions could not tell them apart.
    fn check_name(&self, name: &str, section: &Section<'_>) -> Result<(), StudyError> {
        let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        let table = OBSERVABLES.iter().any(|o| o.name == name) || called().any(|known| known == name);
        let taken = table
            || ["default", "all"].contains(&name)
            || is_reserved(name)
            || self.parameters.iter().any(|(parameter, _)| parameter == name);
        if plain && !taken {
            return Ok(());
        }
        let conflict = format!(
            "the name '{name}' must be letters, digits, '-' and '_', and not that of another observable, a parameter or a function"
        );
        Err(section.fault("name", Fault::Conflict { of: section.of().to_owned(), conflict }))
    }

    fn product(
        &self,
        name: &str,
        words: &[String],
        connected: bool,
        section: &Section<'_>,
    ) -> Result<Observable, StudyError> {
        let parse =
            |words: &[String]| Operator::parse_product(self.model, words).map_err(|e| section.model_fault(e));
        match words {
            [] => Err(section.wrong("operators", ArgumentKind::Operators.allowed())),
            [a, b] if connected => {
                let both = [std::slice::from_ref(a), std::slice::from_ref(b)].map(parse);
                let [a, b] = both;
                Ok(Observable::connected(name, a?, b?))
            }
            _ if connected => {
                Err(section.wrong("operators", "two words where `connected` is set: <A B> - <A><B>"))
            }
            words => Ok(Observable::expectation(name, parse(words)?)),
        }
    }

    /// The observables of a word of `output.observables`.
    fn find(&self, word: &str) -> Result<Vec<Observable>, Unread> {
        if word == "default" || word == "all" {
            let names = observables_by_name(self.whole, &[word.to_owned()]).map_err(Unread::Model)?;
            let names: Vec<String> = names.into_iter().map(|o| o.name).collect();
            let mut set = observables_by_name(self.model, &names).map_err(Unread::Model)?;
            set.retain(|o| self.split.observable(self.whole, o.clone()).is_ok());
            set.extend(self.named.iter().cloned());
            return Ok(set);
        }
        let text = word.trim();
        let leaf = self.leaf(text).map_err(Unread::Expression)?;
        let begun = leaf.is_some();
        if let Some((observable, _)) = leaf.filter(|(_, length)| *length == text.len()) {
            return Ok(vec![observable]);
        }
        let begins = |c: char| c.is_ascii_digit() || "(-+.".contains(c);
        if begun
            || is_reserved(name_at(text))
            || text.starts_with(begins)
            || text.contains(['+', '*', '/', '^'])
        {
            return Ok(vec![self.arithmetic(text, text).map_err(Unread::Expression)?]);
        }
        Observable::parse(self.model, text).map(|o| vec![o]).map_err(Unread::Model)
    }

    /// A function of other observables and of parameters.
    fn arithmetic(&self, name: &str, text: &str) -> Result<Observable, ExpressionError> {
        let mut leaves = Leaves { known: self, parts: Vec::new() };
        let expression = Expression::parse(text, &mut leaves)?;
        let parts = leaves.parts;
        if parts.is_empty() {
            let reason = "names no observable: its value would never change".to_owned();
            return Err(ExpressionError::Operator { position: 0, length: text.len(), reason });
        }
        let mut values: Vec<f64> = self.parameters.iter().map(|(_, value)| *value).collect();
        let given = values.len();
        values.resize(given + parts.len(), 0.0);
        let function = move |measured: &[f64]| {
            let mut values = values.clone();
            values[given..].copy_from_slice(measured);
            Some(expression.value(&values)).filter(|x| x.is_finite()).unwrap_or(f64::NAN)
        };
        Ok(Observable::arithmetic(name, text, parts, function))
    }

    /// The observable that `rest` begins with, and how many bytes of it are its name.
    fn leaf(&self, rest: &str) -> Result<Option<(Observable, usize)>, ExpressionError> {
        let mut names: Vec<&str> = OBSERVABLES.iter().map(|o| o.name).chain(called()).collect();
        names.extend(self.named.iter().map(|o| o.name.as_str()));
        let begins = |name: &&str| {
            let after = rest.strip_prefix(name).map(|after| after.chars().next());
            after.is_some_and(|next| !next.is_some_and(|c| c.is_alphanumeric() || c == '_'))
        };
        let Some(name) = names.into_iter().filter(begins).max_by_key(|name| name.len()) else {
            return Ok(None);
        };
        if let Some(own) = self.named.iter().find(|o| o.name == name) {
            self.used.borrow_mut().insert(name.to_owned());
            return Ok(Some((own.clone(), name.len())));
        }
        let whole = OBSERVABLES.iter().any(|o| o.name == name && o.target == TargetKind::System);
        let end = if whole { name.len() } else { name.len() + closing(&rest[name.len()..]) };
        let fail = |reason: String| ExpressionError::Operator { position: 0, length: end, reason };
        let text = &rest[..end];
        let inside =
            text[name.len()..].trim().strip_prefix('(').and_then(|t| t.strip_suffix(')')).unwrap_or_default();
        let found = match (name, split(inside).as_slice()) {
            ("expectation", _) => {
                if inside.trim().is_empty() {
                    return Err(fail(
                        "expectation needs operators, as in expectation(create(a) lower(S))".into(),
                    ));
                }
                Operator::parse(self.model, inside).map(|o| Observable::expectation(text, o))
            }
            ("connected", [a, b]) => Operator::parse(self.model, a)
                .and_then(|a| Ok(Observable::connected(text, a, Operator::parse(self.model, b)?))),
            ("connected", _) => {
                return Err(fail(
                    "connected needs two products, as in connected(create(a), lower(S))".into(),
                ));
            }
            ("quadrature", [mode, angle]) => {
                let from = rest.find(angle).unwrap_or_default();
                let angle = evaluate(angle, self.parameters).map_err(|e| e.moved(from))?;
                self.model.mode_number(mode.trim()).map(|m| Observable::quadrature(text, m, angle))
            }
            ("quadrature", _) => {
                return Err(fail("quadrature needs a mode and an angle, as in quadrature(a, pi/4)".into()));
            }
            _ => Observable::parse(self.model, text),
        };
        found.map(|o| Some((o, end))).map_err(|e| fail(e.to_string()))
    }
}

/// A fault at the word that it is about.
fn placed(fault: Unread, section: &Section<'_>, word: &str) -> StudyError {
    match fault {
        Unread::Model(error) => section.model_fault(error),
        Unread::Expression(error) => section.expression_fault("observables", word, error),
    }
}

/// Where the parenthesis that `text` begins with is closed; all of it where it is not.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    for (place, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth -= 1;
                if depth == 0 {
                    return place + 1;
                }
            }
            c if depth == 0 && !c.is_whitespace() => return 0,
            _ => {}
        }
    }
    if depth == 0 { 0 } else { text.len() }
}

/// Cuts at commas outside of parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (place, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Parameters first, then components of observables in the order in which they come up.
struct Leaves<'a> {
    known: &'a Known<'a>,
    parts: Vec<(Observable, usize)>,
}

impl Symbols for Leaves<'_> {
    fn symbol(&mut self, rest: &str) -> Result<Option<(usize, usize)>, ExpressionError> {
        if let Some((observable, length)) = self.known.leaf(rest)? {
            let component = component(&rest[length..]);
            let number = self.number(&observable, component.unwrap_or_default());
            let end = length + component.map_or(0, |c| c.len() + 1);
            let number =
                number.map_err(|reason| ExpressionError::Operator { position: 0, length: end, reason })?;
            return Ok(Some((number, end)));
        }
        let mut parameters = self.known.parameters;
        parameters.symbol(rest)
    }

    fn names(&self) -> Vec<String> {
        let table = OBSERVABLES.iter().map(|o| o.name.to_owned()).chain(called().map(ToOwned::to_owned));
        let own = self.known.named.iter().map(|o| o.name.clone());
        self.known.parameters.names().into_iter().chain(own).chain(table).collect()
    }
}

/// The component after a dot, as in `spin(S).z`.
fn component(rest: &str) -> Option<&str> {
    let after = rest.strip_prefix('.')?;
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
    Some(&after[..end])
}

impl Leaves<'_> {
    /// The number of a component of an observable in the list of values.
    fn number(&mut self, observable: &Observable, component: &str) -> Result<usize, String> {
        if let Evaluation::State(_) = observable.evaluation {
            return Err(format!(
                "{} is a function of the whole state, not of expectation values: no arithmetic is done with it",
                observable.name
            ));
        }
        if let Evaluation::Sampled(_) = observable.evaluation {
            return Err(format!(
                "{} is an average of what single samples show, not a function of expectation values: no arithmetic is \
                 done with it",
                observable.name
            ));
        }
        let Shape::Components(parts) = observable.shape(self.known.model, &[]) else {
            return Err(format!("{} is no list of numbers", observable.name));
        };
        let wanted = parts.iter().position(|part| *part == component).ok_or_else(|| {
            let written: Vec<String> = parts.iter().map(|p| format!("{}.{p}", observable.name)).collect();
            if parts == [""] {
                format!("{} is one number: it has no part '{component}'", observable.name)
            } else {
                format!("{} has several parts: write one of {}", observable.name, written.join(", "))
            }
        })?;
        let known = self.parts.iter().position(|(o, part)| o.name == observable.name && *part == wanted);
        let number = known.unwrap_or_else(|| {
            self.parts.push((observable.clone(), wanted));
            self.parts.len() - 1
        });
        Ok(self.known.parameters.len() + number)
    }
}
