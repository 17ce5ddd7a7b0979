//! Breakdown times and bounds of them: the input of a fit.

use serde::{Deserialize, Serialize};

use super::FitOptions;
use super::likelihood::{Datum, Known};
use crate::{Crossing, Outcome};

/// What is known of a breakdown time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Observed {
    /// The time itself.
    Crossed {
        /// In units of time.
        time: f64,
    },
    /// A lower bound: not crossed up to then.
    AtLeast {
        /// In units of time.
        time: f64,
    },
    /// An upper bound: above the threshold already when first known.
    AtMost {
        /// In units of time.
        time: f64,
    },
}

impl Observed {
    /// The time or bound.
    pub fn time(self) -> f64 {
        match self {
            Self::Crossed { time } | Self::AtLeast { time } | Self::AtMost { time } => time,
        }
    }
}

/// Which crossing of a ratio that is not monotone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// The first one from below.
    #[default]
    First,
    /// The last one from below.
    Last,
}

/// A breakdown time at one size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FitPoint {
    /// Number of spins N, > 0.
    pub n: f64,
    /// What is known of t_E.
    pub observed: Observed,
    /// Standard error of the time, for engines that sample.
    pub standard_error: Option<f64>,
    /// Time up to which a crossing would have been seen; resampled times beyond it become lower bounds.
    pub horizon: Option<f64>,
}

impl FitPoint {
    /// A time without error and horizon.
    pub fn crossed(n: f64, time: f64) -> Self {
        Self { n, observed: Observed::Crossed { time }, standard_error: None, horizon: None }
    }

    /// A lower bound.
    pub fn at_least(n: f64, time: f64) -> Self {
        Self { n, observed: Observed::AtLeast { time }, standard_error: None, horizon: Some(time) }
    }

    /// What a crossing says about t_E(N). A ratio that stayed below its threshold until its series blew up
    /// gives the lower bound up to which it is known; one that was above when first known an upper bound.
    pub fn of(n: f64, crossing: &Crossing, which: Which) -> Self {
        let horizon = crossing.range.map(|[_, end]| end);
        let (observed, standard_error) = match (crossing.outcome, which, crossing.last) {
            (_, Which::Last, Some(time)) if Some(time) != crossing.first() => {
                (Observed::Crossed { time }, None)
            }
            (Outcome::Crossed { time, standard_error }, ..) => (Observed::Crossed { time }, standard_error),
            (Outcome::AboveFromStart { start }, ..) => (Observed::AtMost { time: start }, None),
            (Outcome::NeverCrossed { horizon }, ..) => (Observed::AtLeast { time: horizon }, None),
            (Outcome::BlewUp { known_to, .. }, ..) => {
                (Observed::AtLeast { time: known_to.unwrap_or(0.0) }, None)
            }
        };
        Self { n, observed, standard_error, horizon }
    }

    /// Why the point cannot be used.
    fn obstacle(&self, options: &FitOptions) -> Option<String> {
        let time = self.observed.time();
        if !(self.n.is_finite() && self.n > 0.0) {
            return Some("N is not finite and > 0".to_owned());
        }
        if let Some([low, high]) = options.window.filter(|[low, high]| self.n < *low || self.n > *high) {
            return Some(format!("outside the window {low} <= N <= {high}"));
        }
        match self.observed {
            Observed::AtMost { time } if time <= 0.0 => Some("above the threshold from the start".to_owned()),
            Observed::AtLeast { time } if time <= 0.0 => {
                Some("not known to be below the threshold at any time".to_owned())
            }
            _ if !(time.is_finite() && time > 0.0) => Some(format!("the time {time} is not finite and > 0")),
            _ => None,
        }
    }

    /// In logarithms.
    fn datum(&self, options: &FitOptions) -> Datum {
        let time = self.observed.time();
        let known = match self.observed {
            Observed::Crossed { .. } => Known::Exactly,
            Observed::AtLeast { .. } => Known::AtLeast,
            Observed::AtMost { .. } => Known::AtMost,
        };
        let error = match (options.weights, self.standard_error) {
            (Weights::StandardErrors, Some(e)) if e.is_finite() => e / time,
            _ => 0.0,
        };
        let cap = self.horizon.filter(|h| h.is_finite() && *h >= time).map(f64::ln);
        Datum { x: self.n.ln(), y: time.ln(), known, variance: error * error, cap }
    }
}

/// How points are weighted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weights {
    /// By `1 / (sigma^2 + (error/t)^2)`, sigma being the fitted scatter and `error` the standard error of the
    /// time (0 when there is none: then all points weigh the same).
    #[default]
    StandardErrors,
    /// All the same.
    Equal,
}

/// A point that was not used, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Excluded {
    /// Number of spins; none when it is not a finite number.
    pub n: Option<f64>,
    /// The reason, in words.
    pub reason: String,
}

/// The points that can be used, in the order of N, with their logarithms, and those that cannot.
pub(super) fn select(
    points: &[FitPoint],
    options: &FitOptions,
) -> (Vec<FitPoint>, Vec<Datum>, Vec<Excluded>) {
    let (mut used, mut excluded) = (Vec::new(), Vec::new());
    for point in points {
        match point.obstacle(options) {
            Some(reason) => excluded.push(Excluded { n: Some(point.n).filter(|n| n.is_finite()), reason }),
            None => used.push(*point),
        }
    }
    used.sort_by(|a, b| a.n.total_cmp(&b.n));
    let data = used.iter().map(|p| p.datum(options)).collect();
    (used, data, excluded)
}
