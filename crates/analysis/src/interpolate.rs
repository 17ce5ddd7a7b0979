//! Interpolation of sampled series: parabolic slopes, a monotone cubic and its integral.

/// Slope at point `i` of the parabola through it and its neighbours (one-sided at the ends); second order on
/// any grid. A single point has slope 0.
pub(crate) fn parabolic_slope(times: &[f64], values: &[f64], i: usize) -> f64 {
    let n = times.len().min(values.len());
    let secant = |k: usize| (values[k + 1] - values[k]) / (times[k + 1] - times[k]);
    match n {
        0 | 1 => return 0.0,
        2 => return secant(0),
        _ => {}
    }
    let (left, at) = match i {
        0 => (0, 0),
        i if i + 1 >= n => (n - 3, 2),
        i => (i - 1, 1),
    };
    let (h0, h1) = (times[left + 1] - times[left], times[left + 2] - times[left + 1]);
    let (s0, s1) = (secant(left), secant(left + 1));
    let curvature = (s1 - s0) / (h0 + h1);
    match at {
        0 => s0 - h0 * curvature,
        1 => s0 + h0 * curvature,
        _ => s1 + h1 * curvature,
    }
}

/// One interval of a cubic Hermite interpolant; `length` is the width, slopes are per unit of time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hermite {
    pub(crate) length: f64,
    pub(crate) values: [f64; 2],
    pub(crate) slopes: [f64; 2],
}

impl Hermite {
    /// Value at the fraction `u` of the interval.
    pub(crate) fn value(&self, u: f64) -> f64 {
        let [v0, v1] = self.values;
        let [d0, d1] = self.slopes.map(|d| d * self.length);
        let w = 1.0 - u;
        v0 * w * w * (1.0 + 2.0 * u) + v1 * u * u * (3.0 - 2.0 * u) + u * w * (d0 * w - d1 * u)
    }

    /// Slope per unit of time at the fraction `u`.
    pub(crate) fn slope(&self, u: f64) -> f64 {
        let [v0, v1] = self.values;
        let [d0, d1] = self.slopes;
        let w = 1.0 - u;
        6.0 * u * w * (v1 - v0) / self.length + d0 * w * (1.0 - 3.0 * u) + d1 * u * (3.0 * u - 2.0)
    }

    /// Integral over time from the start to the fraction `u`.
    pub(crate) fn integral(&self, u: f64) -> f64 {
        let [v0, v1] = self.values;
        let [d0, d1] = self.slopes.map(|d| d * self.length);
        let (u2, u3) = (u * u, u * u * u);
        let u4 = u2 * u2;
        let h00 = u - u3 + 0.5 * u4;
        let h01 = u3 - 0.5 * u4;
        let h10 = 0.5 * u2 - 2.0 * u3 / 3.0 + 0.25 * u4;
        let h11 = 0.25 * u4 - u3 / 3.0;
        self.length * (v0 * h00 + v1 * h01 + d0 * h10 + d1 * h11)
    }

    /// Slopes limited so that the cubic is monotone (Hyman, SIAM J. Sci. Stat. Comput. 4, 645 (1983)).
    pub(crate) fn monotone(mut self) -> Self {
        let secant = (self.values[1] - self.values[0]) / self.length;
        self.slopes = self.slopes.map(|d| if d * secant <= 0.0 { 0.0 } else { limited(d, 3.0 * secant) });
        self
    }

    /// Fraction at which a monotone interpolant with values of different sign vanishes (bisection).
    pub(crate) fn root(&self) -> f64 {
        let rising = self.values[1] > self.values[0];
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if (self.value(middle) > 0.0) == rising {
                high = middle;
            } else {
                low = middle;
            }
        }
        0.5 * (low + high)
    }
}

fn limited(slope: f64, bound: f64) -> f64 {
    slope.signum() * slope.abs().min(bound.abs())
}

/// Running integral of a series by its cubic Hermite interpolant with parabolic slopes (fourth order).
pub(crate) struct Integral<'a> {
    times: &'a [f64],
    pieces: Vec<Hermite>,
    sums: Vec<f64>,
}

impl<'a> Integral<'a> {
    /// Of a series with as many values as times.
    pub(crate) fn new(times: &'a [f64], values: &[f64]) -> Self {
        let slopes: Vec<f64> = (0..times.len()).map(|i| parabolic_slope(times, values, i)).collect();
        let piece = |i: usize| Hermite {
            length: times[i + 1] - times[i],
            values: [values[i], values[i + 1]],
            slopes: [slopes[i], slopes[i + 1]],
        };
        let pieces: Vec<Hermite> = (0..times.len().saturating_sub(1)).map(piece).collect();
        let mut sums = vec![0.0];
        for piece in &pieces {
            sums.push(sums[sums.len() - 1] + piece.integral(1.0));
        }
        Self { times, pieces, sums }
    }

    /// Integral from the first time to `t`, which is clamped to the range.
    pub(crate) fn up_to(&self, t: f64) -> f64 {
        let next = self.times.partition_point(|x| *x <= t);
        if next == 0 || self.pieces.is_empty() {
            return 0.0;
        }
        let i = (next - 1).min(self.pieces.len() - 1);
        let u = ((t - self.times[i]) / self.pieces[i].length).clamp(0.0, 1.0);
        self.sums[i] + self.pieces[i].integral(u)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cubic_piece_is_reproduced_with_slope_and_integral() {
        let f = |t: f64| 1.0 - 2.0 * t + 0.5 * t * t * t;
        let d = |t: f64| -2.0 + 1.5 * t * t;
        let big = |t: f64| t - t * t + 0.125 * t.powi(4);
        let piece = Hermite { length: 2.0, values: [f(1.0), f(3.0)], slopes: [d(1.0), d(3.0)] };
        for u in [0.0, 0.2, 0.7, 1.0] {
            let t = 1.0 + 2.0 * u;
            assert!((piece.value(u) - f(t)).abs() < 1e-13);
            assert!((piece.slope(u) - d(t)).abs() < 1e-13);
            assert!((piece.integral(u) - (big(t) - big(1.0))).abs() < 1e-13);
        }
    }

    #[test]
    fn parabolas_have_exact_slopes_on_any_grid() {
        let times = [0.0, 0.3, 1.0, 1.1];
        let values = times.map(|t: f64| 3.0 * t * t - t);
        for i in 0..4 {
            assert!((parabolic_slope(&times, &values, i) - (6.0 * times[i] - 1.0)).abs() < 1e-12);
        }
    }

    #[test]
    fn the_running_integral_is_of_fourth_order() {
        let error = |n: usize| {
            let times: Vec<f64> = (0..=n).map(|i| 3.0 * i as f64 / n as f64).collect();
            let values: Vec<f64> = times.iter().map(|t| t.sin()).collect();
            (Integral::new(&times, &values).up_to(2.345) - (1.0 - 2.345_f64.cos())).abs()
        };
        assert!(error(40) < 2e-6 && error(320) < error(40) / 400.0, "{} {}", error(40), error(320));
    }
}
