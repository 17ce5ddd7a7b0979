//! Pictures of panels of different kinds and sizes: maps, curves, trajectories on the Bloch sphere.

mod map;
mod sphere;

use std::sync::Arc;

use kuva::plot::legend::{LegendEntry, LegendPosition, LegendShape};
use kuva::plot::line::LineStyle;
use kuva::plot::scatter::MarkerShape;
use kuva::plot::{LinePlot, ScatterPlot};
use kuva::render::annotations::{ShadedRegion, TextAnnotation};
use kuva::render::figure::Figure;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::Scene;

pub use map::MapPanel;
pub use sphere::{Orbit, SpherePanel};

use crate::panel::{is_positive, thinned};

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stroke {
    /// A solid line.
    Solid,
    /// A dashed line.
    Dashed,
    /// A dotted line.
    Dotted,
    /// Circles without a line.
    Circles,
    /// Triangles without a line.
    Triangles,
}

/// A curve through points, or marks at them.
#[derive(Debug, Clone)]
pub struct Curve {
    /// Its entry in the legend; empty for none.
    pub label: String,
    /// Its points; a point that is not finite breaks the line.
    pub points: Vec<(f64, f64)>,
    /// Its colour, `#RRGGBB`.
    pub colour: &'static str,
    /// How it is drawn.
    pub stroke: Stroke,
    /// Width of the line or size of the marks.
    pub width: f64,
}

/// Words at a place of a panel, in its coordinates.
#[derive(Debug, Clone)]
pub struct Note {
    /// The words.
    pub text: String,
    /// Where.
    pub at: (f64, f64),
}

/// A stretch of the horizontal axis with a colour behind it.
#[derive(Debug, Clone, Copy)]
pub struct Shade {
    /// From here ...
    pub from: f64,
    /// ... to here.
    pub to: f64,
    /// Its colour.
    pub colour: &'static str,
}

/// A corner inside of the axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Corner {
    /// At the top right.
    #[default]
    TopRight,
    /// At the top left.
    TopLeft,
    /// At the bottom right.
    BottomRight,
}

/// A panel of curves.
#[derive(Debug, Clone, Default)]
pub struct CurvesPanel {
    /// Title.
    pub title: String,
    /// Label of the horizontal axis.
    pub x_label: String,
    /// Label of the vertical axis.
    pub y_label: String,
    /// The curves, those below first.
    pub curves: Vec<Curve>,
    /// Ends of the horizontal axis, if not those of the points.
    pub x_range: Option<(f64, f64)>,
    /// Ends of the vertical axis, if not those of the points.
    pub y_range: Option<(f64, f64)>,
    /// Whether the vertical axis is logarithmic.
    pub logarithmic: bool,
    /// Words inside.
    pub notes: Vec<Note>,
    /// Colours behind.
    pub shades: Vec<Shade>,
    /// Where the legend stands.
    pub legend: Corner,
}

/// One panel.
#[derive(Debug, Clone)]
pub enum SheetPanel {
    /// A map over two parameters.
    Map(MapPanel),
    /// Curves.
    Curves(CurvesPanel),
    /// The Bloch sphere.
    Sphere(SpherePanel),
}

/// A picture on a grid of cells; every panel covers a rectangle of them.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// Title.
    pub title: String,
    /// Columns of cells.
    pub columns: usize,
    /// Rows of cells.
    pub rows: usize,
    /// Width and height of a cell.
    pub cell: (f64, f64),
    /// Panels: first row, first column, rows and columns that they cover.
    pub panels: Vec<([usize; 4], SheetPanel)>,
}

/// Between cells.
const SPACING: f64 = 16.0;
/// Size of titles, labels, ticks and legends of a panel.
const LETTERS: [u32; 4] = [16, 15, 13, 13];
/// Above and below the axes of a panel.
const MARGINS: (f64, f64) = (34.0, 56.0);
/// Left of the axes of a panel, and right of them without and with a legend outside.
const SIDES: (f64, f64, f64) = (78.0, 18.0, 196.0);

impl Sheet {
    /// The panels in their places.
    pub(crate) fn scene(&self) -> Scene {
        let (mut structure, mut plots, mut layouts) = (Vec::new(), Vec::new(), Vec::new());
        for ([row, column, rows, columns], panel) in &self.panels {
            let cells = (*row..row + rows)
                .flat_map(|r| (*column..column + columns).map(move |c| r * self.columns + c));
            structure.push(cells.collect::<Vec<usize>>());
            let (drawn, layout) = match panel {
                SheetPanel::Map(map) => map.draw(),
                SheetPanel::Curves(curves) => curves.draw(*columns as f64 * self.cell.0),
                SheetPanel::Sphere(sphere) => sphere.draw(),
            };
            plots.push(drawn);
            layouts.push(layout);
        }
        let figure = Figure::new(self.rows, self.columns)
            .with_structure(structure)
            .with_plots(plots)
            .with_layouts(layouts)
            .with_cell_size(self.cell.0, self.cell.1)
            .with_spacing(SPACING)
            .with_padding(16.0)
            .with_title(self.title.clone())
            .with_title_size(20);
        figure.render()
    }
}

impl Curve {
    /// A solid line.
    pub fn solid(label: impl Into<String>, points: Vec<(f64, f64)>, colour: &'static str) -> Self {
        Self { label: label.into(), points, colour, stroke: Stroke::Solid, width: 2.0 }
    }

    /// The same with another stroke.
    pub fn with(self, stroke: Stroke, width: f64) -> Self {
        Self { stroke, width, ..self }
    }

    fn marker(&self) -> Option<MarkerShape> {
        match self.stroke {
            Stroke::Circles => Some(MarkerShape::Circle),
            Stroke::Triangles => Some(MarkerShape::Triangle),
            _ => None,
        }
    }

    fn style(&self) -> LineStyle {
        match self.stroke {
            Stroke::Dashed => LineStyle::Custom("10 7".into()),
            Stroke::Dotted => LineStyle::Custom("1 6".into()),
            _ => LineStyle::Solid,
        }
    }

    fn plots(&self) -> Vec<Plot> {
        if let Some(marker) = self.marker() {
            let finite = self.points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite());
            let marks = ScatterPlot::new().with_data(finite).with_color(self.colour).with_size(self.width);
            return vec![marks.with_marker(marker).into()];
        }
        let points = thinned(&self.points);
        let pieces = points.split(|(x, y)| !(x.is_finite() && y.is_finite())).filter(|piece| piece.len() > 1);
        let line = |piece: &[(f64, f64)]| {
            let line = LinePlot::new().with_data(piece.iter().copied()).with_color(self.colour);
            line.with_stroke_width(self.width).with_line_style(self.style()).into()
        };
        pieces.map(line).collect()
    }

    fn entry(&self) -> Option<LegendEntry> {
        let dasharray = match self.style() {
            LineStyle::Custom(dashes) => Some(dashes),
            _ => None,
        };
        let shape = self.marker().map_or(LegendShape::Line, LegendShape::Marker);
        let named = !self.label.is_empty();
        named.then(|| LegendEntry { label: self.label.clone(), color: self.colour.into(), shape, dasharray })
    }
}

impl CurvesPanel {
    /// Narrow panels have fewer ticks.
    fn draw(&self, width: f64) -> (Vec<Plot>, Layout) {
        let plots: Vec<Plot> = self.curves.iter().flat_map(Curve::plots).collect();
        let mut layout =
            style(Layout::auto_from_plots(&plots), &self.title, &self.x_label, &self.y_label, SIDES.1);
        if width < 400.0 {
            layout = layout.with_ticks(3);
        }
        if self.logarithmic && self.curves.iter().flat_map(|c| &c.points).any(|(_, y)| is_positive(*y)) {
            layout = layout.with_log_y();
        }
        if let Some((low, high)) = self.x_range {
            layout = layout.with_x_axis_min(low).with_x_axis_max(high);
        }
        if let Some((low, high)) = self.y_range {
            layout = layout.with_y_axis_min(low).with_y_axis_max(high);
        }
        let entries: Vec<LegendEntry> = self.curves.iter().filter_map(Curve::entry).collect();
        if !entries.is_empty() {
            let place = match self.legend {
                Corner::TopRight => LegendPosition::InsideTopRight,
                Corner::TopLeft => LegendPosition::InsideTopLeft,
                Corner::BottomRight => LegendPosition::InsideBottomRight,
            };
            layout = layout.with_legend_entries(entries).with_legend_position(place).with_legend_box(true);
        }
        for shade in &self.shades {
            let region = ShadedRegion::vertical(shade.from, shade.to).with_color(shade.colour);
            layout = layout.with_shaded_region(region.with_opacity(0.25));
        }
        (plots, noted(layout, &self.notes))
    }
}

fn noted(layout: Layout, notes: &[Note]) -> Layout {
    notes.iter().fold(layout, |layout, note| {
        let words = TextAnnotation::new(note.text.clone(), note.at.0, note.at.1).with_font_size(15);
        layout.with_annotation(words)
    })
}

/// The common style; `right` of the axes.
fn style(layout: Layout, title: &str, x: &str, y: &str, right: f64) -> Layout {
    layout
        .with_title(title)
        .with_x_label(x)
        .with_y_label(y)
        .with_box_axes()
        .with_show_grid(false)
        .with_title_size(LETTERS[0])
        .with_label_size(LETTERS[1])
        .with_tick_size(LETTERS[2])
        .with_body_size(LETTERS[3])
        .with_ticks(5)
        .with_tick_format(TickFormat::Custom(Arc::new(exact)))
        .with_force_margins(SIDES.0, right)
        .with_force_margins_y(MARGINS.0, MARGINS.1)
}

/// A tick with all its digits: the plotting library rounds 0.6225 to 0.623.
fn exact(x: f64) -> String {
    if x != 0.0 && !(1e-4..1e6).contains(&x.abs()) {
        return format!("{x:e}");
    }
    // Plus zero, whatever the sign of zero.
    let text = format!("{:.6}", x + 0.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// No labels at ticks.
fn silent() -> TickFormat {
    TickFormat::Custom(Arc::new(|_| String::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_keep_their_digits() {
        let shown = [0.6225, 0.5, 0.0, -0.0, -0.02, 100.0, 1e-5].map(exact);
        assert_eq!(shown, ["0.6225", "0.5", "0", "0", "-0.02", "100", "1e-5"]);
    }
}
