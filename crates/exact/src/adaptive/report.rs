//! The report on cutoffs that follow the state.

use serde_json::{Map, Value as Json, json};
use superladder_engine::{Diagnostics, FollowedCutoff, Problem};

use super::{Change, CutoffControl, Followed};

impl CutoffControl {
    /// Puts the cutoffs into the diagnostics.
    pub(crate) fn describe(&self, problem: &Problem, diagnostics: &mut Diagnostics) {
        for followed in &self.followed {
            let name = &problem.model().modes()[followed.mode].name;
            let cutoff = problem.cutoffs[followed.mode];
            diagnostics.figures.insert(format!("cutoff({name})"), cutoff as f64);
        }
    }

    /// The cutoffs in the end and at most.
    pub(crate) fn cutoffs(&self, problem: &Problem) -> Vec<FollowedCutoff> {
        let cutoff = |f: &Followed| FollowedCutoff {
            mode: problem.model().modes()[f.mode].name.clone(),
            last: problem.cutoffs[f.mode],
            largest: self.largest[f.mode],
        };
        self.followed.iter().map(cutoff).collect()
    }

    /// What limits the cutoffs, in words.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What happened, for the manifest.
    pub(crate) fn report(&self, problem: &Problem) -> Json {
        let modes = problem.model().modes();
        let named = |cutoffs: &[usize]| -> Map<String, Json> {
            let entry = |f: &Followed| (modes[f.mode].name.clone(), json!(cutoffs[f.mode]));
            self.followed.iter().map(entry).collect()
        };
        let change = |c: &Change| json!({ "time": c.time, "cutoff": named(&c.cutoffs), "reason": c.reason });
        json!({
            "final": named(&problem.cutoffs),
            "largest": named(&self.largest),
            "refused_steps": self.refused,
            "changes": self.history.iter().map(change).collect::<Vec<_>>(),
        })
    }
}
