//! Arguments of the commands `run` and `merge`.

use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use super::{Execution, Shown, StudyArguments};

/// `superladder run`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder run data/studies/first-run.toml
  superladder run study.toml -o out/strong --set parameters.lambda=0.7 --force
  superladder run study.toml --set method.name=krylov --threads 2 --quiet
  superladder run study.toml --show                 draw the curves in the terminal
  superladder run study.toml --time-limit 3500      stop in time, with a checkpoint
  superladder run study.toml --resume               and go on
  superladder run study.toml --resume --set time.end=20 --set time.points=201   a finished run to later times
  superladder run study.toml --indices 500..1000    one part of many trajectories; see `merge`

The folder of a finished run keeps where it has come to (run.checkpoint, up to 128 MiB): with --resume it goes on to
later times, if nothing but `time.end`, with `points` or `step`, has changed and the output times go on. The numbers are
those of a run to there at once, in every bit where steps end at the output times (low-storage, exact_stops, Magnus steps).
Runs of engines that sample, and cutoffs that follow the state, begin anew.
With the engine 'trajectories', --resume adds trajectories to an interrupted or a finished run, up to
`engine.trajectories`, and repeats none.
Ctrl-C stops a run with a checkpoint, DIR.checkpoint beside the output folder.
The output folder holds observables.csv, observables.npz (NumPy), manifest.json, study.toml
(as run), overview.svg and overview.png, report.html (all of it in one page, with values on
hover), figure.py (draws the picture with matplotlib), and run.checkpoint. It appears complete or not at all.")]
#[allow(clippy::struct_excessive_bools, reason = "every flag of the command is one")]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// Output folder [default: out/<name of the study>].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the output folder if it exists.
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Continue an interrupted run from its checkpoint, to the same bits, or a finished one to later times; without
    /// either, start.
    #[arg(short, long)]
    pub(crate) resume: bool,
    /// Write the state at the last time too, state.superladder, for `[initial] state = "file"` of other studies.
    #[arg(long)]
    pub(crate) save_state: bool,
    /// Run the trajectories with these indices only, in place of 0..`engine.trajectories`.
    #[arg(long, value_name = "A..B", value_parser = indices)]
    pub(crate) indices: Option<Range<u64>>,
    /// Draw the curves in the terminal too, as wide as it is or as COLUMNS says.
    #[arg(long)]
    pub(crate) show: bool,
    #[command(flatten)]
    pub(crate) shown: Shown,
    #[command(flatten)]
    pub(crate) pauses: Pauses,
    #[command(flatten)]
    pub(crate) execution: Execution,
}

/// When long work is kept, and when it ends.
#[derive(Debug, Args)]
pub(crate) struct Pauses {
    /// Seconds between two checkpoints; 0 writes one as often as possible.
    #[arg(long, value_name = "SECONDS", default_value_t = 600.0, value_parser = seconds)]
    checkpoint_interval: f64,
    /// Stop after this time on the clock, with a checkpoint.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    time_limit: Option<f64>,
}

impl Pauses {
    /// Time between two checkpoints.
    pub(crate) fn interval(&self) -> Duration {
        duration(self.checkpoint_interval)
    }

    /// When work ends that began then.
    pub(crate) fn deadline(&self, begun: Instant) -> Option<Instant> {
        self.time_limit.and_then(|seconds| begun.checked_add(duration(seconds)))
    }
}

/// Seconds as a duration; more than any clock can count are as good as for ever.
fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

/// A duration: a finite number of seconds >= 0.
fn seconds(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|s| s.is_finite() && *s >= 0.0);
    value.ok_or_else(|| "must be a number of seconds >= 0".to_owned())
}

/// A half-open range of trajectories.
fn indices(text: &str) -> Result<Range<u64>, String> {
    let ends =
        text.split_once("..").and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
    match ends {
        Some((start, end)) if start < end => Ok(start..end),
        _ => {
            Err("must be A..B with whole numbers A < B: the trajectories A to B - 1, at least one".to_owned())
        }
    }
}

/// `superladder merge`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder run study.toml --indices 0..500 -o out/part-0
  superladder run study.toml --indices 500..1000 -o out/part-1
  superladder merge out/part-0 out/part-1 -o out/all

The parts must be of the same study; only how many trajectories it asks for may differ. They may be
interrupted runs. The merged folder can be merged and continued (`run --resume`) like any other.

Parts of `breakdown --shard` are merged in the same way: all tables, fits and pictures of the whole.")]
pub(crate) struct Merge {
    /// Output folders of `run` or of `breakdown --shard`, or files trajectories.sums.
    #[arg(required = true, value_name = "DIR")]
    pub(crate) parts: Vec<PathBuf>,
    /// Output folder.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Replace the output folder if it exists.
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Use what is whole of files that are damaged.
    #[arg(long)]
    pub(crate) salvage: bool,
    /// Print nothing but errors.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}
