//! Estimates with standard errors from sums over samples.

use superladder_engine::{Estimate, Measurement};

use crate::block::{Block, number};
use crate::jackknife::{Replicate, jackknife, unbiased};
use crate::sums::Sums;

/// The values of all observables, observable by observable, from the averages of the numbers at one output
/// time.
pub type Functions<'a> = &'a (dyn Fn(&[f64]) -> Vec<Vec<f64>> + Sync);

/// Averages of the `width` numbers at output number `row`.
pub fn means(sums: &Sums, row: usize, width: usize) -> Vec<f64> {
    average(&totals(sums, row, width), sums.count())
}

fn average(sums: &[i128], count: u64) -> Vec<f64> {
    sums.iter().map(|x| number(*x) / count as f64).collect()
}

fn totals(sums: &Sums, row: usize, width: usize) -> Vec<i128> {
    let mut total = vec![0_i128; width];
    for block in sums.blocks() {
        for (sum, x) in total.iter_mut().zip(&block.sums()[row * width..(row + 1) * width]) {
            *sum = sum.saturating_add(*x);
        }
    }
    total
}

/// The blocks of the jackknife that are not empty.
fn used(sums: &Sums) -> impl Iterator<Item = &Block> {
    sums.blocks().iter().filter(|b| b.count() > 0)
}

/// Values of all observables at one output time without each block in turn, flattened, with `h_b = n / m_b`.
fn without_each(functions: Functions<'_>, sums: &Sums, row: usize, width: usize) -> Vec<(f64, Vec<f64>)> {
    let (count, total) = (sums.count(), totals(sums, row, width));
    let without = |block: &Block| {
        let own = &block.sums()[row * width..(row + 1) * width];
        let rest: Vec<i128> = total.iter().zip(own).map(|(t, x)| t - x).collect();
        let values = functions(&average(&rest, count - block.count())).concat();
        (count as f64 / block.count() as f64, values)
    };
    used(sums).map(without).collect()
}

/// All that was measured at the `times` output times, without each block in turn. There are `width` numbers
/// at a time.
pub fn replicates(functions: Functions<'_>, sums: &Sums, times: usize, width: usize) -> Vec<Replicate> {
    let count = sums.count() as f64;
    let mut replicates: Vec<Replicate> = used(sums)
        .map(|block| Replicate { ratio: count / block.count() as f64, values: Vec::new() })
        .collect();
    for row in 0..times {
        let values = without_each(functions, sums, row, width);
        replicates.iter_mut().zip(values).for_each(|(replicate, (_, own))| replicate.values.push(own));
    }
    replicates
}

/// Observables at output number `row`: functions of the averages without their bias ([`unbiased`]; extreme
/// eigenvalues of averaged covariances have a large one), with the standard error of the jackknife
/// that leaves out one block at a time ([`jackknife`]). For averages themselves this is the usual standard
/// error of the mean of the blocks. With fewer than two blocks it is NaN.
pub fn estimates(functions: Functions<'_>, sums: &Sums, row: usize, width: usize) -> Vec<Measurement> {
    let shown = functions(&means(sums, row, width));
    let without = without_each(functions, sums, row, width);
    let mut component = 0;
    let mut estimate = |value: f64| {
        let parts: Vec<(f64, f64)> = without.iter().map(|(h, f)| (*h, f[component])).collect();
        component += 1;
        let error = jackknife(value, &parts);
        Estimate { value: unbiased(value, error, &parts), standard_error: Some(error) }
    };
    shown
        .into_iter()
        .map(|values| Measurement { values: values.into_iter().map(&mut estimate).collect() })
        .collect()
}
