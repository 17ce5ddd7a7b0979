//! Correlations of two times, by regression.
//!
//! ```text
//! <A(t+tau) B(t)>      = tr[A e^{L tau} (B rho)]
//! <C(t) A(t+tau) B(t)> = tr[A e^{L tau} (B rho C)]
//! ```
//! `B rho C` is not Hermitian; its parts of different charge differences evolve apart, each by one
//! propagation of complex blocks.

use std::sync::{Arc, PoisonError};

use num_complex::Complex64;
use superladder_engine::{CorrelationSeries, EngineError, Halt, SlowModes};
use superladder_model::{Correlation, Operator};
use superladder_space::{Charge, SparseMatrix};

use super::part::{MANY, Part, halves, looked_at};
use crate::error::NAME;
use crate::generator::Elements;
use crate::stationary::operators::action::{Action, Direction};
use crate::stationary::operators::coherence::{Block, Coherence};
use crate::stationary::operators::gauged::Gauged;
use crate::stationary::operators::real_matrix::Repeated;
use crate::stationary::slow::Flow;
use crate::stationary::solver::Solver;
use crate::stationary::state::StationaryState;

impl StationaryState {
    pub(crate) fn elements(&self) -> Elements {
        Elements::new(self.space(), self.problem().model())
    }

    /// Refuses what is not the correlation of one stationary state, or of a state at a time.
    pub(crate) fn check_two_time(&self, correlation: &Correlation) -> Result<(), EngineError> {
        let refuse = |reason: String| Err(EngineError::Unsupported { engine: NAME, reason });
        if !self.moves() && self.report.count() != 1 {
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
        correlation.operators().try_for_each(|o| self.problem().model().check_operator(o))?;
        Ok(())
    }

    /// The generator on a charge difference as a real matrix, where a gauge makes it one; made once.
    pub(crate) fn gauged(
        &self,
        coherence: &Coherence,
        halt: &dyn Halt,
    ) -> Result<Option<Arc<Gauged>>, EngineError> {
        let mut known = self.gauged.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = known.iter().find(|(d, _)| *d == coherence.difference) {
            return Ok(found.clone());
        }
        let found = Gauged::new(self.space(), coherence, &self.elements(), halt)?.map(Arc::new);
        known.push((coherence.difference.clone(), found.clone()));
        Ok(found)
    }

    /// The slowest eigenvalues of a charge difference, found once.
    pub(crate) fn slow(&self, difference: &Charge, halt: &dyn Halt) -> Result<SlowModes, EngineError> {
        const COUNT: usize = 6;
        /// In large spaces, where each takes long.
        const FEW: usize = 3;
        let mut known = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.iter().find(|slow| slow.difference == *difference) {
            return Ok(found.clone());
        }
        let elements = self.elements();
        let count = if self.x.len() >= MANY { FEW } else { COUNT };
        let found =
            Solver::new(self.space(), &elements, halt).slow(difference, count, &|c| self.gauged(c, halt))?;
        known.push(found.clone());
        Ok(found)
    }

    /// `B rho C` by charge difference, where A sees it; refused where it never does.
    pub(crate) fn seen(&self, correlation: &Correlation) -> Result<Vec<Part>, EngineError> {
        let parts = self.parts(correlation);
        if parts.is_empty() {
            let reason =
                "the correlation of the operators vanishes at all delays: A sees nothing of B rho C, which is 0 in the dark".into();
            return Err(EngineError::Unsupported { engine: NAME, reason });
        }
        Ok(parts)
    }

    fn parts(&self, correlation: &Correlation) -> Vec<Part> {
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
                let of = |(rho, _): (&Coherence, _)| charges.sum(&charges.sum(&b, &c), &rho.difference);
                for sum in self.parts_of_state().map(of) {
                    if !differences.contains(&sum) {
                        differences.push(sum);
                    }
                }
            }
        }
        let (a, b, c) = (matrices(&correlation.a), matrices(&correlation.b), matrices(c));
        let mean = if correlation.connected { self.expectation(&correlation.b) } else { Complex64::ZERO };
        let part = |difference: Charge| {
            let coherence = Coherence::new(space, &difference, &|_, _, _| true);
            let weights = coherence.functional(&a);
            let mut x = vec![Complex64::ZERO; coherence.len];
            for (rho, elements) in self.parts_of_state() {
                add_product(&mut x, &coherence, (rho, elements), &b, &c);
                if rho.difference == difference {
                    x.iter_mut().zip(elements).for_each(|(x, rho)| *x -= mean * rho);
                }
            }
            Part { coherence, x, weights }
        };
        let seen = |part: &Part| {
            part.weights.iter().any(|w| w.norm() > 0.0) && part.x.iter().any(|x| x.norm() > 0.0)
        };
        differences.into_iter().map(part).filter(seen).collect()
    }

    /// The correlation at delays `times`, increasing from 0 on, by propagation (Chebyshev).
    pub(crate) fn correlated(
        &self,
        correlation: &Correlation,
        times: &[f64],
        halt: &dyn Halt,
    ) -> Result<CorrelationSeries, EngineError> {
        self.check_two_time(correlation)?;
        let (mut sum, mut error) = (vec![Complex64::ZERO; times.len()], 0.0);
        let elements = self.elements();
        for part in self.seen(correlation)? {
            let (values, of_part) = self.moved(&part, &elements, times, halt)?;
            sum.iter_mut().zip(values).for_each(|(s, v)| *s += v);
            error += of_part;
        }
        Ok(CorrelationSeries { values: sum, errors: vec![error; times.len()] })
    }

    /// The values of A on a part that moves, and their estimated error: that of the propagation times the
    /// norms of A and of the part.
    pub(crate) fn moved(
        &self,
        part: &Part,
        elements: &Elements,
        times: &[f64],
        halt: &dyn Halt,
    ) -> Result<(Vec<Complex64>, f64), EngineError> {
        CorrelationSeries::check_delays(times, NAME)?;
        if let Some(gauged) = self.gauged(&part.coherence, halt)? {
            return moved_in_gauge(&gauged, part, times, halt);
        }
        let solver = Solver::new(self.space(), elements, halt);
        let action = Action::new(self.space(), &part.coherence, elements, Direction::Forward).general();
        let repeated = Repeated::new(&action);
        let flow = Flow { map: &repeated, rectangle: solver.rectangle(&part.coherence)? };
        let first = times.first().is_some_and(|t| *t == 0.0);
        let mut values = if first { vec![part.value(&part.x)] } else { Vec::new() };
        let stops = &times[usize::from(first)..];
        if stops.is_empty() {
            return Ok((values, 0.0));
        }
        let (seen, error) = looked_at(&flow, &mut part.vector(), stops, (&part.weights_of_pairs(), halt))?;
        values.extend(seen);
        Ok((values, part.size() * error.max(f64::EPSILON)))
    }
}

/// [`StationaryState::moved`] on real numbers.
fn moved_in_gauge(
    gauged: &Gauged,
    part: &Part,
    times: &[f64],
    halt: &dyn Halt,
) -> Result<(Vec<Complex64>, f64), EngineError> {
    let mut values = vec![Complex64::ZERO; times.len()];
    let first = usize::from(times.first().is_some_and(|t| *t == 0.0));
    if first == 1 {
        values[0] = part.value(&part.x);
    }
    let stops = &times[first..];
    if stops.is_empty() {
        return Ok((values, 0.0));
    }
    let weights = gauged.weights(&part.weights);
    let mut error = 0.0_f64;
    for (factor, mut x) in halves(gauged, part) {
        let (seen, of_half) = looked_at(gauged, &mut x, stops, (&weights, halt))?;
        values[first..].iter_mut().zip(&seen).for_each(|(sum, v)| *sum += factor * v);
        error = error.max(of_half);
    }
    let turned = |t: &f64| Complex64::from_polar(1.0, gauged.turning * t);
    values.iter_mut().zip(times).for_each(|(value, t)| *value *= turned(t));
    Ok((values, part.size() * error.max(f64::EPSILON)))
}

/// Adds the blocks of `B rho C` for a part of rho.
fn add_product(
    out: &mut [Complex64],
    to: &Coherence,
    (rho, elements): (&Coherence, &[Complex64]),
    b: &[SparseMatrix],
    c: &[SparseMatrix],
) {
    for block in &to.blocks {
        let width = block.columns.len();
        for (i, state) in block.rows.clone().enumerate() {
            let Some(left) = b[block.sector].outer_view(state) else { continue };
            let target = &mut out[block.offset + i * width..][..width];
            for (k, value) in left.iter() {
                // Blocks of rho follow each other by sector and rows.
                let at = rho.blocks.partition_point(|r| (r.sector, r.rows.end) <= (block.sector, k));
                let here = |r: &&Block| r.sector == block.sector && r.rows.contains(&k);
                let Some(source) = rho.blocks.get(at).filter(here) else { continue };
                let row = &elements[source.offset + (k - source.rows.start) * source.columns.len()..];
                for (l, rho) in source.columns.clone().zip(row) {
                    let Some(right) = c[block.sector].outer_view(l) else { continue };
                    for (j, other) in right.iter().filter(|(j, _)| block.columns.contains(j)) {
                        target[j - block.columns.start] += value * rho * other;
                    }
                }
            }
        }
    }
}
