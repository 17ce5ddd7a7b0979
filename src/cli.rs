//! The command line.

mod breakdown;
mod mean_field;
mod picture;
mod run;
mod shown;
mod spectrum;
mod squeezing;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use superladder::analysis::DISAGREEMENT;
use superladder::workflows::converge;

pub(crate) use breakdown::Breakdown;
pub(crate) use mean_field::{CycleStart, LimitCycles, Lyapunov, Map, MeanFieldStudy, Phases, Reproduce};
pub(crate) use picture::Picture;
pub(crate) use run::{Merge, Pauses, Run};
pub(crate) use shown::Shown;
pub(crate) use spectrum::{Keep, Spectrum};
pub(crate) use squeezing::Squeezing;

/// Exact finite-N quantum solver for driven-dissipative light-matter and spin ensembles.
#[derive(Debug, Parser)]
#[command(name = "superladder", version, max_term_width = 100, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 done, 1 run failed or interrupted, 2 bad input, 3 ran but not converged.\n
Examples:
  superladder init my-study.toml           write a commented starter study
  superladder run my-study.toml            run it; results in out/my-study
  superladder list channels                what a study can contain"
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a study and write tables, arrays, a manifest and an overview plot.
    Run(Run),
    /// Merge runs of the engine 'trajectories' over different indices: the same bits as one run over all of
    /// them.
    Merge(Merge),
    /// Find where mean field breaks down: t_E(N) by several engines, its exponent and a picture.
    Breakdown(Breakdown),
    /// Run a study over a grid or list of parameters; resumable, one tidy table, picture.
    Sweep(Sweep),
    /// Find the spin squeezing of every ensemble by several engines and sizes: minima, scaling with N, picture.
    Squeezing(Squeezing),
    /// Draw a state: Wigner or Husimi function of a mode, Husimi function of an ensemble, at a time or stationary.
    Picture(Picture),
    /// Vary the numerical settings of a study: is every observable converged, and what is cheapest?
    Converge(Converge),
    /// Run a study with several engines and hold them against each other: table, picture.
    Compare(Compare),
    /// Find the stationary state of a study: observables with errors, how many there are, slow modes.
    Steady(Steady),
    /// Find correlations of two times and spectra of a stationary state: g1, g2, lines with widths and errors.
    Spectrum(Spectrum),
    /// Print the fixed points of mean field with their eigenvalues.
    FixedPoints(MeanFieldStudy),
    /// Print the closed formulas of the reference model (polaritons, thresholds, limits) at a study's
    /// numbers.
    #[command(after_help = "Examples:
  superladder formulas data/studies/quickstart.toml
  superladder formulas study.toml --set lambda=0.6 --json")]
    Formulas(MeanFieldStudy),
    /// Map the number of growing perturbations of the normal and superradiant states over two parameters.
    Stability(Map),
    /// Print the limit cycle that mean field settles on: period, waveforms, Floquet multipliers.
    LimitCycles(LimitCycles),
    /// Print the Lyapunov exponents of mean field with their errors.
    Lyapunov(Lyapunov),
    /// Draw the phase diagram of mean field over two parameters; resumable.
    Phases(Phases),
    /// Reproduce figures of the source paper: data, pictures and a table 'paper says / we find'; resumable.
    Reproduce(Reproduce),
    /// Print the moment equations derived from a study, as text or LaTeX.
    Equations(Equations),
    /// Print what a run would need: sectors, symmetries, unknowns, memory, matrix elements.
    Inspect(Inspect),
    /// List what a study can contain, with arguments and formulas.
    List(List),
    /// Write a commented starter study.
    Init(Init),
    /// Write the Liouvillian of a study as a sparse matrix (Matrix Market, and .npz for SciPy).
    Export(Export),
    /// Check the program against a dense 2^N brute force, closed forms and itself; prints a table.
    Verify,
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page (roff), or write those of all commands.
    Man {
        /// Write the pages of the program and of every command into this folder, which must exist.
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
    },
}

/// What every command that reads a study takes.
#[derive(Debug, Args)]
pub(crate) struct StudyArguments {
    /// The study file (TOML).
    pub(crate) study: PathBuf,
    /// Change a value of the study, for instance `parameters.lambda=0.3`, `modes.a.cutoff=20`,
    /// `method.name=krylov` or `channels.1.rate=0.2` (list entries are numbered from 0); repeatable.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) sets: Vec<String>,
}

/// What every long command takes.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Execution {
    /// Number of threads [default: all cores].
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
    /// Print nothing but errors.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// `superladder sweep`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder sweep study.toml --sweep lambda=0.1:0.9:17
  superladder sweep study.toml --sweep lambda=0.1:0.9:17 --sweep N=2,3,4
  superladder sweep study.toml --sweep kappa=0.01:1:5:log --sweep engine.kind=exact,cumulant
  superladder sweep study.toml --sweep modes.a.cutoff=10,14,18 --resume

Points run side by side as far as threads and memory allow. Ctrl-C stops a sweep; what is finished stays in
DIR.partial beside the output folder, and --resume goes on from there. A point that fails is a row of summary.csv
with its reason; the others go on.

The output folder holds sweep.csv (one row a point and time), summary.csv (one row a point), sweep.svg and
sweep.png (final values), manifest.json and study.toml. It appears complete or not at all.")]
pub(crate) struct Sweep {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// What to vary: KEY=START:END:POINTS, evenly spaced (with :log, in the logarithm), or
    /// KEY=VALUE,VALUE,...; the key is a parameter or dotted, as for --set; repeatable, for all combinations.
    #[arg(long = "sweep", value_name = "KEY=VALUES", required = true)]
    pub(crate) sweeps: Vec<String>,
    #[command(flatten)]
    pub(crate) shown: Shown,
    /// Output folder [default: out/<name of the study>-sweep].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the output folder if it exists.
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Go on with an interrupted sweep without repeating what is finished; without one, start.
    #[arg(short, long)]
    pub(crate) resume: bool,
    #[command(flatten)]
    pub(crate) execution: Execution,
}

/// `superladder converge`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder converge study.toml
  superladder converge study.toml --vary cutoff --tolerance 1e-3
  superladder converge study.toml --set modes.a.cutoff=12 --set parameters.lambda=0.7

Cutoffs: the study's, two smaller and one larger of every mode. Tolerance: times and divided by 10 and 100.
Method: every one that fits the engine. Exit code 3 when the study's own setting is not converged.

The output folder holds converge.csv and converge.json (changes, estimates, verdicts), report.txt, converge.svg
and converge.png, manifest.json and study.toml. It appears complete or not at all.")]
pub(crate) struct Converge {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// What to vary, separated by commas.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "cutoff,tolerance,method,number,truncation,order,closure"
    )]
    pub(crate) vary: Vec<Vary>,
    /// Largest error allowed, relative to the largest value of each observable.
    #[arg(long, value_name = "X", default_value_t = 1e-4, value_parser = fraction)]
    pub(crate) tolerance: f64,
    /// Output folder [default: out/<name of the study>-converge].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the output folder if it exists.
    #[arg(short, long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) execution: Execution,
}

/// What a convergence study can vary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Vary {
    /// The Fock cutoff of every mode.
    Cutoff,
    /// The tolerance of the method, or its fixed step.
    Tolerance,
    /// The method.
    Method,
    /// The number of trajectories.
    Number,
    /// What windows and moving bases of trajectories may discard.
    Truncation,
    /// The order of cumulants.
    Order,
    /// The closure of cumulants.
    Closure,
}

impl From<Vary> for converge::Vary {
    fn from(vary: Vary) -> Self {
        match vary {
            Vary::Cutoff => Self::Cutoff,
            Vary::Tolerance => Self::Tolerance,
            Vary::Method => Self::Method,
            Vary::Number => Self::Number,
            Vary::Truncation => Self::Truncation,
            Vary::Order => Self::Order,
            Vary::Closure => Self::Closure,
        }
    }
}

/// A number between 0 and 1.
fn fraction(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|x| *x > 0.0 && *x < 1.0);
    value.ok_or_else(|| "must be a number in (0, 1)".to_owned())
}

/// `superladder compare`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder compare data/studies/first-run.toml
  superladder compare study.toml --engines mean-field,cumulant --set parameters.N=50
  superladder compare study.toml --engines trajectories,exact --require-agreement --tolerance 0.02

The last engine is the reference of the table of largest deviations. That an engine disagrees with it is a result and
no failure: exit code 0, unless --require-agreement is given. An engine that does not keep its own bounds is not
converged: exit code 3. The output folder holds compare.csv
(every observable by every engine), report.txt, compare.svg and compare.png, manifest.json and study.toml.")]
pub(crate) struct Compare {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// The engines, separated by commas; the last one is the reference.
    #[arg(short, long, value_delimiter = ',', default_value = "mean-field,cumulant,exact")]
    pub(crate) engines: Vec<String>,
    /// An engine disagrees beyond this part of the largest value of the reference, and four standard errors.
    #[arg(long, value_name = "FRACTION", default_value_t = DISAGREEMENT, value_parser = fraction)]
    pub(crate) tolerance: f64,
    /// End with exit code 3 when an engine disagrees with the reference.
    #[arg(long)]
    pub(crate) require_agreement: bool,
    #[command(flatten)]
    pub(crate) shown: Shown,
    /// Output folder [default: out/<name of the study>-compare].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the output folder if it exists.
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Print nothing but errors.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// `superladder steady`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder steady data/studies/tavis-cummings-laser.toml
  superladder steady study.toml --set parameters.kappa=0.5 --modes 8

The engine must be 'exact', 'cumulant' or 'trajectories'. The output folder holds steady.csv (every observable with its error), modes.csv
(slow eigenvalues by charge difference), report.txt, modes.svg and modes.png, manifest.json and study.toml.
Several stationary states are told; shown is the limit of the initial state under the last stage.
Ctrl-C stops a search with a checkpoint, DIR.checkpoint beside the output folder; --resume goes on from the state
that was found so far.")]
pub(crate) struct Steady {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// Output folder [default: out/<name of the study>-steady].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the output folder if it exists.
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Largest |L rho|_1 of a state that counts as stationary.
    #[arg(long, default_value_t = 1e-10)]
    pub(crate) tolerance: f64,
    /// Slow eigenvalues wanted per charge difference; 0 for none.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(0..=40))]
    pub(crate) modes: u8,
    /// Do not make sure by a second solution that there is one stationary state only.
    #[arg(long)]
    pub(crate) assume_unique: bool,
    /// Begin the search at this saved state (file or folder): of a neighbour in parameters, or of lower cutoffs.
    #[arg(long, value_name = "STATE")]
    pub(crate) from: Option<PathBuf>,
    /// Write the state itself, state.superladder, for `[initial] state = "file"` of other studies.
    #[arg(long)]
    pub(crate) save_state: bool,
    #[command(flatten)]
    pub(crate) keep: Keep,
    #[command(flatten)]
    pub(crate) execution: Execution,
}

/// `superladder equations`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder equations data/studies/first-run.toml
  superladder equations study.toml --order 1 --numbers
  superladder equations study.toml --closure symmetrised --latex")]
pub(crate) struct Equations {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// Joint cumulants above this order are set to zero.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=6))]
    pub(crate) order: u8,
    /// The closure: sites, symmetrised, linear-noise or casimir.
    #[arg(long, default_value = "sites")]
    pub(crate) closure: String,
    /// Print LaTeX.
    #[arg(long)]
    pub(crate) latex: bool,
    /// Print the values of parameters in place of their names.
    #[arg(long)]
    pub(crate) numbers: bool,
}

/// `superladder inspect`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder inspect study.toml
  superladder inspect study.toml --set parameters.N=12 --json")]
pub(crate) struct Inspect {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `superladder list`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder list channels
  superladder list observables --json")]
pub(crate) struct List {
    /// What to list.
    pub(crate) what: Listing,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Tables that can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Listing {
    /// Dissipation, pumping and dephasing.
    Channels,
    /// Terms of the Hamiltonian.
    Interactions,
    /// What can be measured.
    Observables,
    /// Numbers read off columns over time.
    Reductions,
    /// Correlations of two times.
    Correlations,
    /// Propagators and their options.
    Methods,
    /// Initial states of modes and ensembles.
    States,
    /// Engines and their keys.
    Engines,
    /// Criteria of the breakdown of mean field.
    Criteria,
    /// Tables and keys of a study file.
    Keys,
}

/// `superladder init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The file to write.
    #[arg(default_value = "study.toml")]
    pub(crate) file: PathBuf,
    /// Overwrite the file if it exists.
    #[arg(short, long)]
    pub(crate) force: bool,
}

/// `superladder export`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  superladder export study.toml liouvillian.npz    # scipy.sparse.load_npz
  superladder export study.toml liouvillian.mtx    # Matrix Market
  superladder export study.toml all.npz --set engine.symmetries=false

The .npz also holds `sector`, `twice_j`, `ket` and `bra` of every unknown (photon numbers, then 2m), the
`initial` state, and `expectations` (their `names` beside): sum_k expectations[o, k] rho[k].")]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// The file to write; its extension, .npz or .mtx, chooses the format.
    pub(crate) file: PathBuf,
    /// Overwrite the file if it exists.
    #[arg(short, long)]
    pub(crate) force: bool,
}
