//! Runs of all settings, several at a time.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use superladder_engine::{Problem, Record, Recorder};
use superladder_model::Shape;

use super::{ConvergenceError, Family};
use crate::attempt::attempt;
use crate::workers::Limits;
use superladder_study::Study;

/// One number or one distribution over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Name of the column, or of the observable for a distribution.
    pub name: String,
    /// The observable, whose components share a scale.
    pub observable: String,
    /// Numbers per output time.
    pub width: usize,
    /// The numbers, time by time.
    pub values: Vec<f64>,
    /// Their standard errors, of an engine that samples.
    pub errors: Option<Vec<f64>>,
}

impl Series {
    /// The same with `width` numbers per time: populations of levels that are cut off are zero.
    pub fn widened(&self, width: usize) -> Vec<f64> {
        let row = |row: &[f64]| row.iter().copied().chain(std::iter::repeat(0.0)).take(width).collect();
        self.values.chunks(self.width.max(1)).flat_map(|r| -> Vec<f64> { row(r) }).collect()
    }

    /// Largest standard error of a value that is defined.
    pub fn largest_error(&self) -> Option<f64> {
        let defined = self.errors.as_ref()?.iter().zip(&self.values).filter(|(_, x)| x.is_finite());
        Some(
            defined
                .fold(0.0, |most, (error, _)| if error.is_nan() { f64::INFINITY } else { most.max(*error) }),
        )
    }

    /// Largest absolute value that is defined.
    pub fn largest(&self) -> f64 {
        self.values.iter().filter(|x| x.is_finite()).fold(0.0, |most, x| most.max(x.abs()))
    }
}

/// The run of one setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// All observables but density matrices.
    pub series: Vec<Series>,
    /// Bounds that it broke.
    pub broken: Vec<String>,
    /// Seconds on the clock.
    pub seconds: f64,
}

/// Runs by their `--set` arguments.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    runs: Vec<(Vec<String>, Result<Run, String>)>,
}

impl Measured {
    /// The run of a setting.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub fn run(&self, sets: &[String]) -> Result<&Run, String> {
        let found = self.runs.iter().find(|(known, _)| known == sets);
        found.map_or_else(|| Err("not run".to_owned()), |(_, run)| run.as_ref().map_err(Clone::clone))
    }

    /// Adds other runs.
    pub(super) fn extend(&mut self, others: Self) {
        self.runs.extend(others.runs);
    }

    /// Number of runs.
    pub fn count(&self) -> usize {
        self.runs.len()
    }
}

/// Names of observables that are not compared: density matrices.
pub(super) fn matrices(problem: &Problem) -> Vec<String> {
    let levels = problem.levels();
    let matrix = |o: &&superladder_model::Observable| {
        matches!(o.shape(problem.model(), &levels), Shape::Matrix(_) | Shape::Blocks(_))
    };
    problem.observables.iter().filter(matrix).map(|o| o.name.clone()).collect()
}

fn series(problem: &Problem, recorder: &Recorder) -> Vec<Series> {
    let levels = recorder.levels(problem);
    let mut found = Vec::new();
    for (index, observable) in problem.observables.iter().enumerate() {
        let error = |r: &Record, c: usize| r.measurements[index].values.get(c).and_then(|e| e.standard_error);
        let errors = |components: std::ops::Range<usize>| -> Option<Vec<f64>> {
            let row = |r| components.clone().map(move |c| error(r, c));
            recorder.records.iter().flat_map(row).collect()
        };
        let named = |name: String, components: std::ops::Range<usize>, values: Vec<f64>| Series {
            name,
            observable: observable.name.clone(),
            width: components.len(),
            values,
            errors: errors(components),
        };
        match observable.shape(problem.model(), &levels) {
            Shape::Matrix(_) | Shape::Blocks(_) => {}
            Shape::Vector(width) => {
                let row = |r: usize| recorder.values(problem, &levels, r, index);
                let rows = (0..recorder.records.len()).flat_map(row).collect();
                found.push(named(observable.name.clone(), 0..width, rows));
            }
            Shape::Components(_) => {
                let columns = observable.columns(problem.model(), &levels).into_iter().enumerate();
                found.extend(columns.map(|(c, name)| named(name, c..c + 1, recorder.column(index, c))));
            }
        }
    }
    found
}

/// Runs the study as it is and every setting of `families`; `told` hears of every run that has ended.
///
/// # Errors
/// [`ConvergenceError`] when the study as it is cannot run; other settings may fail, with their reason.
pub fn measure(
    path: &Path,
    sets: &[String],
    choices: &[Vec<String>],
    limits: &Limits,
    interrupted: &AtomicBool,
    told: &(impl Fn(&str) + Sync),
) -> Result<Measured, ConvergenceError> {
    let mut jobs = Vec::new();
    let mut measured = Measured::default();
    for choice in choices {
        let all: Vec<String> = sets.iter().chain(choice).cloned().collect();
        let study = Study::load(path, &all)?;
        match study.engine().resources(&study.problem) {
            Ok(resources) => jobs.push((choice, study, resources.memory)),
            Err(refusal) if choice.is_empty() => return Err(refused(&study, refusal)),
            Err(refusal) => measured.runs.push((choice.clone(), Err(refusal.to_string()))),
        }
    }
    jobs.sort_by_key(|(_, _, memory)| std::cmp::Reverse(*memory));
    let workers = limits.workers(&jobs.iter().map(|job| job.2).collect::<Vec<_>>());
    let done = Mutex::new(Vec::new());
    limits.each(&jobs, workers, interrupted, |(choice, study, _)| {
        let outcome = run(study, interrupted);
        told(&choice.join(" "));
        if let Ok(mut done) = done.lock() {
            done.push(((*choice).clone(), outcome));
        }
    })?;
    if interrupted.load(Ordering::SeqCst) {
        return Err(ConvergenceError::Interrupted);
    }
    for (choice, outcome) in done.into_inner().unwrap_or_default() {
        match outcome {
            Err(error) if choice.is_empty() => return Err(error),
            outcome => measured.runs.push((choice, outcome.map_err(|e| e.to_string()))),
        }
    }
    Ok(measured)
}

/// All settings of `families`, each once; the study's own, an empty one, is the first.
pub(super) fn distinct(families: &[Family]) -> Vec<Vec<String>> {
    let mut distinct: Vec<Vec<String>> = vec![Vec::new()];
    for choice in families.iter().flat_map(|f| &f.choices) {
        if !distinct.contains(&choice.sets) {
            distinct.push(choice.sets.clone());
        }
    }
    distinct
}

fn refused(study: &Study, refusal: superladder_engine::EngineError) -> ConvergenceError {
    study.refusal(refusal).map_or_else(Into::into, Into::into)
}

fn run(study: &Study, interrupted: &AtomicBool) -> Result<Run, ConvergenceError> {
    let ran = attempt(study.engine().as_ref(), &study.problem, interrupted).map_err(|e| refused(study, e))?;
    if let Some((time, reason)) = ran.failure {
        return Err(ConvergenceError::Failed { time, reason });
    }
    let series = series(&study.problem, &ran.recorder);
    Ok(Run { series, broken: ran.diagnostics.broken(), seconds: ran.seconds })
}
