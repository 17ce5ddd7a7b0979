//! What is being written at this moment, and which process writes it.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use thiserror::Error;

/// Files and folders in the making.
static IN_THE_MAKING: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
/// Locks that this process holds.
static HELD: Mutex<Vec<(PathBuf, Weak<Held>)>> = Mutex::new(Vec::new());
/// Ends the names of locks.
const LOCK: &str = ".superladder-lock";

/// A file or folder with a temporary name. Known to [`abandon`] until it is dropped.
#[derive(Debug)]
pub struct Making(PathBuf);

impl Making {
    /// Something that has begun to be written at `path`.
    pub fn new(path: &Path) -> Self {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        in_the_making(|paths| paths.insert(path.clone()));
        Self(path)
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        in_the_making(|paths| paths.remove(&self.0));
    }
}

fn in_the_making<R>(change: impl FnOnce(&mut BTreeSet<PathBuf>) -> R) -> R {
    change(&mut IN_THE_MAKING.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Removes everything that this process is writing, and its locks: for a process that ends at once. What
/// cannot be removed does no harm.
pub fn abandon() {
    for path in in_the_making(std::mem::take) {
        let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    }
    for (_, held) in held(std::mem::take) {
        if let Some(held) = held.upgrade() {
            let _ = std::fs::remove_file(&held.path);
        }
    }
}

fn held<R>(change: impl FnOnce(&mut Vec<(PathBuf, Weak<Held>)>) -> R) -> R {
    change(&mut HELD.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Why an output cannot be locked.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another process writes it.
    #[error("another process is writing it")]
    Taken,
    /// The file system refuses.
    #[error(transparent)]
    File(#[from] io::Error),
}

/// An advisory lock on an output: other processes see that this one writes it. The system drops it with the
/// process. Within one process all locks on the same output are one.
#[derive(Debug, Clone)]
pub struct Lock {
    _held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    path: PathBuf,
    _file: Option<File>,
}

impl Drop for Held {
    fn drop(&mut self) {
        // While it is locked: who waits for this name finds it gone, and makes a new one.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Lock {
    /// Locks the output `target`, whose folder must exist.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn of(target: &Path) -> Result<Self, LockError> {
        let target = std::path::absolute(target)?;
        let name = format!(".{}{LOCK}", target.file_name().unwrap_or_default().to_string_lossy());
        let path = target.with_file_name(name);
        held(|held| {
            held.retain(|(_, lock)| lock.strong_count() > 0);
            if let Some(lock) = held.iter().find(|(p, _)| *p == path).and_then(|(_, lock)| lock.upgrade()) {
                return Ok(Self { _held: lock });
            }
            let lock = Arc::new(Held { _file: locked(&path)?, path: path.clone() });
            held.push((path, Arc::downgrade(&lock)));
            Ok(Self { _held: lock })
        })
    }
}

/// The locked file at `path`; `None` where the file system knows no locks.
fn locked(path: &Path) -> Result<Option<File>, LockError> {
    loop {
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Taken),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // Its owner may have removed the name between the two calls.
        if is_at(&file, path) {
            return Ok(Some(file));
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let identity = |m: std::fs::Metadata| (m.dev(), m.ino());
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(file), Ok(there)) => identity(file) == identity(there),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_shares_its_lock_and_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("run");
        let (first, second) = (Lock::of(&target).unwrap(), Lock::of(&target).unwrap());
        let name = home.path().join(".run.superladder-lock");
        // Another process sees another file description, which the lock keeps out.
        let other = File::options().write(true).open(&name).unwrap();
        assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
        drop(first);
        assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
        drop(second);
        assert!(!name.exists());
        other.try_lock().unwrap();
        // The name is gone: a new lock is a new file.
        drop(Lock::of(&target).unwrap());
    }
}
