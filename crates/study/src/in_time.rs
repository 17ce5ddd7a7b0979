//! Numbers of a study that follow time: expressions that name `t`, and tables of values.

use num_complex::Complex64;
use serde_json::{Value as Json, json};
use superladder_model::{
    ArgumentKind, Channel, Dissipator, Interaction, Jump, Model, ModelError, Operator, TimeFunction, Value,
};
use toml::Spanned;
use toml::de::DeValue;

use crate::error::{Fault, StudyError};
use crate::interpolation::{Interpolation, Kind};
use crate::scope::function_of;
use crate::section::Section;

/// From when to when a model is in force.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) start: f64,
    pub(crate) end: f64,
}

impl Clock {
    /// Evenly spaced times, at which what is read is looked at.
    fn looks(self) -> impl Iterator<Item = f64> {
        const LOOKS: u32 = 32;
        let span = if self.end.is_finite() { self.end - self.start } else { 0.0 };
        (0..=LOOKS).map(move |i| self.start + span * (f64::from(i) / f64::from(LOOKS)))
    }
}

/// An argument of an interaction or of a channel that follows time.
#[derive(Debug, Clone)]
pub(crate) struct Varying {
    pub(crate) key: &'static str,
    /// One number, or real and imaginary part.
    functions: Vec<TimeFunction>,
}

impl Varying {
    /// The value at a time.
    pub(crate) fn at(&self, t: f64) -> Value {
        match self.functions.as_slice() {
            [re, im] => Value::Complex(Complex64::new(re.at(t), im.at(t))),
            functions => Value::Real(functions.first().map_or(f64::NAN, |f| f.at(t))),
        }
    }

    /// As it is written.
    pub(crate) fn shown(&self) -> Json {
        match self.functions.as_slice() {
            [re, im] => json!([re.text(), im.text()]),
            functions => functions.iter().map(|f| json!(f.text())).next().unwrap_or_default(),
        }
    }

    fn text(&self) -> String {
        let texts: Vec<&str> = self.functions.iter().map(TimeFunction::text).collect();
        if texts.len() == 1 { texts[0].to_owned() } else { format!("[{}]", texts.join(", ")) }
    }
}

impl Section<'_> {
    /// The number under `key`, if it follows time: an expression that names `t`, or a table of values.
    pub(crate) fn in_time(&self, key: &str, clock: Clock) -> Result<Option<TimeFunction>, StudyError> {
        self.value(key).map_or(Ok(None), |value| self.value_in_time(key, value, clock))
    }

    /// An argument that follows time.
    pub(crate) fn argument_in_time(
        &self,
        key: &'static str,
        kind: ArgumentKind,
        clock: Clock,
    ) -> Result<Option<Varying>, StudyError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        match (kind, value.get_ref()) {
            (ArgumentKind::Complex, DeValue::Array(items)) if items.len() == 2 => {
                let parts = items.iter().map(|item| self.value_in_time(key, item, clock));
                let parts = parts.collect::<Result<Vec<_>, _>>()?;
                if parts.iter().all(Option::is_none) {
                    return Ok(None);
                }
                let whole = |(item, part): (&Spanned<DeValue<'_>>, Option<TimeFunction>)| match part {
                    Some(function) => Ok(function),
                    None => self.to_number(key, item).map(|x| TimeFunction::new(&x.to_string(), move |_| x)),
                };
                let functions = items.iter().zip(parts).map(whole).collect::<Result<_, _>>()?;
                Ok(Some(Varying { key, functions }))
            }
            (ArgumentKind::Operators | ArgumentKind::Sum | ArgumentKind::Vector, _) => Ok(None),
            _ => {
                let function = self.value_in_time(key, value, clock)?;
                Ok(function.map(|function| Varying { key, functions: vec![function] }))
            }
        }
    }

    pub(crate) fn value_in_time(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        clock: Clock,
    ) -> Result<Option<TimeFunction>, StudyError> {
        match value.get_ref() {
            DeValue::String(text) => Ok(function_of(text, self.scope())),
            DeValue::Table(table) if !table.contains_key("distribution") => {
                let of = format!("`{key}` of {}", self.of());
                Section::new(self.scope(), of, table, value.span()).as_function(clock).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// A table of values at times as a function.
    fn as_function(&self, clock: Clock) -> Result<TimeFunction, StudyError> {
        const TIMES: &str = "a list of at least two increasing times";
        const NAMES: [&str; 2] = ["linear", "cubic"];
        let times = self.numbers("times")?.ok_or_else(|| self.wrong("times", TIMES))?;
        let values = self.numbers("values")?;
        let allowed = || format!("a list of {} finite numbers, one for every time", times.len());
        let values = values.ok_or_else(|| self.wrong("values", allowed()))?;
        let kind = match self.choice("interpolation", "interpolation", &NAMES)? {
            Some("linear") => Kind::Linear,
            _ => Kind::Cubic,
        };
        if times.len() < 2 || !times.is_sorted_by(|a, b| a < b) || times.iter().any(|t| !t.is_finite()) {
            return Err(self.wrong("times", TIMES));
        }
        if values.len() != times.len() || values.iter().any(|x| !x.is_finite()) {
            return Err(self.wrong("values", allowed()));
        }
        let (first, last) = (times[0], times[times.len() - 1]);
        if clock.end.is_finite() && !(first <= clock.start && clock.end <= last) {
            let allowed =
                format!("times from {} or before to {} or after: the whole run", clock.start, clock.end);
            return Err(self.wrong("times", allowed));
        }
        self.check_keys()?;
        let name = format!("table of {} values, {}", times.len(), NAMES[usize::from(kind == Kind::Cubic)]);
        let interpolation = Interpolation::new(&times, &values, kind);
        Ok(TimeFunction::new(&name, move |t| interpolation.at(t)))
    }
}

/// What follows time in an entry of the model.
pub(crate) struct Following<'a> {
    pub(crate) section: &'a Section<'a>,
    pub(crate) clock: Clock,
    pub(crate) varying: &'a [Varying],
}

impl Following<'_> {
    fn conflict(&self, key: &str, conflict: String) -> StudyError {
        self.section.fault(key, Fault::Conflict { of: self.section.of().to_owned(), conflict })
    }

    /// Lets the argument of an interaction follow time; `build` makes its operator with another value of it.
    pub(crate) fn interaction(
        &self,
        mut model: Model,
        build: impl Fn(Value) -> Result<Interaction, ModelError>,
    ) -> Result<Model, StudyError> {
        let [varying] = self.varying else {
            let keys: Vec<String> = self.varying.iter().map(|v| format!("`{}`", v.key)).collect();
            return Err(self.conflict(
                self.varying[1].key,
                format!("{} follow time, but one number at most may", keys.join(" and ")),
            ));
        };
        let operator = |value| {
            let built = build(value).map_err(|e| self.section.model_fault(e))?;
            Ok::<Operator, StudyError>(built.operator)
        };
        let units = match varying.functions.len() {
            2 => vec![Complex64::ONE, Complex64::I],
            _ => vec![Complex64::ONE],
        };
        let value = |z: Complex64| if units.len() == 2 { Value::Complex(z) } else { Value::Real(z.re) };
        let parts = units.iter().map(|unit| operator(value(*unit))).collect::<Result<Vec<_>, _>>()?;
        // The sum of the parts at these sizes must be the operator there: then it is at all others.
        let sizes = [2.0, -3.0];
        let whole = operator(value(units.iter().zip(sizes).map(|(unit, size)| unit * size).sum()))?;
        let sum = parts
            .iter()
            .zip(sizes)
            .fold(whole, |rest, (part, size)| rest + part.clone() * Complex64::from(-size));
        let rest = sum.terms.iter().map(|t| t.coefficient.norm()).fold(0.0, f64::max);
        if sum.collected().terms.iter().any(|t| t.coefficient.norm() > 1e-12 * rest) {
            let text = format!("`{}` follows time, but the interaction is not linear in it", varying.key);
            return Err(self.conflict(varying.key, text));
        }
        for (part, function) in parts.iter().zip(&varying.functions) {
            let of = format!("`{}` of {}", varying.key, self.section.of());
            let nominal = function.at(self.clock.start);
            let added = model.with_energy_in_time(&of, part, function.clone(), nominal);
            model = added.map_err(|e| self.section.model_fault(e))?;
        }
        Ok(model)
    }

    /// Lets the rates of a channel follow time; `build` makes it at a time. Its dissipators at the start are those
    /// of the model.
    pub(crate) fn channel(
        &self,
        mut model: Model,
        build: impl Fn(f64) -> Result<Channel, ModelError> + Clone + Send + Sync + 'static,
    ) -> Result<Model, StudyError> {
        let key = self.varying.first().map_or("kind", |v| v.key);
        let dissipators = |t: f64| -> Result<Vec<Dissipator>, StudyError> {
            let built = build(t).map_err(|error| self.conflict(key, format!("at t = {t}: {error}")))?;
            Ok(built.dissipators)
        };
        let nominal = dissipators(self.clock.start)?;
        let mut moves = false;
        for t in self.clock.looks() {
            let now = dissipators(t)?;
            let jumps = |list: &[Dissipator]| -> Vec<Jump> { list.iter().map(|d| d.jump.clone()).collect() };
            if jumps(&now) != jumps(&nominal) {
                let text = format!(
                    "`{key}` follows time and changes the jump itself: only what sets the rate may follow time"
                );
                return Err(self.conflict(key, text));
            }
            moves |= now != nominal;
        }
        if self.varying.is_empty() && !moves {
            return Ok(model);
        }
        let texts: Vec<String> = self.varying.iter().map(Varying::text).collect();
        let text =
            if texts.is_empty() { "a frequency that follows time".to_owned() } else { texts.join(", ") };
        for (number, dissipator) in nominal.iter().enumerate() {
            let build = build.clone();
            let rate = move |t: f64| {
                build(t).ok().and_then(|c| c.dissipators.get(number).map(|d| d.rate)).unwrap_or(f64::NAN)
            };
            let of = format!("the rate of {}", self.section.of());
            let function = TimeFunction::new(&text, rate);
            let added = model.with_rate_in_time(&of, &dissipator.jump, function, dissipator.rate);
            model = added.map_err(|e| self.section.model_fault(e))?;
        }
        Ok(model)
    }
}
