//! The commands, one file each.

mod breakdown;
mod compare;
mod converge;
mod cycles;
mod equations;
mod export;
mod formulas;
mod init;
mod inspect;
mod list;
mod maps;
mod mean_field;
mod picture;
mod reproduce;
mod run;
mod spectrum;
mod squeezing;
mod steady;
mod sweep;
mod verify;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::CommandFactory;
use superladder::engine::EngineError;
use superladder::study::{Study, StudyError};
use thiserror::Error;

use crate::cli::{Cli, Command, StudyArguments};
use crate::interrupt::Interrupt;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Well.
    Done,
    /// Stopped by Ctrl-C or by the time limit.
    Interrupted,
    /// Well, but for a checkpoint that could not be written.
    CheckpointFailed,
    /// A bound was broken.
    NotConverged,
    /// A cross-check failed.
    CheckFailed,
}

/// Arguments that cannot be carried out.
#[derive(Debug, Error)]
pub(crate) enum BadInput {
    /// A file is in the way.
    #[error("the file '{0}' exists; give another name, or --force to overwrite it")]
    FileExists(String),
    /// A folder that is not there.
    #[error("--folder {0}: no such folder; make it first")]
    NoFolder(String),
    /// A saved state that cannot be read.
    #[error("--from: {0}")]
    SavedState(superladder::study::SavedStateError),
    /// An engine that does not exist.
    #[error("unknown engine '{name}'; known: {known}")]
    UnknownEngine {
        /// The name.
        name: String,
        /// All known names.
        known: String,
    },
    /// The moment equations do not exist so.
    #[error(transparent)]
    Derivation(#[from] superladder::cumulant::CumulantError),
    /// The mean-field equations of the study do not exist so.
    #[error(transparent)]
    MeanField(#[from] superladder::mean_field::MeanFieldError),
    /// A figure that cannot be reproduced.
    #[error(
        "unknown figure '{name}'; known: {known} (fig8 is `superladder breakdown data/studies/paper-fig8.toml`)"
    )]
    UnknownFigure {
        /// The name.
        name: String,
        /// All known names.
        known: String,
    },
    /// The closed formulas are those of another model.
    #[error(transparent)]
    Formulas(superladder::mean_field::ReferenceError),
    /// An option out of its range.
    #[error("--{name} must be {allowed}, but is {found}")]
    Option {
        /// The option.
        name: &'static str,
        /// What it may be.
        allowed: &'static str,
        /// What was given.
        found: String,
    },
    /// Threads that would starve each other.
    #[error("--threads must be from 1 to {most} on this machine with {cores} core(s), but is {found}")]
    Threads {
        /// What was given.
        found: u16,
        /// The most that are started.
        most: usize,
        /// Cores of the machine.
        cores: usize,
    },
    /// A matrix has one size.
    #[error(
        "the cutoff of mode '{0}' follows the state, but a matrix has one size; give a number, for instance --set modes.{0}.cutoff=12"
    )]
    AdaptiveCutoff(String),
    /// A file name without a known extension.
    #[error("'{0}' must end in .npz (SciPy) or .mtx (Matrix Market)")]
    UnknownFormat(String),
}

/// Carries out a command, printing to `out`.
pub(crate) fn execute(cli: Cli, out: &mut dyn Write, interrupt: &Interrupt) -> anyhow::Result<Verdict> {
    match cli.command {
        Command::Run(arguments) => return run::run(&arguments, out, interrupt),
        Command::Merge(arguments) => return run::merge(&arguments, out),
        Command::Breakdown(arguments) => return breakdown::breakdown(&arguments, out, interrupt),
        Command::Sweep(arguments) => return sweep::sweep(&arguments, out, interrupt),
        Command::Squeezing(arguments) => return squeezing::squeezing(&arguments, out, interrupt),
        Command::Picture(arguments) => return picture::picture(&arguments, out, interrupt),
        Command::Converge(arguments) => return converge::converge(&arguments, out, interrupt),
        Command::Compare(arguments) => return compare::compare(&arguments, out, interrupt),
        Command::Steady(arguments) => return steady::steady(&arguments, out, interrupt),
        Command::Spectrum(arguments) => return spectrum::spectrum(&arguments, out, interrupt),
        Command::FixedPoints(arguments) => mean_field::fixed_points(&arguments, out)?,
        Command::Stability(arguments) => return maps::stability(&arguments, out),
        Command::LimitCycles(arguments) => return cycles::limit_cycles(&arguments, out, interrupt),
        Command::Lyapunov(arguments) => return mean_field::lyapunov(&arguments, out),
        Command::Phases(arguments) => return maps::phases(&arguments, out, interrupt),
        Command::Formulas(arguments) => formulas::formulas(&arguments, out)?,
        Command::Reproduce(arguments) => return reproduce::reproduce(&arguments, out, interrupt),
        Command::Equations(arguments) => equations::equations(&arguments, out)?,
        Command::Inspect(arguments) => inspect::inspect(&arguments, out)?,
        Command::List(arguments) => list::list(&arguments, out)?,
        Command::Init(arguments) => init::init(&arguments, out)?,
        Command::Export(arguments) => export::export(&arguments, out)?,
        Command::Verify => {
            return Ok(if verify::verify(out)? { Verdict::Done } else { Verdict::CheckFailed });
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "superladder", &mut &mut *out);
        }
        Command::Man { folder: None } => clap_mangen::Man::new(Cli::command()).render(&mut &mut *out)?,
        Command::Man { folder: Some(folder) } => {
            if !folder.is_dir() {
                return Err(BadInput::NoFolder(folder.display().to_string()).into());
            }
            let written = || format!("cannot write the manual pages into '{}'", folder.display());
            clap_mangen::generate_to(Cli::command(), &folder).with_context(written)?;
        }
    }
    Ok(Verdict::Done)
}

fn load(arguments: &StudyArguments) -> Result<Study, StudyError> {
    Study::load(&arguments.study, &arguments.sets)
}

/// The output folder that is asked for, or the one of this name.
fn output_folder(asked: Option<&PathBuf>, name: &str) -> PathBuf {
    asked.cloned().unwrap_or_else(|| Path::new("out").join(name))
}

/// The most threads that may be asked for on this machine: more only get into each other's way.
pub fn most_threads() -> usize {
    /// So many for every core.
    const PER_CORE: usize = 8;
    /// So many may be started on any machine.
    const ALWAYS: usize = 64;
    ALWAYS.max(PER_CORE * cores())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Sets the number of threads, if one is asked for.
fn start_threads(threads: Option<u16>) -> anyhow::Result<()> {
    let most = most_threads();
    if let Some(threads) = threads {
        if usize::from(threads) > most {
            return Err(BadInput::Threads { found: threads, most, cores: cores() }.into());
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into());
        pool.build_global().context("cannot start the threads")?;
    }
    Ok(())
}

/// Puts an engine's refusal at its place in the study; other errors pass as they are.
fn placed(study: &Study, error: EngineError) -> anyhow::Error {
    study.refusal(error).map_or_else(Into::into, Into::into)
}
