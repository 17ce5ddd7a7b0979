//! `superladder fixed-points`, `limit-cycles` and `lyapunov`.

use std::io::Write;

use serde_json::json;
use superladder::atlas;
use superladder::config::{ConfigError, Study};
use superladder::mean_field::{Cycle, MeanFieldEquations, Waveform, continued, start_near_normal};
use superladder::sweep::Sweep;

use super::{BadInput, Verdict, load};
use crate::cli;

pub(super) fn positive(name: &'static str, value: f64) -> Result<(), BadInput> {
    let good = value.is_finite() && value > 0.0;
    let allowed = "a finite number > 0";
    if good { Ok(()) } else { Err(BadInput::Option { name, allowed, found: value.to_string() }) }
}

/// The study as mean field sees it: modes need no cutoff, and `gilbert` counts whichever engine the study names.
fn of_mean_field(arguments: &cli::StudyArguments) -> Result<Study, ConfigError> {
    Study::load_for(&arguments.study, &arguments.sets, Some("mean-field"))
}

fn derived(study: &Study) -> Result<MeanFieldEquations, BadInput> {
    Ok(atlas::equations(study)?)
}

/// Prints every fixed point with its means and eigenvalues.
pub(crate) fn fixed_points(arguments: &cli::MeanFieldStudy, out: &mut dyn Write) -> anyhow::Result<()> {
    let study = of_mean_field(&arguments.study)?;
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
pub(crate) fn lyapunov(arguments: &cli::Lyapunov, out: &mut dyn Write) -> anyhow::Result<Verdict> {
    positive("burn", arguments.burn)?;
    positive("time", arguments.time)?;
    positive("step", arguments.step)?;
    let study = of_mean_field(&arguments.study)?;
    let equations = derived(&study)?;
    let start = start_near_normal(&equations);
    let found =
        superladder::mean_field::lyapunov(&equations, &start, arguments.burn, arguments.time, arguments.step);
    writeln!(out, "{}: Lyapunov exponents over T = {}", study.title, found.time)?;
    writeln!(out, "    {:>14}    {:<10}  length of the blocks", "exponent", "error")?;
    for (k, exponent) in found.exponents.iter().enumerate() {
        let mark = if found.resolved[k] { "" } else { "   still growing: the error is larger than this" };
        writeln!(out, "    {exponent:>14.8} +- {:.8}  {:.0}{mark}", found.errors[k], found.block_times[k])?;
    }
    let sum: f64 = found.exponents.iter().sum();
    writeln!(out, "sum {sum:.10}, mean divergence {:.10}", found.divergence)?;
    if found.resolved[0] {
        return Ok(Verdict::Done);
    }
    writeln!(
        out,
        "NOT CONVERGED: the motion is correlated over more than the longest blocks; increase --time"
    )?;
    Ok(Verdict::NotConverged)
}
