//! Which parameters of a sweep stand on which axes.

use superladder_model::nearest;
use superladder_plot::short;
use superladder_study::{Drawing, PlotTable};

use super::{Axis, Point, SweepError, Value};

/// A map needs so many values of either parameter, if the study does not say that it wants one.
const FEWEST: usize = 4;

/// Places of axes in a sweep.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Arrangement {
    /// The horizontal axis.
    pub(super) x: usize,
    /// The vertical axis of a map; none for curves.
    pub(super) y: Option<usize>,
    /// All other axes: a line or a panel for each of their combinations.
    pub(super) others: Vec<usize>,
}

impl Arrangement {
    /// As the table `plot` says, else a map over the first two parameters with enough values, else curves over the
    /// first.
    ///
    /// # Errors
    /// [`SweepError::Plot`].
    pub(super) fn of(plot: &PlotTable, axes: &[Axis]) -> Result<Self, SweepError> {
        let named = |key: &'static str, name: &Option<String>| {
            name.as_deref().map(|name| find(key, name, axes)).transpose()
        };
        let (x, y) = (named("x", &plot.x)?, named("y", &plot.y)?);
        let numeric = |axis: &usize| axes[*axis].values.iter().all(|value| value.number.is_some());
        let first = x.unwrap_or_else(|| (0..axes.len()).find(|axis| Some(*axis) != y).unwrap_or(0));
        let second = y.or_else(|| (0..axes.len()).find(|axis| *axis != first && numeric(axis)));
        let holds = |axis: usize, least: usize| numeric(&axis) && axes[axis].values.len() >= least;
        let able =
            |least| second.filter(|second| holds(*second, least) && holds(first, least) && *second != first);
        let y = match plot.drawing {
            Some(Drawing::Curves) => None,
            Some(Drawing::Map) => Some(able(2).ok_or_else(|| SweepError::Plot {
                key: "kind",
                reason:
                    "a map needs two swept parameters that are numbers, with two values each at least".into(),
            })?),
            None if y.is_some() => Some(able(2).ok_or_else(|| {
                SweepError::Plot {
                    key: "y",
                    reason:
                        "a map needs two different parameters that are numbers, with two values each at least"
                            .into(),
                }
            })?),
            None => able(FEWEST),
        };
        let others = (0..axes.len()).filter(|axis| *axis != first && Some(*axis) != y).collect();
        Ok(Self { x: first, y, others })
    }

    /// Points that share a line or a map, group by group: the words of the other axes and the places of the points.
    pub(super) fn groups(&self, axes: &[Axis], points: &[Point]) -> Vec<(String, Vec<usize>)> {
        let mut groups: Vec<(Vec<&Value>, Vec<usize>)> = Vec::new();
        for (place, point) in points.iter().enumerate() {
            let own: Vec<&Value> = self.others.iter().map(|axis| &point.values[*axis]).collect();
            match groups.iter_mut().find(|(values, _)| *values == own) {
                Some((_, members)) => members.push(place),
                None => groups.push((own, vec![place])),
            }
        }
        let words = |values: &[&Value]| {
            let pairs = self.others.iter().zip(values).map(|(axis, value)| {
                let shown = value.number.map_or_else(|| value.text.clone(), short);
                format!("{} = {shown}", axes[*axis].key)
            });
            pairs.collect::<Vec<_>>().join(", ")
        };
        groups.into_iter().map(|(values, members)| (words(&values), members)).collect()
    }
}

/// The axis called so.
fn find(key: &'static str, name: &str, axes: &[Axis]) -> Result<usize, SweepError> {
    let found = axes.iter().position(|axis| axis.key == name || axis.path == name);
    found.ok_or_else(|| {
        let known: Vec<&str> = axes.iter().map(|axis| axis.key.as_str()).collect();
        let near = nearest(name, &known).map(|near| format!(" (did you mean '{near}'?)")).unwrap_or_default();
        SweepError::Plot { key, reason: format!("'{name}' is not swept{near}; swept: {}", known.join(", ")) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes(texts: &[&str]) -> Vec<Axis> {
        texts.iter().map(|text| Axis::parse(text, &["lambda", "N", "gamma"]).expect("an axis")).collect()
    }

    fn with(change: impl FnOnce(&mut PlotTable)) -> PlotTable {
        let mut table = PlotTable::default();
        change(&mut table);
        table
    }

    fn arranged(plot: &PlotTable, texts: &[&str]) -> Result<Arrangement, String> {
        Arrangement::of(plot, &axes(texts)).map_err(|e| e.to_string())
    }

    #[test]
    fn maps_are_drawn_where_there_is_enough_for_one() {
        let plain = PlotTable::default();
        let grid = ["lambda=0:1:5", "gamma=0:1:4", "engine.kind=exact,cumulant"];
        assert_eq!(arranged(&plain, &grid), Ok(Arrangement { x: 0, y: Some(1), others: vec![2] }));
        let few = ["lambda=0:1:5", "N=2,3,4"];
        assert_eq!(arranged(&plain, &few), Ok(Arrangement { x: 0, y: None, others: vec![1] }));
        let map = with(|plot| plot.drawing = Some(Drawing::Map));
        assert_eq!(arranged(&map, &few), Ok(Arrangement { x: 0, y: Some(1), others: vec![] }));
        let turned = with(|plot| plot.x = Some("gamma".into()));
        assert_eq!(arranged(&turned, &grid), Ok(Arrangement { x: 1, y: Some(0), others: vec![2] }));
        let curves = with(|plot| plot.drawing = Some(Drawing::Curves));
        assert_eq!(arranged(&curves, &grid), Ok(Arrangement { x: 0, y: None, others: vec![1, 2] }));
    }

    #[test]
    fn axes_that_are_not_there_are_refused() {
        let wrong = with(|plot| plot.x = Some("gama".into()));
        let message = arranged(&wrong, &["lambda=0:1:5", "gamma=0:1:4"]).expect_err("not swept");
        assert!(message.contains("did you mean 'gamma'?") && message.contains("plot.x"), "{message}");
        let map = with(|plot| plot.drawing = Some(Drawing::Map));
        let message = arranged(&map, &["lambda=0:1:5", "engine.kind=exact,cumulant"]).expect_err("words");
        assert!(message.contains("plot.kind") && message.contains("numbers"), "{message}");
    }
}
