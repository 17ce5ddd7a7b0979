//! Parts of a breakdown for job arrays: every part makes some of the runs and keeps them, the whole is read from all.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use superladder_study::Plan;
use thiserror::Error;

use super::runs::run::BreakdownError;
use crate::results::{Clock, Head, OutputError, OutputFolder};
use crate::store::{POINT, Store};

/// Every `count`-th run, from number `index` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// Part `index` of `count`, numbered from 0; none if there is no such part.
    pub fn new(index: usize, count: usize) -> Option<Self> {
        (index < count).then_some(Self { index, count })
    }

    /// Whether run `number` belongs to this part.
    pub(super) fn has(self, number: usize) -> bool {
        number % self.count == self.index
    }
}

/// Why parts make no whole.
#[derive(Debug, Error)]
pub enum PartsError {
    /// A part is none.
    #[error("'{}' is not a part of a breakdown: it has no manifest.json of `breakdown --shard`", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// Two parts are of different studies.
    #[error("'{}' and '{}' are parts of different studies", first.display(), second.display())]
    Different {
        /// One folder.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// A file of a part cannot be read or copied.
    #[error("cannot copy '{}': {source}", path.display())]
    Copy {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// Runs are in none of the parts.
    #[error("{} of {all} runs are in none of the parts, or were made by another version: {}", missing.len(), missing.join("; "))]
    Missing {
        /// What is missing.
        missing: Vec<String>,
        /// All runs.
        all: usize,
    },
    /// The study, or what was measured.
    #[error(transparent)]
    Breakdown(#[from] BreakdownError),
}

impl PartsError {
    /// True when other parts would help, false when the machine refuses.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Copy { .. } => false,
            Self::Breakdown(error) => error.is_bad_input(),
            Self::Foreign { .. } | Self::Different { .. } | Self::Missing { .. } => true,
        }
    }
}

/// Writes what one part has made: its runs as they are kept, the study, a manifest.
///
/// # Errors
/// [`OutputError`].
pub fn write_part(
    (plan, shard): (&Plan, Shard),
    store: &Store,
    clock: &Clock,
    folder: &OutputFolder,
) -> Result<(), OutputError> {
    for path in points(store.folder()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        folder.write(&name, |file| std::io::copy(&mut fs::File::open(&path)?, file).map(drop))?;
    }
    folder.write_text("study.toml", &plan.text)?;
    let head = Head { command: "breakdown", study: &plan.name, configuration: Json::Null, clock };
    let part = json!({ "index": shard.index, "count": shard.count });
    folder.write_json("manifest.json", &head.manifest(json!({ "title": plan.title, "shard": part })))
}

/// Finished runs in a folder, by name.
fn points(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut points: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|e| e == POINT)).collect();
    points.sort();
    points
}

/// Whether a folder is a part of a breakdown.
pub fn is_part(folder: &Path) -> bool {
    let text = fs::read_to_string(folder.join("manifest.json")).unwrap_or_default();
    serde_json::from_str::<Json>(&text).is_ok_and(|manifest| manifest["shard"].is_object())
}

/// The plan of all `parts`, whose runs are copied into `store`.
///
/// # Errors
/// [`PartsError`].
pub fn gathered(parts: &[PathBuf], store: &Store) -> Result<Plan, PartsError> {
    let study = |part: &PathBuf| {
        if !is_part(part) {
            return Err(PartsError::Foreign { path: part.clone() });
        }
        let path = part.join("study.toml");
        fs::read(&path).map_err(|source| PartsError::Copy { path, source })
    };
    let texts = parts.iter().map(study).collect::<Result<Vec<_>, _>>()?;
    if let Some(k) = texts.iter().position(|text| *text != texts[0]) {
        return Err(PartsError::Different { first: parts[0].clone(), second: parts[k].clone() });
    }
    let plan = Plan::load(parts[0].join("study.toml"), &[]).map_err(BreakdownError::from)?;
    for path in parts.iter().flat_map(|part| points(part)) {
        let copied = fs::create_dir_all(store.folder())
            .and_then(|()| fs::copy(&path, store.folder().join(path.file_name().unwrap_or_default())));
        copied.map_err(|source| PartsError::Copy { path: path.clone(), source })?;
    }
    Ok(plan)
}
