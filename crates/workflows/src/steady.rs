//! Where a study ends: its stationary state, how sure it is, and the slow modes on the way there.

mod findings;
mod picture;
mod report;

use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::{Value, json};
use superladder_engine::{EngineError, Halt, StationaryOptions, StationaryReport};
use superladder_study::{Study, StudyError};
use thiserror::Error;

pub use self::findings::values;
pub use self::report::report;

use self::findings::difference;
use crate::results::{Clock, Head, OutputError, write_rows};
use crate::search::{Finished, Keeping, Search, SearchError};

/// What is asked for.
pub struct Plan<'a> {
    /// The study.
    pub study: &'a Study,
    /// How the state is looked for.
    pub options: StationaryOptions,
    /// The output folder.
    pub output: PathBuf,
    /// What becomes of an earlier search, and how this one is kept.
    pub keeping: Keeping,
    /// Started when the command began.
    pub clock: Clock,
}

/// Why there is no stationary state, or none that is written.
#[derive(Debug, Error)]
pub enum SteadyError {
    /// The study is at fault.
    #[error("{0}")]
    Study(#[from] StudyError),
    /// The engine refuses the study, or fails.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine of the study only moves in time.
    #[error(
        "the engine '{0}' has no stationary states; use `[engine] kind = \"exact\"`, \"cumulant\" or \"trajectories\"{hint}",
        hint = if *.0 == "mean-field" { ", or `superladder fixed-points` for those of mean field" } else { "" }
    )]
    NoStationary(&'static str),
    /// The engine has no density matrix.
    #[error("the engine '{0}' has no density matrix that `--save-state` could write; the engine 'exact' has")]
    NoState(&'static str),
    /// The results cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The search cannot begin, or leaves nothing.
    #[error(transparent)]
    Search(#[from] SearchError),
}

impl SteadyError {
    /// True when another study or argument would help.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Study(_) | Self::NoStationary(_) | Self::NoState(_) => true,
            Self::Engine(error) => error.is_bad_input(),
            Self::Output(error) => error.is_bad_input(),
            Self::Search(error) => error.is_bad_input(),
        }
    }
}

impl Plan<'_> {
    /// Finds the state and writes table, slow modes, report, picture and manifest. A search that `halt` ends leaves a
    /// checkpoint, and a folder that says so.
    ///
    /// # Errors
    /// [`SteadyError`].
    pub fn run(&self, halt: &dyn Halt) -> Result<Finished, SteadyError> {
        let engine = self.study.engine();
        let finder = engine.as_stationary().ok_or(SteadyError::NoStationary(self.study.engine.name()))?;
        let asked = (self.study, "steady", &self.options);
        let (search, folder) = Search::begin(asked, &self.output, self.keeping, halt)?;
        let (mut problem, mut options) = (self.study.problem.clone(), self.options.clone());
        search.enter("the stationary state", &mut problem, &mut options);
        let found = finder.stationary(&problem, &options, &search);
        if matches!(found, Err(EngineError::Interrupted { .. })) {
            return Ok(search.interrupted(folder, &self.clock)?);
        }
        let found = found.map_err(|e| self.study.refusal(e).map_or_else(SteadyError::Engine, Into::into))?;
        if self.options.keep_state && found.state.is_none() {
            return Err(SteadyError::NoState(self.study.engine.name()));
        }
        let text = report(self.study, &found);
        folder.write("steady.csv", |file| self.write_values(file, &found))?;
        folder.write("modes.csv", |file| write_modes(file, &found))?;
        folder.write_text("report.txt", &text)?;
        if let Some(state) = &found.state {
            folder.write_state(state, &self.study.name)?;
        }
        folder.write_json("manifest.json", &self.manifest(&found, search.is_resumed()))?;
        folder.write_text("study.toml", self.study.text())?;
        if found.slow.iter().any(|slow| !slow.values.is_empty()) {
            folder.write_picture("modes", &picture::picture(&self.study.title, &found))?;
        }
        let converged = found.reasons().is_empty();
        Ok(search.finish(folder, text, converged)?)
    }

    /// Every column of the observables: its value and its error.
    fn write_values(&self, file: &mut impl Write, found: &StationaryReport) -> io::Result<()> {
        let values = values(self.study, found);
        let row = |(name, value, error): (String, f64, f64)| [name, value.to_string(), error.to_string()];
        write_rows(file, ["observable", "value", "error"], values.into_iter().map(row))
    }

    fn manifest(&self, found: &StationaryReport, resumed: bool) -> Value {
        let configuration = self.study.resolved();
        let head = Head { command: "steady", study: &self.study.name, configuration, clock: &self.clock };
        let classes = found.classes.iter().map(
            |class| json!({ "conserved": class.conserved, "states": class.states, "weight": class.weight }),
        );
        let slow = found.slow.iter().map(|slow| {
            json!({ "charge_difference": slow.difference, "gap": finite(slow.gap()), "undamped": slow.undamped.len() })
        });
        head.manifest(json!({
            "converged": found.reasons().is_empty(),
            "not_converged": found.reasons(),
            "stationary_states": found.count(),
            "classes": classes.collect::<Vec<_>>(),
            "residual": finite(found.residual),
            "residual_over_gap": finite(found.residual_over_gap()),
            "leaving": finite(found.leaving),
            "cutoffs": found.cutoffs,
            "iterations": found.iterations,
            "resumed": resumed,
            "slow": slow.collect::<Vec<_>>(),
            "diagnostics": found.diagnostics,
            "tolerance": self.options.tolerance,
        }))
    }
}

/// A number, or nothing where there is none.
fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

/// One row a slow eigenvalue.
fn write_modes(file: &mut impl Write, found: &StationaryReport) -> io::Result<()> {
    let mut rows = Vec::new();
    for slow in &found.slow {
        let charges = difference(slow, " ");
        let row = |re: f64, im: f64, residual: f64, damped: bool| {
            let damped = damped.to_string();
            [charges.clone(), re.to_string(), im.to_string(), residual.to_string(), damped]
        };
        rows.extend(slow.undamped.iter().map(|z| row(z.re, z.im, f64::NAN, false)));
        rows.extend(slow.values.iter().zip(&slow.residuals).map(|(z, r)| row(z.re, z.im, *r, true)));
    }
    write_rows(file, ["charge_difference", "re", "im", "residual", "damped"], rows)
}
