//! How spectra are found.

/// How (i w - L)^-1 X is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpectrumMethod {
    /// All eigenpairs where there are few, one Krylov subspace otherwise, and where that does not converge
    /// one linear system for every w.
    #[default]
    Automatic,
    /// All eigenpairs: `S = 2 Re sum_k c_k / (i w - lambda_k)`.
    Eigenpairs,
    /// One Krylov subspace for all w.
    Krylov,
    /// One linear system for every w, with the no-jump part as preconditioner.
    Systems,
    /// The Fourier integral of the correlation up to where it has decayed, by Simpson's rule.
    TimeSeries,
}
