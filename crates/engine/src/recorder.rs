//! The table of records that a run fills.

use serde::{Deserialize, Serialize};
use superladder_model::{Evaluation, Shape, StateFunction, Subsystem};

use crate::{Measurement, Problem};

/// Measurements at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Time.
    pub time: f64,
    /// One measurement per observable.
    pub measurements: Vec<Measurement>,
    /// Worst value so far of every diagnostic and present value of every figure, by name.
    pub diagnostics: Vec<(String, f64)>,
}

/// All records of a run, in order of time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Recorder {
    /// The records.
    pub records: Vec<Record>,
    /// True when the run was stopped before its last output time.
    pub interrupted: bool,
}

impl Recorder {
    /// Values of one column of one observable over time. Fock levels that a record does not have, since its
    /// cutoff was lower, are empty.
    pub fn column(&self, observable: usize, component: usize) -> Vec<f64> {
        let value = |r: &Record| r.measurements[observable].values.get(component).map_or(0.0, |e| e.value);
        self.records.iter().map(value).collect()
    }

    /// Fock levels per mode that the records reach: those of the problem, and more where its cutoffs were
    /// raised.
    pub fn levels(&self, problem: &Problem) -> Vec<usize> {
        let mut levels = problem.levels();
        for (index, observable) in problem.observables.iter().enumerate() {
            let longest = self.records.iter().map(|r| r.measurements[index].values.len()).max().unwrap_or(0);
            match observable.evaluation {
                Evaluation::State(StateFunction::PhotonDistribution(m)) => levels[m] = levels[m].max(longest),
                Evaluation::State(StateFunction::ReducedState(Subsystem::Mode(m))) => {
                    levels[m] = levels[m].max((longest / 2).isqrt());
                }
                _ => {}
            }
        }
        levels
    }

    /// Values of one observable in one record, on the Fock `levels` of all records.
    pub fn values(&self, problem: &Problem, levels: &[usize], record: usize, observable: usize) -> Vec<f64> {
        let values = &self.records[record].measurements[observable].values;
        let shape = problem.observables[observable].shape(problem.model(), levels);
        let found: Vec<f64> = values.iter().map(|e| e.value).collect();
        let mut padded = vec![0.0; shape.len()];
        let Shape::Matrix(rows) = shape else {
            padded[..found.len()].copy_from_slice(&found);
            return padded;
        };
        let own = (found.len() / 2).isqrt();
        for (row, target) in found.chunks_exact(2 * own.max(1)).zip(padded.chunks_exact_mut(2 * rows)) {
            target[..row.len()].copy_from_slice(row);
        }
        padded
    }

    /// The times.
    pub fn times(&self) -> Vec<f64> {
        self.records.iter().map(|r| r.time).collect()
    }
}
