//! The options of the engine.

use serde::{Deserialize, Serialize};
use superladder_engine::Bounds;
use superladder_propagate::{Chebyshev, Method};

/// How the generator is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Generator {
    /// As a real sparse matrix on the stored half of the state, or on its real and imaginary parts where no gauge
    /// makes it real, if rows are so short that this is faster; else matrix-free. Counts decide, so that every machine chooses alike.
    #[default]
    Automatic,
    /// Sparse factors times dense blocks; nothing of the size of the Liouvillian is stored.
    MatrixFree,
    /// The Liouvillian as one sparse matrix.
    Assembled,
}

/// How positivity is monitored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Positivity {
    /// Necessary conditions at the cost of one pass: populations and 2x2 minors.
    #[default]
    Minors,
    /// Smallest eigenvalue of every block: exact, cubic in the sector dimension.
    Eigenvalues,
}

/// The cutoff of this mode starts at that of the problem and follows the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AdaptiveCutoff {
    /// Largest cutoff. `None`: the memory is the limit.
    pub max: Option<usize>,
}

/// The exact density-matrix engine.
///
/// ```
/// use superladder_engine::{Problem, Silent, run};
/// use superladder_exact::Exact;
/// use superladder_model::Model;
///
/// // A damped cavity: <a^dag a> = 4 exp(-kappa t).
/// let model = Model::builder().mode("a", 1.0).channel("cavity-loss", "a", 0.5).build()?;
/// let problem = Problem::builder(&model)
///     .initial("a", "fock", 4)
///     .cutoff("a", 4)
///     .observe("photons(a)")
///     .times(0.0, 3.0, 4)
///     .build()?;
/// let (_, recorder) = run(&Exact::default(), &problem, &mut Silent)?;
/// let photons = recorder.get(&problem, "photons(a)")?;
/// assert!((photons[3] - 4.0 * (-1.5f64).exp()).abs() < 1e-8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Exact {
    /// How the state is moved in time.
    pub method: Method,
    /// Where `method` is `chebyshev`: take `exponential` instead for stiff problems of few numbers, that is
    /// where the estimates say that it takes far less work.
    pub automatic: bool,
    /// Bounds of the diagnostics.
    pub bounds: Bounds,
    /// Memory that may be used, in bytes. `None`: what the machine has available.
    pub memory_limit: Option<u64>,
    /// How the generator is applied.
    pub generator: Generator,
    /// Use weak symmetries to store fewer blocks.
    pub symmetries: bool,
    /// How positivity is monitored.
    pub positivity: Positivity,
    /// By mode: `Some` where the cutoff starts at that of the problem and follows the state. Empty: all are
    /// fixed. The bound `truncation` must then be finite; it is the budget.
    pub adaptive: Vec<Option<AdaptiveCutoff>>,
}

impl Default for Exact {
    fn default() -> Self {
        Self {
            // The fastest for every ready study, with the smallest error: docs/METHODS.md.
            method: Method::Chebyshev(Chebyshev::default()),
            automatic: true,
            bounds: Bounds::default(),
            memory_limit: None,
            generator: Generator::default(),
            symmetries: true,
            positivity: Positivity::default(),
            adaptive: Vec::new(),
        }
    }
}
