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

/// Sample `i` belongs to block `i mod BLOCKS`: the groups of the jackknife, and the pieces of a file that
/// are damaged or whole by themselves.
pub const BLOCKS: usize = 64;

/// Units per 1.
const UNIT: f64 = 72_057_594_037_927_936.0;
/// Largest number of one sample, 2^50: sums of 2^20 of them fit.
const LARGEST: f64 = 1_125_899_906_842_624.0;

/// A number in units of 2^-56; none when it is not finite or out of range.
fn units(x: f64) -> Option<i128> {
    (x.abs() <= LARGEST).then_some((x * UNIT) as i128)
}

/// A sum in units as a number.
pub(crate) fn number(sum: i128) -> f64 {
    sum as f64 / UNIT
}

/// What one sample adds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    /// Its numbers, all output times together: added.
    pub numbers: Vec<f64>,
    /// Counts such as jumps by channel: added.
    pub counts: Vec<u64>,
    /// Figures such as accumulated errors: of all samples the largest is kept.
    pub worst: Vec<f64>,
    /// What is shown of it, if it is shown.
    pub shown: Option<Shown>,
}

/// A sample that is shown by itself.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Shown {
    /// Its index.
    pub index: u64,
    /// Values of the columns shown, one row per output time.
    pub values: Vec<f64>,
    /// Times and kinds of what happened to it, for instance jumps and their channels.
    pub events: Vec<(f64, u64)>,
}

/// The samples of one block.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Block {
    /// Half-open ranges of `i div BLOCKS` of the samples that are in it, ascending and not touching.
    covered: Vec<(u64, u64)>,
    /// Sums of the numbers, one row per output time.
    #[serde(skip)]
    sums: Vec<i128>,
    counts: Vec<u64>,
    worst: Vec<f64>,
    /// Samples shown, by index.
    shown: Vec<Shown>,
}

/// How many numbers, counts and figures the sums have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SumSizes {
    /// Numbers per sample, all output times together.
    pub numbers: usize,
    /// Counts.
    pub counts: usize,
    /// Figures of which the largest is kept.
    pub worst: usize,
}

/// A number of a sample that no sum can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a number of the sample is not finite, or larger than 2^50")]
pub struct OutOfRange;

impl Block {
    fn new(sizes: SumSizes) -> Self {
        Self {
            sums: vec![0; sizes.numbers],
            counts: vec![0; sizes.counts],
            worst: vec![0.0; sizes.worst],
            ..Self::default()
        }
    }

    /// Sums of the numbers, in units of 2^-56.
    pub fn sums(&self) -> &[i128] {
        &self.sums
    }

    /// Sums of the counts.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The largest figures.
    pub fn worst(&self) -> &[f64] {
        &self.worst
    }

    /// Samples shown, by index.
    pub fn shown(&self) -> &[Shown] {
        &self.shown
    }

    /// Number of samples.
    pub fn count(&self) -> u64 {
        self.covered.iter().map(|(from, to)| to - from).sum()
    }

    fn covers(&self, place: u64) -> bool {
        let next = self.covered.partition_point(|(from, _)| *from <= place);
        next > 0 && place < self.covered[next - 1].1
    }

    /// Takes in sample number `index`, which belongs to this block.
    ///
    /// # Errors
    /// [`OutOfRange`]; nothing is taken in then.
    pub fn add(&mut self, index: u64, tally: &mut Tally) -> Result<(), OutOfRange> {
        if tally.numbers.iter().any(|x| units(*x).is_none()) {
            return Err(OutOfRange);
        }
        for (sum, x) in self.sums.iter_mut().zip(&tally.numbers) {
            *sum = sum.saturating_add(units(*x).unwrap_or_default());
        }
        self.counts.iter_mut().zip(&tally.counts).for_each(|(all, own)| *all += own);
        self.worst.iter_mut().zip(&tally.worst).for_each(|(all, own)| *all = all.max(*own));
        self.shown.extend(tally.shown.take());
        self.shown.sort_by_key(|s| s.index);
        let place = index / BLOCKS as u64;
        self.cover(place, place + 1);
        Ok(())
    }

    fn cover(&mut self, from: u64, to: u64) {
        self.covered.push((from, to));
        self.covered.sort_unstable();
        let mut joined: Vec<(u64, u64)> = Vec::with_capacity(self.covered.len());
        for &(from, to) in &self.covered {
            match joined.last_mut() {
                Some(last) if last.1 == from => last.1 = to,
                _ => joined.push((from, to)),
            }
        }
        self.covered = joined;
    }

    /// The first place that both have.
    fn common(&self, other: &Self) -> Option<u64> {
        let of = |a: &(u64, u64)| {
            let meets = other.covered.iter().find(|b| a.0 < b.1 && b.0 < a.1)?;
            Some(a.0.max(meets.0))
        };
        self.covered.iter().find_map(of)
    }

    fn merge(&mut self, other: &Self) {
        self.sums.iter_mut().zip(&other.sums).for_each(|(a, b)| *a = a.saturating_add(*b));
        self.counts.iter_mut().zip(&other.counts).for_each(|(a, b)| *a += b);
        self.worst.iter_mut().zip(&other.worst).for_each(|(a, b)| *a = a.max(*b));
        self.shown.extend(other.shown.iter().cloned());
        self.shown.sort_by_key(|s| s.index);
        other.covered.iter().for_each(|(from, to)| self.cover(*from, *to));
    }

    fn to_bytes(&self) -> Vec<u8> {
        let head = postcard::to_stdvec(self).unwrap_or_default();
        let mut bytes = (head.len() as u64).to_le_bytes().to_vec();
        bytes.extend(head);
        self.sums.iter().for_each(|sum| bytes.extend(sum.to_le_bytes()));
        bytes
    }

    fn from_bytes(bytes: &[u8], sizes: SumSizes) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<8>()?;
        let (head, sums) = rest.split_at_checked(u64::from_le_bytes(*length) as usize)?;
        let mut block: Self = postcard::from_bytes(head).ok()?;
        let fits = sums.len() == 16 * sizes.numbers
            && block.counts.len() == sizes.counts
            && block.worst.len() == sizes.worst;
        let (sums, _) = sums.as_chunks::<16>();
        block.sums = sums.iter().map(|chunk| i128::from_le_bytes(*chunk)).collect();
        fits.then_some(block)
    }
}

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
    #[error("both contain sample {index}")]
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
    /// Length and digest of every block.
    blocks: Vec<(u64, [u8; DIGEST])>,
}

impl Sums {
    /// Sums over no sample.
    pub fn new(sizes: SumSizes) -> Self {
        Self { sizes, blocks: vec![Block::new(sizes); BLOCKS] }
    }

    /// How many numbers, counts and figures there are.
    pub fn sizes(&self) -> SumSizes {
        self.sizes
    }

    /// The blocks; sample `i` belongs to number `i mod` [`BLOCKS`].
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
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
        let sum = |k: usize| self.blocks.iter().map(|b| b.counts[k]).sum();
        (0..self.sizes.counts).map(sum).collect()
    }

    /// The largest figures of all samples.
    pub fn worst(&self) -> Vec<f64> {
        let largest = |k: usize| self.blocks.iter().map(|b| b.worst[k]).fold(0.0, f64::max);
        (0..self.sizes.worst).map(largest).collect()
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

    /// A head with digests, then the blocks one by one.
    pub fn to_bytes(&self) -> Vec<u8> {
        let blocks: Vec<Vec<u8>> = self.blocks.iter().map(Block::to_bytes).collect();
        let entry = |block: &Vec<u8>| (block.len() as u64, digest(block));
        let head = Head { sizes: self.sizes, blocks: blocks.iter().map(entry).collect() };
        let head = postcard::to_stdvec(&head).unwrap_or_default();
        let mut bytes = (head.len() as u64).to_le_bytes().to_vec();
        bytes.extend(&head);
        bytes.extend(digest(&head));
        bytes.extend(blocks.concat());
        bytes
    }

    /// Reads [`Sums::to_bytes`]. Blocks that are damaged come back empty; their numbers are returned too.
    ///
    /// # Errors
    /// [`SumsError::Damaged`] when the head is.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Self, Vec<usize>), SumsError> {
        let head = || {
            let (length, rest) = bytes.split_first_chunk::<8>()?;
            let (head, rest) = rest.split_at_checked(u64::from_le_bytes(*length) as usize)?;
            let (sum, rest) = rest.split_at_checked(DIGEST)?;
            let good = superladder_frame::digest(head)[..] == *sum;
            good.then(|| postcard::from_bytes::<Head>(head).ok().map(|head| (head, rest)))?
        };
        let (Head { sizes, blocks: entries }, mut rest) = head().ok_or(SumsError::Damaged)?;
        if entries.len() != BLOCKS {
            return Err(SumsError::Damaged);
        }
        let mut sums = Self::new(sizes);
        let mut damaged = Vec::new();
        for (number, (length, sum)) in entries.iter().enumerate() {
            let length = (*length as usize).min(rest.len());
            let (own, later) = rest.split_at(length);
            let whole = digest(own)[..] == *sum;
            match Block::from_bytes(own, sizes).filter(|_| whole) {
                Some(block) => sums.blocks[number] = block,
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
    fn numbers_that_no_sum_holds_are_refused() {
        let mut block = Block::new(SIZES);
        for x in [f64::NAN, f64::INFINITY, 1e300] {
            let mut bad = Tally { numbers: vec![0.0, x, 0.0], ..tally(1) };
            assert_eq!(block.add(0, &mut bad), Err(OutOfRange));
        }
        assert_eq!(block, Block::new(SIZES));
    }
}
