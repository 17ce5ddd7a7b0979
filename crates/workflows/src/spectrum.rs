//! What a state emits: correlations of two times, and of a stationary state spectra, the width of a line.

mod found;
mod lines;
mod picture;
mod report;
mod tables;

use std::path::PathBuf;

use serde_json::{Value, json};
use superladder_engine::{EngineError, Halt, Problem, StationaryOptions, TwoTimeState};
use superladder_study::{CorrelationEntry, Study, StudyError};
use thiserror::Error;

pub(crate) use self::lines::{HighestLine, highest_lines};

use self::found::{Found, NextModel, Smaller, reasons};
use crate::results::{Clock, Head, OutputError, OutputFolder};
use crate::search::{Finished, Keeping, Search, SearchError};

/// What is asked for.
pub struct Plan<'a> {
    /// The study.
    pub study: &'a Study,
    /// How the stationary state is looked for.
    pub options: StationaryOptions,
    /// Whether everything is found once more at smaller cutoffs, to see what the cutoffs do.
    pub check_cutoffs: bool,
    /// The output folder.
    pub output: PathBuf,
    /// What becomes of an earlier search, and how this one is kept.
    pub keeping: Keeping,
    /// Started when the command began.
    pub clock: Clock,
}

/// A state that correlations are asked of.
struct Asked {
    /// The ensemble of which one spin is told from the others.
    tagged: Option<usize>,
    /// The time of the state; `None` for the stationary one.
    start: Option<f64>,
    state: Box<dyn TwoTimeState>,
    smaller: Option<Smaller>,
}

/// Why there is no spectrum, or none that is written.
#[derive(Debug, Error)]
pub enum SpectrumError {
    /// The study is at fault.
    #[error("{0}")]
    Study(#[from] StudyError),
    /// The engine refuses the study, or fails.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine of the study knows one time only.
    #[error(
        "the engine '{0}' has no correlations of two times; use `[engine] kind = \"exact\"` or \"cumulant\", or \"trajectories\" for correlations alone"
    )]
    NoTwoTime(&'static str),
    /// Nothing is asked for.
    #[error(
        "the study has no [[correlations]]; add a table such as\n\n[[correlations]]\nname = \"light\"\nkind = \"{kind}\"\n{key} = \"{subject}\"\n"
    )]
    NoCorrelations {
        /// A ready correlation of the model.
        kind: &'static str,
        /// `mode` or `ensemble`.
        key: &'static str,
        /// Its name.
        subject: String,
    },
    /// The results cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The search cannot begin, or leaves nothing.
    #[error(transparent)]
    Search(#[from] SearchError),
}

impl SpectrumError {
    /// True when another study or argument would help.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Study(_) | Self::NoTwoTime(_) | Self::NoCorrelations { .. } => true,
            Self::Engine(error) => error.is_bad_input(),
            Self::Output(error) => error.is_bad_input(),
            Self::Search(error) => error.is_bad_input(),
        }
    }

    /// True when it was asked to end.
    fn is_interrupt(&self) -> bool {
        matches!(self, Self::Engine(EngineError::Interrupted { .. }))
    }
}

impl Plan<'_> {
    /// Finds the state and its correlations; writes tables, report, picture and manifest.
    ///
    /// # Errors
    /// [`SpectrumError`].
    pub fn run(&self, halt: &dyn Halt) -> Result<Finished, SpectrumError> {
        self.check_correlations()?;
        let asked = (self.study, "spectrum", &self.options);
        let (search, folder) = Search::begin(asked, &self.output, self.keeping, halt)?;
        match self.found(&search, &folder) {
            Err(error) if error.is_interrupt() => Ok(search.interrupted(folder, &self.clock)?),
            found => {
                let (text, converged) = found?;
                Ok(search.finish(folder, text, converged)?)
            }
        }
    }

    /// The report and whether every bound is kept, with everything in the folder.
    fn found(&self, search: &Search<'_>, folder: &OutputFolder) -> Result<(String, bool), SpectrumError> {
        let mut problem = self.study.problem.clone();
        // Only the state is needed.
        problem.observables.clear();
        let (mut all, mut asked): (Vec<Found<'_>>, Vec<Asked>) = (Vec::new(), Vec::new());
        for entry in &self.study.correlations {
            let place =
                asked.iter().position(|known| (known.tagged, known.start) == (entry.tagged, entry.start));
            let place = place.unwrap_or(asked.len());
            if place == asked.len() {
                asked.push(self.asked(&problem, entry, search)?);
            }
            let Asked { state, smaller, .. } = &asked[place];
            let next = entry.start.and_then(|start| Some(problem.next_stage(start)? - start));
            let next = next.map(|delay| NextModel { delay, engine: self.study.engine.name() });
            let found = Found::new(entry, &**state, (smaller.as_ref(), next.as_ref()), search);
            all.push(found.map_err(|e| self.refused(entry, e))?);
        }
        let reasons = reasons(asked.iter().map(|asked| asked.state.report()), &all);
        // There is a correlation, and so a state.
        let Asked { state, smaller, .. } = &asked[0];
        let own = &*state.report().cutoffs;
        let cutoffs = smaller.as_ref().map(|smaller| (own, &*smaller.problem.cutoffs));
        let text = report::report(self.study, &all, cutoffs, &reasons);
        for found in &all {
            let name = &found.entry.name;
            folder.write(&format!("{name}-correlation.csv"), |file| tables::write_series(file, found))?;
            let arrays = tables::series_arrays(self.study, found);
            folder.write(&format!("{name}-correlation.npz"), |file| arrays.write(file))?;
            if let Some(light) = &found.light {
                folder.write(&format!("{name}-spectrum.csv"), |file| tables::write_spectrum(file, light))?;
            }
        }
        folder.write("lines.csv", |file| tables::write_lines(file, &all))?;
        folder.write_text("report.txt", &text)?;
        folder.write_json("manifest.json", &self.manifest(&**state, &all, &reasons))?;
        folder.write_text("study.toml", self.study.text())?;
        folder.write_picture("spectrum", &picture::picture(&self.study.title, &all))?;
        Ok((text, reasons.is_empty()))
    }

    fn check_correlations(&self) -> Result<(), SpectrumError> {
        if !self.study.correlations.is_empty() {
            return Ok(());
        }
        let model = self.study.problem.model();
        Err(match (model.modes(), model.ensembles()) {
            ([mode, ..], _) => {
                SpectrumError::NoCorrelations { kind: "amplitude", key: "mode", subject: mode.name.clone() }
            }
            (_, ensembles) => {
                let subject = ensembles.first().map_or_else(String::new, |e| e.name.clone());
                SpectrumError::NoCorrelations { kind: "dipole", key: "ensemble", subject }
            }
        })
    }

    fn refused(&self, entry: &CorrelationEntry, error: EngineError) -> SpectrumError {
        self.study.refused(entry, error).map_or_else(SpectrumError::Engine, Into::into)
    }

    /// The state of the problem, with one spin told from the others where the correlation needs that.
    fn asked(
        &self,
        problem: &Problem,
        entry: &CorrelationEntry,
        search: &Search<'_>,
    ) -> Result<Asked, SpectrumError> {
        let tagged = |e: usize| problem.with_tagged_spin(e).map_err(|e| self.refused(entry, e.into()));
        let mut problem = entry.tagged.map_or_else(|| Ok(problem.clone()), tagged)?;
        let tag = entry.tagged.map_or_else(String::new, |e| format!(" with a tagged spin of ensemble {e}"));
        let state = self.state((&problem, entry), &self.options, &format!("the state{tag}"), search)?;
        problem.cutoffs.clone_from(&state.report().cutoffs);
        // Samples at other cutoffs differ by chance.
        let engine = &self.study.engine;
        let truncated = engine.is_truncated() && engine.sampling().is_none();
        let smaller = if self.check_cutoffs && truncated { found::smaller(&problem) } else { None };
        let smaller = smaller.map(|problem| self.smaller((problem, entry), &tag, search)).transpose()?;
        Ok(Asked { tagged: entry.tagged, start: entry.start, state, smaller })
    }

    fn state(
        &self,
        (problem, entry): (&Problem, &CorrelationEntry),
        options: &StationaryOptions,
        name: &str,
        search: &Search<'_>,
    ) -> Result<Box<dyn TwoTimeState>, SpectrumError> {
        let engine = self.study.engine.two_time();
        let engine = engine.ok_or(SpectrumError::NoTwoTime(self.study.engine.name()))?;
        let found = if let Some(start) = entry.start {
            engine.two_time_from(problem, start, search)
        } else {
            let (mut problem, mut options) = (problem.clone(), options.clone());
            search.enter(name, &mut problem, &mut options);
            let found = engine.two_time(&problem, &options, search);
            search.leave();
            found
        };
        found.map_err(|e| self.study.refusal(e).map_or_else(SpectrumError::Engine, Into::into))
    }

    /// The state of the problem at smaller cutoffs, which need not exist.
    fn smaller(
        &self,
        (problem, entry): (Problem, &CorrelationEntry),
        tag: &str,
        search: &Search<'_>,
    ) -> Result<Smaller, SpectrumError> {
        let options = StationaryOptions { raise_cutoffs: false, ..self.options.clone() };
        let name = format!("the state{tag} at smaller cutoffs");
        let state = match self.state((&problem, entry), &options, &name, search) {
            Err(error) if error.is_interrupt() => return Err(error),
            found => found.map_err(|error| error.to_string()),
        };
        Ok(Smaller { problem, state })
    }

    fn manifest(&self, state: &dyn TwoTimeState, all: &[Found<'_>], reasons: &[String]) -> Value {
        let configuration = self.study.resolved();
        let head = Head { command: "spectrum", study: &self.study.name, configuration, clock: &self.clock };
        let report = state.report();
        head.manifest(json!({
            "converged": reasons.is_empty(),
            "not_converged": reasons,
            "residual": report.residual,
            "leaving": report.leaving,
            "cutoffs": report.cutoffs,
            "diagnostics": report.diagnostics,
            "tolerance": self.options.tolerance,
            "correlations": all.iter().map(tables::entry).collect::<Vec<_>>(),
        }))
    }
}
