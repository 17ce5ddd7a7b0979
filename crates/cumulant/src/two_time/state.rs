//! Stationary moments that answer for two times.

use std::sync::{Arc, Mutex, PoisonError};

use num_complex::Complex64;
use superladder_engine::{
    CorrelationSeries, EmissionSpectrum, EngineError, Halt, Problem, SpectralDensity, SpectrumComparison,
    SpectrumMethod, StationaryOptions, StationaryReport, TwoTime, TwoTimeState,
};
use superladder_model::{Correlation, Model, Operator};

use super::regression::{Refusal, Regression};
use super::resolvent::{Poles, Resolvent, Systems};
use crate::engine::{NAME, refuse_linear_methods, refuse_state_functions, unsupported};
use crate::stationary::Settled;
use crate::{Closure, Cumulant, Equations};

/// What is smaller than this, in units of what it could be, is rounding.
const ROUNDING: f64 = 1e-12;

/// The moments of a stationary state, and the equations of two times around them.
struct StationaryMoments {
    model: Model,
    closure: Closure,
    settled: Settled,
    known: Mutex<Vec<Arc<Correlated>>>,
}

/// The linear equations of one correlation.
struct Correlated {
    correlation: Correlation,
    regression: Regression,
    resolvent: Resolvent,
    /// From the moments before the last step of Newton's method.
    before: (Regression, Resolvent),
}

/// A spectrum, and what the last step of Newton's method has changed of it as a part of the error.
struct Settling<'a>([Box<dyn SpectralDensity + 'a>; 2]);

impl SpectralDensity for Settling<'_> {
    fn at(&mut self, omega: f64) -> Result<(f64, f64), EngineError> {
        let [now, before] = &mut self.0;
        let (value, error) = now.at(omega)?;
        Ok((value, error + (value - before.at(omega)?.0).abs()))
    }
}

fn refuse(reason: impl Into<String>) -> EngineError {
    EngineError::Unsupported { engine: NAME, reason: reason.into() }
}

impl Correlated {
    /// Whether nothing of the correlation moves.
    fn is_constant(&self) -> bool {
        self.regression.start.iter().all(|z| *z == Complex64::ZERO) || self.resolvent.seen().is_empty()
    }

    /// `<A B>_c`; 0 where that is rounding.
    fn first(&self) -> Complex64 {
        let first = self.regression.first();
        if first.norm() <= ROUNDING * self.regression.scale { Complex64::ZERO } else { first }
    }

    /// The spectrum by a method, and the method that was taken.
    fn density(
        &self,
        omega: &[f64],
        method: SpectrumMethod,
    ) -> Result<(Box<dyn SpectralDensity + '_>, SpectrumMethod), EngineError> {
        let (now, before) = (&self.resolvent, &self.before.1);
        match method {
            SpectrumMethod::Automatic if now.has_eigenpairs() && before.has_eigenpairs() => {
                self.density(omega, SpectrumMethod::Eigenpairs)
            }
            SpectrumMethod::Automatic => self.density(omega, SpectrumMethod::Systems),
            SpectrumMethod::Eigenpairs if now.has_eigenpairs() && before.has_eigenpairs() => {
                Ok((Box::new(Settling([Box::new(Poles(now)), Box::new(Poles(before))])), method))
            }
            SpectrumMethod::Eigenpairs => {
                Err(refuse("the eigenvalues are defective or nearly so; choose another method"))
            }
            SpectrumMethod::Systems => {
                Ok((Box::new(Settling([Box::new(Systems(now)), Box::new(Systems(before))])), method))
            }
            SpectrumMethod::TimeSeries => match now.decayed(omega) {
                Some(series) => Ok((Box::new(series), method)),
                None => {
                    Err(refuse("the correlation decays too slowly for a time series; choose another method"))
                }
            },
            SpectrumMethod::Krylov | SpectrumMethod::Propagator => {
                Err(refuse("moments have no Krylov subspace: their matrix is small; choose another method"))
            }
        }
    }

    /// Refuses what has no width.
    fn check_decay(&self) -> Result<(), EngineError> {
        match self.resolvent.growth() {
            None => Ok(()),
            Some(z) if z.re.is_nan() => Err(refuse("the eigenvalues of the two-time moments were not found")),
            Some(z) => Err(refuse(format!(
                "a two-time moment that the operators see does not decay: it moves at the rate {:.3e} {:+.3e} i",
                z.re, z.im
            ))),
        }
    }
}

impl StationaryMoments {
    /// The equations of a correlation, derived once; refused where the state or the order does not hold them.
    fn correlated(&self, correlation: &Correlation, halt: &dyn Halt) -> Result<Arc<Correlated>, EngineError> {
        correlation.operators().try_for_each(|o| self.model.check_operator(o))?;
        for name in ["residual", "growth"] {
            let check = self.settled.report.diagnostics.checks.get(name);
            if check.is_some_and(|check| !check.holds()) {
                return Err(refuse(format!(
                    "the state still moves or is not stable ({}); correlations need a stationary one",
                    self.settled.report.diagnostics.broken().join("; ")
                )));
            }
        }
        let same = |known: &&Arc<Correlated>| {
            let known = &known.correlation;
            known.a == correlation.a && known.b == correlation.b && known.c == correlation.c
        };
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.iter().find(same) {
            return Ok(known.clone());
        }
        let [regression, before] = self.settled.y.each_ref().map(|y| {
            let found = Regression::new(&self.settled.equations, y, correlation, halt);
            found.map_err(|refusal| self.refused(&refusal))
        });
        let (regression, before) = (regression?, before?);
        let (resolvent, earlier) = (Resolvent::new(&regression), Resolvent::new(&before));
        let correlation = correlation.clone();
        let found = Arc::new(Correlated { correlation, regression, resolvent, before: (before, earlier) });
        all.push(found.clone());
        Ok(found)
    }

    fn refused(&self, refusal: &Refusal) -> EngineError {
        let order = self.settled.equations.derivation().order;
        match refusal {
            Refusal::Interrupted => EngineError::Interrupted { engine: NAME },
            Refusal::Order(length) => {
                let orders = Closure::Sites.definition().orders;
                let way = match (self.closure, *length <= orders.1) {
                    (Closure::Sites, true) => format!("raise `order` to {length} or"),
                    (_, true) => format!("choose closure 'sites' with `order` {length}, or"),
                    (_, false) => String::new(),
                };
                let way = format!("{way} use the engine 'exact'");
                refuse(format!(
                    "a term of the correlation is a product of {length} operators, whose joint cumulant is zero at order \
                     {order}; {}",
                    way.trim_start()
                ))
            }
            Refusal::TooMany(limit) => refuse(format!(
                "the correlation needs more than {limit} two-time moments at order {order}; lower `order`, or use \
                 operators with fewer factors"
            )),
            Refusal::Spectators => refuse("the operators of the earlier time have too many terms"),
        }
    }

    fn seen(&self, correlation: &Correlation, halt: &dyn Halt) -> Result<Arc<Correlated>, EngineError> {
        let found = self.correlated(correlation, halt)?;
        let constant = if correlation.connected { Complex64::ZERO } else { found.regression.constant };
        if found.is_constant() && constant == Complex64::ZERO {
            return Err(refuse(
                "the correlation of the operators vanishes at all delays: A sees nothing of B rho C, which is 0 in the dark",
            ));
        }
        Ok(found)
    }
}

impl TwoTimeState for StationaryMoments {
    fn report(&self) -> &StationaryReport {
        &self.settled.report
    }

    fn expectation(&self, operator: &Operator) -> Complex64 {
        self.settled.equations.expectation(operator).evaluate(&self.settled.y[0])
    }

    /// Connected from the start: no difference of large numbers.
    fn weights(&self, correlation: &Correlation) -> (f64, Complex64) {
        let means = self.expectation(&correlation.a) * self.expectation(&correlation.b);
        let found = self.correlated(correlation, &superladder_engine::Never);
        (means.re, found.map_or(Complex64::new(f64::NAN, f64::NAN), |found| found.first()))
    }

    fn series(
        &self,
        correlation: &Correlation,
        delays: &[f64],
        halt: &dyn Halt,
    ) -> Result<CorrelationSeries, EngineError> {
        CorrelationSeries::check_delays(delays, NAME)?;
        let found = self.seen(correlation, halt)?;
        let of = |regression: &Regression| {
            if correlation.connected { Complex64::ZERO } else { regression.constant }
        };
        let (constant, other) = (of(&found.regression), of(&found.before.0));
        let (values, error) = found.resolvent.series(delays);
        let (before, _) = found.before.1.series(delays);
        let moved = values.iter().zip(&before).map(|(x, y)| (x - y).norm()).fold(0.0, f64::max);
        let error = error + moved + (constant - other).norm() + f64::EPSILON * constant.norm();
        let values = values.into_iter().map(|value| constant + value).collect();
        Ok(CorrelationSeries { values, errors: vec![error; delays.len()] })
    }

    fn spectrum(
        &self,
        correlation: &Correlation,
        omega: &[f64],
        method: SpectrumMethod,
        halt: &dyn Halt,
    ) -> Result<EmissionSpectrum, EngineError> {
        EmissionSpectrum::check(correlation, omega, NAME)?;
        let found = self.seen(correlation, halt)?;
        let rest = found.first();
        if found.is_constant() || rest == Complex64::ZERO {
            return Err(refuse("the correlation of the operators vanishes: there is only a coherent part"));
        }
        found.check_decay()?;
        let (mut density, method) = found.density(omega, method)?;
        let modes = found.resolvent.seen();
        let slowest = |centre: f64| {
            let distance = |z: &Complex64| (z - Complex64::new(0.0, centre)).norm();
            let nearest = modes.iter().map(|(z, _)| z).min_by(|a, b| distance(a).total_cmp(&distance(b)));
            nearest.map_or(f64::NAN, |z| -2.0 * z.re)
        };
        let weights = (self.weights(correlation).0, rest.re);
        EmissionSpectrum::of(&mut *density, omega, weights, method, &slowest, (NAME, halt))
    }

    fn compare(
        &self,
        correlation: &Correlation,
        spectrum: &EmissionSpectrum,
        halt: &dyn Halt,
    ) -> Result<SpectrumComparison, EngineError> {
        let found = self.seen(correlation, halt)?;
        let [first, second] = match spectrum.method {
            SpectrumMethod::Systems => [SpectrumMethod::Eigenpairs, SpectrumMethod::TimeSeries],
            SpectrumMethod::Eigenpairs => [SpectrumMethod::Systems, SpectrumMethod::TimeSeries],
            _ => [SpectrumMethod::Eigenpairs, SpectrumMethod::Systems],
        };
        let made = found.density(&spectrum.omega, first);
        let (mut density, method) = made.or_else(|_| found.density(&spectrum.omega, second))?;
        SpectrumComparison::new(spectrum, method, &mut *density)
    }

    /// Around the slowest modes and around those of the highest lines, up to 32 half widths.
    fn spectral_grid(
        &self,
        correlation: &Correlation,
        count: usize,
        halt: &dyn Halt,
    ) -> Result<Vec<f64>, EngineError> {
        let found = self.seen(correlation, halt)?;
        found.check_decay()?;
        let step = |k: i32| 0.25 * f64::from(k.signum()) * ((f64::from(k.abs()) / 3.0).exp2() - 1.0);
        let modes = found.resolvent.seen();
        let mut highest = modes.clone();
        let height = |(z, weight): &(Complex64, Complex64)| weight.norm() / z.re.abs();
        highest.sort_by(|a, b| height(b).total_cmp(&height(a)));
        let chosen = modes.iter().take(count).chain(highest.iter().take(count)).map(|(z, _)| *z);
        let first = found.resolvent.first_rate().filter(|rate| rate.re < 0.0);
        let (mut grid, mut narrowest) = (Vec::new(), f64::INFINITY);
        for z in chosen.chain(first) {
            grid.extend((-21..=21).map(|k| z.im + step(k) * z.re.abs()));
            narrowest = narrowest.min(z.re.abs());
        }
        grid.sort_by(f64::total_cmp);
        grid.dedup_by(|a, b| (*a - *b).abs() < 1e-2 * narrowest);
        Ok(grid)
    }

    fn delay_grid(&self, correlation: &Correlation, halt: &dyn Halt) -> Result<Vec<f64>, EngineError> {
        /// Modes whose oscillations are resolved, and most steps.
        const MODES: usize = 6;
        const MOST: f64 = 2000.0;
        let found = self.seen(correlation, halt)?;
        let seen: Vec<Complex64> = found.resolvent.seen().into_iter().map(|(z, _)| z).collect();
        let modes = if seen.is_empty() { &found.resolvent.values } else { &seen };
        let slow: Vec<&Complex64> = modes.iter().take(MODES).collect();
        let gap = slow.first().map_or(0.0, |z| -z.re);
        if gap.is_nan() || gap <= 0.0 {
            return Err(refuse("nothing that the operators see decays; give `delays`"));
        }
        let fastest = slow.iter().fold(0.0_f64, |most, z| most.max(z.im.abs()));
        let step = (0.04 / gap).min(0.25 / fastest);
        let steps = (8.0 / gap / step).ceil().min(MOST) as usize;
        Ok((0..=steps).map(|k| k as f64 * step).collect())
    }
}

impl TwoTime for Cumulant {
    /// Correlations around the fixed point that the initial state leads to, by the derived equations with
    /// spectators; products of more operators than the order are refused.
    fn two_time(
        &self,
        problem: &Problem,
        options: &StationaryOptions,
        halt: &dyn Halt,
    ) -> Result<Box<dyn TwoTimeState>, EngineError> {
        let own = self.last_stage(problem)?;
        refuse_linear_methods(NAME, &self.method)?;
        refuse_state_functions(NAME, &own)?;
        own.without_samples(NAME)?;
        let halted = || halt.asked();
        let equations = Equations::of_all_moments(&own, self.order, self.closure, &halted);
        let settled = self.settled(&own, equations.map_err(|e| unsupported(&e))?, options, halt)?;
        let model = own.model().clone();
        Ok(Box::new(StationaryMoments {
            model,
            closure: self.closure,
            settled,
            known: Mutex::new(Vec::new()),
        }))
    }

    fn two_time_from(
        &self,
        _problem: &Problem,
        _time: f64,
        _halt: &dyn Halt,
    ) -> Result<Box<dyn TwoTimeState>, EngineError> {
        Err(refuse(
            "the equations of two times are linear around stationary moments only; for correlations from a time on use the \
             engine 'exact' or 'trajectories', or `start = \"steady\"`",
        ))
    }
}
