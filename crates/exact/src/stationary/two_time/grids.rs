//! Frequencies and delays that resolve what the slow modes do.

use num_complex::Complex64;
use superladder_engine::{EngineError, Halt};
use superladder_model::Correlation;

use super::part::Part;
use crate::error::NAME;
use crate::stationary::state::{StationaryState, flow};

impl StationaryState {
    /// Frequencies that resolve the slowest `count` modes that A and B see, and what they see at first: around
    /// each up to 32 half widths.
    pub(crate) fn frequencies(
        &self,
        correlation: &Correlation,
        count: usize,
        halt: &dyn Halt,
    ) -> Result<Vec<f64>, EngineError> {
        self.check_two_time(correlation)?;
        let step = |k: i32| 0.25 * f64::from(k.signum()) * ((f64::from(k.abs()) / 3.0).exp2() - 1.0);
        let (mut grid, mut narrowest) = (Vec::new(), f64::INFINITY);
        for part in self.seen(&correlation.clone().connected())? {
            let slow = self.slow(&part.coherence.difference, halt)?;
            let own = part.coherence.is_self_adjoint(self.space());
            let signs: &[f64] = if own { &[1.0, -1.0] } else { &[1.0] };
            // No line is narrower than the slowest mode; of C'(0) = 0, where what A and B see is at rest, only rounding is
            // left.
            let least = if slow.gap().is_finite() { 0.5 * slow.gap() } else { 0.0 };
            let first = self.first_rate(&part).filter(|rate| rate.re < -least);
            for value in slow.values.iter().take(count).copied().chain(first) {
                let around = |sign: &f64| {
                    let middle = sign * value.im;
                    (-21..=21).map(move |k| middle + step(k) * value.re.abs())
                };
                grid.extend(signs.iter().flat_map(around));
                narrowest = narrowest.min(value.re.abs());
            }
        }
        grid.sort_by(f64::total_cmp);
        grid.dedup_by(|a, b| (*a - *b).abs() < 1e-2 * narrowest);
        Ok(grid)
    }

    /// `C'(0) / C(0)`: how fast the correlation decays and turns at first.
    fn first_rate(&self, part: &Part) -> Option<Complex64> {
        let moved = flow(self.space(), &part.coherence, &self.elements(), &part.x);
        let rate = part.value(&moved) / part.value(&part.x);
        rate.is_finite().then_some(rate)
    }

    /// Delays until the slowest modes that A and B see have decayed to e^-8, in steps that resolve their
    /// oscillations; 2000 steps at most.
    pub(crate) fn delays(&self, correlation: &Correlation, halt: &dyn Halt) -> Result<Vec<f64>, EngineError> {
        const MOST: f64 = 2000.0;
        self.check_two_time(correlation)?;
        let (mut gap, mut fastest) = (f64::INFINITY, 0.0_f64);
        for part in self.seen(correlation)? {
            let slow = self.slow(&part.coherence.difference, halt)?;
            gap = if slow.gap() <= gap { slow.gap() } else { gap };
            fastest = slow.values.iter().fold(fastest, |most, z| most.max(z.im.abs()));
        }
        if gap.is_infinite() {
            let reason = "nothing that the operators see decays; give `delays`".into();
            return Err(EngineError::Unsupported { engine: NAME, reason });
        }
        let step = (0.04 / gap).min(0.25 / fastest);
        let steps = (8.0 / gap / step).ceil().min(MOST) as usize;
        Ok((0..=steps).map(|k| k as f64 * step).collect())
    }
}
