//! A map over two parameters: every cell of the grid in the colour of its kind, curves over it.

use kuva::plot::BandPlot;
use kuva::plot::legend::{LegendEntry, LegendPosition, LegendShape};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

use super::{Curve, Note, SIDES, noted, style};
use crate::cells::edges;

/// A panel with a map.
#[derive(Debug, Clone, Default)]
pub struct MapPanel {
    /// Title.
    pub title: String,
    /// Label of the horizontal axis.
    pub x_label: String,
    /// Label of the vertical axis.
    pub y_label: String,
    /// Coordinates of the columns, from left to right.
    pub x: Vec<f64>,
    /// Coordinates of the rows, from below.
    pub y: Vec<f64>,
    /// The axes end at the outermost points, so that half of the cells there is seen.
    pub trimmed: bool,
    /// The number of the kind of every point, y fastest.
    pub kinds: Vec<usize>,
    /// Name and colour of every kind.
    pub names: Vec<(String, &'static str)>,
    /// Curves over the map.
    pub curves: Vec<Curve>,
    /// Words inside.
    pub notes: Vec<Note>,
}

impl MapPanel {
    /// Every run of equal kinds in a row is a rectangle; rows overlap a little, so that no gap is seen
    /// between them.
    pub(super) fn draw(&self) -> (Vec<Plot>, Layout) {
        let (columns, rows) = (self.x.len(), self.y.len());
        let (x, y) = (edges(&self.x, self.trimmed), edges(&self.y, self.trimmed));
        let mut plots: Vec<Plot> = Vec::new();
        for row in 0..rows {
            let (low, high) = (y[row], y[row + 1]);
            let high = (high + 0.1 * (high - low)).min(y[rows]);
            let mut start = 0;
            for column in 1..=columns {
                let kind = self.kinds[start * rows + row];
                if column < columns && self.kinds[column * rows + row] == kind {
                    continue;
                }
                let ends = [x[start], x[column]];
                let run = BandPlot::new(ends, [low, low], [high, high]);
                plots.push(run.with_color(self.names[kind].1).with_opacity(1.0).into());
                start = column;
            }
        }
        plots.extend(self.curves.iter().flat_map(Curve::plots));
        let layout = Layout::auto_from_plots(&plots)
            .with_x_axis_min(x[0])
            .with_x_axis_max(x[columns])
            .with_y_axis_min(y[0])
            .with_y_axis_max(y[rows]);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Two columns, three rows of two kinds, of uneven width and height: the rectangles tile the axes.
    #[test]
    fn rectangles_have_the_extent_of_their_cells() {
        let panel = MapPanel {
            x: vec![0.0, 2.0],
            y: vec![0.0, 1.0, 4.0],
            kinds: vec![0, 0, 1, 1, 1, 1],
            names: vec![("one".into(), "#DDDDDD"), ("two".into(), "#F0E442")],
            ..MapPanel::default()
        };
        let (plots, layout) = panel.draw();
        let bands: Vec<([f64; 2], f64)> = plots
            .iter()
            .filter_map(|plot| if let Plot::Band(band) = plot { Some(band) } else { None })
            .map(|band| ([band.x[0], band.x[1]], band.y_lower[0]))
            .collect();
        let expected = [
            ([-1.0, 1.0], -0.5),
            ([1.0, 3.0], -0.5),
            ([-1.0, 1.0], 0.5),
            ([1.0, 3.0], 0.5),
            ([-1.0, 3.0], 2.5),
        ];
        assert_eq!(bands, expected);
        assert_eq!((layout.x_axis_min, layout.x_axis_max), (Some(-1.0), Some(3.0)));
        assert_eq!((layout.y_axis_min, layout.y_axis_max), (Some(-0.5), Some(5.5)));
    }
}
