//! One engine at one size against mean field, until every criterion has crossed.

use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};
use superladder_analysis::{
    AnalysisError, Averaging, Criterion, Crossing, CrossingOptions, EnsembleSize, Outcome, RatioSeries,
    System, Table, criteria_by_name, crossing, needs_of, period,
};
use superladder_engine::{Diagnostics, Engine, EngineError, Problem};
use superladder_mean_field::MeanField;
use superladder_model::{Model, ModelError, Observable, observables_by_name};
use thiserror::Error;

use super::halves::{half_samples, spread};
use super::measured::{Kept, Measured, Side};
use super::sampled;
use crate::checkpoint::{digest_of_results, hexadecimal};
use crate::config::{Average, ConfigError, Plan, Series, Study};
use crate::store::{Store, StoreError};

/// Points of the first stretch; every later one is longer.
const FIRST_STRETCH: usize = 100;
/// The run so far times this is the next stretch.
const GROWTH: f64 = 0.2;
/// A run goes on to this multiple of its crossings, to see whether they are the last.
const BEYOND: f64 = 1.1;

/// Why a breakdown time could not be measured.
#[derive(Debug, Error)]
pub enum BreakdownError {
    /// The study is at fault.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An engine cannot treat the study, or failed.
    #[error("{label} at {parameter} = {value}: {source}")]
    Engine {
        /// Label of the series.
        label: String,
        /// The parameter.
        parameter: String,
        /// Its value.
        value: f64,
        /// Cause.
        source: Box<EngineError>,
    },
    /// A criterion cannot be evaluated.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// A criterion needs an observable that the model does not have.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Finished runs cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl BreakdownError {
    /// True when another study would help, false when the machine or a method failed.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Config(_) | Self::Analysis(_) | Self::Model(_) => true,
            Self::Engine { source, .. } => !matches!(**source, EngineError::Propagation { .. }),
            Self::Store(_) | Self::Interrupted => false,
        }
    }
}

/// One crossing of one criterion.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Name of the criterion.
    pub criterion: String,
    /// `first` (instantaneous) or `averaged`.
    pub reading: &'static str,
    /// What became of the ratio.
    pub crossing: Crossing,
}

/// Everything measured with one engine at one size.
#[derive(Debug, Clone, PartialEq)]
pub struct Sized {
    /// Value of the parameter.
    pub value: f64,
    /// The crossings.
    pub rows: Vec<Row>,
    /// Length of the averaging window, where there is one.
    pub window: Option<f64>,
    /// Time and ratio of the first criterion, as it is crossed (averaged, where there is a window).
    pub trace: Vec<(f64, f64)>,
    /// Why the engine's own run does not count as converged; empty when it does.
    pub broken: Vec<String>,
    /// Worst diagnostics of the engine.
    pub diagnostics: Diagnostics,
    /// What a reader should know although every bound is kept.
    pub warnings: Vec<String>,
}

/// One engine at one size.
pub(super) struct Task<'a> {
    pub(super) plan: &'a Plan,
    pub(super) study: &'a Study,
    pub(super) criteria: &'a [Criterion],
    /// The observable that shows the period.
    pub(super) clock: &'a str,
    /// Where finished runs are kept, and the name of this one.
    pub(super) store: &'a Store,
    pub(super) digest: &'a str,
    pub(super) interrupted: &'a AtomicBool,
    /// Hears how far a run is.
    pub(super) told: &'a (dyn Fn(&str) + Sync),
}

/// Measures the breakdown times of `series` at one `value` of the parameter of `plan`, and keeps the run in `store`;
/// a run that is there already is not repeated.
///
/// # Errors
/// [`BreakdownError`]; a blow-up of the moment equations is a result, not an error.
pub fn measure(
    plan: &Plan,
    series: &Series,
    value: f64,
    store: &Store,
    interrupted: &AtomicBool,
    told: &(dyn Fn(&str) + Sync),
) -> Result<Sized, BreakdownError> {
    let failed = |source| BreakdownError::Engine {
        label: series.label.clone(),
        parameter: plan.parameter.clone(),
        value,
        source: Box::new(source),
    };
    let mut sets = plan.sets.clone();
    sets.extend(series.sets.iter().cloned());
    sets.push(format!("parameters.{}={value}", plan.parameter));
    let study = Study::load_for(&plan.path, &sets, Some(&series.engine))?;
    let criteria = criteria_by_name(&system(study.problem.model()), &plan.criteria)?;
    let clock = first_oscillation(study.problem.model());
    let digest = digest(plan, &study);
    if let Some(kept) = store.read::<Kept>(&digest) {
        let known = read(plan, &criteria, &kept, &clock)?;
        return Ok(Sized { value, ..known });
    }
    let (clock, digest) = (clock.as_str(), digest.as_str());
    let task = Task { plan, study: &study, criteria: &criteria, clock, store, digest, interrupted, told };
    let engine = study.engine();
    let samples = engine.over(0..1).is_some();
    let tested = |reference, problem: &Problem| {
        if samples {
            sampled::measure(&task, engine.as_ref(), reference, problem)
        } else {
            in_time(&task, engine.as_ref(), reference, problem)
        }
    };
    let (of_reference, of_tested) = needs_of(&criteria);
    let mut wanted = of_reference;
    if !wanted.iter().any(|name| name == clock) {
        wanted.push(clock.to_owned());
    }
    let reference = Side::new(&MeanField::default(), &with_observables(&study.problem, &wanted)?);
    let problem = with_observables(&study.problem, &of_tested)?;
    let found = tested(reference.map_err(failed)?, &problem);
    found.map(|known| Sized { value, ..known }).map_err(|e| match e {
        Stopped::Engine(source) => failed(source),
        Stopped::Analysis(e) => e.into(),
        Stopped::Store(e) => e.into(),
        Stopped::Interrupted => BreakdownError::Interrupted,
    })
}

/// Why a run has stopped.
#[derive(Debug, Error)]
pub(super) enum Stopped {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("interrupted")]
    Interrupted,
}

/// An engine that goes through time, as far as the criteria need.
fn in_time(
    task: &Task<'_>,
    engine: &dyn Engine,
    mut reference: Side,
    problem: &Problem,
) -> Result<Sized, Stopped> {
    let mut tested = Side::new(engine, problem)?;
    let times = &problem.times;
    let mut reached = 1;
    loop {
        let stretch = FIRST_STRETCH.max((GROWTH * reached as f64) as usize);
        let end = times.len().min(reached + stretch);
        reference.advance(&times[reached..end], task.interrupted)?;
        tested.advance(&times[reached..end], task.interrupted)?;
        if task.interrupted.load(Ordering::SeqCst) {
            return Err(Stopped::Interrupted);
        }
        reached = end;
        let kept = Kept {
            reference: reference.measured.clone(),
            tested: tested.measured.clone(),
            diagnostics: tested.evolution.diagnostics().clone(),
            replicates: Vec::new(),
            warnings: tested.evolution.warnings(),
        };
        let known = read(task.plan, task.criteria, &kept, task.clock)?;
        let enough = task.plan.needed(&known).is_some_and(|room| times[reached - 1] - times[0] >= room);
        if enough || reached == times.len() || tested.measured.blow_up.is_some() {
            task.store.write(task.digest, &kept)?;
            return Ok(known);
        }
    }
}

impl Plan {
    /// How long a run must be for what is `known` to be final: a little beyond the last of its first crossings. None when
    /// that cannot be told yet.
    pub(super) fn needed(&self, known: &Sized) -> Option<f64> {
        let averaged = known.rows.iter().any(|row| row.reading == "averaged");
        if self.average != Average::None && !averaged {
            return None;
        }
        let room = |row: &Row| Some(BEYOND * row.crossing.first()? + known.window.unwrap_or(0.0));
        known.rows.iter().map(room).try_fold(0.0, |most: f64, room| Some(most.max(room?)))
    }
}

/// Digest of everything that decides the measurements of a run and where it ends.
fn digest(plan: &Plan, study: &Study) -> String {
    let Plan { criteria, threshold, average, .. } = plan;
    let words = format!("{}\n{criteria:?} {threshold:?} {average:?}", digest_of_results(study));
    hexadecimal(&Sha256::digest(words))
}

fn system(model: &Model) -> System {
    let size = |e: &superladder_model::Ensemble| EnsembleSize { name: e.name.clone(), size: e.size };
    System {
        modes: model.modes().iter().map(|m| m.name.clone()).collect(),
        ensembles: model.ensembles().iter().map(size).collect(),
    }
}

/// The observable whose mean field shows the period: the first mode's amplitude, or the first spin.
fn first_oscillation(model: &Model) -> String {
    match (model.modes().first(), model.ensembles().first()) {
        (Some(mode), _) => format!("amplitude({})", mode.name),
        (None, Some(ensemble)) => format!("spin({})", ensemble.name),
        (None, None) => String::new(),
    }
}

fn with_observables(problem: &Problem, names: &[String]) -> Result<Problem, ModelError> {
    let observables: Vec<Observable> = observables_by_name(problem.model(), names)?;
    Ok(Problem { observables, ..problem.clone() })
}

/// The averaging window: a period of the mean field where it oscillates.
fn window(average: Average, reference: &Table, clock: &str) -> Option<f64> {
    match average {
        Average::None => None,
        Average::Window(length) => Some(length),
        Average::Period => {
            let column = reference.columns_of(clock).into_iter().next()?;
            let values = &reference.column(&column)?.values;
            period(reference.times(), values).ok().map(|p| p.period)
        }
    }
}

/// Ratios and crossings of all criteria so far.
pub(super) fn read(
    plan: &Plan,
    criteria: &[Criterion],
    kept: &Kept,
    clock: &str,
) -> Result<Sized, AnalysisError> {
    let reference = &kept.reference.table()?;
    let window = window(plan.average, reference, clock);
    let (mut rows, trace) = crossings(plan, criteria, reference, &kept.tested, window)?;
    let varied = half_samples(kept).into_iter();
    let varied = varied.map(|tested| Ok(crossings(plan, criteria, reference, &tested, window)?.0));
    let varied = varied.collect::<Result<Vec<_>, AnalysisError>>()?;
    let end = kept.tested.times.last().copied().unwrap_or_default();
    rows.iter_mut().enumerate().for_each(|(k, row)| row.add_error(k, &varied, end));
    let diagnostics = kept.diagnostics.clone();
    let broken = diagnostics.broken();
    Ok(Sized { value: 0.0, rows, window, trace, broken, diagnostics, warnings: kept.warnings.clone() })
}

impl Row {
    /// True for a crossing whose standard error is known.
    pub(super) fn has_error(&self) -> bool {
        matches!(self.crossing.outcome, Outcome::Crossed { standard_error: Some(_), .. })
    }

    /// Adds the standard error to the time of the first crossing: the whole criterion, its averages, its ratio and its
    /// crossing, is read from every half sample, and the error is the root of the mean square of what it moves.
    fn add_error(&mut self, number: usize, varied: &[Vec<Self>], end: f64) {
        if let Outcome::Crossed { time, standard_error } = &mut self.crossing.outcome {
            let times: Vec<Option<f64>> =
                varied.iter().map(|rows| rows.get(number)?.crossing.first()).collect();
            *standard_error = spread(*time, &times, end);
        }
    }
}

type Crossings = (Vec<Row>, Vec<(f64, f64)>);

/// Crossings of all criteria of one table, and the course of the first criterion.
fn crossings(
    plan: &Plan,
    criteria: &[Criterion],
    reference: &Table,
    measured: &Measured,
    window: Option<f64>,
) -> Result<Crossings, AnalysisError> {
    let tested = &measured.table()?;
    let (mut rows, mut trace) = (Vec::new(), Vec::new());
    let span = tested.times().last().copied().unwrap_or(0.0) - tested.times()[0];
    for criterion in criteria {
        let mut series: RatioSeries = criterion.ratio(reference, tested)?;
        if let Some(time) = measured.blow_up {
            series = series.with_blow_up(time);
        }
        let plain = CrossingOptions { threshold: plan.threshold, ..CrossingOptions::default() };
        let first = crossing(&series, &plain)?;
        let mut shown = series.clone();
        rows.push(Row { criterion: criterion.name.clone(), reading: "first", crossing: first });
        if let Some(averaging) = window.filter(|w| 2.0 * w < span).map(Averaging::centred) {
            let options = CrossingOptions { averaging: Some(averaging), ..plain };
            let crossing = crossing(&series, &options)?;
            rows.push(Row { criterion: criterion.name.clone(), reading: "averaged", crossing });
            shown = averaging.apply(&series)?;
        }
        if trace.is_empty() {
            trace = shown.times.iter().copied().zip(shown.ratio()).collect();
        }
    }
    Ok((rows, trace))
}
