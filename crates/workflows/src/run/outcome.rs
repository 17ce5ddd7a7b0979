//! Everything known at the end of a run, and its files.

use serde_json::{Map, Value, json};
use superladder_engine::{Attachment, Check, Diagnostics, Evolution, FollowedCutoff, Recorder, Resources};
use superladder_model::JointState;
use superladder_plot::terminal;
use superladder_sampling::Sums;
use superladder_study::Study;

use super::extend;
use super::picture::overview;
use crate::reductions::{self, ReducedValue, write_reductions};
use crate::results::{
    Clock, Column, Head, OutputError, OutputFolder, Spent, columns, record_arrays, write_csv, write_table,
    write_table_arrays,
};
use crate::samples;
use crate::shown::write_panels;

/// Everything known at the end of a run.
pub struct Outcome<'a> {
    /// The command, `run` or `merge`.
    pub command: &'static str,
    /// The study.
    pub study: &'a Study,
    /// The records.
    pub recorder: &'a Recorder,
    /// Why the engine could not go on to the last output time.
    pub failure: Option<String>,
    /// Numbers read off the columns.
    pub reductions: Vec<ReducedValue>,
    /// Worst values and bounds of the diagnostics.
    pub diagnostics: &'a Diagnostics,
    /// How much the state still moves at the last time: the Hilbert-Schmidt norm of `L rho`.
    pub speed: Option<f64>,
    /// The state at the last time, if the study asks for it.
    pub state: Option<JointState>,
    /// Figures of the method.
    pub statistics: serde_json::Value,
    /// What a reader should know although every bound is kept.
    pub warnings: Vec<String>,
    /// Tables beside the records.
    pub attachments: Vec<Attachment>,
    /// Where a run that moves one state in time has come to its end, from which it may be continued.
    pub end: Option<&'a dyn Evolution>,
    /// The sums of an engine that samples, as it saves them.
    pub samples: Option<Vec<u8>>,
    /// What the engine said it needs.
    pub resources: Resources,
    /// Cutoffs that have followed the state.
    pub cutoffs: Vec<FollowedCutoff>,
    /// Started when the command began.
    pub clock: Clock,
    /// What preparing the engine and evolving took, without reading the study and writing the results.
    pub evolution: Spent,
    /// Time from which an interrupted run was continued; the effort before it is not counted.
    pub resumed_at: Option<f64>,
}

impl Outcome<'_> {
    /// True when every bound is kept and the run went to its end.
    pub fn converged(&self) -> bool {
        self.reasons().is_empty()
    }

    /// Why the run does not count as converged.
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons = self.diagnostics.broken();
        if let Some(failure) = &self.failure {
            let last = self.recorder.records.last().map_or(f64::NAN, |r| r.time);
            reasons.push(format!("{failure}; what came before, up to t = {last}, was written"));
        }
        if let (true, Some(done)) = (self.recorder.interrupted, self.done()) {
            let all = self.study.engine.samples().unwrap_or(done);
            reasons.push(format!("stopped after {done} trajectories, before the {all} that were asked for"));
        } else if self.recorder.interrupted {
            let last = self.recorder.records.last().map_or(f64::NAN, |r| r.time);
            reasons.push(format!("stopped at t = {last}, before the last output time"));
        }
        reasons
    }

    /// The number of samples that are done, of an engine that samples.
    pub fn done(&self) -> Option<u64> {
        self.samples.as_ref().and_then(|bytes| Sums::counted(bytes))
    }

    /// Writes every file into `folder`.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn write(&self, folder: &OutputFolder) -> Result<(), OutputError> {
        let columns = columns(&self.study.problem, self.recorder);
        folder.write("observables.csv", |file| write_csv(file, &columns))?;
        folder.write("observables.npz", |file| record_arrays(self.study, self.recorder).write(file))?;
        if !self.reductions.is_empty() {
            folder.write("reductions.csv", |file| write_reductions(file, &self.reductions))?;
        }
        for table in &self.attachments {
            folder.write(&format!("{}.csv", table.name), |file| write_table(file, table))?;
            folder.write(&format!("{}.npz", table.name), |file| write_table_arrays(file, table))?;
        }
        if let Some(sums) = &self.samples {
            folder.write(samples::FILE, |file| samples::write_to(file, self.study, sums))?;
        }
        if let Some(end) = self.end {
            folder.write(extend::FILE, |file| extend::write_to(file, self.study, self.recorder, end))?;
        }
        if let Some(state) = &self.state {
            folder.write_state(state, &self.study.name)?;
        }
        folder.write_text("study.toml", self.study.text())?;
        folder.write_json("manifest.json", &self.manifest_of(&columns))?;
        let panels = overview(self.study, self.recorder);
        write_panels(folder, "overview", (&self.study.title, &panels), self.study.plot.separate)
    }

    /// The picture for a terminal, at most `width` characters wide, in the colours of a terminal or without.
    pub fn shown(&self, width: usize, colour: bool) -> String {
        terminal(&self.study.title, &overview(self.study, self.recorder), width, colour)
    }

    /// The manifest: what ran, with what, how it went and what it cost.
    pub fn manifest(&self) -> Value {
        self.manifest_of(&columns(&self.study.problem, self.recorder))
    }

    fn manifest_of(&self, columns: &[Column]) -> Value {
        let study = self.study;
        let undefined: Map<String, Value> = columns
            .iter()
            .filter(|c| c.undefined() > 0)
            .map(|c| (c.name.clone(), c.undefined().into()))
            .collect();
        let figures = |(name, check): (&String, &Check)| {
            let Check { worst, time, bound, broken_at } = *check;
            let figures = json!({
                "worst": worst, "time": time, "bound": bound, "holds": check.holds(), "broken_at": broken_at,
            });
            (name.clone(), figures)
        };
        let diagnostics: Map<String, Value> = self.diagnostics.checks.iter().map(figures).collect();
        let error = self.recorder.largest_error(&study.problem);
        let head = Head {
            command: self.command,
            study: &study.name,
            configuration: study.resolved(),
            clock: &self.clock,
        };
        head.manifest(json!({
            "converged": self.converged(),
            "reasons": self.reasons(),
            "interrupted": self.recorder.interrupted,
            "warnings": study.warnings.iter().chain(&self.warnings).collect::<Vec<_>>(),
            "records": self.recorder.records.len(),
            "undefined_values": undefined,
            "reductions": reductions::manifest(&self.reductions),
            "diagnostics": diagnostics,
            "norm_of_l_rho": self.speed,
            "statistics": self.statistics,
            "largest_relative_error": error.map(|(name, time, error)| json!({ "column": name, "time": time, "error": error })),
            "resources": self.resources,
            "evolution_wall_seconds": self.evolution.wall_seconds,
            "evolution_cpu_seconds": self.evolution.cpu_seconds,
            "resumed_at": self.resumed_at,
            "estimated_memory_bytes": self.resources.memory,
            "columns": columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(),
            "truncation": study.truncation(),
        }))
    }
}
