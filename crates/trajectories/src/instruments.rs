//! What is measured of a pure state: numbers linear in `|psi><psi|`, and observables from their averages.

use std::ops::Range;

use num_complex::Complex64;
use superladder_engine::{EngineError, Problem, refuse};
use superladder_model::{Evaluation, Operator, StateFunction, Subsystem};
use superladder_space::Space;

use crate::engine::NAME;
use crate::rows::Rows;

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

/// A reduced density matrix: the position of the subsystem in the labels, rows per block, and the blocks' numbers.
#[derive(Debug, Clone)]
struct Reduced {
    subsystem: Subsystem,
    range: Range<usize>,
}

/// The numbers taken of every state: expectation values as pairs, populations of Fock levels and of ladders, elements
/// of reduced density matrices as pairs.
#[derive(Debug, Clone)]
pub(crate) struct Instruments {
    /// By operator and sector.
    operators: Vec<Vec<Rows>>,
    photons: Vec<Range<usize>>,
    ladders: Vec<Range<usize>>,
    reduced: Vec<Reduced>,
    plans: Vec<Plan>,
    count: usize,
}

impl Instruments {
    /// For the observables of a problem.
    ///
    /// # Errors
    /// [`EngineError::Observable`] for what is not linear in the density matrix.
    pub(crate) fn new(problem: &Problem, space: &Space) -> Result<Self, EngineError> {
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
        let sectors = 0..space.sectors().len();
        let matrices = |o: &&Operator| {
            sectors.clone().map(|s| Rows::new(&space.matrix(o, s), Complex64::ONE)).collect::<Vec<_>>()
        };
        let operators: Vec<Vec<Rows>> = known.iter().map(matrices).collect();
        let mut count = 2 * operators.len();
        let mut range = |length: usize| {
            count += length;
            count - length..count
        };
        let photons: Vec<_> = space.levels().iter().map(|levels| range(*levels)).collect();
        let ladders: Vec<_> = space.spins().iter().map(|spins| range(spins / 2 + 1)).collect();
        let (mut plans, mut reduced) = (Vec::new(), Vec::new());
        for observable in &problem.observables {
            plans.push(match &observable.evaluation {
                Evaluation::Moments { operators, .. } => {
                    let number = |o: &Operator| known.iter().position(|k| *k == o);
                    Plan::Moments(operators.iter().filter_map(number).collect())
                }
                Evaluation::State(StateFunction::PhotonDistribution(m)) => Plan::Plain(photons[*m].clone()),
                Evaluation::State(StateFunction::LadderDistribution(e)) => Plan::Plain(ladders[*e].clone()),
                Evaluation::State(StateFunction::TopPopulation(m)) => Plan::Top(photons[*m].clone()),
                Evaluation::State(StateFunction::ReducedState(subsystem)) => {
                    let range = range(observable.shape(problem.model(), space.levels()).len());
                    reduced.push(Reduced { subsystem: *subsystem, range: range.clone() });
                    Plan::Plain(range)
                }
                Evaluation::State(
                    StateFunction::Purity
                    | StateFunction::Entropy
                    | StateFunction::ReducedPurity(_)
                    | StateFunction::ReducedEntropy(_),
                ) => {
                    let reason = "it is not linear in the density matrix, so that averages over pure states do not \
                                  give it; use the engine 'exact'";
                    return Err(refuse(NAME, observable, reason));
                }
            });
        }
        Ok(Self { operators, photons, ladders, reduced, plans, count })
    }

    /// Numbers per state.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Adds the numbers of the state `psi / |psi|` of a sector to `sums`.
    pub(crate) fn add(&self, space: &Space, number: usize, psi: &[Complex64], square: f64, sums: &mut [f64]) {
        for (pair, matrices) in sums.chunks_exact_mut(2).zip(&self.operators) {
            let value = matrices[number].expectation(psi) / square;
            pair[0] += value.re;
            pair[1] += value.im;
        }
        let sector = &space.sectors()[number];
        for (ladder, twice_j) in self.ladders.iter().zip(&sector.twice_j) {
            sums[ladder.start + twice_j / 2] += 1.0;
        }
        for (state, amplitude) in psi.iter().enumerate() {
            let population = amplitude.norm_sqr() / square;
            for (photons, label) in self.photons.iter().zip(sector.labels(state)) {
                sums[photons.start + *label as usize] += population;
            }
        }
        for reduced in &self.reduced {
            reduced.add(space, number, psi, square, sums);
        }
    }

    /// The values of every observable from averages of the numbers, flattened.
    pub(crate) fn values(&self, problem: &Problem, means: &[f64]) -> Vec<Vec<f64>> {
        let value = |(plan, observable): (&Plan, &superladder_model::Observable)| match plan {
            Plan::Moments(numbers) => match &observable.evaluation {
                Evaluation::Moments { combine, context, .. } => {
                    let mean = |n: &usize| Complex64::new(means[2 * n], means[2 * n + 1]);
                    combine(&numbers.iter().map(mean).collect::<Vec<_>>(), context)
                }
                Evaluation::State(_) => Vec::new(),
            },
            Plan::Plain(range) => means[range.clone()].to_vec(),
            Plan::Top(range) => vec![means[range.clone()].iter().rev().take(2).sum()],
        };
        self.plans.iter().zip(&problem.observables).map(value).collect()
    }

    /// Largest population of the two highest Fock levels of any mode.
    pub(crate) fn top_population(&self, means: &[f64]) -> Option<f64> {
        let top = |range: &Range<usize>| means[range.clone()].iter().rev().take(2).sum::<f64>();
        self.photons.iter().map(top).reduce(f64::max)
    }

    /// Bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.operators.iter().flatten().map(Rows::memory).sum()
    }
}

impl Reduced {
    /// Adds `sum_rest psi(x, rest) conj psi(x', rest)`; blocks of an ensemble follow each other, j ascending.
    fn add(&self, space: &Space, number: usize, psi: &[Complex64], square: f64, sums: &mut [f64]) {
        let sector = &space.sectors()[number];
        let (position, lowest, dim, before) = match self.subsystem {
            Subsystem::Mode(m) => (m, 0, space.levels()[m], 0),
            Subsystem::Ensemble(e) => {
                let (spins, twice_j) = (space.spins()[e], sector.twice_j[e]);
                let smaller = (spins % 2..twice_j).step_by(2).map(|tj| 2 * (tj + 1) * (tj + 1)).sum();
                (space.levels().len() + e, (spins - twice_j) / 2, twice_j + 1, smaller)
            }
        };
        let start = self.range.start + before;
        for (state, amplitude) in psi.iter().enumerate() {
            let mut labels: Vec<i64> = sector.labels(state).iter().map(|l| i64::from(*l)).collect();
            let row = labels[position] as usize - lowest;
            for column in 0..dim {
                labels[position] = (column + lowest) as i64;
                let Some(other) = sector.find(&labels) else { continue };
                let value = amplitude * psi[other].conj() / square;
                let index = start + 2 * (row * dim + column);
                sums[index] += value.re;
                sums[index + 1] += value.im;
            }
        }
    }
}
