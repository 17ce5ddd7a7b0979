//! The program as functions: the command line of a process, and single commands inside of another program.

use std::ffi::OsString;
use std::fmt;
use std::io::{ErrorKind, Write};

use clap::Parser;

use crate::cli::Cli;
use crate::errors::{FAILED, chain, describe, exit_code, is_bad_input, study_error};
use crate::{command, study::StudyError};

pub use crate::command::{Verdict, most_threads};
pub use crate::interrupt::Interrupt;

/// The run went to its end but broke a bound.
const NOT_CONVERGED: u8 = 3;

/// Does what the command line `arguments` asks for, the name of the program first, and gives the exit code: 0 done, 1
/// failed or interrupted, 2 bad input, 3 not converged. Prints results and errors, and takes the signals of the process
/// over; only for programs that are nothing but this command line.
pub fn main<A: Into<OsString> + Clone>(arguments: impl IntoIterator<Item = A>) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed stream is no reason to panic; the exit code still tells.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(FAILED);
        }
    };
    let interrupt = Interrupt::watch();
    let mut out = std::io::stdout().lock();
    let result = command::execute(cli, &mut out, &interrupt).and_then(|verdict| {
        out.flush()?;
        Ok(verdict)
    });
    match result {
        Ok(Verdict::Done) => 0,
        Ok(Verdict::Interrupted | Verdict::CheckFailed | Verdict::CheckpointFailed) => FAILED,
        Ok(Verdict::NotConverged) => NOT_CONVERGED,
        // A reader such as `head` that has seen enough is no failure.
        Err(error) if is_broken_pipe(&error) => 0,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{}", describe(&error));
            exit_code(&error)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == ErrorKind::BrokenPipe)
}

/// Carries out one command, the name of the program first in `arguments`, inside of another program: results go to `out`,
/// signals are left alone, and whoever holds `interrupt` may raise it from another thread. The command works in the
/// thread pool that it is called in, unless `--threads` is among the arguments, which sets the threads of the process.
///
/// # Errors
/// [`Failure`]: the arguments cannot be read, or the command cannot be carried out.
pub fn carry_out<A: Into<OsString> + Clone>(
    arguments: impl IntoIterator<Item = A>,
    out: &mut dyn Write,
    interrupt: &Interrupt,
) -> Result<Verdict, Failure> {
    let cli = Cli::try_parse_from(arguments).map_err(|error| Failure { error: error.into() })?;
    command::execute(cli, out, interrupt).map_err(|error| Failure { error })
}

/// Why a command was not carried out, in words.
#[derive(Debug)]
pub struct Failure {
    error: anyhow::Error,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chain(&self.error))
    }
}

impl std::error::Error for Failure {}

impl Failure {
    /// The fault of the study behind it, if the study is at fault.
    pub fn study_error(&self) -> Option<&StudyError> {
        study_error(&self.error)
    }

    /// True when another study or other arguments would help, false when the machine or a method failed.
    pub fn is_bad_input(&self) -> bool {
        is_bad_input(&self.error) || self.error.is::<clap::Error>()
    }
}
