//! Runs studies written inline and reads their results by name; runs the program in scratch folders.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of this module")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use superladder::config::Study;
use superladder::engine::{Diagnostics, Recorder, Silent, run};

/// A study that has run.
pub struct Ran {
    pub study: Study,
    pub recorder: Recorder,
    pub diagnostics: Diagnostics,
    pub statistics: serde_json::Value,
}

/// Runs a study given as text.
pub fn ran(text: &str) -> Ran {
    ran_with(text, &[])
}

/// Runs a study given as text after `--set` changes.
pub fn ran_with(text: &str, sets: &[&str]) -> Ran {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    let study = Study::parse("inline.toml", "inline", text, &sets).expect("a valid study");
    let (evolution, recorder) = run(study.engine().as_ref(), &study.problem, &mut Silent).expect("runs");
    Ran { diagnostics: evolution.diagnostics().clone(), statistics: evolution.statistics(), study, recorder }
}

impl Ran {
    /// Values of the column called `name` at all times.
    pub fn column(&self, name: &str) -> Vec<f64> {
        let model = self.study.problem.model();
        let levels = self.recorder.levels(&self.study.problem);
        for (o, observable) in self.study.problem.observables.iter().enumerate() {
            if let Some(c) = observable.columns(model, &levels).iter().position(|column| column == name) {
                return self.recorder.column(o, c);
            }
        }
        panic!("no column {name}");
    }

    /// Asserts that a column follows `expected(t)` to `tolerance`.
    pub fn assert_follows(&self, name: &str, tolerance: f64, expected: impl Fn(f64) -> f64) {
        for (t, found) in self.recorder.times().into_iter().zip(self.column(name)) {
            let wanted = expected(t);
            assert!((found - wanted).abs() < tolerance, "{name} at t = {t}: {found} instead of {wanted}");
        }
    }
}

/// A scratch folder with `study.toml` in it.
pub struct Scratch(tempfile::TempDir);

impl Scratch {
    pub fn new(study: &str) -> Self {
        let scratch = Self(tempfile::tempdir().expect("a temporary folder"));
        fs::write(scratch.path("study.toml"), study).expect("the study");
        scratch
    }

    /// A file of the folder; with an empty name, the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program, to be started in the folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_superladder"));
        command.args(arguments).current_dir(self.0.path());
        command
    }

    /// What the program prints until it ends.
    pub fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    /// All that it says, once it has ended with this exit code.
    #[track_caller]
    pub fn exits(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", words(&output));
        words(&output)
    }
}

/// Both streams of a program.
pub fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
