//! Real sparse matrices: colourings that make a complex matrix real, rows applied in parallel, and LU factors.
//! Knows no physics.
//!
//! Let `y' = L y` with complex `y` and entries of L that are real or imaginary. If the unknowns have two
//! colours such that real entries connect equal colours and imaginary ones different colours, `y_a = i^(c_a)
//! x_a` turns L into a real matrix: [`Colouring`] finds the colours, [`RealForm`] says which real number of
//! every complex one is left, and [`RealMatrix`] is applied to those.
//!
//! ```
//! use superladder_sparse::Colouring;
//!
//! let mut colours = Colouring::new(3);
//! assert!(colours.relate(0, 1, true) && colours.relate(1, 2, true));
//! assert!(!colours.relate(0, 2, true), "a triangle has no two colours");
//! assert_eq!(colours.of(0), colours.of(2));
//! ```

mod colouring;
mod form;
mod lu;
mod matrix;

pub use colouring::Colouring;
pub use form::RealForm;
pub use lu::{ShiftedLu, ShiftedMatrix};
pub use matrix::{RealMatrix, Rows};
