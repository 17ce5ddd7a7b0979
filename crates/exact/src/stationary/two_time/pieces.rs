//! Spectra of large generators that a gauge makes real, from pieces of time.
//!
//! ```text
//! (i w - L)^-1 X = int_0^T dt e^{(L - i w) t} Y,        (1 - e^{-i w T} E) Y = X,   E = e^{L T}
//! ```
//! E leaves little but what is slow, so that Y lies in a Krylov subspace of few vectors ([`Pieces`]); where one mode is
//! left at the end, one vector is enough ([`Tail`]). What A sees while the vectors are moved through their piece gives
//! the integral, fast parts included.

use std::sync::{Mutex, PoisonError};

use num_complex::Complex64;
use superladder_eigen::{LinearMap, ProjectedResolvent};
use superladder_engine::{EngineError, FourierIntegral, Halt, SpectralDensity};
use superladder_propagate::{LinearOperator, vector};

use super::part::{Part, halves, looked_at};
use crate::error::{INTERRUPTED, NAME};
use crate::spectrum::radius;
use crate::stationary::operators::gauged::Gauged;
use crate::stationary::solver::solution;

/// Applications of the generator in a piece, about.
const PIECE: f64 = 1000.0;
/// Vectors of the subspace at most, and their numbers altogether.
const VECTORS: usize = 60;
const NUMBERS: usize = 1 << 28;
/// Phase of the fastest oscillation between two delays.
const PHASE: f64 = 0.12;
/// Residual that is aimed at, relative to X.
const TOLERANCE: f64 = 1e-9;
/// What of a time series is no single mode at its end, relative to X and with all that it may become.
const REST: f64 = 1e-8;
/// Pieces of a time series at most.
const LONGEST: usize = 400;

/// What moves through pieces of time, and what A sees of it.
pub(super) struct Road<'a> {
    gauged: &'a Gauged,
    weights: [Vec<f64>; 2],
    /// Delays in a piece and their distance.
    points: usize,
    step: f64,
    halt: &'a dyn Halt,
    /// Of every vector that was moved.
    seen: Mutex<Vec<FourierIntegral>>,
    failure: Mutex<Option<EngineError>>,
}

impl<'a> Road<'a> {
    /// Pieces of `part` of the usual length for all frequencies `omega`.
    pub(super) fn new(
        gauged: &'a Gauged,
        part: &Part,
        omega: &[f64],
        (length, halt): (f64, &'a dyn Halt),
    ) -> Self {
        let rectangle = gauged.rectangle();
        let (imaginary, whole) = (rectangle.2, length * PIECE / radius(rectangle).max(f64::MIN_POSITIVE));
        let fastest = omega.iter().map(|w| (w - gauged.turning).abs()).fold(imaginary, f64::max);
        let points = 4 * ((whole * fastest / PHASE / 4.0).ceil() as usize).max(32);
        let step = whole / points as f64;
        let weights = gauged.weights(&part.weights);
        Self { gauged, weights, points, step, halt, seen: Mutex::default(), failure: Mutex::default() }
    }

    fn whole(&self) -> f64 {
        self.step * self.points as f64
    }

    /// Moves x through a piece.
    fn pass(&self, x: &mut [f64]) -> Result<(), EngineError> {
        let start = Complex64::new(vector::dot(&self.weights[0], x), vector::dot(&self.weights[1], x));
        let stops: Vec<f64> = (1..=self.points).map(|k| k as f64 * self.step).collect();
        let (rest, _) = looked_at(self.gauged, x, &stops, (&self.weights, self.halt))?;
        let values = std::iter::once(start).chain(rest).collect();
        let seen = FourierIntegral { step: self.step, values };
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
        Ok(())
    }

    /// What has ended the way as a [`LinearMap`], which can only leave no numbers.
    fn failure(&self) -> Result<(), EngineError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }

    /// `e^{-i w T}` of a piece, w less the common frequency.
    fn phase(&self, omega: f64) -> Complex64 {
        Complex64::from_polar(1.0, -omega * self.whole())
    }
}

impl LinearMap for Road<'_> {
    fn dim(&self) -> usize {
        LinearOperator::dim(self.gauged)
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        out.copy_from_slice(x);
        if let Err(error) = self.pass(out) {
            out.fill(f64::NAN);
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
    }
}

/// The real or the imaginary part of x in the gauge.
struct Half<T> {
    factor: Complex64,
    found: T,
}

/// S from a Krylov subspace of E for every part of x.
pub(super) struct Pieces {
    turning: f64,
    whole: f64,
    halves: Vec<Half<(ProjectedResolvent, Vec<FourierIntegral>, f64)>>,
}

impl Pieces {
    /// # Errors
    /// [`EngineError`]: interrupted, or no convergence with as many vectors as fit.
    pub(super) fn new(
        gauged: &Gauged,
        part: &Part,
        omega: &[f64],
        halt: &dyn Halt,
    ) -> Result<Self, EngineError> {
        let mut found = Vec::new();
        let mut whole = 0.0;
        for (factor, x) in halves(gauged, part) {
            let road = Road::new(gauged, part, omega, (1.0, halt));
            whole = road.whole();
            let room = VECTORS.min(NUMBERS / x.len()).max(1);
            let made = ProjectedResolvent::new(&x, Vec::new(), room);
            let mut subspace = made.map_err(|e| solution("the spectrum", e))?;
            let mut watch = |iterations: u64, residual: f64| halt.go_on(iterations, residual);
            loop {
                let grown = subspace.grow(&road, subspace.size() + 1, &mut watch);
                road.failure()?;
                grown.map_err(|e| solution("the spectrum", e))?;
                let residual = |w: &f64| subspace.solution(road.phase(w - gauged.turning).inv()).1;
                let worst = omega.iter().map(residual).fold(0.0, f64::max);
                if worst <= TOLERANCE {
                    break;
                }
                if subspace.is_full() {
                    let vectors = subspace.size();
                    let reason = format!(
                        "{vectors} vectors of the propagator leave {worst:.1e} of the spectrum; too many modes are slow"
                    );
                    return Err(EngineError::Unsupported { engine: NAME, reason });
                }
            }
            let seen = road.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
            found.push(Half { factor, found: (subspace, seen, vector::norm(&x)) });
        }
        Ok(Self { turning: gauged.turning, whole, halves: found })
    }
}

impl SpectralDensity for Pieces {
    fn at(&mut self, omega: f64) -> Result<(f64, f64), EngineError> {
        let omega = omega - self.turning;
        let inverse = Complex64::from_polar(1.0, omega * self.whole);
        let (mut value, mut error) = (Complex64::ZERO, 0.0);
        for Half { factor, found: (subspace, seen, length) } in &mut self.halves {
            // (1 - z E)^-1 = z^-1 (z^-1 - E)^-1.
            let (y, residual) = subspace.solution(inverse);
            let (mut sum, mut coarse) = (Complex64::ZERO, Complex64::ZERO);
            for (y, seen) in y.iter().zip(seen) {
                let (fine, rough) = seen.integrals(omega);
                sum += y * inverse * fine * *length;
                coarse += y * inverse * rough * *length;
            }
            value += *factor * sum;
            error += (sum - coarse).norm() / 15.0 + residual * sum.norm();
        }
        Ok((2.0 * value.re, 2.0 * error))
    }
}

/// S from the correlation itself, with the last piece for ever on where one mode is left.
pub(super) struct Tail {
    turning: f64,
    whole: f64,
    halves: Vec<Half<Evolved>>,
}

struct Evolved {
    seen: Vec<FourierIntegral>,
    /// What a piece leaves of the last vector, and how far that is from a multiple of it.
    ratio: f64,
    rest: f64,
}

impl Tail {
    /// # Errors
    /// [`EngineError`]: interrupted, or more than one mode is left after many pieces.
    pub(super) fn new(
        gauged: &Gauged,
        part: &Part,
        omega: &[f64],
        halt: &dyn Halt,
    ) -> Result<Self, EngineError> {
        let mut found = Vec::new();
        let mut whole = 0.0;
        for (factor, mut x) in halves(gauged, part) {
            // Other delays than those of the subspace.
            let road = Road::new(gauged, part, omega, (0.7, halt));
            whole = road.whole();
            let start = vector::norm(&x);
            let mut before = x.clone();
            let (ratio, rest) = loop {
                before.copy_from_slice(&x);
                road.pass(&mut x)?;
                let size = vector::norm(&before).max(f64::MIN_POSITIVE);
                let ratio = vector::dot(&before, &x) / (size * size);
                let squares = before.iter().zip(&x).map(|(a, b)| (b - ratio * a).powi(2)).sum::<f64>();
                // What is no multiple, and all that it may become.
                let rest = squares.sqrt() / size / (1.0 - ratio.abs()).max(f64::MIN_POSITIVE);
                let pieces = road.seen.lock().unwrap_or_else(PoisonError::into_inner).len();
                if !halt.go_on(pieces as u64, rest * size / start) {
                    return Err(INTERRUPTED);
                }
                if ratio.abs() < 1.0 && rest * size <= REST * start {
                    break (ratio, rest);
                }
                if pieces >= LONGEST {
                    let reason =
                        "several modes are left after the longest time series; choose another method".into();
                    return Err(EngineError::Unsupported { engine: NAME, reason });
                }
            };
            let seen = road.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
            found.push(Half { factor, found: Evolved { seen, ratio, rest } });
        }
        Ok(Self { turning: gauged.turning, whole, halves: found })
    }
}

impl SpectralDensity for Tail {
    fn at(&mut self, omega: f64) -> Result<(f64, f64), EngineError> {
        let omega = omega - self.turning;
        let turn = Complex64::from_polar(1.0, -omega * self.whole);
        let (mut value, mut error) = (Complex64::ZERO, 0.0);
        for Half { factor, found: Evolved { seen, ratio, rest } } in &self.halves {
            let (mut sum, mut coarse, mut phase) = (Complex64::ZERO, Complex64::ZERO, Complex64::ONE);
            let mut last = Complex64::ZERO;
            for seen in seen {
                let (fine, rough) = seen.integrals(omega);
                last = phase * fine;
                sum += last;
                coarse += phase * rough;
                phase *= turn;
            }
            // The pieces after the last are the last one times powers of what a piece leaves.
            let next = turn * *ratio;
            let tail = last * next / (1.0 - next);
            value += *factor * (sum + tail);
            error += (sum - coarse).norm() / 15.0 + rest * tail.norm();
        }
        Ok((2.0 * value.re, 2.0 * error))
    }
}
