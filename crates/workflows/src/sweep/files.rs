//! The files of a sweep.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use superladder_plot::{Frame, Panel, Picture};

use super::SweepError;
use super::axis::Axis;
use super::picture::panels;
use super::results::Results;
use crate::place::PlaceError;
use crate::results::{Clock, Head, OutputError, OutputFolder};
use crate::shown::write_panels;

/// Writes every file of a sweep into `folder`.
///
/// # Errors
/// [`SweepError::Place`], [`SweepError::Plot`].
pub fn write(results: &Results<'_>, clock: &Clock, folder: &OutputFolder) -> Result<(), SweepError> {
    let picture = panels(results)?;
    Ok(write_all(results, clock, folder, picture).map_err(PlaceError::from)?)
}

/// The picture of a sweep.
///
/// # Errors
/// [`SweepError::Plot`].
pub fn picture(results: &Results<'_>) -> Result<Picture, SweepError> {
    let (title, panels) = panels(results)?;
    Ok(Frame::SMALL.picture(&title, &panels))
}

fn write_all(
    results: &Results<'_>,
    clock: &Clock,
    folder: &OutputFolder,
    (title, panels): (String, Vec<Panel>),
) -> Result<(), OutputError> {
    folder.write("sweep.csv", |file| results.write_csv(file))?;
    folder.write("sweep.npz", |file| results.arrays().write(file))?;
    folder.write("summary.csv", |file| results.write_summary(file))?;
    if !results.sweep.base.reductions.is_empty() {
        folder.write("reductions.csv", |file| results.write_reductions(file))?;
    }
    folder.write_json("manifest.json", &manifest(results, clock))?;
    folder.write_text("study.toml", results.sweep.base.text())?;
    write_panels(folder, "sweep", (&title, &panels), results.sweep.base.plot.separate)
}

fn manifest(results: &Results<'_>, clock: &Clock) -> Json {
    let sweep = results.sweep;
    let axis = |a: &Axis| {
        let values = a.values.iter().map(|v| v.number.map_or_else(|| json!(v.text), |x| json!(x)));
        json!({ "key": a.key, "path": a.path, "values": values.collect::<Vec<_>>() })
    };
    let bad = results.points().map(|(point, outcome)| (point, Results::reasons(outcome)));
    let bad = bad.filter(|(_, reasons)| !reasons.is_empty());
    let configuration = sweep.base.resolved();
    let head = Head { command: "sweep", study: &sweep.base.name, configuration, clock };
    head.manifest(json!({
        "sweep": sweep.axes.iter().map(axis).collect::<Vec<_>>(),
        "points": results.outcomes.len(),
        "converged": results.converged(),
        "not_converged": bad
            .map(|(point, reasons)| json!({ "point": sweep.words(point), "reasons": reasons }))
            .collect::<Vec<_>>(),
        "warnings": sweep.points.iter().flat_map(|p| &p.study.warnings).collect::<BTreeSet<_>>(),
        "left_out": sweep.notes,
        "points_at_a_time": results.workers,
    }))
}
