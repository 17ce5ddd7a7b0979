//! What happens at the stops and along the steps of a propagation.

use std::cell::Cell;
use std::ops::ControlFlow;

use superladder_engine::{Diagnostics, Listener};
use superladder_propagate::{Observer, Samples, Stop};

use crate::adaptive::{CutoffControl, Growth};
use crate::instruments::Instruments;
use crate::leakage::Leaked;

/// Measures at the stops of a propagation.
pub(crate) struct Measuring<'a> {
    pub(crate) instruments: &'a Instruments,
    diagnostics: &'a mut Diagnostics,
    listener: &'a mut dyn Listener,
    leaked: &'a mut Leaked,
    control: Option<&'a mut CutoffControl>,
    stage: usize,
    /// Samples of the step that are still ahead: times, and the functionals of what leaves.
    samples: Vec<(f64, Vec<f64>)>,
    /// Cutoffs that a step was refused for.
    pub(crate) growths: Vec<Growth>,
    /// Whether there were stops since the last look at the whole state.
    recorded: bool,
    /// Whether the listener asks to pause.
    pub(crate) over: bool,
    /// Whether the step in progress was given up.
    pub(crate) abandoned: Cell<bool>,
}

impl<'a> Measuring<'a> {
    pub(crate) fn new(
        instruments: &'a Instruments,
        diagnostics: &'a mut Diagnostics,
        listener: &'a mut dyn Listener,
        leaked: &'a mut Leaked,
        control: Option<&'a mut CutoffControl>,
        stage: usize,
    ) -> Self {
        let (samples, growths) = (Vec::new(), Vec::new());
        Self {
            instruments,
            diagnostics,
            listener,
            leaked,
            control,
            stage,
            samples,
            growths,
            recorded: false,
            over: false,
            abandoned: Cell::new(false),
        }
    }

    /// Follows the samples up to `time`.
    fn follow(&mut self, time: f64) {
        let leakage = self.instruments.leakage();
        let count = self.samples.partition_point(|(t, _)| *t <= time);
        for (time, values) in self.samples.drain(..count) {
            self.leaked.advance(leakage, self.stage, time, &values);
        }
    }

    fn heard(&mut self, flow: ControlFlow<()>) -> ControlFlow<()> {
        self.over |= flow.is_break();
        flow
    }
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

    fn poll(&self) -> ControlFlow<()> {
        if self.listener.halt().asked() {
            self.abandoned.set(true);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn wants_samples(&self) -> bool {
        self.instruments.leaks()
    }

    fn review(&mut self, samples: &Samples<'_>) -> ControlFlow<()> {
        if let Some(control) = &mut self.control {
            let error = self.diagnostics.checks.get("propagation").map_or(0.0, |check| check.worst);
            self.growths = control.review(self.instruments, self.stage, self.leaked.time(), samples, error);
            if !self.growths.is_empty() {
                return ControlFlow::Break(());
            }
        }
        let leaving = |(time, values)| (time, self.instruments.leaving(values).to_vec());
        self.samples = samples.rows().map(leaving).collect();
        ControlFlow::Continue(())
    }

    fn stop(&mut self, stop: &Stop<'_>) -> ControlFlow<()> {
        let Instruments { monitors, probes, .. } = self.instruments;
        let top = self.instruments.edge(self.stage, stop.probes);
        monitors.note(probes, stop.probes, top, stop.time, stop.error_estimate, self.diagnostics);
        self.follow(stop.time);
        let (leakage, leaving) = (self.instruments.leakage(), self.instruments.leaving(stop.probes));
        let bound = self.leaked.at(leakage, self.stage, stop.time, leaving);
        self.instruments.note_truncation(bound, stop.time, self.diagnostics);
        self.recorded = true;
        let measurements = self.instruments.measure(stop.probes, stop.state);
        let flow = self.listener.record(stop.time, measurements, self.diagnostics);
        self.heard(flow)
    }

    fn step(&mut self, time: f64, state: &[f64]) -> ControlFlow<()> {
        self.follow(time);
        if std::mem::take(&mut self.recorded) {
            self.instruments.monitors.note_state(&self.instruments.view(state), time, self.diagnostics);
        }
        let flow = self.listener.step(time);
        self.heard(flow)
    }
}
