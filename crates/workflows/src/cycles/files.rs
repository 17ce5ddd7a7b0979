//! The files of a cycle and of its branch.

use std::path::PathBuf;

use serde_json::json;
use superladder_mean_field::{Bifurcation, MeanFieldEquations, turned};
use superladder_study::Study;

use super::branch::{Followed, TOLERANCE};
use super::picture::cycle_branch;
use super::shown::Shown;
use crate::results::{Clock, Head, OutputError, OutputFolder, write_rows};

/// Writes the cycle, and its branch if it was followed, into `folder` and puts that in its place.
///
/// # Errors
/// [`OutputError`].
pub fn write(
    folder: OutputFolder,
    study: &Study,
    equations: &MeanFieldEquations,
    cycle: &Shown,
    branch: Option<&Followed>,
    clock: &Clock,
) -> Result<PathBuf, OutputError> {
    let names: Vec<String> = equations.unknowns().iter().map(|v| v.name.clone()).collect();
    folder.write_json("cycle.json", &cycle.json(&names))?;
    if let Some(followed) = branch {
        folder.write("branch.csv", |file| {
            let (heading, rows) = followed.table(&names);
            write_rows(file, heading, rows)
        })?;
        folder.write("bifurcations.csv", |file| {
            let row = |(p, kind): &(f64, Bifurcation)| [format!("{p:?}"), format!("{kind:?}")];
            write_rows(file, [followed.key.as_str(), "kind"], followed.branch.bifurcations.iter().map(row))
        })?;
        let name = &names[followed.order(equations.modes())];
        folder.write_picture("branch", &cycle_branch(&followed.drawn(equations.modes(), name)))?;
    }
    let free: Vec<&str> = turned(equations).into_iter().map(|k| names[k].as_str()).collect();
    let head = Head { command: "limit-cycles", study: &study.name, configuration: study.resolved(), clock };
    let manifest = head.manifest(json!({
        "followed": branch.map(|b| b.key.as_str()),
        "cycles": branch.map_or(1, |b| b.branch.points.len()),
        "residue": cycle.cycle.residue,
        "phase_of_the_start": free,
        "tolerance": TOLERANCE,
    }));
    folder.write_json("manifest.json", &manifest)?;
    folder.write_text("study.toml", study.text())?;
    folder.finish()
}
