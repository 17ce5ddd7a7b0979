//! When approximate distributions fail: t_W of every approximation at every size at which there is a reference.
//!
//! ```text
//! Kept of the approximation, Kept of the reference ── moments, their errors ──> Compared ── readings ──> Verdict
//! ```

mod sides;
mod table;

use superladder_analysis::{
    AnalysisError, Compared, CrossingOptions, Moment, Outcome, RatioSeries, Yardstick, moments_by_name,
};
use superladder_sampling::spread;
use superladder_study::{MatchedSeries, Plan};

use super::reading::{Sized, readings};
use super::runs::run::{BreakdownError, system};
use sides::Side;
pub(super) use table::{text, write_csv};

/// What became of an approximate distribution by one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// It fails.
    Fails {
        /// t_W.
        time: f64,
        /// Its standard error, with engines that sample; none where it is not known.
        standard_error: Option<f64>,
    },
    /// It is off from the start on.
    Off {
        /// The first time that is known.
        start: f64,
    },
    /// It has not failed as far as the errors can tell.
    Holds {
        /// Lower bound of t_W.
        to: f64,
        /// Samples by which the bound would reach the horizon, where errors cut it short.
        samples: Option<u64>,
    },
    /// The errors are too large for any verdict.
    Undecided {
        /// Samples that would be enough.
        samples: u64,
    },
    /// The approximation has no values from then on.
    BlewUp {
        /// When.
        time: f64,
    },
}

/// The verdict on one distribution by one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Label of the approximation.
    pub series: String,
    /// Label of the reference.
    pub reference: String,
    /// Value of the parameter.
    pub value: f64,
    /// The moment.
    pub moment: String,
    /// What its error is measured against.
    pub yardstick: Yardstick,
    /// `first` or `averaged`.
    pub reading: &'static str,
    /// What was found.
    pub verdict: Verdict,
    /// Largest error seen, in units of the yardstick, less what errors explain.
    pub largest: f64,
}

/// Verdicts on all distributions of a plan.
///
/// # Errors
/// [`BreakdownError`].
pub(super) fn judge(plan: &Plan, measured: &[Vec<Sized>]) -> Result<Vec<Judged>, BreakdownError> {
    let mut found = Vec::new();
    for matched in plan.matched() {
        let of = |number: usize| measured.get(number)?.iter().find(|size| size.value == matched.value);
        if let (Some(approximation), Some(reference)) = (of(matched.approximation), of(matched.reference)) {
            found.extend(judged(plan, &matched, approximation, reference)?);
        }
    }
    Ok(found)
}

/// One approximation at one size.
fn judged(
    plan: &Plan,
    matched: &MatchedSeries,
    approximation: &Sized,
    reference: &Sized,
) -> Result<Vec<Judged>, BreakdownError> {
    let (Some(tested), Some(right)) = (&approximation.runs, &reference.runs) else { return Ok(Vec::new()) };
    let study = plan.study(&plan.series[matched.approximation], matched.value)?;
    let moments = moments_by_name(&system(study.problem.model()), &plan.moments)?;
    let sides = [Side::new(&moments, tested)?, Side::new(&moments, right)?];
    let scale = Side::plain(&moments, &tested.reference)?;
    let both = Both { plan, sides, scale, window: approximation.window, size: approximation };
    let mut found = Vec::new();
    for (number, moment) in moments.iter().enumerate() {
        for yardstick in Yardstick::ALL {
            for (reading, verdict, largest) in both.verdicts(moment, number, yardstick)? {
                found.push(Judged {
                    series: plan.series[matched.approximation].label.clone(),
                    reference: plan.series[matched.reference].label.clone(),
                    value: matched.value,
                    moment: moment.name.clone(),
                    yardstick,
                    reading,
                    verdict,
                    largest,
                });
            }
        }
    }
    Ok(found)
}

/// An approximation, its reference and mean field.
struct Both<'a> {
    plan: &'a Plan,
    /// The approximation, then the reference.
    sides: [Side; 2],
    scale: Side,
    window: Option<f64>,
    size: &'a Sized,
}

/// Reading, verdict and largest ratio.
type Read = (&'static str, Verdict, f64);

impl Both<'_> {
    /// Times that all have.
    fn count(&self) -> usize {
        self.sides.iter().map(|side| side.times.len()).fold(self.scale.times.len(), usize::min)
    }

    /// The moment `number` of both sides, which may be moved, against a yardstick.
    fn compared<'b>(
        &'b self,
        number: usize,
        yardstick: Yardstick,
        values: [&'b [[f64; 2]]; 2],
        sigma: &'b [f64],
    ) -> Compared<'b> {
        let count = self.count();
        let scale = match yardstick {
            Yardstick::MeanField => &self.scale.values[number],
            Yardstick::Reference => values[1],
        };
        Compared {
            times: &self.scale.times[..count],
            approximation: &values[0][..count],
            reference: &values[1][..count],
            scale: &scale[..count],
            sigma: &sigma[..count],
        }
    }

    fn verdicts(
        &self,
        moment: &Moment,
        number: usize,
        yardstick: Yardstick,
    ) -> Result<Vec<Read>, AnalysisError> {
        let errors = |k: usize| self.sides[0].errors[number][k].hypot(self.sides[1].errors[number][k]);
        let sigma: Vec<f64> = (0..self.count()).map(errors).collect();
        let values = [&self.sides[0].values[number][..], &self.sides[1].values[number][..]];
        let compared = self.compared(number, yardstick, values, &sigma);
        let threshold = self.plan.threshold;
        let found = self.crossed(&compared, &moment.name)?;
        let doubt = self.read(&compared.doubt(&moment.name)?)?;
        let mut all = Vec::new();
        for (k, (reading, outcome, largest)) in found.into_iter().enumerate() {
            let verdict = match outcome {
                Outcome::Crossed { time, .. } => {
                    let standard_error = self.error(time, (moment, number, yardstick), &sigma, k)?;
                    Verdict::Fails { time, standard_error }
                }
                Outcome::AboveFromStart { start } => Verdict::Off { start },
                Outcome::BlewUp { time, .. } => Verdict::BlewUp { time },
                Outcome::NeverCrossed { horizon } => {
                    held(&doubt[k].times, &doubt[k].ratio(), threshold, (horizon, self.samples(number)))
                }
            };
            all.push((reading, verdict, largest));
        }
        Ok(all)
    }

    /// Readings of a ratio: reading, outcome, largest ratio.
    fn crossed(
        &self,
        compared: &Compared<'_>,
        name: &str,
    ) -> Result<Vec<(&'static str, Outcome, f64)>, AnalysisError> {
        let mut series = compared.ratio(name, self.plan.threshold)?;
        if let Some(time) = self.sides.iter().filter_map(|side| side.blow_up).reduce(f64::min) {
            series = series.with_blow_up(time);
        }
        let read = readings(&series, self.options(), self.shown_window(), self.size.in_windows)?;
        Ok(read.into_iter().map(|(word, _, c)| (word, c.outcome, c.largest)).collect())
    }

    /// What is shown of a ratio, by reading.
    fn read(&self, series: &RatioSeries) -> Result<Vec<RatioSeries>, AnalysisError> {
        let read = readings(series, self.options(), self.shown_window(), self.size.in_windows)?;
        Ok(read.into_iter().map(|(_, shown, _)| shown).collect())
    }

    fn options(&self) -> CrossingOptions {
        CrossingOptions { threshold: self.plan.threshold, ..CrossingOptions::default() }
    }

    fn shown_window(&self) -> Option<f64> {
        let span = self.scale.times[self.count() - 1] - self.scale.times[0];
        self.window.filter(|w| 2.0 * w < span)
    }

    /// Standard error of a time: of what it moves by with the half samples of either side; none without samples.
    fn error(
        &self,
        time: f64,
        (moment, number, yardstick): (&Moment, usize, Yardstick),
        sigma: &[f64],
        reading: usize,
    ) -> Result<Option<f64>, AnalysisError> {
        let mut square = None;
        for (place, side) in self.sides.iter().enumerate() {
            let mut times = Vec::new();
            for moved in side.moved(moment)? {
                let mut values = [&self.sides[0].values[number][..], &self.sides[1].values[number][..]];
                values[place] = &moved;
                let compared = self.compared(number, yardstick, values, sigma);
                let found = self.crossed(&compared, &moment.name)?;
                times.push(found.get(reading).and_then(|(_, outcome, _)| match outcome {
                    Outcome::Crossed { time, .. } => Some(*time),
                    _ => None,
                }));
            }
            if times.is_empty() {
                continue;
            }
            let end = self.scale.times[self.count() - 1];
            let Some(error) = spread(time, &times, end) else { return Ok(None) };
            square = Some(square.unwrap_or(0.0) + error * error);
        }
        Ok(square.map(f64::sqrt))
    }

    /// Samples of the side with the larger errors.
    fn samples(&self, number: usize) -> u64 {
        let total = |side: &Side| side.errors[number].iter().map(|e| e * e).sum::<f64>();
        let [a, b] = &self.sides;
        let larger = if total(a) >= total(b) { a } else { b };
        larger.samples.unwrap_or(0)
    }
}

/// How long a distribution is known to hold: while 2 sigma is within the threshold, up to `horizon`.
fn held(times: &[f64], doubt: &[f64], threshold: f64, (horizon, samples): (f64, u64)) -> Verdict {
    let worst = doubt.iter().copied().filter(|d| d.is_finite()).fold(0.0, f64::max);
    let enough = || (samples as f64 * (worst / threshold).powi(2)).ceil() as u64;
    let sure = doubt.iter().position(|d| *d > threshold);
    match sure {
        None => Verdict::Holds { to: horizon, samples: None },
        Some(0) => Verdict::Undecided { samples: enough() },
        Some(k) => Verdict::Holds { to: times[k - 1], samples: Some(enough()) },
    }
}
