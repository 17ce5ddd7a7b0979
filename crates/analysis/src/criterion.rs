//! Criteria: named readings of the breakdown time, each a ratio of two series.

mod definition;
mod formulas;
mod moments;

pub use definition::{CRITERIA, CriterionDefinition, CriterionTarget, Need, Needs};
pub use moments::{Compared, MOMENTS, Moment, MomentDefinition, Yardstick, moments_by_name};

use crate::{AnalysisError, Column, RatioSeries, Subsystems, Table};
use definition::{Sample, Target};

/// A criterion of a system: `name`, `name(mode)`, `name(ensemble)` or `name(observable)`.
#[derive(Debug, Clone)]
pub struct Criterion {
    /// As written in a configuration, target included.
    pub name: String,
    /// Its entry in [`CRITERIA`].
    pub definition: &'static CriterionDefinition,
    target: Target,
    system: Subsystems,
    needs: Needs,
}

impl Criterion {
    /// Reads `name` or `name(target)`. The target may be left out when the system has only one that fits;
    /// `SmSm`, `TmTm`, ... (any ensemble's name) stand for `smsm(S)`, `smsm(T)`, ...
    ///
    /// # Errors
    /// [`AnalysisError::UnknownCriterion`] and [`AnalysisError::Target`].
    pub fn parse(system: &Subsystems, text: &str) -> Result<Self, AnalysisError> {
        let text = text.trim();
        let fail = |reason: &str| AnalysisError::Target { text: text.to_owned(), reason: reason.to_owned() };
        let (name, argument) = match text.split_once('(') {
            None => (text, None),
            Some((name, rest)) => {
                let inner = rest.strip_suffix(')').ok_or_else(|| fail("a closing parenthesis is missing"))?;
                (name.trim(), Some(inner.trim()))
            }
        };
        let alias = system.ensembles.iter().find(|e| name == format!("{0}m{0}m", e.name));
        let (name, argument) = match alias {
            Some(ensemble) if argument.is_none() => ("smsm", Some(ensemble.name.as_str())),
            _ => (name, argument),
        };
        let definition =
            CRITERIA.iter().find(|d| d.name == name).ok_or_else(|| AnalysisError::UnknownCriterion {
                name: name.to_owned(),
                known: CRITERIA.iter().map(CriterionDefinition::written).collect(),
            })?;
        let target = definition.target.resolve(system, argument).map_err(|reason| fail(&reason))?;
        Ok(Self::new(system, definition, target))
    }

    fn new(system: &Subsystems, definition: &'static CriterionDefinition, target: Target) -> Self {
        let name = match target.name(system) {
            Some(inner) => format!("{}({inner})", definition.name),
            None => definition.name.to_owned(),
        };
        let needs = (definition.needs)(system, &target);
        Self { name, definition, target, system: system.clone(), needs }
    }

    /// What must be measured in the reference run (mean field, or any other engine for `deviation`) and in
    /// the tested one, in the words of the model's table of observables.
    pub fn needs(&self) -> &Needs {
        &self.needs
    }

    /// Numerator and denominator at each time both runs have in common (the shorter run counts), and the
    /// standard error of their quotient when a column has standard errors: to first order, columns taken as
    /// independent.
    ///
    /// # Errors
    /// [`AnalysisError::MissingColumn`] and [`AnalysisError::DifferentTimes`].
    pub fn ratio(&self, reference: &Table, tested: &Table) -> Result<RatioSeries, AnalysisError> {
        let times = common_times(reference.times(), tested.times())?;
        let of_reference = columns("reference run", reference, &self.needs.reference)?;
        let names: Vec<String> = of_reference.iter().map(|c| c.name.clone()).collect();
        let mut of_tested = columns("tested run", tested, &self.needs.tested)?;
        if matches!(self.target, Target::Observable(_)) {
            // The reference run says which columns the observable has; the tested one must have the same.
            of_tested = names.iter().map(|n| tested.require("tested run", n)).collect::<Result<_, _>>()?;
        }
        let split = of_reference.len();
        let all: Vec<&Column> = of_reference.into_iter().chain(of_tested).collect();
        let parts: Vec<[f64; 2]> = (0..times.len()).map(|i| self.at(&row(&all, i), split)).collect();
        let of = |k: usize| parts.iter().map(|p| p[k]).collect::<Vec<f64>>();
        let series = RatioSeries::new(self.name.clone(), times, &of(0), &of(1))?;
        if all.iter().all(|c| c.standard_errors.is_none()) {
            return Ok(series);
        }
        let errors: Vec<f64> = (0..times.len()).map(|i| self.standard_error(&all, i, split)).collect();
        series.with_standard_errors(times, &errors)
    }

    /// Numerator and denominator from one row: columns of the reference first, from `split` on the tested
    /// ones.
    fn at(&self, row: &[f64], split: usize) -> [f64; 2] {
        let (reference, tested) = row.split_at(split);
        (self.definition.evaluate)(&Sample { reference, tested, system: &self.system })
    }

    /// `sqrt(sum_k [ratio(x_k + s_k) - ratio(x_k - s_k)]^2) / 2`.
    fn standard_error(&self, columns: &[&Column], i: usize, split: usize) -> f64 {
        let values = row(columns, i);
        let mut sum = 0.0;
        for (k, column) in columns.iter().enumerate() {
            let error = column.standard_errors.as_ref().map_or(0.0, |e| e[i]);
            if error == 0.0 {
                continue;
            }
            let moved = |sign: f64| {
                let mut shifted = values.clone();
                shifted[k] += sign * error;
                let [numerator, denominator] = self.at(&shifted, split);
                numerator / denominator
            };
            sum += (0.5 * (moved(1.0) - moved(-1.0))).powi(2);
        }
        sum.sqrt()
    }
}

fn row(columns: &[&Column], i: usize) -> Vec<f64> {
    columns.iter().map(|c| c.values[i]).collect()
}

fn common_times<'a>(reference: &'a [f64], tested: &[f64]) -> Result<&'a [f64], AnalysisError> {
    let count = reference.len().min(tested.len());
    let differ = |i: &usize| (reference[*i] - tested[*i]).abs() > 1e-9 * reference[*i].abs().max(1.0);
    match (0..count).find(differ) {
        Some(index) => {
            Err(AnalysisError::DifferentTimes { index, reference: reference[index], tested: tested[index] })
        }
        None => Ok(&reference[..count]),
    }
}

fn columns<'a>(
    which: &'static str,
    table: &'a Table,
    needs: &[Need],
) -> Result<Vec<&'a Column>, AnalysisError> {
    let mut found = Vec::new();
    for need in needs {
        let names =
            if need.columns.is_empty() { table.columns_of(&need.observable) } else { need.columns.clone() };
        if names.is_empty() {
            table.require(which, &need.observable)?;
        }
        for name in names {
            found.push(table.require(which, &name)?);
        }
    }
    Ok(found)
}

/// Criteria of a configuration, each name once; `all` stands for every criterion of every target of the
/// system except `deviation`, which needs an observable.
///
/// # Errors
/// As [`Criterion::parse`].
pub fn criteria_by_name(system: &Subsystems, names: &[String]) -> Result<Vec<Criterion>, AnalysisError> {
    let mut found: Vec<Criterion> = Vec::new();
    for name in names {
        let batch = if name == "all" {
            let targets = |d: &'static CriterionDefinition| {
                d.target.all(system).into_iter().map(move |t| Criterion::new(system, d, t))
            };
            CRITERIA.iter().flat_map(targets).collect()
        } else {
            vec![Criterion::parse(system, name)?]
        };
        for criterion in batch {
            if !found.iter().any(|c| c.name == criterion.name) {
                found.push(criterion);
            }
        }
    }
    Ok(found)
}

/// The observables that several criteria need together, each once, as (of the reference run, of the tested
/// run): what a study must measure.
pub fn needs_of(criteria: &[Criterion]) -> (Vec<String>, Vec<String>) {
    let collect = |of: fn(&Needs) -> &[Need]| {
        let mut names: Vec<String> = Vec::new();
        for need in criteria.iter().flat_map(|c| of(&c.needs)) {
            if !names.contains(&need.observable) {
                names.push(need.observable.clone());
            }
        }
        names
    };
    (collect(|n| &n.reference), collect(|n| &n.tested))
}
