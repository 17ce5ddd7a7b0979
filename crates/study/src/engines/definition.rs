//! What study files and lists know of an engine.

use serde_json::{Map, Value as Json};
use superladder_engine::Bounds;
use superladder_exact::AdaptiveCutoff;
use superladder_propagate::Method;

use super::choice::EngineChoice;
use super::entry::EngineOption;
use crate::error::StudyError;
use crate::section::Section;

/// What is common to all engines of a study.
#[derive(Debug, Clone)]
pub(crate) struct Common {
    /// The method that the study names; `None`: the default of the engine.
    pub(crate) method: Option<Method>,
    pub(crate) bounds: Bounds,
    /// By mode, cutoffs that follow the state.
    pub(crate) adaptive: Vec<Option<AdaptiveCutoff>>,
}

/// One engine as study files and `list engines` see it.
pub struct EngineDefinition {
    /// Its name in study files.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// What it knows of stationary states and two times, in words.
    pub stationary: &'static str,
    /// Whether it lives in truncated Fock spaces, so that every mode must have a cutoff.
    pub truncated: bool,
    /// Whether its cutoffs can follow the state (`cutoff = "auto"`).
    pub adaptive: bool,
    /// Whether the `cutoff` of a mode, here given, counts from a displaced basis in which a coherent state is
    /// the vacuum.
    pub(super) displaces: fn(&Section<'_>, usize) -> Result<bool, StudyError>,
    pub(super) listed: fn() -> Vec<EngineOption>,
    /// Keys that belong to the observables of `run`, with values that ask for nothing: commands with other
    /// observables set them.
    pub of_run: &'static [(&'static str, &'static str)],
    pub(super) read: Reader,
}

/// An engine as read from a study.
pub(super) struct Read {
    pub(super) choice: EngineChoice,
    /// Its keys with the values in force.
    pub(super) options: Map<String, Json>,
    /// The method in force; `None` for an engine with a propagator of its own.
    pub(super) method: Option<Method>,
}

/// Reads the keys of an engine.
type Reader = fn(&Section<'_>, &Common) -> Result<Read, StudyError>;

impl EngineDefinition {
    /// Its keys in the table `engine`.
    pub fn options(&self) -> Vec<EngineOption> {
        (self.listed)()
    }

    /// Whether this engine counts the levels of a mode with this `cutoff` from the vacuum of a displaced
    /// basis, in the study with the given root.
    pub(crate) fn displaces(&self, root: &Section<'_>, cutoff: usize) -> Result<bool, StudyError> {
        let section = root.section("engine", "engine")?;
        let displaces = section.map(|section| (self.displaces)(&section, cutoff)).transpose()?;
        Ok(displaces.unwrap_or(false))
    }
}
