//! Local exponents: does a power law hold at all?

use serde::{Deserialize, Serialize};

use super::{FitPoint, Observed};

/// `d ln t_E / d ln N` between two neighbouring sizes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LocalExponent {
    /// Geometric mean of the two sizes, where the quotient of differences is of second order in ln N.
    pub n: f64,
    /// The two sizes.
    pub between: [f64; 2],
    /// The exponent.
    pub exponent: f64,
    /// Standard error from those of the two times, when they have any.
    pub standard_error: Option<f64>,
}

/// Local exponents between neighbouring sizes that crossed; bounds are left out. Times of equal N are
/// averaged (geometric mean) first.
pub fn local_exponents(points: &[FitPoint]) -> Vec<LocalExponent> {
    let merged = merged(points);
    let between = |pair: &[Merged]| {
        let [a, b] = [&pair[0], &pair[1]];
        let width = b.n.ln() - a.n.ln();
        let variance = a.variance + b.variance;
        LocalExponent {
            n: (a.n * b.n).sqrt(),
            between: [a.n, b.n],
            exponent: (b.log_time - a.log_time) / width,
            standard_error: (variance > 0.0).then(|| variance.sqrt() / width),
        }
    };
    merged.windows(2).map(between).collect()
}

/// One size with the mean logarithm of its times.
struct Merged {
    n: f64,
    log_time: f64,
    variance: f64,
}

fn merged(points: &[FitPoint]) -> Vec<Merged> {
    let mut times: Vec<(f64, f64, f64)> = points
        .iter()
        .filter_map(|p| match p.observed {
            Observed::Crossed { time } if time > 0.0 && time.is_finite() && p.n > 0.0 && p.n.is_finite() => {
                let error = p.standard_error.filter(|e| e.is_finite()).unwrap_or(0.0);
                Some((p.n, time.ln(), (error / time).powi(2)))
            }
            _ => None,
        })
        .collect();
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    times
        .chunk_by(|a, b| a.0 == b.0)
        .map(|group| {
            let count = group.len() as f64;
            let sum = group.iter().fold((0.0, 0.0), |s, g| (s.0 + g.1, s.1 + g.2));
            Merged { n: group[0].0, log_time: sum.0 / count, variance: sum.1 / (count * count) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logarithm_has_a_falling_local_exponent() {
        let sizes = [10.0, 10.0, 100.0, 1e3, 1e4];
        let mut points: Vec<FitPoint> = sizes.map(|n: f64| FitPoint::crossed(n, n.ln())).to_vec();
        points.push(FitPoint::at_least(1e5, 3.0));
        points.push(FitPoint::crossed(f64::NAN, 1.0));
        let local = local_exponents(&points);
        assert_eq!(local.len(), 3);
        for e in &local {
            // d ln(ln N) / d ln N = 1 / ln N.
            assert!((e.exponent * e.n.ln() - 1.0).abs() < 0.05, "{e:?}");
        }
        assert!(local_exponents(&[]).is_empty() && local_exponents(&points[..2]).is_empty());
    }
}
