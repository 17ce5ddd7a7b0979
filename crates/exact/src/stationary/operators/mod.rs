//! Operators of one charge difference, and what acts on them.

pub(crate) mod action;
pub(crate) mod classes;
pub(crate) mod coherence;
pub(crate) mod gauged;
pub(crate) mod no_jump;
pub(crate) mod real_matrix;
