//! Initial states as mixtures of pure product states.

use num_complex::Complex64;
use superladder_dense::hermitian_eigen;
use superladder_engine::Problem;
use superladder_model::{EnsembleState, ModeState, Subsystem};
use superladder_sampling::Stream;
use superladder_space::{Axis, Density, Ladders, loss, mode_density, mode_vector, product_weights};

use crate::basis::{Basis, Window};
use crate::frame::Frame;
use crate::locality::{Locality, Losses};
use crate::rotation::{Rotation, RotationScratch};
use crate::vector::Vector;

/// A pure state of one subsystem and its weight in the mixture.
#[derive(Debug, Clone)]
struct Component {
    weight: f64,
    axis: Axis,
    /// Angles of the z axis that the levels are counted along.
    angles: Option<(f64, f64)>,
    frame: Frame,
    /// Level of the first amplitude.
    low: i64,
    vector: Vec<Complex64>,
}

/// One mixture per subsystem: modes, then ensembles.
#[derive(Debug, Clone)]
pub(crate) struct Preparation {
    mixtures: Vec<Vec<Component>>,
    /// Weight of the initial state of every mode that the cutoff loses.
    pub(crate) losses: Vec<f64>,
}

/// Weights below this part of the largest are rounding of a decomposition.
const ROUNDING: f64 = 1e-14;

impl Preparation {
    /// Mixtures of the initial state: of a mode whose frame moves displaced Fock states, of one at rest the
    /// eigenvectors of the very density matrix that the exact engine starts from, of an ensemble Dicke states
    /// along an axis. `None` if a state has no weight below the cutoff or a decomposition fails.
    pub(crate) fn new(problem: &Problem, ladders: &Ladders, locality: &Locality) -> Option<Self> {
        let (mut mixtures, mut losses) = (Vec::new(), Vec::new());
        for (m, state) in problem.initial.modes.iter().enumerate() {
            let levels = problem.cutoffs[m] + 1;
            let (components, lost) =
                if locality.moving[m] { (displaced(state), 0.0) } else { at_rest(state, levels)? };
            let fits = |c: &Component| locality.windows || c.low + (c.vector.len() as i64) <= levels as i64;
            mixtures.push(normalised(components.into_iter().filter(fits).collect())?);
            losses.push(lost);
        }
        for (e, state) in problem.initial.ensembles.iter().enumerate() {
            let moving = locality.moving[problem.initial.modes.len() + e];
            mixtures.push(normalised(of_ensemble(state, ladders.spins()[e], ladders.of(e), moving))?);
        }
        Some(Self { mixtures, losses })
    }

    /// Bytes.
    pub(crate) fn memory(&self) -> u64 {
        /// Of the allocator, for every vector.
        const BLOCK: usize = 16;
        let of = |c: &Component| size_of::<Component>() + 16 * c.vector.len() + BLOCK;
        self.mixtures.iter().flatten().map(of).sum::<usize>() as u64
    }

    /// True when all trajectories start from the same state.
    pub(crate) fn is_pure(&self) -> bool {
        self.mixtures.iter().all(|mixture| mixture.len() == 1)
    }

    /// Draws a product state with the basis that it is written in; `spare` is a buffer.
    pub(crate) fn draw(
        &self,
        locality: &Locality,
        stream: &mut Stream,
        basis: &mut Basis,
        psi: &mut Vector,
        spare: &mut Vector,
        losses: &mut Losses,
    ) {
        let mut pick = |mixture: &'_ Vec<Component>| {
            if mixture.len() == 1 { 0 } else { stream.choose(mixture.iter().map(|c| c.weight), 1.0) }
        };
        let chosen: Vec<&Component> = self.mixtures.iter().map(|m| &m[pick(m)]).collect();
        basis.axes.clear();
        basis.frames.clear();
        basis.windows.clear();
        psi.clear(1);
        psi.re[0] = 1.0;
        let tail = 0.01 * locality.truncation / (2 * chosen.len().max(1)) as f64;
        for (axis, component) in chosen.into_iter().enumerate() {
            let (mut window, mut vector) = component.rotated();
            if locality.windows {
                trim(&mut window, &mut vector, tail, losses);
            } else {
                let widest = locality.widest(axis, component.axis);
                let mut wide = vec![Complex64::ZERO; widest.len];
                let start = (window.low - widest.low) as usize;
                wide[start..start + vector.len()].copy_from_slice(&vector);
                (window, vector) = (widest, wide);
            }
            spare.clear(psi.len() * vector.len());
            for i in 0..psi.len() {
                for (k, value) in vector.iter().enumerate() {
                    spare.set(i * vector.len() + k, psi.get(i) * value);
                }
            }
            std::mem::swap(psi, spare);
            basis.axes.push(component.axis);
            basis.frames.push(component.frame);
            basis.windows.push(window);
        }
    }
}

/// Cuts at most the weight `tail` off either end.
fn trim(window: &mut Window, vector: &mut Vec<Complex64>, tail: f64, losses: &mut Losses) {
    let mut lost = 0.0;
    let mut cut = |levels: &mut dyn Iterator<Item = &Complex64>| {
        let mut sum = 0.0;
        levels
            .take_while(|a| {
                let next = sum + a.norm_sqr();
                let kept = next <= tail;
                if kept {
                    lost += a.norm_sqr();
                    sum = next;
                }
                kept
            })
            .count()
    };
    let below = cut(&mut vector.iter()).min(vector.len() - 1);
    let above = cut(&mut vector[below + 1..].iter().rev());
    vector.truncate(vector.len() - above);
    vector.drain(..below);
    *window = Window { low: window.low + below as i64, len: vector.len() };
    losses.weight += lost;
    losses.norm += lost.sqrt();
}

impl Component {
    /// Window and amplitudes on the levels of its frame.
    fn rotated(&self) -> (Window, Vec<Complex64>) {
        let (window, vector) = (Window { low: self.low, len: self.vector.len() }, self.vector.clone());
        let Some((theta, phi)) = self.angles else { return (window, vector) };
        // exp(-i phi S^z) exp(-i theta S^y) on the whole ladder.
        let whole = Window { low: 0, len: self.axis.levels() };
        let mut basis = Basis { axes: vec![self.axis], frames: vec![self.frame], windows: vec![window] };
        let (mut psi, mut spare) = (Vector::default(), Vector::default());
        psi.clear(vector.len());
        vector.iter().enumerate().for_each(|(k, a)| psi.set(k, *a));
        basis.regrid(0, whole, &mut psi, &mut spare);
        let rotation = Rotation { beta: Complex64::from(-0.5 * theta) };
        rotation.apply(&basis, 0, &mut psi, &mut RotationScratch::default());
        let phase = |k: usize| Complex64::from_polar(1.0, -phi * k as f64);
        (whole, (0..psi.len()).map(|k| phase(k) * psi.get(k)).collect())
    }
}

/// Displaced Fock states: the eigenvectors of a displaced thermal state, with weights
/// `n̄^n / (1 + n̄)^(n+1)`.
fn displaced(state: &ModeState) -> Vec<Component> {
    let component = |weight: f64, alpha: Complex64, level: usize| Component {
        weight,
        axis: Axis::Fock { levels: Axis::UNBOUNDED },
        angles: None,
        frame: Frame::Displaced(alpha),
        low: level as i64,
        vector: vec![Complex64::ONE],
    };
    match *state {
        ModeState::Fock(n) => vec![component(1.0, Complex64::ZERO, n)],
        ModeState::Coherent(alpha) => vec![component(1.0, alpha, 0)],
        ModeState::DisplacedThermal { alpha, occupation } => {
            let ratio = occupation / (1.0 + occupation);
            let weights = std::iter::successors(Some(1.0 - ratio), |w| Some(w * ratio));
            let weights = weights.take_while(|w| *w > ROUNDING * (1.0 - ratio));
            weights.enumerate().map(|(n, w)| component(w, alpha, n)).collect()
        }
    }
}

/// States of a mode below its cutoff, and the weight above it.
fn at_rest(state: &ModeState, levels: usize) -> Option<(Vec<Component>, f64)> {
    let component = |weight: f64, vector: Vec<Complex64>| Component {
        weight,
        axis: Axis::Fock { levels },
        angles: None,
        frame: Frame::at_rest(Subsystem::Mode(0)),
        low: 0,
        vector,
    };
    let lost = loss(state, levels - 1);
    if let Some(vector) = mode_vector(state, levels) {
        return Some((vec![component(1.0, vector)], lost));
    }
    let rho = match mode_density(state, levels) {
        Density::Dense { elements, .. } => elements,
        // In the order of the eigenvalues of a matrix. What has no weight is not made.
        diagonal => {
            let weights = (0..levels).rev().map(|n| (n, diagonal.at(n, n).re));
            let weights = weights.filter(|(_, weight)| *weight > ROUNDING * diagonal.at(0, 0).re);
            let level = |(n, weight): (usize, f64)| Component {
                low: n as i64,
                ..component(weight, vec![Complex64::ONE])
            };
            return Some((weights.map(level).collect(), lost));
        }
    };
    let (weights, vectors) = hermitian_eigen(&rho, levels)?;
    let components = weights.into_iter().zip(vectors).map(|(weight, vector)| component(weight, vector));
    Some((components.collect(), lost))
}

/// Dicke states along the axis of an ensemble's state, counted from the end that they are nearer to.
fn of_ensemble(state: &EnsembleState, spins: usize, ladders: &[usize], moving: bool) -> Vec<Component> {
    let component = |weight: f64, twice_j: usize, level: usize, (theta, phi): (f64, f64)| {
        let still = Frame::at_rest(Subsystem::Ensemble(0));
        Component {
            weight,
            axis: Axis::Dicke { spins, twice_j },
            angles: (!moving && theta != 0.0).then_some((theta, phi)),
            frame: if moving { Frame::along(theta, phi) } else { still },
            low: level as i64,
            vector: vec![Complex64::ONE],
        }
    };
    match *state {
        EnsembleState::SpinCoherent { theta, phi } => vec![component(1.0, spins, 0, (theta, phi))],
        EnsembleState::Dicke { twice_j, twice_m } => {
            let level = i64::midpoint(twice_m, twice_j as i64) as usize;
            let upper = moving && 2 * level > twice_j;
            let (level, theta) = if upper { (twice_j - level, std::f64::consts::PI) } else { (level, 0.0) };
            vec![component(1.0, twice_j, level, (theta, 0.0))]
        }
        EnsembleState::Product { bloch: [x, y, z] } => {
            // Levels are counted from the end that the Bloch vector points to: z axis against it.
            let length = x.hypot(y).hypot(z);
            let angles = if length == 0.0 { (0.0, 0.0) } else { ((x.hypot(y)).atan2(-z), (-y).atan2(-x)) };
            let all = || {
                ladders.iter().flat_map(|&twice_j| {
                    let weights = product_weights(length, spins, twice_j).into_iter().enumerate();
                    weights.map(move |(level, weight)| (weight, twice_j, level))
                })
            };
            // Of 250 000 components of 1000 spins few have weight: the others are not made.
            let least = ROUNDING * all().map(|(weight, ..)| weight).fold(0.0, f64::max);
            all()
                .filter(|(weight, ..)| *weight > least)
                .map(|(w, tj, k)| component(w, tj, k, angles))
                .collect()
        }
    }
}

/// Rounding dropped, unit vectors, weights that sum to 1.
fn normalised(mut components: Vec<Component>) -> Option<Vec<Component>> {
    let largest = components.iter().map(|c| c.weight).fold(0.0, f64::max);
    components.retain(|c| c.weight > ROUNDING * largest);
    let total: f64 = components.iter().map(|c| c.weight).sum();
    for component in &mut components {
        component.weight /= total;
        let norm = component.vector.iter().map(Complex64::norm_sqr).sum::<f64>().sqrt();
        if norm == 0.0 {
            return None;
        }
        component.vector.iter_mut().for_each(|x| *x /= norm);
    }
    (!components.is_empty()).then_some(components)
}
