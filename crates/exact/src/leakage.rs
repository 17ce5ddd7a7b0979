//! What truncation of the Fock spaces does to the state: a bound from the state itself.
//!
//! Let P project onto the truncated space, L be the generator of the untruncated model and L_P the one in use. Since
//! L generates a contraction of the trace norm, the truncated state differs from the true one by at most
//!
//! ```text
//! ‖rho_P(t) - rho(t)‖_1 <= ‖rho_P(0) - rho(0)‖_1 + ∫_0^t ‖(L - L_P) rho_P(s)‖_1 ds,
//! ‖(L - L_P) rho‖_1 <= 2 sqrt<A^dag A> + 2 sqrt<D^dag D> + sum_K (2 sqrt(<B^dag B> <K_P^dag K_P>) + <B^dag B>)
//! ```
//! with the parts of `H - (i/2) sum K^dag K` that leave the space, A = (1 - P) H_eff P, and that are lost inside of it, D = P H_eff P - H_eff,P,
//! and those of the jumps, K P = K_P + B. The second line is the Cauchy-Schwarz inequality, `‖X rho‖_1 <= sqrt<X^dag X>` for tr rho = 1.
//!
//! Source: an a-posteriori bound of the kind of P.-L. Etienney, R. Robin, P. Rouchon, arXiv:2501.09607 (2025).

use num_complex::Complex64;
use serde::{Deserialize, Serialize};
use sprs::TriMat;
use superladder_engine::Problem;
use superladder_model::{Factor, Jump, Model, Operator};
use superladder_space::{Space, SpaceError, SparseMatrix};

use crate::functionals::Functional;
use crate::generator::Elements;
use crate::layout::Layout;

/// The bound of one stage, with numbers of functionals: `2 sqrt(x)` for every x of `leaving`, and the pairs of every
/// jump.
#[derive(Debug, Clone, Default)]
struct Stage {
    leaving: Vec<usize>,
    jumps: Vec<[usize; 2]>,
}

/// The rates at which the stages of a problem lose what leaves the truncated space.
#[derive(Debug, Clone)]
pub(crate) struct Leakage {
    functionals: Vec<Functional>,
    stages: Vec<Stage>,
}

/// The integral so far: through trapezoids between output times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Leaked {
    time: f64,
    rate: f64,
    /// The bound up to `time`.
    pub(crate) bound: f64,
}

impl Leaked {
    /// Starts at `time` with what the initial state lost and the rate there.
    pub(crate) fn start(time: f64, lost: f64, rate: f64) -> Self {
        Self { time, rate, bound: lost }
    }

    /// Goes on to `time`, where the rate is `rate`.
    pub(crate) fn advance(&mut self, time: f64, rate: f64) {
        self.bound += 0.5 * (self.rate + rate) * (time - self.time);
        (self.time, self.rate) = (time, rate);
    }

    /// The model changes at the present time.
    pub(crate) fn change(&mut self, rate: f64) {
        self.rate = rate;
    }
}

impl Leakage {
    /// The bound for the stages of `problem` in `space`.
    ///
    /// # Errors
    /// [`SpaceError`] when the next larger space cannot be enumerated.
    pub(crate) fn new(problem: &Problem, space: &Space, layout: &Layout) -> Result<Self, SpaceError> {
        let models: Vec<&Model> = problem.stages.iter().map(|s| &s.model).collect();
        let modes = 0..problem.cutoffs.len();
        let reach = |m: usize| models.iter().map(|model| reach(model, m)).max().unwrap_or(0);
        let cutoffs: Vec<usize> = modes.map(|m| problem.cutoffs[m] + reach(m)).collect();
        if cutoffs == problem.cutoffs {
            return Ok(Self { functionals: Vec::new(), stages: vec![Stage::default(); models.len()] });
        }
        let large = Space::new(&models, &problem.initial, &cutoffs, space.charges().clone())?;
        let inside: Vec<Vec<Option<usize>>> = large
            .sectors()
            .iter()
            .zip(space.sectors())
            .map(|(large, small)| {
                let find = |state: usize| {
                    small.find(&large.labels(state).iter().map(|l| i64::from(*l)).collect::<Vec<_>>())
                };
                (0..large.dim()).map(find).collect()
            })
            .collect();
        let mut functionals = Vec::new();
        let mut stages = Vec::new();
        for model in &models {
            stages.push(stage(model, space, &large, &inside, layout, &mut functionals));
        }
        Ok(Self { functionals, stages })
    }

    /// Number of values.
    pub(crate) fn count(&self) -> usize {
        self.functionals.len()
    }

    /// Evaluates the functionals of all stages, which are linear.
    pub(crate) fn evaluate(&self, vector: &[f64], out: &mut [f64]) {
        for (value, functional) in out.iter_mut().zip(&self.functionals) {
            *value = functional.evaluate(vector).re;
        }
    }

    /// `‖(L - L_P) rho‖_1` is at most this in a stage, from the values of the functionals.
    pub(crate) fn rate(&self, stage: usize, values: &[f64]) -> f64 {
        let value = |number: usize| values[number].max(0.0);
        let Stage { leaving, jumps } = &self.stages[stage];
        let smooth: f64 = leaving.iter().map(|f| 2.0 * value(*f).sqrt()).sum();
        let pair = |[leaving, kept]: &[usize; 2]| {
            let lost = value(*leaving);
            2.0 * (lost * value(*kept)).sqrt() + lost
        };
        smooth + jumps.iter().map(pair).sum::<f64>()
    }

    pub(crate) fn memory(&self) -> u64 {
        self.functionals.iter().map(Functional::memory).sum()
    }

    /// True when nothing can leave the space.
    pub(crate) fn is_closed(&self) -> bool {
        self.stages.iter().all(|s| s.leaving.is_empty() && s.jumps.is_empty())
    }
}

/// How far above the cutoff of a mode the products of factors of a model reach.
fn reach(model: &Model, mode: usize) -> usize {
    let count = |o: &Operator, wanted: &[Factor]| {
        let of_term = |factors: &[Factor]| factors.iter().filter(|f| wanted.contains(f)).count();
        o.terms.iter().map(|t| of_term(&t.factors)).max().unwrap_or(0)
    };
    let (create, annihilate) = (Factor::Create(mode), Factor::Annihilate(mode));
    let of_jump = |jump: &Jump| match jump {
        Jump::Collective(operator) if count(operator, &[create]) > 0 => {
            count(operator, &[create, annihilate])
        }
        Jump::Collective(_) | Jump::Local { .. } => 0,
    };
    let jumps = model.dissipators().map(|d| of_jump(&d.jump)).max().unwrap_or(0);
    count(&model.hamiltonian(), &[create]).max(2 * jumps)
}

fn stage(
    model: &Model,
    space: &Space,
    large: &Space,
    inside: &[Vec<Option<usize>>],
    layout: &Layout,
    functionals: &mut Vec<Functional>,
) -> Stage {
    let (small_elements, large_elements) = (Elements::new(space, model), Elements::new(large, model));
    let (mut leaving, mut lost) = (Vec::new(), Vec::new());
    for (sector, effective) in large_elements.effective.iter().enumerate() {
        let (small, map) = (space.sectors()[sector].dim(), &inside[sector]);
        let [kept, left] = split(effective, map, map, small, small);
        leaving.push(square(&left));
        let difference = &kept + &small_elements.effective[sector].map(|x| -x);
        lost.push(square(&difference));
    }
    let mut number_of = |matrices: &[SparseMatrix]| {
        let functional = Functional::of(layout, matrices);
        (!functional.is_zero()).then(|| {
            functionals.push(functional);
            functionals.len() - 1
        })
    };
    let leaving: Vec<usize> = [leaving, lost].iter().filter_map(|m| number_of(m)).collect();
    let mut jumps = Vec::new();
    for number in 0..model.dissipators().count() {
        let zero = || -> Vec<SparseMatrix> {
            space.sectors().iter().map(|s| SparseMatrix::zero((s.dim(), s.dim()))).collect()
        };
        let (mut lost, mut kept) = (zero(), zero());
        for jump in large_elements.jumps.iter().filter(|j| j.dissipator == number) {
            let (source, target) = (jump.source, jump.target);
            let dims = (space.sectors()[target].dim(), space.sectors()[source].dim());
            let [inner, outer] = split(&jump.matrix, &inside[target], &inside[source], dims.0, dims.1);
            lost[source] = &lost[source] + &square(&outer);
            kept[source] = &kept[source] + &square(&inner);
        }
        if let Some(lost) = number_of(&lost)
            && let Some(kept) = number_of(&kept)
        {
            jumps.push([lost, kept]);
        }
    }
    Stage { leaving, jumps }
}

/// The columns inside the small space: rows inside (small numbering) and outside (large numbering).
fn split(
    matrix: &SparseMatrix,
    rows: &[Option<usize>],
    columns: &[Option<usize>],
    height: usize,
    width: usize,
) -> [SparseMatrix; 2] {
    let (mut inner, mut outer) = (TriMat::new((height, width)), TriMat::new((rows.len(), width)));
    for (value, (row, column)) in matrix {
        match (rows[row], columns[column]) {
            (Some(row), Some(column)) => inner.add_triplet(row, column, *value),
            (None, Some(column)) => outer.add_triplet(row, column, *value),
            (_, None) => {}
        }
    }
    [inner.to_csr(), outer.to_csr()]
}

/// `X^dag X`.
fn square(x: &SparseMatrix) -> SparseMatrix {
    let adjoint: SparseMatrix = x.transpose_view().to_csr().map(Complex64::conj);
    &adjoint * x
}
