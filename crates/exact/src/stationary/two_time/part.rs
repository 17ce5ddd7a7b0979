//! One charge difference of a correlation, and who looks at it while it moves.

use std::ops::ControlFlow;

use num_complex::Complex64;
use superladder_engine::{EngineError, Halt};
use superladder_propagate::{Chebyshev, Linear, LinearOperator, Method, Observer, Stop, vector};

use crate::error::{INTERRUPTED, NAME};
use crate::stationary::operators::coherence::Coherence;
use crate::stationary::operators::gauged::Gauged;

/// Complex unknowns from which a Krylov subspace of the generator itself takes longer.
pub(super) const MANY: usize = 20_000;

/// One charge difference of `B rho C`, and the weights of A there.
pub(crate) struct Part {
    pub(crate) coherence: Coherence,
    /// `B rho C`, less `<B> rho` if connected.
    pub(crate) x: Vec<Complex64>,
    /// `tr(A X)` is the scalar product with these.
    pub(crate) weights: Vec<Complex64>,
}

impl Part {
    /// `tr(A X)`.
    pub(crate) fn value(&self, x: &[Complex64]) -> Complex64 {
        self.weights.iter().zip(x).map(|(w, x)| w.conj() * x).sum()
    }

    /// The norm of A times that of X.
    pub(crate) fn size(&self) -> f64 {
        let norm = |x: &[Complex64]| x.iter().map(Complex64::norm_sqr).sum::<f64>().sqrt();
        norm(&self.weights) * norm(&self.x)
    }

    /// Real and imaginary parts of the weights with which `tr(A X)` is a sum over (re, im) of X.
    pub(crate) fn weights_of_pairs(&self) -> [Vec<f64>; 2] {
        [
            self.weights.iter().flat_map(|w| [w.re, w.im]).collect(),
            self.weights.iter().flat_map(|w| [-w.im, w.re]).collect(),
        ]
    }

    /// (re, im) of X.
    pub(crate) fn vector(&self) -> Vec<f64> {
        self.x.iter().flat_map(|z| [z.re, z.im]).collect()
    }
}

/// Looks at a vector of unknowns with the weights of A.
struct Looking<'a> {
    weights: &'a [Vec<f64>; 2],
    halt: &'a dyn Halt,
    values: Vec<Complex64>,
}

impl Observer for Looking<'_> {
    fn probe_count(&self) -> usize {
        2
    }

    fn probe(&self, x: &[f64], out: &mut [f64]) {
        (out[0], out[1]) = (vector::dot(&self.weights[0], x), vector::dot(&self.weights[1], x));
    }

    fn needs_state(&self) -> bool {
        false
    }

    fn poll(&self) -> ControlFlow<()> {
        if self.halt.asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn stop(&mut self, stop: &Stop<'_>) -> ControlFlow<()> {
        self.values.push(Complex64::new(stop.probes[0], stop.probes[1]));
        ControlFlow::Continue(())
    }

    fn step(&mut self, _time: f64, _state: &[f64]) -> ControlFlow<()> {
        self.poll()
    }
}

/// Moves `x` by `e^{A t}` (Chebyshev) through `stops` to the last of them: what `weights` see there, and the estimated error
/// relative to the norms of x and of the weights.
///
/// # Errors
/// [`EngineError::Interrupted`], [`EngineError::Propagation`].
pub(super) fn looked_at<A: LinearOperator>(
    flow: &A,
    x: &mut [f64],
    stops: &[f64],
    (weights, halt): (&[Vec<f64>; 2], &dyn Halt),
) -> Result<(Vec<Complex64>, f64), EngineError> {
    let end = stops.last().copied().unwrap_or(0.0);
    let method = Method::Chebyshev(Chebyshev { step_tolerance: 1e-12, ..Chebyshev::default() });
    let mut propagator = method.propagator(x.len());
    let mut looking = Looking { weights, halt, values: Vec::with_capacity(stops.len()) };
    match propagator.advance(&Linear(flow), 0.0, end, x, stops, &mut looking) {
        Ok(_) if looking.values.len() == stops.len() => {
            Ok((looking.values, propagator.statistics().error_estimate))
        }
        Ok(_) => Err(INTERRUPTED),
        Err(source) => Err(EngineError::Propagation { engine: NAME, time: end, source: Box::new(source) }),
    }
}

/// Both parts where they are not zero.
pub(super) fn halves(gauged: &Gauged, part: &Part) -> Vec<(Complex64, Vec<f64>)> {
    let [re, im] = gauged.parts(&part.x);
    let all = [(Complex64::ONE, re), (Complex64::I, im)];
    all.into_iter().filter(|(_, x)| x.iter().any(|x| *x != 0.0)).collect()
}
