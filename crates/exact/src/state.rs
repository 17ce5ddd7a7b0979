//! Density matrices in the layout's form: the initial product state and dense views of sectors.

use num_complex::Complex64;
use rayon::prelude::*;
use superladder_engine::Halt;
use superladder_model::{InitialState, Model};
use superladder_space::{Space, SpaceError, cutoff_losing, ensemble_density, loss, mode_density};

use crate::layout::{Layout, go_on};
use crate::leakage::positions;

/// Blocks that are filled between two looks at whether to go on.
const BLOCKS: usize = 64;
/// Largest weight of an initial mode state that may be lost above the cutoff.
const LARGEST_LOSS: f64 = 1e-2;

/// The product state `initial` as a state vector, and the weight that each mode lost above its cutoff.
///
/// # Errors
/// [`SpaceError::Cutoff`] when a mode loses more than 1 % of its weight.
pub fn initial_vector(
    space: &Space,
    layout: &Layout,
    model: &Model,
    initial: &InitialState,
) -> Result<(Vec<f64>, Vec<f64>), SpaceError> {
    initial_vector_while((space, layout), model, initial, &|| false)
}

/// [`initial_vector`], unless `halted` ends it, which is asked for every block.
///
/// # Errors
/// [`SpaceError`].
pub(crate) fn initial_vector_while(
    (space, layout): (&Space, &Layout),
    model: &Model,
    initial: &InitialState,
    halted: &dyn Fn() -> bool,
) -> Result<(Vec<f64>, Vec<f64>), SpaceError> {
    let mut modes = Vec::new();
    let mut losses = Vec::new();
    for (m, state) in initial.modes.iter().enumerate() {
        let levels = space.levels()[m];
        let lost = loss(state, levels - 1);
        if lost > LARGEST_LOSS {
            let needed = cutoff_losing(state, 1e-8);
            let mode = model.modes()[m].name.clone();
            return Err(SpaceError::Cutoff { mode, cutoff: levels - 1, needed, lost });
        }
        modes.push(mode_density(state, levels));
        losses.push(lost);
    }
    let mut vector = vec![0.0; layout.len()];
    for (sector, pairs) in space.sectors().iter().zip(layout.pairs_by_sector()) {
        let ensembles = initial.ensembles.iter().enumerate();
        let ensembles = ensembles
            .map(|(e, state)| ensemble_density(state, space.spins()[e], sector.twice_j[e], halted))
            .collect::<Result<Vec<_>, _>>()?;
        let element = |i: usize, j: usize| -> Complex64 {
            let (row, column) = (sector.labels(i), sector.labels(j));
            let mut value = Complex64::ONE;
            for (m, rho) in modes.iter().enumerate() {
                value *= rho.at(row[m] as usize, column[m] as usize);
            }
            for (e, rho) in ensembles.iter().enumerate() {
                let lowest = (space.spins()[e] - sector.twice_j[e]) / 2;
                let position = modes.len() + e;
                value *= rho.at(row[position] as usize - lowest, column[position] as usize - lowest);
            }
            value
        };
        for (number, p) in pairs.into_iter().enumerate() {
            go_on(number, BLOCKS, halted).ok_or(SpaceError::Halted)?;
            let pair = layout.pairs()[p as usize];
            let block = &mut vector[layout.block(p as usize)];
            let (rows, columns) = (&layout.tiles()[pair.row].states, &layout.tiles()[pair.column].states);
            let positions = rows.clone().flat_map(|i| columns.clone().map(move |j| (i, j)));
            for (target, (i, j)) in block.chunks_exact_mut(2).zip(positions) {
                let value = if i <= j { element(i, j) } else { element(j, i).conj() };
                (target[0], target[1]) = (value.re, if i == j { 0.0 } else { value.im });
            }
        }
    }
    Ok((vector, losses))
}

/// A state in the layout of other cutoffs: levels that are new are empty, which is exact; of levels that are
/// gone the state is cut off. `None` if `halt` ends the work.
pub(crate) fn carried(
    from: (&Space, &Layout),
    vector: &[f64],
    to: (&Space, &Layout),
    halt: &dyn Halt,
) -> Option<Vec<f64>> {
    let (layout, target) = (from.1, to.1);
    let sectors = to.0.sectors().iter().zip(from.0.sectors());
    let maps: Option<Vec<Vec<Option<usize>>>> =
        sectors.map(|(new, old)| positions(new, old, &|| halt.asked())).collect();
    let maps = maps?;
    let mut carried = vec![0.0; target.len()];
    let mut blocks = Vec::new();
    let mut rest = carried.as_mut_slice();
    for pair in 0..target.pairs().len() {
        let (block, behind) = rest.split_at_mut(target.block(pair).len());
        blocks.push((target.pairs()[pair], block));
        rest = behind;
    }
    let filled = blocks.into_par_iter().enumerate().try_for_each(|(number, (pair, block))| {
        go_on(number, BLOCKS, &|| halt.asked())?;
        let (rows, columns) = (&target.tiles()[pair.row], &target.tiles()[pair.column]);
        let (sector, map) = (rows.sector, &maps[rows.sector]);
        let positions = rows.states.clone().flat_map(|i| columns.states.clone().map(move |j| (i, j)));
        for (value, (i, j)) in block.chunks_exact_mut(2).zip(positions) {
            let (Some(row), Some(column)) = (map[i], map[j]) else { continue };
            let Some((index, conjugate)) = layout.element(sector, row, column) else { continue };
            value[0] = vector[index];
            value[1] = if conjugate { -vector[index + 1] } else { vector[index + 1] };
        }
        Some(())
    });
    filled.map(|()| carried)
}

/// The dense row-major density matrix of a sector; coherences that are not stored are zero.
pub fn sector_matrix(space: &Space, layout: &Layout, vector: &[f64], sector: usize) -> Vec<Complex64> {
    let dim = space.sectors()[sector].dim();
    let tiles = layout.tiles_of_sector(sector);
    let mut dense = vec![Complex64::ZERO; dim * dim];
    for (p, pair) in layout.pairs().iter().enumerate().filter(|(_, p)| tiles.contains(&p.row)) {
        let block = &vector[layout.block(p)];
        let (rows, columns) = (&layout.tiles()[pair.row].states, &layout.tiles()[pair.column].states);
        let positions = rows.clone().flat_map(|i| columns.clone().map(move |j| (i, j)));
        for (value, (i, j)) in block.chunks_exact(2).zip(positions) {
            let value = Complex64::new(value[0], value[1]);
            dense[i * dim + j] = value;
            dense[j * dim + i] = value.conj();
        }
    }
    dense
}

/// The state vector of dense row-major sector matrices (Hermitian; the upper halves are read).
pub fn pack(space: &Space, layout: &Layout, sectors: &[Vec<Complex64>]) -> Vec<f64> {
    let mut vector = vec![0.0; layout.len()];
    for (p, pair) in layout.pairs().iter().enumerate() {
        let (row, column) = (&layout.tiles()[pair.row], &layout.tiles()[pair.column]);
        let dim = space.sectors()[row.sector].dim();
        let dense = &sectors[row.sector];
        let block = &mut vector[layout.block(p)];
        let positions = row.states.clone().flat_map(|i| column.states.clone().map(move |j| (i, j)));
        for (target, (i, j)) in block.chunks_exact_mut(2).zip(positions) {
            let value = if i <= j { dense[i * dim + j] } else { dense[j * dim + i].conj() };
            (target[0], target[1]) = (value.re, if i == j { 0.0 } else { value.im });
        }
    }
    vector
}
