//! The function of an observable's expectation values.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use num_complex::Complex64;

use super::Context;

type Function = dyn Fn(&[Complex64], &Context) -> Vec<f64> + Send + Sync;

/// A function of expectation values, one real value per component; NaN means undefined. Called as what it is,
/// a function: `combine(&expectations, &context)`. Clones share it.
#[derive(Clone)]
pub struct Combine(Arc<Function>);

impl Combine {
    /// Takes a function or a closure.
    pub fn new(function: impl Fn(&[Complex64], &Context) -> Vec<f64> + Send + Sync + 'static) -> Self {
        Self(Arc::new(function))
    }
}

impl Deref for Combine {
    type Target = Function;

    fn deref(&self) -> &Function {
        self.0.as_ref()
    }
}

impl fmt::Debug for Combine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Combine")
    }
}
