//! What is reported of trajectories beside their averages: jumps by channel, histograms, single trajectories.

use superladder_engine::{Attachment, EngineError, Problem};
use superladder_model::{Channel, Model, Shape};
use superladder_sampling::{Histogram, HistogramError, Histograms, Shown};

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
            for name in names(&stage.model) {
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
        let levels = problem.levels();
        let (mut all, mut columns) = (Vec::new(), Vec::new());
        for observable in &problem.observables {
            let is_matrix =
                matches!(observable.shape(problem.model(), &levels), Shape::Matrix(_) | Shape::Blocks(_));
            for name in observable.columns(problem.model(), &levels) {
                if !is_matrix {
                    columns.push((all.len(), name.clone()));
                }
                all.push(name);
            }
        }
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
        let mut tables = Vec::new();
        if !singles.is_empty() {
            let index = singles.iter().flat_map(|s| times.iter().map(|_| s.index as f64)).collect();
            let time = singles.iter().flat_map(|_| times.iter().copied()).collect();
            let mut columns = vec![("trajectory".to_owned(), index), ("t".to_owned(), time)];
            let width = self.columns.len();
            columns.extend(self.columns.iter().enumerate().map(|(c, (_, name))| {
                let values = singles.iter().flat_map(|s| s.values.iter().skip(c).step_by(width));
                (name.clone(), values.copied().collect())
            }));
            tables.push(Attachment { name: "trajectories".into(), columns });
            let of = |read: fn(&Shown, &(f64, u64)) -> f64| {
                singles.iter().flat_map(|s| s.events.iter().map(|e| read(s, e))).collect::<Vec<f64>>()
            };
            let columns = vec![
                ("trajectory".into(), of(|s, _| s.index as f64)),
                ("t".into(), of(|_, (time, _)| *time)),
                ("channel".into(), of(|_, (_, channel)| *channel as f64)),
            ];
            tables.push(Attachment { name: "jumps".into(), columns });
        }
        tables.extend(self.histograms.table(times, bins));
        tables
    }
}

/// Values of all observables of one state.
pub(crate) fn values(instruments: &Instruments, problem: &Problem, numbers: &[f64]) -> Vec<f64> {
    instruments.values(problem, numbers).concat()
}

/// Names of the dissipators of a model, in their order: the channel with its subject, numbered where it has
/// several.
fn names(model: &Model) -> Vec<String> {
    let subject = |c: &Channel| {
        let modes = c.subject.modes.iter().map(|m| model.modes()[*m].name.as_str());
        let ensembles = c.subject.ensembles.iter().map(|e| model.ensembles()[*e].name.as_str());
        modes.chain(ensembles).collect::<Vec<_>>().join(",")
    };
    let mut names = Vec::new();
    for channel in model.channels() {
        let active = channel.dissipators.iter().enumerate().filter(|(_, d)| d.rate > 0.0);
        let name = format!("{}({})", channel.name, subject(channel));
        let several = channel.dissipators.len() > 1;
        names.extend(active.map(|(k, _)| if several { format!("{name}.{k}") } else { name.clone() }));
    }
    names
}
