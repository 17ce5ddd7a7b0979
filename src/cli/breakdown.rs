//! Arguments of the command `breakdown`.

use std::path::PathBuf;

use clap::Args;
use superladder::workflows::breakdown::Shard;

use super::{Execution, StudyArguments};

/// `superladder breakdown`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder breakdown data/studies/quickstart.toml
  superladder breakdown study.toml -o out/tight --set breakdown.threshold=0.05
  superladder breakdown study.toml --shard 0/4 -o out/part-0
  superladder merge out/part-0 out/part-1 out/part-2 out/part-3 -o out/all

The study's table [breakdown] names the criteria, the threshold and, in [[breakdown.engines]], the
engines and sizes. Every engine starts from the same product state as mean field.

Ctrl-C stops it; the engines and sizes that are finished stay in DIR.partial beside the output folder, and --resume
goes on from there.

The output folder holds summary.csv (one line an engine and criterion), t_E.csv (one line a crossing), t_W.csv (where
distributions are compared), ratios.csv, fit.json, joint.json, report.txt, the pictures breakdown, ratios and exponents,
manifest.json and study.toml. It appears complete or not at all.

With --shard I/N only every N-th run is made, from number I on; `superladder merge` makes the whole of all parts.")]
pub(crate) struct Breakdown {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// Output folder [default: out/<name of the study>].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the output folder if it exists.
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Continue an interrupted breakdown: finished runs are not repeated.
    #[arg(short, long)]
    pub(crate) resume: bool,
    /// Make one part of N only, numbered from 0: for job arrays.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub(crate) shard: Option<Shard>,
    #[command(flatten)]
    pub(crate) execution: Execution,
}

/// A part of a breakdown.
fn shard(text: &str) -> Result<Shard, String> {
    let pair = text.split_once('/').and_then(|(i, n)| Some((i.trim().parse().ok()?, n.trim().parse().ok()?)));
    pair.and_then(|(index, count)| Shard::new(index, count))
        .ok_or_else(|| "must be I/N with whole numbers 0 <= I < N, such as 0/4".to_owned())
}
