//! The engine: options, resources and preparation.

use serde::{Deserialize, Serialize};
use superladder_engine::{Bounds, Engine, EngineError, Evolution, Problem, Resources};
use superladder_model::{Evaluation, Operator};
use superladder_propagate::{Chebyshev, Method};
use superladder_space::{Space, SpaceError};

use crate::evolution::{ExactEvolution, needs_state};
use crate::generator::{Elements, Lindbladian};
use crate::probes::Probes;
use crate::setting::{Setting, reduced_space};

/// How the generator is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Generator {
    /// Sparse factors times dense blocks; nothing of the size of the Liouvillian is stored.
    #[default]
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

/// The exact density-matrix engine.
#[derive(Debug, Clone)]
pub struct Exact {
    /// How the state is moved in time.
    pub method: Method,
    /// Bounds of the diagnostics.
    pub bounds: Bounds,
    /// Memory that may be used, in bytes; `None`: what the machine has available.
    pub memory_limit: Option<u64>,
    /// How the generator is applied.
    pub generator: Generator,
    /// Use weak symmetries to store fewer blocks.
    pub symmetries: bool,
    /// How positivity is monitored.
    pub positivity: Positivity,
}

impl Default for Exact {
    fn default() -> Self {
        Self {
            // The fastest for every ready study, with the smallest error: docs/METHODS.md.
            method: Method::Chebyshev(Chebyshev::default()),
            bounds: Bounds::default(),
            memory_limit: None,
            generator: Generator::default(),
            symmetries: true,
            positivity: Positivity::default(),
        }
    }
}

pub(crate) const NAME: &str = "exact";

pub(crate) fn space_error(error: &SpaceError) -> EngineError {
    EngineError::Unsupported { engine: NAME, reason: error.to_string() }
}

impl Exact {
    /// Refuses, before anything large is built, what cannot fit: a lower bound of the memory from closed forms, in
    /// floating-point numbers that cannot overflow.
    fn refuse_the_impossible(&self, problem: &Problem) -> Result<(), EngineError> {
        /// Bytes of tables per basis state: its labels, its tile, its diagonal matrix elements.
        const PER_STATE: f64 = 200.0;
        let levels: f64 = problem.cutoffs.iter().map(|cutoff| *cutoff as f64 + 1.0).product();
        // At least the largest ladder of every ensemble, and one complex number per state and vector.
        let spins: f64 = problem.model().ensembles().iter().map(|e| e.size as f64 + 1.0).product();
        let states = levels * spins;
        let vectors = self.vectors(problem, 1) as f64;
        let (needed, available) = (states * (PER_STATE + 16.0 * vectors), self.available());
        if needed > available as f64 {
            let needed = needed.min(u64::MAX as f64) as u64;
            let unknowns = states.min(u64::MAX as f64) as u64;
            return Err(EngineError::Memory { engine: NAME, needed, available, unknowns });
        }
        Ok(())
    }

    fn available(&self) -> u64 {
        self.memory_limit.or_else(available_memory).unwrap_or(u64::MAX)
    }

    fn setting(&self, problem: &Problem) -> Result<Setting, EngineError> {
        problem.validate()?;
        self.refuse_the_impossible(problem)?;
        if self.generator == Generator::Assembled && self.method.integrating_factor() {
            let reason = "the option `lawson` needs the diagonal of the generator apart, which the assembled one does \
                          not offer; use generator = \"matrix-free\" or lawson = false";
            return Err(EngineError::Unsupported { engine: NAME, reason: reason.into() });
        }
        reduced_space(problem, self.symmetries).map_err(|e| space_error(&e))
    }

    /// State vectors of length `dim` that a run holds.
    fn vectors(&self, problem: &Problem, dim: usize) -> usize {
        /// No method holds more vectors than this, whatever the length.
        const MOST: usize = 1001;
        self.method.propagator(dim.min(MOST)).state_vectors(needs_state(problem)) + 1
    }

    fn memory(&self, problem: &Problem, setting: &Setting, elements: &Elements) -> u64 {
        let vectors = self.vectors(problem, setting.layout.len()) as u64;
        let generator = match self.generator {
            Generator::MatrixFree => Lindbladian::new(&setting.layout, elements).memory(),
            Generator::Assembled => assembled_memory(&setting.space, setting, elements),
        };
        let probes = probes_memory(problem, setting);
        // The elements are enumerated twice, the second time a little above the cutoffs.
        let enumerated = 2 * 24 * elements.nnz() as u64;
        PROGRAM + 8 * vectors * setting.layout.len() as u64 + generator + probes + enumerated
    }
}

/// Memory of the program itself, without any study.
const PROGRAM: u64 = 8 << 20;

/// Memory of what measures a state.
fn probes_memory(problem: &Problem, setting: &Setting) -> u64 {
    let operators: Vec<&Operator> = problem
        .observables
        .iter()
        .flat_map(|o| match &o.evaluation {
            Evaluation::Moments { operators, .. } => operators.as_slice(),
            Evaluation::State(_) => &[],
        })
        .collect();
    Probes::new(&setting.space, &setting.layout, &operators).memory()
}

/// Estimated from the mean number of entries per row of the factors: each unknown couples through all of them.
fn assembled_memory(space: &Space, setting: &Setting, elements: &Elements) -> u64 {
    let per_row = 2.0 * elements.nnz() as f64 / space.dim() as f64;
    (setting.layout.unknowns() as f64 * (per_row * 24.0 + 40.0)) as u64
}

/// Memory that the machine has available, where it says so.
pub fn available_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|l| l.starts_with("MemAvailable:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}

impl Engine for Exact {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, problem: &Problem) -> Result<Resources, EngineError> {
        let setting = self.setting(problem)?;
        let elements = Elements::new(&setting.space, problem.model());
        let memory = self.memory(problem, &setting, &elements);
        let full: f64 = setting.space.sectors().iter().map(|s| (s.dim() as f64).powi(2)).sum();
        let (space, layout) = (&setting.space, &setting.layout);
        let largest = space.sectors().iter().map(superladder_space::Sector::dim).max().unwrap_or(0);
        let symmetries =
            if setting.symmetries.is_empty() { "none".into() } else { setting.symmetries.join("; ") };
        let used = if setting.reduced { "yes" } else { "no (every block is needed, or switched off)" };
        let line = |name: &str, value: String| (name.to_owned(), value);
        let report = vec![
            line("sectors", space.sectors().len().to_string()),
            line("Hilbert-space dimension (sum over sectors)", space.dim().to_string()),
            line("largest sector", largest.to_string()),
            line("weak symmetries", symmetries),
            line("symmetries reduce this problem", used.to_owned()),
            line("charge differences stored", setting.coherences.len().to_string()),
            line("independent real unknowns", layout.unknowns().to_string()),
            line("real unknowns without symmetries", format!("{full:.0}")),
            line("fraction of the unreduced problem", format!("{:.4}", layout.unknowns() as f64 / full)),
            line("matrix elements (effective Hamiltonian and jumps)", elements.nnz().to_string()),
            line("jump blocks between sectors", elements.jumps.len().to_string()),
            line("state vectors held by the method", self.vectors(problem, layout.len()).to_string()),
            line("memory", format!("{:.1} MiB", memory as f64 / 1_048_576.0)),
        ];
        Ok(Resources { unknowns: layout.unknowns(), memory, report })
    }

    fn prepare(&self, problem: &Problem) -> Result<Box<dyn Evolution>, EngineError> {
        let setting = self.setting(problem)?;
        let elements = Elements::new(&setting.space, problem.model());
        let needed = self.memory(problem, &setting, &elements);
        let available = self.available();
        if needed > available {
            let unknowns = setting.layout.unknowns();
            return Err(EngineError::Memory { engine: NAME, needed, available, unknowns });
        }
        Ok(Box::new(ExactEvolution::new(self.clone(), problem.clone(), setting, &elements)?))
    }
}
