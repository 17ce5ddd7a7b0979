//! The elementary variables of a model, and their joint cumulants.

use superladder_model::{Model, Subsystem};

use crate::CumulantError;

/// Number of an elementary variable: two per mode, then three per ensemble.
pub(crate) type Variable = u16;

/// The elementary variables in which the equations are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Basis {
    /// `Q, P` of modes and x, y, z of spins: every cumulant is real.
    #[default]
    Cartesian,
    /// `a, a^dag` of modes and -, +, z of spins: complex, but diagonal in every excitation number.
    Ladder,
}

/// What a spin variable is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ordering {
    /// Normally ordered modes, operators `s_i = sigma_i / 2` on distinct sites.
    Sites,
    /// Symmetrised modes and symmetrised collective spins.
    Symmetrised,
}

/// A joint cumulant: a multiset of variables, packed so that order is by length, then by variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct JointCumulant(u128);

/// Bits of one variable: eight variables fit.
const LANE: u32 = Variable::BITS;
const ALL: u32 = u128::BITS;

impl JointCumulant {
    pub(crate) fn new(variables: &[Variable]) -> Self {
        variables.iter().fold(Self(0), |joint, variable| joint.with(*variable))
    }

    pub(crate) fn len(self) -> usize {
        (ALL - self.0.leading_zeros()).div_ceil(LANE) as usize
    }

    /// The variables in ascending order.
    pub(crate) fn variables(self) -> impl DoubleEndedIterator<Item = Variable> {
        (0..self.len() as u32).rev().map(move |i| (self.0 >> (LANE * i)) as Variable - 1)
    }

    /// The cumulant with one variable more; at most eight fit.
    ///
    /// ```text
    /// one lane per variable, its number + 1, the largest lowest
    /// {2, 5, 7}            00 00 00 00 00 03 06 08
    /// with 5               00 00 00 00 03 06 06 08      the lanes above 8 move up
    /// ```
    pub(crate) fn with(self, variable: Variable) -> Self {
        let value = u128::from(variable) + 1;
        let mut shift = 0;
        while shift < ALL && (self.0 >> shift) & u128::from(Variable::MAX) > value {
            shift += LANE;
        }
        let low = if shift == 0 { 0 } else { self.0 & (u128::MAX >> (ALL - shift)) };
        let high = if shift == ALL { 0 } else { self.0 >> shift };
        Self((((high << LANE) | value) << shift) | low)
    }
}

/// The elementary variables of a model.
#[derive(Debug, Clone)]
pub(crate) struct Variables {
    modes: Vec<String>,
    ensembles: Vec<(String, usize)>,
    pub(crate) basis: Basis,
    pub(crate) ordering: Ordering,
    /// Common scale N: the largest ensemble, 1 without ensembles.
    pub(crate) scale: f64,
}

impl Variables {
    pub(crate) fn new(model: &Model, basis: Basis, ordering: Ordering) -> Result<Self, CumulantError> {
        let modes: Vec<String> = model.modes().iter().map(|m| m.name.clone()).collect();
        let ensembles: Vec<_> = model.ensembles().iter().map(|e| (e.name.clone(), e.size)).collect();
        let found = 2 * modes.len() + 3 * ensembles.len();
        let limit = usize::from(Variable::MAX) - 1;
        if found > limit {
            return Err(CumulantError::TooLarge { found, limit });
        }
        let scale = ensembles.iter().map(|e| e.1).max().unwrap_or(1) as f64;
        Ok(Self { modes, ensembles, basis, ordering, scale })
    }

    pub(crate) fn count(&self) -> usize {
        2 * self.modes.len() + 3 * self.ensembles.len()
    }

    pub(crate) fn ensemble_count(&self) -> usize {
        self.ensembles.len()
    }

    pub(crate) fn size(&self, ensemble: usize) -> usize {
        self.ensembles[ensemble].1
    }

    pub(crate) fn mode(mode: usize, component: usize) -> Variable {
        (2 * mode + component) as Variable
    }

    pub(crate) fn spin(&self, ensemble: usize, component: usize) -> Variable {
        (2 * self.modes.len() + 3 * ensemble + component) as Variable
    }

    /// Subsystem and component of a variable.
    pub(crate) fn place(&self, variable: Variable) -> (Subsystem, usize) {
        let (variable, modes) = (usize::from(variable), 2 * self.modes.len());
        if variable < modes {
            (Subsystem::Mode(variable / 2), variable % 2)
        } else {
            (Subsystem::Ensemble((variable - modes) / 3), (variable - modes) % 3)
        }
    }

    /// Whether a number belongs to a spectator: an operator of an earlier time, which no drift acts on. They
    /// are numbered from [`Variables::count`] on.
    pub(crate) fn is_spectator(&self, variable: Variable) -> bool {
        usize::from(variable) >= self.count()
    }

    pub(crate) fn is_mode(&self, variable: Variable) -> bool {
        usize::from(variable) < 2 * self.modes.len()
    }

    /// The Hermitian conjugate of a variable.
    pub(crate) fn conjugate_variable(&self, variable: Variable) -> Variable {
        match (self.basis, self.place(variable)) {
            (Basis::Cartesian, _) | (_, (Subsystem::Ensemble(_), 2)) => variable,
            (Basis::Ladder, (Subsystem::Mode(m), k)) => Self::mode(m, 1 - k),
            (Basis::Ladder, (Subsystem::Ensemble(e), k)) => self.spin(e, 1 - k),
        }
    }

    /// The complex conjugate of a cumulant.
    pub(crate) fn conjugate(&self, joint: JointCumulant) -> JointCumulant {
        if self.basis == Basis::Cartesian {
            return joint;
        }
        joint
            .variables()
            .fold(JointCumulant::new(&[]), |found, variable| found.with(self.conjugate_variable(variable)))
    }

    /// The one of a cumulant and its conjugate that is an unknown.
    pub(crate) fn canonical(&self, joint: JointCumulant) -> JointCumulant {
        joint.min(self.conjugate(joint))
    }

    /// Twice the exponent e of `c = N^e C`: the scaled c of a joint cumulant C is of order 1 as N grows.
    ///
    /// Intensive variables (`a/sqrt N`, `S/N`) have cumulants of order k proportional to `N^(1-k)`; hence
    /// `e = m/2 + n - 1` for m mode variables and n sites, `e = m/2 - 1` for collective spins. Spectators do
    /// not count: all cumulants with the same ones have the same power of N beyond this.
    pub(crate) fn twice_exponent(&self, joint: JointCumulant) -> i32 {
        let per_spin = if self.ordering == Ordering::Sites { 2 } else { 0 };
        let own = joint.variables().filter(|variable| !self.is_spectator(*variable));
        own.map(|variable| if self.is_mode(variable) { 1 } else { per_spin }).sum::<i32>() - 2
    }

    /// `N^(twice/2)`.
    pub(crate) fn power(&self, twice: i32) -> f64 {
        let whole = self.scale.powi(twice.div_euclid(2));
        if twice.rem_euclid(2) == 1 { whole * self.scale.sqrt() } else { whole }
    }

    /// Whether the sites of a cumulant exist: no ensemble has fewer spins than variables.
    pub(crate) fn exists(&self, joint: JointCumulant) -> bool {
        if self.ordering == Ordering::Symmetrised {
            return true;
        }
        let mut previous = None;
        let mut run = 0;
        let mut own = joint.variables().filter(|variable| !self.is_spectator(*variable));
        own.all(|variable| match self.place(variable).0 {
            Subsystem::Mode(_) => true,
            Subsystem::Ensemble(e) => {
                run = if previous == Some(e) { run + 1 } else { 1 };
                previous = Some(e);
                run <= self.size(e)
            }
        })
    }

    /// Name of a subsystem.
    pub(crate) fn name(&self, subsystem: Subsystem) -> &str {
        match subsystem {
            Subsystem::Mode(m) => &self.modes[m],
            Subsystem::Ensemble(e) => &self.ensembles[e].0,
        }
    }

    /// Every multiset of one to `order` variables.
    pub(crate) fn all_joints(&self, order: usize) -> Vec<JointCumulant> {
        let mut all = Vec::new();
        let mut last: Vec<Vec<Variable>> = vec![Vec::new()];
        for _ in 0..order {
            let longer = |variables: &Vec<Variable>| {
                let first = variables.last().copied().unwrap_or(0);
                let variables = variables.clone();
                (first..self.count() as Variable)
                    .map(move |variable| [variables.as_slice(), &[variable]].concat())
            };
            last = last.iter().flat_map(longer).collect();
            all.extend(last.iter().map(|variables| JointCumulant::new(variables)));
        }
        all.retain(|joint| self.exists(*joint));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joints_are_sorted_multisets() {
        let joint = JointCumulant::new(&[7, 2, 5, 2]);
        assert_eq!(joint.variables().collect::<Vec<_>>(), [2, 2, 5, 7]);
        assert_eq!(joint.len(), 4);
        assert!(JointCumulant::new(&[200]) < JointCumulant::new(&[0, 0]));
        assert_eq!(JointCumulant::new(&[]).len(), 0);
        let large = JointCumulant::new(&[301, 2, 301, 300]);
        assert_eq!(large.variables().collect::<Vec<_>>(), [2, 300, 301, 301]);
        let full = JointCumulant::new(&[8, 1, 7, 2, 6, 3, 5, 4]);
        assert_eq!(full.variables().collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
