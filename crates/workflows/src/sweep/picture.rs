//! The picture of the command `sweep`: final values against the first parameter swept.

use superladder_plot::{
    Axis, COLOURS, Frame, Line, Mark, Marks, Panel, Picture, Scale, Series, WIDTHS, constant_range,
};

use super::{Point, Results};

/// More panels than this are not legible; the table has them all.
const MOST_PANELS: usize = 12;

/// Every scalar column at the last time against the first axis, one line per value of the others; crosses
/// mark what is not converged.
pub(super) fn picture(results: &Results<'_>) -> Picture {
    let families = Families::of(results);
    let moving = |name: &String| {
        let all = results.outcomes.iter().map(|o| Results::last(o, name)).filter(|x| x.is_finite());
        all.fold(0.0_f64, |most, x| most.max(x.abs())) > 1e-12
    };
    let names: Vec<String> = results.scalars().into_iter().filter(moving).take(MOST_PANELS).collect();
    let mut title = format!("{}: {}", results.sweep.title(), results.what().to_lowercase());
    if families.shown.len() < families.count {
        title = format!("{title} ({} of {} lines)", families.shown.len(), families.count);
    }
    let panels: Vec<Panel> = names.iter().map(|name| families.panel(results, name)).collect();
    Frame::SMALL.picture(&title, &panels)
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
    /// Lines by the values of all axes but the first, evenly chosen where there are too many colours to tell
    /// apart.
    fn of(results: &Results<'_>) -> Self {
        let sweep = results.sweep;
        let (first, others) = (&sweep.axes[0], &sweep.axes[1..]);
        let numeric = first.values.iter().all(|v| v.number.is_some());
        let place = |point: &Point| {
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

    fn panel(&self, results: &Results<'_>, name: &str) -> Panel {
        let mut series = Vec::new();
        let mut bad: Vec<(f64, f64)> = Vec::new();
        let mut all: Vec<f64> = Vec::new();
        for (index, (label, members)) in self.shown.iter().enumerate() {
            let value = |m: &usize| Results::last(&results.outcomes[*m], name);
            all.extend(members.iter().map(value));
            let point = |m: &usize| (self.abscissa[*m], value(m));
            let finite = members.iter().filter(|m| value(m).is_finite());
            let broken = |m: &&usize| !Results::reasons(&results.outcomes[**m]).is_empty();
            bad.extend(finite.clone().filter(broken).map(point));
            let error = |m: &usize| Results::last_error(&results.outcomes[*m], name);
            let mut sorted: Vec<((f64, f64), Option<f64>)> = finite.map(|m| (point(m), error(m))).collect();
            sorted.sort_by(|a, b| a.0.0.total_cmp(&b.0.0));
            let sampled = sorted.iter().any(|(_, error)| error.is_some());
            let (points, errors): (Vec<_>, Vec<_>) =
                sorted.into_iter().map(|(point, error)| (point, error.unwrap_or(0.0))).unzip();
            let errors = if sampled { errors } else { Vec::new() };
            let colour = COLOURS[index % COLOURS.len()];
            // Words have no order that a line could follow.
            if self.words.is_none() {
                let (points, width) = (points.clone(), WIDTHS[index.min(WIDTHS.len() - 1)]);
                series.push(Series::Line(Line { points, colour, width, ..Line::default() }));
            }
            let label = label.clone();
            series.push(Series::Marks(Marks {
                label,
                points,
                colour,
                size: 3.0,
                errors,
                ..Marks::default()
            }));
        }
        if !bad.is_empty() {
            series.push(Series::Marks(Marks {
                label: "not converged".into(),
                points: bad,
                colour: "#000000",
                size: 6.0,
                mark: Mark::Cross,
                errors: Vec::new(),
            }));
        }
        let scale = match &self.words {
            Some(words) => Scale::Words(words.clone()),
            None if self.logarithmic => Scale::Logarithmic,
            None => Scale::Linear,
        };
        let (low, high) = constant_range(all.into_iter()).unzip();
        Panel {
            title: name.to_owned(),
            x: Axis::new(&*self.label).scaled(scale),
            y: Axis { low, high, ..Axis::new(name) },
            series,
            ..Panel::default()
        }
    }
}
