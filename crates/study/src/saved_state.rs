//! Saved states: a density matrix in a framed file ([`superladder_frame`]), written at the end of a run and read
//! as the initial state of a study.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use superladder_frame::{self as frame, Frame, FrameError, digest, hexadecimal};
use superladder_model::JointState;
use thiserror::Error;

/// First line of every saved state.
const MAGIC: &[u8] = b"superladder state 1\n";

/// Name of the saved state in an output folder.
pub const STATE_FILE: &str = "state.superladder";

/// Where a state comes from, for a reader.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    /// Version of the program that wrote it.
    version: String,
    /// Name of the study.
    study: String,
}

/// Why a saved state cannot be read.
#[derive(Debug, Error)]
pub enum SavedStateError {
    /// The file system refuses.
    #[error("cannot read '{}': {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// It is something else.
    #[error(
        "'{}' is no saved state; `run --save-state` and `steady --save-state` write one, called {STATE_FILE}, into the output folder",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It is cut short or has changed since it was written.
    #[error("the saved state '{}' is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
}

/// Writes `state`, the end of the study called `study`, computed by the program `version`.
///
/// # Errors
/// Whatever the writer says.
pub fn write_state(writer: &mut dyn Write, state: &JointState, study: &str, version: &str) -> io::Result<()> {
    let header = Header { version: version.to_owned(), study: study.to_owned() };
    let header = postcard::to_stdvec(&header).map_err(io::Error::other)?;
    frame::write_to(writer, MAGIC, &header, |body| {
        postcard::to_io(state, body).map(|_| ()).map_err(io::Error::other)
    })
}

/// Reads a saved state from a file, or from the output folder that holds one; with the digest of its numbers,
/// as hexadecimal digits.
///
/// # Errors
/// [`SavedStateError`].
pub fn read_state(path: &Path) -> Result<(JointState, String), SavedStateError> {
    let path = if path.is_dir() { path.join(STATE_FILE) } else { path.to_owned() };
    let damaged = |what: String| SavedStateError::Damaged { path: path.clone(), what };
    let read = Frame::read(&path, MAGIC).map_err(|error| match error {
        FrameError::File(source) => SavedStateError::File { path: path.clone(), source },
        FrameError::Foreign => SavedStateError::Foreign { path: path.clone() },
        FrameError::Damaged(what) => damaged(what.to_owned()),
    })?;
    if !read.is_whole() {
        return Err(damaged("its digest does not fit its content".to_owned()));
    }
    let state: JointState =
        postcard::from_bytes(read.body()).map_err(|_| damaged("its numbers cannot be read".to_owned()))?;
    state.check().map_err(|error| damaged(error.to_string()))?;
    Ok((state, hexadecimal(&digest(read.body()))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_complex::Complex64;
    use superladder_model::JointBlock;

    #[test]
    fn a_state_comes_back_and_a_damaged_one_does_not() {
        let state = JointState {
            modes: vec!["a".into()],
            ensembles: Vec::new(),
            time: f64::INFINITY,
            blocks: vec![JointBlock {
                twice_j: Vec::new(),
                labels: vec![0, 1],
                elements: vec![(0, 0, Complex64::from(0.25)), (1, 1, Complex64::from(0.75))],
            }],
        };
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(STATE_FILE);
        let mut bytes = Vec::new();
        write_state(&mut bytes, &state, "study", "1").expect("written");
        std::fs::write(&path, &bytes).expect("written");
        assert_eq!(read_state(folder.path()).expect("read").0, state);
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 4;
            std::fs::write(&path, &changed).expect("written");
            assert!(read_state(&path).is_err(), "byte {place}");
        }
        std::fs::write(&path, &bytes[..bytes.len() - 5]).expect("written");
        assert!(matches!(read_state(&path), Err(SavedStateError::Damaged { .. })));
        std::fs::write(&path, b"something else").expect("written");
        assert!(matches!(read_state(&path), Err(SavedStateError::Foreign { .. })));
    }
}
