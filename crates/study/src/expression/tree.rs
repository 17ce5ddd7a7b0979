//! An expression as a tree, with values for its symbols.

use std::ops::Range;

use super::{ExpressionError, Function, FunctionOfTwo, Named};

/// Arithmetic over numbers and symbols.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    pub(super) text: String,
    pub(super) root: Node,
}

/// A part of an expression.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Number(f64),
    /// By its number in the list of values.
    Symbol(usize),
    Negative(Box<Node>),
    Two(Operation, Box<[Node; 2]>, Range<usize>),
    Function(&'static Named<Function>, Box<Node>, Range<usize>),
    FunctionOfTwo(&'static Named<FunctionOfTwo>, Box<[Node; 2]>),
}

/// What stands between two operands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    Plus,
    Minus,
    Times,
    Over,
    Power,
}

impl Operation {
    fn of(self, x: f64, y: f64) -> f64 {
        match self {
            Self::Plus => x + y,
            Self::Minus => x - y,
            Self::Times => x * y,
            Self::Over => x / y,
            // Whole powers by multiplication: 3^2 is exactly 9 on every platform.
            Self::Power if y.fract() == 0.0 && y.abs() <= 64.0 => x.powi(y as i32),
            Self::Power => x.powf(y),
        }
    }
}

impl Expression {
    /// The value; what is undefined anywhere in it is undefined (NaN), also inside of `min` and `max`.
    pub(crate) fn value(&self, symbols: &[f64]) -> f64 {
        self.checked(symbols).unwrap_or(f64::NAN)
    }

    /// The value. One that is not a number is a fault wherever it comes up: `max` and `min` would drop it.
    ///
    /// # Errors
    /// [`ExpressionError::NotFinite`] with the part that is undefined.
    pub(crate) fn checked(&self, symbols: &[f64]) -> Result<f64, ExpressionError> {
        self.root.value(symbols).map_err(|place| ExpressionError::NotFinite {
            text: self.text[place].trim().to_owned(),
            value: f64::NAN,
        })
    }
}

impl Node {
    /// The value, or where it is undefined.
    pub(super) fn value(&self, symbols: &[f64]) -> Result<f64, Range<usize>> {
        let defined = |value: f64, place: &Range<usize>| {
            if value.is_nan() { Err(place.clone()) } else { Ok(value) }
        };
        match self {
            Self::Number(x) => Ok(*x),
            Self::Symbol(number) => defined(symbols.get(*number).copied().unwrap_or(f64::NAN), &(0..0)),
            Self::Negative(x) => x.value(symbols).map(|x| -x),
            Self::Two(operation, both, place) => {
                defined(operation.of(both[0].value(symbols)?, both[1].value(symbols)?), place)
            }
            Self::Function((_, function), x, place) => defined(function(x.value(symbols)?), place),
            Self::FunctionOfTwo((_, function), both) => {
                Ok(function(both[0].value(symbols)?, both[1].value(symbols)?))
            }
        }
    }
}
