//! The picture of a run: all observables against time, in small panels by kind of observable.

use superladder_engine::{Problem, Recorder};
use superladder_plot::{
    Axis, Frame, Line, Panel, Picture, Series, TIME, WIDTHS, constant_range, nth, thinned,
};

use super::panels::{Shown, panels};

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
    let pieces = |(index, (label, values)): (usize, &(String, Vec<f64>))| {
        segments(if several { label } else { "" }, values, times, index)
    };
    let (first, last) = (times.first().copied(), times.last().copied());
    let moves = first < last;
    let (low, high) = constant_range(shown.curves.iter().flat_map(|(_, values)| values).copied()).unzip();
    Panel {
        title: shown.title.clone(),
        x: Axis { low: first.filter(|_| moves), high: last.filter(|_| moves), ..Axis::new(TIME) },
        y: Axis { low, high, ..Axis::new(&*shown.label) },
        series: shown.curves.iter().enumerate().flat_map(pieces).collect(),
        moments: quenches.to_vec(),
        ..Panel::default()
    }
}

/// A line, broken where its value is undefined; only the first piece has an entry in the legend.
fn segments(label: &str, values: &[f64], times: &[f64], index: usize) -> Vec<Series> {
    let points = thinned(times.iter().copied().zip(values.iter().copied()).collect());
    let pieces = points.split(|(_, y)| !y.is_finite()).filter(|piece| !piece.is_empty());
    let (colour, dashes) = nth(index);
    let line = |(number, piece): (usize, &[(f64, f64)])| {
        Series::Line(Line {
            label: if number == 0 { label.to_owned() } else { String::new() },
            points: piece.to_vec(),
            colour,
            width: WIDTHS[index.min(WIDTHS.len() - 1)],
            dashes,
            band: None,
        })
    };
    pieces.enumerate().map(line).collect()
}
