//! Initial states as mixtures of pure product states.

use faer::{Mat, Side};
use num_complex::Complex64;
use superladder_engine::Problem;
use superladder_model::{EnsembleState, Model};
use superladder_space::{Space, ensemble_density, mode_density, mode_vector, spin_coherent_vector};

use crate::stream::Stream;

/// A pure state of one subsystem and its weight in the mixture.
#[derive(Debug, Clone)]
struct Component {
    weight: f64,
    /// `2 j` for an ensemble.
    twice_j: usize,
    vector: Vec<Complex64>,
}

/// One mixture per subsystem: modes, then ensembles.
#[derive(Debug, Clone)]
pub(crate) struct Preparation {
    modes: Vec<Vec<Component>>,
    ensembles: Vec<Vec<Component>>,
    /// Weight of the initial state of every mode that the cutoff loses.
    pub(crate) losses: Vec<f64>,
}

/// Weights below this part of the largest are rounding of the decomposition.
const ROUNDING: f64 = 1e-14;

impl Preparation {
    /// Mixtures from the eigenvectors of the very density matrices that the exact engine starts from; `None` if a state
    /// has no weight below the cutoff or a decomposition fails.
    pub(crate) fn new(problem: &Problem, space: &Space) -> Option<Self> {
        let (mut modes, mut losses) = (Vec::new(), Vec::new());
        for (state, &levels) in problem.initial.modes.iter().zip(space.levels()) {
            let (components, lost) = if let Some((vector, lost)) = mode_vector(state, levels) {
                (vec![Component { weight: 1.0, twice_j: 0, vector }], lost)
            } else {
                let (rho, lost) = mode_density(state, levels);
                (mixture(&rho, levels, 0)?, lost)
            };
            modes.push(normalised(components)?);
            losses.push(lost);
        }
        let model = problem.model();
        let states = problem.initial.ensembles.iter().enumerate();
        let ensembles =
            states.map(|(e, state)| of_ensemble(space, model, e, state)).collect::<Option<_>>()?;
        Some(Self { modes, ensembles, losses })
    }

    /// True when all trajectories start from the same state.
    pub(crate) fn is_pure(&self) -> bool {
        self.modes.iter().chain(&self.ensembles).all(|mixture| mixture.len() == 1)
    }

    /// Draws a product state into `psi`; returns its sector.
    pub(crate) fn draw(&self, space: &Space, stream: &mut Stream, psi: &mut [Complex64]) -> Option<usize> {
        let mut pick = |mixture: &'_ Vec<Component>| {
            if mixture.len() == 1 { 0 } else { stream.choose(mixture.iter().map(|c| c.weight), 1.0) }
        };
        let modes: Vec<&Component> = self.modes.iter().map(|m| &m[pick(m)]).collect();
        let ensembles: Vec<&Component> = self.ensembles.iter().map(|m| &m[pick(m)]).collect();
        let ladders: Vec<usize> = ensembles.iter().map(|c| c.twice_j).collect();
        let number = space.sector_number(&ladders)?;
        let sector = &space.sectors()[number];
        let offsets = space.spins().iter().zip(&ladders).map(|(n, tj)| (n - tj) / 2);
        let offsets: Vec<usize> = std::iter::repeat_n(0, modes.len()).chain(offsets).collect();
        for (state, amplitude) in psi[..sector.dim()].iter_mut().enumerate() {
            let parts = modes.iter().chain(&ensembles).zip(sector.labels(state)).zip(&offsets);
            *amplitude = parts.map(|((part, label), offset)| part.vector[*label as usize - offset]).product();
        }
        Some(number)
    }
}

fn of_ensemble(space: &Space, model: &Model, e: usize, state: &EnsembleState) -> Option<Vec<Component>> {
    let spins = model.ensembles()[e].size;
    if let EnsembleState::SpinCoherent { theta, phi } = *state {
        let vector = spin_coherent_vector(spins, theta, phi);
        return normalised(vec![Component { weight: 1.0, twice_j: spins, vector }]);
    }
    let mut ladders: Vec<usize> = space.sectors().iter().map(|s| s.twice_j[e]).collect();
    ladders.sort_unstable();
    ladders.dedup();
    let mut components = Vec::new();
    for twice_j in ladders {
        components.extend(mixture(&ensemble_density(state, spins, twice_j), twice_j + 1, twice_j)?);
    }
    normalised(components)
}

/// Eigenvectors of a dense Hermitian matrix with their eigenvalues.
fn mixture(rho: &[Complex64], dim: usize, twice_j: usize) -> Option<Vec<Component>> {
    if rho.iter().all(|x| *x == Complex64::ZERO) {
        return Some(Vec::new());
    }
    let matrix = Mat::from_fn(dim, dim, |i, j| rho[i * dim + j]);
    let decomposed = matrix.self_adjoint_eigen(Side::Lower).ok()?;
    let component = |k: usize| Component {
        weight: decomposed.S().column_vector()[k].re,
        twice_j,
        vector: (0..dim).map(|i| decomposed.U()[(i, k)]).collect(),
    };
    Some((0..dim).map(component).collect())
}

/// Rounding dropped, unit vectors, weights that sum to 1.
fn normalised(mut components: Vec<Component>) -> Option<Vec<Component>> {
    let largest = components.iter().map(|c| c.weight).fold(0.0, f64::max);
    components.retain(|c| c.weight > ROUNDING * largest);
    let total: f64 = components.iter().map(|c| c.weight).sum();
    for component in &mut components {
        component.weight /= total;
        let norm = crate::taylor::norm_sqr(&component.vector).sqrt();
        if norm == 0.0 {
            return None;
        }
        component.vector.iter_mut().for_each(|x| *x /= norm);
    }
    (!components.is_empty()).then_some(components)
}
