//! From the table `breakdown` to a plan: which engines at which sizes, which criteria.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::source::Source;
use superladder_analysis::FitOptions;
use toml::de::{DeTable, DeValue};

use crate::engines::{ENGINES, EngineDefinition};
use crate::error::{Fault, StudyError};
use crate::section::Section;
use crate::study::Study;
use crate::{overrides, parameters};

/// How the numerator and the denominator of a ratio are averaged in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Average {
    /// Over one period of the mean field, found from its first mode or ensemble.
    Period,
    /// Over a window of this length.
    Window(f64),
    /// Not at all.
    None,
}

/// One engine and the values of the parameter at which it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What it is called in tables and pictures.
    pub label: String,
    /// Name of the engine.
    pub engine: String,
    /// Its options, as `--set` would give them.
    pub sets: Vec<String>,
    /// Values of the parameter, increasing.
    pub values: Vec<f64>,
}

/// What the command `breakdown` does with a study.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The study file.
    pub path: PathBuf,
    /// Name of the file without its extension.
    pub name: String,
    /// Title of the study.
    pub title: String,
    /// Overrides of the command line.
    pub sets: Vec<String>,
    /// The text in force.
    pub text: String,
    /// The parameter that is varied.
    pub parameter: String,
    /// Names of criteria.
    pub criteria: Vec<String>,
    /// Threshold of the ratios.
    pub threshold: f64,
    /// Average of the ratios.
    pub average: Average,
    /// The engines.
    pub series: Vec<Series>,
    /// How t_E is fitted.
    pub fit: FitOptions,
}

impl Plan {
    /// Reads the table `breakdown` of a study file after carrying out every `key=value` of `sets`.
    ///
    /// # Errors
    /// [`StudyError`], with file, line and key.
    pub fn load(path: impl AsRef<Path>, sets: &[String]) -> Result<Self, StudyError> {
        let path = path.as_ref();
        let read = crate::source::read(path);
        let text = read.map_err(|source| StudyError::Read { path: path.to_owned(), source })?;
        let file = path.display().to_string();
        let shown = if sets.is_empty() { file } else { format!("{file} with --set") };
        let text = if DeTable::parse(&text).is_ok() { overrides::apply(&text, sets)? } else { text };
        let source = Arc::new(Source::new(shown, text.clone()));
        let table = DeTable::parse(&text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            Fault::Syntax(error.message().to_owned()).at(&source, span)
        })?;
        let scope = parameters::evaluate(&source, &table, &[])?;
        let root = Section::new(&scope, "the study", table.get_ref(), 0..0);
        let name = path.file_stem().map_or("study".into(), |s| s.to_string_lossy().into_owned());
        let title = root.text("title")?.unwrap_or(&name).to_owned();
        let Some(section) = root.section("breakdown", "breakdown")? else {
            let fault = Fault::Missing {
                key: "breakdown".into(),
                of: "the study".into(),
                allowed:
                    "a table [breakdown] with criteria, and [[breakdown.engines]] with engine and values"
                        .into(),
            };
            return Err(fault.at(&source, 0..0));
        };
        let known: Vec<&str> = scope.parameters.iter().map(|(name, _)| name.as_str()).collect();
        let parameter = section.choice("parameter", "parameter", &known)?.unwrap_or("N").to_owned();
        if !known.contains(&parameter.as_str()) {
            return Err(section.wrong("parameter", "the name of an entry of [parameters], such as \"N\""));
        }
        let criteria = section.words("criteria")?.unwrap_or_else(|| vec!["aa".into()]);
        let threshold = section.number("threshold")?.unwrap_or(0.1);
        if !(threshold > 0.0 && threshold.is_finite()) {
            return Err(section.wrong("threshold", "a finite number > 0"));
        }
        let average = average(&section)?;
        let fit = fit(&section)?;
        let entries = section.sections("engines", "entry of breakdown.engines")?;
        let series = entries.into_iter().map(series).collect::<Result<Vec<_>, _>>()?;
        if series.is_empty() {
            return Err(
                section.wrong("engines", "a list of at least one table, written [[breakdown.engines]]")
            );
        }
        section.finish()?;
        let (path, sets) = (path.to_owned(), sets.to_vec());
        Ok(Self { path, name, title, sets, text, parameter, criteria, threshold, average, series, fit })
    }
}

impl Plan {
    /// The study of a series at one value of the parameter.
    ///
    /// # Errors
    /// [`StudyError`].
    pub fn study(&self, series: &Series, value: f64) -> Result<Study, StudyError> {
        let mut sets = self.sets.clone();
        sets.extend(series.sets.iter().cloned());
        sets.push(format!("parameters.{}={value}", self.parameter));
        Study::load_for(&self.path, &sets, Some(&series.engine))
    }
}

fn average(section: &Section<'_>) -> Result<Average, StudyError> {
    const ALLOWED: &str = "\"period\", \"none\" or the length > 0 of a window";
    match section.value("average").map(toml::Spanned::get_ref) {
        None => Ok(Average::Period),
        Some(DeValue::String(word)) if word == "period" => Ok(Average::Period),
        Some(DeValue::String(word)) if word == "none" => Ok(Average::None),
        Some(_) => {
            let window = section.number("average")?.filter(|w| *w > 0.0 && w.is_finite());
            window.map(Average::Window).ok_or_else(|| section.wrong("average", ALLOWED))
        }
    }
}

fn fit(section: &Section<'_>) -> Result<FitOptions, StudyError> {
    let mut options = FitOptions::default();
    if let Some(window) = section.numbers("fit_window")? {
        let pair = <[f64; 2]>::try_from(window).ok().filter(|[low, high]| 0.0 < *low && low < high);
        options.window =
            Some(pair.ok_or_else(|| section.wrong("fit_window", "two sizes [smallest, largest]"))?);
    }
    if let Some(seed) = section.count("seed", 0)? {
        options.seed = seed as u64;
    }
    if let Some(resamples) = section.count("resamples", 0)? {
        if (1..100).contains(&resamples) {
            return Err(section.wrong("resamples", "0 (no bootstrap) or at least 100"));
        }
        options.resamples = resamples;
    }
    Ok(options)
}

fn series(section: Section<'_>) -> Result<Series, StudyError> {
    let names: Vec<&str> = ENGINES.iter().map(|e| e.name).collect();
    section.required_text("engine", &format!("one of {}", names.join(", ")))?;
    let engine = section.choice("engine", "engine", &names)?.unwrap_or(names[0]).to_owned();
    let values = match section.numbers("values")? {
        Some(values) => values,
        None => spaced(&section)?,
    };
    let good = !values.is_empty()
        && values.iter().all(|v| v.is_finite() && *v > 0.0)
        && values.is_sorted_by(|a, b| a < b);
    if !good {
        return Err(section.wrong("values", "a list of increasing numbers > 0"));
    }
    let definition = ENGINES.iter().find(|e| e.name == engine);
    let mut sets = Vec::new();
    let mut words = vec![engine.clone()];
    let of_run = definition.map(|d| d.of_run).unwrap_or_default();
    let absent = of_run.iter().filter(|(key, _)| section.value(key).is_none());
    sets.extend(absent.map(|(key, nothing)| format!("engine.{key}={nothing}")));
    for option in definition.map(EngineDefinition::options).unwrap_or_default() {
        let value = match section.value(option.name).map(toml::Spanned::get_ref) {
            None => continue,
            Some(DeValue::String(text)) => text.to_string(),
            Some(_) => section.number(option.name)?.unwrap_or_default().to_string(),
        };
        sets.push(format!("engine.{}={value}", option.name));
        if option.name == engine {
            // How many trajectories there are is no name.
            continue;
        }
        words.push(if option.name == "closure" { value.clone() } else { format!("{} {value}", option.name) });
    }
    let label = section.text("label")?.map_or_else(|| words.join(" "), str::to_owned);
    section.finish()?;
    Ok(Series { label, engine, sets, values })
}

/// `points` whole numbers from `from` to `to`, evenly spaced in the logarithm, each once.
fn spaced(section: &Section<'_>) -> Result<Vec<f64>, StudyError> {
    const MOST: usize = 10_000;
    const ALLOWED: &str = "a number > 0; or give `values = [...]` alone";
    let from = section.required_number("from", ALLOWED)?;
    let to = section.required_number("to", ALLOWED)?;
    let points = section.required_count("points", 2)?;
    if points > MOST {
        return Err(section.wrong("points", format!("an integer from 2 to {MOST}")));
    }
    if !(from >= 1.0 && to > from && to.is_finite()) {
        return Err(section.wrong("to", "a finite number larger than `from`, which is at least 1"));
    }
    let ratio = (to / from).ln() / (points - 1) as f64;
    let mut values: Vec<f64> = (0..points).map(|k| (from * (ratio * k as f64).exp()).round()).collect();
    values.dedup();
    Ok(values)
}
