//! Records by the names of their columns.

use superladder_model::{ModelError, Shape, nearest};

use crate::{Estimate, Problem, Record, Recorder};

impl Recorder {
    /// Values over time of a column by its name as in study files and in `observables.csv`: `photons(a)`,
    /// `spin(S).x`, or the name of an observable of one's own. `problem` is the one that was run. NaN means
    /// undefined.
    ///
    /// # Errors
    /// [`ModelError::UnknownName`] with the nearest name and all known ones.
    pub fn get(&self, problem: &Problem, name: &str) -> Result<Vec<f64>, ModelError> {
        let (observable, component) = self.position(problem, name)?;
        Ok(self.column(observable, component))
    }

    /// Standard errors over time of a column by its name; `None` from engines that do not sample.
    ///
    /// # Errors
    /// [`ModelError::UnknownName`] with the nearest name and all known ones.
    pub fn standard_errors(&self, problem: &Problem, name: &str) -> Result<Option<Vec<f64>>, ModelError> {
        let (observable, component) = self.position(problem, name)?;
        let error = |e: &Estimate| e.standard_error;
        let values =
            self.records.iter().map(|r| r.measurements[observable].values.get(component).and_then(error));
        Ok(values.collect())
    }

    /// The largest standard error after the first time, relative to the largest value of its observable: name
    /// of the column, time, error; `None` from engines that do not sample.
    pub fn largest_error(&self, problem: &Problem) -> Option<(String, f64, f64)> {
        let levels = self.levels(problem);
        let mut worst: Option<(String, f64, f64)> = None;
        for (number, observable) in problem.observables.iter().enumerate() {
            let of = |r: &Record| r.measurements[number].values.clone();
            let values = self.records.iter().flat_map(of).map(|e| e.value.abs());
            let scale = values.filter(|x| x.is_finite()).fold(0.0, f64::max);
            for record in self.records.iter().skip(1) {
                for (component, value) in record.measurements[number].values.iter().enumerate() {
                    let Some(error) = value.standard_error.filter(|_| value.value.is_finite()) else {
                        continue;
                    };
                    let relative = if error == 0.0 { 0.0 } else { error / scale };
                    if worst.as_ref().is_none_or(|(_, _, known)| relative > *known) {
                        let name = observable.columns(problem.model(), &levels)[component].clone();
                        worst = Some((name, record.time, relative));
                    }
                }
            }
        }
        worst
    }

    /// Numbers of the observable and of the component of a column.
    fn position(&self, problem: &Problem, name: &str) -> Result<(usize, usize), ModelError> {
        let levels = self.levels(problem);
        for (number, observable) in problem.observables.iter().enumerate() {
            let columns = observable.columns(problem.model(), &levels);
            if let Some(component) = columns.iter().position(|c| same(c, name)) {
                return Ok((number, component));
            }
        }
        let known = known_columns(problem, &levels);
        let texts: Vec<&str> = known.iter().map(String::as_str).collect();
        let nearest = nearest(name, &texts);
        Err(ModelError::UnknownName { kind: "column".into(), name: name.into(), nearest, known })
    }
}

/// Equal up to spaces.
fn same(a: &str, b: &str) -> bool {
    a.chars().filter(|c| *c != ' ').eq(b.chars().filter(|c| *c != ' '))
}

/// Names of all columns, of long vectors and matrices only the first.
fn known_columns(problem: &Problem, levels: &[usize]) -> Vec<String> {
    let model = problem.model();
    let columns = problem.observables.iter().flat_map(|observable| {
        let all = observable.columns(model, levels);
        let shown = match observable.shape(model, levels) {
            Shape::Components(_) => all.len(),
            Shape::Vector(_) | Shape::Matrix(_) | Shape::Blocks(_) => 1,
        };
        all.into_iter().take(shown)
    });
    columns.collect()
}
