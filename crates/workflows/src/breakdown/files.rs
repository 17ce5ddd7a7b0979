//! The files of a breakdown.

use serde_json::{Value as Json, json};
use superladder_study::Average;

use super::picture::picture;
use super::report::Report;
use crate::results::{Clock, Head, OutputError, OutputFolder};

/// Writes `t_E.csv`, `fit.json`, `manifest.json`, `study.toml` and the picture into `folder`.
///
/// # Errors
/// [`OutputError`].
pub fn write(report: &Report<'_>, clock: &Clock, folder: &OutputFolder) -> Result<(), OutputError> {
    folder.write("t_E.csv", |file| report.write_csv(file))?;
    folder.write_json("fit.json", &json!(report.fits))?;
    folder.write_text("report.txt", &report.text())?;
    folder.write_text("study.toml", &report.plan.text)?;
    folder.write_json("manifest.json", &manifest(report, clock))?;
    folder.write_picture("breakdown", &picture(report))
}

fn manifest(report: &Report<'_>, clock: &Clock) -> Json {
    let plan = report.plan;
    let series: Vec<Json> = plan
        .series
        .iter()
        .zip(&report.measured)
        .map(|(series, sizes)| {
            let sizes: Vec<Json> = sizes
                .iter()
                .map(|s| {
                    json!({ "value": s.value, "window": s.window, "not_converged": s.broken,
                        "warnings": s.warnings, "diagnostics": s.diagnostics })
                })
                .collect();
            json!({ "label": series.label, "engine": series.engine, "options": series.sets, "sizes": sizes })
        })
        .collect();
    let average = match plan.average {
        Average::Period => json!("period of the mean field"),
        Average::Window(length) => json!(length),
        Average::None => json!("none"),
    };
    let head = Head { command: "breakdown", study: &plan.name, configuration: report.configuration(), clock };
    head.manifest(json!({
        "title": plan.title,
        "converged": report.converged(),
        "parameter": plan.parameter,
        "criteria": plan.criteria,
        "threshold": plan.threshold,
        "average": average,
        "fit": plan.fit,
        "overrides": plan.sets,
        "reference": "mean-field, limit infinite",
        "series": series,
    }))
}
