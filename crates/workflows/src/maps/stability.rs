//! What grows at the normal and at the superradiant state, over two parameters.

use serde_json::json;
use superladder_mean_field::{FixedKind, FixedPoint, MeanFieldEquations};

use super::{Grid, GridError, Growth, Line, Map, Points, all_fixed_points, lines};

/// What grows at the normal state, in the words of the map.
const GROWTH: [&str; 5] = ["stable", "1 real", "1 pair", "real and pair", "no normal state"];

/// The equations and the fixed points at all points of a grid.
pub struct Linear {
    /// The equations, the second axis fastest.
    pub models: Vec<MeanFieldEquations>,
    /// Their fixed points.
    pub found: Vec<Vec<FixedPoint>>,
}

impl Linear {
    /// At all points of a grid.
    ///
    /// # Errors
    /// [`GridError`].
    pub fn new(points: &Points<'_>) -> Result<Self, GridError> {
        let models = points.all()?;
        let found = all_fixed_points(&models);
        Ok(Self { models, found })
    }

    /// The lines of linear stability.
    pub fn lines(&self, grid: &Grid, points: &Points<'_>) -> Vec<Line> {
        lines(&self.found, (&grid.x, &grid.y), &|x, y| points.at(x, y).ok())
    }
}

/// Maps what grows.
///
/// # Errors
/// [`GridError`].
pub fn stability(grid: &Grid) -> Result<Map, GridError> {
    let (found, lines) = grid.with_points(|points| {
        let linear = Linear::new(points)?;
        let lines = linear.lines(grid, points);
        Ok::<_, GridError>((linear.found, lines))
    })??;
    let growth = |kind| found.iter().map(|points| Growth::of(points, kind)).collect::<Vec<_>>();
    let (normal, superradiant) = (growth(FixedKind::Normal), growth(FixedKind::Superradiant));
    let kind = |g: &Option<Growth>| g.as_ref().map_or(4, |g| g.real.min(1) + 2 * g.pairs.min(1));
    Ok(Map {
        command: "stability",
        title: "What grows at the normal state",
        heading: vec![
            "normal.real",
            "normal.pairs",
            "normal.real_rate",
            "normal.pair_rate",
            "superradiant.real",
            "superradiant.pairs",
            "superradiant.real_rate",
            "superradiant.pair_rate",
        ],
        cells: normal
            .iter()
            .zip(&superradiant)
            .map(|(n, s)| [cells(n.as_ref()), cells(s.as_ref())].concat())
            .collect(),
        kinds: normal.iter().map(kind).collect(),
        names: GROWTH.map(str::to_owned).into(),
        lines,
        results: json!({}),
    })
}

fn cells(growth: Option<&Growth>) -> [String; 4] {
    match growth {
        Some(g) => [
            g.real.to_string(),
            g.pairs.to_string(),
            format!("{:?}", g.real_rate),
            format!("{:?}", g.pair_rate),
        ],
        None => [String::new(), String::new(), "NaN".into(), "NaN".into()],
    }
}
