//! How the breakdown time grows with N: power law, logarithm, or neither.

mod agreement;
mod joint;
mod likelihood;
mod linear;
mod local;
mod points;
mod resampling;
mod summary;

use serde::{Deserialize, Serialize};

use crate::AnalysisError;
use crate::error::check_positive;
use crate::statistics::student;
pub use agreement::{LeftOut, RankedSeries, agreeing};
pub use joint::{JointFit, JointPoint, SmoothExponent, joint_fit};
use likelihood::{Curve, Datum, Known, Solution, maximise};
pub use local::{LocalExponent, local_exponents};
pub use points::{Excluded, FitPoint, Observed, Weights, Which};
pub use resampling::{Bootstrap, Interval, Jackknife, Prediction, Resampling};

/// How to fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FitOptions {
    /// Smallest and largest N; none: all points.
    pub window: Option<[f64; 2]>,
    /// How points are weighted.
    pub weights: Weights,
    /// Confidence level of all intervals, between 0 and 1.
    pub level: f64,
    /// Number of bootstrap resamples; 0: no bootstrap, otherwise at least 100.
    pub resamples: usize,
    /// What a resample is.
    pub resampling: Resampling,
    /// Seed of the random numbers: the same seed gives the same intervals.
    pub seed: u64,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self {
            window: None,
            weights: Weights::default(),
            level: 0.95,
            resamples: 2000,
            resampling: Resampling::default(),
            seed: 1,
        }
    }
}

impl FitOptions {
    fn check(&self) -> Result<(), AnalysisError> {
        let refuse = |key: &str, value: f64, allowed: &str| {
            Err(AnalysisError::OutOfRange { key: key.to_owned(), value, allowed: allowed.to_owned() })
        };
        if !(self.level > 0.0 && self.level < 1.0) {
            return refuse("level", self.level, "between 0 and 1");
        }
        if (1..100).contains(&self.resamples) {
            return refuse("resamples", self.resamples as f64, "0 or at least 100");
        }
        if let Some([low, high]) = self.window {
            check_positive("window", low)?;
            if high.is_nan() || high <= low {
                return refuse("window", high, &format!("larger than its lower end {low}"));
            }
        }
        Ok(())
    }
}

/// `t_E = A N^delta`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PowerLaw {
    /// Exponent delta.
    pub exponent: f64,
    /// Its standard error from the curvature of the likelihood, corrected for the number of crossings.
    pub standard_error: f64,
    /// Bootstrap interval; none when switched off or when fewer than half of the resamples could be fitted.
    pub bootstrap: Option<Bootstrap>,
    /// Jackknife interval; none when the law cannot be fitted without one of the points.
    pub jackknife: Option<Jackknife>,
    /// Prefactor A in units of time.
    pub prefactor: f64,
    /// Scatter of ln t_E about the law beyond the known standard errors.
    pub scatter: f64,
    /// How well it describes the points.
    pub quality: Quality,
}

/// `t_E = A + B ln N`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogarithmFit {
    /// A in units of time.
    pub offset: f64,
    /// B in units of time.
    pub slope: f64,
    /// Standard error of B.
    pub standard_error: f64,
    /// Scatter of ln t_E about the law beyond the known standard errors.
    pub scatter: f64,
    /// How well it describes the points.
    pub quality: Quality,
}

/// How well a law describes the points (Burnham and Anderson, Model Selection and Multimodel Inference
/// (2002), ch. 2).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Logarithm of the likelihood of ln t_E.
    pub log_likelihood: f64,
    /// Parameters, scatter included.
    pub parameters: usize,
    /// `2 k - 2 ln L`.
    pub aic: f64,
    /// `AIC + 2 k (k + 1) / (n - k - 1)`, n points with bounds; none where `n <= k + 1`.
    pub aicc: Option<f64>,
}

/// Whether the exponent itself changes with N: the coefficient c of `ln t_E = a + b ln N + (c/2) (ln N)^2`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Curvature {
    /// c, the change of the exponent per unit of ln N.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Student's interval at the level of the fit.
    pub interval: Interval,
    /// True when the interval does not contain 0: one power law does not describe the window.
    pub significant: bool,
    /// How well the bent law describes the points.
    pub quality: Quality,
}

/// Which of the two laws describes the points better. A difference of 2 is a likelihood ratio of e, not a
/// proof: how often it misleads depends on how far the laws are apart within the window, in units of the
/// scatter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preferred {
    /// `A N^delta`.
    PowerLaw,
    /// `A + B ln N`.
    Logarithm,
    /// The difference of the AIC is below 2.
    Undecided,
}

/// Power law against logarithm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// AIC of the logarithm minus AIC of the power law (the same for AICc: both have three parameters).
    pub difference: f64,
    /// Akaike weight of the power law, `1 / (1 + exp(-difference/2))`.
    pub weight_of_power_law: f64,
    /// The better one.
    pub preferred: Preferred,
}

/// What was fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// The power law.
    pub power_law: PowerLaw,
    /// The logarithm; none when it could not be fitted.
    pub logarithm: Option<LogarithmFit>,
    /// Their comparison.
    pub comparison: Option<Comparison>,
    /// The bent power law; none with fewer than four sizes that crossed.
    pub curvature: Option<Curvature>,
    /// The power law and its band over the window.
    pub band: Vec<Prediction>,
}

/// A fit, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FitOutcome {
    /// The laws.
    Fitted(Box<Fit>),
    /// No fit.
    NoFit {
        /// Why, in words.
        reason: String,
    },
}

/// Everything about the growth of t_E with N.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitReport {
    /// How it was fitted.
    pub options: FitOptions,
    /// Points used, in the order of N.
    pub used: Vec<FitPoint>,
    /// Points not used, with the reason.
    pub excluded: Vec<Excluded>,
    /// Points used that crossed; the others are bounds.
    pub crossings: usize,
    /// Points used that are lower bounds.
    pub lower_bounds: usize,
    /// Points used that are upper bounds.
    pub upper_bounds: usize,
    /// The result.
    pub outcome: FitOutcome,
    /// Local exponents within the window.
    pub local_exponents: Vec<LocalExponent>,
}

impl FitReport {
    /// The fit, when there is one.
    pub fn fit(&self) -> Option<&Fit> {
        match &self.outcome {
            FitOutcome::Fitted(fit) => Some(fit),
            FitOutcome::NoFit { .. } => None,
        }
    }
}

/// Fits `t_E = A N^delta` and `t_E = A + B ln N` to breakdown times and bounds by maximum likelihood, with
/// normal residuals of `ln t_E` for both laws (so that their likelihoods compare) and the probability of
/// being beyond the bound for those that did not cross. Fewer than three sizes that crossed are no error but
/// a report without a fit.
///
/// # Errors
/// [`AnalysisError::OutOfRange`] for a bad window, level or number of resamples.
pub fn fit(points: &[FitPoint], options: &FitOptions) -> Result<FitReport, AnalysisError> {
    options.check()?;
    let (used, data, excluded) = points::select(points, options);
    let count = |known: Known| data.iter().filter(|d| d.known == known).count();
    Ok(FitReport {
        options: options.clone(),
        crossings: count(Known::Exactly),
        lower_bounds: count(Known::AtLeast),
        upper_bounds: count(Known::AtMost),
        outcome: outcome(&data, options, !excluded.is_empty()),
        excluded,
        local_exponents: local_exponents(&used),
        used,
    })
}

/// Sizes that crossed, each once, in logarithms.
fn sizes(data: &[Datum]) -> Vec<f64> {
    let mut sizes: Vec<f64> = data.iter().filter(|d| d.known == Known::Exactly).map(|d| d.x).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    sizes
}

/// True when three different sizes crossed.
fn enough(data: &[Datum]) -> bool {
    sizes(data).len() >= 3
}

/// `selected`: there are sizes outside of the window, which do not count.
fn outcome(data: &[Datum], options: &FitOptions, selected: bool) -> FitOutcome {
    let crossed = sizes(data);
    if crossed.len() < 3 {
        let names: Vec<String> = crossed.iter().map(|x| format!("{:.6}", x.exp())).collect();
        let at = |s: &String| s.trim_end_matches('0').trim_end_matches('.').to_owned();
        let list = names.iter().map(at).collect::<Vec<_>>().join(", ");
        let place = if selected { " of the fit window" } else { "" };
        let reason = match crossed.len() {
            0 => format!("no N{place} crossed the threshold; a fit needs at least three"),
            k => format!(
                "only {k} different N{place} crossed the threshold (N = {list}); a fit needs at least three"
            ),
        };
        return FitOutcome::NoFit { reason };
    }
    let centre = crossed.iter().sum::<f64>() / crossed.len() as f64;
    match maximise(Curve::Straight { centre }, data) {
        Some(straight) => FitOutcome::Fitted(Box::new(fitted(data, &straight, centre, options))),
        None => FitOutcome::NoFit { reason: "the likelihood of the power law has no maximum".to_owned() },
    }
}

fn fitted(data: &[Datum], straight: &Solution, centre: f64, options: &FitOptions) -> Fit {
    let (resamples, failed) = resampling::resampled(data, straight, options);
    let exactly: Vec<f64> = data.iter().filter(|d| d.known == Known::Exactly).map(|d| d.y).collect();
    let level = exactly.iter().sum::<f64>() / exactly.len() as f64;
    let power_law = PowerLaw {
        exponent: straight.parameters[1],
        standard_error: straight.error(1),
        bootstrap: resampling::bootstrap(straight, &resamples, failed, options),
        jackknife: resampling::jackknife(data, straight, options.level),
        prefactor: (straight.parameters[0] - straight.parameters[1] * centre).exp(),
        scatter: straight.scatter,
        quality: quality(straight, data.len()),
    };
    let logarithm = maximise(Curve::Logarithm { centre, level }, data).map(|s| LogarithmFit {
        offset: level.exp() * (s.parameters[0] - s.parameters[1] * centre),
        slope: level.exp() * s.parameters[1],
        standard_error: level.exp() * s.error(1),
        scatter: s.scatter,
        quality: quality(&s, data.len()),
    });
    Fit {
        comparison: logarithm.as_ref().map(|l| comparison(&power_law.quality, &l.quality)),
        curvature: curvature(data, centre, options.level),
        band: resampling::band(data, straight, &resamples, options),
        power_law,
        logarithm,
    }
}

fn quality(s: &Solution, points: usize) -> Quality {
    let parameters = s.curve.parameters() + 1;
    let k = parameters as f64;
    let aic = 2.0 * k - 2.0 * s.log_likelihood;
    let rest = points as f64 - k - 1.0;
    let aicc = (rest > 0.0).then(|| aic + 2.0 * k * (k + 1.0) / rest);
    Quality { log_likelihood: s.log_likelihood, parameters, aic, aicc }
}

fn comparison(power_law: &Quality, logarithm: &Quality) -> Comparison {
    let difference = logarithm.aic - power_law.aic;
    let preferred = match difference {
        d if d >= 2.0 => Preferred::PowerLaw,
        d if d <= -2.0 => Preferred::Logarithm,
        _ => Preferred::Undecided,
    };
    Comparison { difference, weight_of_power_law: 1.0 / (1.0 + (-0.5 * difference).exp()), preferred }
}

fn curvature(data: &[Datum], centre: f64, level: f64) -> Option<Curvature> {
    let crossings = data.iter().filter(|d| d.known == Known::Exactly).count();
    if sizes(data).len() < 4 {
        return None;
    }
    let bent = maximise(Curve::Bent { centre }, data)?;
    let (value, standard_error) = (bent.parameters[2], bent.error(2));
    let half = student(level, crossings.checked_sub(3)?)? * standard_error;
    let interval = Interval { lower: value - half, upper: value + half };
    Some(Curvature {
        value,
        standard_error,
        interval,
        significant: !interval.contains(0.0),
        quality: quality(&bent, data.len()),
    })
}
