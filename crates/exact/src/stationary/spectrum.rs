//! Spectra of stationary states and the width of a line.
//!
//! ```text
//! S(w) = 2 Re int_0^inf dtau e^{-i w tau} <A(t+tau) B(t)>_c = 2 Re tr[A (i w - L)^-1 X],   X = B rho - <B> rho
//! ```
//! A mode of frequency w_0 peaks at +w_0. What does not decay, `|<A><B>|` at w = 0, is reported apart.

use num_complex::Complex64;
use superladder_dense::GeneralEigen;
use superladder_eigen::{ComplexFunctional, EigenError, Gmres, LinearMap, ProjectedResolvent};
use superladder_engine::{EngineError, Halt};

use super::action::{Action, Direction};
use super::no_jump::NoJump;
use super::solver::{Solver, assembled, solution};
use super::state::StationaryState;
use super::two_time::{Part, TwoTime};
use crate::error::NAME;

/// How (i w - L)^-1 X is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpectrumMethod {
    /// All eigenpairs where there are few, one Krylov subspace otherwise, and where that does not converge
    /// one linear system for every w.
    #[default]
    Automatic,
    /// All eigenpairs: `S = 2 Re sum_k c_k / (i w - lambda_k)`.
    Eigenpairs,
    /// One Krylov subspace for all w.
    Krylov,
    /// One linear system for every w, with the no-jump part as preconditioner.
    Systems,
    /// The Fourier integral of the correlation up to where it has decayed, by Simpson's rule.
    TimeSeries,
}

/// A spectrum of the connected correlation.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrum {
    /// Angular frequencies.
    pub omega: Vec<f64>,
    /// S(w).
    pub values: Vec<f64>,
    /// Estimated error of every value.
    pub errors: Vec<f64>,
    /// Weight of the coherent part, `Re <A><B>`: a line 2 pi delta(w) times this.
    pub coherent: f64,
    /// `<A B>_c`, the integral of S(w) dw / 2 pi over all w.
    pub total: f64,
    /// The highest line.
    pub line: Line,
    /// The method that was used.
    pub method: SpectrumMethod,
}

/// The highest line of a spectrum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Angular frequency of the maximum.
    pub centre: f64,
    /// S there.
    pub height: f64,
    /// Full width at half maximum in angular frequency, from S(w) itself: the nearest points of half the
    /// height on either side. It may span lines that have merged.
    pub fwhm: f64,
    /// Estimated error of the width.
    pub error: f64,
    /// `-2 Re lambda` of the eigenvalue nearest to the line, which is the width if one mode carries it; NaN
    /// if it was not computed.
    pub slowest: f64,
}

/// Complex unknowns up to which all eigenpairs are computed.
const FEW: usize = 300;
/// Vectors of a Krylov subspace at most, and their numbers altogether.
const VECTORS: usize = 1200;
const NUMBERS: usize = 1 << 27;
/// Error that is aimed at, relative to the largest value.
const TOLERANCE: f64 = 1e-9;

/// A way to evaluate 2 Re tr[A (i w - L)^-1 X]: the value and its estimated error.
trait Resolvent {
    fn at(&mut self, omega: f64) -> Result<(f64, f64), EngineError>;
}

/// `sum_k c_k / (z - lambda_k)`.
struct Poles(Vec<(Complex64, Complex64)>);

impl Resolvent for Poles {
    fn at(&mut self, omega: f64) -> Result<(f64, f64), EngineError> {
        let z = Complex64::new(0.0, omega);
        let terms = self.0.iter().map(|(c, lambda)| c / (z - lambda));
        let (sum, size) = terms.fold((0.0, 0.0), |(s, n), t| (s + t.re, n + t.norm()));
        Ok((2.0 * sum, 1e-13 * size))
    }
}

struct Subspace(ProjectedResolvent);

impl Resolvent for Subspace {
    fn at(&mut self, omega: f64) -> Result<(f64, f64), EngineError> {
        let mut out = [Complex64::ZERO];
        let residual = self.0.evaluate(Complex64::new(0.0, omega), &mut out);
        Ok((2.0 * out[0].re, 2.0 * residual * out[0].norm()))
    }
}

/// L - i w on complex blocks.
struct Shifted<'a> {
    action: &'a Action,
    omega: f64,
}

impl LinearMap for Shifted<'_> {
    fn dim(&self) -> usize {
        LinearMap::dim(self.action)
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        LinearMap::apply(self.action, x, out);
        for (out, x) in out.chunks_exact_mut(2).zip(x.chunks_exact(2)) {
            (out[0], out[1]) = (out[0] + self.omega * x[1], out[1] - self.omega * x[0]);
        }
    }
}

struct Systems<'a> {
    part: &'a Part,
    /// The stationary state, where it has the charge difference of the part.
    rho: Option<&'a [Complex64]>,
    action: Action,
    no_jump: NoJump,
    halt: &'a dyn Halt,
    start: Vec<f64>,
}

impl Resolvent for Systems<'_> {
    fn at(&mut self, omega: f64) -> Result<(f64, f64), EngineError> {
        self.no_jump.set_shift(Complex64::new(0.0, omega));
        let b: Vec<f64> = self.part.vector().iter().map(|x| -x).collect();
        let gmres = Gmres { restart: 60, kept: 20, tolerance: 0.1 * TOLERANCE, max_iterations: 5000 };
        let shifted = Shifted { action: &self.action, omega };
        let mut watch = |_: u64, _: f64| !self.halt.asked();
        let solved = gmres.solve(&shifted, &self.no_jump, &b, &mut self.start, &mut watch);
        let info = solved.map_err(|e| solution("the spectrum", e))?;
        let mut x: Vec<Complex64> = self.start.chunks_exact(2).map(|x| Complex64::new(x[0], x[1])).collect();
        if let Some(rho) = self.rho {
            // At w = 0 any part of the stationary state would solve the system; X has no trace, and so has
            // none.
            let trace = self.part.coherence.trace(&x);
            x.iter_mut().zip(rho).for_each(|(x, rho)| *x -= trace * rho);
        }
        let value = self.part.value(&x);
        Ok((2.0 * value.re, 20.0 * info.residual * value.norm()))
    }
}

/// The Fourier integral of a series.
struct Series {
    step: f64,
    values: Vec<Complex64>,
}

impl Resolvent for Series {
    fn at(&mut self, omega: f64) -> Result<(f64, f64), EngineError> {
        let last = self.values.len() - 1;
        let sum = |every: usize| -> f64 {
            let terms = self.values.iter().enumerate().step_by(every).map(|(k, c)| {
                let weight = match k / every {
                    0 => 1.0,
                    _ if k == last => 1.0,
                    odd if odd % 2 == 1 => 4.0,
                    _ => 2.0,
                };
                weight * (c * Complex64::from_polar(1.0, -omega * self.step * k as f64)).re
            });
            2.0 * terms.sum::<f64>() * self.step * every as f64 / 3.0
        };
        let (fine, coarse) = (sum(1), sum(2));
        let cut = self.values[last].norm() * self.step * last as f64;
        Ok((fine, (fine - coarse).abs() / 15.0 + cut))
    }
}

impl StationaryState {
    /// The spectrum of the connected correlation of A and B (C must be absent) at `omega`, increasing.
    ///
    /// # Errors
    /// [`EngineError`]: those of [`StationaryState::correlation`], operators whose correlation vanishes, a
    /// grid that does not resolve its highest line, no convergence.
    pub fn spectrum(
        &self,
        two_time: &TwoTime,
        omega: &[f64],
        method: SpectrumMethod,
        halt: &dyn Halt,
    ) -> Result<Spectrum, EngineError> {
        self.check_two_time(two_time)?;
        let refuse = |reason: String| EngineError::Unsupported { engine: NAME, reason };
        if two_time.c.is_some() {
            return Err(refuse("a spectrum is one of two operators, `c` must be absent".into()));
        }
        if omega.len() < 3 || omega.windows(2).any(|w| w[0] >= w[1]) {
            return Err(refuse("a spectrum needs at least three frequencies, strictly increasing".into()));
        }
        let connected = two_time.clone().connected();
        let parts = self.parts(&connected);
        let total: f64 = parts.iter().map(|part| part.value(&part.x).re).sum();
        let whole = self.expectation(&(two_time.a.clone() * two_time.b.clone())).norm();
        if !parts.is_empty() && total.abs() <= 1e-10 * whole {
            return Err(refuse(
                "the correlation of the operators vanishes: there is only a coherent part".into(),
            ));
        }
        let [part] = parts.as_slice() else {
            let count = parts.len();
            return Err(refuse(format!(
                "the correlation has {count} parts that conserve different charges; a spectrum needs exactly one that does \
                 not vanish"
            )));
        };
        let (mut resolvent, method) = self.resolvent(part, omega, method, halt)?;
        let found: Vec<(f64, f64)> =
            omega.iter().map(|w| resolvent.at(*w)).collect::<Result<_, EngineError>>()?;
        let (values, errors): (Vec<f64>, Vec<f64>) = found.into_iter().unzip();
        let line = line(&mut *resolvent, omega, &values)?;
        let line = Line { slowest: self.nearest(part, line.centre, halt), ..line };
        let coherent = (self.expectation(&two_time.a) * self.expectation(&two_time.b)).re;
        Ok(Spectrum { omega: omega.to_vec(), values, errors, coherent, total, line, method })
    }

    /// Frequencies that resolve the slowest `count` modes that A and B see: around each up to 32 half widths.
    ///
    /// # Errors
    /// [`EngineError`].
    pub fn spectral_grid(
        &self,
        two_time: &TwoTime,
        count: usize,
        halt: &dyn Halt,
    ) -> Result<Vec<f64>, EngineError> {
        self.check_two_time(two_time)?;
        let elements = self.elements();
        let solver = Solver::new(self.space(), &elements, halt);
        let mut grid = Vec::new();
        for part in self.parts(&two_time.clone().connected()) {
            let slow = solver.slow(&part.coherence.difference, count)?;
            let own = part.coherence.is_self_adjoint(self.space());
            for value in &slow.values {
                let step = |k: i32| 0.25 * f64::from(k.signum()) * ((0.25 * f64::from(k.abs())).exp2() - 1.0);
                let around: Vec<f64> = (-28..=28).map(step).collect();
                for sign in if own { vec![1.0, -1.0] } else { vec![1.0] } {
                    grid.extend(around.iter().map(|s| sign * value.im + s * value.re.abs()));
                }
            }
        }
        grid.sort_by(f64::total_cmp);
        grid.dedup_by(|a, b| (*a - *b).abs() < 1e-12);
        Ok(grid)
    }

    /// `-2 Re lambda` of the slow eigenvalue nearest to i w, relative to its width.
    fn nearest(&self, part: &Part, omega: f64, halt: &dyn Halt) -> f64 {
        let elements = self.elements();
        let solver = Solver::new(self.space(), &elements, halt);
        let Ok(slow) = solver.slow(&part.coherence.difference, 6) else { return f64::NAN };
        let own = part.coherence.is_self_adjoint(self.space());
        let distance = |z: &Complex64| {
            let away = (z.im - omega).abs();
            if own { away.min((z.im + omega).abs()) } else { away }
        };
        let best =
            slow.values.iter().min_by(|a, b| (distance(a).hypot(a.re)).total_cmp(&distance(b).hypot(b.re)));
        best.map_or(f64::NAN, |z| -2.0 * z.re)
    }

    fn resolvent<'a>(
        &'a self,
        part: &'a Part,
        omega: &[f64],
        method: SpectrumMethod,
        halt: &'a dyn Halt,
    ) -> Result<(Box<dyn Resolvent + 'a>, SpectrumMethod), EngineError> {
        let few = part.coherence.len <= FEW;
        match method {
            SpectrumMethod::Automatic if few => {
                let poles = self.resolvent(part, omega, SpectrumMethod::Eigenpairs, halt);
                poles.or_else(|_| self.resolvent(part, omega, SpectrumMethod::Krylov, halt))
            }
            SpectrumMethod::Automatic => {
                let systems = |_| self.resolvent(part, omega, SpectrumMethod::Systems, halt);
                self.resolvent(part, omega, SpectrumMethod::Krylov, halt).or_else(systems)
            }
            SpectrumMethod::Eigenpairs => Ok((Box::new(self.poles(part)?), method)),
            SpectrumMethod::Krylov => Ok((Box::new(self.subspace(part, omega, halt)?), method)),
            SpectrumMethod::Systems => Ok((Box::new(self.systems(part, halt)), method)),
            SpectrumMethod::TimeSeries => Ok((Box::new(self.decayed(part, omega, halt)?), method)),
        }
    }

    fn poles(&self, part: &Part) -> Result<Poles, EngineError> {
        let elements = self.elements();
        let action = Action::new(self.space(), &part.coherence, &elements, Direction::Forward).general();
        let (real, half) = (assembled(&action), part.coherence.len);
        let element =
            |i: usize, j: usize| Complex64::new(real[4 * i * half + 2 * j], real[(4 * i + 2) * half + 2 * j]);
        let matrix: Vec<Complex64> = (0..half * half).map(|k| element(k / half, k % half)).collect();
        let defective = "the eigenvalues are defective or nearly so; choose another method";
        let eigen = GeneralEigen::new(&matrix, half)
            .ok_or_else(|| EngineError::Unsupported { engine: NAME, reason: defective.into() })?;
        let pole = |k: usize| {
            let seen: Complex64 =
                (0..half).map(|i| part.weights[i].conj() * eigen.vectors[i * half + k]).sum();
            let begun: Complex64 = (0..half).map(|j| eigen.inverse[k * half + j] * part.x[j]).sum();
            (seen * begun, eigen.values[k])
        };
        // The stationary state itself has no weight in a connected correlation but that of rounding.
        Ok(Poles((0..half).map(pole).filter(|(c, lambda)| lambda.norm() > 1e-9 || c.norm() > 1e-9).collect()))
    }

    fn subspace(&self, part: &Part, omega: &[f64], halt: &dyn Halt) -> Result<Subspace, EngineError> {
        let elements = self.elements();
        let action = Action::new(self.space(), &part.coherence, &elements, Direction::Forward).general();
        let dim = LinearMap::dim(&action);
        let weights = &part.weights;
        // conj(w) (x + i y) as a functional of the pairs (x, y).
        let re = weights.iter().flat_map(|w| [w.re, w.im]).collect();
        let im = weights.iter().flat_map(|w| [-w.im, w.re]).collect();
        let room = VECTORS.min(dim).min(NUMBERS / dim);
        let made = ProjectedResolvent::new(&part.vector(), vec![ComplexFunctional { re, im }], room.max(1));
        let mut found = made.map_err(|e| solution("the spectrum", e))?;
        let mut watch = |_: u64, _: f64| !halt.asked();
        let mut size = 60;
        loop {
            found.grow(&action, size, &mut watch).map_err(|e| solution("the spectrum", e))?;
            let mut out = [Complex64::ZERO];
            let residual = |w: &f64| found.evaluate(Complex64::new(0.0, *w), &mut out);
            let worst = omega.iter().step_by(omega.len().div_ceil(16)).map(residual).fold(0.0, f64::max);
            if worst <= TOLERANCE {
                return Ok(Subspace(found));
            }
            if found.is_full() {
                let iterations = found.size() as u64;
                let (algorithm, tolerance) = ("krylov resolvent", TOLERANCE);
                let error = EigenError::NotConverged { algorithm, iterations, residual: worst, tolerance };
                return Err(solution("the spectrum", error));
            }
            size = size * 3 / 2;
        }
    }

    fn systems<'a>(&'a self, part: &'a Part, halt: &'a dyn Halt) -> Systems<'a> {
        let elements = self.elements();
        let action = Action::new(self.space(), &part.coherence, &elements, Direction::Forward).general();
        let no_jump = NoJump::new(self.space(), &part.coherence, &elements, Direction::Forward).general();
        let own = part.coherence.difference == self.coherence.difference;
        let rho = own.then_some(self.x.as_slice());
        Systems { part, rho, action, no_jump, halt, start: vec![0.0; 2 * part.coherence.len] }
    }

    /// The correlation until it has decayed to 1e-9 of its start, in steps that resolve every frequency.
    fn decayed(&self, part: &Part, omega: &[f64], halt: &dyn Halt) -> Result<Series, EngineError> {
        const POINTS: usize = 1 << 18;
        let elements = self.elements();
        let solver = Solver::new(self.space(), &elements, halt);
        let gap = solver.slow(&part.coherence.difference, 1)?.gap();
        let (_, _, imaginary) = solver.rectangle(&part.coherence);
        let fastest = omega.iter().map(|w| w.abs()).fold(0.0, f64::max) + imaginary.min(200.0 * gap.max(1.0));
        let step = 0.12 / fastest.max(gap);
        let count = 2 * ((21.0 / gap / step) as usize / 4 * 2 + 2);
        if gap.is_nan() || count > POINTS {
            let reason = "the correlation decays too slowly for a time series; choose another method".into();
            return Err(EngineError::Unsupported { engine: NAME, reason });
        }
        let times: Vec<f64> = (0..=count).map(|k| k as f64 * step).collect();
        Ok(Series { step, values: self.series(part, &elements, &times, halt)? })
    }
}

/// The highest line: its maximum by golden section between the neighbours of the largest value, and the
/// points of half the height by bisection.
fn line(resolvent: &mut dyn Resolvent, omega: &[f64], values: &[f64]) -> Result<Line, EngineError> {
    let refuse = |reason: &str| EngineError::Unsupported { engine: NAME, reason: reason.into() };
    let top = (0..values.len()).max_by(|i, j| values[*i].total_cmp(&values[*j])).unwrap_or(0);
    if values[top].is_nan() || values[top] <= 0.0 {
        return Err(refuse("the operators have no correlation that decays: their spectrum vanishes"));
    }
    if top == 0 || top + 1 == values.len() {
        return Err(refuse("the highest value of the spectrum is at the end of its grid; extend it"));
    }
    let (mut low, mut high) = (omega[top - 1], omega[top + 1]);
    let ratio = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut a, mut b) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_a, mut at_b) = (resolvent.at(a)?.0, resolvent.at(b)?.0);
    for _ in 0..36 {
        if at_a > at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - ratio * (high - low);
            at_a = resolvent.at(a)?.0;
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + ratio * (high - low);
            at_b = resolvent.at(b)?.0;
        }
        if high - low < 1e-8 * (omega[top + 1] - omega[top - 1]) {
            break;
        }
    }
    let centre = 0.5 * (low + high);
    let (height, error) = resolvent.at(centre)?;
    let mut half = |sign: f64| -> Result<(f64, f64), EngineError> {
        // Outwards in growing steps until the height has halved, then bisection.
        let mut step = 0.02 * (omega[top + 1] - omega[top - 1]);
        let (mut inner, mut outer) = (centre, centre + sign * step);
        let mut tries = 0;
        while resolvent.at(outer)?.0 > 0.5 * height {
            (inner, step) = (outer, 1.3 * step);
            outer += sign * step;
            tries += 1;
            if tries > 60 {
                return Err(refuse("the line does not fall to half of its height"));
            }
        }
        for _ in 0..40 {
            let middle = 0.5 * (inner + outer);
            let (value, _) = resolvent.at(middle)?;
            if value > 0.5 * height {
                inner = middle;
            } else {
                outer = middle;
            }
            if (outer - inner).abs() < 1e-10 * (outer - centre).abs() {
                break;
            }
        }
        let (_, error) = resolvent.at(outer)?;
        Ok((0.5 * (inner + outer), error))
    };
    let ((right, one), (left, two)) = (half(1.0)?, half(-1.0)?);
    let fwhm = right - left;
    let spacing = omega[top + 1] - omega[top - 1];
    if fwhm < 0.1 * spacing {
        return Err(refuse(
            "the grid does not resolve the highest line: it is narrower than a tenth of the spacing",
        ));
    }
    // A Lorentzian of relative error e in its height is off by about e of its width.
    let error = fwhm * (2.0 * error / height + 2.0 * (one + two) / height + 1e-9);
    Ok(Line { centre, height, fwhm, error, slowest: f64::NAN })
}
