//! The generator on real unknowns as one sparse matrix, where that fits: several times faster than block by
//! block.

use num_complex::Complex64;
use superladder_eigen::LinearMap;
use superladder_sparse::{RealMatrix, Rows};

use super::action::Action;
use super::coherence::{Block, Unknowns};

/// Entries at most: some 800 MB.
pub(crate) const MOST: usize = 64_000_000;

/// How an element of X hangs on the unknowns: `scale (v[re] + i sign v[im])`, a real one without the second.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    re: usize,
    im: Option<usize>,
    scale: f64,
    sign: f64,
}

/// An unknown: the real or the imaginary part of an element, times `scale`.
struct Target {
    block: usize,
    row: usize,
    column: usize,
    imaginary: bool,
    scale: f64,
}

/// The unknowns in order, in pieces that are joined one by one.
fn targets(action: &Action) -> Vec<Vec<Target>> {
    let root = std::f64::consts::SQRT_2;
    let blocks = &action.coherence.blocks;
    let every = |block: usize, scale: f64| -> Vec<Target> {
        let width = blocks[block].columns.len();
        let both = (0..2 * blocks[block].size()).map(|u| (u / 2, u % 2 == 1));
        both.map(|(e, imaginary)| Target { block, row: e / width, column: e % width, imaginary, scale })
            .collect()
    };
    let Unknowns::Hermitian { spans, .. } = &action.unknowns else {
        return (0..blocks.len()).map(|block| every(block, 1.0)).collect();
    };
    let of = |(block, adjoint, _): &(Block, Block, usize)| {
        let number =
            action.coherence.find(block.sector, block.groups[0], block.groups[1]).unwrap_or_default();
        if block.offset != adjoint.offset {
            return every(number, root);
        }
        let dim = block.rows.len();
        let target = |u: usize| {
            let (i, j) = (u / dim, u % dim);
            let scale = if i == j { 1.0 } else { root };
            Target { block: number, row: i.min(j), column: i.max(j), imaginary: i > j, scale }
        };
        (0..dim * dim).map(target).collect()
    };
    spans.iter().map(of).collect()
}

/// The place of every element.
fn places(action: &Action) -> Vec<Place> {
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let Unknowns::Hermitian { spans, .. } = &action.unknowns else {
        let plain = |e: usize| Place { re: 2 * e, im: Some(2 * e + 1), scale: 1.0, sign: 1.0 };
        return (0..action.coherence.len).map(plain).collect();
    };
    let mut places = vec![Place::default(); action.coherence.len];
    for (block, adjoint, start) in spans {
        let (rows, width) = (block.rows.len(), block.columns.len());
        for (i, j) in (0..rows).flat_map(|i| (0..width).map(move |j| (i, j))) {
            let here = block.offset + i * width + j;
            if block.offset != adjoint.offset {
                let re = start + 2 * (i * width + j);
                let place = Place { re, im: Some(re + 1), scale: half, sign: 1.0 };
                places[here] = place;
                places[adjoint.offset + j * rows + i] = Place { sign: -1.0, ..place };
            } else if i == j {
                places[here] = Place { re: start + i * rows + i, im: None, scale: 1.0, sign: 1.0 };
            } else {
                let (low, high, sign) = if i < j { (i, j, 1.0) } else { (j, i, -1.0) };
                let (re, im) = (start + low * rows + high, start + high * rows + low);
                places[here] = Place { re, im: Some(im), scale: half, sign };
            }
        }
    }
    places
}

/// An [`Action`] for many applications.
#[derive(Debug)]
pub(crate) struct Repeated<'a> {
    action: &'a Action,
    /// Where it fits.
    matrix: Option<RealMatrix>,
}

impl<'a> Repeated<'a> {
    pub(crate) fn new(action: &'a Action) -> Self {
        Self { action, matrix: real_matrix(action) }
    }
}

impl LinearMap for Repeated<'_> {
    fn dim(&self) -> usize {
        self.action.unknowns.len()
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        match &self.matrix {
            Some(matrix) => matrix.apply(x, out),
            None => self.action.apply(x, out),
        }
    }
}

/// The matrix of an action on its unknowns; `None` where it has too many entries.
fn real_matrix(action: &Action) -> Option<RealMatrix> {
    let places = places(action);
    let mut matrix = RealMatrix::with_capacity(0);
    let mut entries: Vec<(u32, f64)> = Vec::new();
    let mut complex: Vec<(usize, Complex64)> = Vec::new();
    for piece in targets(action) {
        let mut rows = Rows::default();
        for Target { block, row, column, imaginary, scale } in piece {
            complex.clear();
            action.row((block, row, column), &mut complex);
            entries.clear();
            for (element, value) in &complex {
                let Place { re, im, scale: own, sign } = places[*element];
                let value = value * (scale * own);
                let (of_re, of_im) = if imaginary { (value.im, value.re) } else { (value.re, -value.im) };
                entries.push((re as u32, of_re));
                entries.extend(im.map(|im| (im as u32, sign * of_im)));
            }
            entries.sort_by_key(|(column, _)| *column);
            rows.append(entries.iter().copied());
        }
        matrix.push(&rows);
        if matrix.nnz() > MOST {
            return None;
        }
    }
    matrix.finish();
    Some(matrix)
}
