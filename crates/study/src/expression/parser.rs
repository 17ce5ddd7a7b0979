//! Recursive descent from text to tree.

use std::ops::Range;

use superladder_model::nearest;

use super::tree::{Expression, Node, Operation};
use super::{ExpressionError, FUNCTIONS, FUNCTIONS_OF_TWO, Symbols, function_names, name_at};

type Result<T> = std::result::Result<T, ExpressionError>;

/// Deeper nesting is refused, so that no input can exhaust the stack.
const DEEPEST: usize = 100;

impl Expression {
    /// Reads `text`, names looked up in `symbols` (and `pi`).
    ///
    /// # Errors
    /// [`ExpressionError`].
    pub(crate) fn parse(text: &str, symbols: &mut dyn Symbols) -> Result<Self> {
        let mut parser = Parser { text, position: 0, depth: 0, symbols };
        let root = parser.sum()?;
        parser.skip_space();
        if parser.position < text.len() {
            return Err(parser.unexpected("an operator or the end"));
        }
        Ok(Self { text: text.to_owned(), root })
    }
}

struct Parser<'a> {
    text: &'a str,
    position: usize,
    depth: usize,
    symbols: &'a mut dyn Symbols,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
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

    fn since(&self, start: usize) -> Range<usize> {
        start..self.position
    }

    fn two(&self, operation: Operation, x: Node, y: Node, start: usize) -> Node {
        Node::Two(operation, Box::new([x, y]), self.since(start))
    }

    fn sum(&mut self) -> Result<Node> {
        let start = self.position;
        let mut value = self.product()?;
        loop {
            let operation = if self.take('+') {
                Operation::Plus
            } else if self.take('-') {
                Operation::Minus
            } else {
                return Ok(value);
            };
            let next = self.product()?;
            value = self.two(operation, value, next, start);
        }
    }

    fn product(&mut self) -> Result<Node> {
        let start = self.position;
        let mut value = self.signed()?;
        loop {
            let operation = if self.take('*') {
                Operation::Times
            } else if self.take('/') {
                Operation::Over
            } else {
                return Ok(value);
            };
            let next = self.signed()?;
            value = self.two(operation, value, next, start);
        }
    }

    fn signed(&mut self) -> Result<Node> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.unexpected("fewer nested parentheses and signs"));
        }
        let value = if self.take('-') {
            Node::Negative(Box::new(self.signed()?))
        } else if self.take('+') {
            self.signed()?
        } else {
            self.power()?
        };
        self.depth -= 1;
        Ok(value)
    }

    fn power(&mut self) -> Result<Node> {
        let start = self.position;
        let base = self.atom()?;
        if !self.take('^') {
            return Ok(base);
        }
        let exponent = self.signed()?;
        Ok(self.two(Operation::Power, base, exponent, start))
    }

    fn atom(&mut self) -> Result<Node> {
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

    fn number(&mut self) -> Result<Node> {
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
        Ok(Node::Number(value))
    }

    fn name(&mut self) -> Result<Node> {
        let start = self.position;
        let symbol = self.symbols.symbol(self.rest()).map_err(|error| error.moved(start))?;
        if let Some((number, length)) = symbol {
            self.position += length;
            return Ok(Node::Symbol(number));
        }
        let name = name_at(self.rest());
        self.position += name.len();
        if self.take('(') {
            if function_names().any(|known| known == name) {
                return self.call(start, name);
            }
            let known = function_names().map(ToOwned::to_owned).chain(self.symbols.names()).collect();
            return Err(unknown(start, "function", name, known));
        }
        if name == "pi" {
            return Ok(Node::Number(std::f64::consts::PI));
        }
        let mut known = self.symbols.names();
        known.push("pi".to_owned());
        Err(unknown(start, "symbol", name, known))
    }

    fn call(&mut self, position: usize, name: &str) -> Result<Node> {
        let mut arguments = vec![self.sum()?];
        while self.take(',') {
            arguments.push(self.sum()?);
        }
        if !self.take(')') {
            return Err(self.unexpected("')' or ','"));
        }
        let found = arguments.len();
        let wrong_count =
            |needed| ExpressionError::Arguments { position, name: name.to_owned(), needed, found };
        if let Some(function) = FUNCTIONS.iter().find(|f| f.0 == name) {
            let [x] = <[Node; 1]>::try_from(arguments).map_err(|_| wrong_count(1))?;
            return Ok(Node::Function(function, Box::new(x), self.since(position)));
        }
        let two = FUNCTIONS_OF_TWO.iter().find(|f| f.0 == name);
        let function = two.ok_or_else(|| unknown(position, "function", name, Vec::new()))?;
        let both = <[Node; 2]>::try_from(arguments).map_err(|_| wrong_count(2))?;
        Ok(Node::FunctionOfTwo(function, Box::new(both)))
    }
}

fn unknown(position: usize, kind: &'static str, name: &str, known: Vec<String>) -> ExpressionError {
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    let nearest = nearest(name, &names);
    ExpressionError::UnknownSymbol { position, kind, name: name.to_owned(), nearest, known }
}
