//! Where moments end: the fixed point that the initial state leads to, and its stability.

use num_complex::Complex64;
use superladder_dense::{RealLu, balance, eigenvalues};
use superladder_engine::{
    Diagnostics, EngineError, Halt, Problem, SlowModes, Stationary, StationaryOptions, StationaryReport,
};

use crate::engine::{NAME, unsupported};
use crate::evolution::measure;
use crate::tape::{Tape, TapeJacobian, TapeTerm};
use crate::{Closure, Conditions, Cumulant, Equations};

/// Most unknowns: their matrix is factorised densely, some ten times.
const LARGEST: usize = 3000;
/// Steps at most.
const STEPS: usize = 5000;
/// Largest change of a step, relative to the state and the scale of the unknowns.
const CHANGE: f64 = 0.1;
/// Growth of the time step while changes are small.
const GROWTH: f64 = 2.0;
/// Eigenvalues smaller than this, relative to the largest, belong to what is conserved.
const ZERO: f64 = 1e-12;
/// Growth rates above this, relative to the largest eigenvalue, are no rounding.
const GROWS: f64 = 1e-9;

/// The drift f of one stage and its Jacobian.
struct Drift {
    tape: Tape,
    jacobian: TapeJacobian,
}

impl Drift {
    fn new(rows: &[Vec<TapeTerm>]) -> Self {
        Self { tape: Tape::new(rows), jacobian: TapeJacobian::new(rows) }
    }

    fn dim(&self) -> usize {
        self.tape.rows()
    }

    fn at(&self, y: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.dim()];
        self.tape.evaluate(y, &mut out);
        out
    }

    /// Row-major Jacobian at y.
    fn jacobian(&self, y: &[f64]) -> Vec<f64> {
        let (dim, mut values) = (self.dim(), vec![0.0; self.jacobian.len()]);
        let mut matrix = vec![0.0; dim * dim];
        self.jacobian.evaluate(y, &mut values, &mut matrix);
        matrix
    }

    /// `|f|` of what rounding does to the terms of f at y: no state comes closer to rest.
    fn rounding(&self, y: &[f64]) -> f64 {
        const ULPS: f64 = 16.0 * f64::EPSILON;
        let jacobian = self.jacobian(y);
        let rows = jacobian.chunks_exact(y.len().max(1));
        let sizes: Vec<f64> = rows.map(|row| row.iter().zip(y).map(|(j, y)| (j * y).abs()).sum()).collect();
        ULPS * norm(&sizes)
    }

    /// `(1/h - J)^-1 f` at y: a step of the linearly implicit Euler method, and Newton's for h to infinity. What
    /// is linear and conserved stays.
    fn step(&self, y: &[f64], f: &[f64], h: f64) -> Option<Vec<f64>> {
        let (dim, jacobian) = (self.dim(), self.jacobian(y));
        let mut matrix: Vec<f64> = jacobian.iter().map(|x| -x).collect();
        (0..dim).for_each(|i| matrix[i * dim + i] += 1.0 / h);
        let mut step = f.to_vec();
        RealLu::new(&matrix, dim)?.solve(&mut step, false);
        step.iter().all(|x| x.is_finite()).then_some(step)
    }
}

/// A fixed point.
struct FixedPoint {
    y: Vec<f64>,
    /// |f| there, and the last step of Newton's method: the error.
    residual: f64,
    /// What rounding leaves of |f|.
    rounding: f64,
    correction: Vec<f64>,
    steps: u64,
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// Pseudo-transient continuation: implicit steps in time that grow as the state comes to rest.
///
/// Source: C. T. Kelley, D. E. Keyes, SIAM J. Numer. Anal. 35, 508 (1998).
fn settle(
    drift: &Drift,
    mut y: Vec<f64>,
    tolerance: f64,
    halt: &dyn Halt,
) -> Result<FixedPoint, EngineError> {
    let fails = |residual: f64| {
        EngineError::Solution {
        engine: NAME,
        what: "a stationary state".into(),
        source: format!(
            "the moments do not come to rest (|f| = {residual:.1e} after {STEPS} steps); look at them with `run`"
        )
        .into(),
    }
    };
    let mut f = drift.at(&y);
    let mut h = 0.1 / drift.jacobian(&y).iter().fold(1e-300_f64, |most, x| most.max(x.abs()));
    for steps in 1..=STEPS as u64 {
        if halt.asked() {
            return Err(EngineError::Interrupted { engine: NAME });
        }
        let step = drift.step(&y, &f, h);
        let change = step.as_ref().map_or(f64::INFINITY, |step| norm(step) / (1.0 + norm(&y)));
        if change > CHANGE {
            h *= 0.25;
            if h < 1e-300 {
                return Err(fails(norm(&f)));
            }
            continue;
        }
        let Some(step) = step else { return Err(fails(norm(&f))) };
        y.iter_mut().zip(&step).for_each(|(y, step)| *y += step);
        f = drift.at(&y);
        let residual = norm(&f);
        // A long step that changes nothing any more is one of Newton's method at its limit.
        if change <= tolerance {
            let rounding = drift.rounding(&y);
            if residual <= rounding.max(tolerance * (1.0 + norm(&y))) {
                let correction = drift.step(&y, &f, h).unwrap_or(step);
                return Ok(FixedPoint { y, residual, rounding, correction, steps });
            }
        }
        h = (h * GROWTH * (CHANGE / change.max(1e-3)).clamp(1.0, 4.0)).min(1e30);
    }
    Err(fails(norm(&f)))
}

/// Slowest eigenvalues of the Jacobian, those of what is conserved apart, and the largest real part relative
/// to the largest modulus; NaN if eigenvalues were not found.
fn slow_modes(mut jacobian: Vec<f64>, dim: usize, count: usize) -> (SlowModes, f64) {
    // Cumulants of different orders have scales of different powers of N.
    let norm = balance(&mut jacobian, dim);
    let mut values = eigenvalues(&jacobian, dim);
    let largest = values.iter().map(|z| z.norm()).fold(f64::MIN_POSITIVE, f64::max);
    let lost = values.iter().any(|z| z.re.is_nan());
    values.retain(|z| z.im >= 0.0);
    let (undamped, values): (Vec<Complex64>, Vec<Complex64>) =
        values.into_iter().partition(|z| z.norm() <= ZERO * largest);
    let fastest = values.first().map_or(f64::NEG_INFINITY, |z| z.re) / largest;
    let values: Vec<Complex64> = values.into_iter().take(count).collect();
    // What the QR algorithm leaves.
    let residuals = vec![f64::EPSILON * norm; values.len()];
    let growth = if lost { f64::NAN } else { fastest };
    (SlowModes { difference: Vec::new(), values, residuals, undamped }, growth)
}

/// A fixed point of moment equations and what is known of it.
pub(crate) struct Settled {
    /// The equations.
    pub(crate) equations: Equations,
    /// The unknowns, and as they were before the last step of Newton's method.
    pub(crate) y: [Vec<f64>; 2],
    /// Values, errors, slow modes, diagnostics.
    pub(crate) report: StationaryReport,
}

impl Cumulant {
    /// The problem under its last stage, if its stationary states can be found.
    pub(crate) fn last_stage(&self, problem: &Problem) -> Result<Problem, EngineError> {
        problem.validate()?;
        problem.comes_to_rest(NAME)?;
        if self.closure == Closure::Casimir {
            let reason = "closure 'casimir' moves on a constraint surface, whose stationary states are not found; use \
                          another closure, or `run` to long times";
            return Err(EngineError::Unsupported { engine: NAME, reason: reason.into() });
        }
        Ok(problem.last_stage())
    }

    /// The fixed point of `equations` that the initial state of a problem with one stage leads to.
    pub(crate) fn settled(
        &self,
        own: &Problem,
        equations: Equations,
        options: &StationaryOptions,
        halt: &dyn Halt,
    ) -> Result<Settled, EngineError> {
        let dim = equations.unknowns().len();
        if dim > LARGEST {
            let reason = format!(
                "stationary states of {dim} moments are not looked for, at most {LARGEST}; lower `order`"
            );
            return Err(EngineError::Unsupported { engine: NAME, reason });
        }
        let start = equations.initial(&own.initial).map_err(|e| unsupported(&e))?;
        let drift = Drift::new(equations.terms(0));
        let found = settle(&drift, start, options.tolerance, halt)?;
        let functionals = equations.functionals(own);
        let measurements = measure(own, &functionals, &found.y);
        let moved: Vec<f64> = found.y.iter().zip(&found.correction).map(|(y, step)| y + step).collect();
        let other = measure(own, &functionals, &moved);
        let errors = measurements
            .iter()
            .zip(&other)
            .map(|(a, b)| if options.errors { a.distances(b) } else { vec![f64::NAN; a.values.len()] })
            .collect();
        let mut diagnostics = Diagnostics::default();
        let time = f64::INFINITY;
        Conditions::new(&equations, own.model()).note(&found.y, time, &self.bounds, &mut diagnostics);
        let [residual, rounding] = [found.residual, found.rounding].map(|x| x / (1.0 + norm(&found.y)));
        diagnostics.note("residual", residual, time, options.tolerance.max(rounding));
        let (slow, growth) = slow_modes(drift.jacobian(&found.y), dim, options.modes.max(1));
        let growth = if growth < 0.0 { 0.0 } else { growth };
        diagnostics.note("growth", growth, time, GROWS);
        let advice =
            "the fixed point is not stable: the moments leave it, and may turn for ever; look with `run`";
        diagnostics.advice.insert("growth".into(), advice.into());
        let report = StationaryReport {
            measurements,
            errors,
            residual,
            slow: if options.modes == 0 { Vec::new() } else { vec![slow] },
            diagnostics,
            iterations: found.steps,
            ..StationaryReport::unknown(own.cutoffs.clone())
        };
        Ok(Settled { equations, y: [moved, found.y], report })
    }
}

impl Stationary for Cumulant {
    /// The fixed point of the moment equations that the initial state leads to; the equations are not linear,
    /// and others may exist. It is broken where it is not stable: the moments turn for ever then.
    fn stationary(
        &self,
        problem: &Problem,
        options: &StationaryOptions,
        halt: &dyn Halt,
    ) -> Result<StationaryReport, EngineError> {
        let own = self.last_stage(problem)?;
        let equations = self.equations(&own, halt)?;
        Ok(self.settled(&own, equations, options, halt)?.report)
    }
}
