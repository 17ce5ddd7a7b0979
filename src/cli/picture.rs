//! Arguments of the command `picture`.

use std::path::PathBuf;

use clap::Args;

use super::{Execution, StudyArguments};

/// `superladder picture`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder picture data/studies/squeezing.toml --of 'husimi(S)' --at 2.5
  superladder picture data/studies/squeezing.toml --of 'wigner(a)' --at 5.5 --points 120
  superladder picture data/studies/squeezing.toml --of 'husimi(a)' --at steady

The Wigner function is (2/pi) tr[D(alpha)^dag rho D(alpha) (-1)^n], the Husimi function <alpha|rho|alpha>/pi, that of an ensemble
sum_j (2j+1)/(4 pi) <j;n|rho_j|j;n>. Engines: exact, and trajectories (averaged).

The output folder holds picture.csv (one row a point), picture.svg and picture.png, report.txt, manifest.json and study.toml.")]
pub(crate) struct Picture {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// What is drawn: husimi(x) of a mode or ensemble, wigner(a) of a mode.
    #[arg(long, value_name = "FUNCTION")]
    pub(crate) of: String,
    /// The time of the state, or steady.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) at: String,
    /// Points along each axis.
    #[arg(long, default_value_t = 100)]
    pub(crate) points: usize,
    /// Output folder [default: out/<name of the study>-picture].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the output folder if it exists.
    #[arg(short, long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) execution: Execution,
}
