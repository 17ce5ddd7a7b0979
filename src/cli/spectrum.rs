//! Arguments of `superladder spectrum`, and of all searches for stationary states.

use std::path::PathBuf;

use clap::Args;

use super::{Execution, Pauses, StudyArguments};

/// How a search for a stationary state is kept, and when it ends.
#[derive(Debug, Args)]
pub(crate) struct Keep {
    /// Continue an interrupted search from its checkpoint; without a checkpoint, start.
    #[arg(short, long)]
    pub(crate) resume: bool,
    #[command(flatten)]
    pub(crate) pauses: Pauses,
}

/// `superladder spectrum`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder spectrum data/studies/superradiant-laser.toml
  superladder spectrum data/studies/mollow.toml --set parameters.rabi=8
  superladder spectrum study.toml --set 'correlations.0.frequencies={from=-2,to=2,points=401}'

The study says in tables [[correlations]] what is asked for: a ready one (`superladder list
correlations`) or operators of its own. S(w) = 2 Re int_0^inf exp(-i w tau) <A(t+tau) B(t)>_c dtau, so
that a mode of frequency w_0 peaks at +w_0; the coherent part is told apart. Every spectrum is found
by two methods, and once more at cutoffs lower by an eighth; the exit code is 3 where they differ.

The engine must be 'exact', 'cumulant' or, for correlations alone, 'trajectories'. The output folder holds NAME-correlation.csv (correlation, its error, g1
or g2) and NAME-spectrum.csv (S with its error) of every correlation, lines.csv (centres, widths,
areas), report.txt, spectrum.svg and spectrum.png, manifest.json and study.toml. The state is the
stationary one of the last stage; a correlation with `start = 5.0` begins in the state at that time,
after the quenches up to then, and has no spectrum. Ctrl-C stops the search with a checkpoint,
DIR.checkpoint beside the output folder; --resume goes on from the state that was found.")]
pub(crate) struct Spectrum {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// Output folder [default: out/<name of the study>-spectrum].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the output folder if it exists.
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Largest |L rho|_1 of a state that counts as stationary.
    #[arg(long, default_value_t = 1e-11)]
    pub(crate) tolerance: f64,
    /// Do not make sure by a second solution that there is one stationary state only.
    #[arg(long)]
    pub(crate) assume_unique: bool,
    /// Begin the search at this saved state (file or folder), which `steady --save-state` has written.
    #[arg(long, value_name = "STATE")]
    pub(crate) from: Option<PathBuf>,
    /// Do not find everything once more at smaller cutoffs; errors then do not hold what the cutoffs do.
    #[arg(long)]
    pub(crate) assume_cutoffs: bool,
    #[command(flatten)]
    pub(crate) keep: Keep,
    #[command(flatten)]
    pub(crate) execution: Execution,
}
