//! What can be wrong with what is handed to an analysis.

use thiserror::Error;

/// Why an analysis cannot be made. A threshold that is never crossed, a blow-up or too few crossings for a
/// fit are *results*, not errors.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum AnalysisError {
    /// A criterion that is not in [`crate::CRITERIA`].
    #[error("unknown criterion '{name}'; known: {}", known.join(", "))]
    UnknownCriterion {
        /// The name given.
        name: String,
        /// All known names with their kind of target.
        known: Vec<String>,
    },
    /// A moment that is not in [`crate::MOMENTS`].
    #[error("unknown moment '{name}'; known: {}", known.join(", "))]
    UnknownMoment {
        /// The name given.
        name: String,
        /// All known names with their kind of target.
        known: Vec<String>,
    },
    /// The target in parentheses does not fit the criterion or the system.
    #[error("criterion '{text}': {reason}")]
    Target {
        /// The text given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A series that a criterion needs is absent.
    #[error("the {table} lacks column '{column}'; it has: {}", known.join(", "))]
    MissingColumn {
        /// Which table ("reference run", "tested run").
        table: &'static str,
        /// The absent column.
        column: String,
        /// The columns that exist.
        known: Vec<String>,
    },
    /// Two lists that belong together differ in length.
    #[error("{what} must have {expected} values, but has {found}")]
    Length {
        /// What has the wrong length.
        what: String,
        /// Length needed.
        expected: usize,
        /// Length found.
        found: usize,
    },
    /// Times are not finite and strictly increasing.
    #[error("times must be finite and strictly increasing, but time number {index} is {value}")]
    Times {
        /// Position in the list.
        index: usize,
        /// The offending time.
        value: f64,
    },
    /// Two runs were not recorded at the same times.
    #[error(
        "both runs must be recorded at the same times, but time number {index} is {reference} and {tested}"
    )]
    DifferentTimes {
        /// Position in the list.
        index: usize,
        /// Time of the reference run.
        reference: f64,
        /// Time of the tested run.
        tested: f64,
    },
    /// Too little data.
    #[error("{what}: at least {needed} are needed, but {found} given")]
    TooFew {
        /// What there is too little of.
        what: String,
        /// Smallest number.
        needed: usize,
        /// Number found.
        found: usize,
    },
    /// A number is outside its allowed range.
    #[error("`{key}` must be {allowed}, but is {value}")]
    OutOfRange {
        /// Name of the quantity.
        key: String,
        /// Its value.
        value: f64,
        /// What is allowed, in words.
        allowed: String,
    },
    /// No oscillation was found.
    #[error("no period found: {reason}; give the averaging window yourself")]
    NoPeriod {
        /// Why not.
        reason: String,
    },
    /// A number that must be finite is not.
    #[error("{what} must be finite, but number {index} is {value}")]
    NotFinite {
        /// Which list.
        what: String,
        /// Position in the list.
        index: usize,
        /// The offending value.
        value: f64,
    },
}

/// Checks that `times` are finite and strictly increasing.
pub(crate) fn check_times(times: &[f64]) -> Result<(), AnalysisError> {
    let good = |i: usize| times[i].is_finite() && (i == 0 || times[i - 1] < times[i]);
    match (0..times.len()).find(|&i| !good(i)) {
        Some(index) => Err(AnalysisError::Times { index, value: times[index] }),
        None => Ok(()),
    }
}

/// Checks that a list is as long as the times it belongs to.
pub(crate) fn check_length(what: &str, expected: usize, found: usize) -> Result<(), AnalysisError> {
    if expected == found {
        Ok(())
    } else {
        Err(AnalysisError::Length { what: what.to_owned(), expected, found })
    }
}

/// Checks that `value` is finite and > 0.
pub(crate) fn check_positive(key: &str, value: f64) -> Result<(), AnalysisError> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(AnalysisError::OutOfRange { key: key.to_owned(), value, allowed: "finite and > 0".to_owned() })
}
