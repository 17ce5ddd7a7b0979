//! The names that expressions of a study may use: parameters, and time.

use std::sync::Arc;

use superladder_model::TimeFunction;

use crate::expression::{Expression, ExpressionError, Names, Symbols, name_at};
use crate::source::Source;

/// The name of time in expressions.
pub(crate) const TIME: &str = "t";

/// What a number must be that may not follow time.
pub(crate) const CONSTANT: &str = "constant: time `t` may stand in frequencies, in numbers of interactions and in what sets the rates of channels";

/// What every reader of a study knows: the text and the values of the parameters.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// The text with its name.
    pub(crate) source: Arc<Source>,
    /// Parameters in order of definition, without those that follow time.
    pub(crate) parameters: Vec<(String, f64)>,
    /// Parameters that follow time, in order of definition.
    pub(crate) functions: Vec<(String, TimeFunction)>,
}

/// Parameters, the time, and parameters that follow it.
struct Timed<'a> {
    scope: &'a Scope,
    follows: bool,
}

impl Timed<'_> {
    /// The values of all symbols at a time, in their order.
    fn values(scope: &Scope, t: f64) -> Vec<f64> {
        let constant = scope.parameters.iter().map(|(_, value)| *value);
        constant.chain([t]).chain(scope.functions.iter().map(|(_, function)| function.at(t))).collect()
    }
}

impl Symbols for Timed<'_> {
    fn symbol(&mut self, rest: &str) -> Result<Option<(usize, usize)>, ExpressionError> {
        let name = name_at(rest);
        let count = self.scope.parameters.len();
        let called = rest[name.len()..].trim_start().starts_with('(');
        let of_time = self.scope.functions.iter().position(|(known, _)| known == name);
        let number = if name == TIME { Some(count) } else { of_time.map(|k| count + 1 + k) };
        if let Some(number) = number.filter(|_| !called) {
            self.follows = true;
            return Ok(Some((number, name.len())));
        }
        let mut constants = self.scope.parameters.as_slice();
        constants.symbol(rest)
    }

    fn names(&self) -> Vec<String> {
        let constants = self.scope.parameters.as_slice().names();
        let functions = self.scope.functions.iter().map(|(name, _)| name.clone());
        constants.into_iter().chain([TIME.to_owned()]).chain(functions).collect()
    }
}

/// The function of time that an expression is; `None` if it names no time, or cannot be read, which whoever takes
/// it for a number says.
pub(crate) fn function_of(text: &str, scope: &Scope) -> Option<TimeFunction> {
    let mut symbols = Timed { scope, follows: false };
    let expression = Expression::parse(text, &mut symbols).ok()?;
    if !symbols.follows {
        return None;
    }
    let scope = scope.clone();
    Some(TimeFunction::new(text, move |t| expression.value(&Timed::values(&scope, t))))
}

/// The expression that a text is, and the names and values of what it may name at a time; `None` if it cannot be read.
pub(crate) fn named(text: &str, scope: &Scope, t: f64) -> Option<(Expression, Names)> {
    let expression = Expression::parse(text, &mut Timed { scope, follows: false }).ok()?;
    let constant = scope.parameters.iter().map(|(name, _)| name.clone());
    let following = scope.functions.iter().map(|(name, _)| format!("{name}({TIME})"));
    let texts = constant.chain([TIME.to_owned()]).chain(following).collect();
    Some((expression, Names { texts, values: Timed::values(scope, t) }))
}
