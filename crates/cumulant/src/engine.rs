//! The engine: options, resources and preparation.

use superladder_engine::{
    Bounds, Engine, EngineError, Evolution, Halt, Never, Problem, Resources, Stationary, memory_of_records,
    refuse,
};
use superladder_model::{Evaluation, Model, Observable, observables_by_name};
use superladder_propagate::{Dop853, Method, PropagateError, VectorField};

use crate::casimir::Flow;
use crate::evolution::Cause;
use crate::{Closure, Conditions, CumulantError, Equations, MomentEvolution, MomentSetup};

pub(crate) const NAME: &str = "cumulant";

/// The cumulant engine: moment equations of an order, closed by setting higher joint cumulants to zero.
#[derive(Debug, Clone)]
pub struct Cumulant {
    /// Cumulants above this order are zero.
    pub order: usize,
    /// Cumulants of what.
    pub closure: Closure,
    /// How the unknowns are moved in time. The closures amplify integration errors (docs/EQUATIONS.md,
    /// Cumulants): keep the order high and the tolerance low.
    pub method: Method,
    /// Bounds of the diagnostics.
    pub bounds: Bounds,
}

impl Default for Cumulant {
    fn default() -> Self {
        let method =
            Method::Dop853(Dop853 { rtol: 1e-10, atol: 1e-12, max_steps: 10_000_000, ..Dop853::default() });
        Self { order: 2, closure: Closure::Sites, method, bounds: Bounds::default() }
    }
}

pub(crate) fn unsupported(error: &CumulantError) -> EngineError {
    match error {
        CumulantError::Interrupted => EngineError::Interrupted { engine: NAME },
        other => EngineError::Unsupported { engine: NAME, reason: other.to_string() },
    }
}

impl Cumulant {
    pub(crate) fn equations(&self, problem: &Problem, halt: &dyn Halt) -> Result<Equations, EngineError> {
        problem.validate()?;
        problem.without_density_matrix(NAME)?;
        refuse_linear_methods(NAME, &self.method)?;
        refuse_state_functions(NAME, problem)?;
        problem.without_samples(NAME)?;
        let halted = || halt.asked();
        Equations::of_problem_while(problem, self.order, self.closure, &halted).map_err(|e| unsupported(&e))
    }

    /// Tells a blow-up of the hierarchy from other failures.
    fn explain(&self, model: &Model) -> impl Fn(f64, PropagateError) -> Cause + 'static {
        let (order, closure) = (self.order, self.closure.name());
        let size = model.ensembles().iter().map(|e| e.size).max().unwrap_or(0);
        move |time, error| match error {
            PropagateError::NonFinite { .. } | PropagateError::StepUnderflow { .. } => {
                Box::new(CumulantError::BlowUp { time, size, order, closure })
            }
            other => Box::new(other),
        }
    }

    /// What a run of these equations needs.
    fn described(&self, problem: &Problem, equations: &Equations) -> Resources {
        let unknowns = equations.unknowns().len() as u64;
        let vectors = self.method.propagator(1).state_vectors(true) as u64 + 1;
        let terms: u64 = (0..equations.stages()).map(|s| equations.tape(s).terms() as u64).sum();
        let line = |name: &str, value: String| (name.to_owned(), value);
        let report = vec![
            line("order", self.order.to_string()),
            line("closure", self.closure.name().to_owned()),
            line("real unknowns", unknowns.to_string()),
            line("terms of the equations", terms.to_string()),
        ];
        let memory = 8 * vectors * unknowns + 24 * terms + memory_of_records(problem);
        Resources { unknowns, memory, report }
    }

    /// [`Engine::prepare`] with the unknowns within reach, in the order of [`Equations::unknowns`] of
    /// [`Equations::of_problem`].
    ///
    /// # Errors
    /// As [`Engine::prepare`].
    pub fn evolution(&self, problem: &Problem) -> Result<MomentEvolution, EngineError> {
        self.evolution_while(problem, &Never)
    }

    fn evolution_while(&self, problem: &Problem, halt: &dyn Halt) -> Result<MomentEvolution, EngineError> {
        problem.moves_in_time(NAME)?;
        let equations = self.equations(problem, halt)?;
        let resources = self.described(problem, &equations);
        let start = equations.initial(&problem.initial).map_err(|e| unsupported(&e))?;
        let models = problem.models();
        let limits = equations.limits(&start);
        let fields = (0..equations.stages())
            .map(|stage| -> Box<dyn VectorField> {
                Box::new(Flow {
                    tape: equations.tape(stage),
                    constraints: equations.constraints(&problem.initial, &models),
                    limits: limits.clone(),
                })
            })
            .collect();
        MomentEvolution::new(MomentSetup {
            engine: NAME,
            problem: problem.clone(),
            fields,
            functionals: equations.functionals(problem),
            conditions: Conditions::new(&equations, problem.model()),
            start,
            method: self.method.clone(),
            bounds: self.bounds,
            resources,
            description: self.description(&equations),
            explain: Box::new(self.explain(problem.model())),
        })
    }

    fn description(&self, equations: &Equations) -> serde_json::Map<String, serde_json::Value> {
        let terms: Vec<usize> = (0..equations.stages()).map(|s| equations.tape(s).terms()).collect();
        let mut map = serde_json::Map::new();
        map.insert("order".into(), self.order.into());
        map.insert("closure".into(), self.closure.name().into());
        map.insert("unknowns".into(), equations.unknowns().len().into());
        map.insert("terms".into(), terms.into());
        map.insert("basis".into(), format!("{:?}", equations.derivation().basis).to_lowercase().into());
        map
    }
}

/// Refuses observables that are not functions of moments, by name.
///
/// # Errors
/// [`EngineError::Observable`] for the first of them.
pub fn refuse_state_functions(engine: &'static str, problem: &Problem) -> Result<(), EngineError> {
    let is_state = |o: &&Observable| matches!(o.evaluation, Evaluation::State(_));
    match problem.observables.iter().find(is_state) {
        Some(o) => Err(refuse(engine, o, full_state_reason(problem.model()))),
        None => Ok(()),
    }
}

fn full_state_reason(model: &Model) -> String {
    let all = observables_by_name(model, &["all".to_owned()]).unwrap_or_default();
    let of_moments = all.iter().filter(|o| matches!(o.evaluation, Evaluation::Moments { .. }));
    let mut names: Vec<&str> = of_moments.map(|o| o.definition.name).collect();
    names.dedup();
    format!("it is a function of the full state, not of moments; available: {}", names.join(", "))
}

/// Refuses methods that cannot move moments, whose equations are not linear.
///
/// # Errors
/// [`EngineError::Unsupported`].
pub fn refuse_linear_methods(engine: &'static str, method: &Method) -> Result<(), EngineError> {
    let definition = method.definition();
    if definition.linear_only {
        let reason = format!("method '{}' moves linear systems only; use dop853 or tsit5", definition.name);
        return Err(EngineError::Unsupported { engine, reason });
    }
    Ok(())
}

impl Engine for Cumulant {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, problem: &Problem) -> Result<Resources, EngineError> {
        Ok(self.described(problem, &self.equations(problem, &Never)?))
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
