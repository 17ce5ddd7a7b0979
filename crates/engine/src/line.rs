//! The lines of a spectrum, found from its values at any frequency.

use crate::EngineError;

/// A spectrum that can be evaluated anywhere.
pub trait SpectralDensity {
    /// S at an angular frequency, and its estimated error.
    ///
    /// # Errors
    /// [`EngineError`].
    fn at(&mut self, omega: f64) -> Result<(f64, f64), EngineError>;
}

/// Lines lower than this part of the highest are not told.
const LOWEST: f64 = 0.02;

/// A line of a spectrum: a maximum with the nearest points of half its height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpectralLine {
    /// Angular frequency of the maximum.
    pub centre: f64,
    /// Estimated error of the centre.
    pub centre_error: f64,
    /// S there.
    pub height: f64,
    /// The nearest frequencies of half the height, below and above the centre.
    pub sides: [f64; 2],
    /// Full width at half maximum in angular frequency, from S(w) itself: the nearest points of half the
    /// height on either side. It may span lines that have merged.
    pub fwhm: f64,
    /// Estimated error of the width.
    pub error: f64,
    /// `-2 Re lambda` of the eigenvalue nearest to the line, which is the width if one mode carries it; NaN
    /// if it was not computed.
    pub slowest: f64,
}

impl SpectralLine {
    /// The lines at the maxima of `values` at the frequencies `omega`, by increasing centre, for the engine
    /// called `engine`. Lines that do not fall to half of their height by themselves, shoulders of higher ones, are
    /// left out, and so are those below 2 % of the highest.
    ///
    /// # Errors
    /// [`EngineError`]: a spectrum that is nowhere positive, a grid that ends at the highest line or does not
    /// resolve it.
    pub fn all(
        density: &mut dyn SpectralDensity,
        omega: &[f64],
        values: &[f64],
        engine: &'static str,
    ) -> Result<Vec<Self>, EngineError> {
        let refuse = |reason: &str| EngineError::Unsupported { engine, reason: reason.into() };
        let top = (0..values.len()).max_by(|i, j| values[*i].total_cmp(&values[*j])).unwrap_or(0);
        if values[top].is_nan() || values[top] <= 0.0 {
            return Err(refuse("the operators have no correlation that decays: their spectrum vanishes"));
        }
        if top == 0 || top + 1 == values.len() {
            return Err(refuse("the highest value of the spectrum is at the end of its grid; extend it"));
        }
        let mut lines: Vec<Self> = Vec::new();
        for place in 1..values.len() - 1 {
            let (before, value, after) = (values[place - 1], values[place], values[place + 1]);
            if !(place == top || (value > before && value > after && value >= LOWEST * values[top])) {
                continue;
            }
            match Self::about(density, [omega[place - 1], omega[place + 1]])? {
                None if place == top => return Err(refuse("the line does not fall to half of its height")),
                Some(line) if place == top && !line.is_resolved(omega[place + 1] - omega[place - 1]) => {
                    return Err(refuse(
                        "the grid does not resolve the highest line: it is narrower than a tenth of the spacing",
                    ));
                }
                Some(line)
                    if lines.last().is_none_or(|last| last.centre < line.centre - 1e-3 * line.fwhm) =>
                {
                    lines.push(line);
                }
                _ => {}
            }
        }
        Ok(lines)
    }

    /// Area of a Lorentzian of this height and width, as a part of the integral of S(w) dw / 2 pi.
    pub fn area(&self) -> f64 {
        0.25 * self.height * self.fwhm
    }

    fn is_resolved(&self, spacing: f64) -> bool {
        self.fwhm >= 0.1 * spacing
    }

    /// The line with its maximum between two frequencies; `None` if it does not fall to half of its height.
    fn about(density: &mut dyn SpectralDensity, [low, high]: [f64; 2]) -> Result<Option<Self>, EngineError> {
        let spacing = high - low;
        let centre = maximum(density, low, high)?;
        let (height, error) = density.at(centre)?;
        let mut side = |step: f64| half(density, (centre, height), step);
        let (right, left) = (side(0.02 * spacing)?, side(-0.02 * spacing)?);
        let (Some((right, one)), Some((left, two))) = (right, left) else { return Ok(None) };
        let fwhm = right - left;
        Ok(Some(Self {
            centre,
            // S falls as the square of the distance from its maximum.
            centre_error: 0.5 * fwhm * (error / height).sqrt() + 1e-8 * spacing,
            height,
            sides: [left, right],
            fwhm,
            // A Lorentzian of relative error e in its height is off by about e of its width.
            error: fwhm * (2.0 * error / height + 2.0 * (one + two) / height + 1e-9),
            slowest: f64::NAN,
        }))
    }
}

/// Where the values are largest between two points, by golden section.
fn maximum(density: &mut dyn SpectralDensity, low: f64, high: f64) -> Result<f64, EngineError> {
    let small = 1e-8 * (high - low);
    let (mut low, mut high) = (low, high);
    let ratio = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut a, mut b) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_a, mut at_b) = (density.at(a)?.0, density.at(b)?.0);
    while high - low > small {
        if at_a > at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - ratio * (high - low);
            at_a = density.at(a)?.0;
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + ratio * (high - low);
            at_b = density.at(b)?.0;
        }
    }
    Ok(0.5 * (low + high))
}

/// The nearest point of half the height to one side, with the error of the value there: outwards in growing steps,
/// then by bisection. `None` where there is none.
fn half(
    density: &mut dyn SpectralDensity,
    (centre, height): (f64, f64),
    mut step: f64,
) -> Result<Option<(f64, f64)>, EngineError> {
    const STEPS: usize = 60;
    let (mut inner, mut outer) = (centre, centre + step);
    let mut steps = 0;
    while density.at(outer)?.0 > 0.5 * height {
        (inner, step) = (outer, 1.3 * step);
        outer += step;
        steps += 1;
        if steps > STEPS {
            return Ok(None);
        }
    }
    for _ in 0..STEPS {
        if (outer - inner).abs() <= 1e-10 * (outer - centre).abs() {
            break;
        }
        let middle = 0.5 * (inner + outer);
        if density.at(middle)?.0 > 0.5 * height {
            inner = middle;
        } else {
            outer = middle;
        }
    }
    let (_, error) = density.at(outer)?;
    Ok(Some((0.5 * (inner + outer), error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of widths 0.2 and 1, the second a tenth as high, and one of a thousandth.
    struct Three;

    impl SpectralDensity for Three {
        fn at(&mut self, omega: f64) -> Result<(f64, f64), EngineError> {
            let line = |at: f64, width: f64| 1.0 / (1.0 + (2.0 * (omega - at) / width).powi(2));
            Ok((line(2.0, 0.2) + 0.1 * line(-40.0, 1.0) + 1e-3 * line(-70.0, 1.0), 1e-12))
        }
    }

    #[test]
    fn lines_are_found_on_any_grid_that_resolves_them() {
        let found = |omega: &[f64]| {
            let values: Vec<f64> = omega.iter().map(|w| Three.at(*w).expect("a value").0).collect();
            SpectralLine::all(&mut Three, omega, &values, "any")
        };
        let lines = found(&[-90.0, -70.1, -60.0, -42.0, -40.1, -39.0, 1.0, 1.7, 2.1, 3.0]).expect("lines");
        let [low, line] = lines.as_slice() else { panic!("{lines:?}") };
        assert!((line.centre - 2.0).abs() < 1e-6 && (line.fwhm - 0.2).abs() < 1e-6, "{line:?}");
        assert!(line.error < 1e-8 && line.centre_error < 1e-5, "{line:?}");
        assert!((low.centre + 40.0).abs() < 1e-4 && (low.fwhm - 1.0).abs() < 1e-3, "{low:?}");
        assert!((line.area() - 0.05).abs() < 1e-6, "{}", line.area());
        let refused = |omega: &[f64]| found(omega).expect_err("refused").to_string();
        assert!(refused(&[2.0, 2.1, 2.2]).contains("end of its grid"));
        assert!(refused(&[-90.0, 2.0, 90.0]).contains("does not resolve"));
    }
}
