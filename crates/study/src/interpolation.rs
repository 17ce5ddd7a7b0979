//! Values between those of a table.

/// How it is interpolated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Straight lines.
    Linear,
    /// The natural cubic spline: two continuous derivatives, no curvature at the ends.
    Cubic,
}

/// A function through the points of a table; undefined (NaN) outside of it.
#[derive(Debug, Clone)]
pub(crate) struct Interpolation {
    times: Vec<f64>,
    values: Vec<f64>,
    /// Second derivatives at the times.
    curvatures: Vec<f64>,
}

impl Interpolation {
    /// Through `values` at increasing `times`, two at least.
    pub(crate) fn new(times: &[f64], values: &[f64], kind: Kind) -> Self {
        let curvatures = match kind {
            Kind::Linear => vec![0.0; times.len()],
            Kind::Cubic => curvatures(times, values),
        };
        Self { times: times.to_vec(), values: values.to_vec(), curvatures }
    }

    /// The value at a time.
    pub(crate) fn at(&self, t: f64) -> f64 {
        let last = self.times.len() - 1;
        if !(self.times[0] <= t && t <= self.times[last]) {
            return f64::NAN;
        }
        let k = self.times.partition_point(|x| *x <= t).clamp(1, last);
        let h = self.times[k] - self.times[k - 1];
        let (a, b) = ((self.times[k] - t) / h, (t - self.times[k - 1]) / h);
        let bent = (a.powi(3) - a) * self.curvatures[k - 1] + (b.powi(3) - b) * self.curvatures[k];
        a * self.values[k - 1] + b * self.values[k] + bent * h * h / 6.0
    }
}

/// Second derivatives of the natural spline, from its tridiagonal system
/// `h_(k-1) c_(k-1) + 2 (h_(k-1) + h_k) c_k + h_k c_(k+1) = 6 (slope_k - slope_(k-1))`.
fn curvatures(times: &[f64], values: &[f64]) -> Vec<f64> {
    let n = times.len();
    let step = |k: usize| times[k + 1] - times[k];
    let slope = |k: usize| (values[k + 1] - values[k]) / step(k);
    let (mut upper, mut right) = (vec![0.0; n], vec![0.0; n]);
    for k in 1..n - 1 {
        let pivot = 2.0 * (step(k - 1) + step(k)) - step(k - 1) * upper[k - 1];
        upper[k] = step(k) / pivot;
        right[k] = (6.0 * (slope(k) - slope(k - 1)) - step(k - 1) * right[k - 1]) / pivot;
    }
    let mut found = vec![0.0; n];
    for k in (1..n - 1).rev() {
        found[k] = right[k] - upper[k] * found[k + 1];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splines_pass_through_their_points_and_bend_smoothly() {
        let times = [0.0, 0.5, 1.5, 2.0, 3.5];
        let values = [1.0, -0.5, 2.0, 0.3, 0.9];
        for kind in [Kind::Linear, Kind::Cubic] {
            let found = Interpolation::new(&times, &values, kind);
            for (t, x) in times.iter().zip(values) {
                assert!((found.at(*t) - x).abs() < 1e-14);
            }
            assert!(found.at(-0.1).is_nan() && found.at(3.6).is_nan() && found.at(f64::NAN).is_nan());
        }
        let found = Interpolation::new(&times, &values, Kind::Cubic);
        let slope = |t: f64| (found.at(t + 1e-5) - found.at(t - 1e-5)) / 2e-5;
        for t in [0.5, 1.5, 2.0] {
            assert!((slope(t + 2e-5) - slope(t - 2e-5)).abs() < 1e-3);
        }
        let straight = Interpolation::new(&[0.0, 1.0, 4.0], &[1.0, 3.0, 9.0], Kind::Cubic);
        assert!((straight.at(2.5) - 6.0).abs() < 1e-14);
    }

    /// The error of a spline through a smooth function falls with the fourth power of the spacing, away from the ends.
    #[test]
    fn splines_are_of_fourth_order() {
        let error = |n: usize| {
            let times: Vec<f64> = (0..=n).map(|i| 6.0 * i as f64 / n as f64).collect();
            let values: Vec<f64> = times.iter().map(|t| (2.0 * t).sin()).collect();
            let found = Interpolation::new(&times, &values, Kind::Cubic);
            (0..100)
                .map(|i| 2.0 + 0.02 * f64::from(i))
                .map(|t| (found.at(t) - (2.0 * t).sin()).abs())
                .fold(0.0, f64::max)
        };
        let order = (error(40) / error(80)).log2();
        assert!((order - 4.0).abs() < 0.3, "{order}");
    }
}
