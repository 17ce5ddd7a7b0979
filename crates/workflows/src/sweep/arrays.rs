//! The time series of a sweep as arrays.

use super::{Outcome, Results};
use crate::results::{Arrays, Column};

impl Results<'_> {
    /// Every axis with shape (P,), P the number of points, under the dotted path of its key (`meta.axes` has them in
    /// order): numbers, or words where one is none; `t` and every column with shape (P, T), T the most records of a point,
    /// complex where a real and an imaginary part are; NaN where a point has no value. Names of columns are those of the
    /// table.
    pub fn arrays(&self) -> Arrays {
        let mut arrays = Arrays::of(&self.sweep.base);
        let points = self.outcomes.len() as u64;
        let paths: Vec<String> = self.sweep.axes.iter().map(|axis| axis.path.clone()).collect();
        for (k, path) in paths.iter().enumerate() {
            let values = self.sweep.points.iter().map(|point| &point.values[k]);
            match values.clone().map(|value| value.number).collect::<Option<Vec<f64>>>() {
                Some(numbers) => arrays.real(&format!("axis.{path}"), &[points], numbers),
                None => {
                    arrays.words(
                        &format!("axis.{path}"),
                        &[points],
                        values.map(|v| v.text.clone()).collect(),
                    );
                }
            }
        }
        arrays.words("meta.axes", &[paths.len() as u64], paths);
        let converged = self.outcomes.iter().map(|o| f64::from(u8::from(Self::reasons(o).is_empty())));
        arrays.real("converged", &[points], converged.collect());
        let kept = |outcome: &Outcome, name: &str| -> Vec<f64> {
            let Outcome::Ran(kept) = outcome else { return Vec::new() };
            kept.columns
                .iter()
                .find(|column| column.name == name)
                .map_or(Vec::new(), |c: &Column| c.values.clone())
        };
        let length = self.outcomes.iter().map(|outcome| kept(outcome, "t").len()).max().unwrap_or(0);
        let rows = |name: &str| -> Vec<f64> {
            let padded = |outcome| {
                let mut values = kept(outcome, name);
                values.resize(length, f64::NAN);
                values
            };
            self.outcomes.iter().flat_map(padded).collect()
        };
        let names = std::iter::once("t").chain(self.names().iter().map(String::as_str));
        arrays.columns(&[points, length as u64], names.map(|name| (name.to_owned(), rows(name))));
        arrays
    }
}
