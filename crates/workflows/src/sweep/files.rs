//! The files of a sweep.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::axis::Axis;
use super::picture::picture;
use super::results::Results;
use crate::results::{Clock, Head, OutputError, OutputFolder};

/// Writes every file of a sweep into `folder`.
///
/// # Errors
/// [`OutputError`].
pub fn write(results: &Results<'_>, clock: &Clock, folder: &OutputFolder) -> Result<(), OutputError> {
    folder.write("sweep.csv", |file| results.write_csv(file))?;
    folder.write("summary.csv", |file| results.write_summary(file))?;
    folder.write_json("manifest.json", &manifest(results, clock))?;
    folder.write_text("study.toml", results.sweep.base.text())?;
    let picture = picture(results);
    folder.write_picture("sweep", &picture)
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
