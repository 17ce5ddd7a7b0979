//! The engine: what it refuses, what it needs, and how it is prepared.

use std::ops::Range;

use superladder_engine::{
    Engine, EngineError, Evolution, Halt, Never, Problem, Resources, available_memory, check_memory,
    memory_of_records,
};
use superladder_sampling::{Averages, BLOCKS, ErrorTarget, SampledEvolution, Sampling};

use crate::error::{NAME, unsupported};
use crate::evolution::WignerEvolution;
use crate::lanes::LANES;
use crate::options::TruncatedWigner;
use crate::path::steps;
use crate::setup::Setup;

impl TruncatedWigner {
    fn check(&self) -> Result<(), EngineError> {
        if self.samples == 0 {
            return Err(unsupported("`samples` must be at least 1, but is 0"));
        }
        if let Some(step) = self.step.filter(|step| !(step.is_finite() && *step > 0.0)) {
            return Err(unsupported(format!("`step` must be finite and > 0, but is {step}")));
        }
        let wrong = |t: &&ErrorTarget| !(t.error.is_finite() && t.error > 0.0);
        match self.targets.iter().find(wrong) {
            Some(ErrorTarget { error, .. }) => {
                Err(unsupported(format!("`target_error` must be finite and > 0, but is {error}")))
            }
            None => Ok(()),
        }
    }

    fn setup(&self, problem: &Problem, halt: &dyn Halt) -> Result<Setup, EngineError> {
        self.check()?;
        Setup::new(self, problem, halt)
    }

    /// What a run in this setup needs.
    fn described(&self, setup: &Setup) -> Resources {
        let problem = &setup.problem;
        let numbers = (setup.instruments.count() as u64).saturating_mul(problem.times.len() as u64);
        // A part may be joined with others.
        let blocks = if self.is_part { BLOCKS as u64 } else { self.samples.min(BLOCKS as u64) };
        let sums = blocks.saturating_mul(16).saturating_mul(numbers);
        let thread = (8 * LANES as u64).saturating_mul(numbers);
        let threads = rayon::current_num_threads() as u64;
        let memory =
            sums.saturating_add(thread.saturating_mul(threads)).saturating_add(memory_of_records(problem));
        let dim = 2 * problem.model().modes().len() + 3 * problem.model().ensembles().len();
        let mebibytes = |bytes: u64| format!("{:.1} MiB", bytes as f64 / 1_048_576.0);
        let line = |name: &str, value: String| (name.to_owned(), value);
        let report = vec![
            line("variables of a sample", dim.to_string()),
            line("samples", self.samples.to_string()),
            line("samples side by side", LANES.to_string()),
            line("steps of a sample", steps(&setup.segments).to_string()),
            line("averages at every time", setup.instruments.count().to_string()),
            line("blocks of the jackknife", BLOCKS.to_string()),
            line("sums", mebibytes(sums)),
            line("numbers of each thread", mebibytes(thread)),
            line("memory", mebibytes(memory)),
        ];
        Resources { unknowns: dim as u64, memory, report }
    }

    fn evolution(&self, problem: &Problem, halt: &dyn Halt) -> Result<WignerEvolution, EngineError> {
        problem.moves_in_time(NAME)?;
        let setup = self.setup(problem, halt)?;
        let resources = self.described(&setup);
        check_memory(NAME, resources.memory, available_memory(), resources.unknowns)?;
        WignerEvolution::new(self.clone(), setup, resources)
    }
}

impl Engine for TruncatedWigner {
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

impl Sampling for TruncatedWigner {
    fn over(&self, indices: Range<u64>) -> Box<dyn Sampling> {
        let samples = indices.end.saturating_sub(indices.start);
        Box::new(Self { first: indices.start, samples, is_part: true, ..self.clone() })
    }

    fn without_targets(&self) -> Box<dyn Sampling> {
        Box::new(Self { targets: Vec::new(), ..self.clone() })
    }

    fn begin(&self, problem: &Problem) -> Result<Box<dyn SampledEvolution>, EngineError> {
        Ok(Box::new(Averages(self.evolution(problem, &Never)?)))
    }
}
