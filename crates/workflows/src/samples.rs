//! Files that keep what engines that sample have summed: `trajectories.sums` in an output folder, and the checkpoint of
//! a run. They can be added to and merged.
//!
//! A line that says what it is, a header with its digest (version, what was simulated), and the sums, whose blocks have
//! digests of their own: when one is damaged, the others can still be used.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use superladder_trajectories::{BLOCKS, Sums, SumsError};
use thiserror::Error;

use crate::results::version;
use superladder_study::Study;

/// Name of the file in an output folder.
pub const FILE: &str = "trajectories.sums";
/// First line.
const MAGIC: &[u8] = b"superladder trajectories 1\n";
/// Bytes of a SHA-256 digest.
const DIGEST: usize = 32;
/// Values that say how many trajectories there are to be, and not what they are.
const FREE: [&str; 2] = ["trajectories", "target_error"];

/// Why sums cannot be kept, read or merged.
#[derive(Debug, Error)]
pub enum SamplesError {
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
    #[error("'{}' holds no sums over trajectories; `merge` and --resume need the folder of a run with the engine 'trajectories'", path.display())]
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
    #[error("'{}' was written by superladder {found}, this is {}; use that version", path.display(), version())]
    Version {
        /// The file.
        path: PathBuf,
        /// Version that wrote it.
        found: String,
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

impl SamplesError {
    /// True when another argument would help, false when the machine refuses.
    pub fn is_bad_input(&self) -> bool {
        !matches!(self, Self::File { .. })
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Header {
    version: String,
    /// Name of the study.
    name: String,
    /// Its text in force.
    text: String,
    /// What decides the trajectories, as JSON.
    identity: String,
}

/// Sums over trajectories and the study that they are of.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    header: Header,
    /// The sums.
    pub sums: Sums,
    /// Blocks that were damaged and are empty now.
    pub damaged: Vec<usize>,
    path: PathBuf,
}

/// Everything that decides a trajectory: the values of a study but for its title and for how many trajectories it wants.
fn identity(study: &Study) -> Json {
    let mut resolved = study.resolved();
    if let Some(values) = resolved.as_object_mut() {
        values.shift_remove("title");
        if let Some(engine) = values.get_mut("engine").and_then(Json::as_object_mut) {
            engine.retain(|key, _| !FREE.contains(&key.as_str()));
        }
    }
    resolved
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

/// The bytes of a file with the sums of a study.
pub fn to_bytes(study: &Study, sums: &[u8]) -> Vec<u8> {
    let header = Header {
        version: version(),
        name: study.name.clone(),
        text: study.text().to_owned(),
        identity: identity(study).to_string(),
    };
    let header = postcard::to_stdvec(&header).unwrap_or_default();
    let mut bytes = MAGIC.to_vec();
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(&header);
    bytes.extend(Sha256::digest(&header));
    bytes.extend(sums);
    bytes
}

/// Writes a file of sums in the place of an older one: completely or not at all.
///
/// # Errors
/// [`SamplesError::File`].
pub fn write(path: &Path, study: &Study, sums: &[u8]) -> Result<(), SamplesError> {
    let folder = path.parent().filter(|p| *p != Path::new("")).unwrap_or(Path::new("."));
    let write = || {
        std::fs::create_dir_all(folder)?;
        let mut partial = path.as_os_str().to_owned();
        partial.push(".superladder-partial");
        let mut file = File::create(&partial)?;
        file.write_all(&to_bytes(study, sums))?;
        file.sync_all()?;
        drop(file);
        std::fs::rename(&partial, path)?;
        File::open(folder).and_then(|f| f.sync_all()).or(Ok(()))
    };
    write().map_err(|source| SamplesError::File { action: "write", path: path.to_owned(), source })
}

impl Samples {
    /// Reads a file of sums, or the one in an output folder. Damaged blocks come back empty.
    ///
    /// # Errors
    /// [`SamplesError`] for everything that is not a readable file of this version.
    pub fn read(path: &Path) -> Result<Self, SamplesError> {
        let path = if path.is_dir() { path.join(FILE) } else { path.to_owned() };
        let bytes = match std::fs::read(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound && path.ends_with(FILE) => {
                return Err(SamplesError::Foreign { path });
            }
            read => {
                read.map_err(|source| SamplesError::File { action: "read", path: path.clone(), source })?
            }
        };
        let Some(rest) = bytes.strip_prefix(MAGIC) else { return Err(SamplesError::Foreign { path }) };
        let header = || {
            let (length, rest) = rest.split_first_chunk::<8>()?;
            let (header, rest) = rest.split_at_checked(u64::from_le_bytes(*length) as usize)?;
            let (digest, rest) = rest.split_at_checked(DIGEST)?;
            let good = Sha256::digest(header)[..] == *digest;
            good.then(|| postcard::from_bytes::<Header>(header).ok().map(|h| (h, rest)))?
        };
        let Some((header, rest)) = header() else { return Err(SamplesError::Damaged { path }) };
        if header.version != version() {
            return Err(SamplesError::Version { path, found: header.version });
        }
        match Sums::from_bytes(rest) {
            Ok((sums, damaged)) => Ok(Self { header, sums, damaged, path }),
            Err(_) => Err(SamplesError::Damaged { path }),
        }
    }

    /// The trajectories of all `parts` together, and the number of damaged blocks that were left out; without `salvage`
    /// there may be none.
    ///
    /// # Errors
    /// [`SamplesError`].
    pub fn merged(parts: &[PathBuf], salvage: bool) -> Result<(Self, usize), SamplesError> {
        let mut parts = parts.iter().map(|part| {
            let read = Self::read(part)?;
            if salvage { Ok(read) } else { read.whole() }
        });
        let mut merged = parts.next().ok_or(SamplesError::Empty)??;
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
    /// [`SamplesError::DamagedBlocks`].
    pub fn whole(self) -> Result<Self, SamplesError> {
        if self.damaged.is_empty() {
            return Ok(self);
        }
        let kept = self.sums.count();
        Err(SamplesError::DamagedBlocks { path: self.path, blocks: self.damaged, kept })
    }

    /// Checks that they are of `study`.
    ///
    /// # Errors
    /// [`SamplesError::Study`] with the first value that differs.
    pub fn check(&self, study: &Study) -> Result<(), SamplesError> {
        self.compare(&identity(study).to_string())
    }

    fn compare(&self, expected: &str) -> Result<(), SamplesError> {
        let parse = |text: &str| serde_json::from_str::<Json>(text).unwrap_or_default();
        match difference(&parse(&self.header.identity), &parse(expected), "") {
            None => Ok(()),
            Some((key, found, expected)) => {
                Err(SamplesError::Study { path: self.path.clone(), key, found, expected })
            }
        }
    }

    /// Takes in the trajectories of other sums.
    ///
    /// # Errors
    /// [`SamplesError::Study`] when they are of another study, [`SamplesError::Overlap`].
    pub fn merge(&mut self, other: &Self) -> Result<(), SamplesError> {
        other.compare(&self.header.identity)?;
        let merged = self.sums.merge(&other.sums);
        merged.map_err(|source| SamplesError::Overlap { path: other.path.clone(), source })
    }

    /// Name and text of the study.
    pub fn study(&self) -> (&str, &str) {
        (&self.header.name, &self.header.text)
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
