//! Numbers as they are written beside their errors.

/// Digits of an error that are shown.
const DIGITS: i32 = 2;
/// Digits of a value whose error is 0.
const EXACT: usize = 8;

/// A value written to its error: `2.28(15)` is 2.28 with the error 0.15, `123(12)` is 123 with 12. An error of 0
/// says nothing of the last digit: `2.28000000(0)`. What is not finite is written out: `nan`, `2.28 +- inf`.
///
/// ```
/// use superladder_engine::with_error;
///
/// assert_eq!(with_error(2.2843, 0.1512), "2.28(15)");
/// assert_eq!(with_error(-0.0034, 0.0996), "-0.003(100)");
/// ```
pub fn with_error(value: f64, error: f64) -> String {
    if !value.is_finite() {
        return value.to_string().to_lowercase();
    }
    if !error.is_finite() {
        return format!("{value:.6} +- {}", error.to_string().to_lowercase());
    }
    let error = error.abs();
    if error == 0.0 {
        return format!("{value:.EXACT$}(0)");
    }
    let decimals = (DIGITS - 1 - error.log10().floor() as i32).max(0);
    if decimals > 15 {
        return format!("{value:.15} +- {error:.1e}");
    }
    let scale = 10f64.powi(decimals);
    format!("{value:.*}({:.0})", decimals as usize, error * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_to_two_digits_of_their_errors() {
        assert_eq!(with_error(6.053_299_92, 0.149_7), "6.05(15)");
        assert_eq!(with_error(-0.5, 0.012_34), "-0.500(12)");
        assert_eq!(with_error(1234.56, 78.9), "1235(79)");
        assert_eq!(with_error(1234.56, 4321.0), "1235(4321)");
        assert_eq!(with_error(1.0, 2e-9), "1.0000000000(20)");
        assert_eq!(with_error(1.0, 0.0), "1.00000000(0)");
        assert_eq!(with_error(1.0, 1e-30), "1.000000000000000 +- 1.0e-30");
        assert_eq!(with_error(f64::NAN, 0.1), "nan");
        assert_eq!(with_error(2.5, f64::INFINITY), "2.500000 +- inf");
    }
}
