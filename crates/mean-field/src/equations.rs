//! Mean-field equations as a plain vector field with its exact Jacobian.

use std::sync::Arc;

use num_complex::Complex64;
use serde::{Deserialize, Serialize};
use superladder_cumulant::{Basis, Closure, Derivation, Equations, Tape, TapeJacobian, TapeTerm, Unknown};
use superladder_model::{EnsembleState, InitialState, ModeState, Model};
use superladder_propagate::VectorField;

use crate::MeanFieldError;

/// Which mean-field equations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Leading order in N of every term of the model.
    #[default]
    Infinite,
    /// All of order 1 at the model's sizes (they differ from the limit where a term acts twice on one
    /// ensemble or mode).
    Finite,
}

/// Order 1 at leading order in N.
pub(crate) fn leading() -> Derivation {
    Derivation { order: 1, closure: Closure::Sites, leading: true, basis: Basis::Cartesian }
}

/// The mean-field equations of a model: `dv/dt = f(v)` with v the intensive means, in the order
/// `<Q>/sqrt N, <P>/sqrt N` per mode, then `<S^x>, <S^y>, <S^z>` per spin of each ensemble.
#[derive(Debug)]
pub struct MeanFieldEquations {
    /// The derivation; of equations made by a `Family` the one of its free subsystems, which has the same
    /// unknowns.
    equations: Arc<Equations>,
    modes: usize,
    rows: Vec<Vec<TapeTerm>>,
    drift: Tape,
    jacobian: TapeJacobian,
}

impl MeanFieldEquations {
    /// The equations as N grows, without Gilbert damping.
    ///
    /// # Errors
    /// [`MeanFieldError`].
    pub fn new(model: &Model) -> Result<Self, MeanFieldError> {
        Self::with_options(model, Limit::Infinite, &[])
    }

    /// The equations of a limit; `gilbert` holds one damping per mode (or nothing):
    /// `(1 + i gilbert/2) da/dt = (all that the model says of da/dt)`.
    ///
    /// # Errors
    /// [`MeanFieldError`].
    pub fn with_options(model: &Model, limit: Limit, gilbert: &[f64]) -> Result<Self, MeanFieldError> {
        let modes = model.modes().len();
        let derivation = Derivation { leading: limit == Limit::Infinite, ..leading() };
        let equations = Arc::new(Equations::of_model(model, derivation)?);
        let rows = equations.terms(0).to_vec();
        Self::of_rows(equations, rows, modes, gilbert)
    }

    /// Of `rows` for the unknowns of `equations`, with Gilbert damping.
    pub(crate) fn of_rows(
        equations: Arc<Equations>,
        mut rows: Vec<Vec<TapeTerm>>,
        modes: usize,
        gilbert: &[f64],
    ) -> Result<Self, MeanFieldError> {
        let fits = gilbert.is_empty() || gilbert.len() == modes;
        if !fits || gilbert.iter().any(|g| !g.is_finite()) {
            return Err(MeanFieldError::Gilbert { expected: modes, found: gilbert.to_vec() });
        }
        for (mode, damping) in gilbert.iter().enumerate() {
            damp(&mut rows, mode, *damping);
        }
        let (drift, jacobian) = (Tape::new(&rows), TapeJacobian::new(&rows));
        Ok(Self { equations, modes, rows, drift, jacobian })
    }

    /// Number of unknowns.
    pub fn dim(&self) -> usize {
        self.drift.rows()
    }

    /// The unknowns: names, and scales that turn them into expectation values.
    pub fn unknowns(&self) -> &[Unknown] {
        self.equations.unknowns()
    }

    /// Number of modes: the first `2 modes` unknowns are theirs, then come three for every ensemble.
    pub fn modes(&self) -> usize {
        self.modes
    }

    /// The polynomial right-hand side, one list of terms per unknown.
    pub fn rows(&self) -> &[Vec<TapeTerm>] {
        &self.rows
    }

    /// Ensembles whose spin length `|<S>|/N_e` the equations conserve: `s . ds/dt` is the zero polynomial,
    /// found by evaluating it at generic points.
    pub fn conserved_lengths(&self) -> Vec<usize> {
        let ensembles = (self.dim() - 2 * self.modes) / 3;
        let mut out = vec![0.0; self.dim()];
        let generic = |point: usize| -> Vec<f64> {
            (0..self.dim()).map(|i| ((i * 7 + point * 13 + 3) as f64).sin()).collect()
        };
        let mut conserved = |e: &usize| {
            let first = 2 * self.modes + 3 * e;
            (0..4).all(|point| {
                let v = generic(point);
                self.drift(&v, &mut out);
                let rate: f64 = (first..first + 3).map(|i| v[i] * out[i]).sum();
                rate.abs() < 1e-12
            })
        };
        (0..ensembles).filter(|e| conserved(e)).collect()
    }

    /// The derivation behind, for names, scales and expectation values of the unknowns. (Of equations made by
    /// a [`crate::Family`] it is that of the free subsystems, so that its terms are not those of
    /// [`MeanFieldEquations::rows`].)
    pub fn equations(&self) -> &Equations {
        &self.equations
    }

    /// `out = f(v)`.
    ///
    /// # Panics
    /// If a slice is shorter than [`MeanFieldEquations::dim`].
    pub fn drift(&self, v: &[f64], out: &mut [f64]) {
        self.drift.evaluate(v, &mut out[..self.drift.rows()]);
    }

    /// The Jacobian `df_i/dv_k` at v, row-major.
    ///
    /// # Panics
    /// If `v` is shorter than [`MeanFieldEquations::dim`].
    pub fn jacobian(&self, v: &[f64]) -> Vec<f64> {
        let mut buffers = Jacobian::new(self);
        buffers.at(self, v);
        buffers.matrix
    }

    /// The means of a product state (of any initial state: what is beyond the means is dropped).
    ///
    /// # Errors
    /// [`MeanFieldError`].
    pub fn initial(&self, state: &InitialState) -> Result<Vec<f64>, MeanFieldError> {
        Ok(self.equations.initial(state)?)
    }

    /// The product state with the means v: coherent modes and identical spins with Bloch vectors `2 <S>/N_e`,
    /// cut to length 1 where integration errors made them longer ('mean-field state').
    ///
    /// # Panics
    /// If `v` is shorter than [`MeanFieldEquations::dim`].
    pub fn product_state(&self, v: &[f64]) -> InitialState {
        let (modes, spins) = v[..self.dim()].split_at(2 * self.modes);
        let root = self.equations.scale().sqrt() * std::f64::consts::FRAC_1_SQRT_2;
        let (pairs, _) = modes.as_chunks::<2>();
        let (triples, _) = spins.as_chunks::<3>();
        let bloch = |s: &[f64; 3]| {
            let length = 2.0 * s.iter().map(|x| x * x).sum::<f64>().sqrt();
            EnsembleState::Product { bloch: s.map(|x| 2.0 * x / length.max(1.0)) }
        };
        InitialState {
            modes: pairs
                .iter()
                .map(|[q, p]| ModeState::Coherent(Complex64::new(root * q, root * p)))
                .collect(),
            ensembles: triples.iter().map(bloch).collect(),
            joint: None,
        }
    }
}

/// Buffers for the Jacobian at many states.
#[derive(Debug)]
pub(crate) struct Jacobian {
    values: Vec<f64>,
    matrix: Vec<f64>,
}

impl Jacobian {
    pub(crate) fn new(equations: &MeanFieldEquations) -> Self {
        let dim = equations.dim();
        Self { values: vec![0.0; equations.jacobian.len()], matrix: vec![0.0; dim * dim] }
    }

    /// [`MeanFieldEquations::jacobian`] of the equations that the buffers were made for.
    pub(crate) fn at(&mut self, equations: &MeanFieldEquations, v: &[f64]) -> &[f64] {
        equations.jacobian.evaluate(v, &mut self.values, &mut self.matrix);
        &self.matrix
    }
}

impl VectorField for MeanFieldEquations {
    fn dim(&self) -> usize {
        self.drift.rows()
    }

    fn derivative(&self, _t: f64, y: &[f64], out: &mut [f64]) {
        self.drift.evaluate(y, out);
    }
}

/// `q' + i p' -> (q' + i p') / (1 + i damping/2)` on the rows of a mode.
fn damp(rows: &mut [Vec<TapeTerm>], mode: usize, damping: f64) {
    let half = 0.5 * damping;
    let norm = 1.0 / (1.0 + half * half);
    let (q, p) = (rows[2 * mode].clone(), rows[2 * mode + 1].clone());
    rows[2 * mode] = combined(&q, norm, &p, half * norm);
    rows[2 * mode + 1] = combined(&p, norm, &q, -half * norm);
}

fn combined(a: &[TapeTerm], x: f64, b: &[TapeTerm], y: f64) -> Vec<TapeTerm> {
    let scaled = |terms: &[TapeTerm], factor: f64| -> Vec<TapeTerm> {
        let times =
            |t: &TapeTerm| TapeTerm { coefficient: factor * t.coefficient, factors: t.factors.clone() };
        terms.iter().map(times).filter(|t| t.coefficient != 0.0).collect()
    };
    let mut sum = scaled(a, x);
    for term in scaled(b, y) {
        match sum.iter_mut().find(|known| known.factors == term.factors) {
            Some(known) => known.coefficient += term.coefficient,
            None => sum.push(term),
        }
    }
    sum
}
