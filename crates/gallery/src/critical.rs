//! Where the normal and the superradiant states lose their stability, by root finding on eigenvalues of the
//! Jacobian.

use superladder_mean_field::{FixedPoint, MeanFieldEquations, ReferenceModel, refine};

use crate::error::ReproduceError;
use crate::paper::PaperStudy;

/// The normal state with its eigenvalues: Newton's method from the spin down.
pub(super) fn normal_state(equations: &MeanFieldEquations) -> Option<FixedPoint> {
    let conserved = equations.conserved_lengths();
    let mut start = vec![0.0; equations.dim()];
    for e in &conserved {
        start[2 * equations.modes() + 3 * e + 2] = -0.5;
    }
    refine(equations, &start, &conserved).map(|state| FixedPoint::new(equations, state, &conserved))
}

/// The superradiant state near that of the Dicke model.
pub(super) fn superradiant_state(
    equations: &MeanFieldEquations,
    model: &ReferenceModel,
) -> Option<FixedPoint> {
    let near = model.superradiance()?;
    let conserved = equations.conserved_lengths();
    let r = std::f64::consts::SQRT_2;
    let start = [r * near.field.re, r * near.field.im, near.sx, 0.0, near.sz, 0.0, 0.0, model.inversion()];
    refine(equations, &start, &conserved).map(|state| FixedPoint::new(equations, state, &conserved))
}

/// Which rate of growth changes its sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rate {
    /// The largest real eigenvalue of the normal state: superradiance.
    NormalReal,
    /// The largest real part of its complex ones: lasing.
    NormalPair,
    /// The largest real part of the complex eigenvalues of the superradiant state.
    SuperradiantPair,
}

impl Rate {
    /// The rate at given parameters; NaN without the state.
    pub(super) fn at(self, study: &PaperStudy, values: &[(&str, f64)]) -> Result<f64, ReproduceError> {
        let equations = study.equations(values)?;
        let point = match self {
            Self::SuperradiantPair => superradiant_state(&equations, &study.reference(values)?),
            _ => normal_state(&equations),
        };
        Ok(point.map_or(f64::NAN, |p| match self {
            Self::NormalReal => p.leading().0,
            _ => p.leading().1,
        }))
    }
}

/// The value of `key` in `(low, high)` where the rate is zero, the other parameters `fixed`; `None` without a
/// change of sign.
pub(super) fn critical(
    study: &PaperStudy,
    rate: Rate,
    fixed: &[(&str, f64)],
    key: &str,
    (low, high): (f64, f64),
) -> Result<Option<f64>, ReproduceError> {
    let at = |x: f64| {
        let values: Vec<(&str, f64)> = fixed.iter().copied().chain([(key, x)]).collect();
        rate.at(study, &values)
    };
    zero((low, high), at)
}

/// Where a continuous function changes its sign, to 1e-12, by false positions with halved weights (Illinois):
/// evaluations are dear here. `None` without a change of sign.
pub(super) fn zero(
    (low, high): (f64, f64),
    f: impl Fn(f64) -> Result<f64, ReproduceError>,
) -> Result<Option<f64>, ReproduceError> {
    let (mut a, mut b, mut fa, mut fb) = (low, high, f(low)?, f(high)?);
    let changes = fa * fb < 0.0;
    if !changes {
        return Ok(None);
    }
    for _ in 0..80 {
        let c = b - fb * (b - a) / (fb - fa);
        let fc = f(c)?;
        if fc.is_nan() {
            return Ok(None);
        }
        if fc * fb < 0.0 {
            (a, fa) = (b, fb);
        } else {
            fa *= 0.5;
        }
        let moved = (c - b).abs();
        (b, fb) = (c, fc);
        if fc == 0.0 || moved < 1e-12 || (b - a).abs() < 1e-12 {
            break;
        }
    }
    // At a jump the function stays large.
    Ok((fb.abs() < 1e-7).then_some(b))
}

/// A curve of critical points: for every value of `along` the critical value of `key`, points without one
/// left out. Points are (gamma_up, lambda).
pub(super) fn line(
    study: &PaperStudy,
    rate: Rate,
    along: (&str, &[f64]),
    key: &str,
    range: (f64, f64),
) -> Result<Vec<(f64, f64)>, ReproduceError> {
    use rayon::prelude::*;
    let at = |value: &f64| -> Result<Option<(f64, f64)>, ReproduceError> {
        let found = critical(study, rate, &[(along.0, *value)], key, range)?;
        Ok(found.map(|x| if key == "gamma_up" { (x, *value) } else { (*value, x) }))
    };
    let points: Vec<Option<(f64, f64)>> = along.1.par_iter().map(at).collect::<Result<_, _>>()?;
    Ok(points.into_iter().flatten().collect())
}

/// `count` evenly spaced numbers.
pub(super) fn evenly(from: f64, to: f64, count: usize) -> Vec<f64> {
    (0..count).map(|k| from + (to - from) * k as f64 / (count - 1) as f64).collect()
}

/// Couplings from near zero to `to`, closer near zero where the boundary of lasing bends.
pub(super) fn couplings(to: f64, points: usize) -> Vec<f64> {
    let (near, far) = (points.clamp(4, 30), (2 * points).clamp(8, 60));
    [evenly(0.001, 0.06, near), evenly(0.07, to, far)].concat()
}
