//! What clicks: the jumps of the channels that are recorded.

use num_complex::Complex64;
use superladder_model::{Jump, Model};
use superladder_space::{JumpBlock, Space, SparseMatrix};

use crate::options::Monitored;
use crate::state::Layout;

/// A jump from one sector to another.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) source: usize,
    pub(crate) target: usize,
    pub(crate) matrix: SparseMatrix,
}

/// A detector: its jump on every sector, `sqrt(rate eta)` included. A click of a local channel tells how j has changed.
#[derive(Debug, Clone)]
pub(crate) struct Detector {
    /// Name of the dissipator.
    pub(crate) dissipator: String,
    pub(crate) blocks: Vec<Block>,
}

/// By how much the ladders change.
fn change(space: &Space, block: &JumpBlock) -> Vec<i64> {
    let ladders = |sector: usize| space.sectors()[sector].twice_j.iter().map(|j| *j as i64);
    ladders(block.target).zip(ladders(block.source)).map(|(to, from)| to - from).collect()
}

/// The detectors of a model, whose jumps are `jumps`.
pub(crate) fn detectors(
    space: &Space,
    model: &Model,
    jumps: &[JumpBlock],
    options: &Monitored,
) -> Vec<Detector> {
    if options.efficiency == 0.0 {
        return Vec::new();
    }
    let root = options.efficiency.sqrt();
    let scaled = |matrix: &SparseMatrix| matrix.map(|x| x * root);
    let mut found = Vec::new();
    let named = model.dissipators().zip(model.dissipator_names()).enumerate();
    for (number, (dissipator, name)) in named.filter(|(_, (_, name))| options.records(name)) {
        if let Jump::Collective(operator) = &dissipator.jump {
            let jump = operator.clone() * Complex64::from(dissipator.rate.sqrt());
            for port in options.unravelling.detected(jump) {
                let block = |sector: usize| Block {
                    source: sector,
                    target: sector,
                    matrix: scaled(&space.matrix(&port, sector)),
                };
                let blocks = (0..space.sectors().len()).map(block).collect();
                found.push(Detector { dissipator: name.clone(), blocks });
            }
            continue;
        }
        let own: Vec<&JumpBlock> = jumps.iter().filter(|b| b.dissipator == number).collect();
        let mut changes: Vec<Vec<i64>> = own.iter().map(|b| change(space, b)).collect();
        changes.sort();
        changes.dedup();
        for wanted in changes {
            let blocks = own.iter().filter(|b| change(space, b) == wanted);
            let block =
                |b: &&JumpBlock| Block { source: b.source, target: b.target, matrix: scaled(&b.matrix) };
            found.push(Detector { dissipator: name.clone(), blocks: blocks.map(block).collect() });
        }
    }
    found
}

impl Block {
    /// `tr(K rho K^dag)`, rho the block of the source.
    fn weight(&self, rho: &[Complex64]) -> f64 {
        let dim = self.matrix.cols();
        let mut weight = 0.0;
        for row in self.matrix.outer_iterator() {
            for (l, x) in row.iter() {
                for (m, y) in row.iter() {
                    weight += (x * rho[l * dim + m] * y.conj()).re;
                }
            }
        }
        weight
    }

    /// Adds `K rho K^dag` to `out`, both blocks of their sectors; `half` is a buffer.
    pub(crate) fn refill(&self, rho: &[Complex64], out: &mut [Complex64], half: &mut Vec<Complex64>) {
        let (rows, dim) = (self.matrix.rows(), self.matrix.cols());
        for (i, row) in self.matrix.outer_iterator().enumerate() {
            if row.nnz() == 0 {
                continue;
            }
            half.clear();
            half.resize(dim, Complex64::ZERO);
            for (l, x) in row.iter() {
                half.iter_mut().zip(&rho[l * dim..(l + 1) * dim]).for_each(|(h, r)| *h += x * r);
            }
            let out = &mut out[i * rows..(i + 1) * rows];
            for (out, column) in out.iter_mut().zip(self.matrix.outer_iterator()) {
                for (m, y) in column.iter() {
                    *out += half[m] * y.conj();
                }
            }
        }
    }
}

impl Detector {
    /// Clicks per unit time in a state.
    pub(crate) fn rate(&self, layout: &Layout, rho: &[Complex64]) -> f64 {
        self.blocks.iter().map(|b| b.weight(&rho[layout.block(b.source)])).sum()
    }

    /// The state after a click, of trace 1.
    pub(crate) fn click(&self, layout: &Layout, rho: &[Complex64]) -> Vec<Complex64> {
        let (mut after, mut half) = (vec![Complex64::ZERO; rho.len()], Vec::new());
        for b in &self.blocks {
            b.refill(&rho[layout.block(b.source)], &mut after[layout.block(b.target)], &mut half);
        }
        layout.normalise(&mut after);
        after
    }
}
