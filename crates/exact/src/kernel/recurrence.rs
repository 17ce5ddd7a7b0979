//! What an application of the generator becomes part of.

/// `out` = a L `x` + b `x` + c `before` in place of L `x`, with the coefficients [a, b, c].
#[derive(Clone, Copy)]
pub(crate) struct Recurrence<'a> {
    pub coefficients: [f64; 3],
    pub before: &'a [f64],
}
