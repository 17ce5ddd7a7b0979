//! Arithmetic in study files: `0.3*sqrt(N)`, `-omega^2/2`, `min(1, kappa)`.
//!
//! Written here because the maintained expression crates read `-x^2` as `(-x)^2` and `2^3^2` as `(2^3)^2`, or
//! do not know `1e-3`: silent sign errors in a physics program. Precedence is that of mathematics and Python:
//! `^` binds tighter than a sign and to the right, then `*` and `/`, then `+` and `-`, both to the left.

use superladder_model::nearest;
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
            Self::NotFinite { .. } => None,
        }
    }
}

type Function = fn(f64) -> f64;
type FunctionOfTwo = fn(f64, f64) -> f64;

/// Functions of one argument.
const FUNCTIONS: &[(&str, Function)] = &[
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
const FUNCTIONS_OF_TWO: &[(&str, FunctionOfTwo)] = &[("min", f64::min), ("max", f64::max)];

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

/// Value of `text`, names looked up in `symbols` (and `pi`).
///
/// # Errors
/// [`ExpressionError`].
pub fn evaluate(text: &str, symbols: &[(String, f64)]) -> Result<f64, ExpressionError> {
    let mut parser = Parser { text, position: 0, depth: 0, symbols };
    let value = parser.sum()?;
    parser.skip_space();
    if parser.position < text.len() {
        return Err(parser.unexpected("an operator or the end"));
    }
    if value.is_finite() {
        Ok(value)
    } else {
        Err(ExpressionError::NotFinite { text: text.to_owned(), value })
    }
}

/// Recursive descent over the text, evaluating on the way.
struct Parser<'a> {
    text: &'a str,
    position: usize,
    depth: usize,
    symbols: &'a [(String, f64)],
}

/// Deeper nesting is refused, so that no input can exhaust the stack.
const DEEPEST: usize = 100;

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.position..]
    }

    fn skip_space(&mut self) {
        self.position = self.text.len() - self.rest().trim_start().len();
    }

    fn take(&mut self, wanted: char) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(wanted);
        if found {
            self.position += wanted.len_utf8();
        }
        found
    }

    fn unexpected(&self, expected: &'static str) -> ExpressionError {
        let found = self.rest().chars().next().map_or("the end".to_owned(), |c| format!("'{c}'"));
        ExpressionError::Syntax { position: self.position, expected, found }
    }

    /// A value that is a number. One that is not is a fault wherever it comes up: `max` and `min` would drop it.
    fn defined(&self, start: usize, value: f64) -> Result<f64, ExpressionError> {
        if value.is_nan() {
            let text = self.text[start..self.position].trim().to_owned();
            return Err(ExpressionError::NotFinite { text, value });
        }
        Ok(value)
    }

    fn sum(&mut self) -> Result<f64, ExpressionError> {
        let start = self.position;
        let mut value = self.product()?;
        loop {
            if self.take('+') {
                value += self.product()?;
            } else if self.take('-') {
                value -= self.product()?;
            } else {
                return Ok(value);
            }
            value = self.defined(start, value)?;
        }
    }

    fn product(&mut self) -> Result<f64, ExpressionError> {
        let start = self.position;
        let mut value = self.signed()?;
        loop {
            if self.take('*') {
                value *= self.signed()?;
            } else if self.take('/') {
                value /= self.signed()?;
            } else {
                return Ok(value);
            }
            value = self.defined(start, value)?;
        }
    }

    fn signed(&mut self) -> Result<f64, ExpressionError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.unexpected("fewer nested parentheses and signs"));
        }
        let value = if self.take('-') {
            -self.signed()?
        } else if self.take('+') {
            self.signed()?
        } else {
            self.power()?
        };
        self.depth -= 1;
        Ok(value)
    }

    fn power(&mut self) -> Result<f64, ExpressionError> {
        let start = self.position;
        let base = self.atom()?;
        if !self.take('^') {
            return Ok(base);
        }
        let exponent = self.signed()?;
        // Whole powers by multiplication: 3^2 is exactly 9 on every platform.
        let whole = exponent.fract() == 0.0 && exponent.abs() <= 64.0;
        self.defined(start, if whole { base.powi(exponent as i32) } else { base.powf(exponent) })
    }

    fn atom(&mut self) -> Result<f64, ExpressionError> {
        self.skip_space();
        if self.take('(') {
            let value = self.sum()?;
            return if self.take(')') { Ok(value) } else { Err(self.unexpected("')'")) };
        }
        match self.rest().chars().next() {
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_alphabetic() || c == '_' => self.name(),
            _ => Err(self.unexpected("a number, a name or '('")),
        }
    }

    fn number(&mut self) -> Result<f64, ExpressionError> {
        let bytes = self.rest().as_bytes();
        let digits = |from: usize| from + bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        let mut end = digits(0);
        if bytes.get(end) == Some(&b'.') {
            end = digits(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent_end = digits((end + 1 + sign).min(bytes.len()));
            if exponent_end > end + 1 + sign {
                end = exponent_end;
            }
        }
        let value = self.rest()[..end].parse().map_err(|_| self.unexpected("a number"))?;
        self.position += end;
        Ok(value)
    }

    fn name(&mut self) -> Result<f64, ExpressionError> {
        let start = self.position;
        let name: String = self.rest().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        self.position += name.len();
        if self.take('(') {
            return self.call(start, &name);
        }
        if let Some((_, value)) = self.symbols.iter().find(|(symbol, _)| *symbol == name) {
            return Ok(*value);
        }
        if name == "pi" {
            return Ok(std::f64::consts::PI);
        }
        let known: Vec<&str> = self.symbols.iter().map(|(s, _)| s.as_str()).chain(["pi"]).collect();
        Err(unknown(start, "symbol", name, &known))
    }

    fn call(&mut self, position: usize, name: &str) -> Result<f64, ExpressionError> {
        let mut arguments = vec![self.sum()?];
        while self.take(',') {
            arguments.push(self.sum()?);
        }
        if !self.take(')') {
            return Err(self.unexpected("')' or ','"));
        }
        let wrong_count = |needed| {
            Err(ExpressionError::Arguments {
                position,
                name: name.to_owned(),
                needed,
                found: arguments.len(),
            })
        };
        if let Some((_, function)) = FUNCTIONS.iter().find(|f| f.0 == name) {
            return if let [x] = arguments[..] {
                self.defined(position, function(x))
            } else {
                wrong_count(1)
            };
        }
        if let Some((_, function)) = FUNCTIONS_OF_TWO.iter().find(|f| f.0 == name) {
            return if let [x, y] = arguments[..] { Ok(function(x, y)) } else { wrong_count(2) };
        }
        Err(unknown(position, "function", name.to_owned(), &function_names().collect::<Vec<_>>()))
    }
}

fn unknown(position: usize, kind: &'static str, name: String, known: &[&str]) -> ExpressionError {
    let nearest = nearest(&name, known);
    ExpressionError::UnknownSymbol {
        position,
        kind,
        name,
        nearest,
        known: known.iter().map(ToString::to_string).collect(),
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
