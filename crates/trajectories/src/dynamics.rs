//! What moves a trajectory in a stage: the generator and the jumps, as terms that any basis can be put into.

use num_complex::Complex64;
use superladder_model::{Factor, Jump, Model, Operator, Subsystem};

use crate::basis::{Basis, Window, apply_along};
use crate::options::Unravelling;
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
}

/// What a jump does, square root of the rate included.
#[derive(Debug, Clone)]
enum LeapKind {
    /// An operator, and by how many levels of every subsystem its image can be wider.
    Collective { terms: Vec<Term>, pads: Vec<usize> },
    /// The branch `j -> j + dj` of a local jump of an ensemble.
    Branch { axis: usize, local: Local, dj: i64 },
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
    /// In the order of the dissipators.
    pub(crate) leaps: Vec<Leap>,
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
        }
    }
}

/// A jump operator before it is cut into branches.
pub(crate) enum Escape {
    Collective(Operator),
    Local { ensemble: usize, local: Local },
}

impl Dynamics {
    /// Of a model.
    pub(crate) fn new(layout: &Layout, model: &Model, unravelling: Unravelling) -> Self {
        Self::of_escapes(layout, model, &escapes(model, unravelling))
    }

    /// With given jumps, which also make the effective Hamiltonian: `-i H - (1/2) sum K^dag K`.
    pub(crate) fn of_escapes(layout: &Layout, model: &Model, escapes: &[(usize, Escape)]) -> Self {
        let mut table = Table::default();
        let mut jump_table = Table::default();
        let mut generator = model.hamiltonian() * Complex64::new(0.0, -1.0);
        let mut decays = Vec::new();
        let mut leaps = Vec::new();
        for (dissipator, escape) in escapes {
            match escape {
                Escape::Collective(operator) => {
                    let decay = operator.adjoint() * operator.clone() * Complex64::from(-0.5);
                    generator = generator + decay;
                    let terms = jump_table.terms(layout, operator);
                    let pads =
                        (0..layout.moving.len()).map(|axis| reach(&jump_table, &terms, axis)).collect();
                    let alone = only_axis(&jump_table, &terms);
                    let kind = LeapKind::Collective { terms, pads };
                    leaps.push(Leap { dissipator: *dissipator, kind, alone });
                }
                Escape::Local { ensemble, local } => {
                    let axis = layout.axis(Subsystem::Ensemble(*ensemble));
                    let product = table.intern(layout, axis, AxisOperator::Decay(*local));
                    decays.push(Term { coefficient: Complex64::from(-0.5), products: vec![product] });
                    for dj in -1..=1 {
                        let kind = LeapKind::Branch { axis, local: *local, dj };
                        leaps.push(Leap { dissipator: *dissipator, kind, alone: Some(axis) });
                    }
                }
            }
        }
        let mut terms = table.terms(layout, &generator);
        terms.extend(decays);
        let pattern = Pattern::new(&table, &terms, layout.moving.len());
        let mut depths = vec![None; layout.moving.len()];
        for (leap, axis) in leaps.iter().filter_map(|leap| leap.alone.map(|axis| (leap, axis))) {
            depths[axis] = depths[axis].max(Some(2 * leap.pad(axis)));
        }
        Self { table, pattern, jump_table, leaps, depths }
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
        } else if let LeapKind::Collective { terms, pads } = &leap.kind {
            let LeapScratch { bands, act: buffers, image, .. } = scratch;
            image.clear(basis.windows.iter().zip(pads).map(|(w, pad)| w.len + 2 * pad).product());
            for term in terms {
                act(&self.jump_table, bands, basis, &term.products, |axis| pads[axis], psi, buffers);
                image.add(term.coefficient, &buffers.image);
            }
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
            LeapKind::Branch { local, dj, .. } => {
                let ladder = basis.axes[axis];
                let Some((_, weight)) = ladder.branch(*dj) else { return };
                let linear = basis.frames[axis].vector(local.raise, local.lower, local.z);
                let weight = weight * local.correction(*dj);
                for column in 0..window.len {
                    let level = window.low + column as i64;
                    let parts = branch_image(ladder, linear, *dj, weight, level);
                    (0..3).for_each(|row| band[row * window.len + column] = parts[row]);
                }
            }
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
        }
        for axis in 0..basis.axes.len() {
            let (window, levels) = (basis.windows[axis], basis.axes[axis].levels() as i64);
            let (low, end) = (window.low.max(0), window.end().min(levels));
            basis.regrid(axis, Window { low, len: (end - low).max(1) as usize }, psi, scratch);
        }
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

/// Whether a jump is the loss of quanta of a mode: a multiple of one annihilation operator.
fn is_loss(operator: &Operator) -> bool {
    let terms = operator.collected().terms;
    matches!(terms.as_slice(), [term] if matches!(term.factors.as_slice(), [Factor::Annihilate(_)]))
}

/// All jump operators of a model with the numbers of their dissipators, square roots of the rates included.
///
/// Heterodyne detection replaces every jump K of a mode's loss by the four `(K + i^q beta) / 2`, q = 0..3, of
/// an eight-port detector with a local oscillator of flux `beta^2`. `sum_q i^q = 0`, so the master equation
/// is the same for every beta: no bias, only the single trajectories become diffusive as beta grows. Homodyne detection
/// has the two ports `(K + beta)/sqrt 2` and `(K - beta)/sqrt 2`, beta with the phase of the quadrature.
///
/// Source: H. M. Wiseman and G. J. Milburn, Quantum Measurement and Control (2010), chapter 4.
pub(crate) fn escapes(model: &Model, unravelling: Unravelling) -> Vec<(usize, Escape)> {
    let mut escapes = Vec::new();
    for (number, dissipator) in model.dissipators().enumerate().filter(|(_, d)| d.rate > 0.0) {
        let root = dissipator.rate.sqrt();
        match &dissipator.jump {
            Jump::Local { ensemble, raise, lower, z } => {
                let local = Local::new(raise * root, lower * root, 2.0 * z * root);
                escapes.push((number, Escape::Local { ensemble: *ensemble, local }));
            }
            Jump::Dressed { .. } => unreachable!("refused when the problem is set up"),
            Jump::Collective(operator) => {
                let jump = operator.clone() * Complex64::from(root);
                let Some((ports, flux)) = unravelling.ports().filter(|_| is_loss(operator)) else {
                    escapes.push((number, Escape::Collective(jump)));
                    continue;
                };
                let part = (ports.len() as f64).sqrt().recip();
                for phase in ports {
                    let light = Operator::identity() * (phase * part * flux.sqrt());
                    escapes.push((number, Escape::Collective(jump.clone() * Complex64::from(part) + light)));
                }
            }
        }
    }
    escapes
}
