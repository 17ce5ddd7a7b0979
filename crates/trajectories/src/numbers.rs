//! The numbers that are summed of a state, and where they stand in a row of them.

use std::ops::Range;

use num_complex::Complex64;
use superladder_space::Axis;

use crate::laboratory;
use crate::trajectory::Snapshot;

/// Hands out places in a row of numbers.
#[derive(Debug, Default)]
pub(crate) struct Places(usize);

impl Places {
    /// The next `length` places.
    pub(crate) fn take(&mut self, length: usize) -> Range<usize> {
        self.0 += length;
        self.0 - length..self.0
    }

    /// Places taken so far.
    pub(crate) fn count(&self) -> usize {
        self.0
    }
}

/// The expectation value of an operator: a real number if it is Hermitian, otherwise a pair.
#[derive(Debug, Clone)]
pub(crate) struct Expectation {
    /// Coefficients times moments.
    pub(crate) terms: Vec<(Complex64, usize)>,
    pub(crate) range: Range<usize>,
}

impl Expectation {
    /// Adds its value, made of the `moments`.
    pub(crate) fn enter(&self, moments: &[Complex64], sums: &mut [f64]) {
        let value = self.made_of(moments);
        let sums = sums[self.range.clone()].iter_mut();
        sums.zip([value.re, value.im]).for_each(|(sum, x)| *sum += x);
    }

    /// Its value, made of the `moments` of a state.
    pub(crate) fn made_of(&self, moments: &[Complex64]) -> Complex64 {
        self.terms.iter().map(|(c, moment)| c * moments[*moment]).sum()
    }

    /// Its value among `numbers`.
    pub(crate) fn of(&self, numbers: &[f64]) -> Complex64 {
        match numbers[self.range.clone()] {
            [re, im] => Complex64::new(re, im),
            [re] => Complex64::from(re),
            _ => Complex64::ZERO,
        }
    }
}

/// The Fock populations of a mode, or sums of them: what an observable or a diagnostic asks for.
#[derive(Debug, Clone)]
pub(crate) struct Photons {
    /// Levels below the cutoff.
    pub(crate) levels: usize,
    /// Whether its frame moves, so that the populations need a transformation.
    pub(crate) moving: bool,
    /// Every one of them, for an observable.
    pub(crate) all: Option<Range<usize>>,
    /// The population of the two highest levels, for an observable.
    pub(crate) top: Option<usize>,
    /// How many of the highest levels something may leave from, and the number of their population; none if
    /// nothing can leave.
    pub(crate) edge: Option<(usize, usize)>,
}

impl Photons {
    /// Levels that the observable `top-population` counts.
    const TOP: usize = 2;

    /// Whether any population is to be made. Those of a moving frame cost a transformation, and the cutoff does
    /// not limit them.
    pub(crate) fn is_taken(&self) -> bool {
        self.all.is_some() || self.top.is_some() || (self.edge.is_some() && !self.moving)
    }

    /// Adds the population of one level.
    pub(crate) fn enter(&self, level: usize, population: f64, sums: &mut [f64]) {
        if let Some(range) = &self.all {
            sums[range.start + level] += population;
        }
        let tops = self.top.map(|number| (Self::TOP, number)).into_iter().chain(self.edge);
        for (_, number) in tops.filter(|(count, _)| level + count >= self.levels) {
            sums[number] += population;
        }
    }
}

/// A reduced density matrix and its numbers, pairs.
#[derive(Debug, Clone)]
pub(crate) struct Reduced {
    pub(crate) axis: usize,
    /// Levels below the cutoff for a mode; spins for an ensemble.
    pub(crate) size: usize,
    pub(crate) range: Range<usize>,
}

impl Reduced {
    /// Adds `sum_rest psi(x, rest) conj psi(x', rest)` and returns it; blocks of an ensemble follow each
    /// other, j ascending.
    pub(crate) fn add(&self, snapshot: Snapshot<'_>, sums: &mut [f64]) -> Vec<Complex64> {
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
