//! The phase diagram: phases at every point of a grid, with the lines of linear stability.

use serde_json::json;
use superladder_mean_field::{Classifier, LongTime, Phase};

use super::phases::{COLUMNS, numbers, phases};
use super::stability::Linear;
use super::{Grid, GridError, Line, Map};
use crate::results::{Arrays, Clock, OutputError, OutputFolder};
use crate::store::Store;
use crate::watch::Watch;

/// A phase diagram.
pub struct Diagram {
    /// The behaviour at every point.
    pub settled: Vec<LongTime>,
    /// The map of it.
    pub map: Map,
    /// Seconds that the flow took.
    pub flow_seconds: f64,
}

/// Classifies every point of a grid; `None` if interrupted, with what was finished in `store`.
///
/// # Errors
/// [`GridError`].
pub fn diagram(
    grid: &Grid,
    classifier: Classifier,
    store: &Store,
    watch: Watch<'_>,
) -> Result<Option<Diagram>, GridError> {
    watch.count.begin("points", grid.len());
    let done = |count: usize| watch.count.done(count, "");
    grid.with_points(|points| {
        let linear = Linear::new(points)?;
        let clock = Clock::start();
        let settled = phases(&linear.models, &linear.found, classifier, store, watch.interrupted, &done)?;
        let flow_seconds = clock.read().wall_seconds;
        Ok(settled.map(|settled| {
            let map = map(&settled, linear.lines(grid, points), classifier);
            Diagram { settled, map, flow_seconds }
        }))
    })?
}

impl Diagram {
    /// Writes the numbers of all points as arrays, `phases.npz`: coordinates `x` and `y`, the keys that they are of in
    /// `meta.axes`, every number with shape (X, Y), and `phase` by its place in `meta.phases`.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn write_arrays(&self, folder: &OutputFolder, grid: &Grid) -> Result<(), OutputError> {
        let shape = [grid.x.len() as u64, grid.y.len() as u64];
        let mut arrays = Arrays::of(&grid.base);
        arrays.words("meta.axes", &[2], grid.axes.each_ref().map(|axis| axis.path.clone()).into());
        let names = Phase::ALL.map(|phase| phase.name().to_owned());
        arrays.words("meta.phases", &[names.len() as u64], names.into());
        arrays.real("x", &shape[..1], grid.x.clone());
        arrays.real("y", &shape[1..], grid.y.clone());
        for (k, name) in COLUMNS.into_iter().enumerate() {
            arrays.real(name, &shape, self.settled.iter().map(|p| numbers(p)[k]).collect());
        }
        folder.write("phases.npz", |file| arrays.write(file))
    }

    /// Number of points whose phase could not be told.
    pub fn undecided(&self) -> usize {
        undecided(&self.settled)
    }
}

fn undecided(settled: &[LongTime]) -> usize {
    settled.iter().filter(|p| p.phase == Phase::Undecided).count()
}

fn map(settled: &[LongTime], lines: Vec<Line>, classifier: Classifier) -> Map {
    let cells = |p: &LongTime| {
        let numbers = [p.mean, p.amplitude, p.exponent, p.inversion].map(|x| format!("{x:?}"));
        numbers.into_iter().chain([p.phase.name().to_owned()]).collect()
    };
    Map {
        command: "phases",
        title: "Phases of mean field",
        heading: COLUMNS.into(),
        cells: settled.iter().map(cells).collect(),
        kinds: settled.iter().map(|p| numbers(p)[4] as usize).collect(),
        names: Phase::ALL.map(|p| p.name().to_owned()).into(),
        lines,
        results: json!({
            "classifier": classifier,
            "undecided_fraction": undecided(settled) as f64 / settled.len() as f64,
        }),
    }
}
