//! Problems in Rust that read like study files.

use std::collections::BTreeSet;

use superladder_model::{Given, InitialState, Model, ModelError, Observable, observables_by_name};

use crate::{End, Problem, ProblemError, Stage};

/// A problem in the making, see [`Problem::builder`]. Names are looked up and checked by
/// [`ProblemBuilder::build`].
#[derive(Debug, Clone)]
pub struct ProblemBuilder {
    model: Model,
    initial: Vec<(String, String, Given)>,
    observables: Vec<Wanted>,
    times: Vec<f64>,
    cutoffs: Vec<(String, usize)>,
    quenches: Vec<(f64, Model)>,
}

/// What is to be measured: an observable by name as in study files (also the sets `default` and `all`), an
/// [`Observable`], or a list of one of both.
#[derive(Debug, Clone)]
pub struct Observables(Vec<Wanted>);

#[derive(Debug, Clone)]
enum Wanted {
    ByName(String),
    Own(Box<Observable>),
}

impl From<&str> for Observables {
    fn from(name: &str) -> Self {
        [name].into()
    }
}

impl<const N: usize> From<[&str; N]> for Observables {
    fn from(names: [&str; N]) -> Self {
        Self(names.map(|name| Wanted::ByName(name.to_owned())).into())
    }
}

impl From<Vec<String>> for Observables {
    fn from(names: Vec<String>) -> Self {
        Self(names.into_iter().map(Wanted::ByName).collect())
    }
}

impl From<Observable> for Observables {
    fn from(observable: Observable) -> Self {
        vec![observable].into()
    }
}

impl From<Vec<Observable>> for Observables {
    fn from(observables: Vec<Observable>) -> Self {
        Self(observables.into_iter().map(|o| Wanted::Own(Box::new(o))).collect())
    }
}

impl Problem {
    /// Starts a problem with this model. What is not said is as in study files: modes in the vacuum, spins
    /// down, the observables of the set `default`.
    pub fn builder(model: &Model) -> ProblemBuilder {
        ProblemBuilder {
            model: model.clone(),
            initial: Vec::new(),
            observables: Vec::new(),
            times: Vec::new(),
            cutoffs: Vec::new(),
            quenches: Vec::new(),
        }
    }
}

impl ProblemBuilder {
    /// State of a mode or an ensemble at the start: `.initial("a", "coherent", 0.5)`,
    /// `.initial("S", "up", ())`.
    pub fn initial(mut self, subsystem: &str, state: &str, given: impl Into<Given>) -> Self {
        self.initial.push((subsystem.to_owned(), state.to_owned(), given.into()));
        self
    }

    /// Highest Fock state kept of a mode. Every mode needs one; engines without a Fock space ignore it.
    pub fn cutoff(mut self, mode: &str, cutoff: usize) -> Self {
        self.cutoffs.push((mode.to_owned(), cutoff));
        self
    }

    /// What is measured, in addition to what was said before: `.observe(["photons(a)", "spin(S)"])` or an
    /// [`Observable`].
    pub fn observe(mut self, observables: impl Into<Observables>) -> Self {
        self.observables.extend(observables.into().0);
        self
    }

    /// `points` output times, evenly from `start` to `end`, both included.
    pub fn times(self, start: f64, end: f64, points: usize) -> Self {
        let intervals = points.saturating_sub(1);
        let time =
            |k: usize| if k == intervals { end } else { start + (end - start) * k as f64 / intervals as f64 };
        let times = if points == 1 { vec![start] } else { (0..points).map(time).collect() };
        self.at(times)
    }

    /// These output times, strictly increasing.
    pub fn at(mut self, times: impl Into<Vec<f64>>) -> Self {
        self.times = times.into();
        self
    }

    /// From `time` on the model is another one, with the same modes and ensembles.
    pub fn quench(mut self, time: f64, model: &Model) -> Self {
        self.quenches.push((time, model.clone()));
        self
    }

    /// Looks everything up and checks it.
    ///
    /// # Errors
    /// [`ProblemError`].
    pub fn build(self) -> Result<Problem, ProblemError> {
        let start = *self.times.first().ok_or(ProblemError::Empty { what: "output times" })?;
        let (initial, cutoffs) = (self.initial_state()?, self.all_cutoffs()?);
        let observables = self.all_observables()?;
        let stages = std::iter::once((start, self.model)).chain(self.quenches);
        let stages = stages.map(|(start, model)| Stage { start, model }).collect();
        let problem = Problem { stages, initial, observables, times: self.times, cutoffs, end: End::Records };
        problem.validate()?;
        Ok(problem)
    }

    fn initial_state(&self) -> Result<InitialState, ModelError> {
        let mut states = self.initial.iter().cloned();
        states.try_fold(InitialState::ground(&self.model), |state, (subsystem, name, given)| {
            state.with(&self.model, &subsystem, &name, given)
        })
    }

    fn all_cutoffs(&self) -> Result<Vec<usize>, ModelError> {
        let mut cutoffs = vec![None; self.model.modes().len()];
        for (mode, cutoff) in &self.cutoffs {
            cutoffs[self.model.mode_number(mode)?] = Some(*cutoff);
        }
        let missing = |name: &str| ModelError::Missing {
            key: "cutoff".into(),
            of: format!("mode '{name}'"),
            meaning: "highest Fock state kept; engines without a Fock space ignore it".into(),
        };
        self.model.modes().iter().zip(cutoffs).map(|(m, c)| c.ok_or_else(|| missing(&m.name))).collect()
    }

    fn all_observables(&self) -> Result<Vec<Observable>, ProblemError> {
        if self.observables.is_empty() {
            return Ok(observables_by_name(&self.model, &["default".to_owned()])?);
        }
        let mut all: Vec<Observable> = Vec::new();
        for wanted in &self.observables {
            match wanted {
                Wanted::ByName(name) => {
                    for observable in observables_by_name(&self.model, std::slice::from_ref(name))? {
                        let again = |known: &Observable| {
                            known.name == observable.name && known.definition == observable.definition
                        };
                        if !all.iter().any(again) {
                            all.push(observable);
                        }
                    }
                }
                Wanted::Own(own) => all.push((**own).clone()),
            }
        }
        let mut names = BTreeSet::new();
        match all.iter().find(|o| !names.insert(&o.name)) {
            Some(twice) => Err(ProblemError::DuplicateObservable { name: twice.name.clone() }),
            None => Ok(all),
        }
    }
}
