//! A map over two parameters: every cell of the grid in the colour of its kind, curves over it.

use kuva::plot::BandPlot;
use kuva::plot::legend::{LegendEntry, LegendPosition, LegendShape};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

use super::{Curve, Note, SIDES, noted, style};

/// A panel with a map.
#[derive(Debug, Clone, Default)]
pub struct MapPanel {
    /// Title.
    pub title: String,
    /// Label of the horizontal axis.
    pub x_label: String,
    /// Label of the vertical axis.
    pub y_label: String,
    /// Evenly spaced coordinates of the columns.
    pub x: Vec<f64>,
    /// Evenly spaced coordinates of the rows.
    pub y: Vec<f64>,
    /// The number of the kind of every point, y fastest.
    pub kinds: Vec<usize>,
    /// Name and colour of every kind.
    pub names: Vec<(String, &'static str)>,
    /// Curves over the map.
    pub curves: Vec<Curve>,
    /// Words inside.
    pub notes: Vec<Note>,
}

/// Ends of the cell of point k, cut at the ends of the axis.
fn cell(points: &[f64], k: usize) -> (f64, f64) {
    let middle = |i: usize, j: usize| 0.5 * (points[i] + points[j]);
    let low = if k == 0 { points[0] } else { middle(k - 1, k) };
    let high = if k + 1 == points.len() { points[k] } else { middle(k, k + 1) };
    (low, high)
}

impl MapPanel {
    /// Every run of equal kinds in a row is a rectangle; rows overlap a little, so that no gap is seen
    /// between them.
    pub(super) fn draw(&self) -> (Vec<Plot>, Layout) {
        let (columns, rows) = (self.x.len(), self.y.len());
        let (bottom, top) = (self.y[0], self.y[rows - 1]);
        let mut plots: Vec<Plot> = Vec::new();
        for row in 0..rows {
            let (low, high) = cell(&self.y, row);
            let high = (high + 0.1 * (high - low)).min(top);
            let mut start = 0;
            for column in 1..=columns {
                let kind = self.kinds[start * rows + row];
                if column < columns && self.kinds[column * rows + row] == kind {
                    continue;
                }
                let ends = [cell(&self.x, start).0, cell(&self.x, column - 1).1];
                let run = BandPlot::new(ends, [low, low], [high, high]);
                plots.push(run.with_color(self.names[kind].1).with_opacity(1.0).into());
                start = column;
            }
        }
        plots.extend(self.curves.iter().flat_map(Curve::plots));
        let layout = Layout::auto_from_plots(&plots)
            .with_x_axis_min(self.x[0])
            .with_x_axis_max(self.x[columns - 1])
            .with_y_axis_min(bottom)
            .with_y_axis_max(top);
        let present = |kind: &usize| self.kinds.contains(kind);
        let of_kind = |kind: usize| LegendEntry {
            label: self.names[kind].0.clone(),
            color: self.names[kind].1.into(),
            shape: LegendShape::Rect,
            dasharray: None,
        };
        let kinds = (0..self.names.len()).filter(present).map(of_kind);
        let entries = kinds.chain(self.curves.iter().filter_map(Curve::entry)).collect();
        let layout = style(layout, &self.title, &self.x_label, &self.y_label, SIDES.2)
            .with_legend_entries(entries)
            .with_legend_position(LegendPosition::OutsideRightTop)
            .with_legend_box(false);
        (plots, noted(layout, &self.notes))
    }
}
