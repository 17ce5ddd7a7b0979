//! Diagnostics of a run: named figures, each with the bound that it must keep to count as converged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Bounds beyond which a run is reported as not converged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    /// Largest |tr rho - 1|.
    pub trace: f64,
    /// Largest violation of positivity (negative population, or `|rho_ij| - sqrt(rho_ii rho_jj)`).
    pub positivity: f64,
    /// Largest population of the two highest Fock levels of any mode.
    pub top_population: f64,
    /// Largest accumulated error estimate of the propagator, relative to the state's norm.
    pub propagation: f64,
    /// Largest bound of the trace distance to the untruncated state (rigorous, and far above the error of
    /// most observables: it grows as the square root of what leaves the space).
    pub truncation: f64,
    /// Largest weight that windows and moving bases of trajectories have discarded of any of them.
    pub discarded_weight: f64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            trace: 1e-8,
            positivity: 1e-6,
            top_population: 1e-4,
            propagation: 1e-5,
            truncation: f64::INFINITY,
            discarded_weight: 1e-6,
        }
    }
}

/// One diagnostic figure and its bound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Largest value seen so far.
    pub worst: f64,
    /// Time at which it was seen.
    pub time: f64,
    /// Bound.
    pub bound: f64,
}

impl Check {
    /// True when the bound is kept; NaN keeps no bound.
    pub fn holds(&self) -> bool {
        self.worst <= self.bound
    }
}

/// The worst value of every diagnostic over a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Diagnostics {
    /// By name: `trace`, `positivity`, `top_population`, `truncation`, `propagation`.
    pub checks: BTreeMap<String, Check>,
    /// Present values of what has no bound, by name, for instance `cutoff(a)` of an adaptive cutoff.
    pub figures: BTreeMap<String, f64>,
}

impl Diagnostics {
    /// Notes `value` at `time`, keeping the worst.
    pub fn note(&mut self, name: &str, value: f64, time: f64, bound: f64) {
        let check = self.checks.entry(name.to_owned()).or_insert(Check { worst: value, time, bound });
        if value > check.worst || value.is_nan() {
            (check.worst, check.time) = (value, time);
        }
    }

    /// Worst values of the checks and present figures, by name.
    pub fn row(&self) -> Vec<(String, f64)> {
        let checks = self.checks.iter().map(|(name, check)| (name.clone(), check.worst));
        checks.chain(self.figures.iter().map(|(name, value)| (name.clone(), *value))).collect()
    }

    /// True when every bound is kept.
    pub fn converged(&self) -> bool {
        self.checks.values().all(Check::holds)
    }

    /// The bounds that are not kept, in words, with what can be done about it.
    pub fn broken(&self) -> Vec<String> {
        let failed = self.checks.iter().filter(|(_, check)| !check.holds());
        let words = |(name, Check { worst, time, bound }): (&String, &Check)| {
            let remedy = remedy(name).map_or_else(String::new, |remedy| format!("; {remedy}"));
            format!("{name} reached {worst:.2e} at t = {time} (bound {bound:.1e}{remedy})")
        };
        failed.map(words).collect()
    }
}

/// What keeps a bound that was broken.
fn remedy(name: &str) -> Option<&'static str> {
    match name {
        "top_population" => Some("raise the `cutoff` of the modes"),
        "propagation" | "trace" | "positivity" | "norm_decay" => Some("lower the tolerances"),
        "truncation" => Some("raise the `cutoff` of the modes, or lower `truncation`"),
        "discarded_weight" => Some(
            "set `displaced = \"off\"` where the cutoff holds the whole state, else raise the `cutoff` of displaced modes or lower `truncation`",
        ),
        _ => None,
    }
}
