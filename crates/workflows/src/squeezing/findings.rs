//! Minima of squeezing parameters and how they grow with N.

use serde::Serialize;
use superladder_analysis::{FitOptions, FitOutcome, FitPoint, Observed, fit};

use crate::reductions::ReducedValue;
use crate::sweep::{Outcome, Results};

/// A minimum of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Minimum {
    /// Name of the engine.
    pub engine: String,
    /// The size, if sizes are varied.
    pub size: Option<f64>,
    /// The minimum with its time.
    pub value: ReducedValue,
    /// The run kept its bounds.
    pub converged: bool,
}

/// A minimum in the limit of infinite N, by linear noise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Limit {
    /// Name of the reduction.
    pub reduction: String,
    /// The minimum with its time.
    pub value: ReducedValue,
}

/// `xi^2_min = A N^-alpha` by one engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    /// Name of the reduction.
    pub reduction: String,
    /// Name of the engine.
    pub engine: String,
    /// Number of sizes.
    pub sizes: usize,
    /// alpha, with its standard error and the ends of its 95 % interval, and A; or why there is no fit.
    pub law: Result<Law, String>,
}

/// The numbers of a [`Scaling`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Law {
    /// The exponent alpha.
    pub alpha: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// 95 % interval by the bootstrap, where there is one.
    pub interval: Option<[f64; 2]>,
    /// The prefactor A.
    pub prefactor: f64,
}

/// All that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// By reduction, in order, the minima of all runs.
    pub minima: Vec<(String, Vec<Minimum>)>,
    /// By reduction and engine, where sizes are varied.
    pub scalings: Vec<Scaling>,
    /// The limits, or why there are none.
    pub limits: Result<Vec<Limit>, String>,
}

impl Findings {
    /// Reads them off the runs.
    pub fn new(results: &Results<'_>, limits: Result<Vec<Limit>, String>) -> Self {
        let entries = &results.sweep.base.reductions;
        let minima: Vec<(String, Vec<Minimum>)> =
            entries.iter().map(|entry| (entry.name.clone(), minima(results, &entry.name))).collect();
        let mut scalings = Vec::new();
        let has_law = |reduction: &str| {
            let parameter = super::PARAMETERS.iter().any(|(name, _)| reduction.ends_with(name));
            parameter && results.sweep.axes.len() > 1
        };
        for (reduction, found) in minima.iter().filter(|(reduction, _)| has_law(reduction)) {
            for engine in results.sweep.axes[0].values.iter().map(|value| &value.text) {
                let own: Vec<&Minimum> = found.iter().filter(|m| m.engine == *engine).collect();
                let points = own.iter().filter_map(|m| point(m)).collect::<Vec<_>>();
                let (reduction, engine) = (reduction.clone(), engine.clone());
                scalings.push(Scaling { reduction, engine, sizes: points.len(), law: law(&points) });
            }
        }
        Self { minima, scalings, limits }
    }

    /// The limit of a reduction.
    pub fn limit(&self, reduction: &str) -> Option<&ReducedValue> {
        let limits = self.limits.as_ref().ok()?;
        limits.iter().find(|limit| limit.reduction == reduction).map(|limit| &limit.value)
    }
}

fn minima(results: &Results<'_>, reduction: &str) -> Vec<Minimum> {
    let minimum = |(point, outcome): (&crate::sweep::Point, &Outcome)| {
        let Outcome::Ran(kept) = outcome else { return None };
        let value = kept.reductions.iter().find(|value| value.name == reduction)?;
        Some(Minimum {
            engine: point.values[0].text.clone(),
            size: point.values.get(1).and_then(|value| value.number),
            value: value.clone(),
            converged: Results::reasons(outcome).is_empty(),
        })
    };
    results.points().filter_map(minimum).collect()
}

/// A minimum that a law can be fitted to: a converged one inside of the window, below that of coherent states.
fn point(minimum: &Minimum) -> Option<FitPoint> {
    let ReducedValue { value, standard_error, .. } = minimum.value;
    let inside = minimum.value.remark.is_none() && value > 0.0 && minimum.converged;
    let observed = Observed::Crossed { time: value };
    inside.then_some(FitPoint { n: minimum.size?, observed, standard_error, horizon: None })
}

fn law(points: &[FitPoint]) -> Result<Law, String> {
    let report = fit(points, &FitOptions::default()).map_err(|e| e.to_string())?;
    match report.outcome {
        FitOutcome::NoFit { .. } => {
            Err(format!("no fit: {} minima inside of the window, of converged runs", points.len()))
        }
        FitOutcome::Fitted(fit) => Ok(Law {
            alpha: -fit.power_law.exponent,
            standard_error: fit.power_law.standard_error,
            interval: fit.power_law.bootstrap.map(|b| [-b.interval.upper, -b.interval.lower]),
            prefactor: fit.power_law.prefactor,
        }),
    }
}

/// The size of a run in words, if sizes are varied.
pub(super) fn at_size(minimum: &Minimum, size: &str) -> String {
    minimum.size.map(|n| format!(" at {size} = {n}")).unwrap_or_default()
}
