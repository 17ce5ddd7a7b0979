//! The generator compiled into tasks: which factors act on which stored block, and what they read.
//!
//! With `G = -i H_eff = G_r + i G_i` (real matrices) and jumps `K = K_r + i K_i`,
//!
//! ```text
//! L rho = G rho + rho G^dag + sum K rho K^dag = R + i P,
//! R = G_r rho + rho G_r^T + sum (K_r rho K_r^T + K_i rho K_i^T),
//! P = G_i rho - rho G_i^T + sum (K_i rho K_r^T - K_r rho K_i^T),
//! ```
//! so every coefficient is real although rho is complex. The diagonal of G is applied apart: it may be
//! integrated exactly.
//!
//! Blocks on the diagonal of the density matrix are computed as `M + M^dag` with only those terms in M whose
//! source is stored as it is (`i <= j` for a source block (i, j)); the others are their Hermitian conjugates.

use num_complex::Complex64;
use sprs::CsMat;
use superladder_engine::{Halt, Never};
use superladder_space::{JumpBlock, SparseMatrix};

use crate::layout::{Layout, Place};
use crate::programs::{Factor, Pool, RowProgram, row_programs, run_programs};

/// Which accumulator a term adds to, and with which sign.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Accumulator {
    /// True: the imaginary accumulator P; false: the real one R.
    pub imaginary: bool,
    /// +1 or -1.
    pub sign: f64,
}

/// A source block of a term: where it starts in the state vector and how it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    /// First f64 of the stored block.
    pub offset: usize,
    /// How it is read.
    pub reading: Reading,
}

/// How a source block is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As it is stored.
    Direct,
    /// As it is stored, and only half of it: its conjugate is the other half.
    Half,
    /// As the Hermitian conjugate of what is stored.
    Conjugate,
    /// Not at all: it is the conjugate of another term, which `M + M^dag` adds.
    Absent,
}

/// One term of one output block.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    /// `factor * rho`.
    Left { factor: u32, tile: u32 },
    /// `rho * factor^T`; the sign of the term is in the factor.
    Right { factor: u32, tile: u32 },
    /// `left * rho * right^T`.
    Sandwich { left: u32, right: u32, row_tile: u32, column_tile: u32 },
}

/// A term with its accumulator and its source blocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Task {
    pub into: Accumulator,
    pub action: Action,
    /// First of its sources; one per slot (Left, Right) or per pair of slots (Sandwich, row slot slower).
    pub sources: u32,
}

/// Everything that the kernel runs over: the tasks of every stored block, and what they refer to.
///
/// ```text
/// pair p (output block) ── task_starts ──> tasks ──┬── factors: coefficients of rows and of runs (`Pool`)
///                                                  └── sources: offset in the state vector, how it is read
/// ```
pub(crate) struct Program {
    pub layout: Layout,
    pub factors: Vec<Factor>,
    pub pool: Pool,
    pub tasks: Vec<Task>,
    /// Tasks of pair p: `tasks[task_starts[p]..task_starts[p + 1]]`.
    pub task_starts: Vec<u32>,
    pub sources: Vec<Source>,
    /// Diagonal of G per sector.
    pub diagonal: Vec<Vec<Complex64>>,
    /// Real and imaginary part of the diagonal per sector, each number twice: for re and im of an element.
    pub column_diagonal: Vec<(Vec<f64>, Vec<f64>)>,
}

impl Program {
    /// Compiles a generator with these effective Hamiltonians (by sector) and jumps for the blocks of
    /// `layout`.
    pub(crate) fn new(layout: &Layout, effective: &[SparseMatrix], jumps: &[JumpBlock]) -> Self {
        Self::new_while(layout, effective, jumps, &Never).unwrap_or_else(|| unreachable!("nobody ends it"))
    }

    /// [`Program::new`], `None` if `halt` ends it.
    pub(crate) fn new_while(
        layout: &Layout,
        effective: &[SparseMatrix],
        jumps: &[JumpBlock],
        halt: &dyn Halt,
    ) -> Option<Self> {
        let go_on = || (!halt.asked()).then_some(());
        let halted = &|| halt.asked();
        let mut compiler = Compiler {
            layout,
            halted,
            factors: Vec::new(),
            pool: Pool::new(),
            terms: vec![Vec::new(); effective.len()],
        };
        let mut diagonal = Vec::new();
        for (sector, effective) in effective.iter().enumerate() {
            go_on()?;
            diagonal.push(compiler.add_effective(sector, effective)?);
        }
        for jump in jumps {
            go_on()?;
            compiler.add_jump(jump)?;
        }
        let (tasks, task_starts, sources) = compiler.tasks(&go_on)?;
        let Compiler { factors, pool, .. } = compiler;
        let twice =
            |d: &Vec<Complex64>, part: fn(&Complex64) -> f64| d.iter().flat_map(|z| [part(z); 2]).collect();
        let column_diagonal = diagonal.iter().map(|d| (twice(d, |z| z.re), twice(d, |z| z.im))).collect();
        let layout = layout.clone();
        Some(Self { layout, factors, pool, tasks, task_starts, sources, diagonal, column_diagonal })
    }

    /// What the kernel does in one application: terms listed for a row, and vectors of eight f64 that they are
    /// added to, strips of which the last may be partly empty.
    pub(crate) fn work(&self) -> (u64, u64) {
        let (mut terms, mut vectors) = (0, 0);
        for (number, pair) in self.layout.pairs().iter().enumerate() {
            let range = self.task_starts[number] as usize..self.task_starts[number + 1] as usize;
            let height = self.layout.height(pair);
            let listed: usize = self.tasks[range].iter().map(|task| self.terms_of(task, height)).sum();
            terms += listed as u64;
            vectors += (listed * (2 * self.layout.width(pair)).div_ceil(8)) as u64;
        }
        (terms, vectors)
    }

    /// Terms of a task in all rows of a block.
    fn terms_of(&self, task: &Task, height: usize) -> usize {
        let factor = |f: u32| &self.factors[f as usize];
        let entries = |rows: &RowProgram| (rows.starts[rows.starts.len() - 1] - rows.starts[0]) as usize;
        match task.action {
            Action::Left { factor: f, tile } => entries(&factor(f).rows[tile as usize]),
            Action::Right { factor: f, tile } => height * factor(f).runs[tile as usize].runs.len(),
            Action::Sandwich { left, right, row_tile, column_tile } => {
                entries(&factor(left).rows[row_tile as usize])
                    * factor(right).runs[column_tile as usize].runs.len()
            }
        }
    }

    /// Memory in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let factors: u64 = self.factors.iter().map(Factor::memory).sum();
        let tasks = self.tasks.len() * size_of::<Task>() + 4 * self.task_starts.len();
        let diagonal: usize = self.diagonal.iter().map(|d| 48 * d.len()).sum();
        factors
            + self.pool.memory()
            + (tasks + self.sources.len() * size_of::<Source>() + diagonal) as u64
            + self.layout.memory()
    }
}

/// Pairs whose tasks are compiled between two looks at whether to go on.
const PAIRS: usize = 1024;

/// A term of a sector before it is cut to blocks.
#[derive(Clone, Copy)]
enum Term {
    Left(Accumulator, usize),
    Right(Accumulator, usize),
    Sandwich(Accumulator, usize, usize),
}

struct Compiler<'a> {
    layout: &'a Layout,
    halted: &'a dyn Fn() -> bool,
    factors: Vec<Factor>,
    pool: Pool,
    terms: Vec<Vec<Term>>,
}

impl Compiler<'_> {
    /// A factor of jumps, for rows and for columns.
    fn add_factor(&mut self, ends: (usize, usize), matrix: &CsMat<f64>) -> Option<usize> {
        let rows = row_programs(self.layout, ends, matrix, &mut self.pool, self.halted)?;
        let runs = run_programs(self.layout, ends, matrix, &mut self.pool, self.halted)?;
        self.factors.push(Factor { rows, runs });
        Some(self.factors.len() - 1)
    }

    /// The factors of `matrix rho` and of `sign rho matrix^T`.
    fn add_sides(&mut self, sector: usize, matrix: &CsMat<f64>, sign: f64) -> Option<[usize; 2]> {
        let ends = (sector, sector);
        let rows = row_programs(self.layout, ends, matrix, &mut self.pool, self.halted)?;
        self.factors.push(Factor { rows, runs: Vec::new() });
        let signed = matrix.map(|x| sign * x);
        let runs = run_programs(self.layout, ends, &signed, &mut self.pool, self.halted)?;
        self.factors.push(Factor { rows: Vec::new(), runs });
        Some([self.factors.len() - 2, self.factors.len() - 1])
    }

    /// Adds `G rho + rho G^dag` without the diagonal of G, which is returned.
    fn add_effective(&mut self, sector: usize, effective: &SparseMatrix) -> Option<Vec<Complex64>> {
        let generator = effective.map(|h| Complex64::new(0.0, -1.0) * h);
        let mut diagonal = vec![Complex64::ZERO; generator.rows()];
        for (value, (row, column)) in &generator {
            if row == column {
                diagonal[row] = *value;
            }
        }
        let parts =
            [(false, 1.0, real_part(&generator, true)), (true, -1.0, imaginary_part(&generator, true))];
        for (imaginary, right_sign, matrix) in parts {
            if matrix.nnz() > 0 {
                let [left, right] = self.add_sides(sector, &matrix, right_sign)?;
                self.terms[sector].push(Term::Left(Accumulator { imaginary, sign: 1.0 }, left));
                self.terms[sector].push(Term::Right(Accumulator { imaginary, sign: 1.0 }, right));
            }
        }
        Some(diagonal)
    }

    /// Adds `K rho K^dag`; a phase common to all elements of K drops out.
    fn add_jump(&mut self, jump: &JumpBlock) -> Option<()> {
        let first = jump.matrix.data().first().copied().unwrap_or(Complex64::ONE);
        let phase = first / first.norm();
        let matrix = jump.matrix.map(|k| {
            let turned = k * phase.conj();
            // Rounding of the common phase must not look like a second, imaginary operator.
            if turned.im.abs() <= 1e-15 * turned.norm() { Complex64::from(turned.re) } else { turned }
        });
        let (real, imaginary) = (real_part(&matrix, false), imaginary_part(&matrix, false));
        let ends = (jump.target, jump.source);
        let k_r = self.add_factor(ends, &real)?;
        let into = |imaginary, sign| Accumulator { imaginary, sign };
        self.terms[jump.target].push(Term::Sandwich(into(false, 1.0), k_r, k_r));
        if imaginary.nnz() > 0 {
            let k_i = self.add_factor(ends, &imaginary)?;
            let list = &mut self.terms[jump.target];
            list.push(Term::Sandwich(into(false, 1.0), k_i, k_i));
            list.push(Term::Sandwich(into(true, 1.0), k_i, k_r));
            list.push(Term::Sandwich(into(true, -1.0), k_r, k_i));
        }
        Some(())
    }

    fn tasks(&self, go_on: &dyn Fn() -> Option<()>) -> Option<(Vec<Task>, Vec<u32>, Vec<Source>)> {
        let (mut tasks, mut starts, mut sources) = (Vec::new(), vec![0], Vec::new());
        for (number, pair) in self.layout.pairs().iter().enumerate() {
            if number % PAIRS == 0 {
                go_on()?;
            }
            let sector = self.layout.tiles()[pair.row].sector;
            let first = self.layout.tiles_of_sector(sector).start;
            let (row, column) = (pair.row - first, pair.column - first);
            for term in &self.terms[sector] {
                let before = sources.len();
                let found = self.sources_of(*term, row, column, (pair.row, pair.column), &mut sources);
                if !found || sources.len() == before {
                    sources.truncate(before);
                    continue;
                }
                let (row_tile, column_tile) = (row as u32, column as u32);
                let (into, action) = match *term {
                    Term::Left(into, f) => (into, Action::Left { factor: f as u32, tile: row_tile }),
                    Term::Right(into, f) => (into, Action::Right { factor: f as u32, tile: column_tile }),
                    Term::Sandwich(into, l, r) => {
                        (into, Action::Sandwich { left: l as u32, right: r as u32, row_tile, column_tile })
                    }
                };
                tasks.push(Task { into, action, sources: before as u32 });
            }
            starts.push(tasks.len() as u32);
        }
        Some((tasks, starts, sources))
    }

    /// Appends the source blocks of a term. False if one is not stored; the choice of coherences makes sure
    /// that such a block is zero.
    fn sources_of(
        &self,
        term: Term,
        row: usize,
        column: usize,
        (row_tile, column_tile): (usize, usize),
        sources: &mut Vec<Source>,
    ) -> bool {
        let on_diagonal = row_tile == column_tile;
        // `itself`: how a diagonal source of a diagonal block is read.
        let mut push = |row: usize, column: usize, itself: Reading| {
            let (pair, reading) = match self.layout.place(row, column) {
                Some(Place::Direct(pair)) if on_diagonal && row == column => (pair, itself),
                Some(Place::Direct(pair)) => (pair, Reading::Direct),
                Some(Place::Conjugate(pair)) if on_diagonal => (pair, Reading::Absent),
                Some(Place::Conjugate(pair)) => (pair, Reading::Conjugate),
                None => return false,
            };
            sources.push(Source { offset: self.layout.pairs()[pair].offset, reading });
            true
        };
        match term {
            Term::Left(_, f) => {
                let mut tiles = self.factors[f].rows[row].tiles.iter();
                tiles.all(|k| push(*k as usize, column_tile, Reading::Direct))
            }
            Term::Right(_, f) => {
                let mut tiles = self.factors[f].runs[column].tiles.iter();
                tiles.all(|k| push(row_tile, *k as usize, Reading::Absent))
            }
            Term::Sandwich(_, l, r) => {
                let (rows, columns) = (&self.factors[l].rows[row].tiles, &self.factors[r].runs[column].tiles);
                rows.iter().all(|i| columns.iter().all(|j| push(*i as usize, *j as usize, Reading::Half)))
            }
        }
    }
}

fn part_of(matrix: &SparseMatrix, off_diagonal_only: bool, part: impl Fn(&Complex64) -> f64) -> CsMat<f64> {
    let mut triplets = sprs::TriMat::new(matrix.shape());
    for (value, (row, column)) in matrix {
        let x = part(value);
        if x != 0.0 && !(off_diagonal_only && row == column) {
            triplets.add_triplet(row, column, x);
        }
    }
    triplets.to_csr()
}

fn real_part(matrix: &SparseMatrix, off_diagonal_only: bool) -> CsMat<f64> {
    part_of(matrix, off_diagonal_only, |z| z.re)
}

fn imaginary_part(matrix: &SparseMatrix, off_diagonal_only: bool) -> CsMat<f64> {
    part_of(matrix, off_diagonal_only, |z| z.im)
}
