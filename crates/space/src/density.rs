//! Density matrices of single subsystems, stored no larger than they are.

use num_complex::Complex64;

/// The density matrix of a mode, or of an ensemble on one ladder.
#[derive(Debug, Clone, PartialEq)]
pub enum Density {
    /// `|psi><psi|`: the amplitudes.
    Pure(Vec<Complex64>),
    /// Diagonal: the populations.
    Diagonal(Vec<Complex64>),
    /// All elements, row by row.
    Dense {
        /// Rows.
        dim: usize,
        /// `dim * dim` elements.
        elements: Vec<Complex64>,
    },
}

impl Density {
    /// Number of rows.
    pub fn dim(&self) -> usize {
        match self {
            Self::Pure(vector) | Self::Diagonal(vector) => vector.len(),
            Self::Dense { dim, .. } => *dim,
        }
    }

    /// The element of a row and a column.
    pub fn at(&self, row: usize, column: usize) -> Complex64 {
        match self {
            Self::Pure(vector) => vector[row] * vector[column].conj(),
            Self::Diagonal(populations) if row == column => populations[row],
            Self::Diagonal(_) => Complex64::ZERO,
            Self::Dense { dim, elements } => elements[row * dim + column],
        }
    }
}
