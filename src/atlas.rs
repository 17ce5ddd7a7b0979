//! Maps of mean field over two parameters of a study: linear stability and phases.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use superladder_mean_field::{
    Classifier, FixedKind, FixedPoint, LANES, Limit, LongTime, MeanFieldEquations, MeanFieldError, Phase,
    fixed_points, long_time,
};

use crate::checkpoint::hexadecimal;
use crate::config::{ConfigError, Study};
use crate::store::{Store, StoreError};
use crate::sweep::Sweep;

/// The mean-field equations of a study as N grows, with the Gilbert damping of its engine if that is `mean-field`.
///
/// # Errors
/// [`MeanFieldError`].
pub fn equations(study: &Study) -> Result<MeanFieldEquations, MeanFieldError> {
    let resolved = study.resolved();
    let gilbert = resolved["engine"]["gilbert"].as_array();
    let gilbert: Vec<f64> =
        gilbert.map(|list| list.iter().filter_map(serde_json::Value::as_f64).collect()).unwrap_or_default();
    MeanFieldEquations::with_options(study.problem.model(), Limit::Infinite, &gilbert)
}

/// Numbers of growing real eigenvalues and pairs, and the largest real parts of both kinds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// Growing real eigenvalues.
    pub real: usize,
    /// Growing complex pairs.
    pub pairs: usize,
    /// Largest real part of the real eigenvalues.
    pub real_rate: f64,
    /// Largest real part of the complex ones.
    pub pair_rate: f64,
}

impl Growth {
    /// Of the first fixed point of a kind, if there is one.
    pub fn of(points: &[FixedPoint], kind: FixedKind) -> Option<Self> {
        let point = points.iter().find(|p| p.kind == kind)?;
        let ((real, pairs), (real_rate, pair_rate)) = (point.unstable(), point.leading());
        Some(Self { real, pairs, real_rate, pair_rate })
    }
}

/// A line of linear stability.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// What happens there.
    pub name: &'static str,
    /// Its points (x, y).
    pub points: Vec<(f64, f64)>,
}

/// Linear stability on the grid of a sweep with two axes, x fast in neither: points are ordered as the sweep's.
#[derive(Debug)]
pub struct Stability {
    /// The normal state.
    pub normal: Vec<Option<Growth>>,
    /// The superradiant one.
    pub superradiant: Vec<Option<Growth>>,
    /// Where a rate of growth is zero.
    pub lines: Vec<Line>,
}

/// Number of the points along the two axes of a sweep, and their coordinates.
pub fn coordinates(sweep: &Sweep) -> (Vec<f64>, Vec<f64>) {
    let numbers = |k: usize| sweep.axes[k].values.iter().filter_map(|v| v.number).collect();
    (numbers(0), numbers(1))
}

/// A rate of growth at a point.
type Rate = fn(&Growth) -> f64;

/// The fixed points of every model, on all threads.
pub fn all_fixed_points(models: &[MeanFieldEquations]) -> Vec<Vec<FixedPoint>> {
    models.par_iter().map(fixed_points).collect()
}

/// What grows at the fixed points `found` at every point of the sweep, and the lines where a rate of growth changes its sign, interpolated linearly between
/// neighbours along both axes (their error is of second order in the spacing).
pub fn stability(found: &[Vec<FixedPoint>], x: &[f64], y: &[f64]) -> Stability {
    let growth = |kind| found.iter().map(|points| Growth::of(points, kind)).collect::<Vec<_>>();
    let (normal, superradiant) = (growth(FixedKind::Normal), growth(FixedKind::Superradiant));
    let kinds: [(&'static str, &[Option<Growth>], Rate); 3] = [
        ("normal state: pair", &normal, |g| g.pair_rate),
        ("normal state: real", &normal, |g| g.real_rate),
        ("superradiant: pair", &superradiant, |g| g.pair_rate),
    ];
    let lines = kinds.map(|(name, map, rate)| Line { name, points: zeros(map, rate, x, y) });
    Stability { lines: lines.into(), normal, superradiant }
}

fn zeros(map: &[Option<Growth>], rate: Rate, x: &[f64], y: &[f64]) -> Vec<(f64, f64)> {
    let value = |i: usize, k: usize| map[i * y.len() + k].as_ref().map_or(f64::NAN, rate);
    let mut points = Vec::new();
    for i in 0..x.len() {
        for k in 0..y.len() {
            let here = value(i, k);
            for (di, dk) in [(1, 0), (0, 1)] {
                let (i2, k2) = (i + di, k + dk);
                if i2 < x.len() && k2 < y.len() {
                    let there = value(i2, k2);
                    if here * there < 0.0 {
                        let part = here / (here - there);
                        points.push((x[i] + part * (x[i2] - x[i]), y[k] + part * (y[k2] - y[k])));
                    }
                }
            }
        }
    }
    points
}

/// The names of [`numbers`].
pub const COLUMNS: [&str; 5] = ["mean", "amplitude", "exponent", "inversion", "phase"];

/// The long-time behaviour of `models` with the fixed points `found`, batch by batch; batches that `store` holds are read. `None` if interrupted.
///
/// # Errors
/// [`StoreError`] when a batch cannot be kept.
pub fn phases(
    sweep: &Sweep,
    models: &[MeanFieldEquations],
    found: &[Vec<FixedPoint>],
    classifier: Classifier,
    store: &Store,
    interrupted: &AtomicBool,
    told: &(impl Fn(usize) + Sync),
) -> Result<Option<Vec<LongTime>>, StoreError> {
    let batches: Vec<usize> = (0..models.len()).step_by(LANES).collect();
    let work = |first: &usize| -> Result<Option<Vec<LongTime>>, StoreError> {
        let range = *first..(first + LANES).min(models.len());
        let mut hash = Sha256::new();
        sweep.points[range.clone()].iter().for_each(|p| hash.update(p.digest.as_bytes()));
        for number in [classifier.burn, classifier.window, classifier.resolution] {
            hash.update(number.to_le_bytes());
        }
        let digest = hexadecimal(&hash.finalize());
        let kept: Option<Vec<LongTime>> = store.read(&digest);
        let settled = if let Some(kept) = kept {
            kept
        } else {
            if interrupted.load(Ordering::SeqCst) {
                return Ok(None);
            }
            let points = found[range.clone()].iter().map(Vec::as_slice);
            let settled =
                long_time(classifier, &models[range.clone()].iter().zip(points).collect::<Vec<_>>());
            store.write(&digest, &settled)?;
            settled
        };
        told(range.len());
        Ok(Some(settled))
    };
    let parts: Vec<Option<Vec<LongTime>>> = batches.par_iter().map(work).collect::<Result<_, _>>()?;
    Ok(parts.into_iter().collect::<Option<Vec<_>>>().map(|parts| parts.concat()))
}

/// The numbers of a point in the order of [`COLUMNS`]; the phase by its place in [`Phase::ALL`].
pub fn numbers(point: &LongTime) -> [f64; 5] {
    let phase = Phase::ALL.iter().position(|p| *p == point.phase).unwrap_or(Phase::ALL.len());
    [point.mean, point.amplitude, point.exponent, point.inversion, phase as f64]
}

/// Reads the study at `KEY=VALUE` for every value.
///
/// # Errors
/// [`ConfigError`].
pub fn study_at(path: &Path, sets: &[String], key: &str, value: f64) -> Result<Study, ConfigError> {
    let sets: Vec<String> = sets.iter().cloned().chain([format!("{key}={value:?}")]).collect();
    Study::load(path, &sets)
}
