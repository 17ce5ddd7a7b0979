//! What is read off the measurements of one engine at one size: ratios, averages, crossings and their errors.

use superladder_analysis::{
    AnalysisError, Averaging, Criterion, Crossing, CrossingOptions, Outcome, RatioSeries, Table, crossing,
    period,
};
use superladder_engine::Diagnostics;
use superladder_sampling::{Replicate, half_samples, spread};
use superladder_study::{Average, Plan};

use super::runs::measured::{Kept, Measured, Without};

/// A run goes on to this multiple of its crossings, to see whether they are the last.
const BEYOND: f64 = 1.1;
/// The readings of a ratio.
pub(super) const FIRST: &str = "first";
pub(super) const AVERAGED: &str = "averaged";

/// One crossing of one criterion.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Name of the criterion.
    pub criterion: String,
    /// `first` (instantaneous) or `averaged`.
    pub reading: &'static str,
    /// What became of the ratio.
    pub crossing: Crossing,
}

/// Everything measured with one engine at one size.
#[derive(Debug, Clone, PartialEq)]
pub struct Sized {
    /// Value of the parameter.
    pub value: f64,
    /// The crossings.
    pub rows: Vec<Row>,
    /// Length of the averaging window, where there is one.
    pub window: Option<f64>,
    /// The course of every criterion.
    pub traces: Vec<Trace>,
    /// Whether times were recorded in separate windows, so that only averages are known to the end.
    pub in_windows: bool,
    /// Why the engine's own run does not count as converged; empty when it does.
    pub broken: Vec<String>,
    /// Worst diagnostics of the engine.
    pub diagnostics: Diagnostics,
    /// What a reader should know although every bound is kept.
    pub warnings: Vec<String>,
    /// What was measured, where it is held against another engine.
    pub(super) runs: Option<Kept>,
}

impl Sized {
    /// The crossings that say whether a run was long enough.
    pub(super) fn decisive(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| !self.in_windows || row.reading == AVERAGED)
    }
}

/// The ratio of a criterion over time, averaged where there is a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Name of the criterion.
    pub criterion: String,
    /// `first` (instantaneous) or `averaged`.
    pub reading: &'static str,
    /// The times.
    pub times: Vec<f64>,
    /// The ratio.
    pub ratio: Vec<f64>,
    /// Its standard error, for engines that sample.
    pub standard_errors: Option<Vec<f64>>,
}

/// How long a run of `plan` must be for what is `known` to be final: a little beyond the last of its first
/// crossings. None when that cannot be told yet.
pub(super) fn needed(plan: &Plan, known: &Sized) -> Option<f64> {
    let averaged = known.rows.iter().any(|row| row.reading == AVERAGED);
    if plan.average != Average::None && !averaged {
        return None;
    }
    let room = |row: &Row| Some(BEYOND * row.crossing.first()? + known.window.unwrap_or(0.0));
    known.decisive().map(room).try_fold(0.0, |most: f64, room| Some(most.max(room?)))
}

/// The averaging window: a period of the mean field where it oscillates.
fn window(average: Average, reference: &Table, clock: &str) -> Option<f64> {
    match average {
        Average::None => None,
        Average::Window(length) => Some(length),
        Average::Period => {
            let column = reference.columns_of(clock).into_iter().next()?;
            let values = &reference.column(&column)?.values;
            period(reference.times(), values).ok().map(|p| p.period)
        }
    }
}

/// Ratios and crossings of all criteria so far.
pub(super) fn read(
    plan: &Plan,
    criteria: &[Criterion],
    kept: &Kept,
    clock: &str,
) -> Result<Sized, AnalysisError> {
    let reference = &kept.reference.table()?;
    let window = kept.windows.or_else(|| window(plan.average, reference, clock));
    let reader = Reader { plan, criteria, reference, window, in_windows: kept.windows.is_some() };
    let (mut rows, mut traces) = reader.crossings(&kept.tested)?;
    let replicates: Vec<Replicate> = kept.replicates.iter().map(Without::replicate).collect();
    let (mut times, mut moves) = (Vec::new(), Moves::default());
    for rows in half_samples(&kept.tested.rows(), &replicates) {
        let (moved, course) = reader.crossings(&kept.tested.with_rows(&rows))?;
        times.push(moved.iter().map(|row| row.crossing.first()).collect::<Vec<_>>());
        moves.add(&traces, &course);
    }
    let end = kept.tested.times.last().copied().unwrap_or_default();
    rows.iter_mut().enumerate().for_each(|(k, row)| row.add_error(k, &times, end));
    moves.write_to(&mut traces);
    let diagnostics = kept.diagnostics.clone();
    let broken = diagnostics.broken_until(used(&rows, window));
    let in_windows = kept.windows.is_some();
    let warnings = kept.warnings.clone();
    Ok(Sized { value: 0.0, rows, window, traces, in_windows, broken, diagnostics, warnings, runs: None })
}

/// Squares of what half samples move the ratios by, summed.
#[derive(Default)]
struct Moves {
    squares: Vec<Vec<f64>>,
    count: usize,
}

impl Moves {
    fn add(&mut self, traces: &[Trace], moved: &[Trace]) {
        self.squares.resize_with(traces.len(), Vec::new);
        self.count += 1;
        for ((sum, trace), moved) in self.squares.iter_mut().zip(traces).zip(moved) {
            sum.resize(trace.ratio.len(), 0.0);
            let same = trace.times == moved.times;
            let away = |k: usize| if same { (moved.ratio[k] - trace.ratio[k]).powi(2) } else { f64::NAN };
            sum.iter_mut().enumerate().for_each(|(k, sum)| *sum += away(k));
        }
    }

    fn write_to(self, traces: &mut [Trace]) {
        let count = self.count as f64;
        for (trace, sum) in traces.iter_mut().zip(self.squares) {
            trace.standard_errors = Some(sum.iter().map(|s| (s / count).sqrt()).collect());
        }
    }
}

/// The time up to which the first crossings are read; no end while one is not found.
fn used(rows: &[Row], window: Option<f64>) -> f64 {
    let end = |row: &Row| match row.crossing.outcome {
        Outcome::Crossed { time, .. } => time + window.unwrap_or(0.0),
        Outcome::AboveFromStart { start } => start,
        Outcome::NeverCrossed { .. } | Outcome::BlewUp { .. } => f64::INFINITY,
    };
    rows.iter().map(end).fold(f64::NEG_INFINITY, f64::max)
}

impl Row {
    /// True for a crossing whose standard error is known.
    pub(super) fn has_error(&self) -> bool {
        matches!(self.crossing.outcome, Outcome::Crossed { standard_error: Some(_), .. })
    }

    /// Adds the standard error to the time of the first crossing: the whole criterion, its averages, its
    /// ratio and its crossing, is read from every half sample, and the error is the root of the mean square
    /// of what it moves. `times` are by half sample and row.
    fn add_error(&mut self, number: usize, times: &[Vec<Option<f64>>], end: f64) {
        if let Outcome::Crossed { time, standard_error } = &mut self.crossing.outcome {
            let times: Vec<Option<f64>> = times.iter().map(|rows| *rows.get(number)?).collect();
            *standard_error = spread(*time, &times, end);
        }
    }
}

/// What is common to all readings of one run.
struct Reader<'a> {
    plan: &'a Plan,
    criteria: &'a [Criterion],
    reference: &'a Table,
    window: Option<f64>,
    in_windows: bool,
}

impl Reader<'_> {
    /// Crossings and courses of all criteria.
    fn crossings(&self, measured: &Measured) -> Result<(Vec<Row>, Vec<Trace>), AnalysisError> {
        let tested = &measured.table()?;
        let (mut rows, mut traces) = (Vec::new(), Vec::new());
        let window = self.window.filter(|w| 2.0 * w < measured.span());
        for criterion in self.criteria {
            let mut series: RatioSeries = criterion.ratio(self.reference, tested)?;
            if let Some(time) = measured.blow_up {
                series = series.with_blow_up(time);
            }
            let options = CrossingOptions { threshold: self.plan.threshold, ..CrossingOptions::default() };
            let read = readings(&series, options, window, self.in_windows)?;
            let last = read.last().map(|(reading, shown, _)| (*reading, shown.clone()));
            for (reading, _, crossing) in read {
                rows.push(Row { criterion: criterion.name.clone(), reading, crossing });
            }
            traces.extend(last.map(|(reading, shown)| Trace {
                criterion: criterion.name.clone(),
                reading,
                ratio: shown.ratio(),
                times: shown.times,
                standard_errors: None,
            }));
        }
        Ok((rows, traces))
    }
}

/// Readings of a ratio, each with the series that is crossed: the instantaneous one, where times are recorded in
/// separate windows up to the first pause, and the average where there is a window.
pub(super) fn readings(
    series: &RatioSeries,
    options: CrossingOptions,
    window: Option<f64>,
    in_windows: bool,
) -> Result<Vec<(&'static str, RatioSeries, Crossing)>, AnalysisError> {
    let averaging = window.map(Averaging::centred).map(|a| if in_windows { a.in_windows() } else { a });
    let dense = match averaging.and_then(|a| a.pause) {
        Some(longest) => series.until(series.first_pause(longest)),
        None => series.clone(),
    };
    let plain = crossing(&dense, &options)?;
    let mut found = vec![(FIRST, dense, plain)];
    if let Some(averaging) = averaging {
        let shown = averaging.apply(series)?;
        let averaged = crossing(series, &CrossingOptions { averaging: Some(averaging), ..options })?;
        found.push((AVERAGED, shown, averaged));
    }
    Ok(found)
}
