//! A run as a table: named columns over common times.

use crate::AnalysisError;
use crate::error::{check_length, check_times};

/// One real quantity over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Name as in the output files: `observable` or `observable.component`.
    pub name: String,
    /// Values, one per time; NaN means undefined.
    pub values: Vec<f64>,
    /// Standard errors, for engines that sample.
    pub standard_errors: Option<Vec<f64>>,
}

/// Named columns over common times.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    times: Vec<f64>,
    columns: Vec<Column>,
}

impl Table {
    /// A table without columns.
    ///
    /// # Errors
    /// [`AnalysisError::Times`].
    pub fn new(times: Vec<f64>) -> Result<Self, AnalysisError> {
        check_times(&times)?;
        Ok(Self { times, columns: Vec::new() })
    }

    /// Adds a column; it replaces one of the same name.
    ///
    /// # Errors
    /// [`AnalysisError::Length`].
    pub fn with(mut self, column: Column) -> Result<Self, AnalysisError> {
        check_length(&format!("column '{}'", column.name), self.times.len(), column.values.len())?;
        if let Some(errors) = &column.standard_errors {
            let what = format!("standard errors of column '{}'", column.name);
            check_length(&what, self.times.len(), errors.len())?;
        }
        self.columns.retain(|c| c.name != column.name);
        self.columns.push(column);
        Ok(self)
    }

    /// Adds a column without standard errors.
    ///
    /// # Errors
    /// [`AnalysisError::Length`].
    pub fn with_values(self, name: impl Into<String>, values: Vec<f64>) -> Result<Self, AnalysisError> {
        self.with(Column { name: name.into(), values, standard_errors: None })
    }

    /// The times.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// All columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column called `name`.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// Names of the columns of an observable: `observable` itself or `observable.component`.
    pub fn columns_of(&self, observable: &str) -> Vec<String> {
        let belongs = |name: &str| {
            name.strip_prefix(observable).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.columns.iter().filter(|c| belongs(&c.name)).map(|c| c.name.clone()).collect()
    }

    /// The column called `name`, or an error that lists what there is.
    pub(crate) fn require(&self, table: &'static str, name: &str) -> Result<&Column, AnalysisError> {
        self.column(name).ok_or_else(|| AnalysisError::MissingColumn {
            table,
            column: name.to_owned(),
            known: self.columns.iter().map(|c| c.name.clone()).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_an_observable_are_found_by_its_whole_name() {
        let names = ["spin(S).x", "spin(S).y", "spin(S2).x", "photons(a)"];
        let mut table = Table::new(vec![0.0]).expect("times");
        for name in names {
            table = table.with_values(name, vec![1.0]).expect("one value");
        }
        assert_eq!(table.columns_of("spin(S)"), ["spin(S).x", "spin(S).y"]);
        assert_eq!(table.columns_of("photons(a)"), ["photons(a)"]);
        assert!(table.columns_of("spin").is_empty());
    }

    #[test]
    fn wrong_lengths_and_times_are_refused() {
        assert_eq!(
            Table::new(vec![0.0, 0.0]).map(|_| ()),
            Err(AnalysisError::Times { index: 1, value: 0.0 })
        );
        let table = Table::new(vec![0.0, 1.0]).expect("times");
        assert!(matches!(table.with_values("x", vec![1.0]), Err(AnalysisError::Length { found: 1, .. })));
    }
}
