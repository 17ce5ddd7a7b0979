//! What is measured of a sample: products of its variables, and observables from their averages.

use std::ops::Range;

use num_complex::Complex64;
use superladder_cumulant::{PhaseSpace, Symbol};
use superladder_engine::Problem;
use superladder_model::{Evaluation, Observable, Operator, Sampled};
use superladder_sampling::{Functions, Own};

use crate::lanes::{LANES, Lane};

/// `<O>` as a sum of averages: coefficients and numbers of products.
type Expectation = Vec<(Complex64, usize)>;

/// The products of variables that the observables need, and how these follow from their averages.
///
/// Averages over the Wigner function are those of symmetrised products; what ordering adds is in the symbols:
/// `<a^dag a> = <|alpha|^2> - 1/2`.
#[derive(Debug, Clone)]
pub(crate) struct Instruments {
    problem: Problem,
    /// Every different product, by the numbers of its variables; the constant is none.
    products: Vec<Vec<u32>>,
    /// Observables of single samples, by number, with where their numbers are behind the products.
    sampled: Vec<(usize, Range<usize>)>,
    /// Numbers per sample and output time.
    count: usize,
    /// By observable.
    expectations: Vec<Vec<(Complex64, Expectation)>>,
}

impl Instruments {
    pub(crate) fn new(problem: &Problem, space: &PhaseSpace) -> Self {
        let mut products: Vec<Vec<u32>> = Vec::new();
        let mut expectation = |operator: &Operator| {
            let (mut constant, mut sum) = (Complex64::ZERO, Expectation::new());
            let symbol: Symbol = space.symbol(operator);
            for (c, list) in symbol {
                if list.is_empty() {
                    constant += c;
                    continue;
                }
                let place = products.iter().position(|p| *p == list).unwrap_or_else(|| {
                    products.push(list);
                    products.len() - 1
                });
                sum.push((c, place));
            }
            (constant, sum)
        };
        let of = |evaluation: &Evaluation| match evaluation {
            Evaluation::Moments { operators, .. } => operators.iter().map(&mut expectation).collect(),
            Evaluation::Sampled(sampled) => sampled.operators.iter().map(&mut expectation).collect(),
            // Refused before.
            Evaluation::State(_) => Vec::new(),
        };
        let expectations = problem.observables.iter().map(|o| &o.evaluation).map(of).collect();
        let (mut count, mut sampled) = (products.len(), Vec::new());
        for (number, observable) in problem.observables.iter().enumerate() {
            if let Evaluation::Sampled(Sampled { width, .. }) = observable.evaluation {
                sampled.push((number, count..count + width));
                count += width;
            }
        }
        Self { problem: problem.clone(), products, sampled, count, expectations }
    }

    /// Numbers per sample and output time.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Writes the products of every lane behind what is in `rows`.
    pub(crate) fn tally(&self, v: &[Lane], rows: &mut [Vec<f64>]) {
        for list in &self.products {
            let mut product = Lane::all(1.0);
            for variable in list {
                let factor = &v[*variable as usize];
                (0..LANES).for_each(|l| product.0[l] *= factor.0[l]);
            }
            rows.iter_mut().zip(product.0).for_each(|(row, x)| row.push(x));
        }
        for row in rows.iter_mut().filter(|_| !self.sampled.is_empty()) {
            self.tally_single(row);
        }
    }

    /// Writes what a single sample shows behind its products, which `row` ends with.
    fn tally_single(&self, row: &mut Vec<f64>) {
        let products = row[row.len() - self.products.len()..].to_vec();
        for (number, _) in &self.sampled {
            if let Evaluation::Sampled(sampled) = &self.problem.observables[*number].evaluation {
                row.extend((sampled.numbers)(&self.evaluated(*number, &products), &sampled.context));
            }
        }
    }

    /// Where the numbers of an observable of single samples are.
    fn place(&self, observable: usize) -> Range<usize> {
        let known = self.sampled.iter().find(|(number, _)| *number == observable);
        known.map_or(0..0, |(_, range)| range.clone())
    }

    fn evaluated(&self, observable: usize, means: &[f64]) -> Vec<Complex64> {
        let of = |(constant, sum): &(Complex64, Expectation)| {
            constant + sum.iter().map(|(c, place)| c * means[*place]).sum::<Complex64>()
        };
        self.expectations[observable].iter().map(of).collect()
    }
}

impl Instruments {
    /// An observable of single samples has numbers of its own; functions of the state are refused before.
    fn own(&self, number: usize) -> Own<'_, impl Fn(&[f64]) -> Vec<Complex64>> {
        let expectations = move |means: &[f64]| self.evaluated(number, means);
        let evaluation = &self.problem.observables[number].evaluation;
        Own { evaluation, expectations, numbers: self.place(number) }
    }
}

impl Functions for Instruments {
    fn values(&self, means: &[f64]) -> Vec<Vec<f64>> {
        (0..self.problem.observables.len()).map(|number| self.own(number).values(means)).collect()
    }

    fn along(&self, means: &[f64], guide: &[f64]) -> Vec<Option<f64>> {
        let along = |(number, observable): (usize, &Observable)| {
            let count = observable.shape(self.problem.model(), &[]).len();
            self.own(number).along(means, guide, count)
        };
        self.problem.observables.iter().enumerate().flat_map(along).collect()
    }
}
