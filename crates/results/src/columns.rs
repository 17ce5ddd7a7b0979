//! The table of a run: one column per number, one row per output time.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use superladder_engine::{Problem, Recorder};
use superladder_model::Shape;

use crate::tables::write_rows;

/// One column of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Heading.
    pub name: String,
    /// One value per output time; NaN means undefined.
    pub values: Vec<f64>,
}

impl Column {
    /// Number of undefined values.
    pub fn undefined(&self) -> usize {
        self.values.iter().filter(|x| x.is_nan()).count()
    }
}

/// Time, every column of every observable but the matrices, standard errors where an engine gives them, and
/// the diagnostics.
pub fn columns(problem: &Problem, recorder: &Recorder) -> Vec<Column> {
    let levels = recorder.levels(problem);
    let mut columns = vec![Column { name: "t".into(), values: recorder.times() }];
    for (index, observable) in problem.observables.iter().enumerate() {
        if matches!(observable.shape(problem.model(), &levels), Shape::Matrix(_) | Shape::Blocks(_)) {
            continue;
        }
        for (component, name) in observable.columns(problem.model(), &levels).into_iter().enumerate() {
            let values = recorder.column(index, component);
            let errors = standard_errors(recorder, index, component);
            columns.push(Column { name: name.clone(), values });
            columns.extend(errors.map(|values| Column { name: format!("{name}.standard_error"), values }));
        }
    }
    columns.extend(diagnostics(recorder));
    columns
}

/// Standard errors of one component, if any record has one.
pub fn standard_errors(recorder: &Recorder, observable: usize, component: usize) -> Option<Vec<f64>> {
    let error =
        |r: &superladder_engine::Record| r.measurements[observable].values.get(component)?.standard_error;
    let errors: Vec<Option<f64>> = recorder.records.iter().map(error).collect();
    errors.iter().any(Option::is_some).then(|| errors.into_iter().map(|e| e.unwrap_or(f64::NAN)).collect())
}

/// Worst value so far of every diagnostic at every time.
pub fn diagnostics(recorder: &Recorder) -> Vec<Column> {
    let names: BTreeSet<&str> =
        recorder.records.iter().flat_map(|r| r.diagnostics.iter().map(|(name, _)| name.as_str())).collect();
    let column = |name: &str| {
        let value = |r: &superladder_engine::Record| {
            r.diagnostics.iter().find(|(known, _)| known == name).map_or(f64::NAN, |(_, value)| *value)
        };
        Column { name: format!("diagnostic.{name}"), values: recorder.records.iter().map(value).collect() }
    };
    names.into_iter().map(column).collect()
}

/// Writes the columns as comma-separated values; every number reads back to the same bits.
///
/// # Errors
/// Whatever the writer says.
pub fn write_csv(writer: &mut impl Write, columns: &[Column]) -> io::Result<()> {
    let rows = 0..columns.first().map_or(0, |c| c.values.len());
    let cells = |row: usize| columns.iter().map(move |c| format!("{:?}", c.values[row]));
    write_rows(writer, columns.iter().map(|c| c.name.as_str()), rows.map(cells))
}
