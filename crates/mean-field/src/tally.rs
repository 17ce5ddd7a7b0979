//! What the flow of a batch shows of its unknowns while it goes on: means, ranges, heights of maxima.

use crate::lanes::{LANES, Lane};

/// What the order parameter does for a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Motion {
    /// Its mean.
    pub(crate) mean: f64,
    /// Half of its range.
    pub(crate) amplitude: f64,
}

/// What is seen of an unknown.
#[derive(Debug)]
pub(crate) struct Tally {
    sum: Lane,
    min: Lane,
    max: Lane,
    count: usize,
}

impl Tally {
    pub(crate) fn new() -> Self {
        let (min, max) = (Lane([f64::INFINITY; LANES]), Lane([f64::NEG_INFINITY; LANES]));
        Self { sum: Lane::ZERO, min, max, count: 0 }
    }

    /// What both have seen together.
    pub(crate) fn with(&self, other: &Self) -> Self {
        let both =
            |a: &Lane, b: &Lane, f: fn(f64, f64) -> f64| Lane(std::array::from_fn(|l| f(a.0[l], b.0[l])));
        Self {
            sum: both(&self.sum, &other.sum, |a, b| a + b),
            min: both(&self.min, &other.min, f64::min),
            max: both(&self.max, &other.max, f64::max),
            count: self.count + other.count,
        }
    }

    /// Mean and half of the range in a lane.
    pub(crate) fn of(&self, lane: usize) -> Motion {
        let (min, max) = (self.min.0[lane], self.max.0[lane]);
        Motion { mean: self.sum.0[lane] / self.count as f64, amplitude: 0.5 * (max - min) }
    }

    #[allow(clippy::inline_always, reason = "part of code that is compiled for an instruction set")]
    #[inline(always)]
    pub(crate) fn count(&mut self, x: &Lane) {
        for l in 0..LANES {
            let x = x.0[l];
            self.sum.0[l] += x;
            // NaN must not be lost: a comparison that it fails keeps it.
            self.min.0[l] = if x >= self.min.0[l] { self.min.0[l] } else { x };
            self.max.0[l] = if x <= self.max.0[l] { self.max.0[l] } else { x };
        }
        self.count += 1;
    }
}

/// Heights of the maxima of an unknown, in the order of time.
#[derive(Debug)]
pub(crate) struct Maxima {
    /// The two values before.
    before: [Lane; 2],
    heights: [Vec<f64>; LANES],
}

/// Heights that differ by less than this part of the amplitude belong together.
const SAME: f64 = 0.01;

impl Maxima {
    pub(crate) fn new() -> Self {
        let never = Lane([f64::NAN; LANES]);
        Self { before: [never; 2], heights: std::array::from_fn(|_| Vec::new()) }
    }

    /// The next values; a maximum has the height of the parabola through three of them.
    #[allow(clippy::inline_always, reason = "part of code that is compiled for an instruction set")]
    #[inline(always)]
    pub(crate) fn count(&mut self, x: &Lane) {
        for l in 0..LANES {
            let (a, b, c) = (self.before[0].0[l], self.before[1].0[l], x.0[l]);
            if a < b && b >= c {
                self.heights[l].push(b - (c - a) * (c - a) / (8.0 * (a - 2.0 * b + c)));
            }
        }
        self.before = [self.before[1], *x];
    }

    /// The widest interval that the heights in a lane fill without a gap, in units of `amplitude`. On a limit
    /// cycle every maximum of a period comes back to its height, and all intervals are points; on a torus the
    /// heights fill intervals.
    pub(crate) fn width(&self, lane: usize, amplitude: f64) -> f64 {
        let mut sorted = self.heights[lane].clone();
        sorted.sort_by(f64::total_cmp);
        let together = sorted.chunk_by(|a, b| b - a < SAME * amplitude);
        together.map(|run| run[run.len() - 1] - run[0]).fold(0.0, f64::max) / amplitude
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The width for a function of time in steps of 0.4 over 1500, half of the usual window.
    fn width(x: impl Fn(f64) -> f64, amplitude: f64) -> f64 {
        let mut maxima = Maxima::new();
        (0..3750).for_each(|k| maxima.count(&Lane([x(0.4 * f64::from(k)); LANES])));
        maxima.width(3, amplitude)
    }

    #[test]
    fn maxima_of_a_cycle_are_points_and_those_of_a_torus_fill_intervals() {
        let cycle = width(|t| 0.5 * (1.2 * t).cos(), 0.5);
        assert!(cycle < 0.008, "{cycle}");
        // Two different maxima a period.
        let doubled = width(|t| 0.4 * (1.2 * t).cos() + 0.1 * (0.6 * t).cos(), 0.5);
        assert!(doubled < 0.008, "{doubled}");
        let torus = width(|t| (0.4 + 0.1 * (0.097 * t).cos()) * (1.2 * t).cos(), 0.5);
        assert!((torus - 0.4).abs() < 0.02, "{torus}");
    }
}
