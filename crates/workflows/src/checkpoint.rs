//! Checkpoints: everything needed to go on with an interrupted run, bit by bit.
//!
//! A checkpoint is one framed file ([`superladder_frame`]): the header holds version, digest of the study and
//! the records so far, the body the state of the engine. There is always a whole one. Numbers are stored in
//! binary, little-endian.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use superladder_engine::{End, Evolution, Recorder};
use superladder_frame::{self as frame, DIGEST, Frame, FrameError, digest};
use thiserror::Error;

use crate::results::version;
use superladder_study::Study;

/// First line of every checkpoint.
const MAGIC: &[u8] = b"superladder checkpoint 3\n";

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

impl CheckpointError {
    /// True when other arguments would help, false when the file system refuses.
    pub fn is_bad_input(&self) -> bool {
        !matches!(self, Self::File { .. })
    }
}

/// What a checkpoint belongs to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Stamp {
    version: String,
    study: [u8; DIGEST],
}

impl Stamp {
    /// The stamp of what this version makes of a study.
    pub(crate) fn of(study: [u8; DIGEST]) -> Self {
        Self { version: version(), study }
    }

    /// Refuses a checkpoint at `path` with this stamp where another one is `wanted`.
    pub(crate) fn check(self, path: &Path, wanted: &Self) -> Result<(), CheckpointError> {
        let path = || path.to_owned();
        if self.version != wanted.version {
            return Err(CheckpointError::Version { path: path(), found: self.version });
        }
        if self.study == wanted.study { Ok(()) } else { Err(CheckpointError::Study { path: path() }) }
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    stamp: Stamp,
    recorder: Recorder,
}

/// The frame of a checkpoint whose first line is `magic`.
pub(crate) fn whole_frame(path: &Path, magic: &[u8]) -> Result<Frame, CheckpointError> {
    let path = || path.to_owned();
    let read = Frame::read(&path(), magic).map_err(|error| match error {
        FrameError::File(source) => CheckpointError::File { action: "read", path: path(), source },
        FrameError::Foreign => CheckpointError::Foreign { path: path() },
        FrameError::Damaged(what) => CheckpointError::Damaged { path: path(), what },
    })?;
    let what = "its digest does not fit its content";
    if read.is_whole() { Ok(read) } else { Err(CheckpointError::Damaged { path: path(), what }) }
}

/// The digest of everything that decides the results of a study.
fn identity(study: &Study) -> [u8; DIGEST] {
    // A run whose state is kept as a whole has more numbers.
    let whole = if study.problem.end == End::State { "\0state" } else { "" };
    digest(format!("{}\0{}{whole}", study.text(), study.resolved()).as_bytes())
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
        let header = Header { stamp: Stamp::of(identity(study)), recorder: recorder.clone() };
        let header = postcard::to_stdvec(&header).map_err(|e| failed(io::Error::other(e)))?;
        frame::write(path, MAGIC, &header, |mut body| evolution.save_to(&mut body)).map_err(failed)
    }

    /// Reads a checkpoint of `study`.
    ///
    /// # Errors
    /// [`CheckpointError`] for everything that is not a whole checkpoint of this study by this version.
    pub fn read(path: &Path, study: &Study) -> Result<Self, CheckpointError> {
        let damaged = |what| CheckpointError::Damaged { path: path.to_owned(), what };
        let read = whole_frame(path, MAGIC)?;
        let header: Header =
            postcard::from_bytes(read.header()).map_err(|_| damaged("its header cannot be read"))?;
        header.stamp.check(path, &Stamp::of(identity(study)))?;
        Ok(Self { recorder: header.recorder, state: read.into_body() })
    }
}
