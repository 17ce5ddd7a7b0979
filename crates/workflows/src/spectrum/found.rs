//! One correlation and its spectrum, with what is known of their errors.

use num_complex::Complex64;
use superladder_engine::{
    CorrelationSeries, EmissionSpectrum, EngineError, Halt, Problem, SpectralLine, SpectrumComparison,
    SpectrumMethod, StationaryReport, TwoTimeState,
};
use superladder_model::{Correlation, Operator};
use superladder_study::CorrelationEntry;

/// Slow modes that a grid of frequencies resolves.
const MODES: usize = 3;
/// Largest error of a spectrum in units of its height, and largest difference of two methods.
pub(super) const AGREEMENT: f64 = 1e-5;
/// Largest change with the cutoffs: of a correlation relative to its largest value, of a line relative to its
/// width.
const CHANGE: f64 = 1e-3;

/// The same state at smaller cutoffs.
pub(super) struct Smaller {
    pub(super) problem: Problem,
    /// Or why there is none.
    pub(super) state: Result<Box<dyn TwoTimeState>, String>,
}

/// The problem with every cutoff lower by an eighth; `None` where none can be lower.
pub(super) fn smaller(problem: &Problem) -> Option<Problem> {
    let lower = |cutoff: &usize| cutoff - (cutoff / 8).max(1).min(cutoff.saturating_sub(1));
    let cutoffs: Vec<usize> = problem.cutoffs.iter().map(lower).collect();
    (cutoffs != problem.cutoffs).then(|| Problem { cutoffs, ..problem.clone() })
}

/// What smaller cutoffs change.
pub(super) struct Change {
    /// Of the correlation at every delay.
    pub(super) series: Vec<f64>,
    /// Of the spectrum at every frequency.
    pub(super) spectrum: Vec<f64>,
    /// Of centre and width of every line.
    pub(super) lines: Vec<[f64; 2]>,
    /// Of the incoherent part.
    pub(super) incoherent: f64,
}

/// A quench after the start of a correlation.
pub(super) struct NextModel {
    /// So long after it.
    pub(super) delay: f64,
    /// The engine that knows one model only.
    pub(super) engine: &'static str,
}

/// A spectrum with its checks.
pub(super) struct Light {
    pub(super) spectrum: EmissionSpectrum,
    /// The second method, or why there is none.
    pub(super) compared: Result<SpectrumComparison, String>,
    /// Errors of centre and width of every line: of the methods, and what smaller cutoffs change.
    pub(super) lines: Vec<[f64; 2]>,
    /// Error of every value.
    pub(super) errors: Vec<f64>,
}

/// One correlation.
pub(super) struct Found<'a> {
    pub(super) entry: &'a CorrelationEntry,
    pub(super) delays: Vec<f64>,
    pub(super) series: CorrelationSeries,
    /// What the correlation is divided by at every delay to give g1 or g2.
    pub(super) divisors: Vec<Complex64>,
    /// `Re <A><B>` and `Re <A B>_c`, for two operators.
    pub(super) weights: Option<(f64, f64)>,
    /// The spectrum; `None` for three operators, where all light is coherent, and from engines that have none.
    pub(super) light: Option<Light>,
    /// What smaller cutoffs change, or why that is not known; `None` where they were not asked for.
    pub(super) change: Option<Result<Change, String>>,
}

impl<'a> Found<'a> {
    /// Asks the state for everything; the model changes at `next`.
    pub(super) fn new(
        entry: &'a CorrelationEntry,
        state: &dyn TwoTimeState,
        (smaller, next): (Option<&Smaller>, Option<&NextModel>),
        halt: &dyn Halt,
    ) -> Result<Self, EngineError> {
        let correlation = &entry.correlation;
        let delays = match &entry.delays {
            Some(delays) => delays.clone(),
            None => state.delay_grid(correlation, halt)?,
        };
        let delays = before(next, delays, entry.delays.is_some())?;
        let mut series = state.series(correlation, &delays, halt)?;
        let weights = correlation.c.is_none().then(|| state.weights(correlation));
        let incoherent = weights.is_some_and(|(_, rest)| rest != Complex64::ZERO);
        let spectrum =
            if incoherent && state.has_spectra() { Some(spectrum(entry, state, halt)?) } else { None };
        let change = match smaller {
            None => None,
            Some(Smaller { state: Err(error), .. }) => Some(Err(error.clone())),
            Some(Smaller { state: Ok(smaller), .. }) => {
                Some(told(change(entry, (&delays, &series), spectrum.as_ref(), &**smaller, halt))?)
            }
        };
        let known = change.as_ref().and_then(|change| change.as_ref().ok());
        if let Some(change) = known {
            series.errors.iter_mut().zip(&change.series).for_each(|(error, change)| *error += change);
        }
        let light = spectrum.map(|spectrum| Light::new(entry, state, spectrum, known, halt)).transpose()?;
        let divisors = divisors(entry, state, &delays, halt)?;
        let weights = weights.map(|(coherent, rest)| (coherent, rest.re));
        Ok(Self { entry, delays, series, divisors, weights, light, change })
    }

    /// g1 or g2 at every delay; NaN where it is not defined.
    pub(super) fn normalised(&self) -> impl Iterator<Item = Complex64> {
        let divided = |(value, divisor): (&Complex64, &Complex64)| {
            if divisor.norm() > 1e-12 { value / divisor } else { Complex64::from(f64::NAN) }
        };
        self.series.values.iter().zip(&self.divisors).map(divided)
    }

    /// Why it does not count as converged.
    fn reasons(&self) -> Vec<String> {
        let name = &self.entry.name;
        let mut reasons = Vec::new();
        if let Some(light) = &self.light {
            reasons.extend(light.reason().map(|reason| format!("spectrum of '{name}': {reason}")));
        }
        let change = match &self.change {
            Some(Ok(change)) => self.worst(change),
            Some(Err(error)) => {
                reasons.push(format!("'{name}' is not known at smaller cutoffs: {error}"));
                0.0
            }
            None => 0.0,
        };
        if change.is_nan() || change > CHANGE {
            reasons.push(format!(
                "'{name}' changes by {change:.1e} with the cutoffs (bound {CHANGE:.0e}); raise the `cutoff` of the modes"
            ));
        }
        reasons
    }

    /// The largest change with the cutoffs: of the correlation, the incoherent part and the lines.
    pub(super) fn worst(&self, change: &Change) -> f64 {
        let size = self.series.values.iter().map(|z| z.norm()).fold(0.0, f64::max);
        let mut all: Vec<f64> = change.series.iter().map(|moved| moved / size).collect();
        if let Some(Light { spectrum, .. }) = &self.light {
            all.push(change.incoherent / spectrum.total.abs());
            let lines = spectrum.lines.iter().zip(&change.lines);
            all.extend(lines.flat_map(|(line, moved)| moved.map(|x| x / line.fwhm)));
        }
        largest(&all)
    }
}

/// The delays before the model changes; those that a study asks for must all be.
fn before(next: Option<&NextModel>, mut delays: Vec<f64>, given: bool) -> Result<Vec<f64>, EngineError> {
    let Some(&NextModel { delay: next, engine }) = next else { return Ok(delays) };
    let all = delays.len();
    delays.retain(|delay| *delay <= next);
    if delays.len() < 2 || (given && delays.len() < all) {
        let reason = format!(
            "a quench changes the model at the delay {next}; delays must end before, since correlations are those under the \
             model at their start"
        );
        return Err(EngineError::Unsupported { engine, reason });
    }
    Ok(delays)
}

/// What the correlation is divided by at every delay: mean values, which in a state that still moves depend on the
/// time, `g1 = <A(t+tau) B(t)> / sqrt(<A B>(t+tau) <A B>(t))` and `g2 = <C A(t+tau) B> / (<A>(t+tau) <C B>(t))`.
fn divisors(
    entry: &CorrelationEntry,
    state: &dyn TwoTimeState,
    delays: &[f64],
    halt: &dyn Halt,
) -> Result<Vec<Complex64>, EngineError> {
    let operators = entry.correlation.divisors();
    let mut means = operators.iter().map(|operator| state.expectation(operator));
    if entry.start.is_none() {
        return Ok(vec![means.product(); delays.len()]);
    }
    let mean = means.next_back().unwrap_or(Complex64::ONE);
    let (a, b) = (operators[0].clone(), Operator::identity());
    let later = Correlation { a, b, c: None, connected: false };
    // Of what is nowhere nothing is a part.
    let Ok(later) = told(state.series(&later, delays, halt))? else {
        return Ok(vec![Complex64::from(f64::NAN); delays.len()]);
    };
    let two = entry.correlation.c.is_none();
    let divisor = |value: Complex64| if two { (value * mean).sqrt() } else { value * mean };
    Ok(later.values.into_iter().map(divisor).collect())
}

/// The largest of some numbers; NaN if one is.
fn largest(numbers: &[f64]) -> f64 {
    numbers.iter().fold(0.0, |a: f64, x| if a.is_nan() || *x <= a { a } else { *x })
}

impl Light {
    fn new(
        entry: &CorrelationEntry,
        state: &dyn TwoTimeState,
        spectrum: EmissionSpectrum,
        change: Option<&Change>,
        halt: &dyn Halt,
    ) -> Result<Self, EngineError> {
        let compared = told(state.compare(&entry.correlation, &spectrum, halt))?;
        let deviation = compared.as_ref().map_or(0.0, |second| second.deviation);
        let errors_of = |(k, line): (usize, &SpectralLine)| {
            let width = compared.as_ref().map_or(0.0, |second| second.widths[k]);
            let [centre, fwhm] = change.map_or([0.0; 2], |change| change.lines[k]);
            [line.centre_error + centre, line.error.max(width) + fwhm]
        };
        let lines = spectrum.lines.iter().enumerate().map(errors_of).collect();
        let changed = |k: usize| change.map_or(0.0, |change| change.spectrum[k]);
        let errors = spectrum.errors.iter().enumerate().map(|(k, e)| e.max(deviation) + changed(k)).collect();
        Ok(Self { spectrum, compared, lines, errors })
    }

    /// The error of the method, or the largest difference from the second one, in units of the height; NaN without a
    /// second one.
    pub(super) fn deviation(&self) -> f64 {
        let own = largest(&self.spectrum.errors);
        let second = self.compared.as_ref().map_or(f64::NAN, |second| second.deviation);
        largest(&[own, second]) / self.spectrum.highest().height
    }

    /// NaN keeps no bound.
    fn reason(&self) -> Option<String> {
        let height = self.spectrum.highest().height;
        let own = largest(&self.spectrum.errors) / height;
        let second = match &self.compared {
            Err(error) => return Some(format!("no second method confirms it: {error}")),
            Ok(second) => second.deviation / height,
        };
        let kept = |x: f64| x <= AGREEMENT;
        match (kept(second), kept(own)) {
            (true, true) => None,
            (false, _) => {
                Some(format!("two methods differ by {second:.1e} of the height (bound {AGREEMENT:.0e})"))
            }
            (true, false) => Some(format!("its error is {own:.1e} of the height (bound {AGREEMENT:.0e})")),
        }
    }
}

/// An interruption is passed on, any other failure is kept as words.
fn told<T>(found: Result<T, EngineError>) -> Result<Result<T, String>, EngineError> {
    match found {
        Ok(found) => Ok(Ok(found)),
        Err(error @ EngineError::Interrupted { .. }) => Err(error),
        Err(error) => Ok(Err(error.to_string())),
    }
}

fn spectrum(
    entry: &CorrelationEntry,
    state: &dyn TwoTimeState,
    halt: &dyn Halt,
) -> Result<EmissionSpectrum, EngineError> {
    let grid = match &entry.frequencies {
        Some(grid) => grid.clone(),
        None => state.spectral_grid(&entry.correlation, MODES, halt)?,
    };
    state.spectrum(&entry.correlation, &grid, SpectrumMethod::Automatic, halt)
}

/// What is different in the state at smaller cutoffs.
fn change(
    entry: &CorrelationEntry,
    (delays, series): (&[f64], &CorrelationSeries),
    spectrum: Option<&EmissionSpectrum>,
    smaller: &dyn TwoTimeState,
    halt: &dyn Halt,
) -> Result<Change, EngineError> {
    let other = smaller.series(&entry.correlation, delays, halt)?;
    let moved = series.values.iter().zip(&other.values).map(|(x, y)| (x - y).norm()).collect();
    let Some(spectrum) = spectrum else {
        return Ok(Change { series: moved, spectrum: Vec::new(), lines: Vec::new(), incoherent: 0.0 });
    };
    let other = smaller.spectrum(&entry.correlation, &spectrum.omega, spectrum.method, halt)?;
    let away = |line: &SpectralLine| {
        let away = other.lines.iter().map(|o| [(line.centre - o.centre).abs(), (line.fwhm - o.fwhm).abs()]);
        away.min_by(|x, y| x[0].total_cmp(&y[0])).unwrap_or([f64::NAN; 2])
    };
    Ok(Change {
        series: moved,
        spectrum: spectrum.values.iter().zip(&other.values).map(|(x, y)| (x - y).abs()).collect(),
        lines: spectrum.lines.iter().map(away).collect(),
        incoherent: (spectrum.total - other.total).abs(),
    })
}

/// Why the results do not count as found; empty when they do.
pub(super) fn reasons<'a>(
    reports: impl Iterator<Item = &'a StationaryReport>,
    all: &[Found<'_>],
) -> Vec<String> {
    let mut reasons: Vec<String> = reports.flat_map(|report| report.diagnostics.broken()).collect();
    reasons.extend(all.iter().flat_map(Found::reasons));
    reasons
}
