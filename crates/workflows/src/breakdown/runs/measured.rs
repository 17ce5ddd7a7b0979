//! What an engine has measured so far, and what is kept of a finished run.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};
use superladder_analysis::{AnalysisError, Table};
use superladder_engine::{Diagnostics, EngineError, Evolution, Halt, Listener, Measurement, Problem};
use superladder_model::Observable;
use superladder_sampling::Replicate;

/// What is kept of a finished run: everything that the crossings are read from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) reference: Measured,
    pub(crate) tested: Measured,
    pub(crate) diagnostics: Diagnostics,
    /// What engines that sample measure without one block of the samples at a time.
    pub(crate) replicates: Vec<Without>,
    pub(crate) warnings: Vec<String>,
    /// Length of the windows, where times are recorded in separate ones.
    pub(crate) windows: Option<f64>,
    /// Samples that were asked for.
    pub(crate) samples: Option<u64>,
}

/// The columns of the tested run without one block of the samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Without {
    /// All samples by those of the block.
    pub(crate) ratio: f64,
    /// By column.
    pub(crate) values: Vec<Vec<f64>>,
}

/// All that one engine has measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) times: Vec<f64>,
    /// By column, as the observables come.
    pub(crate) values: Vec<Vec<f64>>,
    pub(crate) names: Vec<String>,
    /// When the moment equations blew up.
    pub(crate) blow_up: Option<f64>,
}

impl Without {
    pub(crate) fn new(replicate: &Replicate) -> Self {
        Self { ratio: replicate.ratio, values: transposed(&replicate.values) }
    }

    pub(crate) fn replicate(&self) -> Replicate {
        Replicate { ratio: self.ratio, values: transposed(&self.values) }
    }
}

/// Rows of columns, or columns of rows.
fn transposed(values: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let length = values.first().map_or(0, Vec::len);
    (0..length).map(|k| values.iter().map(|row| row[k]).collect()).collect()
}

impl Measured {
    /// All values by time.
    pub(crate) fn rows(&self) -> Vec<Vec<f64>> {
        transposed(&self.values)
    }

    /// The same times and names with other values, by time.
    pub(crate) fn with_rows(&self, rows: &[Vec<f64>]) -> Self {
        Self { values: transposed(rows), ..self.clone() }
    }

    /// Length of time that is covered.
    pub(crate) fn span(&self) -> f64 {
        self.times[self.times.len() - 1] - self.times[0]
    }

    /// Notes a blow-up: what is missing up to the end of the stretch is undefined.
    fn fill(&mut self, times: &[f64], blow_up: f64) {
        self.blow_up = Some(blow_up);
        let last = self.times[self.times.len() - 1];
        for time in times.iter().filter(|t| **t > last) {
            self.times.push(*time);
            for column in &mut self.values {
                column.push(f64::NAN);
            }
        }
    }

    pub(crate) fn table(&self) -> Result<Table, AnalysisError> {
        let empty = Table::new(self.times.clone())?;
        let columns = self.names.iter().zip(&self.values);
        columns.into_iter().try_fold(empty, |table, (name, values)| table.with_values(name, values.clone()))
    }
}

/// One evolution with all that it has measured.
pub(crate) struct Side<E: Evolution + ?Sized = dyn Evolution> {
    pub(crate) evolution: Box<E>,
    pub(crate) measured: Measured,
}

impl<E: Evolution + ?Sized> Side<E> {
    /// An evolution that stands at the first output time of its problem.
    pub(crate) fn new(mut evolution: Box<E>, problem: &Problem) -> Self {
        let levels = problem.levels();
        let columns = |o: &Observable| o.columns(problem.model(), &levels);
        let names: Vec<String> = problem.observables.iter().flat_map(columns).collect();
        let values = flat(&evolution.measure()).into_iter().map(|x| vec![x]).collect();
        let times = vec![problem.times[0]];
        Self { evolution, measured: Measured { times, values, names, blow_up: None } }
    }

    /// Advances through `times`; after a blow-up everything is undefined.
    pub(crate) fn advance(&mut self, times: &[f64], interrupted: &AtomicBool) -> Result<(), EngineError> {
        if times.is_empty() {
            return Ok(());
        }
        let Self { evolution, measured } = self;
        match evolution.advance(times, &mut Noting { measured, interrupted }) {
            Ok(()) => Ok(()),
            Err(EngineError::Propagation { time, source, .. })
                if source.is::<superladder_cumulant::CumulantError>() =>
            {
                measured.fill(times, time);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// Notes the records, and breaks off because of Ctrl-C.
struct Noting<'a> {
    measured: &'a mut Measured,
    interrupted: &'a AtomicBool,
}

impl Listener for Noting<'_> {
    fn record(&mut self, time: f64, measurements: Vec<Measurement>, _: &Diagnostics) -> ControlFlow<()> {
        self.measured.times.push(time);
        for (column, value) in self.measured.values.iter_mut().zip(flat(&measurements)) {
            column.push(value);
        }
        if self.interrupted.asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn halt(&self) -> &dyn Halt {
        self.interrupted
    }
}

pub(crate) fn flat(measurements: &[Measurement]) -> Vec<f64> {
    measurements.iter().flat_map(|m| &m.values).map(|v| v.value).collect()
}
