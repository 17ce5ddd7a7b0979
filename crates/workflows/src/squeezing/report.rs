//! The words of the command `squeezing`.

use std::fmt::Write as _;

use superladder_engine::{End, with_error};

use super::findings::{Findings, Law, Minimum, Scaling, at_size};
use super::stationary;
use crate::sweep::Results;

/// Minima by ensemble, parameter, engine and size, their growth, and a paragraph: where, when, how much, how sure, and
/// which engines agree.
pub(super) fn text(results: &Results<'_>, findings: &Findings) -> String {
    let mut text = format!("{}\n", results.sweep.title());
    let size = results.sweep.axes.get(1).map_or("", |axis| axis.key.as_str());
    for (reduction, minima) in &findings.minima {
        let _ = writeln!(text, "\n{reduction}");
        let width = minima.iter().map(|m| m.engine.len()).max().unwrap_or(0).max(12);
        for minimum in minima {
            let _ = writeln!(text, "{}", row(minimum, size, width));
        }
        if let Some(limit) = findings.limit(reduction) {
            let time = limit.time.map(|t| format!("  at t = {t:.4}")).unwrap_or_default();
            let line = format!("  {:<width$}  N -> infinity  {:>16}{time}", "linear noise", limit.words());
            let _ = writeln!(text, "{line}");
        }
        for scaling in findings.scalings.iter().filter(|s| s.reduction == *reduction) {
            let law = scaling.law.as_ref().map_or_else(Clone::clone, |law| in_words(law, scaling.sizes));
            let _ = writeln!(text, "  {}: {law}", scaling.engine);
        }
        let fitted = |s: &&Scaling| s.reduction == *reduction && s.law.is_ok();
        if findings.limit(reduction).is_some() && findings.scalings.iter().any(|s| fitted(&s)) {
            let _ = writeln!(text, "  with a limit of infinite N, a power is that of these sizes only");
        }
    }
    let is_stationary = results.sweep.base.problem.end == End::Stationary;
    if let Some(reason) = findings.limits.as_ref().err().filter(|_| !is_stationary) {
        let _ = writeln!(text, "\nno limit of infinite N: {reason}");
    }
    for (point, outcome) in results.points() {
        let reasons = Results::reasons(outcome);
        if !reasons.is_empty() {
            let _ = writeln!(text, "\nNOT CONVERGED: {}: {}", results.sweep.words(point), reasons.join("; "));
        }
    }
    if is_stationary {
        text.push_str(&stationary::closing(results, findings, size));
        return text;
    }
    for (reduction, minima) in &findings.minima {
        let _ = write!(text, "\n{}\n", closing(reduction, minima, size));
    }
    text
}

fn row(minimum: &Minimum, size: &str, width: usize) -> String {
    let at = minimum.size.map(|n| format!("{size} = {n}")).unwrap_or_default();
    let value = &minimum.value;
    let time = match (value.time.filter(|t| t.is_finite()), value.time_error) {
        (Some(time), Some(error)) => format!("at t = {}", with_error(time, error)),
        (Some(time), None) => format!("at t = {time:.4}"),
        (None, _) => String::new(),
    };
    let remark = value.remark.map(|remark| format!(" ({remark})")).unwrap_or_default();
    let bad = if minimum.converged { "" } else { " NOT CONVERGED" };
    let line = format!("  {:<width$}  {at:<13}  {:>16}  {time}{remark}{bad}", minimum.engine, value.words());
    line.trim_end().to_owned()
}

fn in_words(law: &Law, sizes: usize) -> String {
    let interval = match law.interval {
        Some([low, high]) => format!("95 % interval {low:.3} to {high:.3}"),
        None => format!("standard error {:.3}", law.standard_error),
    };
    format!("{:.4} N^-alpha with alpha = {:.3} ({interval}, {sizes} sizes)", law.prefactor, law.alpha)
}

/// The deepest minimum of converged runs by every engine, and how far engines are apart at the same size.
fn closing(reduction: &str, minima: &[Minimum], size: &str) -> String {
    let mut engines: Vec<&str> = minima.iter().map(|m| m.engine.as_str()).collect();
    engines.dedup();
    let deepest = |engine: &&str| {
        let own = minima.iter().filter(|m| m.engine == **engine && m.converged && m.value.value.is_finite());
        own.min_by(|a, b| a.value.value.total_cmp(&b.value.value))
    };
    let sentences: Vec<String> =
        engines.iter().filter_map(deepest).map(|minimum| deepest_in_words(minimum, size)).collect();
    if sentences.is_empty() {
        return format!("{reduction}: no converged run has a value.");
    }
    let mut words = format!("{reduction}: deepest {}.", sentences.join("; "));
    if let Some((a, b, off, sigmas)) = farthest(minima) {
        let sigmas = sigmas.map(|s| format!(", {s:.1} standard errors")).unwrap_or_default();
        let (at, first, second, off) = (at_size(a, size), &a.engine, &b.engine, 100.0 * off);
        let _ = write!(words, " Engines differ most{at}: {first} and {second} by {off:.2} %{sigmas}.");
    }
    words
}

/// A minimum, and whether it is below that of coherent states: beyond two standard errors, or rounding.
fn deepest_in_words(minimum: &Minimum, size: &str) -> String {
    let value = &minimum.value;
    let (x, engine, place) = (value.value, &minimum.engine, at_size(minimum, size));
    if x >= 1.0 - (2.0 * value.standard_error.unwrap_or(0.0)).max(1e-9) {
        return format!("by {engine}{place} {}, not below 1 beyond its error", value.words());
    }
    let time = value.time.map(|t| format!(", t = {t:.3}")).unwrap_or_default();
    let bound = if value.remark.is_some() { ", not inside of the times looked at: a bound" } else { "" };
    format!("by {engine}{place} {} ({:.2} dB{time}{bound})", value.words(), 10.0 * x.log10())
}

/// The two engines that are farthest apart at one size, relative to the larger value, and in standard errors.
fn farthest(minima: &[Minimum]) -> Option<(&Minimum, &Minimum, f64, Option<f64>)> {
    let sound: Vec<&Minimum> = minima.iter().filter(|m| m.converged && m.value.value.is_finite()).collect();
    let pairs = sound.iter().enumerate().flat_map(|(k, a)| sound[k + 1..].iter().map(move |b| (*a, *b)));
    let apart = pairs.filter(|(a, b)| a.size == b.size && a.engine != b.engine).map(|(a, b)| {
        let (x, y) = (a.value.value, b.value.value);
        let error = a.value.standard_error.unwrap_or(0.0).hypot(b.value.standard_error.unwrap_or(0.0));
        let sigmas = (error > 0.0).then(|| (x - y).abs() / error);
        (a, b, (x - y).abs() / x.abs().max(y.abs()), sigmas)
    });
    apart.max_by(|a, b| a.2.total_cmp(&b.2))
}
