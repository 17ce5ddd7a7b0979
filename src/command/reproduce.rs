//! `superladder reproduce`: figures of the paper, each a folder with data, pictures and a table 'paper says / we find'.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use superladder::output::{Clock, OutputFolder};
use superladder::reproduce::{Claim, Context, FIGURES, FigureDefinition, Made, Options, Table};

use super::{BadInput, Verdict, open_store, start_threads};
use crate::cli;
use crate::progress;

/// Makes the figures that are asked for.
pub(crate) fn reproduce(
    arguments: &cli::Reproduce,
    out: &mut dyn Write,
    interrupted: &AtomicBool,
) -> anyhow::Result<Verdict> {
    let figures = chosen(&arguments.figures)?;
    let options = options(arguments)?;
    start_threads(arguments.execution.threads)?;
    let parent = arguments.output.clone().unwrap_or_else(|| Path::new("out").join("reproduce"));
    // What is in the way of any figure shows before the first one is made.
    let mut open = Vec::new();
    for figure in &figures {
        let target = parent.join(figure.name);
        if !(arguments.resume && finished(&target, figure, &options)) {
            open_store(&target, arguments.force, arguments.resume)?;
            open.push((*figure, target));
        }
    }
    if !arguments.execution.quiet && open.len() < figures.len() {
        writeln!(out, "{} of {} figures are finished already", figures.len() - open.len(), figures.len())?;
    }
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
    super::atlas::positive("burn", options.burn)?;
    super::atlas::positive("window", options.window)?;
    Ok(options)
}

/// What decides the contents of a figure's folder.
fn digest(figure: &FigureDefinition, options: &Options) -> String {
    let words = format!("{} {} {options:?} {}", env!("CARGO_PKG_VERSION"), figure.name, figure.study.text);
    let bytes = Sha256::digest(words.as_bytes());
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn finished(target: &Path, figure: &FigureDefinition, options: &Options) -> bool {
    let text = std::fs::read_to_string(target.join("manifest.json")).unwrap_or_default();
    let manifest: Value = serde_json::from_str(&text).unwrap_or_default();
    manifest["digest"] == digest(figure, options)
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
    let store = superladder::store::Store::beside(target);
    let bar = progress::counter(1, "pieces", arguments.execution.quiet);
    let context = Context {
        options: *options,
        store: &store,
        interrupted,
        begun: &|what, pieces| {
            bar.set_position(0);
            bar.set_length(pieces as u64);
            bar.set_message(format!("{}: {what}", figure.name));
        },
        done: &|pieces| bar.inc(pieces as u64),
    };
    let made = (figure.make)(&context);
    bar.finish_and_clear();
    let Some(made) = made? else {
        writeln!(
            std::io::stderr(),
            "interrupted: finished pieces of {} are kept in {}; --resume goes on",
            figure.name,
            store.folder().display()
        )?;
        return Ok(Verdict::Interrupted);
    };
    let folder = OutputFolder::begin(target, arguments.force)?;
    let written = write(folder, figure, options, &made, &clock)?;
    store.clear()?;
    if !arguments.execution.quiet {
        out.write_all(report(figure, &made).as_bytes())?;
        writeln!(out, "{:.1} s; results in {}\n", clock.read().wall_seconds, written.display())?;
    }
    Ok(Verdict::Done)
}

fn write(
    folder: OutputFolder,
    figure: &FigureDefinition,
    options: &Options,
    made: &Made,
    clock: &Clock,
) -> anyhow::Result<PathBuf> {
    for table in made.tables.iter().chain([&claims(&made.claims)]) {
        let line = |cells: &[String]| cells.iter().map(|c| quoted(c)).collect::<Vec<_>>().join(",");
        folder.write(&format!("{}.csv", table.name), |file| {
            writeln!(file, "{}", line(&table.columns))?;
            table.rows.iter().try_for_each(|row| writeln!(file, "{}", line(row)))
        })?;
    }
    for (name, picture) in &made.pictures {
        folder.write_picture(name, picture)?;
    }
    folder.write("report.txt", |file| file.write_all(report(figure, made).as_bytes()))?;
    folder.write("study.toml", |file| file.write_all(figure.study.text.as_bytes()))?;
    let spent = clock.read();
    let manifest = json!({
        "program": "superladder",
        "command": format!("reproduce {}", figure.name),
        "version": env!("CARGO_PKG_VERSION"),
        "commit": option_env!("SUPERLADDER_COMMIT").unwrap_or("unknown"),
        "shows": figure.shows,
        "points": options.points,
        "burn": options.burn,
        "window": options.window,
        "claims": made.claims.len(),
        "agreeing": made.claims.iter().filter(|c| c.agrees).count(),
        "notes": made.notes,
        "digest": digest(figure, options),
        "wall_seconds": spent.wall_seconds,
        "cpu_seconds": spent.cpu_seconds,
        "configuration": figure.study.study(&[])?.resolved(),
    });
    folder.write("manifest.json", |file| writeln!(file, "{manifest:#}"))?;
    Ok(folder.finish()?)
}

/// The table of claims.
fn claims(claims: &[Claim]) -> Table {
    let verdict = |c: &Claim| if c.agrees { "agrees" } else { "differs" };
    let row = |c: &Claim| {
        vec![c.subject.clone(), c.paper.clone(), c.found.clone(), verdict(c).to_owned(), c.remark.clone()]
    };
    let columns = ["subject", "paper_says", "we_find", "verdict", "remark"].map(ToOwned::to_owned);
    Table { name: "claims".into(), columns: columns.into(), rows: claims.iter().map(row).collect() }
}

/// A cell of a table, in quotes where it needs them.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// What is printed: every claim of the paper beside what was found.
fn report(figure: &FigureDefinition, made: &Made) -> String {
    let mut lines = vec![format!("{}: {}", figure.name, figure.shows), String::new()];
    for claim in &made.claims {
        let verdict = if claim.agrees { "agrees" } else { "DIFFERS" };
        lines.push(format!("{verdict:<8} {}", claim.subject));
        lines.push(format!("           paper says  {}", claim.paper));
        lines.push(format!("           we find     {}", claim.found));
        if !claim.remark.is_empty() {
            lines.push(format!("           remark      {}", claim.remark));
        }
    }
    lines.push(String::new());
    lines.extend(made.notes.iter().cloned());
    lines.join("\n") + "\n"
}
