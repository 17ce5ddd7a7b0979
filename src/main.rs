//! The program: `superladder run study.toml`. Only this file prints errors and ends the process.

mod cli;
mod command;
mod progress;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use miette::{GraphicalReportHandler, GraphicalTheme};
use superladder::breakdown::BreakdownError;
use superladder::checkpoint::CheckpointError;
use superladder::config::ConfigError;
use superladder::convergence::ConvergenceError;
use superladder::engine::EngineError;
use superladder::output::OutputError;
use superladder::samples::SamplesError;
use superladder::sweep::SweepError;

use cli::Cli;
use command::{BadInput, Verdict};

/// The run failed.
const FAILED: u8 = 1;
/// The input is at fault.
const BAD_INPUT: u8 = 2;
/// The run went to its end but broke a bound.
const NOT_CONVERGED: u8 = 3;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let interrupted = watch_interrupts();
    let mut out = std::io::stdout().lock();
    let result = command::execute(cli, &mut out, &interrupted).and_then(|verdict| {
        out.flush()?;
        Ok(verdict)
    });
    match result {
        Ok(Verdict::Done) => ExitCode::SUCCESS,
        Ok(Verdict::Interrupted | Verdict::CheckFailed) => ExitCode::from(FAILED),
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

/// The first Ctrl-C asks the run to stop with a checkpoint, the second one ends it at once.
fn watch_interrupts() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&flag);
    let watch = ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    });
    if let Err(error) = watch {
        eprintln!("warning: Ctrl-C will end the run without output: {error}");
    }
    flag
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

fn exit_code(error: &anyhow::Error) -> u8 {
    let bad_input = error.downcast_ref::<ConfigError>().is_some()
        || error.downcast_ref::<BadInput>().is_some()
        || error.downcast_ref::<OutputError>().is_some_and(OutputError::is_bad_input)
        || error.downcast_ref::<BreakdownError>().is_some_and(BreakdownError::is_bad_input)
        || error.downcast_ref::<ConvergenceError>().is_some_and(ConvergenceError::is_bad_input)
        || error.downcast_ref::<SamplesError>().is_some_and(SamplesError::is_bad_input)
        || error.downcast_ref::<SweepError>().is_some_and(SweepError::is_bad_input)
        || error
            .downcast_ref::<CheckpointError>()
            .is_some_and(|e| !matches!(e, CheckpointError::File { .. }))
        || error
            .downcast_ref::<EngineError>()
            .is_some_and(|e| !matches!(e, EngineError::Propagation { .. } | EngineError::Checkpoint(_)));
    if bad_input { BAD_INPUT } else { FAILED }
}

/// The error and its causes, without those that the words before already contain.
fn chain(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| match told.as_str() {
        "" => cause,
        told if told.contains(&cause) => told.to_owned(),
        told => format!("{told}: {cause}"),
    })
}

/// The error in words; a fault of a study with its line and a caret under it.
fn describe(error: &anyhow::Error) -> String {
    let of_sweep = error.downcast_ref::<SweepError>();
    let inner = match (error.downcast_ref::<BreakdownError>(), of_sweep) {
        (Some(BreakdownError::Config(fault)), _) => Some(fault),
        (_, Some(error)) => error.fault(),
        _ => match error.downcast_ref::<ConvergenceError>() {
            Some(ConvergenceError::Config(fault)) => Some(fault),
            _ => error.downcast_ref::<ConfigError>(),
        },
    };
    let point = match of_sweep {
        Some(SweepError::Point { point, .. }) => format!("at {point}: "),
        _ => String::new(),
    };
    let Some(fault @ ConfigError::Invalid(_)) = inner else {
        return format!("error: {}", chain(error));
    };
    let terminal = std::io::stderr().is_terminal();
    let theme = if terminal { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let mut handler = GraphicalReportHandler::new_themed(theme);
    if !terminal {
        handler = handler.with_width(400);
    }
    let mut text = String::new();
    match handler.render_report(&mut text, fault) {
        Ok(()) => format!("error: {point}{}", text.trim().trim_start_matches('×').trim_start()),
        Err(_) => format!("error: {point}{fault}"),
    }
}
