//! Standard errors of what is no smooth function of the averages, by balanced half samples.
//!
//! A first crossing is no smooth function of what is measured: where a ratio with sampling noise comes close
//! to the threshold before it crosses, the first crossing jumps from one place to the other. Leaving out one
//! block of 64 moves the averages by an eighth of their standard error, which hardly ever makes it jump, and
//! the jackknife gives errors that are too small. Half samples move them by a whole one. With signs
//! `s_rb = +-1` that are orthogonal in the blocks b,
//!
//! ```text
//! x_r = x + sum_b s_rb d_b,   d_b = (p_b - x_J) / sqrt(g (h_b - 1)),   var f = mean_r [f(x_r) - f(x)]^2
//! ```
//! with the pseudo-values p_b of g blocks, `h_b = n / m_b` as in [`jackknife`](crate::jackknife) and x_J
//! their mean. Of what is linear in x this is the variance of the jackknife exactly.
//!
//! Sources: P. J. McCarthy, Review of the International Statistical Institute 37, 239 (1969); for functions
//! that are not smooth J. Shao and C. F. J. Wu, Annals of Statistics 17, 1176 (1989).

use crate::jackknife::Replicate;

/// With more than this part of the half samples not crossing, the error is not known.
const MOST_MISSING: f64 = 0.125;

/// What was measured (by output time, all values), moved by every half sample and by its complement, one after the
/// other: all of them together would be many times what was measured. None without blocks.
pub fn half_samples<'a>(
    values: &'a [Vec<f64>],
    blocks: &[Replicate],
) -> impl Iterator<Item = Vec<Vec<f64>>> + use<'a> {
    let moves: Vec<Vec<Vec<f64>>> = (0..values.len()).map(|t| moves(&values[t], blocks, t)).collect();
    // Rows of a Hadamard matrix of Sylvester's kind.
    let rows = if blocks.len() < 2 { 0 } else { blocks.len().next_power_of_two() };
    (0..2 * rows).map(move |number| {
        let (row, whole) = (number / 2, if number % 2 == 0 { 1.0 } else { -1.0 });
        let sign = |block: usize| if (row & block).count_ones().is_multiple_of(2) { whole } else { -whole };
        let at = |(x, moves): (&Vec<f64>, &Vec<Vec<f64>>)| {
            let moved = |(c, x): (usize, &f64)| {
                x + moves.iter().enumerate().map(|(b, d)| sign(b) * d[c]).sum::<f64>()
            };
            x.iter().enumerate().map(moved).collect()
        };
        values.iter().zip(&moves).map(at).collect()
    })
}

/// `d_b` of all values at an output time, by block.
fn moves(x: &[f64], blocks: &[Replicate], time: usize) -> Vec<Vec<f64>> {
    let groups = blocks.len() as f64;
    let centre = |c: usize| {
        groups * x[c] - blocks.iter().map(|b| (1.0 - 1.0 / b.ratio) * b.values[time][c]).sum::<f64>()
    };
    let centres: Vec<f64> = (0..x.len()).map(centre).collect();
    let of_block = |b: &Replicate| {
        let at = |c: usize| b.ratio * x[c] - (b.ratio - 1.0) * b.values[time][c] - centres[c];
        let unit = (groups * (b.ratio - 1.0)).sqrt();
        (0..x.len()).map(|c| at(c) / unit).collect()
    };
    blocks.iter().map(of_block).collect()
}

/// Standard error of a `time` from those of the half samples. One that has not crossed by the `end` counts as
/// crossing there, so that the error is a little too small; where there are many of them it is not known.
pub fn spread(time: f64, times: &[Option<f64>], end: f64) -> Option<f64> {
    let missing = times.iter().filter(|t| t.is_none()).count() as f64;
    if times.is_empty() || missing > MOST_MISSING * times.len() as f64 {
        return None;
    }
    let squares = times.iter().map(|t| (t.unwrap_or(end) - time).powi(2)).sum::<f64>();
    Some((squares / times.len() as f64).sqrt()).filter(|e| e.is_finite())
}

/// Fewest pairs of halves that an error is read from.
const FEWEST_PAIRS: usize = 7;

/// Value at an extreme of a curve, and its standard error, from what [`half_samples`] gave: the place is found on one
/// half and the value read on the other, both ways, and all pairs of halves are averaged. None with too few halves, or
/// where many of them have no value.
///
/// The extreme value of a noisy curve is too extreme, by as much as its noise where the curve is flat. Both halves of
/// a pair, `x + e` and `x - e`, have the mean of x, and are independent of each other: their covariance is
/// `var x - var e = 0`. So the value on the other half has no bias but that of second order from the error of the
/// place. The error is the root of the mean of `[f(x + e) - f(x - e)]^2 / 4`.
pub fn crosswise<C>(
    halves: &[C],
    find: impl Fn(&C) -> Option<f64>,
    read: impl Fn(&C, f64) -> f64,
) -> Option<(f64, f64)> {
    // Both halves of the first pair are moved alike.
    let pairs = halves.chunks_exact(2).skip(1);
    let all = pairs.len();
    let values: Vec<(f64, f64)> = pairs
        .filter_map(|pair| {
            let (here, there) = (read(&pair[1], find(&pair[0])?), read(&pair[0], find(&pair[1])?));
            (here.is_finite() && there.is_finite()).then_some((here, there))
        })
        .collect();
    let missing = (all - values.len()) as f64;
    if values.len() < FEWEST_PAIRS || missing > MOST_MISSING * all as f64 {
        return None;
    }
    let count = values.len() as f64;
    let value = values.iter().map(|(a, b)| f64::midpoint(*a, *b)).sum::<f64>() / count;
    let square = values.iter().map(|(a, b)| 0.25 * (a - b).powi(2)).sum::<f64>() / count;
    Some((value, square.sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jackknife::jackknife;

    /// Rows of a curve that is 0 everywhere, or a valley, under noise that is independent from row to row: the lowest
    /// value of the averages is far too low, the one read crosswise is not, and its error is what the runs scatter by.
    #[test]
    fn the_minimum_over_noise_is_not_biased_when_it_is_read_crosswise() {
        const ROWS: usize = 21;
        let normal = |k: u64| {
            let part = |j: u64| {
                let mixed =
                    (k.wrapping_mul(12).wrapping_add(j).wrapping_add(1)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                ((mixed ^ (mixed >> 32)) >> 11) as f64 / (1_u64 << 53) as f64
            };
            (0..12).map(part).sum::<f64>() - 6.0
        };
        let lowest = |rows: &Vec<Vec<f64>>| {
            (0..ROWS).min_by(|a, b| rows[*a][0].total_cmp(&rows[*b][0])).map(|row| row as f64)
        };
        for depth in [0.0, 4.0] {
            let curve = |row: usize| depth * (row as f64 / 10.0 - 1.0).powi(2) / 10.0;
            let runs: Vec<[f64; 3]> = (0..300_u64)
                .map(|run| {
                    let block = |b: u64, row: usize| curve(row) + normal(run * 10_000 + b * 100 + row as u64);
                    let mean = |row: usize| (0..64).map(|b| block(b, row)).sum::<f64>() / 64.0;
                    let values: Vec<Vec<f64>> = (0..ROWS).map(|row| vec![mean(row)]).collect();
                    let without = |b: u64| {
                        let row = |row: usize| vec![(64.0 * values[row][0] - block(b, row)) / 63.0];
                        Replicate { ratio: 64.0, values: (0..ROWS).map(row).collect() }
                    };
                    let replicates: Vec<Replicate> = (0..64).map(without).collect();
                    let halves: Vec<_> = half_samples(&values, &replicates).collect();
                    let (value, error) =
                        crosswise(&halves, lowest, |rows, row| rows[row as usize][0]).expect("enough");
                    let plain = values.iter().map(|row| row[0]).fold(f64::INFINITY, f64::min);
                    [plain, value, error]
                })
                .collect();
            let mean = |k: usize| runs.iter().map(|run| run[k]).sum::<f64>() / 300.0;
            let scatter = (runs.iter().map(|run| (run[1] - mean(1)).powi(2)).sum::<f64>() / 300.0).sqrt();
            println!(
                "depth {depth}: {:.4} {:.4} error {:.4} scatter {scatter:.4}",
                mean(0),
                mean(1),
                mean(2)
            );
            // One standard error of an average is 1/8.
            assert!(mean(0) < -0.12, "{depth}: the plain minimum is too low: {}", mean(0));
            // Half a standard error: in the valley what is left is of second order from the error of the place.
            assert!(mean(1).abs() < 0.5 * 0.125, "{depth}: {}", mean(1));
            assert!(
                (0.75..=1.3).contains(&(mean(2) / 0.125)) && scatter < 1.1 * mean(2),
                "{depth}: {}",
                mean(2)
            );
        }
        assert_eq!(crosswise::<Vec<Vec<f64>>>(&[], lowest, |_, _| 0.0), None);
    }

    /// Averages of `count` samples in blocks, at two times of one column, from sample `k` at time `t`; all of
    /// them, and without each block.
    fn averages(
        count: usize,
        blocks: usize,
        sample: impl Fn(usize, usize) -> f64,
    ) -> (Vec<Vec<f64>>, Vec<Replicate>) {
        let mean = |t: usize, of: &dyn Fn(usize) -> bool| {
            let own: Vec<f64> = (0..count).filter(|k| of(*k)).map(|k| sample(k, t)).collect();
            own.iter().sum::<f64>() / own.len() as f64
        };
        let without = |b: usize| {
            let size = (0..count).filter(|k| k % blocks == b).count();
            let values = (0..2).map(|t| vec![mean(t, &|k| k % blocks != b)]).collect();
            Replicate { ratio: count as f64 / size as f64, values }
        };
        ((0..2).map(|t| vec![mean(t, &|_| true)]).collect(), (0..blocks).map(without).collect())
    }

    #[test]
    fn of_a_mean_they_give_the_standard_error_of_the_jackknife() {
        for (count, blocks) in [(640, 64), (500, 64), (90, 30), (7, 7)] {
            let (values, without) = averages(count, blocks, |k, t| (k * k % 17 + t) as f64);
            let halves: Vec<_> = half_samples(&values, &without).collect();
            for t in 0..2 {
                let value = values[t][0];
                let without: Vec<(f64, f64)> = without.iter().map(|w| (w.ratio, w.values[t][0])).collect();
                let times: Vec<Option<f64>> = halves.iter().map(|m| Some(m[t][0])).collect();
                let found = spread(value, &times, f64::NAN).expect("known");
                assert!((found / jackknife(value, &without) - 1.0).abs() < 1e-10, "{count} {blocks} {found}");
            }
        }
    }

    #[test]
    fn of_a_jump_they_give_what_independent_samples_do_and_the_jackknife_does_not() {
        // 0 or 1, whichever side of 0.4 standard errors below the mean it lies: both sides are found often
        // enough.
        let noise = |k: usize| (k as f64 * 12.9898).sin() * 43_758.545_3;
        let (values, without) = averages(6400, 64, |k, _| noise(k) - noise(k).floor());
        let of = |f: &dyn Fn(f64) -> f64| {
            let times: Vec<Option<f64>> = half_samples(&values, &without).map(|m| Some(f(m[0][0]))).collect();
            spread(f(values[0][0]), &times, f64::NAN).expect("known")
        };
        let edge = values[0][0] - 0.4 * of(&|x| x);
        let jump = |x: f64| if x > edge { 1.0 } else { 0.0 };
        // The probability of a normal number below -0.4 is 0.345.
        let found = of(&jump);
        assert!((found - 0.345f64.sqrt()).abs() < 0.1, "{found}");
        let without: Vec<(f64, f64)> = without.iter().map(|w| (w.ratio, jump(w.values[0][0]))).collect();
        assert!(jackknife(1.0, &without) == 0.0, "no block alone makes it jump");
    }

    #[test]
    fn half_samples_without_a_crossing_count_at_the_end_or_make_the_error_unknown() {
        let mut times = vec![Some(3.0); 15];
        times.push(None);
        assert_eq!(spread(3.0, &times, 7.0), Some(1.0));
        times.extend([None, None]);
        assert_eq!(spread(3.0, &times, 7.0), None);
        assert_eq!(spread(3.0, &[], 7.0), None);
    }
}
