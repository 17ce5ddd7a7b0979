//! Points of a sweep over several processes.

use std::sync::atomic::AtomicBool;

use super::{Kept, Outcome, Point, Sweep, SweepError, measure};
use crate::ranks::Ranks;
use crate::store::Store;
use crate::workers::Limits;

/// Both ends of an empty round that says that a sweep is written.
const FINISHED: u64 = 1;

/// Runs the points that the leader deals to this rank, keeps them in `store` and sends them. Where the ranks
/// see one file system that is the leader's store, so that points of an interrupted sweep are not lost.
pub(super) fn serve_points(
    ranks: &Ranks,
    sweep: &Sweep,
    store: &Store,
    limits: &Limits,
    interrupted: &AtomicBool,
) -> Result<(), SweepError> {
    let mut heard = ranks.announce([0, 0]);
    if !heard.is_empty() {
        let found = deal(ranks, vec![0; heard.end as usize], sweep, store, limits, interrupted);
        let bytes = found.map(|kept| postcard::to_stdvec(&kept).unwrap_or_default()).unwrap_or_default();
        ranks.answer(&bytes);
        heard = ranks.announce([0, 0]);
    }
    // An interrupted sweep keeps its store, which may be this one.
    let mut cleared = Ok(());
    while heard.start == FINISHED {
        cleared = store.clear();
        heard = ranks.announce([0, 0]);
    }
    Ok(cleared?)
}

/// Tells the ranks that have run points that the sweep is written and no store is needed.
pub(super) fn finish_points(ranks: &Ranks) {
    ranks.announce([FINISHED; 2]);
}

/// Runs the points of a sweep that are not in `store`, over all ranks, and puts them there. What could not be
/// run is missing: the caller finds out why when it tries.
pub(super) fn lead_points(
    ranks: &Ranks,
    sweep: &Sweep,
    store: &Store,
    limits: &Limits,
    interrupted: &AtomicBool,
) -> Result<(), SweepError> {
    let missing = sweep.points.iter().enumerate().filter(|(_, p)| store.read::<Kept>(&p.digest).is_none());
    let need = |point: &Point| point.study.engine().resources(&point.study.problem).ok();
    let mut open: Vec<(u64, u64)> =
        missing.filter_map(|(index, point)| Some((index as u64, need(point)?.memory))).collect();
    // Dealt in turn, the most expensive first.
    open.sort_by_key(|(_, memory)| std::cmp::Reverse(*memory));
    if open.is_empty() {
        return Ok(());
    }
    ranks.announce([0, open.len() as u64]);
    let open = open.into_iter().map(|(index, _)| index).collect();
    deal(ranks, open, sweep, store, limits, interrupted)?;
    for (_, answer) in ranks.answers() {
        let points: Vec<(String, Kept)> = postcard::from_bytes(&answer).unwrap_or_default();
        for (digest, kept) in points {
            store.write(&digest, &kept)?;
        }
    }
    Ok(())
}

/// Tells or hears the numbers of the points to be run, and runs every `size`-th of them.
fn deal(
    ranks: &Ranks,
    mut open: Vec<u64>,
    sweep: &Sweep,
    store: &Store,
    limits: &Limits,
    interrupted: &AtomicBool,
) -> Result<Vec<(String, Kept)>, SweepError> {
    ranks.broadcast(&mut open);
    let (rank, size) = (ranks.rank(), ranks.size());
    let own = open.into_iter().skip(rank).step_by(size);
    let own: Vec<&Point> = own.map(|number| &sweep.points[number as usize]).collect();
    let limits = Limits { memory: limits.memory / ranks.neighbours(), ..*limits };
    let (outcomes, _) = measure(&own, store, &limits, interrupted, &|_| ())?;
    let kept = |(point, outcome): (&Point, Outcome)| match outcome {
        Outcome::Ran(kept) => Some((point.digest.clone(), kept)),
        Outcome::Refused(_) | Outcome::Missing => None,
    };
    Ok(own.into_iter().zip(outcomes).filter_map(kept).collect())
}
