//! One record: the state between its clicks, and when what clicks.

use num_complex::Complex64;
use superladder_engine::{Halt, Problem};
use superladder_sampling::Stream;

use crate::dynamics::Dynamics;
use crate::error::RecordError;
use crate::instruments::Instruments;
use crate::state::Layout;
use crate::taylor::Series;

/// How records of a problem are followed.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) problem: Problem,
    pub(crate) layout: Layout,
    pub(crate) instruments: Instruments,
    /// One per stage.
    pub(crate) stages: Vec<Dynamics>,
    /// Initial state, of trace 1.
    pub(crate) initial: Vec<Complex64>,
    /// What the modes of the initial state lose.
    pub(crate) losses: Vec<f64>,
    pub(crate) seed: u64,
    pub(crate) tolerance: f64,
    pub(crate) max_steps: u64,
}

/// What following a record took, and when which detector of the stage has clicked.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    pub(crate) steps: u64,
    pub(crate) applications: u64,
    pub(crate) error: f64,
    pub(crate) clicks: Vec<(f64, usize)>,
}

impl Setup {
    /// The stage that begins at or before a time.
    pub(crate) fn stage(&self, time: f64) -> usize {
        self.problem.stages.iter().rposition(|stage| stage.start <= time).unwrap_or(0)
    }

    /// Follows record `index`; `witness` sees the states of trace 1 at the output times.
    ///
    /// # Errors
    /// [`RecordError`].
    pub(crate) fn follow(
        &self,
        index: u64,
        series: &mut Series,
        witness: &mut dyn FnMut(&[Complex64]),
        halt: &dyn Halt,
    ) -> Result<Followed, RecordError> {
        let mut stream = Stream::new(self.seed, index);
        let times = &self.problem.times;
        let (mut time, mut rho) = (times[0], self.initial.clone());
        let mut threshold = stream.uniform();
        let mut followed = Followed::default();
        series.begin();
        witness(&rho);
        for end in times.iter().skip(1) {
            while time < *end {
                if halt.asked() {
                    return Err(RecordError::Abandoned);
                }
                if followed.steps == self.max_steps {
                    return Err(RecordError::Steps { index, limit: self.max_steps });
                }
                let stage = self.stage(time);
                let dynamics = &self.stages[stage];
                // Without detectors nothing falls to any threshold.
                let aim = if dynamics.detectors.is_empty() { 0.0 } else { threshold };
                let stop = end.min(self.problem.end_of_stage(stage));
                let way = (stop - time, aim);
                series
                    .expand((dynamics, &self.layout), &rho, way, self.tolerance)
                    .ok_or(RecordError::OutOfRange { index })?;
                followed.steps += 1;
                followed.error += series.error;
                if series.trace(1.0) > aim {
                    series.state(1.0, &mut rho);
                    time = if series.length >= stop - time { stop } else { time + series.length };
                    continue;
                }
                let part = series.root(aim);
                series.state(part, &mut rho);
                time += part * series.length;
                let rates: Vec<f64> = dynamics.detectors.iter().map(|d| d.rate(&self.layout, &rho)).collect();
                let total = rates.iter().map(|r| r.max(0.0)).sum::<f64>();
                if total > 0.0 {
                    let number = stream.choose(rates.into_iter(), total);
                    rho = dynamics.detectors[number].click(&self.layout, &rho);
                    followed.clicks.push((time, number));
                } else {
                    self.layout.normalise(&mut rho);
                }
                threshold = stream.uniform();
            }
            let mut shown = rho.clone();
            self.layout.normalise(&mut shown);
            witness(&shown);
        }
        followed.applications = series.applications;
        Ok(followed)
    }
}
