//! One engine at one size against mean field, until every criterion has crossed.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use superladder_analysis::{
    AnalysisError, Averaging, Criterion, Crossing, CrossingOptions, EnsembleSize, RatioSeries, System, Table,
    criteria_by_name, crossing, needs_of, period,
};
use superladder_engine::{Diagnostics, Engine, EngineError, Evolution, Measurement, Problem};
use superladder_mean_field::MeanField;
use superladder_model::{Model, ModelError, Observable, observables_by_name};
use thiserror::Error;

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
}

/// What is kept of a finished run: everything that the crossings are read from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Kept {
    reference: Measured,
    tested: Measured,
    diagnostics: Diagnostics,
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
    let (of_reference, of_tested) = needs_of(&criteria);
    let mut wanted = of_reference;
    if !wanted.contains(&clock) {
        wanted.push(clock.clone());
    }
    let mut reference =
        Side::new(&MeanField::default(), &with_observables(&study.problem, &wanted)?).map_err(failed)?;
    let engine = study.engine();
    let mut tested =
        Side::new(engine.as_ref(), &with_observables(&study.problem, &of_tested)?).map_err(failed)?;
    let times = &study.problem.times;
    let mut reached = 1;
    loop {
        let stretch = FIRST_STRETCH.max((GROWTH * reached as f64) as usize);
        let end = times.len().min(reached + stretch);
        reference.advance(&times[reached..end], interrupted).map_err(failed)?;
        tested.advance(&times[reached..end], interrupted).map_err(failed)?;
        if interrupted.load(Ordering::SeqCst) {
            return Err(BreakdownError::Interrupted);
        }
        reached = end;
        let kept = Kept {
            reference: reference.measured.clone(),
            tested: tested.measured.clone(),
            diagnostics: tested.evolution.diagnostics().clone(),
        };
        let known = read(plan, &criteria, &kept, &clock)?;
        let read_in_full =
            plan.average == Average::None || known.rows.iter().any(|row| row.reading == "averaged");
        let seen = read_in_full
            && known.rows.iter().all(|row| {
                let room =
                    BEYOND * row.crossing.first().unwrap_or(f64::INFINITY) + known.window.unwrap_or(0.0);
                times[reached - 1] - times[0] >= room
            });
        if seen || reached == times.len() || tested.measured.blow_up.is_some() {
            store.write(&digest, &kept)?;
            return Ok(Sized { value, ..known });
        }
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
fn read(plan: &Plan, criteria: &[Criterion], kept: &Kept, clock: &str) -> Result<Sized, AnalysisError> {
    let (reference, tested) = (&kept.reference.table()?, &kept.tested.table()?);
    let window = window(plan.average, reference, clock);
    let mut rows = Vec::new();
    let mut trace = Vec::new();
    let span = reference.times().last().copied().unwrap_or(0.0) - reference.times()[0];
    for criterion in criteria {
        let mut series: RatioSeries = criterion.ratio(reference, tested)?;
        if let Some(time) = kept.tested.blow_up {
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
    let diagnostics = kept.diagnostics.clone();
    let broken = diagnostics.checks.iter().filter(|(_, check)| !check.holds());
    let broken = broken.map(|(name, check)| format!("{name} reached {:.1e}", check.worst)).collect();
    Ok(Sized { value: 0.0, rows, window, trace, broken, diagnostics })
}

/// All that one engine has measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Measured {
    times: Vec<f64>,
    /// By column, as the observables come.
    values: Vec<Vec<f64>>,
    names: Vec<String>,
    /// When the moment equations blew up.
    blow_up: Option<f64>,
}

impl Measured {
    /// Notes a blow-up: what is missing up to the end of the stretch is undefined.
    fn fill(&mut self, times: &[f64], blow_up: f64) {
        self.blow_up = Some(blow_up);
        let last = self.times[self.times.len() - 1];
        for time in times.iter().filter(|t| **t > last) {
            self.times.push(*time);
            for column in &mut self.values {
                column.push(f64::NAN);
            }
        }
    }

    fn table(&self) -> Result<Table, AnalysisError> {
        let empty = Table::new(self.times.clone())?;
        let columns = self.names.iter().zip(&self.values);
        columns.into_iter().try_fold(empty, |table, (name, values)| table.with_values(name, values.clone()))
    }
}

/// One evolution with all that it has measured.
struct Side {
    evolution: Box<dyn Evolution>,
    measured: Measured,
}

impl Side {
    fn new(engine: &dyn Engine, problem: &Problem) -> Result<Self, EngineError> {
        let mut evolution = engine.prepare(problem)?;
        let levels = problem.levels();
        let columns = |o: &Observable| o.columns(problem.model(), &levels);
        let names: Vec<String> = problem.observables.iter().flat_map(columns).collect();
        let values = flat(&evolution.measure()).into_iter().map(|x| vec![x]).collect();
        let times = vec![problem.times[0]];
        Ok(Self { evolution, measured: Measured { times, values, names, blow_up: None } })
    }

    /// Advances through `times`; after a blow-up everything is undefined.
    fn advance(&mut self, times: &[f64], interrupted: &AtomicBool) -> Result<(), EngineError> {
        if times.is_empty() {
            return Ok(());
        }
        let Self { evolution, measured } = self;
        let mut record = |time: f64, measurements: Vec<Measurement>, _: &Diagnostics| {
            measured.times.push(time);
            for (column, value) in measured.values.iter_mut().zip(flat(&measurements)) {
                column.push(value);
            }
            if interrupted.load(Ordering::SeqCst) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        match evolution.advance(times, &mut record) {
            Ok(()) => Ok(()),
            Err(EngineError::Propagation { time, source, .. })
                if source.is::<superladder_cumulant::CumulantError>() =>
            {
                measured.fill(times, time);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

fn flat(measurements: &[Measurement]) -> Vec<f64> {
    measurements.iter().flat_map(|m| &m.values).map(|v| v.value).collect()
}
