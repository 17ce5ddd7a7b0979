//! A problem: the model as it changes in time, the initial state, what to measure and when.

use superladder_model::{Evaluation, InitialState, Model, ModelError, Observable, Sampled};
use thiserror::Error;

/// A stretch of time with a constant model.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Start of the stage; it ends where the next one starts.
    pub start: f64,
    /// The model in force.
    pub model: Model,
}

/// What is asked for at the end of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum End {
    /// Nothing but the records.
    #[default]
    Records,
    /// The state at the last output time as a whole ([`crate::Evolution::state`]): coherences that no observable
    /// needs are kept too.
    State,
    /// The observables in the stationary state that the initial state leads to. There is one output time, that
    /// of the initial state; engines that only move in time refuse such a problem.
    Stationary,
}

/// Everything an engine needs to know, free of any numerical method.
///
/// ```
/// use superladder_engine::Problem;
/// use superladder_model::{Model, Observable, Operator};
///
/// // Superradiance of four inverted spins; the coupling is switched off at t = 6.
/// let coupled = |strength: f64| {
///     let spins = Model::builder().mode("a", 1.0).ensemble("S", 4, 1.0);
///     spins.interaction("tavis-cummings", ["a", "S"], strength).channel("cavity-loss", "a", 2.0).build()
/// };
/// let problem = Problem::builder(&coupled(0.5)?)
///     .initial("S", "up", ())
///     .cutoff("a", 4)
///     .observe(["photons(a)", "spin(S)"])
///     .observe(Observable::expectation("flow", Operator::create(0) * Operator::lower(0)))
///     .times(0.0, 10.0, 101)
///     .quench(6.0, &coupled(0.0)?)
///     .build()?;
/// assert_eq!(problem.stages.len(), 2);
/// assert_eq!(problem.times[50], 5.0);
/// # Ok::<(), superladder_engine::ProblemError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Problem {
    /// Stages in order of time; the first starts at the first output time. All share modes, ensembles and
    /// sizes (frequencies, interactions and channels may change).
    pub stages: Vec<Stage>,
    /// State at the first output time.
    pub initial: InitialState,
    /// What is measured.
    pub observables: Vec<Observable>,
    /// Output times, strictly increasing.
    pub times: Vec<f64>,
    /// Highest Fock state kept per mode; engines without a Fock space ignore it.
    pub cutoffs: Vec<usize>,
    /// What is asked for at the end.
    pub end: End,
}

/// Why a problem is not well posed.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ProblemError {
    /// A name, a value or an operator does not belong to the model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Two observables share a name.
    #[error("the name '{name}' is used by two observables")]
    DuplicateObservable {
        /// The repeated name.
        name: String,
    },
    /// Output times are not strictly increasing and finite.
    #[error("output times must be finite and strictly increasing, but time number {index} is {value}")]
    Times {
        /// Position in the list.
        index: usize,
        /// The offending time.
        value: f64,
    },
    /// There is nothing to do.
    #[error("the problem has no {what}")]
    Empty {
        /// What is absent.
        what: &'static str,
    },
    /// A stage starts at a bad time.
    #[error(
        "stage number {index} starts at {start}; stages must start in increasing order, the first at the first output time"
    )]
    Stages {
        /// Position in the list.
        index: usize,
        /// Its start.
        start: f64,
    },
    /// A part of the model follows time to where it has no value that is allowed.
    #[error("{fault}")]
    Modulation {
        /// What is wrong, with the time.
        fault: String,
    },
    /// Lists that belong together differ in length or in subsystems.
    #[error("{what} do not fit the model's modes and ensembles")]
    Mismatch {
        /// What does not fit.
        what: &'static str,
    },
}

impl Problem {
    /// Checks that the parts belong together.
    ///
    /// # Errors
    /// [`ProblemError`].
    pub fn validate(&self) -> Result<(), ProblemError> {
        let first = self.stages.first().ok_or(ProblemError::Empty { what: "stages" })?;
        let start = *self.times.first().ok_or(ProblemError::Empty { what: "output times" })?;
        let increasing = |i: usize| i == 0 || self.times[i - 1] < self.times[i];
        if let Some(index) = (0..self.times.len()).find(|&i| !self.times[i].is_finite() || !increasing(i)) {
            return Err(ProblemError::Times { index, value: self.times[index] });
        }
        for (index, stage) in self.stages.iter().enumerate() {
            let in_order =
                if index == 0 { stage.start == start } else { self.stages[index - 1].start < stage.start };
            if !in_order {
                return Err(ProblemError::Stages { index, start: stage.start });
            }
            let same_names =
                stage.model.modes().iter().map(|m| &m.name).eq(first.model.modes().iter().map(|m| &m.name));
            let sizes = |m: &Model| -> Vec<(String, usize)> {
                m.ensembles().iter().map(|e| (e.name.clone(), e.size)).collect()
            };
            if !same_names || sizes(&stage.model) != sizes(&first.model) {
                return Err(ProblemError::Mismatch { what: "the stages" });
            }
        }
        self.validate_modulations()?;
        let (modes, ensembles) = (first.model.modes().len(), first.model.ensembles().len());
        if self.initial.modes.len() != modes || self.initial.ensembles.len() != ensembles {
            return Err(ProblemError::Mismatch { what: "the initial states" });
        }
        if self.cutoffs.len() != modes {
            return Err(ProblemError::Mismatch { what: "the cutoffs" });
        }
        self.validate_observables()
    }

    /// Looks at the parts that follow time at evenly spaced times of their stages.
    fn validate_modulations(&self) -> Result<(), ProblemError> {
        const LOOKS: u32 = 1000;
        for (number, stage) in self.stages.iter().enumerate() {
            let end = self.end_of_stage(number).max(stage.start);
            let time = |i: u32| stage.start + (end - stage.start) * (f64::from(i) / f64::from(LOOKS));
            for modulation in stage.model.modulations() {
                if let Some(fault) = (0..=LOOKS).find_map(|i| modulation.fault(time(i))) {
                    return Err(ProblemError::Modulation { fault });
                }
            }
        }
        Ok(())
    }

    fn validate_observables(&self) -> Result<(), ProblemError> {
        for observable in &self.observables {
            match &observable.evaluation {
                Evaluation::Moments { operators, .. } | Evaluation::Sampled(Sampled { operators, .. }) => {
                    operators.iter().try_for_each(|o| self.model().check_operator(o))?;
                }
                Evaluation::State(_) => {}
            }
        }
        Ok(())
    }

    /// The model at the start.
    pub fn model(&self) -> &Model {
        &self.stages[0].model
    }

    /// Whether a part of the model follows time in some stage.
    pub fn follows_time(&self) -> bool {
        self.stages.iter().any(|stage| !stage.model.modulations().is_empty())
    }

    /// The models that the generator is a sum of: that of every stage, then the parts of all stages that follow time,
    /// stage by stage ([`Problem::parts`]).
    pub fn models(&self) -> Vec<&Model> {
        let parts = self.stages.iter().flat_map(|stage| stage.model.modulations()).map(|m| &m.part);
        self.stages.iter().map(|stage| &stage.model).chain(parts).collect()
    }

    /// The numbers that the parts of a stage have among [`Problem::models`], in the order of its modulations.
    pub fn parts(&self, stage: usize) -> std::ops::Range<usize> {
        let count = |stage: &Stage| stage.model.modulations().len();
        let first = self.stages.len() + self.stages[..stage].iter().map(count).sum::<usize>();
        first..first + count(&self.stages[stage])
    }

    /// The time at which a stage ends.
    pub fn end_of_stage(&self, stage: usize) -> f64 {
        let last = self.times.last().copied().unwrap_or_default();
        self.stages.get(stage + 1).map_or(last, |next| next.start.min(last))
    }

    /// The last stage alone, as if it had begun at the first output time: where a state ends.
    ///
    /// # Panics
    /// Without stages; see [`Problem::validate`].
    pub fn last_stage(&self) -> Self {
        let model = self.stages[self.stages.len() - 1].model.clone();
        Self { stages: vec![Stage { start: self.times[0], model }], ..self.clone() }
    }

    /// The way to the state at `time`: the stages that have begun before, without observables; and the model that it has
    /// then alone, with the initial state of this problem.
    ///
    /// # Panics
    /// Without stages; see [`Problem::validate`].
    pub fn until(&self, time: f64) -> (Self, Self) {
        let first = self.times[0];
        let bare = Self { observables: Vec::new(), end: End::Records, ..self.clone() };
        let stages = self.stages.iter().filter(|s| s.start == first || s.start < time).cloned().collect();
        let times = if time > first { vec![first, time] } else { vec![first] };
        let now = self.stages.iter().rfind(|s| s.start <= time).unwrap_or(&self.stages[0]);
        let here = vec![Stage { start: time, model: now.model.clone() }];
        (Self { stages, times, ..bare.clone() }, Self { stages: here, times: vec![time], ..bare })
    }

    /// The start of the first stage after `time`.
    pub fn next_stage(&self, time: f64) -> Option<f64> {
        self.stages.iter().map(|stage| stage.start).find(|start| *start > time)
    }

    /// The problem with one spin of an ensemble told from the others ([`Model::with_tagged_spin`]), and without
    /// observables, which are those of other ensembles.
    ///
    /// # Errors
    /// [`ProblemError::Model`] for an initial state of correlated spins.
    pub fn with_tagged_spin(&self, ensemble: usize) -> Result<Self, ProblemError> {
        let initial = self.initial.with_tagged_spin(self.model(), ensemble)?;
        let split = |stage: &Stage| Stage { model: stage.model.with_tagged_spin(ensemble), ..stage.clone() };
        let stages = self.stages.iter().map(split).collect();
        Ok(Self { stages, initial, observables: Vec::new(), ..self.clone() })
    }

    /// Fock levels kept per mode.
    pub fn levels(&self) -> Vec<usize> {
        self.cutoffs.iter().map(|c| c + 1).collect()
    }
}
