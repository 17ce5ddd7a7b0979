//! Which vectors stay put: extreme eigenpairs, null vectors, linear systems and resolvents of real operators
//! that are known by their action only. Knows no physics.
//!
//! A [`LinearMap`] is the operator; every `LinearOperator` of the crate `propagate` is one. Each algorithm is
//! a plain value with its parameters, and returns its result with what it cost: [`Gmres`] solves A x = b,
//! [`KrylovSchur`] finds extreme eigenpairs, [`NullVectors`] the kernel, [`ProjectedResolvent`] holds
//! (z - A)^-1 b for many z at once, [`BandedLu`] solves shifted systems of narrow sparse matrices. Every
//! iteration asks a [`Watch`] whether to go on, and allocates nothing.
//!
//! ```
//! use superladder_eigen::{Gmres, Identity, LinearMap};
//!
//! struct Scale;
//! impl LinearMap for Scale {
//!     fn dim(&self) -> usize {
//!         3
//!     }
//!     fn apply(&self, x: &[f64], out: &mut [f64]) {
//!         out.iter_mut().zip(x).enumerate().for_each(|(i, (y, x))| *y = (1.0 + i as f64) * x);
//!     }
//! }
//!
//! let mut x = [0.0; 3];
//! let info = Gmres::default().solve(&Scale, &Identity(3), &[1.0, 1.0, 1.0], &mut x, &mut |_, _| true)?;
//! assert!((x[2] - 1.0 / 3.0).abs() < 1e-10 && info.iterations <= 3);
//! # Ok::<(), superladder_eigen::EigenError>(())
//! ```

mod banded;
mod basis;
mod error;
mod gmres;
mod krylov_schur;
mod map;
mod null;
mod resolvent;
mod schur;
mod small;

pub use banded::{BandOrder, BandedLu, SparseRows};
pub use error::EigenError;
pub use gmres::{Gmres, GmresInfo};
pub use krylov_schur::{Eigenpair, Eigenpairs, KrylovSchur, Wanted};
pub use map::{Identity, LinearMap, Watch};
pub use null::{NullVectors, Nullspace};
pub use resolvent::{ComplexFunctional, ProjectedResolvent};
pub use schur::ComplexSchur;
