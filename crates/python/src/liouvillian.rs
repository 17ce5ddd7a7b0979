//! The assembled generator as arrays.

use numpy::{Complex64, PyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use superladder::exact::{Exact, Exported, Unknown};
use superladder::study::{EngineChoice, Study};

use crate::arrays::shaped;
use crate::errors::{engine_error, placeless};
use crate::watch::attend;

/// The generator at the start of a study in compressed rows, moved and not copied, with its basis, the initial state and
/// the observables as vectors.
pub(crate) fn exported<'py>(
    py: Python<'py>,
    study: &Study,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyDict>> {
    let mut modes = study.problem.model().modes().iter().enumerate();
    if let Some((_, mode)) = modes.find(|(m, _)| study.cutoff_follows(*m)) {
        let name = &mode.name;
        let message = format!(
            "the cutoff of mode '{name}' follows the state, but a matrix has one size; give a number, for instance \
             set={{'modes.{name}.cutoff': 12}}"
        );
        return Err(placeless(py, message));
    }
    let engine = match &study.engine {
        EngineChoice::Exact(engine) => engine.clone(),
        _ => Exact::default(),
    };
    let (found, raised) = attend(py, threads, |_| Ok(()), || {}, || engine.exported(&study.problem))?;
    if let Some(raised) = raised {
        return Err(raised);
    }
    arrays(py, found.map_err(|error| engine_error(py, study, error))?)
}

fn arrays(py: Python<'_>, exported: Exported) -> PyResult<Bound<'_, PyDict>> {
    let Exported { liouvillian, unknowns, initial, expectations, left_out } = exported;
    let found = PyDict::new(py);
    let rows = unknowns.len();
    let matrix = liouvillian.matrix;
    found.set_item("shape", (matrix.rows(), matrix.cols()))?;
    let (starts, indices, data) = matrix.into_raw_storage();
    found.set_item("indptr", PyArray1::from_vec(py, signed(starts)))?;
    found.set_item("indices", PyArray1::from_vec(py, signed(indices)))?;
    found.set_item("data", PyArray1::from_vec(py, data))?;
    let table = |row: fn(&Unknown) -> Vec<i64>| {
        let values: Vec<i64> = unknowns.iter().flat_map(row).collect();
        let width = values.len().checked_div(rows).unwrap_or(0);
        shaped(py, values, &[rows, width])
    };
    found.set_item("twice_j", table(|u| u.twice_j.iter().map(|j| *j as i64).collect())?)?;
    found.set_item("ket", table(|u| u.ket.clone())?)?;
    found.set_item("bra", table(|u| u.bra.clone())?)?;
    let sectors: Vec<i64> = unknowns.iter().map(|u| u.sector as i64).collect();
    found.set_item("sector", PyArray1::from_vec(py, sectors))?;
    found.set_item("initial", PyArray1::from_vec(py, initial))?;
    let names: Vec<String> = expectations.iter().map(|e| e.name.clone()).collect();
    let weights: Vec<Complex64> = expectations.into_iter().flat_map(|e| e.weights).collect();
    found.set_item("expectations", shaped(py, weights, &[names.len(), rows])?)?;
    found.set_item("names", names)?;
    found.set_item("left_out", left_out)?;
    Ok(found)
}

/// Indices as SciPy wants them, in the same memory.
fn signed(indices: Vec<usize>) -> Vec<i64> {
    indices.into_iter().map(|index| index as i64).collect()
}
