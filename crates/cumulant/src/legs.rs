//! The elementary variables and joint cumulants of them.

use superladder_model::{Model, Subsystem};

use crate::CumulantError;

/// Number of an elementary variable: two per mode, then three per ensemble.
pub(crate) type Leg = u8;

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

/// A joint cumulant: a multiset of legs, packed so that order is by length, then by legs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Joint(u64);

impl Joint {
    pub(crate) fn new(legs: &[Leg]) -> Self {
        legs.iter().fold(Self(0), |joint, leg| joint.with(*leg))
    }

    pub(crate) fn len(self) -> usize {
        (64 - self.0.leading_zeros() as usize).div_ceil(8)
    }

    /// The legs in ascending order.
    pub(crate) fn legs(self) -> impl DoubleEndedIterator<Item = Leg> {
        (0..self.len()).rev().map(move |i| (self.0 >> (8 * i)) as u8 - 1)
    }

    /// One more leg; at most eight in all.
    pub(crate) fn with(self, leg: Leg) -> Self {
        let value = u64::from(leg) + 1;
        let mut shift = 0;
        while shift < 64 && (self.0 >> shift) & 0xff > value {
            shift += 8;
        }
        let low = if shift == 0 { 0 } else { self.0 & (u64::MAX >> (64 - shift)) };
        let high = if shift == 64 { 0 } else { self.0 >> shift };
        Self((((high << 8) | value) << shift) | low)
    }
}

/// The legs of a model.
#[derive(Debug, Clone)]
pub(crate) struct Legs {
    modes: Vec<String>,
    ensembles: Vec<(String, usize)>,
    pub(crate) basis: Basis,
    pub(crate) ordering: Ordering,
    /// Common scale N: the largest ensemble, 1 without ensembles.
    pub(crate) scale: f64,
}

impl Legs {
    pub(crate) fn new(model: &Model, basis: Basis, ordering: Ordering) -> Result<Self, CumulantError> {
        let modes: Vec<String> = model.modes().iter().map(|m| m.name.clone()).collect();
        let ensembles: Vec<_> = model.ensembles().iter().map(|e| (e.name.clone(), e.size)).collect();
        let found = 2 * modes.len() + 3 * ensembles.len();
        let limit = usize::from(Leg::MAX) - 1;
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

    pub(crate) fn mode(mode: usize, component: usize) -> Leg {
        (2 * mode + component) as Leg
    }

    pub(crate) fn spin(&self, ensemble: usize, component: usize) -> Leg {
        (2 * self.modes.len() + 3 * ensemble + component) as Leg
    }

    /// Subsystem and component of a leg.
    pub(crate) fn place(&self, leg: Leg) -> (Subsystem, usize) {
        let (leg, modes) = (usize::from(leg), 2 * self.modes.len());
        if leg < modes {
            (Subsystem::Mode(leg / 2), leg % 2)
        } else {
            (Subsystem::Ensemble((leg - modes) / 3), (leg - modes) % 3)
        }
    }

    pub(crate) fn is_mode(&self, leg: Leg) -> bool {
        usize::from(leg) < 2 * self.modes.len()
    }

    /// The Hermitian conjugate of a leg.
    pub(crate) fn conjugate_leg(&self, leg: Leg) -> Leg {
        match (self.basis, self.place(leg)) {
            (Basis::Cartesian, _) | (_, (Subsystem::Ensemble(_), 2)) => leg,
            (Basis::Ladder, (Subsystem::Mode(m), k)) => Self::mode(m, 1 - k),
            (Basis::Ladder, (Subsystem::Ensemble(e), k)) => self.spin(e, 1 - k),
        }
    }

    /// The complex conjugate of a cumulant.
    pub(crate) fn conjugate(&self, joint: Joint) -> Joint {
        if self.basis == Basis::Cartesian {
            return joint;
        }
        joint.legs().fold(Joint::new(&[]), |found, leg| found.with(self.conjugate_leg(leg)))
    }

    /// The one of a cumulant and its conjugate that is an unknown.
    pub(crate) fn canonical(&self, joint: Joint) -> Joint {
        joint.min(self.conjugate(joint))
    }

    /// Twice the exponent e of `c = N^e C`: the scaled c of a joint cumulant C is of order 1 as N grows.
    ///
    /// Intensive variables (`a/sqrt N`, `S/N`) have cumulants of order k proportional to `N^(1-k)`; hence
    /// `e = m/2 + n - 1` for m mode legs and n sites, `e = m/2 - 1` for collective spins.
    pub(crate) fn twice_exponent(&self, joint: Joint) -> i32 {
        let per_spin = if self.ordering == Ordering::Sites { 2 } else { 0 };
        joint.legs().map(|leg| if self.is_mode(leg) { 1 } else { per_spin }).sum::<i32>() - 2
    }

    /// `N^(twice/2)`.
    pub(crate) fn power(&self, twice: i32) -> f64 {
        let whole = self.scale.powi(twice.div_euclid(2));
        if twice.rem_euclid(2) == 1 { whole * self.scale.sqrt() } else { whole }
    }

    /// Whether the sites of a cumulant exist: no ensemble has fewer spins than legs.
    pub(crate) fn exists(&self, joint: Joint) -> bool {
        if self.ordering == Ordering::Symmetrised {
            return true;
        }
        let mut previous = None;
        let mut run = 0;
        joint.legs().all(|leg| match self.place(leg).0 {
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

    /// Every multiset of one to `order` legs.
    pub(crate) fn all_joints(&self, order: usize) -> Vec<Joint> {
        let mut all = Vec::new();
        let mut last: Vec<Vec<Leg>> = vec![Vec::new()];
        for _ in 0..order {
            let longer = |legs: &Vec<Leg>| {
                let first = legs.last().copied().unwrap_or(0);
                let legs = legs.clone();
                (first..self.count() as Leg).map(move |leg| [legs.as_slice(), &[leg]].concat())
            };
            last = last.iter().flat_map(longer).collect();
            all.extend(last.iter().map(|legs| Joint::new(legs)));
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
        let joint = Joint::new(&[7, 2, 5, 2]);
        assert_eq!(joint.legs().collect::<Vec<_>>(), [2, 2, 5, 7]);
        assert_eq!(joint.len(), 4);
        assert!(Joint::new(&[200]) < Joint::new(&[0, 0]));
        assert_eq!(Joint::new(&[]).len(), 0);
        let full = Joint::new(&[8, 1, 7, 2, 6, 3, 5, 4]);
        assert_eq!(full.legs().collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
