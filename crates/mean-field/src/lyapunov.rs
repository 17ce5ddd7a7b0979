//! The spectrum of Lyapunov exponents.

use serde::Serialize;
use superladder_propagate::dop853_rows;

use crate::MeanFieldEquations;
use crate::blocking::{BlockedError, blocked};

/// Lyapunov exponents with errors.
#[derive(Debug, Clone, Serialize)]
pub struct Spectrum {
    /// The exponents, in the order in which the frame was orthogonalised: largest first.
    pub exponents: Vec<f64>,
    /// Standard errors: the scatter of the means of blocks that are longer than the correlations of the
    /// growth.
    pub errors: Vec<f64>,
    /// How long these blocks are, in time.
    pub block_times: Vec<f64>,
    /// False where the error still grew with the length of the blocks: correlations are longer, the error is
    /// a lower bound.
    pub resolved: Vec<bool>,
    /// Time average of the divergence of the flow, which the exponents add up to.
    pub divergence: f64,
    /// Time of the average: what was asked for, up to whole blocks.
    pub time: f64,
}

/// Number of the shortest blocks that are kept; longer ones are made of them.
const BLOCKS: usize = 4096;
/// Fewest of them, for short times.
const FEWEST: usize = 16;

/// All Lyapunov exponents along the trajectory from `start`: `burn`, then the average over at least `time`.
/// Fixed steps `dt` of the Dormand-Prince method of order 8 for state and perturbations, which are made
/// orthonormal every `every` steps (G. Benettin et al., Meccanica 15, 9 (1980)). Errors by blocking with a
/// block length that is found from the data.
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
    // A power of two, so that blocks can be joined in pairs.
    let mut count = BLOCKS;
    while count > rounds(time).max(FEWEST) {
        count /= 2;
    }
    let per_block = rounds(time / count as f64);
    let duration = (per_block * every) as f64 * dt;
    let mut blocks = vec![Vec::with_capacity(count); n];
    let mut divergence = 0.0;
    for _ in 0..count {
        let mut growth = vec![0.0; n];
        for _ in 0..per_block {
            for _ in 0..every {
                flow.step(&mut y, dt);
                divergence += trace(equations, &y[..n]);
            }
            orthonormalise(&mut y[n..], n, &mut growth);
        }
        blocks.iter_mut().zip(growth).for_each(|(block, g)| block.push(g / duration));
    }
    let errors: Vec<BlockedError> = blocks.iter().map(|block| blocked(block)).collect();
    Spectrum {
        exponents: blocks.iter().map(|block| block.iter().sum::<f64>() / count as f64).collect(),
        errors: errors.iter().map(|e| e.error).collect(),
        block_times: errors.iter().map(|e| e.length as f64 * duration).collect(),
        resolved: errors.iter().map(|e| e.resolved).collect(),
        divergence: divergence / (count * per_block * every) as f64,
        time: duration * count as f64,
    }
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
