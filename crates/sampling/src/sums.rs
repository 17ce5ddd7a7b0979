//! Sums over samples that are the same bits in whatever order and in however many pieces they are
//! formed.
//!
//! Numbers are added as multiples of 2^-56 in 128-bit integers, whose addition is associative: a sum over a
//! set of samples is a property of the set, not of threads, rounds, interruptions, processes or
//! machines.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use superladder_frame::{DIGEST, digest};
use thiserror::Error;

use crate::block::{BLOCKS, Block, OutOfRange, SumSizes, Tally};

/// Everything that is kept of a set of samples; sets that do not overlap can be merged.
#[derive(Debug, Clone, PartialEq)]
pub struct Sums {
    sizes: SumSizes,
    blocks: Vec<Block>,
}

/// Why sums cannot be read or merged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SumsError {
    /// The head, which says what follows, is cut short or has changed.
    #[error("the beginning of its sums is damaged, so that nothing after it can be read")]
    Damaged,
    /// Both sets contain the same sample.
    #[error("both contain trajectory {index}")]
    Overlap {
        /// The first index that both have.
        index: u64,
    },
    /// The sums are of other numbers.
    #[error("the sums are of different numbers of observables or times")]
    Different,
}

/// What precedes the blocks in a file.
#[derive(Serialize, Deserialize)]
struct Head {
    sizes: SumSizes,
    /// Number, length and digest of every block that has samples.
    blocks: Vec<(u64, u64, [u8; DIGEST])>,
}

impl Head {
    /// The head and what follows it; none when it is cut short or has changed.
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (length, rest) = bytes.split_first_chunk::<8>()?;
        let (head, rest) = rest.split_at_checked(u64::from_le_bytes(*length) as usize)?;
        let (sum, rest) = rest.split_at_checked(DIGEST)?;
        (digest(head)[..] == *sum).then(|| postcard::from_bytes(head).ok().map(|head| (head, rest)))?
    }
}

impl Sums {
    /// Sums over no sample.
    pub fn new(sizes: SumSizes) -> Self {
        Self { sizes, blocks: vec![Block::default(); BLOCKS] }
    }

    /// How many numbers, counts and figures there are.
    pub fn sizes(&self) -> SumSizes {
        self.sizes
    }

    /// The blocks; sample `i` belongs to number `i mod` [`BLOCKS`].
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The blocks that have samples.
    pub(crate) fn used(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(|block| block.count() > 0)
    }

    /// Takes the blocks out, to add to them from several threads; [`Sums::put_back`] ends that.
    pub fn take_blocks(&mut self) -> Vec<Block> {
        std::mem::take(&mut self.blocks)
    }

    /// Puts the blocks back.
    pub fn put_back(&mut self, blocks: Vec<Block>) {
        self.blocks = blocks;
    }

    /// Takes in one sample.
    ///
    /// # Errors
    /// [`OutOfRange`]; nothing is taken in then.
    pub fn add(&mut self, index: u64, tally: &mut Tally) -> Result<(), OutOfRange> {
        self.blocks[index as usize % BLOCKS].add(index, tally)
    }

    /// The counts of all samples.
    pub fn counts(&self) -> Vec<u64> {
        let sum = |k: usize| self.used().map(|b| b.counts[k]).sum();
        (0..self.sizes.counts).map(sum).collect()
    }

    /// The largest figures of all samples.
    pub fn worst(&self) -> Vec<f64> {
        let largest = |k: usize| self.used().map(|b| b.worst[k]).fold(0.0, f64::max);
        (0..self.sizes.worst).map(largest).collect()
    }

    /// The same samples with the averages of the `width` numbers over some output times, as numbers of one.
    ///
    /// # Panics
    /// If there are fewer rows.
    pub fn over_rows(&self, rows: Range<usize>, width: usize) -> Self {
        let blocks = self.blocks.iter().map(|block| block.over_rows(rows.clone(), width)).collect();
        Self { sizes: SumSizes { numbers: width, ..self.sizes }, blocks }
    }

    /// Number of samples.
    pub fn count(&self) -> u64 {
        self.blocks.iter().map(Block::count).sum()
    }

    /// True when sample `index` is in it.
    pub fn contains(&self, index: u64) -> bool {
        self.blocks[index as usize % BLOCKS].covers(index / BLOCKS as u64)
    }

    /// The indices of the samples in it, as ascending half-open ranges.
    pub fn indices(&self) -> Vec<Range<u64>> {
        let ends = self.blocks.iter().flat_map(|b| &b.covered).flat_map(|(from, to)| [*from, *to]);
        let mut ends: Vec<u64> = ends.collect();
        ends.sort_unstable();
        ends.dedup();
        let mut ranges: Vec<Range<u64>> = Vec::new();
        let mut join = |next: Range<u64>| match ranges.last_mut() {
            Some(last) if last.end == next.start => last.end = next.end,
            _ => ranges.push(next),
        };
        let all = BLOCKS as u64;
        // Between two ends every block has all places or none.
        for pair in ends.windows(2) {
            let present: Vec<u64> = (0..all).filter(|b| self.blocks[*b as usize].covers(pair[0])).collect();
            if present.len() == BLOCKS {
                join(all * pair[0]..all * pair[1]);
                continue;
            }
            for place in pair[0]..pair[1] {
                present.iter().map(|b| all * place + b).for_each(|i| join(i..i + 1));
            }
        }
        ranges
    }

    /// Takes in the samples of `other`.
    ///
    /// # Errors
    /// [`SumsError::Overlap`] and [`SumsError::Different`]; nothing is taken in then.
    pub fn merge(&mut self, other: &Self) -> Result<(), SumsError> {
        if self.sizes != other.sizes {
            return Err(SumsError::Different);
        }
        let pairs = self.blocks.iter().zip(&other.blocks).enumerate();
        let common = pairs.filter_map(|(b, (x, y))| Some(x.common(y)? * BLOCKS as u64 + b as u64)).min();
        if let Some(index) = common {
            return Err(SumsError::Overlap { index });
        }
        self.blocks.iter_mut().zip(&other.blocks).for_each(|(mine, theirs)| mine.merge(theirs));
        Ok(())
    }

    /// A head with digests, then one by one the blocks that have samples.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Packed twice, so that there are never two copies of all of them.
        let used = || self.blocks.iter().enumerate().filter(|(_, block)| block.count() > 0);
        let entry = |(number, block): (usize, &Block)| {
            let own = block.to_bytes();
            (number as u64, own.len() as u64, digest(&own))
        };
        let blocks: Vec<_> = used().map(entry).collect();
        let length: u64 = blocks.iter().map(|(_, length, _)| length).sum();
        let head = postcard::to_stdvec(&Head { sizes: self.sizes, blocks }).unwrap_or_default();
        let mut bytes = Vec::with_capacity(8 + head.len() + DIGEST + length as usize);
        bytes.extend((head.len() as u64).to_le_bytes());
        bytes.extend(&head);
        bytes.extend(digest(&head));
        used().for_each(|(_, block)| bytes.extend(block.to_bytes()));
        bytes
    }

    /// The number of samples in what [`Sums::to_bytes`] gives, without reading the sums; none for other
    /// bytes.
    pub fn counted(bytes: &[u8]) -> Option<u64> {
        let (Head { blocks, .. }, mut rest) = Head::read(bytes)?;
        let mut count = 0;
        for (_, length, _) in blocks {
            let (own, later) = rest.split_at_checked(length as usize)?;
            count += Block::without_sums(own)?.0.count();
            rest = later;
        }
        Some(count)
    }

    /// Reads [`Sums::to_bytes`]. Blocks that are damaged come back empty; their numbers are returned too.
    ///
    /// # Errors
    /// [`SumsError::Damaged`] when the head is.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Self, Vec<usize>), SumsError> {
        let (Head { sizes, blocks: entries }, mut rest) = Head::read(bytes).ok_or(SumsError::Damaged)?;
        let mut sums = Self::new(sizes);
        let mut damaged = Vec::new();
        for (number, length, sum) in entries {
            let number = number as usize;
            let place = sums.blocks.get_mut(number).ok_or(SumsError::Damaged)?;
            let (own, later) = rest.split_at((length as usize).min(rest.len()));
            let whole = digest(own)[..] == sum;
            match Block::from_bytes(own, sizes).filter(|_| whole) {
                Some(block) => *place = block,
                None => damaged.push(number),
            }
            rest = later;
        }
        Ok((sums, damaged))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::number;

    const SIZES: SumSizes = SumSizes { numbers: 3, counts: 2, worst: 1 };

    fn tally(index: u64) -> Tally {
        let x = (index as f64 + 0.1).sin();
        Tally {
            numbers: vec![x, 1e5 * x * x, -1e-9 * x],
            counts: vec![index % 3, index],
            worst: vec![x.abs()],
            shown: None,
        }
    }

    fn of(indices: impl IntoIterator<Item = u64>) -> Sums {
        let mut sums = Sums::new(SIZES);
        for index in indices {
            sums.add(index, &mut tally(index)).expect("in range");
        }
        sums
    }

    #[test]
    fn sums_do_not_depend_on_order_or_pieces() {
        let whole = of(0..1000);
        assert_eq!(whole, of((0..1000).rev()));
        let mut merged = of(700..1000);
        merged.merge(&of(0..333)).expect("apart");
        assert_eq!(merged.indices(), [0..333, 700..1000]);
        merged.merge(&of(333..700)).expect("apart");
        assert_eq!(merged, whole);
        assert_eq!((whole.count(), whole.indices().as_slice()), (1000, std::slice::from_ref(&(0..1000))));
        assert_eq!(merged.merge(&of([41])), Err(SumsError::Overlap { index: 41 }));
        assert_eq!(merged, whole);
        let exact: f64 = (0..1000).map(|i| tally(i).numbers[0]).sum();
        let total: i128 = whole.blocks.iter().map(|b| b.sums[0]).sum();
        assert!((number(total) - exact).abs() < 1e-12);
    }

    #[test]
    fn sets_of_indices_come_back_as_ranges() {
        let sets: [&[(u64, u64)]; 4] =
            [&[(5, 6)], &[(0, 1), (2, 3), (64, 70)], &[(100, 100_000)], &[(3, 200), (201, 300)]];
        for ranges in sets {
            let ranges: Vec<Range<u64>> = ranges.iter().map(|(a, b)| *a..*b).collect();
            assert_eq!(of(ranges.iter().cloned().flatten()).indices(), ranges);
        }
        assert!(of([]).indices().is_empty());
    }

    #[test]
    fn damage_of_one_block_leaves_the_others() {
        let whole = of(0..640);
        let bytes = whole.to_bytes();
        assert_eq!(Sums::from_bytes(&bytes), Ok((whole.clone(), vec![])));
        assert_eq!((Sums::counted(&bytes), Sums::counted(&bytes[..9])), (Some(640), None));
        let mut flipped = bytes.clone();
        let last = flipped.len() - 1;
        flipped[last] ^= 1;
        let (sums, damaged) = Sums::from_bytes(&flipped).expect("the head is whole");
        assert_eq!((damaged, sums.count()), (vec![63], 630));
        assert!(sums.contains(62) && !sums.contains(63));
        let (cut, damaged) = Sums::from_bytes(&bytes[..bytes.len() / 2]).expect("the head is whole");
        assert!(!damaged.is_empty() && cut.count() + 10 * damaged.len() as u64 == 640);
        flipped[3] ^= 1;
        assert_eq!(Sums::from_bytes(&flipped), Err(SumsError::Damaged));
        assert_eq!(Sums::from_bytes(&[]), Err(SumsError::Damaged));
    }

    #[test]
    fn blocks_without_samples_take_no_room() {
        let sizes = SumSizes { numbers: 10_000, counts: 0, worst: 0 };
        let mut sums = Sums::new(sizes);
        let empty = sums.to_bytes().len();
        assert!(empty < 100, "{empty}");
        let mut tally = Tally { numbers: vec![1.0 / 3.0; 10_000], ..Tally::default() };
        sums.add(70, &mut tally).expect("in range");
        let one = sums.to_bytes().len();
        assert!((80_000..100_100).contains(&one), "{one}");
        let read = Sums::from_bytes(&sums.to_bytes());
        assert_eq!(read, Ok((sums, vec![])));
    }

    #[test]
    fn numbers_that_no_sum_holds_are_refused() {
        let mut block = Block::default();
        for x in [f64::NAN, f64::INFINITY, 1e300] {
            let mut bad = Tally { numbers: vec![0.0, x, 0.0], ..tally(1) };
            assert_eq!(block.add(0, &mut bad), Err(OutOfRange));
        }
        assert_eq!(block, Block::default());
    }
}
