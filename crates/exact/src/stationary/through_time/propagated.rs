//! Towards a stationary state in time: cheap where the generator has a fast real form, and then a start that
//! leaves little to the linear solver.

use std::ops::ControlFlow;

use superladder_engine::{
    Diagnostics, End, EngineError, Evolution, Halt, Listener, Measurement, Problem, StationaryOptions,
};
use superladder_propagate::{Chebyshev, Method};

use crate::error::NAME;
use crate::options::Exact;
use crate::setting::Setting;

/// Unknowns below which linear systems alone are faster.
const FEW: u64 = 60_000;
/// Applications of the generator in a piece of the way, about.
const PIECE: f64 = 1000.0;
/// Pieces at most.
const PIECES: usize = 40;
/// A piece that leaves more than this of the motion is no faster than the linear solver.
const SLOW: f64 = 0.8;

/// How far a state vector still moves, and who takes it.
pub(in crate::stationary) type Residual<'a> = &'a dyn Fn(&[f64]) -> f64;
pub(in crate::stationary) type Offer<'a> = &'a dyn Fn(&[f64]);

/// Hears nothing, and may end the work.
struct Deaf<'a>(&'a dyn Halt);

impl Listener for Deaf<'_> {
    fn record(&mut self, _: f64, _: Vec<Measurement>, _: &Diagnostics) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn halt(&self) -> &dyn Halt {
        self.0
    }
}

/// A state near the stationary one.
pub(in crate::stationary) struct Near {
    /// The state.
    pub(in crate::stationary) vector: Vec<f64>,
    /// An estimate of what is left of the way, where it goes on evenly.
    pub(in crate::stationary) left: Option<Vec<f64>>,
}

impl Exact {
    /// The state of `problem` when it has nearly come to rest, in the layout of charge difference zero; `None`
    /// where the way through time does not pay. Decided by counts and by the `residual` that is left, never by
    /// time. Every piece of the way is offered.
    pub(in crate::stationary) fn nearly_at_rest(
        &self,
        problem: &Problem,
        setting: &Setting,
        (residual, offer): (Residual<'_>, Offer<'_>),
        (options, halt): (&StationaryOptions, &dyn Halt),
    ) -> Result<Option<Near>, EngineError> {
        if setting.layout.unknowns() < FEW {
            return Ok(None);
        }
        let method = Method::Chebyshev(Chebyshev { step_tolerance: 1e-13, ..Chebyshev::default() });
        let engine = Self { method, adaptive: Vec::new(), ..self.clone() };
        let problem = Problem { observables: Vec::new(), end: End::Records, ..problem.clone() };
        let mut evolution = match engine.evolution_while(&problem, halt) {
            // The linear systems need less.
            Err(EngineError::Memory { .. }) => return Ok(None),
            evolution => evolution?,
        };
        if !evolution.is_real_form_of(setting) {
            return Ok(None);
        }
        let piece = PIECE / evolution.radius();
        let (mut motion, mut left) = (f64::INFINITY, None);
        for number in 0..PIECES {
            let before = motion;
            let vector = evolution.parts().0.vector.into_owned();
            evolution.advance(&[evolution.time() + piece], &mut Deaf(halt))?;
            offer(&evolution.parts().0.vector);
            if halt.asked() {
                return Err(EngineError::Interrupted { engine: NAME });
            }
            motion = residual(&evolution.parts().0.vector);
            halt.heard((PIECE * (number + 1) as f64) as u64, motion);
            left = extrapolated(&vector, &evolution.parts().0.vector, motion / before);
            // NaN is no progress.
            if motion <= 0.1 * options.tolerance || !(number < 2 || motion < SLOW * before) {
                break;
            }
        }
        Ok(Some(Near { vector: evolution.parts().0.vector.into_owned(), left }))
    }
}

/// What is left of the way if every further piece goes on with the `ratio` of the last two:
/// `ratio / (1 - ratio)` times the last piece.
fn extrapolated(before: &[f64], after: &[f64], ratio: f64) -> Option<Vec<f64>> {
    let factor = ratio / (1.0 - ratio);
    let moved = before.iter().zip(after).map(|(a, b)| factor * (b - a));
    (ratio > 0.0 && ratio < SLOW).then(|| moved.collect())
}
