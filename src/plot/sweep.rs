//! The picture of the command `sweep`: final values against the first parameter swept.

use kuva::plot::scatter::MarkerShape;
use kuva::plot::{LinePlot, ScatterPlot};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

use super::panels::{Line, Panel};
use super::typeset::named_axis;
use super::{COLOURS, Frame, Picture, WIDTHS};
use crate::sweep::Results;

/// More panels than this are not legible; the table has them all.
const MOST_PANELS: usize = 12;

/// Every scalar column at the last time against the first axis, one line per value of the others; crosses mark what is
/// not converged.
pub fn sweep(results: &Results<'_>) -> Picture {
    let families = Families::of(results);
    let moving = |name: &String| {
        let all = results.outcomes.iter().map(|o| Results::last(o, name)).filter(|x| x.is_finite());
        all.fold(0.0_f64, |most, x| most.max(x.abs())) > 1e-12
    };
    let names: Vec<String> = results.scalars().into_iter().filter(moving).take(MOST_PANELS).collect();
    let mut title = format!("{}: final values", results.sweep.base.title);
    if families.shown.len() < families.count {
        title = format!("{title} ({} of {} lines)", families.shown.len(), families.count);
    }
    Frame::SMALL.picture(&title, names.iter().map(|name| families.panel(results, name)).collect())
}

/// Points that share a line.
struct Families {
    /// Places of the points along the first axis, with the label of the line.
    shown: Vec<(String, Vec<usize>)>,
    /// Number of lines before the choice.
    count: usize,
    /// Coordinates of the points on the first axis.
    abscissa: Vec<f64>,
    /// Label of the first axis.
    label: String,
    /// Values on the first axis, where they are words.
    words: Option<Vec<String>>,
    logarithmic: bool,
}

impl Families {
    /// Lines by the values of all axes but the first, evenly chosen where there are too many colours to tell apart.
    fn of(results: &Results<'_>) -> Self {
        let sweep = results.sweep;
        let (first, others) = (&sweep.axes[0], &sweep.axes[1..]);
        let numeric = first.values.iter().all(|v| v.number.is_some());
        let place = |point: &crate::sweep::Point| {
            let place = first.values.iter().position(|v| *v == point.values[0]).unwrap_or(0);
            if numeric { point.values[0].number.unwrap_or(f64::NAN) } else { place as f64 }
        };
        let count = (sweep.points.len() / first.values.len()).max(1);
        let line = |family: usize| {
            let members: Vec<usize> = (family..sweep.points.len()).step_by(count).collect();
            let values = &sweep.points[family].values[1..];
            let words = others.iter().zip(values).map(|(axis, v)| format!("{} = {}", axis.key, v.text));
            (words.collect::<Vec<_>>().join(", "), members)
        };
        let most = COLOURS.len().min(count);
        let chosen = (0..most).map(|k| if most == 1 { 0 } else { k * (count - 1) / (most - 1) });
        Self {
            shown: chosen.map(line).collect(),
            count,
            abscissa: sweep.points.iter().map(place).collect(),
            label: first.key.clone(),
            words: (!numeric).then(|| first.values.iter().map(|v| v.text.clone()).collect()),
            logarithmic: first.logarithmic,
        }
    }

    fn panel(&self, results: &Results<'_>, name: &str) -> (Vec<Plot>, Layout) {
        let mut plots: Vec<Plot> = Vec::new();
        let mut bad: Vec<(f64, f64)> = Vec::new();
        let mut lines: Vec<Line> = Vec::new();
        for (index, (label, members)) in self.shown.iter().enumerate() {
            let values: Vec<f64> =
                members.iter().map(|&m| Results::last(&results.outcomes[m], name)).collect();
            let mut points = Vec::new();
            for (&member, &value) in members.iter().zip(&values).filter(|(_, y)| y.is_finite()) {
                let point = (self.abscissa[member], value);
                points.push(point);
                if !Results::reasons(&results.outcomes[member]).is_empty() {
                    bad.push(point);
                }
            }
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            let colour = COLOURS[index % COLOURS.len()];
            // Words have no order that a line could follow.
            if self.words.is_none() {
                let line = LinePlot::new().with_data(points.iter().copied()).with_color(colour);
                plots.push(line.with_stroke_width(WIDTHS[index.min(WIDTHS.len() - 1)]).into());
            }
            let marks = ScatterPlot::new().with_data(points).with_color(colour).with_size(3.0);
            let named = !label.is_empty();
            plots.push(if named { marks.with_legend(label.clone()).into() } else { marks.into() });
            lines.push(Line { label: label.clone(), values });
        }
        if !bad.is_empty() {
            let marks = ScatterPlot::new().with_data(bad).with_color("#000000").with_size(6.0);
            plots.push(marks.with_marker(MarkerShape::Cross).with_legend("not converged").into());
        }
        let mut layout = Frame::SMALL.style(Layout::auto_from_plots(&plots), name, &self.label, name);
        let panel = Panel { title: String::new(), label: String::new(), lines };
        if let Some((low, high)) = panel.constant_axis() {
            layout = layout.with_y_axis_min(low).with_y_axis_max(high);
        }
        let layout = match &self.words {
            Some(words) => named_axis(layout, words.clone()),
            None if self.logarithmic => layout.with_log_x(),
            None => layout,
        };
        (plots, layout)
    }
}
