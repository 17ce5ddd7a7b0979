//! Two times: correlations by regression, spectra, the width of a line.

mod correlation;
mod grids;
mod moving;
mod part;
mod pieces;
mod resolvents;
mod spectrum;
