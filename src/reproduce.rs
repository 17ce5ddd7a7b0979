//! The figures of O. Chelpanova et al., PRB 108, 104302 (2023), each from a ready study through the engines that any other study
//! goes through.
//!
//! ```text
//! FIGURES ── figure ── PaperStudy (data/studies) ── engines ──> Made (tables, pictures, claims) ──> folder of the figure
//! ```

mod critical;
mod diagram;
mod motion;
mod paper;
mod quench;
mod stability;
mod transition;

use std::sync::atomic::{AtomicBool, Ordering};

use superladder_engine::EngineError;
use superladder_mean_field::{MeanFieldError, ReferenceError};
use superladder_propagate::PropagateError;
use thiserror::Error;

pub use paper::PaperStudy;

use crate::config::ConfigError;
use crate::plot::Picture;
use crate::store::{Store, StoreError};
use crate::sweep::SweepError;

/// Why a figure cannot be made.
#[derive(Debug, Error)]
pub enum ReproduceError {
    /// A study is at fault.
    #[error(transparent)]
    Study(#[from] ConfigError),
    /// A study is at fault at one of its points.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// The equations cannot be derived.
    #[error(transparent)]
    Equations(#[from] MeanFieldError),
    /// The closed formulas do not apply.
    #[error(transparent)]
    Formulas(#[from] ReferenceError),
    /// An engine has refused or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The flow cannot be integrated.
    #[error(transparent)]
    Flow(#[from] PropagateError),
    /// Finished pieces cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something that the figure shows was not found.
    #[error("{figure}: {what} was not found")]
    NotFound {
        /// The figure.
        figure: &'static str,
        /// What.
        what: String,
    },
}

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
    /// Raised by Ctrl-C.
    pub interrupted: &'a AtomicBool,
    /// Told of every part as it begins, with the number of its pieces.
    pub begun: &'a (dyn Fn(&str, usize) + Sync),
    /// Told of finished pieces.
    pub done: &'a (dyn Fn(usize) + Sync),
}

impl Context<'_> {
    fn stopped(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
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
    fn new(name: &str, columns: &[&str]) -> Self {
        Self {
            name: name.into(),
            columns: columns.iter().map(ToString::to_string).collect(),
            rows: Vec::new(),
        }
    }

    fn push(&mut self, numbers: &[f64]) {
        self.rows.push(numbers.iter().map(|x| format!("{x:?}")).collect());
    }
}

/// A statement of the paper beside what was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// What it is about.
    pub subject: String,
    /// What the paper says.
    pub paper: String,
    /// What was found.
    pub found: String,
    /// Whether both agree.
    pub agrees: bool,
    /// How to read a difference.
    pub remark: String,
}

impl Claim {
    fn new(subject: &str, paper: &str, found: impl Into<String>, agrees: bool) -> Self {
        let (subject, paper) = (subject.to_owned(), paper.to_owned());
        Self { subject, paper, found: found.into(), agrees, remark: String::new() }
    }

    fn remark(self, remark: impl Into<String>) -> Self {
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

/// How a figure is made; `None` if interrupted.
type Make = fn(&Context<'_>) -> Result<Option<Made>, ReproduceError>;

/// A figure of the paper.
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

/// The figures that can be reproduced, in the order of the paper. Fig. 8 is the command `breakdown` on `paper-fig8.toml`.
pub const FIGURES: &[FigureDefinition] = &[
    FigureDefinition {
        name: "fig2",
        shows: "phase diagram with the lines 1 to 3 and trajectories of L1, L2 and IR",
        study: &paper::FIG2,
        make: diagram::fig2,
    },
    FigureDefinition {
        name: "fig3",
        shows: "quench from superradiance into lasing, stages A to D, and effective decay rates",
        study: &paper::FIG3,
        make: quench::fig3,
    },
    FigureDefinition {
        name: "fig4",
        shows: "number and kind of growing eigenvalues of the normal state",
        study: &paper::FIG2,
        make: stability::fig4,
    },
    FigureDefinition {
        name: "fig5",
        shows: "the same with T in resonance with the upper polariton",
        study: &paper::FIG5,
        make: stability::fig5,
    },
    FigureDefinition {
        name: "fig6",
        shows: "phase diagram with Gilbert damping",
        study: &paper::FIG6,
        make: diagram::fig6,
    },
    FigureDefinition {
        name: "fig7",
        shows: "growing eigenvalues of the normal state with Gilbert damping",
        study: &paper::FIG6,
        make: stability::fig7,
    },
    FigureDefinition {
        name: "fig9",
        shows: "from L1 to L2: mean and amplitude against lambda, trajectories, bifurcations",
        study: &paper::FIG2,
        make: transition::fig9,
    },
];
