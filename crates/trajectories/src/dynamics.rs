//! What moves a trajectory in a stage: the generator and the jumps, as terms that any basis can be put into.

use num_complex::Complex64;
use superladder_model::{Model, Modulation, Subsystem};
use superladder_sampling::Unravelling;

use crate::basis::{Basis, Window, apply_along};
use crate::escapes::{Escape, escapes};
use crate::following::{Course, Part};
use crate::products::{ActScratch, AxisOperator, Bands, Layout, Local, Table, Term, act, branch_image};
use crate::stencil::Pattern;
use crate::vector::Vector;

/// A jump.
#[derive(Debug, Clone)]
pub(crate) struct Leap {
    /// Number of the dissipator.
    pub(crate) dissipator: usize,
    kind: LeapKind,
    /// The subsystem that it acts on, if it is only one.
    alone: Option<usize>,
    /// Number of the part whose size is its rate, if it follows time.
    part: Option<usize>,
}

/// What a jump does, square root of the rate included.
#[derive(Debug, Clone)]
enum LeapKind {
    /// An operator, and by how many levels of every subsystem its image can be wider.
    Collective { terms: Vec<Term>, pads: Vec<usize> },
    /// The branch `j -> j + dj` of a local jump of an ensemble.
    Branch { axis: usize, local: Local, dj: i64 },
    /// The same together with an operator of modes, and by how many levels of each its image can be wider.
    Dressed { terms: Vec<Term>, pads: Vec<usize>, axis: usize, local: Local, dj: i64 },
}

/// Generator and jumps of one stage, for all sectors.
#[derive(Debug, Clone)]
pub(crate) struct Dynamics {
    /// Small matrices of the generator.
    pub(crate) table: Table,
    /// `-i H_eff`.
    pub(crate) pattern: Pattern,
    /// Small matrices of collective jumps.
    jump_table: Table,
    /// In the order of the dissipators, those whose rates follow time last.
    pub(crate) leaps: Vec<Leap>,
    /// What follows time, in the order of the modulations.
    pub(crate) parts: Vec<Part>,
    /// Their coefficients along the stage.
    pub(crate) course: Course,
    /// By subsystem: difference of the levels up to which coherences make the weights of the jumps that act
    /// on it alone.
    depths: Vec<Option<usize>>,
}

/// Buffers of the jumps.
#[derive(Debug, Default)]
pub(crate) struct LeapScratch {
    bands: Bands,
    /// Matrix of a jump of one subsystem: `[shift][level]`, by the level it acts on.
    band: Vec<Complex64>,
    shifts: Vec<i64>,
    /// By subsystem: [`Basis::coherences`] of the state before the jump.
    coherences: Vec<Vector>,
    act: ActScratch,
    /// What [`Dynamics::image`] leaves.
    pub(crate) image: Vector,
}

impl Leap {
    /// By how many levels of a subsystem the image can be wider at either end.
    fn pad(&self, axis: usize) -> usize {
        match &self.kind {
            LeapKind::Collective { pads, .. } => pads[axis],
            LeapKind::Branch { axis: own, .. } => usize::from(*own == axis),
            LeapKind::Dressed { pads, axis: own, .. } => {
                if *own == axis {
                    1
                } else {
                    pads[axis]
                }
            }
        }
    }
}

impl Dynamics {
    /// Of a model that is in force during `way`.
    pub(crate) fn new(layout: &Layout, model: &Model, unravelling: Unravelling, way: (f64, f64)) -> Self {
        let dissipators = model.dissipators_in_time();
        let mut escapes = escapes(model, unravelling);
        escapes.retain(|(number, _)| !dissipators.contains(&Some(*number)));
        let mut dynamics = Self::of_escapes(layout, model, &escapes);
        for (modulation, dissipator) in model.modulations().iter().zip(dissipators) {
            dynamics.follow(layout, modulation, dissipator, unravelling.of_unit_rate(modulation, way));
        }
        dynamics.note_depths();
        dynamics
    }

    /// Adds a part that follows time: a rate of size 1 with its jumps, or an energy.
    fn follow(
        &mut self,
        layout: &Layout,
        modulation: &Modulation,
        dissipator: Option<usize>,
        unravelling: Unravelling,
    ) {
        let number = self.parts.len();
        let mut terms =
            self.table.terms(layout, &(modulation.part.hamiltonian() * Complex64::new(0.0, -1.0)));
        for (_, escape) in escapes(&modulation.part, unravelling) {
            terms.extend(self.decay(layout, &escape));
            self.add_leaps(layout, dissipator.unwrap_or(0), &escape, Some(number));
        }
        let pattern = Pattern::new(&self.table, &terms, layout.moving.len());
        let inside = if dissipator.is_some() { 0.0 } else { modulation.nominal };
        self.parts.push(Part::new(pattern, modulation, inside));
    }

    /// `-(1/2) sum K^dag K` of a jump, as terms.
    fn decay(&mut self, layout: &Layout, escape: &Escape) -> Vec<Term> {
        let half = Complex64::from(-0.5);
        match escape {
            Escape::Collective(operator) => {
                self.table.terms(layout, &(operator.adjoint() * operator.clone() * half))
            }
            Escape::Local { ensemble, local } => {
                let product = self.local_decay(layout, *ensemble, *local);
                vec![Term { coefficient: half, products: vec![product] }]
            }
            Escape::Dressed { dressing, ensemble, local } => {
                let product = self.local_decay(layout, *ensemble, *local);
                let mut terms = self.table.terms(layout, &(dressing.adjoint() * dressing.clone() * half));
                // Modes come before ensembles.
                for term in &mut terms {
                    term.products.push(product);
                }
                terms
            }
        }
    }

    fn local_decay(&mut self, layout: &Layout, ensemble: usize, local: Local) -> usize {
        let axis = layout.axis(Subsystem::Ensemble(ensemble));
        self.table.intern(layout, axis, AxisOperator::Decay(local))
    }

    /// The jumps of an escape.
    fn add_leaps(&mut self, layout: &Layout, dissipator: usize, escape: &Escape, part: Option<usize>) {
        let pads_of = |table: &Table, terms: &[Term]| -> Vec<usize> {
            (0..layout.moving.len()).map(|axis| reach(table, terms, axis)).collect()
        };
        match escape {
            Escape::Collective(operator) => {
                let terms = self.jump_table.terms(layout, operator);
                let (pads, alone) = (pads_of(&self.jump_table, &terms), only_axis(&self.jump_table, &terms));
                let kind = LeapKind::Collective { terms, pads };
                self.leaps.push(Leap { dissipator, kind, alone, part });
            }
            Escape::Local { ensemble, local } => {
                let axis = layout.axis(Subsystem::Ensemble(*ensemble));
                for dj in -1..=1 {
                    let kind = LeapKind::Branch { axis, local: *local, dj };
                    self.leaps.push(Leap { dissipator, kind, alone: Some(axis), part });
                }
            }
            Escape::Dressed { dressing, ensemble, local } => {
                let axis = layout.axis(Subsystem::Ensemble(*ensemble));
                let terms = self.jump_table.terms(layout, dressing);
                let pads = pads_of(&self.jump_table, &terms);
                for dj in -1..=1 {
                    let (terms, pads) = (terms.clone(), pads.clone());
                    let kind = LeapKind::Dressed { terms, pads, axis, local: *local, dj };
                    self.leaps.push(Leap { dissipator, kind, alone: None, part });
                }
            }
        }
    }

    /// Multiplies the weights of jumps whose rates follow time with the rates.
    pub(crate) fn scale(&self, sizes: &[f64], weights: &mut [f64]) {
        for (leap, weight) in self.leaps.iter().zip(weights) {
            if let Some(part) = leap.part {
                *weight *= sizes[part];
            }
        }
    }

    /// Up to which difference of the levels coherences are needed.
    fn note_depths(&mut self) {
        self.depths.iter_mut().for_each(|depth| *depth = None);
        for (leap, axis) in self.leaps.iter().filter_map(|leap| leap.alone.map(|axis| (leap, axis))) {
            self.depths[axis] = self.depths[axis].max(Some(2 * leap.pad(axis)));
        }
    }

    /// With given jumps, which also make the effective Hamiltonian: `-i H - (1/2) sum K^dag K`.
    pub(crate) fn of_escapes(layout: &Layout, model: &Model, escapes: &[(usize, Escape)]) -> Self {
        let (table, jump_table) = (Table::default(), Table::default());
        let depths = vec![None; layout.moving.len()];
        let (pattern, leaps, parts) = (Pattern::default(), Vec::new(), Vec::new());
        let course = Course::default();
        let mut dynamics = Self { table, pattern, jump_table, leaps, parts, course, depths };
        let mut generator = model.hamiltonian() * Complex64::new(0.0, -1.0);
        let mut decays = Vec::new();
        for (dissipator, escape) in escapes {
            match escape {
                Escape::Collective(operator) => {
                    generator = generator + operator.adjoint() * operator.clone() * Complex64::from(-0.5);
                }
                Escape::Local { .. } | Escape::Dressed { .. } => {
                    decays.extend(dynamics.decay(layout, escape));
                }
            }
            dynamics.add_leaps(layout, *dissipator, escape, None);
        }
        let mut terms = dynamics.table.terms(layout, &generator);
        terms.extend(decays);
        dynamics.pattern = Pattern::new(&dynamics.table, &terms, layout.moving.len());
        dynamics.note_depths();
        dynamics
    }

    /// Weights `|K psi|^2` of all jumps, and all that is needed to make one of them from this basis.
    ///
    /// What acts on one subsystem alone needs no image: `|K psi|^2 = sum_(k, l) (K^dag K)_(l, k) <l|..|k>`
    /// over the coherences of the reduced state, a single pass over the state for all jumps of the subsystem.
    pub(crate) fn weigh(
        &self,
        basis: &Basis,
        psi: &Vector,
        scratch: &mut LeapScratch,
        weights: &mut Vec<f64>,
    ) {
        scratch.bands.fill(&self.jump_table, basis);
        scratch.coherences.resize_with(basis.axes.len(), Vector::default);
        for (axis, depth) in self.depths.iter().enumerate() {
            if let Some(depth) = depth {
                basis.coherences(axis, psi, *depth, &mut scratch.coherences[axis]);
            }
        }
        weights.clear();
        for leap in &self.leaps {
            let weight = leap.alone.map(|axis| {
                self.matrix(leap, axis, basis, scratch);
                expectation(&scratch.shifts, &scratch.band, &scratch.coherences[axis])
            });
            weights.push(weight.unwrap_or_else(|| self.weight_of_image(leap, basis, psi, scratch)));
        }
        // What is smaller than the rounding errors of its terms is nothing, or known from its image alone.
        let least = ROUNDING * weights.iter().sum::<f64>();
        for (leap, weight) in self.leaps.iter().zip(weights) {
            if leap.alone.is_some() && *weight != 0.0 && *weight < least {
                *weight = self.weight_of_image(leap, basis, psi, scratch);
            }
        }
    }

    /// `|K psi|^2` the long way.
    pub(crate) fn weight_of_image(
        &self,
        leap: &Leap,
        basis: &Basis,
        psi: &Vector,
        scratch: &mut LeapScratch,
    ) -> f64 {
        self.image(leap, basis, psi, scratch);
        scratch.image.norm_sqr()
    }

    /// Leaves `K psi` in `scratch.image`; after [`Dynamics::weigh`] of the same state.
    pub(crate) fn image(&self, leap: &Leap, basis: &Basis, psi: &Vector, scratch: &mut LeapScratch) {
        if let Some(axis) = leap.alone {
            self.matrix(leap, axis, basis, scratch);
            let LeapScratch { band, shifts, image, .. } = scratch;
            apply_along(basis.grid(axis), shifts, band, leap.pad(axis), psi, image);
            return;
        }
        let (LeapKind::Collective { terms, pads } | LeapKind::Dressed { terms, pads, .. }) = &leap.kind
        else {
            return;
        };
        let LeapScratch { bands, band, shifts, act: buffers, image, .. } = scratch;
        image.clear(basis.windows.iter().zip(pads).map(|(w, pad)| w.len + 2 * pad).product());
        for term in terms {
            act(&self.jump_table, bands, basis, &term.products, |axis| pads[axis], psi, buffers);
            image.add(term.coefficient, &buffers.image);
        }
        if let LeapKind::Dressed { axis, local, dj, .. } = &leap.kind {
            shifts.clear();
            shifts.extend(-1..=1);
            branch_band((*local, *dj), *axis, basis, band);
            // The modes before it have been padded already.
            let mut grid = basis.grid(*axis);
            grid.outer = image.len() / (grid.len * grid.inner);
            apply_along(grid, shifts, band, 1, image, &mut buffers.image);
            std::mem::swap(image, &mut buffers.image);
        }
    }

    /// Leaves the matrix of a jump that acts on one subsystem alone in `scratch.band`; zero for a branch to a
    /// ladder that does not exist.
    fn matrix(&self, leap: &Leap, axis: usize, basis: &Basis, scratch: &mut LeapScratch) {
        let LeapScratch { bands, band, shifts, .. } = scratch;
        let (window, pad) = (basis.windows[axis], leap.pad(axis) as i64);
        shifts.clear();
        shifts.extend(-pad..=pad);
        band.clear();
        band.resize(shifts.len() * window.len, Complex64::ZERO);
        match &leap.kind {
            LeapKind::Collective { terms, .. } => {
                for term in terms {
                    let Some(&number) = term.products.first() else {
                        let diagonal = &mut band[pad as usize * window.len..][..window.len];
                        for value in diagonal {
                            *value += term.coefficient;
                        }
                        continue;
                    };
                    let rows = self.jump_table.products[number].shifts.iter();
                    for (shift, values) in rows.zip(bands.of(number).chunks_exact(window.len)) {
                        let row = &mut band[(pad + shift) as usize * window.len..][..window.len];
                        row.iter_mut().zip(values).for_each(|(sum, value)| *sum += term.coefficient * value);
                    }
                }
            }
            LeapKind::Branch { local, dj, .. } => branch_band((*local, *dj), axis, basis, band),
            LeapKind::Dressed { .. } => {}
        }
    }

    /// The basis of the image that [`Dynamics::image`] has left, cut to the levels that exist.
    pub(crate) fn land(leap: &Leap, basis: &mut Basis, psi: &mut Vector, scratch: &mut Vector) {
        let widen =
            |w: Window, pad: usize, by: i64| Window { low: w.low - pad as i64 + by, len: w.len + 2 * pad };
        match &leap.kind {
            LeapKind::Collective { pads, .. } => {
                for (window, pad) in basis.windows.iter_mut().zip(pads) {
                    *window = widen(*window, *pad, 0);
                }
            }
            LeapKind::Branch { axis, dj, .. } => {
                if let Some((ladder, _)) = basis.axes[*axis].branch(*dj) {
                    basis.axes[*axis] = ladder;
                }
                basis.windows[*axis] = widen(basis.windows[*axis], 1, *dj);
            }
            LeapKind::Dressed { pads, axis, dj, .. } => {
                if let Some((ladder, _)) = basis.axes[*axis].branch(*dj) {
                    basis.axes[*axis] = ladder;
                }
                for (number, (window, pad)) in basis.windows.iter_mut().zip(pads).enumerate() {
                    *window = if number == *axis { widen(*window, 1, *dj) } else { widen(*window, *pad, 0) };
                }
            }
        }
        for axis in 0..basis.axes.len() {
            let (window, levels) = (basis.windows[axis], basis.axes[axis].levels() as i64);
            let (low, end) = (window.low.max(0), window.end().min(levels));
            basis.regrid(axis, Window { low, len: (end - low).max(1) as usize }, psi, scratch);
        }
    }
}

/// The matrix `[shift][level]`, shifts -1, 0, 1, of the branch `j -> j + dj` of a local jump; zero for a branch to a
/// ladder that does not exist.
fn branch_band((local, dj): (Local, i64), axis: usize, basis: &Basis, band: &mut Vec<Complex64>) {
    let (window, ladder) = (basis.windows[axis], basis.axes[axis]);
    band.clear();
    band.resize(3 * window.len, Complex64::ZERO);
    let Some((_, weight)) = ladder.branch(dj) else { return };
    let linear = basis.frames[axis].vector(local.raise, local.lower, local.z);
    let weight = weight * local.correction(dj);
    for column in 0..window.len {
        let level = window.low + column as i64;
        let parts = branch_image(ladder, linear, dj, weight, level);
        (0..3).for_each(|row| band[row * window.len + column] = parts[row]);
    }
}

/// A weight below this part of all weights is made again from its image.
const ROUNDING: f64 = 1e-12;

/// `|K psi|^2` of an operator of one subsystem, given by its matrix `[shift][level]` for consecutive shifts,
/// from the coherences of the reduced state: two sources k and k + d of one level meet where their shifts
/// differ by d.
fn expectation(shifts: &[i64], band: &[Complex64], coherences: &Vector) -> f64 {
    let len = band.len() / shifts.len();
    let row = |number: usize| &band[number * len..(number + 1) * len];
    let mut sum = 0.0;
    for upper in 0..shifts.len() {
        for lower in 0..=upper {
            let d = upper - lower;
            let count = len.saturating_sub(d);
            let (from, to) = (&row(upper)[..count], &row(lower)[len - count..]);
            let sources = from.iter().zip(to).enumerate();
            let part: f64 =
                sources.map(|(k, (k1, k2))| (k2.conj() * k1 * coherences.get(d * len + k)).re).sum();
            sum += if d == 0 { part } else { 2.0 * part };
        }
    }
    sum.max(0.0)
}

/// The only subsystem that a sum of terms acts on, if there is only one.
fn only_axis(table: &Table, terms: &[Term]) -> Option<usize> {
    let mut axes = terms.iter().flat_map(|t| &t.products).map(|p| table.products[*p].axis);
    let first = axes.next()?;
    axes.all(|axis| axis == first).then_some(first)
}

fn reach(table: &Table, terms: &[Term], axis: usize) -> usize {
    let products = terms.iter().flat_map(|t| &t.products).map(|p| &table.products[*p]);
    let shifts = products.filter(|p| p.axis == axis).flat_map(|p| &p.shifts);
    shifts.map(|s| s.unsigned_abs() as usize).max().unwrap_or(0)
}
