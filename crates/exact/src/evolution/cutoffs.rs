//! Changes of cutoffs that follow the state: decided on at the end of a step, carried out before the next one.

use std::ops::ControlFlow;

use superladder_engine::{EngineError, Halt, Problem};
use superladder_propagate::LinearOperator;

use super::{ExactEvolution, adaptive_modes, initial_state, lost};
use crate::adaptive::{CutoffChange, Growth, Limit, Reason, Shrink};
use crate::error::{INTERRUPTED, space_error};
use crate::generator::Lindbladian;
use crate::instruments::Instruments;
use crate::leakage::Leaked;
use crate::setting::Setting;
use crate::state::carried;

/// All that belongs to a set of cutoffs.
struct Resized {
    vector: Vec<f64>,
    losses: Vec<f64>,
    instruments: Instruments,
    generator: Box<dyn LinearOperator>,
    parts: Vec<Lindbladian>,
}

impl ExactEvolution {
    /// Raises the cutoffs until the initial state fits, and notes it.
    pub(super) fn start(&mut self, halt: &dyn Halt) -> Result<(), EngineError> {
        loop {
            let values = self.instruments.probe(&self.vector);
            self.leaked =
                Leaked::start(self.time, lost(&self.losses), self.instruments.leaving(&values).to_vec());
            let Some(control) = &mut self.control else { break };
            control.start(&self.instruments, self.time, &values, &self.losses);
            let growths = control.growths_at_start(&self.instruments, self.stage, self.time, &values);
            if growths.is_empty() || !self.grow(&growths, true, halt)? {
                break;
            }
        }
        let lost = (&self.leaked, self.losses.iter().sum());
        self.instruments.note_start(&self.vector, lost, self.time, &mut self.diagnostics);
        self.note_cutoffs();
        Ok(())
    }

    /// Leaves a change to be carried out before the next step.
    pub(super) fn decide(&mut self, change: CutoffChange) {
        if let Some(control) = &mut self.control {
            control.decided = Some(change);
        }
    }

    /// Carries out what was decided. `Break` if `halt` ends it: nothing has changed then, and the decision
    /// stands.
    pub(super) fn change_cutoffs(&mut self, halt: &dyn Halt) -> Result<ControlFlow<()>, EngineError> {
        let Some(change) = self.control.as_mut().and_then(|control| control.decided.take()) else {
            return Ok(ControlFlow::Continue(()));
        };
        let before = self.control.clone();
        let changed = match &change {
            CutoffChange::Raised(growths) => self.raise(growths, halt),
            CutoffChange::Lowered(shrinks) => self.lower(shrinks, halt),
        };
        match changed {
            Err(EngineError::Interrupted { .. }) => {
                self.control = before;
                self.decide(change);
                Ok(ControlFlow::Break(()))
            }
            other => other.map(ControlFlow::Continue),
        }
    }

    fn raise(&mut self, growths: &[Growth], halt: &dyn Halt) -> Result<(), EngineError> {
        self.grow(growths, false, halt)?;
        self.resized(&[]);
        Ok(())
    }

    fn lower(&mut self, shrinks: &[Shrink], halt: &dyn Halt) -> Result<(), EngineError> {
        let mut cutoffs = self.instruments.problem.cutoffs.clone();
        for shrink in shrinks {
            cutoffs[shrink.mode] = shrink.cutoff;
        }
        self.resize(cutoffs, false, halt)?;
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

    /// Raises cutoffs as far as their limits and the memory allow. False if none could be raised. At the
    /// `start` the initial state is made anew; later the state is carried over.
    fn grow(&mut self, growths: &[Growth], start: bool, halt: &dyn Halt) -> Result<bool, EngineError> {
        let mut cutoffs = self.instruments.problem.cutoffs.clone();
        for growth in growths {
            let before = cutoffs[growth.mode];
            let Some(control) = &mut self.control else { return Ok(false) };
            let mut wanted = control.allowed(growth, before, self.time, &self.instruments.problem);
            while wanted > before {
                cutoffs[growth.mode] = wanted;
                if self.fits(&cutoffs, halt)? {
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
        self.resize(cutoffs, start, halt)?;
        if let Some(control) = &mut self.control {
            control.note(self.time, &self.instruments.problem.cutoffs, growths[0].reason);
        }
        Ok(true)
    }

    /// Whether a run at these cutoffs fits the memory: vectors are counted, the rest grows with them.
    fn fits(&self, cutoffs: &[usize], halt: &dyn Halt) -> Result<bool, EngineError> {
        let Some(control) = &self.control else { return Ok(true) };
        let problem = Problem { cutoffs: cutoffs.to_vec(), ..self.instruments.problem.clone() };
        if self.options.refuse_the_impossible(&problem).is_err() {
            return Ok(false);
        }
        let setting = self.instruments.setting.resized(&problem, halt).map_err(|e| space_error(&e))?;
        Ok(self.options.memory_scaled(&problem, self.overhead, setting.layout.len()) <= control.available())
    }

    /// Changes to other cutoffs; nothing has changed where that fails.
    pub(super) fn resize(
        &mut self,
        cutoffs: Vec<usize>,
        start: bool,
        halt: &dyn Halt,
    ) -> Result<(), EngineError> {
        let problem = Problem { cutoffs, ..self.instruments.problem.clone() };
        let setting = self.instruments.setting.resized(&problem, halt).map_err(|e| space_error(&e))?;
        let needed = self.options.memory_scaled(&problem, self.overhead, setting.layout.len());
        let memory = self.propagator.memory();
        // The vectors of the old propagator make room before new ones are made.
        self.propagator = self.method.propagator(0);
        let resized = self.at_cutoffs(problem, setting, start, halt).map(|resized| {
            let Resized { vector, losses, instruments, generator, parts } = resized;
            (self.vector, self.losses) = (vector, losses);
            (self.instruments, self.generator, self.parts) = (instruments, generator, parts);
            self.resources.memory = self.resources.memory.max(needed);
        });
        self.propagator = self.method.propagator(self.vector.len());
        self.propagator.restore(&memory);
        if resized.is_ok() {
            self.choose();
        }
        resized
    }

    /// The state and all that belongs to it in another `setting`.
    fn at_cutoffs(
        &self,
        problem: Problem,
        setting: Setting,
        start: bool,
        halt: &dyn Halt,
    ) -> Result<Resized, EngineError> {
        let (vector, losses) = if start {
            initial_state(&problem, &setting, halt)?
        } else {
            let (old, new) = (&self.instruments.setting, &setting);
            let vector = carried((&old.space, &old.layout), &self.vector, (&new.space, &new.layout), halt);
            (vector.ok_or(INTERRUPTED)?, self.losses.clone())
        };
        let (generator, parts) = self.generator_of(&problem, &setting, self.stage, halt)?;
        let adaptive = adaptive_modes(self.control.as_ref());
        let instruments = Instruments::new(&self.options, problem, setting, None, &adaptive, halt)?;
        Ok(Resized { vector, losses, instruments, generator, parts })
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

    pub(super) fn note_cutoffs(&mut self) {
        let Some(control) = &self.control else { return };
        control.describe(&self.instruments.problem, &mut self.diagnostics);
    }

    /// Ends a segment: cutoffs are to be raised before too much leaks, or lowered where levels are empty.
    pub(super) fn end_segment(&mut self) {
        let Some(control) = &mut self.control else { return };
        let values = self.instruments.probe(&self.vector);
        let error = self.propagator.statistics().error_estimate;
        let growths = control.end_segment(&self.instruments, self.stage, self.time, &values, error);
        if !growths.is_empty() {
            self.decide(CutoffChange::Raised(growths));
            return;
        }
        let shrinks = control.shrinks(&self.instruments, self.stage, self.time, &values);
        if !shrinks.is_empty() {
            self.decide(CutoffChange::Lowered(shrinks));
        }
    }
}
