//! How a state changes while nothing clicks.

use num_complex::Complex64;
use superladder_model::{Jump, Model};
use superladder_sampling::is_loss;
use superladder_space::{Space, SparseMatrix};

use crate::detectors::{Block, Detector, detectors};
use crate::options::Monitored;
use crate::state::Layout;

/// The equation of a stage,
///
/// ```text
/// d rho/dt = G rho = -i (H_eff rho - rho H_eff^dag) + sum_K (1 - eta_K) K rho K^dag - eta beta^2 rho
/// ```
/// `eta_K = 0` for jumps that are not recorded, and a term `eta beta^2`, the light of the local oscillator alone, for every
/// loss that meets one: over the ports of its detector the terms linear in beta add up to nothing.
///
/// Source: H. M. Wiseman and G. J. Milburn, Quantum Measurement and Control (2010), sections 4.2 to 4.8.
#[derive(Debug, Clone)]
pub(crate) struct Dynamics {
    /// `-i H_eff` of every sector.
    drift: Vec<SparseMatrix>,
    /// Half of what comes back: its adjoint is the other half.
    refills: Vec<Block>,
    /// `eta beta^2` of all recorded losses together.
    light: f64,
    pub(crate) detectors: Vec<Detector>,
}

impl Dynamics {
    /// Of a model; `None` once `halted` says so.
    pub(crate) fn new(
        space: &Space,
        model: &Model,
        options: &Monitored,
        halted: &dyn Fn() -> bool,
    ) -> Option<Self> {
        let jumps = space.jumps(model, halted)?;
        let effective = space.effective_hamiltonians(model, &jumps, halted)?;
        let names = model.dissipator_names();
        let unseen = |number: usize| {
            let seen = if options.records(&names[number]) { options.efficiency } else { 0.0 };
            (0.5 * (1.0 - seen)).sqrt()
        };
        let refill = |b: &superladder_space::JumpBlock| Block {
            source: b.source,
            target: b.target,
            matrix: b.matrix.map(|x| x * unseen(b.dissipator)),
        };
        let measured = |(number, d): (usize, &superladder_model::Dissipator)| {
            matches!(&d.jump, Jump::Collective(jump) if is_loss(jump)) && options.records(&names[number])
        };
        let losses = model.dissipators().enumerate().filter(|pair| measured(*pair)).count();
        let flux = options.unravelling.flux().unwrap_or(0.0);
        Some(Self {
            drift: effective.iter().map(|h| h.map(|x| -Complex64::I * x)).collect(),
            refills: jumps.iter().filter(|b| unseen(b.dissipator) > 0.0).map(refill).collect(),
            light: options.efficiency * flux * losses as f64,
            detectors: detectors(space, model, &jumps, options),
        })
    }

    /// `out = G rho` as `M + M^dag`: Hermitian in every bit, since what is not would not fall with the trace, and be as large
    /// as the state after some clicks.
    pub(crate) fn apply(
        &self,
        layout: &Layout,
        rho: &[Complex64],
        out: &mut [Complex64],
        half: &mut Vec<Complex64>,
    ) {
        for (sector, drift) in self.drift.iter().enumerate() {
            let dim = layout.dim(sector);
            let (rho, out) = (&rho[layout.block(sector)], &mut out[layout.block(sector)]);
            out.iter_mut().zip(rho).for_each(|(out, x)| *out = -0.5 * self.light * x);
            for (i, row) in drift.outer_iterator().enumerate() {
                let out = &mut out[i * dim..(i + 1) * dim];
                for (k, x) in row.iter() {
                    out.iter_mut().zip(&rho[k * dim..(k + 1) * dim]).for_each(|(out, r)| *out += x * r);
                }
            }
        }
        for b in &self.refills {
            b.refill(&rho[layout.block(b.source)], &mut out[layout.block(b.target)], half);
        }
        layout.add_adjoint(out);
    }
}
