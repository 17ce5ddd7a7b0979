//! Steps of all lanes: drift, with noise between.
//!
//! ```text
//! noise(h/3)  drift(h)  noise(4h/3)  drift(h)  noise(2h/3)  drift(h)  ...  noise(h/3)     an even number of steps
//!
//! noise(t)    v += sqrt(t/N) B(v) xi, B at the beginning (Ito); about it kicks: the flow of every Hermitian jump
//!             for the "time" sqrt(rate t/2) xi
//! drift(h)    the Dormand-Prince method of order 8
//! ```
//! The noise of a stretch of time is that of Simpson's rule: what the drift makes of it, an integral over the time at
//! which it came, is right to the fourth order (S. A. Chin, Phys. Lett. A 226, 344 (1997): the error of this splitting
//! is of second order in the noise, `O(h^4/N + h^2/N^2)` in covariances of relative size 1/N, beside `O(h^8)` of the
//! drift; for the expansion in small noise G. N. Milstein and M. V. Tretyakov, SIAM J. Sci. Comput. 18, 1067 (1997)).
//! Two noises of one place are one. For diffusion that is constant or linear in v one step of noise has the right
//! second moments. |S| of ensembles that keep it is put back after every part.

use superladder_propagate::{Row, dop853_rows};

use crate::equations::{Kick, StageEquations};
use crate::lanes::{LANES, Lane, Program};
use crate::noise::LaneNoise;

const ONE: Lane = Lane([1.0; LANES]);
/// Stages of the method of order 8.
const STAGES: usize = 12;

/// Samples on their way.
#[derive(Debug, Clone)]
pub(crate) struct LaneState {
    /// The variables.
    pub(crate) v: Vec<Lane>,
    /// Places of the first component of the spins that keep their length, with the length.
    pub(crate) kept: Vec<(usize, Lane)>,
    pub(crate) noise: LaneNoise,
    /// By lane, how many times the noise was clipped.
    pub(crate) clipped: Lane,
    /// How many times there was noise.
    pub(crate) noises: u64,
}

/// Buffers of a step.
#[derive(Debug)]
pub(crate) struct Work {
    variables: Vec<Lane>,
    slopes: Vec<Lane>,
    matrix: Vec<Lane>,
}

impl Work {
    /// For all of these equations.
    pub(crate) fn new(stages: &[StageEquations]) -> Self {
        let lanes = |count: usize| vec![Lane::ZERO; count];
        let dim = stages.iter().map(|s| s.dim).max().unwrap_or(0);
        let variables = stages.iter().map(|s| s.buffers().0).max().unwrap_or(0);
        let matrix = stages.iter().map(|s| s.buffers().1).max().unwrap_or(0);
        Self { variables: lanes(variables), slopes: lanes(STAGES * dim), matrix: lanes(matrix) }
    }
}

impl LaneState {
    /// Step number `step` of `all`, an even number, of length h: the drift and the noise behind it, at the first step
    /// also before it.
    #[inline(always)]
    pub(crate) fn advance(
        &mut self,
        equations: &StageEquations,
        (h, scale): (f64, f64),
        (step, all): (u64, u64),
        work: &mut Work,
    ) {
        let noisy = !equations.is_silent();
        if noisy && step == 0 {
            self.disturb(equations, h / 3.0, scale, work);
        }
        self.drift(&equations.drift, h, work);
        let weight = match (step + 1 == all, step % 2) {
            (true, _) => 1.0,
            (false, 0) => 4.0,
            (false, _) => 2.0,
        };
        if noisy {
            self.disturb(equations, weight * h / 3.0, scale, work);
        }
    }

    /// The drift for the time h.
    #[inline(always)]
    pub(crate) fn drift(&mut self, drift: &Program, h: f64, work: &mut Work) {
        runge_kutta(drift, &mut self.v, &Lane::all(h), work);
        self.restore_lengths();
    }

    /// The noise of the time t.
    #[inline(always)]
    fn disturb(&mut self, equations: &StageEquations, t: f64, scale: f64, work: &mut Work) {
        for kick in &equations.kicks {
            self.kick(kick, (0.5 * t).sqrt(), work);
        }
        self.diffuse(equations, (t / scale).sqrt(), work);
        for kick in equations.kicks.iter().rev() {
            self.kick(kick, (0.5 * t).sqrt(), work);
        }
        self.restore_lengths();
        self.noises += 1;
    }

    #[inline(always)]
    fn kick(&mut self, kick: &Kick, root: f64, work: &mut Work) {
        let mut time = self.noise.increment();
        time.times(&Lane::all(kick.strength * root));
        runge_kutta(&kick.field, &mut self.v, &time, work);
    }

    /// `v += root B xi`.
    #[inline(always)]
    fn diffuse(&mut self, equations: &StageEquations, root: f64, work: &mut Work) {
        let Work { variables, matrix, .. } = work;
        let dim = equations.dim;
        variables[..dim].copy_from_slice(&self.v);
        let mut place = 0;
        for block in &equations.blocks {
            let end = place + block.elements.rows();
            let variables = &mut variables[..dim + block.elements.products()];
            block.elements.evaluate(variables, &ONE, &mut matrix[place..end]);
            place = end;
        }
        for (variable, deviation) in &equations.steady {
            self.v[*variable].add_scaled(root * deviation, &self.noise.increment());
        }
        let (mut place, mut clipped) = (0, Lane::ZERO);
        for block in &equations.blocks {
            let own = &mut matrix[place..place + block.elements.rows()];
            block.factor(own, &mut clipped);
            place += own.len();
            for k in 0..block.variables.len() {
                let mut xi = self.noise.increment();
                xi.times(&Lane::all(root));
                for i in k..block.variables.len() {
                    self.v[block.variables[i]].add(&own[i * (i + 1) / 2 + k], &xi);
                }
            }
        }
        self.clipped.add_scaled(1.0, &clipped);
    }

    /// Puts the lengths of spins back that keep them.
    #[inline(always)]
    fn restore_lengths(&mut self) {
        for (first, length) in &self.kept {
            let mut factor = Lane::ZERO;
            let s = &mut self.v[*first..first + 3];
            for l in 0..LANES {
                let square =
                    s[2].0[l].mul_add(s[2].0[l], s[1].0[l].mul_add(s[1].0[l], s[0].0[l] * s[0].0[l]));
                let norm = square.sqrt();
                factor.0[l] = if norm > 0.0 { length.0[l] / norm } else { 1.0 };
            }
            for component in s {
                component.times(&factor);
            }
        }
    }
}

/// One step of order 8 along a field, by a time of each lane's own.
#[inline(always)]
fn runge_kutta(field: &Program, v: &mut [Lane], time: &Lane, work: &mut Work) {
    let (n, rows) = (v.len(), dop853_rows());
    let variables = &mut work.variables[..n + field.products()];
    for (stage, row) in rows[..STAGES].iter().enumerate() {
        let (done, open) = work.slopes.split_at_mut(stage * n);
        combine(&mut variables[..n], v, row, done);
        field.evaluate(variables, time, &mut open[..n]);
    }
    combine(&mut variables[..n], v, rows[STAGES], &work.slopes);
    v.copy_from_slice(&variables[..n]);
}

/// `out = y + sum_stage a k_stage`.
#[inline(always)]
fn combine(out: &mut [Lane], y: &[Lane], row: Row, slopes: &[Lane]) {
    match row.len() {
        0 => out.copy_from_slice(y),
        1 => weighted::<1>(out, y, row, slopes),
        2 => weighted::<2>(out, y, row, slopes),
        3 => weighted::<3>(out, y, row, slopes),
        4 => weighted::<4>(out, y, row, slopes),
        5 => weighted::<5>(out, y, row, slopes),
        6 => weighted::<6>(out, y, row, slopes),
        7 => weighted::<7>(out, y, row, slopes),
        8 => weighted::<8>(out, y, row, slopes),
        9 => weighted::<9>(out, y, row, slopes),
        _ => {
            out.copy_from_slice(y);
            for (stage, a) in row {
                let slopes = &slopes[stage * y.len()..(stage + 1) * y.len()];
                for (out, k) in out.iter_mut().zip(slopes) {
                    out.add_scaled(*a, k);
                }
            }
        }
    }
}

/// [`combine`] for a row of `K` coefficients, which stay in registers.
#[inline(always)]
fn weighted<const K: usize>(out: &mut [Lane], y: &[Lane], row: Row, slopes: &[Lane]) {
    let n = out.len();
    let Some(row) = row.first_chunk::<K>() else { return };
    let mut earlier: [&[Lane]; K] = [&[]; K];
    for k in 0..K {
        earlier[k] = &slopes[row[k].0 * n..(row[k].0 + 1) * n];
    }
    for i in 0..n {
        let mut sum = y[i];
        for k in 0..K {
            sum.add_scaled(row[k].1, &earlier[k][i]);
        }
        out[i] = sum;
    }
}
