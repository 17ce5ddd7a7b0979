//! Batches of samples: which ones are next, and how they are followed.

use std::time::{Duration, Instant};

use superladder_engine::{EngineError, Halt};
use superladder_sampling::{BLOCKS, Filling, SumSizes, Sums, Tally};

use super::{COUNTS, WignerEvolution};
use crate::error::{SampleError, failed};
use crate::lanes::LANES;

/// Between two looks at the clock and the listener at least this long.
const SHORT: Duration = Duration::from_millis(200);

impl WignerEvolution {
    /// The initial states alone, of a few samples: what is known at the first time before any has run.
    pub(super) fn initial(&self) -> Result<Sums, EngineError> {
        let sizes = SumSizes { numbers: self.setup.instruments.count(), ..self.gathering.sums.sizes() };
        let mut sums = Sums::new(sizes);
        let first = self.options.first;
        let count = self.options.samples.min(BLOCKS as u64);
        let indices: Vec<u64> = (first..first.saturating_add(count)).collect();
        for group in indices.chunks(LANES) {
            for (index, numbers) in group.iter().zip(self.setup.started(group)) {
                let mut tally = Tally { numbers, counts: vec![0; COUNTS], ..Tally::default() };
                let added = sums.add(*index, &mut tally);
                added.map_err(|_| self.failed(SampleError::OutOfRange { index: *index }))?;
            }
        }
        Ok(sums)
    }

    fn failed(&self, error: SampleError) -> EngineError {
        failed(self.setup.problem.times[0], error)
    }

    /// Runs samples of `pending` in order, as many as there is time for, a group of lanes at a time. Every group that
    /// has begun is finished, so that those done are the first ones of `pending`; unless `halt` gives them up, and
    /// they are pending again.
    pub(super) fn run_groups(&mut self, pending: &[u64], halt: &dyn Halt) -> Result<(), EngineError> {
        let begun = Instant::now();
        let groups: Vec<&[u64]> = pending.chunks(LANES).collect();
        let filling = self.gathering.filling();
        let this = &*self;
        let work = || -> Result<(), SampleError> {
            while !filling.has_begun() || begun.elapsed() < SHORT {
                let Some(group) = groups.get(filling.take()) else { break };
                match this.take(group, &filling, halt) {
                    Err(SampleError::Abandoned) => break,
                    taken => taken?,
                }
            }
            Ok(())
        };
        let done = filling.run(groups.len(), work);
        self.gathering.filled(filling);
        done.map_err(|e| self.failed(e))
    }

    /// Follows a group of samples and adds them to their blocks.
    fn take(&self, group: &[u64], filling: &Filling, halt: &dyn Halt) -> Result<(), SampleError> {
        let (samples, noises) = self.setup.follow(group, halt)?;
        for (index, (numbers, clipped)) in group.iter().zip(samples) {
            let mut tally = Tally { numbers, counts: vec![clipped, noises], ..Tally::default() };
            filling.add(*index, &mut tally).map_err(|_| SampleError::OutOfRange { index: *index })?;
        }
        Ok(())
    }
}
