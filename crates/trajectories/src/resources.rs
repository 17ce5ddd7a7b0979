//! The memory that a run needs, estimated before it starts.

use superladder_engine::{Problem, memory_of_records};
use superladder_sampling::BLOCKS;

use crate::dynamics::Dynamics;
use crate::instruments::Instruments;
use crate::options::Trajectories;
use crate::stencil::Stencil;
use crate::trajectory::{Setup, Workspace};

/// Memory of the program itself, without any study.
const PROGRAM: u64 = 19 << 19;
/// Levels of the window of a subsystem whose frame moves: those of a state close to a coherent one.
const WINDOW: usize = 24;

/// What a run will take.
pub(crate) struct Needed {
    /// Most amplitudes of a state.
    pub(crate) amplitudes: u64,
    /// Blocks of the sums that have trajectories.
    blocks: u64,
    /// Bytes of the sums alone.
    sums: u64,
    /// Bytes of what a thread holds: a state with its buffers, and what its trajectory adds to the sums.
    thread: u64,
    /// Bytes of the initial mixtures and of the records.
    rest: u64,
}

impl Needed {
    /// Bytes in all.
    pub(crate) fn memory(&self) -> u64 {
        let threads = self.thread.saturating_mul(rayon::current_num_threads() as u64);
        // Packed, the sums take a little more than half as much, once more when they are written.
        let sums = self.sums.saturating_add(self.sums / 8 * 5);
        PROGRAM.saturating_add(self.rest).saturating_add(sums).saturating_add(threads)
    }

    /// The sums in words.
    pub(crate) fn describe_sums(&self, problem: &Problem, numbers: usize) -> String {
        let (sums, blocks, times) = (mebibytes(self.sums), self.blocks, problem.times.len());
        format!("{sums}: {blocks} blocks x {numbers} numbers x {times} times x 16 bytes")
    }

    /// What a thread holds in words.
    pub(crate) fn describe_thread(&self, windows: bool) -> String {
        let words = if windows { "about " } else { "" };
        format!("{}: {words}{} amplitudes", mebibytes(self.thread), self.amplitudes)
    }
}

/// Bytes as a text in MiB.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / 1_048_576.0)
}

impl Trajectories {
    pub(crate) fn needed(&self, problem: &Problem, setup: &Setup, instruments: &Instruments) -> Needed {
        let locality = &setup.locality;
        let largest = Self::largest_sector(problem, &setup.ladders);
        let window = |(cap, moving): (&usize, &bool)| if *moving { (*cap).min(WINDOW) } else { *cap } as f64;
        let windows: f64 = locality.caps.iter().zip(&locality.moving).map(window).product();
        let amplitudes = if locality.windows { largest.min(windows) } else { largest } as u64;
        let shifts = |stage: &Dynamics| {
            let parts = stage.parts.iter().map(|part| part.pattern.shifts.len());
            stage.pattern.shifts.len() + parts.sum::<usize>()
        };
        let shifts = setup.stages.iter().map(shifts).max().unwrap_or(0);
        let parts = setup.stages.iter().map(|stage| stage.parts.len()).max().unwrap_or(0);
        // Vectors that grow with a window have taken more than they need.
        let held = if locality.windows { 1.4 * amplitudes as f64 } else { amplitudes as f64 } as u64;
        let state = 16_u64.saturating_mul(held).saturating_mul(Workspace::vectors(parts) as u64);
        // Matrices of single subsystems, a few diagonals each.
        let axes: u64 = locality.caps.iter().map(|levels| 64 * *levels as u64).sum();
        let times = problem.times.len() as u64;
        let numbers = (instruments.count() as u64).saturating_mul(times);
        let bins: u64 = self.histograms.iter().map(|h| h.bins as u64 + 2).sum();
        let counts = bins.saturating_mul(times);
        let thread = state
            .saturating_add(Stencil::memory(shifts, held))
            .saturating_add(axes)
            .saturating_add(numbers.saturating_add(counts).saturating_mul(8));
        // A part may be joined with others.
        let blocks = if self.is_part { BLOCKS as u64 } else { self.trajectories.min(BLOCKS as u64) };
        let one = numbers.saturating_mul(16).saturating_add(counts.saturating_mul(8));
        let sums = blocks.saturating_mul(one);
        let rest = memory_of_records(problem).saturating_add(setup.preparation.memory());
        Needed { amplitudes, blocks, sums, thread, rest }
    }
}
