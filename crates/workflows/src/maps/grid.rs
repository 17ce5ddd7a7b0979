//! A study over two of its numbers: the equations at every point of a grid and between.

use std::path::Path;

use rayon::prelude::*;
use superladder_mean_field::{Family, MeanFieldEquations, MeanFieldError};
use thiserror::Error;

use crate::store::StoreError;
use crate::sweep::{Axis, SweepError, axes};
use superladder_study::{Study, Variations};

/// Why a map cannot be made.
#[derive(Debug, Error)]
pub enum GridError {
    /// The study or an axis is at fault.
    #[error("{0}")]
    Study(#[from] SweepError),
    /// The equations do not exist.
    #[error(transparent)]
    Equations(#[from] MeanFieldError),
    /// Finished pieces cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An axis that is no axis of a map.
    #[error("the axis '{0}' must hold at least two numbers for a map")]
    Axis(String),
}

impl GridError {
    /// True when another study or other axes would help, false when the machine refuses.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Study(error) => error.is_bad_input(),
            Self::Equations(_) | Self::Axis(_) => true,
            Self::Store(_) => false,
        }
    }
}

/// A study and two axes of numbers.
#[derive(Debug)]
pub struct Grid {
    /// The study before anything is varied, read for the engine `mean-field`.
    pub base: Study,
    /// What is varied.
    pub axes: [Axis; 2],
    /// Values on the first axis.
    pub x: Vec<f64>,
    /// Values on the second one, which runs fastest.
    pub y: Vec<f64>,
}

impl Grid {
    /// Reads the study and the axes, `KEY=START:END:POINTS` each.
    ///
    /// # Errors
    /// [`GridError`].
    pub fn load(path: &Path, sets: &[String], x: &str, y: &str) -> Result<Self, GridError> {
        let base = Study::load_for(path, sets, Some("mean-field")).map_err(SweepError::from)?;
        base.without_explicit_time("stability and phases").map_err(SweepError::from)?;
        let both = axes(&base, &[("x", x), ("y", y)])?;
        let numbers = |axis: &Axis| {
            let found: Vec<f64> = axis.values.iter().filter_map(|v| v.number).collect();
            let good = found.len() >= 2 && found.len() == axis.values.len();
            if good { Ok(found) } else { Err(GridError::Axis(axis.key.clone())) }
        };
        let [first, second] = <[Axis; 2]>::try_from(both).map_err(|_| GridError::Axis(String::new()))?;
        Ok(Self { x: numbers(&first)?, y: numbers(&second)?, axes: [first, second], base })
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.x.len() * self.y.len()
    }

    /// True without points, which cannot be.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The coordinates of a point as they were given.
    pub fn place(&self, number: usize) -> [&str; 2] {
        let [x, y] = &self.axes;
        [&x.values[number / self.y.len()].text, &y.values[number % self.y.len()].text]
    }

    /// Parses the study once and hands its equations anywhere on the plane to `work`.
    ///
    /// # Errors
    /// [`GridError`] if the study cannot be parsed.
    pub fn with_points<R>(&self, work: impl FnOnce(&Points<'_>) -> R) -> Result<R, GridError> {
        let run =
            |variations: &Variations<'_>| work(&Points { grid: self, variations, family: Family::new() });
        Ok(self.base.variations(run).map_err(SweepError::from)?)
    }
}

/// The equations of a study on the plane of a [`Grid`]. Only the model is read again, and its parts are
/// derived once.
pub struct Points<'a> {
    grid: &'a Grid,
    variations: &'a Variations<'a>,
    family: Family,
}

impl Points<'_> {
    /// The equations at a point of the plane.
    ///
    /// # Errors
    /// [`GridError`], which names the point where the study is at fault there.
    pub fn at(&self, x: f64, y: f64) -> Result<MeanFieldEquations, GridError> {
        let [first, second] = &self.grid.axes;
        let variant = self.variations.at(&[(&first.path, x), (&second.path, y)]).map_err(|source| {
            SweepError::Point { point: format!("{} = {x}, {} = {y}", first.key, second.key), source }
        })?;
        Ok(self.family.member(&variant.model, &variant.gilbert)?)
    }

    /// The equations at every point of the grid, the second axis fastest, on all threads.
    ///
    /// # Errors
    /// As [`Points::at`].
    pub fn all(&self) -> Result<Vec<MeanFieldEquations>, GridError> {
        let (x, y) = (&self.grid.x, &self.grid.y);
        let all = (0..self.grid.len()).into_par_iter().map(|k| self.at(x[k / y.len()], y[k % y.len()]));
        // Of several faults the first one of the grid is told, whichever was met first.
        all.collect::<Vec<_>>().into_iter().collect()
    }
}
