//! States on their way, which are asked for two times.

use std::sync::{Arc, Mutex};

use superladder_engine::{Diagnostics, End, EngineError, Halt, Problem, StationaryReport, run_while};

use superladder_space::Charge;

use crate::error::{NAME, space_error};
use crate::generator::Elements;
use crate::instruments::Instruments;
use crate::options::Exact;
use crate::state::initial_vector_while;
use crate::stationary::operators::coherence::Coherence;
use crate::stationary::state::{StationaryState, flow, from_layout};

impl StationaryState {
    /// Whether it is a state at a time, and not the stationary one.
    pub(crate) fn moves(&self) -> bool {
        self.report.classes.is_empty()
    }
}

impl Exact {
    /// The state of `problem` at `time`, with all its coherences.
    pub(crate) fn moving_state(
        &self,
        problem: &Problem,
        time: f64,
        halt: &dyn Halt,
    ) -> Result<StationaryState, EngineError> {
        if self.adaptive.iter().any(Option::is_some) {
            let reason =
                "correlations from a time on need cutoffs that are numbers, not such that follow the state"
                    .into();
            return Err(EngineError::Unsupported { engine: NAME, reason });
        }
        problem.without_explicit_time(NAME)?;
        let (way, here) = problem.until(time);
        let mut here = Problem { end: End::State, ..here };
        let mut diagnostics = Diagnostics::default();
        if time > way.times[0] {
            let (evolution, _) = run_while(self, &Problem { end: End::State, ..way }, halt)?;
            diagnostics = evolution.diagnostics().clone();
            here.initial.joint = evolution.state().map(Arc::new);
        }
        let setting = self.setting(&here, halt)?;
        let (space, layout) = (&setting.space, &setting.layout);
        let vector = initial_vector_while((space, layout), here.model(), &here.initial, &|| halt.asked());
        let (vector, _) = vector.map_err(|e| space_error(&e))?;
        let elements = Elements::new(space, here.model());
        let of = |difference: &Charge| {
            let coherence = Coherence::new(space, difference, &|_, _, _| true);
            let x = from_layout(layout, &coherence, &vector);
            (coherence, x)
        };
        let parts: Vec<_> = setting.coherences.iter().map(of).collect();
        let residual = parts.iter().map(|(c, x)| c.trace_norm_bound(&flow(space, c, &elements, x))).sum();
        let (zero, beyond): (Vec<_>, Vec<_>) =
            parts.into_iter().partition(|(c, _)| c.difference.iter().all(|d| *d == 0));
        let (coherence, x) = zero.into_iter().next().unwrap_or_else(|| of(&vec![0; space.charges().len()]));
        let unknown = StationaryReport::unknown(here.cutoffs.clone());
        let report = StationaryReport { residual, diagnostics, ..unknown };
        let instruments = Instruments::new(self, here, setting, None, &[], halt)?;
        let (slow, gauged) = (Mutex::default(), Mutex::default());
        Ok(StationaryState { report, instruments, vector, coherence, x, beyond, slow, gauged })
    }
}
