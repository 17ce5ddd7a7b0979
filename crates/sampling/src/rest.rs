//! Where averages over samples have come to rest, found from the sums themselves.
//!
//! ```text
//! rows     0 . b ... 2b ....... 4b ................................ rows
//!              |-early-|         |------------- window -------------|
//! ```
//! From the row 4b on averages count as at rest if the early rows agree with the window and the rows of the window
//! differ from it by no more, in the mean, than their errors (else they swing); b is doubled until they do. Samples are independent, so that the scatter of the blocks
//! of samples is the error of everything, whatever the correlations in time are. A relaxation that the early rows do
//! not show at b has fallen by its cube at 4b, so that what is left is small against the error of the window.

use std::ops::Range;

use crate::block::{Block, number};
use crate::sums::Sums;

/// Averages at rest.
#[derive(Debug, Clone, PartialEq)]
pub struct AtRest {
    /// The rows of the window.
    pub rows: Range<usize>,
    /// Largest difference between early rows and window, in units of what chance allows.
    pub drift: f64,
    /// Largest root mean square of the differences between the rows and the window, in units of what chance
    /// allows.
    pub scatter: f64,
}

/// Fewest blocks whose scatter is an error.
pub const FEWEST_BLOCKS: usize = 16;
/// The probability that chance alone delays the window, all numbers and rows together.
const CHANCE: f64 = 0.003;
/// Differences below this part of the largest number are rounding.
const ROUNDING: f64 = 1e-10;

/// The averages of one block.
struct Averages {
    count: f64,
    /// Row by row.
    values: Vec<f64>,
}

/// Deviation allowed to the worst of `tests` Student-distributed numbers: the normal quantile
/// (`Q(z) < exp(-z^2/2)/2`) with the expansion in the inverse degrees of freedom (Abramowitz and Stegun, 26.7.5).
fn allowed(tests: f64, freedom: f64) -> f64 {
    let z = (2.0 * (tests / CHANCE).ln()).sqrt();
    let first = (z.powi(3) + z) / (4.0 * freedom);
    z + first + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * freedom * freedom)
}

/// The window of `rows` rows of `width` numbers in which the averages of `sums` are at rest; `None` if there is
/// none that holds half of the rows, or with fewer than [`FEWEST_BLOCKS`] blocks.
pub fn at_rest(sums: &Sums, rows: usize, width: usize) -> Option<AtRest> {
    let averages = |block: &Block| {
        let count = block.count() as f64;
        let values = block.sums()[..rows * width].iter().map(|x| number(*x) / count).collect();
        Averages { count, values }
    };
    let blocks: Vec<Averages> = sums.used().map(averages).collect();
    if blocks.len() < FEWEST_BLOCKS || width == 0 {
        return None;
    }
    let mut begin = 1;
    while 8 * begin <= rows {
        let window = 4 * begin..rows;
        let (drift, scatter) = deviations(&blocks, (begin..2 * begin, window.clone()), width);
        if drift <= 1.0 && scatter <= 1.0 {
            return Some(AtRest { rows: window, drift, scatter });
        }
        begin *= 2;
    }
    None
}

/// Largest deviations of the early rows and of single rows from the window.
fn deviations(
    blocks: &[Averages],
    (early, window): (Range<usize>, Range<usize>),
    width: usize,
) -> (f64, f64) {
    let total: f64 = blocks.iter().map(|b| b.count).sum();
    let groups = blocks.len() as f64;
    let by_number = allowed(width as f64, groups - 1.0);
    let (mut drift, mut scatter) = (0.0_f64, 0.0_f64);
    let mean = |block: &Averages, rows: &Range<usize>, k: usize| -> f64 {
        rows.clone().map(|row| block.values[row * width + k]).sum::<f64>() / rows.len() as f64
    };
    // The average of numbers, one a block, and the square of its standard error.
    let judged = |numbers: &[f64]| -> (f64, f64) {
        let pairs = || blocks.iter().zip(numbers);
        let average = pairs().map(|(b, x)| b.count * x).sum::<f64>() / total;
        let square = pairs().map(|(b, x)| (b.count / total * (x - average)).powi(2)).sum::<f64>();
        (average, square * groups / (groups - 1.0))
    };
    for k in 0..width {
        let at_window: Vec<f64> = blocks.iter().map(|b| mean(b, &window, k)).collect();
        let away = |rows: Range<usize>| -> Vec<f64> {
            blocks.iter().zip(&at_window).map(|(b, w)| mean(b, &rows, k) - w).collect()
        };
        let single: Vec<(f64, f64)> = window.clone().map(|row| judged(&away(row..row + 1))).collect();
        // At rest all rows scatter alike: rare events in a few rows do not make the others sure of none.
        let pooled = single.iter().map(|(_, square)| square).sum::<f64>() / window.len() as f64;
        let largest = blocks.iter().flat_map(|b| b.values.iter().skip(k).step_by(width));
        let rounding = ROUNDING * largest.fold(0.0_f64, |a, x| a.max(x.abs()));
        let ratio = |difference: f64, square: f64| {
            if difference.abs() <= rounding { 0.0 } else { difference.abs() / square.sqrt() }
        };
        let swing = single.iter().map(|(difference, _)| difference * difference).sum::<f64>();
        let swing = (swing / window.len() as f64).sqrt();
        scatter = scatter.max(ratio(swing, pooled) / by_number);
        let (difference, square) = judged(&away(early.clone()));
        drift = drift.max(ratio(difference, square.max(pooled / early.len() as f64)) / by_number);
    }
    (drift, scatter)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::block::{SumSizes, Tally};
    use crate::{Functions, estimates};

    const ROWS: usize = 129;

    /// Samples of a process of correlation time `memory` rows that begins `start` off its mean of 2 and may swing.
    fn sums(samples: u64, seed: u64, (start, memory, swing): (f64, f64, f64)) -> Sums {
        let sizes = SumSizes { numbers: ROWS, counts: 0, worst: 0 };
        let mut sums = Sums::new(sizes);
        for index in 0..samples {
            let mut random = ChaCha8Rng::seed_from_u64(1000 * seed + index);
            let decay = (-1.0 / memory).exp();
            let mut x = start;
            let mut numbers = Vec::new();
            for row in 0..ROWS {
                numbers.push(2.0 + x + swing * (0.9 * row as f64).sin());
                let noise: f64 = (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
                x = decay * x + (1.0 - decay * decay).sqrt() * noise;
            }
            sums.add(index, &mut Tally { numbers, ..Tally::default() }).expect("in range");
        }
        sums
    }

    struct Plain;

    impl Functions for Plain {
        fn values(&self, means: &[f64]) -> Vec<Vec<f64>> {
            vec![means.to_vec()]
        }

        fn along(&self, means: &[f64], _: &[f64]) -> Vec<Option<f64>> {
            vec![None; means.len()]
        }
    }

    #[test]
    fn errors_of_the_window_are_the_scatter_over_seeds() {
        let seeds = 300;
        for memory in [0.3, 1.5, 4.0] {
            let (mut chi_square, mut told, mut used) = (0.0, 0.0, 0.0);
            let mut values = Vec::new();
            for seed in 0..seeds {
                let sums = sums(128, seed, (-5.0, memory, 0.0));
                let Some(found) = at_rest(&sums, ROWS, 1) else { continue };
                let value = estimates(&Plain, &sums.over_rows(found.rows, 1), 0, 1)[0].values[0];
                let error = value.standard_error.expect("sampled");
                chi_square += ((value.value - 2.0) / error).powi(2);
                told += error * error;
                used += 1.0;
                values.push(value.value);
            }
            assert!(used > 0.95 * seeds as f64, "{memory}: {used}");
            let spread = values.iter().map(|x| (x - 2.0).powi(2)).sum::<f64>() / used;
            let ratio = (spread / (told / used)).sqrt();
            assert!((ratio - 1.0).abs() < 0.15, "{memory}: scatter over told error {ratio}");
            let bias = values.iter().sum::<f64>() / used - 2.0;
            let error = (told / used).sqrt();
            assert!(bias.abs() < (0.1 + 4.0 / used.sqrt()) * error, "{memory}: bias {bias}, error {error}");
            // Its mean is (g - 1)/(g - 3) for g blocks, its spread sqrt(2/300).
            assert!((chi_square / used - 1.03).abs() < 0.25, "{memory}: {}", chi_square / used);
        }
    }

    #[test]
    fn what_swings_or_still_relaxes_is_not_at_rest() {
        assert!(at_rest(&sums(128, 1, (0.0, 1.0, 0.0)), ROWS, 1).is_some());
        assert!(at_rest(&sums(128, 1, (0.0, 1.0, 1.0)), ROWS, 1).is_none(), "a swing");
        assert!(at_rest(&sums(128, 1, (-30.0, 60.0, 0.0)), ROWS, 1).is_none(), "slow");
        assert!(at_rest(&sums(15, 1, (0.0, 1.0, 0.0)), ROWS, 1).is_none(), "few");
    }
}
