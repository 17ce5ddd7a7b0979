//! A sweep from its request to its files.

use std::path::{Path, PathBuf};

use superladder_engine::EngineError;

use super::{Outcome, Results, Sweep, SweepError, measure, write};
use crate::place::store_beside;
use crate::results::{Clock, OutputFolder};
use crate::watch::Watch;
use crate::workers::Limits;

/// What is asked for beside the sweep itself.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The output folder.
    pub target: &'a Path,
    /// Replace it if it exists, and give up what an interrupted sweep has left.
    pub force: bool,
    /// Go on with an interrupted sweep.
    pub resume: bool,
    /// Threads and memory.
    pub limits: Limits,
    /// Started when the command began.
    pub clock: Clock,
}

/// How a sweep ended.
pub enum Ended<'a> {
    /// With all points; the files are in this folder.
    Written(Results<'a>, PathBuf),
    /// On the way: so many points are finished and kept in this folder.
    Interrupted(usize, PathBuf),
    /// On a rank of MPI that has worked for the first one.
    Served,
}

/// Runs all points and writes the output folder.
///
/// # Errors
/// [`SweepError`].
pub fn carry_out<'a>(
    sweep: &'a Sweep,
    request: Request<'_>,
    watch: Watch<'_>,
) -> Result<Ended<'a>, SweepError> {
    let Request { target, force, resume, limits, clock } = request;
    #[cfg(feature = "mpi")]
    let ranks = crate::ranks::Ranks::start();
    #[cfg(feature = "mpi")]
    if let Some(ranks) = ranks.as_ref().filter(|r| !r.leads()) {
        let store = crate::store::Store::beside(target);
        super::ranks::serve_points(ranks, sweep, &store, &limits, watch.interrupted)?;
        return Ok(Ended::Served);
    }
    let store = store_beside(target, force, resume)?;
    #[cfg(feature = "mpi")]
    if let Some(ranks) = &ranks {
        super::ranks::lead_points(ranks, sweep, &store, &limits, watch.interrupted)?;
    }
    watch.count.begin("points", sweep.points.len());
    let points: Vec<_> = sweep.points.iter().collect();
    let done = |point: &super::Point| watch.count.done(1, &sweep.words(point));
    let (outcomes, workers) = measure(&points, &store, &limits, watch.interrupted, &done)?;
    let finished = outcomes.iter().filter(|o| !matches!(o, Outcome::Missing)).count();
    if finished < outcomes.len() && watch.stopped() {
        return Ok(Ended::Interrupted(finished, store.folder().to_owned()));
    }
    let results = Results::new(sweep, refused(sweep, outcomes)?, workers);
    let folder = OutputFolder::begin(target, force).map_err(crate::place::PlaceError::from)?;
    write(&results, &clock, &folder)?;
    let written = folder.finish().map_err(crate::place::PlaceError::from)?;
    store.clear()?;
    #[cfg(feature = "mpi")]
    if let Some(ranks) = &ranks {
        super::ranks::finish_points(ranks);
    }
    Ok(Ended::Written(results, written))
}

/// The outcomes. An engine that refuses every point refuses the study.
fn refused(sweep: &Sweep, mut outcomes: Vec<Outcome>) -> Result<Vec<Outcome>, SweepError> {
    if outcomes.iter().any(|o| !matches!(o, Outcome::Refused(_))) {
        return Ok(outcomes);
    }
    match outcomes.swap_remove(0) {
        Outcome::Refused(refusal) => Err(placed(sweep, refusal)),
        other => Ok(vec![other]),
    }
}

fn placed(sweep: &Sweep, error: EngineError) -> SweepError {
    sweep.points[0].study.refusal(error).map_or_else(SweepError::Engine, SweepError::Study)
}
