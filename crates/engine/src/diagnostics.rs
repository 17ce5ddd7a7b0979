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
    /// Largest population from which a term of the model leads out of the cutoffs: of as many of the highest
    /// Fock levels as the largest step of any term, and at least two.
    pub top_population: f64,
    /// Largest accumulated error estimate of the propagator, relative to the state's norm.
    pub propagation: f64,
    /// Largest bound of the trace distance to the untruncated state (rigorous, and far above the error of
    /// most observables: it grows as the square root of what leaves the space).
    pub truncation: f64,
    /// Largest weight that windows and moving bases of trajectories have discarded of any of them.
    pub discarded_weight: f64,
    /// Moment equations: largest `|<a>|^2 - n`, relative to `|n| + 1/2`.
    pub photon_number: f64,
    /// Moment equations: largest `|<S>| - N/2`, relative to `N/2`.
    pub spin_length: f64,
    /// Moment equations: largest negative variance of any combination of quadratures and spins, in units of
    /// the variances of vacuum (1/2) and of N spins down (N/4).
    pub variance: f64,
    /// Moment equations: largest violation of the uncertainty relation of all quadratures and spins, in the
    /// same units.
    pub uncertainty: f64,
    /// Moment equations: largest `-g2`.
    pub g2: f64,
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
            photon_number: 0.1,
            spin_length: 0.1,
            variance: 0.1,
            uncertainty: 0.1,
            g2: 0.1,
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
    /// Time at which the bound was first seen broken.
    pub broken_at: Option<f64>,
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
    /// By name, as the fields of [`Bounds`].
    pub checks: BTreeMap<String, Check>,
    /// Present values of what has no bound, by name, for instance `cutoff(a)` of an adaptive cutoff.
    pub figures: BTreeMap<String, f64>,
    /// By name, what keeps a bound in this run, where the engine knows more than the general words.
    pub advice: BTreeMap<String, String>,
}

impl Diagnostics {
    /// Notes `value` at `time`, keeping the worst.
    pub fn note(&mut self, name: &str, value: f64, time: f64, bound: f64) {
        let fresh = Check { worst: value, time, bound, broken_at: None };
        if !self.checks.contains_key(name) {
            self.checks.insert(name.to_owned(), fresh);
        }
        let Some(check) = self.checks.get_mut(name) else { return };
        if value > check.worst || value.is_nan() {
            (check.worst, check.time) = (value, time);
        }
        if !check.holds() {
            check.broken_at.get_or_insert(time);
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

    /// What a reader should know although every bound is kept: a bound of the truncation that bounds nothing.
    pub fn remarks(&self) -> Vec<String> {
        let worst = self.checks.get("truncation").map_or(0.0, |check| check.worst);
        let remark = || {
            format!(
                "the bound of the error of truncation, {worst:.2e}, is above 1 and bounds nothing any more; it is of first \
                 order and grows with time: raise the `cutoff` of the modes until it is small, or see with `converge` \
                 whether the observables still change"
            )
        };
        (worst > 1.0).then(remark).into_iter().collect()
    }

    /// The bounds that are not kept, in words, with what can be done about it.
    pub fn broken(&self) -> Vec<String> {
        self.broken_until(f64::INFINITY)
    }

    /// The bounds that were broken at `end` or before, for readers of a run who use no later times.
    pub fn broken_until(&self, end: f64) -> Vec<String> {
        let failed = self.checks.iter().filter_map(|(name, check)| Some((name, check, check.broken_at?)));
        let failed: Vec<_> = failed.filter(|(_, _, since)| *since <= end).collect();
        let words = |(number, (name, check, since)): (usize, &(&String, &Check, f64))| {
            let Check { worst, time, bound, .. } = check;
            let first = if since < time { format!(", broken from t = {since}") } else { String::new() };
            // Of several that need the same, the last one says it.
            let repeated = failed[number + 1..].iter().any(|(later, ..)| remedy(later) == remedy(name));
            let general = remedy(name).filter(|_| !repeated);
            let known = self.advice.get(*name).map(String::as_str).or(general);
            let remedy = known.map_or_else(String::new, |r| format!("; {r}"));
            let place =
                if time.is_finite() { format!("at t = {time}") } else { "in the stationary state".into() };
            format!("{name} reached {worst:.2e} {place} (bound {bound:.1e}{first}{remedy})")
        };
        failed.iter().enumerate().map(words).collect()
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
        "photon_number" | "spin_length" | "variance" | "uncertainty" | "g2" => Some(
            "no state has such moments: the closed equations have failed, and only what is earlier can be trusted",
        ),
        _ => None,
    }
}
