//! The generator on one charge difference as a real matrix, where a gauge makes it real.
//!
//! ```text
//! X_e = phi_e x_e,   phi_e = 1 or i (-i for what is stored as its adjoint),   L = phi (G + i w) phi^-1
//! ```
//! G is real (see [`crate::real_half`]) and acts on the real and on the imaginary parts of x apart: a quarter of the
//! entries of the matrix on both, and half of that where x is real. The common frequency w of a charge difference, in
//! a frame that does not rotate with it, is taken out first.

use std::collections::BTreeSet;

use num_complex::Complex64;
use superladder_engine::{EngineError, Halt};
use superladder_propagate::LinearOperator;
use superladder_space::{Charge, Space, SparseMatrix};

use super::coherence::Coherence;
use crate::error::INTERRUPTED;
use crate::generator::Elements;
use crate::layout::Layout;
use crate::real_half::{RealGenerator, StoredHalf};

/// G, with what its unknowns are.
pub(crate) struct Gauged {
    generator: RealGenerator,
    /// By unknown: the element of the coherence and its phase.
    places: Vec<(u32, Complex64)>,
    /// The common frequency.
    pub(crate) turning: f64,
}

impl Gauged {
    /// The generator on a `coherence` that is not its own adjoint; `None` where no gauge makes it real.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`].
    pub(crate) fn new(
        space: &Space,
        coherence: &Coherence,
        elements: &Elements,
        halt: &dyn Halt,
    ) -> Result<Option<Self>, EngineError> {
        if coherence.is_self_adjoint(space) || coherence.len == 0 {
            return Ok(None);
        }
        let zero: Charge = vec![0; coherence.difference.len()];
        let negative = space.charges().difference(&zero, &coherence.difference);
        let differences = BTreeSet::from([coherence.difference.clone(), negative]);
        let layout = Layout::new_while(space, &differences, &|| halt.asked()).ok_or(INTERRUPTED)?;
        let Some(half) = StoredHalf::new_while(space, &layout, halt)? else { return Ok(None) };
        let frame = frame(space, coherence, &elements.effective);
        let Some(effective) = frame.turned(space, &elements.effective) else { return Ok(None) };
        let turned = Elements { effective, jumps: elements.jumps.clone() };
        let Some(real) = half.gauge(&[&turned], halt).ok_or(INTERRUPTED)? else { return Ok(None) };
        let mut adjoints = 0;
        let place = |(number, [sector, i, j]): (usize, &[u32; 3])| {
            let [sector, i, j] = [*sector, *i, *j].map(|x| x as usize);
            let group = |state: usize| layout.tiles()[layout.tile_of(sector, state)].group;
            let place = |i: usize, j: usize| {
                let block = &coherence.blocks[coherence.find(sector, group(i), group(j))?];
                Some(block.offset + (i - block.rows.start) * block.columns.len() + j - block.columns.start)
            };
            let (element, sign) = place(i, j).map(|e| (e, 1.0)).or_else(|| Some((place(j, i)?, -1.0)))?;
            adjoints += usize::from(sign < 0.0);
            let phase = if real.colour(number) { Complex64::new(0.0, sign) } else { Complex64::ONE };
            Some((element as u32, phase))
        };
        let places: Option<Vec<_>> = half.elements().iter().enumerate().map(place).collect();
        // Adjoints beside others could be read as each other's conjugates.
        let Some(places) = places.filter(|all| adjoints == 0 || adjoints == all.len()) else {
            return Ok(None);
        };
        let generator = RealGenerator::new(&half, &real, &turned, halt).ok_or(INTERRUPTED)?;
        Ok(Some(Self { generator, places, turning: frame.turning }))
    }

    /// The real and the imaginary parts of x for X.
    pub(crate) fn parts(&self, x: &[Complex64]) -> [Vec<f64>; 2] {
        let own = |(element, phase): &(u32, Complex64)| phase.conj() * x[*element as usize];
        [self.places.iter().map(|p| own(p).re).collect(), self.places.iter().map(|p| own(p).im).collect()]
    }

    /// Real and imaginary parts of the weights with which `sum_e conj(w_e) X_e` is a sum over real x.
    pub(crate) fn weights(&self, w: &[Complex64]) -> [Vec<f64>; 2] {
        let own = |(element, phase): &(u32, Complex64)| phase * w[*element as usize].conj();
        [self.places.iter().map(|p| own(p).re).collect(), self.places.iter().map(|p| own(p).im).collect()]
    }
}

impl LinearOperator for Gauged {
    fn dim(&self) -> usize {
        self.generator.dim()
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        self.generator.apply(x, out);
    }

    fn apply_recurrence(&self, coefficients: [f64; 3], x: &[f64], before: &[f64], out: &mut [f64]) {
        self.generator.apply_recurrence(coefficients, x, before, out);
    }

    fn norm_bound(&self) -> f64 {
        self.generator.norm_bound()
    }

    fn spectral_box(&self) -> Option<(f64, f64, f64)> {
        self.generator.spectral_box()
    }
}

/// A frame that rotates with a charge: `H - sum_i omega q_i |i><i|`, under which X of the charge difference gains
/// `i turning X` less.
struct Frame {
    component: usize,
    omega: f64,
    turning: f64,
}

/// The frame in which the first element of a coherence does not rotate; one at rest where the charges of rows and
/// columns are no plain numbers with this difference.
fn frame(space: &Space, coherence: &Coherence, effective: &[SparseMatrix]) -> Frame {
    let rest = Frame { component: 0, omega: 0.0, turning: 0.0 };
    let Some(component) = coherence.difference.iter().position(|d| *d != 0) else { return rest };
    let plain = |sector: usize, [row, column]: [usize; 2]| {
        let groups = space.sectors()[sector].groups();
        groups[row].0[component] - groups[column].0[component] == coherence.difference[component]
    };
    if !coherence.blocks.iter().all(|block| plain(block.sector, block.groups)) {
        return rest;
    }
    let first = &coherence.blocks[0];
    let energy = |state: usize| effective[first.sector].get(state, state).map_or(0.0, |h| h.re);
    let difference = energy(first.rows.start) - energy(first.columns.start);
    Frame { component, omega: difference / coherence.difference[component] as f64, turning: -difference }
}

impl Frame {
    /// The Hamiltonians in it; `None` where a diagonal element that would be needed is not stored.
    fn turned(&self, space: &Space, effective: &[SparseMatrix]) -> Option<Vec<SparseMatrix>> {
        let mut turned = effective.to_vec();
        if self.omega == 0.0 {
            return Some(turned);
        }
        for (matrix, sector) in turned.iter_mut().zip(space.sectors()) {
            for (charge, states) in sector.groups() {
                let shift = self.omega * charge[self.component] as f64;
                for state in states.clone().filter(|_| shift != 0.0) {
                    let h = matrix.get_mut(state, state)?;
                    let rest = h.re - shift;
                    // What only rounding leaves would be a rotation.
                    h.re = if rest.abs() <= 64.0 * f64::EPSILON * shift.abs() { 0.0 } else { rest };
                }
            }
        }
        Some(turned)
    }
}
