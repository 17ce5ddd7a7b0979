//! The picture of the command `converge`: changes of every observable against what is varied.
//!
//! Axes are linear in the decimal logarithm: the library's own logarithmic axes end at 1e-10.

use std::sync::Arc;

use kuva::plot::scatter::MarkerShape;
use kuva::plot::{LinePlot, ScatterPlot};
use kuva::render::annotations::ReferenceLine;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;

use super::typeset::named_axis;
use super::{COLOURS, Frame, Picture};
use crate::convergence::{Findings, Varied, Vary};

const FRAME: Frame = Frame::large((760.0, 400.0), (84.0, 230.0));
/// Smaller changes are rounding.
const LEAST: f64 = 1e-16;
/// More observables than this are not told apart; those that change most are drawn.
const MOST_LINES: usize = 12;
/// Colours repeat with another marker.
const MARKERS: [MarkerShape; 2] = [MarkerShape::Circle, MarkerShape::Triangle];

/// One panel per family: largest change of every observable relative to its largest value, on a logarithmic axis, with
/// the tolerance.
pub fn converge(findings: &Findings) -> Picture {
    let drawn: Vec<&Varied> = findings.varied.iter().filter(|v| !v.judged.is_empty()).collect();
    let title = format!("Convergence: {}", findings.study.title);
    FRAME.picture(&title, drawn.iter().map(|v| panel(v, findings.tolerance)).collect())
}

/// Points of every observable, the worst of its components; those that change most come first.
fn lines(v: &Varied) -> Vec<(String, Vec<(f64, f64)>)> {
    let mut lines: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    let settings = v.family.choices.len();
    for judged in &v.judged {
        let point = |k: usize| match v.family.vary {
            Vary::Method if k + 1 == settings => None,
            Vary::Method => Some((k as f64, judged.distance_at(k).max(LEAST).log10())),
            Vary::Tolerance => {
                Some((v.family.choices[k].size.log10(), judged.change_at(k)?.max(LEAST).log10()))
            }
            Vary::Cutoff => Some((v.family.choices[k].size, judged.change_at(k)?.max(LEAST).log10())),
        };
        let points: Vec<(f64, f64)> = (0..settings).filter_map(point).collect();
        match lines.iter_mut().find(|(name, _)| *name == judged.observable) {
            Some((_, known)) => {
                known.iter_mut().zip(points).for_each(|(a, b)| a.1 = a.1.max(b.1));
            }
            None => lines.push((judged.observable.clone(), points)),
        }
    }
    let peak = |points: &[(f64, f64)]| points.iter().fold(f64::NEG_INFINITY, |most, p| most.max(p.1));
    lines.sort_by(|a, b| peak(&b.1).total_cmp(&peak(&a.1)));
    lines.truncate(MOST_LINES);
    lines
}

fn panel(v: &Varied, tolerance: f64) -> (Vec<Plot>, Layout) {
    let mut plots: Vec<Plot> = Vec::new();
    let start = (tolerance.log10(), tolerance.log10());
    let lines = lines(v);
    let all = lines.iter().flat_map(|(_, points)| points);
    let (low, high) = all.fold(start, |(l, h), p| (p.1.min(l), p.1.max(h)));
    for (index, (name, points)) in lines.into_iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        if v.family.vary != Vary::Method {
            let line = LinePlot::new().with_data(points.iter().copied()).with_color(colour);
            plots.push(line.with_stroke_width(1.4).into());
        }
        let marks = ScatterPlot::new().with_data(points).with_color(colour).with_size(4.0);
        plots.push(marks.with_marker(MARKERS[index / COLOURS.len() % 2]).with_legend(name).into());
    }
    let own = &v.family.choices[v.own].label;
    let grey = format!("grey: tolerance {tolerance:.0e}");
    let (x, y, title) = match v.family.vary {
        Vary::Cutoff => (
            v.family.name.clone(),
            "change from the cutoff before, relative",
            format!("Change against the {} (the study: {own}); {grey}", v.family.name),
        ),
        Vary::Tolerance => (
            v.family.name.clone(),
            "change from the coarser one, relative",
            format!("Change against {} (the study: {own}); {grey}", v.family.name),
        ),
        Vary::Method => {
            let y = "distance to the study's method, relative";
            ("method".to_owned(), y, format!("Other methods against '{own}'; {grey}"))
        }
    };
    let layout = FRAME
        .style(Layout::auto_from_plots(&plots), &title, &x, y)
        .with_y_tick_format(powers())
        .with_reference_line(ReferenceLine::horizontal(tolerance.log10()).with_color("#888888"));
    let (low, high) = (low.floor() - 1.0, high.ceil() + 1.0);
    let layout = layout.with_y_axis_min(low).with_y_axis_max(high);
    let layout = layout.with_y_tick_step(((high - low) / 7.0).ceil());
    let others = v.family.choices.len() - 1;
    let labels: Vec<String> = v.family.choices[..others].iter().map(|c| c.label.clone()).collect();
    let layout = match v.family.vary {
        Vary::Cutoff => layout,
        Vary::Tolerance => layout.with_x_tick_format(powers()).with_x_tick_step(1.0),
        Vary::Method => named_axis(layout, labels),
    };
    (plots, layout)
}

/// Decimal logarithms as powers of ten.
fn powers() -> TickFormat {
    TickFormat::Custom(Arc::new(|x| {
        if x.fract() == 0.0 { format!("1e{x}") } else { format!("{:.1e}", 10_f64.powf(x)) }
    }))
}
