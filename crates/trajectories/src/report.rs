//! What is reported of trajectories beside their averages: jumps by channel, histograms, single trajectories.

use serde::{Deserialize, Serialize};
use superladder_engine::{Attachment, EngineError, Problem};
use superladder_model::{Channel, Model, Shape};

use crate::error::{unknown, unsupported};
use crate::instruments::Instruments;
use crate::options::Histogram;
use crate::reachable::can_jump;

/// A channel with fewer jumps than this has effects whose standard errors are themselves uncertain: the
/// relative error of a variance from k rare events is about `1 / sqrt k`.
pub const FEW_JUMPS: u64 = 30;

/// A jump of a trajectory that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Jumped {
    pub(crate) time: f64,
    pub(crate) channel: usize,
}

/// A trajectory that is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Single {
    pub(crate) index: u64,
    /// Values of the columns shown, one row per output time.
    pub(crate) values: Vec<f64>,
    pub(crate) jumps: Vec<Jumped>,
}

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
    /// Histograms, with the number of their column among all.
    histograms: Vec<(Histogram, usize)>,
    /// Trajectories below this index are shown.
    pub(crate) shown: u64,
    /// Numbers and names of the columns that are shown.
    columns: Vec<(usize, String)>,
    times: usize,
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
        let placed = |h: &Histogram| {
            if !(h.low < h.high && (h.high - h.low).is_finite() && (1..=10_000).contains(&h.bins)) {
                let found = format!("[{}, {}, {}]", h.low, h.high, h.bins);
                return Err(unsupported(format!(
                    "`histograms` of '{}' must be [low, high, bins] with low < high and 1 to 10000 bins, but is {found}",
                    h.column
                )));
            }
            let column = columns.iter().find(|(_, name)| *name == h.column);
            let column = column.ok_or_else(|| unknown("histograms", &h.column, &columns))?;
            Ok((h.clone(), column.0))
        };
        let histograms = histograms.iter().map(placed).collect::<Result<_, _>>()?;
        let starts = problem.stages.iter().map(|s| s.start).collect();
        let times = problem.times.len();
        Ok(Self { channels, possible, numbers, starts, histograms, shown, columns, times })
    }

    /// Number of the channel that has jumped.
    pub(crate) fn channel(&self, time: f64, dissipator: usize) -> Option<usize> {
        let stage = self.starts.iter().rposition(|start| *start < time).unwrap_or(0);
        self.numbers[stage].get(dissipator).copied()
    }

    /// Bins of all histograms at all times.
    pub(crate) fn bins(&self) -> usize {
        self.times * self.histograms.iter().map(|(h, _)| h.bins + 2).sum::<usize>()
    }

    /// True when the values of trajectory `index` are asked for one by one.
    pub(crate) fn looks_at(&self, index: u64) -> bool {
        index < self.shown || !self.histograms.is_empty()
    }

    /// Bins into which the values at an output time fall.
    pub(crate) fn sort(&self, output: usize, values: &[f64], bins: &mut Vec<usize>) {
        let mut before = 0;
        for (h, column) in &self.histograms {
            let x = values[*column];
            let position = (x - h.low) / (h.high - h.low) * h.bins as f64;
            let bin = if position < 0.0 { 0 } else { 1 + (position as usize).min(h.bins) };
            if !x.is_nan() {
                bins.push(before + output * (h.bins + 2) + bin);
            }
            before += self.times * (h.bins + 2);
        }
    }

    /// The values shown of all values.
    pub(crate) fn pick(&self, values: &[f64]) -> Vec<f64> {
        self.columns.iter().map(|(number, _)| values[*number]).collect()
    }

    /// Tables of the trajectories shown and of the histograms.
    pub(crate) fn attachments(&self, times: &[f64], singles: &[&Single], bins: &[u64]) -> Vec<Attachment> {
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
            let of = |read: fn(&Single, &Jumped) -> f64| {
                singles.iter().flat_map(|s| s.jumps.iter().map(|j| read(s, j))).collect::<Vec<f64>>()
            };
            let columns = vec![
                ("trajectory".into(), of(|s, _| s.index as f64)),
                ("t".into(), of(|_, j| j.time)),
                ("channel".into(), of(|_, j| j.channel as f64)),
            ];
            tables.push(Attachment { name: "jumps".into(), columns });
        }
        let mut before = 0;
        let mut columns = vec![("t".to_owned(), times.to_vec())];
        for (h, _) in &self.histograms {
            let width = (h.high - h.low) / h.bins as f64;
            for bin in 0..h.bins + 2 {
                let name = match bin {
                    0 => format!("{} below {}", h.column, h.low),
                    bin if bin > h.bins => format!("{} from {}", h.column, h.high),
                    bin => format!("{} from {}", h.column, h.low + width * (bin - 1) as f64),
                };
                let counts = bins.iter().skip(before + bin).step_by(h.bins + 2).take(times.len());
                columns.push((name, counts.map(|c| *c as f64).collect()));
            }
            before += self.times * (h.bins + 2);
        }
        if columns.len() > 1 {
            tables.push(Attachment { name: "histograms".into(), columns });
        }
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
