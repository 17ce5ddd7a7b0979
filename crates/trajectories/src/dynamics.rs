//! What moves a trajectory in a stage: generators inside sectors and jumps between them.

use num_complex::Complex64;
use superladder_model::{Factor, Jump, Model};
use superladder_space::{JumpBlock, Space, SparseMatrix};

use crate::Unravelling;
use crate::rows::Rows;

/// A jump out of a sector.
#[derive(Debug, Clone)]
pub(crate) struct Leap {
    /// Number of the dissipator.
    pub(crate) dissipator: usize,
    /// Sector after the jump.
    pub(crate) target: usize,
    /// Its matrix, `sqrt(rate)` included.
    pub(crate) matrix: Rows,
}

/// Generators and jumps of one stage, by sector.
#[derive(Debug, Clone)]
pub(crate) struct Dynamics {
    /// `-i H_eff` of every sector.
    pub(crate) generators: Vec<Rows>,
    /// Jumps out of every sector, in the order of the space.
    pub(crate) leaps: Vec<Vec<Leap>>,
}

impl Dynamics {
    /// Of a model, from the jump blocks and the effective Hamiltonians of its space.
    pub(crate) fn new(space: &Space, model: &Model, unravelling: Unravelling) -> Self {
        let jumps = unravel(space, model, space.jumps(model), unravelling);
        Self::of_jumps(space, model, &jumps)
    }

    /// With given jumps, which also make the effective Hamiltonians.
    pub(crate) fn of_jumps(space: &Space, model: &Model, jumps: &[JumpBlock]) -> Self {
        let hamiltonians = space.effective_hamiltonians(model, jumps);
        let generators = hamiltonians.iter().map(|h| Rows::new(h, Complex64::new(0.0, -1.0))).collect();
        let mut leaps = vec![Vec::new(); space.sectors().len()];
        for jump in jumps {
            let matrix = Rows::new(&jump.matrix, Complex64::ONE);
            leaps[jump.source].push(Leap { dissipator: jump.dissipator, target: jump.target, matrix });
        }
        Self { generators, leaps }
    }

    /// Bytes.
    pub(crate) fn memory(&self) -> u64 {
        let leaps = self.leaps.iter().flatten().map(|l| l.matrix.memory());
        self.generators.iter().map(Rows::memory).chain(leaps).sum()
    }
}

/// Whether a jump is the loss of quanta of a mode: a multiple of one annihilation operator.
fn is_loss(jump: &Jump) -> bool {
    match jump {
        Jump::Collective(operator) => {
            let terms = operator.collected().terms;
            matches!(terms.as_slice(), [term] if matches!(term.factors.as_slice(), [Factor::Annihilate(_)]))
        }
        Jump::Local { .. } => false,
    }
}

/// Heterodyne detection replaces every jump K of a mode's loss by the four `(K + i^q beta) / 2`, q = 0..3, of an
/// eight-port detector with a local oscillator of flux `beta^2`. `sum_q i^q = 0`, so the master equation is the same
/// for every beta: no bias, only the single trajectories become diffusive as beta grows.
///
/// Source: H. M. Wiseman and G. J. Milburn, Quantum Measurement and Control (2010), chapter 4.
fn unravel(space: &Space, model: &Model, jumps: Vec<JumpBlock>, unravelling: Unravelling) -> Vec<JumpBlock> {
    let Unravelling::Heterodyne { flux } = unravelling else { return jumps };
    let losses: Vec<bool> = model.dissipators().map(|d| is_loss(&d.jump)).collect();
    let split = |jump: JumpBlock| {
        if !losses[jump.dissipator] {
            return vec![jump];
        }
        let phases = [Complex64::ONE, Complex64::I, -Complex64::ONE, -Complex64::I];
        let port = |phase: &Complex64| {
            let half = Complex64::from(0.5);
            let oscillator = phase * half * flux.sqrt();
            let dim = space.sectors()[jump.source].dim();
            let light = SparseMatrix::eye(dim).map(|_: &Complex64| oscillator);
            JumpBlock { matrix: &jump.matrix.map(|x| x * half) + &light, ..jump.clone() }
        };
        phases.iter().map(port).collect()
    };
    jumps.into_iter().flat_map(split).collect()
}
