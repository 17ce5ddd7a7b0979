//! The table `plot` of a study: what pictures show, and on which axes.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use toml::de::DeValue;

use crate::error::{Fault, StudyError};
use crate::section::Section;

/// How the axis of values is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueScale {
    /// Evenly.
    Linear,
    /// Evenly in the logarithm.
    Logarithmic,
    /// Evenly in decibels, `10 log10 x`.
    Decibels,
}

/// How values over two parameters are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawing {
    /// A line per value of the second parameter.
    Curves,
    /// A map in colours.
    Map,
}

/// What a study says of its pictures. Nothing said: what each command draws on its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlotTable {
    /// Reductions, columns and observables that are shown, in this order; none: all.
    pub what: Vec<String>,
    /// Curves or maps.
    pub drawing: Option<Drawing>,
    /// The parameter on the horizontal axis of a sweep.
    pub x: Option<String>,
    /// The parameter on the vertical axis of a map.
    pub y: Option<String>,
    /// One file per panel.
    pub separate: bool,
    scale: PerQuantity<ValueScale>,
    limits: PerQuantity<[f64; 2]>,
}

/// One value for all quantities, or one for each that is named.
#[derive(Debug, Clone, PartialEq)]
struct PerQuantity<T> {
    all: Option<T>,
    named: BTreeMap<String, T>,
}

impl<T> Default for PerQuantity<T> {
    fn default() -> Self {
        Self { all: None, named: BTreeMap::new() }
    }
}

impl<T: Copy> PerQuantity<T> {
    fn of(&self, name: &str) -> Option<T> {
        let named = self.named.iter().find(|(known, _)| is_of(name, known));
        named.map(|(_, value)| *value).or(self.all)
    }
}

const SCALES: [(&str, ValueScale); 3] =
    [("linear", ValueScale::Linear), ("log", ValueScale::Logarithmic), ("dB", ValueScale::Decibels)];
const DRAWINGS: [(&str, Drawing); 2] = [("curves", Drawing::Curves), ("map", Drawing::Map)];

impl PlotTable {
    /// How the axis of a quantity is divided, if the study says so.
    pub fn scale(&self, name: &str) -> Option<ValueScale> {
        self.scale.of(name)
    }

    /// The ends of the axis of a quantity, if the study says so.
    pub fn limits(&self, name: &str) -> Option<[f64; 2]> {
        self.limits.of(name)
    }

    /// Whether a quantity is shown.
    pub fn shows(&self, name: &str) -> bool {
        self.what.is_empty() || self.place(name).is_some()
    }

    /// Where a quantity stands in the list, by its own name or that of its observable.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.what.iter().position(|shown| is_of(name, shown))
    }

    /// Reads the table, if the study has one; the quantities must be of `known`. The second value is the table as
    /// resolved.
    pub(crate) fn read(root: &Section<'_>, known: &[String]) -> Result<(Self, Option<Json>), StudyError> {
        let Some(section) = root.section("plot", "plot")? else { return Ok((Self::default(), None)) };
        let reader = PlotReader { section, known };
        let what = reader.section.words("what")?.unwrap_or_default();
        let what = what.iter().map(|name| reader.quantity("what", name)).collect::<Result<Vec<_>, _>>()?;
        let table = Self {
            what,
            drawing: choice(&reader.section, "kind", "kind of picture", &DRAWINGS)?,
            x: reader.section.text("x")?.map(str::to_owned),
            y: reader.section.text("y")?.map(str::to_owned),
            separate: reader.section.boolean("separate")?.unwrap_or(false),
            scale: reader.per_quantity("scale", |section, key| choice(section, key, "scale", &SCALES))?,
            limits: reader.per_quantity("limits", limits)?,
        };
        reader.section.finish()?;
        let resolved = table.resolved();
        Ok((table, Some(resolved)))
    }

    fn resolved(&self) -> Json {
        let name = |known: &[(&'static str, ValueScale)], scale: ValueScale| {
            known.iter().find(|(_, s)| *s == scale).map_or("", |(word, _)| word)
        };
        let mut resolved = Map::new();
        resolved.insert("what".into(), json!(self.what));
        let drawing = self.drawing.and_then(|d| DRAWINGS.iter().find(|(_, known)| *known == d));
        resolved.insert("kind".into(), json!(drawing.map(|(word, _)| word)));
        resolved.insert("x".into(), json!(self.x));
        resolved.insert("y".into(), json!(self.y));
        resolved.insert("scale".into(), self.scale.resolved(|scale| json!(name(&SCALES, scale))));
        resolved.insert("limits".into(), self.limits.resolved(|limits| json!(limits)));
        resolved.insert("separate".into(), json!(self.separate));
        resolved.into()
    }
}

impl<T: Copy> PerQuantity<T> {
    fn resolved(&self, shown: impl Fn(T) -> Json) -> Json {
        if self.named.is_empty() {
            return self.all.map_or(Json::Null, shown);
        }
        self.named.iter().map(|(name, value)| (name.clone(), shown(*value))).collect::<Map<_, _>>().into()
    }
}

/// Whether a quantity is `shown` itself or one of its columns.
fn is_of(name: &str, shown: &str) -> bool {
    name.strip_prefix(shown).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// One of a few words.
fn choice<T: Copy>(
    section: &Section<'_>,
    key: &str,
    kind: &'static str,
    known: &[(&str, T)],
) -> Result<Option<T>, StudyError> {
    let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
    let found = section.choice(key, kind, &words)?;
    Ok(found.and_then(|found| known.iter().find(|(word, _)| *word == found)).map(|(_, value)| *value))
}

/// The two ends of an axis.
fn limits(section: &Section<'_>, key: &str) -> Result<Option<[f64; 2]>, StudyError> {
    let Some(numbers) = section.numbers(key)? else { return Ok(None) };
    let pair = <[f64; 2]>::try_from(numbers).ok();
    let good = pair.filter(|[low, high]| low.is_finite() && high.is_finite() && low < high);
    good.map(Some).ok_or_else(|| section.wrong(key, "two finite numbers [lowest, highest]"))
}

struct PlotReader<'a> {
    section: Section<'a>,
    known: &'a [String],
}

impl PlotReader<'_> {
    /// The known quantity of that name, with or without spaces.
    fn quantity(&self, key: &str, name: &str) -> Result<String, StudyError> {
        let squeezed = |text: &str| text.replace(' ', "");
        if let Some(found) = self.known.iter().find(|known| squeezed(known) == squeezed(name)) {
            return Ok(found.clone());
        }
        let known: Vec<&str> = self.known.iter().map(String::as_str).collect();
        let fault = Fault::UnknownName {
            kind: "reduction, column or observable",
            name: name.to_owned(),
            nearest: superladder_model::nearest(name, &known),
            known: self.known.to_vec(),
        };
        let span = self.section.span_of_text(name).unwrap_or_else(|| self.section.span_of(key));
        Err(fault.at(&self.section.scope().source, span))
    }

    /// A value for all, or a table of values by quantity.
    fn per_quantity<T: Copy>(
        &self,
        key: &'static str,
        read: impl Fn(&Section<'_>, &str) -> Result<Option<T>, StudyError>,
    ) -> Result<PerQuantity<T>, StudyError> {
        let Some(DeValue::Table(_)) = self.section.value(key).map(toml::Spanned::get_ref) else {
            return Ok(PerQuantity { all: read(&self.section, key)?, named: BTreeMap::new() });
        };
        let Some(inner) = self.section.section(key, format!("plot.{key}"))? else {
            return Ok(PerQuantity::default());
        };
        let mut named = BTreeMap::new();
        for name in inner.keys() {
            let quantity = self.quantity(key, name)?;
            named.extend(read(&inner, name)?.map(|value| (quantity, value)));
        }
        inner.finish()?;
        Ok(PerQuantity { all: None, named })
    }
}
