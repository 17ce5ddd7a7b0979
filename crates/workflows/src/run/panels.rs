//! Which lines share a panel.

use superladder_engine::{Problem, Recorder};
use superladder_model::{Observable, Shape};
use superladder_plot::{Heat, axis_label};
use superladder_study::PlotTable;

use crate::results::standard_errors;

/// One panel of an overview.
pub(super) struct Shown {
    pub(super) title: String,
    /// Label of the vertical axis.
    pub(super) label: String,
    pub(super) curves: Vec<Curve>,
    /// A distribution over more levels than lines are told apart.
    pub(super) heat: Option<Heat>,
}

/// One line of a panel.
pub(super) struct Curve {
    /// Its column.
    pub(super) column: String,
    pub(super) label: String,
    pub(super) values: Vec<f64>,
    /// Standard errors, of an engine that samples.
    pub(super) errors: Option<Vec<f64>>,
}

impl Curve {
    fn exact((label, values): (String, Vec<f64>)) -> Self {
        Self { column: label.clone(), label, values, errors: None }
    }
}

/// More lines than this are not told apart: of longer vectors only the largest components are drawn, and the
/// title says so.
const MOST_LINES: usize = 7;
/// This part of the values at either end is rare, and cut off where it lies ...
const RARE: f64 = 0.05;
/// ... this many times further apart than the others.
const FAR: f64 = 200.0;

/// What a study wants to see: the panels with the quantities that its table `plot` names, in that order, or all.
pub(super) fn wanted(problem: &Problem, recorder: &Recorder, plot: &PlotTable) -> Vec<Shown> {
    let mut panels = panels(problem, recorder);
    // Reductions, which have no curve, leave the picture as it is.
    let named = |panel: &Shown| panel.curves.iter().filter_map(|curve| plot.place(&curve.column)).min();
    if panels.iter().all(|panel| named(panel).is_none()) {
        return panels;
    }
    for panel in &mut panels {
        panel.curves.retain(|curve| plot.shows(&curve.column));
    }
    panels.retain(|panel| named(panel).is_some());
    panels.sort_by_key(named);
    panels
}

/// One panel per observable; scalars of one kind share theirs, and components that are quantities of their own have one
/// each; the diagnostics come last.
fn panels(problem: &Problem, recorder: &Recorder) -> Vec<Shown> {
    let mut panels: Vec<Shown> = Vec::new();
    let mut shared: Vec<(&str, usize)> = Vec::new();
    for (index, observable) in problem.observables.iter().enumerate() {
        let Some((lines, all)) = lines(problem, recorder, index, observable) else { continue };
        if all > MOST_LINES
            && let Shape::Vector(_) = observable.shape(problem.model(), &recorder.levels(problem))
        {
            panels.extend(distribution(problem, recorder, index, observable));
            continue;
        }
        if observable.classical_limit().is_some() {
            panels.extend(apart(observable, lines));
            continue;
        }
        let left_out = all - lines.len();
        let kind = observable.definition.name;
        let scalar = lines.len() == 1;
        if let Some((_, panel)) = shared.iter().find(|(known, _)| *known == kind).filter(|_| scalar) {
            kind.clone_into(&mut panels[*panel].title);
            panels[*panel].curves.extend(lines);
            continue;
        }
        if scalar {
            shared.push((kind, panels.len()));
        }
        let label = axis_label(observable.definition.formula, kind);
        let title = match left_out {
            0 => observable.name.clone(),
            _ => format!("{} (the largest {} of {all})", observable.name, lines.len()),
        };
        panels.push(Shown { title, label, curves: lines, heat: None });
    }
    panels.iter_mut().for_each(Shown::cut_peaks);
    panels.extend(cutoffs(recorder));
    panels.extend(diagnostics(recorder));
    panels
}

/// A panel per component, each with the part of the formula that is its own.
fn apart(observable: &Observable, lines: Vec<Curve>) -> impl Iterator<Item = Shown> {
    let kind = observable.definition.name;
    let parts: Vec<&str> = observable.definition.formula.split(", ").collect();
    let whole = parts.len() == lines.len();
    lines.into_iter().enumerate().map(move |(number, line)| Shown {
        title: line.column.clone(),
        label: match parts.get(number).filter(|_| whole) {
            Some(part) => axis_label(part, kind),
            None => line.label.clone(),
        },
        curves: vec![line],
        heat: None,
    })
}

fn lines(
    problem: &Problem,
    recorder: &Recorder,
    index: usize,
    observable: &Observable,
) -> Option<(Vec<Curve>, usize)> {
    let levels = recorder.levels(problem);
    let labels: Vec<String> = match observable.shape(problem.model(), &levels) {
        Shape::Matrix(_) | Shape::Blocks(_) => return None,
        Shape::Components(names) if names.len() == 1 => vec![observable.name.clone()],
        Shape::Components(names) => names.iter().map(|n| n.replace('_', " ")).collect(),
        Shape::Vector(_) => {
            let short = |column: String| {
                let end = column.rsplit('.').next().unwrap_or_default();
                if end.parse::<usize>().is_ok() { format!("n={end}") } else { end.to_owned() }
            };
            observable.columns(problem.model(), &levels).into_iter().map(short).collect()
        }
    };
    let columns = observable.columns(problem.model(), &levels);
    let line = |(component, label): (usize, String)| Curve {
        column: columns.get(component).cloned().unwrap_or_default(),
        label,
        values: recorder.column(index, component),
        errors: standard_errors(recorder, index, component),
    };
    let mut lines: Vec<Curve> = labels.into_iter().enumerate().map(line).collect();
    let all = lines.len();
    if all > MOST_LINES {
        lines = largest(lines);
    }
    Some((lines, all))
}

/// The distribution over levels, or over ladders, as a map.
fn distribution(
    problem: &Problem,
    recorder: &Recorder,
    index: usize,
    observable: &Observable,
) -> Option<Shown> {
    let columns = observable.columns(problem.model(), &recorder.levels(problem));
    let rows: Vec<Vec<f64>> = (0..columns.len()).map(|component| recorder.column(index, component)).collect();
    // Levels are named 0, 1, ..., ladders j=0, j=1, ... or j=1/2, j=3/2, ...
    let ladders = columns[0].ends_with("j=0") || columns[0].ends_with("j=1/2");
    let first = if columns[0].ends_with("/2") { 0.5 } else { 0.0 };
    let heat = Heat::new(&recorder.times(), (first, 1.0), &rows)?;
    let together = heat.rows_together(1.0);
    let average = if together > 1 { format!(", averages of up to {together}") } else { String::new() };
    Some(Shown {
        title: format!("{} (shades are logarithmic{average})", observable.name),
        label: if ladders { "j".into() } else { "n".into() },
        curves: Vec::new(),
        heat: Some(heat),
    })
}

/// The lines with the largest peaks, in their order; those that are zero throughout are none of them.
fn largest(lines: Vec<Curve>) -> Vec<Curve> {
    let peak = |line: &Curve| line.values.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let peaks: Vec<f64> = lines.iter().map(peak).collect();
    let mut order: Vec<usize> = (0..lines.len()).filter(|line| peaks[*line] > 0.0).collect();
    order.sort_by(|x, y| peaks[*y].total_cmp(&peaks[*x]));
    order.truncate(MOST_LINES);
    lines.into_iter().enumerate().filter(|(line, _)| order.contains(line)).map(|(_, line)| line).collect()
}

impl Shown {
    /// Cuts off rare values far beyond all others (the Wineland parameter diverges where `<S>` passes zero),
    /// so that the rest stays legible; the title says so.
    fn cut_peaks(&mut self) {
        let mut values: Vec<f64> = self.curves.iter().flat_map(|c| &c.values).copied().collect();
        values.retain(|x| x.is_finite());
        values.sort_by(f64::total_cmp);
        let (Some(least), Some(most)) = (values.first(), values.last()) else { return };
        let quantile = |q: f64| values[((values.len() - 1) as f64 * q) as usize];
        let (low, high) = (quantile(RARE), quantile(1.0 - RARE));
        if most - least <= FAR * (high - low) || high <= low {
            return;
        }
        let margin = 0.5 * (high - low);
        let kept = low - margin..=high + margin;
        self.curves.iter_mut().flat_map(|c| &mut c.values).for_each(|x| {
            if !kept.contains(x) {
                *x = f64::NAN;
            }
        });
        self.title.push_str(" (peaks cut off)");
    }
}

/// Whether a figure of the diagnostics is a cutoff that follows the state.
fn is_cutoff(name: &str) -> bool {
    name.starts_with("cutoff(")
}

/// Cutoffs that follow the state.
fn cutoffs(recorder: &Recorder) -> Option<Shown> {
    let names = recorder.records.last()?.diagnostics.iter().map(|(name, _)| name);
    let line = |name: &String| {
        let value = |r: &superladder_engine::Record| {
            r.diagnostics.iter().find(|(known, _)| known == name).map_or(f64::NAN, |(_, x)| *x)
        };
        (name.clone(), recorder.records.iter().map(value).collect())
    };
    let lines: Vec<(String, Vec<f64>)> = names.filter(|name| is_cutoff(name)).map(line).collect();
    (!lines.is_empty()).then(|| Shown {
        title: "cutoffs".into(),
        label: "highest Fock level".into(),
        curves: lines.into_iter().map(Curve::exact).collect(),
        heat: None,
    })
}

/// The worst values so far, as decimal logarithms.
fn diagnostics(recorder: &Recorder) -> Option<Shown> {
    /// Rounding: smaller values say nothing and zero has no logarithm.
    const FLOOR: f64 = 1e-17;
    let names: Vec<String> = recorder
        .records
        .last()?
        .diagnostics
        .iter()
        .map(|(name, _)| name.clone())
        .filter(|n| !is_cutoff(n))
        .collect();
    let line = |name: &String| {
        let value = |r: &superladder_engine::Record| {
            r.diagnostics
                .iter()
                .find(|(known, _)| known == name)
                .map_or(f64::NAN, |(_, x)| x.max(FLOOR).log10())
        };
        (name.replace('_', " "), recorder.records.iter().map(value).collect())
    };
    let lines: Vec<(String, Vec<f64>)> = names.iter().map(line).collect();
    let label = "log₁₀ of the worst so far".to_owned();
    let curves: Vec<Curve> = lines.into_iter().map(Curve::exact).collect();
    (!curves.is_empty()).then(|| Shown { title: "diagnostics".into(), label, curves, heat: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_lines_are_drawn_wherever_they_stand() {
        let line = |k: usize, peak: f64| Curve::exact((format!("n={k}"), vec![0.0, peak]));
        // All the weight in the last of eleven.
        let lines = (0..11).map(|k| line(k, if k == 10 { 1.0 } else { 0.0 })).collect();
        assert_eq!(largest(lines).iter().map(|c| c.label.as_str()).collect::<Vec<_>>(), ["n=10"]);
        let lines = (0..9).map(|k| line(k, 1.0 + ((k * 4) % 9) as f64)).collect();
        let kept: Vec<String> = largest(lines).into_iter().map(|c| c.label).collect();
        // n = 0 has 1, n = 7 has 2: the two smallest.
        assert_eq!(kept, ["n=1", "n=2", "n=3", "n=4", "n=5", "n=6", "n=8"]);
    }
}
