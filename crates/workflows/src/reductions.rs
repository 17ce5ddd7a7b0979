//! Numbers read off the columns of a run, with standard errors where its engine samples.
//!
//! ```text
//! ReductionEntry, Recorder ── Reduction::of ──> value, time
//! Replicates ── half_samples ──┬── crosswise ──> extreme value without the bias of a choice among noise, its error
//!                              └── spread ─────> error of anything else
//! ```

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use superladder_analysis::{Quantity, Reduced, Remark};
use superladder_engine::{EngineError, Problem, Recorder, with_error};
use superladder_sampling::{Replicate, crosswise, half_samples, spread};
use superladder_study::{ReductionEntry, Study};

use crate::results::write_rows;

/// A number read off a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReducedValue {
    /// Name of the reduction.
    pub name: String,
    /// The number; NaN means undefined.
    pub value: f64,
    /// Its standard error, of an engine that samples.
    pub standard_error: Option<f64>,
    /// When the column has it, of an extreme.
    pub time: Option<f64>,
    /// The standard error of that time.
    pub time_error: Option<f64>,
    /// What a reader should know of it.
    pub remark: Option<Remark>,
}

/// What an engine that samples measures without one block of its samples at a time, from the sums that its evolution
/// has saved; none of other engines.
///
/// # Errors
/// [`EngineError`] where the engine refuses the problem, or the sums are not of it.
pub fn replicates(study: &Study, problem: &Problem, sums: &[u8]) -> Result<Vec<Replicate>, EngineError> {
    let Some(engine) = study.engine.sampling() else { return Ok(Vec::new()) };
    let mut evolution = engine.begin(problem)?;
    evolution.restore(sums)?;
    Ok(evolution.replicates())
}

/// All reductions of a run of `problem`, in order. A run that ended before a window did has no value for it.
pub fn reduce(
    entries: &[ReductionEntry],
    problem: &Problem,
    recorder: &Recorder,
    replicates: &[Replicate],
) -> Vec<ReducedValue> {
    let mut known: Vec<Series> = Vec::new();
    let mut values = Vec::new();
    for entry in entries {
        if !known.iter().any(|series| series.column == entry.column) {
            known.extend(Series::of(&entry.column, problem, recorder, replicates));
        }
        let series = known.iter().find(|series| series.column == entry.column);
        values.push(match series {
            Some(series) => series.reduced(entry, &problem.times),
            None => ReducedValue::undefined(entry, Remark::NotMeasured),
        });
    }
    values
}

impl ReducedValue {
    fn undefined(entry: &ReductionEntry, remark: Remark) -> Self {
        Self::new(entry, Reduced::undefined(remark), None, None)
    }

    /// From a plain value and errors; in decibels where the entry wants them.
    fn new(entry: &ReductionEntry, reduced: Reduced, error: Option<f64>, time_error: Option<f64>) -> Self {
        let plain = reduced.value;
        let reduced = if entry.decibels { reduced.decibels() } else { reduced };
        let slope = if entry.decibels { 10.0 / (std::f64::consts::LN_10 * plain) } else { 1.0 };
        let defined = reduced.value.is_finite();
        Self {
            name: entry.name.clone(),
            value: reduced.value,
            standard_error: error.map(|e| slope * e).filter(|e| defined && e.is_finite()),
            time: reduced.time,
            time_error: time_error.filter(|_| reduced.time.is_some()),
            remark: reduced.remark,
        }
    }

    /// The number in words, to its error.
    pub fn words(&self) -> String {
        match self.standard_error {
            _ if self.value.is_nan() => "undefined".into(),
            Some(error) => with_error(self.value, error),
            None => format!("{:.6}", self.value),
        }
    }

    fn time_words(&self) -> String {
        match (self.time, self.time_error) {
            (None, _) => String::new(),
            (Some(time), Some(error)) => format!("at t = {}", with_error(time, error)),
            (Some(time), None) => format!("at t = {time:.4}"),
        }
    }

    /// The cells of its row in a table: value, error, time, error of the time, remark; empty where there is none.
    pub fn cells(&self) -> [String; 5] {
        let number = |x: Option<f64>| x.map(|x| format!("{x:?}")).unwrap_or_default();
        let remark = self.remark.map(|remark| remark.to_string()).unwrap_or_default();
        [
            number(Some(self.value)),
            number(self.standard_error),
            number(self.time),
            number(self.time_error),
            remark,
        ]
    }
}

/// Headings of [`ReducedValue::cells`].
pub const HEADINGS: [&str; 5] = ["value", "standard_error", "time", "time.standard_error", "remark"];

/// One row a reduction.
///
/// # Errors
/// Whatever the writer says.
pub fn write_reductions(writer: &mut impl Write, values: &[ReducedValue]) -> io::Result<()> {
    let row = |value: &ReducedValue| [vec![value.name.clone()], value.cells().to_vec()].concat();
    write_rows(writer, ["reduction"].into_iter().chain(HEADINGS), values.iter().map(row))
}

/// The entry of a manifest.
pub fn manifest(values: &[ReducedValue]) -> Json {
    let entry = |v: &ReducedValue| {
        json!({
            "reduction": v.name,
            "value": v.value,
            "standard_error": v.standard_error,
            "time": v.time,
            "time_standard_error": v.time_error,
            "remark": v.remark.map(|remark| remark.to_string()),
        })
    };
    values.iter().map(entry).collect()
}

/// The table for a reader, indented; nothing without reductions.
pub fn text(values: &[ReducedValue]) -> String {
    let width = values.iter().map(|v| v.name.chars().count()).max().unwrap_or(0);
    let number = values.iter().map(|v| v.words().chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for value in values {
        let remark = value.remark.map(|remark| format!("({remark})")).unwrap_or_default();
        let words = [value.time_words(), remark].into_iter().filter(|words| !words.is_empty());
        let line = format!(
            "  {:<width$}  {:>number$}  {}",
            value.name,
            value.words(),
            words.collect::<Vec<_>>().join(" ")
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// A column over time, and the same on every half of the samples.
struct Series {
    column: String,
    times: Vec<f64>,
    values: Vec<f64>,
    /// Standard error of the last value; none of engines that do not sample.
    last_error: Option<f64>,
    halves: Vec<Vec<f64>>,
}

impl Series {
    /// `None` where no observable has such a column.
    fn of(name: &str, problem: &Problem, recorder: &Recorder, replicates: &[Replicate]) -> Option<Self> {
        let levels = recorder.levels(problem);
        let mut before = 0;
        for (index, observable) in problem.observables.iter().enumerate() {
            let columns = observable.columns(problem.model(), &levels);
            let Some(component) = columns.iter().position(|column| column == name) else {
                before += recorder.records.first().map_or(0, |r| r.measurements[index].values.len());
                continue;
            };
            let values = recorder.column(index, component);
            let last = recorder.records.last().and_then(|r| r.measurements[index].values.get(component));
            let last_error = last.and_then(|estimate| estimate.standard_error);
            let halves = halves(&values, replicates, before + component);
            return Some(Self {
                column: name.to_owned(),
                times: recorder.times(),
                values,
                last_error,
                halves,
            });
        }
        None
    }

    fn reduced(&self, entry: &ReductionEntry, all: &[f64]) -> ReducedValue {
        let reduction = &entry.reduction;
        if self.times.len() < reduction.rows(all).end {
            return ReducedValue::undefined(entry, Remark::Incomplete);
        }
        let plain = reduction.of(&self.times, &self.values);
        let sampled = self.last_error.is_some();
        if plain.value.is_nan() || !sampled {
            return ReducedValue::new(entry, plain, None, None);
        }
        if reduction.quantity == Quantity::Final && self.times.len() == reduction.rows(all).end {
            return ReducedValue::new(entry, plain, self.last_error, None);
        }
        let end = self.times[reduction.rows(all).end - 1];
        if !reduction.is_extreme() {
            let error = self.error(plain.value, end, |half| Some(reduction.of(&self.times, half).value));
            return ReducedValue::new(entry, plain, error, None);
        }
        let time = if reduction.is_time() { plain.value } else { plain.time.unwrap_or(end) };
        let time_error = self.error(time, end, |half| reduction.find(&self.times, half));
        let plain = self.told(plain, time, time_error);
        if reduction.is_time() {
            return ReducedValue::new(entry, plain, time_error, None);
        }
        let find = |half: &Vec<f64>| reduction.find(&self.times, half);
        let read = |half: &Vec<f64>, time: f64| reduction.read(&self.times, half, time);
        match crosswise(&self.halves, find, read) {
            Some((value, error)) => {
                ReducedValue::new(entry, Reduced { value, ..plain }, Some(error), time_error)
            }
            None => {
                ReducedValue::new(entry, Reduced { remark: Some(Remark::FewSamples), ..plain }, None, None)
            }
        }
    }

    /// Standard error of a number from what it is on every half of the samples.
    fn error(&self, value: f64, end: f64, of: impl Fn(&Vec<f64>) -> Option<f64>) -> Option<f64> {
        let varied: Vec<Option<f64>> =
            self.halves.iter().map(|half| of(half).filter(|x| x.is_finite())).collect();
        spread(value, &varied, end)
    }

    /// Where noise decides which point is lowest, how far its neighbours lie above it says nothing of the grid.
    fn told(&self, plain: Reduced, time: f64, time_error: Option<f64>) -> Reduced {
        let row = self.times.partition_point(|t| *t < time).clamp(1, self.times.len().max(2) - 1);
        let spacing = self.times.get(row).map_or(0.0, |after| after - self.times[row - 1]);
        let decided = time_error.is_some_and(|error| error < spacing);
        if plain.remark == Some(Remark::Coarse) && !decided {
            Reduced { remark: None, ..plain }
        } else {
            plain
        }
    }
}

/// A column on every half of the samples.
fn halves(values: &[f64], replicates: &[Replicate], place: usize) -> Vec<Vec<f64>> {
    let alone = |x: f64| vec![x];
    let of = |replicate: &Replicate| {
        let value = |row: &Vec<f64>| alone(row.get(place).copied().unwrap_or(f64::NAN));
        Replicate { ratio: replicate.ratio, values: replicate.values.iter().map(value).collect() }
    };
    let replicates: Vec<Replicate> = replicates.iter().map(of).collect();
    if replicates.iter().any(|r| r.values.len() < values.len()) {
        return Vec::new();
    }
    let rows: Vec<Vec<f64>> = values.iter().copied().map(alone).collect();
    half_samples(&rows, &replicates).map(|half| half.into_iter().map(|row| row[0]).collect()).collect()
}
