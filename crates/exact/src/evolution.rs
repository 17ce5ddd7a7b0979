//! The evolution of a density matrix through the stages of a problem.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use superladder_engine::{Diagnostics, EngineError, Evolution, Listener, Measurement, Problem, refuse};
use superladder_model::{Evaluation, Operator, StateFunction};
use superladder_propagate::{Linear, LinearOperator, Memory, Observer, Propagator, Stop};

use crate::assembled::AssembledOperator;
use crate::engine::{Exact, Generator, NAME, space_error};
use crate::generator::{Elements, Lindbladian};
use crate::leakage::{Leakage, Leaked};
use crate::monitors::Monitors;
use crate::probes::Probes;
use crate::setting::Setting;
use crate::state::initial_vector;
use crate::state_functions::{View, Whole};

/// How one observable is measured.
enum Plan {
    /// From the expectation values of these operators.
    Moments(Vec<usize>),
    /// Fock populations of a mode.
    Photons(usize),
    /// Ladder populations of an ensemble.
    Ladders(usize),
    /// Population of the two highest Fock levels of a mode.
    Top(usize),
    /// From the whole state.
    Whole(Whole),
}

impl Plan {
    fn of(function: StateFunction) -> Self {
        match function {
            StateFunction::PhotonDistribution(m) => Self::Photons(m),
            StateFunction::LadderDistribution(e) => Self::Ladders(e),
            StateFunction::TopPopulation(m) => Self::Top(m),
            StateFunction::Purity => Self::Whole(Whole::Purity),
            StateFunction::Entropy => Self::Whole(Whole::Entropy),
            StateFunction::ReducedPurity(s) => Self::Whole(Whole::ReducedPurity(s)),
            StateFunction::ReducedEntropy(s) => Self::Whole(Whole::ReducedEntropy(s)),
            StateFunction::ReducedState(s) => Self::Whole(Whole::ReducedState(s)),
        }
    }
}

/// Whether an observable of `problem` needs the whole state at the output times, and not only linear functionals.
pub(crate) fn needs_state(problem: &Problem) -> bool {
    problem.observables.iter().any(|o| match o.evaluation {
        Evaluation::Moments { .. } => false,
        Evaluation::State(function) => matches!(Plan::of(function), Plan::Whole(_)),
    })
}

/// Everything that measures a state and never changes during a run.
struct Instruments {
    problem: Problem,
    setting: Setting,
    probes: Probes,
    leakage: Leakage,
    plans: Vec<Plan>,
    monitors: Monitors,
    needs_state: bool,
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
    leaked: Leaked,
    diagnostics: Diagnostics,
}

/// What a checkpoint holds.
#[derive(Serialize, Deserialize)]
struct Saved {
    time: f64,
    /// The stage whose generator was in force.
    stage: usize,
    memory: Memory,
    diagnostics: Diagnostics,
    leaked: Leaked,
    vector: Vec<f64>,
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
                Evaluation::State(function) => Plan::of(*function),
            });
        }
        let probes = Probes::new(space, layout, &operators);
        let leakage = Leakage::new(&problem, space, layout).map_err(|e| space_error(&e))?;
        let monitors = Monitors::new(space, layout, options.bounds, options.positivity);
        let generator = build_generator(&options, &setting, elements);
        let propagator = options.method.propagator(layout.len());
        let time = problem.times[0];
        let needs_state = needs_state(&problem);
        let instruments = Instruments { problem, setting, probes, leakage, plans, monitors, needs_state };
        let mut diagnostics = Diagnostics::default();
        let values = instruments.probe(&vector);
        instruments.monitors.note(&instruments.probes, &values, time, 0.0, &mut diagnostics);
        // A pure product state that loses the weights w is at most 2 sqrt(sum w) away in trace distance.
        let lost = 2.0 * losses.iter().sum::<f64>().max(0.0).sqrt();
        let leaked = Leaked::start(time, lost, instruments.leak_rate(0, &values));
        instruments.note_truncation(leaked, time, &mut diagnostics);
        instruments.monitors.note_state(&instruments.view(&vector), time, &mut diagnostics);
        let stage = 0;
        Ok(Self {
            options,
            instruments,
            generator,
            stage,
            propagator,
            time,
            vector,
            losses,
            leaked,
            diagnostics,
        })
    }

    /// Changes to a stage: its generator, and how fast the bound of truncation grows.
    fn enter_stage(&mut self, stage: usize) {
        if stage != self.stage {
            let values = self.instruments.probe(&self.vector);
            self.leaked.advance(self.time, self.instruments.leak_rate(self.stage, &values));
            self.leaked.change(self.instruments.leak_rate(stage, &values));
            self.rebuild(stage);
        }
    }

    /// Builds the generator of a stage.
    fn rebuild(&mut self, stage: usize) {
        let setting = &self.instruments.setting;
        let elements = Elements::new(&setting.space, &self.instruments.problem.stages[stage].model);
        self.generator = build_generator(&self.options, setting, &elements);
        self.stage = stage;
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

    /// Values of all probes.
    fn probe(&self, vector: &[f64]) -> Vec<f64> {
        let mut values = vec![0.0; self.count()];
        self.evaluate(vector, &mut values);
        values
    }

    /// Number of probes: those of the observables, then those of the bound of truncation.
    fn count(&self) -> usize {
        self.probes.count() + self.leakage.count()
    }

    fn evaluate(&self, vector: &[f64], out: &mut [f64]) {
        let (measured, leaking) = out.split_at_mut(self.probes.count());
        self.probes.evaluate(vector, measured);
        self.leakage.evaluate(vector, leaking);
    }

    /// How fast the bound of truncation grows in a stage.
    fn leak_rate(&self, stage: usize, values: &[f64]) -> f64 {
        self.leakage.rate(stage, &values[self.probes.count()..])
    }

    fn note_truncation(&self, leaked: Leaked, time: f64, diagnostics: &mut Diagnostics) {
        if !self.leakage.is_closed() {
            self.monitors.note_truncation(leaked.bound, time, diagnostics);
        }
    }

    /// Measurements from the values of the probes and, if an observable needs it, the state.
    fn measure(&self, values: &[f64], vector: Option<&[f64]>) -> Vec<Measurement> {
        let plans = self.plans.iter().zip(&self.problem.observables);
        let figures = |(plan, observable): (&Plan, &superladder_model::Observable)| match plan {
            Plan::Moments(numbers) => {
                let needed: Vec<_> = numbers.iter().map(|n| Probes::expectation(values, *n)).collect();
                match &observable.evaluation {
                    Evaluation::Moments { combine, context, .. } => combine(&needed, context),
                    Evaluation::State(_) => Vec::new(),
                }
            }
            Plan::Photons(m) => self.probes.photons(values, *m).to_vec(),
            Plan::Ladders(e) => self.probes.ladders(values, *e).to_vec(),
            Plan::Top(m) => vec![self.probes.top_population(values, *m)],
            Plan::Whole(function) => {
                vector.map_or_else(Vec::new, |vector| self.view(vector).evaluate(*function))
            }
        };
        plans
            .map(figures)
            .map(|values| Measurement { values: values.into_iter().map(Into::into).collect() })
            .collect()
    }
}

/// Measures at the stops of a propagation.
struct Measuring<'a> {
    instruments: &'a Instruments,
    diagnostics: &'a mut Diagnostics,
    listener: &'a mut dyn Listener,
    leaked: &'a mut Leaked,
    stage: usize,
    /// Whether there were stops since the last look at the whole state.
    recorded: bool,
}

impl Observer for Measuring<'_> {
    fn probe_count(&self) -> usize {
        self.instruments.count()
    }

    fn probe(&self, vector: &[f64], out: &mut [f64]) {
        self.instruments.evaluate(vector, out);
    }

    fn needs_state(&self) -> bool {
        self.instruments.needs_state
    }

    fn stop(&mut self, stop: &Stop<'_>) -> ControlFlow<()> {
        let Instruments { monitors, probes, .. } = self.instruments;
        monitors.note(probes, stop.probes, stop.time, stop.error_estimate, self.diagnostics);
        self.leaked.advance(stop.time, self.instruments.leak_rate(self.stage, stop.probes));
        self.instruments.note_truncation(*self.leaked, stop.time, self.diagnostics);
        self.recorded = true;
        let measurements = self.instruments.measure(stop.probes, stop.state);
        self.listener.record(stop.time, measurements, self.diagnostics)
    }

    fn step(&mut self, time: f64, state: &[f64]) -> ControlFlow<()> {
        if std::mem::take(&mut self.recorded) {
            self.instruments.monitors.note_state(&self.instruments.view(state), time, self.diagnostics);
        }
        self.listener.step(time)
    }
}

impl Evolution for ExactEvolution {
    fn time(&self) -> f64 {
        self.time
    }

    fn advance(&mut self, times: &[f64], listener: &mut dyn Listener) -> Result<(), EngineError> {
        let mut remaining = times;
        while let Some(&last) = remaining.last() {
            let stage = self.stage_at(self.time);
            self.enter_stage(stage);
            let end =
                self.instruments.problem.stages.get(stage + 1).map_or(last, |next| next.start.min(last));
            let (now, later) = remaining.split_at(remaining.partition_point(|t| *t <= end));
            let Self { instruments, generator, propagator, vector, diagnostics, leaked, .. } = self;
            let mut observer = Measuring {
                instruments,
                diagnostics,
                listener: &mut *listener,
                leaked,
                stage,
                recorded: false,
            };
            let operator: &dyn LinearOperator = generator.as_ref();
            let reached =
                propagator.advance(&Linear(&operator), self.time, end, vector, now, &mut observer).map_err(
                    |e| EngineError::Propagation { engine: NAME, time: self.time, source: Box::new(e) },
                )?;
            self.time = reached;
            let error = propagator.statistics().error_estimate;
            diagnostics.note("propagation", error, reached, self.options.bounds.propagation);
            if reached < end {
                return Ok(());
            }
            remaining = later;
        }
        Ok(())
    }

    fn measure(&mut self) -> Vec<Measurement> {
        let values = self.instruments.probe(&self.vector);
        self.instruments.measure(&values, Some(&self.vector))
    }

    fn diagnostics(&self) -> &Diagnostics {
        &self.diagnostics
    }

    fn statistics(&self) -> serde_json::Value {
        serde_json::json!({
            "propagator": self.propagator.statistics(),
            "state_vectors": self.propagator.state_vectors(self.instruments.needs_state) + 1,
            "vector_length": self.vector.len(),
            "probes_bytes": self.instruments.probes.memory() + self.instruments.leakage.memory(),
            "initial_weight_cut_off": self.losses,
        })
    }

    fn save(&self) -> Vec<u8> {
        let saved = Saved {
            time: self.time,
            stage: self.stage,
            memory: self.propagator.memory(),
            diagnostics: self.diagnostics.clone(),
            leaked: self.leaked,
            vector: self.vector.clone(),
        };
        postcard::to_stdvec(&saved).unwrap_or_default()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let saved: Saved = postcard::from_bytes(bytes)
            .map_err(|e| EngineError::Checkpoint(format!("no state in it: {e}")))?;
        let (found, expected) = (saved.vector.len(), self.vector.len());
        if found != expected {
            let reason = format!("a state vector of {found} numbers, but the study has {expected}");
            return Err(EngineError::Checkpoint(reason));
        }
        let stages = &self.instruments.problem.stages;
        if saved.stage >= stages.len() {
            let reason = format!("stage number {}, but the study has {}", saved.stage, stages.len());
            return Err(EngineError::Checkpoint(reason));
        }
        if saved.stage != self.stage {
            self.rebuild(saved.stage);
        }
        self.time = saved.time;
        self.propagator.restore(&saved.memory);
        self.diagnostics = saved.diagnostics;
        self.leaked = saved.leaked;
        self.vector = saved.vector;
        Ok(())
    }
}
