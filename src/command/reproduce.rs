//! `superladder reproduce`: figures of the paper and results of others, each a folder with data, pictures and a table
//! 'paper says / we find' or 'known / we find'.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use superladder::gallery::{Context, FIGURES, FigureDefinition, Options};
use superladder::workflows::place::store_beside;
use superladder::workflows::results::{Clock, OutputFolder};
use superladder::workflows::store::Store;

use super::{BadInput, Verdict, output_folder, start_threads};
use crate::cli;
use crate::interrupt::Interrupt;
use crate::progress::Counter;

/// Makes the figures that are asked for.
pub(crate) fn reproduce(
    arguments: &cli::Reproduce,
    out: &mut dyn Write,
    interrupt: &Interrupt,
) -> anyhow::Result<Verdict> {
    let figures = chosen(&arguments.figures)?;
    let options = options(arguments)?;
    start_threads(arguments.execution.threads)?;
    let parent = output_folder(arguments.output.as_ref(), "reproduce");
    // What is in the way of any figure shows before the first one is made.
    let mut open = Vec::new();
    for figure in &figures {
        let target = parent.join(figure.name);
        if !(arguments.resume && figure.is_finished(&target, &options)) {
            store_beside(&target, arguments.force, arguments.resume)?;
            open.push((*figure, target));
        }
    }
    if !arguments.execution.quiet && open.len() < figures.len() {
        writeln!(out, "{} of {} figures are finished already", figures.len() - open.len(), figures.len())?;
    }
    let interrupted = interrupt.heed_briefly();
    for (figure, target) in open {
        if interrupted.load(Ordering::SeqCst) {
            writeln!(std::io::stderr(), "interrupted before {}; --resume goes on", figure.name)?;
            return Ok(Verdict::Interrupted);
        }
        if make(figure, &target, &options, arguments, out, interrupted)? == Verdict::Interrupted {
            return Ok(Verdict::Interrupted);
        }
    }
    Ok(Verdict::Done)
}

/// The figures by name; `all` for every one.
fn chosen(names: &[String]) -> Result<Vec<&'static FigureDefinition>, BadInput> {
    let mut found: Vec<&FigureDefinition> = Vec::new();
    for name in names {
        let more: Vec<&FigureDefinition> =
            FIGURES.iter().filter(|f| name == "all" || f.name == *name).collect();
        if more.is_empty() {
            let known: Vec<&str> = FIGURES.iter().map(|f| f.name).chain(["all"]).collect();
            return Err(BadInput::UnknownFigure { name: name.clone(), known: known.join(", ") });
        }
        for figure in more {
            if !found.iter().any(|f| f.name == figure.name) {
                found.push(figure);
            }
        }
    }
    Ok(found)
}

fn options(arguments: &cli::Reproduce) -> Result<Options, BadInput> {
    let default = if arguments.quick {
        Options { points: 17, burn: 3000.0, window: 1500.0 }
    } else {
        Options::default()
    };
    let options = Options {
        points: arguments.points.map_or(default.points, usize::from),
        burn: arguments.burn.unwrap_or(default.burn),
        window: arguments.window.unwrap_or(default.window),
    };
    super::mean_field::positive("burn", options.burn)?;
    super::mean_field::positive("window", options.window)?;
    Ok(options)
}

fn make(
    figure: &FigureDefinition,
    target: &Path,
    options: &Options,
    arguments: &cli::Reproduce,
    out: &mut dyn Write,
    interrupted: &AtomicBool,
) -> anyhow::Result<Verdict> {
    let clock = Clock::start();
    let store = Store::beside(target);
    let counter = Counter::titled(figure.name, arguments.execution.quiet);
    let context = Context { options: *options, store: &store, watch: counter.watch(interrupted) };
    let made = figure.make(&context);
    counter.finish();
    let Some(made) = made? else {
        let (name, kept) = (figure.name, store.folder().display());
        writeln!(
            std::io::stderr(),
            "interrupted: finished pieces of {name} are kept in {kept}; --resume goes on"
        )?;
        return Ok(Verdict::Interrupted);
    };
    let folder = OutputFolder::begin(target, arguments.force)?;
    let written = figure.write(folder, options, &made, &clock)?;
    store.clear()?;
    if !arguments.execution.quiet {
        out.write_all(figure.report(&made).as_bytes())?;
        writeln!(out, "{:.1} s; results in {}\n", clock.read().wall_seconds, written.display())?;
    }
    Ok(Verdict::Done)
}
