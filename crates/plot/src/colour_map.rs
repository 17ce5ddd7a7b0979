//! Values over two parameters in colours, with the line on which they have one level.

use kuva::plot::legend::{LegendEntry, LegendShape};
use kuva::plot::scatter::MarkerShape;
use kuva::plot::{BandPlot, LinePlot, ScatterPlot};
use kuva::render::plots::Plot;

use crate::cells::edges;
use crate::contour::{Grid, contour};
use crate::data::MapData;
use crate::number::short;

/// Number of shades, and of those that the legend shows.
const SHADES: usize = 48;
const SHOWN: usize = 7;
/// Colours between which shades are mixed, from the smallest value to the largest: as bright as they are large, and told
/// apart by every kind of colour vision (after the map viridis, N. Smith and S. van der Walt, 2015).
const COLOURS: [[f64; 3]; 6] = [
    [68.0, 1.0, 84.0],
    [65.0, 68.0, 135.0],
    [42.0, 120.0, 142.0],
    [34.0, 168.0, 132.0],
    [122.0, 209.0, 81.0],
    [253.0, 231.0, 37.0],
];
/// Colour of cells without a value, of the line and of marks.
const UNDEFINED: &str = "#E0E0E0";
const LINE: &str = "#FFFFFF";
const MARK: &str = "#CC0000";

/// Values over two parameters.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ColourMap {
    /// Coordinates of the columns, ascending.
    pub x: Vec<f64>,
    /// Coordinates of the rows, ascending.
    pub y: Vec<f64>,
    /// The values, y fastest; NaN means undefined.
    pub values: Vec<f64>,
    /// The values are decimal logarithms, and the legend shows the numbers that they stand for.
    pub logarithmic: bool,
    /// Ends of the colours, if not those of the values.
    pub range: Option<(f64, f64)>,
    /// A level whose line is drawn, and its entry in the legend.
    pub level: Option<(f64, String)>,
    /// Points that are marked, and the entry of the marks in the legend.
    pub marked: (Vec<(f64, f64)>, String),
}

impl ColourMap {
    /// The values, not their logarithms.
    pub(crate) fn data(&self) -> MapData {
        let plain = |x: f64| if self.logarithmic { 10_f64.powf(x) } else { x };
        MapData {
            x: self.x.clone(),
            y: self.y.clone(),
            values: self.values.iter().map(|x| plain(*x)).collect(),
            colours: "viridis",
            logarithmic: self.logarithmic,
            range: self.range.map(|(low, high)| (plain(low), plain(high))),
            level: self.level.as_ref().map(|(level, words)| (plain(*level), words.clone())),
            kinds: Vec::new(),
        }
    }

    /// Ends of the colours: those given, or of the values; None where no value is defined.
    fn range(&self) -> Option<(f64, f64)> {
        if self.range.is_some() {
            return self.range;
        }
        let finite = self.values.iter().copied().filter(|x| x.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
        (low <= high).then_some((low, high))
    }

    /// The shade of a value; those beyond the ends have the shade of the end.
    fn shade(&self, value: f64) -> Option<usize> {
        let (low, high) = self.range()?;
        if !value.is_finite() {
            return None;
        }
        let width = high - low;
        let part = if width <= 1e-12 * low.abs().max(high.abs()) { 0.5 } else { (value - low) / width };
        Some(((part * SHADES as f64).max(0.0) as usize).min(SHADES - 1))
    }

    /// Every run of one shade in a row is a rectangle; rectangles reach a little below those that are drawn after them, so
    /// that no gap is seen.
    pub(crate) fn plots(&self) -> Vec<Plot> {
        let (x, y) = (edges(&self.x, false), edges(&self.y, false));
        let rows = self.y.len();
        let mut plots: Vec<Plot> = Vec::new();
        for row in 0..rows {
            let (low, high) = (y[row], y[row + 1]);
            let high = (high + 0.1 * (high - low)).min(y[rows]);
            let shades: Vec<Option<usize>> =
                (0..self.x.len()).map(|column| self.shade(self.values[column * rows + row])).collect();
            let mut start = 0;
            for run in shades.chunk_by(|a, b| a == b) {
                let left = x[start];
                start += run.len();
                let next = x.get(start + 1).map_or(0.0, |end| end - x[start]);
                let ends = [left, x[start] + 0.1 * next];
                let fill = run[0].map_or_else(|| UNDEFINED.to_owned(), colour);
                plots.push(
                    BandPlot::new(ends, [low, low], [high, high]).with_color(fill).with_opacity(1.0).into(),
                );
            }
        }
        plots.extend(self.lines());
        plots.extend(marks(self.undefined(), "#888888", MarkerShape::Cross));
        plots.extend(marks(self.marked.0.clone(), MARK, MarkerShape::Circle));
        plots
    }

    /// The line at the level: dark below white, so that it is seen on every colour.
    fn lines(&self) -> Vec<Plot> {
        let Some((level, _)) = &self.level else { return Vec::new() };
        let pieces = contour(&Grid { x: &self.x, y: &self.y, values: &self.values }, *level);
        let line = |piece: &Vec<(f64, f64)>, colour: &str, width: f64| {
            LinePlot::new()
                .with_data(piece.iter().copied())
                .with_color(colour)
                .with_stroke_width(width)
                .into()
        };
        pieces.iter().flat_map(|piece| [line(piece, "#000000", 4.5), line(piece, LINE, 2.0)]).collect()
    }

    fn undefined(&self) -> Vec<(f64, f64)> {
        let points = self.x.iter().flat_map(|x| self.y.iter().map(move |y| (*x, *y)));
        points.zip(&self.values).filter(|(_, value)| !value.is_finite()).map(|(point, _)| point).collect()
    }

    /// Some of the shades from the largest value on, then the line, cells without a value and marks.
    pub(crate) fn entries(&self) -> Vec<LegendEntry> {
        let entry =
            |label: String, color: String, shape| LegendEntry { label, color, shape, dasharray: None };
        let number = |value: f64| if self.logarithmic { short(10_f64.powf(value)) } else { short(value) };
        let mut entries = Vec::new();
        if let Some((low, high)) = self.range() {
            let constant = self.shade(low) == self.shade(high);
            for k in 0..if constant { 1 } else { SHOWN } {
                let value = high - (high - low) * k as f64 / (SHOWN - 1) as f64;
                let shade = self.shade(value).unwrap_or(0);
                // Rounding beside the others is zero.
                let value = if value.abs() < 1e-9 * (high - low) { 0.0 } else { value };
                entries.push(entry(number(value), colour(shade), LegendShape::Rect));
            }
        }
        if let Some((_, label)) = self.level.as_ref().filter(|_| !self.lines().is_empty()) {
            entries.push(entry(label.clone(), "#000000".into(), LegendShape::Line));
        }
        if !self.undefined().is_empty() {
            entries.push(entry("undefined".into(), UNDEFINED.into(), LegendShape::Rect));
        }
        if !self.marked.0.is_empty() {
            entries.push(entry(self.marked.1.clone(), MARK.into(), LegendShape::Circle));
        }
        entries
    }

    /// Ends of both axes: the outer edges of the cells.
    pub(crate) fn ends(&self) -> [f64; 4] {
        let (x, y) = (edges(&self.x, false), edges(&self.y, false));
        [x[0], x[self.x.len()], y[0], y[self.y.len()]]
    }
}

fn marks(points: Vec<(f64, f64)>, colour: &str, shape: MarkerShape) -> Option<Plot> {
    let plot = ScatterPlot::new().with_color(colour).with_size(3.5).with_marker(shape);
    (!points.is_empty()).then(|| plot.with_data(points).into())
}

/// The colour of a shade.
fn colour(shade: usize) -> String {
    let last = COLOURS.len() - 1;
    let at = last as f64 * shade as f64 / (SHADES - 1) as f64;
    let below = (at as usize).min(last - 1);
    let mixed = |k: usize| {
        let (a, b) = (COLOURS[below][k], COLOURS[below + 1][k]);
        (a + (b - a) * (at - below as f64)).round() as u8
    };
    format!("#{:02X}{:02X}{:02X}", mixed(0), mixed(1), mixed(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(values: Vec<f64>) -> ColourMap {
        ColourMap { x: vec![0.0, 1.0, 3.0], y: vec![0.0, 1.0], values, ..ColourMap::default() }
    }

    #[test]
    fn cells_have_their_extent_and_their_colour() {
        let map = map(vec![0.0, 1.0, 0.0, 2.0, f64::NAN, 4.0]);
        assert_eq!(map.ends(), [-0.5, 4.0, -0.5, 1.5]);
        let bands: Vec<(f64, f64, String)> = map
            .plots()
            .iter()
            .filter_map(|plot| if let Plot::Band(band) = plot { Some(band) } else { None })
            .map(|band| (band.x[0], band.x[1], band.color.clone()))
            .collect();
        // Two equal cells of the first row are one rectangle; the last one has no value.
        assert_eq!(bands[0], (-0.5, 2.2, "#440154".into()));
        assert_eq!(bands[1], (2.0, 4.0, UNDEFINED.into()));
        assert_eq!((bands.len(), bands[4].2.as_str()), (5, "#FDE725"));
        let labels: Vec<String> = map.entries().into_iter().map(|e| e.label).collect();
        assert_eq!(labels, ["4", "3.333", "2.667", "2", "1.333", "0.6667", "0", "undefined"]);
    }

    #[test]
    fn ends_may_be_given_and_a_level_has_its_line() {
        let values = vec![0.5, 0.5, 0.8, 0.9, 1.4, 1.5];
        let given =
            ColourMap { range: Some((0.0, 1.0)), level: Some((1.0, "level 1".into())), ..map(values) };
        assert_eq!(
            (given.shade(0.0), given.shade(7.0), given.shade(-1.0)),
            (Some(0), Some(SHADES - 1), Some(0))
        );
        let labels: Vec<String> = given.entries().into_iter().map(|e| e.label).collect();
        assert_eq!((labels[0].as_str(), labels.last().map(String::as_str)), ("1", Some("level 1")));
        let constant = map(vec![2.0; 6]);
        assert_eq!(constant.entries().len(), 1);
        let nothing = map(vec![f64::NAN; 6]);
        assert_eq!(nothing.entries().len(), 1, "nothing but undefined");
        assert!(!nothing.plots().is_empty());
    }
}
