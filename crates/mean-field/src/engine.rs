//! The engine: options, resources and preparation.

use std::ops::ControlFlow;

use superladder_cumulant::{
    Conditions, MomentEvolution, MomentSetup, refuse_linear_methods, refuse_state_functions,
};
use superladder_engine::{
    Bounds, Diagnostics, Engine, EngineError, Evolution, Measurement, Problem, Resources, memory_of_records,
};
use superladder_model::InitialState;
use superladder_propagate::{Dop853, Method, VectorField};

use crate::{Limit, MeanFieldEquations, MeanFieldError};

const NAME: &str = "mean-field";
/// Steps to the state of mean field that other engines start from: it is made while a study is read, in some four
/// seconds of a processor at most.
const MOST_STEPS: u64 = 1_000_000;

/// The mean-field engine. Second moments are those of the product state with the mean-field means.
#[derive(Debug, Clone)]
pub struct MeanField {
    /// The limit N -> infinity, or order 1 at finite N.
    pub limit: Limit,
    /// Gilbert damping per mode, `(1 + i gilbert/2) da/dt = ...`; empty for none.
    pub gilbert: Vec<f64>,
    /// How the means are moved in time.
    pub method: Method,
    /// Bounds of the diagnostics.
    pub bounds: Bounds,
}

impl Default for MeanField {
    fn default() -> Self {
        let method =
            Method::Dop853(Dop853 { rtol: 1e-10, atol: 1e-12, max_steps: 10_000_000, ..Dop853::default() });
        Self { limit: Limit::Infinite, gilbert: Vec::new(), method, bounds: Bounds::default() }
    }
}

fn unsupported(error: &MeanFieldError) -> EngineError {
    EngineError::Unsupported { engine: NAME, reason: error.to_string() }
}

impl MeanField {
    /// The equations of all models of a problem, stages first.
    fn stages(&self, problem: &Problem) -> Result<Vec<MeanFieldEquations>, EngineError> {
        problem.validate()?;
        problem.without_density_matrix(NAME)?;
        refuse_linear_methods(NAME, &self.method)?;
        refuse_state_functions(NAME, problem)?;
        problem.without_samples(NAME)?;
        let derive = |model| MeanFieldEquations::with_options(model, self.limit, &self.gilbert);
        problem.models().into_iter().map(|model| derive(model).map_err(|e| unsupported(&e))).collect()
    }

    /// [`Engine::prepare`] with the unknowns within reach, in the order of [`MeanFieldEquations`].
    ///
    /// # Errors
    /// As [`Engine::prepare`].
    pub fn evolution(&self, problem: &Problem) -> Result<MomentEvolution, EngineError> {
        problem.moves_in_time(NAME)?;
        let stages = self.stages(problem)?;
        let start = stages[0].initial(&problem.initial).map_err(|e| unsupported(&e))?;
        let functionals = stages[0].equations().functionals(problem);
        let conditions = Conditions::new(stages[0].equations(), problem.model());
        let description = self.description(start.len());
        let resources = self.described(problem, start.len());
        MomentEvolution::new(MomentSetup {
            engine: NAME,
            problem: problem.clone(),
            fields: stages.into_iter().map(|stage| -> Box<dyn VectorField> { Box::new(stage) }).collect(),
            functionals,
            conditions,
            start,
            method: self.method.clone(),
            bounds: self.bounds,
            resources,
            description,
            explain: Box::new(|_, error| Box::new(error)),
        })
    }

    /// What a run with so many real unknowns needs.
    fn described(&self, problem: &Problem, unknowns: usize) -> Resources {
        let unknowns = unknowns as u64;
        let vectors = self.method.propagator(1).state_vectors(true) as u64 + 1;
        let report = vec![("real unknowns".to_owned(), unknowns.to_string())];
        Resources { unknowns, memory: 8 * vectors * unknowns + memory_of_records(problem), report }
    }

    /// The initial state 'mean-field state': the solution of a problem's mean-field equations at `time`,
    /// through all the stages that have begun by then, as the product state with these means (coherent modes,
    /// identical spins).
    ///
    /// # Errors
    /// [`EngineError::Unsupported`] for a time that is not finite or before the problem's first, else as
    /// [`Engine::prepare`] and [`Evolution::advance`].
    pub fn product_state_at(&self, problem: &Problem, time: f64) -> Result<InitialState, EngineError> {
        let problem = Problem { observables: Vec::new(), ..problem.clone() };
        let equations = self.stages(&problem)?.swap_remove(0);
        let mut bounded = self.clone();
        if let Method::Dop853(options) = &mut bounded.method {
            options.max_steps = options.max_steps.min(MOST_STEPS);
        }
        let mut evolution = bounded.evolution(&problem)?;
        let start = evolution.time();
        if !time.is_finite() || time < start {
            let reason =
                format!("the time of the mean-field state must be finite and >= {start}, but is {time}");
            return Err(EngineError::Unsupported { engine: NAME, reason });
        }
        if time > start {
            let mut silent = |_: f64, _: Vec<Measurement>, _: &Diagnostics| ControlFlow::Continue(());
            evolution.advance(&[time], &mut silent).map_err(|error| match error {
                EngineError::TooLong { needed, limit, .. } => {
                    let reason = format!(
                        "mean field would take about {needed:.0e} steps to reach the time {time:e}, but at most {limit:e} are made; shorten `time`"
                    );
                    EngineError::Unsupported { engine: NAME, reason }
                }
                other => other,
            })?;
        }
        Ok(equations.product_state(evolution.unknowns()))
    }

    fn description(&self, unknowns: usize) -> serde_json::Map<String, serde_json::Value> {
        let mut map = serde_json::Map::new();
        map.insert("order".into(), 1.into());
        map.insert("limit".into(), serde_json::json!(self.limit));
        map.insert("gilbert".into(), self.gilbert.clone().into());
        map.insert("unknowns".into(), unknowns.into());
        map
    }
}

impl Engine for MeanField {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, problem: &Problem) -> Result<Resources, EngineError> {
        Ok(self.described(problem, self.stages(problem)?.first().map_or(0, MeanFieldEquations::dim)))
    }

    fn prepare(&self, problem: &Problem) -> Result<Box<dyn Evolution>, EngineError> {
        Ok(Box::new(self.evolution(problem)?))
    }
}
