//! What the runs say: a verdict per observable and the cheapest setting that is good enough.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde::Serialize;
use superladder_analysis::{
    AnalysisError, Convergence, ConvergenceOptions, Regime, SettingReport, SettingValues, Tolerance, converge,
};

use super::measure::{distinct, matrices};
use super::{ConvergenceError, Family, Measured, Run, Series, Vary, families, measure};
use crate::workers::Limits;
use superladder_study::Study;

/// Of the largest component of an observable this part at least is the scale of the others.
const SIBLINGS: f64 = 1e-6;
/// Differences below this are never held against an observable that is zero.
const ROUNDING: f64 = 1e-12;
/// A method must be this much faster to be worth a change.
const FASTER: f64 = 0.7;
/// A cutoff that is only estimated lies at most this far above the largest one tried.
const FARTHEST: f64 = 3.0;

/// One observable over one family of settings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// The observable, whose components share a scale.
    pub observable: String,
    /// Its largest absolute value, or a small part of that of its observable.
    pub scale: f64,
    /// The verdict on the study's own setting, by the rule of the family.
    pub converged: bool,
    /// Largest standard error of every setting, of an engine that samples.
    pub errors: Vec<Option<f64>>,
    /// Standard error of the study's own setting at the last time.
    pub last_error: Option<f64>,
    /// Numbers that are undefined at some settings, and left out.
    pub undefined_at_some: usize,
    /// The table and the estimate.
    pub convergence: Convergence,
}

impl Judged {
    /// True when a setting lies within the tolerance of the converged values.
    pub(super) fn agrees(&self, setting: usize) -> bool {
        self.convergence.settings[setting].distance <= self.convergence.allowed
    }

    /// True when all settings other than the last agree with it, but those that break more bounds than it does
    /// (`kept`): they say nothing.
    fn is_confirmed(&self, kept: &[bool]) -> bool {
        let mut others = (0..self.convergence.settings.len() - 1).filter(|&k| kept[k]).peekable();
        others.peek().is_some() && others.all(|k| self.agrees(k))
    }

    /// True when the standard errors of a setting lie within the tolerance.
    pub(super) fn is_sampled(&self, setting: usize) -> bool {
        self.errors[setting].is_some_and(|error| error <= self.convergence.allowed)
    }
}

/// One family of settings with its verdicts.
#[derive(Debug, Clone, Serialize)]
pub struct Varied {
    /// The settings; those that ran.
    pub family: Family,
    /// Place of the study's own setting.
    pub own: usize,
    /// Seconds on the clock of every setting.
    pub seconds: Vec<f64>,
    /// Whether the run of every setting kept its bounds, or as many as the study itself.
    pub kept: Vec<bool>,
    /// All observables.
    pub judged: Vec<Judged>,
    /// Settings that did not run, observables that could not be judged.
    pub notes: Vec<String>,
}

impl Varied {
    /// True when the study's own setting is converged for every observable.
    pub fn converged(&self) -> bool {
        self.judged.iter().all(|j| j.converged)
    }

    /// True when a setting and all finer ones are converged for every observable, and it kept its bounds; a
    /// method, when it agrees with the study's own.
    fn good_from(&self, setting: usize) -> bool {
        if self.family.vary.is_named() {
            return self.kept[setting] && self.judged.iter().all(|j| j.agrees(setting));
        }
        if self.family.vary == Vary::Number {
            return self.judged.iter().all(|j| j.is_sampled(setting));
        }
        self.kept[setting]
            && self.judged.iter().all(|j| j.convergence.settings[setting..].iter().all(|row| row.converged))
    }
}

/// What the user should do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suggestion {
    /// Arguments of `--set`; none: the study as it is.
    pub sets: Vec<String>,
    /// What is known of it.
    pub words: String,
}

/// A convergence study that has run.
pub struct Findings {
    /// The study.
    pub study: Study,
    /// Largest change allowed, relative to the largest value.
    pub tolerance: f64,
    /// By family.
    pub varied: Vec<Varied>,
    /// What was left out and why.
    pub notes: Vec<String>,
    /// Bounds that the study itself broke.
    pub broken: Vec<String>,
    /// The cheapest setting that is good enough.
    pub suggestion: Suggestion,
    /// Number of runs.
    pub runs: usize,
}

impl Findings {
    /// Varies what `vary` names in the study at `path`.
    ///
    /// # Errors
    /// [`ConvergenceError`].
    pub fn of(
        path: &Path,
        sets: &[String],
        vary: &[Vary],
        tolerance: f64,
        limits: impl Fn(&Study) -> Limits,
        interrupted: &AtomicBool,
        told: &(impl Fn(usize, &str) + Sync),
    ) -> Result<Self, ConvergenceError> {
        let study = Study::load(path, sets)?;
        let (families, mut notes) = families(&study, vary, tolerance);
        if families.is_empty() {
            return Err(ConvergenceError::Nothing(notes.join("; ")));
        }
        let left_out = matrices(&study.problem);
        if !left_out.is_empty() {
            notes.push(format!("density matrices are not compared: {}", left_out.join(", ")));
        }
        let limits = limits(&study);
        let choices = distinct(&families);
        let heard = |words: &str| told(choices.len(), words);
        let mut measured = measure(path, sets, &choices, &limits, interrupted, &heard)?;
        let varied = families.into_iter().map(|f| judge(f, &measured, tolerance));
        let varied = varied.collect::<Result<Vec<_>, _>>()?;
        let broken = measured.run(&[]).map(|run| run.broken.clone()).unwrap_or_default();
        let mut suggestion = suggest(&varied);
        let known = measured.run(&suggestion.sets).is_ok();
        let verifiable = varied.iter().all(|v| v.good_from(v.judged_last()));
        if !known && verifiable {
            let check = measure(path, sets, &[suggestion.sets.clone()], &limits, interrupted, &heard)?;
            measured.extend(check);
            suggestion = checked(suggestion, &varied, &measured, tolerance);
        }
        let runs = measured.count();
        Ok(Self { study, tolerance, varied, notes, broken, suggestion, runs })
    }

    /// True when every observable is converged and the study kept its bounds.
    pub fn converged(&self) -> bool {
        self.broken.is_empty() && self.varied.iter().all(Varied::converged)
    }
}

impl Varied {
    /// Place of the finest setting.
    fn judged_last(&self) -> usize {
        self.family.choices.len() - 1
    }
}

/// What changes of a series of a run are held against: its largest absolute value, or a small part of that of
/// its observable, so that a component that is zero is not judged by its noise.
fn scale(run: &Run, series: &Series) -> f64 {
    let siblings = run.series.iter().filter(|s| s.observable == series.observable);
    siblings.fold(0.0_f64, |most, s| most.max(SIBLINGS * s.largest())).max(series.largest())
}

fn judge(mut family: Family, measured: &Measured, tolerance: f64) -> Result<Varied, AnalysisError> {
    let mut notes = Vec::new();
    let mut runs: Vec<&Run> = Vec::new();
    family.choices.retain(|choice| match measured.run(&choice.sets) {
        Ok(run) => {
            runs.push(run);
            true
        }
        Err(reason) => {
            notes.push(format!("{} = {} did not run: {reason}", family.key, choice.label));
            false
        }
    });
    let own = family.choices.iter().position(|choice| choice.sets.is_empty()).unwrap_or(0);
    let kept: Vec<bool> = runs.iter().map(|run| run.broken.len() <= runs[own].broken.len()).collect();
    let mut judged = Vec::new();
    let finest = runs[runs.len() - 1];
    for (index, series) in finest.series.iter().enumerate().filter(|_| runs.len() > 1) {
        let scale = scale(finest, series);
        let width = runs.iter().map(|run| run.series[index].width).max().unwrap_or(1);
        let mut values: Vec<Vec<f64>> = runs.iter().map(|run| run.series[index].widened(width)).collect();
        let undefined_at_some = mask(&mut values);
        if values[0].iter().all(|x| x.is_nan()) {
            notes.push(format!("{} is undefined at all times and not judged", series.name));
            continue;
        }
        let setting = |(k, values): (usize, Vec<f64>)| SettingValues {
            label: format!("{} = {}", family.key, family.choices[k].label),
            size: family.choices[k].size,
            cost: family.vary.is_named().then_some(runs[k].seconds),
            values,
        };
        let settings: Vec<SettingValues> = values.into_iter().enumerate().map(setting).collect();
        let allowed = Tolerance { absolute: tolerance * scale + ROUNDING, relative: 0.0 };
        let options = ConvergenceOptions { law: family.law, tolerance: allowed };
        let convergence = converge(&series.name, &settings, &options)?;
        let converged = convergence.settings[own..].iter().all(|row| row.converged);
        let observable = series.observable.clone();
        let of_own = |run: &Run| run.series[index].errors.as_ref().and_then(|e| e.last().copied());
        let (errors, last_error) =
            (runs.iter().map(|run| run.series[index].largest_error()).collect(), of_own(runs[own]));
        let mut found =
            Judged { observable, scale, converged, errors, last_error, undefined_at_some, convergence };
        if family.vary.is_named() {
            found.converged = found.is_confirmed(&kept);
        } else if family.vary == Vary::Number {
            found.converged = found.is_sampled(own);
        }
        judged.push(found);
    }
    if runs.len() < 2 {
        notes.push(format!("{}: a single setting ran, nothing can be judged", family.name));
    }
    let seconds = runs.iter().map(|run| run.seconds).collect();
    Ok(Varied { family, own, seconds, kept, judged, notes })
}

/// Makes undefined everywhere what is undefined anywhere; the number of values that were defined somewhere.
fn mask(values: &mut [Vec<f64>]) -> usize {
    let mut masked = 0;
    for place in 0..values[0].len() {
        let finite = values.iter().filter(|v| v[place].is_finite()).count();
        if finite < values.len() {
            masked += usize::from(finite > 0);
            for series in values.iter_mut() {
                series[place] = f64::NAN;
            }
        }
    }
    masked
}

/// The coarsest cutoffs and the faster of the coarsest tolerance and the fastest method; where the study is
/// not converged, what would be.
fn suggest(varied: &[Varied]) -> Suggestion {
    let mut sets = Vec::new();
    let mut words = Vec::new();
    let mut of_method: Option<(f64, Vec<String>)> = None;
    for v in varied {
        let count = v.family.choices.len();
        let good = (0..count).find(|&k| v.good_from(k));
        let own_seconds = v.seconds[v.own];
        match (v.family.vary, good) {
            (Vary::Cutoff | Vary::Number | Vary::Order, Some(k)) => {
                sets.extend(v.family.choices[k].sets.iter().cloned());
            }
            (Vary::Cutoff, None) => {
                let cutoff = larger(v);
                let key = v.family.key.trim_start_matches("cutoff(").trim_end_matches(')');
                sets.push(format!("modes.{key}.cutoff={cutoff}"));
                words.push(format!("cutoff {cutoff} is an estimate, to be checked with `converge`"));
            }
            (Vary::Tolerance, Some(k)) if k != v.own => {
                of_method = Some((v.seconds[k], v.family.choices[k].sets.clone()));
            }
            (Vary::Tolerance, None) => {
                let why = if v.converged() { "keeps its bounds" } else { "is fine enough" };
                words.push(format!("no {} that was tried {why}", v.family.key));
                of_method = Some((f64::INFINITY, v.family.choices[count - 1].sets.clone()));
            }
            (Vary::Number, None) => {
                let number = more(v);
                sets.push(format!("engine.{}={number:.0}", v.family.key));
                words.push(format!("{number:.0} {} by the law error ~ 1/sqrt(number)", v.family.key));
            }
            (Vary::Order | Vary::Closure, None) => words.push(format!(
                "results depend on the {}: hold them against the exact engine or trajectories",
                v.family.key
            )),
            (Vary::Truncation, None) => {
                sets.extend(v.family.choices[count - 1].sets.iter().cloned());
                words.push("no truncation that was tried is fine enough".to_owned());
            }
            (Vary::Method, _) if v.converged() => {
                let good = (0..count).filter(|&k| v.good_from(k));
                let fastest = good.min_by(|a, b| v.seconds[*a].total_cmp(&v.seconds[*b])).unwrap_or(v.own);
                let better = of_method.as_ref().map_or(own_seconds, |m| m.0);
                if v.seconds[fastest] < FASTER * better {
                    of_method = Some((v.seconds[fastest], v.family.choices[fastest].sets.clone()));
                }
            }
            (Vary::Method, _) => {
                words.push(
                    "methods disagree: none can be recommended before the tolerance is finer".to_owned(),
                );
                of_method = None;
            }
            _ => {}
        }
    }
    sets.extend(of_method.map(|m| m.1).unwrap_or_default());
    Suggestion { sets, words: words.join("; ") }
}

/// Samples that the standard errors need, rounded up to two digits.
fn more(v: &Varied) -> f64 {
    let worst = |j: &Judged| j.errors[v.own].unwrap_or(f64::INFINITY) / j.convergence.allowed;
    let ratio = v.judged.iter().map(worst).fold(0.0, f64::max).min(1e6);
    let needed = v.family.choices[v.own].size * ratio * ratio;
    let unit = 10f64.powf(needed.log10().floor() - 1.0).max(1.0);
    (needed / unit).ceil() * unit
}

/// A cutoff that should be enough where none that was tried is: by the rate at which the error falls, if it
/// does.
fn larger(v: &Varied) -> usize {
    let sizes: Vec<f64> = v.family.choices.iter().map(|c| c.size).collect();
    let (last, step) =
        (sizes[sizes.len() - 1], sizes[sizes.len() - 1] - sizes[sizes.len().saturating_sub(2)]);
    let needed = |j: &Judged| {
        let c = &j.convergence;
        let error = c.settings.last().map_or(0.0, |row| row.distance) + c.extrapolation.error;
        let seen = c.extrapolation.observed.filter(|_| c.extrapolation.regime == Regime::Asymptotic);
        match seen.or_else(|| falls(&c.settings)) {
            _ if c.converged => last,
            Some(rate) => last + (2.0 * error / c.allowed).ln().max(0.0) / rate,
            None => 1.5 * last,
        }
    };
    let needed = v.judged.iter().map(needed).fold(last + step, f64::max);
    needed.min(FARTHEST * last).ceil() as usize
}

/// The rate at which the largest changes of the last settings fall, if they do.
fn falls(settings: &[SettingReport]) -> Option<f64> {
    let [.., before, last] = settings else { return None };
    let (change, earlier) = (last.change?, before.change?);
    (change > 0.0 && change < 0.5 * earlier).then(|| (earlier / change).ln() / (last.size - before.size))
}

/// Holds the run of a suggestion against the finest one.
fn checked(found: Suggestion, varied: &[Varied], measured: &Measured, tolerance: f64) -> Suggestion {
    let finest = varied[0].family.choices.last().and_then(|c| measured.run(&c.sets).ok());
    let (Some(finest), Ok(run)) = (finest, measured.run(&found.sets)) else { return found };
    let mut worst = (0.0_f64, "");
    for (a, b) in run.series.iter().zip(&finest.series) {
        let width = a.width.max(b.width);
        let allowed = tolerance * scale(finest, b) + ROUNDING;
        let distances = a.widened(width).into_iter().zip(b.widened(width)).map(|(x, y)| (x - y).abs());
        let largest = distances.filter(|d| d.is_finite()).fold(0.0, f64::max) / allowed;
        if largest > worst.0 {
            worst = (largest, &b.name);
        }
    }
    let relative = worst.0 * tolerance;
    if worst.0 <= 1.0 && run.broken.is_empty() {
        let words = format!("checked by a run: at most {relative:.1e} away ({})", worst.1);
        return Suggestion { words, ..found };
    }
    // Errors of several settings add up; the change of the cutoffs alone has been run.
    let words = format!("changing more at once goes too far: {relative:.1e} ({})", worst.1);
    let single = varied.iter().find_map(|v| {
        let good = (0..v.family.choices.len()).find(|&k| v.good_from(k))?;
        Some(v.family.choices[good].sets.clone()).filter(|sets| !sets.is_empty())
    });
    Suggestion { sets: single.unwrap_or_default(), words }
}
