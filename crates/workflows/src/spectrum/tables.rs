//! Correlations, spectra and lines as tables, and as entries of the manifest.

use std::io::{self, Write};

use num_complex::Complex64;
use serde_json::{Value, json};
use superladder_engine::SpectralLine;
use superladder_study::Study;

use super::found::{Found, Light};
use crate::results::{Arrays, write_rows};

/// One row a delay: the correlation with its error, and g1 or g2.
pub(super) fn write_series(file: &mut impl Write, found: &Found<'_>) -> io::Result<()> {
    let rows = found.delays.iter().zip(&found.series.values).zip(&found.series.errors);
    let row = |(((delay, value), error), g): (((&f64, &Complex64), &f64), Complex64)| {
        [*delay, value.re, value.im, *error, g.re, g.im].map(|x| x.to_string())
    };
    let rows = rows.zip(found.normalised()).map(row);
    write_rows(file, ["delay", "re", "im", "error", "g_re", "g_im"], rows)
}

/// The same as arrays of shape (T,): the delays, the correlation with its error, and g1 or g2, `g`.
pub(super) fn series_arrays(study: &Study, found: &Found<'_>) -> Arrays {
    let (length, mut arrays) = ([found.delays.len() as u64], Arrays::of(study));
    arrays.real("delay", &length, found.delays.clone());
    arrays.complex("correlation", &length, found.series.values.clone());
    arrays.real("correlation.error", &length, found.series.errors.clone());
    arrays.complex("g", &length, found.normalised().collect());
    arrays
}

/// One row a frequency.
pub(super) fn write_spectrum(file: &mut impl Write, light: &Light) -> io::Result<()> {
    let rows = light.spectrum.omega.iter().zip(&light.spectrum.values).zip(&light.errors);
    let row = |((omega, value), error): ((&f64, &f64), &f64)| [omega, value, error].map(ToString::to_string);
    write_rows(file, ["omega", "S", "error"], rows.map(row))
}

/// One row a line: centre, width, area; weights and methods of its spectrum.
pub(super) fn write_lines(file: &mut impl Write, all: &[Found<'_>]) -> io::Result<()> {
    const HEADING: [&str; 13] = [
        "name",
        "centre",
        "centre_error",
        "fwhm",
        "fwhm_error",
        "slowest",
        "height",
        "area",
        "coherent",
        "incoherent",
        "on_grid",
        "deviation",
        "method",
    ];
    let mut rows = Vec::new();
    for found in all {
        let (Some(light), Some((coherent, incoherent))) = (&found.light, found.weights) else { continue };
        let deviation = light.compared.as_ref().map_or(f64::NAN, |second| second.deviation);
        let of_spectrum = [coherent, incoherent, light.spectrum.covered(), deviation];
        for (line, [centre_error, fwhm_error]) in light.spectrum.lines.iter().zip(&light.lines) {
            let of_line = [line.centre, *centre_error, line.fwhm, *fwhm_error];
            let numbers = of_line.into_iter().chain([line.slowest, line.height, line.area()]);
            let mut row = vec![found.entry.name.clone()];
            row.extend(numbers.chain(of_spectrum).map(|x| x.to_string()));
            row.push(light.spectrum.method.name().to_owned());
            rows.push(row);
        }
    }
    write_rows(file, HEADING, rows)
}

/// The entry of the manifest.
pub(super) fn entry(found: &Found<'_>) -> Value {
    let finite = |x: f64| x.is_finite().then_some(x);
    let change = found.change.as_ref().and_then(|change| change.as_ref().ok());
    let light = found.light.as_ref().map(|light| {
        let line = |(line, [centre_error, fwhm_error]): (&SpectralLine, &[f64; 2])| {
            json!({
                "centre": line.centre,
                "centre_error": centre_error,
                "fwhm": line.fwhm,
                "fwhm_error": fwhm_error,
                "slowest": finite(line.slowest),
                "height": line.height,
                "area": line.area(),
            })
        };
        let second = light.compared.as_ref().ok();
        json!({
            "lines": light.spectrum.lines.iter().zip(&light.lines).map(line).collect::<Vec<_>>(),
            "on_grid": finite(light.spectrum.covered()),
            "frequencies": light.spectrum.omega.len(),
            "method": light.spectrum.method.name(),
            "second_method": second.map(|second| second.method.name()),
            "deviation": second.and_then(|second| finite(second.deviation)),
        })
    });
    json!({
        "name": found.entry.name,
        "formula": found.entry.formula,
        "start": found.entry.start.map_or_else(|| json!("steady"), Value::from),
        "divisor": [found.divisors[0].re, found.divisors[0].im],
        "coherent": found.weights.map(|weights| weights.0),
        "incoherent": found.weights.map(|weights| weights.1),
        "change_with_cutoffs": change.and_then(|change| finite(found.worst(change))),
        "spectrum": light,
    })
}
