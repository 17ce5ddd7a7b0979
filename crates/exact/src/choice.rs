//! The generator of a problem: which form, and why.

use std::sync::Arc;

use superladder_engine::{EngineError, Halt, Problem};
use superladder_model::Modulation;
use superladder_propagate::LinearOperator;
use superladder_space::SparseMatrix;
use superladder_sparse::RealForm;

use crate::assembled::AssembledOperator;
use crate::error::{INTERRUPTED, space_error};
use crate::generator::{Elements, Lindbladian};
use crate::layout::{Layout, Pair, Tile};
use crate::options::{Exact, Generator};
use crate::real_half::{RealGenerator, RealHalf, StoredHalf};
use crate::resources::assembled_memory;
use crate::setting::Setting;
use crate::state::initial_vector_while;

/// Costs of one application, in a unit of about 0.2 ns: of a term that is listed for a row of a block, of
/// eight f64 that it is added to, and of an entry of a real sparse matrix. Counts decide, never time.
const LISTING: u64 = 65;
const VECTOR: u64 = 3;
const ENTRY: u64 = 3;
/// Bytes of an entry of a real sparse matrix; what says where it is takes little beside it.
const ENTRY_BYTES: u64 = 8;
/// A real sparse matrix may take this much memory in any case ...
const SMALL: u64 = 1 << 28;
/// ... and in all so many fifths of what the matrix-free generator and its vectors take.
const FIFTHS: u64 = 6;

/// The form of the generator that a run uses.
pub(crate) struct Choice {
    /// The real form of the states, if they have one.
    pub(crate) real: Option<Arc<RealHalf>>,
    /// The matrix-free generator of the first stage, if it is the one.
    matrix_free: Option<Lindbladian>,
    /// Memory of the generator, in bytes.
    pub(crate) bytes: u64,
    /// Length of a state vector.
    pub(crate) length: usize,
    /// In words, with the reason.
    pub(crate) words: String,
}

impl Choice {
    /// Chooses for a problem whose first stage has these `elements`.
    pub(crate) fn new(
        options: &Exact,
        problem: &Problem,
        setting: &Setting,
        elements: &Elements,
        halt: &dyn Halt,
    ) -> Result<Self, EngineError> {
        let length = setting.layout.len();
        if options.generator == Generator::Assembled {
            let bytes = assembled_memory(&setting.space, setting, elements);
            let words = "complex sparse matrix, as the study asks".into();
            return Ok(Self { real: None, matrix_free: None, bytes, length, words });
        }
        let matrix_free = Lindbladian::new_while(&setting.layout, elements, halt).ok_or(INTERRUPTED)?;
        match real_half(options, problem, setting, elements, &matrix_free, halt)? {
            Ok(real) => {
                let (whole, length) = (length, real.form.len());
                // The matrix-free generator is given up before there are vectors.
                let vectors = (8 * length * options.vectors(problem, length)) as u64;
                let bytes = real_bytes(&real, whole).max(matrix_free.memory().saturating_sub(vectors));
                let why = if real.has_gauge() {
                    "a gauge makes the stored half real"
                } else {
                    "both parts of the stored half, since no gauge makes it real"
                };
                let nnz = real.nnz;
                let words = format!(
                    "real sparse matrix of {nnz} entries and vectors of {length} numbers: {why}, and rows are short"
                );
                Ok(Self { real: Some(Arc::new(real)), matrix_free: None, bytes, length, words })
            }
            Err(reason) => {
                let (bytes, words) = (matrix_free.memory(), format!("matrix-free: {reason}"));
                Ok(Self { real: None, matrix_free: Some(matrix_free), bytes, length, words })
            }
        }
    }

    /// The generator of the first stage.
    pub(crate) fn build(
        self,
        options: &Exact,
        setting: &Setting,
        elements: &Elements,
        halt: &dyn Halt,
    ) -> Result<Box<dyn LinearOperator>, EngineError> {
        match self.matrix_free {
            Some(generator) => Ok(Box::new(generator)),
            None => build_generator(options, setting, elements, self.real.as_deref(), halt),
        }
    }
}

/// The generators of the parts of a stage that follow time, in the order of its modulations.
pub(crate) fn build_parts(
    problem: &Problem,
    setting: &Setting,
    stage: usize,
    halt: &dyn Halt,
) -> Result<Vec<Lindbladian>, EngineError> {
    let build = |modulation: &Modulation| {
        let elements = Elements::new_while(&setting.space, &modulation.part, halt)?;
        Lindbladian::new_while(&setting.layout, &elements, halt)
    };
    let parts: Option<Vec<_>> = problem.stages[stage].model.modulations().iter().map(build).collect();
    parts.ok_or(INTERRUPTED)
}

/// The generator of a stage as the options ask for it, or in the `real` form of the states.
pub(crate) fn build_generator(
    options: &Exact,
    setting: &Setting,
    elements: &Elements,
    real: Option<&RealHalf>,
    halt: &dyn Halt,
) -> Result<Box<dyn LinearOperator>, EngineError> {
    let Setting { space, layout, .. } = setting;
    if let Some(real) = real
        && let Some(half) = StoredHalf::new_while(space, layout, halt)?
    {
        return Ok(Box::new(RealGenerator::new(&half, real, elements, halt).ok_or(INTERRUPTED)?));
    }
    Ok(match options.generator {
        Generator::Automatic | Generator::MatrixFree => {
            Box::new(Lindbladian::new_while(layout, elements, halt).ok_or(INTERRUPTED)?)
        }
        Generator::Assembled => {
            Box::new(AssembledOperator::new_while(space, layout, elements, halt).ok_or(INTERRUPTED)?)
        }
    })
}

/// Whether the tiles of a matrix-free generator are faster than a real sparse matrix on the stored unknowns would be.
pub(crate) fn rows_are_long(layout: &Layout, elements: &Elements, matrix_free: &Lindbladian) -> bool {
    2 * ENTRY * fewest_entries(layout, elements) > work(matrix_free)
}

/// The cost of an application.
fn work(matrix_free: &Lindbladian) -> u64 {
    let (terms, vectors) = matrix_free.work();
    LISTING * terms + VECTOR * vectors
}

/// Memory of a real generator, of its form and of one whole state vector of `length` f64, to which states are
/// expanded.
fn real_bytes(real: &RealHalf, length: usize) -> u64 {
    ENTRY_BYTES * real.nnz as u64 + real.memory() + 8 * length as u64
}

/// The real form of a problem, or why it is not used.
fn real_half(
    options: &Exact,
    problem: &Problem,
    setting: &Setting,
    elements: &Elements,
    matrix_free: &Lindbladian,
    halt: &dyn Halt,
) -> Result<Result<RealHalf, &'static str>, EngineError> {
    let Setting { space, layout, .. } = setting;
    if options.generator == Generator::MatrixFree {
        return Ok(Err("as the study asks"));
    }
    if options.method.integrating_factor() {
        return Ok(Err("`lawson` needs the diagonal apart"));
    }
    if problem.follows_time() {
        return Ok(Err("parts of it follow time"));
    }
    if options.adaptive.iter().any(Option::is_some) {
        return Ok(Err("a matrix would be made anew whenever a cutoff follows the state"));
    }
    let work = work(matrix_free);
    let long = "the rows of blocks are long, so that they are faster";
    let large = "a matrix would take much more memory";
    // Sorting the unknowns takes a while: what rules a matrix out is looked at before.
    let entries = fewest_entries(layout, elements);
    let least = if energies_differ(layout, elements) { 2 * entries } else { entries };
    if ENTRY * least > work {
        return Ok(Err(long));
    }
    let vectors = |length: usize| (8 * length * options.vectors(problem, length)) as u64;
    let too_large =
        |needed: u64| needed > SMALL && 5 * needed > FIFTHS * (matrix_free.memory() + vectors(layout.len()));
    // A real form keeps at least a fourth of the numbers.
    if too_large(ENTRY_BYTES * least + vectors(layout.len() / 4)) {
        return Ok(Err(large));
    }
    let Some(half) = StoredHalf::new_while(space, layout, halt)? else {
        return Ok(Err("the state is too long for a matrix"));
    };
    let later: Option<Vec<Elements>> =
        problem.stages[1..].iter().map(|stage| Elements::new_while(space, &stage.model, halt)).collect();
    let later = later.ok_or(INTERRUPTED)?;
    let stages: Vec<&Elements> = std::iter::once(elements).chain(&later).collect();
    let initial = initial_vector_while((space, layout), problem.model(), &problem.initial, &|| halt.asked());
    let (initial, _) = initial.map_err(|e| space_error(&e))?;
    let gauge = half.gauge(&stages, halt).ok_or(INTERRUPTED)?;
    let real = match gauge.filter(|gauge| gauge.form.reduced(&initial).is_some()) {
        Some(real) => real,
        None if 2 * ENTRY * entries > work => return Ok(Err(long)),
        None => half.both(&stages, halt).ok_or(INTERRUPTED)?,
    };
    if ENTRY * real.nnz as u64 > work {
        return Ok(Err(long));
    }
    if too_large(real_bytes(&real, layout.len()) + vectors(real.form.len())) {
        return Ok(Err(large));
    }
    Ok(Ok(real))
}

/// Entries of the rows of all stored unknowns, one of every pair of mirror images: `G rho + rho G^dag` with its
/// diagonal counted once, and `K rho K^dag` where K has no diagonal that would fall on it. No gauge makes them fewer;
/// without a gauge each is two of a real matrix at least.
fn fewest_entries(layout: &Layout, elements: &Elements) -> u64 {
    /// Elements of the rows before each, as `counted` says.
    fn before(matrix: &SparseMatrix, counted: impl Fn(usize, usize) -> bool) -> Vec<u64> {
        let mut sums = vec![0; matrix.rows() + 1];
        for (row, entries) in matrix.outer_iterator().enumerate() {
            sums[row + 1] = sums[row] + entries.indices().iter().filter(|c| counted(row, **c)).count() as u64;
        }
        sums
    }
    let sides: Vec<_> = elements.effective.iter().map(|g| before(g, |row, column| row != column)).collect();
    let mut refills: Vec<Vec<Vec<u64>>> = vec![Vec::new(); sides.len()];
    for jump in &elements.jumps {
        let on_diagonal = jump.source == jump.target && jump.matrix.iter().any(|(_, (i, j))| i == j);
        if !on_diagonal {
            refills[jump.target].push(before(&jump.matrix, |_, _| true));
        }
    }
    let of = |pair: &Pair| {
        let (rows, columns) = (&layout.tiles()[pair.row], &layout.tiles()[pair.column]);
        let sum = |sums: &[u64], tile: &Tile| sums[tile.states.end] - sums[tile.states.start];
        let (height, width) = (rows.states.len() as u64, columns.states.len() as u64);
        let sides = &sides[rows.sector];
        let refilled: u64 = refills[rows.sector].iter().map(|k| sum(k, rows) * sum(k, columns)).sum();
        let all = height * width + width * sum(sides, rows) + height * sum(sides, columns) + refilled;
        if pair.row == pair.column { all / 2 } else { all }
    };
    layout.pairs().iter().map(of).sum()
}

/// Whether a stored unknown turns: then no gauge makes its row real.
fn energies_differ(layout: &Layout, elements: &Elements) -> bool {
    /// Smaller differences, beside the largest energy, may be rounding.
    const ROUNDING: f64 = 1e-6;
    let range = |tile: &Tile| {
        let effective = &elements.effective[tile.sector];
        let energies = tile.states.clone().map(|state| effective.get(state, state).map_or(0.0, |h| h.re));
        energies.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), e| (low.min(e), high.max(e)))
    };
    let ranges: Vec<(f64, f64)> = layout.tiles().iter().map(range).collect();
    let largest = ranges.iter().fold(0.0_f64, |most, (low, high)| most.max(low.abs()).max(high.abs()));
    let apart = |pair: &Pair| {
        let ((a, b), (c, d)) = (ranges[pair.row], ranges[pair.column]);
        b.max(d) - a.min(c) > ROUNDING * largest
    };
    layout.pairs().iter().any(apart)
}

/// A state vector as the run holds it: the unknowns of the `real` form, if there is one.
pub(crate) fn held(real: Option<&RealHalf>, whole: Vec<f64>) -> Vec<f64> {
    let Some(real) = real else { return whole };
    real.form.reduced(&whole).unwrap_or_else(|| unreachable!("the choice has looked at the initial state"))
}

/// The form of state vectors.
pub(crate) fn form_of(real: Option<&Arc<RealHalf>>) -> Option<Arc<RealForm>> {
    real.map(|real| real.form.clone())
}
