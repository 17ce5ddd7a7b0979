//! Density matrices by sector, in one row of numbers.

use std::ops::Range;

use num_complex::Complex64;
use superladder_engine::Problem;
use superladder_space::{Density, Space, SpaceError, ensemble_density, initial_loss, mode_density};

/// Where the blocks of the sectors stand, each row by row.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    dims: Vec<usize>,
    starts: Vec<usize>,
}

impl Layout {
    pub(crate) fn new(space: &Space) -> Self {
        let dims: Vec<usize> = space.sectors().iter().map(superladder_space::Sector::dim).collect();
        let mut starts = vec![0];
        for dim in &dims {
            starts.push(starts[starts.len() - 1] + dim * dim);
        }
        Self { dims, starts }
    }

    /// Elements of all blocks.
    pub(crate) fn len(&self) -> usize {
        self.starts[self.dims.len()]
    }

    /// Number of sectors.
    pub(crate) fn sectors(&self) -> usize {
        self.dims.len()
    }

    /// States of a sector.
    pub(crate) fn dim(&self, sector: usize) -> usize {
        self.dims[sector]
    }

    /// The elements of a sector.
    pub(crate) fn block(&self, sector: usize) -> Range<usize> {
        self.starts[sector]..self.starts[sector + 1]
    }

    /// `M -> M + M^dag` in every sector.
    pub(crate) fn add_adjoint(&self, matrix: &mut [Complex64]) {
        for sector in 0..self.sectors() {
            let (dim, block) = (self.dims[sector], &mut matrix[self.block(sector)]);
            for i in 0..dim {
                for j in i..dim {
                    let sum = block[i * dim + j] + block[j * dim + i].conj();
                    block[i * dim + j] = sum;
                    block[j * dim + i] = sum.conj();
                }
            }
        }
    }

    /// A state of trace 1, Hermitian in every bit.
    pub(crate) fn normalise(&self, rho: &mut [Complex64]) {
        self.add_adjoint(rho);
        let trace = self.trace(rho);
        for x in rho.iter_mut() {
            *x /= trace;
        }
    }

    /// `tr rho`.
    pub(crate) fn trace(&self, rho: &[Complex64]) -> f64 {
        let of = |sector: usize| {
            rho[self.block(sector)].iter().step_by(self.dims[sector] + 1).map(|x| x.re).sum::<f64>()
        };
        (0..self.sectors()).map(of).sum()
    }
}

/// The Frobenius norm.
pub(crate) fn norm(rho: &[Complex64]) -> f64 {
    rho.iter().map(Complex64::norm_sqr).sum::<f64>().sqrt()
}

/// The initial product state, of trace 1, and what its modes lose beyond their cutoffs.
pub(crate) fn initial(
    space: &Space,
    layout: &Layout,
    problem: &Problem,
) -> Result<(Vec<Complex64>, Vec<f64>), SpaceError> {
    let initial = &problem.initial;
    let losses = (0..space.levels().len()).map(|m| initial_loss(initial, m, space.levels()[m] - 1)).collect();
    let modes: Vec<Density> = initial
        .modes
        .iter()
        .zip(space.levels())
        .map(|(state, levels)| mode_density(state, *levels))
        .collect();
    let mut rho = Vec::with_capacity(layout.len());
    for sector in space.sectors() {
        let ensembles = initial.ensembles.iter().enumerate();
        let ensembles = ensembles
            .map(|(e, state)| ensemble_density(state, space.spins()[e], sector.twice_j[e], &|| false))
            .collect::<Result<Vec<_>, _>>()?;
        let lowest = |e: usize| ((space.spins()[e] - sector.twice_j[e]) / 2) as u32;
        for i in 0..sector.dim() {
            for j in 0..sector.dim() {
                let (row, column) = (sector.labels(i), sector.labels(j));
                let of_mode = |(m, d): (usize, &Density)| d.at(row[m] as usize, column[m] as usize);
                let of_ensemble = |(e, d): (usize, &Density)| {
                    let (x, y) = (row[modes.len() + e] - lowest(e), column[modes.len() + e] - lowest(e));
                    d.at(x as usize, y as usize)
                };
                let of_modes: Complex64 = modes.iter().enumerate().map(of_mode).product();
                rho.push(of_modes * ensembles.iter().enumerate().map(of_ensemble).product::<Complex64>());
            }
        }
    }
    layout.normalise(&mut rho);
    Ok((rho, losses))
}
