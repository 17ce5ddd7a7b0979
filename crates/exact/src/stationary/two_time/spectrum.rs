//! Spectra of stationary states and the width of a line.
//!
//! ```text
//! S(w) = 2 Re int_0^inf dtau e^{-i w tau} <A(t+tau) B(t)>_c = 2 Re tr[A (i w - L)^-1 X],   X = B rho - <B> rho
//! ```
//! A mode of frequency w_0 peaks at +w_0. What does not decay, `|<A><B>|` at w = 0, is reported apart.

use num_complex::Complex64;
use superladder_engine::{EngineError, Halt};

use super::correlation::{Correlation, Part};
use super::resolvents::Resolvent;
use super::spectrum_method::SpectrumMethod;
use crate::error::NAME;
use crate::stationary::solver::Solver;
use crate::stationary::state::StationaryState;

/// A spectrum of the connected correlation.
#[derive(Debug, Clone, PartialEq)]
pub struct EmissionSpectrum {
    /// Angular frequencies.
    pub omega: Vec<f64>,
    /// S(w).
    pub values: Vec<f64>,
    /// Estimated error of every value.
    pub errors: Vec<f64>,
    /// Weight of the coherent part, `Re <A><B>`: a line 2 pi delta(w) times this.
    pub coherent: f64,
    /// `<A B>_c`, the integral of S(w) dw / 2 pi over all w.
    pub total: f64,
    /// The highest line.
    pub line: SpectralLine,
    /// The method that was used.
    pub method: SpectrumMethod,
}

/// The highest line of a spectrum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpectralLine {
    /// Angular frequency of the maximum.
    pub centre: f64,
    /// S there.
    pub height: f64,
    /// Full width at half maximum in angular frequency, from S(w) itself: the nearest points of half the
    /// height on either side. It may span lines that have merged.
    pub fwhm: f64,
    /// Estimated error of the width.
    pub error: f64,
    /// `-2 Re lambda` of the eigenvalue nearest to the line, which is the width if one mode carries it; NaN
    /// if it was not computed.
    pub slowest: f64,
}

impl StationaryState {
    /// The spectrum of the connected correlation of A and B (C must be absent) at `omega`, increasing.
    ///
    /// # Errors
    /// [`EngineError`]: those of [`StationaryState::correlation`], operators whose correlation vanishes, a
    /// grid that does not resolve its highest line, no convergence.
    pub fn spectrum(
        &self,
        correlation: &Correlation,
        omega: &[f64],
        method: SpectrumMethod,
        halt: &dyn Halt,
    ) -> Result<EmissionSpectrum, EngineError> {
        self.check_two_time(correlation)?;
        let refuse = |reason: String| EngineError::Unsupported { engine: NAME, reason };
        if correlation.c.is_some() {
            return Err(refuse("a spectrum is one of two operators, `c` must be absent".into()));
        }
        if omega.len() < 3 || omega.windows(2).any(|w| w[0] >= w[1]) {
            return Err(refuse("a spectrum needs at least three frequencies, strictly increasing".into()));
        }
        let connected = correlation.clone().connected();
        let parts = self.parts(&connected);
        let total: f64 = parts.iter().map(|part| part.value(&part.x).re).sum();
        let whole = self.expectation(&(correlation.a.clone() * correlation.b.clone())).norm();
        if !parts.is_empty() && total.abs() <= 1e-10 * whole {
            return Err(refuse(
                "the correlation of the operators vanishes: there is only a coherent part".into(),
            ));
        }
        let [part] = parts.as_slice() else {
            let count = parts.len();
            return Err(refuse(format!(
                "the correlation has {count} parts that conserve different charges; a spectrum needs exactly one that does \
                 not vanish"
            )));
        };
        let (mut resolvent, method) = self.resolvent(part, omega, method, halt)?;
        let found: Vec<(f64, f64)> =
            omega.iter().map(|w| resolvent.at(*w)).collect::<Result<_, EngineError>>()?;
        let (values, errors): (Vec<f64>, Vec<f64>) = found.into_iter().unzip();
        let line = line(&mut *resolvent, omega, &values)?;
        let line = SpectralLine { slowest: self.nearest(part, line.centre, halt), ..line };
        let coherent = (self.expectation(&correlation.a) * self.expectation(&correlation.b)).re;
        Ok(EmissionSpectrum { omega: omega.to_vec(), values, errors, coherent, total, line, method })
    }

    /// Frequencies that resolve the slowest `count` modes that A and B see: around each up to 32 half widths.
    ///
    /// # Errors
    /// [`EngineError`].
    pub fn spectral_grid(
        &self,
        correlation: &Correlation,
        count: usize,
        halt: &dyn Halt,
    ) -> Result<Vec<f64>, EngineError> {
        self.check_two_time(correlation)?;
        let elements = self.elements();
        let solver = Solver::new(self.space(), &elements, halt);
        let mut grid = Vec::new();
        for part in self.parts(&correlation.clone().connected()) {
            let slow = solver.slow(&part.coherence.difference, count)?;
            let own = part.coherence.is_self_adjoint(self.space());
            for value in &slow.values {
                let step = |k: i32| 0.25 * f64::from(k.signum()) * ((0.25 * f64::from(k.abs())).exp2() - 1.0);
                let around: Vec<f64> = (-28..=28).map(step).collect();
                for sign in if own { vec![1.0, -1.0] } else { vec![1.0] } {
                    grid.extend(around.iter().map(|s| sign * value.im + s * value.re.abs()));
                }
            }
        }
        grid.sort_by(f64::total_cmp);
        grid.dedup_by(|a, b| (*a - *b).abs() < 1e-12);
        Ok(grid)
    }

    /// `-2 Re lambda` of the slow eigenvalue nearest to i w, relative to its width.
    fn nearest(&self, part: &Part, omega: f64, halt: &dyn Halt) -> f64 {
        let elements = self.elements();
        let solver = Solver::new(self.space(), &elements, halt);
        let Ok(slow) = solver.slow(&part.coherence.difference, 6) else { return f64::NAN };
        let own = part.coherence.is_self_adjoint(self.space());
        let distance = |z: &Complex64| {
            let away = (z.im - omega).abs();
            if own { away.min((z.im + omega).abs()) } else { away }
        };
        let best =
            slow.values.iter().min_by(|a, b| (distance(a).hypot(a.re)).total_cmp(&distance(b).hypot(b.re)));
        best.map_or(f64::NAN, |z| -2.0 * z.re)
    }
}

fn refuse(reason: &str) -> EngineError {
    EngineError::Unsupported { engine: NAME, reason: reason.into() }
}

/// The highest line: its maximum between the neighbours of the largest value, and the points of half the height.
fn line(resolvent: &mut dyn Resolvent, omega: &[f64], values: &[f64]) -> Result<SpectralLine, EngineError> {
    let top = (0..values.len()).max_by(|i, j| values[*i].total_cmp(&values[*j])).unwrap_or(0);
    if values[top].is_nan() || values[top] <= 0.0 {
        return Err(refuse("the operators have no correlation that decays: their spectrum vanishes"));
    }
    if top == 0 || top + 1 == values.len() {
        return Err(refuse("the highest value of the spectrum is at the end of its grid; extend it"));
    }
    let spacing = omega[top + 1] - omega[top - 1];
    let centre = maximum(resolvent, omega[top - 1], omega[top + 1])?;
    let (height, error) = resolvent.at(centre)?;
    let (right, one) = half(resolvent, (centre, height), 0.02 * spacing)?;
    let (left, two) = half(resolvent, (centre, height), -0.02 * spacing)?;
    let fwhm = right - left;
    if fwhm < 0.1 * spacing {
        return Err(refuse(
            "the grid does not resolve the highest line: it is narrower than a tenth of the spacing",
        ));
    }
    // A Lorentzian of relative error e in its height is off by about e of its width.
    let error = fwhm * (2.0 * error / height + 2.0 * (one + two) / height + 1e-9);
    Ok(SpectralLine { centre, height, fwhm, error, slowest: f64::NAN })
}

/// Where the values are largest between two points, by golden section.
fn maximum(resolvent: &mut dyn Resolvent, low: f64, high: f64) -> Result<f64, EngineError> {
    let small = 1e-8 * (high - low);
    let (mut low, mut high) = (low, high);
    let ratio = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut a, mut b) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_a, mut at_b) = (resolvent.at(a)?.0, resolvent.at(b)?.0);
    while high - low > small {
        if at_a > at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - ratio * (high - low);
            at_a = resolvent.at(a)?.0;
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + ratio * (high - low);
            at_b = resolvent.at(b)?.0;
        }
    }
    Ok(0.5 * (low + high))
}

/// The nearest point of half the height to one side, with the error of the value there: outwards in growing steps,
/// then by bisection.
fn half(
    resolvent: &mut dyn Resolvent,
    (centre, height): (f64, f64),
    mut step: f64,
) -> Result<(f64, f64), EngineError> {
    const STEPS: usize = 60;
    let (mut inner, mut outer) = (centre, centre + step);
    let mut steps = 0;
    while resolvent.at(outer)?.0 > 0.5 * height {
        (inner, step) = (outer, 1.3 * step);
        outer += step;
        steps += 1;
        if steps > STEPS {
            return Err(refuse("the line does not fall to half of its height"));
        }
    }
    for _ in 0..STEPS {
        if (outer - inner).abs() <= 1e-10 * (outer - centre).abs() {
            break;
        }
        let middle = 0.5 * (inner + outer);
        if resolvent.at(middle)?.0 > 0.5 * height {
            inner = middle;
        } else {
            outer = middle;
        }
    }
    let (_, error) = resolvent.at(outer)?;
    Ok((0.5 * (inner + outer), error))
}
