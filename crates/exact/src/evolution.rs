//! The evolution of a density matrix through the stages of a problem.

use superladder_engine::{Diagnostics, EngineError, Evolution, Listener, Measurement, Problem, refuse};
use superladder_model::{Evaluation, Operator};
use superladder_propagate::{Linear, LinearOperator, Propagator};

use crate::assembled::AssembledOperator;
use crate::engine::{Exact, Generator, NAME, space_error};
use crate::functionals::Functional;
use crate::generator::{Elements, Lindbladian};
use crate::monitors::Monitors;
use crate::setting::Setting;
use crate::state::initial_vector;
use crate::state_functions::View;

/// How one observable is measured: numbers of its operators' functionals.
enum Plan {
    Moments(Vec<usize>),
    State,
}

/// Everything that measures a state and never changes during a run.
struct Instruments {
    problem: Problem,
    setting: Setting,
    functionals: Vec<Functional>,
    plans: Vec<Plan>,
    monitors: Monitors,
}

/// A density matrix on its way through time.
pub(crate) struct ExactEvolution {
    options: Exact,
    instruments: Instruments,
    generator: Box<dyn LinearOperator>,
    stage: usize,
    propagator: Box<dyn Propagator + Send>,
    time: f64,
    vector: Vec<f64>,
    losses: Vec<f64>,
    diagnostics: Diagnostics,
}

impl ExactEvolution {
    pub(crate) fn new(
        options: Exact,
        problem: Problem,
        setting: Setting,
        elements: &Elements,
    ) -> Result<Self, EngineError> {
        let (space, layout) = (&setting.space, &setting.layout);
        let (vector, losses) =
            initial_vector(space, layout, problem.model(), &problem.initial).map_err(|e| space_error(&e))?;
        let mut operators: Vec<&Operator> = Vec::new();
        let mut plans = Vec::new();
        for observable in &problem.observables {
            plans.push(match &observable.evaluation {
                Evaluation::Moments { operators: needed, .. } => {
                    if needed.is_empty() {
                        return Err(refuse(NAME, observable, "it has no operators"));
                    }
                    let number = |o| {
                        operators.iter().position(|known| *known == o).unwrap_or_else(|| {
                            operators.push(o);
                            operators.len() - 1
                        })
                    };
                    Plan::Moments(needed.iter().map(number).collect())
                }
                Evaluation::State(_) => Plan::State,
            });
        }
        let functionals = operators.iter().map(|o| Functional::new(space, layout, o)).collect();
        let monitors = Monitors::new(space, layout, options.bounds, options.positivity);
        let generator = build_generator(&options, &setting, elements);
        let propagator = options.method.propagator(layout.len());
        let time = problem.times[0];
        let instruments = Instruments { problem, setting, functionals, plans, monitors };
        let mut diagnostics = Diagnostics::default();
        instruments.monitors.note(&instruments.view(&vector), time, 0.0, &mut diagnostics);
        let stage = 0;
        Ok(Self { options, instruments, generator, stage, propagator, time, vector, losses, diagnostics })
    }

    /// Rebuilds the generator for the stage in force from `time` on.
    fn enter_stage(&mut self, stage: usize) {
        if stage != self.stage {
            let setting = &self.instruments.setting;
            let elements = Elements::new(&setting.space, &self.instruments.problem.stages[stage].model);
            self.generator = build_generator(&self.options, setting, &elements);
            self.stage = stage;
        }
    }

    /// Number of the stage in force just after `time`.
    fn stage_at(&self, time: f64) -> usize {
        self.instruments.problem.stages.iter().rposition(|s| s.start <= time).unwrap_or(0)
    }
}

fn build_generator(options: &Exact, setting: &Setting, elements: &Elements) -> Box<dyn LinearOperator> {
    match options.generator {
        Generator::MatrixFree => Box::new(Lindbladian::new(&setting.layout, elements)),
        Generator::Assembled => Box::new(AssembledOperator::new(&setting.space, &setting.layout, elements)),
    }
}

impl Instruments {
    fn view<'a>(&'a self, vector: &'a [f64]) -> View<'a> {
        View { space: &self.setting.space, layout: &self.setting.layout, vector }
    }

    fn measure(&self, vector: &[f64]) -> Vec<Measurement> {
        let expectations: Vec<_> = self.functionals.iter().map(|f| f.evaluate(vector)).collect();
        let view = self.view(vector);
        let plans = self.plans.iter().zip(&self.problem.observables);
        plans
            .map(|(plan, observable)| {
                let values = match (plan, &observable.evaluation) {
                    (Plan::Moments(numbers), Evaluation::Moments { combine, context, .. }) => {
                        let needed: Vec<_> = numbers.iter().map(|n| expectations[*n]).collect();
                        combine(&needed, context)
                    }
                    (_, Evaluation::State(function)) => view.evaluate(*function),
                    (Plan::State, Evaluation::Moments { .. }) => Vec::new(),
                };
                Measurement { values: values.into_iter().map(Into::into).collect() }
            })
            .collect()
    }
}

impl Evolution for ExactEvolution {
    fn time(&self) -> f64 {
        self.time
    }

    fn advance(&mut self, times: &[f64], record: &mut Listener<'_>) -> Result<(), EngineError> {
        let mut remaining = times;
        while let Some(&last) = remaining.last() {
            let stage = self.stage_at(self.time);
            self.enter_stage(stage);
            let end =
                self.instruments.problem.stages.get(stage + 1).map_or(last, |next| next.start.min(last));
            let (now, later) = remaining.split_at(remaining.partition_point(|t| *t <= end));
            let Self { instruments, generator, propagator, vector, diagnostics, .. } = self;
            let before = propagator.statistics().error_estimate;
            let mut stopped = false;
            let mut observer = |time: f64, state: &[f64]| {
                instruments.monitors.note(&instruments.view(state), time, before, diagnostics);
                let flow = record(time, instruments.measure(state), diagnostics);
                stopped = flow.is_break();
                flow
            };
            let operator: &dyn LinearOperator = generator.as_ref();
            let reached =
                propagator.advance(&Linear(&operator), self.time, end, vector, now, &mut observer).map_err(
                    |e| EngineError::Propagation { engine: NAME, time: self.time, source: Box::new(e) },
                )?;
            self.time = reached;
            let error = propagator.statistics().error_estimate;
            diagnostics.note("propagation", error, reached, self.options.bounds.propagation);
            if stopped {
                return Ok(());
            }
            remaining = later;
        }
        Ok(())
    }

    fn measure(&mut self) -> Vec<Measurement> {
        self.instruments.measure(&self.vector)
    }

    fn diagnostics(&self) -> &Diagnostics {
        &self.diagnostics
    }

    fn statistics(&self) -> serde_json::Value {
        let statistics = self.propagator.statistics();
        let functionals: u64 = self.instruments.functionals.iter().map(Functional::memory).sum();
        serde_json::json!({
            "propagator": statistics,
            "state_vectors": self.propagator.state_vectors() + 1,
            "vector_length": self.vector.len(),
            "functionals_bytes": functionals,
            "initial_weight_cut_off": self.losses,
            "memory_of_steps": self.propagator.memory(),
        })
    }

    fn save(&self) -> Vec<u8> {
        let mut bytes = self.time.to_le_bytes().to_vec();
        bytes.extend(bytemuck::cast_slice(&self.vector));
        bytes
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let fits = bytes.len() == 8 * (self.vector.len() + 1);
        let (Some((head, body)), true) = (bytes.split_at_checked(8), fits) else {
            let reason =
                format!("{} bytes of state, but {} are needed", bytes.len(), 8 * (self.vector.len() + 1));
            return Err(EngineError::Unsupported { engine: NAME, reason });
        };
        self.time = f64::from_le_bytes(head.try_into().unwrap_or_default());
        for (value, chunk) in self.vector.iter_mut().zip(body.chunks_exact(8)) {
            *value = f64::from_le_bytes(chunk.try_into().unwrap_or_default());
        }
        Ok(())
    }
}
