//! What is read off the measurements of one engine at one size: ratios, averages, crossings and their errors.

use superladder_analysis::{
    AnalysisError, Averaging, Criterion, Crossing, CrossingOptions, Outcome, RatioSeries, Table, crossing,
    period,
};
use superladder_engine::Diagnostics;
use superladder_sampling::{Replicate, half_samples, spread};
use superladder_study::{Average, Plan};

use super::measured::{Kept, Measured, Without};

/// A run goes on to this multiple of its crossings, to see whether they are the last.
const BEYOND: f64 = 1.1;

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
    /// Time and ratio of the first criterion, as it is crossed (averaged, where there is a window).
    pub trace: Vec<(f64, f64)>,
    /// Why the engine's own run does not count as converged; empty when it does.
    pub broken: Vec<String>,
    /// Worst diagnostics of the engine.
    pub diagnostics: Diagnostics,
    /// What a reader should know although every bound is kept.
    pub warnings: Vec<String>,
}

/// How long a run of `plan` must be for what is `known` to be final: a little beyond the last of its first
/// crossings. None when that cannot be told yet.
pub(super) fn needed(plan: &Plan, known: &Sized) -> Option<f64> {
    let averaged = known.rows.iter().any(|row| row.reading == "averaged");
    if plan.average != Average::None && !averaged {
        return None;
    }
    let room = |row: &Row| Some(BEYOND * row.crossing.first()? + known.window.unwrap_or(0.0));
    known.rows.iter().map(room).try_fold(0.0, |most: f64, room| Some(most.max(room?)))
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
    let window = window(plan.average, reference, clock);
    let (mut rows, trace) = crossings(plan, criteria, reference, &kept.tested, window)?;
    let replicates: Vec<Replicate> = kept.replicates.iter().map(Without::replicate).collect();
    let varied = half_samples(&kept.tested.rows(), &replicates).into_iter();
    let varied = varied.map(|rows| {
        let tested = kept.tested.with_rows(&rows);
        Ok(crossings(plan, criteria, reference, &tested, window)?.0)
    });
    let varied = varied.collect::<Result<Vec<_>, AnalysisError>>()?;
    let end = kept.tested.times.last().copied().unwrap_or_default();
    rows.iter_mut().enumerate().for_each(|(k, row)| row.add_error(k, &varied, end));
    let diagnostics = kept.diagnostics.clone();
    let broken = diagnostics.broken_until(used(&rows, window));
    Ok(Sized { value: 0.0, rows, window, trace, broken, diagnostics, warnings: kept.warnings.clone() })
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
    /// of what it moves.
    fn add_error(&mut self, number: usize, varied: &[Vec<Self>], end: f64) {
        if let Outcome::Crossed { time, standard_error } = &mut self.crossing.outcome {
            let times: Vec<Option<f64>> =
                varied.iter().map(|rows| rows.get(number)?.crossing.first()).collect();
            *standard_error = spread(*time, &times, end);
        }
    }
}

type Crossings = (Vec<Row>, Vec<(f64, f64)>);

/// Crossings of all criteria of one table, and the course of the first criterion.
fn crossings(
    plan: &Plan,
    criteria: &[Criterion],
    reference: &Table,
    measured: &Measured,
    window: Option<f64>,
) -> Result<Crossings, AnalysisError> {
    let tested = &measured.table()?;
    let (mut rows, mut trace) = (Vec::new(), Vec::new());
    let span = tested.times().last().copied().unwrap_or(0.0) - tested.times()[0];
    for criterion in criteria {
        let mut series: RatioSeries = criterion.ratio(reference, tested)?;
        if let Some(time) = measured.blow_up {
            series = series.with_blow_up(time);
        }
        let plain = CrossingOptions { threshold: plan.threshold, ..CrossingOptions::default() };
        let first = crossing(&series, &plain)?;
        let mut shown = series.clone();
        rows.push(Row { criterion: criterion.name.clone(), reading: "first", crossing: first });
        if let Some(averaging) = window.filter(|w| 2.0 * w < span).map(Averaging::centred) {
            let options = CrossingOptions { averaging: Some(averaging), ..plain };
            let crossing = crossing(&series, &options)?;
            rows.push(Row { criterion: criterion.name.clone(), reading: "averaged", crossing });
            shown = averaging.apply(&series)?;
        }
        if trace.is_empty() {
            trace = shown.times.iter().copied().zip(shown.ratio()).collect();
        }
    }
    Ok((rows, trace))
}
