//! The engine: what it refuses, what it needs, and how it is prepared.

use superladder_engine::{
    Engine, EngineError, Evolution, Halt, Never, Problem, Resources, Stationary, check_memory,
};
use superladder_propagate::{Dop853, Method};
use superladder_space::Sector;

use crate::choice::{Choice, build_parts};
use crate::error::{INTERRUPTED, NAME, space_error};
use crate::evolution::{ExactEvolution, Prepared};
use crate::generator::Elements;
use crate::options::{AdaptiveCutoff, Exact, Generator};
use crate::resources::mebibytes;
use crate::setting::{Setting, reduced_space_while};

impl Exact {
    pub(crate) fn check_adaptive(&self, problem: &Problem) -> Result<(), EngineError> {
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

    /// The engine with a method for models that follow time, where the study leaves the method open.
    fn for_explicit_time(&self, problem: &Problem) -> Option<Self> {
        let open = self.automatic && self.method.definition().linear_only && problem.follows_time();
        // What an explicit method would take millions of steps for is stiff: better told than waited for.
        let method = || Dop853 { rtol: 1e-10, atol: 1e-12, max_steps: 100_000, ..Dop853::default() };
        open.then(|| Self { method: Method::Dop853(method()), ..self.clone() })
    }

    /// Space and layout of `problem`, unless `halt` ends the work.
    pub(crate) fn setting(&self, problem: &Problem, halt: &dyn Halt) -> Result<Setting, EngineError> {
        problem.validate()?;
        problem.without_samples(NAME)?;
        self.check_adaptive(problem)?;
        self.refuse_the_impossible(problem)?;
        if self.generator == Generator::Assembled && self.method.integrating_factor() {
            let reason = "the option `lawson` needs the diagonal of the generator apart, which the assembled one does \
                          not offer; use generator = \"matrix-free\" or lawson = false";
            return Err(EngineError::Unsupported { engine: NAME, reason: reason.into() });
        }
        if problem.follows_time() && !self.method.definition().in_time {
            let reason = format!(
                "method '{}' moves constant generators only, and a part of the model follows time; use dop853, chebyshev \
                 or krylov",
                self.method.definition().name
            );
            return Err(EngineError::Unsupported { engine: NAME, reason });
        }
        let setting = reduced_space_while(problem, self.symmetries, halt).map_err(|e| space_error(&e))?;
        self.check_dense(problem, &setting.space)?;
        Ok(setting)
    }

    /// [`Engine::prepare`] with the density matrix within reach, see [`ExactEvolution::density_matrix`].
    ///
    /// # Errors
    /// As [`Engine::prepare`].
    pub fn evolution(&self, problem: &Problem) -> Result<ExactEvolution, EngineError> {
        self.evolution_while(problem, &Never)
    }

    pub(crate) fn evolution_while(
        &self,
        problem: &Problem,
        halt: &dyn Halt,
    ) -> Result<ExactEvolution, EngineError> {
        problem.moves_in_time(NAME)?;
        if let Some(other) = self.for_explicit_time(problem) {
            return other.evolution_while(problem, halt);
        }
        let setting = self.setting(problem, halt)?;
        let available = self.available();
        let check = |needed: u64| check_memory(NAME, needed, Some(available), setting.layout.unknowns());
        // A real form keeps at least a fourth of the numbers.
        check(self.memory(problem, setting.layout.len() / 4, 0))?;
        let elements = Elements::new_while(&setting.space, problem.model(), halt).ok_or(INTERRUPTED)?;
        // The matrix-free generator is small and knows its own size: it is compiled once, before the check.
        // Matrices are large: they are estimated, and built only if they fit.
        let choice = Choice::new(self, problem, &setting, &elements, halt)?;
        let method = self.first_method(problem, &setting, &elements);
        let overhead = self.overhead(problem, (&setting, &elements), (choice.bytes, &method), halt)?;
        let memory = self.memory(problem, choice.length, overhead);
        check(memory)?;
        let resources = self.described(problem, &setting, &elements, (&choice, &method, memory));
        let real = choice.real.clone();
        let generator = choice.build(self, &setting, &elements, halt)?;
        if !generator.norm_bound().is_finite() {
            let reason = "the numbers of the model are so large that its generator overflows; check frequencies, strengths and rates";
            return Err(EngineError::Unsupported { engine: NAME, reason: reason.into() });
        }
        drop(elements);
        let parts = build_parts(problem, &setting, 0, halt)?;
        let prepared = Prepared { setting, generator, parts, real, overhead, resources, available };
        ExactEvolution::new(self.clone(), problem.clone(), prepared, halt)
    }

    /// What a run needs whose form of the generator, method and memory are found.
    fn described(
        &self,
        problem: &Problem,
        setting: &Setting,
        elements: &Elements,
        (choice, method, memory): (&Choice, &Method, u64),
    ) -> Resources {
        let full: f64 = setting.space.sectors().iter().map(|s| (s.dim() as f64).powi(2)).sum();
        let (space, layout) = (&setting.space, &setting.layout);
        let largest = space.sectors().iter().map(Sector::dim).max().unwrap_or(0);
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
            line("method", self.describe_method(method)),
            line("generator", choice.words.clone()),
            line("state vectors held by the method", self.vectors(problem, choice.length).to_string()),
            line("memory", mebibytes(memory)),
        ];
        Resources { unknowns: layout.unknowns(), memory, report }
    }
}

impl Engine for Exact {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, problem: &Problem) -> Result<Resources, EngineError> {
        if let Some(other) = self.for_explicit_time(problem) {
            return other.resources(problem);
        }
        let setting = self.setting(problem, &Never)?;
        let elements = Elements::new(&setting.space, problem.model());
        let choice = Choice::new(self, problem, &setting, &elements, &Never)?;
        let method = self.first_method(problem, &setting, &elements);
        let overhead = self.overhead(problem, (&setting, &elements), (choice.bytes, &method), &Never)?;
        let memory = self.memory(problem, choice.length, overhead);
        let mut resources = self.described(problem, &setting, &elements, (&choice, &method, memory));
        resources.report.extend(self.range_of_cutoffs(problem, &setting, overhead)?);
        Ok(resources)
    }

    fn prepare(&self, problem: &Problem) -> Result<Box<dyn Evolution>, EngineError> {
        Ok(Box::new(self.evolution(problem)?))
    }

    fn as_stationary(&self) -> Option<&dyn Stationary> {
        Some(self)
    }

    fn prepare_while(&self, problem: &Problem, halt: &dyn Halt) -> Result<Box<dyn Evolution>, EngineError> {
        Ok(Box::new(self.evolution_while(problem, halt)?))
    }
}
