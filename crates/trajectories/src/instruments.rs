//! What is measured of a pure state: numbers linear in `|psi><psi|`, and observables from their averages.

use std::cell::RefCell;
use std::ops::Range;

use num_complex::Complex64;
use superladder_engine::{EngineError, Problem, refuse};
use superladder_model::{Evaluation, Observable, Operator, StateFunction, Subsystem};
use superladder_space::{Axis, Ladders};

use crate::error::NAME;
use crate::laboratory;
use crate::leaving::may_leave;
use crate::locality::Locality;
use crate::products::{ActScratch, Bands, Layout, Table, act};
use crate::trajectory::Snapshot;

/// Where an observable finds its numbers.
#[derive(Debug, Clone)]
enum Plan {
    /// The expectation values of these operators.
    Moments(Vec<usize>),
    /// These numbers as they are.
    Plain(Range<usize>),
    /// The sum of the last two numbers.
    Top(Range<usize>),
}

/// A reduced density matrix and its numbers.
#[derive(Debug, Clone)]
struct Reduced {
    axis: usize,
    /// Levels below the cutoff for a mode; spins for an ensemble.
    size: usize,
    range: Range<usize>,
}

/// The Fock populations of a mode.
#[derive(Debug, Clone)]
struct Photons {
    range: Range<usize>,
    /// Levels below the cutoff from which something may leave it; none if nothing can.
    reach: usize,
    /// Whether its frame moves, so that they need a transformation.
    moving: bool,
    /// Whether they are taken.
    taken: bool,
}

/// The numbers taken of every state: expectation values as pairs, populations of Fock levels and of ladders,
/// elements of reduced density matrices as pairs.
#[derive(Debug, Clone)]
pub(crate) struct Instruments {
    table: Table,
    /// Every different product of factors in the operators, by the numbers in the table.
    moments: Vec<Vec<usize>>,
    /// Operators as sums of coefficients times moments.
    operators: Vec<Vec<(Complex64, usize)>>,
    photons: Vec<Photons>,
    ladders: Vec<Range<usize>>,
    reduced: Vec<Reduced>,
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
        if let Evaluation::Moments { operators, .. } = &observable.evaluation {
            for operator in operators {
                if !known.contains(&operator) {
                    known.push(operator);
                }
            }
        }
    }
    known
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
        let (mut table, mut moments, mut sums) = (Table::default(), Vec::new(), Vec::new());
        for operator in &known {
            let terms = table.terms(layout, operator).into_iter().map(|term| {
                let number = moments.iter().position(|m| *m == term.products).unwrap_or_else(|| {
                    moments.push(term.products);
                    moments.len() - 1
                });
                (term.coefficient, number)
            });
            sums.push(terms.collect());
        }
        let levels: Vec<usize> = problem.cutoffs.iter().map(|c| c + 1).collect();
        let mut count = 2 * known.len();
        let mut range = |length: usize| {
            count += length;
            count - length..count
        };
        let leaving = may_leave(problem);
        let populations = |(m, levels): (usize, &usize)| Photons {
            range: range(*levels),
            reach: if leaving[m] {
                problem.stages.iter().map(|s| s.model.reach(m)).max().unwrap_or(0)
            } else {
                0
            },
            moving: locality.moving[m],
            taken: !locality.moving[m],
        };
        let mut photons: Vec<Photons> = levels.iter().enumerate().map(populations).collect();
        let by_ladder: Vec<_> = ladders.spins().iter().map(|spins| range(spins / 2 + 1)).collect();
        let (mut plans, mut reduced) = (Vec::new(), Vec::new());
        for observable in &problem.observables {
            plans.push(match &observable.evaluation {
                Evaluation::Moments { operators, .. } => {
                    let number = |o: &Operator| known.iter().position(|k| *k == o);
                    Plan::Moments(operators.iter().filter_map(number).collect())
                }
                Evaluation::State(StateFunction::PhotonDistribution(m)) => {
                    photons[*m].taken = true;
                    Plan::Plain(photons[*m].range.clone())
                }
                Evaluation::State(StateFunction::TopPopulation(m)) => {
                    photons[*m].taken = true;
                    Plan::Top(photons[*m].range.clone())
                }
                Evaluation::State(StateFunction::LadderDistribution(e)) => Plan::Plain(by_ladder[*e].clone()),
                Evaluation::State(StateFunction::ReducedState(subsystem)) => {
                    let range = range(observable.shape(problem.model(), &levels).len());
                    let size = match subsystem {
                        Subsystem::Mode(m) => levels[*m],
                        Subsystem::Ensemble(e) => ladders.spins()[*e],
                    };
                    reduced.push(Reduced { axis: layout.axis(*subsystem), size, range: range.clone() });
                    Plan::Plain(range)
                }
                Evaluation::State(
                    StateFunction::Purity
                    | StateFunction::Entropy
                    | StateFunction::ReducedPurity(_)
                    | StateFunction::ReducedEntropy(_),
                ) => return Err(not_linear(observable)),
            });
        }
        Ok(Self { table, moments, operators: sums, photons, ladders: by_ladder, reduced, plans, count })
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
        for (pair, terms) in sums.chunks_exact_mut(2).zip(&self.operators) {
            let value: Complex64 = terms.iter().map(|(c, moment)| c * values[*moment]).sum();
            pair[0] += value.re;
            pair[1] += value.im;
        }
        for (ladder, axis) in self.ladders.iter().zip(&basis.axes[self.photons.len()..]) {
            if let Axis::Dicke { twice_j, .. } = axis {
                sums[ladder.start + twice_j / 2] += 1.0;
            }
        }
        for (axis, photons) in self.photons.iter().enumerate().filter(|(_, p)| p.taken) {
            let levels = photons.range.len();
            if photons.moving {
                // The diagonal of a reduced state that is taken anyway is not made twice.
                let whole = self.reduced.iter().find(|r| r.axis == axis);
                let rho = match whole {
                    Some(reduced) => reduced.add(snapshot, sums),
                    None => laboratory::density(snapshot, axis, levels),
                };
                (0..levels).for_each(|n| sums[photons.range.start + n] += rho[n * (levels + 1)].re);
                continue;
            }
            basis.populations(axis, psi, populations);
            let start = photons.range.start + basis.windows[axis].low as usize;
            for (sum, population) in sums[start..].iter_mut().zip(populations.iter()) {
                *sum += population / square;
            }
        }
        let shared = |r: &&Reduced| self.photons.get(r.axis).is_some_and(|p| p.taken && p.moving);
        for reduced in self.reduced.iter().filter(|r| !shared(r)) {
            reduced.add(snapshot, sums);
        }
    }

    /// The values of every observable from averages of the numbers, flattened.
    pub(crate) fn values(&self, problem: &Problem, means: &[f64]) -> Vec<Vec<f64>> {
        let value = |(plan, observable): (&Plan, &superladder_model::Observable)| match plan {
            Plan::Moments(numbers) => match &observable.evaluation {
                Evaluation::Moments { combine, context, .. } => {
                    combine(&expectations(numbers, means), context)
                }
                Evaluation::State(_) => Vec::new(),
            },
            Plan::Plain(range) => means[range.clone()].to_vec(),
            Plan::Top(range) => vec![means[range.clone()].iter().rev().take(2).sum()],
        };
        self.plans.iter().zip(&problem.observables).map(value).collect()
    }

    /// The values, flattened, that are extreme over directions, in the directions of `guide`.
    pub(crate) fn along(&self, problem: &Problem, means: &[f64], guide: &[f64]) -> Vec<Option<f64>> {
        let value = |(plan, observable): (&Plan, &superladder_model::Observable)| {
            let along = match (plan, &observable.evaluation) {
                (Plan::Moments(numbers), Evaluation::Moments { combine, context, .. }) => {
                    combine.along(&expectations(numbers, means), &expectations(numbers, guide), context)
                }
                _ => None,
            };
            let count = match plan {
                Plan::Moments(_) => observable.shape(problem.model(), &[]).len(),
                Plan::Plain(range) => range.len(),
                Plan::Top(_) => 1,
            };
            along.unwrap_or_else(|| vec![None; count])
        };
        self.plans.iter().zip(&problem.observables).flat_map(value).collect()
    }

    /// Largest population of the Fock levels from which something may leave any mode that has a cutoff in the
    /// laboratory: as many as the largest step of a term, and at least two.
    pub(crate) fn top_population(&self, means: &[f64]) -> Option<f64> {
        let top = |photons: &Photons| {
            let levels = if photons.reach == 0 { 0 } else { photons.reach.max(2) };
            means[photons.range.clone()].iter().rev().take(levels).sum::<f64>()
        };
        self.photons.iter().filter(|p| !p.moving).map(top).reduce(f64::max)
    }
}

fn expectations(numbers: &[usize], means: &[f64]) -> Vec<Complex64> {
    numbers.iter().map(|n| Complex64::new(means[2 * n], means[2 * n + 1])).collect()
}

fn not_linear(observable: &Observable) -> EngineError {
    let reason = "it is not linear in the density matrix, so that averages over pure states do not give it; use the \
                  engine 'exact'";
    refuse(NAME, observable, reason)
}

impl Reduced {
    /// Adds `sum_rest psi(x, rest) conj psi(x', rest)` and returns it; blocks of an ensemble follow each
    /// other, j ascending.
    fn add(&self, snapshot: Snapshot<'_>, sums: &mut [f64]) -> Vec<Complex64> {
        let (levels, before) = match snapshot.basis.axes[self.axis] {
            Axis::Fock { .. } => (self.size, 0),
            Axis::Dicke { spins, twice_j } => {
                let smaller = (spins % 2..twice_j).step_by(2).map(|tj| 2 * (tj + 1) * (tj + 1)).sum();
                (twice_j + 1, smaller)
            }
        };
        let start = self.range.start + before;
        let rho = laboratory::density(snapshot, self.axis, levels);
        for (pair, value) in sums[start..].chunks_exact_mut(2).zip(&rho) {
            pair[0] += value.re;
            pair[1] += value.im;
        }
        rho
    }
}
