//! The one framed file format: magic line, header, body, each with its digest, written to a temporary name
//! and renamed.
//!
//! ```text
//! magic line | length of the header, u64 | header | SHA-256 of it | body | SHA-256 of it
//!                    little-endian
//! ```
//! What stands in header and body is the affair of the writer. A reader learns whether the file is of the
//! right kind, whether its header is what was written, and whether its body is.

mod ahead;
mod making;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thiserror::Error;

pub use making::{Lock, LockError, Making, abandon};

/// Bytes of a digest.
pub const DIGEST: usize = 32;
/// Ends the names of files and folders that are being written.
pub const PARTIAL: &str = ".superladder-partial";

/// The SHA-256 digest of some bytes.
pub fn digest(bytes: &[u8]) -> [u8; DIGEST] {
    Sha256::digest(bytes).into()
}

/// Bytes as hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Why a file is no frame of the kind that is asked for.
#[derive(Debug, Error)]
pub enum FrameError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] io::Error),
    /// It begins with another line.
    #[error("it is a file of another kind")]
    Foreign,
    /// It is cut short, or its header is not what was written.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
}

/// A frame that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    bytes: Vec<u8>,
    header: Range<usize>,
    body: Range<usize>,
    whole: bool,
}

impl Frame {
    /// Reads the frame in a file whose first line is `magic`.
    ///
    /// # Errors
    /// [`FrameError`]. A damaged body is no error: [`Frame::is_whole`] tells.
    pub fn read(path: &Path, magic: &[u8]) -> Result<Self, FrameError> {
        // A file of another kind, which may have no end, is not read any further.
        let mut file = File::open(path)?;
        let mut bytes = Vec::new();
        (&mut file).take(magic.len() as u64).read_to_end(&mut bytes)?;
        if bytes != magic {
            return Err(FrameError::Foreign);
        }
        file.read_to_end(&mut bytes)?;
        Self::parse(bytes, magic)
    }

    /// Reads the frame in `bytes`.
    ///
    /// # Errors
    /// As [`Frame::read`].
    pub fn parse(bytes: Vec<u8>, magic: &[u8]) -> Result<Self, FrameError> {
        let Some(rest) = bytes.strip_prefix(magic) else { return Err(FrameError::Foreign) };
        let (length, rest) = rest.split_first_chunk::<8>().ok_or(FrameError::Damaged("it is cut short"))?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok();
        let parts = length.and_then(|length| {
            let (header, rest) = rest.split_at_checked(length)?;
            let (sum, body) = rest.split_at_checked(DIGEST)?;
            Some((header, sum, body))
        });
        let (header, sum, body) = parts.ok_or(FrameError::Damaged("it is cut short"))?;
        if digest(header)[..] != *sum {
            return Err(FrameError::Damaged("its header has changed"));
        }
        let (body, sum) = body.split_at(body.len().saturating_sub(DIGEST));
        let whole = digest(body)[..] == *sum;
        let start = magic.len() + 8;
        let header = start..start + header.len();
        let body = header.end + DIGEST..header.end + DIGEST + body.len();
        Ok(Self { bytes, header, body, whole })
    }

    /// The header, which is what was written.
    pub fn header(&self) -> &[u8] {
        &self.bytes[self.header.clone()]
    }

    /// The body, which may be damaged.
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.body.clone()]
    }

    /// True when the body is what was written.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The body without a second copy of it.
    pub fn into_body(mut self) -> Vec<u8> {
        self.bytes.truncate(self.body.end);
        self.bytes.drain(..self.body.start);
        self.bytes
    }
}

/// What passes bytes on and takes their digest.
struct Digesting<'a> {
    to: &'a mut dyn Write,
    digest: Sha256,
}

impl Write for Digesting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Writes a frame whose body `fill` writes, to anything that takes bytes.
///
/// # Errors
/// Whatever the writer or `fill` says.
pub fn write_to(
    writer: &mut dyn Write,
    magic: &[u8],
    header: &[u8],
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    for part in [magic, &(header.len() as u64).to_le_bytes(), header, &digest(header)] {
        writer.write_all(part)?;
    }
    let mut body = Digesting { to: writer, digest: Sha256::new() };
    fill(&mut body)?;
    let sum = body.digest.finalize();
    writer.write_all(&sum)
}

/// Writes a frame into a file, in the place of an older one: completely or not at all.
///
/// # Errors
/// Whatever the file system or `fill` says; an older file is then still whole.
pub fn write(
    path: &Path,
    magic: &[u8],
    header: &[u8],
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    // A state of many megabytes reaches the disk while its digest is taken.
    write_whole(path, |file| ahead::ahead(file.get_ref().as_file(), |to| write_to(to, magic, header, fill)))
}

/// Writes a file in the place of an older one, and its folder where there is none: to a temporary name beside
/// it, forced to the disk, renamed.
///
/// # Errors
/// Whatever the file system or `fill` says; an older file is then still whole.
pub fn write_whole(
    path: &Path,
    fill: impl FnOnce(&mut io::BufWriter<tempfile::NamedTempFile>) -> io::Result<()>,
) -> io::Result<()> {
    let folder = path.parent().filter(|p| *p != Path::new("")).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let builder = &mut tempfile::Builder::new();
    let prefix = prefix(path);
    let builder = builder.prefix(&prefix).suffix(PARTIAL);
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::PermissionsExt;
        // Temporary files are private; results are for everyone whom the umask lets in.
        builder.permissions(std::fs::Permissions::from_mode(0o666))
    };
    let file = builder.tempfile_in(folder)?;
    let _making = Making::new(file.path());
    let mut file = io::BufWriter::new(file);
    fill(&mut file)?;
    let file = file.into_inner()?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    // The new name is safe only once the folder is on the disk too.
    File::open(folder).and_then(|f| f.sync_all()).or(Ok(()))
}

/// Begins the names of what is being written in the place of `path`.
pub fn prefix(path: &Path) -> String {
    format!(".{}-", path.file_name().unwrap_or_default().to_string_lossy())
}

/// Removes what killed programs have left while they were writing `path`, file or folder. What cannot be
/// removed does no harm.
pub fn remove_partials(path: &Path) {
    for path in beside(path, PARTIAL) {
        let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    }
}

/// The files and folders with temporary names beside `path` that stand for it and end so.
pub fn beside(path: &Path, ending: &str) -> Vec<PathBuf> {
    /// Letters and digits between beginning and end.
    const DRAWN: usize = 6;
    let prefix = prefix(path);
    let folder = path.parent().filter(|p| *p != Path::new("")).unwrap_or(Path::new("."));
    let ours = |name: &str| {
        // Not those of `path-other`.
        let drawn = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(ending));
        drawn.is_some_and(|drawn| drawn.len() == DRAWN)
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|e| ours(&e.file_name().to_string_lossy())).map(|e| e.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAGIC: &[u8] = b"a test 1\n";

    fn frame() -> Vec<u8> {
        let mut bytes = Vec::new();
        write_to(&mut bytes, MAGIC, b"head", |body| body.write_all(b"the body")).expect("written");
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        let read = Frame::parse(frame(), MAGIC).expect("a frame");
        assert_eq!((read.header(), read.body(), read.is_whole()), (&b"head"[..], &b"the body"[..], true));
        assert_eq!(read.into_body(), b"the body");
    }

    #[test]
    fn every_flipped_byte_and_every_cut_is_noticed() {
        let good = frame();
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 1;
            assert!(!Frame::parse(bad, MAGIC).is_ok_and(|f| f.is_whole()), "byte {place}");
            assert!(
                !Frame::parse(good[..place].to_vec(), MAGIC).is_ok_and(|f| f.is_whole()),
                "cut at {place}"
            );
        }
        assert!(matches!(Frame::parse(good, b"another 1\n"), Err(FrameError::Foreign)));
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("deep/file");
        write(&path, MAGIC, b"", |body| body.write_all(b"old")).expect("written");
        let full = write(&path, MAGIC, b"", |_| Err(io::ErrorKind::StorageFull.into()));
        assert!(full.is_err());
        assert_eq!(Frame::read(&path, MAGIC).expect("a frame").body(), b"old");
        assert_eq!(std::fs::read_dir(home.path().join("deep")).expect("a folder").count(), 1);
        let left = home.path().join(format!("deep/.file-abcDE1{PARTIAL}"));
        let other = home.path().join(format!("deep/.file-other-abcDE1{PARTIAL}"));
        std::fs::write(&left, "left").expect("written");
        std::fs::write(&other, "that of another output").expect("written");
        remove_partials(&path);
        assert!(!left.exists() && path.exists() && other.exists());
    }
}
