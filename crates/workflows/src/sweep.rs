//! One study over a grid of its parameters: every point a run, all of them one tidy table.
//!
//! ```text
//! Axis, Axis, ... -> Sweep (a Study per point) -> measure (Store keeps what is finished)
//!     -> Results -> tables, picture
//! ```

mod all;
mod arrangement;
mod arrays;
mod axis;
mod files;
mod maps;
mod observables;
mod picture;
#[cfg(feature = "mpi")]
mod ranks;
mod results;
mod run;

use std::path::Path;

use rayon::prelude::*;
use superladder_engine::{EngineError, available_memory};
use thiserror::Error;

pub use all::{Ended, Request, carry_out};
pub use axis::{Axis, Value};
pub use files::{picture, write};
pub use results::Results;
pub use run::{Kept, Outcome, measure};

use crate::identity;
use crate::place::PlaceError;
use crate::store::StoreError;
use superladder_study::{Study, StudyError};

/// Why a sweep cannot be made.
#[derive(Debug, Error)]
pub enum SweepError {
    /// An option that names values of a parameter and cannot be read.
    #[error("--{option} {text}: {fault}")]
    Axis {
        /// The option, `sweep` or that of a map.
        option: &'static str,
        /// Its argument.
        text: String,
        /// What is wrong with it.
        fault: AxisFault,
    },
    /// Squeezing of a study without spins.
    #[error("the study has no ensembles of spins, whose squeezing could be found")]
    NoEnsembles,
    /// A key of the table `plot` that does not fit what is swept.
    #[error("plot.{key}: {reason}")]
    Plot {
        /// The key.
        key: &'static str,
        /// Why not.
        reason: String,
    },
    /// More points than there is memory for: every study is read before time starts.
    #[error("all axes together have {points} points, whose studies do not fit the memory; at most {most} do")]
    Memory {
        /// Number of points.
        points: u64,
        /// So many fit.
        most: u64,
    },
    /// The study itself is at fault.
    #[error("{0}")]
    Study(#[from] StudyError),
    /// The study is at fault at one point of the sweep.
    #[error("at {point}: {source}")]
    Point {
        /// The point, `lambda = 0.3, N = 4`.
        point: String,
        /// What is wrong there.
        source: StudyError,
    },
    /// The engine refuses every point.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The output folder or the store cannot be taken.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Finished points cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The threads cannot be started.
    #[error("cannot start the threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl SweepError {
    /// True when other arguments would help, false when the machine refuses.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Store(_) | Self::Threads(_) => false,
            Self::Place(error) => error.is_bad_input(),
            Self::Engine(error) => error.is_bad_input(),
            Self::Axis { .. }
            | Self::Plot { .. }
            | Self::NoEnsembles
            | Self::Memory { .. }
            | Self::Study(_)
            | Self::Point { .. } => true,
        }
    }
}

/// What is wrong with a `--sweep`.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum AxisFault {
    /// Not of the right form.
    #[error(
        "must read KEY=START:END:POINTS or KEY=VALUE,VALUE,..., for instance lambda=0.1:0.9:17 or N=2,3,4"
    )]
    Form,
    /// No values.
    #[error("the list of values is empty, or has an empty entry")]
    Empty,
    /// A range without sense.
    #[error(
        "the range '{range}' must be START:END:POINTS with finite ends that differ and a whole number of points >= 2 (:log after it spaces evenly in the logarithm, both ends > 0)"
    )]
    Range {
        /// The range as given.
        range: String,
    },
    /// A value given twice.
    #[error("the value {value} is given twice")]
    Twice {
        /// The value.
        value: String,
    },
    /// A key that the study does not have.
    #[error("the study has no parameter '{key}'{}; known: {}; any other value by its dotted key, such as modes.a.cutoff", nearest.as_ref().map(|n| format!(" (did you mean '{n}'?)")).unwrap_or_default(), if known.is_empty() { "none".to_owned() } else { known.join(", ") })]
    Unknown {
        /// The key.
        key: String,
        /// The nearest known parameter.
        nearest: Option<String>,
        /// All known parameters.
        known: Vec<String>,
    },
    /// More points than anybody wants.
    #[error("all axes together have {points:e} points, but at most {} are possible", axis::MOST)]
    Points {
        /// Number of points up to this axis.
        points: f64,
    },
    /// A key that is swept twice.
    #[error("'{key}' is swept twice")]
    Repeated {
        /// The key.
        key: String,
    },
}

/// One point of a sweep.
#[derive(Debug)]
pub struct Point {
    /// Its value on every axis.
    pub values: Vec<Value>,
    /// The study there.
    pub study: Study,
    /// Digest of everything that decides its results.
    pub digest: String,
}

/// A study and the points at which it is to run.
#[derive(Debug)]
pub struct Sweep {
    /// The study before anything is swept.
    pub base: Study,
    /// What is swept; the last one runs fastest.
    pub axes: Vec<Axis>,
    /// The Cartesian product of the axes.
    pub points: Vec<Point>,
    /// Observables that some points leave out, and why.
    pub notes: Vec<String>,
}

impl Sweep {
    /// The title, with dots in the place of what is swept.
    pub fn title(&self) -> String {
        let swept: Vec<&str> = self.axes.iter().filter_map(|a| a.path.strip_prefix("parameters.")).collect();
        self.base.title_over(&swept)
    }

    /// Reads the study in a file at every point of the Cartesian product of `sweeps`, so that every fault
    /// shows before time starts.
    ///
    /// # Errors
    /// [`SweepError`].
    pub fn load(path: &Path, sets: &[String], sweeps: &[String]) -> Result<Self, SweepError> {
        Self::product(sets, sweeps, |sets| Study::load(path, sets))
    }

    /// The same for a study that `load` reads with these `--set` changes.
    ///
    /// # Errors
    /// [`SweepError`].
    pub fn product(
        sets: &[String],
        sweeps: &[String],
        load: impl Fn(&[String]) -> Result<Study, StudyError> + Sync,
    ) -> Result<Self, SweepError> {
        let base = load(sets)?;
        let named: Vec<(&'static str, &str)> = sweeps.iter().map(|text| ("sweep", text.as_str())).collect();
        let axes = axes(&base, &named)?;
        arrangement::Arrangement::of(&base.plot, &axes)?;
        let (points, most) = (axes.iter().map(|a| a.values.len() as u64).product(), most_points(&base));
        if points > most {
            return Err(SweepError::Memory { points, most });
        }
        let mut product: Vec<Vec<Value>> = vec![Vec::new()];
        for axis in &axes {
            let extended = |start: &Vec<Value>| {
                let with = |value: &Value| start.iter().chain([value]).cloned().collect();
                axis.values.iter().map(with).collect::<Vec<Vec<Value>>>()
            };
            product = product.iter().flat_map(extended).collect();
        }
        let read = product.into_par_iter().map(|values| Point::load(&axes, values, sets, &load));
        // Of several faulty points the first one is told, whoever reads first.
        let read: Vec<Result<Point, SweepError>> = read.collect();
        let mut points = read.into_iter().collect::<Result<Vec<_>, SweepError>>()?;
        let notes = observables::leave_out(&axes, &mut points);
        Ok(Self { base, axes, points, notes })
    }

    /// A point in words, `lambda = 0.3, N = 4`.
    pub fn words(&self, point: &Point) -> String {
        words(&self.axes, &point.values)
    }
}

/// Reads the axes of options, each its name and its text, for a study.
///
/// # Errors
/// [`SweepError::Axis`].
pub fn axes(base: &Study, options: &[(&'static str, &str)]) -> Result<Vec<Axis>, SweepError> {
    let resolved = base.resolved();
    let parameters = resolved["parameters"].as_object();
    let known: Vec<&str> = parameters.map(|p| p.keys().map(String::as_str).collect()).unwrap_or_default();
    let mut axes: Vec<Axis> = Vec::new();
    for (option, text) in options {
        let failed = |fault| SweepError::Axis { option, text: (*text).to_owned(), fault };
        let axis = Axis::parse(text, &known).map_err(failed)?;
        if axes.iter().any(|a| a.path == axis.path) {
            return Err(failed(AxisFault::Repeated { key: axis.key }));
        }
        let points: f64 = axes.iter().chain([&axis]).map(|a| a.values.len() as f64).product();
        if points > axis::MOST as f64 {
            return Err(failed(AxisFault::Points { points }));
        }
        axes.push(axis);
    }
    Ok(axes)
}

/// So many studies like this one fit half of the memory.
fn most_points(study: &Study) -> u64 {
    /// Bytes of a study with all that was read of it (first-run: 43 kB for 1.7 kB of text), of a byte of its text,
    /// and of an output time.
    const STUDY: u64 = 16 << 10;
    const PER_BYTE: u64 = 20;
    const PER_TIME: u64 = 16;
    let times = study.problem.times.len() as u64;
    let bytes = STUDY + PER_BYTE * study.text().len() as u64 + PER_TIME * times;
    available_memory().map_or(u64::MAX, |available| available / 2 / bytes)
}

impl Point {
    fn load(
        axes: &[Axis],
        values: Vec<Value>,
        sets: &[String],
        load: impl Fn(&[String]) -> Result<Study, StudyError>,
    ) -> Result<Self, SweepError> {
        let swept = axes.iter().zip(&values).map(|(axis, value)| format!("{}={}", axis.path, value.text));
        let sets: Vec<String> = sets.iter().cloned().chain(swept).collect();
        let study =
            load(&sets).map_err(|source| SweepError::Point { point: words(axes, &values), source })?;
        let digest = identity::of_results(&study);
        Ok(Self { values, study, digest })
    }
}

fn words(axes: &[Axis], values: &[Value]) -> String {
    let pairs = axes.iter().zip(values).map(|(axis, value)| format!("{} = {}", axis.key, value.text));
    pairs.collect::<Vec<_>>().join(", ")
}
