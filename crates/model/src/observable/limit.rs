//! What the components of an observable are for coherent states.

use super::Observable;

/// Observables whose components are all this for a coherent state: squeezing, entanglement or antibunching shows in
/// which side of it they are on.
const LIMITS: [(&str, f64); 5] = [
    ("squeezing", 1.0),
    ("generalised-squeezing", 1.0),
    ("fisher", 1.0),
    ("quadrature-squeezing", 1.0),
    ("g2", 1.0),
];

impl Observable {
    /// The value of every component for a coherent state, where that divides classical from quantum; such components
    /// are quantities of their own, which do not share axes. None for all other observables.
    pub fn classical_limit(&self) -> Option<f64> {
        LIMITS.iter().find(|(name, _)| *name == self.definition.name).map(|(_, limit)| *limit)
    }
}
