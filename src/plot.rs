//! Pictures of a run. The plotting library is hidden behind [`Picture`].

mod atlas;
mod breakdown;
mod compare;
mod converge;
mod cycles;
mod dashes;
mod frame;
mod panels;
mod sheet;
mod sweep;
mod typeset;

use kuva::backend::png::PngBackend;
use kuva::backend::svg::SvgBackend;
use kuva::plot::LinePlot;
use kuva::plot::line::LineStyle;
use kuva::render::annotations::ReferenceLine;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::Scene;
use superladder_engine::{Problem, Recorder};

pub use atlas::map;
pub use breakdown::breakdown;
pub use compare::compare;
pub use converge::converge;
pub use cycles::{CycleBranch, cycle_branch};
use frame::Frame;
use panels::{Line, Panel, panels};
pub use sheet::{
    Corner, Curve, CurvesPanel, MapPanel, Note, Orbit, Shade, Sheet, SheetPanel, SpherePanel, Stroke,
};
pub use sweep::sweep;

/// A drawn picture.
pub struct Picture {
    scene: Scene,
}

impl Picture {
    /// As scalable vector graphics.
    pub fn svg(&self) -> String {
        SvgBackend::new().render_scene(&self.scene)
    }

    /// As a bitmap.
    ///
    /// # Errors
    /// What the plotting library says, in words.
    pub fn png(&self) -> Result<Vec<u8>, String> {
        PngBackend::new().with_scale(2.0).render_scene(&dashes::cut(&self.scene))
    }
}

/// Colours that differ for every kind of colour vision (Okabe and Ito, 2008), darkest first.
const COLOURS: [&str; 7] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"];
/// Dashes of lines once the colours are used up.
const DASHES: [&str; 4] = ["8 4", "2 3", "9 3 2 3", "14 4"];

/// Colour and dashes that tell line `number` of a panel from all others: every colour solid first, then with dashes.
fn nth(number: usize) -> (&'static str, LineStyle) {
    let style = match number / COLOURS.len() {
        0 => LineStyle::Solid,
        round => LineStyle::Custom(DASHES[(round - 1) % DASHES.len()].into()),
    };
    (COLOURS[number % COLOURS.len()], style)
}

/// Wide lines below, narrow ones above: where lines coincide, both are seen.
const WIDTHS: [f64; 3] = [2.4, 1.9, 1.5];
/// Label of the axis of time.
pub const TIME: &str = "t  (units of 1/ω, ħ = 1)";

/// All observables of a run against time, in small panels by kind of observable.
pub fn overview(title: &str, problem: &Problem, recorder: &Recorder) -> Picture {
    let times = recorder.times();
    let panels = panels(problem, recorder);
    let quenches: Vec<f64> = problem.stages[1..].iter().map(|s| s.start).collect();
    let drawn = panels.iter().map(|panel| draw(panel, &times, &quenches)).collect();
    Frame::SMALL.picture(title, drawn)
}

fn draw(panel: &Panel, times: &[f64], quenches: &[f64]) -> (Vec<Plot>, Layout) {
    let mut plots: Vec<Plot> = Vec::new();
    for (index, line) in panel.lines.iter().enumerate() {
        plots.extend(segments(line, times, index, panel.lines.len() > 1));
    }
    let layout = Layout::auto_from_plots(&plots);
    let mut layout = Frame::SMALL.style(layout, &panel.title, TIME, &panel.label);
    if let (Some(first), Some(last)) = (times.first(), times.last())
        && first < last
    {
        layout = layout.with_x_axis_min(*first).with_x_axis_max(*last);
    }
    if let Some((low, high)) = panel.constant_axis() {
        layout = layout.with_y_axis_min(low).with_y_axis_max(high);
    }
    for quench in quenches {
        layout = layout.with_reference_line(ReferenceLine::vertical(*quench).with_color("#888888"));
    }
    (plots, layout)
}

/// A line, broken where its value is undefined; only the first piece has an entry in the legend.
fn segments(line: &Line, times: &[f64], index: usize, in_legend: bool) -> Vec<Plot> {
    let points = times.iter().zip(&line.values).map(|(t, y)| (*t, *y));
    let points: Vec<(f64, f64)> = panels::thinned(points.collect());
    let pieces = points.split(|(_, y)| !y.is_finite()).filter(|piece| !piece.is_empty());
    let plot = |(number, piece): (usize, &[(f64, f64)])| {
        let (colour, dashes) = nth(index);
        let plot = LinePlot::new()
            .with_data(piece.iter().copied())
            .with_color(colour)
            .with_line_style(dashes)
            .with_stroke_width(WIDTHS[index.min(WIDTHS.len() - 1)]);
        let named = number == 0 && in_legend;
        Plot::from(if named { plot.with_legend(line.label.clone()) } else { plot })
    };
    pieces.enumerate().map(plot).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_differ_in_colour_or_dashes() {
        let all: Vec<(&str, Option<String>)> = (0..COLOURS.len() * (1 + DASHES.len()))
            .map(|number| {
                let (colour, style) = nth(number);
                (colour, style.dasharray())
            })
            .collect();
        for (k, one) in all.iter().enumerate() {
            assert!(!all[..k].contains(one), "{k}: {one:?}");
        }
    }
}
