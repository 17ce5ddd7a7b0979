//! Runs studies written inline and reads their results by name.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of this module")]

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
        let levels = self.study.problem.levels();
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
