//! What a figure is: its definition, what it is made with, and what it is when it is made.

use superladder_plot::Picture;
use superladder_workflows::store::Store;
use superladder_workflows::watch::Watch;

use crate::error::ReproduceError;
use crate::known::Published;
use crate::paper::PaperStudy;

/// How fine and how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Points of a map along the horizontal axis; four fifths of it along the vertical one.
    pub points: usize,
    /// Time before phases are classified.
    pub burn: f64,
    /// Time over which they are.
    pub window: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { points: 51, burn: 6000.0, window: 3000.0 }
    }
}

/// What a figure needs while it is made.
pub struct Context<'a> {
    /// How fine and how long.
    pub options: Options,
    /// Finished pieces.
    pub store: &'a Store,
    /// Hears how far it is, and may stop it.
    pub watch: Watch<'a>,
}

impl Context<'_> {
    /// A part begins, with so many pieces.
    pub(crate) fn begun(&self, part: &str, pieces: usize) {
        self.watch.count.begin(part, pieces);
    }

    /// So many pieces more are finished.
    pub(crate) fn done(&self, pieces: usize) {
        self.watch.count.done(pieces, "");
    }

    pub(crate) fn stopped(&self) -> bool {
        self.watch.stopped()
    }
}

/// A table of a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Name of its file without the extension.
    pub name: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(name: &str, columns: &[&str]) -> Self {
        Self {
            name: name.into(),
            columns: columns.iter().map(ToString::to_string).collect(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, numbers: &[f64]) {
        self.rows.push(numbers.iter().map(|x| format!("{x:?}")).collect());
    }
}

/// A statement of the paper beside what was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// What it is about.
    pub subject: String,
    /// What the paper says, or what is known.
    pub paper: String,
    /// What was found.
    pub found: String,
    /// Whether both agree.
    pub agrees: bool,
    /// How to read a difference.
    pub remark: String,
}

impl Claim {
    pub(crate) fn new(subject: &str, paper: &str, found: impl Into<String>, agrees: bool) -> Self {
        let (subject, paper) = (subject.to_owned(), paper.to_owned());
        Self { subject, paper, found: found.into(), agrees, remark: String::new() }
    }

    pub(crate) fn remark(self, remark: impl Into<String>) -> Self {
        Self { remark: remark.into(), ..self }
    }
}

/// A finished figure.
pub struct Made {
    /// Data.
    pub tables: Vec<Table>,
    /// Pictures by name.
    pub pictures: Vec<(String, Picture)>,
    /// What the paper says and what was found.
    pub claims: Vec<Claim>,
    /// What was chosen for it, in words.
    pub notes: Vec<String>,
}

/// How a figure is made.
#[derive(Debug, Clone, Copy)]
pub enum Make {
    /// A figure of the source paper.
    Paper(fn(&Context<'_>) -> Result<Option<Made>, ReproduceError>),
    /// A result of others.
    Published(&'static Published),
}

/// A figure of the source paper, or a result of others.
pub struct FigureDefinition {
    /// Its name in the command.
    pub name: &'static str,
    /// What it shows.
    pub shows: &'static str,
    /// The study behind it.
    pub study: &'static PaperStudy,
    /// How it is made.
    pub make: Make,
}

impl FigureDefinition {
    /// What is known of a result of others.
    pub(crate) fn known(&self) -> Option<&'static Published> {
        match self.make {
            Make::Paper(_) => None,
            Make::Published(published) => Some(published),
        }
    }

    /// Who says what is held against what is found.
    pub(crate) fn says(&self) -> &'static str {
        match self.make {
            Make::Paper(_) => "paper says",
            Make::Published(_) => "known",
        }
    }
}
