//! Limit cycles: shooting, Floquet multipliers, continuation, bifurcations.

use num_complex::Complex64;
use serde::Serialize;
use superladder_dense::eigenvalues;
use superladder_propagate::PropagateError;

use crate::MeanFieldEquations;
use crate::fixed::length_held;
use crate::flow::{advance, tangent};
use crate::least_squares::LeastSquares;
use crate::symmetry::parity;

/// Samples of a period for means, extrema and harmonics.
const SAMPLES: usize = 512;

/// A limit cycle.
#[derive(Debug, Clone)]
pub struct Cycle {
    /// A state on it.
    pub state: Vec<f64>,
    /// Its period.
    pub period: f64,
    /// Floquet multipliers, largest modulus first; the one of time translation and those of conserved spin
    /// lengths are 1.
    pub multipliers: Vec<Complex64>,
    /// Whether half a period is the reflection of the model's parity, if it has one.
    pub symmetric: bool,
    /// Largest `|v(period) - v(0)|`.
    pub residue: f64,
}

/// Summary of one unknown over a period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Waveform {
    /// Mean over a period.
    pub mean: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Amplitudes of the harmonics 1, 2, 3 and 4: `2 |int v exp(-i k omega t) dt| / period`.
    pub harmonics: [f64; 4],
}

impl Waveform {
    /// Of evenly spaced samples of one period.
    pub fn of(samples: &[f64]) -> Self {
        let n = samples.len() as f64;
        let harmonic = |k: usize| {
            let phase = |i: usize| Complex64::cis(-std::f64::consts::TAU * (k * i) as f64 / n);
            2.0 * samples.iter().enumerate().map(|(i, x)| phase(i) * x).sum::<Complex64>().norm() / n
        };
        let (min, max) = (extremum(samples, -1.0), extremum(samples, 1.0));
        Self {
            mean: samples.iter().sum::<f64>() / n,
            min,
            max,
            harmonics: [harmonic(1), harmonic(2), harmonic(3), harmonic(4)],
        }
    }

    /// `(max - min)/2`.
    pub fn amplitude(&self) -> f64 {
        0.5 * (self.max - self.min)
    }
}

/// The largest of `sign * samples` on the circle, refined on the polynomial of degree 8 through it and four
/// neighbours on either side: by thirds, between its neighbours.
fn extremum(samples: &[f64], sign: f64) -> f64 {
    const REACH: usize = 4;
    /// `(-1)^k` times the binomial coefficients of 8: barycentric weights of equally spaced nodes.
    const WEIGHTS: [f64; 2 * REACH + 1] = [1.0, -8.0, 28.0, -56.0, 70.0, -56.0, 28.0, -8.0, 1.0];
    let n = samples.len();
    let Some(best) = (0..n).max_by(|a, b| (sign * samples[*a]).total_cmp(&(sign * samples[*b]))) else {
        return f64::NAN;
    };
    let nodes: [f64; 2 * REACH + 1] = std::array::from_fn(|k| samples[(best + n * REACH + k - REACH) % n]);
    let value = |x: f64| {
        let (mut above, mut below) = (0.0, 0.0);
        for (k, (weight, node)) in WEIGHTS.iter().zip(nodes).enumerate() {
            let distance = x + REACH as f64 - k as f64;
            if distance == 0.0 {
                return node;
            }
            above += weight / distance * node;
            below += weight / distance;
        }
        above / below
    };
    let (mut left, mut right) = (-1.0, 1.0);
    while right - left > 1e-7 {
        let third = (right - left) / 3.0;
        if sign * value(left + third) < sign * value(right - third) { left += third } else { right -= third }
    }
    let refined = value(f64::midpoint(left, right));
    if sign * refined > sign * samples[best] { refined } else { samples[best] }
}

/// A flow that stays within this distance is at a fixed point.
const STILL: f64 = 1e-5;
/// A cycle is looked for until so many times the first burn have passed.
const LONGEST: f64 = 8.0;
/// ... or until so many, where the modes grow.
const GIVEN_UP: f64 = 4.0;
/// Returns are tried to within this part of the extent of the flow ...
const NEAR: f64 = 0.1;
/// ... and while there is time to settle, only a few that are closer.
const CLOSE: f64 = 0.01;
const FEW_TURNS: usize = 6;
/// Modes with more than this `|a|^2` per spin ...
const LARGE: f64 = 10.0;
/// ... that have so much more at the end of a stretch of time than halfway, still grow.
const GROWTH: f64 = 1.05;

/// What a flow settles on, and after which time that was found.
#[derive(Debug, Clone)]
pub enum Settled {
    /// A cycle that nothing grows at.
    Cycle(Cycle, f64),
    /// A fixed point.
    FixedPoint(f64),
    /// Neither, as on a torus, in chaos, or where the flow is too slow; the first unstable cycle near by.
    Undecided(Option<Cycle>, f64),
    /// Nothing yet: the modes still grow, with this `sum |a|^2` per spin at the end.
    Growing(f64, f64),
}

impl Cycle {
    /// The cycle near `(state, period)`: Newton's method on `v(period) = v(0)` with the phase condition
    /// `f . dv = 0` and the lengths of conserved spins held. `None` where it does not converge to a cycle
    /// that moves.
    ///
    /// # Errors
    /// [`PropagateError`] when the flow cannot be integrated.
    pub fn refine(
        equations: &MeanFieldEquations,
        state: &[f64],
        period: f64,
    ) -> Result<Option<Self>, PropagateError> {
        let n = equations.dim();
        let conserved = equations.conserved_lengths();
        let (mut v, mut time) = (state.to_vec(), period);
        let mut system = LeastSquares::new(n + 1);
        let mut best: Option<(f64, Vec<f64>, f64, Vec<f64>)> = None;
        for _ in 0..25 {
            let mut end = v.clone();
            let matrix = tangent(equations, &mut end, time)?;
            let residue = end.iter().zip(&v).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            if !residue.is_finite() {
                return Ok(None);
            }
            let better = best.as_ref().is_none_or(|b| residue < b.0);
            if better {
                best = Some((residue, v.clone(), time, matrix.clone()));
            }
            if residue < 1e-13 || !better && residue < 1e-10 {
                break;
            }
            let (mut slope, mut last) = (vec![0.0; n], vec![0.0; n]);
            equations.drift(&v, &mut slope);
            equations.drift(&end, &mut last);
            system.clear();
            for i in 0..n {
                let mut row = matrix[i * n..(i + 1) * n].to_vec();
                row[i] -= 1.0;
                row.push(last[i]);
                system.add(&row, v[i] - end[i]);
            }
            slope.push(0.0);
            system.add(&slope, 0.0);
            for e in &conserved {
                let (row, value) = length_held(equations, &v, *e, n + 1);
                system.add(&row, value);
            }
            let Some(step) = system.solve() else { return Ok(None) };
            let size = step.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
            let factor = (0.2 / size).min(1.0);
            for (x, dx) in v.iter_mut().zip(step) {
                *x += factor * dx;
            }
            time += factor * step[n];
            if !(time > 0.2 * period && time < 5.0 * period) {
                return Ok(None);
            }
        }
        let Some((residue, state, period, matrix)) = best else { return Ok(None) };
        let mut slope = vec![0.0; n];
        equations.drift(&state, &mut slope);
        let closed = residue < 1e-9;
        if !closed || slope.iter().all(|x| x.abs() < 1e-6) {
            return Ok(None);
        }
        let mut multipliers = eigenvalues(&matrix, n);
        multipliers.sort_by(|a, b| b.norm().total_cmp(&a.norm()));
        let symmetric = symmetric(equations, &state, period)?;
        Ok(Some(Self { state, period, multipliers, symmetric, residue }))
    }

    /// The cycle that the flow settles on from `start` after `burn`: the stable one through the state that is
    /// reached there, with a period of up to `turns` near returns. Where none is stable (on a torus, in
    /// chaos) the first unstable one.
    ///
    /// # Errors
    /// [`PropagateError`] when the flow cannot be integrated.
    pub fn attracting(
        equations: &MeanFieldEquations,
        start: &[f64],
        burn: f64,
        turns: usize,
    ) -> Result<Option<Self>, PropagateError> {
        let mut v = start.to_vec();
        advance(equations, &mut v, burn, &[], &mut |_, _| {})?;
        Ok(Self::through(equations, v, (turns, NEAR))?.1)
    }

    /// What the flow settles on from `start`: looked for after `burn`, and again after as much time as has
    /// passed until there is a stable cycle, or a fixed point that is no longer left.
    ///
    /// # Errors
    /// [`PropagateError`] when the flow cannot be integrated.
    pub fn settling(
        equations: &MeanFieldEquations,
        start: &[f64],
        burn: f64,
        turns: usize,
    ) -> Result<Settled, PropagateError> {
        let conserved = equations.conserved_lengths().len();
        let mut v = start.to_vec();
        let energy = |v: &[f64]| 0.5 * v[..2 * equations.modes()].iter().map(|x| x * x).sum::<f64>();
        let (mut time, mut chunk) = (0.0, burn);
        let mut before = f64::INFINITY;
        loop {
            let mut halfway = 0.0;
            advance(equations, &mut v, chunk, &[0.5 * chunk], &mut |_, y| halfway = energy(y))?;
            time += chunk;
            let last = time >= LONGEST * burn;
            let now = energy(&v);
            if halfway > LARGE && now > GROWTH * halfway {
                // Returns of a flow that grows are no cycles, and ever faster rotations make the rest costly.
                if time >= GIVEN_UP * burn {
                    return Ok(Settled::Growing(time, now));
                }
                (before, chunk) = (f64::INFINITY, time);
                continue;
            }
            // A flow that has settled on a cycle comes back closely.
            let search = if last { (turns, NEAR) } else { (FEW_TURNS, CLOSE) };
            let (extent, cycle) = Self::through(equations, v.clone(), search)?;
            match cycle {
                Some(cycle) if cycle.attracts(conserved) => return Ok(Settled::Cycle(cycle, time)),
                // Near an unstable fixed point the extent grows.
                None if extent < STILL && extent <= before => return Ok(Settled::FixedPoint(time)),
                cycle if last => return Ok(Settled::Undecided(cycle, time)),
                _ => {}
            }
            (before, chunk) = (extent, time);
        }
    }

    /// The cycle through a state that lies on it, and how far the flow goes away from there; of so many first
    /// returns to within the part `near` of that extent.
    fn through(
        equations: &MeanFieldEquations,
        mut v: Vec<f64>,
        (turns, near): (usize, f64),
    ) -> Result<(f64, Option<Self>), PropagateError> {
        let step = 0.01;
        let stops: Vec<f64> = (1..=20_000).map(|k| f64::from(k) * step).collect();
        let mut states: Vec<Vec<f64>> = vec![v.clone()];
        let origin = v.clone();
        advance(equations, &mut v, 200.0, &stops, &mut |_, y| states.push(y.to_vec()))?;
        let distance = |k: usize| {
            let pairs = states[k].iter().zip(&origin);
            pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
        };
        let far = (0..states.len()).map(distance).fold(0.0, f64::max);
        if far < STILL {
            return Ok((far, None));
        }
        let conserved = equations.conserved_lengths().len();
        let (mut tried, mut unstable) = (0, None);
        for k in 1..states.len() - 1 {
            let (before, here, after) = (distance(k - 1), distance(k), distance(k + 1));
            if here < before && here <= after && here < near * far {
                if let Some(cycle) = Self::refine(equations, &origin, k as f64 * step)?
                    && cycle.state.iter().zip(&origin).all(|(a, b)| (a - b).abs() < 0.1)
                {
                    if cycle.stable(conserved) {
                        return Ok((far, Some(cycle)));
                    }
                    unstable.get_or_insert(cycle);
                }
                tried += 1;
                if tried == turns {
                    break;
                }
            }
        }
        Ok((far, unstable))
    }

    /// States at 512 evenly spaced times of a period.
    ///
    /// # Errors
    /// [`PropagateError`] when the flow cannot be integrated.
    pub fn samples(&self, equations: &MeanFieldEquations) -> Result<Vec<Vec<f64>>, PropagateError> {
        let stops: Vec<f64> = (1..SAMPLES).map(|k| self.period * k as f64 / SAMPLES as f64).collect();
        let mut states = vec![self.state.clone()];
        let mut v = self.state.clone();
        advance(equations, &mut v, self.period, &stops, &mut |_, y| states.push(y.to_vec()))?;
        Ok(states)
    }

    /// Multipliers that are free to move: without the ones nearest 1 that belong to time translation and to
    /// conserved lengths.
    pub fn free_multipliers(&self, conserved: usize) -> Vec<Complex64> {
        let mut free = self.multipliers.clone();
        for _ in 0..=conserved {
            let nearest =
                (0..free.len()).min_by(|a, b| (free[*a] - 1.0).norm().total_cmp(&(free[*b] - 1.0).norm()));
            nearest.map(|place| free.remove(place));
        }
        free
    }

    /// True when no free multiplier lies outside of the unit circle; some may lie on it, where a continuous
    /// symmetry turns the cycle.
    fn attracts(&self, conserved: usize) -> bool {
        self.free_multipliers(conserved).iter().all(|z| z.norm() < 1.0 + 1e-6)
    }

    /// True when every free multiplier lies inside of the unit circle.
    pub fn stable(&self, conserved: usize) -> bool {
        self.free_multipliers(conserved).iter().all(|z| z.norm() < 1.0)
    }
}

fn symmetric(equations: &MeanFieldEquations, state: &[f64], period: f64) -> Result<bool, PropagateError> {
    let Some(signs) = parity(equations) else { return Ok(false) };
    let mut half = state.to_vec();
    advance(equations, &mut half, 0.5 * period, &[], &mut |_, _| {})?;
    Ok(half.iter().zip(state).zip(signs).all(|((h, v), s)| (h - s * v).abs() < 1e-6))
}

/// How a cycle loses its stability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bifurcation {
    /// A real multiplier leaves at +1 from a cycle with the model's parity: two cycles without it are born.
    Pitchfork,
    /// A real multiplier leaves at +1 from a cycle without parity: the cycle meets another one.
    SaddleNode,
    /// A real multiplier leaves at +1 from a cycle without parity while the parameter goes on: another branch
    /// crosses.
    BranchPoint,
    /// A real multiplier leaves at -1.
    PeriodDoubling,
    /// A complex pair leaves the unit circle: a torus is born.
    Torus,
}

/// The test function that is positive outside and negative inside of the unit circle, and the kind of what
/// happens at zero.
pub fn instability(cycle: &Cycle, conserved: usize) -> (f64, Bifurcation) {
    let free = cycle.free_multipliers(conserved);
    let leading = free.iter().max_by(|a, b| a.norm().total_cmp(&b.norm())).copied().unwrap_or_default();
    let kind = match (leading.im.abs() > 1e-6, leading.re < 0.0) {
        (true, _) => Bifurcation::Torus,
        (false, true) => Bifurcation::PeriodDoubling,
        (false, false) if cycle.symmetric => Bifurcation::Pitchfork,
        (false, false) => Bifurcation::SaddleNode,
    };
    (leading.norm() - 1.0, kind)
}

/// A point of a branch of cycles.
#[derive(Debug, Clone)]
pub struct BranchPoint {
    /// The parameter.
    pub parameter: f64,
    /// The cycle there.
    pub cycle: Cycle,
}

/// A branch of cycles over a parameter and the places where its stability changes.
#[derive(Debug, Clone, Default)]
pub struct Branch {
    /// Cycles in the order of the parameter.
    pub points: Vec<BranchPoint>,
    /// Changes of stability: parameter and kind.
    pub bifurcations: Vec<(f64, Bifurcation)>,
    /// The parameter at which the cycle could not be followed, if any.
    pub lost: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extrema_lie_between_samples() {
        let n = 512.0;
        for shift in [0.0, 0.3, 0.5, 0.77] {
            let phase = |i: usize| std::f64::consts::TAU * (i as f64 + shift) / n;
            let samples: Vec<f64> = (0..512).map(|i| phase(i).sin().exp()).collect();
            let wave = Waveform::of(&samples);
            let (max, min) = (1.0_f64.exp(), (-1.0_f64).exp());
            assert!((wave.max - max).abs() < 1e-14 * max && (wave.min - min).abs() < 1e-14, "{wave:?}");
        }
        let still = Waveform::of(&[0.25; 512]);
        assert_eq!((still.min, still.max), (0.25, 0.25));
    }
}
