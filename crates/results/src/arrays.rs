//! NumPy archives of records: arrays by name, and what is needed to read them without the study.

use std::collections::BTreeSet;
use std::io::{self, Seek, Write};

use num_complex::Complex64;
use serde_json::Value;
use superladder_engine::{Problem, Recorder};
use superladder_model::Shape;
use superladder_study::Study;

use crate::archive::Archive;
use crate::columns::{diagnostics, standard_errors};

/// Units of every array.
const UNITS: &str =
    "hbar = 1: frequencies, couplings, rates in one unit, times in its inverse; everything else without unit";
/// Ends of the columns of a complex number.
const PARTS: [&str; 2] = [".re", ".im"];

/// The values of an array, in row-major order.
#[derive(Debug, Clone, PartialEq)]
enum Values {
    Real(Vec<f64>),
    Complex(Vec<Complex64>),
    Words(Vec<String>),
}

/// Arrays by name for an `.npz` file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Arrays {
    entries: Vec<(String, Vec<u64>, Values)>,
}

impl Arrays {
    /// `meta.units`, and the parameters of a study: their names, `meta.parameters`, and values, `meta.values`.
    pub fn of(study: &Study) -> Self {
        Self::described(&study.resolved())
    }

    /// The same for a study as resolved.
    pub fn described(configuration: &Value) -> Self {
        let mut arrays = Self::default();
        let parameters = configuration["parameters"].as_object().into_iter().flatten();
        let numbers = parameters.filter_map(|(name, value)| Some((name.clone(), value.as_f64()?)));
        let (names, values): (Vec<String>, Vec<f64>) = numbers.unzip();
        arrays.words("meta.units", &[], vec![UNITS.to_owned()]);
        arrays.real("meta.values", &[values.len() as u64], values);
        arrays.words("meta.parameters", &[names.len() as u64], names);
        arrays
    }

    /// Adds numbers.
    pub fn real(&mut self, name: &str, shape: &[u64], values: Vec<f64>) {
        self.entries.push((name.to_owned(), shape.to_vec(), Values::Real(values)));
    }

    /// Adds complex numbers.
    pub fn complex(&mut self, name: &str, shape: &[u64], values: Vec<Complex64>) {
        self.entries.push((name.to_owned(), shape.to_vec(), Values::Complex(values)));
    }

    /// Adds words, in UTF-8: a vector, or one text without shape.
    pub fn words(&mut self, name: &str, shape: &[u64], words: Vec<String>) {
        self.entries.push((name.to_owned(), shape.to_vec(), Values::Words(words)));
    }

    /// Adds columns of one shape under their names; `x.re` and `x.im`, whatever stands behind, as one complex `x`.
    pub fn columns(&mut self, shape: &[u64], columns: impl IntoIterator<Item = (String, Vec<f64>)>) {
        let columns: Vec<(String, Vec<f64>)> = columns.into_iter().collect();
        let mut done: BTreeSet<&str> = BTreeSet::new();
        for (name, values) in &columns {
            if done.contains(name.as_str()) {
                continue;
            }
            let other = parts(name).and_then(|(whole, imaginary)| {
                Some((whole, columns.iter().find(|(known, _)| *known == imaginary)?))
            });
            let Some((whole, (imaginary, second))) = other else {
                self.real(name, shape, values.clone());
                continue;
            };
            done.insert(imaginary);
            let pairs = values.iter().zip(second).map(|(re, im)| Complex64::new(*re, *im));
            self.complex(&whole, shape, pairs.collect());
        }
    }

    /// Writes all of them, as `.npz`.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn write(&self, writer: &mut (impl Write + Seek)) -> io::Result<()> {
        let mut archive = Archive::new(writer);
        for (name, shape, values) in &self.entries {
            match values {
                Values::Real(values) => archive.array(name, shape, values)?,
                Values::Complex(values) => archive.array(name, shape, values)?,
                Values::Words(words) if shape.is_empty() => {
                    archive.bytes(name, words.first().map_or(b"", |word| word.as_bytes()))?;
                }
                Values::Words(words) => archive.strings(name, words)?,
            }
        }
        archive.finish()
    }
}

/// The complex number that a column is the real part of, and the column of its imaginary part.
fn parts(column: &str) -> Option<(String, String)> {
    let [re, im] = PARTS;
    let (before, behind) = column.split_once(re)?;
    let ends = behind.is_empty() || behind.starts_with(['.', ' ']);
    ends.then(|| (format!("{before}{behind}"), format!("{before}{im}{behind}")))
}

/// Arrays of a run: `t` with shape (T,), every observable with shape (T,), complex where it has a real and an
/// imaginary part, (T, k) with its `meta.components.NAME`, (T, L), complex (T, n, n) for a matrix or complex
/// (T, sum d^2) for blocks; standard errors as `NAME.standard_error`; the diagnostics; and what [`Arrays::of`] adds.
pub fn record_arrays(study: &Study, recorder: &Recorder) -> Arrays {
    let problem = &study.problem;
    let mut arrays = Arrays::default();
    let rows = recorder.records.len() as u64;
    arrays.real("t", &[rows], recorder.times());
    (0..problem.observables.len()).for_each(|index| observable(&mut arrays, problem, recorder, index));
    for column in diagnostics(recorder) {
        arrays.real(&column.name, &[rows], column.values);
    }
    arrays.entries.extend(Arrays::of(study).entries);
    arrays
}

/// One observable with its errors.
fn observable(arrays: &mut Arrays, problem: &Problem, recorder: &Recorder, index: usize) {
    let (levels, observable) = (recorder.levels(problem), &problem.observables[index]);
    let (shape, count) = (observable.shape(problem.model(), &levels), recorder.records.len());
    let (name, rows, length) = (&observable.name, count as u64, shape.len());
    let values: Vec<f64> = (0..count).flat_map(|r| recorder.values(problem, &levels, r, index)).collect();
    let pairs = |values: &[f64]| values.chunks_exact(2).map(|z| Complex64::new(z[0], z[1])).collect();
    let (dimensions, complex) = match &shape {
        Shape::Components(names) if names.len() == 1 => (vec![rows], false),
        Shape::Components(names) if is_complex(names) => (vec![rows], true),
        Shape::Components(_) | Shape::Vector(_) => (vec![rows, length as u64], false),
        Shape::Matrix(n) => (vec![rows, *n as u64, *n as u64], true),
        Shape::Blocks(_) => (vec![rows, length as u64 / 2], true),
    };
    let mut put = |name: &str, values: Vec<f64>| {
        if complex {
            arrays.complex(name, &dimensions, pairs(&values));
        } else {
            arrays.real(name, &dimensions, values);
        }
    };
    put(name, values);
    if matches!(shape, Shape::Matrix(_) | Shape::Blocks(_)) {
        return;
    }
    let errors: Vec<_> = (0..length).filter_map(|c| standard_errors(recorder, index, c)).collect();
    if errors.len() == length && length > 0 {
        let rows = (0..count).flat_map(|t| errors.iter().map(move |e| e[t])).collect();
        put(&format!("{name}.standard_error"), rows);
    }
    if dimensions.len() == 2 {
        let columns = observable.columns(problem.model(), &levels);
        let short = |column: &String| column.strip_prefix(&format!("{name}.")).unwrap_or(column).to_owned();
        arrays.words(
            &format!("meta.components.{name}"),
            &[length as u64],
            columns.iter().map(short).collect(),
        );
    }
}

/// Components that are one complex number.
fn is_complex(names: &[impl AsRef<str>]) -> bool {
    names.len() == 2 && names.iter().zip(PARTS).all(|(name, part)| name.as_ref() == &part[1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_and_imaginary_parts_are_one_complex_number() {
        let column = |name: &str, value: f64| (name.to_owned(), vec![value]);
        let mut arrays = Arrays::default();
        arrays.columns(
            &[1],
            [
                column("amplitude(a).re [exact]", 1.0),
                column("x.reading", 7.0),
                column("amplitude(a).im [exact]", 2.0),
                column("amplitude(b).re", 3.0),
                column("amplitude(a).re.standard_error", 5.0),
                column("amplitude(a).im.standard_error", 6.0),
            ],
        );
        let names: Vec<&str> = arrays.entries.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(
            names,
            ["amplitude(a) [exact]", "x.reading", "amplitude(b).re", "amplitude(a).standard_error"]
        );
        assert_eq!(arrays.entries[0].2, Values::Complex(vec![Complex64::new(1.0, 2.0)]));
        assert_eq!(arrays.entries[3].2, Values::Complex(vec![Complex64::new(5.0, 6.0)]));
    }
}
