//! Finished pieces of a longer computation, one file each, so that an interrupted one goes on without
//! repeating any.
//!
//! A file is named by the digest of everything that decides the piece's results, the version of the program
//! among them, written to a temporary name and renamed. One more file says which version that is.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use superladder_frame::{self as frame, Frame};
use thiserror::Error;

use crate::results::version;

/// Extension of finished points.
pub(crate) const POINT: &str = "point";
/// Name of the file with the version that finished the points.
const VERSION: &str = "version";
/// First line of a finished point.
const MAGIC: &[u8] = b"superladder point 1\n";

/// Why finished points cannot be kept or removed.
#[derive(Debug, Error)]
#[error("cannot {action} '{}': {source}", path.display())]
pub struct StoreError {
    /// What was tried.
    action: &'static str,
    /// The file or folder.
    path: PathBuf,
    /// Cause.
    source: io::Error,
}

/// The points are of another version of the program, which has no use for them here.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the finished points in '{}' were written by superladder {found}, this is {}; go on with that version, or start anew with --force in place of --resume", folder.display(), version())]
pub struct OtherVersion {
    /// Where they are.
    folder: PathBuf,
    /// The version that wrote them.
    found: String,
}

/// The folder of finished points.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    /// Keeps other processes away from it.
    lock: Option<frame::Lock>,
}

impl Store {
    /// The store beside an output folder.
    pub fn beside(output: &Path) -> Self {
        let mut name = output.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        Self { folder: output.with_file_name(name), lock: None }
    }

    /// Keeps the lock on the output as long as the store lives.
    pub(crate) fn hold(&mut self, lock: frame::Lock) {
        self.lock = Some(lock);
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn file(&self, digest: &str) -> PathBuf {
        self.folder.join(digest).with_extension(POINT)
    }

    fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
        move |source| StoreError { action, path: path.to_owned(), source }
    }

    /// A finished point, if it is there and whole.
    pub fn read<T: DeserializeOwned>(&self, digest: &str) -> Option<T> {
        let point = Frame::read(&self.file(digest), MAGIC).ok().filter(Frame::is_whole)?;
        postcard::from_bytes(point.body()).ok()
    }

    /// Sees to it that the points that are there, if any, are of this version.
    ///
    /// # Errors
    /// [`OtherVersion`].
    pub fn of_this_version(&self) -> Result<(), OtherVersion> {
        match fs::read(self.folder.join(VERSION)) {
            Ok(found) if found != version().as_bytes() => {
                let found = String::from_utf8_lossy(&found).into_owned();
                Err(OtherVersion { folder: self.folder.clone(), found })
            }
            _ => Ok(()),
        }
    }

    /// Keeps a finished point.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn write<T: Serialize>(&self, digest: &str, kept: &T) -> Result<(), StoreError> {
        let path = self.file(digest);
        let write = || {
            let body = postcard::to_stdvec(kept).map_err(io::Error::other)?;
            let known = self.folder.join(VERSION);
            if !known.exists() {
                frame::write_whole(&known, |file| file.write_all(version().as_bytes()))?;
            }
            frame::write(&path, MAGIC, version().as_bytes(), |point| point.write_all(&body))
        };
        write().map_err(Self::failed("write", &path))
    }

    /// Removes a point, if it is there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove(&self, digest: &str) -> Result<(), StoreError> {
        let path = self.file(digest);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Self::failed("remove", &path)(e)),
            _ => Ok(()),
        }
    }

    /// Removes the store and nothing that is not of it.
    ///
    /// # Errors
    /// [`StoreError`]; also when there is something else in the folder.
    pub fn clear(&self) -> Result<(), StoreError> {
        let entries = match fs::read_dir(&self.folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(Self::failed("read", &self.folder))?,
        };
        for entry in entries {
            let path = entry.map_err(Self::failed("read", &self.folder))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let point = path.extension().is_some_and(|e| e == POINT);
            if point || name == VERSION || name.ends_with(frame::PARTIAL) {
                fs::remove_file(&path).map_err(Self::failed("remove", &path))?;
            }
        }
        fs::remove_dir(&self.folder).map_err(Self::failed("remove", &self.folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_read_back_and_damaged_ones_do_not() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::beside(&home.path().join("deep/run"));
        let kept = (vec![0.0, 0.1, f64::INFINITY], Some("it blew up".to_owned()));
        let read = || store.read::<(Vec<f64>, Option<String>)>("ab");
        assert_eq!(read(), None);
        store.of_this_version().unwrap();
        store.write("ab", &kept).unwrap();
        assert_eq!(read(), Some(kept));
        store.of_this_version().unwrap();
        let path = store.file("ab");
        let mut bytes = fs::read(&path).unwrap();
        bytes[3] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert_eq!(read(), None);
        fs::write(store.folder().join("thesis.tex"), "precious").unwrap();
        assert!(store.clear().unwrap_err().to_string().contains("run.partial"));
        fs::remove_file(store.folder().join("thesis.tex")).unwrap();
        store.clear().unwrap();
        store.clear().unwrap();
        assert!(!store.folder().exists());
    }
}
