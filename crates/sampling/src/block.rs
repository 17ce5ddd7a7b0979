//! One block of samples: sums of their numbers and counts, the largest of their figures, and which samples
//! are in it.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::packed::{pack, unpack};

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

/// The samples of one block. Without any it holds no numbers either.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Block {
    /// Half-open ranges of `i div BLOCKS` of the samples that are in it, ascending and not touching.
    pub(crate) covered: Vec<(u64, u64)>,
    /// Sums of the numbers, one row per output time.
    #[serde(skip)]
    pub(crate) sums: Vec<i128>,
    pub(crate) counts: Vec<u64>,
    pub(crate) worst: Vec<f64>,
    /// Samples shown, by index.
    pub(crate) shown: Vec<Shown>,
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
    /// Sums of the numbers, in units of 2^-56; none without samples, as all of the following.
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

    /// Makes room for the numbers of the first sample.
    fn grow(&mut self, numbers: usize, counts: usize, worst: usize) {
        self.sums.resize(numbers, 0);
        self.counts.resize(counts, 0);
        self.worst.resize(worst, 0.0);
    }

    pub(crate) fn covers(&self, place: u64) -> bool {
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
        self.grow(tally.numbers.len(), tally.counts.len(), tally.worst.len());
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

    pub(crate) fn cover(&mut self, from: u64, to: u64) {
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
    pub(crate) fn common(&self, other: &Self) -> Option<u64> {
        let of = |a: &(u64, u64)| {
            let meets = other.covered.iter().find(|b| a.0 < b.1 && b.0 < a.1)?;
            Some(a.0.max(meets.0))
        };
        self.covered.iter().find_map(of)
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        if other.count() == 0 {
            return;
        }
        self.grow(other.sums.len(), other.counts.len(), other.worst.len());
        self.sums.iter_mut().zip(&other.sums).for_each(|(a, b)| *a = a.saturating_add(*b));
        self.counts.iter_mut().zip(&other.counts).for_each(|(a, b)| *a += b);
        self.worst.iter_mut().zip(&other.worst).for_each(|(a, b)| *a = a.max(*b));
        self.shown.extend(other.shown.iter().cloned());
        self.shown.sort_by_key(|s| s.index);
        other.covered.iter().for_each(|(from, to)| self.cover(*from, *to));
    }

    /// The same samples with the average of some rows of `width` numbers.
    pub(crate) fn over_rows(&self, rows: Range<usize>, width: usize) -> Self {
        let sum = |k: usize| rows.clone().map(|row| self.sums[row * width + k]).sum::<i128>();
        let length = rows.len().max(1) as i128;
        let sums =
            if self.sums.is_empty() { Vec::new() } else { (0..width).map(|k| sum(k) / length).collect() };
        Self { sums, ..self.clone() }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let head = postcard::to_stdvec(self).unwrap_or_default();
        let mut bytes = (head.len() as u64).to_le_bytes().to_vec();
        bytes.extend(head);
        pack(&self.sums, &mut bytes);
        bytes
    }

    /// A block without its sums, and the bytes of these.
    pub(crate) fn without_sums(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (length, rest) = bytes.split_first_chunk::<8>()?;
        let (head, sums) = rest.split_at_checked(u64::from_le_bytes(*length) as usize)?;
        Some((postcard::from_bytes(head).ok()?, sums))
    }

    pub(crate) fn from_bytes(bytes: &[u8], sizes: SumSizes) -> Option<Self> {
        let (mut block, sums) = Self::without_sums(bytes)?;
        block.sums = unpack(sums, sizes.numbers)?;
        (block.counts.len() == sizes.counts && block.worst.len() == sizes.worst).then_some(block)
    }
}
