//! `superladder stability` and `phases`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde_json::json;
use superladder::atlas::{self, Grid, GridError, Growth, Line, Points};
use superladder::mean_field::{Classifier, FixedKind, FixedPoint, LongTime, MeanFieldEquations, Phase};
use superladder::output::{Clock, OutputFolder, write_real_arrays};
use superladder::plot;

use super::atlas::positive;
use super::{BadInput, Verdict, open_store, start_threads};
use crate::cli;
use crate::progress;

/// Bad input keeps its own form, since the place in the study is shown by it.
fn told(error: GridError) -> anyhow::Error {
    match error {
        GridError::Study(error) => error.into(),
        GridError::Equations(error) => BadInput::from(error).into(),
        GridError::Axis(key) => BadInput::Axis(key).into(),
    }
}

fn grid(arguments: &cli::Map) -> anyhow::Result<Grid> {
    let study = &arguments.study;
    Grid::load(&study.study, &study.sets, &arguments.x, &arguments.y).map_err(told)
}

fn target(arguments: &cli::Map, grid: &Grid, command: &str) -> PathBuf {
    let name = format!("{}-{command}", grid.base.name);
    arguments.output.clone().unwrap_or_else(|| Path::new("out").join(name))
}

/// The equations, the fixed points and the lines of linear stability of a grid.
struct Linear {
    models: Vec<MeanFieldEquations>,
    found: Vec<Vec<FixedPoint>>,
}

impl Linear {
    fn new(points: &Points<'_>) -> Result<Self, GridError> {
        let models = points.all()?;
        let found = atlas::all_fixed_points(&models);
        Ok(Self { models, found })
    }

    fn lines(&self, grid: &Grid, points: &Points<'_>) -> Vec<Line> {
        atlas::lines(&self.found, (&grid.x, &grid.y), &|x, y| points.at(x, y).ok())
    }
}

/// A map with its table, its picture and what they hold, ready to be written.
struct Map<'a> {
    command: &'a str,
    title: &'a str,
    /// Columns of the table besides the coordinates.
    heading: Vec<&'a str>,
    cells: Vec<Vec<String>>,
    kinds: Vec<usize>,
    names: Vec<String>,
    lines: Vec<Line>,
    /// What goes into the manifest besides.
    results: serde_json::Value,
}

impl Map<'_> {
    /// Number of the points of a kind.
    fn count(&self, kind: usize) -> usize {
        self.kinds.iter().filter(|k| **k == kind).count()
    }

    fn write(&self, folder: OutputFolder, grid: &Grid, clock: Clock) -> anyhow::Result<PathBuf> {
        let keys = grid.axes.each_ref().map(|a| a.key.as_str());
        folder.write(&format!("{}.csv", self.command), |file| {
            writeln!(file, "{},{}", keys.join(","), self.heading.join(","))?;
            for (k, cells) in self.cells.iter().enumerate() {
                writeln!(file, "{},{}", grid.place(k).join(","), cells.join(","))?;
            }
            Ok(())
        })?;
        folder.write("lines.csv", |file| {
            writeln!(file, "line,piece,{}", keys.join(","))?;
            for line in &self.lines {
                for (number, piece) in line.pieces.iter().enumerate() {
                    for (x, y) in piece {
                        writeln!(file, "{},{number},{x:?},{y:?}", line.name)?;
                    }
                }
            }
            Ok(())
        })?;
        let counts = self.names.iter().enumerate().map(|(k, name)| (name.clone(), json!(self.count(k))));
        let manifest = json!({
            "command": self.command,
            "version": env!("CARGO_PKG_VERSION"),
            "axes": grid.axes.each_ref().map(|a| a.path.as_str()),
            "points": grid.len(),
            "counts": counts.collect::<serde_json::Map<_, _>>(),
            "results": self.results,
            "wall_seconds": clock.read().wall_seconds,
            "study": grid.base.resolved(),
        });
        folder.write("manifest.json", |file| writeln!(file, "{manifest:#}"))?;
        folder.write("study.toml", |file| file.write_all(grid.base.text().as_bytes()))?;
        let over = (grid.x.as_slice(), grid.y.as_slice());
        let picture = plot::map(self.title, (keys[0], keys[1]), over, &self.kinds, &self.names, &self.lines);
        folder.write_picture(self.command, &picture)?;
        Ok(folder.finish()?)
    }

    fn tell(&self, out: &mut dyn Write) -> std::io::Result<()> {
        for (number, name) in self.names.iter().enumerate() {
            writeln!(out, "{name:<18} {:>6} points", self.count(number))?;
        }
        for line in self.lines.iter().filter(|line| !line.pieces.is_empty()) {
            let points: usize = line.pieces.iter().map(Vec::len).sum();
            writeln!(out, "line '{}': {points} points by root finding", line.name)?;
        }
        Ok(())
    }
}

/// What grows at the normal state, in the words of the map.
const GROWTH: [&str; 5] = ["stable", "1 real", "1 pair", "real and pair", "no normal state"];

/// Maps what grows at the normal and at the superradiant state.
pub(crate) fn stability(arguments: &cli::Map, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let clock = Clock::start();
    start_threads(arguments.execution.threads)?;
    let grid = grid(arguments)?;
    let folder = OutputFolder::begin(&target(arguments, &grid, "stability"), arguments.force)?;
    let (found, lines) = grid
        .with_points(|points| {
            let linear = Linear::new(points)?;
            let lines = linear.lines(&grid, points);
            Ok((linear.found, lines))
        })
        .and_then(|both| both)
        .map_err(told)?;
    let growth = |kind| found.iter().map(|points| Growth::of(points, kind)).collect::<Vec<_>>();
    let (normal, superradiant) = (growth(FixedKind::Normal), growth(FixedKind::Superradiant));
    let of = |growth: &Option<Growth>| match growth {
        Some(g) => [
            g.real.to_string(),
            g.pairs.to_string(),
            format!("{:?}", g.real_rate),
            format!("{:?}", g.pair_rate),
        ],
        None => [String::new(), String::new(), "NaN".into(), "NaN".into()],
    };
    let kind = |g: &Option<Growth>| g.as_ref().map_or(4, |g| g.real.min(1) + 2 * g.pairs.min(1));
    let map = Map {
        command: "stability",
        title: "What grows at the normal state",
        heading: vec![
            "normal.real",
            "normal.pairs",
            "normal.real_rate",
            "normal.pair_rate",
            "superradiant.real",
            "superradiant.pairs",
            "superradiant.real_rate",
            "superradiant.pair_rate",
        ],
        cells: normal.iter().zip(&superradiant).map(|(n, s)| [of(n), of(s)].concat()).collect(),
        kinds: normal.iter().map(kind).collect(),
        names: GROWTH.map(str::to_owned).into(),
        lines,
        results: json!({}),
    };
    let written = map.write(folder, &grid, clock)?;
    if !arguments.execution.quiet {
        map.tell(out)?;
        writeln!(out, "{:.1} s; results in {}", clock.read().wall_seconds, written.display())?;
    }
    Ok(Verdict::Done)
}

/// Draws the phase diagram.
pub(crate) fn phases(
    arguments: &cli::Phases,
    out: &mut dyn Write,
    interrupted: &AtomicBool,
) -> anyhow::Result<Verdict> {
    positive("burn", arguments.burn)?;
    positive("window", arguments.window)?;
    let clock = Clock::start();
    let map = &arguments.map;
    start_threads(map.execution.threads)?;
    let grid = grid(map)?;
    let target = target(map, &grid, "phases");
    let store = open_store(&target, map.force, arguments.resume)?;
    let classifier = Classifier { burn: arguments.burn, window: arguments.window, ..Classifier::default() };
    let bar = progress::counter(grid.len(), "points", map.execution.quiet);
    let done = |count: usize| bar.inc(count as u64);
    let (settled, lines, seconds) = grid
        .with_points(|points| -> anyhow::Result<_> {
            let linear = Linear::new(points).map_err(told)?;
            let Linear { models, found } = &linear;
            let flow = Clock::start();
            let settled = atlas::phases(models, found, classifier, &store, interrupted, &done)?;
            let seconds = flow.read().wall_seconds;
            let lines = if settled.is_some() { linear.lines(&grid, points) } else { Vec::new() };
            Ok((settled, lines, seconds))
        })
        .map_err(told)??;
    bar.finish_and_clear();
    let Some(settled) = settled else {
        writeln!(
            std::io::stderr(),
            "interrupted: finished points are kept in {}; --resume goes on",
            store.folder().display()
        )?;
        return Ok(Verdict::Interrupted);
    };
    let folder = OutputFolder::begin(&target, map.force)?;
    arrays(&folder, &grid, &settled)?;
    let diagram = diagram(&settled, lines, classifier);
    let written = diagram.write(folder, &grid, clock)?;
    store.clear()?;
    if !map.execution.quiet {
        diagram.tell(out)?;
        let undecided = settled.iter().filter(|p| p.phase == Phase::Undecided).count();
        let part = 100.0 * undecided as f64 / grid.len() as f64;
        writeln!(out, "undecided: {undecided} of {} points ({part:.2} %)", grid.len())?;
        writeln!(
            out,
            "{seconds:.1} s for the flow, {:.1} s in all; results in {}",
            clock.read().wall_seconds,
            written.display()
        )?;
    }
    Ok(Verdict::Done)
}

fn arrays(folder: &OutputFolder, grid: &Grid, settled: &[LongTime]) -> anyhow::Result<()> {
    let shape = vec![grid.x.len() as u64, grid.y.len() as u64];
    let mut arrays = vec![("x", vec![shape[0]], grid.x.clone()), ("y", vec![shape[1]], grid.y.clone())];
    for (k, name) in atlas::COLUMNS.into_iter().enumerate() {
        arrays.push((name, shape.clone(), settled.iter().map(|p| atlas::numbers(p)[k]).collect()));
    }
    folder.write("phases.npz", |file| write_real_arrays(file, &arrays))?;
    Ok(())
}

fn diagram(settled: &[LongTime], lines: Vec<Line>, classifier: Classifier) -> Map<'static> {
    let cells = |p: &LongTime| {
        let numbers = [p.mean, p.amplitude, p.exponent, p.inversion].map(|x| format!("{x:?}"));
        numbers.into_iter().chain([p.phase.name().to_owned()]).collect()
    };
    let undecided = settled.iter().filter(|p| p.phase == Phase::Undecided).count();
    Map {
        command: "phases",
        title: "Phases of mean field",
        heading: atlas::COLUMNS.into(),
        cells: settled.iter().map(cells).collect(),
        kinds: settled.iter().map(|p| atlas::numbers(p)[4] as usize).collect(),
        names: Phase::ALL.map(|p| p.name().to_owned()).into(),
        lines,
        results: json!({
            "classifier": classifier,
            "undecided_fraction": undecided as f64 / settled.len() as f64,
        }),
    }
}
