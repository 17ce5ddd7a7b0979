//! The spectrum of Lyapunov exponents.

use serde::Serialize;
use superladder_propagate::dop853_rows;

use crate::MeanFieldEquations;

/// Lyapunov exponents with errors.
#[derive(Debug, Clone, Serialize)]
pub struct Spectrum {
    /// The exponents, in the order in which the frame was orthogonalised: largest first.
    pub exponents: Vec<f64>,
    /// Standard errors from the scatter of the blocks.
    pub errors: Vec<f64>,
    /// Time average of the divergence of the flow, which the exponents add up to.
    pub divergence: f64,
}

/// Number of blocks for the errors.
pub const BLOCKS: usize = 40;

/// All Lyapunov exponents along the trajectory from `start`: `burn`, then `time` in [`BLOCKS`] blocks. Fixed steps `dt` of the
/// Dormand-Prince method of order 8 for state and perturbations, which are made orthonormal every `every` steps
/// (G. Benettin et al., Meccanica 15, 9 (1980)).
pub fn lyapunov(equations: &MeanFieldEquations, start: &[f64], burn: f64, time: f64, dt: f64) -> Spectrum {
    let n = equations.dim();
    let mut flow = Flow::new(equations);
    let mut y = start.to_vec();
    y.extend((0..n * n).map(|e| if e / n == e % n { 1.0 } else { 0.0 }));
    let every = ((1.0 / dt) as usize).max(1);
    let rounds = |t: f64| ((t / dt / every as f64).ceil() as usize).max(1);
    let mut unused = vec![0.0; n];
    for _ in 0..rounds(burn) {
        (0..every).for_each(|_| flow.step(&mut y, dt));
        orthonormalise(&mut y[n..], n, &mut unused);
    }
    let per_block = rounds(time / BLOCKS as f64);
    let duration = (per_block * every) as f64 * dt;
    let mut blocks = Vec::with_capacity(BLOCKS);
    let (mut divergence, mut count) = (0.0, 0.0);
    for _ in 0..BLOCKS {
        let mut growth = vec![0.0; n];
        for _ in 0..per_block {
            for _ in 0..every {
                flow.step(&mut y, dt);
                divergence += trace(equations, &y[..n]);
                count += 1.0;
            }
            orthonormalise(&mut y[n..], n, &mut growth);
        }
        blocks.push(growth.into_iter().map(|g| g / duration).collect::<Vec<f64>>());
    }
    let mean = |k: usize| blocks.iter().map(|b| b[k]).sum::<f64>() / BLOCKS as f64;
    let exponents: Vec<f64> = (0..n).map(mean).collect();
    let error = |k: usize| {
        let square: f64 = blocks.iter().map(|b| (b[k] - exponents[k]).powi(2)).sum();
        (square / (BLOCKS * (BLOCKS - 1)) as f64).sqrt()
    };
    Spectrum { errors: (0..n).map(error).collect(), exponents, divergence: divergence / count }
}

fn trace(equations: &MeanFieldEquations, v: &[f64]) -> f64 {
    let (n, jacobian) = (v.len(), equations.jacobian(v));
    (0..n).map(|i| jacobian[i * n + i]).sum()
}

/// Gram-Schmidt on the columns of a row-major matrix; adds the logarithms of their lengths.
fn orthonormalise(w: &mut [f64], n: usize, growth: &mut [f64]) {
    for k in 0..n {
        for _ in 0..2 {
            for l in 0..k {
                let overlap: f64 = (0..n).map(|i| w[i * n + k] * w[i * n + l]).sum();
                (0..n).for_each(|i| w[i * n + k] -= overlap * w[i * n + l]);
            }
        }
        let length = (0..n).map(|i| w[i * n + k].powi(2)).sum::<f64>().sqrt();
        (0..n).for_each(|i| w[i * n + k] /= length);
        growth[k] += length.ln();
    }
}

/// Fixed steps of state and perturbations.
struct Flow<'a> {
    field: crate::flow::Variational<'a>,
    slopes: Vec<Vec<f64>>,
    state: Vec<f64>,
}

impl<'a> Flow<'a> {
    fn new(equations: &'a MeanFieldEquations) -> Self {
        let size = equations.dim() * (equations.dim() + 1);
        let field = crate::flow::Variational(equations);
        Self { field, slopes: vec![vec![0.0; size]; 12], state: vec![0.0; size] }
    }

    fn step(&mut self, y: &mut [f64], dt: f64) {
        use superladder_propagate::VectorField;
        let rows = dop853_rows();
        for stage in 0..=12 {
            self.state.copy_from_slice(y);
            for (earlier, a) in rows[stage] {
                let slope = &self.slopes[*earlier];
                self.state.iter_mut().zip(slope).for_each(|(x, k)| *x += dt * a * k);
            }
            if stage < 12 {
                self.field.derivative(0.0, &self.state, &mut self.slopes[stage]);
            }
        }
        y.copy_from_slice(&self.state);
    }
}
