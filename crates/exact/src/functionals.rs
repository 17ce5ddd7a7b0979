//! Expectation values: `tr(O rho)` as a sparse linear functional of the stored blocks.

use num_complex::Complex64;
use superladder_model::Operator;
use superladder_space::{Space, SparseMatrix, go_on};
use superladder_sparse::RealForm;

use crate::layout::Layout;

/// `tr(O rho) = sum w rho_stored + sum w' conj(rho_stored)`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Functional {
    direct: Vec<(usize, Complex64)>,
    conjugate: Vec<(usize, Complex64)>,
    /// Weights of the unknowns of a real form, in place of the others.
    real: Vec<(usize, Complex64)>,
}

impl Functional {
    /// The functional of `operator`; `None` once `halted` says so.
    pub(crate) fn new(
        space: &Space,
        layout: &Layout,
        operator: &Operator,
        halted: &dyn Fn() -> bool,
    ) -> Option<Self> {
        let matrix = |sector| space.matrix_while(operator, sector, halted);
        let matrices: Option<Vec<_>> = (0..space.sectors().len()).map(matrix).collect();
        Self::of(layout, &matrices?, halted)
    }

    /// The functional of the matrices of an operator in every sector. Elements whose coherence is not stored
    /// are zero in every state that the problem reaches and are left out. `None` once `halted` says so.
    pub(crate) fn of(layout: &Layout, matrices: &[SparseMatrix], halted: &dyn Fn() -> bool) -> Option<Self> {
        /// Elements between two looks at whether to go on.
        const ELEMENTS: usize = 1 << 14;
        let mut functional = Self::default();
        for (sector, matrix) in matrices.iter().enumerate() {
            for (number, (value, (row, column))) in matrix.iter().enumerate() {
                go_on(number, ELEMENTS, halted)?;
                if *value == Complex64::ZERO {
                    continue;
                }
                // O_{row,column} multiplies rho_{column,row}.
                match layout.element(sector, column, row) {
                    Some((index, false)) => functional.direct.push((index, *value)),
                    Some((index, true)) => functional.conjugate.push((index, *value)),
                    None => {}
                }
            }
        }
        Some(functional)
    }

    /// The same functional of states in a real form.
    pub(crate) fn in_form(&self, form: &RealForm) -> Self {
        let read = |(index, w): &(usize, Complex64)| {
            let w = *w;
            form.read(*index).map(move |(unknown, factor)| (unknown, factor, w))
        };
        let direct = self.direct.iter().flat_map(read).map(|(unknown, factor, w)| (unknown, w * factor));
        let conjugate = self.conjugate.iter().flat_map(read);
        let conjugate = conjugate.map(|(unknown, factor, w)| (unknown, w * factor.conj()));
        Self { real: direct.chain(conjugate).collect(), ..Self::default() }
    }

    /// True when it is zero for every state.
    pub(crate) fn is_zero(&self) -> bool {
        self.direct.is_empty() && self.conjugate.is_empty() && self.real.is_empty()
    }

    /// `tr(O rho)`.
    pub(crate) fn evaluate(&self, vector: &[f64]) -> Complex64 {
        let at = |i: usize| Complex64::new(vector[i], vector[i + 1]);
        let direct: Complex64 = self.direct.iter().map(|(i, w)| w * at(*i)).sum();
        let conjugate: Complex64 = self.conjugate.iter().map(|(i, w)| w * at(*i).conj()).sum();
        let real: Complex64 = self.real.iter().map(|(i, w)| w * vector[*i]).sum();
        direct + conjugate + real
    }

    pub(crate) fn memory(&self) -> u64 {
        ((self.direct.len() + self.conjugate.len() + self.real.len()) * size_of::<(usize, Complex64)>())
            as u64
    }
}
