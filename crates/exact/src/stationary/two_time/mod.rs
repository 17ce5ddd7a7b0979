//! Two times: correlations by regression, spectra, the width of a line.

mod correlation;
mod resolvents;
mod spectrum;
mod spectrum_method;

pub use correlation::Correlation;
pub use spectrum::{EmissionSpectrum, SpectralLine};
pub use spectrum_method::SpectrumMethod;
