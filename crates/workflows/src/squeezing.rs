//! Spin squeezing of every ensemble by several engines and sizes: minima with times, their growth with N, and the limit of
//! infinite N by linear noise.
//!
//! ```text
//! study + squeezing of every ensemble ── Sweep over engines and sizes ──> Results ──> Minimum ── fit ──> Scaling
//!                                     ── linear noise ──────────────────> Limit        └──> report, tables, picture
//! ```

mod findings;
mod picture;
mod report;
mod stationary;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde_json::{Value as Json, json};
use superladder_engine::End;
use superladder_study::Study;

pub use findings::{Findings, Limit, Minimum, Scaling};

use crate::attempt::attempt_reduced;
use crate::place::{PlaceError, store_beside};
use crate::results::{Clock, Head, OutputError, OutputFolder};
use crate::sweep::{AxisFault, Outcome, Results, Sweep, SweepError, measure};
use crate::watch::Watch;
use crate::workers::Limits;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct SqueezingRequest<'a> {
    /// The study file.
    pub study: &'a Path,
    /// Overrides of the command line.
    pub sets: &'a [String],
    /// The engines; none: that of the study.
    pub engines: &'a [String],
    /// The sizes, `N=2,4,8`; none: that of the study.
    pub sizes: Option<&'a str>,
    /// Where the study ends, and not on the way there.
    pub steady: bool,
    /// The output folder.
    pub target: &'a Path,
    /// Replace it if it exists, and give up what an interrupted command has left.
    pub force: bool,
    /// Go on with what an interrupted command has left.
    pub resume: bool,
}

/// How it ended.
pub enum SqueezingEnd {
    /// With all runs: the report, whether every run is converged, and the folder.
    Written {
        /// For a reader.
        text: String,
        /// Every run kept its bounds.
        converged: bool,
        /// Where the files are.
        folder: PathBuf,
    },
    /// So many of all runs are finished and kept in this folder.
    Interrupted {
        /// Finished runs.
        finished: usize,
        /// All runs.
        all: usize,
        /// Where they are.
        kept: PathBuf,
    },
}

/// The squeezing parameters that minima are found of, as columns name them, with their symbols.
const PARAMETERS: [(&str, &str); 2] = [("kitagawa_ueda", "xi_S^2"), ("wineland", "xi_R^2")];

/// The runs that a request asks for: the study with the squeezing of every ensemble, over engines and sizes.
///
/// # Errors
/// [`SweepError`]; a study without ensembles is refused.
pub fn plan(request: &SqueezingRequest<'_>) -> Result<Sweep, SweepError> {
    let mut sets = request.sets.to_vec();
    if request.steady {
        sets.push("time=\"steady\"".into());
    }
    // Those of the study are not read off here, and may be of times.
    let bare = [sets.clone(), vec!["output.reductions=[]".into()]].concat();
    let base = Study::load(request.study, &bare)?;
    let is_stationary = base.problem.end == End::Stationary;
    let ensembles: Vec<&str> = base.problem.model().ensembles().iter().map(|e| e.name.as_str()).collect();
    if ensembles.is_empty() {
        return Err(SweepError::NoEnsembles);
    }
    let kinds: &[&str] = if is_stationary { &stationary::OBSERVABLES } else { &["squeezing"] };
    let columns = ensembles.iter().flat_map(|e| kinds.iter().map(move |kind| format!("{kind}({e})")));
    let mut observables: Vec<String> = base.problem.observables.iter().map(|o| o.name.clone()).collect();
    observables.extend(columns.filter(|name| !base.problem.observables.iter().any(|o| o.name == *name)));
    let minimum = |e: &&str| PARAMETERS.map(|(name, _)| format!("minimum squeezing({e}).{name}"));
    let reductions: Vec<String> = if is_stationary {
        ensembles.iter().flat_map(|e| stationary::reductions(e)).collect()
    } else {
        ensembles.iter().flat_map(minimum).collect()
    };
    sets.push(format!("output.observables={}", json!(observables)));
    sets.push(format!("output.reductions={}", json!(reductions)));
    let engines = match request.engines {
        [] => vec![base.engine.name().to_owned()],
        some => some.to_vec(),
    };
    let mut sweeps = vec![format!("engine.kind={}", engines.join(","))];
    sweeps.extend(request.sizes.map(str::to_owned));
    let sweep = Sweep::load(request.study, &sets, &sweeps)?;
    if let Some(text) = request.sizes.filter(|_| sweep.axes[1].values.iter().any(|v| v.number.is_none())) {
        return Err(SweepError::Axis { option: "sweep", text: text.to_owned(), fault: AxisFault::Form });
    }
    Ok(sweep)
}

/// Runs a plan and writes the output folder.
///
/// # Errors
/// [`SweepError`].
pub fn carry_out(
    sweep: &Sweep,
    request: &SqueezingRequest<'_>,
    (limits, clock): (Limits, Clock),
    watch: Watch<'_>,
) -> Result<SqueezingEnd, SweepError> {
    let store = store_beside(request.target, request.force, request.resume)?;
    watch.count.begin("runs", sweep.points.len());
    let points: Vec<_> = sweep.points.iter().collect();
    let done = |point: &crate::sweep::Point| watch.count.done(1, &sweep.words(point));
    let (outcomes, workers) = measure(&points, &store, &limits, watch.interrupted, &done)?;
    let finished = outcomes.iter().filter(|o| !matches!(o, Outcome::Missing)).count();
    if finished < outcomes.len() && watch.stopped() {
        let kept = store.folder().to_owned();
        return Ok(SqueezingEnd::Interrupted { finished, all: outcomes.len(), kept });
    }
    let results = Results::new(sweep, outcomes, workers);
    let findings = Findings::new(&results, linear_noise(request, sweep, watch.interrupted));
    let text = report::text(&results, &findings);
    let folder = OutputFolder::begin(request.target, request.force).map_err(PlaceError::from)?;
    write(&results, &findings, &text, &clock, &folder).map_err(PlaceError::from)?;
    let folder = folder.finish().map_err(PlaceError::from)?;
    store.clear()?;
    Ok(SqueezingEnd::Written { text, converged: results.converged(), folder })
}

/// The minima by linear noise, which are those of infinite N, or why there are none.
fn linear_noise(
    request: &SqueezingRequest<'_>,
    sweep: &Sweep,
    interrupted: &AtomicBool,
) -> Result<Vec<Limit>, String> {
    let reductions: Vec<&str> = sweep.base.reductions.iter().map(|r| r.name.as_str()).collect();
    let ensembles = sweep.base.problem.model().ensembles().iter();
    let observables: Vec<String> = ensembles.map(|e| format!("squeezing({})", e.name)).collect();
    if sweep.base.problem.end == End::Stationary {
        return Err("it is read off the way through time".into());
    }
    let mut sets = request.sets.to_vec();
    sets.push(format!("output.observables={}", json!(observables)));
    sets.push(format!("output.reductions={}", json!(reductions)));
    sets.push("engine.closure=linear-noise".into());
    let study = Study::load_for(request.study, &sets, Some("cumulant")).map_err(|e| e.to_string())?;
    let (attempt, values) =
        attempt_reduced(&study, &study.problem, interrupted).map_err(|e| e.to_string())?;
    if let Some((time, reason)) = attempt.failure {
        return Err(format!("it failed at t = {time}: {reason}"));
    }
    Ok(values.into_iter().map(|value| Limit { reduction: value.name.clone(), value }).collect())
}

/// The laws of all engines, or why there are none.
fn fits(findings: &Findings) -> Json {
    let entry = |s: &Scaling| {
        json!({
            "reduction": s.reduction,
            "engine": s.engine,
            "sizes": s.sizes,
            "law": s.law.as_ref().ok(),
            "reason": s.law.as_ref().err(),
        })
    };
    findings.scalings.iter().map(entry).collect()
}

fn write(
    results: &Results<'_>,
    findings: &Findings,
    text: &str,
    clock: &Clock,
    folder: &OutputFolder,
) -> Result<(), OutputError> {
    let sweep = results.sweep;
    folder.write("squeezing.csv", |file| results.write_csv(file))?;
    folder.write("squeezing.npz", |file| results.arrays().write(file))?;
    folder.write("minima.csv", |file| results.write_reductions(file))?;
    folder.write_json("fits.json", &fits(findings))?;
    folder.write_text("report.txt", text)?;
    folder.write_text("study.toml", sweep.base.text())?;
    let panels = picture::panels(results, findings);
    if !panels.is_empty() {
        let shown = (sweep.title(), sweep.base.plot.separate);
        crate::shown::write_panels(folder, "squeezing", (&shown.0, &panels), shown.1)?;
    }
    let head =
        Head { command: "squeezing", study: &sweep.base.name, configuration: sweep.base.resolved(), clock };
    let bad = results.points().map(|(point, outcome)| (point, Results::reasons(outcome)));
    let manifest = head.manifest(json!({
        "runs": results.outcomes.len(),
        "converged": results.converged(),
        "not_converged": bad
            .filter(|(_, reasons)| !reasons.is_empty())
            .map(|(point, reasons)| json!({ "run": sweep.words(point), "reasons": reasons }))
            .collect::<Vec<_>>(),
        "linear_noise": findings.limits.as_ref().map_or_else(|why| json!(why), |limits| json!(limits)),
    }));
    folder.write_json("manifest.json", &manifest)
}
