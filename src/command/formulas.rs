//! `superladder formulas`: the closed formulas of the reference model at the numbers of a study.

use std::io::Write;

use serde_json::{Value, json};
use superladder::mean_field::{FORMULAS, FixedKind, Group, ReferenceModel, fixed_points};
use superladder::workflows::maps;

use super::BadInput;
use super::mean_field::of_mean_field;
use crate::cli::MeanFieldStudy;

/// Prints every formula that applies with its value and source, and the eigenvalues that the formulas stand
/// for.
pub(crate) fn formulas(arguments: &MeanFieldStudy, out: &mut dyn Write) -> anyhow::Result<()> {
    let study = of_mean_field(&arguments.study)?;
    let gilbert = study.engine.gilbert().first().copied().unwrap_or(0.0);
    let model = ReferenceModel::of_model(study.problem.model(), gilbert).map_err(BadInput::Formulas)?;
    let points = fixed_points(&maps::equations(&study).map_err(BadInput::from)?);
    let normal = points.iter().find(|p| p.kind == FixedKind::Normal);
    let eigenvalues: Vec<[f64; 2]> =
        normal.iter().flat_map(|p| &p.eigenvalues).map(|z| [z.re, z.im]).collect();
    if arguments.json {
        let entry = |f: &superladder::mean_field::FormulaDefinition| {
            let missing = f.group.missing(&model);
            let value = (f.evaluate)(&model);
            let value = if missing.is_none() && value.is_finite() { json!(value) } else { Value::Null };
            json!({ "name": f.name, "group": f.group, "value": value, "formula": f.formula, "source": f.source,
                "missing": missing, "limit": f.group.limit(&model) })
        };
        let all: Vec<Value> = FORMULAS.iter().map(entry).collect();
        let answer = json!({ "parameters": model, "formulas": all, "eigenvalues": eigenvalues });
        writeln!(out, "{}", serde_json::to_string_pretty(&answer)?)?;
        return Ok(());
    }
    writeln!(out, "{}\n\n{}\n", study.title, parameters(&model))?;
    for group in Group::ALL {
        if let Some(missing) = group.missing(&model) {
            writeln!(out, "{}: does not apply, {missing}\n", group.title())?;
            continue;
        }
        let limit = group.limit(&model).map(|text| format!(" ({text})")).unwrap_or_default();
        writeln!(out, "{}{limit}", group.title())?;
        for formula in FORMULAS.iter().filter(|f| f.group == group) {
            let value = (formula.evaluate)(&model);
            let value = if value.is_finite() {
                format!("{value:>18.12}")
            } else {
                format!("{:>18}", "undefined here")
            };
            writeln!(out, "    {:<22} {value}   {}", formula.name, formula.source)?;
            writeln!(out, "    {:<22} {:<18}     {}", "", "", formula.formula)?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "Eigenvalues of the normal state, which kappa_U, kappa_L (minus the real parts) and Omega approach"
    )?;
    for [re, im] in eigenvalues {
        writeln!(out, "    {re:>18.12} {im:>+18.12} i")?;
    }
    Ok(())
}

/// The parameters of the parts that the model has.
fn parameters(model: &ReferenceModel) -> String {
    let s = [("wz", model.omega_z), ("lambda", model.lambda)];
    let t = [
        ("wz'", model.omega_t),
        ("eta", model.eta),
        ("gamma_up", model.gamma_up),
        ("gamma_down", model.gamma_down),
    ];
    let mode = [("wc", model.omega_c), ("kappa", model.kappa), ("gilbert", model.gilbert)];
    let named =
        mode.iter().chain(s.iter().filter(|_| model.coherent)).chain(t.iter().filter(|_| model.pumped));
    let both = [("eta'", model.eta_prime)];
    let named = named.chain(both.iter().filter(|_| model.coherent && model.pumped));
    named.map(|(name, x)| format!("{name} = {}", rounded(*x))).collect::<Vec<_>>().join(", ")
}

/// Without the rounding of the derivation.
fn rounded(x: f64) -> f64 {
    format!("{x:.13e}").parse().unwrap_or(x)
}
