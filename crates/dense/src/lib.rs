//! Small dense matrices: exponentials, eigenvalues and eigenvectors. Knows no physics.
//!
//! The factorisations of `faer` are generic, so that every crate that calls one compiles it anew. No public function
//! of this crate is generic: each factorisation is compiled once, here, for `f64` and [`Complex64`]. Products are there
//! in single precision too, by [`ComplexNumber`].
//!
//! ```
//! use superladder_dense::{Mat, expm};
//!
//! let generator = Mat::from_fn(2, 2, |i, j| [[0.0, -1.0], [1.0, 0.0]][i][j]);
//! assert!((expm(&generator)[(1, 0)] - 1.0_f64.sin()).abs() < 1e-15);
//! ```
//!
//! [`Complex64`]: num_complex::Complex64

mod eigen;
mod exponential;
mod general;

pub use eigen::{
    HermitianEigenvalues, balance, balancing, complex_eigenvalues, eigenvalues, hermitian_eigen,
};
pub use exponential::{Squaring, expm, expm_complex, multiply_vector, one_norm, scaled, squared};
pub use faer::Mat;
pub use general::{ComplexLu, ComplexNumber, GeneralEigen, RealLu};
