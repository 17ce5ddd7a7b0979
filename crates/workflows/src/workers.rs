//! Many independent runs at a time, as far as memory allows.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use superladder_engine::available_memory;

/// Of the memory available this part is given to runs: estimates are estimates, and others need some too.
const SHARE: f64 = 0.8;

/// How many threads there are, and how much memory for all runs together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Threads in all.
    pub threads: usize,
    /// Bytes.
    pub memory: u64,
}

impl Limits {
    /// `threads`, or as many as rayon takes; what the machine has available, or `memory` where that is less.
    pub fn new(threads: Option<u16>, memory: Option<u64>) -> Self {
        let threads = threads.map_or_else(rayon::current_num_threads, usize::from);
        let available = available_memory().map_or(u64::MAX, |bytes| (SHARE * bytes as f64) as u64);
        Self { threads: threads.max(1), memory: memory.map_or(available, |limit| limit.min(available)) }
    }

    /// The largest number of runs at a time, at least one, whose memory fits whichever of them meet.
    pub fn workers(&self, needs: &[u64]) -> usize {
        let mut needs = needs.to_vec();
        needs.sort_unstable_by(|a, b| b.cmp(a));
        let mut sum = 0_u64;
        let fits = |need: &&u64| {
            sum = sum.saturating_add(**need);
            sum <= self.memory
        };
        needs.iter().take(self.threads).take_while(fits).count().max(1)
    }

    /// Does `work` for every job, in the order given, `workers` at a time; each has its share of the threads.
    /// No job is begun once `interrupted` is raised.
    ///
    /// # Errors
    /// When the threads cannot be started.
    pub fn each<T: Sync>(
        &self,
        jobs: &[T],
        workers: usize,
        interrupted: &AtomicBool,
        work: impl Fn(&T) + Sync,
    ) -> Result<(), ThreadPoolBuildError> {
        let workers = workers.clamp(1, self.threads);
        let threads = |worker: usize| self.threads / workers + usize::from(worker < self.threads % workers);
        let pools = (0..workers).map(|w| ThreadPoolBuilder::new().num_threads(threads(w)).build());
        let pools: Vec<ThreadPool> = pools.collect::<Result<_, _>>()?;
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for pool in &pools {
                scope.spawn(|| {
                    while let Some(job) = jobs.get(next.fetch_add(1, Ordering::SeqCst)) {
                        if interrupted.load(Ordering::SeqCst) {
                            return;
                        }
                        pool.install(|| work(job));
                    }
                });
            }
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn the_largest_runs_may_meet() {
        let limits = Limits { threads: 4, memory: 100 };
        assert_eq!(limits.workers(&[10, 10]), 2);
        assert_eq!(limits.workers(&[10; 9]), 4);
        assert_eq!(limits.workers(&[1, 60, 1, 40, 30]), 2);
        assert_eq!(limits.workers(&[900, 1]), 1, "one at a time always runs");
        assert_eq!(limits.workers(&[]), 1);
    }

    #[test]
    fn every_job_is_done_once_and_none_after_an_interrupt() {
        let limits = Limits { threads: 3, memory: 100 };
        let (done, flag) = (Mutex::new(Vec::new()), AtomicBool::new(false));
        limits.each(&[1, 2, 3, 4, 5], 2, &flag, |job| done.lock().unwrap().push(*job)).unwrap();
        let mut done = done.into_inner().unwrap();
        done.sort_unstable();
        assert_eq!(done, [1, 2, 3, 4, 5]);
        flag.store(true, Ordering::SeqCst);
        limits.each(&[1, 2], 2, &flag, |_| panic!("must not begin")).unwrap();
    }
}
