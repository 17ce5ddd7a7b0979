//! The evolution: samples until there are enough, then their records.

mod batch;

use std::ops::ControlFlow;

use superladder_engine::{Diagnostics, EngineError, Halt, Problem, Resources};
use superladder_sampling::{BLOCKS, Functions, Gather, Gathering, Goal, SumSizes};

use crate::error::unsupported;
use crate::options::{SpinLength, SpinSampling, TruncatedWigner};
use crate::path::steps;
use crate::setup::Setup;

/// A larger part of clipped noise is told.
const CLIPPED: f64 = 1e-2;

/// Counts of the sums: how often noise was clipped, and how often there was noise.
const COUNTS: usize = 2;

/// The average over samples: those that have run, and those that are still to run.
pub(crate) struct WignerEvolution {
    options: TruncatedWigner,
    setup: Setup,
    resources: Resources,
    gathering: Gathering,
}

impl WignerEvolution {
    pub(crate) fn new(
        options: TruncatedWigner,
        setup: Setup,
        resources: Resources,
    ) -> Result<Self, EngineError> {
        let goal = Goal::new(&setup.problem, &options.targets).map_err(|e| unsupported(e.to_string()))?;
        let numbers = setup.instruments.count() * setup.problem.times.len();
        let sizes = SumSizes { numbers, counts: COUNTS, worst: 0 };
        let wanted = (options.first, options.samples, options.is_part);
        let gathering = Gathering::new(&setup.problem, goal, wanted, sizes);
        let mut evolution = Self { options, setup, resources, gathering };
        let initial = evolution.initial()?;
        evolution.begin_with(initial);
        Ok(evolution)
    }

    /// The part of all noise that was clipped.
    fn clipped(&self) -> f64 {
        let counts = self.gathering.sums.counts();
        if counts[1] == 0 { 0.0 } else { counts[0] as f64 / counts[1] as f64 }
    }
}

impl Gather for WignerEvolution {
    const SAMPLES: &'static str = "samples";
    const MOST: usize = 1 << 20;

    fn gathering(&self) -> &Gathering {
        &self.gathering
    }

    fn gathering_mut(&mut self) -> &mut Gathering {
        &mut self.gathering
    }

    fn problem(&self) -> &Problem {
        &self.setup.problem
    }

    fn functions(&self) -> impl Functions + '_ {
        &self.setup.instruments
    }

    fn width(&self) -> usize {
        self.setup.instruments.count()
    }

    fn resources(&self) -> &Resources {
        &self.resources
    }

    fn note(&self, _row: usize, diagnostics: &mut Diagnostics) {
        let times = &self.setup.problem.times;
        let (end, bound) = (times[times.len() - 1], self.options.bounds.propagation);
        diagnostics.note("propagation", self.setup.drift_error, end, bound);
        diagnostics.figures.insert("clipped_noise".to_owned(), self.clipped());
    }

    /// Samples are cheap, and looking at them is not.
    fn shown_from(looked: u64) -> u64 {
        4 * looked.max(16)
    }

    fn run_batch(&mut self, pending: &[u64], halt: &dyn Halt) -> Result<ControlFlow<()>, EngineError> {
        self.run_groups(pending, halt).map(ControlFlow::Continue)
    }

    fn statistics(&self) -> serde_json::Value {
        let Gathering { sums, standing, .. } = &self.gathering;
        let largest = self.setup.segments.iter().map(|s| s.h).fold(0.0, f64::max);
        serde_json::json!({
            "samples": sums.count(),
            "samples_asked_for": self.options.samples + self.gathering.others(),
            "indices": sums.indices().iter().map(|r| [r.start, r.end]).collect::<Vec<_>>(),
            "seed": self.options.seed,
            "sampling": match self.options.sampling {
                SpinSampling::Discrete => "discrete",
                SpinSampling::Gaussian => "gaussian",
            },
            "length": match self.options.length {
                SpinLength::Sharp => "sharp",
                SpinLength::Free => "free",
            },
            "blocks": BLOCKS,
            "largest_step": largest,
            "steps_of_a_sample": steps(&self.setup.segments),
            "error_of_the_drift": self.setup.drift_error,
            "clipped_noise": self.clipped(),
            "largest_standard_error": standing.json(),
            "target_reached": self.gathering.reached(),
        })
    }

    fn warnings(&self) -> Vec<String> {
        let clipped = self.clipped();
        let told = (clipped > CLIPPED).then(|| {
            format!(
                "in {:.1} % of the steps a sample was where its diffusion matrix is not positive, and the negative part was left \
                 out: there are few spins for this approximation",
                100.0 * clipped
            )
        });
        self.setup.warnings.iter().cloned().chain(told).collect()
    }
}
