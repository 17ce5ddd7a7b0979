//! The memory that a run needs, estimated before anything large is built.

use superladder_engine::{EngineError, Halt, Never, Problem, available_memory, memory_of_records};
use superladder_model::{Evaluation, Observable, Operator, StateFunction, Subsystem};
use superladder_propagate::Method;
use superladder_space::{Charges, Ladders, Sector, Space, density_bytes};

use crate::error::{INTERRUPTED, NAME, space_error};
use crate::generator::Elements;
use crate::instruments::needs_state;
use crate::options::{AdaptiveCutoff, Exact, Positivity};
use crate::probes::Probes;
use crate::setting::{Setting, most_coherences};

/// Memory of the program itself, without any study.
const PROGRAM: u64 = 19 << 19;

/// States of the largest ladders of all ensembles.
fn largest_ladders(problem: &Problem) -> f64 {
    /// Larger ensembles have too many ladders to list them.
    const LISTED: usize = 1_000_000;
    let ensembles = problem.model().ensembles();
    if ensembles.iter().any(|e| e.size > LISTED) {
        return ensembles.iter().map(|e| e.size as f64 + 1.0).product();
    }
    Ladders::new(&problem.models(), &problem.initial).largest()
}

impl Exact {
    /// Refuses what cannot fit before anything large is built. Closed forms give a lower bound of the memory;
    /// they are evaluated in floating point, which cannot overflow.
    pub(crate) fn refuse_the_impossible(&self, problem: &Problem) -> Result<(), EngineError> {
        /// Bytes of tables per basis state: its labels, its tile, its diagonal matrix elements.
        const PER_STATE: f64 = 200.0;
        /// Bytes of a group of states with one charge: its tile, its block, what couples to it.
        const PER_GROUP: f64 = 1700.0;
        /// Bytes of a difference of charge between which the initial state has coherences.
        const PER_COHERENCE: f64 = 100.0;
        /// A state vector for which no method holds more vectors than it must.
        const LONG: usize = 1 << 40;
        let levels: f64 = problem.cutoffs.iter().map(|cutoff| *cutoff as f64 + 1.0).product();
        let states = levels * largest_ladders(problem);
        let vectors = self.vectors(problem, 1).min(self.vectors(problem, LONG)) as f64;
        let charges = if self.symmetries { Charges::find(problem.models()) } else { Charges::none() };
        let (unknowns, groups) = fewest_unknowns(problem, &charges, states);
        let tables = PER_STATE * states
            + PER_GROUP * groups
            + PER_COHERENCE * most_coherences(problem, &charges)
            + initial_bytes(problem)
            + reduced_bytes(problem);
        let (needed, available) = (tables + 8.0 * vectors * unknowns, self.available());
        if needed > available as f64 {
            let needed = needed.min(u64::MAX as f64) as u64;
            let unknowns = unknowns.min(u64::MAX as f64) as u64;
            return Err(EngineError::Memory { engine: NAME, needed, available, unknowns });
        }
        Ok(())
    }

    pub(crate) fn available(&self) -> u64 {
        self.memory_limit.or_else(available_memory).unwrap_or(u64::MAX)
    }

    /// State vectors of length `dim` that a run holds.
    pub(crate) fn vectors(&self, problem: &Problem, dim: usize) -> usize {
        let mut method = self.method.clone();
        if let Method::Chebyshev(options) = &mut method {
            options.outputs = options.outputs.min(problem.times.len());
        }
        let states = needs_state(problem);
        if problem.follows_time() {
            // One more holds a part that follows time, before it is added.
            return method.state_vectors_in_time(dim, states) + 2;
        }
        method.state_vectors(dim, states) + 1
    }

    /// Memory beside the state vectors: what measures, the tables of the space, the `generator`, and the
    /// `method` of the first stage.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`].
    pub(crate) fn overhead(
        &self,
        problem: &Problem,
        (setting, elements): (&Setting, &Elements),
        (generator, method): (u64, &Method),
        halt: &dyn Halt,
    ) -> Result<u64, EngineError> {
        /// Bytes per matrix element while they are enumerated: in the space and a little above its cutoffs,
        /// as triplets, summed and in rows. They are freed before the run, but the allocator keeps them.
        const PER_ELEMENT: u64 = 100;
        let dense = if self.needs_eigenvalues(problem) {
            /// Complex matrices of the largest sector that are held for its eigenvalues.
            const MATRICES: u64 = 3;
            let largest = setting.space.sectors().iter().map(Sector::dim).max().unwrap_or(0) as u64;
            16 * MATRICES * largest * largest
        } else {
            0
        };
        let choice = self.memory_of_choice(method, setting);
        let probes = probes_memory(problem, setting, halt).ok_or(INTERRUPTED)?;
        Ok(generator + probes + PER_ELEMENT * elements.nnz() as u64 + dense + choice)
    }

    /// Refuses matrices whose eigenvalues would take too long: no signal is heeded meanwhile.
    pub(crate) fn check_dense(&self, problem: &Problem, space: &Space) -> Result<(), EngineError> {
        /// About 10 s of a processor (2000 rows: 4.5 s).
        const LARGEST: usize = 2500;
        /// Elements of reduced states that have a number.
        const NUMBERED: f64 = u32::MAX as f64;
        if problem.observables.iter().any(|o| reduced_elements(problem, o) > NUMBERED) {
            let reason = "a reduced state would have more than 4e9 elements; observe a distribution instead";
            return Err(EngineError::Unsupported { engine: NAME, reason: reason.into() });
        }
        let largest = || space.sectors().iter().map(Sector::dim).max().unwrap_or(0);
        let whole = if self.needs_eigenvalues(problem) { largest() } else { 0 };
        let reduced = problem.observables.iter().map(|o| match o.evaluation {
            Evaluation::State(StateFunction::ReducedEntropy(Subsystem::Mode(m))) => problem.cutoffs[m] + 1,
            Evaluation::State(StateFunction::ReducedEntropy(Subsystem::Ensemble(e))) => space.spins()[e] + 1,
            _ => 0,
        });
        let found = reduced.fold(whole, usize::max);
        if found <= LARGEST {
            return Ok(());
        }
        let reason = format!(
            "an entropy, or positivity = \"eigenvalues\", needs the eigenvalues of a matrix of {found} rows, but at \
             most {LARGEST} are taken; observe purities instead, or set positivity = \"minors\""
        );
        Err(EngineError::Unsupported { engine: NAME, reason })
    }

    /// Whether eigenvalues of whole sectors are asked for.
    fn needs_eigenvalues(&self, problem: &Problem) -> bool {
        let entropy = |o: &Observable| matches!(o.evaluation, Evaluation::State(StateFunction::Entropy));
        self.positivity == Positivity::Eigenvalues || problem.observables.iter().any(entropy)
    }

    /// Memory of a run with state vectors of this `length` and `overhead` bytes beside them.
    pub(crate) fn memory(&self, problem: &Problem, length: usize, overhead: u64) -> u64 {
        let vectors = self.vectors(problem, length) as u64;
        (PROGRAM + 8 * vectors * length as u64 + overhead).saturating_add(memory_of_records(problem))
    }

    /// Says where cutoffs that follow the state start, how far they can go, and how much memory that needs. A
    /// cutoff without a largest value goes as far as the memory.
    pub(crate) fn range_of_cutoffs(
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
            Ok(self.memory_scaled(&problem, overhead, self.length(&problem, setting)?))
        };
        let bounded = modes.clone().all(|m| follows(m).is_none_or(|a| a.max.is_some()));
        let (mut good, mut bad) = (1.0, 1.0);
        while !bounded && memory(raised(bad))? <= self.available() && bad < 1e9 {
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

    /// Length of a state vector at the cutoffs of `problem`, with the sectors and charges of `setting`. Small
    /// spaces are enumerated; for large ones, of which there may be no end where little is stored, the cutoffs
    /// that follow the state are scaled down, and the length is taken to go on as a power of the scale.
    fn length(&self, problem: &Problem, setting: &Setting) -> Result<usize, EngineError> {
        /// Basis states that are enumerated.
        const COUNTED: f64 = 1e4;
        let follows = |m: usize| self.adaptive.get(m).is_some_and(Option::is_some);
        let levels = |follow: bool| {
            let cutoffs = problem.cutoffs.iter().enumerate().filter(move |(m, _)| follows(*m) == follow);
            cutoffs.map(|(_, cutoff)| *cutoff as f64 + 1.0)
        };
        let spins: f64 = problem.model().ensembles().iter().map(|e| e.size as f64 + 1.0).product();
        let fixed = spins * levels(false).product::<f64>();
        let (moving, modes) = (levels(true).product::<f64>(), levels(true).count());
        let length = |scale: f64| -> Result<usize, EngineError> {
            let scaled = |c: usize| (((c as f64 + 1.0) * scale) as usize).saturating_sub(1);
            let cutoffs = problem.cutoffs.iter().enumerate();
            let cutoffs = cutoffs.map(|(m, c)| if follows(m) { scaled(*c) } else { *c }).collect();
            let resized = setting.resized(&Problem { cutoffs, ..problem.clone() }, &Never);
            Ok(resized.map_err(|e| space_error(&e))?.layout.len())
        };
        let scale = ((COUNTED / fixed).max(16.0) / moving).powf(1.0 / modes.max(1) as f64);
        if scale >= 1.0 {
            return length(1.0);
        }
        let (small, large) = (length(0.5 * scale)? as f64, length(scale)? as f64);
        Ok((large * (large / small).powf((1.0 / scale).log2())) as usize)
    }

    /// Memory of a run with state vectors of length `dim`, and one vector more while a state is carried over.
    /// `overhead`: bytes beside the vectors in a run of the same model at other cutoffs, and the length of
    /// vectors there; the bytes are taken to grow with the length.
    pub(crate) fn memory_scaled(&self, problem: &Problem, overhead: (u64, usize), dim: usize) -> u64 {
        let vectors = self.vectors(problem, dim) as f64 + 1.0;
        let rest = overhead.0 as f64 * dim as f64 / overhead.1.max(1) as f64;
        PROGRAM + (8.0 * vectors * dim as f64 + rest) as u64
    }
}

/// A lower bound of the independent numbers of a density matrix on a sector of so many `states`, and of the groups
/// of states with one charge. Every group has a block, and k groups hold at least states^2/k numbers; a real form
/// keeps a fourth of them at least.
fn fewest_unknowns(problem: &Problem, charges: &Charges, states: f64) -> (f64, f64) {
    let fock = problem.cutoffs.iter().map(|cutoff| cutoff.saturating_add(1));
    let spins = problem.model().ensembles().iter().map(|e| e.size.saturating_add(1));
    let ranges: Vec<usize> = fock.chain(spins).collect();
    let most = charges.most(&ranges);
    ((0.25 * states * states / most).max(states), most.min(states))
}

/// Bytes of the initial states of single subsystems.
fn initial_bytes(problem: &Problem) -> f64 {
    let levels: Vec<usize> = problem.cutoffs.iter().map(|cutoff| cutoff.saturating_add(1)).collect();
    let spins: Vec<usize> = problem.model().ensembles().iter().map(|e| e.size).collect();
    density_bytes(&problem.initial, &levels, &spins)
}

/// Bytes of the largest reduced state that is observed.
fn reduced_bytes(problem: &Problem) -> f64 {
    problem.observables.iter().map(|o| 16.0 * reduced_elements(problem, o)).fold(0.0, f64::max)
}

/// Elements of the reduced state that an observable needs, all ladders together.
fn reduced_elements(problem: &Problem, observable: &Observable) -> f64 {
    let Evaluation::State(
        StateFunction::ReducedPurity(s) | StateFunction::ReducedEntropy(s) | StateFunction::ReducedState(s),
    ) = observable.evaluation
    else {
        return 0.0;
    };
    match s {
        Subsystem::Mode(m) => (problem.cutoffs[m] as f64 + 1.0).powi(2),
        // Ladders of n + 1, n - 1, ... rungs.
        Subsystem::Ensemble(e) => {
            let n = problem.model().ensembles()[e].size as f64;
            (n + 1.0) * (n + 2.0) * (n + 3.0) / 6.0
        }
    }
}

/// Bytes as a text in MiB.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / 1_048_576.0)
}

/// Memory of the probes; `None` if `halt` ends the work.
fn probes_memory(problem: &Problem, setting: &Setting, halt: &dyn Halt) -> Option<u64> {
    let operators: Vec<&Operator> = problem
        .observables
        .iter()
        .flat_map(|o| match &o.evaluation {
            Evaluation::Moments { operators, .. } => operators.as_slice(),
            Evaluation::State(_) | Evaluation::Sampled(_) => &[],
        })
        .collect();
    let probes = Probes::new(&setting.space, &setting.layout, &operators, &|| halt.asked());
    probes.map(|probes| probes.memory())
}

/// Memory of the assembled generator, from the mean number of entries per row of the factors: every unknown
/// couples through all of them.
pub(crate) fn assembled_memory(space: &Space, setting: &Setting, elements: &Elements) -> u64 {
    let per_row = 2.0 * elements.nnz() as f64 / space.dim() as f64;
    (setting.layout.unknowns() as f64 * (per_row * 24.0 + 40.0)) as u64
}
