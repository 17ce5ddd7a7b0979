//! The course of every ratio as a table.

use std::io::{self, Write};

use super::super::reading::{Sized, Trace};
use super::super::report::Report;
use crate::results::{Arrays, write_rows};

/// Columns of `ratios.csv`; the parameter stands in the empty place.
const HEADING: [&str; 7] = ["series", "", "criterion", "reading", "time", "ratio", "standard_error"];

/// One row a time of every engine, size and criterion: `ratios.csv`.
///
/// # Errors
/// Whatever the writer says.
pub(crate) fn write_csv(report: &Report<'_>, writer: &mut impl Write) -> io::Result<()> {
    let heading = HEADING.map(|name| if name.is_empty() { report.plan.parameter.as_str() } else { name });
    let rows = traces(report).into_iter().flat_map(|(label, value, trace)| {
        (0..trace.times.len()).map(move |k| {
            let error = trace.standard_errors.as_ref().map_or(f64::NAN, |errors| errors[k]);
            [
                label.to_owned(),
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

/// Every course with the label of its engine and its size.
fn traces<'a>(report: &'a Report<'_>) -> Vec<(&'a str, f64, &'a Trace)> {
    let sizes = report.plan.series.iter().zip(&report.measured);
    let traces = sizes.flat_map(|(series, sizes)| {
        let of_size =
            move |size: &'a Sized| size.traces.iter().map(move |trace| (&*series.label, size.value, trace));
        sizes.iter().flat_map(of_size)
    });
    traces.collect()
}

/// The same as arrays: engine, size, criterion and reading of every course with shape (C,), `time`, `ratio` and
/// `standard_error` with shape (C, T), NaN behind the end of shorter ones and where nothing is sampled.
pub(crate) fn arrays(report: &Report<'_>) -> Arrays {
    let (traces, mut arrays) = (traces(report), Arrays::described(&report.configuration()));
    let (count, length) =
        (traces.len(), traces.iter().map(|(.., trace)| trace.times.len()).max().unwrap_or(0));
    let words = |word: fn(&(&str, f64, &Trace)) -> String| traces.iter().map(word).collect();
    arrays.words("series", &[count as u64], words(|(label, ..)| (*label).to_owned()));
    arrays.words("criterion", &[count as u64], words(|(.., trace)| trace.criterion.clone()));
    arrays.words("reading", &[count as u64], words(|(.., trace)| trace.reading.to_owned()));
    arrays.real(&report.plan.parameter, &[count as u64], traces.iter().map(|(_, value, _)| *value).collect());
    let mut rows = |name: &str, of: fn(&Trace) -> Option<&Vec<f64>>| {
        let padded = |(.., trace): &(&str, f64, &Trace)| {
            let mut values = of(trace).cloned().unwrap_or_default();
            values.resize(length, f64::NAN);
            values
        };
        arrays.real(name, &[count as u64, length as u64], traces.iter().flat_map(padded).collect());
    };
    rows("time", |trace| Some(&trace.times));
    rows("ratio", |trace| Some(&trace.ratio));
    rows("standard_error", |trace| trace.standard_errors.as_ref());
    arrays
}
