//! Observables that some points of a sweep can measure and others cannot, as with an axis of engines.

use std::collections::BTreeMap;

use rayon::prelude::*;
use superladder_engine::EngineError;

use super::{Axis, Point, words};

/// Leaves those observables out where the engine of a point refuses them, and says so. What no point can
/// measure stays, so that it is refused as in a run. Only axes that change engines are looked at.
pub(super) fn leave_out(axes: &[Axis], points: &mut [Point]) -> Vec<String> {
    if !axes.iter().any(|axis| axis.path.starts_with("engine")) {
        return Vec::new();
    }
    let refused: Vec<Vec<(String, String)>> = points.par_iter().map(refused).collect();
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (point, names) in refused.iter().enumerate() {
        for (name, _) in names {
            by_name.entry(name).or_default().push(point);
        }
    }
    let (mut notes, count) = (Vec::new(), points.len());
    for (name, at) in by_name.into_iter().filter(|(_, at)| at.len() < count) {
        for &point in &at {
            points[point].study.problem.observables.retain(|o| o.name != name);
        }
        let reason = refused[at[0]].iter().find(|(n, _)| n == name).map_or("", |(_, reason)| reason);
        let place = words(axes, &points[at[0]].values);
        let more = if at.len() > 1 { format!(" and {} more points", at.len() - 1) } else { String::new() };
        notes.push(format!("{name} is left out at {place}{more}: {reason}"));
    }
    notes
}

/// The observables that the engine of a point refuses, each with its reason.
fn refused(point: &Point) -> Vec<(String, String)> {
    let mut problem = point.study.problem.clone();
    let mut found = Vec::new();
    while !problem.observables.is_empty() {
        match point.study.engine().resources(&problem) {
            Err(EngineError::Observable { observable, reason, .. }) => {
                problem.observables.retain(|o| o.name != observable);
                found.push((observable, reason));
            }
            _ => break,
        }
    }
    found
}
