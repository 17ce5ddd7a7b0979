//! Arguments of the commands of mean field.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Execution, StudyArguments};

/// `superladder fixed-points`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder fixed-points data/studies/quickstart.toml
  superladder fixed-points study.toml --set parameters.lambda=0.6 --json")]
pub(crate) struct MeanFieldStudy {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The two axes of a map and where it goes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder stability study.toml --x lambda=0:0.8:41 --y gamma_up=0:1:51")]
pub(crate) struct Map {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// Horizontal axis, KEY=START:END:POINTS; the key is a parameter or dotted, as for --set.
    #[arg(long, value_name = "KEY=RANGE")]
    pub(crate) x: String,
    /// Vertical axis, KEY=START:END:POINTS.
    #[arg(long, value_name = "KEY=RANGE")]
    pub(crate) y: String,
    /// Output folder [default: out/<name of the study>-<command>].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the output folder if it exists.
    #[arg(short, long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) execution: Execution,
}

/// `superladder phases`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder phases study.toml --x lambda=0:0.8:41 --y gamma_up=0:1:51
  superladder phases study.toml --x lambda=0:0.8:41 --y gamma_up=0:1:51 --resume

Every point is integrated over the whole time, burn and window; the phase must be the same in both halves of the window.
The output folder holds phases.csv, phases.npz, lines.csv (linear stability, by root finding), phases.svg,
phases.png, manifest.json and study.toml.")]
pub(crate) struct Phases {
    #[command(flatten)]
    pub(crate) map: Map,
    /// Time before the window.
    #[arg(long, value_name = "TIME", default_value_t = 6000.0)]
    pub(crate) burn: f64,
    /// Length of the window in which means, amplitudes and exponents are measured.
    #[arg(long, value_name = "TIME", default_value_t = 3000.0)]
    pub(crate) window: f64,
    /// Go on with an interrupted diagram without repeating what is finished.
    #[arg(short, long)]
    pub(crate) resume: bool,
}

/// `superladder limit-cycles`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder limit-cycles study.toml
  superladder limit-cycles study.toml --follow lambda=0.5:0.52:11
  superladder limit-cycles study.toml --follow lambda=0.63:0.6:16 -o out/branch

A branch is followed from the first value, around saddle-nodes, until it leaves the range; every change of stability is
located to 1e-7 and named: Pitchfork, SaddleNode, BranchPoint, PeriodDoubling, Torus. With -o the folder holds
cycle.json, branch.csv, bifurcations.csv, branch.svg and branch.png, manifest.json and study.toml.")]
pub(crate) struct LimitCycles {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// Time to settle before the first search; the search goes on up to 8 times as long.
    #[arg(long, value_name = "TIME", default_value_t = 3000.0)]
    pub(crate) burn: f64,
    /// Where the flow starts.
    #[arg(long, value_enum, default_value_t = CycleStart::Normal)]
    pub(crate) start: CycleStart,
    /// Follow the cycle over a parameter and name its bifurcations: KEY=START:END:POINTS, which also sets the
    /// longest step.
    #[arg(long, value_name = "KEY=RANGE")]
    pub(crate) follow: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Output folder [default: none, the results are printed only].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the output folder if it exists.
    #[arg(short, long)]
    pub(crate) force: bool,
}

/// Where the search for a cycle starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CycleStart {
    /// Near the normal state; the initial state of the study is not used.
    Normal,
    /// In the initial state of the study.
    Study,
}

/// `superladder lyapunov`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder lyapunov study.toml --time 20000")]
pub(crate) struct Lyapunov {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// Time before averaging begins.
    #[arg(long, value_name = "TIME", default_value_t = 5000.0)]
    pub(crate) burn: f64,
    /// Time of the average; errors by blocks whose length is found from the data.
    #[arg(long, value_name = "TIME", default_value_t = 20000.0)]
    pub(crate) time: f64,
    /// Fixed step of the method of order 8.
    #[arg(long, value_name = "TIME", default_value_t = 0.2)]
    pub(crate) step: f64,
}

/// `superladder reproduce`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder reproduce fig3
  superladder reproduce superradiant-burst one-axis-twisting
  superladder reproduce all --quick
  superladder reproduce fig2 fig6 --points 101 -o paper

Figures of O. Chelpanova et al., PRB 108, 104302 (2023). fig2: phase diagram; fig3: quench into lasing; fig4, fig5, fig7:
stability of the normal state; fig6: phase diagram with Gilbert damping; fig9: from L1 to L2. The studies behind
them are data/studies/paper-fig2.toml, paper-fig3.toml, paper-fig5.toml and paper-fig6.toml.

Results of others: superradiant-burst, steady-superradiance, superradiant-linewidth, tilted-spins, dicke-local-decay,
driven-superradiance, tavis-cummings-laser, resonance-fluorescence, one-axis-twisting, cumulant-laser. Each runs a study of
data/studies at some points and holds it against closed forms, publications and independent code, within tolerances.

Every figure has a folder of its own with figure.svg, figure.png, its data as CSV, claims.csv and report.txt
(what is said or known and what is found), manifest.json and study.toml; it appears complete or not at all. Ctrl-C
stops; finished figures and finished pieces of the one at work are kept, and --resume goes on.")]
#[allow(clippy::struct_excessive_bools, reason = "every flag of the command is one")]
pub(crate) struct Reproduce {
    /// Figures, or `all`.
    #[arg(value_name = "FIGURE", required = true)]
    pub(crate) figures: Vec<String>,
    /// Coarse and short: 17 points, burn 3000, window 1500.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Points of a phase diagram along the horizontal axis, four fifths of it along the vertical one;
    /// stability maps have twice as many [default: 51].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(3..=2001))]
    pub(crate) points: Option<u16>,
    /// Time before phases are classified [default: 6000].
    #[arg(long, value_name = "TIME")]
    pub(crate) burn: Option<f64>,
    /// Time over which they are [default: 3000].
    #[arg(long, value_name = "TIME")]
    pub(crate) window: Option<f64>,
    /// Folder of the figures' folders [default: out/reproduce].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Replace figures that exist.
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Go on after an interruption without repeating what is finished.
    #[arg(short, long)]
    pub(crate) resume: bool,
    #[command(flatten)]
    pub(crate) execution: Execution,
}
