//! Maps over two parameters: one colour per kind of point, with lines of linear stability over it.

use crate::Picture;
use crate::sheet::{Curve, MapPanel, Sheet, SheetPanel, Stroke};

/// Width and height of the picture.
const SIZE: (f64, f64) = (900.0, 600.0);
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

/// A map of kinds over two axes with these labels, with `lines` over it. Every cell reaches half of the way to
/// its neighbours, those at the ends as far outwards as inwards.
pub fn map(title: &str, labels: (&str, &str), grid: Kinds<'_>, lines: &[Line<'_>]) -> Picture {
    let name = |(kind, name): (usize, &String)| (name.clone(), FILLS[kind % FILLS.len()]);
    let curves = lines.iter().enumerate().flat_map(|(number, line)| {
        let colour = LINES[number % LINES.len()];
        line.pieces.iter().enumerate().map(move |(k, piece)| {
            let label = if k == 0 { line.name } else { "" };
            Curve::solid(label, piece.clone(), colour).with(Stroke::Solid, 2.4)
        })
    });
    let (columns, rows) = (ascending(grid.x), ascending(grid.y));
    let panel = MapPanel {
        x_label: labels.0.to_owned(),
        y_label: labels.1.to_owned(),
        x: columns.iter().map(|k| grid.x[*k]).collect(),
        y: rows.iter().map(|k| grid.y[*k]).collect(),
        kinds: columns
            .iter()
            .flat_map(|c| rows.iter().map(move |r| grid.kinds[c * grid.y.len() + r]))
            .collect(),
        names: grid.names.iter().enumerate().map(name).collect(),
        curves: curves.collect(),
        ..MapPanel::default()
    };
    let panels = vec![([0, 0, 1, 1], SheetPanel::Map(panel))];
    Sheet { title: title.into(), columns: 1, rows: 1, cell: SIZE, panels }.picture()
}

/// The order in which `points` ascend.
fn ascending(points: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|a, b| points[*a].total_cmp(&points[*b]));
    order
}
