//! Batches of samples: which ones are next, and how they are followed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use superladder_engine::{EngineError, Halt};
use superladder_sampling::{BLOCKS, Block, Sums, Tally, next_look};

use super::{COUNTS, WignerEvolution};
use crate::error::{SampleError, failed};
use crate::lanes::LANES;

/// Between two looks at the clock and the listener at least this long.
const SHORT: Duration = Duration::from_millis(200);
/// Samples that one batch may begin.
const MOST: usize = 1 << 20;

impl WignerEvolution {
    /// The initial states alone, of a few samples: what is known at the first time before any has run.
    pub(super) fn initial(&self) -> Result<Sums, EngineError> {
        let mut sums = Sums::new(superladder_sampling::SumSizes {
            numbers: self.setup.instruments.count(),
            ..self.sums.sizes()
        });
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

    /// Indices that are asked for.
    pub(super) fn wanted(&self) -> std::ops::Range<u64> {
        self.options.first..self.options.first.saturating_add(self.options.samples)
    }

    /// The next samples, up to the next look at the errors.
    pub(super) fn pending(&self) -> Vec<u64> {
        let done = self.sums.count();
        let room = if self.goal.is_set() { (next_look(done) - done) as usize } else { MOST };
        self.wanted().filter(|i| !self.sums.contains(*i)).take(room.min(MOST)).collect()
    }

    /// Runs samples of `pending` in order, as many as there is time for, a group of lanes at a time. Every group that
    /// has begun is finished, so that those done are the first ones of `pending`; unless `halt` gives them up, and
    /// they are pending again.
    pub(super) fn run_batch(&mut self, pending: &[u64], halt: &dyn Halt) -> Result<(), EngineError> {
        let begun = Instant::now();
        let groups: Vec<&[u64]> = pending.chunks(LANES).collect();
        let blocks: Vec<_> = self.sums.take_blocks().into_iter().map(Mutex::new).collect();
        let next = AtomicUsize::new(0);
        let this = &*self;
        let work = || -> Result<(), SampleError> {
            while next.load(Ordering::SeqCst) == 0 || begun.elapsed() < SHORT {
                let Some(group) = groups.get(next.fetch_add(1, Ordering::SeqCst)) else { break };
                match this.take(group, &blocks, halt) {
                    Err(SampleError::Abandoned) => break,
                    taken => taken?,
                }
            }
            Ok(())
        };
        let workers = rayon::current_num_threads().min(groups.len());
        let results: Vec<_> = (0..workers).into_par_iter().with_max_len(1).map(|_| work()).collect();
        let whole = |b: Mutex<_>| b.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.sums.put_back(blocks.into_iter().map(whole).collect());
        results.into_iter().collect::<Result<(), _>>().map_err(|e| self.failed(e))
    }

    /// Follows a group of samples and adds them to their blocks.
    fn take(&self, group: &[u64], blocks: &[Mutex<Block>], halt: &dyn Halt) -> Result<(), SampleError> {
        let (samples, noises) = self.setup.follow(group, halt)?;
        for (index, (numbers, clipped)) in group.iter().zip(samples) {
            let mut tally = Tally { numbers, counts: vec![clipped, noises], ..Tally::default() };
            let block = &blocks[*index as usize % BLOCKS];
            let mut block = block.lock().unwrap_or_else(PoisonError::into_inner);
            block.add(*index, &mut tally).map_err(|_| SampleError::OutOfRange { index: *index })?;
        }
        Ok(())
    }
}
