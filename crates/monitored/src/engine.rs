//! The engine: what it refuses, what it needs, and how it is prepared.

use std::ops::Range;

use superladder_engine::{
    Engine, EngineError, Evolution, Halt, Never, Problem, Resources, available_memory, check_memory,
    memory_of_records,
};
use superladder_sampling::{
    Averages, BLOCKS, ErrorTarget, LARGEST_TOLERANCE, SMALLEST_TOLERANCE, SampledEvolution, Sampling,
};
use superladder_space::{Charges, Ladders, Space, SpaceError};

use crate::dynamics::Dynamics;
use crate::error::{NAME, unsupported};
use crate::evolution::MonitoredEvolution;
use crate::instruments::Instruments;
use crate::options::{Monitored, is_of};
use crate::record::Setup;
use crate::state::{Layout, initial};

/// More elements of the density matrix are refused: a record would take days.
const LARGEST: f64 = 4e6;
/// Copies of the state that a thread keeps.
const COPIES: u64 = 28;

impl Monitored {
    fn check(&self, problem: &Problem) -> Result<(), EngineError> {
        if self.records == 0 {
            return Err(unsupported("`trajectories` must be at least 1, but is 0"));
        }
        if !(0.0..=1.0).contains(&self.efficiency) {
            return Err(unsupported(format!("`efficiency` must be from 0 to 1, but is {}", self.efficiency)));
        }
        if !(SMALLEST_TOLERANCE..=LARGEST_TOLERANCE).contains(&self.tolerance) {
            let allowed = format!("from {SMALLEST_TOLERANCE:e} to {LARGEST_TOLERANCE}");
            return Err(unsupported(format!("`tolerance` must be {allowed}, but is {:e}", self.tolerance)));
        }
        let wrong = |t: &&ErrorTarget| !(t.error.is_finite() && t.error > 0.0);
        if let Some(ErrorTarget { error, .. }) = self.targets.iter().find(wrong) {
            return Err(unsupported(format!("`target_error` must be finite and > 0, but is {error}")));
        }
        self.unravelling.check(NAME)?;
        let names: Vec<String> =
            problem.stages.iter().flat_map(|stage| stage.model.dissipator_names()).collect();
        let unknown = |name: &&String| !names.iter().any(|known| is_of(known, name));
        match self.recorded.iter().flatten().find(unknown) {
            Some(name) => {
                let mut known = names.clone();
                known.dedup();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                Err(unsupported(format!(
                    "`recorded` names '{name}', which is no channel of the study with a rate above 0; it has {known}"
                )))
            }
            None => Ok(()),
        }
    }

    fn setup(&self, problem: &Problem, halt: &dyn Halt) -> Result<Setup, EngineError> {
        problem.validate()?;
        problem.without_density_matrix(NAME)?;
        if problem.follows_time() {
            let reason = "it follows no model that depends on time; the engine 'trajectories' does, with all channels recorded";
            return Err(unsupported(reason));
        }
        self.check(problem)?;
        check_size(problem)?;
        let halted = || halt.asked();
        let refused = |e: SpaceError| match e {
            SpaceError::Halted => EngineError::Interrupted { engine: NAME },
            other => unsupported(other.to_string()),
        };
        let space =
            Space::new_while(&problem.models(), &problem.initial, &problem.cutoffs, Charges::none(), &halted)
                .map_err(refused)?;
        let layout = Layout::new(&space);
        let (initial, losses) = initial(&space, &layout, problem).map_err(refused)?;
        let stages = problem.stages.iter().map(|s| Dynamics::new(&space, &s.model, self, &halted));
        Ok(Setup {
            problem: problem.clone(),
            instruments: Instruments::new(&space, problem)?,
            stages: stages.collect::<Option<_>>().ok_or(EngineError::Interrupted { engine: NAME })?,
            layout,
            initial,
            losses,
            seed: self.seed,
            tolerance: self.tolerance,
            max_steps: self.max_steps,
        })
    }

    /// What a run in this setup needs.
    fn described(&self, setup: &Setup) -> Resources {
        let problem = &setup.problem;
        let elements = setup.layout.len() as u64;
        let numbers = (setup.instruments.count() as u64).saturating_mul(problem.times.len() as u64);
        let sums = (BLOCKS as u64).saturating_mul(16).saturating_mul(numbers);
        let thread = (16 * COPIES).saturating_mul(elements).saturating_add(8 * numbers);
        let threads = rayon::current_num_threads() as u64;
        let memory =
            sums.saturating_add(thread.saturating_mul(threads)).saturating_add(memory_of_records(problem));
        let mebibytes = |bytes: u64| format!("{:.1} MiB", bytes as f64 / 1_048_576.0);
        let line = |name: &str, value: String| (name.to_owned(), value);
        let recorded = setup.recorded();
        let recorded = if recorded.is_empty() { "nothing".to_owned() } else { recorded.join(", ") };
        let report = vec![
            line("recorded", recorded),
            line("efficiency", self.efficiency.to_string()),
            line("unravelling", self.unravelling.name().to_owned()),
            line("records", self.records.to_string()),
            line("sectors", setup.layout.sectors().to_string()),
            line("elements of a conditional state", elements.to_string()),
            line("averages at every time", setup.instruments.count().to_string()),
            line("blocks of the jackknife", BLOCKS.to_string()),
            line("sums", mebibytes(sums)),
            line("states and numbers of each thread", mebibytes(thread)),
            line("memory", mebibytes(memory)),
        ];
        Resources { unknowns: 2 * elements, memory, report }
    }

    fn evolution(&self, problem: &Problem, halt: &dyn Halt) -> Result<MonitoredEvolution, EngineError> {
        problem.moves_in_time(NAME)?;
        let setup = self.setup(problem, halt)?;
        let resources = self.described(&setup);
        check_memory(NAME, resources.memory, available_memory(), resources.unknowns)?;
        MonitoredEvolution::new(self.clone(), setup, resources)
    }
}

impl Setup {
    /// Names of the dissipators that some stage records, each once.
    pub(crate) fn recorded(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for detector in self.stages.iter().flat_map(|stage| &stage.detectors) {
            if !names.contains(&detector.dissipator) {
                names.push(detector.dissipator.clone());
            }
        }
        names
    }

    /// What the detectors of the stages count, in the order of the numbers of clicks: the dissipator, and for the ports of
    /// a local oscillator or changes of a ladder one name each.
    pub(crate) fn detectors(&self) -> Vec<Vec<String>> {
        let of = |stage: &Dynamics| stage.detectors.iter().map(|d| d.dissipator.clone()).collect();
        self.stages.iter().map(of).collect()
    }
}

/// Refuses density matrices that no record would end with, before anything grows with them.
fn check_size(problem: &Problem) -> Result<(), EngineError> {
    let ladders = Ladders::new(&problem.models(), &problem.initial);
    let fock: f64 = problem.cutoffs.iter().map(|c| *c as f64 + 1.0).product();
    // No less than the elements of the largest sector, no more than those of all states.
    let elements = (fock * ladders.largest()).powi(2);
    if elements <= LARGEST {
        return Ok(());
    }
    Err(unsupported(format!(
        "its conditional states are density matrices, here of {elements:.0} elements in the largest sector, and at most {LARGEST:.0} \
         are followed; lower `cutoff` or `size`, or use the engine 'trajectories', which follows pure states and records every channel"
    )))
}

impl Engine for Monitored {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, problem: &Problem) -> Result<Resources, EngineError> {
        Ok(self.described(&self.setup(problem, &Never)?))
    }

    fn prepare(&self, problem: &Problem) -> Result<Box<dyn Evolution>, EngineError> {
        Ok(self.begin(problem)?)
    }

    fn prepare_while(&self, problem: &Problem, halt: &dyn Halt) -> Result<Box<dyn Evolution>, EngineError> {
        Ok(Box::new(Averages(self.evolution(problem, halt)?)))
    }
}

impl Sampling for Monitored {
    fn over(&self, indices: Range<u64>) -> Box<dyn Sampling> {
        let records = indices.end.saturating_sub(indices.start);
        Box::new(Self { first: indices.start, records, is_part: true, ..self.clone() })
    }

    fn without_targets(&self) -> Box<dyn Sampling> {
        Box::new(Self { targets: Vec::new(), ..self.clone() })
    }

    fn begin(&self, problem: &Problem) -> Result<Box<dyn SampledEvolution>, EngineError> {
        Ok(Box::new(Averages(self.evolution(problem, &Never)?)))
    }
}
