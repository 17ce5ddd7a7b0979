//! The seam between the run loop and the engines.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use superladder_model::{JointState, ModelError, Observable};
use thiserror::Error;

use crate::{Attachment, Diagnostics, Halt, Never, Problem, ProblemError, Record, Recorder, Stationary};

/// A value and, for statistical engines, its standard error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The value; NaN means undefined.
    pub value: f64,
    /// Standard error, for engines that sample.
    pub standard_error: Option<f64>,
}

impl From<f64> for Estimate {
    fn from(value: f64) -> Self {
        Self { value, standard_error: None }
    }
}

/// The value of one observable at one time, flattened in the order of [`Observable::columns`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The flattened values.
    pub values: Vec<Estimate>,
}

impl Measurement {
    /// By value, how far two measurements of one observable are apart.
    pub fn distances(&self, other: &Self) -> Vec<f64> {
        self.values.iter().zip(&other.values).map(|(a, b)| (a.value - b.value).abs()).collect()
    }
}

/// What a run of an engine will need, known before it starts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Resources {
    /// Independent real unknowns.
    pub unknowns: u64,
    /// Memory in bytes.
    pub memory: u64,
    /// Lines for a reader: named figures in order.
    pub report: Vec<(String, String)>,
}

/// Why an engine stopped.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The problem is not well posed.
    #[error(transparent)]
    Problem(#[from] ProblemError),
    /// The model is not valid.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The engine cannot evaluate an observable.
    #[error("engine '{engine}' cannot evaluate observable '{observable}': {reason}")]
    Observable {
        /// Engine name.
        engine: &'static str,
        /// Observable name.
        observable: String,
        /// Why not.
        reason: String,
    },
    /// The engine cannot treat the problem.
    #[error("engine '{engine}' cannot treat this problem: {reason}")]
    Unsupported {
        /// Engine name.
        engine: &'static str,
        /// Why not.
        reason: String,
    },
    /// The problem does not fit the machine's memory.
    #[error("engine '{engine}' needs at least {needed} bytes ({needed_gib:.3} GiB) of memory for {unknowns} unknowns or more, but {available} bytes ({available_gib:.3} GiB) are available; lower `cutoff`, `size` or the number of output times, or raise `memory_limit`",
        needed_gib = *needed as f64 / 1_073_741_824.0, available_gib = *available as f64 / 1_073_741_824.0)]
    Memory {
        /// Engine name.
        engine: &'static str,
        /// Bytes needed.
        needed: u64,
        /// Bytes available.
        available: u64,
        /// Real unknowns.
        unknowns: u64,
    },
    /// The way to the end is far longer than anybody waits for.
    #[error(
        "engine '{engine}' would take about {needed:.0e} {what} from t = {time:?} to {end:?}, but at most {limit} are made{fastest}; shorten the time, go to a rotating frame, eliminate what is fast adiabatically, or raise `max_steps`"
    )]
    TooLong {
        /// Engine name.
        engine: &'static str,
        /// Time reached.
        time: f64,
        /// Time wanted.
        end: f64,
        /// What the whole way would take.
        needed: f64,
        /// Of what: steps, or applications of a generator.
        what: &'static str,
        /// How many of them are allowed.
        limit: u64,
        /// What is fastest in the model, in words.
        fastest: String,
    },
    /// Who may end the work has done so before time started.
    #[error("engine '{engine}' was interrupted while it was prepared")]
    Interrupted {
        /// Engine name.
        engine: &'static str,
    },
    /// A checkpoint could not be written or read.
    #[error("checkpoint: {0}")]
    Checkpoint(String),
    /// A stationary state, a spectrum or a linear system was not found.
    #[error("engine '{engine}' did not find {what}: {source}")]
    Solution {
        /// Engine name.
        engine: &'static str,
        /// What was looked for.
        what: String,
        /// Cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The propagation failed.
    #[error("engine '{engine}' failed at time {time}: {source}")]
    Propagation {
        /// Engine name.
        engine: &'static str,
        /// Time reached.
        time: f64,
        /// Cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl EngineError {
    /// A problem that `engine` would take about `needed` steps or applications (`what`) for, of which at most
    /// `limit` are made between `time` and `end`.
    pub fn too_long(
        engine: &'static str,
        problem: &Problem,
        (time, end): (f64, f64),
        (needed, what, limit): (f64, &'static str, u64),
    ) -> Self {
        let stage = problem.stages.iter().rfind(|s| s.start <= time).or(problem.stages.first());
        let fastest = stage.and_then(|s| s.model.fastest());
        let fastest = fastest.map_or_else(String::new, |words| format!(" (what is fastest is {words})"));
        Self::TooLong { engine, time, end, needed, what, limit, fastest }
    }

    /// True when another problem or other options would help, false when the engine failed on the way.
    pub fn is_bad_input(&self) -> bool {
        !matches!(
            self,
            Self::Propagation { .. } | Self::Solution { .. } | Self::Checkpoint(_) | Self::Interrupted { .. }
        )
    }
}

/// What the run loop tells the outside.
pub trait Progress {
    /// Called at every output time reached and, by engines that can, in between. A `Break` asks the engine to
    /// pause as soon as it can go on later with the same bits, which may be a few output times later.
    fn reached(&mut self, time: f64) -> ControlFlow<()>;

    /// Polled at all times, also inside of steps: once it asks for the end, the step in progress is given up.
    fn halt(&self) -> &dyn Halt {
        &Never
    }

    /// Words on how far a run is, for engines to which time says little.
    fn status(&mut self, _text: &str) {}

    /// Called when the engine has paused, with everything that a checkpoint needs: `Continue` goes on,
    /// `Break` ends the run here.
    ///
    /// # Errors
    /// What a checkpoint could not be written for.
    fn paused(
        &mut self,
        _evolution: &dyn Evolution,
        _recorder: &Recorder,
    ) -> Result<ControlFlow<()>, EngineError> {
        Ok(ControlFlow::Break(()))
    }
}

/// A [`Progress`] that never stops a run and shows nothing.
pub struct Silent;

impl Progress for Silent {
    fn reached(&mut self, _: f64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// A [`Progress`] that stops a run once it is asked to, and shows nothing.
pub struct Heeding<'a>(pub &'a dyn Halt);

impl Progress for Heeding<'_> {
    fn reached(&mut self, _: f64) -> ControlFlow<()> {
        if self.0.asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn halt(&self) -> &dyn Halt {
        self.0
    }
}

/// An engine: turns a [`Problem`] into an [`Evolution`].
///
/// Engines hold numerics only, so that the same problem goes to any of them:
///
/// ```
/// use superladder_cumulant::Cumulant;
/// use superladder_engine::{Engine, Problem, Silent, run};
/// use superladder_exact::Exact;
/// use superladder_model::Model;
///
/// // A driven cavity stays coherent, which second-order cumulants describe exactly.
/// let model = Model::builder()
///     .mode("a", 0.5)
///     .interaction("drive", "a", 0.2)
///     .channel("cavity-loss", "a", 0.4)
///     .build()?;
/// let problem =
///     Problem::builder(&model).cutoff("a", 16).observe("photons(a)").times(0.0, 5.0, 6).build()?;
/// let engines: [&dyn Engine; 2] = [&Exact::default(), &Cumulant::default()];
/// let mut photons = Vec::new();
/// for engine in engines {
///     let (_, recorder) = run(engine, &problem, &mut Silent)?;
///     photons.push(recorder.get(&problem, "photons(a)")?[5]);
/// }
/// assert!((photons[0] - photons[1]).abs() < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Engine {
    /// Name as in configurations.
    fn name(&self) -> &'static str;

    /// What a run will need; cheap compared with [`Engine::prepare`].
    ///
    /// # Errors
    /// [`EngineError`] when the engine cannot treat the problem.
    fn resources(&self, problem: &Problem) -> Result<Resources, EngineError>;

    /// Checks the problem, refuses what the engine cannot do and builds everything needed to advance.
    ///
    /// # Errors
    /// [`EngineError`].
    fn prepare(&self, problem: &Problem) -> Result<Box<dyn Evolution>, EngineError>;

    /// [`Engine::prepare`] that `halt` may end, for engines that are long about it.
    ///
    /// # Errors
    /// As [`Engine::prepare`]; [`EngineError::Interrupted`].
    fn prepare_while(&self, problem: &Problem, _halt: &dyn Halt) -> Result<Box<dyn Evolution>, EngineError> {
        self.prepare(problem)
    }

    /// The engine as one that finds stationary states, if it does.
    fn as_stationary(&self) -> Option<&dyn Stationary> {
        None
    }
}

/// Hears the measurements at the output times. Closures `|time, measurements, diagnostics|` are listeners.
pub trait Listener {
    /// Called at an output time: one measurement per observable of the problem, in order. `Break` asks to
    /// pause.
    fn record(
        &mut self,
        time: f64,
        measurements: Vec<Measurement>,
        diagnostics: &Diagnostics,
    ) -> ControlFlow<()>;

    /// Called between output times. `Break` asks to pause.
    fn step(&mut self, _time: f64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Polled inside of steps: once it asks for the end, the engine pauses at the start of the step in
    /// progress, as if that had not been begun.
    fn halt(&self) -> &dyn Halt {
        &Never
    }

    /// Words on how far the run is, shown until the next call of any method.
    fn status(&mut self, _text: &str) {}
}

impl<F: FnMut(f64, Vec<Measurement>, &Diagnostics) -> ControlFlow<()>> Listener for F {
    fn record(
        &mut self,
        time: f64,
        measurements: Vec<Measurement>,
        diagnostics: &Diagnostics,
    ) -> ControlFlow<()> {
        self(time, measurements, diagnostics)
    }
}

/// What is known of the records only when a run ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Concluded {
    /// The record at the first output time.
    pub first: Record,
    /// Records at the output times that were left, as far as they are known.
    pub later: Vec<Record>,
}

/// A cutoff that has followed the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowedCutoff {
    /// Name of its mode.
    pub mode: String,
    /// Its value in the end.
    pub last: usize,
    /// Its largest value.
    pub largest: usize,
}

/// A problem on its way through time.
pub trait Evolution {
    /// Present time.
    fn time(&self) -> f64;

    /// Advances through `times` (increasing, all beyond the present), handing the measurements at each (one
    /// per observable of the problem, in order) to `listener`. When that breaks off, the engine pauses at the
    /// first time from which it can go on with the same bits, at or after the present output time:
    /// [`Evolution::time`] tells.
    ///
    /// # Errors
    /// [`EngineError::Propagation`].
    fn advance(&mut self, times: &[f64], listener: &mut dyn Listener) -> Result<(), EngineError>;

    /// Measures at the present time: one measurement per observable of the problem.
    fn measure(&mut self) -> Vec<Measurement>;

    /// Diagnostics up to now.
    fn diagnostics(&self) -> &Diagnostics;

    /// What the run needs, as [`Engine::resources`] tells it beforehand; known here without a second look at
    /// the problem.
    fn resources(&self) -> Resources;

    /// Named figures of the method (steps, right-hand sides, ...), for the manifest.
    fn statistics(&self) -> serde_json::Value;

    /// What an engine knows of the records only when its run ends, be it at the last output time or on its
    /// way, with the `left` output times before it: for engines that do not go through time.
    fn concluded(&mut self, _left: &[f64]) -> Option<Concluded> {
        None
    }

    /// How much the state moves at the present time: the Hilbert-Schmidt norm of `d rho/dt = L rho`, for
    /// engines that have a density matrix. Costs one application of L.
    fn speed(&mut self) -> Option<f64> {
        None
    }

    /// The state at the present time, for engines that have a density matrix and problems that ask for it
    /// ([`crate::End::State`]).
    fn state(&self) -> Option<JointState> {
        None
    }

    /// Cutoffs that have followed the state.
    fn followed_cutoffs(&self) -> Vec<FollowedCutoff> {
        Vec::new()
    }

    /// Tables beside the records.
    fn attachments(&self) -> Vec<Attachment> {
        Vec::new()
    }

    /// What a reader should know before trusting the numbers although every bound is kept.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Everything needed to continue bit by bit, for a checkpoint.
    ///
    /// # Errors
    /// [`EngineError::Checkpoint`] when it cannot be put into bytes.
    fn save(&self) -> Result<Vec<u8>, EngineError>;

    /// Writes what [`Evolution::save`] gives; engines with large states do so without a second copy of it.
    ///
    /// # Errors
    /// Whatever the writer says.
    fn save_to(&self, writer: &mut dyn std::io::Write) -> std::io::Result<()> {
        writer.write_all(&self.save().map_err(std::io::Error::other)?)
    }

    /// Continues from [`Evolution::save`] of the same problem.
    ///
    /// # Errors
    /// [`EngineError::Checkpoint`] when the bytes do not belong to this problem.
    fn restore(&mut self, bytes: &[u8]) -> Result<(), EngineError>;
}

/// Refuses an observable by name.
pub fn refuse(engine: &'static str, observable: &Observable, reason: impl Into<String>) -> EngineError {
    EngineError::Observable { engine, observable: observable.name.clone(), reason: reason.into() }
}
