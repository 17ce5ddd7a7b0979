//! The function of an observable's expectation values.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use num_complex::Complex64;

use super::Context;

type Function = dyn Fn(&[Complex64], &Context) -> Vec<f64> + Send + Sync;
type Guided = dyn Fn(&[Complex64], &[Complex64], &Context) -> Vec<Option<f64>> + Send + Sync;

/// A function of expectation values, one real value per component; NaN means undefined. Called as what it is,
/// a function: `combine(&expectations, &context)`. Clones share it.
#[derive(Clone)]
pub struct Combine {
    function: Arc<Function>,
    guided: Option<Arc<Guided>>,
}

impl Combine {
    /// Takes a function or a closure.
    pub fn new(function: impl Fn(&[Complex64], &Context) -> Vec<f64> + Send + Sync + 'static) -> Self {
        Self { function: Arc::new(function), guided: None }
    }

    /// Adds how components that are extreme over directions are evaluated in the direction that other
    /// expectation values choose: `guided(expectations, guide, context)`, `None` for the other components. With
    /// `guide = expectations` the values are those of the function itself.
    ///
    /// The smallest of several noisy variances is on average too small. With the direction from one half of the
    /// samples and the value from the other it is not.
    #[must_use]
    pub fn guided(
        self,
        guided: impl Fn(&[Complex64], &[Complex64], &Context) -> Vec<Option<f64>> + Send + Sync + 'static,
    ) -> Self {
        Self { guided: Some(Arc::new(guided)), ..self }
    }

    /// Whether some component is extreme over directions.
    pub(crate) fn is_guided(&self) -> bool {
        self.guided.is_some()
    }

    /// The components that are extreme over directions, in the directions of `guide`; none where nothing is.
    pub fn along(
        &self,
        expectations: &[Complex64],
        guide: &[Complex64],
        context: &Context,
    ) -> Option<Vec<Option<f64>>> {
        self.guided.as_ref().map(|guided| guided(expectations, guide, context))
    }
}

impl Deref for Combine {
    type Target = Function;

    fn deref(&self) -> &Function {
        self.function.as_ref()
    }
}

impl fmt::Debug for Combine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Combine")
    }
}
