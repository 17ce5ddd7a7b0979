//! A problem as matrices and vectors for other programs.

use num_complex::Complex64;
use superladder_engine::{EngineError, Never, Problem, check_memory};
use superladder_model::{Evaluation, Observable, Operator, StateFunction};
use superladder_space::{Sector, Space, SparseMatrix};

use crate::assembled::{Assembled, AssembledIndex};
use crate::error::{NAME, space_error};
use crate::generator::Elements;
use crate::options::Exact;
use crate::resources::assembled_memory;
use crate::state::initial_vector;

/// The first stage of a problem as `d rho / dt = L rho` with `rho(0)` and linear observables: all that another
/// program needs to solve it.
#[derive(Debug, Clone)]
pub struct Exported {
    /// `L` and the numbering of its unknowns `rho_k`.
    pub liouvillian: Assembled,
    /// What every unknown is.
    pub unknowns: Vec<Unknown>,
    /// The initial state.
    pub initial: Vec<Complex64>,
    /// Every observable that is linear in the state, or the expectation values that it is a function of.
    pub expectations: Vec<Expectation>,
    /// Names of the observables that are no function of expectation values, such as purities.
    pub left_out: Vec<String>,
}

/// The element `<ket| rho |bra>` of one sector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// Number of the sector.
    pub sector: usize,
    /// `2 j` of every ensemble.
    pub twice_j: Vec<usize>,
    /// Photon numbers of the modes, then `2 m` of the ensembles.
    pub ket: Vec<i64>,
    /// The same of the bra.
    pub bra: Vec<i64>,
}

/// A linear functional of the state: its value is `sum_k weights[k] rho_k`.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The observable, and the operator where it needs several.
    pub name: String,
    /// One weight per unknown.
    pub weights: Vec<Complex64>,
}

impl Exact {
    /// The first stage of `problem` as matrices and vectors, reduced by its symmetries if this engine uses
    /// them: as many unknowns as [`resources`](superladder_engine::Engine::resources) says.
    ///
    /// # Errors
    /// [`EngineError`] when the space cannot be enumerated or the matrix does not fit the memory.
    pub fn exported(&self, problem: &Problem) -> Result<Exported, EngineError> {
        let setting = self.setting(problem, &Never)?;
        let (space, layout) = (&setting.space, &setting.layout);
        let elements = Elements::new(space, problem.model());
        let needed = assembled_memory(space, &setting, &elements);
        check_memory(NAME, needed, Some(self.available()), layout.unknowns())?;
        let (initial, _) =
            initial_vector(space, layout, problem.model(), &problem.initial).map_err(|e| space_error(&e))?;
        let liouvillian = Assembled::new(space, layout, &elements);
        let index = &liouvillian.index;
        let (mut expectations, mut left_out) = (Vec::new(), Vec::new());
        for observable in &problem.observables {
            match of_observable(problem, space, index, observable) {
                Some(found) => expectations.extend(found),
                None => left_out.push(observable.name.clone()),
            }
        }
        let unknowns = index.unknowns().map(|(sector, i, j)| unknown(space, sector, i, j)).collect();
        let initial = index.expand(layout, &initial);
        Ok(Exported { liouvillian, unknowns, initial, expectations, left_out })
    }
}

fn unknown(space: &Space, number: usize, i: usize, j: usize) -> Unknown {
    let sector = &space.sectors()[number];
    let modes = space.levels().len();
    let labels = |state: usize| -> Vec<i64> {
        let labels = sector.labels(state).iter().map(|l| i64::from(*l));
        let twice_m = |(k, label): (usize, i64)| match k.checked_sub(modes) {
            Some(ensemble) => 2 * label - space.spins()[ensemble] as i64,
            None => label,
        };
        labels.enumerate().map(twice_m).collect()
    };
    Unknown { sector: number, twice_j: sector.twice_j.clone(), ket: labels(i), bra: labels(j) }
}

/// The functionals that an observable is made of; `None` if it is not linear in the state.
fn of_observable(
    problem: &Problem,
    space: &Space,
    index: &AssembledIndex,
    observable: &Observable,
) -> Option<Vec<Expectation>> {
    let columns = observable.columns(problem.model(), space.levels());
    let column = |(name, weights)| Expectation { name, weights };
    let name = &observable.name;
    let levels = space.levels();
    match &observable.evaluation {
        Evaluation::Moments { operators, .. } => {
            let named = |operator: &Operator| match operators.len() {
                1 => name.clone(),
                _ => format!("{name}: <{operator}>"),
            };
            let all =
                operators.iter().map(|o| Expectation { name: named(o), weights: traces(space, index, o) });
            Some(all.collect())
        }
        Evaluation::State(StateFunction::PhotonDistribution(m)) => {
            let level = |n: usize| populations(space, index, |s, i| s.labels(i)[*m] as usize == n);
            Some(columns.into_iter().zip((0..levels[*m]).map(level)).map(column).collect())
        }
        Evaluation::State(StateFunction::TopPopulation(m)) => {
            let top = |sector: &Sector, i: usize| sector.labels(i)[*m] as usize + 2 >= levels[*m];
            Some(vec![Expectation { name: name.clone(), weights: populations(space, index, top) }])
        }
        Evaluation::State(StateFunction::LadderDistribution(e)) => {
            let spins = space.spins()[*e];
            let ladder = |twice_j: usize| populations(space, index, |s, _| s.twice_j[*e] == twice_j);
            let ladders = (spins % 2..=spins).step_by(2).map(ladder);
            Some(columns.into_iter().zip(ladders).map(column).collect())
        }
        Evaluation::State(
            StateFunction::Purity
            | StateFunction::Entropy
            | StateFunction::ReducedPurity(_)
            | StateFunction::ReducedEntropy(_)
            | StateFunction::ReducedState(_),
        )
        | Evaluation::Sampled(_) => None,
    }
}

/// `tr(O rho)`: the weight of `rho_ij` is `O_ji`.
fn traces(space: &Space, index: &AssembledIndex, operator: &Operator) -> Vec<Complex64> {
    let mut weights = vec![Complex64::ZERO; index.len()];
    for sector in 0..space.sectors().len() {
        let matrix: SparseMatrix = space.matrix(operator, sector);
        for (value, (row, column)) in &matrix {
            if let Some(number) = index.find(sector, column, row) {
                weights[number] += value;
            }
        }
    }
    weights
}

/// The sum of the diagonal elements of the states that are `chosen`.
fn populations(
    space: &Space,
    index: &AssembledIndex,
    chosen: impl Fn(&Sector, usize) -> bool,
) -> Vec<Complex64> {
    let weight = |(number, i, j): (usize, usize, usize)| {
        let counts = i == j && chosen(&space.sectors()[number], i);
        if counts { Complex64::ONE } else { Complex64::ZERO }
    };
    index.unknowns().map(weight).collect()
}
