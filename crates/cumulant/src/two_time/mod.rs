//! Correlations of two times and spectra: spectators in the derived hierarchy, resolvents of what comes out.

pub(crate) mod regression;
pub(crate) mod resolvent;
pub(crate) mod state;
