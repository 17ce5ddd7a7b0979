//! Generator and dynamics against the dense brute force, which shares no matrix element with the engine.

use anyhow::Context;
use num_complex::Complex64;
use superladder_brute_force::{BruteForce, CASE_SIZES, Case, Dense, SymmetricBlock, cases};
use superladder_engine::{End, Problem, Silent, Stage, run};
use superladder_exact::{Assembled, Elements, Exact, Lindbladian, pack, reduced_space, sector_matrix};
use superladder_model::{Evaluation, observables_by_name};
use superladder_propagate::{Dop853, LinearOperator, Method};
use superladder_space::Space;

use super::{Check, check};

/// Largest deviations over a set of cases.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Deviations {
    /// Number of cases.
    pub cases: usize,
    /// `L rho` on random states against the brute force.
    pub generator: f64,
    /// Matrix-free against assembled generator.
    pub assembled: f64,
    /// `max_j |(1^T L)_j|`.
    pub trace: f64,
}

pub(super) fn checks() -> anyhow::Result<Vec<Check>> {
    let mut worst = Deviations::default();
    for sizes in CASE_SIZES {
        worst = worst.worse(conformance(sizes)?);
    }
    let mut dynamics: f64 = 0.0;
    for case in cases((2, 1)) {
        dynamics = dynamics.max(dynamics_deviation(&case)?);
    }
    let of = format!("{} channel x interaction x size cases", worst.cases);
    Ok(vec![
        check(format!("generator on random states, {of}"), worst.generator, 1e-12),
        check("matrix-free = assembled generator, same cases", worst.assembled, 1e-13),
        check("trace residual max |1^T L|, same cases", worst.trace, 1e-12),
        check("dynamics of every channel and interaction, N = (2, 1)", dynamics, 1e-10),
    ])
}

/// Every channel x every interaction on ensembles of these sizes: the generator's action on random states.
///
/// # Errors
/// When a table entry or the space rejects its example.
pub fn conformance(sizes: (usize, usize)) -> anyhow::Result<Deviations> {
    let mut worst = Deviations::default();
    for (seed, case) in cases(sizes).into_iter().enumerate() {
        let found = deviations(&case, seed as u64).with_context(|| format!("{case:?}"))?;
        worst = worst.worse(found);
    }
    Ok(worst)
}

impl Deviations {
    fn worse(self, other: Self) -> Self {
        Self {
            cases: self.cases + other.cases,
            generator: self.generator.max(other.generator),
            assembled: self.assembled.max(other.assembled),
            trace: self.trace.max(other.trace),
        }
    }
}

fn problem(case: &Case) -> anyhow::Result<Problem> {
    Ok(Problem {
        stages: vec![Stage { start: 0.0, model: case.model()? }],
        initial: case.initial(),
        observables: Vec::new(),
        times: vec![0.0, 0.8],
        cutoffs: case.cutoffs(),
        end: End::Records,
    })
}

fn deviations(case: &Case, seed: u64) -> anyhow::Result<Deviations> {
    let problem = problem(case)?;
    let setting = reduced_space(&problem, false)?;
    let (space, layout) = (&setting.space, &setting.layout);
    let elements = Elements::new(space, problem.model());
    let state = random_state(space, seed);
    let x = pack(space, layout, &state);
    let mut out = vec![0.0; x.len()];
    Lindbladian::new(layout, &elements).apply(&x, &mut out);

    let brute = BruteForce::new(problem.model(), &problem.cutoffs)?;
    let labelled = blocks(space, &state);
    let image = brute.generator(&brute.embed(&labelled)?);
    let mut generator: f64 = 0.0;
    for (number, block) in brute.project(&image, &labelled)?.iter().enumerate() {
        let dim = space.sectors()[number].dim();
        let found = sector_matrix(space, layout, &out, number);
        let found = Dense::from_fn(dim, dim, |i, j| found[i * dim + j]);
        generator = generator.max(found.max_abs_difference(&block.matrix));
    }
    let assembled = Assembled::new(space, layout, &elements);
    let product = assembled.apply(&assembled.index.expand(layout, &x));
    let image = assembled.index.expand(layout, &out);
    let difference = product.iter().zip(&image).map(|(a, b)| (a - b).norm()).fold(0.0, f64::max);
    Ok(Deviations { cases: 1, generator, assembled: difference, trace: assembled.trace_residual() })
}

/// Labelled dense blocks of the sectors, as the brute force reads them.
fn blocks(space: &Space, matrices: &[Vec<Complex64>]) -> Vec<SymmetricBlock> {
    let modes = space.levels().len();
    let split = |labels: &[u32]| {
        let labels: Vec<usize> = labels.iter().map(|l| *l as usize).collect();
        (labels[..modes].to_vec(), labels[modes..].to_vec())
    };
    let sectors = space.sectors().iter().zip(matrices);
    sectors
        .map(|(sector, matrix)| SymmetricBlock {
            twice_j: sector.twice_j.clone(),
            states: (0..sector.dim()).map(|i| split(sector.labels(i))).collect(),
            matrix: Dense::from_fn(sector.dim(), sector.dim(), |i, j| matrix[i * sector.dim() + j]),
        })
        .collect()
}

/// A random Hermitian matrix per sector, entries of order 1, from a fixed sequence (splitmix64).
fn random_state(space: &Space, seed: u64) -> Vec<Vec<Complex64>> {
    let mut state = seed;
    let mut number = move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    let sectors = space.sectors().iter();
    sectors
        .map(|sector| {
            let dim = sector.dim();
            let mut matrix = vec![Complex64::ZERO; dim * dim];
            for i in 0..dim {
                matrix[i * dim + i] = Complex64::from(number());
                for j in i + 1..dim {
                    let value = Complex64::new(number(), number());
                    matrix[i * dim + j] = value;
                    matrix[j * dim + i] = value.conj();
                }
            }
            matrix
        })
        .collect()
}

/// Largest deviation of first and second moments after a short evolution.
fn dynamics_deviation(case: &Case) -> anyhow::Result<f64> {
    let mut problem = problem(case)?;
    let names =
        ["amplitude(a)", "photons(a)", "spin(S)", "spin(T)", "moments(a,S)", "moments(S,T)", "moments(T)"];
    problem.observables = observables_by_name(problem.model(), &names.map(ToOwned::to_owned))?;
    let method = Method::Dop853(Dop853 { rtol: 1e-12, atol: 1e-14, ..Dop853::default() });
    let (_, recorder) = run(&Exact { method, ..Exact::default() }, &problem, &mut Silent)?;
    let brute = BruteForce::new(problem.model(), &problem.cutoffs)?;
    let rho = brute.evolve(&brute.initial_state(&problem.initial)?, problem.times[1]);
    let mut worst: f64 = 0.0;
    for (observable, measurement) in problem.observables.iter().zip(&recorder.records[1].measurements) {
        if let Evaluation::Moments { operators, combine, context } = &observable.evaluation {
            let expectations: Vec<_> = operators.iter().map(|o| brute.expectation(o, &rho)).collect();
            for (found, expected) in measurement.values.iter().zip(combine(&expectations, context)) {
                worst = worst.max((found.value - expected).abs());
            }
        }
    }
    Ok(worst)
}
