//! Files that keep sums: in an output folder, and as the checkpoint of a run. They can be added to and
//! merged.
//!
//! The header says what was sampled and by which version; the blocks of the sums in the body have digests of
//! their own: when one is damaged, the others can still be used.

use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use superladder_frame::{self as frame, Frame, FrameError};
use thiserror::Error;

use crate::block::BLOCKS;
use crate::sums::{Sums, SumsError};

/// First line; the number is that of the format.
const MAGIC: &[u8] = b"superladder sums 4\n";
/// How the first line of every format begins.
const FAMILY: &[u8] = b"superladder sums ";
/// First lines of formats are no longer than this.
const LONGEST: usize = 64;

/// Why sums cannot be kept, read or merged.
#[derive(Debug, Error)]
pub enum SumsFileError {
    /// The file system refuses.
    #[error("cannot {action} '{}': {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// It is something else.
    #[error("'{}' holds no sums over trajectories; `merge` and --resume need the folder of a run with the engine 'trajectories' or 'truncated-wigner'", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Its beginning is damaged.
    #[error("'{}' is damaged at its beginning, so that nothing in it can be used; leave it out, or remove it to start anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// Some of its blocks are damaged.
    #[error("'{}' is damaged: {} of its {BLOCKS} blocks have changed; {kept} trajectories are whole. Go on with `run --resume`, which repeats what is lost, or merge what is whole with --salvage", path.display(), blocks.len())]
    DamagedBlocks {
        /// The file.
        path: PathBuf,
        /// Numbers of the blocks.
        blocks: Vec<usize>,
        /// Trajectories in the others.
        kept: u64,
    },
    /// Another version wrote it.
    #[error("'{}' was written by superladder {found}, this is {expected}; use that version", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Version that wrote it.
        found: String,
        /// Version of the program.
        expected: String,
    },
    /// It is of another study.
    #[error("'{}' is of another study: `{key}` is {found} there and {expected} here", path.display())]
    Study {
        /// The file.
        path: PathBuf,
        /// The first value that differs.
        key: String,
        /// Its value in the file.
        found: String,
        /// Its value in the study, or in the first of the files to be merged.
        expected: String,
    },
    /// There is nothing in them.
    #[error("there is no trajectory to merge")]
    Empty,
    /// Two files have trajectories in common.
    #[error("'{}' overlaps with the files before it: {source}", path.display())]
    Overlap {
        /// The file.
        path: PathBuf,
        /// Which one.
        source: SumsError,
    },
}

impl SumsFileError {
    /// True when another argument would help, false when the machine refuses.
    pub fn is_bad_input(&self) -> bool {
        !matches!(self, Self::File { .. })
    }
}

/// What sums are of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Version of the program.
    pub version: String,
    /// Name of the study.
    pub name: String,
    /// Its text in force.
    pub text: String,
    /// What decides the samples, as JSON.
    pub identity: String,
}

/// Sums of a file, and what they are of.
#[derive(Debug, Clone, PartialEq)]
pub struct SumsFile {
    origin: Origin,
    /// The sums.
    pub sums: Sums,
    /// Blocks that were damaged and are empty now.
    pub damaged: Vec<usize>,
    path: PathBuf,
}

/// The first value in which two studies differ: its key, and both values in words.
fn difference(a: &Json, b: &Json, key: &str) -> Option<(String, String, String)> {
    let inside = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    match (a, b) {
        (Json::Object(x), Json::Object(y)) => {
            let others = y.keys().filter(|k| !x.contains_key(*k));
            let of = |k: &String| {
                difference(x.get(k).unwrap_or(&Json::Null), y.get(k).unwrap_or(&Json::Null), &inside(k))
            };
            x.keys().chain(others).find_map(of)
        }
        (Json::Array(x), Json::Array(y)) if x.len() == y.len() => {
            (0..x.len()).find_map(|i| difference(&x[i], &y[i], &inside(&i.to_string())))
        }
        _ if a == b => None,
        _ => {
            let words = |v: &Json| if v.is_null() { "absent".to_owned() } else { v.to_string() };
            Some((key.to_owned(), words(a), words(b)))
        }
    }
}

/// Writes the contents of a file with sums, what [`Sums::to_bytes`] gives.
///
/// # Errors
/// Whatever the writer says.
pub fn write_to(writer: &mut dyn Write, origin: &Origin, sums: &[u8]) -> io::Result<()> {
    let header = postcard::to_stdvec(origin).unwrap_or_default();
    frame::write_to(writer, MAGIC, &header, |body| body.write_all(sums))
}

/// Writes a file of sums in the place of an older one: completely or not at all.
///
/// # Errors
/// [`SumsFileError::File`].
pub fn write(path: &Path, origin: &Origin, sums: &[u8]) -> Result<(), SumsFileError> {
    let written = frame::write_whole(path, |file| write_to(file, origin, sums));
    written.map_err(|source| SumsFileError::File { action: "write", path: path.to_owned(), source })
}

impl SumsFile {
    /// Reads a file of sums that this `version` wrote, or the one called `name` in an output folder. Damaged
    /// blocks come back empty.
    ///
    /// # Errors
    /// [`SumsFileError`] for everything that is not a readable file of this version.
    pub fn read(path: &Path, name: &str, version: &str) -> Result<Self, SumsFileError> {
        let path = if path.is_dir() { path.join(name) } else { path.to_owned() };
        let read = match Frame::read(&path, MAGIC) {
            Ok(read) => read,
            Err(FrameError::File(e)) if e.kind() == io::ErrorKind::NotFound && path.ends_with(name) => {
                return Err(SumsFileError::Foreign { path });
            }
            Err(FrameError::File(source)) => {
                return Err(SumsFileError::File { action: "read", path, source });
            }
            Err(FrameError::Foreign) => return Err(Self::of_another_format(path, version)),
            Err(FrameError::Damaged(_)) => return Err(SumsFileError::Damaged { path }),
        };
        let Ok(origin) = postcard::from_bytes::<Origin>(read.header()) else {
            return Err(SumsFileError::Damaged { path });
        };
        if origin.version != version {
            let (found, expected) = (origin.version, version.to_owned());
            return Err(SumsFileError::Version { path, found, expected });
        }
        match Sums::from_bytes(read.body()) {
            Ok((sums, damaged)) => Ok(Self { origin, sums, damaged, path }),
            Err(_) => Err(SumsFileError::Damaged { path }),
        }
    }

    /// What is wrong with a file that does not begin as files of this format do.
    fn of_another_format(path: PathBuf, version: &str) -> SumsFileError {
        let first = |path: &Path| -> io::Result<Vec<u8>> {
            let mut line = Vec::new();
            io::BufReader::new(File::open(path)?).take(LONGEST as u64).read_until(b'\n', &mut line)?;
            Ok(line)
        };
        let words = |line: &[u8]| -> Option<String> {
            Some(String::from_utf8_lossy(line.strip_prefix(FAMILY)?).trim_end().to_owned())
        };
        let line = first(&path).unwrap_or_default();
        let (Some(format), Some(own)) = (words(&line), words(MAGIC)) else {
            return SumsFileError::Foreign { path };
        };
        let read = Frame::read(&path, &line).ok();
        let origin = read.and_then(|read| postcard::from_bytes::<Origin>(read.header()).ok());
        let found = origin.map_or_else(|| "another version".to_owned(), |origin| origin.version);
        let found = format!("{found} (format {format} of sums)");
        SumsFileError::Version { path, found, expected: format!("{version} (format {own})") }
    }

    /// The samples of all `parts` together, and the number of damaged blocks that were left out; without
    /// `salvage` there may be none.
    ///
    /// # Errors
    /// [`SumsFileError`].
    pub fn merged(
        parts: &[PathBuf],
        salvage: bool,
        (name, version): (&str, &str),
    ) -> Result<(Self, usize), SumsFileError> {
        let mut parts = parts.iter().map(|part| {
            let read = Self::read(part, name, version)?;
            if salvage { Ok(read) } else { read.whole() }
        });
        let mut merged = parts.next().ok_or(SumsFileError::Empty)??;
        let mut lost = merged.damaged.len();
        for part in parts {
            let part = part?;
            lost += part.damaged.len();
            merged.merge(&part)?;
        }
        Ok((merged, lost))
    }

    /// Refuses sums of which some are lost.
    ///
    /// # Errors
    /// [`SumsFileError::DamagedBlocks`].
    pub fn whole(self) -> Result<Self, SumsFileError> {
        if self.damaged.is_empty() {
            return Ok(self);
        }
        let kept = self.sums.count();
        Err(SumsFileError::DamagedBlocks { path: self.path, blocks: self.damaged, kept })
    }

    /// Checks that what decides the samples is `expected`, as JSON.
    ///
    /// # Errors
    /// [`SumsFileError::Study`] with the first value that differs.
    pub fn check(&self, expected: &str) -> Result<(), SumsFileError> {
        let parse = |text: &str| serde_json::from_str::<Json>(text).unwrap_or_default();
        match difference(&parse(&self.origin.identity), &parse(expected), "") {
            None => Ok(()),
            Some((key, found, expected)) => {
                Err(SumsFileError::Study { path: self.path.clone(), key, found, expected })
            }
        }
    }

    /// Takes in the trajectories of other sums.
    ///
    /// # Errors
    /// [`SumsFileError::Study`] when they are of another study, [`SumsFileError::Overlap`].
    pub fn merge(&mut self, other: &Self) -> Result<(), SumsFileError> {
        other.check(&self.origin.identity)?;
        let merged = self.sums.merge(&other.sums);
        merged.map_err(|source| SumsFileError::Overlap { path: other.path.clone(), source })
    }

    /// Name and text of the study.
    pub fn study(&self) -> (&str, &str) {
        (&self.origin.name, &self.origin.text)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn files_of_another_format_are_refused_with_their_version() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("old.sums");
        let text = |s: &str| s.to_owned();
        let origin = Origin { version: text("0.0.9"), name: text("s"), text: text(""), identity: text("{}") };
        let header = postcard::to_stdvec(&origin).expect("bytes");
        let old = |magic: &[u8], header: &[u8]| {
            frame::write(&path, magic, header, |body| body.write_all(b"sums")).expect("written");
            SumsFile::read(&path, "x", "0.1.0").expect_err("refused").to_string()
        };
        let said = old(b"superladder sums 2\n", &header);
        assert!(
            said.contains("superladder 0.0.9 (format 2 of sums)") && said.contains("0.1.0 (format 4)"),
            "{said}"
        );
        let said = old(b"superladder sums 77\n", b"?");
        assert!(said.contains("another version (format 77 of sums)"), "{said}");
        assert!(old(b"another line\n", &header).contains("holds no sums"));
    }

    #[test]
    fn the_first_difference_is_named_with_both_values() {
        let a = json!({ "parameters": { "N": 4.0 }, "channels": [{ "rate": 0.1 }, { "rate": 0.2 }] });
        let mut b = a.clone();
        assert_eq!(difference(&a, &b, ""), None);
        b["channels"][1]["rate"] = json!(0.3);
        let expected = ("channels.1.rate".to_owned(), "0.2".to_owned(), "0.3".to_owned());
        assert_eq!(difference(&a, &b, ""), Some(expected));
        b["parameters"]["lambda"] = json!(1.0);
        let expected = ("parameters.lambda".to_owned(), "absent".to_owned(), "1.0".to_owned());
        assert_eq!(difference(&a, &b, ""), Some(expected));
    }
}
