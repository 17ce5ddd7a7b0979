//! What truncation of the Fock spaces does to the state: a bound from the state itself.
//!
//! Let P project onto the truncated space, L be the generator of the untruncated model and L_P the one in
//! use. Since L generates a contraction of the trace norm, the truncated state differs from the true one by
//! at most
//!
//! ```text
//! ‖rho_P(t) - rho(t)‖_1 <= ‖rho_P(0) - rho(0)‖_1 + ∫_0^t ‖(L - L_P) rho_P(s)‖_1 ds,
//! ‖(L - L_P) rho‖_1 <= 2 sqrt<A^dag A> + 2 sqrt<D^dag D> + sum_K (2 sqrt(<B^dag B> <K_P^dag K_P>) + <B^dag B>)
//! ```
//! with the parts of `H - (i/2) sum K^dag K` that leave the space, A = (1 - P) H_eff P, and that are lost
//! inside of it, D = P H_eff P - H_eff,P, and those of the jumps, K P = K_P + B. The second line is the
//! Cauchy-Schwarz inequality, `‖X rho‖_1 <= sqrt<X^dag X>` for tr rho = 1.
//!
//! Source: an a-posteriori bound of the kind of P.-L. Etienney, R. Robin, P. Rouchon, arXiv:2501.09607
//! (2025).

use num_complex::Complex64;
use serde::{Deserialize, Serialize};
use sprs::TriMat;
use superladder_engine::{EngineError, Halt, Problem};
use superladder_model::Model;
use superladder_space::{Sector, Space, SparseMatrix, go_on};
use superladder_sparse::RealForm;

use crate::error::{INTERRUPTED, NAME, space_error};
use crate::functionals::Functional;
use crate::generator::Elements;
use crate::layout::Layout;

/// Elements below this part of the largest are rounding errors of sums.
const ROUNDING: f64 = 1e-12;

/// The bound of one stage, with numbers of functionals.
#[derive(Debug, Clone, Default)]
struct Stage {
    /// `2 sqrt(x)` for every x of these.
    leaving: Vec<usize>,
    /// What leaves and what stays of every jump.
    jumps: Vec<[usize; 2]>,
    /// The populations of states from which something leaves, see [`Edge`].
    edges: Vec<usize>,
}

impl Stage {
    /// Adds what `other` loses.
    fn join(&mut self, other: Self) {
        self.leaving.extend(other.leaving);
        self.jumps.extend(other.jumps);
        self.edges.extend(other.edges);
    }
}

/// By sector, the states from which a term of the model leaves the space, and those of the highest levels
/// from which such a state is reached in one step.
///
/// ```text
/// a^dag S^-, cutoff 5, levels n and excited spins x:   |5, x > 0> leaves, |4, x > 1> is one step away,
///                                                     |5, 0> stays: nothing is left that could be given
/// ```
#[derive(Debug)]
struct Edge {
    states: Vec<Vec<bool>>,
}

/// The rates at which the stages of a problem lose what leaves the truncated space.
#[derive(Debug, Clone)]
pub(crate) struct Leakage {
    functionals: Vec<Functional>,
    /// Bounds of the norms of the operators behind the functionals.
    norms: Vec<f64>,
    stages: Vec<Stage>,
    /// How many levels below the cutoffs something can leave from.
    reach: usize,
}

/// The integral of the rate over the samples of a run, which follow the state and not the output times.
///
/// The rate is a concave function of functionals that are linear in the state. Between two samples its
/// integral is therefore at most the time between them times the rate of the *mean* functionals (Jensen's
/// inequality), and the mean of a smooth function is what the trapezoidal rule is good at: that of the rate
/// itself, with its square roots, would be below the integral.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Leaked {
    time: f64,
    values: Vec<f64>,
    /// The bound up to `time`.
    pub(crate) bound: f64,
}

impl Leaked {
    /// Starts at `time` with what the initial state lost and the functionals there.
    pub(crate) fn start(time: f64, lost: f64, values: Vec<f64>) -> Self {
        Self { time, values, bound: lost }
    }

    /// The bound at `time`, not before the present one, where the functionals have these `values`.
    pub(crate) fn at(&self, leakage: &Leakage, stage: usize, time: f64, values: &[f64]) -> f64 {
        let mean: Vec<f64> = self.values.iter().zip(values).map(|(a, b)| 0.5 * (a + b)).collect();
        self.bound + leakage.rate(stage, &mean) * (time - self.time)
    }

    /// Goes on to `time`.
    pub(crate) fn advance(&mut self, leakage: &Leakage, stage: usize, time: f64, values: &[f64]) {
        self.bound = self.at(leakage, stage, time, values);
        self.time = time;
        self.values.clear();
        self.values.extend_from_slice(values);
    }

    /// Goes on with other functionals, at a state `lost` away from the present one.
    pub(crate) fn change(&mut self, lost: f64, values: Vec<f64>) {
        self.bound += lost;
        self.values = values;
    }

    /// The time reached.
    pub(crate) fn time(&self) -> f64 {
        self.time
    }

    /// The rate at the present time.
    pub(crate) fn rate(&self, leakage: &Leakage, stage: usize) -> f64 {
        leakage.rate(stage, &self.values)
    }
}

impl Leakage {
    /// The bound for the stages of `problem` in `space`; with `only` a mode, for what leaves through its
    /// cutoff.
    ///
    /// # Errors
    /// [`EngineError`] when the next larger space cannot be enumerated, or when `halt` ends the work.
    pub(crate) fn new(
        problem: &Problem,
        space: &Space,
        layout: &Layout,
        only: Option<usize>,
        halt: &dyn Halt,
    ) -> Result<Self, EngineError> {
        let models = problem.models();
        let reaches: Vec<usize> = (0..problem.cutoffs.len())
            .map(|m| {
                let counts = only.is_none_or(|only| only == m);
                models.iter().filter(|_| counts).map(|model| model.reach(m)).max().unwrap_or(0)
            })
            .collect();
        let cutoffs: Vec<usize> = problem.cutoffs.iter().zip(&reaches).map(|(c, r)| c + r).collect();
        let reach = reaches.into_iter().max().unwrap_or(0);
        let mut leakage = Self { functionals: Vec::new(), norms: Vec::new(), stages: Vec::new(), reach };
        if cutoffs == problem.cutoffs {
            leakage.stages = vec![Stage::default(); problem.stages.len()];
            return Ok(leakage);
        }
        let halted = &|| halt.asked();
        let large = Space::new_while(&models, &problem.initial, &cutoffs, space.charges().clone(), halted);
        let large = large.map_err(|e| space_error(&e))?;
        let sectors = large.sectors().iter().zip(space.sectors());
        let inside = sectors.map(|(large, small)| positions(large, small, halted));
        let inside = inside.collect::<Option<Vec<_>>>().ok_or(INTERRUPTED)?;
        for (number, stage) in problem.stages.iter().enumerate() {
            let mut bound = leakage.stage(&stage.model, space, &large, &inside, layout, halt)?;
            // The norm of a sum is at most the sum of norms: parts that follow time count with their largest deviation.
            for modulation in stage.model.modulations() {
                let largest = modulation.largest_deviation(stage.start, problem.end_of_stage(number));
                let part = modulation.part.scaled(largest);
                bound.join(leakage.stage(&part, space, &large, &inside, layout, halt)?);
            }
            leakage.stages.push(bound);
        }
        Ok(leakage)
    }

    /// The same bound of states in a real form.
    pub(crate) fn in_form(self, form: &RealForm) -> Self {
        let functionals = self.functionals.iter().map(|f| f.in_form(form)).collect();
        Self { functionals, ..self }
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
        self.rate_of(stage, values, |number| values[number].max(0.0))
    }

    /// What the rate would at most be if the highest levels had this `population`.
    pub(crate) fn rate_with(&self, stage: usize, values: &[f64], population: f64) -> f64 {
        self.rate_of(stage, values, |number| self.norms[number] * population)
    }

    /// The rate with what leaves given by `leaves`.
    fn rate_of(&self, stage: usize, values: &[f64], leaves: impl Fn(usize) -> f64) -> f64 {
        let Stage { leaving, jumps, .. } = &self.stages[stage];
        let smooth: f64 = leaving.iter().map(|f| 2.0 * leaves(*f).sqrt()).sum();
        let pair = |[leaving, kept]: &[usize; 2]| {
            let lost = leaves(*leaving);
            2.0 * (lost * values[*kept].max(0.0)).sqrt() + lost
        };
        smooth + jumps.iter().map(pair).sum::<f64>()
    }

    /// How many levels below the cutoff something can leave from.
    pub(crate) fn reach(&self) -> usize {
        self.reach
    }

    pub(crate) fn memory(&self) -> u64 {
        self.functionals.iter().map(Functional::memory).sum()
    }

    /// The population from which something leaves in a stage, from the values of the functionals.
    pub(crate) fn edge(&self, stage: usize, values: &[f64]) -> f64 {
        self.stages[stage].edges.iter().map(|number| values[*number]).sum()
    }

    /// True when nothing can leave the space.
    pub(crate) fn is_closed(&self) -> bool {
        self.stages.iter().all(|s| s.leaving.is_empty() && s.jumps.is_empty())
    }

    /// The functional of matrices of all sectors, if it is not zero.
    fn number_of(
        &mut self,
        layout: &Layout,
        matrices: &[SparseMatrix],
        halt: &dyn Halt,
    ) -> Result<Option<usize>, EngineError> {
        let functional = Functional::of(layout, matrices, &|| halt.asked()).ok_or(INTERRUPTED)?;
        if functional.is_zero() {
            return Ok(None);
        }
        self.functionals.push(functional);
        self.norms.push(matrices.iter().map(largest_row_sum).fold(0.0, f64::max));
        Ok(Some(self.functionals.len() - 1))
    }

    fn stage(
        &mut self,
        model: &Model,
        space: &Space,
        large: &Space,
        inside: &[Vec<Option<usize>>],
        layout: &Layout,
        halt: &dyn Halt,
    ) -> Result<Stage, EngineError> {
        let elements = |space| Elements::new_while(space, model, halt).ok_or(INTERRUPTED);
        let (small_elements, large_elements) = (elements(space)?, elements(large)?);
        let mut edge = Edge::new(space);
        let (mut leaving, mut lost) = (Vec::new(), Vec::new());
        for (sector, effective) in large_elements.effective.iter().enumerate() {
            halt.check(NAME)?;
            let (small, map) = (space.sectors()[sector].dim(), &inside[sector]);
            let [kept, left] = split(effective, map, map, small, small);
            let rounding = ROUNDING * largest_row_sum(effective);
            edge.add(sector, &left, rounding);
            leaving.push(square(&left));
            let difference = &kept + &small_elements.effective[sector].map(|x| -x);
            edge.add(sector, &difference, rounding);
            lost.push(square(&difference));
        }
        let both = [leaving, lost];
        let numbers = both.iter().map(|m| self.number_of(layout, m, halt));
        let leaving = numbers.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        let mut jumps = Vec::new();
        for number in 0..model.dissipators().count() {
            let zero = || -> Vec<SparseMatrix> {
                space.sectors().iter().map(|s| SparseMatrix::zero((s.dim(), s.dim()))).collect()
            };
            let (mut lost, mut kept) = (zero(), zero());
            for jump in large_elements.jumps.iter().filter(|j| j.dissipator == number) {
                halt.check(NAME)?;
                let (source, target) = (jump.source, jump.target);
                let dims = (space.sectors()[target].dim(), space.sectors()[source].dim());
                let [inner, outer] = split(&jump.matrix, &inside[target], &inside[source], dims.0, dims.1);
                edge.add(source, &outer, 0.0);
                lost[source] = &lost[source] + &square(&outer);
                kept[source] = &kept[source] + &square(&inner);
            }
            if let Some(lost) = self.number_of(layout, &lost, halt)?
                && let Some(kept) = self.number_of(layout, &kept, halt)?
            {
                jumps.push([lost, kept]);
            }
        }
        edge.widen(space, &small_elements);
        let edges = self.number_of(layout, &edge.projectors(), halt)?.into_iter().collect();
        Ok(Stage { leaving, jumps, edges })
    }
}

impl Edge {
    fn new(space: &Space) -> Self {
        Self { states: space.sectors().iter().map(|s| vec![false; s.dim()]).collect() }
    }

    /// Adds the states that `matrix` does not take to zero, up to `rounding`.
    fn add(&mut self, sector: usize, matrix: &SparseMatrix, rounding: f64) {
        let elements = matrix.iter().filter(|(x, _)| x.norm() > rounding);
        elements.for_each(|(_, (_, state))| self.states[sector][state] = true);
    }

    /// Adds the states of the two highest levels of a mode that one step takes to those that are there.
    fn widen(&mut self, space: &Space, elements: &Elements) {
        let levels = space.levels();
        let high = |sector: usize, state: usize| {
            let labels = space.sectors()[sector].labels(state);
            labels.iter().zip(levels).any(|(n, levels)| *n as usize + 2 >= *levels)
        };
        let mut found = Vec::new();
        let mut look = |source: usize, target: usize, matrix: &SparseMatrix| {
            for (x, (row, column)) in matrix {
                if x.norm() > 0.0 && self.states[target][row] && high(source, column) {
                    found.push((source, column));
                }
            }
        };
        elements.effective.iter().enumerate().for_each(|(sector, matrix)| look(sector, sector, matrix));
        elements.jumps.iter().for_each(|jump| look(jump.source, jump.target, &jump.matrix));
        for (sector, state) in found {
            self.states[sector][state] = true;
        }
    }

    /// Projectors onto the states, by sector.
    fn projectors(&self) -> Vec<SparseMatrix> {
        let projector = |states: &Vec<bool>| {
            let mut matrix = TriMat::new((states.len(), states.len()));
            let marked = states.iter().enumerate().filter(|(_, marked)| **marked);
            marked.for_each(|(state, _)| matrix.add_triplet(state, state, Complex64::ONE));
            matrix.to_csr()
        };
        self.states.iter().map(projector).collect()
    }
}

/// The position in `small` of every state of `large` with the same labels; `None` once `halted` says so, which
/// is asked for every few thousand states.
pub(crate) fn positions(
    large: &Sector,
    small: &Sector,
    halted: &dyn Fn() -> bool,
) -> Option<Vec<Option<usize>>> {
    /// States between two looks.
    const STATES: usize = 1 << 13;
    let find = |state: usize| {
        go_on(state, STATES, halted)?;
        Some(small.find(&large.labels(state).iter().map(|l| i64::from(*l)).collect::<Vec<_>>()))
    };
    (0..large.dim()).map(find).collect()
}

/// Largest sum of the moduli of a row: a bound of the norm of a Hermitian matrix.
fn largest_row_sum(matrix: &SparseMatrix) -> f64 {
    let rows = matrix.outer_iterator().map(|row| row.iter().map(|(_, x)| x.norm()).sum::<f64>());
    rows.fold(0.0, f64::max)
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
