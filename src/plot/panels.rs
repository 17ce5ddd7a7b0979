//! Which lines share a panel.

use superladder_engine::{Problem, Recorder};
use superladder_model::{Observable, Shape};

use super::typeset::axis_label;

/// One panel of an overview.
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) label: String,
    pub(super) lines: Vec<Line>,
}

/// One line of a panel.
pub(super) struct Line {
    pub(super) label: String,
    pub(super) values: Vec<f64>,
}

/// More lines than this are not told apart: of longer vectors only the largest components are drawn.
const MOST_LINES: usize = 7;
/// This part of the values at either end is rare, and cut off where it lies ...
const RARE: f64 = 0.05;
/// ... this many times further apart than the others.
const FAR: f64 = 200.0;
/// More points than this are not told apart either.
const MOST_POINTS: usize = 4000;

/// One panel per observable; scalars of one kind share theirs; the diagnostics come last.
pub(super) fn panels(problem: &Problem, recorder: &Recorder) -> Vec<Panel> {
    let mut panels: Vec<Panel> = Vec::new();
    let mut shared: Vec<(&str, usize)> = Vec::new();
    for (index, observable) in problem.observables.iter().enumerate() {
        let Some(lines) = lines(problem, recorder, index, observable) else { continue };
        let kind = observable.definition.name;
        let scalar = lines.len() == 1;
        if let Some((_, panel)) = shared.iter().find(|(known, _)| *known == kind).filter(|_| scalar) {
            kind.clone_into(&mut panels[*panel].title);
            panels[*panel].lines.extend(lines);
            continue;
        }
        if scalar {
            shared.push((kind, panels.len()));
        }
        let label = axis_label(observable.definition.formula, kind);
        panels.push(Panel { title: observable.name.clone(), label, lines });
    }
    panels.iter_mut().for_each(Panel::cut_peaks);
    panels.extend(cutoffs(recorder));
    panels.extend(diagnostics(recorder));
    panels
}

fn lines(problem: &Problem, recorder: &Recorder, index: usize, observable: &Observable) -> Option<Vec<Line>> {
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
    let line = |(component, label)| Line { label, values: recorder.column(index, component) };
    let mut lines: Vec<Line> = labels.into_iter().enumerate().map(line).collect();
    if lines.len() > MOST_LINES {
        let peak = |line: &Line| line.values.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        let mut peaks: Vec<f64> = lines.iter().map(peak).collect();
        peaks.sort_by(|x, y| y.total_cmp(x));
        lines.retain(|line| peak(line) >= peaks[MOST_LINES - 1]);
        lines.truncate(MOST_LINES);
    }
    Some(lines)
}

impl Panel {
    /// The vertical axis to show when all values are equal up to rounding, which would otherwise fill the panel.
    pub(super) fn constant_axis(&self) -> Option<(f64, f64)> {
        let finite = self.lines.iter().flat_map(|l| &l.values).filter(|x| x.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
        let size = low.abs().max(high.abs());
        let constant = low <= high && high - low <= 1e-9 * size.max(1e-3);
        constant.then(|| if size < 1e-3 { (-1.0, 1.0) } else { (low - 0.1 * size, high + 0.1 * size) })
    }

    /// Cuts off rare values far beyond all others (the Wineland parameter diverges where `<S>` passes zero), so
    /// that the rest stays legible; the title says so.
    fn cut_peaks(&mut self) {
        let mut values: Vec<f64> = self.lines.iter().flat_map(|l| &l.values).copied().collect();
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
        self.lines.iter_mut().flat_map(|l| &mut l.values).for_each(|x| {
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
fn cutoffs(recorder: &Recorder) -> Option<Panel> {
    let names = recorder.records.last()?.diagnostics.iter().map(|(name, _)| name);
    let line = |name: &String| {
        let value = |r: &superladder_engine::Record| {
            r.diagnostics.iter().find(|(known, _)| known == name).map_or(f64::NAN, |(_, x)| *x)
        };
        Line { label: name.clone(), values: recorder.records.iter().map(value).collect() }
    };
    let lines: Vec<Line> = names.filter(|name| is_cutoff(name)).map(line).collect();
    (!lines.is_empty()).then(|| Panel { title: "cutoffs".into(), label: "highest Fock level".into(), lines })
}

/// The worst values so far, as decimal logarithms.
fn diagnostics(recorder: &Recorder) -> Option<Panel> {
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
        Line { label: name.replace('_', " "), values: recorder.records.iter().map(value).collect() }
    };
    let lines: Vec<Line> = names.iter().map(line).collect();
    let label = "log₁₀ of the worst so far".to_owned();
    (!lines.is_empty()).then(|| Panel { title: "diagnostics".into(), label, lines })
}

/// Of many points the lowest and the highest of every group, so that no peak is lost.
pub(super) fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    if points.len() <= MOST_POINTS {
        return points;
    }
    let group = (2 * points.len()).div_ceil(MOST_POINTS);
    let mut kept = Vec::new();
    for chunk in points.chunks(group) {
        let lowest = chunk.iter().min_by(|x, y| x.1.total_cmp(&y.1));
        let highest = chunk.iter().max_by(|x, y| x.1.total_cmp(&y.1));
        let mut pair: Vec<(f64, f64)> = lowest.into_iter().chain(highest).copied().collect();
        pair.sort_by(|x, y| x.0.total_cmp(&y.0));
        kept.extend(pair);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_the_extremes() {
        let points: Vec<(f64, f64)> = (0..100_000).map(|i| (f64::from(i), f64::from(i % 7777))).collect();
        let kept = thinned(points.clone());
        assert!(kept.len() <= MOST_POINTS + 2 && kept.is_sorted_by(|x, y| x.0 <= y.0));
        let top = |p: &[(f64, f64)]| p.iter().fold(0.0_f64, |m, x| m.max(x.1));
        assert_eq!(top(&kept), top(&points));
    }
}
