//! The evolution: trajectories in rounds, then their records.

use num_complex::Complex64;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use superladder_engine::{Diagnostics, EngineError, Evolution, Listener, Measurement};
use superladder_space::Space;

use crate::engine::{NAME, Trajectories, Unravelling};
use crate::instruments::Instruments;
use crate::statistics::{BLOCKS, Block, estimates, means};
use crate::trajectory::{Setup, TrajectoryError, Witness, Workspace};

/// An average over trajectories, on its way through all of them.
pub(crate) struct TrajectoryEvolution {
    options: Trajectories,
    setup: Setup,
    instruments: Instruments,
    state: State,
    start: Vec<Measurement>,
    diagnostics: Diagnostics,
}

/// Everything that the future depends on; a checkpoint holds it.
#[derive(Serialize, Deserialize)]
struct State {
    /// Present time: where records have been shown up to.
    time: f64,
    /// Trajectories done.
    done: u64,
    /// Trajectories done when the errors were last looked at.
    looked: u64,
    /// No more are needed.
    complete: bool,
    /// Largest standard error when last looked at.
    error: f64,
    blocks: Vec<Block>,
}

/// Adds the states of a trajectory to the sums of a block.
struct Adding<'a> {
    instruments: &'a Instruments,
    space: &'a Space,
    sums: &'a mut [f64],
}

impl Witness for Adding<'_> {
    fn state(&mut self, output: usize, sector: usize, psi: &[Complex64], square: f64) {
        let width = self.instruments.count();
        let row = &mut self.sums[output * width..(output + 1) * width];
        self.instruments.add(self.space, sector, psi, square, row);
    }
}

impl TrajectoryEvolution {
    pub(crate) fn new(
        options: Trajectories,
        setup: Setup,
        instruments: Instruments,
    ) -> Result<Self, EngineError> {
        let times = &setup.problem.times;
        let blocks = vec![Block::new(instruments.count() * times.len()); BLOCKS];
        let complete = times.len() == 1;
        let state = State { time: times[0], done: 0, looked: 0, complete, error: f64::NAN, blocks };
        let diagnostics = Diagnostics::default();
        let mut evolution = Self { options, setup, instruments, state, start: Vec::new(), diagnostics };
        let blocks = evolution.initial_blocks()?;
        evolution.start = estimates(&evolution.instruments, &evolution.setup.problem, &blocks, 0);
        if evolution.setup.preparation.is_pure() {
            // Nothing is drawn: known without error.
            let errors = evolution.start.iter_mut().flat_map(|m| &mut m.values);
            errors.for_each(|v| v.standard_error = Some(0.0));
        }
        evolution.note(&blocks, 0, times_first(&evolution.setup));
        Ok(evolution)
    }

    /// The initial states alone: of all trajectories, or of one if all are the same.
    fn initial_blocks(&self) -> Result<Vec<Block>, EngineError> {
        let (setup, instruments) = (&self.setup, &self.instruments);
        let all = if setup.preparation.is_pure() { 1 } else { self.options.trajectories };
        let block = |b: u64| -> Result<Block, TrajectoryError> {
            let mut workspace = Workspace::new(&setup.space);
            let mut block = Block::new(instruments.count());
            for index in (b..all).step_by(BLOCKS) {
                let mut adding = Adding { instruments, space: &setup.space, sums: &mut block.sums };
                setup.start(index, &mut workspace, &mut adding)?;
                block.count += 1;
            }
            Ok(block)
        };
        let blocks: Vec<_> = (0..BLOCKS as u64).into_par_iter().map(block).collect();
        blocks.into_iter().collect::<Result<_, _>>().map_err(|e| self.failed(e))
    }

    fn failed(&self, error: TrajectoryError) -> EngineError {
        let time = match error {
            TrajectoryError::Step { time, .. } | TrajectoryError::NoJump { time, .. } => time,
            TrajectoryError::Initial { .. } => times_first(&self.setup),
        };
        EngineError::Propagation { engine: NAME, time, source: Box::new(error) }
    }

    /// One more trajectory for every block, as far as there are any left.
    fn round(&mut self) -> Result<(), EngineError> {
        let (setup, instruments) = (&self.setup, &self.instruments);
        let (done, all) = (self.state.done, self.options.trajectories);
        let results: Vec<Result<(), TrajectoryError>> = self
            .state
            .blocks
            .par_iter_mut()
            .enumerate()
            .filter(|(b, _)| done + (*b as u64) < all)
            .map_init(
                || Workspace::new(&setup.space),
                |workspace, (b, block)| {
                    let mut adding = Adding { instruments, space: &setup.space, sums: &mut block.sums };
                    let course = setup.follow(done + b as u64, workspace, &mut adding)?;
                    block.note(course);
                    Ok(())
                },
            )
            .collect();
        results.into_iter().collect::<Result<(), _>>().map_err(|e| self.failed(e))?;
        self.state.done = (done + BLOCKS as u64).min(all);
        self.state.complete = self.state.done == all;
        self.look();
        Ok(())
    }

    /// Looks at the standard errors, each time that a quarter more trajectories are there: a number that depends on
    /// nothing but the trajectories done, so that a run that stops early stops at the same one everywhere.
    fn look(&mut self) {
        if self.state.done < self.state.looked + self.state.looked / 4 + 1 || self.state.done < 2 {
            return;
        }
        self.state.looked = self.state.done;
        let rows = 0..self.setup.problem.times.len();
        let largest = |row: usize| {
            let measurements = estimates(&self.instruments, &self.setup.problem, &self.state.blocks, row);
            let errors = measurements.iter().flat_map(|m| &m.values).filter_map(|v| v.standard_error);
            errors.fold(0.0, f64::max)
        };
        self.state.error = rows.into_par_iter().map(largest).reduce(|| 0.0, f64::max);
        if self.options.target_error.is_some_and(|target| self.state.error <= target) {
            self.state.complete = true;
        }
    }

    /// Notes the diagnostics of an output time.
    fn note(&mut self, blocks: &[Block], row: usize, time: f64) {
        let bounds = self.options.bounds;
        if let Some(top) = self.instruments.top_population(&means(blocks, row, self.instruments.count())) {
            self.diagnostics.note("top_population", top, time, bounds.top_population);
        }
        let worst = |figure: fn(&Block) -> f64| blocks.iter().map(figure).fold(0.0, f64::max);
        self.diagnostics.note("propagation", worst(|b| b.error), time, bounds.propagation);
        self.diagnostics.note("norm_decay", worst(|b| b.mismatch), time, bounds.trace);
    }

    /// Row of the present time.
    fn row(&self) -> usize {
        self.setup.problem.times.partition_point(|t| *t <= self.state.time).saturating_sub(1)
    }

    fn status(&self) -> String {
        let (done, all) = (self.state.done, self.options.trajectories);
        format!("{done} of {all} trajectories, largest standard error {:.2e}", self.state.error)
    }
}

fn times_first(setup: &Setup) -> f64 {
    setup.problem.times[0]
}

impl Evolution for TrajectoryEvolution {
    fn time(&self) -> f64 {
        self.state.time
    }

    fn advance(&mut self, times: &[f64], listener: &mut dyn Listener) -> Result<(), EngineError> {
        let problem_times = &self.setup.problem.times;
        let (first, last) = (problem_times[0], problem_times[problem_times.len() - 1]);
        while !self.state.complete {
            self.round()?;
            let fraction = self.state.done as f64 / self.options.trajectories as f64;
            let told = listener.step(first + fraction * (last - first));
            listener.status(&self.status());
            if told.is_break() && !self.state.complete {
                return Ok(());
            }
        }
        let blocks = std::mem::take(&mut self.state.blocks);
        for &time in times {
            self.state.time = time;
            let row = self.row();
            self.note(&blocks, row, time);
            let measurements = estimates(&self.instruments, &self.setup.problem, &blocks, row);
            if listener.record(time, measurements, &self.diagnostics).is_break() {
                break;
            }
        }
        self.state.blocks = blocks;
        Ok(())
    }

    fn measure(&mut self) -> Vec<Measurement> {
        match self.row() {
            0 => self.start.clone(),
            row => estimates(&self.instruments, &self.setup.problem, &self.state.blocks, row),
        }
    }

    fn diagnostics(&self) -> &Diagnostics {
        &self.diagnostics
    }

    fn statistics(&self) -> serde_json::Value {
        let sum = |figure: fn(&Block) -> u64| self.state.blocks.iter().map(figure).sum::<u64>();
        serde_json::json!({
            "trajectories": self.state.done,
            "seed": self.options.seed,
            "unravelling": match self.options.unravelling {
                Unravelling::Jumps => "jumps",
                Unravelling::Heterodyne { .. } => "heterodyne",
            },
            "blocks": BLOCKS,
            "jumps": sum(|b| b.jumps),
            "steps": sum(|b| b.steps),
            "largest_standard_error": self.state.error,
            "target_error": self.options.target_error,
            "initial_weight_cut_off": self.setup.preparation.losses,
        })
    }

    fn save(&self) -> Vec<u8> {
        postcard::to_stdvec(&self.state).unwrap_or_default()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let state: State = postcard::from_bytes(bytes)
            .map_err(|e| EngineError::Checkpoint(format!("no state in it: {e}")))?;
        let expected = self.instruments.count() * self.setup.problem.times.len();
        let fits = state.blocks.len() == BLOCKS && state.blocks.iter().all(|b| b.sums.len() == expected);
        if !fits {
            return Err(EngineError::Checkpoint(format!(
                "its sums do not have {expected} numbers per block"
            )));
        }
        self.state = state;
        Ok(())
    }
}
