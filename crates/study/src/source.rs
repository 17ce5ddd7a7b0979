//! The text of a study and its name, as messages point into it.

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
