//! What a run leaves behind: `observables.csv`, `observables.npz`, `manifest.json`, `study.toml`, `overview.svg`
//! and `overview.png` in a folder of its own.
//!
//! The folder appears at once and complete: files are written to a hidden sibling that is renamed at the end.

mod arrays;
mod attachments;
mod columns;
mod folder;
mod manifest;
mod matrix;

use std::io::Write;
use std::path::PathBuf;

use superladder_engine::{Attachment, Diagnostics, Recorder, Resources};
use thiserror::Error;

pub use arrays::{write_arrays, write_real_arrays};
use attachments::{write_table, write_table_arrays};
pub use columns::{Column, columns, write_csv};
pub use folder::OutputFolder;
pub use manifest::{Clock, Effort, Spent, manifest};
pub use matrix::{write_matrix_arrays, write_matrix_market};

use crate::config::Study;
use crate::plot;

/// Everything known at the end of a run.
pub struct Outcome<'a> {
    /// The study.
    pub study: &'a Study,
    /// The records.
    pub recorder: &'a Recorder,
    /// Worst values and bounds of the diagnostics.
    pub diagnostics: &'a Diagnostics,
    /// Figures of the method.
    pub statistics: serde_json::Value,
    /// What a reader should know although every bound is kept.
    pub warnings: Vec<String>,
    /// Tables beside the records.
    pub attachments: Vec<Attachment>,
    /// The sums of an engine that samples, as [`crate::samples::to_bytes`] makes them.
    pub samples: Option<Vec<u8>>,
    /// What the engine said it needs.
    pub resources: &'a Resources,
    /// What it cost.
    pub effort: Effort,
}

impl Outcome<'_> {
    /// True when every bound is kept and the run went to its end.
    pub fn converged(&self) -> bool {
        self.reasons().is_empty()
    }

    /// Why the run does not count as converged.
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons = self.diagnostics.broken();
        if self.recorder.interrupted && self.samples.is_some() {
            let (done, all) = (&self.statistics["trajectories"], &self.statistics["trajectories_asked_for"]);
            reasons.push(format!("stopped after {done} trajectories, before the {all} that were asked for"));
        } else if self.recorder.interrupted {
            let last = self.recorder.records.last().map_or(f64::NAN, |r| r.time);
            reasons.push(format!("stopped at t = {last}, before the last output time"));
        }
        reasons
    }

    /// Writes every file into `folder`.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn write(&self, folder: &OutputFolder) -> Result<(), OutputError> {
        let columns = columns(&self.study.problem, self.recorder);
        folder.write("observables.csv", |file| write_csv(file, &columns))?;
        folder.write("observables.npz", |file| write_arrays(file, &self.study.problem, self.recorder))?;
        for table in &self.attachments {
            folder.write(&format!("{}.csv", table.name), |file| write_table(file, table))?;
            folder.write(&format!("{}.npz", table.name), |file| write_table_arrays(file, table))?;
        }
        if let Some(samples) = &self.samples {
            folder.write(crate::samples::FILE, |file| file.write_all(samples))?;
        }
        folder.write("study.toml", |file| file.write_all(self.study.text().as_bytes()))?;
        let text = serde_json::to_string_pretty(&manifest(self, &columns))?;
        folder.write("manifest.json", |file| writeln!(file, "{text}"))?;
        let picture = plot::overview(&self.study.title, &self.study.problem, self.recorder);
        folder.write_picture("overview", &picture)
    }
}

/// Why output cannot be written.
#[derive(Debug, Error)]
pub enum OutputError {
    /// The folder exists.
    #[error("the output '{}' exists; give another with --output, or --force to replace it", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// What exists there was not written by superladder.
    #[error("'{}' exists and is not an output folder of superladder (it has no manifest.json), so --force does not replace it; remove it yourself or give another --output", path.display())]
    Foreign {
        /// The path.
        path: PathBuf,
    },
    /// Writing failed.
    #[error("cannot write '{}': {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// The manifest cannot be put into words.
    #[error("cannot write the manifest: {0}")]
    Manifest(#[from] serde_json::Error),
    /// The plot cannot be drawn.
    #[error("cannot draw the overview: {message}")]
    Plot {
        /// What the plotting library says.
        message: String,
    },
}

impl OutputError {
    /// True when another argument would help, false when the machine refuses.
    pub fn is_bad_input(&self) -> bool {
        matches!(self, Self::Exists { .. } | Self::Foreign { .. })
    }
}
