//! Arguments of the command `squeezing`.

use std::path::PathBuf;

use clap::Args;

use super::{Execution, StudyArguments};

/// `superladder squeezing`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder squeezing data/studies/squeezing.toml
  superladder squeezing data/studies/squeezing.toml --engines exact,cumulant --sweep N=2,3,4,6
  superladder squeezing data/studies/squeezing.toml --steady --engines exact,cumulant --sweep N=2,3
  superladder squeezing study.toml --engines truncated-wigner --sweep N=10,30,100,300

Of every ensemble, xi_S^2 and xi_R^2 over the times of the study, their minima with times, the fit
minimum ~ N^-alpha with an interval where sizes are varied, and the limit of infinite N by linear noise. With --steady the
stationary state: xi_S^2, xi_R^2, Toth's parameters, Fisher bounds, and whether any of them shows entanglement.

The output folder holds squeezing.csv (one row a run and time), minima.csv, fits.json, report.txt, squeezing.svg and
squeezing.png, manifest.json and study.toml. It appears complete or not at all. Ctrl-C stops it; what is finished
stays in DIR.partial beside the output folder, and --resume goes on from there.")]
pub(crate) struct Squeezing {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// The engines, separated by commas [default: that of the study].
    #[arg(short, long, value_delimiter = ',')]
    pub(crate) engines: Vec<String>,
    /// The sizes: a parameter and its values, for instance N=2,4,8 or N=10:1000:5:log.
    #[arg(long = "sweep", value_name = "KEY=VALUES")]
    pub(crate) sizes: Option<String>,
    /// Squeezing where the study ends, with the generalised parameters and the Fisher bounds, and not on the way there.
    #[arg(long)]
    pub(crate) steady: bool,
    /// Output folder [default: out/<name of the study>-squeezing].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the output folder if it exists.
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Go on with what an interrupted command has left; without it, start.
    #[arg(short, long)]
    pub(crate) resume: bool,
    #[command(flatten)]
    pub(crate) execution: Execution,
}
