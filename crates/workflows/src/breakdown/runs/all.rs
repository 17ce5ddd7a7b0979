//! All engines and sizes of a plan.

use std::sync::Mutex;

use rayon::prelude::*;
use superladder_study::Plan;

use super::super::reading::Sized;
use super::super::shard::{PartsError, Shard};
use super::run::{BreakdownError, is_measured, measure};
use crate::store::Store;
use crate::watch::Watch;

/// Engines whose cost grows steeply with the size.
const EXPENSIVE: [&str; 3] = ["exact", "trajectories", "truncated-wigner"];

/// All runs of a plan, as series and number of the value: the most expensive first.
fn jobs(plan: &Plan) -> Vec<(usize, usize)> {
    let mut jobs: Vec<(usize, usize)> = Vec::new();
    for (s, series) in plan.series.iter().enumerate() {
        jobs.extend((0..series.values.len()).map(|v| (s, v)));
    }
    jobs.sort_by_key(|(s, v)| std::cmp::Reverse((EXPENSIVE.contains(&plan.series[*s].engine.as_str()), *v)));
    jobs
}

/// Measures every engine of `plan` at every size, or those that belong to a `shard`, the most expensive first so that
/// the threads end together. What is finished is in `store`. By series, then by size.
///
/// # Errors
/// [`BreakdownError`].
pub fn measure_all(
    plan: &Plan,
    shard: Option<Shard>,
    store: &Store,
    watch: Watch<'_>,
) -> Result<Vec<Vec<Sized>>, BreakdownError> {
    let numbered = jobs(plan).into_iter().enumerate();
    let own = numbered.filter(|(number, _)| shard.is_none_or(|shard| shard.has(*number)));
    let jobs: Vec<(usize, usize)> = own.map(|(_, job)| job).collect();
    watch.count.begin("runs", jobs.len());
    let done: Mutex<Vec<(usize, usize, Sized)>> = Mutex::new(Vec::new());
    jobs.par_iter().with_max_len(1).try_for_each(|&(s, v)| {
        let series = &plan.series[s];
        let name = format!("{} at {} = {}", series.label, plan.parameter, series.values[v]);
        let status = |text: &str| watch.count.status(&format!("{name}: {text}"));
        let found = measure(plan, (s, series.values[v]), store, watch.interrupted, &status)?;
        watch.count.done(1, &name);
        if let Ok(mut done) = done.lock() {
            done.push((s, v, found));
        }
        Ok::<(), BreakdownError>(())
    })?;
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(s, v, _)| (*s, *v));
    let mut measured: Vec<Vec<Sized>> = plan.series.iter().map(|_| Vec::new()).collect();
    for (s, _, found) in done {
        measured[s].push(found);
    }
    Ok(measured)
}

/// What all `parts` of a breakdown have measured together: everything is there already.
///
/// # Errors
/// [`PartsError`].
pub fn measured_in(plan: &Plan, store: &Store, watch: Watch<'_>) -> Result<Vec<Vec<Sized>>, PartsError> {
    let jobs = jobs(plan);
    let mut missing = Vec::new();
    for &(s, v) in &jobs {
        let value = plan.series[s].values[v];
        if !is_measured(plan, (s, value), store)? {
            missing.push(format!("{} at {} = {value}", plan.series[s].label, plan.parameter));
        }
    }
    if !missing.is_empty() {
        return Err(PartsError::Missing { missing, all: jobs.len() });
    }
    Ok(measure_all(plan, None, store, watch)?)
}
