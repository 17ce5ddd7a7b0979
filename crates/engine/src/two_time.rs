//! Two times: what an engine that finds correlations and spectra promises.

use num_complex::Complex64;
use superladder_model::{Correlation, Operator};

use crate::{
    EngineError, Halt, Problem, SpectralDensity, SpectralLine, Stationary, StationaryOptions,
    StationaryReport,
};

/// How `S(w) = 2 Re tr[A (i w - L)^-1 X]` is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpectrumMethod {
    /// All eigenpairs where there are few, one Krylov subspace otherwise, and where that does not converge
    /// one linear system for every w.
    #[default]
    Automatic,
    /// All eigenpairs: `S = 2 Re sum_k c_k / (i w - lambda_k)`.
    Eigenpairs,
    /// One Krylov subspace for all w.
    Krylov,
    /// One linear system for every w.
    Systems,
    /// One Krylov subspace of the propagator over a piece of time for all w, with what the operators see on the way.
    Propagator,
    /// The Fourier integral of the correlation up to where it has decayed, by Simpson's rule.
    TimeSeries,
}

impl SpectrumMethod {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Eigenpairs => "eigenpairs",
            Self::Krylov => "Krylov subspace",
            Self::Systems => "linear systems",
            Self::Propagator => "Krylov subspace of the propagator",
            Self::TimeSeries => "time series",
        }
    }
}

/// A correlation at a list of delays.
#[derive(Debug, Clone, PartialEq)]
pub struct CorrelationSeries {
    /// `<C(t) A(t+tau) B(t)>` at every delay.
    pub values: Vec<Complex64>,
    /// Estimated error of every value.
    pub errors: Vec<f64>,
}

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
    /// Its lines by increasing frequency, one at least.
    pub lines: Vec<SpectralLine>,
    /// The method that was used.
    pub method: SpectrumMethod,
}

impl CorrelationSeries {
    /// Refuses delays that are negative or not strictly increasing, for the engine called `engine`.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`].
    pub fn check_delays(delays: &[f64], engine: &'static str) -> Result<(), EngineError> {
        if delays.windows(2).all(|t| t[0] < t[1]) && delays.iter().all(|t| *t >= 0.0) {
            return Ok(());
        }
        let reason = "delays must be 0 or more and strictly increasing".into();
        Err(EngineError::Unsupported { engine, reason })
    }
}

impl EmissionSpectrum {
    /// Refuses what has no spectrum, for the engine called `engine`: three operators, few or disordered
    /// frequencies.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`].
    pub fn check(correlation: &Correlation, omega: &[f64], engine: &'static str) -> Result<(), EngineError> {
        let reason = if correlation.c.is_some() {
            "a spectrum is one of two operators, `c` must be absent"
        } else if omega.len() < 3 || omega.windows(2).any(|w| w[0] >= w[1]) {
            "a spectrum needs at least three frequencies, strictly increasing"
        } else {
            return Ok(());
        };
        Err(EngineError::Unsupported { engine, reason: reason.into() })
    }

    /// The spectrum of a `density` at `omega`: its values and its lines, each with `slowest` of its centre.
    /// `coherent` and `total` are the weights of the correlation, `method` is how the density was found.
    ///
    /// # Errors
    /// Those of the density and of [`SpectralLine::all`]; [`EngineError::Interrupted`].
    pub fn of(
        density: &mut dyn SpectralDensity,
        omega: &[f64],
        (coherent, total): (f64, f64),
        method: SpectrumMethod,
        slowest: &dyn Fn(f64) -> f64,
        (engine, halt): (&'static str, &dyn Halt),
    ) -> Result<Self, EngineError> {
        let (mut values, mut errors) = (Vec::with_capacity(omega.len()), Vec::with_capacity(omega.len()));
        for w in omega {
            halt.check(engine)?;
            let (value, error) = density.at(*w)?;
            values.push(value);
            errors.push(error);
        }
        let mut lines = SpectralLine::all(density, omega, &values, engine)?;
        for line in &mut lines {
            line.slowest = slowest(line.centre);
        }
        Ok(Self { omega: omega.to_vec(), values, errors, coherent, total, lines, method })
    }

    /// The highest line.
    pub fn highest(&self) -> &SpectralLine {
        let higher = |x: usize, y: usize| if self.lines[y].height > self.lines[x].height { y } else { x };
        &self.lines[(0..self.lines.len()).fold(0, higher)]
    }

    /// The part of [`EmissionSpectrum::total`] that lies on the grid, by the trapezoidal rule.
    pub fn covered(&self) -> f64 {
        let steps = self.omega.windows(2).zip(self.values.windows(2));
        let area: f64 = steps.map(|(w, s)| 0.5 * (w[1] - w[0]) * (s[0] + s[1])).sum();
        area / (2.0 * std::f64::consts::PI * self.total)
    }
}

/// A spectrum held against a second method at some of its frequencies.
#[derive(Debug, Clone, PartialEq)]
pub struct SpectrumComparison {
    /// The second method.
    pub method: SpectrumMethod,
    /// Number of frequencies.
    pub frequencies: usize,
    /// Largest difference of the two at any of them, in units of S.
    pub deviation: f64,
    /// By line, what the differences at the top and at half the height do to the width.
    pub widths: Vec<f64>,
}

impl SpectrumComparison {
    /// Holds a spectrum against `density` at the top of the lines, at half their height, and on its grid.
    ///
    /// # Errors
    /// Those of `density`.
    pub fn new(
        spectrum: &EmissionSpectrum,
        method: SpectrumMethod,
        density: &mut dyn SpectralDensity,
    ) -> Result<Self, EngineError> {
        /// Frequencies of the grid that are looked at.
        const POINTS: usize = 6;
        // NaN is no agreement.
        let worst = |worst: f64, next: &f64| if worst.is_nan() || *next <= worst { worst } else { *next };
        let mut away = |omega: f64, value: f64| Ok((density.at(omega)?.0 - value).abs());
        let (mut deviation, mut widths) = (0.0, Vec::new());
        for SpectralLine { centre, height, sides: [left, right], fwhm, .. } in &spectrum.lines {
            let about = [(*centre, *height), (*left, 0.5 * height), (*right, 0.5 * height)];
            let about = about.into_iter().map(|(w, s)| away(w, s));
            let about: Vec<f64> = about.collect::<Result<_, EngineError>>()?;
            deviation = about.iter().fold(deviation, worst);
            // The slope of a Lorentzian at half its height is height / fwhm.
            widths.push(fwhm * about.iter().sum::<f64>() / height);
        }
        let places = (0..spectrum.omega.len()).step_by(spectrum.omega.len().div_ceil(POINTS));
        let grid = places.map(|k| away(spectrum.omega[k], spectrum.values[k]));
        let grid: Vec<f64> = grid.collect::<Result<_, EngineError>>()?;
        let deviation = grid.iter().fold(deviation, worst);
        let frequencies = 3 * widths.len() + grid.len();
        Ok(Self { method, frequencies, deviation, widths })
    }
}

/// A state, stationary or one that still moves, that answers for two times.
pub trait TwoTimeState {
    /// What is known of the state.
    fn report(&self) -> &StationaryReport;

    /// `tr(O rho)`.
    fn expectation(&self, operator: &Operator) -> Complex64;

    /// `Re <A><B>`, the coherent part of the light, and `<A B> - <A><B>`, the rest; 0 where that is rounding.
    fn weights(&self, correlation: &Correlation) -> (f64, Complex64) {
        let whole = self.expectation(&(correlation.a.clone() * correlation.b.clone()));
        let means = self.expectation(&correlation.a) * self.expectation(&correlation.b);
        let rest = whole - means;
        (means.re, if rest.norm() <= 1e-10 * whole.norm() { Complex64::ZERO } else { rest })
    }

    /// Whether it has spectra, and not only correlations.
    fn has_spectra(&self) -> bool {
        true
    }

    /// The correlation at `delays`, increasing from 0 on.
    ///
    /// # Errors
    /// [`EngineError`]: several stationary states, a state that still moves, operators whose correlation
    /// vanishes, a failed propagation.
    fn series(
        &self,
        correlation: &Correlation,
        delays: &[f64],
        halt: &dyn Halt,
    ) -> Result<CorrelationSeries, EngineError>;

    /// The spectrum of the connected correlation of A and B at `omega`, increasing.
    ///
    /// # Errors
    /// [`EngineError`]: those of [`TwoTimeState::series`], a third operator, a grid that does not resolve the
    /// highest line, no convergence.
    fn spectrum(
        &self,
        correlation: &Correlation,
        omega: &[f64],
        method: SpectrumMethod,
        halt: &dyn Halt,
    ) -> Result<EmissionSpectrum, EngineError>;

    /// The same by a second method at some frequencies.
    ///
    /// # Errors
    /// [`EngineError`]: no second method finds it.
    fn compare(
        &self,
        correlation: &Correlation,
        spectrum: &EmissionSpectrum,
        halt: &dyn Halt,
    ) -> Result<SpectrumComparison, EngineError>;

    /// Frequencies that resolve the slowest `count` modes that A and B see.
    ///
    /// # Errors
    /// [`EngineError`].
    fn spectral_grid(
        &self,
        correlation: &Correlation,
        count: usize,
        halt: &dyn Halt,
    ) -> Result<Vec<f64>, EngineError>;

    /// Delays until the slowest modes that A and B see have decayed, in steps that resolve their oscillations.
    ///
    /// # Errors
    /// [`EngineError`].
    fn delay_grid(&self, correlation: &Correlation, halt: &dyn Halt) -> Result<Vec<f64>, EngineError>;
}

/// An engine that finds correlations of two times.
pub trait TwoTime: Stationary {
    /// The limit of the initial state of `problem` under its last stage, to be asked for two times.
    ///
    /// # Errors
    /// Those of [`Stationary::stationary`].
    fn two_time(
        &self,
        problem: &Problem,
        options: &StationaryOptions,
        halt: &dyn Halt,
    ) -> Result<Box<dyn TwoTimeState>, EngineError>;

    /// The state of `problem` at `time`, after the quenches up to then, to be asked for two times under the model
    /// that it has then. It still moves, so it has correlations and no spectra.
    ///
    /// # Errors
    /// Those of the way there; engines that know stationary states only refuse it.
    fn two_time_from(
        &self,
        problem: &Problem,
        time: f64,
        halt: &dyn Halt,
    ) -> Result<Box<dyn TwoTimeState>, EngineError>;
}
