//! The course of every ratio as a table.

use std::io::{self, Write};

use super::super::report::Report;
use crate::results::write_rows;

/// Columns of `ratios.csv`; the parameter stands in the empty place.
const HEADING: [&str; 7] = ["series", "", "criterion", "reading", "time", "ratio", "standard_error"];

/// One row a time of every engine, size and criterion: `ratios.csv`.
///
/// # Errors
/// Whatever the writer says.
pub(crate) fn write_csv(report: &Report<'_>, writer: &mut impl Write) -> io::Result<()> {
    let heading = HEADING.map(|name| if name.is_empty() { report.plan.parameter.as_str() } else { name });
    let sizes = report.plan.series.iter().zip(&report.measured);
    let traces = sizes.flat_map(|(series, sizes)| {
        sizes.iter().flat_map(move |size| size.traces.iter().map(move |trace| (series, size.value, trace)))
    });
    let rows = traces.flat_map(|(series, value, trace)| {
        (0..trace.times.len()).map(move |k| {
            let error = trace.standard_errors.as_ref().map_or(f64::NAN, |errors| errors[k]);
            [
                series.label.clone(),
                value.to_string(),
                trace.criterion.clone(),
                trace.reading.to_owned(),
                trace.times[k].to_string(),
                trace.ratio[k].to_string(),
                if error.is_finite() { error.to_string() } else { String::new() },
            ]
        })
    });
    write_rows(writer, heading, rows)
}
