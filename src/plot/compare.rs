//! The picture of the command `compare`: one panel per column, one line per engine.

use kuva::plot::LinePlot;
use kuva::plot::legend::LegendPosition;
use kuva::plot::line::LineStyle;
use kuva::render::figure::Figure;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use superladder_engine::Problem;

use super::{CELL, COLOURS, MARGINS, Picture, panels};
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
    let columns = shown.len().clamp(1, 3);
    let rows = shown.len().div_ceil(columns).max(1);
    let (plots, layouts): (Vec<_>, Vec<_>) = shown.iter().map(|o| panel(o, problem, engines)).unzip();
    let figure = Figure::new(rows, columns)
        .with_structure((0..shown.len()).map(|i| vec![i]).collect())
        .with_plots(plots)
        .with_layouts(layouts)
        .with_cell_size(CELL.0, CELL.1)
        .with_spacing(18.0)
        .with_padding(14.0)
        .with_title(title)
        .with_title_size(20);
    Picture { scene: figure.render() }
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
    let layout = Layout::auto_from_plots(&plots)
        .with_title(overlay.name.clone())
        .with_x_label("t  (units of 1/ω, ħ = 1)")
        .with_y_label(overlay.name.clone())
        .with_box_axes()
        .with_ticks(5)
        .with_title_size(14)
        .with_label_size(13)
        .with_tick_size(11)
        .with_body_size(11)
        .with_legend_position(LegendPosition::OutsideRightTop)
        .with_legend_box(false)
        .with_force_margins(MARGINS.0, MARGINS.1);
    (plots, layout)
}
