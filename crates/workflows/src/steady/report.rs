//! A stationary state in words.

use std::fmt::Write as _;

use superladder_engine::{StationaryReport, with_error};
use superladder_study::Study;

use super::findings::{difference, values};
use crate::results::write_checks;

/// The table for a reader: how many states there are, the observables with errors, what decays how slowly, what
/// is not converged.
pub fn report(study: &Study, found: &StationaryReport) -> String {
    let mut text = format!("{}\n\n", study.title);
    classes(&mut text, found);
    if study.problem.stages.len() > 1 {
        let last = study.problem.stages[study.problem.stages.len() - 1].start;
        let _ = writeln!(text, "The model is that of the last stage, from t = {last} on.");
    }
    let values = values(study, found);
    let width = values.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0).max(10);
    let _ = writeln!(text, "\n  {:<width$}  {:>22}  {:>9}", "observable", "stationary", "error");
    for (name, value, error) in &values {
        let value = match (value.is_nan(), error.is_nan()) {
            (true, _) => "undefined".into(),
            (false, true) => format!("{value:.10}"),
            // Rounding is an error too.
            (false, false) => with_error(*value, error.max(1e-14 * value.abs().max(1.0))),
        };
        let error = if error.is_nan() { "unknown".into() } else { format!("{error:.1e}") };
        let _ = writeln!(text, "  {name:<width$}  {value:>22}  {error:>9}");
    }
    let moments = found.classes.is_empty();
    let what = if moments { "|dy/dt| of the moments, relative to them" } else { "|L rho|_1" };
    if !found.residual.is_nan() {
        let _ = writeln!(text, "\n{what} = {:.2e}; it is not the error", found.residual);
    }
    let over = found.residual_over_gap();
    if over.is_finite() && !moments {
        let _ = writeln!(text, "|L rho|_1 / gap = {over:.2e}");
    }
    if found.leaving.is_finite() {
        let _ = writeln!(text, "what would leave through the cutoffs: {:.2e} per unit time", found.leaving);
    }
    let shift = found.truncation();
    if shift.is_finite() {
        let _ =
            writeln!(text, "over the gap {shift:.2e}: how far the cutoffs move the state, to first order");
    }
    for (mode, (cutoff, asked)) in
        study.problem.model().modes().iter().zip(found.cutoffs.iter().zip(&study.problem.cutoffs))
    {
        if cutoff != asked {
            let _ = writeln!(text, "cutoff of mode '{}': raised from {asked} to {cutoff}", mode.name);
        }
    }
    modes(&mut text, found);
    let _ = write_checks(&mut text, &found.diagnostics, "value");
    let reasons = found.reasons();
    let _ = match reasons.len() {
        0 => writeln!(text, "\nconverged: every bound is kept"),
        _ => writeln!(text, "\nNOT CONVERGED: {}", reasons.join("; ")),
    };
    text
}

fn classes(text: &mut String, found: &StationaryReport) {
    let count = found.count();
    if let Some((trajectories, burn_in, followed)) = sampled(found) {
        let _ = writeln!(
            text,
            "Averages over {trajectories} trajectories of length {followed} without their first {burn_in}, in which they come \
             to rest.\nErrors are standard errors; they say nothing of other stationary states."
        );
        return;
    }
    if count == 0 {
        let _ = writeln!(text, "The fixed point of the moment equations that the initial state leads to.");
        return;
    }
    if count == 1 {
        let _ = writeln!(text, "One stationary state.");
        return;
    }
    let _ =
        writeln!(text, "{count} stationary states; shown is the limit of the initial state. They differ in");
    for class in &found.classes {
        let states = if class.states == 1 { "1 state".into() } else { format!("{} states", class.states) };
        let _ = writeln!(text, "  {}: {states}, weight {:.6}", class.conserved, class.weight);
    }
}

/// Number of trajectories, time left out and time followed of averages over trajectories.
fn sampled(found: &StationaryReport) -> Option<(f64, f64, f64)> {
    let figure = |name: &str| found.diagnostics.figures.get(name).copied();
    Some((figure("trajectories")?, figure("burn_in")?, figure("followed")?))
}

fn modes(text: &mut String, found: &StationaryReport) {
    for slow in &found.slow {
        let zero = slow.difference.iter().all(|d| *d == 0);
        let of = match (slow.difference.is_empty(), zero) {
            (true, _) if found.classes.is_empty() => "linearised moments".into(),
            (_, true) => "populations".into(),
            _ => format!("charge difference {}", difference(slow, ", ")),
        };
        let _ = writeln!(text, "\nSlow modes, {of}: gap {:.10}", slow.gap());
        for (value, residual) in slow.values.iter().zip(&slow.residuals) {
            let _ = writeln!(text, "  {:.10} {:+.10} i   residual {residual:.1e}", value.re, value.im);
        }
        for frequency in slow.turning() {
            let _ = writeln!(text, "  NOT DAMPED: turns at {frequency:.10} for ever");
        }
        if !zero && slow.undamped.iter().any(|z| z.im.abs() <= 1e-7) {
            let _ = writeln!(text, "  NOT DAMPED: a coherence that stays; it is not in the state shown");
        }
    }
}
