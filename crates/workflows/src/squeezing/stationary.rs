//! Squeezing where a state ends: with what is defined where the mean spin vanishes, and a verdict in words.

use std::fmt::Write as _;

use super::findings::{Findings, Minimum, at_size};
use crate::sweep::Results;

/// What is measured of every ensemble.
pub(super) const OBSERVABLES: [&str; 3] = ["squeezing", "generalised-squeezing", "fisher"];

/// Columns that tell entanglement: where they are on this side of 1.
const BELOW: [&str; 4] = [
    "squeezing({}).wineland",
    "generalised-squeezing({}).singlet",
    "generalised-squeezing({}).optimal",
    "generalised-squeezing({}).planar",
];
const POLARISATION: &str = "squeezing({}).polarisation";
const KITAGAWA_UEDA: &str = "squeezing({}).kitagawa_ueda";
const FISHER: [&str; 2] = ["fisher({}).lower", "fisher({}).upper"];

fn final_of(column: &str, ensemble: &str) -> String {
    format!("final {}", column.replace("{}", ensemble))
}

/// The values at rest of an ensemble.
pub(super) fn reductions(ensemble: &str) -> Vec<String> {
    let all =
        [KITAGAWA_UEDA, BELOW[0], POLARISATION].into_iter().chain(BELOW[1..].iter().copied()).chain(FISHER);
    all.map(|column| final_of(column, ensemble)).collect()
}

/// A paragraph for every ensemble: by engine at its largest size, whether the state is squeezed, and whether anything shows
/// that it is entangled.
pub(super) fn closing(results: &Results<'_>, findings: &Findings, size: &str) -> String {
    let mut text = String::new();
    for ensemble in results.sweep.base.problem.model().ensembles() {
        let name = ensemble.name.as_str();
        let sentences: Vec<String> = results.sweep.axes[0]
            .values
            .iter()
            .filter_map(|engine| sentence(findings, name, &engine.text, size))
            .collect();
        let words = if sentences.is_empty() { "No converged run.".to_owned() } else { sentences.join(" ") };
        let _ = writeln!(text, "\n{name} at rest. {words}");
    }
    text
}

/// The value of a column by an engine at its largest size.
fn largest<'a>(findings: &'a Findings, column: &str, ensemble: &str, engine: &str) -> Option<&'a Minimum> {
    let reduction = final_of(column, ensemble);
    let (_, all) = findings.minima.iter().find(|(name, _)| *name == reduction)?;
    let own = all.iter().filter(|m| m.engine == engine && m.converged);
    own.max_by(|a, b| a.size.unwrap_or(0.0).total_cmp(&b.size.unwrap_or(0.0)))
}

fn sentence(findings: &Findings, ensemble: &str, engine: &str, size: &str) -> Option<String> {
    let of = |column: &str| largest(findings, column, ensemble, engine);
    let polarisation = of(POLARISATION)?;
    let place = at_size(polarisation, size);
    let mut words = format!("By {engine}{place} the polarisation is {}, ", polarisation.value.words());
    match (of(KITAGAWA_UEDA), of(BELOW[0])) {
        (Some(s), Some(r)) if s.value.value.is_finite() => {
            let _ = write!(words, "xi_S^2 = {}, xi_R^2 = {};", s.value.words(), r.value.words());
        }
        _ => words.push_str("there is no mean spin, and xi_S^2 and xi_R^2 are undefined;"),
    }
    let below = BELOW.iter().filter_map(|column| {
        let found = of(column).filter(|m| is_beyond(m, -1.0))?;
        Some(format!("{} = {}", column.replace("{}", ensemble), found.value.words()))
    });
    let above = of(FISHER[0]).filter(|m| is_beyond(m, 1.0));
    let above = above.map(|m| format!("F/N of at least {}", m.value.words()));
    let shown: Vec<String> = below.chain(above).collect();
    let bound = of(FISHER[1]).map(|m| format!(" (4 max Var/N, which bounds F/N, is {})", m.value.words()));
    if shown.is_empty() {
        words.push_str(" none of xi_R^2, the generalised parameters and the Fisher bound shows entanglement");
    } else {
        let _ = write!(words, " entangled, by {}", shown.join(", "));
    }
    Some(format!("{words}{}.", bound.unwrap_or_default()))
}

/// Whether a value is above 1 (`side` = 1) or below (-1), beyond two standard errors and rounding.
fn is_beyond(minimum: &Minimum, side: f64) -> bool {
    let error = 2.0 * minimum.value.standard_error.unwrap_or(0.0);
    side * (minimum.value.value - 1.0) > error.max(1e-6)
}
