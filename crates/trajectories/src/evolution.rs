//! The evolution: trajectories until there are enough, then their records.

mod batch;
mod stationary;

use std::ops::ControlFlow;
use std::sync::Mutex;

use superladder_engine::{
    Attachment, Diagnostics, EngineError, Halt, Never, Problem, Record, Resources, available_memory,
    check_memory,
};
use superladder_sampling::{BLOCKS, Block, Functions, Gather, Gathering, Goal, Shown, SumSizes, Sums, means};

use crate::error::{NAME, unknown};
use crate::instruments::Instruments;
use crate::options::Trajectories;
use crate::report::{FEW_JUMPS, TrajectoryReport};
use crate::tallying::{AMPLITUDES, DISCARDED, ERROR, MISMATCH, TOTALS, TRUNCATION, WORST};
use crate::trajectory::{Setup, Workspace};

/// A problem in certain bases: how trajectories are followed, what is measured, and what a run needs.
pub(crate) struct Prepared {
    pub(crate) setup: Setup,
    pub(crate) instruments: Instruments,
    pub(crate) resources: Resources,
}

impl Prepared {
    /// Fails where it does not fit the memory.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        let Resources { memory, unknowns, .. } = self.resources;
        check_memory(NAME, memory, available_memory(), unknowns)
    }
}

/// The average over trajectories: those that have run, and those that are still to run.
pub(crate) struct TrajectoryEvolution {
    options: Trajectories,
    pub(crate) setup: Setup,
    instruments: Instruments,
    resources: Resources,
    /// The plain basis, for trajectories that lose too much in the moving one.
    spare: Option<Prepared>,
    /// Whether it is still to be decided if the plain basis is used in place of the moving one.
    pub(crate) open: bool,
    report: TrajectoryReport,
    gathering: Gathering,
    workspaces: Mutex<Vec<Workspace>>,
}

impl TrajectoryEvolution {
    pub(crate) fn new(
        options: Trajectories,
        bases: Prepared,
        spare: Option<Prepared>,
    ) -> Result<Self, EngineError> {
        let Prepared { setup, instruments, resources } = bases;
        let report = TrajectoryReport::new(&setup.problem, &options.histograms, options.shown)?;
        let goal = Goal::new(&setup.problem, &options.targets)
            .map_err(|e| unknown("target_error", &e.name, e.known.iter().map(String::as_str)))?;
        let sizes = SumSizes {
            numbers: instruments.count() * setup.problem.times.len(),
            counts: 2 * report.channels.len() + report.histograms.bins() + TOTALS,
            worst: WORST,
        };
        let wanted = (options.first, options.trajectories, options.is_part);
        let gathering = Gathering::new(&setup.problem, goal, wanted, sizes);
        let mut evolution = Self {
            options,
            setup,
            instruments,
            resources,
            open: spare.is_some(),
            spare,
            report,
            gathering,
            workspaces: Mutex::default(),
        };
        let initial = evolution.initial()?;
        evolution.begin_with(initial);
        Ok(evolution)
    }

    /// The initial states alone, of a few trajectories: what is known at the first time before any has run.
    fn initial(&self) -> Result<Sums, EngineError> {
        let sizes = SumSizes { numbers: self.instruments.count(), ..self.gathering.sums.sizes() };
        let mut sums = Sums::new(sizes);
        let (first, count) = (self.options.first, self.options.trajectories.min(BLOCKS as u64));
        let count = if self.setup.preparation.is_pure() { count.min(1) } else { count };
        let mut workspace = self.workspace();
        for index in first..first + count {
            let mut tally = self.tally(index, sizes);
            let mut tallying = self.tallying(index, &mut tally);
            self.setup.start(index, &mut workspace, &mut tallying);
            sums.add(index, &mut tally).map_err(|_| self.setup.failed(self.out_of_range(index)))?;
        }
        self.put_back(workspace);
        Ok(sums)
    }

    /// Jumps by channel.
    fn jumps(&self) -> Vec<u64> {
        self.gathering.sums.counts()[..self.report.channels.len()].to_vec()
    }
}

/// The observables of a problem as functions of averages.
struct Averaged<'a> {
    instruments: &'a Instruments,
    problem: &'a Problem,
}

impl Functions for Averaged<'_> {
    fn values(&self, means: &[f64]) -> Vec<Vec<f64>> {
        self.instruments.values(self.problem, means)
    }

    fn along(&self, means: &[f64], guide: &[f64]) -> Vec<Option<f64>> {
        self.instruments.along(self.problem, means, guide)
    }
}

impl Gather for TrajectoryEvolution {
    const SAMPLES: &'static str = "trajectories";
    const MOST: usize = 1 << 16;

    fn gathering(&self) -> &Gathering {
        &self.gathering
    }

    fn gathering_mut(&mut self) -> &mut Gathering {
        &mut self.gathering
    }

    fn problem(&self) -> &Problem {
        &self.setup.problem
    }

    fn functions(&self) -> impl Functions + '_ {
        Averaged { instruments: &self.instruments, problem: &self.setup.problem }
    }

    fn width(&self) -> usize {
        self.instruments.count()
    }

    fn resources(&self) -> &Resources {
        &self.resources
    }

    fn note(&self, row: usize, diagnostics: &mut Diagnostics) {
        let (times, sums) = (&self.setup.problem.times, &self.gathering.sums);
        let (bounds, time, end) = (self.options.bounds, times[row], times[times.len() - 1]);
        let worst = sums.worst();
        let means = means(sums, row, self.instruments.count());
        if let Some(top) = self.instruments.top_population(&means) {
            diagnostics.note("top_population", top, time, bounds.top_population);
        }
        diagnostics.note("propagation", worst[ERROR], end, bounds.propagation);
        if self.setup.locality.loses() {
            diagnostics.note("discarded_weight", worst[DISCARDED], end, bounds.discarded_weight);
            diagnostics.note("truncation", worst[TRUNCATION], end, bounds.truncation);
        }
        diagnostics.note("norm_decay", worst[MISMATCH], end, bounds.trace);
    }

    /// Where nothing is drawn the values have no error.
    fn correct(&self, start: &mut Record) {
        if self.setup.preparation.is_pure() {
            let errors = start.measurements.iter_mut().flat_map(|m| &mut m.values);
            errors.for_each(|v| v.standard_error = Some(0.0));
        }
    }

    fn run_batch(&mut self, pending: &[u64], halt: &dyn Halt) -> Result<ControlFlow<()>, EngineError> {
        // Not before a trajectory is to begin.
        if self.choose(halt)?.is_none() {
            return Ok(ControlFlow::Break(()));
        }
        self.run_some(pending, halt).map(ControlFlow::Continue)
    }

    fn statistics(&self) -> serde_json::Value {
        let Gathering { sums, standing, .. } = &self.gathering;
        let (counts, all) = (sums.counts(), self.report.channels.len());
        let (jumps, fired) = (&counts[..all], &counts[all..2 * all]);
        let totals = &counts[counts.len() - TOTALS..];
        let channels = self.report.channels.iter().zip(jumps.iter().zip(fired));
        let modes = self.setup.problem.cutoffs.len();
        let channel = |(name, (jumps, fired))| serde_json::json!({ "channel": name, "jumps": jumps, "trajectories_with": fired });
        serde_json::json!({
            "trajectories": sums.count(),
            "trajectories_asked_for": self.options.trajectories + self.gathering.others(),
            "indices": sums.indices().iter().map(|r| [r.start, r.end]).collect::<Vec<_>>(),
            "seed": self.options.seed,
            "unravelling": self.options.unravelling.name(),
            "bases": {
                "windows": self.setup.locality.windows,
                "displaced": self.setup.locality.moving[..modes],
                "rotating": self.setup.locality.moving[modes..],
            },
            "blocks": BLOCKS,
            "jumps": jumps.iter().sum::<u64>(),
            "jumps_by_channel": channels.map(channel).collect::<Vec<_>>(),
            "fell_back_to_the_plain_basis": totals[0],
            "steps": totals[1],
            "applications": totals[2],
            "most_amplitudes": sums.worst()[AMPLITUDES] as u64,
            "largest_standard_error": standing.json(),
            "target_reached": self.gathering.reached(),
            "initial_weight_cut_off": self.setup.preparation.losses,
        })
    }

    fn attachments(&self) -> Vec<Attachment> {
        let sums = &self.gathering.sums;
        let mut singles: Vec<&Shown> = sums.blocks().iter().flat_map(Block::shown).collect();
        singles.sort_by_key(|s| s.index);
        let (counts, first) = (sums.counts(), 2 * self.report.channels.len());
        let bins = &counts[first..counts.len() - TOTALS];
        self.report.attachments(&self.setup.problem.times, &singles, bins)
    }

    fn warnings(&self) -> Vec<String> {
        let done = self.gathering.sums.count();
        let counts = self.report.channels.iter().zip(self.jumps());
        let counts = counts.zip(&self.report.possible).filter(|(_, possible)| **possible).map(|(c, _)| c);
        let rare = counts.filter(|(_, jumps)| *jumps < FEW_JUMPS);
        let warning = |(channel, jumps): (&String, u64)| {
            format!(
                "channel {channel} has jumped {jumps} times in {done} trajectories: what its jumps do is known from these \
                 only, and where it matters the standard errors are too small (reliable from about {FEW_JUMPS} jumps on)"
            )
        };
        rare.map(warning).collect()
    }

    fn resume(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        self.gathering.restore(bytes)?;
        if self.gathering.sums.count() > 0 {
            self.choose(&Never)?;
        }
        Ok(())
    }
}
