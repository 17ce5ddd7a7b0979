//! What is measured of a pure state: numbers linear in `|psi><psi|`, and observables from their averages.

use std::cell::RefCell;
use std::ops::Range;

use num_complex::Complex64;
use superladder_engine::{EngineError, Problem, refuse};
use superladder_model::{Evaluation, Observable, Operator, Sampled, StateFunction, Subsystem};
use superladder_sampling::Own;
use superladder_space::{Axis, Ladders};

use crate::error::NAME;
use crate::laboratory;
use crate::leaving::may_leave;
use crate::locality::Locality;
use crate::numbers::{Expectation, Photons, Places, Reduced};
use crate::products::{ActScratch, Bands, Layout, Table, act};
use crate::trajectory::Snapshot;

/// Where an observable finds its numbers.
#[derive(Debug, Clone, Default)]
struct Plan {
    /// Operators whose expectation values it is a function of.
    operators: Vec<usize>,
    /// Numbers of its own.
    numbers: Range<usize>,
}

/// The numbers taken of every state, and no others: expectation values; populations of Fock levels and of
/// ladders and elements of reduced density matrices where an observable asks for them; the population of the
/// highest Fock levels, if anything can leave them.
#[derive(Debug, Clone)]
pub(crate) struct Instruments {
    table: Table,
    /// Every different product of factors in the operators, by the numbers in the table.
    moments: Vec<Vec<usize>>,
    operators: Vec<Expectation>,
    photons: Vec<Photons>,
    ladders: Vec<Option<Range<usize>>>,
    reduced: Vec<Reduced>,
    /// Functions of the expectation values of operators in every state, and where their numbers are.
    sampled: Vec<(Sampled, Vec<usize>, Range<usize>)>,
    plans: Vec<Plan>,
    count: usize,
}

/// Buffers of one thread.
#[derive(Debug, Default)]
struct Scratch {
    bands: Bands,
    act: ActScratch,
    values: Vec<Complex64>,
    populations: Vec<f64>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Different operators in the observables of a problem.
fn operators(problem: &Problem) -> Vec<&Operator> {
    let mut known: Vec<&Operator> = Vec::new();
    for observable in &problem.observables {
        let (Evaluation::Moments { operators, .. } | Evaluation::Sampled(Sampled { operators, .. })) =
            &observable.evaluation
        else {
            continue;
        };
        for operator in operators {
            if !known.contains(&operator) {
                known.push(operator);
            }
        }
    }
    known
}

/// By mode, the population of the Fock levels from which something may leave it: as many as the largest step of a
/// term, and at least two.
fn photons(problem: &Problem, locality: &Locality, places: &mut Places) -> Vec<Photons> {
    let leaving = may_leave(problem);
    let reach = |m: usize| problem.stages.iter().map(|s| s.model.reach(m)).max().unwrap_or(0);
    let of = |(m, cutoff): (usize, &usize)| {
        let reach = if leaving[m] { reach(m) } else { 0 };
        let edge = (reach > 0).then(|| (reach.max(2), places.take(1).start));
        Photons { levels: cutoff + 1, moving: locality.moving[m], all: None, top: None, edge }
    };
    problem.cutoffs.iter().enumerate().map(of).collect()
}

impl Instruments {
    /// For the observables of a problem.
    ///
    /// # Errors
    /// [`EngineError::Observable`] for what is not linear in the density matrix.
    pub(crate) fn new(
        problem: &Problem,
        layout: &Layout,
        ladders: &Ladders,
        locality: &Locality,
    ) -> Result<Self, EngineError> {
        let known = operators(problem);
        let mut places = Places::default();
        let (mut table, mut moments) = (Table::default(), Vec::new());
        let expectation = |operator: &&Operator| {
            let terms = table.terms(layout, operator).into_iter().map(|term| {
                let number = moments.iter().position(|m| *m == term.products).unwrap_or_else(|| {
                    moments.push(term.products);
                    moments.len() - 1
                });
                (term.coefficient, number)
            });
            let terms = terms.collect();
            Expectation { terms, range: places.take(if operator.is_hermitian() { 1 } else { 2 }) }
        };
        let operators = known.iter().map(expectation).collect();
        let mut instruments = Self {
            table,
            moments,
            operators,
            photons: photons(problem, locality, &mut places),
            ladders: vec![None; ladders.spins().len()],
            reduced: Vec::new(),
            sampled: Vec::new(),
            plans: Vec::new(),
            count: 0,
        };
        for observable in &problem.observables {
            let number = |o: &Operator| known.iter().position(|k| *k == o);
            let numbers = |operators: &[Operator]| operators.iter().filter_map(number).collect();
            let plan = match &observable.evaluation {
                Evaluation::Moments { operators, .. } => {
                    Plan { operators: numbers(operators), ..Plan::default() }
                }
                Evaluation::Sampled(sampled) => {
                    let range = places.take(sampled.width);
                    instruments.sampled.push((sampled.clone(), numbers(&sampled.operators), range.clone()));
                    Plan { numbers: range, ..Plan::default() }
                }
                Evaluation::State(function) => {
                    let length = observable.shape(problem.model(), &problem.levels()).len();
                    let range = instruments.range_of(function, (layout, ladders), length, &mut places);
                    Plan { numbers: range.ok_or_else(|| not_linear(observable))?, ..Plan::default() }
                }
            };
            instruments.plans.push(plan);
        }
        instruments.count = places.count();
        Ok(instruments)
    }

    /// The `length` numbers of a function of the state, which are taken from now on; `None` if it is not linear.
    fn range_of(
        &mut self,
        function: &StateFunction,
        (layout, ladders): (&Layout, &Ladders),
        length: usize,
        places: &mut Places,
    ) -> Option<Range<usize>> {
        match function {
            StateFunction::PhotonDistribution(m) => {
                Some(self.photons[*m].all.get_or_insert_with(|| places.take(length)).clone())
            }
            StateFunction::TopPopulation(m) => {
                let number = *self.photons[*m].top.get_or_insert_with(|| places.take(1).start);
                Some(number..number + 1)
            }
            StateFunction::LadderDistribution(e) => {
                Some(self.ladders[*e].get_or_insert_with(|| places.take(length)).clone())
            }
            StateFunction::ReducedState(subsystem) => {
                let range = places.take(length);
                let size = match subsystem {
                    Subsystem::Mode(m) => self.photons[*m].levels,
                    Subsystem::Ensemble(e) => ladders.spins()[*e],
                };
                self.reduced.push(Reduced { axis: layout.axis(*subsystem), size, range: range.clone() });
                Some(range)
            }
            StateFunction::Purity
            | StateFunction::Entropy
            | StateFunction::ReducedPurity(_)
            | StateFunction::ReducedEntropy(_) => None,
        }
    }

    /// Numbers per state.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Adds the numbers of a normalised state to `sums`.
    pub(crate) fn add(&self, snapshot: Snapshot<'_>, sums: &mut [f64]) {
        SCRATCH.with_borrow_mut(|scratch| self.add_with(snapshot, scratch, sums));
    }

    fn add_with(&self, snapshot: Snapshot<'_>, scratch: &mut Scratch, sums: &mut [f64]) {
        let Snapshot { basis, psi, square } = snapshot;
        let Scratch { bands, act: buffers, values, populations } = scratch;
        bands.fill(&self.table, basis);
        values.clear();
        for products in &self.moments {
            act(&self.table, bands, basis, products, |_| 0, psi, buffers);
            values.push(psi.dot(&buffers.image) / square);
        }
        self.operators.iter().for_each(|operator| operator.enter(values, sums));
        for (sampled, operators, range) in &self.sampled {
            let found: Vec<Complex64> =
                operators.iter().map(|o| self.operators[*o].made_of(values)).collect();
            let numbers = (sampled.numbers)(&found, &sampled.context);
            sums[range.clone()].iter_mut().zip(numbers).for_each(|(sum, x)| *sum += x);
        }
        for (ladder, axis) in self.ladders.iter().zip(&basis.axes[self.photons.len()..]) {
            if let (Some(ladder), Axis::Dicke { twice_j, .. }) = (ladder, axis) {
                sums[ladder.start + twice_j / 2] += 1.0;
            }
        }
        for (axis, photons) in self.photons.iter().enumerate().filter(|(_, p)| p.is_taken()) {
            let levels = photons.levels;
            if photons.moving {
                // The diagonal of a reduced state that is taken anyway is not made twice.
                let whole = self.reduced.iter().find(|r| r.axis == axis);
                let rho = match whole {
                    Some(reduced) => reduced.add(snapshot, sums),
                    None => laboratory::density(snapshot, axis, levels),
                };
                (0..levels).for_each(|n| photons.enter(n, rho[n * (levels + 1)].re, sums));
                continue;
            }
            basis.populations(axis, psi, populations);
            let first = basis.windows[axis].low as usize;
            populations.iter().zip(first..).for_each(|(p, n)| photons.enter(n, p / square, sums));
        }
        let shared = |r: &&Reduced| self.photons.get(r.axis).is_some_and(|p| p.is_taken() && p.moving);
        for reduced in self.reduced.iter().filter(|r| !shared(r)) {
            reduced.add(snapshot, sums);
        }
    }

    /// The expectation value of the first operator in a state.
    pub(crate) fn single(&self, snapshot: Snapshot<'_>) -> Complex64 {
        let mut numbers = vec![0.0; self.count];
        self.add(snapshot, &mut numbers);
        self.expectations(&[0], &numbers)[0]
    }

    /// Expectation values of the operators with these numbers, of averages.
    fn expectations(&self, operators: &[usize], means: &[f64]) -> Vec<Complex64> {
        operators.iter().map(|o| self.operators[*o].of(means)).collect()
    }

    /// The observables.
    fn own<'a>(
        &'a self,
        problem: &'a Problem,
    ) -> impl Iterator<Item = Own<'a, impl Fn(&[f64]) -> Vec<Complex64>>> {
        self.plans.iter().zip(&problem.observables).map(|(plan, observable)| {
            let expectations = |means: &[f64]| self.expectations(&plan.operators, means);
            Own { evaluation: &observable.evaluation, expectations, numbers: plan.numbers.clone() }
        })
    }

    /// The values of every observable from averages of the numbers.
    pub(crate) fn values(&self, problem: &Problem, means: &[f64]) -> Vec<Vec<f64>> {
        self.own(problem).map(|own| own.values(means)).collect()
    }

    /// The values, flattened, that are extreme over directions, in the directions of `guide`.
    pub(crate) fn along(&self, problem: &Problem, means: &[f64], guide: &[f64]) -> Vec<Option<f64>> {
        let length = |o: &Observable| match &o.evaluation {
            Evaluation::State(_) => None,
            Evaluation::Moments { .. } | Evaluation::Sampled(_) => Some(o.shape(problem.model(), &[]).len()),
        };
        let along = |(own, observable): (Own<'_, _>, &Observable)| {
            let length = length(observable).unwrap_or(own.numbers.len());
            own.along(means, guide, length)
        };
        self.own(problem).zip(&problem.observables).flat_map(along).collect()
    }

    /// Largest population of the Fock levels from which something may leave any mode that has a cutoff in the
    /// laboratory.
    pub(crate) fn top_population(&self, means: &[f64]) -> Option<f64> {
        let top = |photons: &Photons| photons.edge.map_or(0.0, |(_, number)| means[number]);
        self.photons.iter().filter(|p| !p.moving).map(top).reduce(f64::max)
    }
}

fn not_linear(observable: &Observable) -> EngineError {
    let reason = "it is not linear in the density matrix, so that averages over pure states do not give it; use the \
                  engine 'exact'";
    refuse(NAME, observable, reason)
}
