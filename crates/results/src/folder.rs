//! A folder that appears complete or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};
use superladder_frame as frame;
use superladder_model::JointState;
use superladder_study::{STATE_FILE, write_state};
use tempfile::TempDir;

use crate::OutputError;
use crate::manifest::version;
use crate::report;
use superladder_plot::Picture;

/// An output folder in the making. Dropping it without [`OutputFolder::finish`] removes what was written.
#[derive(Debug)]
pub struct OutputFolder {
    target: PathBuf,
    /// `None` once the folder is in its place.
    partial: Option<TempDir>,
    making: Option<frame::Making>,
    lock: Option<frame::Lock>,
    /// Parents made for it, outermost first.
    parents: Vec<PathBuf>,
    replace: bool,
    /// What the pictures show, by name, for `figure.py` and the report.
    pictures: Mutex<Map<String, Value>>,
}

impl OutputFolder {
    /// Begins the folder `target`: checks that it may be written and makes a partial one beside it.
    ///
    /// # Errors
    /// [`OutputError::Exists`] without `replace`, [`OutputError::Foreign`] when what is there is not an
    /// output of superladder, [`OutputError::Write`].
    pub fn begin(target: &Path, replace: bool) -> Result<Self, OutputError> {
        check_target(target, replace)?;
        let parent = match target.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let failed = |source| OutputError::Write { path: target.to_owned(), source };
        target.file_name().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
        let mut parents: Vec<PathBuf> = parent
            .ancestors()
            .take_while(|p| *p != Path::new("") && !p.exists())
            .map(Path::to_owned)
            .collect();
        parents.reverse();
        let mut folder = Self {
            target: target.to_owned(),
            partial: None,
            making: None,
            lock: None,
            parents,
            replace,
            pictures: Mutex::default(),
        };
        fs::create_dir_all(parent).map_err(failed)?;
        folder.lock = Some(lock(target)?);
        // Nobody else writes it: what is there a killed run has left.
        frame::remove_partials(target);
        restore(target).map_err(failed)?;
        check_target(target, replace)?;
        let prefix = frame::prefix(target);
        let partial = tempfile::Builder::new().prefix(&prefix).suffix(frame::PARTIAL).tempdir_in(parent);
        let partial = partial.map_err(failed)?;
        folder.making = Some(frame::Making::new(partial.path()));
        folder.partial = Some(partial);
        Ok(folder)
    }

    fn partial(&self) -> &Path {
        self.partial.as_ref().map_or(&self.target, TempDir::path)
    }

    /// Where it will be.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Writes one file to the end, down to the disk.
    ///
    /// # Errors
    /// [`OutputError::Write`].
    pub fn write(
        &self,
        name: &str,
        fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), OutputError> {
        let path = self.partial().join(name);
        let write = || {
            let mut file = BufWriter::new(File::create(path)?);
            fill(&mut file)?;
            file.into_inner()?.sync_all()
        };
        write().map_err(|source| OutputError::Write { path: self.target.join(name), source })
    }

    /// Writes text.
    ///
    /// # Errors
    /// [`OutputError::Write`].
    pub fn write_text(&self, name: &str, text: &str) -> Result<(), OutputError> {
        self.write(name, |file| file.write_all(text.as_bytes()))
    }

    /// Writes a state, the end of the study called `study`.
    ///
    /// # Errors
    /// [`OutputError::Write`].
    pub fn write_state(&self, state: &JointState, study: &str) -> Result<(), OutputError> {
        self.write(STATE_FILE, |file| write_state(file, state, study, &version()))
    }

    /// Writes a value as indented JSON.
    ///
    /// # Errors
    /// [`OutputError::Write`].
    pub fn write_json(&self, name: &str, value: &Value) -> Result<(), OutputError> {
        self.write(name, |file| writeln!(file, "{value:#}"))
    }

    /// Writes a picture as `name.svg` and `name.png`.
    ///
    /// # Errors
    /// [`OutputError::Plot`], [`OutputError::Write`].
    pub fn write_picture(&self, name: &str, picture: &Picture) -> Result<(), OutputError> {
        let data = serde_json::to_value(picture.data());
        let data =
            data.map_err(|e| OutputError::Plot { path: self.target.join(name), message: e.to_string() })?;
        self.pictures.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), data);
        self.write(&format!("{name}.svg"), |file| file.write_all(picture.svg().as_bytes()))?;
        let png =
            picture.png().map_err(|message| OutputError::Plot { path: self.target.join(name), message })?;
        self.write(&format!("{name}.png"), |file| file.write_all(&png))
    }

    /// Writes what the pictures show and a script that draws it again, `figure.json` and `figure.py`, and everything in
    /// one page, `report.html`.
    fn write_figures(&self) -> Result<(), OutputError> {
        let pictures = std::mem::take(&mut *self.pictures.lock().unwrap_or_else(PoisonError::into_inner));
        if pictures.is_empty() {
            return Ok(());
        }
        if self.partial().join("manifest.json").is_file() {
            let failed = |source| OutputError::Write { path: self.target.join(REPORT), source };
            self.write_text(REPORT, &report::page(self.partial(), &pictures).map_err(failed)?)?;
        }
        self.write("figure.json", |file| writeln!(file, "{}", Value::Object(pictures)))?;
        self.write_text("figure.py", include_str!("figure.py"))
    }

    /// Puts the complete folder in its place; an old one is moved away first and back should this fail.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn finish(mut self) -> Result<PathBuf, OutputError> {
        let failed = |source| OutputError::Write { path: self.target.clone(), source };
        check_target(&self.target, self.replace)?;
        self.write_figures()?;
        let partial = self.partial().to_owned();
        open_to_others(&partial).map_err(failed)?;
        let old = fs::symlink_metadata(&self.target).is_ok().then(|| partial.with_extension(OLD));
        if let Some(old) = &old {
            fs::rename(&self.target, old).map_err(failed)?;
        }
        if let Err(source) = fs::rename(&partial, &self.target) {
            if let Some(old) = &old {
                let _ = fs::rename(old, &self.target);
            }
            return Err(failed(source));
        }
        // Moved away: nothing is left to remove.
        let _moved = self.partial.take().map(TempDir::keep);
        self.parents.clear();
        old.map_or(Ok(()), fs::remove_dir_all).map_err(failed)?;
        Ok(std::mem::take(&mut self.target))
    }
}

impl Drop for OutputFolder {
    fn drop(&mut self) {
        drop((self.partial.take(), self.making.take()));
        drop(self.lock.take());
        for parent in self.parents.iter().rev() {
            // Removes only what is empty, so what others put there in the meantime stays.
            let _ = fs::remove_dir(parent);
        }
    }
}

/// The page of everything in a folder.
const REPORT: &str = "report.html";
/// Ends the name of a folder that makes room for a new one.
const OLD: &str = "superladder-old";

/// Puts an old folder back that a killed run had moved away before the new one was in its place; removes one
/// that it had replaced.
fn restore(target: &Path) -> io::Result<()> {
    for old in frame::beside(target, &format!(".{OLD}")) {
        if fs::symlink_metadata(target).is_ok() {
            fs::remove_dir_all(old)?;
        } else {
            fs::rename(old, target)?;
        }
    }
    Ok(())
}

/// The lock on an output. Its folder exists.
///
/// # Errors
/// [`OutputError::InUse`] where another process has it, [`OutputError::Write`].
pub fn lock(target: &Path) -> Result<frame::Lock, OutputError> {
    let path = || target.to_owned();
    frame::Lock::of(target).map_err(|error| match error {
        frame::LockError::Taken => OutputError::InUse { path: path() },
        frame::LockError::File(source) => OutputError::Write { path: path(), source },
    })
}

/// Refuses what exists, unless it is an output (or empty) folder and may be replaced.
fn check_target(target: &Path, replace: bool) -> Result<(), OutputError> {
    let path = || target.to_owned();
    match fs::symlink_metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(OutputError::Write { path: path(), source }),
        Ok(_) if !replace => Err(OutputError::Exists { path: path() }),
        Ok(found) => {
            let ours = found.is_dir() && (target.join("manifest.json").is_file() || is_empty(target));
            if ours { Ok(()) } else { Err(OutputError::Foreign { path: path() }) }
        }
    }
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

/// Temporary folders are private; results are for everyone whom the umask lets in.
#[cfg(unix)]
fn open_to_others(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    // The umask shows in what a fresh folder gets.
    let probe = folder.join(".probe");
    fs::create_dir(&probe)?;
    let mode = fs::metadata(&probe)?.permissions().mode();
    fs::remove_dir(&probe)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn nothing_appears_before_the_end_and_everything_after_it() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("deep/run");
        let folder = OutputFolder::begin(&target, false).unwrap();
        folder.write("a.txt", |f| f.write_all(b"a")).unwrap();
        assert!(!target.exists());
        folder.finish().unwrap();
        assert_eq!(fs::read(target.join("a.txt")).unwrap(), b"a");
        assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 1, "no partial folder is left");
    }

    #[test]
    fn an_output_is_replaced_only_on_demand_and_a_stranger_never() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("run");
        for content in ["old", "new"] {
            let folder = OutputFolder::begin(&target, true).unwrap();
            folder.write("manifest.json", |f| f.write_all(content.as_bytes())).unwrap();
            folder.finish().unwrap();
        }
        assert_eq!(fs::read(target.join("manifest.json")).unwrap(), b"new");
        assert!(matches!(OutputFolder::begin(&target, false), Err(OutputError::Exists { .. })));
        fs::remove_file(target.join("manifest.json")).unwrap();
        fs::write(target.join("thesis.tex"), "precious").unwrap();
        assert!(matches!(OutputFolder::begin(&target, true), Err(OutputError::Foreign { .. })));
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let folder = OutputFolder::begin(&home.path().join("out/run"), false).unwrap();
        let full = folder.write("a.txt", |_| Err(io::ErrorKind::StorageFull.into()));
        assert!(full.unwrap_err().to_string().contains("a.txt"));
        drop(folder);
        assert!(is_empty(home.path()));
    }
}
