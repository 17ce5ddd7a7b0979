//! The lines of a spectrum, found from its values at any frequency.

use num_complex::Complex64;

use crate::EngineError;

/// A spectrum that can be evaluated anywhere.
pub trait SpectralDensity {
    /// S at an angular frequency, and its estimated error.
    ///
    /// # Errors
    /// [`EngineError`].
    fn at(&mut self, omega: f64) -> Result<(f64, f64), EngineError>;
}

/// The Fourier integral `2 Re int_0^T dtau e^{-i w tau} C(tau)` of a correlation on an even grid of delays from 0
/// on, by Simpson's rule.
#[derive(Debug, Clone, PartialEq)]
pub struct FourierIntegral {
    /// Distance of the delays.
    pub step: f64,
    /// The correlation, an odd number of values whose number less one is a multiple of four.
    pub values: Vec<Complex64>,
}

impl FourierIntegral {
    /// `int_0^T dtau e^{-i w tau} C(tau)` from all values and from every other one: a fifteenth of the difference is
    /// about the error.
    pub fn integrals(&self, omega: f64) -> (Complex64, Complex64) {
        let last = self.values.len() - 1;
        let sum = |every: usize| -> Complex64 {
            let terms = self.values.iter().enumerate().step_by(every).map(|(k, c)| {
                let weight = match k / every {
                    0 => 1.0,
                    _ if k == last => 1.0,
                    odd if odd % 2 == 1 => 4.0,
                    _ => 2.0,
                };
                weight * (c * Complex64::from_polar(1.0, -omega * self.step * k as f64))
            });
            terms.sum::<Complex64>() * self.step * every as f64 / 3.0
        };
        (sum(1), sum(2))
    }
}

impl SpectralDensity for FourierIntegral {
    /// The error is a fifteenth of what every other value changes, and what is left at the last delay.
    fn at(&mut self, omega: f64) -> Result<(f64, f64), EngineError> {
        let last = self.values.len() - 1;
        let (fine, coarse) = self.integrals(omega);
        let (fine, coarse) = (2.0 * fine.re, 2.0 * coarse.re);
        let cut = self.values[last].norm() * self.step * last as f64;
        Ok((fine, (fine - coarse).abs() / 15.0 + cut))
    }
}

/// Lines lower than this part of the highest are not told.
const LOWEST: f64 = 0.02;

/// How far a maximum is pinned down, in parts of where it may be.
const SMALL: f64 = 1e-7;

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
            match Self::about(density, [omega[place - 1], omega[place], omega[place + 1]])? {
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

    /// The line with its maximum between the outer two of three frequencies; `None` if it does not fall to half of
    /// its height.
    fn about(
        density: &mut dyn SpectralDensity,
        [low, top, high]: [f64; 3],
    ) -> Result<Option<Self>, EngineError> {
        let spacing = high - low;
        let centre = maximum(density, top, (low, high))?;
        let (height, error) = density.at(centre)?;
        let mut side = |step: f64| half(density, (centre, height), step);
        let (right, left) = (side(0.02 * spacing)?, side(-0.02 * spacing)?);
        let (Some((right, one)), Some((left, two))) = (right, left) else { return Ok(None) };
        let fwhm = right - left;
        Ok(Some(Self {
            centre,
            // S falls as the square of the distance from its maximum.
            centre_error: 0.5 * fwhm * (error / height).sqrt() + 2.0 * SMALL * spacing,
            height,
            sides: [left, right],
            fwhm,
            // A Lorentzian of relative error e in its height is off by about e of its width.
            error: fwhm * (2.0 * error / height + 2.0 * (one + two) / height + 1e-9),
            slowest: f64::NAN,
        }))
    }
}

/// Where the values are largest between `low` and `high`, from `start` on: parabolas through the three best points, the golden section
/// where they do not help (R. P. Brent, Algorithms for Minimization without Derivatives, 1973).
fn maximum(
    density: &mut dyn SpectralDensity,
    start: f64,
    (mut low, mut high): (f64, f64),
) -> Result<f64, EngineError> {
    const STEPS: usize = 100;
    let golden = 0.5 * (3.0 - 5.0_f64.sqrt());
    let small = SMALL * (high - low);
    let value = density.at(start)?.0;
    // The best points so far with their values, the best first.
    let mut best = [(start, value); 3];
    let (mut step, mut before) = (0.0_f64, 0.0_f64);
    for _ in 0..STEPS {
        let [(x, at_x), ..] = best;
        let middle = 0.5 * (low + high);
        if (x - middle).abs() <= 2.0 * small - 0.5 * (high - low) {
            break;
        }
        let shift = vertex(&best);
        let helps = shift.abs() < 0.5 * before.abs() && low < x + shift && x + shift < high;
        let larger = if x < middle { high - x } else { low - x };
        before = if helps { step } else { larger };
        step = if helps { shift } else { golden * larger };
        let next = x + step.abs().max(small).copysign(step);
        let value = density.at(next)?.0;
        if value >= at_x {
            (low, high) = if next < x { (low, x) } else { (x, high) };
            best = [(next, value), best[0], best[1]];
        } else {
            (low, high) = if next < x { (next, high) } else { (low, next) };
            if value >= best[1].1 || best[1].0 == x {
                best = [best[0], (next, value), best[1]];
            } else if value >= best[2].1 || best[2].0 == x || best[2].0 == best[1].0 {
                best[2] = (next, value);
            }
        }
    }
    Ok(best[0].0)
}

/// From the first of three points to the vertex of the parabola through them; NaN if there is none.
fn vertex(&[(x, at_x), (y, at_y), (z, at_z)]: &[(f64, f64); 3]) -> f64 {
    let (one, two) = ((x - y) * (at_x - at_z), (x - z) * (at_x - at_y));
    0.5 * ((x - z) * two - (x - y) * one) / (one - two)
}

/// The nearest point of half the height to one side, with the error of the value there: outwards in growing steps,
/// then by false position (Illinois), which is fast since 1/S of a line is nearly a parabola. `None` where there is
/// none.
fn half(
    density: &mut dyn SpectralDensity,
    (centre, height): (f64, f64),
    mut step: f64,
) -> Result<Option<(f64, f64)>, EngineError> {
    const STEPS: usize = 60;
    // Negative above half the height, positive below.
    let mut excess = |omega: f64| Ok::<_, EngineError>(0.5 * height / density.at(omega)?.0 - 1.0);
    let (mut inner, mut at_inner) = (centre, -0.5);
    let (mut outer, mut at_outer) = (centre + step, excess(centre + step)?);
    let mut steps = 0;
    while at_outer < 0.0 {
        (inner, at_inner, step) = (outer, at_outer, 1.3 * step);
        outer += step;
        at_outer = excess(outer)?;
        steps += 1;
        if steps > STEPS {
            return Ok(None);
        }
    }
    let mut side = 0;
    let mut found = outer;
    for _ in 0..STEPS {
        let next = (inner * at_outer - outer * at_inner) / (at_outer - at_inner);
        let done = (next - found).abs() <= 1e-10 * (next - centre).abs();
        found = next;
        if done {
            break;
        }
        let at_next = excess(next)?;
        if at_next < 0.0 {
            (inner, at_inner) = (next, at_next);
            at_outer *= if side == -1 { 0.5 } else { 1.0 };
            side = -1;
        } else {
            (outer, at_outer) = (next, at_next);
            at_inner *= if side == 1 { 0.5 } else { 1.0 };
            side = 1;
        }
    }
    Ok(Some((found, density.at(found)?.1)))
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
        // The wings of the others lift it, and widen it by as much.
        assert!((line.centre - 2.0).abs() < 1e-6, "{line:?}");
        assert!((line.fwhm - 0.2 * line.height).abs() < 1e-9, "{line:?}");
        assert!(line.error < 1e-8 && line.centre_error < 1e-5, "{line:?}");
        assert!((low.centre + 40.0).abs() < 1e-4 && (low.fwhm - 1.0).abs() < 1e-3, "{low:?}");
        assert!((line.area() - 0.05 * line.height.powi(2)).abs() < 1e-9, "{}", line.area());
        let refused = |omega: &[f64]| found(omega).expect_err("refused").to_string();
        assert!(refused(&[2.0, 2.1, 2.2]).contains("end of its grid"));
        assert!(refused(&[-90.0, 2.0, 90.0]).contains("does not resolve"));
    }
}
