//! One law through several engines: `t_E = A N^delta(N)` with a local exponent that changes once, smoothly.
//!
//! ```text
//! delta(N) = delta_0 + (delta_1 - delta_0) / (1 + exp(-(ln N - x_0) / w))
//! ln t_E   = c + delta_0 x + (delta_1 - delta_0) w ln(1 + exp((x - x_0) / w)),   x = ln N
//! ```
//! delta_1 is the exponent that the law ends in. For given x_0 and w the law is linear in the rest: chi^2 is mapped over
//! a grid of the two, and every interval is that of the profile likelihood over the grid: values that some x_0 and w
//! make compatible with the points (Barndorff-Nielsen and Cox, Inference and Asymptotics (1994), ch. 3). Where the law
//! does not fit within the errors these are scaled up until it does.

use serde::{Deserialize, Serialize};

use super::linear::{Matrix, SIZE, Vector, inverse, solve};
use super::{Interval, Prediction};
use crate::statistics::student;

/// Relative error of every time beyond its own: the law is smooth, times wobble about it with the phase of the motion.
const WOBBLE: f64 = 5e-3;
/// Fewest sizes: one more than parameters.
const FEWEST: usize = 6;
/// Grid of x_0 over the range of the points.
const PLACES: usize = 61;
/// Grid of w, in units of ln N, evenly spaced in its logarithm.
const WIDTHS: (usize, f64, f64) = (21, 0.2, 3.0);
/// Places at which the law is shown.
const SHOWN: usize = 49;

/// One time of a joint fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointPoint {
    /// Label of the engine.
    pub series: String,
    /// Number of spins.
    pub n: f64,
    /// The time.
    pub time: f64,
    /// Its relative error: statistical, and of the approximation where that is known.
    pub relative_error: f64,
}

/// The local exponent at a size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SmoothExponent {
    /// Number of spins.
    pub n: f64,
    /// `d ln t_E / d ln N` of the law.
    pub exponent: f64,
    /// Its interval.
    pub interval: Interval,
}

/// The law through all points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointFit {
    /// The exponent at small N, delta_0.
    pub first: SmoothExponent,
    /// The exponent that the law ends in, delta_1; `n` is the largest size.
    pub asymptote: SmoothExponent,
    /// Size about which it changes, `exp(x_0)`.
    pub turning: f64,
    /// Width of the change in ln N, w.
    pub width: f64,
    /// chi^2 of the law with the errors as given (and half a percent of each time).
    pub chi_square: f64,
    /// chi^2 of one power law.
    pub chi_square_of_power_law: f64,
    /// Points less parameters.
    pub freedom: usize,
    /// Errors were multiplied by this for the intervals.
    pub scaled: f64,
    /// Level of the intervals.
    pub level: f64,
    /// The law over the points.
    pub law: Vec<Prediction>,
    /// The local exponent over the points.
    pub exponents: Vec<SmoothExponent>,
}

/// The law with its turning point and width fixed: what is linear is solved.
struct Linear {
    place: f64,
    width: f64,
    chi_square: f64,
    /// c, delta_0, delta_1 - delta_0.
    parameters: Vector,
    covariance: Matrix,
}

/// `ln(1 + exp u)`.
fn softplus(u: f64) -> f64 {
    u.max(0.0) + (-u.abs()).exp().ln_1p()
}

fn logistic(u: f64) -> f64 {
    1.0 / (1.0 + (-u).exp())
}

/// Logarithms of the points.
struct Data {
    /// `ln N`, `ln t`, error of the latter.
    points: Vec<[f64; 3]>,
    /// Middle of the range of ln N, from which it is counted.
    centre: f64,
    ends: [f64; 2],
}

impl Data {
    fn new(points: &[JointPoint]) -> Self {
        let of = |p: &JointPoint| [p.n.ln(), p.time.ln(), p.relative_error.hypot(WOBBLE)];
        let points: Vec<[f64; 3]> = points.iter().map(of).collect();
        let low = points.iter().map(|p| p[0]).fold(f64::INFINITY, f64::min);
        let high = points.iter().map(|p| p[0]).fold(f64::NEG_INFINITY, f64::max);
        Self { points, centre: 0.5 * (low + high), ends: [low, high] }
    }

    fn sizes(&self) -> usize {
        let mut sizes: Vec<f64> = self.points.iter().map(|p| p[0]).collect();
        sizes.sort_by(f64::total_cmp);
        sizes.dedup();
        sizes.len()
    }

    /// Values of the linear functions at `x`; their slopes are those of [`Data::slopes`].
    fn basis(&self, x: f64, place: f64, width: f64) -> Vector {
        [1.0, x - self.centre, width * softplus((x - place) / width), 0.0]
    }

    fn slopes(x: f64, place: f64, width: f64) -> Vector {
        [0.0, 1.0, logistic((x - place) / width), 0.0]
    }

    /// The best law with this turning point and width; with two parameters a power law.
    fn solved(&self, place: f64, width: f64, parameters: usize) -> Option<Linear> {
        let (mut matrix, mut right) = (Matrix::default(), Vector::default());
        for [x, y, error] in &self.points {
            let basis = self.basis(*x, place, width);
            for k in 0..parameters {
                right[k] += basis[k] * y / (error * error);
                for l in 0..parameters {
                    matrix[k][l] += basis[k] * basis[l] / (error * error);
                }
            }
        }
        let parameters_found = solve(&matrix, &right, parameters)?;
        let covariance = inverse(&matrix, parameters)?;
        let residual = |[x, y, error]: &[f64; 3]| {
            (y - product(&parameters_found, &self.basis(*x, place, width))) / error
        };
        let chi_square = self.points.iter().map(|p| residual(p).powi(2)).sum();
        Some(Linear { place, width, chi_square, parameters: parameters_found, covariance })
    }

    fn grid(&self) -> Vec<Linear> {
        let [low, high] = self.ends;
        let place = |k: usize| low + (high - low) * k as f64 / (PLACES - 1) as f64;
        let (count, narrow, wide) = WIDTHS;
        let width = |k: usize| narrow * (wide / narrow).powf(k as f64 / (count - 1) as f64);
        let pairs = (0..PLACES).flat_map(|p| (0..count).map(move |w| (p, w)));
        pairs.filter_map(|(p, w)| self.solved(place(p), width(w), 3)).collect()
    }
}

fn product(a: &Vector, b: &Vector) -> f64 {
    (0..SIZE).map(|k| a[k] * b[k]).sum()
}

impl Linear {
    /// A linear function of the parameters and its variance.
    fn function(&self, of: &Vector) -> (f64, f64) {
        let variance = (0..SIZE).map(|k| of[k] * product(&self.covariance[k], of)).sum();
        (product(&self.parameters, of), variance)
    }
}

/// All laws of the grid that are compatible with the points.
struct Profile {
    grid: Vec<Linear>,
    best: usize,
    /// chi^2 up to which a law is compatible.
    most: f64,
}

impl Profile {
    /// The value of the best law, and the interval of what is compatible.
    fn of(&self, function: impl Fn(&Linear) -> Vector) -> (f64, Interval) {
        let value = self.grid[self.best].function(&function(&self.grid[self.best])).0;
        let mut interval = Interval { lower: value, upper: value };
        for law in self.grid.iter().filter(|law| law.chi_square <= self.most) {
            let (value, variance) = law.function(&function(law));
            let half = (variance * (self.most - law.chi_square)).max(0.0).sqrt();
            interval.lower = interval.lower.min(value - half);
            interval.upper = interval.upper.max(value + half);
        }
        (value, interval)
    }
}

/// Fits the law. An error says in words why there is none.
///
/// # Errors
/// Too few sizes, or points that no law goes through.
pub fn joint_fit(points: &[JointPoint], level: f64) -> Result<JointFit, String> {
    let data = Data::new(points);
    let sizes = data.sizes();
    if sizes < FEWEST {
        return Err(format!("a smooth local exponent needs at least {FEWEST} sizes, but there are {sizes}"));
    }
    let none = || "no law goes through the points".to_owned();
    let grid = data.grid();
    let order = |a: &usize, b: &usize| grid[*a].chi_square.total_cmp(&grid[*b].chi_square);
    let best = (0..grid.len()).min_by(order).ok_or_else(none)?;
    let straight = data.solved(data.centre, 1.0, 2).ok_or_else(none)?;
    let chi_square = grid[best].chi_square;
    let freedom = points.len().saturating_sub(FEWEST - 1).max(1);
    let scaled = (chi_square / freedom as f64).max(1.0).sqrt();
    let quantile = student(level, freedom).ok_or_else(none)?;
    let most = chi_square + (quantile * scaled).powi(2);
    let (turning, width) = (grid[best].place.exp(), grid[best].width);
    let profile = Profile { grid, best, most };
    let [low, high] = data.ends;
    let shown = |k: usize| low + (high - low) * k as f64 / (SHOWN - 1) as f64;
    let exponent =
        |n: f64, found: (f64, Interval)| SmoothExponent { n, exponent: found.0, interval: found.1 };
    let law = |x: f64| {
        let (value, interval) = profile.of(|law| data.basis(x, law.place, law.width));
        let interval = Interval { lower: interval.lower.exp(), upper: interval.upper.exp() };
        Prediction { n: x.exp(), time: value.exp(), interval: Some(interval) }
    };
    let local = |x: f64| exponent(x.exp(), profile.of(|law| Data::slopes(x, law.place, law.width)));
    Ok(JointFit {
        first: exponent(low.exp(), profile.of(|_| [0.0, 1.0, 0.0, 0.0])),
        asymptote: exponent(high.exp(), profile.of(|_| [0.0, 1.0, 1.0, 0.0])),
        turning,
        width,
        chi_square,
        chi_square_of_power_law: straight.chi_square,
        freedom,
        scaled,
        level,
        law: (0..SHOWN).map(|k| law(shown(k))).collect(),
        exponents: (0..SHOWN).map(|k| local(shown(k))).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(n: f64, time: f64, relative_error: f64) -> JointPoint {
        JointPoint { series: "x".into(), n, time, relative_error }
    }

    /// The law itself, from N = 4 to 1e5.
    fn bent(noise: impl Fn(usize) -> f64) -> Vec<JointPoint> {
        let (first, last, place, width) = (0.6, 1.0, 6.5, 0.9);
        let at = |k: usize| {
            let x = 4.0_f64.ln() + 0.7 * k as f64;
            let y = 1.0 + first * x + (last - first) * width * softplus((x - place) / width);
            point(x.exp(), (y + noise(k)).exp(), 0.01)
        };
        (0..15).map(at).collect()
    }

    #[test]
    fn the_exponents_of_a_law_come_back() {
        let found = joint_fit(&bent(|_| 0.0), 0.95).expect("enough points");
        assert!((found.asymptote.exponent - 1.0).abs() < 0.01, "{:?}", found.asymptote);
        assert!((found.first.exponent - 0.6).abs() < 0.01, "{:?}", found.first);
        assert!((found.turning.ln() - 6.5).abs() < 0.2 && (found.width / 0.9).ln().abs() < 0.2);
        // What the grid leaves, and the power law: least squares by NumPy on the same points.
        assert!((found.chi_square - 0.526_210).abs() < 1e-5, "{}", found.chi_square);
        assert!(
            (found.chi_square_of_power_law - 7_372.316).abs() < 1e-2,
            "{}",
            found.chi_square_of_power_law
        );
        let middle = found.exponents[SHOWN / 2];
        assert!(middle.interval.contains(middle.exponent) && middle.interval.upper < 1.0, "{middle:?}");
        assert!((found.scaled, found.freedom) == (1.0, 10));
    }

    #[test]
    fn intervals_cover_the_asymptote_as_often_as_they_say() {
        use rand::SeedableRng;
        let mut covered = 0;
        for seed in 0..40 {
            let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
            let noise: Vec<f64> = (0..15).map(|_| 0.01 * crate::statistics::normal(&mut random)).collect();
            let found = joint_fit(&bent(|k| noise[k]), 0.95).expect("enough points");
            covered += u32::from(found.asymptote.interval.contains(1.0));
        }
        assert!(covered >= 35, "{covered} of 40");
    }

    #[test]
    fn without_a_plateau_the_asymptote_is_open() {
        let all = bent(|_| 0.0);
        let (part, whole) = (joint_fit(&all[..8], 0.95), joint_fit(&all, 0.95));
        let width = |f: &JointFit| f.asymptote.interval.upper - f.asymptote.interval.lower;
        let (part, whole) = (part.expect("enough points"), whole.expect("enough points"));
        assert!(width(&part) > 5.0 * width(&whole), "{} {}", width(&part), width(&whole));
        assert!(part.asymptote.interval.contains(1.0));
    }

    #[test]
    fn too_few_sizes_are_told() {
        let told = joint_fit(&bent(|_| 0.0)[..5], 0.95).expect_err("too few");
        assert!(told.contains("at least 6 sizes, but there are 5"), "{told}");
    }
}
