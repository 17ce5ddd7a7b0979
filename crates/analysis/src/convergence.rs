//! Does a result still depend on a numerical setting, and where would it go?
//!
//! Values `v_1 ... v_n` (numbers or series over time) at settings from coarse to fine. With the last two
//! changes `d_1 = v_(n-1) - v_(n-2)`, `d_2 = v_n - v_(n-1)` every law of convergence extrapolates to
//! `v_n + f d_2` and says only what f is; see [`Law`].

mod factor;

use serde::{Deserialize, Serialize};

use crate::AnalysisError;
use crate::error::check_length;

/// How the error is expected to fall from setting to setting.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Law {
    /// As `size^order`, order known: `f = 1/(r^p - 1)`, r being the quotient of the last two sizes
    /// (Richardson, Phil. Trans. R. Soc. A 210, 307 (1911)). Sizes fall (step, tolerance).
    KnownOrder {
        /// The order p > 0.
        order: f64,
    },
    /// As `size^p`, p observed from the last three settings. Sizes fall.
    Order,
    /// As `exp(-c size)`, c observed from the last three settings. Sizes rise (Fock cutoff).
    Exponential,
    /// By one factor q a setting, of either sign, sizes not used: `f = q/(1 - q)` (Aitken, Proc. R. Soc.
    /// Edinb. 46, 289 (1926); for series over time q is the least-squares quotient of d_2 and d_1).
    Geometric,
    /// Unknown, settings only side by side (methods): the finest is the estimate, the largest distance to it
    /// its error.
    Unknown,
}

/// One setting and its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SettingValues {
    /// As shown, `cutoff = 40`.
    pub label: String,
    /// The number that is varied, in the sense of the [`Law`].
    pub size: f64,
    /// Cost in any one unit (seconds, evaluations); none: later settings cost more.
    pub cost: Option<f64>,
    /// The values of the observable, as many at every setting; NaN where undefined (at all settings).
    pub values: Vec<f64>,
}

/// Largest allowed distance to the converged values, `absolute + relative max |value|`, the maximum taken
/// over the series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tolerance {
    /// In the unit of the observable.
    pub absolute: f64,
    /// Relative to the largest value.
    pub relative: f64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { absolute: 0.0, relative: 1e-6 }
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvergenceOptions {
    /// How the error is expected to fall.
    pub law: Law,
    /// What counts as converged.
    pub tolerance: Tolerance,
}

/// Whether the values follow the law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Regime {
    /// They do, as far as it can be seen.
    Asymptotic,
    /// The changes have reached rounding: nothing is left to extrapolate.
    Rounding,
    /// They do not (changes do not fall, or not at the stated order): no extrapolation, and the last changes
    /// are the error.
    NotAsymptotic,
    /// Not checked: too few settings, or an unknown law.
    Unchecked,
}

/// The estimated converged values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extrapolation {
    /// The values; none where undefined.
    pub values: Vec<Option<f64>>,
    /// Estimated largest error of these values: their change when the finest setting is left out; with too
    /// few settings for that, their distance to the finest setting.
    pub error: f64,
    /// Order p, rate c or factor q seen in the last three settings, by the law.
    pub observed: Option<f64>,
    /// Whether the values follow the law.
    pub regime: Regime,
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SettingReport {
    /// As given.
    pub label: String,
    /// As given.
    pub size: f64,
    /// As given.
    pub cost: Option<f64>,
    /// Largest change from the setting before.
    pub change: Option<f64>,
    /// Largest distance to the estimated converged values.
    pub distance: f64,
    /// Place of that distance in the series.
    pub worst: Option<usize>,
    /// True when distance and error of the estimate together are within the tolerance.
    pub converged: bool,
}

/// A convergence study of one observable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Convergence {
    /// The observable.
    pub name: String,
    /// What was asked.
    pub options: ConvergenceOptions,
    /// The settings, coarse to fine.
    pub settings: Vec<SettingReport>,
    /// The estimated converged values.
    pub extrapolation: Extrapolation,
    /// The tolerance in the unit of the observable.
    pub allowed: f64,
    /// True when the finest setting is converged.
    pub converged: bool,
    /// Cheapest setting from which on all finer ones are converged too.
    pub cheapest: Option<usize>,
    /// Values of the series that are undefined at all settings.
    pub undefined: usize,
}

impl Convergence {
    /// One sentence.
    pub fn verdict(&self) -> String {
        let Some(last) = self.settings.last() else { return String::new() };
        let doubt = match self.extrapolation.regime {
            Regime::NotAsymptotic => "; the changes do not fall as the law says",
            Regime::Unchecked => "; too few settings to check how the changes fall",
            Regime::Asymptotic | Regime::Rounding => "",
        };
        let (distance, error, allowed) = (last.distance, self.extrapolation.error, self.allowed);
        let figures =
            format!("{distance:.1e} from the estimate, known to {error:.1e}, allowed {allowed:.1e}{doubt}");
        match self.cheapest.and_then(|i| self.settings.get(i)) {
            Some(cheapest) => {
                format!(
                    "{}: converged at {} ({figures}); {} is enough",
                    self.name, last.label, cheapest.label
                )
            }
            None => format!("{}: not converged at {} ({figures})", self.name, last.label),
        }
    }
}

/// Judges the convergence of one observable over settings from coarse to fine.
///
/// # Errors
/// [`AnalysisError::TooFew`] below two settings or without values, [`AnalysisError::Length`] for series of
/// different length, [`AnalysisError::NotFinite`] for a value undefined at some settings only,
/// [`AnalysisError::OutOfRange`] for a bad order, tolerance, or sizes in the wrong order.
pub fn converge(
    name: &str,
    settings: &[SettingValues],
    options: &ConvergenceOptions,
) -> Result<Convergence, AnalysisError> {
    check_options(options)?;
    let defined = check(name, settings, options.law)?;
    let series: Vec<Vec<f64>> =
        settings.iter().map(|s| defined.iter().map(|&i| s.values[i]).collect()).collect();
    let sizes: Vec<f64> = settings.iter().map(|s| s.size).collect();
    let estimate = factor::estimate(&sizes, &series, options.law);
    let largest = estimate.values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let allowed = options.tolerance.absolute + options.tolerance.relative * largest;
    let row = |k: usize| {
        let (distance, worst) = farthest(&series[k], &estimate.values);
        SettingReport {
            label: settings[k].label.clone(),
            size: settings[k].size,
            cost: settings[k].cost,
            change: k.checked_sub(1).map(|before| farthest(&series[k], &series[before]).0),
            distance,
            worst: worst.map(|w| defined[w]),
            converged: distance + estimate.error <= allowed,
        }
    };
    let rows: Vec<SettingReport> = (0..settings.len()).map(row).collect();
    let mut values = vec![None; settings[0].values.len()];
    defined.iter().zip(&estimate.values).for_each(|(&i, v)| values[i] = Some(*v));
    Ok(Convergence {
        name: name.to_owned(),
        options: *options,
        allowed,
        converged: rows.last().is_some_and(|r| r.converged),
        cheapest: cheapest(&rows),
        settings: rows,
        undefined: values.len() - defined.len(),
        extrapolation: Extrapolation {
            values,
            error: estimate.error,
            observed: estimate.observed,
            regime: estimate.regime,
        },
    })
}

/// Largest distance and its place.
fn farthest(a: &[f64], b: &[f64]) -> (f64, Option<usize>) {
    let distances = a.iter().zip(b).map(|(x, y)| (x - y).abs()).enumerate();
    let worst = distances.max_by(|a, b| a.1.total_cmp(&b.1));
    worst.map_or((0.0, None), |(i, d)| (d, Some(i)))
}

/// Among the settings from which on everything is converged the one of least cost, the coarsest when costs
/// are not known.
fn cheapest(rows: &[SettingReport]) -> Option<usize> {
    let first = rows.iter().rposition(|r| !r.converged).map_or(0, |last| last + 1);
    let known = rows.iter().all(|r| r.cost.is_some_and(f64::is_finite));
    let cost = |k: usize| if known { rows[k].cost.unwrap_or(0.0) } else { k as f64 };
    (first..rows.len()).min_by(|a, b| cost(*a).total_cmp(&cost(*b)))
}

fn refuse<T>(key: &str, value: f64, allowed: &str) -> Result<T, AnalysisError> {
    Err(AnalysisError::OutOfRange { key: key.to_owned(), value, allowed: allowed.to_owned() })
}

fn check_options(options: &ConvergenceOptions) -> Result<(), AnalysisError> {
    let Tolerance { absolute, relative } = options.tolerance;
    for (key, value) in [("absolute tolerance", absolute), ("relative tolerance", relative)] {
        if !(value.is_finite() && value >= 0.0) {
            return refuse(key, value, "finite and >= 0");
        }
    }
    match options.law {
        Law::KnownOrder { order } => crate::error::check_positive("order", order),
        _ => Ok(()),
    }
}

/// Checks lengths, sizes and values; places in the series that are defined.
fn check(name: &str, settings: &[SettingValues], law: Law) -> Result<Vec<usize>, AnalysisError> {
    let few = |what: &str, needed: usize, found: usize| AnalysisError::TooFew {
        what: format!("{what} of '{name}'"),
        needed,
        found,
    };
    if settings.len() < 2 {
        return Err(few("settings", 2, settings.len()));
    }
    let length = settings[0].values.len();
    for s in settings {
        check_length(&format!("'{name}' at {}", s.label), length, s.values.len())?;
    }
    for pair in settings.windows(2) {
        let (a, b) = (pair[0].size, pair[1].size);
        match law {
            Law::KnownOrder { .. } | Law::Order if !(b > 0.0 && b < a && a.is_finite()) => {
                return refuse("size", b, &format!("> 0 and smaller than that of the setting before, {a}"));
            }
            Law::Exponential if !(b > a && a.is_finite() && b.is_finite()) => {
                return refuse("size", b, &format!("finite and larger than that of the setting before, {a}"));
            }
            _ => {}
        }
    }
    let undefined = |i: usize| settings.iter().all(|s| s.values[i].is_nan());
    let defined: Vec<usize> = (0..length).filter(|&i| !undefined(i)).collect();
    for s in settings {
        if let Some(&index) = defined.iter().find(|&&i| !s.values[i].is_finite()) {
            let what = format!("'{name}' at {}", s.label);
            return Err(AnalysisError::NotFinite { what, index, value: s.values[index] });
        }
    }
    if defined.is_empty() { Err(few("defined values", 1, 0)) } else { Ok(defined) }
}
