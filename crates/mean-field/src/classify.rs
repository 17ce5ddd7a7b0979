//! Phases: where the flow settles from a start near the normal state.

use pulp::{Arch, WithSimd};
use serde::{Deserialize, Serialize};

use crate::MeanFieldEquations;
use crate::fixed::{FixedPoint, fixed_points};
use crate::lanes::{LANES, Lane, LaneEquations, Work};

/// How long to look, and the bounds between the phases.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Classifier {
    /// Time before the window.
    pub burn: f64,
    /// Length of the window.
    pub window: f64,
    /// Largest angular frequency times step.
    pub resolution: f64,
}

impl Default for Classifier {
    fn default() -> Self {
        Self { burn: 6000.0, window: 3000.0, resolution: 0.8 }
    }
}

/// What the flow does in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Normal state.
    NS,
    /// Normal state with the spin up.
    Inverted,
    /// Superradiant fixed point.
    SR,
    /// Oscillation with zero mean.
    L1,
    /// Oscillation about a non-zero mean.
    L2,
    /// Irregular: the largest Lyapunov exponent is positive.
    IR,
    /// As L1 with the spin covering nearly all directions: quasi-periodic.
    QuasiPeriodic,
    /// None of these, or not finite.
    Undecided,
}

impl Phase {
    /// All phases in the order of their numbers in tables.
    pub const ALL: [Self; 8] = [
        Self::NS,
        Self::Inverted,
        Self::SR,
        Self::L1,
        Self::L2,
        Self::IR,
        Self::QuasiPeriodic,
        Self::Undecided,
    ];

    /// Its name in tables and pictures.
    pub fn name(self) -> &'static str {
        match self {
            Self::NS => "NS",
            Self::Inverted => "inverted",
            Self::SR => "SR",
            Self::L1 => "L1",
            Self::L2 => "L2",
            Self::IR => "IR",
            Self::QuasiPeriodic => "L1 quasi-periodic",
            Self::Undecided => "undecided",
        }
    }
}

/// The measured long-time behaviour at one point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LongTime {
    /// Mean of the order parameter over the window.
    pub mean: f64,
    /// Half of its range.
    pub amplitude: f64,
    /// Largest Lyapunov exponent over the window.
    pub exponent: f64,
    /// The last `<S^z>/N` of the first ensemble (NaN without one).
    pub inversion: f64,
    /// The phase.
    pub phase: Phase,
}

/// PHYSICS: the order of the questions matters, since means of irregular motion stay near 0.1 for long.
fn phase(mean: f64, amplitude: f64, exponent: f64, inversion: f64, stable_superradiance: bool) -> Phase {
    if !(mean.is_finite() && amplitude.is_finite() && exponent.is_finite()) {
        Phase::Undecided
    } else if exponent > 0.005 && amplitude > 0.2 {
        Phase::IR
    } else if amplitude < 0.02 {
        match (mean.abs() > 0.02, inversion > 0.0) {
            (true, _) => Phase::SR,
            (false, true) => Phase::Inverted,
            (false, false) => Phase::NS,
        }
    } else if mean.abs() > 0.02 {
        // Slowly decaying oscillations about a stable superradiant state are superradiance.
        if stable_superradiance && amplitude < 0.1 { Phase::SR } else { Phase::L2 }
    } else if amplitude > 0.495 {
        Phase::QuasiPeriodic
    } else {
        Phase::L1
    }
}

/// The start near the normal state: a small field in the first mode, a small tilt of spins of conserved length, and all else where
/// it settles without field.
pub fn start_near_normal(equations: &MeanFieldEquations) -> Vec<f64> {
    start_near(equations, &fixed_points(equations))
}

/// [`start_near_normal`] with the fixed points known.
fn start_near(equations: &MeanFieldEquations, points: &[FixedPoint]) -> Vec<f64> {
    let modes = 2 * equations.modes();
    let conserved = equations.conserved_lengths();
    let mut v = points.first().map_or_else(|| vec![0.0; equations.dim()], |p| p.state.clone());
    if modes > 0 {
        v[0] = -0.01 * std::f64::consts::SQRT_2;
    }
    for e in conserved {
        let first = modes + 3 * e;
        v[first] = -0.5 * 0.02_f64.sin();
        v[first + 1] = 0.0;
        v[first + 2] = -0.5 * 0.02_f64.cos();
    }
    v
}

struct Job<'a> {
    lanes: &'a LaneEquations,
    classifier: Classifier,
    dt: Lane,
    /// Place of the order parameter.
    order: usize,
    y: &'a mut [Lane],
}

/// Mean, least, greatest and logarithmic growth.
struct Tally {
    sum: Lane,
    min: Lane,
    max: Lane,
    growth: Lane,
    time: Lane,
}

impl WithSimd for Job<'_> {
    type Output = Tally;

    #[allow(
        clippy::inline_always,
        reason = "code is compiled for an instruction set only where it is inlined"
    )]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) -> Tally {
        let n = self.lanes.dim();
        let mut work = Work::new(n);
        let slowest = self.dt.iter().fold(f64::INFINITY, |least, x| least.min(*x));
        let burn = (self.classifier.burn / slowest).ceil() as usize;
        let window = (self.classifier.window / slowest).ceil() as usize;
        // The last part of the burn already turns the perturbation into the most unstable direction.
        let turning = burn / 20;
        for _ in 0..burn - turning {
            self.lanes.step::<false>(&self.dt, self.y, &mut work);
        }
        let mut tally = Tally {
            sum: [0.0; LANES],
            min: [f64::INFINITY; LANES],
            max: [f64::NEG_INFINITY; LANES],
            growth: [0.0; LANES],
            time: [0.0; LANES],
        };
        for step in 0..turning + window {
            self.lanes.step::<true>(&self.dt, self.y, &mut work);
            let counted = step >= turning;
            if step % 16 == 15 || step + 1 == turning || step + 1 == turning + window {
                for l in 0..LANES {
                    let square: f64 = self.y[n..2 * n].iter().map(|w| w[l] * w[l]).sum();
                    let length = square.sqrt();
                    self.y[n..2 * n].iter_mut().for_each(|w| w[l] /= length);
                    if counted {
                        tally.growth[l] += length.ln();
                    }
                }
            }
            if counted {
                for l in 0..LANES {
                    let x = self.y[self.order][l];
                    tally.sum[l] += x;
                    tally.min[l] = tally.min[l].min(x);
                    tally.max[l] = tally.max[l].max(x);
                    tally.time[l] += self.dt[l];
                }
            }
        }
        tally.sum.iter_mut().for_each(|x| *x /= window as f64);
        tally
    }
}

/// The largest angular frequency of small oscillations about any of the fixed points, at least 0.1, and whether a superradiant
/// one is stable.
fn fastest(points: &[FixedPoint]) -> (f64, bool) {
    let rates = points.iter().flat_map(|p| &p.eigenvalues).map(|z| z.norm());
    let stable = points.iter().any(|p| p.kind == crate::FixedKind::Superradiant && p.stable());
    (rates.fold(0.1, f64::max), stable)
}

/// The long-time behaviour of up to [`LANES`] models of the same subsystems, given with their [`fixed_points`], from the start of
/// [`start_near_normal`]. The order parameter is `<S^x>/N` of
/// the first ensemble, or `<Q>/sqrt N` of the first mode where there is none.
///
/// # Panics
/// Without models, or if they differ in their subsystems.
pub fn long_time(classifier: Classifier, models: &[(&MeanFieldEquations, &[FixedPoint])]) -> Vec<LongTime> {
    let first = models[0].0;
    let (n, modes) = (first.dim(), 2 * first.modes());
    let spins = n > modes;
    let equations: Vec<&MeanFieldEquations> = models.iter().map(|(m, _)| *m).collect();
    let lanes = LaneEquations::new(&equations);
    let known: Vec<(f64, bool)> = models.iter().map(|(_, points)| fastest(points)).collect();
    let starts: Vec<Vec<f64>> = models.iter().map(|(m, points)| start_near(m, points)).collect();
    // One step for all lanes, so that all see the same time.
    let step = classifier.resolution / known.iter().map(|k| k.0).fold(0.1, f64::max);
    let mut y = vec![[0.0; LANES]; 2 * n];
    for l in 0..LANES {
        let start = &starts[l.min(starts.len() - 1)];
        for i in 0..n {
            y[i][l] = start[i];
            y[n + i][l] = ((3 * i + 1) as f64).sin();
        }
    }
    let order = if spins { modes } else { 0 };
    let job = Job { lanes: &lanes, classifier, dt: [step; LANES], order, y: &mut y };
    let tally = Arch::new().dispatch(job);
    (0..models.len())
        .map(|l| {
            let (mean, amplitude) = (tally.sum[l], 0.5 * (tally.max[l] - tally.min[l]));
            let exponent = tally.growth[l] / tally.time[l];
            let inversion = if spins { y[modes + 2][l] } else { f64::NAN };
            let phase = phase(mean, amplitude, exponent, inversion, known[l].1);
            LongTime { mean, amplitude, exponent, inversion, phase }
        })
        .collect()
}
