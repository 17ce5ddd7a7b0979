//! From panels and sheets to pictures: drawn, and as data.

use crate::Picture;
use crate::data::{AxisData, Data, MapData, PanelData, SeriesData};
use crate::frame::Frame;
use crate::panel::{Axis, Dashes, Line, Mark, Marks, Panel, Scale, Series};
use crate::sheet::{Curve, CurvesPanel, MapPanel, Sheet, SheetPanel, SpherePanel, Stroke};

impl Frame {
    /// The picture of all panels.
    pub fn picture(&self, title: &str, panels: &[Panel]) -> Picture {
        let cells = self.cells(panels.len());
        let shown = panels.iter().enumerate().map(|(k, panel)| PanelData::of(panel, k, cells[1]));
        let data = Data { title: title.to_owned(), cells, cell: self.cell, panels: shown.collect() };
        Picture { scene: self.scene(title, panels), data }
    }
}

impl Sheet {
    /// Draws it.
    pub fn picture(&self) -> Picture {
        let panels = self.panels.iter().map(|(place, panel)| PanelData::on(*place, panel)).collect();
        let (title, cells) = (self.title.clone(), [self.rows, self.columns]);
        Picture { scene: self.scene(), data: Data { title, cells, cell: self.cell, panels } }
    }
}

/// Decimal logarithms as what they stand for.
fn powers(values: impl Iterator<Item = f64>, logarithms: bool) -> Vec<f64> {
    values.map(|x| if logarithms { 10_f64.powf(x) } else { x }).collect()
}

impl AxisData {
    fn of(axis: &Axis) -> Self {
        let stands = axis.scale == Scale::Powers;
        let end = |end: Option<f64>| end.map(|x| if stands { 10_f64.powf(x) } else { x });
        Self {
            label: axis.label.clone(),
            logarithmic: stands || axis.scale == Scale::Logarithmic,
            low: end(axis.low),
            high: end(axis.high),
            words: if let Scale::Words(words) = &axis.scale { words.clone() } else { Vec::new() },
        }
    }

    fn plain(label: &str, range: Option<(f64, f64)>, logarithmic: bool) -> Self {
        let (low, high) = (range.map(|r| r.0), range.map(|r| r.1));
        Self { label: label.to_owned(), logarithmic, low, high, words: Vec::new() }
    }
}

impl SeriesData {
    fn points(points: &[(f64, f64)], [x, y]: [bool; 2]) -> Self {
        let (across, along) = (points.iter().map(|p| p.0), points.iter().map(|p| p.1));
        Self { x: powers(across, x), y: powers(along, y), ..Self::default() }
    }

    fn line(line: &Line, logarithms: [bool; 2]) -> Self {
        let edge = |edge: &Vec<f64>| powers(edge.iter().copied(), logarithms[1]);
        Self {
            label: line.label.clone(),
            band: line.band.as_ref().map(|band| [edge(&band.low), edge(&band.high)]),
            colour: line.colour.to_owned(),
            width: line.width,
            dashes: match line.dashes {
                Dashes::Solid => "solid",
                Dashes::Dashed => "dashed",
                Dashes::Pattern(lengths) => lengths,
            }
            .to_owned(),
            ..Self::points(&line.points, logarithms)
        }
    }

    fn marks(marks: &Marks, logarithms: [bool; 2]) -> Self {
        let bars = marks.points.iter().zip(&marks.errors);
        // A bar about a logarithm is one about a number to first order.
        let bar = |((_, y), error): (&(f64, f64), &f64)| {
            if logarithms[1] { std::f64::consts::LN_10 * 10_f64.powf(*y) * error } else { *error }
        };
        Self {
            label: marks.label.clone(),
            error: bars.map(bar).collect(),
            colour: marks.colour.to_owned(),
            width: marks.size,
            mark: match marks.mark {
                Mark::Circle => "circle",
                Mark::Square => "square",
                Mark::Triangle => "triangle",
                Mark::Diamond => "diamond",
                Mark::TriangleDown => "triangle-down",
                Mark::Cross => "cross",
                Mark::Plus => "plus",
            },
            ..Self::points(&marks.points, logarithms)
        }
    }

    fn curve(curve: &Curve) -> Self {
        let (dashes, mark) = match curve.stroke {
            Stroke::Solid => ("solid", ""),
            Stroke::Dashed => ("dashed", ""),
            Stroke::Dotted => ("dotted", ""),
            Stroke::Circles => ("", "circle"),
            Stroke::Triangles => ("", "triangle"),
        };
        Self {
            label: curve.label.clone(),
            colour: curve.colour.to_owned(),
            width: curve.width,
            dashes: dashes.to_owned(),
            mark,
            ..Self::points(&curve.points, [false; 2])
        }
    }
}

impl PanelData {
    /// Panel `number` of those that fill rows of `columns`.
    fn of(panel: &Panel, number: usize, columns: usize) -> Self {
        let logarithms = [&panel.x, &panel.y].map(|axis| axis.scale == Scale::Powers);
        let series = |series: &Series| match series {
            Series::Line(line) => Some(SeriesData::line(line, logarithms)),
            Series::Marks(marks) => Some(SeriesData::marks(marks, logarithms)),
            Series::Heat(_) | Series::Map(_) => None,
        };
        let map = |series: &Series| match series {
            Series::Heat(heat) => Some(heat.data()),
            Series::Map(map) => Some(map.data()),
            Series::Line(_) | Series::Marks(_) => None,
        };
        Self {
            place: [number / columns, number % columns, 1, 1],
            title: panel.title.clone(),
            x: AxisData::of(&panel.x),
            y: AxisData::of(&panel.y),
            series: panel.series.iter().filter_map(series).collect(),
            map: panel.series.iter().find_map(map),
            levels: powers(panel.levels.iter().copied(), logarithms[1]),
            moments: powers(panel.moments.iter().copied(), logarithms[0]),
            orbits: Vec::new(),
        }
    }

    /// A panel of a sheet.
    fn on(place: [usize; 4], panel: &SheetPanel) -> Self {
        let panel = match panel {
            SheetPanel::Map(map) => Self::map(map),
            SheetPanel::Curves(curves) => Self::curves(curves),
            SheetPanel::Sphere(sphere) => Self::sphere(sphere),
        };
        Self { place, ..panel }
    }

    fn map(panel: &MapPanel) -> Self {
        let map = MapData {
            x: panel.x.clone(),
            y: panel.y.clone(),
            values: panel.kinds.iter().map(|kind| *kind as f64).collect(),
            kinds: panel.names.clone(),
            ..MapData::default()
        };
        Self {
            title: panel.title.clone(),
            x: AxisData::plain(&panel.x_label, None, false),
            y: AxisData::plain(&panel.y_label, None, false),
            series: panel.curves.iter().map(SeriesData::curve).collect(),
            map: Some(map),
            ..Self::default()
        }
    }

    fn curves(panel: &CurvesPanel) -> Self {
        Self {
            title: panel.title.clone(),
            x: AxisData::plain(&panel.x_label, panel.x_range, false),
            y: AxisData::plain(&panel.y_label, panel.y_range, panel.logarithmic),
            series: panel.curves.iter().map(SeriesData::curve).collect(),
            ..Self::default()
        }
    }

    fn sphere(panel: &SpherePanel) -> Self {
        let orbits = panel.orbits.iter().map(|o| (o.label.clone(), o.colour, o.points.clone()));
        Self { title: panel.title.clone(), orbits: orbits.collect(), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Axis;

    #[test]
    fn a_picture_tells_what_it_shows() {
        let line = Line { label: "n".into(), points: vec![(0.0, 2.0), (1.0, 3.0)], ..Line::default() };
        let marks =
            Marks { points: vec![(1.0, 2.0)], errors: vec![0.1], mark: Mark::Diamond, ..Marks::default() };
        let panel = Panel {
            title: "photons".into(),
            x: Axis::new("t"),
            y: Axis::new("n").scaled(Scale::Powers).between(0.0, 4.0),
            series: vec![Series::Line(line), Series::Marks(marks)],
            levels: vec![1.0],
            ..Panel::default()
        };
        let picture = Frame::SMALL.picture("one", &[panel.clone(), panel.clone(), panel.clone(), panel]);
        let data = picture.data();
        assert_eq!((data.cells, data.panels[3].place), ([2, 3], [1, 0, 1, 1]));
        let shown = &data.panels[0];
        assert!(shown.y.logarithmic && shown.y.high == Some(1e4) && shown.levels == [10.0]);
        assert_eq!(shown.series[0].y, [100.0, 1000.0]);
        assert_eq!((shown.series[1].mark, shown.series[1].dashes.as_str()), ("diamond", ""));
        assert!((shown.series[1].error[0] - 0.1 * 100.0 * std::f64::consts::LN_10).abs() < 1e-9);
    }
}
