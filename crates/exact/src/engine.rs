//! The engine: options, resources and preparation.

use serde::{Deserialize, Serialize};
use superladder_engine::{Bounds, Engine, EngineError, Evolution, Problem, Resources};
use superladder_model::{Evaluation, Observable, Operator, StateFunction};
use superladder_propagate::{Chebyshev, LinearOperator, Method};
use superladder_space::{Sector, Space, SpaceError};

use crate::adaptive::AdaptiveCutoff;
use crate::evolution::{ExactEvolution, build_generator};
use crate::generator::{Elements, Lindbladian};
use crate::instruments::needs_state;
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
///
/// ```
/// use superladder_engine::{Problem, Silent, run};
/// use superladder_exact::Exact;
/// use superladder_model::Model;
///
/// // A damped cavity: <a^dag a> = 4 exp(-kappa t).
/// let model = Model::builder().mode("a", 1.0).channel("cavity-loss", "a", 0.5).build()?;
/// let problem = Problem::builder(&model)
///     .initial("a", "fock", 4)
///     .cutoff("a", 4)
///     .observe("photons(a)")
///     .times(0.0, 3.0, 4)
///     .build()?;
/// let (_, recorder) = run(&Exact::default(), &problem, &mut Silent)?;
/// let photons = recorder.get(&problem, "photons(a)")?;
/// assert!((photons[3] - 4.0 * (-1.5f64).exp()).abs() < 1e-8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// By mode: `Some` where the cutoff starts at that of the problem and follows the state. Empty: all are fixed. The
    /// bound `truncation` must then be finite; it is the budget.
    pub adaptive: Vec<Option<AdaptiveCutoff>>,
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
            adaptive: Vec::new(),
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
    pub(crate) fn refuse_the_impossible(&self, problem: &Problem) -> Result<(), EngineError> {
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

    fn check_adaptive(&self, problem: &Problem) -> Result<(), EngineError> {
        let unsupported = |reason: String| Err(EngineError::Unsupported { engine: NAME, reason });
        let (found, modes) = (self.adaptive.len(), problem.cutoffs.len());
        if found != 0 && found != modes {
            return unsupported(format!("`adaptive` has {found} entries, but there are {modes} modes"));
        }
        let budget = self.bounds.truncation;
        if self.adaptive.iter().any(Option::is_some) && !(budget > 0.0 && budget.is_finite()) {
            return unsupported(format!(
                "cutoff = \"auto\" needs a bound `truncation` that is finite and > 0, but it is {budget}"
            ));
        }
        for ((adaptive, start), mode) in
            self.adaptive.iter().zip(&problem.cutoffs).zip(problem.model().modes())
        {
            if let Some(AdaptiveCutoff { max: Some(max) }) = adaptive
                && max < start
            {
                return unsupported(format!(
                    "the cutoff of mode '{}' starts at {start}, above its `max` = {max}",
                    mode.name
                ));
            }
        }
        Ok(())
    }

    fn setting(&self, problem: &Problem) -> Result<Setting, EngineError> {
        problem.validate()?;
        self.check_adaptive(problem)?;
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

    /// Memory beside the state vectors: what measures, the tables of the space, and the `generator`.
    fn overhead(&self, problem: &Problem, setting: &Setting, elements: &Elements, generator: u64) -> u64 {
        /// Bytes per matrix element while they are enumerated: in the space and a little above its cutoffs, as triplets,
        /// summed and in rows. They are given back before the run, but not to the system.
        const PER_ELEMENT: u64 = 100;
        let dense = if self.needs_eigenvalues(problem) {
            /// Complex matrices of the largest sector that are held for its eigenvalues.
            const MATRICES: u64 = 3;
            let largest = setting.space.sectors().iter().map(Sector::dim).max().unwrap_or(0) as u64;
            16 * MATRICES * largest * largest
        } else {
            0
        };
        generator + probes_memory(problem, setting) + PER_ELEMENT * elements.nnz() as u64 + dense
    }

    /// Whether eigenvalues of whole sectors are asked for.
    fn needs_eigenvalues(&self, problem: &Problem) -> bool {
        let entropy = |o: &Observable| matches!(o.evaluation, Evaluation::State(StateFunction::Entropy));
        self.positivity == Positivity::Eigenvalues || problem.observables.iter().any(entropy)
    }

    fn generator_memory(&self, setting: &Setting, elements: &Elements) -> u64 {
        match self.generator {
            Generator::MatrixFree => Lindbladian::new(&setting.layout, elements).memory(),
            Generator::Assembled => assembled_memory(&setting.space, setting, elements),
        }
    }

    fn memory(&self, problem: &Problem, setting: &Setting, overhead: u64) -> u64 {
        let vectors = self.vectors(problem, setting.layout.len()) as u64;
        PROGRAM + 8 * vectors * setting.layout.len() as u64 + overhead
    }

    /// Where cutoffs that follow the state start, and the memory that they may need: at their largest values, or the values
    /// at which the memory ends.
    fn range_of_cutoffs(
        &self,
        problem: &Problem,
        setting: &Setting,
        overhead: u64,
    ) -> Result<Vec<(String, String)>, EngineError> {
        let follows = |m: usize| self.adaptive.get(m).copied().flatten();
        let modes = 0..problem.cutoffs.len();
        if !modes.clone().any(|m| follows(m).is_some()) {
            return Ok(Vec::new());
        }
        let overhead = (overhead, setting.layout.len());
        // Cutoffs without a largest value are raised by the same factor.
        let raised = |factor: f64| -> Vec<usize> {
            let cutoff = |m: usize| match follows(m) {
                Some(AdaptiveCutoff { max: Some(max) }) => max,
                Some(_) => ((problem.cutoffs[m] as f64 + 1.0) * factor) as usize,
                None => problem.cutoffs[m],
            };
            modes.clone().map(cutoff).collect()
        };
        let memory = |cutoffs: Vec<usize>| -> Result<u64, EngineError> {
            let problem = Problem { cutoffs, ..problem.clone() };
            if let Err(EngineError::Memory { needed, .. }) = self.refuse_the_impossible(&problem) {
                return Ok(needed);
            }
            let setting = setting.resized(&problem).map_err(|e| space_error(&e))?;
            Ok(self.memory_scaled(&problem, overhead, setting.layout.len()))
        };
        let bounded = modes.clone().all(|m| follows(m).is_none_or(|a| a.max.is_some()));
        let (mut good, mut bad) = (1.0, 1.0);
        while !bounded && memory(raised(bad))? <= self.available() && bad < 1e4 {
            (good, bad) = (bad, 2.0 * bad);
        }
        while bad - good > 0.03 * good {
            let middle = f64::midpoint(good, bad);
            if memory(raised(middle))? <= self.available() { good = middle } else { bad = middle }
        }
        let last = raised(good);
        let mut lines = Vec::new();
        for m in modes {
            let name = &problem.model().modes()[m].name;
            let (start, last) = (problem.cutoffs[m], last[m]);
            let words = match follows(m) {
                None => continue,
                Some(AdaptiveCutoff { max: Some(_) }) => {
                    format!("follows the state from {start} to at most {last}")
                }
                Some(_) => {
                    format!("follows the state from {start}; the memory available ends at about {last}")
                }
            };
            lines.push((format!("cutoff of mode '{name}'"), words));
        }
        let needed = memory(last)?;
        let fits = if needed <= self.available() {
            ""
        } else {
            ", more than is available: the run would stop growing"
        };
        lines.push(("memory at these largest cutoffs".into(), format!("{}{fits}", mebibytes(needed))));
        Ok(lines)
    }

    /// [`Engine::prepare`] with the density matrix within reach, see [`ExactEvolution::density_matrix`].
    ///
    /// # Errors
    /// As [`Engine::prepare`].
    pub fn evolution(&self, problem: &Problem) -> Result<ExactEvolution, EngineError> {
        let setting = self.setting(problem)?;
        let available = self.available();
        let check = |needed: u64| {
            let unknowns = setting.layout.unknowns();
            let refused = EngineError::Memory { engine: NAME, needed, available, unknowns };
            if needed > available { Err(refused) } else { Ok(()) }
        };
        check(self.memory(problem, &setting, 0))?;
        let elements = Elements::new(&setting.space, problem.model());
        let generator = self.generator_memory(&setting, &elements);
        let overhead = self.overhead(problem, &setting, &elements, generator);
        let memory = self.memory(problem, &setting, overhead);
        check(memory)?;
        let generator = build_generator(self, &setting, &elements);
        drop(elements);
        let prepared = Prepared { setting, generator, overhead, memory, available };
        ExactEvolution::new(self.clone(), problem.clone(), prepared)
    }

    /// Memory of a run with state vectors of length `dim`, one more while a state is carried over, if another one of the
    /// same model at other cutoffs has an `overhead` for vectors of some length.
    pub(crate) fn memory_scaled(&self, problem: &Problem, overhead: (u64, usize), dim: usize) -> u64 {
        let vectors = self.vectors(problem, dim) as f64 + 1.0;
        let rest = overhead.0 as f64 * dim as f64 / overhead.1.max(1) as f64;
        PROGRAM + (8.0 * vectors * dim as f64 + rest) as u64
    }
}

/// Memory in words.
fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / 1_048_576.0)
}

/// What a run starts from.
pub(crate) struct Prepared {
    pub(crate) setting: Setting,
    pub(crate) generator: Box<dyn LinearOperator>,
    /// Memory beside the state vectors, in bytes.
    pub(crate) overhead: u64,
    /// Estimate of the whole memory, in bytes.
    pub(crate) memory: u64,
    /// Memory that may be used, in bytes.
    pub(crate) available: u64,
}

/// Memory of the program itself, without any study.
const PROGRAM: u64 = 19 << 19;

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
        let generator = self.generator_memory(&setting, &elements);
        let overhead = self.overhead(problem, &setting, &elements, generator);
        let memory = self.memory(problem, &setting, overhead);
        let full: f64 = setting.space.sectors().iter().map(|s| (s.dim() as f64).powi(2)).sum();
        let (space, layout) = (&setting.space, &setting.layout);
        let largest = space.sectors().iter().map(Sector::dim).max().unwrap_or(0);
        let symmetries =
            if setting.symmetries.is_empty() { "none".into() } else { setting.symmetries.join("; ") };
        let used = if setting.reduced { "yes" } else { "no (every block is needed, or switched off)" };
        let line = |name: &str, value: String| (name.to_owned(), value);
        let mut report = vec![
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
            line("memory", mebibytes(memory)),
        ];
        report.extend(self.range_of_cutoffs(problem, &setting, overhead)?);
        Ok(Resources { unknowns: layout.unknowns(), memory, report })
    }

    fn prepare(&self, problem: &Problem) -> Result<Box<dyn Evolution>, EngineError> {
        Ok(Box::new(self.evolution(problem)?))
    }
}
