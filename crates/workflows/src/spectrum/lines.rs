//! The highest line of every spectrum of a study: what a sweep tabulates.

use superladder_engine::{EngineError, Halt, Problem, StationaryOptions, TwoTimeState};
use superladder_study::Study;

use super::found::{AGREEMENT, Found};

/// The highest line of a spectrum, each number with its error; NaN where the light has no incoherent part.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HighestLine {
    /// Name of the correlation.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) centre: [f64; 2],
    /// Full width at half its height.
    pub(crate) fwhm: [f64; 2],
    /// Largest difference of two methods, or error of the one, in units of the height.
    pub(crate) deviation: f64,
}

impl HighestLine {
    /// Largest deviation of a spectrum that counts as found.
    pub(crate) const BOUND: f64 = AGREEMENT;

    fn new(found: &Found<'_>) -> Self {
        let (name, nothing) = (found.entry.name.clone(), [f64::NAN; 2]);
        let Some(light) = &found.light else {
            return Self { name, centre: nothing, fwhm: nothing, deviation: 0.0 };
        };
        let lines = light.spectrum.lines.iter().zip(&light.lines);
        let highest = lines.max_by(|(x, _), (y, _)| x.height.total_cmp(&y.height));
        let (centre, fwhm) = highest.map_or((nothing, nothing), |(line, [centre_error, fwhm_error])| {
            ([line.centre, *centre_error], [line.fwhm, *fwhm_error])
        });
        Self { name, centre, fwhm, deviation: light.deviation() }
    }
}

/// The highest line of every stationary correlation of two operators that the study asks for, at the cutoffs that it
/// has; errors do not hold what the cutoffs do. None from engines without spectra.
///
/// # Errors
/// [`EngineError`] of the first that is not found.
pub(crate) fn highest_lines(study: &Study, halt: &dyn Halt) -> Result<Vec<HighestLine>, EngineError> {
    let Some(engine) = study.engine.two_time().filter(|_| study.engine.sampling().is_none()) else {
        return Ok(Vec::new());
    };
    let options =
        StationaryOptions { modes: 0, errors: false, tolerance: 1e-11, ..StationaryOptions::default() };
    let bare = Problem { observables: Vec::new(), ..study.problem.clone() };
    let mut states: Vec<(Option<usize>, Box<dyn TwoTimeState>)> = Vec::new();
    let mut lines = Vec::new();
    for entry in study.correlations.iter().filter(|e| e.start.is_none() && e.correlation.c.is_none()) {
        let place = states.iter().position(|(tagged, _)| *tagged == entry.tagged).unwrap_or(states.len());
        if place == states.len() {
            let problem = entry.tagged.map_or_else(|| Ok(bare.clone()), |e| bare.with_tagged_spin(e))?;
            states.push((entry.tagged, engine.two_time(&problem, &options, halt)?));
        }
        let found = Found::new(entry, &*states[place].1, (None, None), halt)?;
        lines.push(HighestLine::new(&found));
    }
    Ok(lines)
}
