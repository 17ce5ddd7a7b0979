//! Ratios against time, a panel for every criterion.

use superladder_plot::{Axis, Line, Panel, Picture, Scale, Series, TIME, nth, thinned};

use super::super::reading::{Sized, Trace};
use super::super::report::Report;
use super::times::{FRAME, criteria};

/// Ratios below this are not drawn.
const LEAST: f64 = 1e-4;

/// Ratios at the smallest and the largest size of every engine, with a band of their standard errors.
pub(crate) fn picture(report: &Report<'_>) -> Picture {
    let panels: Vec<Panel> = criteria(report).iter().map(|criterion| traces(report, criterion)).collect();
    FRAME.picture(&report.plan.title, &panels)
}

/// The smallest and the largest of the sizes.
fn ends(sizes: &[Sized]) -> Vec<&Sized> {
    match sizes {
        [] => Vec::new(),
        [only] => vec![only],
        [first, .., last] => vec![first, last],
    }
}

fn traces(report: &Report<'_>, criterion: &str) -> Panel {
    let (mut series, mut count) = (Vec::new(), 0);
    for (of, sizes) in report.plan.series.iter().zip(&report.measured) {
        for size in ends(sizes) {
            let Some(trace) = size.traces.iter().find(|t| t.criterion == criterion) else { continue };
            let (colour, dashes) = nth(count);
            let label = format!("{}, {} = {}", of.label, report.plan.parameter, size.value);
            let line = Line { label, colour, dashes, width: 1.5, ..Line::default() };
            series.extend(drawn(&line, trace).into_iter().map(Series::Line));
            count += 1;
        }
    }
    let threshold = report.plan.threshold;
    Panel {
        title: format!("Ratio of criterion {criterion} against time; grey: threshold {threshold}"),
        x: Axis::new(TIME).scaled(Scale::Logarithmic),
        y: Axis::new("ratio").scaled(Scale::Logarithmic),
        series,
        levels: vec![threshold],
        ..Panel::default()
    }
}

/// The line of a trace, with its edges one standard error above and below where it has errors.
fn drawn(line: &Line, trace: &Trace) -> Vec<Line> {
    let edge = |sign: f64, label: &str, width: f64| {
        let error = |k: usize| trace.standard_errors.as_ref().map_or(0.0, |e| e[k]);
        let points = (0..trace.times.len()).map(|k| (trace.times[k], trace.ratio[k] + sign * error(k)));
        let points = points.filter(|(t, r)| r.is_finite() && *r >= LEAST && *t > 0.0);
        let points = thinned(&points.collect::<Vec<_>>());
        Line { label: label.to_owned(), points, width, ..line.clone() }
    };
    let whole = edge(0.0, &line.label, line.width);
    match trace.standard_errors {
        Some(_) => vec![edge(-1.0, "", 0.5), edge(1.0, "", 0.5), whole],
        None => vec![whole],
    }
}
