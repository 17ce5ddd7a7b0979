//! The evolution of real moment unknowns through the stages of a problem.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use superladder_engine::{
    Bounds, Diagnostics, EngineError, Evolution, Listener, Measurement, Problem, Resources,
};
use superladder_model::Evaluation;
use superladder_propagate::{
    Field, Memory, Method, Observer, PropagateError, Propagator, Stop, Superposition, VectorField,
};

use crate::{Conditions, Functional};

/// Why a propagation failed, in the words of an engine.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What a moment engine hands over to be moved in time.
pub struct MomentSetup {
    /// Name of the engine.
    pub engine: &'static str,
    /// The problem.
    pub problem: Problem,
    /// The drift of every model of the problem ([`Problem::models`]).
    pub fields: Vec<Box<dyn VectorField>>,
    /// For every observable, the expectation values of its operators.
    pub functionals: Vec<Vec<Functional>>,
    /// What the moments of every state obey.
    pub conditions: Conditions,
    /// The unknowns at the start.
    pub start: Vec<f64>,
    /// How they are moved.
    pub method: Method,
    /// Bounds of the diagnostics.
    pub bounds: Bounds,
    /// What the run needs.
    pub resources: Resources,
    /// What describes the equations in the statistics.
    pub description: serde_json::Map<String, serde_json::Value>,
    /// Explains a failure of the propagator at a time.
    pub explain: Box<dyn Fn(f64, PropagateError) -> Cause>,
}

/// The moments at the present time, and what moves them.
pub struct MomentEvolution {
    setup: MomentSetup,
    propagator: Box<dyn Propagator + Send>,
    time: f64,
    vector: Vec<f64>,
    diagnostics: Diagnostics,
}

/// What a checkpoint holds.
#[derive(Serialize, Deserialize)]
struct Saved {
    time: f64,
    memory: Memory,
    diagnostics: Diagnostics,
    vector: Vec<f64>,
}

impl MomentEvolution {
    /// Starts at the first output time.
    ///
    /// # Errors
    /// [`EngineError::Problem`] for a problem without stages or times, or with another number of fields than
    /// models.
    pub fn new(setup: MomentSetup) -> Result<Self, EngineError> {
        setup.problem.validate()?;
        if setup.fields.len() != setup.problem.models().len() {
            return Err(superladder_engine::ProblemError::Mismatch { what: "the stages" }.into());
        }
        let propagator = setup.method.propagator(setup.start.len());
        let (time, vector) = (setup.problem.times[0], setup.start.clone());
        let mut diagnostics = Diagnostics::default();
        diagnostics.note("propagation", 0.0, time, setup.bounds.propagation);
        setup.conditions.note(&vector, time, &setup.bounds, &mut diagnostics);
        Ok(Self { setup, propagator, time, vector, diagnostics })
    }

    /// The present unknowns.
    pub fn unknowns(&self) -> &[f64] {
        &self.vector
    }

    /// Number of the stage in force just after the present time.
    fn stage(&self) -> usize {
        self.setup.problem.stages.iter().rposition(|s| s.start <= self.time).unwrap_or(0)
    }
}

/// The observables of a problem from the `functionals` of their operators at the unknowns `y`.
pub(crate) fn measure(problem: &Problem, functionals: &[Vec<Functional>], y: &[f64]) -> Vec<Measurement> {
    let observables = problem.observables.iter().zip(functionals);
    observables
        .map(|(observable, functionals)| {
            let values = match &observable.evaluation {
                Evaluation::Moments { combine, context, .. } => {
                    let expectations: Vec<_> = functionals.iter().map(|f| f.evaluate(y)).collect();
                    combine(&expectations, context)
                }
                Evaluation::State(_) | Evaluation::Sampled(_) => Vec::new(),
            };
            Measurement { values: values.into_iter().map(Into::into).collect() }
        })
        .collect()
}

impl MomentSetup {
    /// The drift of a stage, with its parts that follow time.
    fn field(&self, stage: usize) -> Superposition<'_> {
        let modulations = self.problem.stages[stage].model.modulations();
        let parts = modulations.iter().zip(&self.fields[self.problem.parts(stage)]);
        parts.fold(Superposition::new(self.fields[stage].as_ref()), |sum, (modulation, part)| {
            sum.with(|t| modulation.deviation(t), part.as_ref())
        })
    }

    /// A propagation that has failed on its way from `time`.
    fn failed(&self, time: f64, error: PropagateError) -> EngineError {
        if let PropagateError::TooFar { time, end, needed, what, limit, .. } = error {
            return EngineError::too_long(self.engine, &self.problem, (time, end), (needed, what, limit));
        }
        let time = failure_time(&error, time);
        EngineError::Propagation { engine: self.engine, time, source: (self.explain)(time, error) }
    }
}

/// Time at which a propagation failed.
fn failure_time(error: &PropagateError, before: f64) -> f64 {
    match error {
        PropagateError::NonFinite { time, .. }
        | PropagateError::StepUnderflow { time, .. }
        | PropagateError::MaxSteps { time, .. }
        | PropagateError::TooFar { time, .. }
        | PropagateError::NotConverged { time, .. }
        | PropagateError::Rounding { time, .. } => *time,
        PropagateError::NotLinear { .. }
        | PropagateError::TooLarge { .. }
        | PropagateError::Dimension { .. }
        | PropagateError::InvalidOption { .. }
        | PropagateError::UnknownOption { .. }
        | PropagateError::UnknownMethod { .. } => before,
    }
}

/// Measures at the stops of a propagation.
struct Measuring<'a> {
    setup: &'a MomentSetup,
    diagnostics: &'a mut Diagnostics,
    listener: &'a mut dyn Listener,
}

impl Observer for Measuring<'_> {
    fn stop(&mut self, stop: &Stop<'_>) -> ControlFlow<()> {
        let state = stop.state.unwrap_or_default();
        let bound = self.setup.bounds.propagation;
        self.diagnostics.note("propagation", stop.error_estimate, stop.time, bound);
        self.setup.conditions.note(state, stop.time, &self.setup.bounds, self.diagnostics);
        let Self { setup, .. } = self;
        let measured = measure(&setup.problem, &setup.functionals, state);
        self.listener.record(stop.time, measured, self.diagnostics)
    }

    fn poll(&self) -> ControlFlow<()> {
        if self.listener.halt().asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn step(&mut self, time: f64, _: &[f64]) -> ControlFlow<()> {
        self.listener.step(time)
    }
}

impl Evolution for MomentEvolution {
    fn time(&self) -> f64 {
        self.time
    }

    fn advance(&mut self, times: &[f64], listener: &mut dyn Listener) -> Result<(), EngineError> {
        let mut remaining = times;
        while let Some(&last) = remaining.last() {
            let stage = self.stage();
            let Self { setup, propagator, vector, diagnostics, time } = self;
            let end = setup.problem.stages.get(stage + 1).map_or(last, |next| next.start.min(last));
            let (now, later) = remaining.split_at(remaining.partition_point(|t| *t <= end));
            let mut observer = Measuring { setup, diagnostics, listener: &mut *listener };
            let field = setup.field(stage);
            let moved = propagator.advance(&Field(&field), *time, end, vector, now, &mut observer);
            let reached = moved.map_err(|e| setup.failed(*time, e))?;
            *time = reached;
            let error = propagator.statistics().error_estimate;
            diagnostics.note("propagation", error, reached, setup.bounds.propagation);
            if reached < end {
                return Ok(());
            }
            remaining = later;
        }
        Ok(())
    }

    fn measure(&mut self) -> Vec<Measurement> {
        measure(&self.setup.problem, &self.setup.functionals, &self.vector)
    }

    fn diagnostics(&self) -> &Diagnostics {
        &self.diagnostics
    }

    fn resources(&self) -> Resources {
        self.setup.resources.clone()
    }

    fn statistics(&self) -> serde_json::Value {
        let mut all = self.setup.description.clone();
        all.insert("propagator".into(), serde_json::json!(self.propagator.statistics()));
        all.insert("state_vectors".into(), (self.propagator.state_vectors(true) + 1).into());
        serde_json::Value::Object(all)
    }

    fn save(&self) -> Result<Vec<u8>, EngineError> {
        let saved = Saved {
            time: self.time,
            memory: self.propagator.memory(),
            diagnostics: self.diagnostics.clone(),
            vector: self.vector.clone(),
        };
        postcard::to_stdvec(&saved).map_err(|e| EngineError::Checkpoint(e.to_string()))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let saved: Saved = postcard::from_bytes(bytes)
            .map_err(|e| EngineError::Checkpoint(format!("no state in it: {e}")))?;
        let (found, expected) = (saved.vector.len(), self.vector.len());
        if found != expected {
            let reason = format!("a state of {found} moments, but the study has {expected}");
            return Err(EngineError::Checkpoint(reason));
        }
        self.time = saved.time;
        self.propagator.restore(&saved.memory);
        self.diagnostics = saved.diagnostics;
        self.vector = saved.vector;
        Ok(())
    }
}
