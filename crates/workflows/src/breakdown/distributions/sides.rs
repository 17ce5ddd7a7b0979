//! One run of a comparison: its moments over time and their standard errors.

use superladder_analysis::{AnalysisError, Moment};
use superladder_sampling::{Replicate, half_samples, jackknife};

use super::super::runs::measured::{Kept, Measured, Without};

/// The moments of one run.
pub(super) struct Side {
    pub(super) times: Vec<f64>,
    /// By moment and time.
    pub(super) values: Vec<Vec<[f64; 2]>>,
    /// Standard errors, by moment and time.
    pub(super) errors: Vec<Vec<f64>>,
    pub(super) blow_up: Option<f64>,
    pub(super) samples: Option<u64>,
    /// The run, where it is one of samples.
    sampled: Option<(Measured, Vec<Replicate>)>,
}

impl Side {
    /// All moments of the tested run of `kept`.
    pub(super) fn new(moments: &[Moment], kept: &Kept) -> Result<Self, AnalysisError> {
        let mut side = Self::plain(moments, &kept.tested)?;
        side.samples = kept.samples;
        if kept.replicates.is_empty() {
            return Ok(side);
        }
        let replicates: Vec<Replicate> = kept.replicates.iter().map(Without::replicate).collect();
        for (number, moment) in moments.iter().enumerate() {
            let without =
                |r: &Replicate| Ok((r.ratio, moment.values(&kept.tested.with_rows(&r.values).table()?)?));
            let without = replicates.iter().map(without).collect::<Result<Vec<_>, AnalysisError>>()?;
            let error = |k: usize| {
                let of = |part: usize| {
                    let parts: Vec<(f64, f64)> = without.iter().map(|(h, v)| (*h, v[k][part])).collect();
                    jackknife(side.values[number][k][part], &parts)
                };
                of(0).hypot(of(1))
            };
            side.errors[number] = (0..side.times.len()).map(error).collect();
        }
        side.sampled = Some((kept.tested.clone(), replicates));
        Ok(side)
    }

    /// All moments of a run without errors.
    pub(super) fn plain(moments: &[Moment], run: &Measured) -> Result<Self, AnalysisError> {
        let table = run.table()?;
        let values = moments.iter().map(|m| m.values(&table)).collect::<Result<Vec<_>, _>>()?;
        let errors = vec![vec![0.0; run.times.len()]; moments.len()];
        let times = run.times.clone();
        Ok(Self { times, values, errors, blow_up: run.blow_up, samples: None, sampled: None })
    }

    /// The moment as every half sample has it; none of a run that does not sample.
    pub(super) fn moved(&self, moment: &Moment) -> Result<Vec<Vec<[f64; 2]>>, AnalysisError> {
        let Some((run, replicates)) = &self.sampled else { return Ok(Vec::new()) };
        let of = |rows: Vec<Vec<f64>>| moment.values(&run.with_rows(&rows).table()?);
        half_samples(&run.rows(), replicates).map(of).collect()
    }
}
