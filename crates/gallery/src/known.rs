//! What is known of a study from closed forms, publications and other code, as data.

/// What is known of a study of others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Published {
    /// Where it is from.
    pub source: &'static str,
    /// Changes of the study, as for `--set`.
    pub sets: &'static [&'static str],
    /// The points, as for `--sweep`; at least one axis.
    pub sweeps: &'static [&'static str],
    /// What is known.
    pub known: &'static [Known],
}

/// A number that is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// The point in words, `N = 4, r = 0.5`.
    pub at: &'static str,
    /// A reduction of the study, or a column, of which the last value counts.
    pub of: &'static str,
    /// Its value.
    pub value: f64,
    /// So far it may be off, relative to the value.
    pub within: f64,
    /// How it is known.
    pub by: &'static str,
}
