//! `observables.npz`: the records as NumPy arrays.

use std::io::{self, Seek, Write};

use num_complex::Complex64;
use superladder_engine::{Problem, Recorder};
use superladder_model::Shape;

use crate::archive::Archive;
use crate::columns::{diagnostics, standard_errors};

/// Writes `t` with shape (T,), every observable with shape (T,), (T, k), (T, L), complex (T, n, n) for a
/// matrix or complex (T, sum d^2) for blocks, standard errors as `name.standard_error`, and the diagnostics.
///
/// # Errors
/// Whatever the writer says.
pub fn write_arrays(
    writer: &mut (impl Write + Seek),
    problem: &Problem,
    recorder: &Recorder,
) -> io::Result<()> {
    let mut archive = Archive::new(writer);
    let rows = recorder.records.len() as u64;
    archive.array("t", &[rows], &recorder.times())?;
    let levels = recorder.levels(problem);
    for (index, observable) in problem.observables.iter().enumerate() {
        let shape = observable.shape(problem.model(), &levels);
        let length = shape.len();
        let row = |r: usize| recorder.values(problem, &levels, r, index);
        let values: Vec<f64> = (0..recorder.records.len()).flat_map(row).collect();
        let dimensions = match &shape {
            Shape::Components(names) if names.len() == 1 => vec![rows],
            Shape::Components(_) | Shape::Vector(_) => vec![rows, length as u64],
            Shape::Matrix(n) => vec![rows, *n as u64, *n as u64],
            Shape::Blocks(_) => vec![rows, length as u64 / 2],
        };
        if matches!(shape, Shape::Matrix(_) | Shape::Blocks(_)) {
            let pairs: Vec<Complex64> = values.chunks_exact(2).map(|z| Complex64::new(z[0], z[1])).collect();
            archive.array(&observable.name, &dimensions, &pairs)?;
            continue;
        }
        archive.array(&observable.name, &dimensions, &values)?;
        let errors: Vec<_> = (0..length).filter_map(|c| standard_errors(recorder, index, c)).collect();
        if errors.len() == length && length > 0 {
            let rows: Vec<f64> =
                (0..recorder.records.len()).flat_map(|t| errors.iter().map(move |e| e[t])).collect();
            archive.array(&format!("{}.standard_error", observable.name), &dimensions, &rows)?;
        }
    }
    for column in diagnostics(recorder) {
        archive.array(&column.name, &[rows], &column.values)?;
    }
    archive.finish()
}

/// Writes real arrays as `.npz`: name, shape, and values in row-major order.
///
/// # Errors
/// Whatever the writer says.
pub fn write_real_arrays(
    writer: &mut (impl Write + Seek),
    arrays: &[(&str, Vec<u64>, Vec<f64>)],
) -> io::Result<()> {
    let mut archive = Archive::new(writer);
    for (name, shape, values) in arrays {
        archive.array(name, shape, values)?;
    }
    archive.finish()
}
