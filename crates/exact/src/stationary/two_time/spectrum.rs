//! Spectra of stationary states and the width of a line.
//!
//! ```text
//! S(w) = 2 Re int_0^inf dtau e^{-i w tau} <A(t+tau) B(t)>_c = 2 Re tr[A (i w - L)^-1 X],   X = B rho - <B> rho
//! ```
//! A mode of frequency w_0 peaks at +w_0. What does not decay, `|<A><B>|` at w = 0, is reported apart.

use num_complex::Complex64;
use superladder_engine::{
    CorrelationSeries, EmissionSpectrum, EngineError, Halt, Problem, SpectrumComparison, SpectrumMethod,
    StationaryOptions, StationaryReport, TwoTime, TwoTimeState,
};
use superladder_model::{Correlation, Operator};

use super::part::Part;
use crate::error::NAME;
use crate::options::Exact;
use crate::stationary::state::StationaryState;

impl StationaryState {
    /// Refuses what has lines without width beside the coherent part.
    fn check_decay(&self, part: &Part, halt: &dyn Halt) -> Result<(), EngineError> {
        let slow = self.slow(&part.coherence.difference, halt)?;
        let own = part.coherence.difference == self.coherence.difference;
        match slow.undamped.iter().find(|z| !own || z.im.abs() > 1e-7) {
            None => Ok(()),
            Some(z) => Err(refuse(&format!(
                "a coherence that the operators see turns at w = {} for ever: that line has no width",
                z.im
            ))),
        }
    }

    /// `-2 Re lambda` of the slow eigenvalue nearest to i w, relative to its width.
    fn nearest(&self, part: &Part, omega: f64, halt: &dyn Halt) -> f64 {
        let Ok(slow) = self.slow(&part.coherence.difference, halt) else { return f64::NAN };
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

impl TwoTimeState for StationaryState {
    fn report(&self) -> &StationaryReport {
        &self.report
    }

    fn expectation(&self, operator: &Operator) -> Complex64 {
        Self::expectation(self, operator)
    }

    fn has_spectra(&self) -> bool {
        !self.moves()
    }

    fn series(
        &self,
        correlation: &Correlation,
        delays: &[f64],
        halt: &dyn Halt,
    ) -> Result<CorrelationSeries, EngineError> {
        self.correlated(correlation, delays, halt)
    }

    fn spectrum(
        &self,
        correlation: &Correlation,
        omega: &[f64],
        method: SpectrumMethod,
        halt: &dyn Halt,
    ) -> Result<EmissionSpectrum, EngineError> {
        self.check_two_time(correlation)?;
        EmissionSpectrum::check(correlation, omega, NAME)?;
        if self.moves() {
            return Err(refuse(
                "a state that still moves has no spectrum; ask for correlations, or for the stationary state",
            ));
        }
        let parts = self.seen(&correlation.clone().connected())?;
        parts.iter().try_for_each(|part| self.check_decay(part, halt))?;
        let (coherent, rest) = self.weights(correlation);
        if rest == Complex64::ZERO {
            return Err(refuse("the correlation of the operators vanishes: there is only a coherent part"));
        }
        let (mut density, method) = self.density(&parts, omega, method, halt)?;
        let slowest = |centre: f64| {
            let near = parts.iter().map(|part| self.nearest(part, centre, halt));
            near.fold(f64::NAN, f64::min)
        };
        EmissionSpectrum::of(&mut *density, omega, (coherent, rest.re), method, &slowest, (NAME, halt))
    }

    fn compare(
        &self,
        correlation: &Correlation,
        spectrum: &EmissionSpectrum,
        halt: &dyn Halt,
    ) -> Result<SpectrumComparison, EngineError> {
        let parts = self.seen(&correlation.clone().connected())?;
        let [first, second] = match spectrum.method {
            SpectrumMethod::Krylov => [SpectrumMethod::Systems, SpectrumMethod::TimeSeries],
            SpectrumMethod::Systems | SpectrumMethod::Propagator => {
                [SpectrumMethod::TimeSeries, SpectrumMethod::Krylov]
            }
            SpectrumMethod::Eigenpairs => [SpectrumMethod::Krylov, SpectrumMethod::TimeSeries],
            SpectrumMethod::TimeSeries | SpectrumMethod::Automatic => {
                [SpectrumMethod::Krylov, SpectrumMethod::Systems]
            }
        };
        let by = |method: SpectrumMethod| {
            let (mut density, method) = self.density(&parts, &spectrum.omega, method, halt)?;
            SpectrumComparison::new(spectrum, method, &mut *density)
        };
        match by(first) {
            Err(error) if !matches!(error, EngineError::Interrupted { .. }) => by(second),
            found => found,
        }
    }

    fn spectral_grid(
        &self,
        correlation: &Correlation,
        count: usize,
        halt: &dyn Halt,
    ) -> Result<Vec<f64>, EngineError> {
        self.frequencies(correlation, count, halt)
    }

    fn delay_grid(&self, correlation: &Correlation, halt: &dyn Halt) -> Result<Vec<f64>, EngineError> {
        self.delays(correlation, halt)
    }
}

impl TwoTime for Exact {
    fn two_time(
        &self,
        problem: &Problem,
        options: &StationaryOptions,
        halt: &dyn Halt,
    ) -> Result<Box<dyn TwoTimeState>, EngineError> {
        Ok(Box::new(self.stationary_state(problem, options, halt)?))
    }

    fn two_time_from(
        &self,
        problem: &Problem,
        time: f64,
        halt: &dyn Halt,
    ) -> Result<Box<dyn TwoTimeState>, EngineError> {
        Ok(Box::new(self.moving_state(problem, time, halt)?))
    }
}
