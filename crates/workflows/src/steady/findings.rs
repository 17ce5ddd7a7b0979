//! What is read off a stationary state: its values, its charges.

use superladder_engine::{SlowModes, StationaryReport};
use superladder_study::Study;

/// Name, value and error of every column of the observables.
pub fn values(study: &Study, found: &StationaryReport) -> Vec<(String, f64, f64)> {
    let problem = &study.problem;
    let model = &problem.stages[problem.stages.len() - 1].model;
    let levels: Vec<usize> = found.cutoffs.iter().map(|cutoff| cutoff + 1).collect();
    let mut all = Vec::new();
    for ((observable, measured), errors) in
        problem.observables.iter().zip(&found.measurements).zip(&found.errors)
    {
        let names = observable.columns(model, &levels);
        let columns = names.into_iter().zip(&measured.values).zip(errors);
        all.extend(columns.map(|((name, value), error)| (name, value.value, *error)));
    }
    all
}

/// The numbers of a charge difference.
pub(crate) fn difference(slow: &SlowModes, between: &str) -> String {
    slow.difference.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}
