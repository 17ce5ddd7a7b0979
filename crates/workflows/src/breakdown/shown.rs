//! What is shown of a breakdown: tables and pictures.

pub(super) mod curves;
pub(super) mod exponents;
pub(super) mod ratios;
pub(super) mod summary;
pub(super) mod times;
