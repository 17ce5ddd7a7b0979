//! One engine at one size, and why its run stops.

use std::sync::atomic::AtomicBool;

use superladder_analysis::{AnalysisError, Criterion};
use superladder_engine::EngineError;
use superladder_study::{Plan, Study};
use thiserror::Error;

use crate::store::{Store, StoreError};

/// One engine at one size.
pub(crate) struct Task<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) study: &'a Study,
    pub(crate) criteria: &'a [Criterion],
    /// The observable that shows the period.
    pub(crate) clock: &'a str,
    /// Length of the windows, where times are recorded in separate ones.
    pub(crate) windows: Option<f64>,
    /// Whether it goes on to the last time whatever has crossed.
    pub(crate) whole: bool,
    /// Where finished runs are kept, and the name of this one.
    pub(crate) store: &'a Store,
    pub(crate) digest: &'a str,
    pub(crate) interrupted: &'a AtomicBool,
    /// Hears how far a run is.
    pub(crate) told: &'a (dyn Fn(&str) + Sync),
}

/// Why a run has stopped.
#[derive(Debug, Error)]
pub(crate) enum Stopped {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("interrupted")]
    Interrupted,
}
