//! `superladder inspect`.

use std::io::Write;

use superladder::study::Study;

use super::placed;
use crate::cli::Inspect;

/// Prints what a run would need.
pub(crate) fn inspect(arguments: &Inspect, out: &mut dyn Write) -> anyhow::Result<()> {
    let study = Study::load_before_start(&arguments.study.study, &arguments.study.sets)?;
    let engine = study.engine();
    let resources = engine.resources(&study.problem).map_err(|e| placed(&study, e))?;
    if arguments.json {
        let report = serde_json::json!({ "engine": engine.name(), "resources": resources,
            "warnings": study.warnings, "configuration": study.resolved() });
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
        return Ok(());
    }
    writeln!(out, "{}\n", study.title)?;
    let mut lines = vec![("engine".to_owned(), engine.name().to_owned())];
    lines.extend(study.classes.iter().cloned());
    lines.extend(resources.report.iter().cloned());
    let known = |name: &str| resources.report.iter().any(|(key, _)| key.contains(name));
    if !known("unknowns") {
        lines.push(("unknowns".to_owned(), resources.unknowns.to_string()));
    }
    if !known("memory") {
        lines.push(("memory".to_owned(), bytes(resources.memory)));
    }
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in lines {
        writeln!(out, "  {name:<width$}  {value}")?;
    }
    for warning in &study.warnings {
        writeln!(out, "\nwarning: {warning}")?;
    }
    Ok(())
}

/// A number of bytes with a readable unit.
fn bytes(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let power = (bytes.max(1).ilog2() / 10).min(5);
    format!("{:.1} {}", bytes as f64 / 1024_f64.powi(power as i32), units[power as usize])
}
