//! How vectors move in time. Knows no physics.
//!
//! A [`System`] is a [`VectorField`] y' = f(t, y) or a [`LinearOperator`] y' = A y on real vectors. A
//! [`Method`] is a plain value with the options of one way of moving it; it makes a [`Propagator`] that
//! advances a state owned by the caller and shows it at given stops.
//!
//! ```
//! use std::ops::ControlFlow;
//! use superladder_propagate::{Field, Method, VectorField};
//!
//! struct Decay;
//! impl VectorField for Decay {
//!     fn dim(&self) -> usize {
//!         1
//!     }
//!     fn derivative(&self, _t: f64, y: &[f64], out: &mut [f64]) {
//!         out[0] = -y[0];
//!     }
//! }
//!
//! let mut propagator = Method::default().propagator(1);
//! let mut y = [1.0];
//! let mut shown = Vec::new();
//! let reached = propagator.advance(&Field(&Decay), 0.0, 2.0, &mut y, &[1.0], &mut |t: f64, y: &[f64]| {
//!     shown.push((t, y[0]));
//!     ControlFlow::Continue(())
//! })?;
//! assert_eq!(reached, 2.0);
//! assert!((shown[0].1 - (-1.0_f64).exp()).abs() < 1e-8);
//! assert!((y[0] - (-2.0_f64).exp()).abs() < 1e-8);
//! # Ok::<(), superladder_propagate::PropagateError>(())
//! ```

mod arnoldi;
mod chebyshev;
mod error;
mod explicit;
mod exponential;
mod in_time;
mod krylov;
mod lawson;
mod magnus;
mod method;
mod options;
mod pace;
mod propagator;
mod rational;
mod runge_kutta;
mod superposition;
mod system;
pub mod vector;

pub use error::PropagateError;
pub use in_time::LinearInTime;
pub use lawson::Lawson;
pub use method::{FormerKey, METHODS, MethodDefinition, OptionDefinition};
pub use options::{
    Chebyshev, Dop853, Exponential, Krylov, LowStorage, Method, OptionValue, RationalKrylov, Tsit5,
};
pub use pace::Pace;
pub use propagator::{Memory, Observer, Propagator, Samples, Statistics, Stop};
pub use runge_kutta::{Row, dop853_rows};
pub use superposition::Superposition;
pub use system::{Action, Alias, Field, Linear, LinearOperator, Poll, System, VectorField};
