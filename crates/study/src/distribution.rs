//! Distributions of a number over the spins of an ensemble, and their quadrature rules.

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use crate::error::{Fault, StudyError};
use crate::section::Section;

/// How a number is distributed over spins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Distribution {
    /// A normal distribution: centre and standard deviation.
    Gaussian(f64, f64),
    /// A box: centre and half of its width.
    Uniform(f64, f64),
    /// A Lorentz (Cauchy) distribution: centre and half width at half maximum.
    Lorentzian(f64, f64),
    /// Values and their weights, which add up to 1.
    List(Vec<(f64, f64)>),
}

const KNOWN: [&str; 4] = ["gaussian", "uniform", "lorentzian", "list"];

impl Section<'_> {
    /// The distribution under `key`, if it is one: a table `{ distribution = "gaussian", ... }`.
    pub(crate) fn distribution(&self, key: &str) -> Result<Option<Distribution>, StudyError> {
        let is_one = |value: &DeValue<'_>| value.as_table().is_some_and(|t| t.contains_key("distribution"));
        if !self.value(key).is_some_and(|value| is_one(value.get_ref())) {
            return Ok(None);
        }
        let Some(inner) = self.section(key, format!("`{key}` of {}", self.of()))? else { return Ok(None) };
        let kind = inner.choice("distribution", "distribution", &KNOWN)?;
        if kind == Some("list") {
            let found = inner.list()?;
            inner.finish()?;
            return Ok(Some(found));
        }
        let width = if kind == Some("gaussian") { "deviation" } else { "half_width" };
        let center =
            inner.required_number("center", "a finite number: where the distribution is symmetric")?;
        let spread = inner.required_number(width, "a number >= 0")?;
        if !center.is_finite() {
            return Err(inner.wrong("center", "a finite number"));
        }
        if !(spread.is_finite() && spread >= 0.0) {
            return Err(inner.wrong(width, "a finite number >= 0"));
        }
        inner.finish()?;
        Ok(Some(match kind {
            Some("gaussian") => Distribution::Gaussian(center, spread),
            Some("uniform") => Distribution::Uniform(center, spread),
            _ => Distribution::Lorentzian(center, spread),
        }))
    }

    fn list(&self) -> Result<Distribution, StudyError> {
        const VALUES: &str = "a list of finite numbers, one for every class";
        let values = self.numbers("values")?.ok_or_else(|| self.wrong("values", VALUES))?;
        if values.is_empty() || values.iter().any(|x| !x.is_finite()) {
            return Err(self.wrong("values", VALUES));
        }
        let weights = self.numbers("weights")?.unwrap_or_else(|| vec![1.0; values.len()]);
        let sum: f64 = weights.iter().sum();
        let good = weights.iter().all(|w| w.is_finite() && *w > 0.0) && sum.is_finite();
        if weights.len() != values.len() || !good {
            return Err(
                self.wrong("weights", format!("a list of {} numbers > 0, one for every value", values.len()))
            );
        }
        Ok(Distribution::List(values.into_iter().zip(weights.into_iter().map(|w| w / sum)).collect()))
    }
}

impl Distribution {
    /// Its centre; of a list the mean.
    pub(crate) fn center(&self) -> f64 {
        match self {
            Self::Gaussian(center, _) | Self::Uniform(center, _) | Self::Lorentzian(center, _) => *center,
            Self::List(list) => list.iter().map(|(x, w)| x * w).sum(),
        }
    }

    /// Values of so many classes and their weights: the nodes of Gauss and Hermite, of Gauss and Legendre; of a Lorentz
    /// distribution, which has no moments, the middle quantiles of parts of equal weight.
    ///
    /// # Errors
    /// The number of values of a list of another length.
    pub(crate) fn nodes(&self, count: usize) -> Result<Vec<(f64, f64)>, usize> {
        let scaled = |center: f64, spread: f64, squared: fn(f64) -> f64| {
            gauss(count, squared).into_iter().map(|(x, w)| (center + spread * x, w)).collect()
        };
        match self {
            Self::Gaussian(center, deviation) => Ok(scaled(*center, *deviation, |k| k)),
            Self::Uniform(center, half) => Ok(scaled(*center, *half, |k| k * k / (4.0 * k * k - 1.0))),
            Self::Lorentzian(center, half) => {
                let share = 1.0 / count as f64;
                let quantile = |i: usize| (std::f64::consts::PI * ((i as f64 + 0.5) * share - 0.5)).tan();
                Ok((0..count).map(|i| (center + half * quantile(i), share)).collect())
            }
            Self::List(list) if list.len() == count => Ok(list.clone()),
            Self::List(list) => Err(list.len()),
        }
    }

    /// As it is written.
    pub(crate) fn shown(&self) -> Json {
        let named = |name: &str, center: &f64, key: &str, spread: &f64| json!({ "distribution": name, "center": center, key: spread });
        match self {
            Self::Gaussian(center, spread) => named("gaussian", center, "deviation", spread),
            Self::Uniform(center, spread) => named("uniform", center, "half_width", spread),
            Self::Lorentzian(center, spread) => named("lorentzian", center, "half_width", spread),
            Self::List(list) => {
                let (values, weights): (Vec<f64>, Vec<f64>) = list.iter().copied().unzip();
                json!({ "distribution": "list", "values": values, "weights": weights })
            }
        }
    }

    /// A fault of a distribution where none can be.
    pub(crate) fn refused(section: &Section<'_>, key: &str, conflict: impl Into<String>) -> StudyError {
        section.fault(key, Fault::Conflict { of: section.of().to_owned(), conflict: conflict.into() })
    }
}

/// Nodes and weights of the Gauss rule of a symmetric probability measure, whose orthonormal polynomials obey
/// `b_(k+1) p_(k+1) = x p_k - b_k p_(k-1)`; `squared(k)` is `b_k^2`. The zeros of one polynomial lie between those of the
/// next: each is found by bisection, from degree to degree.
fn gauss(count: usize, squared: fn(f64) -> f64) -> Vec<(f64, f64)> {
    let b: Vec<f64> = (0..=count).map(|k| squared(k as f64).max(0.0).sqrt()).collect();
    let polynomials = |x: f64, degree: usize| {
        let (mut before, mut now, mut sum) = (0.0, 1.0, 0.0);
        for k in 0..degree {
            sum += now * now;
            (before, now) = (now, (x * now - b[k] * before) / b[k + 1]);
        }
        (now, sum)
    };
    // Gershgorin: all zeros lie within the largest sum of two neighbouring b.
    let bound = b.windows(2).map(|pair| pair[0] + pair[1]).fold(0.0, f64::max) + 1.0;
    let mut zeros: Vec<f64> = Vec::new();
    for degree in 1..=count {
        let ends = [&[-bound], zeros.as_slice(), &[bound]].concat();
        let between = |pair: &[f64]| {
            let (mut low, mut high) = (pair[0], pair[1]);
            let sign = polynomials(high, degree).0.is_sign_positive();
            for _ in 0..80 {
                let middle = 0.5 * (low + high);
                if polynomials(middle, degree).0.is_sign_positive() == sign {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            0.5 * (low + high)
        };
        zeros = ends.windows(2).map(between).collect();
    }
    // The zero in the middle is zero.
    let zeros = zeros.into_iter().map(|x| if x.abs() < 1e-14 * bound { 0.0 } else { x });
    zeros.map(|x| (x, 1.0 / polynomials(x, count).1)).collect()
}

/// Whole numbers that add up to `total`, in proportion to `weights`, which add up to 1: what rounding down leaves goes to the
/// largest remainders, of equal ones to those nearest the middle.
pub(crate) fn apportioned(total: usize, weights: &[f64]) -> Vec<usize> {
    let shares: Vec<f64> = weights.iter().map(|w| w * total as f64).collect();
    let mut sizes: Vec<usize> = shares.iter().map(|share| (share + 1e-9).floor() as usize).collect();
    let middle = (weights.len() as f64 - 1.0) / 2.0;
    let mut order: Vec<usize> = (0..weights.len()).collect();
    // Remainders that differ by rounding are equal.
    let remainder = |i: usize| ((shares[i] - sizes[i] as f64) * 1e9).round();
    order.sort_by(|i, j| {
        let distance = |i: usize| (i as f64 - middle).abs();
        remainder(*j).total_cmp(&remainder(*i)).then(distance(*i).total_cmp(&distance(*j)))
    });
    let rest = total.saturating_sub(sizes.iter().sum());
    for i in order.into_iter().cycle().take(rest) {
        sizes[i] += 1;
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gauss rules integrate polynomials of degree 2 n - 1 exactly: E[x^2], E[x^4] of both measures.
    #[test]
    fn rules_are_exact_and_symmetric() {
        for count in [1, 2, 3, 5, 10, 40, 100] {
            for (distribution, moments) in [
                (Distribution::Gaussian(0.0, 1.0), [1.0, 3.0]),
                (Distribution::Uniform(0.0, 1.0), [1.0 / 3.0, 0.2]),
            ] {
                let nodes = distribution.nodes(count).expect("nodes");
                let mean = |power: i32| nodes.iter().map(|(x, w)| w * x.powi(power)).sum::<f64>();
                assert!((mean(0) - 1.0).abs() < 1e-12 && mean(1).abs() < 1e-12, "{distribution:?}, {count}");
                for (k, moment) in moments.into_iter().enumerate().filter(|(k, _)| 2 * (k + 1) < 2 * count) {
                    let found = mean(2 * (k as i32 + 1));
                    assert!((found - moment).abs() < 1e-11 * moment, "{distribution:?}, {count}: {found}");
                }
            }
        }
    }

    #[test]
    fn sizes_add_up() {
        assert_eq!(apportioned(7, &[0.5, 0.5]), [4, 3]);
        assert_eq!(apportioned(10, &[0.25, 0.5, 0.25]), [3, 5, 2]);
        for count in [1, 5, 30, 100] {
            let nodes = Distribution::Gaussian(0.0, 1.0).nodes(count).expect("nodes");
            let weights: Vec<f64> = nodes.iter().map(|(_, w)| *w).collect();
            for total in [1, 10, 997] {
                assert_eq!(apportioned(total, &weights).iter().sum::<usize>(), total);
            }
        }
    }
}
