//! What a program in Rust hands to an entry of a table: names of subsystems and values of arguments.

use num_complex::Complex64;

use crate::model::find;
use crate::{Argument, Model, ModelError, Subsystem, Value};

/// Names of the modes and ensembles that an entry acts on: `"a"` or `["a", "S"]`. Which of them are modes is
/// looked up in the model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names(Vec<String>);

/// Values for the arguments of an entry, in one of these forms:
///
/// - `0.06`: one value alone, for the entry's first argument (a `rate`, a `strength`, an `amplitude`),
/// - `[("rate", 0.06), ("occupation", 1.5)]`: values by key,
/// - `()`: none.
#[derive(Debug, Clone, PartialEq)]
pub struct Given(Form);

#[derive(Debug, Clone, PartialEq)]
enum Form {
    Alone(Value),
    ByKey(Vec<(String, Value)>),
}

impl Names {
    /// Names of modes and names of ensembles, in the order given.
    pub(crate) fn sorted(&self, model: &Model) -> Result<(Vec<String>, Vec<String>), ModelError> {
        let subsystems = model.subsystems();
        let known: Vec<&str> = subsystems.iter().map(|s| model.name(*s)).collect();
        let (mut modes, mut ensembles) = (Vec::new(), Vec::new());
        for name in &self.0 {
            match subsystems[find("mode or ensemble", name, &known)?] {
                Subsystem::Mode(_) => modes.push(name.clone()),
                Subsystem::Ensemble(_) => ensembles.push(name.clone()),
            }
        }
        Ok((modes, ensembles))
    }
}

impl Given {
    /// The values by key, for an entry with these `arguments`.
    pub(crate) fn by_key(self, arguments: &[Argument]) -> Vec<(String, Value)> {
        match self.0 {
            Form::Alone(value) => {
                let key = arguments.first().map_or("value", |a| a.key);
                vec![(key.to_owned(), value)]
            }
            Form::ByKey(values) => values,
        }
    }
}

impl From<&str> for Names {
    fn from(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }
}

impl<const N: usize> From<[&str; N]> for Names {
    fn from(names: [&str; N]) -> Self {
        Self(names.map(ToOwned::to_owned).to_vec())
    }
}

impl From<Vec<String>> for Names {
    fn from(names: Vec<String>) -> Self {
        Self(names)
    }
}

impl From<()> for Given {
    fn from((): ()) -> Self {
        Self(Form::ByKey(Vec::new()))
    }
}

impl<V: Into<Value>, const N: usize> From<[(&str, V); N]> for Given {
    fn from(values: [(&str, V); N]) -> Self {
        Self(Form::ByKey(values.map(|(key, value)| (key.to_owned(), value.into())).to_vec()))
    }
}

impl From<Vec<(String, Value)>> for Given {
    fn from(values: Vec<(String, Value)>) -> Self {
        Self(Form::ByKey(values))
    }
}

impl From<Value> for Given {
    fn from(value: Value) -> Self {
        Self(Form::Alone(value))
    }
}

/// Types that are values, and values alone.
macro_rules! values {
    ($($type:ty: |$x:ident| $value:expr;)*) => {$(
        impl From<$type> for Value {
            fn from($x: $type) -> Self {
                $value
            }
        }

        impl From<$type> for Given {
            fn from(value: $type) -> Self {
                Value::from(value).into()
            }
        }
    )*};
}

values! {
    f64: |x| Self::Real(x);
    i32: |x| Self::Real(f64::from(x));
    usize: |x| Self::Real(x as f64);
    Complex64: |x| Self::Complex(x);
    [f64; 3]: |x| Self::Vector(x);
    &[&str]: |x| Self::Words(x.iter().map(ToString::to_string).collect());
    &[(Complex64, &[&str])]: |x| Self::Sum(x.iter().map(|(z, words)| (*z, words.iter().map(ToString::to_string).collect())).collect());
}
