//! The picture of the command `squeezing`: every parameter against time by engine, and its minimum against N.

use superladder_engine::End;
use superladder_plot::{Axis, COLOURS, Dashes, Line, Marks, Panel, Scale, Series, TIME, short};

use super::findings::{Findings, Minimum};
use crate::shown::ValueAxis;
use crate::sweep::{Outcome, Results};

/// Panels by reduction: its column against time, every engine at its largest size; then, where sizes are varied, the
/// minima against them with the laws and the limit.
pub(super) fn panels(results: &Results<'_>, findings: &Findings) -> Vec<Panel> {
    let mut panels = Vec::new();
    for (entry, (reduction, minima)) in results.sweep.base.reductions.iter().zip(&findings.minima) {
        let is_stationary = results.sweep.base.problem.end == End::Stationary;
        if !is_stationary {
            panels.push(against_time(results, &entry.column));
        }
        let shown = !is_stationary || entry.column.starts_with("squeezing(");
        if shown && results.sweep.axes.len() > 1 {
            panels.push(against_size(results, findings, reduction, minima));
        }
    }
    panels
}

/// Every engine at the largest size that it ran at: its name, that size in words and its outcome.
fn largest<'a>(results: &'a Results<'_>) -> Vec<(String, String, &'a Outcome)> {
    let sizes = results.sweep.axes.get(1).map_or(1, |axis| axis.values.len());
    let points: Vec<_> = results.points().collect();
    let last = |group: &[(&'a crate::sweep::Point, &'a Outcome)]| {
        let size = |p: &crate::sweep::Point| p.values.get(1).and_then(|v| v.number).unwrap_or(0.0);
        let ran = group.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Ran(_)));
        let (point, outcome) = ran.max_by(|a, b| size(a.0).total_cmp(&size(b.0)))?;
        let n = point.values.get(1).map(|v| format!(", {} = {}", results.sweep.axes[1].key, v.text));
        Some((point.values[0].text.clone(), n.unwrap_or_default(), *outcome))
    };
    points.chunks(sizes).filter_map(last).collect()
}

fn against_time(results: &Results<'_>, name: &str) -> Panel {
    let axis = ValueAxis::of(&results.sweep.base, name);
    let (mut series, mut all) = (Vec::new(), Vec::new());
    let shown = largest(results);
    // A size that all have stands in the title.
    let common = shown.first().map(|first| first.1.clone()).filter(|size| shown.iter().all(|s| s.1 == *size));
    for (index, (engine, size, outcome)) in shown.into_iter().enumerate() {
        let label = if common.is_some() { engine } else { engine + &size };
        let Outcome::Ran(kept) = outcome else { continue };
        let column = |name: &str| kept.columns.iter().find(|c| c.name == name).map(|c| c.values.as_slice());
        let (Some(times), Some(values)) = (column("t"), column(name)) else { continue };
        let drawn = axis.values(values);
        let errors = column(&format!("{name}.standard_error"));
        let errors: Option<Vec<f64>> =
            errors.map(|errors| values.iter().zip(errors).map(|(x, e)| axis.error(*x, *e)).collect());
        all.extend(drawn.iter().copied());
        let (colour, dashes) =
            (COLOURS[index % COLOURS.len()], if index == 0 { Dashes::Solid } else { Dashes::Dashed });
        let line = Line { label, colour, width: 2.0, dashes, ..Line::default() };
        series.extend(line.pieces(times, &drawn, errors.as_deref()).into_iter().map(Series::Line));
    }
    let (vertical, levels) = axis.vertical(name, all.iter().copied());
    let title = format!("{name}{}", common.unwrap_or_default());
    Panel { title, x: Axis::new(TIME), y: vertical, series, levels, ..Panel::default() }
}

/// The vertical axis shows powers of ten of logarithms, so that it ends where the values do.
fn against_size(results: &Results<'_>, findings: &Findings, reduction: &str, minima: &[Minimum]) -> Panel {
    let swept = &results.sweep.axes[1];
    let mut series = Vec::new();
    let sizes: Vec<f64> = swept.values.iter().filter_map(|v| v.number).collect();
    let ends = sizes.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    for (index, engine) in results.sweep.axes[0].values.iter().enumerate() {
        let own = minima.iter().filter(|m| m.engine == engine.text && m.value.value > 0.0);
        let own: Vec<(&Minimum, f64)> = own.filter_map(|m| Some((m, m.size.filter(|n| *n > 0.0)?))).collect();
        let points = own.iter().map(|(m, n)| (*n, m.value.value.log10())).collect();
        let error =
            |m: &Minimum| m.value.standard_error.unwrap_or(0.0) / (std::f64::consts::LN_10 * m.value.value);
        let errors = own.iter().map(|(m, _)| error(m)).collect();
        let colour = COLOURS[index % COLOURS.len()];
        let scaling = findings.scalings.iter().find(|s| s.reduction == reduction && s.engine == engine.text);
        if let Some(law) = scaling.and_then(|s| s.law.as_ref().ok()) {
            let at = |n: f64| (n, law.prefactor.log10() - law.alpha * n.log10());
            let label = format!("N^{}", short((-1000.0 * law.alpha).round() / 1000.0));
            let points = vec![at(ends.0), at(ends.1)];
            series.push(Series::Line(Line { label, points, colour, width: 1.4, ..Line::default() }));
        }
        let label = engine.text.clone();
        series.push(Series::Marks(Marks { label, points, colour, size: 4.0, errors, ..Marks::default() }));
    }
    if let Some(limit) = findings.limit(reduction).map(|limit| limit.value).filter(|x| *x > 0.0) {
        series.push(Series::Line(Line {
            label: "linear noise".into(),
            points: vec![(ends.0, limit.log10()), (ends.1, limit.log10())],
            colour: "#000000",
            width: 1.4,
            dashes: Dashes::Dashed,
            ..Line::default()
        }));
    }
    Panel {
        title: reduction.to_owned(),
        x: Axis::new(&*swept.key).scaled(Scale::Logarithmic).between(0.9 * ends.0, 1.1 * ends.1),
        y: Axis::new(if reduction.starts_with("final") { "at rest" } else { "minimum" })
            .scaled(Scale::Powers),
        series,
        ..Panel::default()
    }
}
