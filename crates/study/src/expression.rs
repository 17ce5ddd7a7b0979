//! Arithmetic in study files: `0.3*sqrt(N)`, `-omega^2/2`, `min(1, kappa)`.
//!
//! Written here because the maintained expression crates read `-x^2` as `(-x)^2` and `2^3^2` as `(2^3)^2`, or
//! do not know `1e-3`: silent sign errors in a physics program. Precedence is that of mathematics and Python:
//! `^` binds tighter than a sign and to the right, then `*` and `/`, then `+` and `-`, both to the left.

mod parser;
mod symbolic;
mod tree;

pub(crate) use symbolic::{Names, latex_name};
pub(crate) use tree::Expression;

use thiserror::Error;

/// Why an expression has no value. Positions count bytes from the start of the expression.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ExpressionError {
    /// The expression breaks off or goes on where it should not.
    #[error("expected {expected}, but found {found}")]
    Syntax {
        /// Where.
        position: usize,
        /// What would be right there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A name that is neither a parameter, a constant nor a function.
    #[error("unknown {kind} '{name}'{}; known: {}", nearest.as_ref().map(|n| format!(" (did you mean '{n}'?)")).unwrap_or_default(), known.join(", "))]
    UnknownSymbol {
        /// Where.
        position: usize,
        /// "symbol" or "function".
        kind: &'static str,
        /// The name.
        name: String,
        /// The nearest known name.
        nearest: Option<String>,
        /// All known names.
        known: Vec<String>,
    },
    /// The wrong number of arguments.
    #[error("{name} takes {needed} argument(s), but {found} given")]
    Arguments {
        /// Where.
        position: usize,
        /// The function.
        name: String,
        /// How many it takes.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// An observable or an operator in it cannot be read.
    #[error("{reason}")]
    Operator {
        /// Where.
        position: usize,
        /// How many bytes it takes.
        length: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The value is infinite or undefined.
    #[error("the value of '{text}' is {value}, not a finite number")]
    NotFinite {
        /// The expression.
        text: String,
        /// Its value.
        value: f64,
    },
}

impl ExpressionError {
    /// Where the error is, in bytes from the start of the expression, and how long it is.
    pub fn place(&self) -> Option<(usize, usize)> {
        match self {
            Self::Syntax { position, .. } => Some((*position, 1)),
            Self::UnknownSymbol { position, name, .. } | Self::Arguments { position, name, .. } => {
                Some((*position, name.len()))
            }
            Self::Operator { position, length, .. } => Some((*position, *length)),
            Self::NotFinite { .. } => None,
        }
    }

    /// The error of a part of an expression that begins at `start`.
    pub(crate) fn moved(mut self, start: usize) -> Self {
        match &mut self {
            Self::Syntax { position, .. }
            | Self::UnknownSymbol { position, .. }
            | Self::Arguments { position, .. }
            | Self::Operator { position, .. } => *position += start,
            Self::NotFinite { .. } => {}
        }
        self
    }
}

/// A function by its name.
type Named<F> = (&'static str, F);
type Function = fn(f64) -> f64;
type FunctionOfTwo = fn(f64, f64) -> f64;

/// Functions of one argument.
static FUNCTIONS: &[(&str, Function)] = &[
    ("sqrt", f64::sqrt),
    ("exp", f64::exp),
    ("ln", f64::ln),
    ("log10", f64::log10),
    ("sin", f64::sin),
    ("cos", f64::cos),
    ("tan", f64::tan),
    ("asin", f64::asin),
    ("acos", f64::acos),
    ("atan", f64::atan),
    ("sinh", f64::sinh),
    ("cosh", f64::cosh),
    ("tanh", f64::tanh),
    ("abs", f64::abs),
    ("round", f64::round),
    ("floor", f64::floor),
    ("ceil", f64::ceil),
];

/// Functions of two arguments.
static FUNCTIONS_OF_TWO: &[(&str, FunctionOfTwo)] = &[("min", f64::min), ("max", f64::max)];

/// True for a name that expressions keep for themselves.
pub(super) fn is_reserved(name: &str) -> bool {
    name == "pi" || function_names().any(|f| f == name)
}

/// True for a name that expressions can refer to.
pub(super) fn is_symbol(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

fn function_names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|f| f.0).chain(FUNCTIONS_OF_TWO.iter().map(|f| f.0))
}

/// What an expression may refer to beside numbers, `pi` and functions.
pub(crate) trait Symbols {
    /// What stands at the start of `rest`, an atom that is no number: its number in the list of values, and how many
    /// bytes of `rest` it takes. `None`: nothing that is known.
    ///
    /// # Errors
    /// Where something known begins that is wrong.
    fn symbol(&mut self, rest: &str) -> Result<Option<(usize, usize)>, ExpressionError>;

    /// Names of all that is known, for messages.
    fn names(&self) -> Vec<String>;
}

/// Named numbers.
impl Symbols for &[(String, f64)] {
    fn symbol(&mut self, rest: &str) -> Result<Option<(usize, usize)>, ExpressionError> {
        let name = name_at(rest);
        let called = rest[name.len()..].trim_start().starts_with('(');
        let found = self.iter().position(|(symbol, _)| symbol == name);
        Ok(found.filter(|_| !called).map(|number| (number, name.len())))
    }

    fn names(&self) -> Vec<String> {
        self.iter().map(|(symbol, _)| symbol.clone()).collect()
    }
}

/// The name that `rest` begins with; empty for none.
pub(crate) fn name_at(rest: &str) -> &str {
    let length = |c: char| c.is_alphanumeric() || c == '_';
    let end = rest.find(|c: char| !length(c)).unwrap_or(rest.len());
    if rest.starts_with(|c: char| c.is_alphabetic() || c == '_') { &rest[..end] } else { "" }
}

/// Value of `text`, names looked up in `symbols` (and `pi`).
///
/// # Errors
/// [`ExpressionError`].
pub fn evaluate(text: &str, symbols: &[(String, f64)]) -> Result<f64, ExpressionError> {
    let values: Vec<f64> = symbols.iter().map(|(_, value)| *value).collect();
    let value = Expression::parse(text, &mut { symbols })?.checked(&values)?;
    if value.is_finite() {
        Ok(value)
    } else {
        Err(ExpressionError::NotFinite { text: text.to_owned(), value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> f64 {
        evaluate(text, &[("N".into(), 4.0), ("lambda".into(), 0.7)]).expect(text)
    }

    #[test]
    fn precedence_is_that_of_mathematics() {
        let expected = [
            ("-2^2", -4.0),
            ("2^3^2", 512.0),
            ("2^-1", 0.5),
            ("1-2-3", -4.0),
            ("8/4/2", 1.0),
            ("8/4*2", 4.0),
            ("2*-3", -6.0),
            ("1e-3*2", 2e-3),
            ("1.5E+2", 150.0),
            (".5", 0.5),
            ("0.3*sqrt(N)", 0.6),
            ("-sin(0)^2 + lambda", 0.7),
            ("max(1, min(5, N)) ", 4.0),
            ("2*(1+ (3-1))", 6.0),
            ("cos(pi)", -1.0),
            ("N^0.5", 2.0),
        ];
        for (text, answer) in expected {
            assert_eq!(value(text), answer, "{text}");
        }
    }

    #[test]
    fn errors_name_the_symbol_and_the_place() {
        let symbols = [("lambda".to_owned(), 0.7)];
        let error = evaluate("2*lamda", &symbols).unwrap_err();
        assert_eq!(error.place(), Some((2, 5)));
        assert!(error.to_string().contains("did you mean 'lambda'?"), "{error}");
        for bad in [
            "max(0/0,1)",
            "min(1, sqrt(-1))",
            "0*(1/0)",
            "max(1, ln(-1)+1)",
            "",
            "2*",
            "(1",
            "2 3",
            "2e",
            "sqrt(1",
            "sqrt(1,2)",
            "min(1)",
            "foo(1)",
            "1/0",
            "ln(-1)",
            "é+",
        ] {
            assert!(evaluate(bad, &symbols).is_err(), "{bad}");
        }
        assert!(evaluate(&"(".repeat(100_000), &symbols).is_err());
        assert!(evaluate(&"-".repeat(100_000), &symbols).is_err());
    }
}
