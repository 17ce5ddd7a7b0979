//! The picture of the command `sweep`: what is read off every point over one or two parameters.

use superladder_plot::{Axis, COLOURS, Line, Mark, Marks, Panel, Scale, Series, WIDTHS};

use super::arrangement::Arrangement;
use super::{Axis as Swept, Results, SweepError, maps};
use crate::shown::ValueAxis;

/// More panels than this are not legible; the table has them all.
const MOST_PANELS: usize = 12;

/// Title and panels: every quantity against the first parameter, one line per value of the others; or over two
/// parameters in colours, one map per value of the others. Crosses mark what is not converged.
///
/// # Errors
/// [`SweepError::Plot`].
pub(super) fn panels(results: &Results<'_>) -> Result<(String, Vec<Panel>), SweepError> {
    let plot = &results.sweep.base.plot;
    let arrangement = Arrangement::of(plot, &results.sweep.axes)?;
    let moving = |name: &String| {
        let all = results.outcomes.iter().map(|o| Results::value(o, name)).filter(|x| x.is_finite());
        !plot.what.is_empty() || all.fold(0.0_f64, |most, x| most.max(x.abs())) > 1e-12
    };
    let names: Vec<String> = results.quantities().into_iter().filter(moving).collect();
    let mut title = format!("{}: {}", results.sweep.title(), results.what().to_lowercase());
    let mut panels: Vec<Panel> = if let Some(y) = arrangement.y {
        names.iter().flat_map(|name| maps::panels(results, &arrangement, y, name)).collect()
    } else {
        let families = Families::of(results, &arrangement);
        if families.shown.len() < families.count {
            title = format!("{title} ({} of {} lines)", families.shown.len(), families.count);
        }
        names.iter().take(MOST_PANELS).map(|name| families.panel(results, name)).collect()
    };
    if panels.len() > MOST_PANELS {
        title = format!("{title} ({MOST_PANELS} of {} panels)", panels.len());
        panels.truncate(MOST_PANELS);
    }
    Ok((title, panels))
}

/// Points that share a line.
struct Families<'a> {
    /// Places of the points along the horizontal axis, with the label of the line.
    shown: Vec<(String, Vec<usize>)>,
    /// Number of lines before the choice.
    count: usize,
    /// Coordinates of the points on the horizontal axis.
    abscissa: Vec<f64>,
    /// The parameter on that axis.
    swept: &'a Swept,
    /// It is made of numbers.
    numeric: bool,
    /// The coordinates are decimal logarithms of them.
    logarithmic: bool,
}

impl<'a> Families<'a> {
    /// Lines by the values of all parameters but that on the horizontal axis, evenly chosen where there are too many
    /// colours to tell apart.
    fn of(results: &Results<'a>, arrangement: &Arrangement) -> Self {
        let sweep = results.sweep;
        let swept = &sweep.axes[arrangement.x];
        let numeric = swept.values.iter().all(|v| v.number.is_some());
        let logarithmic = swept.logarithmic && swept.values.iter().all(|v| v.number.is_some_and(|x| x > 0.0));
        let place = |point: &super::Point| {
            let own = &point.values[arrangement.x];
            let place = swept.values.iter().position(|v| v == own).unwrap_or(0);
            match own.number.filter(|_| numeric) {
                Some(x) if logarithmic => x.log10(),
                Some(x) => x,
                None => place as f64,
            }
        };
        let groups = arrangement.groups(&sweep.axes, &sweep.points);
        let count = groups.len();
        let most = COLOURS.len().min(count);
        let chosen: Vec<usize> =
            (0..most).map(|k| if most == 1 { 0 } else { k * (count - 1) / (most - 1) }).collect();
        let shown =
            groups.into_iter().enumerate().filter(|(k, _)| chosen.contains(k)).map(|(_, group)| group);
        let abscissa = sweep.points.iter().map(place).collect();
        Self { shown: shown.collect(), count, abscissa, swept, numeric, logarithmic }
    }

    fn panel(&self, results: &Results<'_>, name: &str) -> Panel {
        let axis = ValueAxis::of(&results.sweep.base, name);
        let mut series = Vec::new();
        let mut bad: Vec<(f64, f64)> = Vec::new();
        let mut all: Vec<f64> = Vec::new();
        let value = |m: &usize| axis.value(Results::value(&results.outcomes[*m], name));
        for (index, (label, members)) in self.shown.iter().enumerate() {
            all.extend(members.iter().map(value));
            let point = |m: &usize| (self.abscissa[*m], value(m));
            let finite = members.iter().filter(|m| value(m).is_finite());
            let broken = |m: &&usize| !Results::reasons(&results.outcomes[**m]).is_empty();
            bad.extend(finite.clone().filter(broken).map(point));
            let error = |m: &usize| {
                let outcome = &results.outcomes[*m];
                Results::error(outcome, name).map(|e| axis.error(Results::value(outcome, name), e))
            };
            let mut sorted: Vec<((f64, f64), Option<f64>)> = finite.map(|m| (point(m), error(m))).collect();
            sorted.sort_by(|a, b| a.0.0.total_cmp(&b.0.0));
            let sampled = sorted.iter().any(|(_, error)| error.is_some());
            let (points, errors): (Vec<_>, Vec<_>) =
                sorted.into_iter().map(|(point, error)| (point, error.unwrap_or(0.0))).unzip();
            let errors = if sampled { errors } else { Vec::new() };
            let colour = COLOURS[index % COLOURS.len()];
            // Words have no order that a line could follow.
            if self.numeric {
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
        let (vertical, levels) = axis.vertical(name, all.into_iter());
        Panel {
            title: name.to_owned(),
            x: Axis::new(&*self.swept.key).scaled(self.scale()),
            y: vertical,
            series,
            levels,
            ..Panel::default()
        }
    }

    fn scale(&self) -> Scale {
        match (self.numeric, self.logarithmic) {
            (false, _) => Scale::Words(self.swept.values.iter().map(|v| v.text.clone()).collect()),
            (true, true) => Scale::Powers,
            (true, false) => Scale::Linear,
        }
    }
}
