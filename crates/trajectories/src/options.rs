//! The options of the engine.

use superladder_engine::Bounds;
use superladder_sampling::{ErrorTarget, Histogram, Unravelling};

/// Whether something is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// Where it pays: judged by the size of the problem and, for moving bases of small problems, by what the
    /// first trajectory costs with and without (amplitudes times applications).
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

impl Choice {
    pub(crate) fn decide(self, pays: bool) -> bool {
        match self {
            Self::Auto => pays,
            Self::On => true,
            Self::Off => false,
        }
    }

    /// Whether this choice for displaced bases displaces that of a mode with this cutoff, so that the cutoff
    /// limits the levels above a coherent state only.
    pub fn displaces(self, cutoff: usize) -> bool {
        self.decide(cutoff >= MANY_PHOTONS)
    }
}

/// A displaced basis pays from this cutoff on.
const MANY_PHOTONS: usize = 24;
/// Least `truncation`: a weight that rounding errors of amplitudes do not reach.
pub const SMALLEST_TRUNCATION: f64 = 1e-30;

/// The engine of quantum trajectories.
///
/// ```
/// use superladder_engine::{Problem, Silent, run};
/// use superladder_model::Model;
/// use superladder_trajectories::Trajectories;
///
/// // Six inverted spins emit one by one: <S^z> = 3 (2 exp(-t) - 1).
/// let model = Model::builder().ensemble("S", 6, 1.0).channel("emission", "S", 1.0).build()?;
/// let problem = Problem::builder(&model)
///     .initial("S", "up", ())
///     .observe("spin(S)")
///     .times(0.0, 1.0, 2)
///     .build()?;
/// let engine = Trajectories { trajectories: 500, ..Trajectories::default() };
/// let (_, recorder) = run(&engine, &problem, &mut Silent)?;
/// let mean = recorder.get(&problem, "spin(S).z")?[1];
/// let error = recorder.standard_errors(&problem, "spin(S).z")?.expect("sampled")[1];
/// assert!(error < 0.1 && (mean - 3.0 * (2.0 * (-1f64).exp() - 1.0)).abs() < 5.0 * error);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Trajectories {
    /// Trajectories, or the most there may be with `targets`.
    pub trajectories: u64,
    /// Index of the first one.
    pub first: u64,
    /// These are a part of a larger set, which targets are meant for.
    pub is_part: bool,
    /// Seed of all random numbers.
    pub seed: u64,
    /// How trajectories are conditioned.
    pub unravelling: Unravelling,
    /// Relative error of a state per unit time.
    pub tolerance: f64,
    /// Stop as soon as all of these are reached.
    pub targets: Vec<ErrorTarget>,
    /// Distributions over trajectories.
    pub histograms: Vec<Histogram>,
    /// Trajectories with a smaller index are kept one by one.
    pub shown: u64,
    /// Windows of levels that follow the state.
    pub windows: Choice,
    /// Fock bases displaced by the mean of each trajectory, `a = alpha + b`.
    pub displaced: Choice,
    /// Dicke bases rotated to the mean spin of each trajectory.
    pub rotating: Choice,
    /// Steps of one trajectory; one that would take far more is given up early, with the whole run.
    pub max_steps: u64,
    /// Weight that windows and moving bases may discard in one trajectory, all times together.
    pub truncation: f64,
    /// Bounds of the diagnostics.
    pub bounds: Bounds,
}

impl Default for Trajectories {
    fn default() -> Self {
        Self {
            trajectories: 1000,
            first: 0,
            is_part: false,
            seed: 1,
            unravelling: Unravelling::default(),
            tolerance: 1e-8,
            targets: Vec::new(),
            histograms: Vec::new(),
            shown: 0,
            windows: Choice::Auto,
            displaced: Choice::Auto,
            rotating: Choice::Auto,
            max_steps: 1_000_000,
            truncation: 5e-7,
            bounds: Bounds::default(),
        }
    }
}
