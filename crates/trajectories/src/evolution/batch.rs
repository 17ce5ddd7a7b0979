//! Batches of trajectories: which ones are next, and how they are followed.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use superladder_engine::{EngineError, Halt};
use superladder_sampling::{Gather as _, Shown, SumSizes, Tally};

use super::{Prepared, TrajectoryEvolution};
use crate::choice::plain_is_better;
use crate::tallying::{MOVES, Tallying, enter};
use crate::trajectory::{Limits, TrajectoryError, Workspace};

/// Between two looks at the clock and the listener at least this long ...
const SHORT: Duration = Duration::from_millis(100);
/// ... and about this many trajectories per thread, so that threads seldom wait for each other ...
const EACH: f64 = 5.0;
/// ... but not longer than this.
const LONG: Duration = Duration::from_secs(20);

impl TrajectoryEvolution {
    pub(super) fn workspace(&self) -> Workspace {
        let mut idle = self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop().unwrap_or_else(Workspace::new)
    }

    pub(super) fn put_back(&self, workspace: Workspace) {
        self.workspaces.lock().unwrap_or_else(PoisonError::into_inner).push(workspace);
    }

    pub(super) fn tally(&self, index: u64, sizes: SumSizes) -> Tally {
        let shown = index < self.report.shown;
        Tally {
            numbers: vec![0.0; sizes.numbers],
            counts: vec![0; sizes.counts],
            worst: vec![0.0; sizes.worst],
            shown: shown.then(|| Shown { index, ..Shown::default() }),
        }
    }

    pub(super) fn tallying<'a>(&'a self, index: u64, tally: &'a mut Tally) -> Tallying<'a> {
        Tallying { instruments: &self.instruments, setup: &self.setup, report: &self.report, index, tally }
    }

    pub(super) fn out_of_range(&self, index: u64) -> TrajectoryError {
        TrajectoryError::OutOfRange { index, time: self.setup.problem.times[0] }
    }

    /// Decides between the bases, if that is open: by the trajectories that are there already, or by a trial of
    /// the first one. `None` if `halt` ends the trial.
    pub(crate) fn choose(&mut self, halt: &dyn Halt) -> Result<Option<()>, EngineError> {
        let Some(plain) = self.spare.as_ref().filter(|_| self.open) else { return Ok(Some(())) };
        let better = if self.gathering.sums.count() > 0 {
            Some(self.gathering.sums.worst()[MOVES] == 0.0)
        } else {
            plain_is_better(&self.setup, &plain.setup, self.options.bounds.discarded_weight, halt)
        };
        let Some(better) = better else { return Ok(None) };
        self.open = false;
        if better && let Some(plain) = self.spare.take() {
            self.change_to(plain)?;
        }
        Ok(Some(()))
    }

    /// Goes on in other bases; what is summed is the same in all of them.
    fn change_to(&mut self, bases: Prepared) -> Result<(), EngineError> {
        bases.check()?;
        let Prepared { setup, instruments, resources } = bases;
        (self.setup, self.instruments, self.resources) = (setup, instruments, resources);
        let initial = self.initial()?;
        self.begin_with(initial);
        Ok(())
    }

    /// Runs trajectories of `pending` in order, as many as there is time for. Every trajectory that has begun
    /// is finished, so that those done are the first ones of `pending`; unless `halt` gives them up, and they
    /// are pending again.
    pub(super) fn run_some(&mut self, pending: &[u64], halt: &dyn Halt) -> Result<(), EngineError> {
        let begun = Instant::now();
        let filling = self.gathering.filling();
        let this = &*self;
        let work = || -> Result<(), TrajectoryError> {
            let mut workspace = this.workspace();
            let mut own = 0.0;
            loop {
                let spent = begun.elapsed();
                let enough = spent > LONG || (spent > SHORT && own >= EACH);
                if enough && filling.has_begun() {
                    break;
                }
                let Some(&index) = pending.get(filling.take()) else { break };
                let mut tally = match this.followed(index, &mut workspace, halt) {
                    Err(TrajectoryError::Abandoned { .. }) => break,
                    followed => followed?,
                };
                filling.add(index, &mut tally).map_err(|_| this.out_of_range(index))?;
                own += 1.0;
            }
            this.put_back(workspace);
            Ok(())
        };
        let done = filling.run(pending.len(), work);
        self.gathering.filled(filling);
        done.map_err(|e| self.setup.failed(e))
    }

    /// What trajectory `index` adds. One that loses more than the bound in the moving basis is followed once
    /// more in the plain one, if there is one: the random numbers and the jumps are the same in both.
    fn followed(
        &self,
        index: u64,
        workspace: &mut Workspace,
        halt: &dyn Halt,
    ) -> Result<Tally, TrajectoryError> {
        let times = &self.setup.problem.times;
        let time = times[times.len() - 1];
        let bound = self.options.bounds.discarded_weight;
        let moves = self.setup.locality.moves();
        let weight = if self.spare.is_some() { bound } else { f64::INFINITY };
        let limits = Limits { time, work: f64::INFINITY, weight };
        let mut tally = self.tally(index, self.gathering.sums.sizes());
        let mut tallying = self.tallying(index, &mut tally);
        let (first, _) = self.setup.follow_within(limits, index, workspace, &mut tallying, halt)?;
        match &self.spare {
            Some(Prepared { setup, instruments, .. }) if first.losses.weight > bound => {
                let mut tally = self.tally(index, self.gathering.sums.sizes());
                let report = &self.report;
                let mut tallying = Tallying { instruments, setup, report, index, tally: &mut tally };
                let followed = setup.follow_while(index, workspace, &mut tallying, halt)?;
                enter(&followed, (moves, true), &mut tally);
                Ok(tally)
            }
            _ => {
                enter(&first, (moves, false), &mut tally);
                Ok(tally)
            }
        }
    }
}
