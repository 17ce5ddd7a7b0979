//! Observables of single samples: what an observer sees who knows the record, and what is referred to the phase of
//! the light.

use num_complex::Complex64;

use super::{Combine, Context, connected_parts, spin_moment_operators};
use crate::Operator;
use crate::spin_quantities::SpinMoments;

/// An average over samples of numbers that are no expectation values of the averaged state.
#[derive(Debug, Clone)]
pub struct Sampled {
    /// The operators whose expectation values in every single sample are needed.
    pub operators: Vec<Operator>,
    /// The numbers of a sample, as a function of these; finite and below 2^50.
    pub numbers: Combine,
    /// How many numbers of a sample there are.
    pub width: usize,
    /// The function of the averages of the numbers, one value per component. NaN means undefined.
    pub combine: Combine,
    /// The context handed to both functions.
    pub context: Context,
    /// Whether a sample must be a quantum state, whose own variances count: a point of phase space has none.
    pub of_states: bool,
}

/// Below this `|<S>|/N` the squeezing of a single state counts as undefined: its xi_R^2 is beyond 10^11 N there.
const UNDEFINED_BELOW: f64 = 1e-6;
/// Below this `|<a>|` a sample has no phase.
const NO_PHASE_BELOW: f64 = 1e-9;

/// The quantiles of [`Sampled::quantiles`], and its components.
const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];
/// Names of the components of [`Sampled::quantiles`].
pub(super) const QUANTILE_NAMES: [&str; 10] = [
    "kitagawa_ueda_05",
    "kitagawa_ueda_25",
    "kitagawa_ueda_50",
    "kitagawa_ueda_75",
    "kitagawa_ueda_95",
    "wineland_05",
    "wineland_25",
    "wineland_50",
    "wineland_75",
    "wineland_95",
];
/// Lower end of the bins in dB, and their width; as many below 0 dB as above.
const LOWEST: f64 = -15.0;
const BIN: f64 = 0.2;
const BINS: usize = 150;
/// With what is below and above.
const ALL_BINS: usize = BINS + 2;

fn complex(numbers: &[f64]) -> Vec<Complex64> {
    numbers.iter().map(|x| Complex64::from(*x)).collect()
}

/// `[xi_S^2, xi_R^2, |<S>|/(N/2)]` of one state; the parameters are `None` where they are undefined.
fn squeezing(e: &[Complex64], n: f64) -> (Option<[f64; 2]>, f64) {
    let found = SpinMoments::from_expectations(e).squeezing(n);
    let is_defined = found[2] > 2.0 * UNDEFINED_BELOW;
    // Rounding can leave a variance just below zero.
    (is_defined.then(|| [found[0].max(0.0), found[1].max(0.0)]), found[2])
}

/// `numerator / share`, undefined where no sample is left.
fn among(numerator: f64, share: f64) -> f64 {
    if share > 0.0 { numerator / share } else { f64::NAN }
}

impl Sampled {
    /// The values of the components from averages of the numbers.
    pub fn of_averages(&self, means: &[f64]) -> Vec<f64> {
        (self.combine)(&complex(means), &self.context)
    }

    /// The components that are extreme over directions, in those of the averages `guide`.
    pub fn along(&self, means: &[f64], guide: &[f64]) -> Option<Vec<Option<f64>>> {
        self.combine.along(&complex(means), &complex(guide), &self.context)
    }

    /// Means of the squeezing parameters over the samples in which they are defined, and of the polarisation.
    pub(super) fn squeezing(ensemble: usize, context: Context) -> Self {
        let numbers = Combine::new(|e, c| {
            let (parameters, polarisation) = squeezing(e, c.spins);
            let [s, r] = parameters.unwrap_or_default();
            vec![s, r, polarisation, f64::from(u8::from(parameters.is_some()))]
        });
        let combine = Combine::new(|m, _| vec![among(m[0].re, m[3].re), among(m[1].re, m[3].re), m[2].re]);
        Self::of_spin(ensemble, context, (numbers, 4), combine)
    }

    /// Means of the bounds of the Fisher information; the lower one is 0 where `<S> = 0`.
    pub(super) fn fisher(ensemble: usize, context: Context) -> Self {
        let numbers = Combine::new(|e, c| {
            let upper = SpinMoments::from_expectations(e).fisher(c.spins)[1];
            let (parameters, _) = squeezing(e, c.spins);
            let lower = parameters.map_or(0.0, |[_, r]| (1.0 / r).min(upper));
            vec![lower, upper]
        });
        Self::of_spin(ensemble, context, (numbers, 2), Combine::new(|m, _| vec![m[0].re, m[1].re]))
    }

    /// Shares of the samples with xi_R^2 < 1, and without a direction.
    pub(super) fn shares(ensemble: usize, context: Context) -> Self {
        let numbers = Combine::new(|e, c| {
            let (parameters, _) = squeezing(e, c.spins);
            let share = |is: bool| f64::from(u8::from(is));
            vec![share(parameters.is_some_and(|[_, r]| r < 1.0 - ROUNDING)), share(parameters.is_none())]
        });
        Self::of_spin(ensemble, context, (numbers, 2), Combine::new(|m, _| vec![m[0].re, m[1].re]))
    }

    /// Quantiles of both parameters, from shares in bins of equal width in dB; what is undefined counts as above all.
    pub(super) fn quantiles(ensemble: usize, context: Context) -> Self {
        let numbers = Combine::new(|e, c| {
            let mut bins = vec![0.0; 2 * ALL_BINS];
            let (parameters, _) = squeezing(e, c.spins);
            let values = parameters.unwrap_or([f64::INFINITY; 2]);
            values.iter().enumerate().for_each(|(k, x)| bins[k * ALL_BINS + bin(*x)] = 1.0);
            bins
        });
        let combine = Combine::new(|m, _| {
            let halves = m.chunks_exact(ALL_BINS);
            halves.flat_map(|shares| QUANTILES.map(|q| quantile(shares, q))).collect()
        });
        Self::of_spin(ensemble, context, (numbers, 2 * ALL_BINS), combine)
    }

    /// Means of `<AB> - <A><B>` for operators in triples `AB, A, B`.
    pub(super) fn covariance(operators: Vec<Operator>, context: Context) -> Self {
        let width = operators.len() / 3;
        let numbers = Combine::new(|e, _| connected_parts(e));
        let combine = Combine::new(|m, _| m.iter().map(|x| x.re).collect());
        Self { operators, numbers, width, combine, context, of_states: true }
    }

    /// Squeezing of the averages of moments that are turned about z by the phase of a mode in every sample; samples
    /// without a phase are left out.
    pub(super) fn phase_referenced(ensemble: usize, mode: usize, context: Context) -> Self {
        let mut operators = spin_moment_operators(ensemble);
        operators.push(Operator::annihilate(mode));
        let numbers = Combine::new(|e, _| {
            let (moments, a) = (&e[..9], e[9]);
            if a.norm().is_nan() || a.norm() <= NO_PHASE_BELOW {
                return vec![0.0; 10];
            }
            let mut numbers = turned(moments, a / a.norm());
            numbers.push(1.0);
            numbers
        });
        let means = |m: &[Complex64]| {
            let share = m[9].re;
            let moments: Vec<Complex64> = m[..9].iter().map(|x| among(x.re, share).into()).collect();
            SpinMoments::from_expectations(&moments)
        };
        let combine = Combine::new(move |m, c| means(m).squeezing(c.spins))
            .guided(move |m, guide, c| means(m).squeezing_along(c.spins, &means(guide)));
        Self { operators, numbers, width: 10, combine, context, of_states: false }
    }

    fn of_spin(
        ensemble: usize,
        context: Context,
        (numbers, width): (Combine, usize),
        combine: Combine,
    ) -> Self {
        let operators = spin_moment_operators(ensemble);
        Self { operators, numbers, width, combine, context, of_states: true }
    }
}

/// A coherent state, whose parameter is 1, is not squeezed by the rounding of its moments.
const ROUNDING: f64 = 1e-6;

/// Number of the bin of a parameter.
fn bin(x: f64) -> usize {
    let place = (10.0 * x.log10() - LOWEST) / BIN;
    if place < 0.0 { 0 } else { 1 + (place as usize).min(BINS) }
}

/// The value that a share `q` of the samples lies below, linear in dB inside of a bin; NaN beyond the bins.
fn quantile(shares: &[Complex64], q: f64) -> f64 {
    let mut below = 0.0;
    for (number, share) in shares.iter().map(|s| s.re).enumerate() {
        if below + share >= q && share > 0.0 {
            let is_inside = (1..=BINS).contains(&number);
            let place = (number as f64 - 1.0) + (q - below) / share;
            return if is_inside { 10f64.powf((LOWEST + BIN * place) / 10.0) } else { f64::NAN };
        }
        below += share;
    }
    f64::NAN
}

/// First and second moments x, y, z, xx, xy, xz, yy, yz, zz of a spin turned about z by `arg phase`:
/// `S^- -> S^- e^(-i arg phase)`, so `S^x -> c S^x - s S^y` and `S^y -> s S^x + c S^y`.
fn turned(e: &[Complex64], phase: Complex64) -> Vec<f64> {
    let v = |k: usize| e[k].re;
    let (c, s) = (phase.re, phase.im);
    let (xx, xy, yy) = (v(3), v(4), v(6));
    vec![
        c * v(0) - s * v(1),
        s * v(0) + c * v(1),
        v(2),
        c * c * xx - 2.0 * c * s * xy + s * s * yy,
        c * s * (xx - yy) + (c * c - s * s) * xy,
        c * v(5) - s * v(7),
        s * s * xx + 2.0 * c * s * xy + c * c * yy,
        s * v(5) + c * v(7),
        v(8),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A coherent spin along the direction with azimuth `phi`, on the equator.
    fn coherent(n: f64, phi: f64) -> Vec<Complex64> {
        let (s, c) = phi.sin_cos();
        let (long, short) = (0.25 * n * n, 0.25 * n);
        let second = |u: f64, v: f64, same: f64| (long - short) * u * v + short * same;
        [
            0.5 * n * c,
            0.5 * n * s,
            0.0,
            second(c, c, 1.0),
            second(c, s, 0.0),
            0.0,
            second(s, s, 1.0),
            0.0,
            short,
        ]
        .map(Complex64::from)
        .to_vec()
    }

    #[test]
    fn turning_by_the_phase_moves_the_spin_by_it() {
        let found = turned(&coherent(6.0, 0.4), Complex64::from_polar(1.0, 0.9));
        for (found, expected) in found.iter().zip(coherent(6.0, 1.3)) {
            assert!((found - expected.re).abs() < 1e-12, "{found} {expected}");
        }
    }

    /// Spins that follow the light with opposite phase, `S^- ~ e^(i(phi + 1))` with `a ~ e^(i phi)`: on average there is no
    /// mean spin, against the light every one of them points the same way. The spin with azimuth u has `S^- ~ e^(-iu)`.
    #[test]
    fn spins_locked_to_the_light_are_coherent_against_it() {
        let sampled = Sampled::phase_referenced(0, 0, Context { spins: 6.0 });
        let mut means = [0.0; 10];
        for k in 0..8 {
            let phase = 0.3 + f64::from(k) * std::f64::consts::TAU / 8.0;
            let mut e = coherent(6.0, -(phase + 1.0));
            e.push(Complex64::from_polar(2.0, phase));
            let numbers = (sampled.numbers)(&e, &sampled.context);
            means.iter_mut().zip(numbers).for_each(|(m, x)| *m += x / 8.0);
        }
        let found = (sampled.combine)(&means.map(Complex64::from), &sampled.context);
        assert!(found.iter().all(|x| (x - 1.0).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn quantiles_are_those_of_a_uniform_distribution_in_db() {
        let mut shares = vec![Complex64::ZERO; ALL_BINS];
        // 100 bins from -10 to 10 dB.
        shares[26..126].fill(Complex64::from(0.01));
        for q in QUANTILES {
            let found = 10.0 * quantile(&shares, q).log10();
            assert!((found - (20.0 * q - 10.0)).abs() < 1e-9, "{q}: {found}");
        }
        shares[ALL_BINS - 1] = Complex64::from(0.1);
        shares[26..126].fill(Complex64::from(0.009));
        assert!(quantile(&shares, 0.95).is_nan());
    }

    #[test]
    fn bins_hold_their_values() {
        for (value, expected) in [(1e-3, 0), (1.0, 76), (f64::INFINITY, ALL_BINS - 1), (0.0, 0)] {
            assert_eq!(bin(value), expected, "{value}");
        }
    }
}
