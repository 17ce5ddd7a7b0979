//! Fixed points of the mean-field equations, their stability, and the lines where it changes.

use num_complex::Complex64;
use serde::{Deserialize, Serialize};

use crate::MeanFieldEquations;
use crate::dense::{eigenvalues, least_squares};

/// Below this, a mean counts as zero when a fixed point is named.
const ZERO: f64 = 1e-7;
/// A fixed point has every `|dv/dt|` below this.
const RESIDUE: f64 = 1e-13;
/// A growth rate above this is unstable.
pub const GROWING: f64 = 1e-10;

/// What kind of fixed point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FixedKind {
    /// No field, no transverse spin; the spins of conserved length point down.
    Normal,
    /// The same with a spin of conserved length that points up.
    Inverted,
    /// A field or transverse spins that stand still.
    Superradiant,
}

/// A fixed point with its linear stability.
#[derive(Debug, Clone)]
pub struct FixedPoint {
    /// What kind.
    pub kind: FixedKind,
    /// The means, as [`MeanFieldEquations`] orders them.
    pub state: Vec<f64>,
    /// Eigenvalues of the Jacobian without the zeros that belong to conserved spin lengths; largest real part first.
    pub eigenvalues: Vec<Complex64>,
}

impl FixedPoint {
    /// The fixed point `state` with its eigenvalues; `conserved` spin lengths.
    pub fn new(equations: &MeanFieldEquations, state: Vec<f64>, conserved: &[usize]) -> Self {
        let mut values = eigenvalues(&equations.jacobian(&state), equations.dim());
        for _ in conserved {
            let smallest = (0..values.len()).min_by(|a, b| values[*a].norm().total_cmp(&values[*b].norm()));
            smallest.map(|place| values.remove(place));
        }
        Self { kind: kind(equations, &state, conserved), state, eigenvalues: values }
    }

    /// Numbers of growing real eigenvalues and of growing complex pairs.
    pub fn unstable(&self) -> (usize, usize) {
        let count = |complex: bool| {
            let growing = self.eigenvalues.iter().filter(|z| z.re > GROWING);
            growing.filter(|z| (z.im.abs() > 1e-9) == complex).count()
        };
        (count(false), count(true) / 2)
    }

    /// True when every perturbation decays.
    pub fn stable(&self) -> bool {
        self.unstable() == (0, 0)
    }

    /// Largest real part of the real and of the complex eigenvalues, NaN where there are none.
    pub fn leading(&self) -> (f64, f64) {
        let largest = |complex: bool| {
            let chosen = self.eigenvalues.iter().filter(|z| (z.im.abs() > 1e-9) == complex);
            chosen.map(|z| z.re).fold(f64::NAN, f64::max)
        };
        (largest(false), largest(true))
    }
}

fn kind(equations: &MeanFieldEquations, v: &[f64], conserved: &[usize]) -> FixedKind {
    let modes = 2 * equations.modes();
    let transverse = v[modes..].chunks_exact(3).flat_map(|s| &s[..2]);
    if v[..modes].iter().chain(transverse).any(|x| x.abs() > ZERO) {
        return FixedKind::Superradiant;
    }
    let up = conserved.iter().any(|e| v[modes + 3 * e + 2] > 0.0);
    if up { FixedKind::Inverted } else { FixedKind::Normal }
}

/// Newton's method from `start` with the lengths of conserved spins held; `None` where it does not converge.
///
/// Every step is the least-squares solution of `J dv = -f` together with `2 s . ds = 1/4 - s^2` for every spin of conserved
/// length, whose Jacobian is singular by itself.
pub fn refine(equations: &MeanFieldEquations, start: &[f64], conserved: &[usize]) -> Option<Vec<f64>> {
    let dim = equations.dim();
    let mut v = start.to_vec();
    let mut rate = vec![0.0; dim];
    let worst = |rate: &[f64]| rate.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    for _ in 0..60 {
        equations.drift(&v, &mut rate);
        let jacobian = equations.jacobian(&v);
        let mut rows: Vec<Vec<f64>> = jacobian.chunks_exact(dim).map(<[f64]>::to_vec).collect();
        let mut right: Vec<f64> = rate.iter().map(|x| -x).collect();
        for e in conserved {
            let (row, value) = length_held(equations, &v, *e, dim);
            rows.push(row);
            right.push(value);
        }
        let step = least_squares(&rows, &right)?;
        let size = step.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        if !size.is_finite() {
            return None;
        }
        let factor = (0.5 / size).min(1.0);
        v.iter_mut().zip(&step).for_each(|(x, dx)| *x += factor * dx);
        if size < 1e-14 {
            break;
        }
    }
    equations.drift(&v, &mut rate);
    let long = |e: &usize| {
        let first = 2 * equations.modes() + 3 * e;
        (v[first..first + 3].iter().map(|x| x * x).sum::<f64>() - 0.25).abs() < 1e-12
    };
    (worst(&rate) < RESIDUE && conserved.iter().all(long)).then_some(v)
}

/// The row of `width` unknowns and the right-hand side of `2 s . ds = 1/4 - s^2`, halved, for ensemble e.
pub(crate) fn length_held(
    equations: &MeanFieldEquations,
    v: &[f64],
    e: usize,
    width: usize,
) -> (Vec<f64>, f64) {
    let first = 2 * equations.modes() + 3 * e;
    let mut row = vec![0.0; width];
    row[first..first + 3].copy_from_slice(&v[first..first + 3]);
    let value = 0.5 * (0.25 - row.iter().map(|x| x * x).sum::<f64>());
    (row, value)
}

/// Starting points: every spin of conserved length at several tilts, all else where it settles for frozen spins.
fn starts(equations: &MeanFieldEquations, conserved: &[usize]) -> Vec<Vec<f64>> {
    let (dim, modes) = (equations.dim(), 2 * equations.modes());
    let held: Vec<usize> = conserved.iter().flat_map(|e| modes + 3 * e..modes + 3 * e + 3).collect();
    let free: Vec<usize> = (0..dim).filter(|i| !held.contains(i)).collect();
    let mut found = Vec::new();
    for eighth in [0, 8, 1, 2, 3, 4, 5, 6, 7, -1, -2, -3, -4, -5, -6, -7] {
        let theta = f64::from(eighth) * std::f64::consts::PI / 8.0;
        for turned in [false, true] {
            if turned && (conserved.is_empty() || eighth % 8 == 0) {
                continue;
            }
            let mut v = vec![0.0; dim];
            for e in conserved {
                let first = modes + 3 * e;
                v[first + usize::from(turned)] = 0.5 * theta.sin();
                v[first + 2] = -0.5 * theta.cos();
            }
            settle(equations, &mut v, &free);
            found.push(v);
        }
        if conserved.is_empty() {
            // Without conserved spins the tilt is that of the first mean.
            let mut v = vec![0.0; dim];
            v[0] = theta;
            found.push(v);
        }
    }
    found
}

/// Newton steps on the free unknowns.
fn settle(equations: &MeanFieldEquations, v: &mut [f64], free: &[usize]) {
    let dim = equations.dim();
    let mut rate = vec![0.0; dim];
    for _ in 0..8 {
        equations.drift(v, &mut rate);
        let jacobian = equations.jacobian(v);
        let rows: Vec<Vec<f64>> =
            free.iter().map(|i| free.iter().map(|k| jacobian[i * dim + k]).collect()).collect();
        let right: Vec<f64> = free.iter().map(|i| -rate[*i]).collect();
        let Some(step) = least_squares(&rows, &right) else { return };
        for (i, dx) in free.iter().zip(step) {
            v[*i] += dx;
        }
    }
}

/// The fixed points found by Newton's method from the normal state, the inverted one and tilted spins: each once, normal and
/// inverted first. Of the two signs of a superradiant state both are listed.
pub fn fixed_points(equations: &MeanFieldEquations) -> Vec<FixedPoint> {
    let conserved = equations.conserved_lengths();
    let mut found: Vec<FixedPoint> = Vec::new();
    for start in starts(equations, &conserved) {
        let Some(v) = refine(equations, &start, &conserved) else { continue };
        let same = |p: &FixedPoint| p.state.iter().zip(&v).all(|(a, b)| (a - b).abs() < 1e-6);
        if !found.iter().any(same) {
            found.push(FixedPoint::new(equations, v, &conserved));
        }
    }
    found.sort_by_key(|p| p.kind as u8);
    found
}

/// The x in `(low, high)` where `f` changes sign, to rounding, by bisection; `None` without a change of sign or where f jumps.
pub fn root(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> Option<f64> {
    let (left, right) = (f(low), f(high));
    if left == 0.0 {
        return Some(low);
    }
    let changes = left * right < 0.0;
    if !changes {
        return None;
    }
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        let value = f(middle);
        if value.is_nan() {
            return None;
        }
        if value * left > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
        if (high - low).abs() <= 4.0 * f64::EPSILON * high.abs() {
            break;
        }
    }
    // A jump keeps its height however narrow the bracket.
    let height = f(low).abs().max(f(high).abs());
    (height < 1e-3 * left.abs().max(right.abs()).max(1e-6)).then_some(0.5 * (low + high))
}
