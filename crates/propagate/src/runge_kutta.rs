//! Adaptive explicit Runge-Kutta methods: one driver, one scheme per tableau.

mod controller;
mod dop853;
mod dop853_table;
mod driver;
mod low_storage;
mod scheme;
mod start;
mod tsit5;

pub(crate) use controller::Controller;
pub(crate) use dop853::Dop853Scheme;
pub(crate) use driver::{Adaptive, Settings};
pub(crate) use low_storage::LowStorageScheme;
pub(crate) use tsit5::Tsit5Scheme;

pub use dop853_table::{Row, dop853_rows};
