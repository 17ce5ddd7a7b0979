//! Sectors and the space as their direct sum.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use superladder_model::{InitialState, Model};

use crate::halting::{PIECES, go_on};
use crate::ladder::{self, Rung};
use crate::{Axis, Charge, Charges, Ladders, SpaceError};

/// One value of j for every ensemble, with its basis sorted by charge.
#[derive(Debug, Clone)]
pub struct Sector {
    /// `2 j` of every ensemble.
    pub twice_j: Vec<usize>,
    /// Labels of the basis states, `labels` per state: Fock numbers, then excitation numbers `m + N/2`.
    labels: Vec<u32>,
    label_count: usize,
    /// Ranges of basis states of equal charge, with their charge.
    groups: Vec<(Charge, Range<usize>)>,
    /// Basis position of the mixed-radix number of the labels.
    position: Vec<u32>,
    offsets: Vec<usize>,
    radices: Vec<usize>,
    slow_to_fast: Vec<usize>,
}

impl Sector {
    /// Number of basis states.
    pub fn dim(&self) -> usize {
        self.position.len()
    }

    /// Labels of a basis state: Fock numbers, then excitation numbers.
    pub fn labels(&self, state: usize) -> &[u32] {
        &self.labels[state * self.label_count..(state + 1) * self.label_count]
    }

    /// Basis position of the state with these labels, if it exists.
    pub fn find(&self, labels: &[i64]) -> Option<usize> {
        let mut number = 0;
        for ((&label, &offset), &radix) in labels.iter().zip(&self.offsets).zip(&self.radices) {
            let digit = label - offset as i64;
            if digit < 0 || digit >= radix as i64 {
                return None;
            }
            number = number * radix + digit as usize;
        }
        Some(self.position[number] as usize)
    }

    /// Label positions from the slowest to the fastest within a charge group.
    pub fn slow_to_fast(&self) -> &[usize] {
        &self.slow_to_fast
    }

    /// Label of the lowest level of a subsystem.
    pub(crate) fn offset(&self, subsystem: usize) -> i64 {
        self.offsets[subsystem] as i64
    }

    /// Ranges of basis states of equal charge.
    pub fn groups(&self) -> &[(Charge, Range<usize>)] {
        &self.groups
    }
}

/// The Hilbert space of a model: a direct sum of sectors.
#[derive(Debug, Clone)]
pub struct Space {
    levels: Vec<usize>,
    spins: Vec<usize>,
    charges: Charges,
    sectors: Vec<Sector>,
    by_ladders: HashMap<Vec<usize>, usize>,
}

/// Largest number of basis states that is enumerated.
const LARGEST: f64 = 3e8;

impl Space {
    /// Builds the space of the stages' `models` (same subsystems) from `initial`: an ensemble with local
    /// channels gets all its ladders, one without only those of its initial state. Fock levels per mode are
    /// `cutoffs + 1`. With `charges` the basis is sorted by charge.
    ///
    /// # Errors
    /// [`SpaceError::TooLarge`].
    pub fn new(
        models: &[&Model],
        initial: &InitialState,
        cutoffs: &[usize],
        charges: Charges,
    ) -> Result<Self, SpaceError> {
        Self::new_while(models, initial, cutoffs, charges, &|| false)
    }

    /// [`Space::new`], unless `halted` ends it, which is asked for every few thousand basis states.
    ///
    /// # Errors
    /// [`SpaceError::TooLarge`], [`SpaceError::Halted`].
    pub fn new_while(
        models: &[&Model],
        initial: &InitialState,
        cutoffs: &[usize],
        charges: Charges,
        halted: &dyn Fn() -> bool,
    ) -> Result<Self, SpaceError> {
        let levels: Vec<usize> = cutoffs.iter().map(|c| c + 1).collect();
        let ladders = Ladders::new(models, initial);
        ladders.check(levels.iter().map(|l| *l as f64).product(), LARGEST)?;
        let (spins, ladders) = ladders.into_lists();
        let sectors: Option<Vec<Sector>> = cartesian(&ladders)
            .into_iter()
            .map(|twice_j| build_sector(twice_j, &levels, &spins, &charges, halted))
            .collect();
        let sectors = sectors.ok_or(SpaceError::Halted)?;
        let by_ladders = sectors.iter().enumerate().map(|(i, s)| (s.twice_j.clone(), i)).collect();
        Ok(Self { levels, spins, charges, sectors, by_ladders })
    }

    /// Fock levels kept per mode.
    pub fn levels(&self) -> &[usize] {
        &self.levels
    }

    /// Spins per ensemble.
    pub fn spins(&self) -> &[usize] {
        &self.spins
    }

    /// The charges the bases are sorted by.
    pub fn charges(&self) -> &Charges {
        &self.charges
    }

    /// The sectors.
    pub fn sectors(&self) -> &[Sector] {
        &self.sectors
    }

    /// Number of the sector with these `2 j`.
    pub fn sector_number(&self, twice_j: &[usize]) -> Option<usize> {
        self.by_ladders.get(twice_j).copied()
    }

    /// Sum of the sector dimensions.
    pub fn dim(&self) -> usize {
        self.sectors.iter().map(Sector::dim).sum()
    }

    /// The rung (j, m) of ensemble `e` in a basis state of a sector.
    pub fn rung(&self, sector: &Sector, state: usize, e: usize) -> Rung {
        let x = sector.labels(state)[self.levels.len() + e] as usize;
        Rung::new(self.spins[e], sector.twice_j[e], x)
    }

    /// The levels of a subsystem (modes, then ensembles) in a sector.
    pub fn axis(&self, sector: &Sector, subsystem: usize) -> Axis {
        match subsystem.checked_sub(self.levels.len()) {
            None => Axis::Fock { levels: self.levels[subsystem] },
            Some(e) => Axis::Dicke { spins: self.spins[e], twice_j: sector.twice_j[e] },
        }
    }

    /// Number of equivalent copies of a sector, `prod_e d_j`.
    pub fn ln_copies(&self, sector: &Sector) -> f64 {
        self.spins.iter().zip(&sector.twice_j).map(|(n, tj)| ladder::ln_degeneracy(*n, *tj)).sum()
    }
}

/// All ways to choose one entry of every list, the last list running fastest.
fn cartesian(lists: &[Vec<usize>]) -> Vec<Vec<usize>> {
    lists.iter().fold(vec![Vec::new()], |partial, list| {
        let extended = partial.iter().flat_map(|p| list.iter().map(move |x| [p.as_slice(), &[*x]].concat()));
        extended.collect()
    })
}

/// Label positions by growing number of values: the subsystem with most levels runs fastest, so that shift
/// operators act on long contiguous runs of basis states. The same order in every sector keeps jumps
/// monotone.
fn slow_to_fast(levels: &[usize], spins: &[usize]) -> Vec<usize> {
    let sizes: Vec<usize> = levels.iter().copied().chain(spins.iter().map(|n| n + 1)).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&i| (sizes[i], i < levels.len()));
    order
}

/// The sector of these ladders; `None` once `halted` says so.
fn build_sector(
    twice_j: Vec<usize>,
    levels: &[usize],
    spins: &[usize],
    charges: &Charges,
    halted: &dyn Fn() -> bool,
) -> Option<Sector> {
    let offsets: Vec<usize> = std::iter::repeat_n(0, levels.len())
        .chain(spins.iter().zip(&twice_j).map(|(n, tj)| (n - tj) / 2))
        .collect();
    let radices: Vec<usize> = levels.iter().copied().chain(twice_j.iter().map(|tj| tj + 1)).collect();
    let dim: usize = radices.iter().product();
    let count = radices.len();
    let slow_to_fast = slow_to_fast(levels, spins);
    // Every charge with the numbers of its states, slow labels first.
    let mut by_charge: BTreeMap<Charge, Vec<u32>> = BTreeMap::new();
    let mut labels: Vec<i64> = offsets.iter().map(|o| *o as i64).collect();
    for done in 0..dim {
        go_on(done, PIECES, halted)?;
        let digits = labels.iter().zip(&offsets).zip(&radices);
        let number = digits.fold(0, |n, ((label, offset), radix)| n * radix + *label as usize - offset);
        by_charge.entry(charges.of(&labels)).or_default().push(number as u32);
        for &i in slow_to_fast.iter().rev() {
            labels[i] += 1;
            if (labels[i] as usize) < offsets[i] + radices[i] {
                break;
            }
            labels[i] = offsets[i] as i64;
        }
    }
    let mut labels = vec![0; dim * count];
    let mut position = vec![0; dim];
    let mut groups: Vec<(Charge, Range<usize>)> = Vec::with_capacity(by_charge.len());
    let mut place = 0;
    for (charge, numbers) in by_charge {
        groups.push((charge, place..place + numbers.len()));
        for number in numbers {
            go_on(place, PIECES, halted)?;
            position[number as usize] = place as u32;
            let mut rest = number as usize;
            for i in (0..count).rev() {
                labels[place * count + i] = (rest % radices[i] + offsets[i]) as u32;
                rest /= radices[i];
            }
            place += 1;
        }
    }
    Some(Sector { twice_j, labels, label_count: count, groups, position, offsets, radices, slow_to_fast })
}
