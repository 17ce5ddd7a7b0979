//! Which measurement of the environment a record comes from.

use num_complex::Complex64;
use superladder_engine::EngineError;
use superladder_model::{Factor, Modulation, Operator};

/// Which measurement of the environment the trajectories are conditioned on; averages do not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Unravelling {
    /// Quanta are counted.
    #[default]
    Jumps,
    /// What modes lose is mixed with a local oscillator on an eight-port detector before it is counted.
    Heterodyne {
        /// Flux of the local oscillator, quanta per unit time.
        flux: f64,
    },
    /// What modes lose is mixed with a local oscillator on one beam splitter, both ports of which are counted: their
    /// difference measures the quadrature `(a e^(-i angle) + a^dag e^(i angle))/sqrt 2`.
    Homodyne {
        /// Flux of the local oscillator, quanta per unit time.
        flux: f64,
        /// Phase of the local oscillator: Q is measured at 0, P at pi/2.
        angle: f64,
    },
}

impl Unravelling {
    /// Its name in studies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jumps => "jumps",
            Self::Heterodyne { .. } => "heterodyne",
            Self::Homodyne { .. } => "homodyne",
        }
    }

    /// Flux of the local oscillator, if there is one.
    pub fn flux(self) -> Option<f64> {
        match self {
            Self::Jumps => None,
            Self::Heterodyne { flux } | Self::Homodyne { flux, .. } => Some(flux),
        }
    }

    /// The jumps that the detectors of `jump` count, square roots of rates included: itself, or for the loss of a mode
    /// those behind the beam splitters.
    ///
    /// Heterodyne detection replaces a loss K by the four `(K + i^q beta) / 2`, q = 0..3, of an eight-port detector with a
    /// local oscillator of flux `beta^2`. `sum_q i^q = 0`, so the master equation is the same for every beta: no bias, only
    /// the single records become diffusive as beta grows. Homodyne detection has the two ports `(K + beta)/sqrt 2` and
    /// `(K - beta)/sqrt 2`, beta with the phase of the quadrature.
    ///
    /// Source: H. M. Wiseman and G. J. Milburn, Quantum Measurement and Control (2010), chapter 4.
    pub fn detected(self, jump: Operator) -> Vec<Operator> {
        let ports = match self {
            Self::Heterodyne { .. } => vec![Complex64::ONE, Complex64::I, -Complex64::ONE, -Complex64::I],
            Self::Homodyne { angle, .. } => {
                let light = Complex64::from_polar(1.0, angle);
                vec![light, -light]
            }
            Self::Jumps => return vec![jump],
        };
        let Some(flux) = self.flux().filter(|_| is_loss(&jump)) else { return vec![jump] };
        let part = (ports.len() as f64).sqrt().recip();
        let port = |phase: Complex64| {
            jump.clone() * Complex64::from(part) + Operator::identity() * (phase * part * flux.sqrt())
        };
        ports.into_iter().map(port).collect()
    }

    /// The measurement of a loss that follows time, of size 1: the flux of the local oscillator follows the loss, so that the
    /// jumps stay the same and their rates alone change; it is the flux given where the loss is largest.
    #[must_use]
    pub fn of_unit_rate(self, loss: &Modulation, (start, end): (f64, f64)) -> Self {
        const LOOKS: u32 = 1000;
        let time = |i: u32| start + (end - start) * (f64::from(i) / f64::from(LOOKS));
        let largest = (0..=LOOKS).map(|i| loss.size.at(time(i))).fold(0.0, f64::max);
        let share = |flux: f64| if largest > 0.0 { flux / largest } else { flux };
        match self {
            Self::Jumps => self,
            Self::Heterodyne { flux } => Self::Heterodyne { flux: share(flux) },
            Self::Homodyne { flux, angle } => Self::Homodyne { flux: share(flux), angle },
        }
    }

    /// Refuses a local oscillator without light or phase, for the engine of this name.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`].
    pub fn check(self, engine: &'static str) -> Result<(), EngineError> {
        let reason = match self {
            Self::Heterodyne { flux } | Self::Homodyne { flux, .. } if !(flux.is_finite() && flux > 0.0) => {
                format!("`oscillator_flux` must be finite and > 0, but is {flux}")
            }
            Self::Homodyne { angle, .. } if !angle.is_finite() => {
                format!("`homodyne_angle` must be finite, but is {angle}")
            }
            _ => return Ok(()),
        };
        Err(EngineError::Unsupported { engine, reason })
    }
}

/// Whether a jump is the loss of quanta of a mode: a multiple of one annihilation operator.
pub fn is_loss(operator: &Operator) -> bool {
    let terms = operator.collected().terms;
    matches!(terms.as_slice(), [term] if matches!(term.factors.as_slice(), [Factor::Annihilate(_)]))
}
