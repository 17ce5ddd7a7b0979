//! Fixed points of the mean-field equations, their stability, and the lines where it changes.

use num_complex::Complex64;
use serde::{Deserialize, Serialize};

use crate::MeanFieldEquations;
use crate::equations::Jacobian;
use crate::least_squares::LeastSquares;
use superladder_dense::eigenvalues;

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
    /// Eigenvalues of the Jacobian without the zeros that belong to conserved spin lengths; largest real part
    /// first.
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
/// Every step is the least-squares solution of `J dv = -f` together with `2 s . ds = 1/4 - s^2` for every
/// spin of conserved length, whose Jacobian is singular by itself.
pub fn refine(equations: &MeanFieldEquations, start: &[f64], conserved: &[usize]) -> Option<Vec<f64>> {
    Newton::new(equations, conserved).refine(start)
}

/// Newton's method with its buffers.
struct Newton<'a> {
    equations: &'a MeanFieldEquations,
    conserved: &'a [usize],
    /// Unknowns that are not of a spin of conserved length.
    free: Vec<usize>,
    rate: Vec<f64>,
    jacobian: Jacobian,
    all: LeastSquares,
    rest: LeastSquares,
}

impl<'a> Newton<'a> {
    fn new(equations: &'a MeanFieldEquations, conserved: &'a [usize]) -> Self {
        let (dim, modes) = (equations.dim(), 2 * equations.modes());
        let held = |i: &usize| *i >= modes && conserved.contains(&((i - modes) / 3));
        let free: Vec<usize> = (0..dim).filter(|i| !held(i)).collect();
        let (all, rest) = (LeastSquares::new(dim), LeastSquares::new(free.len()));
        let jacobian = Jacobian::new(equations);
        Self { equations, conserved, free, rate: vec![0.0; dim], jacobian, all, rest }
    }

    fn refine(&mut self, start: &[f64]) -> Option<Vec<f64>> {
        let dim = self.equations.dim();
        let mut v = start.to_vec();
        for _ in 0..60 {
            self.equations.drift(&v, &mut self.rate);
            let jacobian = self.jacobian.at(self.equations, &v);
            self.all.clear();
            for (row, rate) in jacobian.chunks_exact(dim).zip(&self.rate) {
                self.all.add(row, -rate);
            }
            for e in self.conserved {
                let (row, value) = length_held(self.equations, &v, *e, dim);
                self.all.add(&row, value);
            }
            let step = self.all.solve()?;
            let size = step.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
            let factor = (0.5 / size).min(1.0);
            v.iter_mut().zip(step).for_each(|(x, dx)| *x += factor * dx);
            if size < 1e-14 {
                break;
            }
        }
        self.equations.drift(&v, &mut self.rate);
        let worst = self.rate.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        let long = |e: &usize| {
            let first = 2 * self.equations.modes() + 3 * e;
            (v[first..first + 3].iter().map(|x| x * x).sum::<f64>() - 0.25).abs() < 1e-12
        };
        (worst < RESIDUE && self.conserved.iter().all(long)).then_some(v)
    }

    /// Newton steps on the free unknowns: where they settle while the spins of conserved length stand still.
    fn settle(&mut self, v: &mut [f64]) {
        let dim = self.equations.dim();
        let mut part = vec![0.0; self.free.len()];
        for _ in 0..8 {
            self.equations.drift(v, &mut self.rate);
            let jacobian = self.jacobian.at(self.equations, v);
            self.rest.clear();
            for i in &self.free {
                part.iter_mut().zip(&self.free).for_each(|(x, k)| *x = jacobian[i * dim + k]);
                self.rest.add(&part, -self.rate[*i]);
            }
            let Some(step) = self.rest.solve() else { return };
            let size = step.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
            self.free.iter().zip(step).for_each(|(i, dx)| v[*i] += dx);
            if size < 1e-14 {
                return;
            }
        }
    }
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

/// Starting points: every spin of conserved length at several tilts, all else where it settles for frozen
/// spins.
fn starts(newton: &mut Newton<'_>) -> Vec<Vec<f64>> {
    let (dim, modes) = (newton.equations.dim(), 2 * newton.equations.modes());
    let conserved = newton.conserved;
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
            newton.settle(&mut v);
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

/// The fixed points found by Newton's method from the normal state, the inverted one and tilted spins: each
/// once, normal and inverted first. Of the two signs of a superradiant state both are listed.
pub fn fixed_points(equations: &MeanFieldEquations) -> Vec<FixedPoint> {
    let conserved = equations.conserved_lengths();
    let mut newton = Newton::new(equations, &conserved);
    let mut found: Vec<FixedPoint> = Vec::new();
    for start in starts(&mut newton) {
        let Some(v) = newton.refine(&start) else { continue };
        let same = |p: &FixedPoint| p.state.iter().zip(&v).all(|(a, b)| (a - b).abs() < 1e-6);
        if !found.iter().any(same) {
            found.push(FixedPoint::new(equations, v, &conserved));
        }
    }
    found.sort_by_key(|p| p.kind as u8);
    found
}

/// The x in `(low, high)` where `f` changes sign, to rounding: inverse quadratic interpolation where it is
/// safe, else bisection (T. R. Chandrupatla, Adv. Eng. Softw. 28, 145 (1997)). `None` without a change of
/// sign or where f jumps.
pub fn root(low: f64, high: f64, f: impl Fn(f64) -> f64) -> Option<f64> {
    let (left, right) = (f(low), f(high));
    if left == 0.0 {
        return Some(low);
    }
    let changes = left * right < 0.0;
    if !changes {
        return None;
    }
    // The root lies between the newest point a and b; c is the one before.
    let (mut a, mut b, mut fa, mut fb) = (low, high, left, right);
    let mut part = 0.5;
    for _ in 0..200 {
        let x = a + part * (b - a);
        let value = f(x);
        if value.is_nan() {
            return None;
        }
        let (c, fc) = if (value > 0.0) == (fa > 0.0) {
            (a, fa)
        } else {
            let before = (b, fb);
            (b, fb) = (a, fa);
            before
        };
        (a, fa) = (x, value);
        let width = (b - a).abs();
        let finest = 2.0 * f64::EPSILON * a.abs().max(b.abs());
        if fa == 0.0 || width <= 2.0 * finest {
            break;
        }
        let (xi, phi) = ((a - b) / (c - b), (fa - fb) / (fc - fb));
        let safe = phi * phi < xi && (1.0 - phi) * (1.0 - phi) < 1.0 - xi;
        let inverse = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb);
        let least = (finest / width).min(0.5);
        part = if safe { inverse.clamp(least, 1.0 - least) } else { 0.5 };
    }
    // A jump keeps its height however narrow the bracket.
    let (x, height) = if fa.abs() <= fb.abs() { (a, fa.abs()) } else { (b, fb.abs()) };
    let jumps = fa.abs().max(fb.abs()) >= 1e-3 * left.abs().max(right.abs()).max(1e-6) && height != 0.0;
    (!jumps).then_some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_found_in_few_steps_and_jumps_are_none() {
        let count = std::cell::Cell::new(0);
        let counted = |f: fn(f64) -> f64| {
            count.set(0);
            let count = &count;
            move |x: f64| {
                count.set(count.get() + 1);
                f(x)
            }
        };
        let found = root(0.0, 2.0, counted(|x| x * x - 2.0)).unwrap();
        assert!((found - std::f64::consts::SQRT_2).abs() < 1e-15 && count.get() < 14, "{found} {count:?}");
        let found = root(-1.0, 4.0, counted(|x| (x - 0.3).powi(9))).unwrap();
        assert!((found - 0.3).abs() < 1e-2 && count.get() < 200, "{found} {count:?}");
        let found = root(0.0, 1.0, counted(|x| 1e-9 * (x - 0.7))).unwrap();
        assert!((found - 0.7).abs() < 1e-14, "{found} {count:?}");
        assert_eq!(root(0.0, 1.0, |x| if x < 0.4 { -1.0 } else { 1.0 }), None);
        assert_eq!(root(0.0, 1.0, |x| if x < 0.4 { -1.0 } else { f64::NAN }), None);
        assert_eq!(root(0.0, 1.0, |x| x + 1.0), None);
    }
}
