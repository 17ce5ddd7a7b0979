//! The engine: options, resources and preparation.

use std::ops::Range;

use superladder_engine::{Bounds, Engine, EngineError, Evolution, Problem, Resources};
use superladder_model::Model;
use superladder_space::{Charges, Sector, Space};

use crate::dynamics::Dynamics;
use crate::evolution::TrajectoryEvolution;
use crate::initial::Preparation;
use crate::instruments::Instruments;
use crate::notes::Histogram;
use crate::sums::BLOCKS;
use crate::target::Target;
use crate::trajectory::{Setup, Workspace};

pub(crate) const NAME: &str = "trajectories";

/// Which measurement of the environment the trajectories are conditioned on; averages do not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Unravelling {
    /// Quanta are counted.
    #[default]
    Jumps,
    /// What modes lose is mixed with a local oscillator on an eight-port detector before it is counted.
    Heterodyne {
        /// Flux of the local oscillator, quanta per unit time.
        flux: f64,
    },
}

/// The engine of quantum trajectories.
#[derive(Debug, Clone)]
pub struct Trajectories {
    /// Trajectories, or the most there may be with `targets`.
    pub trajectories: u64,
    /// Index of the first one.
    pub first: u64,
    /// Seed of all random numbers.
    pub seed: u64,
    /// How trajectories are conditioned.
    pub unravelling: Unravelling,
    /// Relative error of a state per unit time.
    pub tolerance: f64,
    /// Stop as soon as all of these are reached.
    pub targets: Vec<Target>,
    /// Distributions over trajectories.
    pub histograms: Vec<Histogram>,
    /// Trajectories with a smaller index are kept one by one.
    pub shown: u64,
    /// Bounds of the diagnostics.
    pub bounds: Bounds,
}

impl Default for Trajectories {
    fn default() -> Self {
        Self {
            trajectories: 1000,
            first: 0,
            seed: 1,
            unravelling: Unravelling::default(),
            tolerance: 1e-8,
            targets: Vec::new(),
            histograms: Vec::new(),
            shown: 0,
            bounds: Bounds::default(),
        }
    }
}

pub(crate) fn unsupported(reason: impl Into<String>) -> EngineError {
    EngineError::Unsupported { engine: NAME, reason: reason.into() }
}

impl Trajectories {
    fn check(&self) -> Result<(), EngineError> {
        if self.trajectories == 0 {
            return Err(unsupported("`trajectories` must be at least 1, but is 0"));
        }
        if !(self.tolerance > 0.0 && self.tolerance <= 1e-2) {
            let found = self.tolerance;
            return Err(unsupported(format!("`tolerance` must be > 0 and <= 0.01, but is {found}")));
        }
        if let Some(Target { error, .. }) =
            self.targets.iter().find(|t| !(t.error.is_finite() && t.error > 0.0))
        {
            return Err(unsupported(format!("`target_error` must be finite and > 0, but is {error}")));
        }
        match self.unravelling {
            Unravelling::Heterodyne { flux } if !(flux.is_finite() && flux > 0.0) => {
                Err(unsupported(format!("`oscillator_flux` must be finite and > 0, but is {flux}")))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn setup(&self, problem: &Problem) -> Result<(Setup, Instruments), EngineError> {
        problem.validate()?;
        self.check()?;
        let models: Vec<&Model> = problem.stages.iter().map(|s| &s.model).collect();
        let space = Space::new(&models, &problem.initial, &problem.cutoffs, Charges::none())
            .map_err(|e| unsupported(e.to_string()))?;
        let instruments = Instruments::new(problem, &space)?;
        let stages = models.iter().map(|m| Dynamics::new(&space, m, self.unravelling)).collect();
        let preparation = Preparation::new(problem, &space)
            .ok_or_else(|| unsupported("an initial state has no weight below its cutoff; raise `cutoff`"))?;
        let (seed, tolerance) = (self.seed, self.tolerance);
        let setup = Setup { problem: problem.clone(), space, stages, preparation, seed, tolerance };
        Ok((setup, instruments))
    }
}

impl Engine for Trajectories {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, problem: &Problem) -> Result<Resources, EngineError> {
        let (setup, instruments) = self.setup(problem)?;
        let largest = setup.space.sectors().iter().map(Sector::dim).max().unwrap_or(0) as u64;
        let elements: u64 = setup.stages.iter().map(Dynamics::memory).sum();
        let sums = (16 * BLOCKS * instruments.count() * problem.times.len()) as u64;
        let vectors = 16 * largest * (Workspace::vectors() * rayon::current_num_threads()) as u64;
        let memory = elements + instruments.memory() + sums + vectors;
        let line = |name: &str, value: String| (name.to_owned(), value);
        let report = vec![
            line("sectors", setup.space.sectors().len().to_string()),
            line("Hilbert-space dimension (sum over sectors)", setup.space.dim().to_string()),
            line("largest sector", largest.to_string()),
            line("trajectories", self.trajectories.to_string()),
            line("blocks of the jackknife", BLOCKS.to_string()),
            line("memory", format!("{:.1} MiB", memory as f64 / 1_048_576.0)),
        ];
        Ok(Resources { unknowns: 2 * largest, memory, report })
    }

    fn over(&self, indices: Range<u64>) -> Option<Box<dyn Engine>> {
        let trajectories = indices.end.saturating_sub(indices.start);
        Some(Box::new(Self { first: indices.start, trajectories, ..self.clone() }))
    }

    fn prepare(&self, problem: &Problem) -> Result<Box<dyn Evolution>, EngineError> {
        let (setup, instruments) = self.setup(problem)?;
        Ok(Box::new(TrajectoryEvolution::new(self.clone(), setup, instruments)?))
    }
}
