//! Estimates with standard errors from sums over samples.

use std::ops::Range;

use num_complex::Complex64;
use superladder_engine::{Estimate, Measurement};
use superladder_model::Evaluation;

use crate::block::{Block, number};
use crate::jackknife::{Replicate, jackknife, unbiased};
use crate::sums::Sums;

/// Observables as functions of averages.
pub trait Functions: Sync {
    /// The values of all observables, observable by observable, from the averages of the numbers at one output
    /// time.
    fn values(&self, means: &[f64]) -> Vec<Vec<f64>>;

    /// The values, flattened, that are extreme over directions, in the directions of other averages, `guide`;
    /// `None` for all others. With `guide = means` they are those of [`Functions::values`].
    fn along(&self, means: &[f64], guide: &[f64]) -> Vec<Option<f64>>;
}

impl<F: Functions + ?Sized> Functions for &F {
    fn values(&self, means: &[f64]) -> Vec<Vec<f64>> {
        (**self).values(means)
    }

    fn along(&self, means: &[f64], guide: &[f64]) -> Vec<Option<f64>> {
        (**self).along(means, guide)
    }
}

/// An observable and what belongs to it among the averages.
pub struct Own<'a, E> {
    /// How it is evaluated.
    pub evaluation: &'a Evaluation,
    /// The expectation values of its operators, from averages.
    pub expectations: E,
    /// Its own numbers, of one that is no function of expectation values alone.
    pub numbers: Range<usize>,
}

impl<E: Fn(&[f64]) -> Vec<Complex64>> Own<'_, E> {
    /// Its values; numbers of functions of the state are their values as they are.
    pub fn values(&self, means: &[f64]) -> Vec<f64> {
        match self.evaluation {
            Evaluation::Moments { combine, context, .. } => combine(&(self.expectations)(means), context),
            Evaluation::Sampled(sampled) => sampled.of_averages(&means[self.numbers.clone()]),
            Evaluation::State(_) => means[self.numbers.clone()].to_vec(),
        }
    }

    /// Its `count` values as [`Functions::along`] has them.
    pub fn along(&self, means: &[f64], guide: &[f64], count: usize) -> Vec<Option<f64>> {
        let along = match self.evaluation {
            Evaluation::Moments { combine, context, .. } => {
                combine.along(&(self.expectations)(means), &(self.expectations)(guide), context)
            }
            Evaluation::Sampled(sampled) => {
                sampled.along(&means[self.numbers.clone()], &guide[self.numbers.clone()])
            }
            Evaluation::State(_) => None,
        };
        along.unwrap_or_else(|| vec![None; count])
    }
}

/// Averages of the `width` numbers at output number `row`.
pub fn means(sums: &Sums, row: usize, width: usize) -> Vec<f64> {
    average(&totals(sums, row, width), sums.count())
}

fn average(sums: &[i128], count: u64) -> Vec<f64> {
    sums.iter().map(|x| number(*x) / count as f64).collect()
}

fn totals(sums: &Sums, row: usize, width: usize) -> Vec<i128> {
    added(sums.used().map(|block| &block.sums()[row * width..(row + 1) * width]), width)
}

/// The sum of rows of `width` numbers.
fn added<'a>(rows: impl Iterator<Item = &'a [i128]>, width: usize) -> Vec<i128> {
    let mut total = vec![0_i128; width];
    for row in rows {
        for (sum, x) in total.iter_mut().zip(row) {
            *sum = sum.saturating_add(*x);
        }
    }
    total
}

/// Values of all observables at one output time without each block in turn, flattened, with `h_b = n / m_b`.
fn without_each(functions: &dyn Functions, sums: &Sums, row: usize, width: usize) -> Vec<(f64, Vec<f64>)> {
    let (count, total) = (sums.count(), totals(sums, row, width));
    let without = |block: &Block| {
        let own = &block.sums()[row * width..(row + 1) * width];
        let rest: Vec<i128> = total.iter().zip(own).map(|(t, x)| t - x).collect();
        let values = functions.values(&average(&rest, count - block.count())).concat();
        (count as f64 / block.count() as f64, values)
    };
    sums.used().map(without).collect()
}

/// All that was measured at the `times` output times, without each block in turn. There are `width` numbers
/// at a time.
pub fn replicates(functions: &dyn Functions, sums: &Sums, times: usize, width: usize) -> Vec<Replicate> {
    let count = sums.count() as f64;
    let mut replicates: Vec<Replicate> = sums
        .used()
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
/// error of the mean of the blocks. With fewer than two blocks it is NaN. What is extreme over directions
/// is first evaluated with the direction from one half of the blocks and the value from the other.
pub fn estimates(functions: &dyn Functions, sums: &Sums, row: usize, width: usize) -> Vec<Measurement> {
    let shown = functions.values(&means(sums, row, width));
    let without = without_each(functions, sums, row, width);
    let guided = Halves::new(sums, row, width).map(|halves| halves.estimates(functions));
    let mut component = 0;
    let mut estimate = |plain: f64| {
        let pick = |(h, f): &(f64, Vec<f64>)| (*h, f[component]);
        let crossed = guided.as_ref().and_then(|(value, without)| {
            let value = value[component]?;
            let parts = without.iter().map(|(h, f)| (*h, f[component].unwrap_or(f64::NAN)));
            Some((value, parts.collect()))
        });
        let (value, parts): (f64, Vec<(f64, f64)>) =
            crossed.unwrap_or_else(|| (plain, without.iter().map(pick).collect()));
        component += 1;
        let error = jackknife(value, &parts);
        Estimate { value: unbiased(value, error, &parts), standard_error: Some(error) }
    };
    shown
        .into_iter()
        .map(|values| Measurement { values: values.into_iter().map(&mut estimate).collect() })
        .collect()
}

/// Values with the ratio `h_b = n / m_b` of the block that was left out.
type Without = Vec<(f64, Vec<Option<f64>>)>;

/// Sums over the even and over the odd blocks.
///
/// The largest of several noisy variances is on average too large, by as much as their noise where the true
/// ones are equal; the jackknife, which knows biases that fall as one over the number of samples, does not take
/// that out. Here the direction comes from one half, and the value in that direction from the other, both ways
/// averaged. What is left is of second order in the error of the direction.
struct Halves<'a> {
    blocks: Vec<&'a Block>,
    row: usize,
    width: usize,
}

impl<'a> Halves<'a> {
    /// `None` with fewer than four blocks: without one of them each half must have another.
    fn new(sums: &'a Sums, row: usize, width: usize) -> Option<Self> {
        let blocks: Vec<&Block> = sums.used().collect();
        (blocks.len() >= 4).then_some(Self { blocks, row, width })
    }

    /// The values, and those without each block in turn. The directions stay: where they hardly matter to the
    /// value they move most, and would count for more than they do.
    fn estimates(&self, functions: &dyn Functions) -> (Vec<Option<f64>>, Without) {
        let halves = [self.half(0), self.half(1)];
        let guides = [0, 1].map(|k| average(&halves[k].0, halves[k].1));
        let value = Self::crossed(functions, &halves, &guides);
        if value.iter().all(Option::is_none) {
            return (value, Vec::new());
        }
        let total: u64 = halves.iter().map(|half| half.1).sum();
        let without = |(number, block): (usize, &&Block)| {
            let mut halves = halves.clone();
            let half = &mut halves[number % 2];
            for (sum, x) in half.0.iter_mut().zip(self.numbers(block)) {
                *sum -= x;
            }
            half.1 -= block.count();
            (total as f64 / block.count() as f64, Self::crossed(functions, &halves, &guides))
        };
        (value, self.blocks.iter().enumerate().map(without).collect())
    }

    fn numbers(&self, block: &'a Block) -> &'a [i128] {
        &block.sums()[self.row * self.width..(self.row + 1) * self.width]
    }

    /// Sums and count of every other block.
    fn half(&self, first: usize) -> (Vec<i128>, u64) {
        let own = || self.blocks.iter().skip(first).step_by(2);
        (added(own().map(|block| self.numbers(block)), self.width), own().map(|block| block.count()).sum())
    }

    /// Each half in the direction of the guide that is the other, weighed by their numbers of samples.
    fn crossed(
        functions: &dyn Functions,
        halves: &[(Vec<i128>, u64); 2],
        guides: &[Vec<f64>; 2],
    ) -> Vec<Option<f64>> {
        let [a, b] = [0, 1].map(|k| average(&halves[k].0, halves[k].1));
        let share = halves[0].1 as f64 / (halves[0].1 + halves[1].1) as f64;
        let both = functions.along(&a, &guides[1]).into_iter().zip(functions.along(&b, &guides[0]));
        both.map(|(a, b)| Some(share * a? + (1.0 - share) * b?)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{SumSizes, Tally};

    /// The numbers are x, y and their second moments; values are the mean of x and the larger eigenvalue of the
    /// covariance of (x, y).
    struct Ellipse;

    fn covariance(m: &[f64]) -> [f64; 3] {
        [m[2] - m[0] * m[0], m[3] - m[0] * m[1], m[4] - m[1] * m[1]]
    }

    impl Functions for Ellipse {
        fn values(&self, m: &[f64]) -> Vec<Vec<f64>> {
            let [a, b, c] = covariance(m);
            vec![vec![m[0]], vec![0.5 * (a + c) + (0.25 * (a - c).powi(2) + b * b).sqrt()]]
        }

        fn along(&self, m: &[f64], guide: &[f64]) -> Vec<Option<f64>> {
            let ([a, b, c], [p, q, r]) = (covariance(m), covariance(guide));
            let (sine, cosine) = (0.5 * (2.0 * q).atan2(p - r)).sin_cos();
            vec![None, Some(cosine * cosine * a + 2.0 * sine * cosine * b + sine * sine * c)]
        }
    }

    /// Sums of 128 samples of two independent normal variables of variance 1 and `other`.
    fn sampled(seed: u64, other: f64) -> Sums {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut uniform = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut normal = move || (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
        let mut sums = Sums::new(SumSizes { numbers: 5, counts: 0, worst: 0 });
        for index in 0..128 {
            let (x, y) = (normal(), other.sqrt() * normal());
            let numbers = vec![x, y, x * x, x * y, y * y];
            sums.add(index, &mut Tally { numbers, ..Tally::default() }).expect("in range");
        }
        sums
    }

    /// Mean over many runs of the larger variance, its standard error, scatter, and mean of the errors told.
    fn repeated(other: f64) -> [f64; 4] {
        let runs: Vec<(f64, f64)> = (1..=600)
            .map(|seed| {
                let found = &estimates(&Ellipse, &sampled(seed, other), 0, 5)[1].values[0];
                (found.value, found.standard_error.expect("an error"))
            })
            .collect();
        let count = runs.len() as f64;
        let mean = runs.iter().map(|r| r.0).sum::<f64>() / count;
        let scatter = (runs.iter().map(|r| (r.0 - mean).powi(2)).sum::<f64>() / count).sqrt();
        [mean, scatter / count.sqrt(), scatter, runs.iter().map(|r| r.1).sum::<f64>() / count]
    }

    #[test]
    fn the_larger_of_two_variances_is_not_biased_and_its_error_is_honest() {
        for other in [1.0, 0.9, 0.3] {
            let [mean, error, scatter, told] = repeated(other);
            println!("{other}: {mean:.4} +- {error:.4}, scatter {scatter:.4}, told {told:.4}");
            // The plain estimate is too large by 0.8 errors for two equal variances; nearly equal ones are the
            // worst case of directions from the other half.
            assert!((mean - 1.0).abs() < 0.4 * scatter, "{other}: {mean} +- {error}, scatter {scatter}");
            assert!((told / scatter - 1.0).abs() < 0.2, "{other}: {told} told, {scatter} right");
        }
    }

    #[test]
    fn means_are_what_they_were() {
        let sums = sampled(1, 1.0);
        let found = &estimates(&Ellipse, &sums, 0, 5)[0].values[0];
        assert_eq!(found.value, means(&sums, 0, 5)[0]);
    }
}
