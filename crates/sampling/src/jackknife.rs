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
    }
}
