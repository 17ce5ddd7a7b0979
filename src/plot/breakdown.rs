//! The picture of the command `breakdown`: t_E against N with its fits, and traces of the ratio.

use kuva::plot::scatter::MarkerShape;
use kuva::plot::{LinePlot, ScatterPlot};
use kuva::render::annotations::ReferenceLine;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use superladder_analysis::Observed;

use super::{COLOURS, Frame, Picture, TIME, nth, panels};
use crate::breakdown::{Fitted, Report};

const FRAME: Frame = Frame::large((760.0, 420.0), (84.0, 300.0));
/// One style of marker per engine, so that prints without colour are legible too.
const MARKERS: [MarkerShape; 6] = [
    MarkerShape::Circle,
    MarkerShape::Square,
    MarkerShape::Triangle,
    MarkerShape::Diamond,
    MarkerShape::TriangleDown,
    MarkerShape::Cross,
];
/// Large markers below, small ones above: where engines agree, both are seen.
const SIZES: [f64; 4] = [7.0, 4.0, 5.0, 4.0];
/// Ratios below this are not drawn.
const LEAST: f64 = 1e-4;

/// Above t_E against the parameter for the first criterion (both axes logarithmic, with fits and their bands), below
/// traces of its ratio at the smallest and the largest size of every engine, with the threshold.
pub fn breakdown(report: &Report<'_>) -> Picture {
    FRAME.picture(&report.plan.title, vec![times(report), traces(report)])
}

/// The fit that is drawn for a series: the first criterion, averaged where there is an average.
fn drawn<'a>(report: &'a Report<'_>, series: &str) -> Option<&'a Fitted> {
    let mut of_series = report.fits.iter().filter(|f| f.series == series);
    let first = of_series.next()?;
    Some(of_series.find(|f| f.criterion == first.criterion && f.reading == "averaged").unwrap_or(first))
}

fn times(report: &Report<'_>) -> (Vec<Plot>, Layout) {
    let plan = report.plan;
    let mut plots: Vec<Plot> = Vec::new();
    let (mut name, mut sizes) = (String::new(), Vec::new());
    for (index, series) in plan.series.iter().enumerate() {
        let Some(fitted) = drawn(report, &series.label) else { continue };
        name = format!("{} ({})", fitted.criterion, fitted.reading);
        let colour = COLOURS[index % COLOURS.len()];
        let points = |crossed: bool| -> Vec<(f64, f64)> {
            let used = fitted.report.used.iter();
            used.filter_map(|p| match p.observed {
                Observed::Crossed { time } if crossed => Some((p.n, time)),
                Observed::AtLeast { time } if !crossed => Some((p.n, time)),
                _ => None,
            })
            .filter(|(n, t)| *n > 0.0 && *t > 0.0)
            .collect()
        };
        sizes.extend(fitted.report.used.iter().map(|p| p.n).filter(|n| *n > 0.0));
        let law = fitted.report.fit().map(|f| f.power_law.exponent);
        let label = law.map_or_else(|| series.label.clone(), |d| format!("{}: N^{d:.3}", series.label));
        let crossed =
            fitted.report.used.iter().filter(|p| matches!(p.observed, Observed::Crossed { .. }) && p.n > 0.0);
        let errors: Vec<f64> = crossed.map(|p| p.standard_error.unwrap_or(0.0)).collect();
        let marks = ScatterPlot::new()
            .with_data(points(true))
            .with_color(colour)
            .with_size(SIZES[index.min(SIZES.len() - 1)])
            .with_marker(MARKERS[index % MARKERS.len()])
            .with_legend(label);
        // Standard errors of engines that sample.
        let marks = if errors.iter().any(|e| *e > 0.0) { marks.with_y_err(errors) } else { marks };
        if let Some(fit) = fitted.report.fit() {
            let line: Vec<(f64, f64)> = fit.band.iter().map(|p| (p.n, p.time)).collect();
            let edge = |upper: bool| {
                let value = |p: &superladder_analysis::Prediction| {
                    p.interval.as_ref().map_or(p.time, |i| if upper { i.upper } else { i.lower })
                };
                fit.band.iter().map(value).collect::<Vec<f64>>()
            };
            let plot = LinePlot::new().with_data(line).with_color(colour).with_stroke_width(1.2);
            plots.push(plot.with_band(edge(false), edge(true)).into());
        }
        plots.push(marks.into());
        let bounds = points(false);
        if !bounds.is_empty() {
            let marks = ScatterPlot::new()
                .with_data(bounds)
                .with_color(colour)
                .with_size(6.0)
                .with_marker(MarkerShape::Plus)
                .with_legend(format!("{}: lower bound", series.label));
            plots.push(marks.into());
        }
    }
    let title = format!("Breakdown time by criterion {name}, threshold {}", plan.threshold);
    let layout = roomy(Layout::auto_from_plots(&plots).with_log_x().with_log_y(), &sizes);
    (plots, FRAME.style(layout, &title, &plan.parameter, "tE  (units of 1/ω)"))
}

/// Logarithmic axes end at powers of ten; points there get room for the whole of their markers.
fn roomy(layout: Layout, sizes: &[f64]) -> Layout {
    let low = sizes.iter().copied().fold(f64::INFINITY, f64::min);
    let high = sizes.iter().copied().fold(0.0, f64::max);
    let at_the_end = |n: f64| n.is_finite() && n > 0.0 && (n.log10() - n.log10().round()).abs() < 0.02;
    let layout = if at_the_end(low) { layout.with_x_axis_min(low / 1.25) } else { layout };
    if at_the_end(high) { layout.with_x_axis_max(1.25 * high) } else { layout }
}

fn traces(report: &Report<'_>) -> (Vec<Plot>, Layout) {
    let mut plots: Vec<Plot> = Vec::new();
    let mut number = 0;
    let mut longest = 0.0_f64;
    for (series, sizes) in report.plan.series.iter().zip(&report.measured) {
        let chosen: Vec<_> = match sizes.as_slice() {
            [] => continue,
            [only] => vec![only],
            [first, .., last] => vec![first, last],
        };
        for size in chosen {
            let points = size.trace.iter().copied().filter(|(t, r)| r.is_finite() && *r >= LEAST && *t > 0.0);
            let points = panels::thinned(points.collect());
            longest = points.last().map_or(longest, |p| longest.max(p.0));
            let (colour, dashes) = nth(number);
            let plot = LinePlot::new()
                .with_data(points)
                .with_color(colour)
                .with_line_style(dashes)
                .with_stroke_width(1.5)
                .with_legend(format!("{}, {} = {}", series.label, report.plan.parameter, size.value));
            plots.push(plot.into());
            number += 1;
        }
    }
    let threshold = report.plan.threshold;
    let line = ReferenceLine::horizontal(threshold).with_color("#888888");
    let layout = Layout::auto_from_plots(&plots).with_log_x().with_log_y().with_reference_line(line);
    let criterion = report.fits.first().map_or("", |f| f.criterion.as_str());
    let title = format!("Ratio of criterion {criterion} against time; grey: threshold {threshold}");
    (plots, FRAME.style(layout, &title, TIME, "ratio"))
}
