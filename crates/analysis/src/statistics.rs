//! The few distributions and quantiles that fits need.

use rand::{Rng, RngExt};
use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::erf::erfc;

/// Beyond this the continued fraction is used: `erfc` is accurate below, the fraction converges fast above.
const TAIL: f64 = 6.0;

/// Logarithm of the normal survival function `Q(z) = erfc(z / sqrt 2) / 2`, without underflow.
pub(crate) fn log_survival(z: f64) -> f64 {
    if z > TAIL {
        -0.5 * z * z - 0.5 * (2.0 * std::f64::consts::PI).ln() - mills(z).ln()
    } else {
        (0.5 * erfc(z * std::f64::consts::FRAC_1_SQRT_2)).ln()
    }
}

/// Hazard `phi(z) / Q(z)` of the normal distribution: `-d ln Q / dz`.
pub(crate) fn hazard(z: f64) -> f64 {
    if z > TAIL {
        mills(z)
    } else {
        (-0.5 * z * z - 0.5 * (2.0 * std::f64::consts::PI).ln() - log_survival(z)).exp()
    }
}

/// `phi(z) / Q(z) = z + 1/(z + 2/(z + 3/(z + ...)))` for large z (Abramowitz and Stegun 26.2.14).
fn mills(z: f64) -> f64 {
    (1..=40).rev().fold(z, |fraction, k| z + f64::from(k) / fraction)
}

/// A standard normal number (Box and Muller, Ann. Math. Stat. 29, 610 (1958)).
pub(crate) fn normal(random: &mut impl Rng) -> f64 {
    let (u, v): (f64, f64) = (random.random(), random.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
}

/// Two-sided quantile of Student's t at a confidence level; none without degrees of freedom.
pub(crate) fn student(level: f64, freedom: usize) -> Option<f64> {
    let distribution = StudentsT::new(0.0, 1.0, freedom as f64).ok()?;
    Some(distribution.inverse_cdf(0.5 + 0.5 * level)).filter(|q| q.is_finite())
}

/// Quantile of an ascending list, linear between order statistics (type 7 of Hyndman and Fan, Am. Stat. 50,
/// 361 (1996)); none for an empty list.
pub(crate) fn quantile(sorted: &[f64], probability: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = probability.clamp(0.0, 1.0) * last as f64;
    let (low, fraction) = (position.floor() as usize, position.fract());
    let high = (low + 1).min(last);
    Some(sorted[low] + fraction * (sorted[high] - sorted[low]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn tails_of_the_normal_distribution() {
        // Q(1) = 0.158655253931457, Q(10) = 7.61985302416e-24 (tables of the normal distribution).
        let known = [(0.0, 0.5_f64.ln()), (1.0, -1.841_021_645_009_264), (10.0, -53.231_285_151_242_46)];
        for (z, value) in known {
            assert!((log_survival(z) - value).abs() < 1e-9, "{z} {}", log_survival(z));
        }
        assert!((log_survival(TAIL) - log_survival(TAIL + 1e-12)).abs() < 1e-8);
        assert!(log_survival(1e3).is_finite() && log_survival(-1e3) == 0.0);
        for z in [-5.0, -1.0, 0.3, 5.9, 6.1, 40.0] {
            let slope = (log_survival(z - 1e-4) - log_survival(z + 1e-4)) / 2e-4;
            assert!((hazard(z) - slope).abs() < 1e-5 * (1.0 + slope), "{z}: {} {slope}", hazard(z));
        }
    }

    #[test]
    fn quantiles_and_normal_numbers() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), Some(3.0));
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let mut numbers: Vec<f64> = (0..20_000).map(|_| normal(&mut random)).collect();
        numbers.sort_by(f64::total_cmp);
        assert!((quantile(&numbers, 0.975).expect("many") - 1.96).abs() < 0.05);
        assert!((student(0.95, 8).expect("freedom") - 2.306_004).abs() < 1e-5);
        assert_eq!(student(0.95, 0), None);
    }
}
