//! One engine at one size, and why its run stops.

use std::sync::atomic::AtomicBool;

use superladder_analysis::{AnalysisError, Criterion};
use superladder_engine::EngineError;
use superladder_study::{Plan, Study};
use thiserror::Error;

use crate::store::{Store, StoreError};

/// One engine at one size.
pub(super) struct Task<'a> {
    pub(super) plan: &'a Plan,
    pub(super) study: &'a Study,
    pub(super) criteria: &'a [Criterion],
    /// The observable that shows the period.
    pub(super) clock: &'a str,
    /// Length of the windows, where times are recorded in separate ones.
    pub(super) windows: Option<f64>,
    /// Whether it goes on to the last time whatever has crossed.
    pub(super) whole: bool,
    /// Where finished runs are kept, and the name of this one.
    pub(super) store: &'a Store,
    pub(super) digest: &'a str,
    pub(super) interrupted: &'a AtomicBool,
    /// Hears how far a run is.
    pub(super) told: &'a (dyn Fn(&str) + Sync),
}

/// Why a run has stopped.
#[derive(Debug, Error)]
pub(super) enum Stopped {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("interrupted")]
    Interrupted,
}
