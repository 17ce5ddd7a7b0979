//! Sums over samples of a study: the file in its output folder, and its checkpoint.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use superladder_sampling::{self as sampling, Origin, SumsFile, SumsFileError};
use superladder_study::Study;

use crate::results::version;

/// Name of the file in an output folder.
pub const FILE: &str = "trajectories.sums";
/// Values that say how many samples there are to be, or when to give up, and not what they are.
const FREE: [&str; 4] = ["trajectories", "samples", "target_error", "max_steps"];

/// Everything that decides a sample: the values of a study but for its title and for how many samples it
/// wants.
fn identity(study: &Study) -> Json {
    let mut resolved = study.resolved();
    if let Some(values) = resolved.as_object_mut() {
        values.shift_remove("title");
        values.shift_remove("plot");
        if let Some(output) = values.get_mut("output").and_then(Json::as_object_mut) {
            output.shift_remove("reductions");
        }
        if let Some(engine) = values.get_mut("engine").and_then(Json::as_object_mut) {
            engine.retain(|key, _| !FREE.contains(&key.as_str()));
        }
    }
    resolved
}

fn origin(study: &Study) -> Origin {
    Origin {
        version: version(),
        name: study.name.clone(),
        text: study.text().to_owned(),
        identity: identity(study).to_string(),
    }
}

/// Writes the contents of a file with the sums of a study.
///
/// # Errors
/// Whatever the writer says.
pub fn write_to(writer: &mut dyn Write, study: &Study, sums: &[u8]) -> io::Result<()> {
    sampling::write_to(writer, &origin(study), sums)
}

/// Writes a file of sums in the place of an older one: completely or not at all.
///
/// # Errors
/// [`SumsFileError::File`].
pub fn write(path: &Path, study: &Study, sums: &[u8]) -> Result<(), SumsFileError> {
    sampling::write(path, &origin(study), sums)
}

/// Reads the sums of `study` from a file or an output folder. Damaged blocks come back empty.
///
/// # Errors
/// [`SumsFileError`], also when they are of another study or version.
pub fn read(path: &Path, study: &Study) -> Result<SumsFile, SumsFileError> {
    let found = SumsFile::read(path, FILE, &version())?;
    found.check(&identity(study).to_string())?;
    Ok(found)
}

/// The samples of all `parts` together, and the number of damaged blocks that were left out; without
/// `salvage` there may be none.
///
/// # Errors
/// [`SumsFileError`].
pub fn merged(parts: &[PathBuf], salvage: bool) -> Result<(SumsFile, usize), SumsFileError> {
    SumsFile::merged(parts, salvage, (FILE, &version()))
}
