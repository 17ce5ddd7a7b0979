//! t_E against N, a panel for every criterion.

use superladder_analysis::{Observed, Prediction};
use superladder_plot::{
    Axis, Band, COLOURS, Dashes, Frame, Line, Mark, Marks, Panel, Picture, Scale, Series,
};

use super::super::fitted::Fitted;
use super::super::report::Report;
use super::summary::chosen;

pub(super) const FRAME: Frame = Frame::large((760.0, 420.0), (84.0, 300.0));
/// One style of marker per engine, so that prints without colour are legible too.
pub(super) const MARKS: [Mark; 6] =
    [Mark::Circle, Mark::Square, Mark::Triangle, Mark::Diamond, Mark::TriangleDown, Mark::Cross];
/// Large markers below, small ones above: where engines agree, both are seen.
pub(super) const SIZES: [f64; 4] = [7.0, 4.0, 5.0, 4.0];
/// Colour of the joint law.
const LAW: &str = "#444444";

/// t_E against the parameter, both axes logarithmic: times with their errors, the fits of every engine with their bands,
/// and the law through all that agree.
pub(crate) fn picture(report: &Report<'_>) -> Picture {
    let panels: Vec<Panel> = criteria(report).iter().map(|criterion| times(report, criterion)).collect();
    FRAME.picture(&report.plan.title, &panels)
}

/// The criteria that are drawn, each once.
pub(super) fn criteria(report: &Report<'_>) -> Vec<String> {
    let mut names: Vec<String> = chosen(report).iter().map(|f| f.criterion.clone()).collect();
    let mut seen = Vec::new();
    names.retain(|name| {
        let new = !seen.contains(name);
        seen.push(name.clone());
        new
    });
    names
}

/// The fit that is drawn for every series, with the number of the series.
pub(super) fn of_criterion<'a>(report: &'a Report<'_>, criterion: &str) -> Vec<(usize, &'a Fitted)> {
    let number = |f: &Fitted| report.plan.series.iter().position(|s| s.label == f.series).unwrap_or(0);
    chosen(report).into_iter().filter(|f| f.criterion == criterion).map(|f| (number(f), f)).collect()
}

fn times(report: &Report<'_>, criterion: &str) -> Panel {
    let plan = report.plan;
    let (mut series, mut name, mut sizes) = (Vec::new(), criterion.to_owned(), Vec::new());
    for (index, fitted) in of_criterion(report, criterion) {
        name = format!("{criterion} ({})", fitted.reading);
        sizes.extend(fitted.report.used.iter().map(|p| p.n).filter(|n| *n > 0.0));
        series.extend(fit(fitted, COLOURS[index % COLOURS.len()]).map(Series::Line));
        series.push(Series::Marks(crossed(fitted, &fitted.series, index)));
        series.extend(bounds(fitted, &fitted.series, index).map(Series::Marks));
    }
    series.extend(law(report, criterion).map(Series::Line));
    let (low, high) = roomy(&sizes);
    Panel {
        title: format!("Breakdown time by criterion {name}, threshold {}", plan.threshold),
        x: Axis { low, high, ..Axis::new(&*plan.parameter).scaled(Scale::Logarithmic) },
        y: Axis::new("tE  (units of 1/ω)").scaled(Scale::Logarithmic),
        series,
        ..Panel::default()
    }
}

/// The law through all engines that agree.
fn law(report: &Report<'_>, criterion: &str) -> Option<Line> {
    let joint = report.joint.iter().find(|j| j.criterion == criterion)?;
    let law = joint.law.as_ref().ok()?;
    let points = law.law.iter().map(|p| (p.n, p.time)).collect();
    let label = format!("joint: N^{:.3}", law.asymptote.exponent);
    Some(Line { label, points, colour: LAW, width: 1.6, dashes: Dashes::Dashed, band: None })
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
pub(super) fn roomy(sizes: &[f64]) -> (Option<f64>, Option<f64>) {
    let low = sizes.iter().copied().fold(f64::INFINITY, f64::min);
    let high = sizes.iter().copied().fold(0.0, f64::max);
    let at_the_end = |n: &f64| n.is_finite() && *n > 0.0 && (n.log10() - n.log10().round()).abs() < 0.02;
    (Some(low).filter(at_the_end).map(|n| n / 1.25), Some(high).filter(at_the_end).map(|n| 1.25 * n))
}
