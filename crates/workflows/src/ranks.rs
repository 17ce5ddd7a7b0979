//! The processes of a run or a sweep under `mpirun`.
//!
//! The first rank hands out ranges of indices or points, takes in what all have found and does everything
//! else; the others only compute. Sums do not depend on how they are split, and points not on each other, so
//! that the numbers are those of one process.

use std::ops::Range;

use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, Destination, Root, Source};

/// The rank that leads.
const LEADER: i32 = 0;

/// The processes of this run.
pub struct Ranks {
    world: SimpleCommunicator,
    /// Ends MPI when the program does.
    _universe: Universe,
}

impl Ranks {
    /// Starts MPI; none when there is one process only.
    pub fn start() -> Option<Self> {
        let universe = mpi::initialize()?;
        let world = universe.world();
        (world.size() > 1).then_some(Self { world, _universe: universe })
    }

    /// True on the first rank.
    pub fn leads(&self) -> bool {
        self.world.rank() == LEADER
    }

    /// Number of this rank.
    pub(crate) fn rank(&self) -> usize {
        self.world.rank() as usize
    }

    /// Number of ranks.
    pub(crate) fn size(&self) -> usize {
        self.world.size() as usize
    }

    /// Tells all ranks the round, or hears it.
    pub(crate) fn announce(&self, mut round: [u64; 2]) -> Range<u64> {
        self.broadcast(&mut round);
        round[0]..round[1]
    }

    /// Tells all ranks numbers, or hears them.
    pub(crate) fn broadcast(&self, numbers: &mut [u64]) {
        self.world.process_at_rank(LEADER).broadcast_into(numbers);
    }

    /// Sends an answer to the leader.
    pub(crate) fn answer(&self, bytes: &[u8]) {
        self.world.process_at_rank(LEADER).send(bytes);
    }

    /// The answers of all other ranks, in order.
    pub(crate) fn answers(&self) -> impl Iterator<Item = (i32, Vec<u8>)> {
        (1..self.world.size()).map(|rank| (rank, self.world.process_at_rank(rank).receive_vec::<u8>().0))
    }

    /// Ranks on this machine, which share its memory.
    pub(crate) fn neighbours(&self) -> u64 {
        self.world.split_shared(self.world.rank()).size().max(1) as u64
    }
}

impl Drop for Ranks {
    /// Whatever became of the leader, the others must not wait for it.
    fn drop(&mut self) {
        if self.leads() {
            self.announce([0, 0]);
        }
    }
}
