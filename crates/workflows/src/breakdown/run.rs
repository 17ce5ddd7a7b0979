//! One engine at one size against mean field, until every criterion has crossed.

use std::sync::atomic::{AtomicBool, Ordering};

use superladder_analysis::{AnalysisError, EnsembleSize, Subsystems, criteria_by_name, needs_of};
use superladder_engine::{Engine, EngineError, Problem};
use superladder_mean_field::MeanField;
use superladder_model::{Model, ModelError, Observable, observables_by_name};
use superladder_study::{Plan, Series, Study, StudyError};
use thiserror::Error;

use super::measured::{Kept, Side};
use super::reading::{Sized, needed, read};
use super::sampled;
use super::task::{Stopped, Task};
use crate::identity::{of_results, of_words};
use crate::place::PlaceError;
use crate::store::{Store, StoreError};

/// Points of the first stretch; every later one is longer.
const FIRST_STRETCH: usize = 100;
/// The run so far times this is the next stretch.
const GROWTH: f64 = 0.2;

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
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl BreakdownError {
    /// True when another study would help, false when the machine or a method failed.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Config(_) | Self::Analysis(_) | Self::Model(_) => true,
            Self::Engine { source, .. } => source.is_bad_input(),
            Self::Place(error) => error.is_bad_input(),
            Self::Store(_) | Self::Interrupted => false,
        }
    }
}

/// Measures the breakdown times of `series` at one `value` of the parameter of `plan`, and keeps the run in
/// `store`; a run that is there already is not repeated.
///
/// # Errors
/// [`BreakdownError`]; a blow-up of the moment equations is a result, not an error.
pub(super) fn measure(
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
    let study = plan.study(series, value)?;
    let criteria = criteria_by_name(&system(study.problem.model()), &plan.criteria)?;
    let clock = first_oscillation(study.problem.model());
    let digest = digest(plan, &study);
    if let Some(kept) = store.read::<Kept>(&digest) {
        let known = read(plan, &criteria, &kept, &clock)?;
        return Ok(Sized { value, ..known });
    }
    let (clock, digest) = (clock.as_str(), digest.as_str());
    let task = Task { plan, study: &study, criteria: &criteria, clock, store, digest, interrupted, told };
    let tested = |reference, problem: &Problem| match study.engine.sampling() {
        Some(engine) => sampled::measure(&task, engine.as_ref(), reference, problem),
        None => in_time(&task, study.engine().as_ref(), reference, problem),
    };
    let (of_reference, of_tested) = needs_of(&criteria);
    let mut wanted = of_reference;
    if !wanted.iter().any(|name| name == clock) {
        wanted.push(clock.to_owned());
    }
    let of_mean_field = with_observables(&study.problem, &wanted)?;
    let reference = MeanField::default().prepare(&of_mean_field).map(|e| Side::new(e, &of_mean_field));
    let problem = with_observables(&study.problem, &of_tested)?;
    let found = tested(reference.map_err(failed)?, &problem);
    found.map(|known| Sized { value, ..known }).map_err(|e| match e {
        Stopped::Engine(source) => failed(source),
        Stopped::Analysis(e) => e.into(),
        Stopped::Store(e) => e.into(),
        Stopped::Interrupted => BreakdownError::Interrupted,
    })
}

/// An engine that goes through time, as far as the criteria need.
fn in_time(
    task: &Task<'_>,
    engine: &dyn Engine,
    mut reference: Side,
    problem: &Problem,
) -> Result<Sized, Stopped> {
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
        };
        let known = read(task.plan, task.criteria, &kept, task.clock)?;
        let enough = needed(task.plan, &known).is_some_and(|room| times[reached - 1] - times[0] >= room);
        if enough || reached == times.len() || tested.measured.blow_up.is_some() {
            task.store.write(task.digest, &kept)?;
            return Ok(known);
        }
    }
}

/// Digest of everything that decides the measurements of a run and where it ends.
fn digest(plan: &Plan, study: &Study) -> String {
    let Plan { criteria, threshold, average, .. } = plan;
    of_words(&format!("{}\n{criteria:?} {threshold:?} {average:?}", of_results(study)))
}

fn system(model: &Model) -> Subsystems {
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
