//! The picture of the command `compare`: one panel per column, one line per engine.

use superladder_analysis::Sampled;
use superladder_plot::{Axis, COLOURS, Dashes, Line, Panel, Series, TIME};
use superladder_study::Study;

use super::deviation::Overlay;
use crate::shown::ValueAxis;

/// More panels than this are not legible; the table has them all.
const MOST_PANELS: usize = 12;

/// Every column that the study wants to see against time by every engine; the reference, the last one, is solid and
/// lies below.
pub(super) fn panels(study: &Study, engines: &[String], overlays: &[Overlay]) -> Vec<Panel> {
    let moving = |overlay: &&Overlay| {
        let finite = overlay.curves.iter().flat_map(|c| &c.values).filter(|x| x.is_finite());
        finite.fold(0.0_f64, |m, x| m.max(x.abs())) > 1e-12
    };
    let plot = &study.plot;
    let named = overlays.iter().any(|o| plot.place(&o.name).is_some());
    let wanted = |o: &&Overlay| if named { plot.shows(&o.name) } else { moving(o) };
    let mut shown: Vec<&Overlay> = overlays.iter().filter(wanted).collect();
    shown.sort_by_key(|o| plot.place(&o.name));
    shown.iter().take(MOST_PANELS).map(|o| panel(o, study, engines)).collect()
}

fn panel(overlay: &Overlay, study: &Study, engines: &[String]) -> Panel {
    let axis = ValueAxis::of(study, &overlay.name);
    let drawn: Vec<Vec<f64>> = overlay.curves.iter().map(|curve| axis.values(&curve.values)).collect();
    let line = |(index, (engine, curve)): (usize, (&String, &Sampled))| {
        let reference = index + 1 == engines.len();
        let (width, dashes) = if reference { (3.0, Dashes::Solid) } else { (1.6, Dashes::Dashed) };
        let (label, colour) = (engine.clone(), COLOURS[index % COLOURS.len()]);
        let line = Line { label, colour, width, dashes, ..Line::default() };
        let error = |(x, e): (&f64, &f64)| axis.error(*x, *e);
        let errors = curve
            .errors
            .as_ref()
            .map(|errors| curve.values.iter().zip(errors).map(error).collect::<Vec<_>>());
        line.pieces(&study.problem.times, &drawn[index], errors.as_deref()).into_iter().map(Series::Line)
    };
    let (vertical, levels) = axis.vertical(&overlay.name, drawn.iter().flatten().copied());
    Panel {
        title: overlay.name.clone(),
        x: Axis::new(TIME),
        y: vertical,
        levels,
        series: engines.iter().zip(&overlay.curves).enumerate().rev().flat_map(line).collect(),
        ..Panel::default()
    }
}
