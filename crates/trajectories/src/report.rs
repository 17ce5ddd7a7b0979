//! What is reported of trajectories beside their averages: jumps by channel, histograms, single trajectories.

use superladder_engine::{Attachment, EngineError, Problem};
use superladder_sampling::{Histogram, HistogramError, Histograms, Shown, shown_columns, shown_tables};

use crate::error::{unknown, unsupported};
use crate::instruments::Instruments;
use crate::reachable::can_jump;

/// A channel with fewer jumps than this has effects whose standard errors are themselves uncertain: the
/// relative error of a variance from k rare events is about `1 / sqrt k`.
pub const FEW_JUMPS: u64 = 30;

/// Which jumps, histograms and single trajectories are reported.
#[derive(Debug, Clone)]
pub(crate) struct TrajectoryReport {
    /// Names of the dissipators of all stages, each once.
    pub(crate) channels: Vec<String>,
    /// By channel: whether it can jump from any state that is reached.
    pub(crate) possible: Vec<bool>,
    /// By stage and dissipator, its number among the channels.
    numbers: Vec<Vec<usize>>,
    starts: Vec<f64>,
    pub(crate) histograms: Histograms,
    /// Trajectories below this index are shown.
    pub(crate) shown: u64,
    /// Numbers and names of the columns that are shown.
    columns: Vec<(usize, String)>,
}

impl TrajectoryReport {
    /// For a problem.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`] for a histogram of what is not measured, or whose range is empty.
    pub(crate) fn new(problem: &Problem, histograms: &[Histogram], shown: u64) -> Result<Self, EngineError> {
        let mut channels: Vec<String> = Vec::new();
        let mut numbers = Vec::new();
        for stage in &problem.stages {
            let mut own = Vec::new();
            for name in stage.model.dissipator_names() {
                let known = channels.iter().position(|c| *c == name);
                own.push(known.unwrap_or(channels.len()));
                if known.is_none() {
                    channels.push(name);
                }
            }
            numbers.push(own);
        }
        let mut possible = vec![false; channels.len()];
        for (stage, can_jump) in numbers.iter().zip(can_jump(problem)) {
            stage.iter().zip(can_jump).for_each(|(channel, can)| possible[*channel] |= can);
        }
        let columns = shown_columns(problem);
        let times = problem.times.len();
        let histograms = Histograms::new(histograms, &columns, times).map_err(|error| match error {
            HistogramError::Unknown(name) => unknown("histograms", &name, columns.iter().map(|c| &*c.1)),
            HistogramError::Bins { .. } => unsupported(error.to_string()),
        })?;
        let starts = problem.stages.iter().map(|s| s.start).collect();
        Ok(Self { channels, possible, numbers, starts, histograms, shown, columns })
    }

    /// Number of the channel that has jumped.
    pub(crate) fn channel(&self, time: f64, dissipator: usize) -> Option<usize> {
        let stage = self.starts.iter().rposition(|start| *start < time).unwrap_or(0);
        self.numbers[stage].get(dissipator).copied()
    }

    /// True when the values of trajectory `index` are asked for one by one.
    pub(crate) fn looks_at(&self, index: u64) -> bool {
        index < self.shown || !self.histograms.is_empty()
    }

    /// The values shown of all values.
    pub(crate) fn pick(&self, values: &[f64]) -> Vec<f64> {
        self.columns.iter().map(|(number, _)| values[*number]).collect()
    }

    /// Tables of the trajectories shown and of the histograms.
    pub(crate) fn attachments(&self, times: &[f64], singles: &[&Shown], bins: &[u64]) -> Vec<Attachment> {
        let mut tables = shown_tables(times, &self.columns, singles);
        tables.extend(self.histograms.table(times, bins));
        tables
    }
}

/// Values of all observables of one state.
pub(crate) fn values(instruments: &Instruments, problem: &Problem, numbers: &[f64]) -> Vec<f64> {
    instruments.values(problem, numbers).concat()
}
