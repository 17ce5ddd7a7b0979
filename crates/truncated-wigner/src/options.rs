//! The options of the engine.

use superladder_engine::Bounds;
use superladder_sampling::ErrorTarget;

/// From which distribution spins start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpinSampling {
    /// Site by site: each spin +-1/2 along its Bloch vector r with probability `(1 +- |r|)/2`, and +-1/2 across,
    /// independently; the sums are binomial.
    #[default]
    Discrete,
    /// The normal distribution with the same means and variances.
    Gaussian,
}

/// How long the spin of an ensemble without local channels is that starts in a pure product state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpinLength {
    /// `|S|^2 = N/2 (N/2 + 1)` in every sample, as in the state.
    #[default]
    Sharp,
    /// As it was drawn; `N/2 (N/2 + 1)` on average.
    Free,
}

/// The engine of truncated Wigner sampling.
///
/// ```
/// use superladder_engine::{Problem, Silent, run};
/// use superladder_model::Model;
/// use superladder_truncated_wigner::TruncatedWigner;
///
/// // A driven cavity with loss stays coherent: <a> = -i (2 F/kappa) (1 - exp(-kappa t/2)).
/// let model = Model::builder()
///     .mode("a", 0.0)
///     .interaction("drive", "a", 0.2)
///     .channel("cavity-loss", "a", 0.4)
///     .build()?;
/// let problem =
///     Problem::builder(&model).cutoff("a", 1).observe("photons(a)").times(0.0, 5.0, 2).build()?;
/// let engine = TruncatedWigner { samples: 2000, ..TruncatedWigner::default() };
/// let (_, recorder) = run(&engine, &problem, &mut Silent)?;
/// let photons = recorder.get(&problem, "photons(a)")?[1];
/// let error = recorder.standard_errors(&problem, "photons(a)")?.expect("sampled")[1];
/// assert!(error < 0.05 && (photons - (1.0 - (-1f64).exp()).powi(2)).abs() < 5.0 * error);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct TruncatedWigner {
    /// Samples, or the most there may be with `targets`.
    pub samples: u64,
    /// Index of the first one.
    pub first: u64,
    /// These are a part of a larger set, which targets are meant for.
    pub is_part: bool,
    /// Seed of all random numbers.
    pub seed: u64,
    /// From which distribution spins start.
    pub sampling: SpinSampling,
    /// How long they are.
    pub length: SpinLength,
    /// Largest time step; `None`: found from the fastest motion of the model.
    pub step: Option<f64>,
    /// Stop as soon as all of these are reached.
    pub targets: Vec<ErrorTarget>,
    /// Steps of one sample; a run that would take more is refused.
    pub max_steps: u64,
    /// Bounds of the diagnostics.
    pub bounds: Bounds,
}

impl Default for TruncatedWigner {
    fn default() -> Self {
        Self {
            samples: 10_000,
            first: 0,
            is_part: false,
            seed: 1,
            sampling: SpinSampling::default(),
            length: SpinLength::default(),
            step: None,
            targets: Vec::new(),
            max_steps: 1_000_000_000,
            bounds: Bounds::default(),
        }
    }
}
