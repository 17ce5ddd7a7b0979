//! The program: `superladder run study.toml`. Only this file prints errors and ends the process.

mod cli;
mod command;
mod errors;
mod interrupt;
mod log;
mod progress;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use command::Verdict;
use errors::{FAILED, describe, exit_code};
use interrupt::Interrupt;

/// The run went to its end but broke a bound.
const NOT_CONVERGED: u8 = 3;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let interrupt = Interrupt::watch();
    let mut out = std::io::stdout().lock();
    let result = command::execute(cli, &mut out, &interrupt).and_then(|verdict| {
        out.flush()?;
        Ok(verdict)
    });
    match result {
        Ok(Verdict::Done) => ExitCode::SUCCESS,
        Ok(Verdict::Interrupted | Verdict::CheckFailed | Verdict::CheckpointFailed) => ExitCode::from(FAILED),
        Ok(Verdict::NotConverged) => ExitCode::from(NOT_CONVERGED),
        // A reader such as `head` that has seen enough is no failure.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed standard error is no reason to panic; the exit code still tells.
            let _ = writeln!(std::io::stderr(), "{}", describe(&error));
            ExitCode::from(exit_code(&error))
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}
