//! The final table: one row an engine and criterion.

use std::fmt::Write as _;
use std::io::{self, Write};

use superladder_analysis::{Fit, FitOutcome, Observed, Preferred};
use superladder_engine::with_error;

use super::super::fitted::Fitted;
use super::super::reading::AVERAGED;
use super::super::report::Report;
use crate::results::write_rows;

/// Columns of `summary.csv`.
const HEADING: [&str; 11] = [
    "series",
    "criterion",
    "reading",
    "sizes",
    "smallest",
    "largest",
    "exponent",
    "lower",
    "upper",
    "t_E_at_largest",
    "verdict",
];

/// What is known of one engine by one criterion.
struct Row<'a> {
    fitted: &'a Fitted,
    fit: Option<&'a Fit>,
}

/// The fits of the table: averaged where there are averages.
pub(super) fn chosen<'a>(report: &'a Report<'_>) -> Vec<&'a Fitted> {
    let averaged = |f: &Fitted| {
        let same = |g: &&Fitted| g.series == f.series && g.criterion == f.criterion && g.reading == AVERAGED;
        report.fits.iter().any(|g| same(&g))
    };
    report.fits.iter().filter(|f| f.reading == AVERAGED || !averaged(f)).collect()
}

impl<'a> Row<'a> {
    fn of(fitted: &'a Fitted) -> Self {
        Self { fitted, fit: fitted.report.fit() }
    }

    /// Smallest and largest size that was used.
    fn range(&self) -> Option<[f64; 2]> {
        let used = &self.fitted.report.used;
        Some([used.first()?.n, used.last()?.n])
    }

    /// Exponent with its interval: the jackknife, which feels the bend, or the bootstrap.
    fn exponent(&self) -> Option<[f64; 3]> {
        let law = &self.fit?.power_law;
        let of_jackknife = law.jackknife.as_ref().map(|j| j.interval);
        let interval = of_jackknife.or_else(|| law.bootstrap.as_ref().map(|b| b.interval));
        let ends = interval.map_or([f64::NAN; 2], |i| [i.lower, i.upper]);
        Some([law.exponent, ends[0], ends[1]])
    }

    /// The time at the largest size, as it is written.
    fn last(&self) -> String {
        let Some(point) = self.fitted.report.used.last() else { return String::new() };
        match (point.observed, point.standard_error) {
            (Observed::Crossed { time }, Some(error)) => with_error(time, error),
            (Observed::Crossed { time }, None) => format!("{time:.4}"),
            (Observed::AtLeast { time }, _) => format!("> {time:.4}"),
            (Observed::AtMost { time }, _) => format!("< {time:.4}"),
        }
    }

    /// What the exponent is worth.
    fn verdict(&self) -> String {
        let fit = match &self.fitted.report.outcome {
            FitOutcome::NoFit { reason } => return format!("No fit: {reason}"),
            FitOutcome::Fitted(fit) => fit,
        };
        let local = || self.fitted.report.local_exponents.iter().map(|e| e.exponent);
        let (low, high) = (local().fold(f64::INFINITY, f64::min), local().fold(f64::NEG_INFINITY, f64::max));
        match (fit.curvature.filter(|c| c.significant), fit.comparison.map(|c| c.preferred)) {
            (Some(_), _) => format!("no power law: local exponents {low:.2} to {high:.2}"),
            (None, Some(Preferred::Logarithm)) => "a logarithm fits better".to_owned(),
            (None, Some(Preferred::PowerLaw)) => "power law".to_owned(),
            (None, _) => "power law or logarithm".to_owned(),
        }
    }
}

/// The final table as `summary.csv`.
///
/// # Errors
/// Whatever the writer says.
pub(crate) fn write_csv(report: &Report<'_>, writer: &mut impl Write) -> io::Result<()> {
    let rows = chosen(report).into_iter().map(|fitted| {
        let row = Row::of(fitted);
        let number = |x: f64| if x.is_finite() { x.to_string() } else { String::new() };
        let [low, high] = row.range().unwrap_or([f64::NAN; 2]);
        let [exponent, lower, upper] = row.exponent().unwrap_or([f64::NAN; 3]);
        let last = fitted.report.used.last().map_or(f64::NAN, |p| p.observed.time());
        [
            fitted.series.clone(),
            fitted.criterion.clone(),
            fitted.reading.to_owned(),
            fitted.report.crossings.to_string(),
            number(low),
            number(high),
            number(exponent),
            number(lower),
            number(upper),
            number(last),
            row.verdict(),
        ]
    });
    write_rows(writer, HEADING, rows)
}

/// The final table for a reader.
pub(crate) fn text(report: &Report<'_>) -> String {
    let plan = report.plan;
    let name = &plan.parameter;
    let head = ["engine", "criterion", name, "exponent (95 %)", "t_E at the largest"].map(str::to_owned);
    let rows = chosen(report).into_iter().map(|fitted| {
        let row = Row::of(fitted);
        let range = row.range().map_or_else(String::new, |[low, high]| format!("{low} to {high}"));
        let exponent = row.exponent().map_or_else(String::new, |[delta, lower, upper]| {
            if lower.is_nan() {
                format!("{delta:.3}")
            } else {
                format!("{delta:.3} ({lower:.2} to {upper:.2})")
            }
        });
        ([fitted.series.clone(), fitted.criterion.clone(), range, exponent, row.last()], row.verdict())
    });
    let rows: Vec<_> = [(head, "verdict".to_owned())].into_iter().chain(rows).collect();
    let width = |k: usize| rows.iter().map(|(cells, _)| cells[k].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    let mut text = String::new();
    for (cells, verdict) in &rows {
        for (cell, width) in cells.iter().zip(widths) {
            let _ = write!(text, "{cell:<width$}  ");
        }
        let _ = writeln!(text, "{verdict}");
    }
    text
}
