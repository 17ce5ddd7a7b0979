//! Correlations of two times from trajectories.

mod kicked;
mod states;
