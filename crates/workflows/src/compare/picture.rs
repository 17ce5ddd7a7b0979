//! The picture of the command `compare`: one panel per column, one line per engine.

use superladder_analysis::Sampled;
use superladder_engine::Problem;
use superladder_plot::{Axis, COLOURS, Dashes, Frame, Line, Panel, Picture, Series, TIME};

use super::deviation::Overlay;

/// More panels than this are not legible; the table has them all.
const MOST_PANELS: usize = 12;

/// Every column against time by every engine; the reference, the last one, is solid and lies below.
pub(super) fn picture(title: &str, problem: &Problem, engines: &[String], overlays: &[Overlay]) -> Picture {
    let moving = |overlay: &&Overlay| {
        let finite = overlay.curves.iter().flat_map(|c| &c.values).filter(|x| x.is_finite());
        finite.fold(0.0_f64, |m, x| m.max(x.abs())) > 1e-12
    };
    let shown: Vec<&Overlay> = overlays.iter().filter(moving).take(MOST_PANELS).collect();
    let panels: Vec<Panel> = shown.iter().map(|o| panel(o, problem, engines)).collect();
    Frame::SMALL.picture(title, &panels)
}

fn panel(overlay: &Overlay, problem: &Problem, engines: &[String]) -> Panel {
    let line = |(index, (engine, curve)): (usize, (&String, &Sampled))| {
        let reference = index + 1 == engines.len();
        let (width, dashes) = if reference { (3.0, Dashes::Solid) } else { (1.6, Dashes::Dashed) };
        let (label, colour) = (engine.clone(), COLOURS[index % COLOURS.len()]);
        let line = Line { label, colour, width, dashes, ..Line::default() };
        line.pieces(&problem.times, &curve.values, curve.errors.as_deref()).into_iter().map(Series::Line)
    };
    Panel {
        title: overlay.name.clone(),
        x: Axis::new(TIME),
        y: Axis::new(&*overlay.name),
        series: engines.iter().zip(&overlay.curves).enumerate().rev().flat_map(line).collect(),
        ..Panel::default()
    }
}
