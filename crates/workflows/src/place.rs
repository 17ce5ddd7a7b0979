//! Where a command may write: what is in the way shows before time starts.

use std::path::Path;

use thiserror::Error;

use crate::results::{OutputError, OutputFolder, lock};
use crate::store::{OtherVersion, Store, StoreError};

/// Why a place cannot be taken.
#[derive(Debug, Error)]
pub enum PlaceError {
    /// The output folder cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// An interrupted workflow waits to be continued.
    #[error(
        "finished points of an interrupted run are kept in '{0}'; continue with --resume, or start anew with --force"
    )]
    Partial(String),
    /// It cannot be continued.
    #[error(transparent)]
    OtherVersion(#[from] OtherVersion),
    /// What an earlier run has left cannot be removed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PlaceError {
    /// True when another argument would help, false when the machine refuses.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Output(error) => error.is_bad_input(),
            Self::Partial(_) | Self::OtherVersion(_) => true,
            Self::Store(_) => false,
        }
    }
}

/// The store of finished pieces beside the output folder `target`. Fails early if the folder exists and may
/// not be replaced (`force`), or if an interrupted run has left pieces that are neither continued (`resume`)
/// nor given up (`force`).
///
/// # Errors
/// [`PlaceError`].
pub fn store_beside(target: &Path, force: bool, resume: bool) -> Result<Store, PlaceError> {
    drop(OutputFolder::begin(target, force).map_err(|e| e.resuming(resume))?);
    let mut store = Store::beside(target);
    if let Some(parent) = target.parent().filter(|p| *p != Path::new("")) {
        std::fs::create_dir_all(parent)
            .map_err(|source| OutputError::Write { path: target.to_owned(), source })?;
    }
    store.hold(lock(target)?);
    if store.folder().exists() && !resume {
        if !force {
            return Err(PlaceError::Partial(store.folder().display().to_string()));
        }
        store.clear()?;
    }
    store.of_this_version()?;
    Ok(store)
}
