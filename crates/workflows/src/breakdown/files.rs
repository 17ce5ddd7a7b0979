//! The files of a breakdown.

use serde_json::{Value as Json, json};
use superladder_study::Average;

use super::distributions;
use super::report::Report;
use super::shown::{curves, exponents, ratios, summary, times};
use crate::results::{Clock, Head, OutputError, OutputFolder};

/// The final table, the joint laws and what else is to be known, for the terminal.
pub fn shown(report: &Report<'_>) -> String {
    let plan = report.plan;
    let head = format!("{}\n\nt_E: the ratio of a criterion reaches {}.\n\n", plan.title, plan.threshold);
    let laws: String = report.joint.iter().map(|joint| joint.short(&plan.parameter)).collect();
    [head, summary::text(report), laws, report.distributions(), report.remarks()].concat()
}

/// Writes the tables, the fits, the report, the pictures, `study.toml` and `manifest.json` into `folder`.
///
/// # Errors
/// [`OutputError`].
pub fn write(report: &Report<'_>, clock: &Clock, folder: &OutputFolder) -> Result<(), OutputError> {
    folder.write("t_E.csv", |file| report.write_csv(file))?;
    folder.write("summary.csv", |file| summary::write_csv(report, file))?;
    folder.write("ratios.csv", |file| curves::write_csv(report, file))?;
    folder.write("ratios.npz", |file| curves::arrays(report).write(file))?;
    if !report.judged.is_empty() {
        let name = &report.plan.parameter;
        folder.write("t_W.csv", |file| distributions::write_csv(&report.judged, name, file))?;
    }
    folder.write_json("fit.json", &json!(report.fits))?;
    folder.write_json("joint.json", &json!(report.joint))?;
    folder.write_text("report.txt", &[shown(report), report.details()].join("\n"))?;
    folder.write_text("study.toml", &report.plan.text)?;
    folder.write_json("manifest.json", &manifest(report, clock))?;
    folder.write_picture("breakdown", &times::picture(report))?;
    folder.write_picture("ratios", &ratios::picture(report))?;
    folder.write_picture("exponents", &exponents::picture(report))
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
        "moments": plan.moments,
        "threshold": plan.threshold,
        "average": average,
        "fit": plan.fit,
        "overrides": plan.sets,
        "reference": "mean-field, limit infinite",
        "series": series,
    }))
}
