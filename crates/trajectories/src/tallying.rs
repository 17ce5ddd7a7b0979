//! What a trajectory adds to the sums.

use superladder_sampling::Tally;

use crate::instruments::Instruments;
use crate::report::{TrajectoryReport, values};
use crate::trajectory::{Setup, Snapshot, TrajectoryStatistics, Witness};

/// Figures of which the largest of all trajectories is kept: accumulated error, mismatch of norms, weight
/// discarded, bound of the norm of what was changed, amplitudes of a state, 1 where the bases move: so that sums
/// tell in which bases a run began.
pub(crate) const WORST: usize = 6;
pub(crate) const ERROR: usize = 0;
pub(crate) const MISMATCH: usize = 1;
pub(crate) const DISCARDED: usize = 2;
pub(crate) const TRUNCATION: usize = 3;
pub(crate) const AMPLITUDES: usize = 4;
pub(crate) const MOVES: usize = 5;

/// Counts behind those of channels and histograms.
pub(crate) const TOTALS: usize = 3;

/// Enters what following a trajectory took: its figures, whether the run's bases move, and as the last counts
/// whether it fell back to the plain basis, its steps and its applications. The counts are
///
/// ```text
/// jumps by channel | 1 where the channel has jumped | bins of the histograms | fell back | steps | applications
/// ```
pub(crate) fn enter(followed: &TrajectoryStatistics, (moves, fell_back): (bool, bool), tally: &mut Tally) {
    let TrajectoryStatistics { steps, error, mismatch, losses, applications, largest, .. } = *followed;
    tally.worst =
        vec![error, mismatch, losses.weight, losses.norm, largest as f64, f64::from(u8::from(moves))];
    if let [.., back, of_steps, of_applications] = tally.counts.as_mut_slice() {
        (*back, *of_steps, *of_applications) = (u64::from(fell_back), steps, applications);
    }
}

/// Tallies the states and jumps of a trajectory.
pub(crate) struct Tallying<'a> {
    pub(crate) instruments: &'a Instruments,
    pub(crate) setup: &'a Setup,
    pub(crate) report: &'a TrajectoryReport,
    /// Index of the trajectory.
    pub(crate) index: u64,
    pub(crate) tally: &'a mut Tally,
}

impl Witness for Tallying<'_> {
    fn state(&mut self, output: usize, snapshot: Snapshot<'_>) {
        let width = self.instruments.count();
        let row = &mut self.tally.numbers[output * width..(output + 1) * width];
        row.fill(0.0);
        self.instruments.add(snapshot, row);
        if self.report.looks_at(self.index) {
            let values = values(self.instruments, &self.setup.problem, row);
            let bins = 2 * self.report.channels.len();
            self.report.histograms.count(output, &values, &mut self.tally.counts[bins..]);
            if let Some(single) = &mut self.tally.shown {
                single.values.extend(self.report.pick(&values));
            }
        }
    }

    fn jump(&mut self, time: f64, dissipator: usize) {
        let Some(channel) = self.report.channel(time, dissipator) else { return };
        self.tally.counts[channel] += 1;
        self.tally.counts[self.report.channels.len() + channel] = 1;
        if let Some(single) = &mut self.tally.shown {
            single.events.push((time, channel as u64));
        }
    }
}
