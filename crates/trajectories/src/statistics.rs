//! Estimates with standard errors from sums over trajectories.

use superladder_engine::{Estimate, Measurement, Problem, Replicate};

use crate::instruments::Instruments;
use crate::sums::{Block, Sums, number};

/// Averages of the numbers at one output time.
pub(crate) fn means(sums: &Sums, row: usize, width: usize) -> Vec<f64> {
    average(&totals(sums, row, width), sums.count())
}

fn average(sums: &[i128], count: u64) -> Vec<f64> {
    sums.iter().map(|x| number(*x) / count as f64).collect()
}

fn totals(sums: &Sums, row: usize, width: usize) -> Vec<i128> {
    let mut total = vec![0_i128; width];
    for block in &sums.blocks {
        for (sum, x) in total.iter_mut().zip(&block.sums[row * width..(row + 1) * width]) {
            *sum = sum.saturating_add(*x);
        }
    }
    total
}

/// The blocks of the jackknife that are not empty.
fn used(sums: &Sums) -> impl Iterator<Item = &Block> {
    sums.blocks.iter().filter(|b| b.count() > 0)
}

/// Values of all observables at one output time without each block in turn, flattened, with `h_b = n / m_b`.
pub(crate) fn without_each(
    instruments: &Instruments,
    problem: &Problem,
    sums: &Sums,
    row: usize,
) -> Vec<(f64, Vec<f64>)> {
    let width = instruments.count();
    let (count, total) = (sums.count(), totals(sums, row, width));
    let without = |block: &Block| {
        let own = &block.sums[row * width..(row + 1) * width];
        let rest: Vec<i128> = total.iter().zip(own).map(|(t, x)| t - x).collect();
        let values = instruments.values(problem, &average(&rest, count - block.count())).concat();
        (count as f64 / block.count() as f64, values)
    };
    used(sums).map(without).collect()
}

/// All that was measured at all times, without each block in turn.
pub(crate) fn replicates(instruments: &Instruments, problem: &Problem, sums: &Sums) -> Vec<Replicate> {
    let count = sums.count() as f64;
    let mut replicates: Vec<Replicate> = used(sums)
        .map(|block| Replicate { ratio: count / block.count() as f64, values: Vec::new() })
        .collect();
    for row in 0..problem.times.len() {
        let values = without_each(instruments, problem, sums, row);
        replicates.iter_mut().zip(values).for_each(|(replicate, (_, own))| replicate.values.push(own));
    }
    replicates
}

/// Observables at one output time: functions of the averages, with the standard error of the jackknife that
/// leaves out one block at a time ([`superladder_engine::jackknife`]). For averages themselves this is the
/// usual standard error of the mean of the blocks. With fewer than two blocks it is NaN.
pub(crate) fn estimates(
    instruments: &Instruments,
    problem: &Problem,
    sums: &Sums,
    row: usize,
) -> Vec<Measurement> {
    let shown = instruments.values(problem, &means(sums, row, instruments.count()));
    let without = without_each(instruments, problem, sums, row);
    let mut component = 0;
    let mut estimate = |value: f64| {
        let parts: Vec<(f64, f64)> = without.iter().map(|(h, f)| (*h, f[component])).collect();
        component += 1;
        Estimate { value, standard_error: Some(superladder_engine::jackknife(value, &parts)) }
    };
    shown
        .into_iter()
        .map(|values| Measurement { values: values.into_iter().map(&mut estimate).collect() })
        .collect()
}
