//! The closures, by name.

use serde::{Deserialize, Serialize};

use crate::CumulantError;

/// Which cumulants are set to zero, and of which variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Closure {
    /// Joint cumulants of normally ordered modes and *distinct sites* above the order vanish.
    #[default]
    Sites,
    /// Third cumulants of symmetrised modes and *collective* spins vanish.
    Symmetrised,
    /// The symmetrised covariance on top of mean field, at leading order in N.
    LinearNoise,
    /// Symmetrised, with `s . C_{sX} = 0` kept for ensembles of fixed total spin.
    Casimir,
}

/// An entry of the table of closures.
#[derive(Debug)]
pub struct ClosureDefinition {
    /// Name as in configurations.
    pub name: &'static str,
    /// The closure.
    pub closure: Closure,
    /// Smallest and largest order.
    pub orders: (usize, usize),
    /// One sentence.
    pub summary: &'static str,
}

/// Every closure superladder knows.
pub static CLOSURES: &[ClosureDefinition] = &[
    ClosureDefinition {
        name: "sites",
        closure: Closure::Sites,
        orders: (1, 6),
        summary: "cumulants of normally ordered modes and distinct sites above the order vanish; exact on-site algebra",
    },
    ClosureDefinition {
        name: "symmetrised",
        closure: Closure::Symmetrised,
        orders: (2, 2),
        summary: "third cumulants of symmetrised collective operators vanish; the covariance stays positive",
    },
    ClosureDefinition {
        name: "linear-noise",
        closure: Closure::LinearNoise,
        orders: (2, 2),
        summary: "symmetrised covariance on top of mean field without back-reaction (leading order in 1/N)",
    },
    ClosureDefinition {
        name: "casimir",
        closure: Closure::Casimir,
        orders: (2, 2),
        summary: "symmetrised, with s . C_sX = 0 kept for ensembles of fixed total spin",
    },
];

impl Closure {
    /// The row of this closure in [`CLOSURES`].
    pub fn definition(self) -> &'static ClosureDefinition {
        match self {
            Self::Sites => &CLOSURES[0],
            Self::Symmetrised => &CLOSURES[1],
            Self::LinearNoise => &CLOSURES[2],
            Self::Casimir => &CLOSURES[3],
        }
    }

    /// Name as in configurations.
    pub fn name(self) -> &'static str {
        self.definition().name
    }

    /// The closure called `name`.
    ///
    /// # Errors
    /// [`CumulantError::UnknownClosure`] listing the known names.
    pub fn by_name(name: &str) -> Result<Self, CumulantError> {
        let found = CLOSURES.iter().find(|c| c.name == name).map(|c| c.closure);
        found.ok_or_else(|| CumulantError::UnknownClosure {
            name: name.to_owned(),
            known: CLOSURES.iter().map(|c| c.name).collect(),
        })
    }

    /// Checks that the closure has this order.
    ///
    /// # Errors
    /// [`CumulantError::Order`].
    pub fn check_order(self, order: usize) -> Result<(), CumulantError> {
        let (low, high) = self.definition().orders;
        if (low..=high).contains(&order) {
            return Ok(());
        }
        let allowed = if low == high { low.to_string() } else { format!("from {low} to {high}") };
        Err(CumulantError::Order { order, closure: self.name(), allowed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_variants_agree() {
        for row in CLOSURES {
            assert_eq!(row.closure.name(), row.name);
            assert_eq!(Closure::by_name(row.name), Ok(row.closure));
        }
        assert!(Closure::by_name("site").unwrap_err().to_string().contains("sites, symmetrised"));
        assert!(Closure::Casimir.check_order(3).is_err());
        assert!(Closure::Sites.check_order(0).is_err());
    }
}
