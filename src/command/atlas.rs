//! `superladder fixed-points`, `stability`, `limit-cycles`, `lyapunov` and `phases`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use rayon::prelude::*;
use serde_json::json;
use superladder::atlas::{self, Growth, Stability};
use superladder::mean_field::{
    Classifier, Cycle, MeanFieldEquations, MeanFieldError, Phase, Waveform, continued, start_near_normal,
};
use superladder::output::{Clock, OutputFolder, write_real_arrays};
use superladder::plot::{self, Picture};
use superladder::sweep::Sweep;

use super::{BadInput, Verdict, load, open_store, start_threads};
use crate::cli;
use crate::progress;

fn positive(name: &'static str, value: f64) -> Result<(), BadInput> {
    let good = value.is_finite() && value > 0.0;
    let allowed = "a finite number > 0";
    if good { Ok(()) } else { Err(BadInput::Option { name, allowed, found: value.to_string() }) }
}

fn derived(study: &superladder::config::Study) -> Result<MeanFieldEquations, BadInput> {
    Ok(atlas::equations(study)?)
}

/// Prints every fixed point with its means and eigenvalues.
pub(crate) fn fixed_points(arguments: &cli::MeanFieldStudy, out: &mut dyn Write) -> anyhow::Result<()> {
    let study = load(&arguments.study)?;
    let equations = derived(&study)?;
    let points = superladder::mean_field::fixed_points(&equations);
    let names: Vec<&str> = equations.variables().iter().map(|v| v.name.as_str()).collect();
    if arguments.json {
        let point = |p: &superladder::mean_field::FixedPoint| {
            let values: Vec<[f64; 2]> = p.eigenvalues.iter().map(|z| [z.re, z.im]).collect();
            json!({ "kind": p.kind, "state": p.state, "eigenvalues": values, "stable": p.stable() })
        };
        let all: Vec<_> = points.iter().map(point).collect();
        writeln!(
            out,
            "{}",
            serde_json::to_string_pretty(&json!({ "unknowns": names, "fixed_points": all }))?
        )?;
        return Ok(());
    }
    writeln!(out, "{}: {} fixed points\n", study.title, points.len())?;
    for point in &points {
        let (real, pairs) = point.unstable();
        let stability = if point.stable() {
            "stable".to_owned()
        } else {
            format!("unstable: {real} real, {pairs} complex pairs")
        };
        writeln!(out, "{:?}, {stability}", point.kind)?;
        for (name, value) in names.iter().zip(&point.state) {
            writeln!(out, "    {name:<12} {value:>20.14}")?;
        }
        for value in &point.eigenvalues {
            writeln!(out, "    eigenvalue   {:>20.14} {:>+20.14} i", value.re, value.im)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Prints the cycle that the start near the normal state settles on, and follows it if asked to.
pub(crate) fn limit_cycles(arguments: &cli::LimitCycles, out: &mut dyn Write) -> anyhow::Result<()> {
    positive("burn", arguments.burn)?;
    let (path, sets) = (&arguments.study.study, &arguments.study.sets);
    let axis = arguments.follow.iter().cloned().collect::<Vec<String>>();
    let sweep = (!axis.is_empty()).then(|| Sweep::load(path, sets, &axis)).transpose()?;
    let study = load(&arguments.study)?;
    let first = sweep.as_ref().map_or(&study, |s| &s.points[0].study);
    let equations = derived(first)?;
    let start = start_near_normal(&equations);
    let Some(cycle) = Cycle::attracting(&equations, &start, arguments.burn, 24)? else {
        writeln!(out, "{}: no limit cycle was found from the start near the normal state", study.title)?;
        return Ok(());
    };
    writeln!(
        out,
        "{}\nperiod {:.12}, angular frequency {:.12}",
        study.title,
        cycle.period,
        std::f64::consts::TAU / cycle.period
    )?;
    writeln!(
        out,
        "half a period is the reflection of the parity: {}",
        if cycle.symmetric { "yes" } else { "no" }
    )?;
    let samples = cycle.samples(&equations)?;
    writeln!(
        out,
        "\n{:<12} {:>16} {:>16} {:>12} {:>12} {:>12}",
        "unknown", "mean", "amplitude", "harmonic 1", "2", "3"
    )?;
    for (place, variable) in equations.variables().iter().enumerate() {
        let wave = Waveform::of(&samples.iter().map(|s| s[place]).collect::<Vec<_>>());
        let (mean, amplitude, h) = (wave.mean, wave.amplitude(), wave.harmonics);
        writeln!(
            out,
            "{:<12} {mean:>16.10} {amplitude:>16.10} {:>12.3e} {:>12.3e} {:>12.3e}",
            variable.name, h[0], h[1], h[2]
        )?;
    }
    writeln!(out, "\nFloquet multipliers (1 for time translation and for every conserved spin length)")?;
    for value in &cycle.multipliers {
        writeln!(out, "    {:>18.12} {:>+18.12} i   modulus {:.10}", value.re, value.im, value.norm())?;
    }
    let Some(sweep) = sweep else { return Ok(()) };
    let axis = &sweep.axes[0];
    let numbers: Vec<f64> = axis.values.iter().filter_map(|v| v.number).collect();
    if numbers.len() < axis.values.len() || numbers.len() < 2 {
        return Err(BadInput::Axis(axis.key.clone()).into());
    }
    let at = |value: f64| -> anyhow::Result<MeanFieldEquations> {
        Ok(derived(&atlas::study_at(path, sets, &axis.path, value)?)?)
    };
    let branch = continued(&cycle, &numbers, 1e-7, at)?;
    writeln!(out, "\n{:>14} {:>18} {:>14}", axis.key, "period", "|multiplier|")?;
    let conserved = equations.conserved_lengths().len();
    for point in &branch.points {
        let growth = superladder::mean_field::instability(&point.cycle, conserved).0 + 1.0;
        writeln!(out, "{:>14.8} {:>18.12} {growth:>14.10}", point.parameter, point.cycle.period)?;
    }
    for (parameter, kind) in &branch.bifurcations {
        writeln!(out, "{kind:?} at {} = {parameter:.7}", axis.key)?;
    }
    if let Some(parameter) = branch.lost {
        writeln!(out, "the cycle could not be followed to {} = {parameter}", axis.key)?;
    }
    Ok(())
}

/// Prints the Lyapunov exponents with errors and their sum.
pub(crate) fn lyapunov(arguments: &cli::Lyapunov, out: &mut dyn Write) -> anyhow::Result<()> {
    positive("burn", arguments.burn)?;
    positive("time", arguments.time)?;
    positive("step", arguments.step)?;
    let study = load(&arguments.study)?;
    let equations = derived(&study)?;
    let start = start_near_normal(&equations);
    let found =
        superladder::mean_field::lyapunov(&equations, &start, arguments.burn, arguments.time, arguments.step);
    writeln!(out, "{}: Lyapunov exponents over T = {}", study.title, arguments.time)?;
    for (exponent, error) in found.exponents.iter().zip(&found.errors) {
        writeln!(out, "    {exponent:>14.8} +- {error:.8}")?;
    }
    let sum: f64 = found.exponents.iter().sum();
    writeln!(out, "sum {sum:.10}, mean divergence {:.10}", found.divergence)?;
    Ok(())
}

/// A sweep over two numeric axes, with its equations.
fn grid(arguments: &cli::Map) -> anyhow::Result<(Sweep, Vec<MeanFieldEquations>)> {
    let axes = [arguments.x.clone(), arguments.y.clone()];
    let sweep = Sweep::load(&arguments.study.study, &arguments.study.sets, &axes)?;
    for axis in &sweep.axes {
        if axis.values.len() < 2 || axis.values.iter().any(|v| v.number.is_none()) {
            return Err(BadInput::Axis(axis.key.clone()).into());
        }
    }
    let models: Result<Vec<_>, MeanFieldError> =
        sweep.points.par_iter().map(|p| atlas::equations(&p.study)).collect();
    Ok((sweep, models.map_err(BadInput::from)?))
}

fn target(arguments: &cli::Map, sweep: &Sweep, command: &str) -> PathBuf {
    let name = format!("{}-{command}", sweep.base.name);
    arguments.output.clone().unwrap_or_else(|| Path::new("out").join(name))
}

/// What every map leaves behind besides its table.
fn finish(
    folder: OutputFolder,
    sweep: &Sweep,
    (command, clock): (&str, Clock),
    picture: &Picture,
) -> anyhow::Result<PathBuf> {
    let axes: Vec<&str> = sweep.axes.iter().map(|a| a.path.as_str()).collect();
    let manifest = json!({
        "command": command,
        "version": env!("CARGO_PKG_VERSION"),
        "axes": axes,
        "points": sweep.points.len(),
        "wall_seconds": clock.read().wall_seconds,
        "study": sweep.base.resolved(),
    });
    folder.write("manifest.json", |file| writeln!(file, "{manifest:#}"))?;
    folder.write("study.toml", |file| file.write_all(sweep.base.text().as_bytes()))?;
    folder.write_picture(command, picture)?;
    Ok(folder.finish()?)
}

/// A table with one row a point: coordinates, then cells.
fn table(
    folder: &OutputFolder,
    name: &str,
    sweep: &Sweep,
    heading: &[&str],
    cells: impl Fn(usize) -> Vec<String>,
) -> anyhow::Result<()> {
    let keys: Vec<&str> = sweep.axes.iter().map(|a| a.key.as_str()).chain(heading.iter().copied()).collect();
    folder.write(name, |file| {
        writeln!(file, "{}", keys.join(","))?;
        for (k, point) in sweep.points.iter().enumerate() {
            let place = point.values.iter().map(|v| v.text.clone());
            writeln!(file, "{}", place.chain(cells(k)).collect::<Vec<_>>().join(","))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// What grows at the normal state, in the words of the map.
const GROWTH: [&str; 4] = ["stable", "1 real", "1 pair", "real and pair"];

/// Maps what grows at the normal and at the superradiant state.
pub(crate) fn stability(arguments: &cli::Map, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    let clock = Clock::start();
    let (sweep, models) = grid(arguments)?;
    let target = target(arguments, &sweep, "stability");
    let folder = OutputFolder::begin(&target, arguments.force)?;
    let (x, y) = atlas::coordinates(&sweep);
    let Stability { normal, superradiant, lines } =
        atlas::stability(&atlas::all_fixed_points(&models), &x, &y);
    let cells = |k: usize| {
        let of = |growth: &Option<Growth>| match growth {
            Some(g) => [
                g.real.to_string(),
                g.pairs.to_string(),
                format!("{:?}", g.real_rate),
                format!("{:?}", g.pair_rate),
            ],
            None => [String::new(), String::new(), "NaN".into(), "NaN".into()],
        };
        [of(&normal[k]), of(&superradiant[k])].concat()
    };
    let heading = [
        "normal.real",
        "normal.pairs",
        "normal.real_rate",
        "normal.pair_rate",
        "superradiant.real",
        "superradiant.pairs",
        "superradiant.real_rate",
        "superradiant.pair_rate",
    ];
    table(&folder, "stability.csv", &sweep, &heading, cells)?;
    let kind = |g: &Option<Growth>| g.as_ref().map_or(0, |g| g.real.min(1) + 2 * g.pairs.min(1));
    let kinds: Vec<usize> = normal.iter().map(kind).collect();
    let title = "What grows at the normal state";
    let labels = (sweep.axes[0].key.as_str(), sweep.axes[1].key.as_str());
    let picture = plot::map(title, labels, (&x, &y), &kinds, &GROWTH.map(str::to_owned), &lines);
    let written = finish(folder, &sweep, ("stability", clock), &picture)?;
    if !arguments.quiet {
        for (number, name) in GROWTH.iter().enumerate() {
            writeln!(out, "{name:<14} {:>6} points", kinds.iter().filter(|k| **k == number).count())?;
        }
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
    start_threads(arguments.threads)?;
    let map = &arguments.map;
    let (sweep, models) = grid(map)?;
    let target = target(map, &sweep, "phases");
    let store = open_store(&target, map.force, arguments.resume)?;
    let classifier = Classifier { burn: arguments.burn, window: arguments.window, ..Classifier::default() };
    let points = atlas::all_fixed_points(&models);
    let bar = progress::counter(models.len(), "points", map.quiet);
    let inner = Clock::start();
    let found = atlas::phases(&sweep, &models, &points, classifier, &store, interrupted, &|done| {
        bar.inc(done as u64);
    });
    let seconds = inner.read().wall_seconds;
    bar.finish_and_clear();
    let Some(found) = found? else {
        writeln!(
            std::io::stderr(),
            "interrupted: finished points are kept in {}; --resume goes on",
            store.folder().display()
        )?;
        return Ok(Verdict::Interrupted);
    };
    let (x, y) = atlas::coordinates(&sweep);
    let lines = atlas::stability(&points, &x, &y).lines;
    let folder = OutputFolder::begin(&target, map.force)?;
    let cells = |k: usize| {
        let p = &found[k];
        let numbers = [p.mean, p.amplitude, p.exponent, p.inversion].map(|x| format!("{x:?}"));
        numbers.into_iter().chain([p.phase.name().to_owned()]).collect()
    };
    table(&folder, "phases.csv", &sweep, &atlas::COLUMNS, cells)?;
    let shape = vec![x.len() as u64, y.len() as u64];
    let column = |k: usize| found.iter().map(|p| atlas::numbers(p)[k]).collect::<Vec<f64>>();
    let mut arrays = vec![("x", vec![shape[0]], x.clone()), ("y", vec![shape[1]], y.clone())];
    for (k, name) in atlas::COLUMNS.into_iter().enumerate() {
        arrays.push((name, shape.clone(), column(k)));
    }
    folder.write("phases.npz", |file| write_real_arrays(file, &arrays))?;
    let kinds: Vec<usize> = column(4).into_iter().map(|k| k as usize).collect();
    let names = Phase::ALL.map(|p| p.name().to_owned());
    let labels = (sweep.axes[0].key.as_str(), sweep.axes[1].key.as_str());
    let title = "Phases of mean field";
    let picture = plot::map(title, labels, (&x, &y), &kinds, &names, &lines);
    let written = finish(folder, &sweep, ("phases", clock), &picture)?;
    store.clear()?;
    if !map.quiet {
        for (number, name) in names.iter().enumerate() {
            writeln!(out, "{name:<18} {:>6} points", kinds.iter().filter(|k| **k == number).count())?;
        }
        writeln!(
            out,
            "{seconds:.1} s for the flow, {:.1} s in all; results in {}",
            clock.read().wall_seconds,
            written.display()
        )?;
    }
    Ok(Verdict::Done)
}
