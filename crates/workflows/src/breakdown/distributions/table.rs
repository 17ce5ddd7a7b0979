//! Verdicts on distributions as a table and for a reader.

use std::fmt::Write as _;
use std::io::{self, Write};

use superladder_analysis::Yardstick;
use superladder_engine::with_error;

use super::super::reading::{AVERAGED, FIRST};
use super::{Judged, Verdict};
use crate::results::write_rows;

/// Columns of `t_W.csv`; the parameter stands in the empty place.
const HEADING: [&str; 11] = [
    "series",
    "reference",
    "",
    "moment",
    "yardstick",
    "reading",
    "outcome",
    "t_W",
    "standard_error",
    "samples_needed",
    "largest_ratio",
];

impl Verdict {
    /// In one word.
    fn word(&self) -> &'static str {
        match self {
            Self::Fails { .. } => "fails",
            Self::Off { .. } => "off-from-start",
            Self::Holds { .. } => "holds",
            Self::Undecided { .. } => "undecided",
            Self::BlewUp { .. } => "blew-up",
        }
    }

    /// t_W, or what is known of it.
    fn time(&self) -> Option<f64> {
        match *self {
            Self::Fails { time, .. } | Self::BlewUp { time } => Some(time),
            Self::Off { start } => Some(start),
            Self::Holds { to, .. } => Some(to),
            Self::Undecided { .. } => None,
        }
    }

    fn samples(&self) -> Option<u64> {
        match *self {
            Self::Holds { samples, .. } => samples,
            Self::Undecided { samples } => Some(samples),
            Self::Fails { .. } | Self::Off { .. } | Self::BlewUp { .. } => None,
        }
    }

    /// For a reader: `45.0(10)`, `> 200`, `undecided`.
    fn shown(&self) -> String {
        match *self {
            Self::Fails { time, standard_error: Some(error) } => with_error(time, error),
            Self::Fails { time, standard_error: None } => format!("{time:.4}"),
            Self::Off { start } => format!("< {start:.4}"),
            Self::Holds { to, samples: None } => format!("> {to:.4}"),
            Self::Holds { to, samples: Some(samples) } => format!("> {to:.4} (further: {samples} samples)"),
            Self::Undecided { samples } => format!("undecided: too few samples, {samples} are needed"),
            Self::BlewUp { time } => format!("blew up at {time:.4}"),
        }
    }
}

/// One row a verdict: `t_W.csv`.
///
/// # Errors
/// Whatever the writer says.
pub(crate) fn write_csv(judged: &[Judged], parameter: &str, writer: &mut impl Write) -> io::Result<()> {
    let heading = HEADING.map(|name| if name.is_empty() { parameter } else { name });
    let optional = |x: Option<String>| x.unwrap_or_default();
    let rows = judged.iter().map(|j| {
        let error = match j.verdict {
            Verdict::Fails { standard_error, .. } => standard_error,
            _ => None,
        };
        [
            j.series.clone(),
            j.reference.clone(),
            j.value.to_string(),
            j.moment.clone(),
            j.yardstick.word().to_owned(),
            j.reading.to_owned(),
            j.verdict.word().to_owned(),
            optional(j.verdict.time().map(|t| t.to_string())),
            optional(error.map(|e| e.to_string())),
            optional(j.verdict.samples().map(|s| s.to_string())),
            j.largest.to_string(),
        ]
    });
    write_rows(writer, heading, rows)
}

/// The table for a reader: both yardsticks beside each other, averaged where there are averages.
pub(crate) fn text(judged: &[Judged], parameter: &str, threshold: f64) -> String {
    let mut text = format!(
        "\nWhen approximate distributions fail, t_W: |M - M_ref| > {threshold} |M_MF| + 2 sigma, and > {threshold} |M_ref| + 2 sigma.\n"
    );
    let averaged = judged.iter().any(|j| j.reading == AVERAGED);
    let reading = if averaged { AVERAGED } else { FIRST };
    let named = |j: &Judged| format!("{} against {}", j.series, j.reference);
    let width = judged.iter().map(|j| named(j).chars().count()).max().unwrap_or(0);
    let _ = writeln!(
        text,
        "{:<width$} {parameter:>8}  {:<10} {:<26} of the reference ({reading})",
        "", "moment", "of mean field"
    );
    let shown: Vec<&Judged> = judged.iter().filter(|j| j.reading == reading).collect();
    for of_moment in shown.chunk_by(|a, b| (&a.series, a.value, &a.moment) == (&b.series, b.value, &b.moment))
    {
        let (one, verdict) = (of_moment[0], |y: Yardstick| {
            of_moment.iter().find(|j| j.yardstick == y).map_or_else(String::new, |j| j.verdict.shown())
        });
        let (of_mean_field, of_reference) = (verdict(Yardstick::MeanField), verdict(Yardstick::Reference));
        let name = named(one);
        let _ = writeln!(
            text,
            "{name:<width$} {:>8}  {:<10} {of_mean_field:<26} {of_reference}",
            one.value, one.moment
        );
    }
    text
}
