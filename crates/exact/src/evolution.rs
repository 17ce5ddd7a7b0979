//! The evolution of a density matrix through the stages of a problem.

mod cutoffs;
mod saved;

use std::sync::Arc;

use superladder_engine::{
    Diagnostics, End, EngineError, Evolution, FollowedCutoff, Halt, Listener, Measurement, Never, Problem,
    Resources,
};
use superladder_model::{JointState, Modulation};
use superladder_propagate::{
    Linear, LinearInTime, LinearOperator, Memory, Method, PropagateError, Propagator, VectorField,
};

use crate::adaptive::{CutoffChange, CutoffControl};
use crate::choice::{build_generator, build_parts, form_of, held};
use crate::error::{INTERRUPTED, NAME, space_error};
use crate::generator::{Elements, Lindbladian};
use crate::instruments::Instruments;
use crate::leakage::Leaked;
use crate::measuring::Measuring;
use crate::options::Exact;
use crate::real_half::RealHalf;
use crate::setting::Setting;
use crate::spectrum::radius;
use crate::state::{initial_vector_while, joint_state};
use crate::state_functions::View;

/// What a run starts from.
pub(crate) struct Prepared {
    pub(crate) setting: Setting,
    pub(crate) generator: Box<dyn LinearOperator>,
    /// Those of the parts of the first stage that follow time.
    pub(crate) parts: Vec<Lindbladian>,
    /// The real form of the states.
    pub(crate) real: Option<Arc<RealHalf>>,
    /// Memory beside the state vectors, in bytes.
    pub(crate) overhead: u64,
    /// What the run needs.
    pub(crate) resources: Resources,
    /// Memory that may be used, in bytes.
    pub(crate) available: u64,
}

/// A density matrix on its way through time.
pub struct ExactEvolution {
    options: Exact,
    instruments: Instruments,
    generator: Box<dyn LinearOperator>,
    /// Those of the parts of the stage that follow time, in the order of its modulations.
    parts: Vec<Lindbladian>,
    /// The real form of the states, if they have one.
    real: Option<Arc<RealHalf>>,
    stage: usize,
    /// The method in force.
    method: Method,
    propagator: Box<dyn Propagator + Send>,
    time: f64,
    vector: Vec<f64>,
    losses: Vec<f64>,
    leaked: Leaked,
    diagnostics: Diagnostics,
    /// How the cutoffs follow the state, if any does.
    control: Option<CutoffControl>,
    /// Memory beside the vectors at the start, and the length of vectors then.
    overhead: (u64, usize),
    /// What the run needs; the memory is that at the largest cutoffs so far.
    resources: Resources,
}

impl ExactEvolution {
    pub(crate) fn new(
        options: Exact,
        problem: Problem,
        prepared: Prepared,
        halt: &dyn Halt,
    ) -> Result<Self, EngineError> {
        let time = problem.times[0];
        let control = CutoffControl::new(&options, &problem, prepared.available);
        let Prepared { setting, generator, parts, real, overhead, resources, .. } = prepared;
        let overhead = (overhead, setting.layout.len());
        let (vector, losses) = initial_state(&problem, &setting, halt)?;
        let method = method_for(&options, &problem, &setting, generator.as_ref());
        let vector = held(real.as_deref(), vector);
        let propagator = method.propagator(vector.len());
        let adaptive = adaptive_modes(control.as_ref());
        let instruments =
            Instruments::new(&options, problem, setting, form_of(real.as_ref()), &adaptive, halt)?;
        let leaked = Leaked::start(time, lost(&losses), Vec::new());
        let diagnostics = Diagnostics::default();
        let stage = 0;
        let mut evolution = Self {
            options,
            instruments,
            generator,
            parts,
            real,
            stage,
            method,
            propagator,
            time,
            vector,
            losses,
            leaked,
            diagnostics,
            control,
            overhead,
            resources,
        };
        evolution.start(halt)?;
        Ok(evolution)
    }

    /// The problem at the present cutoffs.
    pub fn problem(&self) -> &Problem {
        &self.instruments.problem
    }

    /// Whether states are in a real form of those of `setting`.
    pub(crate) fn is_real_form_of(&self, setting: &Setting) -> bool {
        let own = &self.instruments.setting;
        self.real.is_some()
            && own.coherences == setting.coherences
            && own.layout.len() == setting.layout.len()
    }

    /// Radius of a circle around the eigenvalues of the generator.
    pub(crate) fn radius(&self) -> f64 {
        radius(self.generator.spectral_box().unwrap_or((-self.generator.norm_bound(), 0.0, 0.0)))
    }

    /// What a view of the state is made of.
    pub(crate) fn parts(&self) -> (View<'_>, &Setting, &Problem) {
        (self.instruments.view(&self.vector), &self.instruments.setting, &self.instruments.problem)
    }

    /// Changes to a stage and its generator.
    fn enter_stage(&mut self, stage: usize, halt: &dyn Halt) -> Result<(), EngineError> {
        if stage == self.stage { Ok(()) } else { self.rebuild(stage, halt) }
    }

    /// Builds the generator of a stage.
    fn rebuild(&mut self, stage: usize, halt: &dyn Halt) -> Result<(), EngineError> {
        let Instruments { problem, setting, .. } = &self.instruments;
        (self.generator, self.parts) = self.generator_of(problem, setting, stage, halt)?;
        self.stage = stage;
        self.choose();
        Ok(())
    }

    /// The generator of a stage of `problem`, and those of its parts that follow time.
    fn generator_of(
        &self,
        problem: &Problem,
        setting: &Setting,
        stage: usize,
        halt: &dyn Halt,
    ) -> Result<(Box<dyn LinearOperator>, Vec<Lindbladian>), EngineError> {
        let model = &problem.stages[stage].model;
        let elements = Elements::new_while(&setting.space, model, halt).ok_or(INTERRUPTED)?;
        let generator = build_generator(&self.options, setting, &elements, self.real.as_deref(), halt)?;
        Ok((generator, build_parts(problem, setting, stage, halt)?))
    }

    /// Changes to the method for the present generator. Counts go on; what another method has learnt about
    /// steps does not.
    fn choose(&mut self) {
        let Instruments { problem, setting, .. } = &self.instruments;
        let method = method_for(&self.options, problem, setting, self.generator.as_ref());
        if method == self.method {
            return;
        }
        self.method = method;
        let statistics = self.propagator.statistics();
        self.propagator = self.method.propagator(self.vector.len());
        self.propagator.restore(&Memory { statistics, ..Memory::default() });
    }

    /// Number of the stage in force just after `time`.
    fn stage_at(&self, time: f64) -> usize {
        self.instruments.problem.stages.iter().rposition(|s| s.start <= time).unwrap_or(0)
    }

    /// The time up to which the next call of the propagator goes: the next quench, the end of the segment, or
    /// `last`.
    fn next_end(&mut self, last: f64) -> f64 {
        let end = self.instruments.problem.stages.get(self.stage + 1).map_or(last, |s| s.start.min(last));
        let segment = self.control.as_mut().map_or(f64::INFINITY, |c| c.segment_end(self.time));
        end.min(segment)
    }
}

/// `L rho + sum_k [size_k(t) - nominal_k] L_k rho`.
fn in_time<'a>(
    whole: &'a dyn LinearOperator,
    modulations: &'a [Modulation],
    parts: &'a [Lindbladian],
) -> LinearInTime<'a> {
    modulations
        .iter()
        .zip(parts)
        .fold(LinearInTime::new(whole), |sum, (modulation, part)| sum.with(|t| modulation.deviation(t), part))
}

fn initial_state(
    problem: &Problem,
    setting: &Setting,
    halt: &dyn Halt,
) -> Result<(Vec<f64>, Vec<f64>), EngineError> {
    let parts = (&setting.space, &setting.layout);
    let made = initial_vector_while(parts, problem.model(), &problem.initial, &|| halt.asked());
    made.map_err(|e| space_error(&e))
}

/// Trace distance of a product state that is cut off and renormalised from the whole: a state that loses the
/// weight w is at most 2 sqrt(w) away.
fn lost(losses: &[f64]) -> f64 {
    2.0 * losses.iter().sum::<f64>().max(0.0).sqrt()
}

fn method_for(
    options: &Exact,
    problem: &Problem,
    setting: &Setting,
    generator: &dyn LinearOperator,
) -> Method {
    options.method_for(problem, generator.rectangle(), setting.layout.unknowns())
}

/// A propagation that has failed on its way from `time`.
fn failed(problem: &Problem, from: f64, error: PropagateError) -> EngineError {
    if let PropagateError::TooFar { time, end, needed, what, limit, .. } = error {
        return EngineError::too_long(NAME, problem, (time, end), (needed, what, limit));
    }
    EngineError::Propagation { engine: NAME, time: from, source: Box::new(error) }
}

fn adaptive_modes(control: Option<&CutoffControl>) -> Vec<usize> {
    control.map(CutoffControl::modes).unwrap_or_default()
}

impl Evolution for ExactEvolution {
    fn time(&self) -> f64 {
        self.time
    }

    fn advance(&mut self, times: &[f64], listener: &mut dyn Listener) -> Result<(), EngineError> {
        let mut remaining = times;
        while let Some(&last) = remaining.last() {
            if self.change_cutoffs(listener.halt())?.is_break() {
                return Ok(());
            }
            match self.enter_stage(self.stage_at(self.time), listener.halt()) {
                Err(EngineError::Interrupted { .. }) => return Ok(()),
                entered => entered?,
            }
            let end = self.next_end(last);
            let now = &remaining[..remaining.partition_point(|t| *t <= end)];
            let Self { instruments, generator, parts, propagator, vector, diagnostics, leaked, .. } = self;
            let control = self.control.as_mut();
            let modulations = instruments.problem.stages[self.stage].model.modulations().to_vec();
            let mut observer =
                Measuring::new(instruments, diagnostics, &mut *listener, leaked, control, self.stage);
            let operator: &dyn LinearOperator = generator.as_ref();
            let moved = if parts.is_empty() {
                propagator.advance(&Linear(&operator), self.time, end, vector, now, &mut observer)
            } else {
                let system = in_time(operator, &modulations, parts);
                propagator.advance(&system, self.time, end, vector, now, &mut observer)
            };
            let reached = moved.map_err(|e| failed(&observer.instruments.problem, self.time, e))?;
            let over = observer.over || observer.abandoned.get();
            let growths = observer.growths;
            self.time = reached;
            let error = propagator.statistics().error_estimate;
            diagnostics.note("propagation", error, reached, self.options.bounds.propagation);
            remaining = &remaining[remaining.partition_point(|t| *t <= reached)..];
            if !growths.is_empty() {
                self.decide(CutoffChange::Raised(growths));
            } else if self.control.as_ref().is_some_and(|c| c.is_end(reached)) && !remaining.is_empty() {
                self.end_segment();
            }
            if over {
                break;
            }
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

    fn resources(&self) -> Resources {
        self.resources.clone()
    }

    fn statistics(&self) -> serde_json::Value {
        let mut statistics = serde_json::json!({
            "method": self.method.definition().name,
            "propagator": self.propagator.statistics(),
            "state_vectors": self.propagator.state_vectors(self.instruments.needs_state) + 1,
            "vector_length": self.vector.len(),
            "probes_bytes": self.instruments.memory(),
            "initial_weight_cut_off": self.losses,
        });
        if let Some(control) = &self.control {
            statistics["cutoffs"] = control.report(&self.instruments.problem);
        }
        statistics
    }

    fn warnings(&self) -> Vec<String> {
        self.control.as_ref().map_or_else(Vec::new, |control| control.notes().to_vec())
    }

    fn speed(&mut self) -> Option<f64> {
        self.enter_stage(self.stage_at(self.time), &Never).ok()?;
        // The vectors of the propagator make room for one more.
        let memory = self.propagator.memory();
        self.propagator = self.method.propagator(0);
        let mut change = vec![0.0; self.vector.len()];
        let modulations = self.instruments.problem.stages[self.stage].model.modulations();
        in_time(self.generator.as_ref(), modulations, &self.parts).derivative(
            self.time,
            &self.vector,
            &mut change,
        );
        self.propagator = self.method.propagator(self.vector.len());
        self.propagator.restore(&memory);
        Some(self.instruments.view(&change).purity().sqrt())
    }

    fn state(&self) -> Option<JointState> {
        let Instruments { problem, setting, .. } = &self.instruments;
        if problem.end != End::State {
            return None;
        }
        let whole = self.instruments.view(&self.vector).vector;
        Some(joint_state((&setting.space, &setting.layout, problem.model()), &whole, self.time))
    }

    fn save(&self) -> Result<Vec<u8>, EngineError> {
        let mut bytes = Vec::with_capacity(8 * self.vector.len() + (1 << 16));
        self.save_to(&mut bytes).map(|()| bytes).map_err(|e| EngineError::Checkpoint(e.to_string()))
    }

    fn followed_cutoffs(&self) -> Vec<FollowedCutoff> {
        let control = self.control.iter();
        control.flat_map(|control| control.cutoffs(&self.instruments.problem)).collect()
    }

    fn save_to(&self, writer: &mut dyn std::io::Write) -> std::io::Result<()> {
        self.write_state(writer)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        self.read_state(bytes)
    }
}
