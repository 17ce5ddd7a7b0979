//! One engine at one size against mean field, until every criterion has crossed.

use std::sync::atomic::{AtomicBool, Ordering};

use superladder_analysis::{
    AnalysisError, Criterion, EnsembleSize, Moment, Subsystems, criteria_by_name, moments_by_name, needs_of,
};
use superladder_engine::{Engine, EngineError, Problem};
use superladder_mean_field::MeanField;
use superladder_model::{Model, ModelError, Observable, observables_by_name};
use superladder_sampling::BLOCKS;
use superladder_study::{MatchedSeries, Plan, Series, Study, StudyError};
use thiserror::Error;

use super::super::reading::{Sized, needed, read};
use super::measured::{Kept, Side};
use super::output_times::in_windows;
use super::sampled;
use super::task::{Stopped, Task};
use crate::identity::{of_results, of_words};
use crate::place::PlaceError;
use crate::store::{Store, StoreError};

/// Points of the first stretch; every later one is longer.
const FIRST_STRETCH: usize = 100;
/// The run so far times this is the next stretch.
const GROWTH: f64 = 0.2;
/// Fewest samples that have standard errors worth the name: a few in each block.
const FEWEST: u64 = 2 * BLOCKS as u64;

/// Why a breakdown time could not be measured.
#[derive(Debug, Error)]
pub enum BreakdownError {
    /// The study is at fault.
    #[error("{0}")]
    Config(#[from] StudyError),
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
    /// The output folder or the store cannot be taken.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// There are no standard errors by which a distribution could be judged.
    #[error(
        "{label} at {parameter} = {value}: a verdict on a distribution needs standard errors, which {FEWEST} samples or more have; there are {samples}"
    )]
    TooFewSamples {
        /// Label of the series.
        label: String,
        /// The parameter.
        parameter: String,
        /// Its value.
        value: f64,
        /// Samples asked for.
        samples: u64,
    },
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl BreakdownError {
    /// True when another study would help, false when the machine or a method failed.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Config(_) | Self::Analysis(_) | Self::Model(_) | Self::TooFewSamples { .. } => true,
            Self::Engine { source, .. } => source.is_bad_input(),
            Self::Place(error) => error.is_bad_input(),
            Self::Store(_) | Self::Interrupted => false,
        }
    }
}

/// Measures the breakdown times of series `number` at one `value` of the parameter of `plan`, and keeps the run in
/// `store`; a run that is there already is not repeated.
///
/// # Errors
/// [`BreakdownError`]; a blow-up of the moment equations is a result, not an error.
pub(crate) fn measure(
    plan: &Plan,
    (number, value): (usize, f64),
    store: &Store,
    interrupted: &AtomicBool,
    told: &(dyn Fn(&str) + Sync),
) -> Result<Sized, BreakdownError> {
    let series = &plan.series[number];
    let failed = |source| BreakdownError::Engine {
        label: series.label.clone(),
        parameter: plan.parameter.clone(),
        value,
        source: Box::new(source),
    };
    let study = plan.study(series, value)?;
    let system = system(study.problem.model());
    let criteria = criteria_by_name(&system, &plan.criteria)?;
    let whole = is_compared(plan, number, value);
    let moments = if whole { moments_by_name(&system, &plan.moments)? } else { Vec::new() };
    check_samples(plan, series, value, whole, &study)?;
    let clock = first_oscillation(study.problem.model());
    let digest = digest(plan, &study, whole);
    if let Some(kept) = store.read::<Kept>(&digest) {
        let known = read(plan, &criteria, &kept, &clock)?;
        return Ok(finished(known, value, kept, whole));
    }
    let (of_reference, of_tested) = wanted(&criteria, &moments, &clock);
    let of_mean_field = with_observables(&study.problem, &of_reference)?;
    let found = in_windows(plan.average, &of_mean_field, &clock).map_err(failed)?;
    let (times, windows) = found.map_or((None, None), |(times, window)| (Some(times), Some(window)));
    let at = |problem: Problem| match &times {
        Some(times) => Problem { times: times.clone(), ..problem },
        None => problem,
    };
    let (clock, digest) = (clock.as_str(), digest.as_str());
    let task = Task {
        plan,
        study: &study,
        criteria: &criteria,
        clock,
        windows,
        whole,
        store,
        digest,
        interrupted,
        told,
    };
    let of_mean_field = at(of_mean_field);
    let reference = MeanField::default().prepare(&of_mean_field).map(|e| Side::new(e, &of_mean_field));
    let problem = at(with_observables(&study.problem, &of_tested)?);
    let reference = reference.map_err(failed)?;
    let found = match study.engine.sampling() {
        Some(engine) => sampled::measure(&task, engine.as_ref(), reference, &problem),
        None => in_time(&task, study.engine().as_ref(), reference, &problem),
    };
    let (known, kept) = found.map_err(|e| match e {
        Stopped::Engine(source) => failed(source),
        Stopped::Analysis(e) => e.into(),
        Stopped::Store(e) => e.into(),
        Stopped::Interrupted => BreakdownError::Interrupted,
    })?;
    Ok(finished(known, value, kept, whole))
}

/// Whether the run of series `number` at one `value` is in `store`.
///
/// # Errors
/// [`BreakdownError`] of the study.
pub(crate) fn is_measured(
    plan: &Plan,
    (number, value): (usize, f64),
    store: &Store,
) -> Result<bool, BreakdownError> {
    let study = plan.study(&plan.series[number], value)?;
    let digest = digest(plan, &study, is_compared(plan, number, value));
    Ok(store.read::<Kept>(&digest).is_some())
}

/// What was measured at one size, with the run itself where another engine is held against it.
fn finished(known: Sized, value: f64, kept: Kept, whole: bool) -> Sized {
    Sized { value, runs: whole.then_some(kept), ..known }
}

/// Whether a series takes part in a comparison of distributions at this size.
fn is_compared(plan: &Plan, number: usize, value: f64) -> bool {
    let of = |m: &MatchedSeries| m.value == value && (m.approximation == number || m.reference == number);
    plan.matched().iter().any(of)
}

/// Refuses engines that sample too little for a verdict on distributions.
fn check_samples(
    plan: &Plan,
    series: &Series,
    value: f64,
    whole: bool,
    study: &Study,
) -> Result<(), BreakdownError> {
    match study.engine.samples().filter(|samples| whole && *samples < FEWEST) {
        Some(samples) => Err(BreakdownError::TooFewSamples {
            label: series.label.clone(),
            parameter: plan.parameter.clone(),
            value,
            samples,
        }),
        None => Ok(()),
    }
}

/// Observables of the mean-field run and of the tested one.
fn wanted(criteria: &[Criterion], moments: &[Moment], clock: &str) -> (Vec<String>, Vec<String>) {
    let (mut of_reference, mut of_tested) = needs_of(criteria);
    let of_moments = || moments.iter().flat_map(Moment::needs).map(|need| need.observable.clone());
    let add = |names: &mut Vec<String>, new: String| {
        if !names.contains(&new) {
            names.push(new);
        }
    };
    of_moments().for_each(|name| add(&mut of_tested, name));
    of_moments().chain([clock.to_owned()]).for_each(|name| add(&mut of_reference, name));
    (of_reference, of_tested)
}

/// An engine that goes through time, as far as the criteria need.
fn in_time(
    task: &Task<'_>,
    engine: &dyn Engine,
    mut reference: Side,
    problem: &Problem,
) -> Result<(Sized, Kept), Stopped> {
    let mut tested = Side::new(engine.prepare(problem)?, problem);
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
            windows: task.windows,
            samples: None,
        };
        let known = read(task.plan, task.criteria, &kept, task.clock)?;
        let room = needed(task.plan, &known).filter(|_| !task.whole);
        let enough = room.is_some_and(|room| times[reached - 1] - times[0] >= room);
        if enough || reached == times.len() || tested.measured.blow_up.is_some() {
            task.store.write(task.digest, &kept)?;
            return Ok((known, kept));
        }
    }
}

/// Digest of everything that decides the measurements of a run and where it ends.
fn digest(plan: &Plan, study: &Study, whole: bool) -> String {
    let Plan { criteria, threshold, average, moments, .. } = plan;
    let moments = if whole { format!(" {moments:?}") } else { String::new() };
    of_words(&format!("{}\n{criteria:?} {threshold:?} {average:?}{moments}", of_results(study)))
}

pub(crate) fn system(model: &Model) -> Subsystems {
    let size = |e: &superladder_model::Ensemble| EnsembleSize { name: e.name.clone(), size: e.size };
    Subsystems {
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
