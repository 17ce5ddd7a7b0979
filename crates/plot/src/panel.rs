//! A panel of lines and marks on two axes, as data.

use std::sync::Arc;

use kuva::plot::line::LineStyle;
use kuva::plot::scatter::MarkerShape;
use kuva::plot::{LinePlot, ScatterPlot};
use kuva::render::annotations::ReferenceLine;
use kuva::render::figure::Figure;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::Scene;

use crate::colour_map::ColourMap;
use crate::frame::Frame;
use crate::heat::Heat;
use crate::number::short;
use crate::typeset::named_axis;

/// How a line is dashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dashes {
    /// Not at all.
    #[default]
    Solid,
    /// As the plotting library dashes lines.
    Dashed,
    /// By lengths of lines and gaps, `8 4`.
    Pattern(&'static str),
}

/// The shape of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mark {
    /// A disc.
    #[default]
    Circle,
    /// A square.
    Square,
    /// A triangle.
    Triangle,
    /// A square on its corner.
    Diamond,
    /// A triangle on its corner.
    TriangleDown,
    /// A cross like an x.
    Cross,
    /// A cross like a plus.
    Plus,
}

/// Values below and above a line, one each per point.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// The lower edge.
    pub low: Vec<f64>,
    /// The upper edge.
    pub high: Vec<f64>,
}

/// A line through points.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Line {
    /// Its entry in the legend; empty for none.
    pub label: String,
    /// Its points, all finite.
    pub points: Vec<(f64, f64)>,
    /// Its colour, `#RRGGBB`.
    pub colour: &'static str,
    /// Its width.
    pub width: f64,
    /// Its dashes.
    pub dashes: Dashes,
    /// A band about it.
    pub band: Option<Band>,
}

/// Marks at points.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Marks {
    /// Their entry in the legend; empty for none.
    pub label: String,
    /// The points, all finite.
    pub points: Vec<(f64, f64)>,
    /// Their colour, `#RRGGBB`.
    pub colour: &'static str,
    /// Their size.
    pub size: f64,
    /// Their shape.
    pub mark: Mark,
    /// Half lengths of vertical bars, one per point, or none.
    pub errors: Vec<f64>,
}

/// What a panel shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Series {
    /// A line.
    Line(Line),
    /// Marks.
    Marks(Marks),
    /// A map in shades.
    Heat(Heat),
    /// A map over two parameters.
    Map(ColourMap),
}

/// How an axis is divided.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Scale {
    /// Evenly.
    #[default]
    Linear,
    /// Evenly in the logarithm.
    Logarithmic,
    /// Evenly; the coordinates are decimal logarithms, and ticks show the powers of ten that they stand for.
    Powers,
    /// Words at 0, 1, 2, ...
    Words(Vec<String>),
}

/// One axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Axis {
    /// Its label.
    pub label: String,
    /// How it is divided.
    pub scale: Scale,
    /// Where it begins, if not where the data do.
    pub low: Option<f64>,
    /// Where it ends, if not where the data do.
    pub high: Option<f64>,
    /// Distance of its ticks.
    pub step: Option<f64>,
}

/// Lines and marks on two axes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Panel {
    /// Title.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is shown, those below first.
    pub series: Vec<Series>,
    /// Grey lines over the whole width, at these values.
    pub levels: Vec<f64>,
    /// Grey lines over the whole height, at these values.
    pub moments: Vec<f64>,
}

/// Colour of lines over the whole panel.
const GREY: &str = "#888888";
/// More points than this are not told apart.
const MOST_POINTS: usize = 4000;

impl Axis {
    /// An axis with a label and nothing else.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }

    /// The same with another scale.
    pub fn scaled(self, scale: Scale) -> Self {
        Self { scale, ..self }
    }

    /// The same from `low` to `high`.
    pub fn between(self, low: f64, high: f64) -> Self {
        Self { low: Some(low), high: Some(high), ..self }
    }
}

impl Line {
    fn plot(&self) -> Plot {
        let style = match self.dashes {
            Dashes::Solid => LineStyle::Solid,
            Dashes::Dashed => LineStyle::Dashed,
            Dashes::Pattern(lengths) => LineStyle::Custom(lengths.into()),
        };
        let line = LinePlot::new()
            .with_data(self.points.iter().copied())
            .with_color(self.colour)
            .with_line_style(style)
            .with_stroke_width(self.width);
        let line = match &self.band {
            Some(Band { low, high }) => line.with_band(low.clone(), high.clone()),
            None => line,
        };
        if self.label.is_empty() { line.into() } else { line.with_legend(self.label.clone()).into() }
    }
}

impl Marks {
    fn plot(&self) -> Plot {
        let shape = match self.mark {
            Mark::Circle => MarkerShape::Circle,
            Mark::Square => MarkerShape::Square,
            Mark::Triangle => MarkerShape::Triangle,
            Mark::Diamond => MarkerShape::Diamond,
            Mark::TriangleDown => MarkerShape::TriangleDown,
            Mark::Cross => MarkerShape::Cross,
            Mark::Plus => MarkerShape::Plus,
        };
        let marks = ScatterPlot::new()
            .with_data(self.points.iter().copied())
            .with_color(self.colour)
            .with_size(self.size)
            .with_marker(shape);
        let marks = if self.errors.iter().any(|e| *e > 0.0) {
            marks.with_y_err(self.errors.iter().copied())
        } else {
            marks
        };
        if self.label.is_empty() { marks.into() } else { marks.with_legend(self.label.clone()).into() }
    }
}

impl Series {
    fn points(&self) -> &[(f64, f64)] {
        match self {
            Self::Line(line) => &line.points,
            Self::Marks(marks) => &marks.points,
            Self::Heat(_) | Self::Map(_) => &[],
        }
    }
}

/// Whether a number has a place on a logarithmic axis.
pub(crate) fn is_positive(x: f64) -> bool {
    x > 0.0 && x.is_finite()
}

impl Panel {
    pub(crate) fn draw(&self, frame: &Frame) -> (Vec<Plot>, Layout) {
        let plots = |series: &Series| match series {
            Series::Line(line) => vec![line.plot()],
            Series::Marks(marks) => vec![marks.plot()],
            Series::Heat(heat) => heat.plots(),
            Series::Map(map) => map.plots(),
        };
        let plots: Vec<Plot> = self.series.iter().flat_map(plots).collect();
        let layout = Layout::auto_from_plots(&plots);
        let points = || self.series.iter().flat_map(Series::points);
        let layout = match self.x.scale {
            Scale::Logarithmic if points().any(|(x, _)| is_positive(*x)) => layout.with_log_x(),
            _ => layout,
        };
        let layout = match self.y.scale {
            Scale::Logarithmic if points().any(|(_, y)| is_positive(*y)) => layout.with_log_y(),
            _ => layout,
        };
        let area = |layout: Layout, [left, right, low, high]: [f64; 4]| {
            let horizontal = layout.with_x_axis_min(left).with_x_axis_max(right);
            horizontal.with_y_axis_min(low).with_y_axis_max(high)
        };
        let shaded = self.series.iter().find(|s| matches!(s, Series::Heat(_) | Series::Map(_)));
        // Axes of nothing have ends too.
        let layout = if let Some(Series::Heat(heat)) = shaded {
            let both = area(layout, heat.ends()).with_legend_entries(heat.entries());
            both.with_y_tick_step(heat.tick_step())
        } else if let Some(Series::Map(map)) = shaded {
            area(layout, map.ends()).with_legend_entries(map.entries()).with_show_grid(false)
        } else if points().next().is_none() {
            let horizontal = layout.with_x_axis_min(0.0).with_x_axis_max(1.0);
            horizontal.with_y_axis_min(0.0).with_y_axis_max(1.0)
        } else {
            layout
        };
        let layout = frame.style(layout, &self.title, &self.x.label, &self.y.label);
        let layout = self.vertical(self.horizontal(layout));
        let level = |layout: Layout, at: &f64| {
            layout.with_reference_line(ReferenceLine::horizontal(*at).with_color(GREY))
        };
        let moment = |layout: Layout, at: &f64| {
            layout.with_reference_line(ReferenceLine::vertical(*at).with_color(GREY))
        };
        let layout = self.moments.iter().fold(self.levels.iter().fold(layout, level), moment);
        (plots, layout)
    }

    fn horizontal(&self, layout: Layout) -> Layout {
        let layout = match &self.x.scale {
            Scale::Powers => layout.with_x_tick_format(powers()),
            Scale::Words(words) => named_axis(layout, words.clone()),
            Scale::Linear | Scale::Logarithmic => layout,
        };
        let layout = self.x.low.into_iter().fold(layout, Layout::with_x_axis_min);
        let layout = self.x.high.into_iter().fold(layout, Layout::with_x_axis_max);
        self.x.step.into_iter().fold(layout, Layout::with_x_tick_step)
    }

    fn vertical(&self, layout: Layout) -> Layout {
        let layout = match &self.y.scale {
            Scale::Powers => layout.with_y_tick_format(powers()),
            Scale::Linear | Scale::Logarithmic | Scale::Words(_) => layout,
        };
        let layout = self.y.low.into_iter().fold(layout, Layout::with_y_axis_min);
        let layout = self.y.high.into_iter().fold(layout, Layout::with_y_axis_max);
        self.y.step.into_iter().fold(layout, Layout::with_y_tick_step)
    }
}

impl Frame {
    /// The panels in rows.
    pub(crate) fn scene(&self, title: &str, panels: &[Panel]) -> Scene {
        let [rows, columns] = self.cells(panels.len());
        let structure = (0..panels.len()).map(|i| vec![i]).collect();
        let (plots, layouts): (Vec<Vec<Plot>>, Vec<Layout>) = panels.iter().map(|p| p.draw(self)).unzip();
        let figure = Figure::new(rows, columns)
            .with_structure(structure)
            .with_plots(plots)
            .with_layouts(layouts)
            .with_cell_size(self.cell.0, self.cell.1)
            .with_spacing(18.0)
            .with_padding(14.0)
            .with_title(title)
            .with_title_size(self.title_size(title, columns));
        figure.render()
    }
}

/// Decimal logarithms as powers of ten.
fn powers() -> TickFormat {
    TickFormat::Custom(Arc::new(|x| {
        if x.fract() == 0.0 && x.abs() > 3.0 { format!("1e{x}") } else { short(10_f64.powf(x)) }
    }))
}

/// The ends of an axis that shows `values` when all of them are equal up to rounding, which would otherwise
/// fill the panel.
pub fn constant_range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let finite = values.filter(|x| x.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
    let size = low.abs().max(high.abs());
    let constant = low <= high && high - low <= 1e-9 * size.max(1e-3);
    constant.then(|| if size < 1e-3 { (-1.0, 1.0) } else { (low - 0.1 * size, high + 0.1 * size) })
}

impl Line {
    /// This line through `values` over `times`, broken where one is undefined, with a band of one standard
    /// error to either side where there are `errors`. Only the first piece keeps the label.
    pub fn pieces(&self, times: &[f64], values: &[f64], errors: Option<&[f64]>) -> Vec<Self> {
        let error = |row: usize| errors.and_then(|e| e.get(row)).copied().filter(|e| e.is_finite());
        let points: Vec<(f64, f64)> = times.iter().copied().zip(values.iter().copied()).collect();
        let kept = kept(&points);
        let pieces = kept.split(|row| !points[*row].1.is_finite()).filter(|piece| !piece.is_empty());
        let piece = |(number, rows): (usize, &[usize])| {
            let edge = |sign: f64| {
                rows.iter().map(|row| points[*row].1 + sign * error(*row).unwrap_or(0.0)).collect()
            };
            Self {
                label: if number == 0 { self.label.clone() } else { String::new() },
                points: rows.iter().map(|row| points[*row]).collect(),
                band: errors.is_some().then(|| Band { low: edge(-1.0), high: edge(1.0) }),
                ..self.clone()
            }
        };
        pieces.enumerate().map(piece).collect()
    }
}

/// Of many points the lowest and the highest of every group, so that no peak is lost.
pub fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    kept(points).into_iter().map(|row| points[row]).collect()
}

/// The rows of the points that [`thinned`] keeps.
fn kept(points: &[(f64, f64)]) -> Vec<usize> {
    if points.len() <= MOST_POINTS {
        return (0..points.len()).collect();
    }
    let group = (2 * points.len()).div_ceil(MOST_POINTS);
    let mut kept = Vec::new();
    for first in (0..points.len()).step_by(group) {
        let rows = first..points.len().min(first + group);
        let lowest = rows.clone().min_by(|x, y| points[*x].1.total_cmp(&points[*y].1));
        let highest = rows.max_by(|x, y| points[*x].1.total_cmp(&points[*y].1));
        let mut pair: Vec<usize> = lowest.into_iter().chain(highest).collect();
        pair.sort_unstable();
        kept.extend(pair);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_broken_where_it_is_undefined_and_has_a_band_of_its_errors() {
        let line = Line { label: "n".into(), ..Line::default() };
        let values = [1.0, 2.0, f64::NAN, 4.0];
        let pieces = line.pieces(&[0.0, 1.0, 2.0, 3.0], &values, Some(&[0.1, 0.25, 0.1, f64::NAN]));
        assert_eq!(pieces.iter().map(|p| p.label.as_str()).collect::<Vec<_>>(), ["n", ""]);
        assert_eq!(pieces[0].band, Some(Band { low: vec![0.9, 1.75], high: vec![1.1, 2.25] }));
        assert_eq!(pieces[1].band, Some(Band { low: vec![4.0], high: vec![4.0] }));
        assert_eq!(line.pieces(&[0.0], &[1.0], None)[0].band, None);
    }

    #[test]
    fn thinning_keeps_the_extremes() {
        let points: Vec<(f64, f64)> = (0..100_000).map(|i| (f64::from(i), f64::from(i % 7777))).collect();
        let kept = thinned(&points);
        assert!(kept.len() <= MOST_POINTS + 2 && kept.is_sorted_by(|x, y| x.0 <= y.0));
        let top = |p: &[(f64, f64)]| p.iter().fold(0.0_f64, |m, x| m.max(x.1));
        assert_eq!(top(&kept), top(&points));
    }

    /// The plotting library fails, or warns on its own, where a logarithmic axis has nothing to show.
    #[test]
    fn panels_without_points_have_axes() {
        let logarithmic = || Axis::new("N").scaled(Scale::Logarithmic);
        let nothing = Panel { x: logarithmic(), y: logarithmic(), ..Panel::default() };
        let marks =
            |points| Series::Marks(Marks { points, colour: "#000000", size: 3.0, ..Marks::default() });
        let empty = Panel { series: vec![marks(Vec::new())], ..nothing.clone() };
        let negative = Panel { series: vec![marks(vec![(2.0, -1.0), (4.0, 0.0)])], ..nothing.clone() };
        let picture = Frame::large((400.0, 300.0), (60.0, 60.0)).picture("none", &[nothing, empty, negative]);
        let svg = picture.svg();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
