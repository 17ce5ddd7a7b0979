//! The ladder of levels of one subsystem, and which ladders an ensemble has.

use superladder_model::{InitialState, Model};

use crate::ladder::{self, LocalPart, Rung, branch_element, branch_weight};
use crate::{SpaceError, initial};

/// Levels k = 0, 1, ... of one subsystem with the matrix elements between neighbours: Fock states |k>, or the
/// rungs
/// |j, m = k - j> of a Dicke ladder. Every matrix element of an operator is a product of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// A mode with this many Fock levels; [`Axis::UNBOUNDED`] for all of them.
    Fock {
        /// Number of levels.
        levels: usize,
    },
    /// Ladder `2 j` of an ensemble.
    Dicke {
        /// Spins of the ensemble.
        spins: usize,
        /// `2 j`.
        twice_j: usize,
    },
}

impl Axis {
    /// Levels of a mode without cutoff.
    pub const UNBOUNDED: usize = usize::MAX >> 1;

    /// Number of levels.
    pub fn levels(self) -> usize {
        match self {
            Self::Fock { levels } => levels,
            Self::Dicke { twice_j, .. } => twice_j + 1,
        }
    }

    fn has(self, level: i64) -> bool {
        level >= 0 && level < self.levels() as i64
    }

    /// The rung (j, m) of level `k` of a Dicke ladder; j = 0 for a mode.
    fn rung(self, level: i64) -> Rung {
        let j = match self {
            Self::Fock { .. } => 0.0,
            Self::Dicke { twice_j, .. } => 0.5 * twice_j as f64,
        };
        Rung { j, m: level as f64 - j }
    }

    /// `<k + shift| A |k>`: `a^dag` or `S^+` for a shift of +1, `a` or `S^-` for -1, `S^z` for 0 (of a mode:
    /// 1); zero where a level does not exist.
    pub fn element(self, shift: i64, level: i64) -> f64 {
        if !self.has(level) || !self.has(level + shift) {
            return 0.0;
        }
        match (self, shift) {
            (Self::Fock { .. }, 1) => (level as f64 + 1.0).sqrt(),
            (Self::Fock { .. }, -1) => (level as f64).sqrt(),
            (Self::Fock { .. }, _) => 1.0,
            (Self::Dicke { .. }, 1) => self.rung(level).raise(),
            (Self::Dicke { .. }, -1) => self.rung(level).lower(),
            (Self::Dicke { .. }, _) => self.rung(level).m,
        }
    }

    /// The ladder `j + dj` that a local jump reaches from this one, with its weight `f_dj(j)`, if the branch
    /// exists.
    pub fn branch(self, dj: i64) -> Option<(Self, f64)> {
        let Self::Dicke { spins, twice_j } = self else { return None };
        let weight = branch_weight(spins, twice_j, dj);
        let target = usize::try_from(twice_j as i64 + 2 * dj).ok().filter(|_| weight > 0.0)?;
        Some((Self::Dicke { spins, twice_j: target }, weight))
    }

    /// `<j + dj, m + dm| T_dj |j, m>` of a part of a local jump on level `k`; on the ladder `j + dj` the
    /// image is level `k + dm + dj`. Zero where a level does not exist.
    pub fn branch_element(self, part: LocalPart, dj: i64, level: i64) -> f64 {
        if self.has(level) { branch_element(part, dj, self.rung(level)) } else { 0.0 }
    }
}

/// The ladders that the ensembles of a model have: those of the sectors of a [`crate::Space`], without
/// enumerating them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladders {
    spins: Vec<usize>,
    twice_j: Vec<Vec<usize>>,
}

impl Ladders {
    /// Of the stages' `models` (same subsystems) started from `initial`: an ensemble with local channels has
    /// all its ladders, one without only those of its initial state.
    pub fn new(models: &[&Model], initial: &InitialState) -> Self {
        let spins: Vec<usize> = models[0].ensembles().iter().map(|e| e.size).collect();
        let of = |(e, &n): (usize, &usize)| {
            if models.iter().any(|m| has_local_channels(m, e)) {
                ladder::all_ladders(n)
            } else {
                match &initial.joint {
                    Some(joint) => joint.ladders(e),
                    None => initial::populated_ladders(&initial.ensembles[e], n),
                }
            }
        };
        let twice_j = spins.iter().enumerate().map(of).collect();
        Self { spins, twice_j }
    }

    /// Spins per ensemble.
    pub fn spins(&self) -> &[usize] {
        &self.spins
    }

    /// `2 j` of the ladders of an ensemble.
    pub fn of(&self, ensemble: usize) -> &[usize] {
        &self.twice_j[ensemble]
    }

    /// Number of sectors: one ladder for every ensemble.
    pub fn sectors(&self) -> f64 {
        self.twice_j.iter().map(|l| l.len() as f64).product()
    }

    /// Sum of the sector dimensions without the modes.
    pub fn dimension(&self) -> f64 {
        let rungs = |l: &Vec<usize>| l.iter().map(|tj| *tj as f64 + 1.0).sum::<f64>();
        self.twice_j.iter().map(rungs).product()
    }

    /// Largest sector without the modes.
    pub fn largest(&self) -> f64 {
        let rungs = |l: &Vec<usize>| l.iter().max().map_or(1.0, |tj| *tj as f64 + 1.0);
        self.twice_j.iter().map(rungs).product()
    }

    pub(crate) fn into_lists(self) -> (Vec<usize>, Vec<Vec<usize>>) {
        (self.spins, self.twice_j)
    }

    /// # Errors
    /// [`SpaceError::TooLarge`] when there are more than `limit` states, `modes` being the Fock states.
    pub(crate) fn check(&self, modes: f64, limit: f64) -> Result<(), SpaceError> {
        let dimension = modes * self.dimension();
        if dimension > limit { Err(SpaceError::TooLarge { dimension, limit }) } else { Ok(()) }
    }
}

fn has_local_channels(model: &Model, ensemble: usize) -> bool {
    model.dissipators().any(|d| d.jump.local_ensemble() == Some(ensemble))
}
