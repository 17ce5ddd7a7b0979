//! The picture of a run: all observables against time, in small panels by kind of observable.

use superladder_engine::{Problem, Recorder};
use superladder_plot::{Axis, Frame, Line, Panel, Picture, Series, TIME, WIDTHS, constant_range, nth};

use super::panels::{Curve, Shown, panels};

/// All observables of a run against time; grey lines at quenches.
pub(super) fn overview(title: &str, problem: &Problem, recorder: &Recorder) -> Picture {
    let times = recorder.times();
    let quenches: Vec<f64> = problem.stages[1..].iter().map(|s| s.start).collect();
    let shown = panels(problem, recorder);
    let drawn: Vec<Panel> = shown.iter().map(|shown| panel(shown, &times, &quenches)).collect();
    Frame::SMALL.picture(title, &drawn)
}

fn panel(shown: &Shown, times: &[f64], quenches: &[f64]) -> Panel {
    let several = shown.curves.len() > 1;
    let pieces = |(index, curve): (usize, &Curve)| {
        let (label, (colour, dashes)) =
            (if several { curve.label.clone() } else { String::new() }, nth(index));
        let width = WIDTHS[index.min(WIDTHS.len() - 1)];
        let line = Line { label, colour, dashes, width, ..Line::default() };
        line.pieces(times, &curve.values, curve.errors.as_deref()).into_iter().map(Series::Line)
    };
    let (first, last) = (times.first().copied(), times.last().copied());
    let moves = first < last;
    let (low, high) = constant_range(shown.curves.iter().flat_map(|c| &c.values).copied()).unzip();
    Panel {
        title: shown.title.clone(),
        x: Axis { low: first.filter(|_| moves), high: last.filter(|_| moves), ..Axis::new(TIME) },
        y: Axis { low, high, ..Axis::new(&*shown.label) },
        series: match &shown.heat {
            Some(heat) => vec![Series::Heat(heat.clone())],
            None => shown.curves.iter().enumerate().flat_map(pieces).collect(),
        },
        moments: quenches.to_vec(),
        ..Panel::default()
    }
}
