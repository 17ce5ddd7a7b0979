//! The picture of the command `breakdown`: t_E against N with its fits, and traces of the ratio.

use superladder_analysis::{Observed, Prediction};
use superladder_plot::{
    Axis, Band, COLOURS, Frame, Line, Mark, Marks, Panel, Picture, Scale, Series, TIME, nth, thinned,
};

use super::report::{Fitted, Report};

const FRAME: Frame = Frame::large((760.0, 420.0), (84.0, 300.0));
/// One style of marker per engine, so that prints without colour are legible too.
const MARKS: [Mark; 6] =
    [Mark::Circle, Mark::Square, Mark::Triangle, Mark::Diamond, Mark::TriangleDown, Mark::Cross];
/// Large markers below, small ones above: where engines agree, both are seen.
const SIZES: [f64; 4] = [7.0, 4.0, 5.0, 4.0];
/// Ratios below this are not drawn.
const LEAST: f64 = 1e-4;

/// Above t_E against the parameter for the first criterion (both axes logarithmic, with fits and their
/// bands), below traces of its ratio at the smallest and the largest size of every engine, with the
/// threshold.
pub(super) fn picture(report: &Report<'_>) -> Picture {
    FRAME.picture(&report.plan.title, &[times(report), traces(report)])
}

/// The fit that is drawn for a series: the first criterion, averaged where there is an average.
fn drawn<'a>(report: &'a Report<'_>, series: &str) -> Option<&'a Fitted> {
    let mut of_series = report.fits.iter().filter(|f| f.series == series);
    let first = of_series.next()?;
    Some(of_series.find(|f| f.criterion == first.criterion && f.reading == "averaged").unwrap_or(first))
}

fn times(report: &Report<'_>) -> Panel {
    let plan = report.plan;
    let (mut series, mut name, mut sizes) = (Vec::new(), String::new(), Vec::new());
    for (index, of) in plan.series.iter().enumerate() {
        let Some(fitted) = drawn(report, &of.label) else { continue };
        name = format!("{} ({})", fitted.criterion, fitted.reading);
        sizes.extend(fitted.report.used.iter().map(|p| p.n).filter(|n| *n > 0.0));
        series.extend(fit(fitted, COLOURS[index % COLOURS.len()]).map(Series::Line));
        series.push(Series::Marks(crossed(fitted, &of.label, index)));
        series.extend(bounds(fitted, &of.label, index).map(Series::Marks));
    }
    let (low, high) = roomy(&sizes);
    Panel {
        title: format!("Breakdown time by criterion {name}, threshold {}", plan.threshold),
        x: Axis { low, high, ..Axis::new(&*plan.parameter).scaled(Scale::Logarithmic) },
        y: Axis::new("tE  (units of 1/ω)").scaled(Scale::Logarithmic),
        series,
        ..Panel::default()
    }
}

/// Sizes and times of one kind that a logarithmic panel can show.
fn points(fitted: &Fitted, time: impl Fn(&Observed) -> Option<f64>) -> Vec<(f64, f64)> {
    let used = fitted.report.used.iter();
    let points = used.filter_map(|p| Some((p.n, time(&p.observed)?)));
    points.filter(|(n, t)| *n > 0.0 && *t > 0.0).collect()
}

/// The times that were found, with standard errors of engines that sample.
fn crossed(fitted: &Fitted, label: &str, index: usize) -> Marks {
    let time = |observed: &Observed| match observed {
        Observed::Crossed { time } => Some(*time),
        _ => None,
    };
    let crossed = fitted.report.used.iter().filter(|p| time(&p.observed).is_some() && p.n > 0.0);
    let law = fitted.report.fit().map(|f| f.power_law.exponent);
    Marks {
        label: law.map_or_else(|| label.to_owned(), |d| format!("{label}: N^{d:.3}")),
        points: points(fitted, time),
        colour: COLOURS[index % COLOURS.len()],
        size: SIZES[index.min(SIZES.len() - 1)],
        mark: MARKS[index % MARKS.len()],
        errors: crossed.map(|p| p.standard_error.unwrap_or(0.0)).collect(),
    }
}

/// Lower bounds of times, if there are any.
fn bounds(fitted: &Fitted, label: &str, index: usize) -> Option<Marks> {
    let time = |observed: &Observed| match observed {
        Observed::AtLeast { time } => Some(*time),
        _ => None,
    };
    let points = points(fitted, time);
    let colour = COLOURS[index % COLOURS.len()];
    let label = format!("{label}: lower bound");
    (!points.is_empty()).then(|| Marks {
        label,
        points,
        colour,
        size: 6.0,
        mark: Mark::Plus,
        errors: Vec::new(),
    })
}

/// The fit with its interval.
fn fit(fitted: &Fitted, colour: &'static str) -> Option<Line> {
    let fit = fitted.report.fit()?;
    let edge = |upper: bool| {
        let value =
            |p: &Prediction| p.interval.as_ref().map_or(p.time, |i| if upper { i.upper } else { i.lower });
        fit.band.iter().map(value).collect::<Vec<f64>>()
    };
    let points = fit.band.iter().map(|p| (p.n, p.time)).collect();
    let band = Some(Band { low: edge(false), high: edge(true) });
    Some(Line { points, colour, width: 1.2, band, ..Line::default() })
}

/// Ends of a logarithmic axis of sizes. It ends at powers of ten; points there get room for the whole of
/// their markers.
fn roomy(sizes: &[f64]) -> (Option<f64>, Option<f64>) {
    let low = sizes.iter().copied().fold(f64::INFINITY, f64::min);
    let high = sizes.iter().copied().fold(0.0, f64::max);
    let at_the_end = |n: &f64| n.is_finite() && *n > 0.0 && (n.log10() - n.log10().round()).abs() < 0.02;
    (Some(low).filter(at_the_end).map(|n| n / 1.25), Some(high).filter(at_the_end).map(|n| 1.25 * n))
}

fn traces(report: &Report<'_>) -> Panel {
    let mut series = Vec::new();
    for (of, sizes) in report.plan.series.iter().zip(&report.measured) {
        let chosen: Vec<_> = match sizes.as_slice() {
            [] => continue,
            [only] => vec![only],
            [first, .., last] => vec![first, last],
        };
        for size in chosen {
            let points = size.trace.iter().copied().filter(|(t, r)| r.is_finite() && *r >= LEAST && *t > 0.0);
            let (colour, dashes) = nth(series.len());
            series.push(Series::Line(Line {
                label: format!("{}, {} = {}", of.label, report.plan.parameter, size.value),
                points: thinned(&points.collect::<Vec<_>>()),
                colour,
                width: 1.5,
                dashes,
                band: None,
            }));
        }
    }
    let threshold = report.plan.threshold;
    let criterion = report.fits.first().map_or("", |f| f.criterion.as_str());
    Panel {
        title: format!("Ratio of criterion {criterion} against time; grey: threshold {threshold}"),
        x: Axis::new(TIME).scaled(Scale::Logarithmic),
        y: Axis::new("ratio").scaled(Scale::Logarithmic),
        series,
        levels: vec![threshold],
        ..Panel::default()
    }
}
