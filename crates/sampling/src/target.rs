//! When there are enough samples.

use superladder_engine::{Measurement, Problem};
use thiserror::Error;

use crate::block::BLOCKS;

/// A standard error that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorTarget {
    /// An observable such as `spin(S)` or one of its columns such as `spin(S).z`; none: every observable.
    pub observable: Option<String>,
    /// Largest standard error at any output time.
    pub error: f64,
}

/// A target for what is not measured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`target_error` names '{name}', which the study does not measure; it measures {}", known.join(", "))]
pub struct UnknownTarget {
    /// The name.
    pub name: String,
    /// All names that are measured.
    pub known: Vec<String>,
}

/// With fewer samples than this the errors are not looked at: they are themselves too uncertain.
pub(crate) const FEWEST: u64 = 16;
/// With fewer than this no target counts as reached: every block of the jackknife has one.
const ENOUGH: u64 = BLOCKS as u64;

/// The smallest number of samples above `done` at which the errors are looked at: each a quarter more
/// than the one before.
pub fn next_look(done: u64) -> u64 {
    let mut look = FEWEST;
    while look <= done {
        look += look / 4;
    }
    look
}

/// The targets of every column.
#[derive(Debug, Clone)]
pub struct Goal {
    /// Names of all columns, observable by observable, with the smallest error that is asked for.
    columns: Vec<(String, Option<f64>)>,
    set: bool,
}

/// Where the errors stand.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    /// The column furthest from its target, or with the largest error if there is no target.
    worst: Option<Worst>,
    /// Every target is reached.
    pub reached: bool,
    /// Trajectories when this was found.
    pub looked: u64,
}

#[derive(Debug, Clone, PartialEq)]
struct Worst {
    column: String,
    time: f64,
    error: f64,
    target: Option<f64>,
}

impl Goal {
    /// For a problem.
    ///
    /// # Errors
    /// [`UnknownTarget`].
    pub fn new(problem: &Problem, targets: &[ErrorTarget]) -> Result<Self, UnknownTarget> {
        let levels = problem.levels();
        let mut columns: Vec<(String, Option<f64>)> = Vec::new();
        let mut met = vec![false; targets.len()];
        for observable in &problem.observables {
            for column in observable.columns(problem.model(), &levels) {
                let mut least: Option<f64> = None;
                for (target, met) in targets.iter().zip(&mut met) {
                    let named = |name: &String| *name == observable.name || *name == column;
                    if target.observable.as_ref().is_none_or(named) {
                        least = Some(least.map_or(target.error, |e| e.min(target.error)));
                        *met = true;
                    }
                }
                columns.push((column, least));
            }
        }
        if let Some((target, _)) = targets.iter().zip(&met).find(|(t, met)| !**met && t.observable.is_some())
        {
            let known = columns.into_iter().map(|(name, _)| name).collect();
            return Err(UnknownTarget { name: target.observable.clone().unwrap_or_default(), known });
        }
        Ok(Self { columns, set: !targets.is_empty() })
    }

    /// Whether there is any.
    pub fn is_set(&self) -> bool {
        self.set
    }

    /// Compares the errors at all times with the targets. An undefined value has no error; a value whose
    /// error is not known has not reached its target.
    pub fn stand(&self, problem: &Problem, measured: &[Vec<Measurement>], done: u64) -> Standing {
        let mut worst: Option<(f64, Worst)> = None;
        for (measurements, &time) in measured.iter().zip(&problem.times).skip(1) {
            let values = measurements.iter().flat_map(|m| &m.values);
            for (value, (column, target)) in values.zip(&self.columns) {
                if value.value.is_nan() || (self.set && target.is_none()) {
                    continue;
                }
                let error = value.standard_error.filter(|e| !e.is_nan()).unwrap_or(f64::INFINITY);
                let distance = error / target.unwrap_or(1.0);
                if worst.as_ref().is_none_or(|(d, _)| distance > *d) {
                    let found = Worst { column: column.clone(), time, error, target: *target };
                    worst = Some((distance, found));
                }
            }
        }
        let reached =
            self.set && done >= ENOUGH && worst.as_ref().is_none_or(|(distance, _)| *distance <= 1.0);
        Standing { worst: worst.map(|(_, w)| w), reached, looked: done }
    }
}

impl Standing {
    /// Trajectories that the target will need, from the law `error ~ 1 / sqrt(samples)`.
    fn needed(&self) -> Option<f64> {
        let worst = self.worst.as_ref()?;
        let ratio = worst.error / worst.target?;
        ratio.is_finite().then(|| self.looked as f64 * (ratio * ratio).max(0.0))
    }

    /// The largest error relative to its target, its time, and in words what would reach it; none without a
    /// target. The errors of too few samples are not known.
    pub fn shortfall(&self) -> Option<(f64, f64, String)> {
        let Worst { column, time, error, target } = self.worst.as_ref()?;
        let target = (*target)?;
        if self.looked < ENOUGH {
            let words = format!("errors of fewer than {ENOUGH} trajectories are not judged");
            return Some((f64::INFINITY, *time, words));
        }
        let needed = self
            .needed()
            .map_or_else(String::new, |n| format!(": about {:.0} trajectories would do", n.ceil()));
        let words =
            format!("the standard error of {column} is {error:.1e}, asked for is {target:.1e}{needed}");
        Some((error / target, *time, words))
    }

    /// How far a run with `done` of `all` samples is.
    pub fn share(&self, done: u64, all: u64) -> f64 {
        let needed = self.needed().unwrap_or(f64::INFINITY).min(all as f64).max(1.0);
        (done as f64 / needed).min(1.0)
    }

    /// The error that counts, in words; the number of samples is `done`.
    pub fn words(&self, done: u64) -> String {
        let Some(worst) = &self.worst else { return String::new() };
        let Worst { column, time, error, target } = worst;
        let target = match (target, self.needed()) {
            (Some(target), Some(needed)) if needed > done as f64 => {
                format!(" (target {target:.1e}: about {needed:.0} needed)")
            }
            (Some(target), _) => format!(" (target {target:.1e})"),
            (None, _) => String::new(),
        };
        format!(", standard error {error:.1e} of {column} at t = {time}{target}")
    }

    /// For the manifest.
    pub fn json(&self) -> serde_json::Value {
        self.worst.as_ref().map_or(serde_json::Value::Null, |w| {
            serde_json::json!({ "column": w.column, "time": w.time, "error": w.error, "target": w.target })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_come_at_the_same_numbers_from_wherever_one_starts() {
        let mut looks = vec![next_look(0)];
        while looks[looks.len() - 1] < 5000 {
            looks.push(next_look(looks[looks.len() - 1]));
        }
        assert_eq!(looks[..4], [16, 20, 25, 31]);
        for done in 0..5000 {
            assert_eq!(Some(&next_look(done)), looks.iter().find(|l| **l > done));
        }
    }
}
