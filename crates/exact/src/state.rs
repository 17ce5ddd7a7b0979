//! Density matrices in the layout's form: the initial product state and dense views of sectors.

use std::collections::{BTreeSet, HashSet};

use num_complex::Complex64;
use rayon::prelude::*;
use superladder_engine::Halt;
use superladder_model::{InitialState, JointBlock, JointState, Model};
use superladder_space::{
    Charge, Charges, Sector, Space, SpaceError, ensemble_density, go_on, initial_cutoff_losing, initial_loss,
    mode_density,
};

use crate::layout::Layout;
use crate::leakage::positions;

/// Blocks that are filled between two looks at whether to go on.
const BLOCKS: usize = 64;
/// Largest weight of an initial mode state that may be lost above the cutoff.
const LARGEST_LOSS: f64 = 1e-2;

/// The state `initial`, a product or a joint state, as a state vector, and the weight that each mode lost above
/// its cutoff. What is left is renormalised.
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
    let mut losses = Vec::new();
    for (m, levels) in space.levels().iter().enumerate() {
        let lost = initial_loss(initial, m, levels - 1);
        if lost > LARGEST_LOSS {
            let needed = initial_cutoff_losing(initial, m, 1e-8);
            let mode = model.modes()[m].name.clone();
            return Err(SpaceError::Cutoff { mode, cutoff: levels - 1, needed, lost });
        }
        losses.push(lost);
    }
    let vector = match &initial.joint {
        Some(joint) => joint_vector(space, layout, joint),
        None => product_vector((space, layout), initial, halted)?,
    };
    Ok((vector, losses))
}

fn product_vector(
    (space, layout): (&Space, &Layout),
    initial: &InitialState,
    halted: &dyn Fn() -> bool,
) -> Result<Vec<f64>, SpaceError> {
    let states = initial.modes.iter().zip(space.levels());
    let modes: Vec<_> = states.map(|(state, levels)| mode_density(state, *levels)).collect();
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
    Ok(vector)
}

/// The part of a joint state below the cutoffs, with trace 1.
pub(crate) fn joint_vector(space: &Space, layout: &Layout, joint: &JointState) -> Vec<f64> {
    let mut vector = vec![0.0; layout.len()];
    let mut trace = 0.0;
    for block in &joint.blocks {
        // Ladders without a sector hold nothing: the space has all that the state has.
        let Some(number) = space.sector_number(&block.twice_j) else { continue };
        let places = places(block, joint.width(), &space.sectors()[number]);
        for (row, column, value) in &block.elements {
            let (Some(i), Some(j)) = (places[*row as usize], places[*column as usize]) else { continue };
            trace += if i == j { value.re } else { 0.0 };
            // Both halves of a diagonal tile are stored.
            for (i, j, value) in [(i, j, *value), (j, i, value.conj())] {
                if let Some((index, conjugate)) = layout.element(number, i, j) {
                    vector[index] = value.re;
                    vector[index + 1] = match (i == j, conjugate) {
                        (true, _) => 0.0,
                        (_, true) => -value.im,
                        (_, false) => value.im,
                    };
                }
            }
        }
    }
    for x in &mut vector {
        *x /= trace;
    }
    vector
}

/// Basis positions in a sector of the states of a block; none for those above the cutoffs.
fn places(block: &JointBlock, width: usize, sector: &Sector) -> Vec<Option<usize>> {
    let find = |labels: &[u32]| sector.find(&labels.iter().map(|l| i64::from(*l)).collect::<Vec<_>>());
    block.labels.chunks(width).map(find).collect()
}

/// What is stored of a state, as a joint state at `time`.
pub(crate) fn joint_state(
    (space, layout, model): (&Space, &Layout, &Model),
    vector: &[f64],
    time: f64,
) -> JointState {
    let block = |(number, sector): (usize, &Sector)| {
        let upper = stored(layout, vector, number).filter(|(i, j, z)| i <= j && *z != Complex64::ZERO);
        let mut elements: Vec<_> = upper.map(|(i, j, z)| (i as u32, j as u32, z)).collect();
        elements.sort_unstable_by_key(|(i, j, _)| (*i, *j));
        let labels = (0..sector.dim()).flat_map(|state| sector.labels(state).iter().copied()).collect();
        JointBlock { twice_j: sector.twice_j.clone(), labels, elements }
    };
    JointState {
        modes: model.modes().iter().map(|m| m.name.clone()).collect(),
        ensembles: model.ensembles().iter().map(|e| (e.name.clone(), e.size)).collect(),
        time,
        blocks: space.sectors().iter().enumerate().map(block).collect(),
    }
}

/// Differences of charge between which a joint state has elements.
pub(crate) fn joint_coherences(joint: &JointState, charges: &Charges) -> BTreeSet<Charge> {
    let mut found = BTreeSet::new();
    for block in &joint.blocks {
        let charge = |labels: &[u32]| charges.of(&labels.iter().map(|l| i64::from(*l)).collect::<Vec<_>>());
        let of_states: Vec<Charge> = block.labels.chunks(joint.width()).map(charge).collect();
        let numbers: BTreeSet<&Charge> = of_states.iter().collect();
        let numbers: Vec<&Charge> = numbers.into_iter().collect();
        let number: Vec<usize> = of_states.iter().map(|c| numbers.partition_point(|n| *n < c)).collect();
        let pairs: HashSet<(usize, usize)> = block
            .elements
            .iter()
            .map(|(row, column, _)| (number[*row as usize], number[*column as usize]))
            .collect();
        for (a, b) in pairs {
            found.insert(charges.difference(numbers[a], numbers[b]));
            found.insert(charges.difference(numbers[b], numbers[a]));
        }
    }
    found
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
    let mut dense = vec![Complex64::ZERO; dim * dim];
    for (i, j, value) in stored(layout, vector, sector) {
        dense[i * dim + j] = value;
        dense[j * dim + i] = value.conj();
    }
    dense
}

/// Row, column and value of the stored elements of a sector; their conjugates are left to the reader.
fn stored<'a>(
    layout: &'a Layout,
    vector: &'a [f64],
    sector: usize,
) -> impl Iterator<Item = (usize, usize, Complex64)> + 'a {
    let tiles = layout.tiles_of_sector(sector);
    let own = layout.pairs().iter().enumerate().filter(move |(_, p)| tiles.contains(&p.row));
    own.flat_map(|(p, pair)| {
        let (rows, columns) = (&layout.tiles()[pair.row].states, &layout.tiles()[pair.column].states);
        let positions = rows.clone().flat_map(|i| columns.clone().map(move |j| (i, j)));
        let values = vector[layout.block(p)].chunks_exact(2).map(|z| Complex64::new(z[0], z[1]));
        positions.zip(values).map(|((i, j), value)| (i, j, value))
    })
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
