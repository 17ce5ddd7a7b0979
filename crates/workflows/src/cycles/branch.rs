//! The branch of a cycle over a parameter, with its bifurcations.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use superladder_mean_field::{Branch, BranchPoint, Continuation, MeanFieldEquations, followed, instability};

use super::CyclesError;
use super::picture::CycleBranch;
use super::shown::Shown;
use crate::maps;
use crate::sweep::{Axis, Sweep};
use crate::watch::Watch;

/// To which bifurcations are located.
pub const TOLERANCE: f64 = 1e-7;
/// A branch that turns may come by more often than its range has points.
const TURNS: usize = 4;

/// A branch with the waveforms of its cycles.
#[derive(Debug, Clone)]
pub struct Followed {
    /// The parameter.
    pub key: String,
    /// The branch.
    pub branch: Branch,
    /// Its cycles as they are shown.
    pub shown: Vec<Shown>,
    /// Number of spins whose length is conserved.
    pub conserved: usize,
}

/// Follows `cycle`, that of the first point, over the one axis of `sweep`.
///
/// # Errors
/// [`CyclesError`].
pub fn follow(
    cycle: &Shown,
    sweep: &Sweep,
    (path, sets): (&Path, &[String]),
    conserved: usize,
    watch: Watch<'_>,
) -> Result<Followed, CyclesError> {
    let axis = &sweep.axes[0];
    let (from, to, step) = range(axis)?;
    let most = TURNS * axis.values.len() + 8;
    watch.count.begin("cycles at most", most);
    let at = |value: f64| -> Result<MeanFieldEquations, CyclesError> {
        Ok(maps::equations(&maps::study_at(path, sets, &axis.path, value)?)?)
    };
    let mut known = 0;
    let counted = std::sync::Mutex::new(&mut known);
    let go_on = |done: usize| {
        if let Ok(mut known) = counted.lock() {
            watch.count.done(done.saturating_sub(**known), "");
            **known = done;
        }
        !watch.stopped()
    };
    let continuation = Continuation { from, to, step, most, tolerance: TOLERANCE };
    let branch = followed(&cycle.cycle, continuation, at, &go_on)?;
    let shown = branch.points.iter().map(|p| Ok(Shown::new(&at(p.parameter)?, p.cycle.clone())?));
    let shown = shown.collect::<Result<Vec<Shown>, CyclesError>>()?;
    Ok(Followed { key: axis.key.clone(), branch, shown, conserved })
}

/// First and last value of an axis and the mean step between.
///
/// # Errors
/// [`CyclesError::Axis`] for an axis of words or of a single number.
pub fn range(axis: &Axis) -> Result<(f64, f64, f64), CyclesError> {
    let numbers: Vec<f64> = axis.values.iter().filter_map(|v| v.number).collect();
    match numbers[..] {
        [from, .., to] if numbers.len() == axis.values.len() => {
            Ok((from, to, (to - from).abs() / (numbers.len() - 1) as f64))
        }
        _ => Err(CyclesError::Axis(axis.key.clone())),
    }
}

impl Followed {
    /// The unknown whose mean and amplitude stand for the cycle: `S^x` of the first ensemble, or Q of the
    /// first mode.
    pub(super) fn order(&self, modes: usize) -> usize {
        let spins = self.shown.first().is_some_and(|s| s.waves.len() > 2 * modes);
        if spins { 2 * modes } else { 0 }
    }

    /// The largest modulus of a free multiplier.
    fn modulus(&self, k: usize) -> f64 {
        instability(&self.branch.points[k].cycle, self.conserved).0 + 1.0
    }

    /// For a reader; `modes` of the unknowns are those of modes.
    pub fn text(&self, modes: usize) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.print(modes, &mut text);
        text
    }

    fn print(&self, modes: usize, out: &mut String) -> std::fmt::Result {
        let order = self.order(modes);
        writeln!(
            out,
            "\n{:>14} {:>18} {:>14} {:>14} {:>14}",
            self.key, "period", "|multiplier|", "mean", "amplitude"
        )?;
        for (k, (point, shown)) in self.branch.points.iter().zip(&self.shown).enumerate() {
            let (period, wave) = (point.cycle.period, &shown.waves[order]);
            writeln!(
                out,
                "{:>14.8} {period:>18.12} {:>14.10} {:>14.8} {:>14.8}",
                point.parameter,
                self.modulus(k),
                wave.mean,
                wave.amplitude()
            )?;
        }
        for (parameter, kind) in &self.branch.bifurcations {
            writeln!(out, "{kind:?} at {} = {parameter:.7}", self.key)?;
        }
        if let Some(parameter) = self.branch.lost {
            writeln!(out, "the cycle could not be followed beyond {} = {parameter}", self.key)?;
        }
        Ok(())
    }

    /// For programs.
    pub fn json(&self, names: &[String]) -> Value {
        let points = self.branch.points.iter().zip(&self.shown);
        let point = |(p, s): (&BranchPoint, &Shown)| {
            let mut cycle = s.json(names);
            cycle["parameter"] = p.parameter.into();
            cycle
        };
        let bifurcations: Vec<Value> = self
            .branch
            .bifurcations
            .iter()
            .map(|(p, kind)| json!({ "parameter": p, "kind": kind }))
            .collect();
        json!({ "parameter": self.key, "points": points.map(point).collect::<Vec<_>>(),
            "bifurcations": bifurcations, "lost": self.branch.lost })
    }

    /// Heading and rows of `branch.csv`.
    pub(super) fn table(&self, names: &[String]) -> (Vec<String>, Vec<Vec<String>>) {
        let parts = ["mean", "amplitude", "harmonic_1", "harmonic_2", "harmonic_3", "harmonic_4"];
        let mut heading = vec![self.key.clone(), "period".into(), "multiplier".into(), "stable".into()];
        for name in names {
            heading.extend(parts.map(|part| format!("{}.{part}", name.replace(',', ";"))));
        }
        let row = |(k, (point, shown)): (usize, (&BranchPoint, &Shown))| {
            let modulus = self.modulus(k);
            let mut cells = [point.parameter, point.cycle.period, modulus].map(|x| format!("{x:?}")).to_vec();
            cells.push((modulus < 1.0).to_string());
            for wave in &shown.waves {
                let numbers = [wave.mean, wave.amplitude()].into_iter().chain(wave.harmonics);
                cells.extend(numbers.map(|x| format!("{x:?}")));
            }
            cells
        };
        let rows = self.branch.points.iter().zip(&self.shown).enumerate().map(row).collect();
        (heading, rows)
    }

    /// What is drawn.
    pub(super) fn drawn(&self, modes: usize, name: &str) -> CycleBranch {
        let order = self.order(modes);
        let points = self.branch.points.iter().zip(&self.shown).enumerate().map(|(k, (point, shown))| {
            let wave = &shown.waves[order];
            [point.parameter, point.cycle.period, wave.mean, wave.amplitude(), self.modulus(k)]
        });
        CycleBranch {
            key: self.key.clone(),
            unknown: name.to_owned(),
            points: points.collect(),
            bifurcations: self
                .branch
                .bifurcations
                .iter()
                .map(|(p, kind)| (*p, format!("{kind:?}")))
                .collect(),
        }
    }
}
