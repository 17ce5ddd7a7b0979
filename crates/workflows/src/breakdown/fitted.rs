//! How one reading of one criterion grows with one engine.

use serde::Serialize;
use superladder_analysis::{AnalysisError, FitPoint, FitReport, Which, fit};
use superladder_study::Plan;

use super::reading::{Row, Sized};

/// The growth of one reading of one criterion with one engine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fitted {
    /// Label of the series.
    pub series: String,
    /// Name of the criterion.
    pub criterion: String,
    /// `first` or `averaged`.
    pub reading: &'static str,
    /// The fit, or why there is none.
    pub report: FitReport,
}

/// The fits of every series, criterion and reading.
///
/// # Errors
/// [`AnalysisError`] for options that cannot be used.
pub(super) fn fitted(plan: &Plan, measured: &[Vec<Sized>]) -> Result<Vec<Fitted>, AnalysisError> {
    let mut fits = Vec::new();
    for (series, sizes) in plan.series.iter().zip(measured) {
        let mut kinds: Vec<(String, &'static str)> = Vec::new();
        for row in sizes.iter().flat_map(|s| &s.rows) {
            if !kinds.iter().any(|k| k.0 == row.criterion && k.1 == row.reading) {
                kinds.push((row.criterion.clone(), row.reading));
            }
        }
        for (criterion, reading) in kinds {
            let points: Vec<FitPoint> = sizes
                .iter()
                .filter_map(|s| Some((s.value, find(s, &criterion, reading)?)))
                .map(|(value, row)| FitPoint::of(value, &row.crossing, Which::First))
                .collect();
            let report = fit(&points, &plan.fit)?;
            fits.push(Fitted { series: series.label.clone(), criterion, reading, report });
        }
    }
    Ok(fits)
}

fn find<'a>(size: &'a Sized, criterion: &str, reading: &str) -> Option<&'a Row> {
    size.rows.iter().find(|row| row.criterion == criterion && row.reading == reading)
}
