//! Records as NumPy arrays.

use numpy::{Complex64, Element, PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use superladder::engine::{Attachment, Problem, Recorder};
use superladder::model::{Evaluation, Observable, Shape, StateFunction, Subsystem};
use superladder::workflows::results::{Column, diagnostics, standard_errors};

/// Values in row-major order.
enum Values {
    Real(Vec<f64>),
    Complex(Vec<Complex64>),
}

/// An observable over time.
struct Series {
    name: String,
    /// First the number of records.
    shape: Vec<usize>,
    values: Values,
    errors: Option<Values>,
    /// Names of the components, where there are several.
    components: Vec<String>,
    /// `2 j + 1` of the ladders of blocks.
    blocks: Vec<usize>,
}

/// All records of a run, on their way to Python.
pub(crate) struct Records {
    times: Vec<f64>,
    series: Vec<Series>,
    diagnostics: Vec<Column>,
    attachments: Vec<Attachment>,
}

fn pairs(values: &[f64]) -> Vec<Complex64> {
    values.chunks_exact(2).map(|z| Complex64::new(z[0], z[1])).collect()
}

/// Whether an observable is one complex number.
fn is_complex(shape: &Shape) -> bool {
    matches!(shape, Shape::Components(names) if names == &["re", "im"])
}

impl Records {
    /// Everything that a run of `problem` has recorded.
    pub(crate) fn new(problem: &Problem, recorder: &Recorder, attachments: &[Attachment]) -> Self {
        let levels = recorder.levels(problem);
        let series = |(index, observable)| series(problem, recorder, &levels, (index, observable));
        Self {
            times: recorder.times(),
            series: problem.observables.iter().enumerate().map(series).collect(),
            diagnostics: diagnostics(recorder),
            attachments: attachments.to_vec(),
        }
    }

    /// Moves the arrays into `target`: `t`, `series` (name: values, errors, components, blocks), `diagnostics`, `tables`.
    pub(crate) fn move_to(self, target: &Bound<'_, PyDict>) -> PyResult<()> {
        let py = target.py();
        target.set_item("t", PyArray1::from_vec(py, self.times))?;
        let series = PyDict::new(py);
        for one in self.series {
            let errors = one.errors.map(|errors| array(py, errors, &one.shape)).transpose()?;
            let values = array(py, one.values, &one.shape)?;
            series.set_item(one.name, (values, errors, one.components, one.blocks))?;
        }
        target.set_item("series", series)?;
        let diagnostics = PyDict::new(py);
        for Column { name, values } in self.diagnostics {
            let name = name.trim_start_matches("diagnostic.");
            diagnostics.set_item(name, PyArray1::from_vec(py, values))?;
        }
        target.set_item("diagnostics", diagnostics)?;
        let tables = PyDict::new(py);
        for Attachment { name, columns } in self.attachments {
            let table = PyDict::new(py);
            for (column, values) in columns {
                table.set_item(column, PyArray1::from_vec(py, values))?;
            }
            tables.set_item(name, table)?;
        }
        target.set_item("tables", tables)
    }
}

fn series(
    problem: &Problem,
    recorder: &Recorder,
    levels: &[usize],
    (index, observable): (usize, &Observable),
) -> Series {
    let rows = recorder.records.len();
    let shape = observable.shape(problem.model(), levels);
    let length = shape.len();
    let values: Vec<f64> = (0..rows).flat_map(|r| recorder.values(problem, levels, r, index)).collect();
    let complex = is_complex(&shape) || matches!(shape, Shape::Matrix(_) | Shape::Blocks(_));
    let typed =
        |values: Vec<f64>| if complex { Values::Complex(pairs(&values)) } else { Values::Real(values) };
    let errors: Vec<Vec<f64>> = match shape {
        Shape::Components(_) | Shape::Vector(_) => {
            (0..length).filter_map(|c| standard_errors(recorder, index, c)).collect()
        }
        Shape::Matrix(_) | Shape::Blocks(_) => Vec::new(),
    };
    let whole = errors.len() == length && length > 0;
    let errors = whole.then(|| (0..rows).flat_map(|t| errors.iter().map(move |e| e[t])).collect());
    let dimensions = match &shape {
        Shape::Components(names) if names.len() == 1 || complex => vec![rows],
        Shape::Components(_) | Shape::Vector(_) => vec![rows, length],
        Shape::Matrix(n) => vec![rows, *n, *n],
        Shape::Blocks(_) => vec![rows, length / 2],
    };
    let named = dimensions.len() == 2 && !complex;
    let prefix = format!("{}.", observable.name);
    let columns = if named { observable.columns(problem.model(), levels) } else { Vec::new() };
    let components = columns.iter().map(|c| c.strip_prefix(&prefix).unwrap_or(c).to_owned()).collect();
    let blocks = if let Shape::Blocks(sizes) = shape { sizes } else { Vec::new() };
    Series {
        name: observable.name.clone(),
        shape: dimensions,
        values: typed(values),
        errors: errors.map(typed),
        components,
        blocks,
    }
}

/// A vector as an array of this shape, moved and not copied.
pub(crate) fn shaped<'py, T: Element>(
    py: Python<'py>,
    values: Vec<T>,
    shape: &[usize],
) -> PyResult<Bound<'py, PyAny>> {
    Ok(PyArray1::from_vec(py, values).reshape(shape)?.into_any())
}

fn array<'py>(py: Python<'py>, values: Values, shape: &[usize]) -> PyResult<Bound<'py, PyAny>> {
    match values {
        Values::Real(values) => shaped(py, values, shape),
        Values::Complex(values) => shaped(py, values, shape),
    }
}

/// Names of the observables that are reduced states, each with the name of its subsystem.
pub(crate) fn states(problem: &Problem) -> Vec<(String, String)> {
    let model = problem.model();
    let subsystem = |observable: &Observable| match observable.evaluation {
        Evaluation::State(StateFunction::ReducedState(Subsystem::Mode(m))) => {
            Some(model.modes()[m].name.clone())
        }
        Evaluation::State(StateFunction::ReducedState(Subsystem::Ensemble(e))) => {
            Some(model.ensembles()[e].name.clone())
        }
        _ => None,
    };
    problem.observables.iter().filter_map(|o| Some((o.name.clone(), subsystem(o)?))).collect()
}
