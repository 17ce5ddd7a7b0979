//! Maps over two parameters: one colour per kind of point, with lines of linear stability over it.

use kuva::plot::legend::LegendPosition;
use kuva::plot::scatter::MarkerShape;
use kuva::plot::{LinePlot, ScatterPlot};
use kuva::render::figure::Figure;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

use crate::Picture;

/// Width and height of the axes.
const SIZE: (f64, f64) = (640.0, 560.0);
/// Fill colours by the number of a kind: pale ones first.
const FILLS: [&str; 8] =
    ["#DDDDDD", "#F0E442", "#56B4E9", "#E69F00", "#009E73", "#7A3B8F", "#CC79A7", "#FFFFFF"];
/// Colours of the lines.
const LINES: [&str; 3] = ["#000000", "#0000CC", "#CC0000"];

/// The kinds of the points of a grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kinds<'a> {
    /// Coordinates of the columns.
    pub x: &'a [f64],
    /// Coordinates of the rows.
    pub y: &'a [f64],
    /// The number of the kind of every point, y fastest.
    pub kinds: &'a [usize],
    /// Their names.
    pub names: &'a [String],
}

/// A line over a map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line<'a> {
    /// Its entry in the legend.
    pub name: &'a str,
    /// Its connected pieces.
    pub pieces: &'a [Vec<(f64, f64)>],
}

/// A map of kinds over two axes with these labels, with `lines` over it.
pub fn map(title: &str, labels: (&str, &str), grid: Kinds<'_>, lines: &[Line<'_>]) -> Picture {
    let Kinds { x, y, kinds, names } = grid;
    let mut plots: Vec<Plot> = Vec::new();
    let cell = 0.62 * (SIZE.0 * 0.66 / x.len() as f64).max(SIZE.1 * 0.76 / y.len() as f64);
    for (kind, name) in names.iter().enumerate() {
        let place = |(k, _): (usize, &usize)| (x[k / y.len()], y[k % y.len()]);
        let points: Vec<(f64, f64)> =
            kinds.iter().enumerate().filter(|(_, found)| **found == kind).map(place).collect();
        if !points.is_empty() {
            let marks = ScatterPlot::new().with_data(points).with_color(FILLS[kind % FILLS.len()]);
            plots.push(
                marks.with_size(cell).with_marker(MarkerShape::Square).with_legend(name.clone()).into(),
            );
        }
    }
    for (number, line) in lines.iter().enumerate() {
        for (k, piece) in line.pieces.iter().enumerate() {
            let colour = LINES[number % LINES.len()];
            let plot =
                LinePlot::new().with_data(piece.iter().copied()).with_color(colour).with_stroke_width(2.4);
            plots.push(if k == 0 { plot.with_legend(line.name).into() } else { plot.into() });
        }
    }
    let ends =
        |v: &[f64]| v.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    let ((x0, x1), (y0, y1)) = (ends(x), ends(y));
    let layout = Layout::auto_from_plots(&plots)
        .with_x_label(labels.0.to_owned())
        .with_y_label(labels.1.to_owned())
        .with_box_axes()
        .with_show_grid(false)
        .with_title_size(14)
        .with_label_size(14)
        .with_tick_size(12)
        .with_body_size(12)
        .with_x_axis_min(x0)
        .with_x_axis_max(x1)
        .with_y_axis_min(y0)
        .with_y_axis_max(y1)
        .with_legend_position(LegendPosition::OutsideRightTop)
        .with_legend_box(false)
        .with_force_margins(74.0, 170.0);
    let figure = Figure::new(1, 1)
        .with_structure(vec![vec![0]])
        .with_plots(vec![plots])
        .with_layouts(vec![layout])
        .with_cell_size(SIZE.0, SIZE.1)
        .with_padding(14.0)
        .with_title(title)
        .with_title_size(18);
    Picture { scene: figure.render() }
}
