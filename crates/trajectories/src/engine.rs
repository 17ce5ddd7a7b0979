//! The engine: what it refuses, what it needs, and how it is prepared.

use std::ops::Range;

use superladder_engine::{Engine, EngineError, Evolution, Problem, Resources, Stage, Stationary};
use superladder_sampling::{
    Averages, BLOCKS, ErrorTarget, LARGEST_TOLERANCE, SMALLEST_TOLERANCE, SampledEvolution, Sampling,
};
use superladder_space::Ladders;

use crate::choice::LARGEST_PLAIN;
use crate::dynamics::Dynamics;
use crate::error::{NAME, unsupported};
use crate::evolution::{Prepared, TrajectoryEvolution};
use crate::following::Course;
use crate::initial::Preparation;
use crate::instruments::Instruments;
use crate::locality::Locality;
use crate::options::{Choice, SMALLEST_TRUNCATION, Trajectories};
use crate::products::Layout;
use crate::resources::{Needed, mebibytes};
use crate::trajectory::Setup;

/// A rotating basis pays from this many spins on.
const MANY_SPINS: usize = 16;
/// A ladder of fewer levels is whole in any case: turning it gains nothing.
const SMALL_LADDER: usize = 6;
/// Windows pay for sectors from this size on, and in moving bases.
const LARGE_SECTOR: f64 = 2000.0;

impl Trajectories {
    fn check(&self) -> Result<(), EngineError> {
        if self.trajectories == 0 {
            return Err(unsupported("`trajectories` must be at least 1, but is 0"));
        }
        for (name, found, least) in [
            ("tolerance", self.tolerance, SMALLEST_TOLERANCE),
            ("truncation", self.truncation, SMALLEST_TRUNCATION),
        ] {
            if !(least..=LARGEST_TOLERANCE).contains(&found) {
                let allowed = format!("from {least:e} to {LARGEST_TOLERANCE}");
                return Err(unsupported(format!("`{name}` must be {allowed}, but is {found:e}")));
            }
        }
        if let Some(ErrorTarget { error, .. }) =
            self.targets.iter().find(|t| !(t.error.is_finite() && t.error > 0.0))
        {
            return Err(unsupported(format!("`target_error` must be finite and > 0, but is {error}")));
        }
        self.unravelling.check(NAME)
    }

    /// Amplitudes of the largest sector in the plain basis.
    pub(crate) fn largest_sector(problem: &Problem, ladders: &Ladders) -> f64 {
        problem.cutoffs.iter().map(|c| *c as f64 + 1.0).product::<f64>() * ladders.largest()
    }

    pub(crate) fn locality(&self, problem: &Problem, ladders: &Ladders) -> Locality {
        let modes = problem.cutoffs.iter().map(|c| self.displaced.displaces(*c));
        let spins = ladders.spins().iter().map(|n| self.rotating.decide(*n >= MANY_SPINS));
        let moving: Vec<bool> = modes.chain(spins).collect();
        let cutoffs = problem.cutoffs.iter().map(|c| c + 1);
        // A moving basis pays through the windows that it keeps small; whole, it costs only.
        let pays = moving.contains(&true) || Self::largest_sector(problem, ladders) >= LARGE_SECTOR;
        Locality {
            caps: cutoffs.chain(ladders.spins().iter().map(|n| n + 1)).collect(),
            smallest: if self.rotating == Choice::On { 1 } else { SMALL_LADDER },
            windows: self.windows.decide(pays),
            moving,
            truncation: self.truncation,
            #[cfg(test)]
            slip: 1.0,
        }
    }

    /// Whether the first trajectory is tried in the plain basis too: it is small, and the options leave it open.
    fn tries(&self, problem: &Problem, setup: &Setup) -> bool {
        let open = self.displaced == Choice::Auto || self.rotating == Choice::Auto;
        let small = Self::largest_sector(problem, &setup.ladders) <= LARGEST_PLAIN;
        open && small && setup.locality.moving.contains(&true)
    }

    /// The problem in the bases of these options.
    pub(crate) fn prepared(&self, problem: &Problem) -> Result<Prepared, EngineError> {
        let (setup, instruments) = self.setup(problem)?;
        let needed = self.needed(problem, &setup, &instruments);
        let resources = self.described(problem, &setup, (instruments.count(), &needed));
        Ok(Prepared { setup, instruments, resources })
    }

    /// The plain basis, where the options leave it open: for all trajectories, or for those that lose too much
    /// in the moving one.
    pub(crate) fn spare(&self, problem: &Problem, chosen: &Setup) -> Result<Option<Prepared>, EngineError> {
        self.tries(problem, chosen).then(|| self.still().prepared(problem)).transpose()
    }

    /// The engine with the bases plain that are left open.
    fn still(&self) -> Self {
        let settled = |choice| if choice == Choice::Auto { Choice::Off } else { choice };
        Self { displaced: settled(self.displaced), rotating: settled(self.rotating), ..self.clone() }
    }

    pub(crate) fn setup(&self, problem: &Problem) -> Result<(Setup, Instruments), EngineError> {
        problem.validate()?;
        problem.without_density_matrix(NAME)?;
        self.check()?;
        check_sizes(problem)?;
        let ladders = Ladders::new(&problem.models(), &problem.initial);
        let locality = self.locality(problem, &ladders);
        let layout = Layout { modes: problem.cutoffs.len(), moving: locality.moving.clone() };
        let instruments = Instruments::new(problem, &layout, &ladders, &locality)?;
        let dynamics = |(number, stage): (usize, &Stage)| {
            let way = (stage.start.max(problem.times[0]), problem.end_of_stage(number));
            let mut dynamics = Dynamics::new(&layout, &stage.model, self.unravelling, way);
            dynamics.course = Course::new(&dynamics.parts, way, self.tolerance).map_err(unsupported)?;
            Ok::<_, EngineError>(dynamics)
        };
        let stages = problem.stages.iter().enumerate().map(dynamics).collect::<Result<_, _>>()?;
        let preparation = Preparation::new(problem, &ladders, &locality)
            .ok_or_else(|| unsupported("an initial state has no weight below its cutoff; raise `cutoff`"))?;
        let setup = Setup {
            problem: problem.clone(),
            ladders,
            stages,
            locality,
            preparation,
            seed: self.seed,
            tolerance: self.tolerance,
            max_steps: self.max_steps,
        };
        Ok((setup, instruments))
    }
}

impl Trajectories {
    pub(crate) fn evolution(&self, problem: &Problem) -> Result<TrajectoryEvolution, EngineError> {
        let bases = self.prepared(problem)?;
        bases.check()?;
        let spare = self.spare(problem, &bases.setup)?;
        TrajectoryEvolution::new(self.clone(), bases, spare)
    }

    /// What a run in this setup needs, which observes so many `numbers` of a state.
    fn described(&self, problem: &Problem, setup: &Setup, (numbers, needed): (usize, &Needed)) -> Resources {
        let largest = Self::largest_sector(problem, &setup.ladders);
        let fock: f64 = problem.cutoffs.iter().map(|c| *c as f64 + 1.0).product();
        let (locality, windows) = (&setup.locality, setup.locality.windows);
        let moving = |range: std::ops::Range<usize>, word: &str| {
            if locality.moving[range].contains(&true) { Some(word.to_owned()) } else { None }
        };
        let modes = problem.cutoffs.len();
        let parts = [
            windows.then(|| "windows".to_owned()),
            moving(0..modes, "displaced Fock bases"),
            moving(modes..locality.moving.len(), "rotating Dicke bases"),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let words = if self.tries(problem, setup) {
            "; or the plain basis, if the first trajectory costs less there"
        } else {
            ""
        };
        let line = |name: &str, value: String| (name.to_owned(), value);
        let report = vec![
            line("sectors", setup.ladders.sectors().to_string()),
            line(
                "Hilbert-space dimension (sum over sectors)",
                (fock * setup.ladders.dimension()).to_string(),
            ),
            line("largest sector in the plain basis", largest.to_string()),
            line("locality", if parts.is_empty() { "none".into() } else { parts.join(", ") + words }),
            line("trajectories", self.trajectories.to_string()),
            line("blocks of the jackknife", BLOCKS.to_string()),
            line("sums", needed.describe_sums(problem, numbers)),
            line("state and sums of each thread", needed.describe_thread(windows)),
            line("memory", mebibytes(needed.memory())),
        ];
        Resources { unknowns: 2 * needed.amplitudes, memory: needed.memory(), report }
    }
}

/// Refuses ensembles whose ladders are too many to list.
fn check_sizes(problem: &Problem) -> Result<(), EngineError> {
    const MOST: usize = 10_000_000;
    let large = problem.stages.iter().flat_map(|s| s.model.ensembles()).find(|e| e.size > MOST);
    large.map_or(Ok(()), |ensemble| {
        Err(unsupported(format!(
            "ensemble '{}' has {} spins, at most {MOST} are followed; use the engine 'cumulant' or 'mean-field'",
            ensemble.name, ensemble.size
        )))
    })
}

impl Engine for Trajectories {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, problem: &Problem) -> Result<Resources, EngineError> {
        Ok(self.prepared(problem)?.resources)
    }

    fn prepare(&self, problem: &Problem) -> Result<Box<dyn Evolution>, EngineError> {
        Ok(self.begin(problem)?)
    }

    fn as_stationary(&self) -> Option<&dyn Stationary> {
        Some(self)
    }
}

impl Sampling for Trajectories {
    fn over(&self, indices: Range<u64>) -> Box<dyn Sampling> {
        let trajectories = indices.end.saturating_sub(indices.start);
        Box::new(Self { first: indices.start, trajectories, is_part: true, ..self.clone() })
    }

    fn without_targets(&self) -> Box<dyn Sampling> {
        Box::new(Self { targets: Vec::new(), ..self.clone() })
    }

    fn begin(&self, problem: &Problem) -> Result<Box<dyn SampledEvolution>, EngineError> {
        problem.moves_in_time(NAME)?;
        Ok(Box::new(Averages(self.evolution(problem)?)))
    }
}
