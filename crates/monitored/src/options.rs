//! The options of the engine.

use superladder_engine::Bounds;
use superladder_sampling::{ErrorTarget, Unravelling};

/// The engine of monitored states: chosen channels are recorded with an efficiency, the others are averaged over.
///
/// ```
/// use superladder_engine::{Problem, Silent, run};
/// use superladder_model::Model;
/// use superladder_monitored::Monitored;
///
/// // Whoever counts half of what two spins emit knows less than all of it, and on average nothing else.
/// let model = Model::builder().ensemble("S", 2, 1.0).channel("emission", "S", 1.0).build()?;
/// let problem = Problem::builder(&model)
///     .initial("S", "up", ())
///     .observe("spin(S)")
///     .times(0.0, 1.0, 2)
///     .build()?;
/// let engine = Monitored { records: 500, efficiency: 0.5, ..Monitored::default() };
/// let (_, recorder) = run(&engine, &problem, &mut Silent)?;
/// let mean = recorder.get(&problem, "spin(S).z")?[1];
/// let error = recorder.standard_errors(&problem, "spin(S).z")?.expect("sampled")[1];
/// assert!(error < 0.05 && (mean - (2.0 * (-1f64).exp() - 1.0)).abs() < 5.0 * error);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Monitored {
    /// Records, or the most there may be with `targets`.
    pub records: u64,
    /// Index of the first one.
    pub first: u64,
    /// These are a part of a larger set, which targets are meant for.
    pub is_part: bool,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Channels that are recorded, by name: `cavity-loss(a)`; `None`: all.
    pub recorded: Option<Vec<String>>,
    /// Share of their quanta that is recorded, from 0 to 1.
    pub efficiency: f64,
    /// How losses of modes are detected.
    pub unravelling: Unravelling,
    /// Error of a state per unit time, in the Frobenius norm relative to that of the state.
    pub tolerance: f64,
    /// Steps of one record; one that takes more is given up, with the whole run.
    pub max_steps: u64,
    /// Stop as soon as all of these are reached.
    pub targets: Vec<ErrorTarget>,
    /// Records with a smaller index are kept one by one, with their clicks.
    pub shown: u64,
    /// Bounds of the diagnostics.
    pub bounds: Bounds,
}

impl Default for Monitored {
    fn default() -> Self {
        Self {
            records: 1000,
            first: 0,
            is_part: false,
            seed: 1,
            recorded: None,
            efficiency: 1.0,
            unravelling: Unravelling::default(),
            tolerance: 1e-8,
            max_steps: 1_000_000,
            targets: Vec::new(),
            shown: 0,
            bounds: Bounds::default(),
        }
    }
}

impl Monitored {
    /// Whether the dissipator of this name is recorded: it is named, or its channel of several dissipators is.
    pub(crate) fn records(&self, dissipator: &str) -> bool {
        self.recorded.as_ref().is_none_or(|names| names.iter().any(|name| is_of(dissipator, name)))
    }
}

/// Whether a dissipator, `thermal(a).0`, is that of this name or one of the channel of this name, `thermal(a)`.
pub(crate) fn is_of(dissipator: &str, name: &str) -> bool {
    dissipator == name || dissipator.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
}
