//! The picture of the command `compare`: one panel per column, one line per engine.

use kuva::plot::LinePlot;
use kuva::plot::line::LineStyle;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use superladder_engine::Problem;

use super::{COLOURS, Frame, Picture, TIME, panels};
use crate::comparison::Overlay;

/// More panels than this are not legible; the table has them all.
const MOST_PANELS: usize = 12;

/// Every column against time by every engine; the reference, the last one, is solid and lies below.
pub fn compare(title: &str, problem: &Problem, engines: &[String], overlays: &[Overlay]) -> Picture {
    let moving = |overlay: &&Overlay| {
        let finite = overlay.values.iter().flatten().filter(|x| x.is_finite());
        finite.fold(0.0_f64, |m, x| m.max(x.abs())) > 1e-12
    };
    let shown: Vec<&Overlay> = overlays.iter().filter(moving).take(MOST_PANELS).collect();
    Frame::SMALL.picture(title, shown.iter().map(|o| panel(o, problem, engines)).collect())
}

fn panel(overlay: &Overlay, problem: &Problem, engines: &[String]) -> (Vec<Plot>, Layout) {
    let mut plots: Vec<Plot> = Vec::new();
    for (index, (engine, values)) in engines.iter().zip(&overlay.values).enumerate().rev() {
        let points = problem.times.iter().copied().zip(values.iter().copied()).filter(|(_, y)| y.is_finite());
        let line = LinePlot::new()
            .with_data(panels::thinned(points.collect()))
            .with_color(COLOURS[index % COLOURS.len()])
            .with_legend(engine.clone());
        let reference = index + 1 == engines.len();
        let line = if reference {
            line.with_stroke_width(3.0)
        } else {
            line.with_stroke_width(1.6).with_line_style(LineStyle::Dashed)
        };
        plots.push(line.into());
    }
    let layout = Frame::SMALL.style(Layout::auto_from_plots(&plots), &overlay.name, TIME, &overlay.name);
    (plots, layout)
}
