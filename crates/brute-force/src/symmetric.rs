//! Permutation-symmetric states: one block per total spin, and back to all `2^N` spins.

use num_complex::Complex64;

use crate::schur_weyl::Ladder;
use crate::space::Space;
use crate::{BruteForceError, Dense};

/// The block of a permutation-symmetric density matrix with one total spin per ensemble, summed over the
/// copies: `matrix[(a, b)] = sum_copies <a, copy| rho |b, copy>`.
#[derive(Debug, Clone, PartialEq)]
pub struct SymmetricBlock {
    /// `2 j` of each ensemble.
    pub twice_j: Vec<usize>,
    /// The basis in the caller's order: Fock numbers of the modes and excitation numbers `m + N/2` of the
    /// ensembles.
    pub states: Vec<(Vec<usize>, Vec<usize>)>,
    /// Square matrix over `states`.
    pub matrix: Dense,
}

/// The space together with the ladders of each ensemble.
#[derive(Debug, Clone)]
pub(crate) struct SchurWeylBasis<'a> {
    pub(crate) space: &'a Space,
    pub(crate) ladders: &'a [Vec<Ladder>],
}

impl SchurWeylBasis<'_> {
    /// `rho = sum_blocks V B V^dag / prod_e d_j(e)`, summed over copies, with V the columns
    /// `|n> (x) |j, m, copy>`.
    pub(crate) fn embed(&self, blocks: &[SymmetricBlock]) -> Result<Dense, BruteForceError> {
        let dimension = self.space.dimension();
        let mut rho = Dense::zeros(dimension, dimension);
        for block in blocks {
            BruteForceError::check_count("rows of a block", block.states.len(), block.matrix.rows())?;
            BruteForceError::check_count("columns of a block", block.states.len(), block.matrix.columns())?;
            let frames = self.frames(block)?;
            let share = block.matrix.scale((1.0 / frames.len() as f64).into());
            for frame in frames {
                rho = rho.add(&frame.mul(&share).mul(&frame.adjoint()));
            }
        }
        Ok(rho)
    }

    /// `B = sum_copies V^dag rho V` on the labels of `like`.
    pub(crate) fn project(
        &self,
        rho: &Dense,
        like: &SymmetricBlock,
    ) -> Result<SymmetricBlock, BruteForceError> {
        let zero = Dense::zeros(like.states.len(), like.states.len());
        let frames = self.frames(like)?;
        let matrix = frames.iter().fold(zero, |sum, v| sum.add(&v.adjoint().mul(&rho.mul(v))));
        Ok(SymmetricBlock { matrix, ..like.clone() })
    }

    /// Zero blocks that span everything: j descending, Fock numbers slowest, excitation numbers ascending.
    pub(crate) fn all_blocks(&self) -> Vec<SymmetricBlock> {
        let spins: Vec<Vec<usize>> =
            self.ladders.iter().map(|l| l.iter().map(|l| l.twice_j).collect()).collect();
        let fock: Vec<Vec<usize>> = self.space.levels.iter().map(|&levels| (0..levels).collect()).collect();
        let block = |twice_j: Vec<usize>| {
            let rungs = twice_j.iter().zip(&self.space.sizes);
            let rungs: Vec<Vec<usize>> =
                rungs.map(|(&j, &n)| ((n - j) / 2..=usize::midpoint(n, j)).collect()).collect();
            let with_rungs = |n: Vec<usize>| tuples(&rungs).into_iter().map(move |m| (n.clone(), m));
            let states: Vec<_> = tuples(&fock).into_iter().flat_map(with_rungs).collect();
            SymmetricBlock { matrix: Dense::zeros(states.len(), states.len()), twice_j, states }
        };
        tuples(&spins).into_iter().map(block).collect()
    }

    /// For every tuple of copies the matrix V whose columns are the block's basis states.
    fn frames(&self, block: &SymmetricBlock) -> Result<Vec<Dense>, BruteForceError> {
        BruteForceError::check_count("twice_j", self.ladders.len(), block.twice_j.len())?;
        let mut ladders = Vec::new();
        for (ensemble, (of_ensemble, &twice_j)) in self.ladders.iter().zip(&block.twice_j).enumerate() {
            let size = self.space.sizes[ensemble];
            let absent = BruteForceError::NoDickeState { ensemble, size, twice_j, twice_m: twice_j as i64 };
            ladders.push(of_ensemble.iter().find(|l| l.twice_j == twice_j).ok_or(absent)?);
        }
        let copies: Vec<Vec<usize>> = ladders.iter().map(|l| (0..l.copies.len()).collect()).collect();
        tuples(&copies).iter().map(|copies| self.frame(block, &ladders, copies)).collect()
    }

    fn frame(
        &self,
        block: &SymmetricBlock,
        ladders: &[&Ladder],
        copies: &[usize],
    ) -> Result<Dense, BruteForceError> {
        let states = block.states.iter().map(|(fock, rungs)| self.state(ladders, copies, fock, rungs));
        let states = states.collect::<Result<Vec<_>, _>>()?;
        Ok(Dense::from_fn(self.space.dimension(), states.len(), |i, k| states[k][(i, 0)]))
    }

    /// `|n_0> (x) ... (x) |j_0, m_0, c_0> (x) ...` as a column.
    fn state(
        &self,
        ladders: &[&Ladder],
        copies: &[usize],
        fock: &[usize],
        excitations: &[usize],
    ) -> Result<Dense, BruteForceError> {
        BruteForceError::check_count("Fock numbers", self.space.levels.len(), fock.len())?;
        BruteForceError::check_count("excitation numbers", ladders.len(), excitations.len())?;
        let mut state = Dense::identity(1);
        for (mode, (&n, &levels)) in fock.iter().zip(&self.space.levels).enumerate() {
            if n >= levels {
                return Err(BruteForceError::AboveCutoff { mode, n, cutoff: levels - 1 });
            }
            let unit = Dense::from_fn(levels, 1, |i, _| Complex64::from(if i == n { 1.0 } else { 0.0 }));
            state = state.kron(&unit);
        }
        for (ensemble, (ladder, &up)) in ladders.iter().zip(excitations).enumerate() {
            let (size, twice_j) = (self.space.sizes[ensemble], ladder.twice_j);
            let twice_m = 2 * up as i64 - size as i64;
            let absent = BruteForceError::NoDickeState { ensemble, size, twice_j, twice_m };
            state = state.kron(ladder.state(copies[ensemble], size, up).ok_or(absent)?);
        }
        Ok(state)
    }
}

/// All tuples with one entry from each list, the first slowest; one empty tuple for no lists.
fn tuples(lists: &[Vec<usize>]) -> Vec<Vec<usize>> {
    lists.iter().fold(vec![Vec::new()], |tuples, list| {
        let extend = |tuple: Vec<usize>| list.iter().map(move |&entry| [tuple.as_slice(), &[entry]].concat());
        tuples.into_iter().flat_map(extend).collect()
    })
}
