//! Correlations and spectra in words.

use std::fmt::Write as _;

use superladder_engine::with_error;
use superladder_study::Study;

use super::found::{Found, Light};

/// The table for a reader: correlations, lines with errors, what confirms them, what is not converged.
pub(super) fn report(
    study: &Study,
    all: &[Found<'_>],
    cutoffs: Option<(&[usize], &[usize])>,
    reasons: &[String],
) -> String {
    let mut text = format!("{}\n", study.title);
    if study.problem.stages.len() > 1 && all.iter().any(|found| found.entry.start.is_none()) {
        let last = study.problem.stages[study.problem.stages.len() - 1].start;
        let _ =
            writeln!(text, "The model of stationary states is that of the last stage, from t = {last} on.");
    }
    for found in all {
        let _ = correlation(&mut text, found);
    }
    let _ = match cutoffs {
        Some((own, smaller)) => {
            writeln!(text, "\nErrors hold what changes from the cutoffs {smaller:?} to {own:?}.")
        }
        None if study.problem.cutoffs.is_empty() || !study.engine.is_truncated() => Ok(()),
        None => writeln!(text, "\nErrors do not hold what the cutoffs of the modes do."),
    };
    let _ = match reasons.len() {
        0 => writeln!(text, "\nconverged: every bound is kept"),
        _ => writeln!(text, "\nNOT CONVERGED: {}", reasons.join("; ")),
    };
    text
}

fn correlation(text: &mut String, found: &Found<'_>) -> std::fmt::Result {
    writeln!(text, "\n{}: {}", found.entry.name, found.entry.formula)?;
    let last = found.delays.len() - 1;
    let errors =
        found.series.errors.iter().zip(&found.divisors).map(|(error, divisor)| error / divisor.norm());
    let error = errors.fold(0.0, f64::max);
    if let Some(start) = found.entry.start {
        writeln!(text, "  from t = {start} on, when the state still moves")?;
    }
    let ends = found.normalised().enumerate().filter(|(k, _)| *k == 0 || *k == last).map(|(_, g)| g);
    let ends: Vec<_> = ends.collect();
    let written = |z: num_complex::Complex64| match z {
        z if z.is_nan() => "undefined".to_owned(),
        z if z.im.abs() <= 1e-9 * z.re.abs().max(1e-3) => with_error(z.re, error.max(1e-12)),
        z => format!("{:.8} {:+.8} i", z.re, z.im),
    };
    let [first, end] = [found.delays[0], found.delays[last]];
    writeln!(text, "  g({first}) = {}, g({end:.4}) = {}", written(ends[0]), written(ends[ends.len() - 1]))?;
    let Some((coherent, incoherent)) = found.weights else { return Ok(()) };
    let moved = found.change.as_ref().and_then(|change| change.as_ref().ok()).map_or(0.0, |c| c.incoherent);
    let sampled = found.light.is_none() && incoherent != 0.0;
    let chance = if sampled { found.series.errors[0] } else { 0.0 };
    let written = with_error(incoherent, moved.max(chance).max(1e-12));
    let coherent = if sampled { with_error(coherent, chance.max(1e-10)) } else { format!("{coherent:.10}") };
    writeln!(text, "  coherent part {coherent}, incoherent part {written}")?;
    match &found.light {
        None if found.entry.start.is_some() => {
            writeln!(text, "  no spectrum: that is one of a stationary state")
        }
        None if sampled => writeln!(text, "  no spectrum: the engine gives correlations alone"),
        None => writeln!(text, "  the light is coherent: a line without width at w = 0 and nothing else"),
        Some(light) => lines(text, light),
    }
}

fn lines(text: &mut String, light: &Light) -> std::fmt::Result {
    let spectrum = &light.spectrum;
    let heading = ["line at w", "full width at half maximum", "-2 Re slow mode", "height", "area"];
    let [at, width, mode, height, area] = heading;
    writeln!(text, "  {at:>22}  {width:>26}  {mode:>15}  {height:>13}  {area:>11}")?;
    for (line, [centre_error, fwhm_error]) in spectrum.lines.iter().zip(&light.lines) {
        let (at, width) = (with_error(line.centre, *centre_error), with_error(line.fwhm, *fwhm_error));
        let (mode, height, area) = (line.slowest, line.height, line.area());
        writeln!(text, "  {at:>22}  {width:>26}  {mode:>15.10}  {height:>13.8}  {area:>11.8}")?;
    }
    let (points, part) = (spectrum.omega.len(), 100.0 * spectrum.covered());
    writeln!(text, "  {points} frequencies, which hold {part:.1} % of the incoherent part")?;
    match &light.compared {
        Ok(second) => writeln!(
            text,
            "  found by {}; differs from {} at {} frequencies by at most {:.1e} of the height",
            spectrum.method.name(),
            second.method.name(),
            second.frequencies,
            second.deviation / spectrum.highest().height
        ),
        Err(_) => writeln!(text, "  found by {}; no second method confirms it", spectrum.method.name()),
    }
}
