//! The picture of a run: all observables against time, in small panels by kind of observable.

use superladder_engine::Recorder;
use superladder_plot::{Axis, Line, Panel, Series, TIME, WIDTHS, nth};
use superladder_study::Study;

use super::panels::{Curve, Shown, wanted};
use crate::shown::ValueAxis;

/// The panels of a run: what the study wants to see of it against time; grey lines at quenches.
pub(super) fn overview(study: &Study, recorder: &Recorder) -> Vec<Panel> {
    let times = recorder.times();
    let shown = wanted(&study.problem, recorder, &study.plot);
    shown.iter().map(|shown| panel(study, shown, &times)).collect()
}

fn panel(study: &Study, shown: &Shown, times: &[f64]) -> Panel {
    let axis = ValueAxis::of(study, shown.curves.first().map_or("", |curve| &curve.column));
    let several = shown.curves.len() > 1;
    let drawn: Vec<Vec<f64>> = shown.curves.iter().map(|curve| axis.values(&curve.values)).collect();
    let pieces = |(index, (curve, values)): (usize, (&Curve, &Vec<f64>))| {
        let (label, (colour, dashes)) =
            (if several { curve.label.clone() } else { String::new() }, nth(index));
        let width = WIDTHS[index.min(WIDTHS.len() - 1)];
        let line = Line { label, colour, dashes, width, ..Line::default() };
        let error = |(x, e): (&f64, &f64)| axis.error(*x, *e);
        let errors = curve
            .errors
            .as_ref()
            .map(|errors| curve.values.iter().zip(errors).map(error).collect::<Vec<_>>());
        line.pieces(times, values, errors.as_deref()).into_iter().map(Series::Line)
    };
    let (first, last) = (times.first().copied(), times.last().copied());
    let moves = first < last;
    let (vertical, levels) = axis.vertical(&shown.label, drawn.iter().flatten().copied());
    Panel {
        title: shown.title.clone(),
        x: Axis { low: first.filter(|_| moves), high: last.filter(|_| moves), ..Axis::new(TIME) },
        y: vertical,
        series: match &shown.heat {
            Some(heat) => vec![Series::Heat(heat.clone())],
            None => shown.curves.iter().zip(&drawn).enumerate().flat_map(pieces).collect(),
        },
        levels,
        moments: study.problem.stages[1..].iter().map(|s| s.start).collect(),
    }
}
