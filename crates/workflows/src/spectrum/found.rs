//! One correlation and its spectrum, with what is known of their errors.

use num_complex::Complex64;
use superladder_engine::{
    CorrelationSeries, EmissionSpectrum, EngineError, Halt, Problem, SpectralLine, SpectrumComparison,
    SpectrumMethod, StationaryReport, TwoTimeState,
};
use superladder_study::CorrelationEntry;

/// Slow modes that a grid of frequencies resolves.
const MODES: usize = 3;
/// Largest error of a spectrum in units of its height, and largest difference of two methods.
const AGREEMENT: f64 = 1e-5;
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
    /// What the correlation is divided by to give g1 or g2.
    pub(super) divisor: Complex64,
    /// `Re <A><B>` and `Re <A B>_c`, for two operators.
    pub(super) weights: Option<(f64, f64)>,
    /// The spectrum; `None` for three operators, where all light is coherent, and from engines that have none.
    pub(super) light: Option<Light>,
    /// What smaller cutoffs change, or why that is not known; `None` where they were not asked for.
    pub(super) change: Option<Result<Change, String>>,
}

impl<'a> Found<'a> {
    /// Asks the state for everything.
    pub(super) fn new(
        entry: &'a CorrelationEntry,
        state: &dyn TwoTimeState,
        smaller: Option<&Smaller>,
        halt: &dyn Halt,
    ) -> Result<Self, EngineError> {
        let correlation = &entry.correlation;
        let delays = match &entry.delays {
            Some(delays) => delays.clone(),
            None => state.delay_grid(correlation, halt)?,
        };
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
        let divisor = correlation.divisors().iter().map(|operator| state.expectation(operator)).product();
        let weights = weights.map(|(coherent, rest)| (coherent, rest.re));
        Ok(Self { entry, delays, series, divisor, weights, light, change })
    }

    /// g1 or g2 at every delay; NaN where it is not defined.
    pub(super) fn normalised(&self) -> impl Iterator<Item = Complex64> {
        let undefined = self.divisor.norm() <= 1e-12;
        let divisor = if undefined { Complex64::from(f64::NAN) } else { self.divisor };
        self.series.values.iter().map(move |value| value / divisor)
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
