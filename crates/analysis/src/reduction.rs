//! A time series as one number: extremes and their times, averages, final values, crossings of a level.
//!
//! ```text
//! times, values, window ── Reduction::of ──> Reduced { value, time, remark }
//! one half of samples ── Reduction::find ──> time ── Reduction::read on the other half ──> value
//! ```

mod definition;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::interpolate::{Hermite, Integral, parabolic_slope};
pub use definition::{REDUCTIONS, ReductionDefinition};

/// A swing is sampled well where its lowest point lies below its neighbours by less than this part of its depth:
/// the parabola through the three is then off by a thousandth of the depth or less.
const COARSE: f64 = 0.1;

/// What is read off a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantity {
    /// The smallest value.
    Minimum,
    /// The largest value.
    Maximum,
    /// When it is smallest.
    MinimumTime,
    /// When it is largest.
    MaximumTime,
    /// The average over time.
    Mean,
    /// The last value.
    Final,
    /// When it first comes above a level.
    RisesAbove(f64),
    /// When it first comes below a level.
    FallsBelow(f64),
}

/// What is read off a series, and where.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reduction {
    /// What.
    pub quantity: Quantity,
    /// First time that counts; none: from the start.
    pub from: Option<f64>,
    /// Last time that counts; none: to the end.
    pub to: Option<f64>,
}

/// What a reader should know of a reduced value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Remark {
    /// An extreme at the first time of the window.
    AtStart,
    /// An extreme at the last time of the window.
    AtEnd,
    /// An extreme beside an undefined value: no parabola could be laid through it.
    BesideUndefined,
    /// An extreme that the times hardly resolve.
    Coarse,
    /// The series lies beyond the level from the start of the window.
    BeyondFromStart,
    /// The series never comes to the level within the window.
    NeverCrossed,
    /// No value of the window is defined, or for an average, not all are.
    Undefined,
    /// The run ended before the window did.
    Incomplete,
    /// A value that is not positive has no decibels.
    NotPositive,
    /// There are too few samples to tell the value from the noise that it was chosen by.
    FewSamples,
    /// The engine does not measure the column.
    NotMeasured,
}

/// One number of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reduced {
    /// The number; NaN means undefined.
    pub value: f64,
    /// When the series has it, of an extreme.
    pub time: Option<f64>,
    /// What a reader should know of it.
    pub remark: Option<Remark>,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtStart => "at the first time of the window, not inside of it",
            Self::AtEnd => "at the last time of the window, not inside of it",
            Self::BesideUndefined => "beside an undefined value: the point of the grid itself",
            Self::Coarse => "the times hardly resolve it: take smaller steps",
            Self::BeyondFromStart => "undefined: beyond the level from the first time of the window on",
            Self::NeverCrossed => "undefined: the level is not reached in the window",
            Self::Undefined => "undefined in the window",
            Self::Incomplete => "undefined: the run ended before the window does",
            Self::NotPositive => "undefined: decibels are for positive values",
            Self::NotMeasured => "undefined: the engine does not measure it",
            Self::FewSamples => "too few samples: of the same samples that chose its time, without an error",
        })
    }
}

impl Reduced {
    /// An undefined number, and why it is.
    pub fn undefined(remark: Remark) -> Self {
        Self { value: f64::NAN, time: None, remark: Some(remark) }
    }

    fn plain(value: f64) -> Self {
        if value.is_nan() {
            Self::undefined(Remark::Undefined)
        } else {
            Self { value, time: None, remark: None }
        }
    }

    /// In decibels, `10 log10 x`.
    #[must_use]
    pub fn decibels(self) -> Self {
        match self.value {
            value if value > 0.0 => Self { value: 10.0 * value.log10(), ..self },
            value if value.is_nan() => self,
            _ => Self::undefined(Remark::NotPositive),
        }
    }
}

/// An extreme of a series: its row, and what the parabola through that point and its neighbours says.
struct Extreme {
    time: f64,
    value: f64,
    remark: Option<Remark>,
}

impl Reduction {
    /// Over the whole series.
    pub fn whole(quantity: Quantity) -> Self {
        Self { quantity, from: None, to: None }
    }

    /// True for the quantities that are times.
    pub fn is_time(&self) -> bool {
        match self.quantity {
            Quantity::MinimumTime
            | Quantity::MaximumTime
            | Quantity::RisesAbove(_)
            | Quantity::FallsBelow(_) => true,
            Quantity::Minimum | Quantity::Maximum | Quantity::Mean | Quantity::Final => false,
        }
    }

    /// True for an extreme or its time: what noise would bias if its time were found and its value read on the
    /// same samples.
    pub fn is_extreme(&self) -> bool {
        self.sign().is_some()
    }

    /// The sign that makes the extreme a minimum.
    fn sign(&self) -> Option<f64> {
        match self.quantity {
            Quantity::Minimum | Quantity::MinimumTime => Some(1.0),
            Quantity::Maximum | Quantity::MaximumTime => Some(-1.0),
            Quantity::Mean | Quantity::Final | Quantity::RisesAbove(_) | Quantity::FallsBelow(_) => None,
        }
    }

    /// The rows of `times` that count.
    pub fn rows(&self, times: &[f64]) -> std::ops::Range<usize> {
        let first = self.from.map_or(0, |from| times.partition_point(|t| *t < from));
        let end = self.to.map_or(times.len(), |to| times.partition_point(|t| *t <= to));
        first.min(end)..end
    }

    /// The number of a series with one of `values` per time; NaN means undefined there. Extremes are those of the
    /// parabola through the extreme point and its neighbours; averages those of the cubic interpolant.
    pub fn of(&self, times: &[f64], values: &[f64]) -> Reduced {
        let rows = self.rows(times);
        if rows.is_empty() || values.len() < rows.end {
            return Reduced::undefined(Remark::Undefined);
        }
        match self.quantity {
            Quantity::Final => Reduced::plain(values[rows.end - 1]),
            Quantity::Mean => Reduced::plain(self.mean(times, values)),
            Quantity::RisesAbove(level) => crossed(&times[rows.clone()], &values[rows], level, 1.0),
            Quantity::FallsBelow(level) => crossed(&times[rows.clone()], &values[rows], level, -1.0),
            Quantity::Minimum | Quantity::Maximum => {
                let Some(Extreme { time, value, remark }) = self.extreme(times, values) else {
                    return Reduced::undefined(Remark::Undefined);
                };
                Reduced { value, time: Some(time), remark }
            }
            Quantity::MinimumTime | Quantity::MaximumTime => {
                let Some(Extreme { time, remark, .. }) = self.extreme(times, values) else {
                    return Reduced::undefined(Remark::Undefined);
                };
                Reduced { value: time, time: None, remark }
            }
        }
    }

    /// The time of the extreme of a series; none where it is undefined throughout, and of what is no extreme.
    pub fn find(&self, times: &[f64], values: &[f64]) -> Option<f64> {
        self.extreme(times, values).map(|extreme| extreme.time)
    }

    /// The value of a series at a time that was found on another one: of the parabola through the nearest point
    /// and its neighbours within the window.
    pub fn read(&self, times: &[f64], values: &[f64], time: f64) -> f64 {
        let rows = self.rows(times);
        let (times, values) = (&times[rows.clone()], &values[rows]);
        let distance = |row: &usize| (times[*row] - time).abs();
        let nearest = (0..times.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)));
        let Some(row) = nearest else { return f64::NAN };
        match Parabola::about(times, values, row) {
            Some(parabola) => parabola.at(time),
            None => values[row],
        }
    }

    fn extreme(&self, times: &[f64], values: &[f64]) -> Option<Extreme> {
        let (sign, rows) = (self.sign()?, self.rows(times));
        let (times, values) = (times.get(rows.clone())?, values.get(rows)?);
        let signed: Vec<f64> = values.iter().map(|x| sign * x).collect();
        let finite = (0..signed.len()).filter(|row| signed[*row].is_finite());
        let row = finite.min_by(|a, b| signed[*a].total_cmp(&signed[*b]))?;
        let (time, value) = (times[row], values[row]);
        let remark = match row {
            0 => Some(Remark::AtStart),
            row if row + 1 == times.len() => Some(Remark::AtEnd),
            _ => None,
        };
        if remark.is_some() {
            return Some(Extreme { time, value, remark });
        }
        let Some(parabola) = Parabola::about(times, &signed, row) else {
            return Some(Extreme { time, value, remark: Some(Remark::BesideUndefined) });
        };
        let (time, value) = parabola.vertex();
        let remark = is_coarse(&signed, row).then_some(Remark::Coarse);
        Some(Extreme { time, value: sign * value, remark })
    }

    /// `(1/w) int x dt` over the window, of the cubic interpolant through all points in it and one to either side.
    fn mean(&self, times: &[f64], values: &[f64]) -> f64 {
        let rows = self.rows(times);
        let first =
            rows.start - usize::from(rows.start > 0 && self.from.is_some_and(|t| t < times[rows.start]));
        let beyond = self.to.is_some_and(|t| t > times[rows.end - 1]) && rows.end < values.len();
        let last = rows.end - 1 + usize::from(beyond);
        let from = self.from.map_or(times[first], |from| from.max(times[first]));
        let to = self.to.map_or(times[last], |to| to.min(times[last]));
        if values[first..=last].iter().any(|x| !x.is_finite()) {
            return f64::NAN;
        }
        if to <= from {
            return values[last];
        }
        // Two more points to either side, where there are any, for the slopes at the ends.
        let finite = |row: &usize| values[*row].is_finite();
        let first = (first.saturating_sub(2)..first).rev().take_while(finite).last().unwrap_or(first);
        let last = (last + 1..values.len().min(last + 3)).take_while(finite).last().unwrap_or(last);
        let (times, values) = (&times[first..=last], &values[first..=last]);
        let integral = Integral::new(times, values);
        (integral.up_to(to) - integral.up_to(from)) / (to - from)
    }
}

/// The parabola `v + d (t - t0) + c (t - t0)^2` through a point and its neighbours.
struct Parabola {
    time: f64,
    coefficients: [f64; 3],
}

impl Parabola {
    /// None at an end of the series, or where one of the three points is undefined.
    fn about(times: &[f64], values: &[f64], row: usize) -> Option<Self> {
        if row == 0 || row + 1 >= times.len() {
            return None;
        }
        let [a, b, c] = [values[row - 1], values[row], values[row + 1]];
        let (before, after) = (times[row] - times[row - 1], times[row + 1] - times[row]);
        let (left, right) = ((b - a) / before, (c - b) / after);
        let curvature = (right - left) / (before + after);
        let slope = left + before * curvature;
        curvature.is_finite().then_some(Self { time: times[row], coefficients: [b, slope, curvature] })
    }

    fn at(&self, time: f64) -> f64 {
        let [v, d, c] = self.coefficients;
        let t = time - self.time;
        v + t * (d + c * t)
    }

    /// Time and value of the lowest point; of a straight line the middle point itself.
    fn vertex(&self) -> (f64, f64) {
        let [v, d, c] = self.coefficients;
        if c > 0.0 { (self.time - 0.5 * d / c, v - 0.25 * d * d / c) } else { (self.time, v) }
    }
}

/// Whether the lowest point lies below one of its neighbours by a large part of the depth of its valley: of what
/// the lower of both sides rises to.
fn is_coarse(values: &[f64], row: usize) -> bool {
    let highest =
        |side: &[f64]| side.iter().copied().filter(|x| x.is_finite()).fold(f64::NEG_INFINITY, f64::max);
    let depth = highest(&values[..row]).min(highest(&values[row + 1..])) - values[row];
    let rise = values[row - 1].max(values[row + 1]) - values[row];
    rise > COARSE * depth && depth > 1e-12 * values[row].abs()
}

/// When a series first comes from one side of a level to the other, upwards for the sign 1, downwards for -1: on the
/// monotone cubic between the two points.
fn crossed(times: &[f64], values: &[f64], level: f64, sign: f64) -> Reduced {
    let excess: Vec<f64> = values.iter().map(|x| sign * (x - level)).collect();
    if excess.iter().all(|x| x.is_nan()) {
        return Reduced::undefined(Remark::Undefined);
    }
    if excess.iter().find(|x| !x.is_nan()).is_some_and(|x| *x > 0.0) {
        return Reduced::undefined(Remark::BeyondFromStart);
    }
    let Some(row) = (1..excess.len()).find(|k| excess[k - 1] <= 0.0 && excess[*k] > 0.0) else {
        return Reduced::undefined(Remark::NeverCrossed);
    };
    let (first, last) = (row.saturating_sub(2), (row + 1).min(excess.len() - 1));
    let near = (&times[first..=last], &excess[first..=last]);
    let length = times[row] - times[row - 1];
    let slope = |k: usize| {
        let slope = parabolic_slope(near.0, near.1, k - first);
        if slope.is_finite() { slope } else { (excess[row] - excess[row - 1]) / length }
    };
    let values = [excess[row - 1], excess[row]];
    let piece = Hermite { length, values, slopes: [slope(row - 1), slope(row)] }.monotone();
    Reduced::plain(times[row - 1] + length * piece.root())
}
