//! The evolution: records until there are enough, then their averages.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use num_complex::Complex64;
use superladder_engine::{Attachment, Diagnostics, EngineError, Halt, Problem, Record, Resources};
use superladder_sampling::{
    BLOCKS, Block, Filling, Functions, Gather, Gathering, Goal, Shown, SumSizes, Sums, Tally, means,
    shown_columns, shown_tables,
};

use crate::error::{RecordError, failed, unsupported};
use crate::options::Monitored;
use crate::record::Setup;
use crate::taylor::Series;

/// Counts of the sums: clicks, steps, applications of the generator.
const COUNTS: usize = 3;
/// Figures of which the largest is kept: the accumulated error.
const WORST: usize = 1;
/// Between two looks at the clock and the listener at least this long.
const SHORT: Duration = Duration::from_millis(200);

/// The average over records: those that have run, and those that are still to run.
pub(crate) struct MonitoredEvolution {
    options: Monitored,
    setup: Setup,
    resources: Resources,
    gathering: Gathering,
    /// What is shown of single records.
    columns: Vec<(usize, String)>,
}

impl MonitoredEvolution {
    pub(crate) fn new(options: Monitored, setup: Setup, resources: Resources) -> Result<Self, EngineError> {
        let goal = Goal::new(&setup.problem, &options.targets).map_err(|e| unsupported(e.to_string()))?;
        let numbers = setup.instruments.count() * setup.problem.times.len();
        let sizes = SumSizes { numbers, counts: COUNTS, worst: WORST };
        let wanted = (options.first, options.records, options.is_part);
        let gathering = Gathering::new(&setup.problem, goal, wanted, sizes);
        let columns = shown_columns(&setup.problem);
        let mut evolution = Self { options, setup, resources, gathering, columns };
        let initial = evolution.initial()?;
        evolution.begin_with(initial);
        Ok(evolution)
    }

    /// The initial state alone: what is known at the first time before any record has run.
    fn initial(&self) -> Result<Sums, EngineError> {
        let Setup { instruments, layout, initial, .. } = &self.setup;
        let sizes = SumSizes { numbers: instruments.count(), ..self.gathering.sums.sizes() };
        let mut sums = Sums::new(sizes);
        let index = self.options.first;
        let numbers = instruments.numbers(layout, initial);
        let mut tally =
            Tally { numbers, counts: vec![0; COUNTS], worst: vec![0.0; WORST], ..Tally::default() };
        sums.add(index, &mut tally).map_err(|_| self.failed(RecordError::OutOfRange { index }))?;
        Ok(sums)
    }

    fn failed(&self, error: RecordError) -> EngineError {
        failed(self.setup.problem.times[0], error)
    }

    /// Follows record `index` and adds it to its block.
    fn take(
        &self,
        index: u64,
        series: &mut Series,
        filling: &Filling,
        halt: &dyn Halt,
    ) -> Result<(), RecordError> {
        let Setup { instruments, layout, problem, .. } = &self.setup;
        let mut numbers = Vec::with_capacity(instruments.count() * problem.times.len());
        let mut shown = (index < self.options.shown).then(|| Shown { index, ..Shown::default() });
        let mut witness = |rho: &[Complex64]| {
            let own = instruments.numbers(layout, rho);
            if let Some(shown) = &mut shown {
                let values = instruments.values(&own).concat();
                shown.values.extend(self.columns.iter().map(|(number, _)| values[*number]));
            }
            numbers.extend(own);
        };
        let followed = self.setup.follow(index, series, &mut witness, halt)?;
        if let Some(shown) = &mut shown {
            shown.events = followed.clicks.iter().map(|(time, number)| (*time, *number as u64)).collect();
        }
        let counts = vec![followed.clicks.len() as u64, followed.steps, followed.applications];
        let mut tally = Tally { numbers, counts, worst: vec![followed.error], shown };
        filling.add(index, &mut tally).map_err(|_| RecordError::OutOfRange { index })
    }
}

impl Gather for MonitoredEvolution {
    const SAMPLES: &'static str = "records";
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
        &self.setup.instruments
    }

    fn width(&self) -> usize {
        self.setup.instruments.count()
    }

    fn resources(&self) -> &Resources {
        &self.resources
    }

    fn note(&self, row: usize, diagnostics: &mut Diagnostics) {
        let (times, sums) = (&self.setup.problem.times, &self.gathering.sums);
        let (bounds, end) = (self.options.bounds, times[times.len() - 1]);
        let means = means(sums, row, self.setup.instruments.count());
        if let Some(top) = self.setup.instruments.top_population(&means) {
            diagnostics.note("top_population", top, times[row], bounds.top_population);
        }
        diagnostics.note("propagation", sums.worst()[0], end, bounds.propagation);
    }

    /// The initial state is the same for all records.
    fn correct(&self, start: &mut Record) {
        let errors = start.measurements.iter_mut().flat_map(|m| &mut m.values);
        errors.for_each(|v| v.standard_error = Some(0.0));
    }

    /// Every record that has begun is finished, so that those done are the first ones of `pending`; unless `halt` gives
    /// them up, and they are pending again.
    fn run_batch(&mut self, pending: &[u64], halt: &dyn Halt) -> Result<ControlFlow<()>, EngineError> {
        let begun = Instant::now();
        let filling = self.gathering.filling();
        let this = &*self;
        let work = || -> Result<(), RecordError> {
            let mut series = Series::default();
            while !filling.has_begun() || begun.elapsed() < SHORT {
                let Some(index) = pending.get(filling.take()) else { break };
                match this.take(*index, &mut series, &filling, halt) {
                    Err(RecordError::Abandoned) => break,
                    taken => taken?,
                }
            }
            Ok(())
        };
        let done = filling.run(pending.len(), work);
        self.gathering.filled(filling);
        done.map_err(|e| self.failed(e)).map(ControlFlow::Continue)
    }

    fn statistics(&self) -> serde_json::Value {
        let Gathering { sums, standing, .. } = &self.gathering;
        let counts = sums.counts();
        serde_json::json!({
            "trajectories": sums.count(),
            "trajectories_asked_for": self.options.records + self.gathering.others(),
            "indices": sums.indices().iter().map(|r| [r.start, r.end]).collect::<Vec<_>>(),
            "seed": self.options.seed,
            "unravelling": self.options.unravelling.name(),
            "recorded": self.setup.recorded(),
            "detectors": self.setup.detectors(),
            "efficiency": self.options.efficiency,
            "blocks": BLOCKS,
            "clicks": counts[0],
            "steps": counts[1],
            "applications": counts[2],
            "largest_standard_error": standing.json(),
            "target_reached": self.gathering.reached(),
            "initial_weight_cut_off": self.setup.losses,
        })
    }

    fn attachments(&self) -> Vec<Attachment> {
        let mut singles: Vec<&Shown> = self.gathering.sums.blocks().iter().flat_map(Block::shown).collect();
        singles.sort_by_key(|s| s.index);
        shown_tables(&self.setup.problem.times, &self.columns, &singles)
    }
}
