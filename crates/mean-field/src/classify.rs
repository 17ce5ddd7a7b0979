//! Phases: where the flow settles from a start near the normal state.

use pulp::{Arch, WithSimd};
use serde::{Deserialize, Serialize};

use crate::MeanFieldEquations;
use crate::fixed::{FixedKind, FixedPoint, fixed_points};
use crate::lanes::{LANES, Lane, LaneEquations};
use crate::phase::Phase;
use crate::tally::{Maxima, Motion, Tally};

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

/// A mean or an amplitude below this counts as zero.
const STILL: f64 = 0.02;
/// Oscillations smaller than this may be slow transients to a stable fixed point.
const SMALL: f64 = 0.1;
/// Maxima whose heights fill a wider part of the amplitude than this are those of a torus.
const TORUS: f64 = 0.02;
/// A perturbation that grows faster over half of the window is on no attracting cycle and on no torus.
const GROWS: f64 = 0.002;

/// What is seen of the order parameter in both halves of the window.
#[derive(Debug, Clone, Copy)]
struct Halves {
    motions: [Motion; 2],
    /// Widths of its maxima.
    widths: [f64; 2],
    /// Largest Lyapunov exponents.
    exponents: [f64; 2],
}

/// Whether motion with these numbers is irregular.
fn irregular(exponent: f64, amplitude: f64) -> bool {
    exponent > 0.005 && amplitude > 0.2
}

/// The phase by the motion in both halves of the window; undecided where they do not agree, or where regular
/// oscillations still grow or shrink. Oscillations that die out about a fixed point which is linearly stable
/// are on their way to it, however slowly: where a rate of growth is 1e-5, no window is long enough.
/// `widths`: which part of the amplitude the maxima of both halves fill, see [`Maxima::width`]; one that
/// shrinks is that of a flow which still settles on its cycle. `up`: a spin of conserved length points up in
/// the end.
fn phase(seen: &Halves, up: bool, points: &[FixedPoint]) -> Phase {
    let Halves { motions: halves, widths, exponents } = *seen;
    let finite = halves.iter().all(|half| half.mean.is_finite() && half.amplitude.is_finite());
    let mean_exponent = 0.5 * (exponents[0] + exponents[1]);
    let amplitude = halves[0].amplitude.max(halves[1].amplitude);
    // Intermittent motion may spend a half beside an unstable point, from which it still grows away.
    if finite && irregular(mean_exponent, amplitude) && exponents[1] > GROWS {
        return Phase::IR;
    }
    let [first, last] = [0, 1].map(|k| settled(halves[k], exponents[k], up));
    let dying = last_is_smaller(halves) && halves[1].amplitude < SMALL;
    let stable = |kind| points.iter().any(|p: &FixedPoint| p.kind == kind && p.stable());
    let waiting = |phase| matches!(phase, Phase::L1 | Phase::L2 | Phase::NS | Phase::SR);
    if dying && waiting(first) && waiting(last) {
        let displaced = halves[1].mean.abs() > STILL;
        if displaced && stable(FixedKind::Superradiant) {
            return Phase::SR;
        }
        if !displaced && !up && stable(FixedKind::Normal) {
            return Phase::NS;
        }
    }
    let [before, after] = halves.map(|half| half.amplitude);
    let oscillates = matches!(last, Phase::L1 | Phase::L2);
    let steady = !oscillates || (after - before).abs() < 0.1 * before;
    let torus = widths.iter().all(|w| *w > TORUS) && widths[1] > 0.7 * widths[0];
    match last {
        _ if first != last || !steady => Phase::Undecided,
        Phase::L1 if torus => Phase::QuasiPeriodic,
        decided => decided,
    }
}

/// Whether oscillations of the second half are smaller than those of the first by more than what the grid of
/// steps leaves open.
fn last_is_smaller(halves: [Motion; 2]) -> bool {
    halves[1].amplitude < 0.998 * halves[0].amplitude
}

/// The phase of a motion that goes on as it is. The order of the questions matters, since means of irregular
/// motion stay near 0.1 for long.
fn settled(Motion { mean, amplitude }: Motion, exponent: f64, up: bool) -> Phase {
    if !(mean.is_finite() && amplitude.is_finite() && exponent.is_finite()) {
        Phase::Undecided
    } else if irregular(exponent, amplitude) {
        Phase::IR
    } else if amplitude < STILL {
        match (mean.abs() > STILL, up) {
            (true, _) => Phase::SR,
            (false, true) => Phase::Inverted,
            (false, false) => Phase::NS,
        }
    } else if mean.abs() > STILL {
        Phase::L2
    } else {
        Phase::L1
    }
}

/// The start near the normal state: a small field in the first mode, a small tilt of spins of conserved
/// length, and all else where it settles without field.
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
    /// One step for all lanes.
    dt: f64,
    /// Places of the unknowns that are watched.
    watched: &'a [usize],
    /// Where spins of conserved length begin, and in which lanes.
    held: &'a [(usize, [bool; LANES])],
    y: &'a mut [Lane],
    /// A perturbation.
    w: &'a mut [Lane],
}

/// Both halves of the window, the logarithmic growth of the perturbation over each of them, and their
/// lengths.
struct Seen {
    halves: [Vec<Tally>; 2],
    /// Maxima of the first of the watched unknowns.
    maxima: [Maxima; 2],
    growth: [Lane; 2],
    times: [f64; 2],
}

/// Steps between two normalisations of the perturbation and of the lengths of spins.
const EVERY: usize = 16;

impl Seen {
    /// Which of the watched unknowns is the order parameter in a lane: the first one, unless it stands still
    /// at zero and another one does not. `None` if nothing is watched.
    fn shown(&self, lane: usize) -> Option<usize> {
        let size = |k: usize| -> f64 {
            let [a, b] = self.halves.each_ref().map(|half| half[k].of(lane));
            a.mean.abs().max(a.amplitude).max(b.mean.abs()).max(b.amplitude)
        };
        let largest = (0..self.halves[0].len()).max_by(|a, b| size(*a).total_cmp(&size(*b)))?;
        let hidden = size(0) < STILL && size(largest) >= STILL;
        Some(if hidden { largest } else { 0 })
    }
}

/// Field and transverse spin, which a normal state does not have: `<S^x>/N` of the first ensemble goes first
/// (the first quadrature where there is none), then all others.
fn watched(equations: &MeanFieldEquations) -> Vec<usize> {
    let modes = 2 * equations.modes();
    let first = if equations.dim() > modes { modes } else { 0 };
    let transverse = |i: &usize| *i < modes || (i - modes) % 3 < 2;
    let others = (0..equations.dim()).filter(transverse).filter(|i| *i != first);
    std::iter::once(first).chain(others).filter(|i| *i < equations.dim()).collect()
}

impl WithSimd for Job<'_> {
    type Output = Seen;

    #[allow(
        clippy::inline_always,
        reason = "code is compiled for an instruction set only where it is inlined"
    )]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) -> Seen {
        let Self { lanes, classifier, dt, watched, held, y, w } = self;
        let mut work = lanes.work();
        let burn = (classifier.burn / dt).ceil() as usize;
        let window = ((classifier.window / dt).ceil() as usize).max(2);
        // The last part of the burn already turns the perturbation into the most unstable direction.
        let turning = burn / 20;
        for step in 1..=burn - turning {
            lanes.step::<false>(dt, y, w, &mut work);
            if step % EVERY == 0 {
                hold(y, held);
            }
        }
        let half = || watched.iter().map(|_| Tally::new()).collect();
        let (halves, maxima) = ([half(), half()], [Maxima::new(), Maxima::new()]);
        let middle = turning + window / 2;
        let times = [window / 2, window - window / 2].map(|steps| steps as f64 * dt);
        let mut seen = Seen { halves, maxima, growth: [Lane::ZERO; 2], times };
        for step in 1..=turning + window {
            lanes.step::<true>(dt, y, w, &mut work);
            let number = usize::from(step > middle);
            if step % EVERY == 0 || [turning, middle, turning + window].contains(&step) {
                hold(y, held);
                let lengths = normalise(w);
                if step > turning {
                    (0..LANES).for_each(|l| seen.growth[number].0[l] += lengths.0[l].ln());
                }
            }
            if step > turning {
                if let Some(place) = watched.first() {
                    seen.maxima[number].count(&y[*place]);
                }
                let half = &mut seen.halves[number];
                for (tally, place) in half.iter_mut().zip(watched) {
                    tally.count(&y[*place]);
                }
            }
        }
        seen
    }
}

/// Divides every lane of a perturbation by its length; returns the lengths.
fn normalise(w: &mut [Lane]) -> Lane {
    let mut lengths = Lane::ZERO;
    for l in 0..LANES {
        lengths.0[l] = w.iter().map(|w| w.0[l] * w.0[l]).sum::<f64>().sqrt();
        for w in &mut *w {
            w.0[l] /= lengths.0[l];
        }
    }
    lengths
}

/// Brings spins back to the length 1/2 that the flow conserves: steps as long as these lose 1e-7 of it per
/// unit of time, and beyond 1e4 a shorter spin is one of another coupling.
fn hold(y: &mut [Lane], held: &[(usize, [bool; LANES])]) {
    for (first, lanes) in held {
        for l in (0..LANES).filter(|l| lanes[*l]) {
            let spin = &mut y[*first..first + 3];
            let length = spin.iter().map(|s| s.0[l] * s.0[l]).sum::<f64>().sqrt();
            for component in spin {
                component.0[l] *= 0.5 / length;
            }
        }
    }
}

/// The largest angular frequency of small oscillations about any of the fixed points, at least 0.1.
fn fastest(points: &[FixedPoint]) -> f64 {
    points.iter().flat_map(|p| &p.eigenvalues).map(|z| z.norm()).fold(0.1, f64::max)
}

/// The long-time behaviour of up to [`LANES`] models of the same subsystems, given with their
/// [`fixed_points`], from the start of [`start_near_normal`]. The order parameter is `<S^x>/N` of the first
/// ensemble, or `<Q>/sqrt N` of the first mode where there is none; where it vanishes, the largest of all
/// quadratures and transverse spins (a laser in its rotating frame may stand still with `<S^x> = 0`).
///
/// # Panics
/// Without models, or if they differ in their subsystems.
pub fn long_time(classifier: Classifier, models: &[(&MeanFieldEquations, &[FixedPoint])]) -> Vec<LongTime> {
    let first = models[0].0;
    let (n, modes) = (first.dim(), 2 * first.modes());
    let spins = n > modes;
    let equations: Vec<&MeanFieldEquations> = models.iter().map(|(m, _)| *m).collect();
    let lanes = LaneEquations::new(&equations);
    let starts: Vec<Vec<f64>> = models.iter().map(|(m, points)| start_near(m, points)).collect();
    // One step for all lanes, so that all see the same time.
    let step = classifier.resolution / models.iter().map(|(_, points)| fastest(points)).fold(0.1, f64::max);
    let start = |i: usize| Lane(std::array::from_fn(|l| starts[l.min(starts.len() - 1)][i]));
    let mut y: Vec<Lane> = (0..n).map(start).collect();
    let mut w: Vec<Lane> = (0..n).map(|i| Lane([((3 * i + 1) as f64).sin(); LANES])).collect();
    let watched = watched(first);
    let conserved: Vec<Vec<usize>> = models.iter().map(|(m, _)| m.conserved_lengths()).collect();
    let of_lane = |l: usize| &conserved[l.min(conserved.len() - 1)];
    let held: Vec<(usize, [bool; LANES])> = (0..(n - modes) / 3)
        .map(|e| (modes + 3 * e, std::array::from_fn(|l| of_lane(l).contains(&e))))
        .collect();
    let job =
        Job { lanes: &lanes, classifier, dt: step, watched: &watched, held: &held, y: &mut y, w: &mut w };
    let seen = Arch::new().dispatch(job);
    (0..models.len())
        .map(|l| {
            let growth = seen.growth.each_ref().map(|g| g.0[l]);
            let exponent = (growth[0] + growth[1]) / (seen.times[0] + seen.times[1]);
            let inversion = if spins { y[modes + 2].0[l] } else { f64::NAN };
            let Some(shown) = seen.shown(l) else {
                let (mean, amplitude) = (f64::NAN, f64::NAN);
                return LongTime { mean, amplitude, exponent, inversion, phase: Phase::Undecided };
            };
            let motions = seen.halves.each_ref().map(|half| half[shown].of(l));
            let whole = seen.halves[0][shown].with(&seen.halves[1][shown]);
            let up = conserved[l].iter().any(|e| y[modes + 3 * e + 2].0[l] > 0.0);
            let Motion { mean, amplitude } = whole.of(l);
            // An order parameter that is not the first of the watched ones stands still: a cycle seen from
            // its own frame.
            let widths = seen.maxima.each_ref().map(|m| if shown == 0 { m.width(l, amplitude) } else { 0.0 });
            let exponents = [0, 1].map(|k| growth[k] / seen.times[k]);
            let phase = phase(&Halves { motions, widths, exponents }, up, models[l].1);
            LongTime { mean, amplitude, exponent, inversion, phase }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(first: (f64, f64), last: (f64, f64), exponent: f64) -> Phase {
        let motion = |(mean, amplitude)| Motion { mean, amplitude };
        let motions = [motion(first), motion(last)];
        phase(&Halves { motions, widths: [0.0; 2], exponents: [exponent; 2] }, false, &[])
    }

    #[test]
    fn what_differs_between_the_halves_is_undecided() {
        assert_eq!(found((0.0, 0.3), (0.0, 0.3), 0.0), Phase::L1);
        assert_eq!(found((0.0, 0.2), (0.0, 0.3), 0.0), Phase::Undecided);
        assert_eq!(found((0.01, 0.3), (0.03, 0.3), 0.0), Phase::Undecided);
        assert_eq!(
            found((0.01, 0.45), (0.1, 0.3), 0.03),
            Phase::IR,
            "the mean of irregular motion says nothing"
        );
        assert_eq!(found((0.3, 0.03), (0.3, 0.01), 0.0), Phase::Undecided);
        assert_eq!(found((0.3, 0.03), (f64::NAN, 0.03), 0.0), Phase::Undecided);
    }

    #[test]
    fn a_laminar_half_belongs_to_irregular_motion_while_perturbations_grow() {
        let seen = |exponents| {
            let motions = [(-0.2, 0.49), (-0.35, 0.1)].map(|(mean, amplitude)| Motion { mean, amplitude });
            phase(&Halves { motions, widths: [0.0; 2], exponents }, false, &[])
        };
        assert_eq!(seen([0.03, 0.004]), Phase::IR);
        assert_eq!(seen([0.03, 0.0]), Phase::Undecided, "it may have settled for good");
    }

    #[test]
    fn a_torus_has_maxima_of_all_heights_that_do_not_shrink() {
        let seen = |mean, widths| {
            let motions = [Motion { mean, amplitude: 0.4 }; 2];
            phase(&Halves { motions, widths, exponents: [0.0; 2] }, false, &[])
        };
        assert_eq!(seen(0.0, [0.0, 0.0]), Phase::L1);
        assert_eq!(seen(0.0, [0.3, 0.29]), Phase::QuasiPeriodic);
        assert_eq!(seen(0.0, [0.3, 0.1]), Phase::L1, "it still settles");
        assert_eq!(seen(0.1, [0.3, 0.3]), Phase::L2);
    }

    #[test]
    fn small_oscillations_that_die_out_belong_to_the_stable_point() {
        let stable = |kind| FixedPoint { kind, state: Vec::new(), eigenvalues: Vec::new() };
        let seen = |mean: f64, amplitude: [f64; 2], kind| {
            let motions = amplitude.map(|amplitude| Motion { mean, amplitude });
            phase(&Halves { motions, widths: [0.0; 2], exponents: [0.0; 2] }, false, &[stable(kind)])
        };
        assert_eq!(seen(0.3, [0.05, 0.049], FixedKind::Superradiant), Phase::SR);
        assert_eq!(
            seen(0.3, [0.05, 0.05], FixedKind::Superradiant),
            Phase::L2,
            "a cycle beside the stable point"
        );
        assert_eq!(seen(0.0, [0.05, 0.03], FixedKind::Normal), Phase::NS);
        assert_eq!(seen(0.3, [0.05, 0.049], FixedKind::Normal), Phase::L2);
    }
}
