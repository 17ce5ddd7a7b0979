//! The flow of the equations together with that of small perturbations.

use std::ops::ControlFlow;

use superladder_propagate::{Dop853, Field, Method, PropagateError, VectorField};

use crate::MeanFieldEquations;

/// A state followed by a row-major matrix of perturbations: `v' = f(v)`, `W' = J(v) W`.
#[derive(Debug)]
pub(crate) struct Variational<'a>(pub(crate) &'a MeanFieldEquations);

impl VectorField for Variational<'_> {
    fn dim(&self) -> usize {
        let n = self.0.dim();
        n * (n + 1)
    }

    fn derivative(&self, _t: f64, y: &[f64], out: &mut [f64]) {
        let n = self.0.dim();
        self.0.drift(&y[..n], &mut out[..n]);
        let jacobian = self.0.jacobian(&y[..n]);
        let (w, dw) = (&y[n..], &mut out[n..]);
        dw.fill(0.0);
        for i in 0..n {
            for l in 0..n {
                let x = jacobian[i * n + l];
                if x != 0.0 {
                    for k in 0..n {
                        dw[i * n + k] += x * w[l * n + k];
                    }
                }
            }
        }
    }
}

fn method(rtol: f64) -> Method {
    Method::Dop853(Dop853 { rtol, atol: 1e-2 * rtol, max_steps: 100_000_000, ..Dop853::default() })
}

/// The state after `time`, shown on the way at the ascending `stops`.
pub(crate) fn advance(
    equations: &MeanFieldEquations,
    v: &mut [f64],
    time: f64,
    stops: &[f64],
    shown: &mut dyn FnMut(f64, &[f64]),
) -> Result<(), PropagateError> {
    let mut show = |t: f64, y: &[f64]| {
        shown(t, y);
        ControlFlow::Continue(())
    };
    method(1e-12).propagator(v.len()).advance(&Field(equations), 0.0, time, v, stops, &mut show).map(drop)
}

/// Advances v by `time`; returns the row-major matrix `dv(time)/dv(0)`.
pub(crate) fn tangent(
    equations: &MeanFieldEquations,
    v: &mut [f64],
    time: f64,
) -> Result<Vec<f64>, PropagateError> {
    let n = v.len();
    let mut y = v.to_vec();
    y.extend((0..n * n).map(|e| if e / n == e % n { 1.0 } else { 0.0 }));
    let field = Variational(equations);
    let mut go_on = |_: f64, _: &[f64]| ControlFlow::Continue(());
    method(1e-13).propagator(y.len()).advance(&Field(&field), 0.0, time, &mut y, &[], &mut go_on)?;
    v.copy_from_slice(&y[..n]);
    Ok(y.split_off(n))
}
