//! Runs studies written inline and reads their results by name; runs the program in scratch folders.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of this module")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use superladder::engine::{Diagnostics, Record, Recorder, Silent, run};
use superladder::study::Study;

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

    /// Standard errors of the column called `name` at all times, 0 where the engine gives none.
    pub fn errors(&self, name: &str) -> Vec<f64> {
        let model = self.study.problem.model();
        let levels = self.recorder.levels(&self.study.problem);
        for (o, observable) in self.study.problem.observables.iter().enumerate() {
            if let Some(c) = observable.columns(model, &levels).iter().position(|column| column == name) {
                let error = |r: &Record| r.measurements[o].values[c].standard_error.unwrap_or(0.0);
                return self.recorder.records.iter().map(error).collect();
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

impl Scratch {
    /// Stops the program on its way by `signal`, as soon as the folder `partial` holds so many finished
    /// pieces `more` than before.
    #[cfg(unix)]
    pub fn stopped(&self, arguments: &[&str], partial: &str, more: usize, signal: &str) -> Output {
        let before = points(&self.path(partial)).len();
        self.stopped_when(|| points(&self.path(partial)).len() >= before + more, arguments, signal)
    }

    /// Stops the program on its way by `signal`, as soon as `enough` says so.
    #[cfg(unix)]
    pub fn stopped_when(&self, enough: impl Fn() -> bool, arguments: &[&str], signal: &str) -> Output {
        let mut command = self.command(arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        wait(enough);
        let kill = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(kill.expect("kill runs").success());
        child.wait_with_output().expect("ends")
    }
}

/// Waits until `enough` says so.
fn wait(enough: impl Fn() -> bool) {
    let start = Instant::now();
    while !enough() {
        assert!(start.elapsed() < Duration::from_secs(60), "it does not come");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The files of finished pieces in a folder, which need not exist.
pub fn points(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).map(|entries| entries.map(|e| e.expect("an entry").path()).collect());
    let paths: Vec<PathBuf> = entries.unwrap_or_default();
    paths.into_iter().filter(|p| p.extension().is_some_and(|e| e == "point")).collect()
}

/// Stops the program after its first finished piece by SIGKILL and again by SIGINT, goes on to the end, and
/// compares the `files` of the folder `out` with those of the folder `whole`, made in one go. Of `pieces`
/// pieces the most part is left when a signal arrives.
#[cfg(unix)]
pub fn goes_on_to_the_same_bytes(
    scratch: &Scratch,
    arguments: &[&str],
    (out, whole): (&str, &str),
    pieces: usize,
    files: &[&str],
) {
    let partial = format!("{out}.partial");
    let resumed = [arguments, &["--resume"]].concat();
    let killed = scratch.stopped(arguments, &partial, 1, "-KILL");
    assert_eq!(killed.status.code(), None, "{}", words(&killed));
    let kept = points(&scratch.path(&partial));
    assert!(!scratch.path(out).exists() && (1..pieces).contains(&kept.len()), "{}", kept.len());
    // Without a word on what is to become of them, nothing is touched.
    let said = scratch.exits(2, arguments);
    assert!(said.contains("--resume"), "{said}");
    let written = |path: &Path| fs::metadata(path).expect("a piece").modified().expect("a time");
    let before: Vec<_> = kept.iter().map(|p| written(p)).collect();
    let interrupted = scratch.stopped(&resumed, &partial, 1, "-TERM");
    assert_eq!(interrupted.status.code(), Some(1), "{}", words(&interrupted));
    assert!(words(&interrupted).contains("interrupted: finished"), "{}", words(&interrupted));
    let after: Vec<_> = kept.iter().map(|p| written(p)).collect();
    assert_eq!(before, after, "a finished piece was repeated");
    assert!(!scratch.path(out).exists());
    scratch.exits(0, &resumed);
    for file in files {
        let bytes = |folder: &str| fs::read(scratch.path(folder).join(file)).expect("a file");
        assert!(bytes(out) == bytes(whole), "{file} differs");
    }
    assert!(!scratch.path(&partial).exists(), "nothing is left of the way there");
}

/// Both streams of a program.
pub fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Whether a word is a value written to its error: `12.3(4)`.
pub fn to_its_error(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit() || c == '-') && word.contains('(') && word.ends_with(')')
}
