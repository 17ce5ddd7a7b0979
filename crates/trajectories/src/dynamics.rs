//! What moves a trajectory in a stage: the generator and the jumps, as terms that any basis can be put into.

use num_complex::Complex64;
use superladder_model::{Factor, Jump, Model, Operator, Subsystem};

use crate::Unravelling;
use crate::basis::{Basis, Window, apply_along};
use crate::products::{ActScratch, Bands, Layout, Local, Part, Table, Term, act, branch_image};
use crate::stencil::Pattern;
use crate::vector::Vector;

/// A jump.
#[derive(Debug, Clone)]
pub(crate) struct Leap {
    /// Number of the dissipator.
    pub(crate) dissipator: usize,
    pub(crate) kind: LeapKind,
}

/// What a jump does, square root of the rate included.
#[derive(Debug, Clone)]
pub(crate) enum LeapKind {
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
}

/// Buffers of the jumps.
#[derive(Debug, Default)]
pub(crate) struct LeapScratch {
    bands: Bands,
    band: Vec<Complex64>,
    act: ActScratch,
    /// The image of the last jump that was tried.
    pub(crate) image: Vector,
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
                    leaps.push(Leap { dissipator: *dissipator, kind: LeapKind::Collective { terms, pads } });
                }
                Escape::Local { ensemble, local } => {
                    let axis = layout.axis(Subsystem::Ensemble(*ensemble));
                    let product = table.intern(layout, axis, Part::Decay(*local));
                    decays.push(Term { coefficient: Complex64::from(-0.5), products: vec![product] });
                    for dj in -1..=1 {
                        let kind = LeapKind::Branch { axis, local: *local, dj };
                        leaps.push(Leap { dissipator: *dissipator, kind });
                    }
                }
            }
        }
        let mut terms = table.terms(layout, &generator);
        terms.extend(decays);
        let pattern = Pattern::new(&table, &terms, layout.moving.len());
        Self { table, pattern, jump_table, leaps }
    }

    /// Makes ready for the jumps from a basis.
    pub(crate) fn aim(&self, basis: &Basis, scratch: &mut LeapScratch) {
        scratch.bands.fill(&self.jump_table, basis);
    }

    /// Leaves `K psi` in `scratch.image`; false if there is no such branch.
    pub(crate) fn leap(&self, leap: &Leap, basis: &Basis, psi: &Vector, scratch: &mut LeapScratch) -> bool {
        let LeapScratch { bands, band, act: buffers, image } = scratch;
        match &leap.kind {
            LeapKind::Collective { terms, pads } => {
                let size = basis.windows.iter().zip(pads).map(|(w, pad)| w.len + 2 * pad).product();
                image.clear(size);
                for term in terms {
                    act(&self.jump_table, bands, basis, &term.products, |axis| pads[axis], psi, buffers);
                    image.add(term.coefficient, &buffers.image);
                }
                true
            }
            LeapKind::Branch { axis, local, dj } => {
                let ladder = basis.axes[*axis];
                let Some((_, weight)) = ladder.branch(*dj) else { return false };
                let linear = basis.frames[*axis].vector(local.raise, local.lower, local.z);
                let weight = weight * local.correction(*dj);
                let window = basis.windows[*axis];
                band.clear();
                band.resize(3 * window.len, Complex64::ZERO);
                for column in 0..window.len {
                    let level = window.low + column as i64;
                    let parts = branch_image(ladder, linear, *dj, weight, level);
                    (0..3).for_each(|row| band[row * window.len + column] = parts[row]);
                }
                apply_along(basis.grid(*axis), &[-1, 0, 1], band, 1, psi, image);
                true
            }
        }
    }

    /// The basis of the image that [`Dynamics::leap`] has left, cut to the levels that exist.
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
/// Heterodyne detection replaces every jump K of a mode's loss by the four `(K + i^q beta) / 2`, q = 0..3, of an
/// eight-port detector with a local oscillator of flux `beta^2`. `sum_q i^q = 0`, so the master equation is the same
/// for every beta: no bias, only the single trajectories become diffusive as beta grows.
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
            Jump::Collective(operator) => {
                let jump = operator.clone() * Complex64::from(root);
                let flux = match unravelling {
                    Unravelling::Heterodyne { flux } if is_loss(operator) => flux,
                    _ => {
                        escapes.push((number, Escape::Collective(jump)));
                        continue;
                    }
                };
                for phase in [Complex64::ONE, Complex64::I, -Complex64::ONE, -Complex64::I] {
                    let light = Operator::identity() * (phase * 0.5 * flux.sqrt());
                    let port = jump.clone() * Complex64::from(0.5) + light;
                    escapes.push((number, Escape::Collective(port)));
                }
            }
        }
    }
    escapes
}
