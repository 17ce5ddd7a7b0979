//! The table `breakdown` of a study: which engines at which sizes, which criteria.

use superladder_analysis::{EnsembleSize, FitOptions, Subsystems, criteria_by_name, moments_by_name};
use superladder_model::Model;
use toml::de::DeValue;

use crate::engines::{ENGINES, EngineDefinition};
use crate::error::{Fault, StudyError};
use crate::section::Section;

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

/// All that the table says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BreakdownTable {
    pub(crate) parameter: String,
    pub(crate) criteria: Vec<String>,
    pub(crate) moments: Vec<String>,
    pub(crate) threshold: f64,
    pub(crate) average: Average,
    pub(crate) series: Vec<Series>,
    pub(crate) fit: FitOptions,
}

impl BreakdownTable {
    /// Reads the table, if the study has one; with a `model` the criteria must be some that it has.
    pub(crate) fn read(root: &Section<'_>, model: Option<&Model>) -> Result<Option<Self>, StudyError> {
        let Some(section) = root.section("breakdown", "breakdown")? else { return Ok(None) };
        let parameters = &root.scope().parameters;
        let known: Vec<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
        let parameter = section.choice("parameter", "parameter", &known)?.unwrap_or("N").to_owned();
        if !known.contains(&parameter.as_str()) {
            return Err(section.wrong("parameter", "the name of an entry of [parameters], such as \"N\""));
        }
        let criteria = section.words("criteria")?.unwrap_or_else(|| vec!["aa".into()]);
        if let Some(Err(error)) = model.map(|model| criteria_by_name(&subsystems(model), &criteria)) {
            let conflict = Fault::Conflict { of: section.of().to_owned(), conflict: error.to_string() };
            return Err(section.fault("criteria", conflict));
        }
        let moments = section.words("moments")?.unwrap_or_default();
        if let Some(Err(error)) = model.map(|model| moments_by_name(&subsystems(model), &moments)) {
            let conflict = Fault::Conflict { of: section.of().to_owned(), conflict: error.to_string() };
            return Err(section.fault("moments", conflict));
        }
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
        if let Some(conflict) = (!moments.is_empty()).then(|| without_reference(&series)).flatten() {
            return Err(section.fault("moments", Fault::Conflict { of: section.of().to_owned(), conflict }));
        }
        section.finish()?;
        Ok(Some(Self { parameter, criteria, moments, threshold, average, series, fit }))
    }
}

/// Engines that are right but for their bounds and errors, the best first.
const REFERENCES: [&str; 2] = ["exact", "trajectories"];
/// Engines whose distribution is an approximation.
const APPROXIMATIONS: [&str; 2] = ["cumulant", "truncated-wigner"];

/// An approximation and the reference that its distribution is held against, at one size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MatchedSeries {
    /// Number of the series of the approximation.
    pub approximation: usize,
    /// Number of the series of the reference.
    pub reference: usize,
    /// Value of the parameter.
    pub value: f64,
}

/// Every approximation at every size at which there is a reference.
pub(crate) fn matched(series: &[Series]) -> Vec<MatchedSeries> {
    let best = |value: f64| {
        let has = |engine: &str| series.iter().position(|s| s.engine == engine && s.values.contains(&value));
        REFERENCES.iter().find_map(|engine| has(engine))
    };
    let approximations = series.iter().enumerate();
    let approximations = approximations.filter(|(_, s)| APPROXIMATIONS.contains(&s.engine.as_str()));
    let of = |(approximation, s): (usize, &Series)| {
        let pair = |value: f64| Some(MatchedSeries { approximation, reference: best(value)?, value });
        s.values.iter().filter_map(|value| pair(*value)).collect::<Vec<_>>()
    };
    approximations.flat_map(of).collect()
}

/// Why no distribution can be held against another, if none can.
fn without_reference(series: &[Series]) -> Option<String> {
    if !matched(series).is_empty() {
        return None;
    }
    let named = |engines: &[&str]| engines.join("' or '");
    let (references, approximations) = (named(&REFERENCES), named(&APPROXIMATIONS));
    Some(format!(
        "`moments` of an approximation are held against those of a reference at the same size, but there is no size at \
         which breakdown.engines has both an engine '{approximations}' and an engine '{references}'"
    ))
}

/// What criteria are made of.
fn subsystems(model: &Model) -> Subsystems {
    let size = |e: &superladder_model::Ensemble| EnsembleSize { name: e.name.clone(), size: e.size };
    Subsystems {
        modes: model.modes().iter().map(|m| m.name.clone()).collect(),
        ensembles: model.ensembles().iter().map(size).collect(),
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
        if option.name == engine || option.name == "samples" {
            // How many samples there are is no name.
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
