//! The text of a study and its name, as messages point into it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// A text with the name that messages call it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
}

impl Source {
    /// A `text` called `name`, usually the path of its file.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column, both counted from 1 and the column in characters, of the byte at `position`.
    pub fn line_and_column(&self, position: usize) -> (usize, usize) {
        let before = String::from_utf8_lossy(&self.text.as_bytes()[..position.min(self.text.len())]);
        let column = 1 + before.rsplit('\n').next().unwrap_or_default().chars().count();
        (1 + before.matches('\n').count(), column)
    }
}

/// No study is as large.
const LARGEST: u64 = 1 << 24;

/// The text of a file, which a device such as `/dev/zero` never ends.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    if File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)? as u64 > LARGEST {
        let words = format!("it is larger than {} MiB, which no study is", LARGEST >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, words));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}
