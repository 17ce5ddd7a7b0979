//! What is measured of every vector without looking at all of it: expectation values and marginal
//! populations.

use std::ops::Range;

use num_complex::Complex64;
use superladder_model::Operator;
use superladder_space::{Space, go_on};
use superladder_sparse::RealForm;

use crate::functionals::Functional;
use crate::layout::Layout;

/// States between two looks at whether to go on.
const STATES: usize = 1 << 13;

/// Linear functionals of a state vector, evaluated together: the expectation values of operators, then the
/// populations of the Fock levels of every mode, of the ladders of every ensemble and of its excitation
/// numbers.
#[derive(Debug, Clone)]
pub(crate) struct Probes {
    functionals: Vec<Functional>,
    /// Index of every population in a state vector, all sectors together.
    populations: Vec<usize>,
    /// For every population the marginals that it belongs to, `kinds` of them.
    slots: Vec<u32>,
    kinds: usize,
    photons: Vec<Range<usize>>,
    ladders: Vec<Range<usize>>,
    count: usize,
}

impl Probes {
    /// `None` once `halted` says so, which is asked for every few thousand states.
    pub(crate) fn new(
        space: &Space,
        layout: &Layout,
        operators: &[&Operator],
        halted: &dyn Fn() -> bool,
    ) -> Option<Self> {
        let functionals = operators.iter().map(|o| Functional::new(space, layout, o, halted));
        let functionals = functionals.collect::<Option<Vec<_>>>()?;
        let mut count = 2 * functionals.len();
        let mut range = |length: usize| {
            count += length;
            count - length..count
        };
        let total = range(1);
        let photons: Vec<_> = space.levels().iter().map(|levels| range(*levels)).collect();
        let ladders: Vec<_> = space.spins().iter().map(|spins| range(spins / 2 + 1)).collect();
        let excitations: Vec<_> = space.spins().iter().map(|spins| range(spins + 1)).collect();
        let kinds = 1 + photons.len() + 2 * ladders.len();
        let (mut populations, mut slots) = (Vec::new(), Vec::new());
        for (number, sector) in space.sectors().iter().enumerate() {
            for state in 0..sector.dim() {
                go_on(state, STATES, halted)?;
                let Some((index, _)) = layout.element(number, state, state) else { continue };
                populations.push(index);
                let labels = sector.labels(state).iter().map(|l| *l as usize);
                let rungs = sector.twice_j.iter().map(|twice_j| twice_j / 2);
                let ranges = photons.iter().chain(&excitations).zip(labels).chain(ladders.iter().zip(rungs));
                slots.push(total.start as u32);
                slots.extend(ranges.map(|(range, label)| (range.start + label) as u32));
            }
        }
        Some(Self { functionals, populations, slots, kinds, photons, ladders, count })
    }

    /// The same probes of states in a real form.
    pub(crate) fn in_form(self, form: &RealForm) -> Self {
        let functionals = self.functionals.iter().map(|f| f.in_form(form)).collect();
        let populations =
            self.populations.iter().filter_map(|index| form.read(*index).next()).map(|(u, _)| u).collect();
        Self { functionals, populations, ..self }
    }

    /// Number of values.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Evaluates all of them.
    pub(crate) fn evaluate(&self, vector: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for (value, functional) in out.chunks_exact_mut(2).zip(&self.functionals) {
            let Complex64 { re, im } = functional.evaluate(vector);
            (value[0], value[1]) = (re, im);
        }
        for (index, slots) in self.populations.iter().zip(self.slots.chunks_exact(self.kinds)) {
            for slot in slots {
                out[*slot as usize] += vector[*index];
            }
        }
    }

    /// Expectation value of operator number `n`.
    pub(crate) fn expectation(values: &[f64], n: usize) -> Complex64 {
        Complex64::new(values[2 * n], values[2 * n + 1])
    }

    /// The trace.
    pub(crate) fn trace(&self, values: &[f64]) -> f64 {
        values[2 * self.functionals.len()]
    }

    /// All marginal populations.
    pub(crate) fn marginals<'a>(&self, values: &'a [f64]) -> &'a [f64] {
        &values[2 * self.functionals.len()..]
    }

    /// Populations of the Fock levels of a mode.
    pub(crate) fn photons<'a>(&self, values: &'a [f64], mode: usize) -> &'a [f64] {
        &values[self.photons[mode].clone()]
    }

    /// Populations of the ladders of an ensemble, the smallest j first.
    pub(crate) fn ladders<'a>(&self, values: &'a [f64], ensemble: usize) -> &'a [f64] {
        &values[self.ladders[ensemble].clone()]
    }

    /// Population of the two highest Fock levels of a mode.
    pub(crate) fn top_population(&self, values: &[f64], mode: usize) -> f64 {
        self.photons(values, mode).iter().rev().take(2).sum()
    }

    /// Number of modes.
    pub(crate) fn modes(&self) -> usize {
        self.photons.len()
    }

    pub(crate) fn memory(&self) -> u64 {
        let functionals: u64 = self.functionals.iter().map(Functional::memory).sum();
        functionals + (8 * self.populations.len() + 4 * self.slots.len()) as u64
    }
}
