//! Where a study ends: its stationary state, how sure it is, and the slow modes on the way there.

mod findings;
mod picture;
mod report;

use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::{Value, json};
use superladder_engine::{EngineError, Halt, Stationary, StationaryOptions, StationaryReport};
use superladder_study::{EngineChoice, Study, StudyError};
use thiserror::Error;

pub use self::report::report;

use self::findings::{difference, reasons, values};
use crate::results::{Clock, Head, OutputError, OutputFolder, write_rows};

/// What is asked for.
pub struct Plan<'a> {
    /// The study.
    pub study: &'a Study,
    /// How the state is looked for.
    pub options: StationaryOptions,
    /// The output folder.
    pub output: PathBuf,
    /// Whether it may replace one.
    pub force: bool,
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
    /// The results cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl SteadyError {
    /// True when another study or argument would help.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Study(_) | Self::NoStationary(_) => true,
            Self::Engine(error) => error.is_bad_input(),
            Self::Output(error) => error.is_bad_input(),
        }
    }

    /// True when it was asked to end.
    pub fn is_interrupt(&self) -> bool {
        matches!(self, Self::Engine(EngineError::Interrupted { .. }))
    }
}

/// What was found of a stationary state, in its folder.
pub struct Finished {
    /// The folder.
    pub folder: PathBuf,
    /// What is told.
    pub text: String,
    /// Whether every bound was kept.
    pub converged: bool,
}

impl Plan<'_> {
    /// Finds the state and writes table, slow modes, report, picture and manifest.
    ///
    /// # Errors
    /// [`SteadyError`].
    pub fn run(&self, halt: &dyn Halt) -> Result<Finished, SteadyError> {
        let folder = OutputFolder::begin(&self.output, self.force)?;
        let engine: &dyn Stationary = match &self.study.engine {
            EngineChoice::Exact(engine) => engine,
            EngineChoice::Cumulant(engine) => engine,
            EngineChoice::Trajectories(engine) => engine,
            other @ EngineChoice::MeanField(_) => return Err(SteadyError::NoStationary(other.name())),
        };
        let found = engine.stationary(&self.study.problem, &self.options, halt);
        let found = found.map_err(|e| self.study.refusal(e).map_or_else(SteadyError::Engine, Into::into))?;
        let text = report(self.study, &found);
        folder.write("steady.csv", |file| self.write_values(file, &found))?;
        folder.write("modes.csv", |file| write_modes(file, &found))?;
        folder.write_text("report.txt", &text)?;
        folder.write_json("manifest.json", &self.manifest(&found))?;
        folder.write_text("study.toml", self.study.text())?;
        if found.slow.iter().any(|slow| !slow.values.is_empty()) {
            folder.write_picture("modes", &picture::picture(&self.study.title, &found))?;
        }
        let converged = reasons(&found).is_empty();
        Ok(Finished { folder: folder.finish()?, text, converged })
    }

    /// Every column of the observables: its value and its error.
    fn write_values(&self, file: &mut impl Write, found: &StationaryReport) -> io::Result<()> {
        let values = values(self.study, found);
        let row = |(name, value, error): (String, f64, f64)| [name, value.to_string(), error.to_string()];
        write_rows(file, ["observable", "value", "error"], values.into_iter().map(row))
    }

    fn manifest(&self, found: &StationaryReport) -> Value {
        let configuration = self.study.resolved();
        let head = Head { command: "steady", study: &self.study.name, configuration, clock: &self.clock };
        let classes = found.classes.iter().map(
            |class| json!({ "conserved": class.conserved, "states": class.states, "weight": class.weight }),
        );
        let slow = found.slow.iter().map(|slow| {
            json!({ "charge_difference": slow.difference, "gap": finite(slow.gap()), "undamped": slow.undamped.len() })
        });
        head.manifest(json!({
            "converged": reasons(found).is_empty(),
            "not_converged": reasons(found),
            "stationary_states": found.count(),
            "classes": classes.collect::<Vec<_>>(),
            "residual": finite(found.residual),
            "residual_over_gap": finite(found.residual_over_gap()),
            "leaving": finite(found.leaving),
            "cutoffs": found.cutoffs,
            "iterations": found.iterations,
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
