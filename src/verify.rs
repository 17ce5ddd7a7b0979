//! Built-in cross-checks: the engine against a dense 2^N brute force and against closed forms.
//!
//! `superladder verify` prints them as a table; the tests run the same checks on more cases.

mod brute_force;
mod closed_forms;
mod consistency;

pub use brute_force::{Deviations, conformance};

/// One check: a figure and the bound that it must keep.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What is compared.
    pub name: String,
    /// Largest deviation found.
    pub figure: f64,
    /// Bound.
    pub bound: f64,
}

impl Check {
    /// True when the figure keeps its bound (NaN does not).
    pub fn holds(&self) -> bool {
        self.figure <= self.bound
    }
}

/// A group of checks that is computed together.
pub struct Group {
    /// What the group is about.
    pub name: &'static str,
    /// Computes the checks; an error is a failed check.
    pub run: fn() -> anyhow::Result<Vec<Check>>,
}

/// All groups, in the order in which they are shown.
pub static GROUPS: &[Group] = &[
    Group { name: "dense 2^N brute force", run: brute_force::checks },
    Group { name: "closed forms", run: closed_forms::checks },
    Group { name: "consistency", run: consistency::checks },
];

fn check(name: impl Into<String>, figure: f64, bound: f64) -> Check {
    Check { name: name.into(), figure, bound }
}
