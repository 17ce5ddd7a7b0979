//! The phases by name.

use serde::{Deserialize, Serialize};

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
    /// Oscillation with zero mean on a torus: heights of the maxima fill an interval, a second Lyapunov
    /// exponent is zero.
    QuasiPeriodic,
    /// Another phase in the first half of the window than in the second, an amplitude that still changes, or
    /// not finite.
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
