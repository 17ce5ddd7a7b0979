//! The averages over samples as an evolution.

use superladder_engine::{
    Attachment, Concluded, Diagnostics, EngineError, Evolution, Listener, Measurement, Resources,
};

use crate::estimates::replicates;
use crate::gathering::Gather;
use crate::jackknife::Replicate;
use crate::traits::{Progressed, SampledEvolution};

/// Samples as an [`Evolution`] that does not go through time: it runs them until there are enough, and then records their
/// averages at every time.
#[derive(Debug)]
pub struct Averages<G>(pub G);

impl<G: Gather> Evolution for Averages<G> {
    fn time(&self) -> f64 {
        self.0.gathering().time()
    }

    fn advance(&mut self, times: &[f64], listener: &mut dyn Listener) -> Result<(), EngineError> {
        self.0.gather(times, listener)
    }

    fn measure(&mut self) -> Vec<Measurement> {
        self.0.measured()
    }

    fn diagnostics(&self) -> &Diagnostics {
        &self.0.gathering().diagnostics
    }

    fn resources(&self) -> Resources {
        self.0.resources().clone()
    }

    fn statistics(&self) -> serde_json::Value {
        self.0.statistics()
    }

    fn concluded(&mut self, left: &[f64]) -> Option<Concluded> {
        Some(self.0.conclude(left))
    }

    fn attachments(&self) -> Vec<Attachment> {
        self.0.attachments()
    }

    fn warnings(&self) -> Vec<String> {
        self.0.warnings()
    }

    fn save(&self) -> Result<Vec<u8>, EngineError> {
        Ok(self.0.gathering().sums.to_bytes())
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        self.0.resume(bytes)
    }
}

impl<G: Gather> SampledEvolution for Averages<G> {
    fn progressed(&mut self) -> Progressed {
        self.0.progress()
    }

    fn replicates(&self) -> Vec<Replicate> {
        let times = self.0.problem().times.len();
        replicates(&self.0.functions(), &self.0.gathering().sums, times, self.0.width())
    }
}
