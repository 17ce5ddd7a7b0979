//! The table `initial`: one initial state for all subsystems.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use superladder_engine::{End, Problem, Stage};
use superladder_mean_field::MeanField;

use crate::error::{Fault, StudyError};
use crate::model::{Parts, named_sections};
use crate::saved_state::read_state;
use crate::section::Section;

/// How the table `initial` is read.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    /// Whether the engine has cutoffs.
    pub(crate) truncated: bool,
    /// Whether mean field makes the start, where the study wants it to.
    pub(crate) made: bool,
    /// Where the names of files begin.
    pub(crate) folder: &'a Path,
}

/// Reads the table `initial`: the whole initial state at once, in place of the states of modes and ensembles.
/// `state = "mean-field"`: what the mean-field equations of the first stage make of them after `time`.
/// `state = "file"`: a saved state.
pub(crate) fn read(
    root: &Section<'_>,
    parts: &mut Parts,
    stages: &[Stage],
    reading: Reading<'_>,
) -> Result<Option<Json>, StudyError> {
    const KNOWN: [&str; 2] = ["mean-field", "file"];
    let Some(section) = root.section("initial", "initial state")? else { return Ok(None) };
    section.required_text("state", "\"mean-field\" or \"file\"")?;
    let resolved = match section.choice("state", "initial state", &KNOWN)? {
        Some("file") => from_file(root, &section, parts, stages, reading.folder)?,
        _ => from_mean_field(&section, parts, stages, reading.made)?,
    };
    if reading.truncated {
        for (m, follows) in parts.adaptive.iter().enumerate() {
            if let Some(follows) = follows {
                parts.cutoffs[m] = follows.start(&parts.initial, m);
            }
        }
    }
    section.finish()?;
    Ok(Some(resolved))
}

/// Refuses a key of another kind of initial state.
fn belongs(section: &Section<'_>, key: &str, state: &str) -> Result<(), StudyError> {
    if section.value(key).is_none() {
        return Ok(());
    }
    let conflict = format!("`{key}` belongs to state = \"{state}\"");
    Err(section.fault(key, Fault::Conflict { of: section.of().to_owned(), conflict }))
}

fn from_mean_field(
    section: &Section<'_>,
    parts: &mut Parts,
    stages: &[Stage],
    made: bool,
) -> Result<Json, StudyError> {
    belongs(section, "file", "file")?;
    let time =
        section.required_number("time", "a number >= 0: how long mean field runs before the study starts")?;
    if time < 0.0 {
        return Err(section.wrong("time", "a number >= 0"));
    }
    let start = stages[0].start;
    let problem = Problem {
        // What follows time stands still until the study starts.
        stages: vec![Stage { start, model: stages[0].model.constant() }],
        initial: parts.initial.clone(),
        observables: Vec::new(),
        times: vec![start],
        cutoffs: parts.cutoffs.clone(),
        end: End::Records,
    };
    if made {
        parts.initial = MeanField::default()
            .product_state_at(&problem, start + time)
            .map_err(|e| section.fault("time", Fault::Engine(e)))?;
    }
    Ok(json!({ "state": "mean-field", "time": time }))
}

fn from_file(
    root: &Section<'_>,
    section: &Section<'_>,
    parts: &mut Parts,
    stages: &[Stage],
    folder: &Path,
) -> Result<Json, StudyError> {
    belongs(section, "time", "mean-field")?;
    let name = section.required_text("file", "the path of a saved state, from the folder of the study on")?;
    for (table, kind) in [("modes", "mode"), ("ensembles", "ensemble")] {
        for (subsystem, own) in named_sections(root, table, kind)? {
            if own.key_span("initial").is_some() {
                let conflict = format!(
                    "the state of {kind} '{subsystem}' comes from the file, so that its `initial` says nothing; leave \
                     one of the two out"
                );
                return Err(section.fault("state", Fault::Conflict { of: section.of().to_owned(), conflict }));
            }
        }
    }
    let (state, digest) =
        read_state(&folder.join(name)).map_err(|e| section.fault("file", Fault::SavedState(e)))?;
    let state = state.arranged(&stages[0].model).map_err(|e| section.fault("file", Fault::Model(e)))?;
    parts.initial.joint = Some(Arc::new(state));
    Ok(json!({ "state": "file", "file": name, "digest": digest }))
}
