//! Where a trajectory is: frames that move with it and windows that it fits in.
//!
//! ```text
//! a mode in the laboratory           the same state in its frame, a = alpha + b
//!
//!  p(n)          _                    p(k) _
//!               / \                       | \
//!   ___________/   \____              ____|  \___________
//!   0         |alpha|^2  n               0    k
//!                                       [-----] window: the levels with weight, GUARD more at either end
//! ```
//! Between two steps the frame of a subsystem moves to the mean of its state once that is more than [`MOVE`]
//! away. The move needs room: the window is widened first, then the state is rotated, then the windows are
//! cut to the state again.

use num_complex::Complex64;
use superladder_space::Axis;

use crate::basis::{Basis, Window};
use crate::following::Following;
use crate::rotation::{Rotation, RotationScratch};
use crate::stencil::Stencil;
use crate::vector::Vector;

/// A frame moves when the mean of its state is a coherent state of this amplitude away: of b, or of
/// `S'^- / sqrt(2j)`.
const MOVE: f64 = 0.3;
/// The frame is rotated to a mean spin only if it has at least this length, in units of j.
const DIRECTED: f64 = 0.5;
/// Empty levels kept at either end of a window, for what moves in a step.
const GUARD: i64 = 2;
/// A window is cut only when it has this many levels too many.
const SLACK: usize = 2;
/// Part of the weight that may still be discarded that one look at the windows or one step may take.
pub(crate) const PORTION: f64 = 0.1;

/// What is lost by windows and moving frames.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Losses {
    /// Weight: of what was cut off, and a bound of what would have left the windows in each step.
    pub(crate) weight: f64,
    /// Bound of the norm of the difference to the state without any: the sum of all norms.
    pub(crate) norm: f64,
}

impl Losses {
    /// Notes a weight that is lost, or the bound of one.
    pub(crate) fn lose(&mut self, weight: f64) {
        self.weight += weight;
        self.norm += weight.sqrt();
    }
}

/// How locality is used.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Locality {
    /// By subsystem: whether its frame moves.
    pub(crate) moving: Vec<bool>,
    /// By subsystem: most levels that a window may have.
    pub(crate) caps: Vec<usize>,
    /// Ladders with a smaller `2 j` are not rotated.
    pub(crate) smallest: usize,
    /// Whether windows follow the state; otherwise they hold all levels up to the caps.
    pub(crate) windows: bool,
    /// Weight that a trajectory may lose in all.
    pub(crate) truncation: f64,
    /// A wrong displacement, to show that it is seen.
    #[cfg(test)]
    pub(crate) slip: f64,
}

/// Buffers of [`Locality`].
#[derive(Debug, Default)]
pub(crate) struct LocalityScratch {
    rotation: RotationScratch,
    /// Weight of every level of the subsystem at work.
    populations: Vec<f64>,
    spare: Vector,
}

impl Locality {
    /// Weight that may still be lost when a part `fraction` of the time has passed.
    fn allowance(&self, fraction: f64, losses: &Losses) -> f64 {
        (self.truncation * (0.1 + 0.9 * fraction) - losses.weight).max(0.0)
    }

    /// Whether any basis moves.
    pub(crate) fn moves(&self) -> bool {
        self.moving.contains(&true)
    }

    /// Whether anything can be lost at all.
    pub(crate) fn loses(&self) -> bool {
        self.windows || self.moving.contains(&true)
    }

    /// The window of all levels.
    pub(crate) fn widest(&self, axis: usize, ladder: Axis) -> Window {
        Window { low: 0, len: ladder.levels().min(self.caps[axis]) }
    }

    /// Moves frames to the state and windows around it; the norm of `psi` stays. True when anything has
    /// changed.
    pub(crate) fn settle(
        &self,
        basis: &mut Basis,
        psi: &mut Vector,
        fraction: f64,
        losses: &mut Losses,
        scratch: &mut LocalityScratch,
    ) -> bool {
        let mut changed = false;
        for axis in 0..basis.axes.len() {
            if self.moving[axis] {
                changed |= self.follow(axis, basis, psi, losses, scratch);
            }
        }
        if self.windows {
            changed |= self.fit(basis, psi, self.allowance(fraction, losses), losses, scratch);
        }
        changed
    }

    /// Moves the frame of one subsystem to the mean of the state.
    fn follow(
        &self,
        axis: usize,
        basis: &mut Basis,
        psi: &mut Vector,
        losses: &mut Losses,
        scratch: &mut LocalityScratch,
    ) -> bool {
        let square = psi.norm_sqr();
        basis.coherences(axis, psi, 1, &mut scratch.spare);
        let mean = basis.lowering(axis, &scratch.spare) / square;
        match basis.axes[axis] {
            Axis::Fock { .. } => {
                if mean.norm() <= MOVE {
                    return false;
                }
                self.rotate(axis, Rotation { beta: -mean }, mean.norm(), basis, psi, losses, scratch);
                basis.frames[axis] = basis.frames[axis].displaced(self.slipped(mean));
            }
            Axis::Dicke { twice_j, .. } => {
                if twice_j < self.smallest {
                    return false;
                }
                let window = basis.windows[axis];
                let rungs = scratch.spare.re[..window.len].iter().zip(window.low..);
                let up = rungs.map(|(p, k)| p * basis.axes[axis].element(0, k)).sum::<f64>() / square;
                let (across, j) = (mean.norm(), 0.5 * twice_j as f64);
                let away = up > 0.0 || across / (2.0 * j).sqrt() > MOVE;
                if !away || across.hypot(up) < DIRECTED * j {
                    return false;
                }
                // <S'> = (across cos phi, across sin phi, up) with phi = -arg <S'^->; V about (sin phi, -cos
                // phi, 0) takes -z there, and the state becomes V^dag psi.
                let angle = across.atan2(-up);
                let direction = -mean.arg() - 0.5 * std::f64::consts::PI;
                let beta = Complex64::from_polar(0.5 * angle, 0.5 * std::f64::consts::PI - direction);
                let size = if angle < 0.7 { angle * (0.5 * j).sqrt() } else { f64::INFINITY };
                self.rotate(axis, Rotation { beta }, size, basis, psi, losses, scratch);
                basis.frames[axis] = basis.frames[axis].rotated(angle, direction);
            }
        }
        true
    }

    /// Rotates the frame on a window that is wide enough for a displacement of `size`.
    #[allow(clippy::too_many_arguments, reason = "a state with its buffers and its account")]
    fn rotate(
        &self,
        axis: usize,
        rotation: Rotation,
        size: f64,
        basis: &mut Basis,
        psi: &mut Vector,
        losses: &mut Losses,
        scratch: &mut LocalityScratch,
    ) {
        let (window, ladder) = (basis.windows[axis], basis.axes[axis]);
        if self.windows {
            // sqrt(k) moves by the size of the displacement.
            let top = window.end() as f64;
            let more = (2.0 * size * top.sqrt() + size * size).ceil().min(1e9) as i64 + 4;
            let (low, end) = ((window.low - more).max(0), (window.end() + more).min(ladder.levels() as i64));
            basis.regrid(axis, Window { low, len: (end - low) as usize }, psi, &mut scratch.spare);
        }
        let square = psi.norm_sqr();
        let left = rotation.apply(basis, axis, psi, &mut scratch.rotation) / square.sqrt();
        losses.lose(left * left);
        psi.scale((square / psi.norm_sqr()).sqrt());
    }

    #[cfg(not(test))]
    #[allow(clippy::unused_self, reason = "its twin for tests is wrong on purpose")]
    fn slipped(&self, delta: Complex64) -> Complex64 {
        delta
    }

    #[cfg(test)]
    fn slipped(&self, delta: Complex64) -> Complex64 {
        delta * self.slip
    }

    /// Cuts and widens the windows.
    fn fit(
        &self,
        basis: &mut Basis,
        psi: &mut Vector,
        allowance: f64,
        losses: &mut Losses,
        scratch: &mut LocalityScratch,
    ) -> bool {
        let square = psi.norm_sqr();
        let tail = PORTION * allowance / (2 * basis.axes.len().max(1)) as f64;
        let (mut changed, mut discarded) = (false, 0.0);
        for axis in 0..basis.axes.len() {
            let (now, ladder) = (basis.windows[axis], basis.axes[axis]);
            let populations = &mut scratch.populations;
            basis.populations(axis, psi, populations);
            let aim = self.wanted(axis, ladder, now, populations, tail * square);
            let inside = now.low <= aim.low && now.end() >= aim.end();
            if inside && now.len <= aim.len + SLACK && now.len <= self.caps[axis] {
                continue;
            }
            let outside = |level: i64| level < aim.low || level >= aim.end();
            let cut = populations.iter().zip(now.low..).filter(|(_, k)| outside(*k)).map(|(p, _)| p);
            discarded += cut.sum::<f64>() / square;
            basis.regrid(axis, aim, psi, &mut scratch.spare);
            changed = true;
        }
        if discarded > 0.0 {
            losses.lose(discarded);
            psi.scale((square / psi.norm_sqr()).sqrt());
        }
        changed
    }

    /// The smallest window that leaves out at most `tail` at either end, with its guard levels.
    ///
    /// ```text
    /// populations   1e-9 1e-8 | 1e-3  0.4  0.5  1e-2 | 1e-9
    ///               below = 2 |                      | above = 1
    /// window        guard guard                        guard guard      (GUARD = 2)
    /// ```
    fn wanted(&self, axis: usize, ladder: Axis, now: Window, populations: &[f64], tail: f64) -> Window {
        let kept = |levels: &mut dyn Iterator<Item = &f64>| {
            let mut sum = 0.0;
            levels
                .take_while(|p| {
                    sum += **p;
                    sum <= tail
                })
                .count()
        };
        let below = kept(&mut populations.iter()).min(populations.len() - 1);
        let above = kept(&mut populations.iter().rev()).min(populations.len() - 1 - below);
        let low = (now.low + below as i64 - GUARD).max(0);
        let end = (now.end() - above as i64 + GUARD).min(ladder.levels() as i64);
        let len = ((end - low) as usize).min(self.caps[axis]);
        Window { low, len }
    }

    /// Bound of the norm that leaves the windows per unit time, relative to that of `psi`: in all, and at the
    /// ends that can still be widened. Without windows, only a displaced basis is looked at: what others lose
    /// at the cutoff shows in the population below it.
    pub(crate) fn exit(
        &self,
        (stencil, following): (&Stencil, &Following),
        basis: &Basis,
        psi: &Vector,
        scratch: &mut LocalityScratch,
    ) -> (f64, f64) {
        let norm = psi.norm_sqr().sqrt();
        let (mut all, mut curable) = (0.0, 0.0);
        for axis in (0..basis.axes.len()).filter(|axis| self.windows || self.moving[*axis]) {
            let populations = &mut scratch.populations;
            basis.populations(axis, psi, populations);
            for upper in [false, true] {
                let exits =
                    [stencil.exit(axis, upper, populations), following.exit(axis, upper, populations)];
                let exit = exits.iter().sum::<f64>() / norm;
                all += exit;
                if self.windows && basis.windows[axis].len < self.caps[axis] {
                    curable += exit;
                }
            }
        }
        (all, curable)
    }

    /// Whether a step of length `s` that ends with this exit is short enough.
    pub(crate) fn tolerates(&self, exit: f64, s: f64, fraction: f64, part: f64, losses: &Losses) -> bool {
        let allowed =
            (PORTION * self.allowance(fraction, losses)).max(PORTION * PORTION * self.truncation * part);
        (exit * s).powi(2) <= allowed
    }
}
