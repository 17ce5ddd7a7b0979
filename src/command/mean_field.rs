//! `superladder fixed-points` and `lyapunov`.

use std::io::Write;

use serde_json::json;
use superladder::mean_field::{MeanFieldEquations, start_near_normal};
use superladder::study::{Study, StudyError};
use superladder::workflows::maps;

use super::{BadInput, Verdict};
use crate::cli;

pub(super) fn positive(name: &'static str, value: f64) -> Result<(), BadInput> {
    let good = value.is_finite() && value > 0.0;
    let allowed = "a finite number > 0";
    if good { Ok(()) } else { Err(BadInput::Option { name, allowed, found: value.to_string() }) }
}

/// The study as mean field sees it: modes need no cutoff, and `gilbert` counts whichever engine the study
/// names.
pub(super) fn of_mean_field(arguments: &cli::StudyArguments) -> Result<Study, StudyError> {
    let study = Study::load_for(&arguments.study, &arguments.sets, Some("mean-field"))?;
    study.without_explicit_time("fixed points, limit cycles, Lyapunov exponents and formulas")?;
    Ok(study)
}

fn derived(study: &Study) -> Result<MeanFieldEquations, BadInput> {
    Ok(maps::equations(study)?)
}

/// Prints every fixed point with its means and eigenvalues.
pub(crate) fn fixed_points(arguments: &cli::MeanFieldStudy, out: &mut dyn Write) -> anyhow::Result<()> {
    let study = of_mean_field(&arguments.study)?;
    let equations = derived(&study)?;
    let points = superladder::mean_field::fixed_points(&equations);
    let names: Vec<&str> = equations.unknowns().iter().map(|v| v.name.as_str()).collect();
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
