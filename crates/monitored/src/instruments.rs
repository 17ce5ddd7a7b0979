//! What is measured of a conditional state: numbers linear in it, functions of its own expectation values, and
//! observables from their averages.

use std::ops::Range;

use num_complex::Complex64;
use superladder_engine::{EngineError, Problem, refuse};
use superladder_model::{Evaluation, Observable, Operator, Sampled, StateFunction};
use superladder_sampling::{Functions, Own};
use superladder_space::{Space, SparseMatrix};

use crate::error::NAME;
use crate::state::Layout;

/// Where an observable finds its numbers.
#[derive(Debug, Clone, Default)]
struct Plan {
    /// Operators whose expectation values it is a function of.
    operators: Vec<usize>,
    /// Numbers of its own.
    numbers: Range<usize>,
}

/// An operator: its matrix in every sector, and where its expectation value stands.
#[derive(Debug, Clone)]
struct Expectation {
    matrices: Vec<SparseMatrix>,
    range: Range<usize>,
}

/// Populations that are summed: by sector, which number the population of each state belongs to.
#[derive(Debug, Clone)]
struct Populations {
    places: Vec<Vec<Option<usize>>>,
}

/// The numbers taken of every state.
#[derive(Debug)]
pub(crate) struct Instruments {
    observables: Vec<Observable>,
    /// Values of every observable, by number.
    lengths: Vec<usize>,
    operators: Vec<Expectation>,
    sampled: Vec<(Sampled, Vec<usize>, Range<usize>)>,
    populations: Vec<Populations>,
    /// By mode that something may leave, the number of the population of its highest levels.
    edges: Vec<usize>,
    plans: Vec<Plan>,
    count: usize,
}

/// The operators of an observable.
fn operators(observable: &Observable) -> &[Operator] {
    match &observable.evaluation {
        Evaluation::Moments { operators, .. } | Evaluation::Sampled(Sampled { operators, .. }) => operators,
        Evaluation::State(_) => &[],
    }
}

impl Instruments {
    /// For the observables of a problem.
    ///
    /// # Errors
    /// [`EngineError::Observable`] for what is not linear in the density matrix.
    pub(crate) fn new(space: &Space, problem: &Problem) -> Result<Self, EngineError> {
        let levels = problem.levels();
        let length = |o: &Observable| o.shape(problem.model(), &levels).len();
        let mut instruments = Self {
            observables: problem.observables.clone(),
            lengths: problem.observables.iter().map(length).collect(),
            operators: Vec::new(),
            sampled: Vec::new(),
            populations: Vec::new(),
            edges: Vec::new(),
            plans: Vec::new(),
            count: 0,
        };
        let mut known: Vec<&Operator> = Vec::new();
        for (observable, length) in problem.observables.iter().zip(instruments.lengths.clone()) {
            let numbers: Vec<usize> = operators(observable)
                .iter()
                .map(|operator| {
                    known.iter().position(|k| *k == operator).unwrap_or_else(|| {
                        known.push(operator);
                        instruments.add_operator(space, operator);
                        known.len() - 1
                    })
                })
                .collect();
            let plan = match &observable.evaluation {
                Evaluation::Moments { .. } => Plan { operators: numbers, ..Plan::default() },
                Evaluation::Sampled(sampled) => {
                    let range = instruments.take(sampled.width);
                    instruments.sampled.push((sampled.clone(), numbers, range.clone()));
                    Plan { numbers: range, ..Plan::default() }
                }
                Evaluation::State(function) => {
                    let range = instruments.take(length);
                    let numbers = instruments.add_populations(space, function, range, observable)?;
                    Plan { numbers, ..Plan::default() }
                }
            };
            instruments.plans.push(plan);
        }
        instruments.add_edges(space, problem);
        Ok(instruments)
    }

    fn take(&mut self, length: usize) -> Range<usize> {
        self.count += length;
        self.count - length..self.count
    }

    fn add_operator(&mut self, space: &Space, operator: &Operator) {
        let matrices = (0..space.sectors().len()).map(|sector| space.matrix(operator, sector)).collect();
        let range = self.take(if operator.is_hermitian() { 1 } else { 2 });
        self.operators.push(Expectation { matrices, range });
    }

    fn sum_populations(
        &mut self,
        space: &Space,
        place: impl Fn(&superladder_space::Sector, usize) -> Option<usize>,
    ) {
        let of = |sector: &superladder_space::Sector| (0..sector.dim()).map(|i| place(sector, i)).collect();
        self.populations.push(Populations { places: space.sectors().iter().map(of).collect() });
    }

    fn add_populations(
        &mut self,
        space: &Space,
        function: &StateFunction,
        range: Range<usize>,
        observable: &Observable,
    ) -> Result<Range<usize>, EngineError> {
        const TOP: usize = 2;
        let first = range.start;
        match *function {
            StateFunction::PhotonDistribution(m) => {
                self.sum_populations(space, |sector, i| Some(first + sector.labels(i)[m] as usize));
            }
            StateFunction::TopPopulation(m) => {
                let levels = space.levels()[m];
                self.sum_populations(space, |sector, i| {
                    (sector.labels(i)[m] as usize + TOP >= levels).then_some(first)
                });
            }
            StateFunction::LadderDistribution(e) => {
                self.sum_populations(space, |sector, _| Some(first + sector.twice_j[e] / 2));
            }
            StateFunction::ReducedState(_) => {
                let reason = "its average over records is that of the averaged state; use the engine 'exact'";
                return Err(refuse(NAME, observable, reason));
            }
            StateFunction::Purity
            | StateFunction::Entropy
            | StateFunction::ReducedPurity(_)
            | StateFunction::ReducedEntropy(_) => {
                let reason = "it is not linear in the density matrix, so that averages over records do not give it; use the \
                              engine 'exact'";
                return Err(refuse(NAME, observable, reason));
            }
        }
        Ok(range)
    }

    /// By mode, the population of as many of the highest levels as the largest step of a term, and of at least two.
    fn add_edges(&mut self, space: &Space, problem: &Problem) {
        for (m, levels) in space.levels().iter().enumerate() {
            let reach = problem.stages.iter().map(|s| s.model.reach(m)).max().unwrap_or(0);
            if reach == 0 {
                continue;
            }
            let number = self.take(1).start;
            let edge = reach.max(2);
            self.sum_populations(space, |sector, i| {
                (sector.labels(i)[m] as usize + edge >= *levels).then_some(number)
            });
            self.edges.push(number);
        }
    }

    /// Numbers per state.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The numbers of a state of trace 1.
    pub(crate) fn numbers(&self, layout: &Layout, rho: &[Complex64]) -> Vec<f64> {
        let mut numbers = vec![0.0; self.count];
        let values: Vec<Complex64> = self.operators.iter().map(|o| o.value(layout, rho)).collect();
        for (operator, value) in self.operators.iter().zip(&values) {
            let place = numbers[operator.range.clone()].iter_mut();
            place.zip([value.re, value.im]).for_each(|(number, x)| *number = x);
        }
        for (sampled, operators, range) in &self.sampled {
            let found: Vec<Complex64> = operators.iter().map(|o| values[*o]).collect();
            let own = (sampled.numbers)(&found, &sampled.context);
            numbers[range.clone()].iter_mut().zip(own).for_each(|(number, x)| *number = x);
        }
        for populations in &self.populations {
            for (sector, places) in populations.places.iter().enumerate() {
                let dim = layout.dim(sector);
                let diagonal = rho[layout.block(sector)].iter().step_by(dim + 1);
                for (place, x) in places.iter().zip(diagonal).filter_map(|(p, x)| Some(((*p)?, x))) {
                    numbers[place] += x.re;
                }
            }
        }
        numbers
    }

    fn expectations(&self, operators: &[usize], means: &[f64]) -> Vec<Complex64> {
        let of = |o: &usize| match means[self.operators[*o].range.clone()] {
            [re, im] => Complex64::new(re, im),
            [re] => Complex64::from(re),
            _ => Complex64::ZERO,
        };
        operators.iter().map(of).collect()
    }

    /// Largest population of the levels from which something may leave a mode.
    pub(crate) fn top_population(&self, means: &[f64]) -> Option<f64> {
        self.edges.iter().map(|number| means[*number]).reduce(f64::max)
    }
}

impl Expectation {
    /// `tr(O rho)`.
    fn value(&self, layout: &Layout, rho: &[Complex64]) -> Complex64 {
        let mut sum = Complex64::ZERO;
        for (sector, matrix) in self.matrices.iter().enumerate() {
            let (dim, rho) = (layout.dim(sector), &rho[layout.block(sector)]);
            for (i, row) in matrix.outer_iterator().enumerate() {
                for (k, x) in row.iter() {
                    sum += x * rho[k * dim + i];
                }
            }
        }
        sum
    }
}

impl Instruments {
    /// The observables, with their numbers of values.
    fn own(&self) -> impl Iterator<Item = (Own<'_, impl Fn(&[f64]) -> Vec<Complex64>>, usize)> {
        self.plans.iter().zip(&self.observables).zip(&self.lengths).map(|((plan, observable), length)| {
            let expectations = |means: &[f64]| self.expectations(&plan.operators, means);
            let numbers = plan.numbers.clone();
            (Own { evaluation: &observable.evaluation, expectations, numbers }, *length)
        })
    }
}

impl Functions for Instruments {
    fn values(&self, means: &[f64]) -> Vec<Vec<f64>> {
        self.own().map(|(own, _)| own.values(means)).collect()
    }

    fn along(&self, means: &[f64], guide: &[f64]) -> Vec<Option<f64>> {
        self.own().flat_map(|(own, length)| own.along(means, guide, length)).collect()
    }
}
