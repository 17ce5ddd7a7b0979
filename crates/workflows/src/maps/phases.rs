//! Phases at every point of a map, batch by batch.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use superladder_frame::hexadecimal;
use superladder_mean_field::{Classifier, FixedPoint, LANES, LongTime, MeanFieldEquations, Phase, long_time};

use crate::results::version;
use crate::store::{Store, StoreError};

/// The names of [`numbers`].
pub const COLUMNS: [&str; 5] = ["mean", "amplitude", "exponent", "inversion", "phase"];

/// The numbers of a point in the order of [`COLUMNS`]; the phase by its place in [`Phase::ALL`].
pub fn numbers(point: &LongTime) -> [f64; 5] {
    let phase = Phase::ALL.iter().position(|p| *p == point.phase).unwrap_or(Phase::ALL.len());
    [point.mean, point.amplitude, point.exponent, point.inversion, phase as f64]
}

/// Finished batches are written together, the first one at once and then at most so often: forcing a file to
/// the disk takes longer than a batch.
const KEPT_EVERY: Duration = Duration::from_secs(2);

/// Finished batches that are not in the store yet.
struct Pending {
    batches: Vec<(String, Vec<LongTime>)>,
    /// When batches were written last.
    since: Option<Instant>,
}

impl Pending {
    fn keep(&mut self, store: &Store) -> Result<(), StoreError> {
        self.since = Some(Instant::now());
        self.batches.drain(..).try_for_each(|(digest, batch)| store.write(&digest, &batch))
    }
}

/// The long-time behaviour of `models` with the fixed points `found`, batch by batch; batches that `store`
/// holds are read. `None` if interrupted: what was finished is in the store then.
///
/// # Errors
/// [`StoreError`] when a batch cannot be kept.
pub fn phases(
    models: &[MeanFieldEquations],
    found: &[Vec<FixedPoint>],
    classifier: Classifier,
    store: &Store,
    interrupted: &AtomicBool,
    told: &(impl Fn(usize) + Sync),
) -> Result<Option<Vec<LongTime>>, StoreError> {
    let batches: Vec<usize> = (0..models.len()).step_by(LANES).collect();
    let pending = Mutex::new(Pending { batches: Vec::new(), since: None });
    let work = |first: &usize| -> Result<Option<Vec<LongTime>>, StoreError> {
        let range = *first..(first + LANES).min(models.len());
        let digest = digest(&models[range.clone()], classifier);
        let kept: Option<Vec<LongTime>> = store.read(&digest);
        let settled = if let Some(kept) = kept {
            kept
        } else {
            if interrupted.load(Ordering::SeqCst) {
                return Ok(None);
            }
            let points = found[range.clone()].iter().map(Vec::as_slice);
            let settled =
                long_time(classifier, &models[range.clone()].iter().zip(points).collect::<Vec<_>>());
            let mut pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
            pending.batches.push((digest, settled.clone()));
            if pending.since.is_none_or(|since| since.elapsed() > KEPT_EVERY) {
                pending.keep(store)?;
            }
            settled
        };
        told(range.len());
        Ok(Some(settled))
    };
    let parts: Vec<Option<Vec<LongTime>>> = batches.par_iter().map(work).collect::<Result<_, _>>()?;
    let all = parts.into_iter().collect::<Option<Vec<_>>>().map(|parts| parts.concat());
    if all.is_none() {
        pending.into_inner().unwrap_or_else(PoisonError::into_inner).keep(store)?;
    }
    Ok(all)
}

/// Of everything that decides the results of a batch: the equations in all their digits, the classifier, the
/// version.
fn digest(models: &[MeanFieldEquations], classifier: Classifier) -> String {
    let mut bytes = version().into_bytes();
    for number in [classifier.burn, classifier.window, classifier.resolution] {
        bytes.extend(number.to_le_bytes());
    }
    for (row, terms) in models.iter().flat_map(|m| m.rows().iter().enumerate()) {
        bytes.extend((row as u64).to_le_bytes());
        for term in terms {
            bytes.extend((term.factors.len() as u64).to_le_bytes());
            term.factors.iter().for_each(|f| bytes.extend(f.to_le_bytes()));
            bytes.extend(term.coefficient.to_le_bytes());
        }
    }
    hexadecimal(&superladder_frame::digest(&bytes))
}
