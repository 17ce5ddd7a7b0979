//! `superladder stability` and `phases`.

use std::io::Write;
use std::path::PathBuf;

use superladder::mean_field::Classifier;
use superladder::workflows::maps::{self, Grid, GridError};
use superladder::workflows::place::store_beside;
use superladder::workflows::results::{Clock, OutputFolder};

use super::mean_field::positive;
use super::{Verdict, output_folder, start_threads};
use crate::cli;
use crate::interrupt::Interrupt;
use crate::progress::Counter;

fn grid(arguments: &cli::Map) -> Result<Grid, GridError> {
    let study = &arguments.study;
    Grid::load(&study.study, &study.sets, &arguments.x, &arguments.y)
}

fn target(arguments: &cli::Map, grid: &Grid, command: &str) -> PathBuf {
    let name = format!("{}-{command}", grid.base.name);
    output_folder(arguments.output.as_ref(), &name)
}

/// Maps what grows at the normal and at the superradiant state.
pub(crate) fn stability(arguments: &cli::Map, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let clock = Clock::start();
    start_threads(arguments.execution.threads)?;
    let grid = grid(arguments)?;
    let folder = OutputFolder::begin(&target(arguments, &grid, "stability"), arguments.force)?;
    let map = maps::stability(&grid)?;
    let written = map.write(folder, &grid, &clock)?;
    if !arguments.execution.quiet {
        write!(out, "{}", map.text())?;
        writeln!(out, "{:.1} s; results in {}", clock.read().wall_seconds, written.display())?;
    }
    Ok(Verdict::Done)
}

/// Draws the phase diagram.
pub(crate) fn phases(
    arguments: &cli::Phases,
    out: &mut dyn Write,
    interrupt: &Interrupt,
) -> anyhow::Result<Verdict> {
    positive("burn", arguments.burn)?;
    positive("window", arguments.window)?;
    let clock = Clock::start();
    let map = &arguments.map;
    start_threads(map.execution.threads)?;
    let grid = grid(map)?;
    let target = target(map, &grid, "phases");
    let store = store_beside(&target, map.force, arguments.resume)?;
    let classifier = Classifier { burn: arguments.burn, window: arguments.window, ..Classifier::default() };
    let counter = Counter::new(map.execution.quiet);
    let diagram = maps::diagram(&grid, classifier, &store, counter.watch(interrupt.heed_briefly()));
    counter.finish();
    let Some(diagram) = diagram? else {
        let kept = store.folder().display();
        writeln!(std::io::stderr(), "interrupted: finished points are kept in {kept}; --resume goes on")?;
        return Ok(Verdict::Interrupted);
    };
    let folder = OutputFolder::begin(&target, map.force)?;
    diagram.write_arrays(&folder, &grid)?;
    let written = diagram.map.write(folder, &grid, &clock)?;
    store.clear()?;
    if !map.execution.quiet {
        write!(out, "{}", diagram.map.text())?;
        let part = 100.0 * diagram.undecided() as f64 / grid.len() as f64;
        writeln!(out, "undecided: {} of {} points ({part:.2} %)", diagram.undecided(), grid.len())?;
        writeln!(
            out,
            "{:.1} s for the flow, {:.1} s in all; results in {}",
            diagram.flow_seconds,
            clock.read().wall_seconds,
            written.display()
        )?;
    }
    Ok(Verdict::Done)
}
