//! A finished run that goes on to later times.
//!
//! The output folder of a run that moves one state in time holds that state at its end, `run.checkpoint`: the header says what
//! was computed, as the configuration in force, and holds the records; the body is the state of the engine.

use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use superladder_engine::{End, Evolution, Recorder};
use superladder_frame as frame;
use superladder_study::Study;

use super::error::RunError;
use crate::checkpoint::{Checkpoint, CheckpointError, whole_frame};
use crate::results::{OutputError, version};

/// Name of the file in an output folder.
pub(super) const FILE: &str = "run.checkpoint";
const MAGIC: &[u8] = b"superladder finished run 1\n";
/// States of more unknowns are not kept: 128 MiB.
const LARGEST: u64 = 1 << 24;
/// Output times are those of before if they differ by this part only.
const ROUNDING: f64 = 1e-12;

#[derive(Serialize, Deserialize)]
struct Header {
    version: String,
    configuration: String,
    recorder: Recorder,
}

/// Whether the end of a run is kept.
pub(super) fn is_kept(evolution: &dyn Evolution) -> bool {
    evolution.resources().unknowns <= LARGEST
}

/// Writes the end of a run.
pub(super) fn write_to(
    writer: &mut dyn Write,
    study: &Study,
    recorder: &Recorder,
    evolution: &dyn Evolution,
) -> io::Result<()> {
    let configuration = identity(study).to_string();
    let header = Header { version: version(), configuration, recorder: recorder.clone() };
    let header = postcard::to_stdvec(&header).map_err(io::Error::other)?;
    frame::write_to(writer, MAGIC, &header, |mut body| evolution.save_to(&mut body))
}

/// What must be the same: everything but the output times and what only shows.
fn identity(study: &Study) -> Json {
    let mut resolved = study.resolved();
    if let Some(values) = resolved.as_object_mut() {
        for key in ["title", "plot", "time"] {
            values.shift_remove(key);
        }
        if let Some(output) = values.get_mut("output").and_then(Json::as_object_mut) {
            output.shift_remove("reductions");
        }
        values.insert("state kept at the end".into(), (study.problem.end == End::State).into());
    }
    resolved
}

/// The end of the finished run in the output folder `target`, as the beginning of what is left of `study`.
///
/// # Errors
/// [`RunError`] where nothing is left, where the study differs in anything but later times, by key, or where the file
/// is damaged.
pub(super) fn read(target: &Path, study: &Study) -> Result<Checkpoint, RunError> {
    let path = target.join(FILE);
    let frame = whole_frame(&path, MAGIC)?;
    let damaged = || CheckpointError::Damaged { path: path.clone(), what: "its header cannot be read" };
    let header: Header = postcard::from_bytes(frame.header()).map_err(|_| damaged())?;
    if header.version != version() {
        return Err(CheckpointError::Version { path, found: header.version }.into());
    }
    let before: Json = serde_json::from_str(&header.configuration).map_err(|_| damaged())?;
    let other =
        |key: String, was: String, is: String| RunError::Other { path: target.to_owned(), key, was, is };
    if let Some((key, was, is)) = difference(&before, &identity(study), "") {
        return Err(other(key, was, is));
    }
    if let Some(mode) = (0..study.problem.cutoffs.len()).find(|mode| study.cutoff_follows(*mode)) {
        return Err(RunError::Follows { mode: study.problem.model().modes()[mode].name.clone() });
    }
    let mut recorder = header.recorder;
    let times = &study.problem.times;
    let span = times[times.len() - 1] - times[0];
    for (number, record) in recorder.records.iter_mut().enumerate() {
        match times.get(number) {
            Some(time) if (time - record.time).abs() <= ROUNDING * span.max(time.abs()) => {
                record.time = *time;
            }
            found => {
                let is = found.map_or("none".into(), |time| format!("t = {time:?}"));
                let was = format!("t = {:?}", record.time);
                return Err(RunError::Times { path: target.to_owned(), number: number + 1, was, is });
            }
        }
    }
    if recorder.records.len() == times.len() {
        return Err(OutputError::Ended { path: target.to_owned() }.into());
    }
    Ok(Checkpoint { recorder, state: frame.into_body() })
}

/// The first place where two configurations differ, with both values.
fn difference(was: &Json, is: &Json, place: &str) -> Option<(String, String, String)> {
    let within = |key: &str| if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
    match (was, is) {
        (Json::Object(a), Json::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            keys.into_iter().find_map(|key| {
                difference(a.get(key).unwrap_or(&Json::Null), b.get(key).unwrap_or(&Json::Null), &within(key))
            })
        }
        (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(k, (a, b))| difference(a, b, &within(&k.to_string())))
        }
        _ if was == is => None,
        _ => {
            let words = |value: &Json| if value.is_null() { "nothing".to_owned() } else { value.to_string() };
            Some((place.to_owned(), words(was), words(is)))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_difference_is_found_by_key() {
        let was = json!({ "a": 1, "channels": [{ "rate": 0.2 }, { "rate": 0.1 }] });
        let is = json!({ "a": 1, "channels": [{ "rate": 0.2 }, { "rate": 0.3 }] });
        let found = difference(&was, &is, "").expect("one");
        assert_eq!(found, ("channels.1.rate".into(), "0.1".into(), "0.3".into()));
        assert_eq!(difference(&was, &was, ""), None);
        let found = difference(&json!({}), &json!({ "b": true }), "").expect("one");
        assert_eq!(found, ("b".into(), "nothing".into(), "true".into()));
    }
}
