//! Phases as numbers and in words.

use superladder_mean_field::Phase;

/// Colours of the phases in the order of [`Phase::ALL`], those of the paper where it names them.
pub(super) const COLOURS: [&str; 8] =
    ["#F3F3F3", "#BDBDBD", "#9B7FC4", "#F7E03C", "#F39C33", "#C8281E", "#B5C24A", "#000000"];
/// Number of a phase.
pub(super) fn number(phase: Phase) -> usize {
    Phase::ALL.iter().position(|p| *p == phase).unwrap_or(0)
}

/// How many points every phase has, in words.
pub(super) fn census(counts: &[usize]) -> String {
    let present = Phase::ALL.iter().zip(counts).filter(|(_, count)| **count > 0);
    present.map(|(phase, count)| format!("{} {count}", phase.name())).collect::<Vec<_>>().join(", ")
}
