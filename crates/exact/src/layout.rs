//! How the density matrix lies in memory: tiles of the Hermitian half, only the coherences that are needed.
//!
//! The basis of every sector is cut into *tiles* of consecutive states of equal charge. Of the tile pairs (I,
//! J) with I <= J those whose charge difference is kept are stored, each as a dense row-major block of
//! complex numbers (re, im). What Hermiticity repeats is stored only inside the diagonal tiles, where the
//! lower half mirrors the upper.
//!
//! ```text
//! one sector, charges A (tiles 0, 1) and B (tile 2); kept: A - A, B - B, not A - B
//!
//!          tile 0   tile 1  | tile 2
//!  tile 0 [  d        D    ]|              d   diagonal tile: whole block, lower half = mirror of the upper
//!  tile 1 [  C        d    ]|              D   stored as it is           (Place::Direct)
//!         ------------------+-------       C   read as the conjugate of D (Place::Conjugate)
//!  tile 2                   |[  d  ]           nothing: not stored
//!
//! state vector   | block (0, 0) | block (0, 1) | block (1, 1) | block (2, 2) |
//! one block      row r, column c: re at offset + 2 (r * width + c), im after it
//! ```

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use superladder_propagate::Alias;
use superladder_space::{Charge, Sector, Space, go_on};

/// Groups or pairs of tiles that are worked on between two looks at whether to go on.
const PIECES: usize = 1 << 13;
/// Rows of tiles, each with many columns.
const LOOK: usize = 1 << 8;

/// A run of consecutive basis states of one sector and one charge.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    /// Sector number.
    pub sector: usize,
    /// Basis states within the sector.
    pub states: Range<usize>,
    /// Number of the charge group within the sector.
    pub group: usize,
}

/// A stored block of the density matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Row tile.
    pub row: usize,
    /// Column tile; not before the row tile.
    pub column: usize,
    /// First f64 of the block in a state vector.
    pub offset: usize,
}

/// Where a block of the density matrix is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Stored as it is, at this pair.
    Direct(usize),
    /// Stored as its Hermitian conjugate, at this pair.
    Conjugate(usize),
}

/// By charge group of a sector: the groups whose coherences with it are stored, in order. The work grows with
/// what is stored, not with the square of the number of groups. `None` once `halted` says so, which is asked for
/// every group or some of them.
pub(crate) fn kept_groups(
    space: &Space,
    number: usize,
    coherences: &BTreeSet<Charge>,
    halted: &dyn Fn() -> bool,
) -> Option<Vec<Vec<usize>>> {
    let (charges, groups) = (space.charges(), space.sectors()[number].groups());
    let numbers: HashMap<&Charge, usize> = groups.iter().enumerate().map(|(g, (c, _))| (c, g)).collect();
    let near = |charge: &Charge| {
        let at = coherences.iter().filter_map(|c| numbers.get(&charges.sum(charge, c)).copied());
        let mut found: Vec<usize> = at.collect();
        found.sort_unstable();
        found
    };
    let all = |charge: &Charge| {
        let stored = |(other, _): &(Charge, _)| coherences.contains(&charges.difference(other, charge));
        (0..groups.len()).filter(|g| stored(&groups[*g])).collect()
    };
    let few = coherences.len() < groups.len();
    let every = (PIECES / coherences.len().min(groups.len()).max(1)).max(1);
    let kept = |(number, (charge, _)): (usize, &(Charge, _))| {
        go_on(number, every, halted)?;
        Some(if few { near(charge) } else { all(charge) })
    };
    groups.iter().enumerate().map(kept).collect()
}

/// Tiles and stored pairs of a space.
#[derive(Debug, Clone)]
pub struct Layout {
    tiles: Vec<Tile>,
    tiles_of_sector: Vec<Range<usize>>,
    /// Tile of every basis state, per sector.
    tile_of_state: Vec<Vec<u32>>,
    pairs: Vec<Pair>,
    by_tiles: HashMap<(u32, u32), u32>,
    len: usize,
    unknowns: u64,
}

impl Layout {
    /// Cuts the sectors of `space` into tiles and keeps the pairs whose charge difference is in `coherences`
    /// (closed under negation).
    pub fn new(space: &Space, coherences: &BTreeSet<Charge>) -> Self {
        Self::new_while(space, coherences, &|| false).unwrap_or_else(|| unreachable!("nobody ends it"))
    }

    /// [`Layout::new`], `None` once `halted` says so, which is asked for every few thousand groups and pairs.
    pub(crate) fn new_while(
        space: &Space,
        coherences: &BTreeSet<Charge>,
        halted: &dyn Fn() -> bool,
    ) -> Option<Self> {
        let mut layout = Self {
            tiles: Vec::new(),
            tiles_of_sector: Vec::new(),
            tile_of_state: Vec::new(),
            pairs: Vec::new(),
            by_tiles: HashMap::new(),
            len: 0,
            unknowns: 0,
        };
        for (number, sector) in space.sectors().iter().enumerate() {
            layout.add_tiles(number, sector, halted)?;
        }
        let mut pairs = Vec::new();
        for sector in 0..space.sectors().len() {
            layout.add_pairs_of_sector(space, sector, (coherences, halted), &mut pairs)?;
        }
        // Jumps couple blocks of different ladders at equal labels: those lie side by side, and what is read
        // for one is still in the cache for the next.
        let label = |tile: usize| layout.slowest_label(space, tile);
        pairs.sort_by_cached_key(|&(row, column)| (label(row), label(column), row, column));
        for (number, (row, column)) in pairs.into_iter().enumerate() {
            go_on(number, PIECES, halted)?;
            layout.add_pair(row, column);
        }
        Some(layout)
    }

    fn add_tiles(&mut self, number: usize, sector: &Sector, halted: &dyn Fn() -> bool) -> Option<()> {
        let first = self.tiles.len();
        let mut tile_of_state = vec![0; sector.dim()];
        for (group, (_, states)) in sector.groups().iter().enumerate() {
            go_on(group, PIECES, halted)?;
            let mut tiles = Vec::new();
            cut(sector, states.clone(), 0, tile_size(states.len()), &mut tiles);
            for states in tiles {
                tile_of_state[states.clone()].fill(self.tiles.len() as u32);
                self.tiles.push(Tile { sector: number, states, group });
            }
        }
        self.tiles_of_sector.push(first..self.tiles.len());
        self.tile_of_state.push(tile_of_state);
        Some(())
    }

    /// The kept pairs of a sector.
    fn add_pairs_of_sector(
        &self,
        space: &Space,
        number: usize,
        (coherences, halted): (&BTreeSet<Charge>, &dyn Fn() -> bool),
        pairs: &mut Vec<(usize, usize)>,
    ) -> Option<()> {
        let groups = space.sectors()[number].groups();
        let tiles = self.tiles_of_sector(number);
        let mut of_group: Vec<Vec<usize>> = vec![Vec::new(); groups.len()];
        for tile in tiles.clone() {
            of_group[self.tiles[tile].group].push(tile);
        }
        let kept = kept_groups(space, number, coherences, halted)?;
        for row in tiles {
            go_on(row, LOOK, halted)?;
            let columns = kept[self.tiles[row].group].iter().flat_map(|group| &of_group[*group]);
            pairs.extend(columns.filter(|column| **column >= row).map(|column| (row, *column)));
        }
        Some(())
    }

    /// Slowest label of the first state of a tile.
    fn slowest_label(&self, space: &Space, tile: usize) -> u32 {
        let Tile { sector, states, .. } = &self.tiles[tile];
        let sector = &space.sectors()[*sector];
        sector.slow_to_fast().first().map_or(0, |&label| sector.labels(states.start)[label])
    }

    fn add_pair(&mut self, row: usize, column: usize) {
        let size = self.tiles[row].states.len() * self.tiles[column].states.len();
        self.by_tiles.insert((row as u32, column as u32), self.pairs.len() as u32);
        self.pairs.push(Pair { row, column, offset: self.len });
        self.len += 2 * size;
        self.unknowns += if row == column { size as u64 } else { 2 * size as u64 };
    }

    /// Length of a state vector in f64.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True for a layout without unknowns.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Independent real unknowns.
    pub fn unknowns(&self) -> u64 {
        self.unknowns
    }

    /// The tiles.
    pub fn tiles(&self) -> &[Tile] {
        &self.tiles
    }

    /// The stored pairs, in order of their offsets.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// Numbers of the pairs by sector.
    pub(crate) fn pairs_by_sector(&self) -> Vec<Vec<u32>> {
        let mut found = vec![Vec::new(); self.tiles_of_sector.len()];
        for (number, pair) in self.pairs.iter().enumerate() {
            found[self.tiles[pair.row].sector].push(number as u32);
        }
        found
    }

    /// Tiles of a sector.
    pub fn tiles_of_sector(&self, sector: usize) -> Range<usize> {
        self.tiles_of_sector[sector].clone()
    }

    /// Tile of a basis state of a sector.
    pub fn tile_of(&self, sector: usize, state: usize) -> usize {
        self.tile_of_state[sector][state] as usize
    }

    /// Where the block (row tile, column tile) is stored, if it is.
    pub fn place(&self, row: usize, column: usize) -> Option<Place> {
        let lookup = |a: usize, b: usize| self.by_tiles.get(&(a as u32, b as u32)).map(|p| *p as usize);
        if row <= column {
            lookup(row, column).map(Place::Direct)
        } else {
            lookup(column, row).map(Place::Conjugate)
        }
    }

    /// f64 range of a pair's block in a state vector.
    pub fn block(&self, pair: usize) -> Range<usize> {
        let Pair { row, column, offset } = self.pairs[pair];
        offset..offset + 2 * self.tiles[row].states.len() * self.tiles[column].states.len()
    }

    /// Rows of the block of a pair.
    pub(crate) fn height(&self, pair: &Pair) -> usize {
        self.tiles[pair.row].states.len()
    }

    /// Columns of the block of a pair.
    pub(crate) fn width(&self, pair: &Pair) -> usize {
        self.tiles[pair.column].states.len()
    }

    /// Where the element (i, j) of a sector is stored: index of its real part, and whether its complex
    /// conjugate is what is stored there.
    pub fn element(&self, sector: usize, i: usize, j: usize) -> Option<(usize, bool)> {
        let (row, column) = (self.tile_of(sector, i), self.tile_of(sector, j));
        let (pair, (a, b), conjugate) = match self.place(row, column)? {
            Place::Direct(pair) => (pair, (i, j), false),
            Place::Conjugate(pair) => (pair, (j, i), true),
        };
        let Pair { row, column, offset } = self.pairs[pair];
        let (rows, columns) = (&self.tiles[row].states, &self.tiles[column].states);
        Some((offset + 2 * ((a - rows.start) * columns.len() + b - columns.start), conjugate))
    }

    /// Which numbers of a state vector are independent: in diagonal tiles the lower half mirrors the upper, and
    /// the diagonal is real.
    pub(crate) fn aliases(&self) -> Vec<Alias> {
        let mut aliases: Vec<Alias> = (0..self.len as u32).map(|of| Alias { of, factor: 1.0 }).collect();
        for pair in self.pairs.iter().filter(|pair| pair.row == pair.column) {
            let width = self.tiles[pair.row].states.len();
            let place = |row: usize, column: usize| pair.offset + 2 * (row * width + column);
            for row in 0..width {
                aliases[place(row, row) + 1].factor = 0.0;
                for column in 0..row {
                    let (mirror, upper) = (place(row, column), place(column, row) as u32);
                    aliases[mirror] = Alias { of: upper, factor: 1.0 };
                    aliases[mirror + 1] = Alias { of: upper + 1, factor: -1.0 };
                }
            }
        }
        aliases
    }

    /// Memory of the layout itself, in bytes.
    pub fn memory(&self) -> u64 {
        let states: usize = self.tile_of_state.iter().map(Vec::len).sum();
        (self.pairs.len() * (size_of::<Pair>() + 24) + self.tiles.len() * size_of::<Tile>() + 4 * states)
            as u64
    }
}

/// States in the largest tile.
pub(crate) const LARGEST_TILE: usize = 128;

/// Largest tile of a charge group of `dim` states: long enough runs for the kernel, and diagonal tiles (whose
/// two halves are both stored) small beside the whole.
fn tile_size(dim: usize) -> usize {
    (dim / 4).clamp(32, LARGEST_TILE)
}

/// Cuts `states` into tiles of at most `tile` states along the labels from number `depth` (slowest first) on.
/// Equal values of the slow labels are cut alike, so that shift operators map whole tiles to whole tiles.
fn cut(sector: &Sector, states: Range<usize>, depth: usize, tile: usize, tiles: &mut Vec<Range<usize>>) {
    if states.len() <= tile {
        tiles.push(states);
        return;
    }
    let Some(&label) = sector.slow_to_fast().get(depth) else {
        tiles.extend(even_parts(&states, states.len().div_ceil(tile)));
        return;
    };
    let changes = |s: &usize| sector.labels(s - 1)[label] != sector.labels(*s)[label];
    let mut starts: Vec<usize> = vec![states.start];
    starts.extend((states.start + 1..states.end).filter(changes));
    starts.push(states.end);
    let longest = starts.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(0);
    if longest > tile {
        for block in starts.windows(2) {
            cut(sector, block[0]..block[1], depth + 1, tile, tiles);
        }
    } else {
        let blocks = starts.len() - 1;
        let groups = blocks.div_ceil(tile / longest);
        tiles.extend(even_parts(&(0..blocks), groups).map(|g| starts[g.start]..starts[g.end]));
    }
}

/// `range` in `parts` consecutive parts whose lengths differ by at most one.
fn even_parts(range: &Range<usize>, parts: usize) -> impl Iterator<Item = Range<usize>> + use<> {
    let (start, length) = (range.start, range.len());
    (0..parts).map(move |p| start + p * length / parts..start + (p + 1) * length / parts)
}
