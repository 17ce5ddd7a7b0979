//! The density matrix for a reader: sectors, basis states, elements, reduced states.

mod reduced;
mod sector;

use std::collections::BTreeSet;

use superladder_model::{ModelError, Subsystem};
use superladder_space::{Charge, ladder};
use thiserror::Error;

pub use reduced::{LadderBlock, Matrix};
pub use sector::{BasisState, Element, SectorView};

use crate::evolution::ExactEvolution;
use crate::setting::{Setting, populated_coherences};
use crate::state_functions::View;

/// The density matrix of an [`ExactEvolution`] at its present time, without copying it.
///
/// It is a direct sum of *sectors*, one value of j for every ensemble; coherences between sectors do not
/// exist in a permutation-symmetric state. Every sector holds the sum over the equivalent copies of its
/// ladders, so that the traces of the sectors add up to 1. Where weak symmetries reduce the problem, elements
/// between states of different charge are zero or not stored, see [`Element`].
///
/// ```
/// use superladder_engine::{Problem, Silent, record};
/// use superladder_exact::Exact;
/// use superladder_model::Model;
///
/// // Two inverted spins decay independently: at t = ln 2 each is up with probability 1/2,
/// // and so P(j = 0) = 1/4 ...
/// let model = Model::builder().ensemble("S", 2, 1.0).channel("emission", "S", 1.0).build()?;
/// let problem = Problem::builder(&model).initial("S", "up", ()).times(0.0, 2f64.ln(), 2).build()?;
/// let mut evolution = Exact::default().evolution(&problem)?;
/// record(&mut evolution, &problem, &mut Silent)?;
/// let rho = evolution.density_matrix();
/// let singlet = rho.sector(&[0]).expect("local channels populate all ladders");
/// assert!((singlet.trace() - 0.25).abs() < 1e-9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DensityMatrix<'a> {
    view: View<'a>,
    setting: &'a Setting,
    evolution: &'a ExactEvolution,
    /// Charge differences that the initial state populates; all others stay zero.
    populated: BTreeSet<Charge>,
}

/// Why a part of a density matrix cannot be given.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum DensityMatrixError {
    /// The name is not one of the model's.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Some elements are not zero, but no observable needed them.
    #[error(
        "{part} needs coherences between charges that were not stored, since no observable needs them; observe `{observable}`, or set `symmetries: false` in `Exact`"
    )]
    NotStored {
        /// What was asked for.
        part: String,
        /// An observable that has them stored.
        observable: String,
    },
}

impl ExactEvolution {
    /// The present density matrix.
    pub fn density_matrix(&self) -> DensityMatrix<'_> {
        let (view, setting, problem) = self.parts();
        let populated = populated_coherences(problem, setting.space.charges(), &|| false);
        let populated = populated.unwrap_or_else(|_| unreachable!("nobody ends it"));
        DensityMatrix { view, setting, evolution: self, populated }
    }
}

impl<'a> DensityMatrix<'a> {
    /// The sectors, in the order of `2 j` of the ensembles.
    pub fn sectors(&self) -> impl Iterator<Item = SectorView<'_, 'a>> {
        (0..self.setting.space.sectors().len()).map(|number| SectorView { rho: self, number })
    }

    /// The sector with these `2 j`, one per ensemble; `None` if the state has none of it.
    pub fn sector(&self, twice_j: &[usize]) -> Option<SectorView<'_, 'a>> {
        let number = self.setting.space.sector_number(twice_j)?;
        Some(SectorView { rho: self, number })
    }

    /// `tr rho`, which is 1 up to rounding.
    pub fn trace(&self) -> f64 {
        self.sectors().map(|s| s.trace()).sum()
    }

    /// All weak symmetries of the model, in words.
    pub fn symmetries(&self) -> &'a [String] {
        &self.setting.symmetries
    }

    /// True if the symmetries reduce what is stored, see [`Element`].
    pub fn is_reduced(&self) -> bool {
        self.setting.reduced
    }

    /// True if every element that is not zero by symmetry is stored.
    pub fn is_complete(&self) -> bool {
        !self.setting.reduced || self.populated.iter().all(|c| self.setting.coherences.contains(c))
    }

    /// The reduced density matrix of a mode, `tr_rest rho`, in its Fock basis.
    ///
    /// # Errors
    /// [`DensityMatrixError::NotStored`], and [`DensityMatrixError::Model`] for an unknown name.
    pub fn mode(&self, name: &str) -> Result<Matrix, DensityMatrixError> {
        let subsystem = Subsystem::Mode(self.evolution.problem().model().mode_number(name)?);
        let mut blocks = self.reduced(subsystem, name)?;
        Ok(blocks.swap_remove(0))
    }

    /// The reduced density matrix of an ensemble: one block per ladder, j ascending, the lowest m first. A
    /// block holds the sum over the copies of its ladder; ladders without weight are there, too.
    ///
    /// # Errors
    /// [`DensityMatrixError::NotStored`], and [`DensityMatrixError::Model`] for an unknown name.
    pub fn ensemble(&self, name: &str) -> Result<Vec<LadderBlock>, DensityMatrixError> {
        let e = self.evolution.problem().model().ensemble_number(name)?;
        let spins = self.setting.space.spins()[e];
        let blocks = self.reduced(Subsystem::Ensemble(e), name)?;
        let named = |(twice_j, matrix)| {
            let copies = ladder::ln_degeneracy(spins, twice_j).exp().round();
            LadderBlock { twice_j, copies, matrix }
        };
        Ok(ladder::all_ladders(spins).into_iter().zip(blocks).map(named).collect())
    }
}
