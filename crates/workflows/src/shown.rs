//! How quantities are drawn: scales, limits and lines of their axes, panels in files.

use superladder_model::Observable;
use superladder_plot::{Axis, Frame, Panel, Scale, constant_range, short};
use superladder_study::{Study, ValueScale};

use crate::results::{OutputError, OutputFolder};

/// A longer label does not fit beside a panel, whose title says the same.
const LONGEST: usize = 28;
/// Space beyond a line that an axis is lengthened to, in parts of its length.
const MARGIN: f64 = 0.05;

/// The axis of the values of one quantity: a column, or a reduction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ValueAxis {
    scale: ValueScale,
    limits: Option<[f64; 2]>,
    /// The value of coherent states, as it is drawn.
    level: Option<f64>,
    /// The values themselves are decibels.
    decibels: bool,
}

/// The value of coherent states of a column, where that divides classical from quantum.
fn classical_limit(study: &Study, column: &str) -> Option<f64> {
    let (problem, levels) = (&study.problem, study.problem.levels());
    let has = |o: &&Observable| o.columns(problem.model(), &levels).iter().any(|known| known == column);
    let limited = problem.observables.iter().filter(|o| o.classical_limit().is_some());
    limited.clone().find(has)?.classical_limit()
}

impl ValueAxis {
    /// As the study wants it.
    pub(crate) fn of(study: &Study, name: &str) -> Self {
        let entry = study.reductions.iter().find(|entry| entry.name == name);
        let column = entry.map_or(name, |entry| &entry.column);
        let is_time = entry.is_some_and(|entry| entry.reduction.is_time());
        let decibels = entry.is_some_and(|entry| entry.decibels);
        let scale = study.plot.scale(name).filter(|_| !decibels).unwrap_or(ValueScale::Linear);
        let scale = if is_time && scale == ValueScale::Decibels { ValueScale::Linear } else { scale };
        let axis = Self { scale, limits: study.plot.limits(name), level: None, decibels };
        let level = classical_limit(study, column).filter(|_| !is_time);
        let drawn = |level: f64| if decibels { 10.0 * level.log10() } else { axis.value(level) };
        Self { level: level.map(drawn), ..axis }
    }

    /// A value as it is drawn; NaN where it has no place on the axis.
    pub(crate) fn value(&self, x: f64) -> f64 {
        match self.scale {
            ValueScale::Linear => x,
            ValueScale::Logarithmic if x > 0.0 => x,
            ValueScale::Decibels if x > 0.0 => 10.0 * x.log10(),
            ValueScale::Logarithmic | ValueScale::Decibels => f64::NAN,
        }
    }

    /// The error of a value as it is drawn.
    pub(crate) fn error(&self, x: f64, error: f64) -> f64 {
        match self.scale {
            ValueScale::Linear | ValueScale::Logarithmic => error,
            ValueScale::Decibels => 10.0 / std::f64::consts::LN_10 * error / x,
        }
    }

    /// All of them.
    pub(crate) fn values(&self, values: &[f64]) -> Vec<f64> {
        values.iter().map(|x| self.value(*x)).collect()
    }

    /// The label with the unit.
    pub(crate) fn label(&self, label: &str) -> String {
        let unit = self.scale == ValueScale::Decibels || self.decibels;
        if unit && !label.ends_with("dB") { format!("{label}  [dB]") } else { label.to_owned() }
    }

    /// Where coherent states are, with its words in a legend.
    pub(crate) fn level(&self) -> Option<(f64, String)> {
        self.level.map(|level| (level, format!("= {}", short(level))))
    }

    /// Ends of the values that the study gives.
    pub(crate) fn limits(&self) -> Option<(f64, f64)> {
        self.limits.map(|[low, high]| (low, high))
    }

    /// True for values evenly spaced in the logarithm.
    pub(crate) fn is_logarithmic(&self) -> bool {
        self.scale == ValueScale::Logarithmic
    }

    /// The vertical axis for values as they are drawn, and the lines over it: that of coherent states where it lies among
    /// the values, or no farther from them than they are from each other.
    pub(crate) fn vertical(&self, label: &str, drawn: impl Iterator<Item = f64> + Clone) -> (Axis, Vec<f64>) {
        let scale = if self.is_logarithmic() { Scale::Logarithmic } else { Scale::Linear };
        let fits = label.chars().count() <= LONGEST;
        let plain = Axis::new(self.label(if fits { label } else { "" }).trim()).scaled(scale);
        let finite = drawn.clone().filter(|x| x.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
        if let Some([low, high]) = self.limits {
            let inside = self.level.filter(|level| (low..=high).contains(level));
            return (plain.between(low, high), inside.into_iter().collect());
        }
        let constant = constant_range(drawn);
        let (first, last) = constant.unwrap_or((low, high));
        let span = last - first;
        let Some(level) = self.level.filter(|level| first - span <= *level && *level <= last + span) else {
            return (Axis { low: constant.map(|c| c.0), high: constant.map(|c| c.1), ..plain }, Vec::new());
        };
        if (first..=last).contains(&level) || self.is_logarithmic() {
            let inside = (first..=last).contains(&level).then_some(level);
            let axis = Axis { low: constant.map(|c| c.0), high: constant.map(|c| c.1), ..plain };
            return (axis, inside.into_iter().collect());
        }
        let (first, last) = (first.min(level), last.max(level));
        let margin = MARGIN * (last - first);
        (plain.between(first - margin, last + margin), vec![level])
    }
}

/// Writes a picture of panels, and every panel as one of its own where the study wants that.
///
/// # Errors
/// [`OutputError`].
pub(crate) fn write_panels(
    folder: &OutputFolder,
    name: &str,
    (title, panels): (&str, &[Panel]),
    separate: bool,
) -> Result<(), OutputError> {
    folder.write_picture(name, &Frame::SMALL.picture(title, panels))?;
    for (number, panel) in panels.iter().enumerate().filter(|_| separate) {
        let frame = Frame::large((720.0, 440.0), (84.0, 150.0));
        let file = format!("{name}-{:02}-{}", number + 1, plain(&panel.title));
        folder.write_picture(&file, &frame.picture("", std::slice::from_ref(panel)))?;
    }
    Ok(())
}

/// A title as a part of a name of a file: letters, digits and `-`.
fn plain(title: &str) -> String {
    let parts = title.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_coherent_states_is_drawn_where_it_is_near() {
        let axis = ValueAxis { scale: ValueScale::Linear, limits: None, level: Some(1.0), decibels: false };
        let (drawn, lines) = axis.vertical("xi", [0.6, 0.9].into_iter());
        assert!(lines == [1.0] && drawn.high.is_some_and(|high| high > 1.0));
        let (drawn, lines) = axis.vertical("xi", [70.0, 78.0].into_iter());
        assert!(lines.is_empty() && drawn.high.is_none());
        let (_, lines) = axis.vertical("xi", [1.0, 1.0].into_iter());
        assert_eq!(lines, [1.0]);
        let decibels = ValueAxis { scale: ValueScale::Decibels, ..axis };
        assert!((decibels.value(0.5) + 3.0103).abs() < 1e-4 && decibels.value(-1.0).is_nan());
        assert!((decibels.error(0.5, 0.05) - std::f64::consts::LOG10_E).abs() < 1e-12);
        assert_eq!(decibels.label("xi"), "xi  [dB]");
        assert_eq!(plain("minimum squeezing(S).wineland, N = 4"), "minimum-squeezing-S-wineland-N-4");
    }
}
