//! Checkpoints: everything needed to go on with an interrupted run, bit by bit.
//!
//! A checkpoint is one file: a line that says what it is, a header of stated length (version, digest of the study, the
//! records so far), the state of the engine, and in the end a SHA-256 digest of all that. It is written to a temporary file,
//! forced to the disk and renamed, so that there is always a whole one. Numbers are stored in binary, little-endian.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use superladder_engine::{Evolution, Recorder};
use thiserror::Error;

use crate::results::version;
use superladder_study::Study;

/// First line of every checkpoint.
const MAGIC: &[u8] = b"superladder checkpoint 2\n";
/// Bytes of a SHA-256 digest.
const DIGEST: usize = 32;

/// What a checkpoint holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The records so far.
    pub recorder: Recorder,
    /// What `Evolution::save` gave.
    pub state: Vec<u8>,
}

/// Why a checkpoint cannot be written or read.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// The file system refuses.
    #[error("cannot {action} the checkpoint '{}': {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// It is something else.
    #[error("'{}' is no checkpoint of this program", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It is cut short or has changed since it was written.
    #[error("the checkpoint '{}' is damaged: {what}; remove it to start anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        what: &'static str,
    },
    /// Another version wrote it.
    #[error("the checkpoint '{}' was written by superladder {found}, this is {}; continue with that version, or remove it to start anew", path.display(), version())]
    Version {
        /// The file.
        path: PathBuf,
        /// Version that wrote it.
        found: String,
    },
    /// It belongs to another study.
    #[error("the checkpoint '{}' belongs to another study, or to this one with other values; remove it to start anew, or give another --output", path.display())]
    Study {
        /// The file.
        path: PathBuf,
    },
}

#[derive(Serialize, Deserialize)]
struct Header {
    version: String,
    study: [u8; DIGEST],
    recorder: Recorder,
}

/// The digest of everything that decides the results of a study.
fn identity(study: &Study) -> [u8; DIGEST] {
    let mut digest = Sha256::new();
    digest.update(study.text().as_bytes());
    digest.update([0]);
    digest.update(study.resolved().to_string().as_bytes());
    digest.finalize().into()
}

/// A file whose digest is taken while it is written.
struct Digesting {
    file: File,
    digest: Sha256,
}

impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Checkpoint {
    /// Where the checkpoint of a run with this output folder is.
    pub fn path(output: &Path) -> PathBuf {
        let mut name = output.file_name().unwrap_or_default().to_owned();
        name.push(".checkpoint");
        output.with_file_name(name)
    }

    /// Writes the checkpoint of a run of `study`, in the place of an older one.
    ///
    /// # Errors
    /// [`CheckpointError::File`]; an older checkpoint is then still whole.
    pub fn write(
        path: &Path,
        study: &Study,
        recorder: &Recorder,
        evolution: &dyn Evolution,
    ) -> Result<(), CheckpointError> {
        let failed = |source| CheckpointError::File { action: "write", path: path.to_owned(), source };
        let header = Header { version: version(), study: identity(study), recorder: recorder.clone() };
        let header = postcard::to_stdvec(&header).map_err(|e| failed(io::Error::other(e)))?;
        let folder = path.parent().filter(|p| *p != Path::new("")).unwrap_or(Path::new("."));
        let write = || {
            std::fs::create_dir_all(folder)?;
            // One fixed name, so that a run killed while writing leaves nothing that the next one does not replace.
            let partial = path.with_extension("checkpoint.superladder-partial");
            let mut file = Digesting { file: File::create(&partial)?, digest: Sha256::new() };
            for part in [MAGIC, &(header.len() as u64).to_le_bytes(), &header] {
                file.write_all(part)?;
            }
            evolution.save_to(&mut file)?;
            let Digesting { mut file, digest } = file;
            file.write_all(&digest.finalize())?;
            file.sync_all()?;
            drop(file);
            std::fs::rename(&partial, path)?;
            // The new name is safe only once the folder is on the disk too.
            File::open(folder).and_then(|f| f.sync_all()).or(Ok(()))
        };
        write().map_err(failed)
    }

    /// Reads a checkpoint of `study`.
    ///
    /// # Errors
    /// [`CheckpointError`] for everything that is not a whole checkpoint of this study by this version.
    pub fn read(path: &Path, study: &Study) -> Result<Self, CheckpointError> {
        let mut bytes = std::fs::read(path).map_err(|source| CheckpointError::File {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        let damaged = |what| CheckpointError::Damaged { path: path.to_owned(), what };
        if !bytes.starts_with(MAGIC) {
            return Err(CheckpointError::Foreign { path: path.to_owned() });
        }
        let start = MAGIC.len() + 8;
        if bytes.len() < start + DIGEST {
            return Err(damaged("it is cut short"));
        }
        let end = bytes.len() - DIGEST;
        if Sha256::digest(&bytes[..end])[..] != bytes[end..] {
            return Err(damaged("its digest does not fit its content"));
        }
        let length: [u8; 8] = bytes[MAGIC.len()..start].try_into().unwrap_or_default();
        let state = usize::try_from(u64::from_le_bytes(length)).ok().and_then(|n| n.checked_add(start));
        let Some(state) = state.filter(|state| *state <= end) else {
            return Err(damaged("its parts do not have the lengths that it states"));
        };
        let header: Header =
            postcard::from_bytes(&bytes[start..state]).map_err(|_| damaged("its header cannot be read"))?;
        if header.version != version() {
            return Err(CheckpointError::Version { path: path.to_owned(), found: header.version });
        }
        if header.study != identity(study) {
            return Err(CheckpointError::Study { path: path.to_owned() });
        }
        bytes.truncate(end);
        bytes.drain(..state);
        Ok(Self { recorder: header.recorder, state: bytes })
    }
}
