//! The table of reductions: what is read off a series, by name.

use super::Quantity;

/// An entry of the table of reductions.
#[derive(Debug)]
pub struct ReductionDefinition {
    /// Name.
    pub name: &'static str,
    /// The word before its level, of those that have one.
    pub level: Option<&'static str>,
    /// One sentence.
    pub summary: &'static str,
    /// The quantity, from the level if there is one.
    pub quantity: fn(f64) -> Quantity,
}

/// Every reduction.
pub static REDUCTIONS: &[ReductionDefinition] = &[
    ReductionDefinition {
        name: "minimum",
        level: None,
        summary: "the smallest value, with its time, of the parabola through the lowest point and its neighbours",
        quantity: |_| Quantity::Minimum,
    },
    ReductionDefinition {
        name: "maximum",
        level: None,
        summary: "the largest value, with its time, of the parabola through the highest point and its neighbours",
        quantity: |_| Quantity::Maximum,
    },
    ReductionDefinition {
        name: "minimum-time",
        level: None,
        summary: "the time of the smallest value",
        quantity: |_| Quantity::MinimumTime,
    },
    ReductionDefinition {
        name: "maximum-time",
        level: None,
        summary: "the time of the largest value",
        quantity: |_| Quantity::MaximumTime,
    },
    ReductionDefinition {
        name: "mean",
        level: None,
        summary: "the average over time, of the cubic interpolant",
        quantity: |_| Quantity::Mean,
    },
    ReductionDefinition {
        name: "final",
        level: None,
        summary: "the last value",
        quantity: |_| Quantity::Final,
    },
    ReductionDefinition {
        name: "rises",
        level: Some("above"),
        summary: "the time at which the column first comes above a level",
        quantity: Quantity::RisesAbove,
    },
    ReductionDefinition {
        name: "falls",
        level: Some("below"),
        summary: "the time at which the column first comes below a level",
        quantity: Quantity::FallsBelow,
    },
];
