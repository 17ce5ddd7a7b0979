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

use pulp::Simd;
use superladder_propagate::{Row, dop853_rows};

use crate::clock::{STAGES, Table, Tick};
use crate::equations::{Kick, StageEquations};
use crate::lanes::{LANES, Lane, Program, fused, fused_scaled, product};
use crate::noise::LaneNoise;

const ONE: Lane = Lane([1.0; LANES]);

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
    pub(crate) fn advance<S: Simd, const K: usize>(
        &mut self,
        simd: S,
        equations: &StageEquations,
        (start, h, scale): (f64, f64, f64),
        (step, all, table): (u64, u64, &Table),
        work: &mut Work,
    ) {
        let noisy = !equations.is_silent();
        let tick = table.tick(&equations.clock, step, (start + h * step as f64, h));
        tick.set(0, 0.0, &mut self.v);
        if noisy && step == 0 {
            self.disturb::<S, K>(simd, equations, (h / 3.0, scale), work);
        }
        self.drift::<S, K>(simd, equations, (h, tick), work);
        tick.set(STAGES - 1, 1.0, &mut self.v);
        let weight = match (step + 1 == all, step % 2) {
            (true, _) => 1.0,
            (false, 0) => 4.0,
            (false, _) => 2.0,
        };
        if noisy {
            self.disturb::<S, K>(simd, equations, (weight * h / 3.0, scale), work);
        }
    }

    /// The drift for the time h, along a step of the clock.
    #[inline(always)]
    pub(crate) fn drift<S: Simd, const K: usize>(
        &mut self,
        simd: S,
        equations: &StageEquations,
        (h, tick): (f64, Tick<'_>),
        work: &mut Work,
    ) {
        let clock = Some(tick).filter(|_| !equations.clock.is_still());
        runge_kutta::<S, K>(simd, &equations.drift, &mut self.v, &Lane::all(h), (work, clock));
        self.restore_lengths::<S, K>(simd);
    }

    /// The noise of the time t.
    #[inline(always)]
    fn disturb<S: Simd, const K: usize>(
        &mut self,
        simd: S,
        equations: &StageEquations,
        (t, scale): (f64, f64),
        work: &mut Work,
    ) {
        for kick in &equations.kicks {
            self.kick::<S, K>(simd, kick, (0.5 * t).sqrt(), work);
        }
        self.diffuse::<S, K>(simd, equations, (t / scale).sqrt(), work);
        for kick in equations.kicks.iter().rev() {
            self.kick::<S, K>(simd, kick, (0.5 * t).sqrt(), work);
        }
        self.restore_lengths::<S, K>(simd);
        self.noises += 1;
    }

    #[inline(always)]
    fn kick<S: Simd, const K: usize>(&mut self, simd: S, kick: &Kick, root: f64, work: &mut Work) {
        let mut time = self.noise.increment();
        let size = kick.size.map_or(1.0, |place| self.v[place].0[0].sqrt());
        for x in &mut time.0 {
            *x *= size * kick.strength * root;
        }
        runge_kutta::<S, K>(simd, &kick.field, &mut self.v, &time, (work, None));
    }

    /// `v += root B xi`.
    #[inline(always)]
    fn diffuse<S: Simd, const K: usize>(
        &mut self,
        simd: S,
        equations: &StageEquations,
        root: f64,
        work: &mut Work,
    ) {
        let Work { variables, matrix, .. } = work;
        let dim = equations.dim;
        variables[..dim].copy_from_slice(&self.v);
        let mut place = 0;
        for block in &equations.blocks {
            let end = place + block.elements.rows();
            let variables = &mut variables[..dim + block.elements.products()];
            block.elements.evaluate::<S, K>(simd, variables, &ONE, &mut matrix[place..end]);
            place = end;
        }
        for (variable, deviation) in &equations.steady {
            let xi = self.noise.increment().load::<S, K>(simd);
            let v = &mut self.v[*variable];
            v.store(simd, fused_scaled(simd, root * deviation, xi, v.load(simd)));
        }
        let (mut place, mut clipped) = (0, Lane::ZERO);
        for block in &equations.blocks {
            let own = &mut matrix[place..place + block.elements.rows()];
            block.factor::<S, K>(simd, own, &mut clipped);
            place += own.len();
            for k in 0..block.variables.len() {
                let xi = self.noise.increment().load::<S, K>(simd);
                let xi = product(simd, xi, [simd.splat_f64s(root); K]);
                for i in k..block.variables.len() {
                    let v = &mut self.v[block.variables[i]];
                    v.store(simd, fused(simd, own[i * (i + 1) / 2 + k].load(simd), xi, v.load(simd)));
                }
            }
        }
        let all = fused_scaled(simd, 1.0, clipped.load::<S, K>(simd), self.clipped.load(simd));
        self.clipped.store(simd, all);
    }

    /// Puts the lengths of spins back that keep them.
    #[inline(always)]
    fn restore_lengths<S: Simd, const K: usize>(&mut self, simd: S) {
        let (zero, one) = (simd.splat_f64s(0.0), simd.splat_f64s(1.0));
        for (first, length) in &self.kept {
            let s = &mut self.v[*first..first + 3];
            let mut square = [zero; K];
            for component in &*s {
                let x = component.load::<S, K>(simd);
                square = fused(simd, x, x, square);
            }
            let mut factor = length.load::<S, K>(simd);
            for k in 0..K {
                let quotient = simd.div_f64s(factor[k], simd.sqrt_f64s(square[k]));
                factor[k] = simd.select_f64s(simd.less_than_f64s(zero, square[k]), quotient, one);
            }
            for component in s {
                component.store(simd, product(simd, component.load(simd), factor));
            }
        }
    }
}

/// One step of order 8 along a field, by a time of each lane's own; with a clock, from its time on.
#[inline(always)]
fn runge_kutta<S: Simd, const K: usize>(
    simd: S,
    field: &Program,
    v: &mut [Lane],
    time: &Lane,
    (work, clock): (&mut Work, Option<Tick<'_>>),
) {
    let (n, rows) = (v.len(), dop853_rows());
    let variables = &mut work.variables[..n + field.products()];
    for (stage, row) in rows[..STAGES].iter().enumerate() {
        let (done, open) = work.slopes.split_at_mut(stage * n);
        combine::<S, K>(simd, &mut variables[..n], v, row, done);
        if let Some(clock) = clock {
            clock.set(stage, node(row), &mut variables[..n]);
        }
        field.evaluate::<S, K>(simd, variables, time, &mut open[..n]);
    }
    combine::<S, K>(simd, &mut variables[..n], v, rows[STAGES], &work.slopes);
    v.copy_from_slice(&variables[..n]);
}

/// The part of a step at which a stage is.
fn node(row: Row) -> f64 {
    row.iter().map(|(_, a)| a).sum()
}

/// Those of all stages.
pub(crate) fn nodes() -> [f64; STAGES] {
    std::array::from_fn(|stage| node(dop853_rows()[stage]))
}

/// `out = y + sum_stage a k_stage`.
#[inline(always)]
fn combine<S: Simd, const K: usize>(simd: S, out: &mut [Lane], y: &[Lane], row: Row, slopes: &[Lane]) {
    let n = y.len();
    for (i, (out, y)) in out.iter_mut().zip(y).enumerate() {
        let mut sum = y.load::<S, K>(simd);
        for (stage, a) in row {
            sum = fused_scaled(simd, *a, slopes[stage * n + i].load(simd), sum);
        }
        out.store(simd, sum);
    }
}
