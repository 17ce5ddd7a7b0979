//! One sector of a density matrix.

use std::fmt;

use num_complex::Complex64;
use superladder_space::Sector;

use super::{DensityMatrix, DensityMatrixError, Matrix};

/// A sector of a [`DensityMatrix`].
#[derive(Clone, Copy)]
pub struct SectorView<'r, 'a> {
    pub(super) rho: &'r DensityMatrix<'a>,
    pub(super) number: usize,
}

/// Quantum numbers of a basis state. Shown as `|n = 2; j = 1, m = -1>`, half-integers as `3/2`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BasisState {
    /// Quanta of every mode.
    pub quanta: Vec<usize>,
    /// `(2 j, 2 m)` of every ensemble.
    pub spins: Vec<(usize, i64)>,
}

/// An element of a density matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Element {
    /// Its value.
    Value(Complex64),
    /// Zero by a symmetry: the initial state has no coherence between these charges, and nothing can make
    /// one.
    ZeroBySymmetry,
    /// Perhaps not zero, but not known: no observable of the problem needs coherences between these charges.
    NotStored,
}

impl SectorView<'_, '_> {
    fn sector(&self) -> &Sector {
        &self.rho.setting.space.sectors()[self.number]
    }

    /// `2 j` of every ensemble.
    pub fn twice_j(&self) -> &[usize] {
        &self.sector().twice_j
    }

    /// Number of basis states.
    pub fn dim(&self) -> usize {
        self.sector().dim()
    }

    /// Number of equivalent copies, `prod d_j` over the ensembles, whose sum the sector holds.
    pub fn copies(&self) -> f64 {
        self.rho.setting.space.ln_copies(self.sector()).exp().round()
    }

    /// Quantum numbers of the basis state number `state`.
    ///
    /// # Panics
    /// If `state` is not below [`SectorView::dim`].
    pub fn basis_state(&self, state: usize) -> BasisState {
        let (space, labels) = (&self.rho.setting.space, self.sector().labels(state));
        let (modes, ensembles) = labels.split_at(space.levels().len());
        let excitations = ensembles.iter().zip(space.spins()).zip(&self.sector().twice_j);
        BasisState {
            quanta: modes.iter().map(|n| *n as usize).collect(),
            spins: excitations.map(|((x, n), twice_j)| (*twice_j, 2 * i64::from(*x) - *n as i64)).collect(),
        }
    }

    /// Number of the basis state with these quanta of the modes and these `2 m` of the ensembles.
    pub fn find(&self, quanta: &[usize], twice_m: &[i64]) -> Option<usize> {
        let space = &self.rho.setting.space;
        if quanta.len() != space.levels().len() || twice_m.len() != space.spins().len() {
            return None;
        }
        let modes = quanta.iter().map(|n| Some(*n as i64));
        let even = |sum: i64| (sum % 2 == 0).then_some(sum / 2);
        let ensembles = twice_m.iter().zip(space.spins()).map(|(m, n)| even(m + *n as i64));
        self.sector().find(&modes.chain(ensembles).collect::<Option<Vec<i64>>>()?)
    }

    /// The element `<row| rho |column>`, or why there is none.
    ///
    /// # Panics
    /// If `row` or `column` is not below [`SectorView::dim`].
    pub fn element(&self, row: usize, column: usize) -> Element {
        let DensityMatrix { view, setting, populated, .. } = self.rho;
        if setting.layout.element(self.number, row, column).is_some() {
            return Element::Value(view.element(self.number, row, column));
        }
        let charge = |state: usize| {
            let groups = self.sector().groups();
            &groups[groups.partition_point(|(_, states)| states.end <= state)].0
        };
        let difference = setting.space.charges().difference(charge(column), charge(row));
        if populated.contains(&difference) { Element::NotStored } else { Element::ZeroBySymmetry }
    }

    /// `tr rho_j`, the probability to find the system in this sector.
    pub fn trace(&self) -> f64 {
        (0..self.dim()).map(|i| self.rho.view.element(self.number, i, i).re).sum()
    }

    /// All elements.
    ///
    /// # Errors
    /// [`DensityMatrixError::NotStored`].
    pub fn to_dense(&self) -> Result<Matrix, DensityMatrixError> {
        if !self.rho.is_complete() {
            let part = format!("the sector 2j = {:?}", self.twice_j());
            return Err(DensityMatrixError::NotStored { part, observable: "purity".into() });
        }
        let elements = |row: usize| (0..self.dim()).map(move |column| (row, column));
        let value = |(row, column)| self.rho.view.element(self.number, row, column);
        Ok(Matrix::new(self.dim(), (0..self.dim()).flat_map(elements).map(value).collect()))
    }
}

impl fmt::Display for BasisState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let half = |twice: i64| if twice % 2 == 0 { (twice / 2).to_string() } else { format!("{twice}/2") };
        let modes = self.quanta.iter().map(|n| format!("n = {n}"));
        let spins = self.spins.iter().map(|(j, m)| format!("j = {}, m = {}", half(*j as i64), half(*m)));
        write!(f, "|{}>", modes.chain(spins).collect::<Vec<_>>().join("; "))
    }
}

impl Element {
    /// The value, zero by symmetry included; `None` if it is not known.
    pub fn value(self) -> Option<Complex64> {
        match self {
            Self::Value(value) => Some(value),
            Self::ZeroBySymmetry => Some(Complex64::ZERO),
            Self::NotStored => None,
        }
    }
}
