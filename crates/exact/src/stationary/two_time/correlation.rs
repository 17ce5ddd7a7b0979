//! Correlations of two times in a stationary state, by regression.
//!
//! ```text
//! <A(t+tau) B(t)>      = tr[A e^{L tau} (B rho)]
//! <C(t) A(t+tau) B(t)> = tr[A e^{L tau} (B rho C)]
//! ```
//! `B rho C` is not Hermitian; its parts of different charge differences evolve apart, each by one
//! propagation of complex blocks.

use std::ops::ControlFlow;

use num_complex::Complex64;
use superladder_engine::{EngineError, Halt};
use superladder_model::Operator;
use superladder_propagate::{Chebyshev, Linear, Method, Observer, Stop};
use superladder_space::{Charge, SparseMatrix};

use crate::error::{INTERRUPTED, NAME};
use crate::generator::Elements;
use crate::stationary::operators::action::{Action, Direction};
use crate::stationary::operators::coherence::Coherence;
use crate::stationary::slow::Flow;
use crate::stationary::solver::Solver;
use crate::stationary::state::StationaryState;

/// `<C(t) A(t+tau) B(t)>`; without C, `<A(t+tau) B(t)>`.
#[derive(Debug, Clone, PartialEq)]
pub struct Correlation {
    /// The later operator.
    pub a: Operator,
    /// The earlier operator, right of the state's past.
    pub b: Operator,
    /// The earlier operator on the left.
    pub c: Option<Operator>,
    /// Whether the product of the means is taken off, `<A><B>`; for correlations of two operators.
    pub connected: bool,
}

impl Correlation {
    /// `<a^dag(t+tau) a(t)>` of a mode: amplitude correlations, unnormalised g1.
    pub fn amplitude(mode: usize) -> Self {
        Self { a: Operator::create(mode), b: Operator::annihilate(mode), c: None, connected: false }
    }

    /// `<a^dag(t) a^dag(t+tau) a(t+tau) a(t)>` of a mode: intensity correlations, unnormalised g2.
    pub fn intensity(mode: usize) -> Self {
        let (a, b) = (Operator::number(mode), Operator::annihilate(mode));
        Self { a, b, c: Some(Operator::create(mode)), connected: false }
    }

    /// `<S^+(t+tau) S^-(t)>` of an ensemble.
    pub fn dipole(ensemble: usize) -> Self {
        Self { a: Operator::raise(ensemble), b: Operator::lower(ensemble), c: None, connected: false }
    }

    /// `<S^+(t) S^+(t+tau) S^-(t+tau) S^-(t)>` of an ensemble.
    pub fn dipole_intensity(ensemble: usize) -> Self {
        let a = Operator::raise(ensemble) * Operator::lower(ensemble);
        Self { a, b: Operator::lower(ensemble), c: Some(Operator::raise(ensemble)), connected: false }
    }

    /// The same without the product of the means.
    pub fn connected(self) -> Self {
        Self { connected: true, ..self }
    }
}

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

    /// (re, im) of X.
    pub(crate) fn vector(&self) -> Vec<f64> {
        self.x.iter().flat_map(|z| [z.re, z.im]).collect()
    }
}

/// Shows the values of A at the stops.
struct Listening<'a> {
    part: &'a Part,
    halt: &'a dyn Halt,
    values: Vec<Complex64>,
}

impl Observer for Listening<'_> {
    fn probe_count(&self) -> usize {
        2
    }

    fn probe(&self, vector: &[f64], out: &mut [f64]) {
        let pairs = self.part.weights.iter().zip(vector.chunks_exact(2));
        let value: Complex64 = pairs.map(|(w, x)| w.conj() * Complex64::new(x[0], x[1])).sum();
        (out[0], out[1]) = (value.re, value.im);
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

impl StationaryState {
    pub(crate) fn elements(&self) -> Elements {
        Elements::new(self.space(), self.problem().model())
    }

    /// Refuses what is not the correlation of one stationary state.
    pub(crate) fn check_two_time(&self, correlation: &Correlation) -> Result<(), EngineError> {
        let refuse = |reason: String| Err(EngineError::Unsupported { engine: NAME, reason });
        if self.report.count() != 1 {
            let count = self.report.count();
            return refuse(format!(
                "there are {count} stationary states; correlations in their mixture never decay: choose an initial state \
                 and a model that single out one"
            ));
        }
        let check = self.report.diagnostics.checks.get("residual");
        if check.is_some_and(|check| !check.holds()) {
            let residual = self.report.residual;
            return refuse(format!(
                "the state still moves: |L rho| = {residual:e}; correlations need a stationary one"
            ));
        }
        for operator in
            [Some(&correlation.a), Some(&correlation.b), correlation.c.as_ref()].into_iter().flatten()
        {
            self.problem().model().check_operator(operator)?;
        }
        Ok(())
    }

    /// `B rho C` by charge difference, where A sees it.
    pub(crate) fn parts(&self, correlation: &Correlation) -> Vec<Part> {
        let space = self.space();
        let charges = space.charges();
        let model = self.problem().model();
        let matrices = |operator: &Operator| -> Vec<SparseMatrix> {
            (0..space.sectors().len()).map(|sector| space.matrix(operator, sector)).collect()
        };
        let one = Operator::identity();
        let c = correlation.c.as_ref().unwrap_or(&one);
        let mut differences: Vec<Charge> = Vec::new();
        for b in charges.of_operator(&correlation.b, model) {
            for c in charges.of_operator(c, model) {
                let sum = charges.sum(&b, &c);
                if !differences.contains(&sum) {
                    differences.push(sum);
                }
            }
        }
        let (a, b, c) = (matrices(&correlation.a), matrices(&correlation.b), matrices(c));
        let mean = if correlation.connected { self.expectation(&correlation.b) } else { Complex64::ZERO };
        let part = |difference: Charge| {
            let coherence = Coherence::new(space, &difference, &|_, _, _| true);
            let weights = coherence.functional(&a);
            let mut x = self.product(&coherence, &b, &c);
            if difference.iter().all(|d| *d == 0) && mean != Complex64::ZERO {
                x.iter_mut().zip(&self.x).for_each(|(x, rho)| *x -= mean * rho);
            }
            Part { coherence, x, weights }
        };
        let seen = |part: &Part| {
            part.weights.iter().any(|w| w.norm() > 0.0) && part.x.iter().any(|x| x.norm() > 0.0)
        };
        differences.into_iter().map(part).filter(seen).collect()
    }

    /// The blocks of `B rho C`.
    fn product(&self, to: &Coherence, b: &[SparseMatrix], c: &[SparseMatrix]) -> Vec<Complex64> {
        let mut out = vec![Complex64::ZERO; to.len];
        let rho = &self.coherence;
        for block in &to.blocks {
            let width = block.columns.len();
            for (i, state) in block.rows.clone().enumerate() {
                let Some(left) = b[block.sector].outer_view(state) else { continue };
                let target = &mut out[block.offset + i * width..][..width];
                for (k, value) in left.iter() {
                    let source = rho.blocks.iter().find(|r| r.sector == block.sector && r.rows.contains(&k));
                    let Some(source) = source else { continue };
                    let row = &self.x[source.offset + (k - source.rows.start) * source.rows.len()..];
                    for (l, rho) in source.rows.clone().zip(row) {
                        let Some(right) = c[block.sector].outer_view(l) else { continue };
                        for (j, other) in right.iter().filter(|(j, _)| block.columns.contains(j)) {
                            target[j - block.columns.start] += value * rho * other;
                        }
                    }
                }
            }
        }
        out
    }

    /// The correlation at delays `times`, increasing from 0 on, by propagation (Chebyshev).
    ///
    /// # Errors
    /// [`EngineError`]: several stationary states, a state that still moves, operators of another model, a
    /// failed propagation.
    pub fn correlation(
        &self,
        correlation: &Correlation,
        times: &[f64],
        halt: &dyn Halt,
    ) -> Result<Vec<Complex64>, EngineError> {
        self.check_two_time(correlation)?;
        let mut sum = vec![Complex64::ZERO; times.len()];
        let elements = self.elements();
        for part in self.parts(correlation) {
            let values = self.series(&part, &elements, times, halt)?;
            sum.iter_mut().zip(values).for_each(|(s, v)| *s += v);
        }
        Ok(sum)
    }

    pub(crate) fn series(
        &self,
        part: &Part,
        elements: &Elements,
        times: &[f64],
        halt: &dyn Halt,
    ) -> Result<Vec<Complex64>, EngineError> {
        let increasing = times.windows(2).all(|t| t[0] < t[1]) && times.iter().all(|t| *t >= 0.0);
        if !increasing {
            let reason = "delays must be 0 or more and strictly increasing".into();
            return Err(EngineError::Unsupported { engine: NAME, reason });
        }
        let solver = Solver::new(self.space(), elements, halt);
        let action = Action::new(self.space(), &part.coherence, elements, Direction::Forward).general();
        let flow = Flow { action: &action, rectangle: solver.rectangle(&part.coherence) };
        let first = times.first().is_some_and(|t| *t == 0.0);
        let values = if first { vec![part.value(&part.x)] } else { Vec::new() };
        let stops = &times[usize::from(first)..];
        let Some(&end) = stops.last() else { return Ok(values) };
        let mut listening = Listening { part, halt, values };
        let method = Method::Chebyshev(Chebyshev { step_tolerance: 1e-12, ..Chebyshev::default() });
        let mut vector = part.vector();
        let mut propagator = method.propagator(vector.len());
        let moved = propagator.advance(&Linear(&flow), 0.0, end, &mut vector, stops, &mut listening);
        match moved {
            Ok(_) if listening.values.len() == times.len() => Ok(listening.values),
            Ok(_) => Err(INTERRUPTED),
            Err(source) => {
                Err(EngineError::Propagation { engine: NAME, time: end, source: Box::new(source) })
            }
        }
    }
}
