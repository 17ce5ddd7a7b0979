//! Jumps of the Lindblad equation.

use num_complex::Complex64;

use crate::{ModelError, Operator};

/// A jump operator of the Lindblad equation.
#[derive(Debug, Clone, PartialEq)]
pub enum Jump {
    /// One jump operator built from mode and collective-spin operators: `D[L]`.
    Collective(Operator),
    /// The same single-site jump on every spin of an ensemble:
    /// `sum_i D[c+ sigma_i^+ + c- sigma_i^- + cz sigma_i^z]` with the Pauli matrix `sigma^z`.
    Local {
        /// Ensemble number.
        ensemble: usize,
        /// Coefficient `c+` of `sigma^+`.
        raise: Complex64,
        /// Coefficient `c-` of `sigma^-`.
        lower: Complex64,
        /// Coefficient `cz` of the Pauli matrix `sigma^z`.
        z: Complex64,
    },
    /// The same single-site jump on every spin of an ensemble, each together with one operator of modes:
    /// `sum_i D[O (c+ sigma_i^+ + c- sigma_i^- + cz sigma_i^z)]`.
    Dressed {
        /// The operator O, of modes alone.
        dressing: Operator,
        /// Ensemble number.
        ensemble: usize,
        /// Coefficient `c+` of `sigma^+`.
        raise: Complex64,
        /// Coefficient `c-` of `sigma^-`.
        lower: Complex64,
        /// Coefficient `cz` of the Pauli matrix `sigma^z`.
        z: Complex64,
    },
}

impl Jump {
    /// The jump `raise sigma^+ + lower sigma^- + z sigma^z` (Pauli matrix) on every spin of an ensemble:
    /// `Jump::local(0, [0.0, 1.0, 0.0])` is emission.
    pub fn local<C: Into<Complex64>>(ensemble: usize, [raise, lower, z]: [C; 3]) -> Self {
        Self::Local { ensemble, raise: raise.into(), lower: lower.into(), z: z.into() }
    }

    /// The ensemble whose single spins it tells apart, if it does.
    pub fn local_ensemble(&self) -> Option<usize> {
        match self {
            Self::Collective(_) => None,
            Self::Local { ensemble, .. } | Self::Dressed { ensemble, .. } => Some(*ensemble),
        }
    }

    /// `K^dag K`, summed over the spins of an ensemble of so many: with `l = c+ sigma^+ + c- sigma^- + cz sigma^z` on
    /// every spin `sum_i l_i^dag l_i = N (|c+|^2 + |c-|^2 + 2 |cz|^2)/2 + (|c-|^2 - |c+|^2) S^z
    /// + [(c+^* cz - cz^* c-) S^- + h.c.]`.
    pub fn decay(&self, size: usize) -> Operator {
        let local = |ensemble: usize, [raise, lower, z]: [Complex64; 3]| {
            let n = size as f64;
            let constant = 0.5 * n * (raise.norm_sqr() + lower.norm_sqr() + 2.0 * z.norm_sqr());
            let turned = Operator::lower(ensemble) * (raise.conj() * z - z.conj() * lower);
            Operator::identity() * Complex64::from(constant)
                + Operator::sz(ensemble) * Complex64::from(lower.norm_sqr() - raise.norm_sqr())
                + turned.adjoint()
                + turned
        };
        match self {
            Self::Collective(operator) => operator.adjoint() * operator.clone(),
            Self::Local { ensemble, raise, lower, z } => local(*ensemble, [*raise, *lower, *z]),
            Self::Dressed { dressing, ensemble, raise, lower, z } => {
                dressing.adjoint() * dressing.clone() * local(*ensemble, [*raise, *lower, *z])
            }
        }
    }

    pub(crate) fn check_finite(&self) -> Result<(), ModelError> {
        if let Self::Dressed { dressing, .. } = self {
            dressing.check_finite()?;
        }
        match self {
            Self::Collective(operator) => operator.check_finite(),
            Self::Local { raise, lower, z, .. } | Self::Dressed { raise, lower, z, .. } => {
                match [raise, lower, z].into_iter().find(|c| !c.is_finite()) {
                    Some(c) => Err(out_of_range("coefficient", "a local jump", c, "finite")),
                    None => Ok(()),
                }
            }
        }
    }
}

impl From<Operator> for Jump {
    fn from(operator: Operator) -> Self {
        Self::Collective(operator)
    }
}

/// `rate * D[jump]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Dissipator {
    /// Rate (>= 0), outside `D`.
    pub rate: f64,
    /// The jump operator.
    pub jump: Jump,
}

/// A number that is not what is allowed.
pub(crate) fn out_of_range(key: &str, of: &str, value: &dyn ToString, allowed: &str) -> ModelError {
    let (key, of, value, allowed) = (key.into(), of.into(), value.to_string(), allowed.into());
    ModelError::OutOfRange { key, of, value, allowed }
}
