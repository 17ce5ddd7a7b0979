//! The engine that a study asks for, as a typed value.

use superladder_cumulant::Cumulant;
use superladder_engine::{Engine, TwoTime};
use superladder_exact::Exact;
use superladder_mean_field::MeanField;
use superladder_monitored::Monitored;
use superladder_sampling::Sampling;
use superladder_trajectories::Trajectories;
use superladder_truncated_wigner::TruncatedWigner;

/// An engine with its options.
#[derive(Debug, Clone)]
pub enum EngineChoice {
    /// The density matrix.
    Exact(Exact),
    /// Moment equations.
    Cumulant(Cumulant),
    /// Mean field.
    MeanField(MeanField),
    /// Quantum trajectories.
    Trajectories(Trajectories),
    /// Records of chosen channels.
    Monitored(Monitored),
    /// Truncated Wigner sampling.
    TruncatedWigner(TruncatedWigner),
}

impl EngineChoice {
    /// The engine.
    pub fn engine(&self) -> Box<dyn Engine> {
        match self {
            Self::Exact(engine) => Box::new(engine.clone()),
            Self::Cumulant(engine) => Box::new(engine.clone()),
            Self::MeanField(engine) => Box::new(engine.clone()),
            Self::Trajectories(engine) => Box::new(engine.clone()),
            Self::Monitored(engine) => Box::new(engine.clone()),
            Self::TruncatedWigner(engine) => Box::new(engine.clone()),
        }
    }

    /// Its name in study files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Exact(engine) => engine.name(),
            Self::Cumulant(engine) => engine.name(),
            Self::MeanField(engine) => engine.name(),
            Self::Trajectories(engine) => engine.name(),
            Self::Monitored(engine) => engine.name(),
            Self::TruncatedWigner(engine) => engine.name(),
        }
    }

    /// Memory that it may use, in bytes, where the study says so.
    pub fn memory_limit(&self) -> Option<u64> {
        match self {
            Self::Exact(engine) => engine.memory_limit,
            Self::Cumulant(_)
            | Self::MeanField(_)
            | Self::Trajectories(_)
            | Self::Monitored(_)
            | Self::TruncatedWigner(_) => None,
        }
    }

    /// Gilbert dampings, one per mode or none.
    pub fn gilbert(&self) -> &[f64] {
        match self {
            Self::MeanField(engine) => &engine.gilbert,
            Self::Exact(_)
            | Self::Cumulant(_)
            | Self::Trajectories(_)
            | Self::Monitored(_)
            | Self::TruncatedWigner(_) => &[],
        }
    }

    /// The engine as one that samples, if it does.
    pub fn sampling(&self) -> Option<Box<dyn Sampling>> {
        match self {
            Self::Trajectories(engine) => Some(Box::new(engine.clone())),
            Self::Monitored(engine) => Some(Box::new(engine.clone())),
            Self::TruncatedWigner(engine) => Some(Box::new(engine.clone())),
            Self::Exact(_) | Self::Cumulant(_) | Self::MeanField(_) => None,
        }
    }

    /// The engine as one that finds correlations of two times, if it does.
    pub fn two_time(&self) -> Option<Box<dyn TwoTime>> {
        match self {
            Self::Exact(engine) => Some(Box::new(engine.clone())),
            Self::Cumulant(engine) => Some(Box::new(engine.clone())),
            Self::Trajectories(engine) => Some(Box::new(engine.clone())),
            Self::MeanField(_) | Self::Monitored(_) | Self::TruncatedWigner(_) => None,
        }
    }

    /// Whether its results depend on the cutoffs of the modes.
    pub fn is_truncated(&self) -> bool {
        match self {
            Self::Exact(_) | Self::Trajectories(_) | Self::Monitored(_) => true,
            Self::Cumulant(_) | Self::MeanField(_) | Self::TruncatedWigner(_) => false,
        }
    }

    /// Whether samples end as soon as their errors are small enough.
    pub fn has_target(&self) -> bool {
        match self {
            Self::Trajectories(engine) => !engine.targets.is_empty(),
            Self::Monitored(engine) => !engine.targets.is_empty(),
            Self::TruncatedWigner(engine) => !engine.targets.is_empty(),
            Self::Exact(_) | Self::Cumulant(_) | Self::MeanField(_) => false,
        }
    }

    /// The number of samples, or the most there may be, of an engine that samples.
    pub fn samples(&self) -> Option<u64> {
        match self {
            Self::Trajectories(engine) => Some(engine.trajectories),
            Self::Monitored(engine) => Some(engine.records),
            Self::TruncatedWigner(engine) => Some(engine.samples),
            Self::Exact(_) | Self::Cumulant(_) | Self::MeanField(_) => None,
        }
    }

    /// The key in the table `engine` that says how many samples there are, of an engine that samples.
    pub fn samples_key(&self) -> Option<&'static str> {
        match self {
            Self::Trajectories(_) | Self::Monitored(_) => Some("trajectories"),
            Self::TruncatedWigner(_) => Some("samples"),
            Self::Exact(_) | Self::Cumulant(_) | Self::MeanField(_) => None,
        }
    }
}
