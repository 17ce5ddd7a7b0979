//! Names and sizes of the subsystems: all that the criteria need to know of a model.

use serde::{Deserialize, Serialize};

/// An ensemble's name and number of spins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnsembleSize {
    /// Name as in the model.
    pub name: String,
    /// Number N of spins (>= 1).
    pub size: usize,
}

/// Names and sizes of the subsystems of a model, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subsystems {
    /// Names of the modes.
    pub modes: Vec<String>,
    /// The ensembles.
    pub ensembles: Vec<EnsembleSize>,
}

impl Subsystems {
    /// Number of spins of ensemble number `e`; 1 when there is none, or when it is empty.
    pub(crate) fn spins(&self, e: usize) -> f64 {
        self.ensembles.get(e).map_or(1.0, |e| e.size.max(1) as f64)
    }

    /// N of the intensive amplitude `<a>/sqrt N`: size of the largest ensemble; 1 without ensembles.
    pub fn scale(&self) -> f64 {
        self.ensembles.iter().map(|e| e.size).max().unwrap_or(1).max(1) as f64
    }
}
