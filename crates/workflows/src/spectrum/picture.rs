//! The picture of spectra and correlations: two panels a correlation, one above the other.

use num_complex::Complex64;
use superladder_plot::{Axis, COLOURS, Dashes, Frame, Line, Mark, Marks, Panel, Picture, Series};

use super::found::{Found, Light};

const FRAME: Frame = Frame::large((820.0, 330.0), (84.0, 190.0));
/// Wings of a spectrum are shown down to this part of its height.
const WINGS: f64 = 2e-3;

/// S(w) with its highest line marked, and g1 or g2 against the delay.
pub(super) fn picture(title: &str, all: &[Found<'_>]) -> Picture {
    let panels = all.iter().flat_map(|found| {
        let spectrum = found.light.as_ref().map(|light| spectrum(&found.entry.name, light));
        spectrum.into_iter().chain([correlation(found)])
    });
    FRAME.picture(title, &panels.collect::<Vec<_>>())
}

fn solid(label: impl Into<String>, points: Vec<(f64, f64)>, number: usize) -> Line {
    let (label, colour) = (label.into(), COLOURS[number]);
    Line { label, points, colour, width: 1.8, dashes: Dashes::Solid, band: None }
}

fn spectrum(name: &str, light: &Light) -> Panel {
    let (spectrum, highest) = (&light.spectrum, light.spectrum.highest());
    let points: Vec<(f64, f64)> =
        spectrum.omega.iter().copied().zip(spectrum.values.iter().copied()).collect();
    let high = |point: &(f64, f64)| point.1 >= WINGS * highest.height;
    let first = points.iter().position(high).unwrap_or(0).saturating_sub(1);
    let last = points.iter().rposition(high).map_or(points.len(), |k| (k + 2).min(points.len()));
    let mut series = vec![Series::Line(solid("S(ω)", points[first..last].to_vec(), 0))];
    let mut tops = Vec::new();
    for line in &spectrum.lines {
        let half = line.sides.map(|w| (w, 0.5 * line.height)).to_vec();
        tops.push((line.centre, line.height));
        series.push(Series::Line(Line { width: 1.4, ..solid(format!("FWHM {:.6}", line.fwhm), half, 1) }));
    }
    let (colour, mark) = (COLOURS[1], Mark::Circle);
    series.push(Series::Marks(Marks { points: tops, colour, size: 4.0, mark, ..Marks::default() }));
    Panel {
        title: format!("{name}: incoherent spectrum"),
        x: Axis::new("angular frequency ω"),
        y: Axis::new("S(ω)"),
        series,
        moments: vec![highest.centre],
        ..Panel::default()
    }
}

fn correlation(found: &Found<'_>) -> Panel {
    let defined = found.normalised().all(Complex64::is_finite);
    let values: Vec<_> = if defined { found.normalised().collect() } else { found.series.values.clone() };
    let by = |of: &dyn Fn(&Complex64) -> f64| -> Vec<(f64, f64)> {
        found.delays.iter().copied().zip(values.iter().map(of)).collect()
    };
    let second = found.entry.correlation.c.is_some();
    let name = match (defined, second) {
        (false, _) => "C",
        (true, true) => "g2",
        (true, false) => "g1",
    };
    let mut series = vec![Series::Line(solid(format!("Re {name}(τ)"), by(&|z| z.re), 0))];
    if !second {
        let modulus = solid(format!("|{name}(τ)|"), by(&|z| z.norm()), 1);
        series.insert(0, Series::Line(Line { width: 2.6, ..modulus }));
    }
    Panel {
        title: format!("{}: {}", found.entry.name, found.entry.formula),
        x: Axis::new("delay τ"),
        y: Axis::new(format!("{name}(τ)")),
        series,
        levels: if second && defined { vec![1.0] } else { Vec::new() },
        ..Panel::default()
    }
}
