//! Sums over trajectories in fixed blocks, and estimates with standard errors from them.

use serde::{Deserialize, Serialize};
use superladder_engine::{Estimate, Measurement, Problem};

use crate::instruments::Instruments;
use crate::trajectory::Course;

/// Trajectory `i` belongs to block `i mod BLOCKS`; a block sums its trajectories in the order of their indices.
pub const BLOCKS: usize = 64;

/// The trajectories of one block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Block {
    /// Trajectories summed.
    pub(crate) count: u64,
    /// Sums of the numbers, one row per output time.
    pub(crate) sums: Vec<f64>,
    pub(crate) jumps: u64,
    pub(crate) steps: u64,
    /// Largest accumulated error of a trajectory.
    pub(crate) error: f64,
    /// Largest mismatch of a trajectory.
    pub(crate) mismatch: f64,
}

impl Block {
    /// Empty, for rows of numbers of this total length.
    pub(crate) fn new(length: usize) -> Self {
        Self { count: 0, sums: vec![0.0; length], jumps: 0, steps: 0, error: 0.0, mismatch: 0.0 }
    }

    /// Notes that a trajectory is complete.
    pub(crate) fn note(&mut self, course: Course) {
        self.count += 1;
        self.jumps += course.jumps;
        self.steps += course.steps;
        self.error = self.error.max(course.error);
        self.mismatch = self.mismatch.max(course.mismatch);
    }
}

/// Averages of the numbers at one output time over all blocks, in their order.
pub(crate) fn means(blocks: &[Block], row: usize, width: usize) -> Vec<f64> {
    let (count, total) = totals(blocks, row, width);
    total.into_iter().map(|x| x / count).collect()
}

fn totals(blocks: &[Block], row: usize, width: usize) -> (f64, Vec<f64>) {
    let mut total = vec![0.0; width];
    let mut count = 0.0;
    for block in blocks {
        count += block.count as f64;
        for (sum, x) in total.iter_mut().zip(&block.sums[row * width..(row + 1) * width]) {
            *sum += x;
        }
    }
    (count, total)
}

/// Observables at one output time: functions of the averages, with the standard error of the jackknife that leaves out one
/// block at a time. With block sizes `m_b`, `h_b = n / m_b`, estimates `f` of all and `f_b` without block b, pseudo-values
/// `p_b = h_b f - (h_b - 1) f_b` with mean `f_J = g f - sum (1 - m_b / n) f_b`: `var = (1/g) sum (p_b - f_J)^2 / (h_b - 1)`.
/// For averages themselves this is the usual standard error of the mean of the blocks. With fewer than two blocks it is NaN.
///
/// Source: F. Busing, E. Meijer and R. van der Leeden, Statistics and Computing 9, 3 (1999).
pub(crate) fn estimates(
    instruments: &Instruments,
    problem: &Problem,
    blocks: &[Block],
    row: usize,
) -> Vec<Measurement> {
    let width = instruments.count();
    let (count, total) = totals(blocks, row, width);
    let mean = |sums: &[f64], n: f64| sums.iter().map(|x| x / n).collect::<Vec<f64>>();
    let flat = |means: &[f64]| instruments.values(problem, means).concat();
    let shown = instruments.values(problem, &mean(&total, count));
    let all = shown.concat();
    let used: Vec<&Block> = blocks.iter().filter(|b| b.count > 0).collect();
    let without: Vec<(f64, Vec<f64>)> = used
        .iter()
        .map(|block| {
            let own = &block.sums[row * width..(row + 1) * width];
            let rest: Vec<f64> = total.iter().zip(own).map(|(t, x)| t - x).collect();
            (count / block.count as f64, flat(&mean(&rest, count - block.count as f64)))
        })
        .collect();
    let groups = without.len() as f64;
    let error = |component: usize| {
        if without.len() < 2 {
            return f64::NAN;
        }
        let centre = without.iter().map(|(h, f)| (1.0 - 1.0 / h) * f[component]).sum::<f64>();
        let centre = groups * all[component] - centre;
        let term = |(h, f): &(f64, Vec<f64>)| {
            (h * all[component] - (h - 1.0) * f[component] - centre).powi(2) / (h - 1.0)
        };
        (without.iter().map(term).sum::<f64>() / groups).sqrt()
    };
    let mut component = 0;
    let mut estimate = |value: f64| {
        component += 1;
        Estimate { value, standard_error: Some(error(component - 1)) }
    };
    shown
        .into_iter()
        .map(|values| Measurement { values: values.into_iter().map(&mut estimate).collect() })
        .collect()
}
