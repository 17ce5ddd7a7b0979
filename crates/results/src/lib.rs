//! What workflows leave behind: tables, arrays, pictures and one manifest in a folder of its own.
//!
//! The folder appears at once and complete: files are written to a hidden sibling that is renamed at the end.

mod archive;
mod arrays;
mod checks;
mod columns;
mod folder;
mod manifest;
mod matrix;
mod report;
mod tables;

use std::path::PathBuf;

use thiserror::Error;

pub use arrays::{Arrays, record_arrays};
pub use checks::write_checks;
pub use columns::{Column, columns, diagnostics, standard_errors, write_csv};
pub use folder::{OutputFolder, lock};
pub use manifest::{Clock, Head, Spent, version};
pub use matrix::{write_exported, write_matrix_market};
pub use superladder_frame::{abandon, write_whole};
pub use tables::{TableWriter, write_rows, write_table, write_table_arrays};

/// Why output cannot be written.
#[derive(Debug, Error)]
pub enum OutputError {
    /// The folder exists.
    #[error("the output '{}' exists; give another with --output, or --force to replace it", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The folder exists, and nothing of an interrupted run is beside it.
    #[error("the output '{}' exists and nothing waits to be continued: what wrote it has ended; --force runs it again, --output writes another", path.display())]
    Ended {
        /// The folder.
        path: PathBuf,
    },
    /// Another process is at it.
    #[error("another process is writing '{}'; wait for it, or give another --output", path.display())]
    InUse {
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
    /// The picture cannot be drawn.
    #[error("cannot draw '{}': {message}", path.display())]
    Plot {
        /// The file.
        path: PathBuf,
        /// What the plotting library says.
        message: String,
    },
}

impl OutputError {
    /// The same error for someone who asks to `resume`.
    #[must_use]
    pub fn resuming(self, resume: bool) -> Self {
        match self {
            Self::Exists { path } if resume => Self::Ended { path },
            other => other,
        }
    }

    /// True when another argument would help, false when the machine refuses.
    pub fn is_bad_input(&self) -> bool {
        matches!(self, Self::Exists { .. } | Self::Ended { .. } | Self::Foreign { .. } | Self::InUse { .. })
    }
}
