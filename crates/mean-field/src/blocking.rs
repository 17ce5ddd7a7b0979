//! Standard error of the mean of a correlated series.

/// Fewest blocks whose scatter still says something: the error of the error is then `1/sqrt(2 * 15)`, 18 %.
const FEWEST: usize = 16;

/// Standard error of a mean, and the length of the blocks that it was read off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct BlockedError {
    pub(crate) error: f64,
    /// Number of values in a block.
    pub(crate) length: usize,
    /// False if the error was still growing at the longest blocks: correlations are longer, and the error is
    /// a lower bound.
    pub(crate) resolved: bool,
}

/// The standard error of the mean of `values` (a power of two times [`FEWEST`] at least, else the scatter as
/// it is): blocks are doubled until the scatter of their means no longer changes by more than its own
/// uncertainty; of the lengths that agree the largest error is taken (H. Flyvbjerg and H. G. Petersen, J.
/// Chem. Phys. 91, 461 (1989)).
pub(crate) fn blocked(values: &[f64]) -> BlockedError {
    let mut means = values.to_vec();
    let mut levels = vec![scatter(&means)];
    while means.len() >= 2 * FEWEST {
        means = means.chunks_exact(2).map(|pair| 0.5 * (pair[0] + pair[1])).collect();
        levels.push(scatter(&means));
    }
    let count = |level: usize| (values.len() >> level).max(2);
    let agrees = |level: usize, longer: usize| {
        let uncertainty = levels[longer] / (2.0 * (count(longer) - 1) as f64).sqrt();
        (levels[longer] - levels[level]).abs() <= 2.0 * uncertainty
    };
    let plateau = |level: &usize| (level + 1..levels.len()).all(|longer| agrees(*level, longer));
    let first = (0..levels.len()).find(plateau).unwrap_or(levels.len() - 1);
    let error = levels[first..].iter().fold(0.0_f64, |most, x| most.max(*x));
    // A plateau of one or two levels that lies above what came before is none.
    let short = first + 2 >= levels.len() && levels.len() > 2;
    let grew = first > 0 && levels[first] > 1.1 * levels[first - 1];
    BlockedError { error, length: 1 << first, resolved: !(short && grew) }
}

/// Standard error of the mean of independent values; 0 for a single one.
fn scatter(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    if values.len() < 2 { 0.0 } else { (square / (n * (n - 1.0))).sqrt() }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// `x' = r x + noise`: the error of the mean is `sqrt((1 + r)/(1 - r))` times that of independent values.
    fn correlated(memory: f64, seed: u64) -> Vec<f64> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut x = 0.0;
        let mut next = || {
            let noise: f64 = (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
            x = memory * x + (1.0 - memory * memory).sqrt() * noise;
            x
        };
        (0..4096).map(|_| next()).collect()
    }

    #[test]
    fn blocks_are_longer_than_the_correlations() {
        for memory in [0.0, 0.5, 0.9, 0.97] {
            let exact = ((1.0 + memory) / (1.0 - memory) / 4096.0_f64).sqrt();
            let mut ratio = 0.0;
            for seed in 0..8 {
                let found = blocked(&correlated(memory, seed));
                // The longest memory leaves 62 independent values, too few to be sure.
                assert!(found.resolved || memory > 0.95, "{memory}: {found:?}");
                ratio += found.error / exact / 8.0;
            }
            assert!((0.9..1.35).contains(&ratio), "{memory}: {ratio}");
        }
    }

    #[test]
    fn a_drift_is_not_resolved() {
        let drift: Vec<f64> = (0..1024).map(f64::from).collect();
        assert!(!blocked(&drift).resolved);
    }

    #[test]
    fn what_is_made_up_again_by_the_next_value_leaves_no_error() {
        let alternating: Vec<f64> = (0..1024).map(|k| f64::from(k % 2)).collect();
        assert_eq!(blocked(&alternating), BlockedError { error: 0.0, length: 2, resolved: true });
    }
}
