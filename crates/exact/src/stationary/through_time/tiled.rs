//! The generator as runs apply it, tile by tile, on operators of a charge difference that is its own adjoint: several
//! times faster than [`super::super::operators::action::Action`] where charge groups are large.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use num_complex::Complex64;
use superladder_eigen::LinearMap;
use superladder_engine::{EngineError, Halt};
use superladder_propagate::{Action, LinearOperator, Poll, vector};
use superladder_space::Space;

use super::super::operators::coherence::{Coherence, ComplexScratch, Unknowns};
use super::exponential::{Propagated, Way, propagate};
use crate::choice::rows_are_long;
use crate::error::INTERRUPTED;
use crate::generator::{Elements, Lindbladian};
use crate::layout::Layout;
use crate::spectrum::radius;

/// Numbers of a state vector from which it is worth its preparation.
const MANY: usize = 40_000;

/// The matrix-free generator on all blocks of a [`Coherence`].
pub(crate) struct Tiled {
    generator: Lindbladian,
    coherence: Coherence,
    unknowns: Unknowns,
    scratch: ComplexScratch,
    /// A state vector and its image.
    vectors: Mutex<[Vec<f64>; 2]>,
}

impl Tiled {
    /// [`Tiled::new`] where it pays: `None` also for few unknowns, and where short rows make a sparse matrix as fast.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`].
    pub(crate) fn faster(
        space: &Space,
        coherence: &Coherence,
        elements: &Elements,
        halt: &dyn Halt,
    ) -> Result<Option<Self>, EngineError> {
        if coherence.len < MANY {
            return Ok(None);
        }
        let found = Self::new(space, coherence, elements, halt)?;
        Ok(found.filter(|Self { generator, .. }| rows_are_long(generator.layout(), elements, generator)))
    }

    /// The generator on a `coherence`; `None` where it is not all that has its charge difference, or where that is not
    /// its own adjoint.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`].
    pub(crate) fn new(
        space: &Space,
        coherence: &Coherence,
        elements: &Elements,
        halt: &dyn Halt,
    ) -> Result<Option<Self>, EngineError> {
        let whole = || Coherence::new(space, &coherence.difference, &|_, _, _| true).len == coherence.len;
        if !coherence.is_self_adjoint(space) || !whole() {
            return Ok(None);
        }
        let differences = BTreeSet::from([coherence.difference.clone()]);
        let layout = Layout::new_while(space, &differences, &|| halt.asked()).ok_or(INTERRUPTED)?;
        let generator = Lindbladian::new_while(&layout, elements, halt).ok_or(INTERRUPTED)?;
        let (unknowns, scratch) = (Unknowns::new(space, coherence), ComplexScratch::new(coherence.len));
        let (coherence, vectors) = (coherence.clone(), Mutex::default());
        Ok(Some(Self { generator, coherence, unknowns, scratch, vectors }))
    }

    /// `out` = what `act(from, to)` makes of x, in the layout of a run.
    fn through(&self, x: &[f64], out: &mut [f64], act: impl FnOnce(&mut [f64], &mut Vec<f64>)) {
        let mut vectors = self.vectors.lock().unwrap_or_else(PoisonError::into_inner);
        let [from, to] = &mut *vectors;
        let layout = self.generator.layout();
        self.unknowns.through(&self.scratch, (x, out), |x, image| {
            from.resize(layout.len(), 0.0);
            fill_layout(layout, &self.coherence, x, from);
            act(from, to);
            fill_coherence(layout, &self.coherence, to, image);
        });
    }

    /// `out` = the integral of exp(L s) x over s from 0 to the end of the way.
    pub(crate) fn summed(&self, way: Way<'_>, x: &[f64], out: &mut [f64]) {
        self.through(x, out, |x, sum| {
            sum.clear();
            sum.resize(x.len() + 1, 0.0);
            // As long as x, so that the tolerance of a step is relative to it.
            let size = vector::norm(x);
            vector::scale(x, 1.0 / size);
            sum[x.len()] = size;
            propagate(&Driven { generator: &self.generator, x }, way, sum);
            sum.truncate(x.len());
        });
    }
}

impl LinearMap for Tiled {
    fn dim(&self) -> usize {
        self.unknowns.len()
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        self.through(x, out, |x, image| {
            image.resize(x.len(), 0.0);
            LinearOperator::apply(&self.generator, x, image);
        });
    }
}

impl Propagated for Tiled {
    fn radius(&self) -> f64 {
        radius(self.generator.rectangle())
    }

    fn propagate(&self, way: Way<'_>, x: &[f64], out: &mut [f64]) {
        self.through(x, out, |x, moved| {
            moved.resize(x.len(), 0.0);
            moved.copy_from_slice(x);
            propagate(&self.generator, way, moved);
        });
    }
}

/// `d/dt (y, s) = (L y + s x, 0)`: from (0, 1) on y is the integral of exp(L t) x.
struct Driven<'a> {
    generator: &'a Lindbladian,
    x: &'a [f64],
}

impl LinearOperator for Driven<'_> {
    fn dim(&self) -> usize {
        self.x.len() + 1
    }

    fn apply(&self, y: &[f64], out: &mut [f64]) {
        let _ = self.act(Action::Whole, y, out, &|| ControlFlow::Continue(()));
    }

    fn act(&self, action: Action<'_>, y: &[f64], out: &mut [f64], poll: Poll<'_>) -> ControlFlow<()> {
        let n = self.x.len();
        let ((y, s), (out, ds)) = (y.split_at(n), out.split_at_mut(n));
        match action {
            Action::Recurrence([a, b, c], before) => {
                let (before, s_before) = before.split_at(n);
                self.generator.act(Action::Recurrence([a, b, c], before), y, out, poll)?;
                vector::accumulate(out, &[(a * s[0], self.x)]);
                // What does not count may be anything.
                ds[0] = if c == 0.0 { b * s[0] } else { b * s[0] + c * s_before[0] };
            }
            Action::Whole | Action::OffDiagonal => {
                self.generator.act(Action::Whole, y, out, poll)?;
                vector::accumulate(out, &[(s[0], self.x)]);
                ds[0] = 0.0;
            }
        }
        ControlFlow::Continue(())
    }

    fn norm_bound(&self) -> f64 {
        self.generator.norm_bound() + vector::norm(self.x)
    }

    fn spectral_box(&self) -> Option<(f64, f64, f64)> {
        self.generator.spectral_box()
    }
}

/// The blocks of a coherence that is its own adjoint from a state vector.
pub(crate) fn fill_coherence(layout: &Layout, coherence: &Coherence, vector: &[f64], x: &mut [Complex64]) {
    for block in &coherence.blocks {
        let places = block.rows.clone().flat_map(|i| block.columns.clone().map(move |j| (i, j)));
        for (x, (i, j)) in x[block.range()].iter_mut().zip(places) {
            *x = layout.element(block.sector, i, j).map_or(Complex64::ZERO, |(index, conjugate)| {
                let z = Complex64::new(vector[index], vector[index + 1]);
                if conjugate { z.conj() } else { z }
            });
        }
    }
}

/// The state vector of Hermitian blocks.
pub(crate) fn fill_layout(layout: &Layout, coherence: &Coherence, x: &[Complex64], vector: &mut [f64]) {
    for block in &coherence.blocks {
        let own = block.groups[0] == block.groups[1];
        let places = block.rows.clone().flat_map(|i| block.columns.clone().map(move |j| (i, j)));
        for (z, (i, j)) in x[block.range()].iter().zip(places) {
            if let Some((index, false)) = layout.element(block.sector, i, j) {
                (vector[index], vector[index + 1]) = (z.re, if own && i == j { 0.0 } else { z.im });
            }
        }
    }
}
