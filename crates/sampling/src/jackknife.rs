//! Standard errors by leaving out one block of the samples at a time.

/// All that was measured without one block of the samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Replicate {
    /// `h = n / m`, for a block of m of the n samples.
    pub ratio: f64,
    /// By output time, the values of all observables, flattened.
    pub values: Vec<Vec<f64>>,
}

/// Standard error of an estimate by the jackknife that leaves out one block of the samples at a time.
/// `without` holds, block by block, `h_b = n / m_b` and the estimate `f_b` without it. With g blocks,
/// pseudo-values `p_b = h_b f - (h_b - 1) f_b` and `f_J = g f - sum (1 - 1/h_b) f_b`:
/// `var = (1/g) sum (p_b - f_J)^2 / (h_b - 1)`. NaN with fewer than two blocks.
///
/// Source: F. Busing, E. Meijer and R. van der Leeden, Statistics and Computing 9, 3 (1999).
pub fn jackknife(value: f64, without: &[(f64, f64)]) -> f64 {
    if without.len() < 2 {
        return f64::NAN;
    }
    let groups = without.len() as f64;
    let centre = groups * value - without.iter().map(|(h, f)| (1.0 - 1.0 / h) * f).sum::<f64>();
    let term = |(h, f): &(f64, f64)| (h * value - (h - 1.0) * f - centre).powi(2) / (h - 1.0);
    (without.iter().map(term).sum::<f64>() / groups).sqrt()
}

/// The estimate without the bias that a function of averages has: `f_J` of [`jackknife`]. An average has none,
/// and comes back as it is; so does an estimate whose bias is not known, or is as large as its error, where
/// the expansion behind it has broken down.
pub fn unbiased(value: f64, standard_error: f64, without: &[(f64, f64)]) -> f64 {
    let groups = without.len() as f64;
    let centre = groups * value - without.iter().map(|(h, f)| (1.0 - 1.0 / h) * f).sum::<f64>();
    let bias = (centre - value).abs();
    // Rounding of g terms is no bias.
    let seen = bias > 1e-12 * (groups * value.abs() + standard_error);
    if without.len() > 1 && seen && bias <= standard_error { centre } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_mean_it_is_the_standard_error_of_the_mean() {
        let samples: Vec<f64> = (0..50).map(|i| f64::from(i * i % 17)).collect();
        let n = samples.len() as f64;
        let mean = samples.iter().sum::<f64>() / n;
        let variance = samples.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let without: Vec<(f64, f64)> = samples.iter().map(|x| (n, (n * mean - x) / (n - 1.0))).collect();
        assert!((jackknife(mean, &without) - (variance / n).sqrt()).abs() < 1e-12);
        assert!(jackknife(1.0, &without[..1]).is_nan());
        assert_eq!(unbiased(mean, jackknife(mean, &without), &without), mean);
    }

    /// The square of a mean is too large by variance/n, the variance of n samples too small by as much.
    #[test]
    fn the_bias_of_a_function_is_taken_out() {
        let samples: Vec<f64> = (0..50).map(|i| f64::from(i * i % 17)).collect();
        let n = samples.len() as f64;
        let mean = samples.iter().sum::<f64>() / n;
        let variance = samples.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let without: Vec<(f64, f64)> =
            samples.iter().map(|x| (n, ((n * mean - x) / (n - 1.0)).powi(2))).collect();
        let square = mean * mean;
        let found = unbiased(square, jackknife(square, &without), &without);
        assert!((found - (square - variance / n)).abs() < 1e-10, "{found}");
        assert_eq!(unbiased(square, 0.0, &without), square, "a bias beyond the error is not believed");
    }
}
