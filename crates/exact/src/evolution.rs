//! The evolution of a density matrix through the stages of a problem.

mod saved;

use std::sync::Arc;

use superladder_engine::{
    Diagnostics, EngineError, Evolution, FollowedCutoff, Halt, Listener, Measurement, Never, Problem,
};
use superladder_propagate::{Linear, LinearOperator, Memory, Method, PropagateError, Propagator};

use crate::adaptive::{CutoffControl, Growth, Limit, Reason};
use crate::choice::{build_generator, form_of, held};
use crate::error::{INTERRUPTED, NAME, space_error};
use crate::generator::Elements;
use crate::instruments::Instruments;
use crate::leakage::Leaked;
use crate::measuring::Measuring;
use crate::options::Exact;
use crate::real_half::RealHalf;
use crate::setting::Setting;
use crate::state::{carried, initial_vector};
use crate::state_functions::View;

/// What a run starts from.
pub(crate) struct Prepared {
    pub(crate) setting: Setting,
    pub(crate) generator: Box<dyn LinearOperator>,
    /// The real form of the states.
    pub(crate) real: Option<Arc<RealHalf>>,
    /// Memory beside the state vectors, in bytes.
    pub(crate) overhead: u64,
    /// Estimate of the whole memory, in bytes.
    pub(crate) memory: u64,
    /// Memory that may be used, in bytes.
    pub(crate) available: u64,
}

/// A density matrix on its way through time.
pub struct ExactEvolution {
    options: Exact,
    instruments: Instruments,
    generator: Box<dyn LinearOperator>,
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
    /// Estimate of the memory at the largest cutoffs so far.
    memory: u64,
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
        let Prepared { setting, generator, real, overhead, memory, .. } = prepared;
        let overhead = (overhead, setting.layout.len());
        let (vector, losses) = initial_state(&problem, &setting)?;
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
            memory,
        };
        evolution.start()?;
        Ok(evolution)
    }

    /// The problem at the present cutoffs.
    pub fn problem(&self) -> &Problem {
        &self.instruments.problem
    }

    /// What a view of the state is made of.
    pub(crate) fn parts(&self) -> (View<'_>, &Setting, &Problem) {
        (self.instruments.view(&self.vector), &self.instruments.setting, &self.instruments.problem)
    }

    /// Raises the cutoffs until the initial state fits, and notes it.
    fn start(&mut self) -> Result<(), EngineError> {
        loop {
            let values = self.instruments.probe(&self.vector);
            self.leaked =
                Leaked::start(self.time, lost(&self.losses), self.instruments.leaving(&values).to_vec());
            let Some(control) = &mut self.control else { break };
            control.start(&self.instruments, self.time, &values, &self.losses);
            let growths = control.growths_at_start(&self.instruments, self.stage, self.time, &values);
            if growths.is_empty() || !self.grow(&growths, true)? {
                break;
            }
        }
        let lost = (&self.leaked, self.losses.iter().sum());
        self.instruments.note_start(&self.vector, lost, self.time, &mut self.diagnostics);
        self.note_cutoffs();
        Ok(())
    }

    /// Raises cutoffs as far as their limits and the memory allow. False if none could be raised. At the
    /// `start` the initial state is made anew; later the state is carried over.
    fn grow(&mut self, growths: &[Growth], start: bool) -> Result<bool, EngineError> {
        let mut cutoffs = self.instruments.problem.cutoffs.clone();
        for growth in growths {
            let before = cutoffs[growth.mode];
            let Some(control) = &mut self.control else { return Ok(false) };
            let mut wanted = control.allowed(growth, before, self.time, &self.instruments.problem);
            while wanted > before {
                cutoffs[growth.mode] = wanted;
                if self.fits(&cutoffs)? {
                    break;
                }
                wanted = before + (wanted - before) / 2;
            }
            cutoffs[growth.mode] = wanted;
            if wanted == before
                && let Some(control) = &mut self.control
            {
                control.limit(growth.mode, Limit::Memory, self.time, &self.instruments.problem);
            }
        }
        if cutoffs == self.instruments.problem.cutoffs {
            return Ok(false);
        }
        self.resize(cutoffs, start)?;
        if let Some(control) = &mut self.control {
            control.note(self.time, &self.instruments.problem.cutoffs, growths[0].reason);
        }
        Ok(true)
    }

    /// Whether a run at these cutoffs fits the memory: vectors are counted, the rest grows with them.
    fn fits(&self, cutoffs: &[usize]) -> Result<bool, EngineError> {
        let Some(control) = &self.control else { return Ok(true) };
        let problem = Problem { cutoffs: cutoffs.to_vec(), ..self.instruments.problem.clone() };
        if self.options.refuse_the_impossible(&problem).is_err() {
            return Ok(false);
        }
        let setting = self.instruments.setting.resized(&problem).map_err(|e| space_error(&e))?;
        Ok(self.options.memory_scaled(&problem, self.overhead, setting.layout.len()) <= control.available())
    }

    /// Changes to other cutoffs.
    fn resize(&mut self, cutoffs: Vec<usize>, start: bool) -> Result<(), EngineError> {
        let problem = Problem { cutoffs, ..self.instruments.problem.clone() };
        let setting = self.instruments.setting.resized(&problem).map_err(|e| space_error(&e))?;
        let memory = self.propagator.memory();
        let needed = self.options.memory_scaled(&problem, self.overhead, setting.layout.len());
        self.memory = self.memory.max(needed);
        // The vectors of the old propagator make room before new ones are made.
        self.propagator = self.method.propagator(0);
        if start {
            (self.vector, self.losses) = initial_state(&problem, &setting)?;
        } else {
            let old = &self.instruments.setting;
            self.vector = carried((&old.space, &old.layout), &self.vector, (&setting.space, &setting.layout));
        }
        let adaptive = adaptive_modes(self.control.as_ref());
        self.instruments = Instruments::new(&self.options, problem, setting, None, &adaptive, &Never)?;
        self.propagator = self.method.propagator(self.vector.len());
        self.propagator.restore(&memory);
        self.rebuild(self.stage, &Never)
    }

    /// Brings the functionals behind the bounds and the diagnostics up to date after a change of cutoffs.
    /// `lost`, by mode: how far the change has moved the state.
    fn resized(&mut self, lost: &[(usize, f64)]) {
        let values = self.instruments.probe(&self.vector);
        let sum = lost.iter().map(|(_, x)| x).sum();
        self.leaked.change(sum, self.instruments.leaving(&values).to_vec());
        if let Some(control) = &mut self.control {
            control.resized(&self.instruments, &values, lost);
        }
        self.note_cutoffs();
    }

    fn note_cutoffs(&mut self) {
        let Some(control) = &self.control else { return };
        control.describe(&self.instruments.problem, &mut self.diagnostics);
    }

    /// Ends a segment: raises cutoffs before too much leaks, or lowers them where levels are empty.
    fn end_segment(&mut self) -> Result<(), EngineError> {
        let Some(control) = &mut self.control else { return Ok(()) };
        let values = self.instruments.probe(&self.vector);
        let error = self.propagator.statistics().error_estimate;
        let growths = control.end_segment(&self.instruments, self.stage, self.time, &values, error);
        if !growths.is_empty() {
            self.grow(&growths, false)?;
            self.resized(&[]);
            return Ok(());
        }
        let shrinks = control.shrinks(&self.instruments, self.stage, self.time, &values);
        if shrinks.is_empty() {
            return Ok(());
        }
        let mut cutoffs = self.instruments.problem.cutoffs.clone();
        for shrink in &shrinks {
            cutoffs[shrink.mode] = shrink.cutoff;
        }
        self.resize(cutoffs, false)?;
        let values = self.instruments.probe(&self.vector);
        let trace = self.instruments.probes.trace(&values);
        self.vector.iter_mut().for_each(|x| *x /= trace);
        if let Some(control) = &mut self.control {
            control.note(self.time, &self.instruments.problem.cutoffs, Reason::Lowered);
        }
        self.resized(&shrinks.iter().map(|s| (s.mode, s.lost)).collect::<Vec<_>>());
        self.instruments.note_truncation(self.leaked.bound, self.time, &mut self.diagnostics);
        Ok(())
    }

    /// Changes to a stage and its generator.
    fn enter_stage(&mut self, stage: usize, halt: &dyn Halt) -> Result<(), EngineError> {
        if stage == self.stage { Ok(()) } else { self.rebuild(stage, halt) }
    }

    /// Builds the generator of a stage.
    fn rebuild(&mut self, stage: usize, halt: &dyn Halt) -> Result<(), EngineError> {
        let setting = &self.instruments.setting;
        let model = &self.instruments.problem.stages[stage].model;
        let elements = Elements::new_while(&setting.space, model, halt).ok_or(INTERRUPTED)?;
        self.generator = build_generator(&self.options, setting, &elements, self.real.as_deref(), halt)?;
        self.stage = stage;
        self.choose();
        Ok(())
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

fn initial_state(problem: &Problem, setting: &Setting) -> Result<(Vec<f64>, Vec<f64>), EngineError> {
    initial_vector(&setting.space, &setting.layout, problem.model(), &problem.initial)
        .map_err(|e| space_error(&e))
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
    let norm = generator.norm_bound();
    let rectangle = generator.spectral_box().unwrap_or((-norm, 0.0, norm));
    options.method_for(problem, rectangle, setting.layout.unknowns())
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
            match self.enter_stage(self.stage_at(self.time), listener.halt()) {
                Err(EngineError::Interrupted { .. }) => return Ok(()),
                entered => entered?,
            }
            let end = self.next_end(last);
            let now = &remaining[..remaining.partition_point(|t| *t <= end)];
            let Self { instruments, generator, propagator, vector, diagnostics, leaked, .. } = self;
            let control = self.control.as_mut();
            let mut observer =
                Measuring::new(instruments, diagnostics, &mut *listener, leaked, control, self.stage);
            let operator: &dyn LinearOperator = generator.as_ref();
            let moved = propagator.advance(&Linear(&operator), self.time, end, vector, now, &mut observer);
            let reached = moved.map_err(|e| failed(&observer.instruments.problem, self.time, e))?;
            let over = observer.over || observer.abandoned.get();
            let growths = observer.growths;
            self.time = reached;
            let error = propagator.statistics().error_estimate;
            diagnostics.note("propagation", error, reached, self.options.bounds.propagation);
            remaining = &remaining[remaining.partition_point(|t| *t <= reached)..];
            if !growths.is_empty() {
                self.grow(&growths, false)?;
                self.resized(&[]);
            } else if self.control.as_ref().is_some_and(|c| c.is_end(reached)) && !remaining.is_empty() {
                self.end_segment()?;
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

    fn statistics(&self) -> serde_json::Value {
        let mut statistics = serde_json::json!({
            "method": self.method.definition().name,
            "propagator": self.propagator.statistics(),
            "state_vectors": self.propagator.state_vectors(self.instruments.needs_state) + 1,
            "vector_length": self.vector.len(),
            "probes_bytes": self.instruments.memory(),
            "initial_weight_cut_off": self.losses,
            "estimated_memory_bytes": self.memory,
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
        self.generator.apply(&self.vector, &mut change);
        self.propagator = self.method.propagator(self.vector.len());
        self.propagator.restore(&memory);
        Some(self.instruments.view(&change).purity().sqrt())
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
