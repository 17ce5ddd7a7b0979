//! Searches for stationary states that may be interrupted: what they find is kept in a checkpoint beside the output
//! folder, and another search goes on from there.
//!
//! ```text
//! Search ── enter ──> problem and options of a state ── engine, tells Finding ──> Piece ── checkpoint
//! ```
//! A checkpoint is one framed file ([`superladder_frame`]): the header holds version and identity, the body a
//! piece for every state that is looked for. What a search finds from a near state is right to its stated
//! error; its bits depend on where it began.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use superladder_engine::{Finding, FollowedSamples, Halt, Problem, SlowModes, StationaryOptions};
use superladder_frame::{self as frame, digest};
use superladder_model::JointState;
use superladder_study::Study;
use thiserror::Error;

use crate::checkpoint::{Checkpoint, CheckpointError, Stamp, whole_frame};
use crate::results::{Clock, Head, OutputError, OutputFolder, lock};

/// First line of every checkpoint of a search.
const MAGIC: &[u8] = b"superladder search 2\n";

/// What becomes of an earlier search, and how this one is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    /// Go on with an interrupted search.
    pub resume: bool,
    /// Replace the output folder if it exists, and give up what an interrupted search has left.
    pub force: bool,
    /// Time between two checkpoints.
    pub interval: Duration,
}

/// Why a search cannot begin, or leaves nothing.
#[derive(Debug, Error)]
pub enum SearchError {
    /// The checkpoint cannot be used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The results cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// An interrupted search waits to be continued.
    #[error(
        "a checkpoint of an interrupted search exists: '{}'; continue with --resume, or start anew with --force", .0.display()
    )]
    Waiting(PathBuf),
    /// A checkpoint that is no longer needed stays.
    #[error("cannot remove the checkpoint '{}': {source}", path.display())]
    Remove {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
}

impl SearchError {
    /// True when other arguments would help, false when the machine failed.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Checkpoint(error) => error.is_bad_input(),
            Self::Output(error) => error.is_bad_input(),
            Self::Waiting(_) => true,
            Self::Remove { .. } => false,
        }
    }
}

/// How a search has ended, in its folder.
pub struct Finished {
    /// The folder.
    pub folder: PathBuf,
    /// What is told.
    pub text: String,
    /// Whether every bound was kept.
    pub converged: bool,
    /// Whether it was ended before it had found what it looks for.
    pub interrupted: bool,
    /// Why a checkpoint could not be written.
    pub warning: Option<String>,
}

/// What is known of one state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Piece {
    /// Which state of the search it is.
    name: String,
    /// Cutoffs by mode.
    cutoffs: Vec<usize>,
    /// The state nearest to the stationary one.
    state: Option<JointState>,
    /// Whether there is one stationary state in every class.
    unique: bool,
    /// Slow modes at these cutoffs.
    slow: Vec<SlowModes>,
    /// Samples, of engines without a density matrix.
    followed: Option<FollowedSamples>,
}

impl Piece {
    /// Whether another search can begin here.
    fn is_known(&self) -> bool {
        self.state.is_some() || self.followed.is_some()
    }
}

/// All that is kept.
struct Kept {
    pieces: Vec<Piece>,
    /// The piece that is looked for.
    current: Option<usize>,
    written: Instant,
    /// Whether something was found since.
    fresh: bool,
    warning: Option<String>,
}

/// A search that is under way: what it finds is kept, and `halt` may end it.
pub(crate) struct Search<'a> {
    study: &'a Study,
    command: &'static str,
    halt: &'a dyn Halt,
    path: PathBuf,
    stamp: Stamp,
    interval: Duration,
    resumed: bool,
    kept: Mutex<Kept>,
}

impl<'a> Search<'a> {
    /// Sees to it that `command` can begin, from nothing or from what an earlier search with the same `options`
    /// has left.
    pub(crate) fn begin(
        (study, command, options): (&'a Study, &'static str, &StationaryOptions),
        output: &Path,
        keeping: Keeping,
        halt: &'a dyn Halt,
    ) -> Result<(Self, OutputFolder), SearchError> {
        let path = Checkpoint::path(output);
        let asked = (options.tolerance, options.modes, options.certify, options.keep_state);
        let words = format!("{command}\0{asked:?}\0{}\0{}", study.text(), study.resolved());
        let stamp = Stamp::of(digest(words.as_bytes()));
        // Before anything is read that another process may write.
        let guard = output.parent().filter(|p| p.is_dir()).map(|_| lock(output)).transpose()?;
        let pieces = match (path.exists(), keeping.resume) {
            (true, true) => read(&path, &stamp)?,
            (true, false) if !keeping.force => return Err(SearchError::Waiting(path)),
            _ => Vec::new(),
        };
        drop(guard);
        let resumed = keeping.resume && path.exists();
        let replaces = resumed || (keeping.resume && is_interrupted(output, command));
        let folder =
            OutputFolder::begin(output, keeping.force || replaces).map_err(|e| e.resuming(keeping.resume))?;
        frame::remove_partials(&path);
        let kept = Kept { pieces, current: None, written: Instant::now(), fresh: false, warning: None };
        let (interval, kept) = (keeping.interval, Mutex::new(kept));
        let search = Self { study, command, halt, path, stamp, interval, resumed, kept };
        if !resumed {
            search.remove()?;
        }
        Ok((search, folder))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it goes on from a checkpoint.
    pub(crate) fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// The state called `name` is looked for from now on: `problem` and `options` begin where an earlier search
    /// has ended.
    pub(crate) fn enter(&self, name: &str, problem: &mut Problem, options: &mut StationaryOptions) {
        let mut kept = self.kept();
        let at = kept.pieces.iter().position(|piece| piece.name == name).unwrap_or_else(|| {
            kept.pieces.push(Piece { name: name.to_owned(), ..Piece::default() });
            kept.pieces.len() - 1
        });
        kept.current = Some(at);
        let piece = &kept.pieces[at];
        options.followed = piece.followed.clone().map(Arc::new);
        let Some(state) = &piece.state else { return };
        problem.cutoffs.clone_from(&piece.cutoffs);
        options.guess = Some(Arc::new(state.clone()));
        options.known.clone_from(&piece.slow);
        // It was made sure of already.
        options.certify &= !piece.unique;
    }

    /// What is found from now on belongs to no state that is looked for.
    pub(crate) fn leave(&self) {
        self.kept().current = None;
    }

    /// Writes what is new and has waited long enough.
    fn write_in_time(&self, kept: &mut Kept) {
        if kept.fresh && kept.written.elapsed() >= self.interval && kept.pieces.iter().any(Piece::is_known) {
            self.write(kept);
        }
    }

    fn write(&self, kept: &mut Kept) {
        (kept.written, kept.fresh) = (Instant::now(), false);
        let written = || {
            let header = postcard::to_stdvec(&self.stamp).map_err(io::Error::other)?;
            frame::write(&self.path, MAGIC, &header, |body| {
                postcard::to_io(&kept.pieces, body).map(|_| ()).map_err(io::Error::other)
            })
        };
        if let Err(source) = written() {
            let error = CheckpointError::File { action: "write", path: self.path.clone(), source };
            kept.warning = Some(error.to_string());
        }
    }

    fn remove(&self) -> Result<(), SearchError> {
        match std::fs::remove_file(&self.path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(SearchError::Remove { path: self.path.clone(), source })
            }
            _ => Ok(()),
        }
    }

    /// The end of a search that has found what it looked for: the folder is put in its place, a checkpoint is
    /// removed.
    pub(crate) fn finish(
        self,
        folder: OutputFolder,
        text: String,
        converged: bool,
    ) -> Result<Finished, SearchError> {
        let folder = folder.finish()?;
        self.remove()?;
        let warning = self.kept().warning.take();
        Ok(Finished { folder, text, converged, interrupted: false, warning })
    }

    /// The end of a search that was interrupted: a checkpoint, and a folder that says so.
    pub(crate) fn interrupted(self, folder: OutputFolder, clock: &Clock) -> Result<Finished, SearchError> {
        let mut kept = self.kept();
        let known = kept.pieces.iter().filter(|piece| piece.is_known()).count();
        if known > 0 {
            self.write(&mut kept);
        }
        let name = self.path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.filter(|_| known > 0 && kept.warning.is_none());
        let reason = match (&name, &kept.warning) {
            (Some(name), _) => {
                format!("interrupted: the state as far as it was found is in {name}; --resume goes on")
            }
            (None, Some(warning)) => format!("interrupted: {warning}"),
            (None, None) => {
                "interrupted before a state was found that could be kept; --resume begins anew".to_owned()
            }
        };
        let text = format!("{}\n\n{reason}\n", self.study.title);
        let configuration = self.study.resolved();
        let head = Head { command: self.command, study: &self.study.name, configuration, clock };
        let piece = |piece: &Piece| {
            json!({
                "state": piece.name,
                "cutoffs": piece.cutoffs,
                "unique": piece.unique,
                "slow_modes_of": piece.slow.iter().map(|slow| &slow.difference).collect::<Vec<_>>(),
            })
        };
        let manifest = head.manifest(json!({
            "converged": false,
            "not_converged": [reason],
            "interrupted": true,
            "checkpoint": name,
            "kept": kept.pieces.iter().filter(|piece| piece.is_known()).map(piece).collect::<Vec<_>>(),
        }));
        folder.write_json("manifest.json", &manifest)?;
        folder.write_text("report.txt", &text)?;
        folder.write_text("study.toml", self.study.text())?;
        let warning = kept.warning.take();
        Ok(Finished { folder: folder.finish()?, text, converged: false, interrupted: true, warning })
    }
}

impl Halt for Search<'_> {
    fn asked(&self) -> bool {
        self.halt.asked()
    }

    fn heard(&self, iterations: u64, residual: f64) {
        self.halt.heard(iterations, residual);
        if let Ok(mut kept) = self.kept.try_lock() {
            self.write_in_time(&mut kept);
        }
    }

    fn found(&self, finding: &Finding<'_>) {
        let mut kept = self.kept();
        let Some(at) = kept.current else { return };
        kept.pieces[at].take(finding);
        kept.fresh = true;
        self.write_in_time(&mut kept);
    }
}

impl Piece {
    fn take(&mut self, finding: &Finding<'_>) {
        match finding {
            Finding::State { cutoffs, state } => {
                let state = state();
                if state.check().is_err() {
                    return;
                }
                if self.cutoffs != *cutoffs {
                    *self = Self { name: std::mem::take(&mut self.name), ..Self::default() };
                    self.cutoffs = cutoffs.to_vec();
                }
                self.state = Some(state);
            }
            Finding::Unique => self.unique = true,
            Finding::Slow(modes) => {
                self.slow.retain(|known| known.difference != modes.difference);
                self.slow.push((*modes).clone());
            }
            Finding::Samples { length, sums } => {
                self.followed = Some(FollowedSamples { length: *length, sums: sums() });
            }
        }
    }
}

/// Whether a folder is all that an interrupted search has left: there are no results in it.
fn is_interrupted(output: &Path, command: &str) -> bool {
    let text = std::fs::read_to_string(output.join("manifest.json")).unwrap_or_default();
    let manifest: Value = serde_json::from_str(&text).unwrap_or_default();
    manifest["interrupted"] == true && manifest["command"] == command
}

fn read(path: &Path, stamp: &Stamp) -> Result<Vec<Piece>, CheckpointError> {
    let damaged = |what| CheckpointError::Damaged { path: path.to_owned(), what };
    let read = whole_frame(path, MAGIC)?;
    let found: Stamp =
        postcard::from_bytes(read.header()).map_err(|_| damaged("its header cannot be read"))?;
    found.check(path, stamp)?;
    postcard::from_bytes(read.body()).map_err(|_| damaged("its content cannot be read"))
}
