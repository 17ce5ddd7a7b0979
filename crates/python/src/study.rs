//! Studies: read from text, run in memory.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use superladder::engine::{End, StationaryOptions};
use superladder::study;
use superladder::workflows::run::{Outcome, in_memory};

use crate::arrays::{Records, states};
use crate::errors::{engine_error, placeless, run_error, study_error};
use crate::liouvillian;
use crate::steady::Found;
use crate::watch::{Board, Writing, attend};

/// A study as read; never changes.
#[pyclass(frozen, module = "superladder._superladder")]
pub(crate) struct Study {
    inner: study::Study,
    file: String,
    /// The engine in place of the study's own, if one was asked for.
    engine: Option<String>,
}

/// What a run leaves, without Python's lock.
struct Left {
    records: Records,
    manifest: String,
    interrupted: bool,
}

impl Left {
    fn of(outcome: &Outcome<'_>) -> Self {
        Self {
            records: Records::new(&outcome.study.problem, outcome.recorder, &outcome.attachments),
            manifest: outcome.manifest().to_string(),
            interrupted: outcome.recorder.interrupted,
        }
    }
}

#[pymethods]
impl Study {
    /// Reads the study `text`, called `file` in messages, after carrying out every `key=value` of `sets`; for the engine
    /// called `engine` in place of its own, if one is given.
    #[new]
    #[pyo3(signature = (text, sets, name, file, engine = None))]
    fn new(
        py: Python<'_>,
        text: &str,
        sets: Vec<String>,
        name: &str,
        file: &str,
        engine: Option<&str>,
    ) -> PyResult<Self> {
        let read = py.detach(|| study::Study::parse_for(file, name, text, &sets, (engine, true)));
        let inner = read.map_err(|error| study_error(py, &error))?;
        Ok(Self { inner, file: file.to_owned(), engine: engine.map(str::to_owned) })
    }

    #[getter]
    fn text(&self) -> &str {
        self.inner.text()
    }

    #[getter]
    fn name(&self) -> &str {
        &self.inner.name
    }

    #[getter]
    fn file(&self) -> &str {
        &self.file
    }

    #[getter]
    fn title(&self) -> &str {
        &self.inner.title
    }

    #[getter]
    fn engine(&self) -> &'static str {
        self.inner.engine.name()
    }

    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.inner.warnings.clone()
    }

    /// The study with every default and every number filled in, as JSON.
    fn resolved(&self) -> String {
        self.inner.resolved().to_string()
    }

    /// Output times.
    fn times<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        numpy::PyArray1::from_slice(py, &self.inner.problem.times).into_any()
    }

    /// Names of the observables.
    fn observables(&self) -> Vec<String> {
        self.inner.problem.observables.iter().map(|o| o.name.clone()).collect()
    }

    /// Runs the study: a dictionary of arrays, the manifest as JSON, whether the run was interrupted, and what was raised
    /// meanwhile, by Ctrl-C or by `callback(time, words)`; what was recorded until then stands.
    #[pyo3(signature = (threads = None, callback = None, until = None))]
    fn run<'py>(
        &self,
        py: Python<'py>,
        threads: Option<usize>,
        callback: Option<Py<PyAny>>,
        until: Option<f64>,
    ) -> PyResult<(Bound<'py, PyDict>, String, bool, Option<PyErr>)> {
        let cut = until.map(|until| self.cut(py, until)).transpose()?;
        let (study, board) = (cut.as_ref().unwrap_or(&self.inner), Board::default());
        let ask = |py: Python<'_>| tell(py, callback.as_ref(), &board);
        let work = || in_memory(study, &mut Writing(&board), Left::of);
        let (left, raised) = attend(py, threads, ask, || board.end(), work)?;
        let left = match (left, &raised) {
            (Ok(left), _) => left,
            (Err(_), Some(raised)) => return Err(raised.clone_ref(py)),
            (Err(error), None) => return Err(run_error(py, study, error)),
        };
        let raised = raised.or_else(|| ask(py).err());
        let arrays = PyDict::new(py);
        left.records.move_to(&arrays)?;
        arrays.set_item("states", states(&study.problem))?;
        Ok((arrays, left.manifest, left.interrupted, raised))
    }

    /// Finds the stationary state of the study.
    #[pyo3(signature = (tolerance, modes, certify, threads = None, callback = None))]
    fn steady<'py>(
        &self,
        py: Python<'py>,
        tolerance: f64,
        modes: usize,
        certify: bool,
        threads: Option<usize>,
        callback: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let options = StationaryOptions { tolerance, modes, certify, ..StationaryOptions::default() };
        let (study, board) = (&self.inner, Board::default());
        let ask = |py: Python<'_>| tell(py, callback.as_ref(), &board);
        let work = || Found::of(study, &options, &board);
        let (found, raised) = attend(py, threads, ask, || board.end(), work)?;
        if let Some(raised) = raised {
            return Err(raised);
        }
        match found.map_err(|error| engine_error(py, study, error))? {
            Some(found) => found.into_dict(py),
            None => Err(placeless(
                py,
                format!(
                    "the engine '{}' has no stationary states; 'exact', 'cumulant' and 'trajectories' have",
                    study.engine.name()
                ),
            )),
        }
    }

    /// The assembled generator, the basis and the observables as vectors.
    #[pyo3(signature = (threads = None))]
    fn exported<'py>(&self, py: Python<'py>, threads: Option<usize>) -> PyResult<Bound<'py, PyDict>> {
        liouvillian::exported(py, &self.inner, threads)
    }
}

impl Study {
    /// This study up to its last output time at or before `until`.
    fn cut(&self, py: Python<'_>, until: f64) -> PyResult<study::Study> {
        let times = &self.inner.problem.times;
        let kept = times.iter().take_while(|t| **t <= until).count();
        if kept == 0 || self.inner.problem.end == End::Stationary {
            let message = format!(
                "until must be an output time of the study or later, at least {}, but is {until}",
                times[0]
            );
            return Err(PyValueError::new_err(message));
        }
        let (text, name) = (self.inner.text(), self.inner.name.as_str());
        let again = py
            .detach(|| study::Study::parse_for(&self.file, name, text, &[], (self.engine.as_deref(), true)));
        let mut cut = again.map_err(|error| study_error(py, &error))?;
        cut.problem.times.truncate(kept);
        Ok(cut)
    }
}

/// Tells a callback how far the work is.
fn tell(py: Python<'_>, callback: Option<&Py<PyAny>>, board: &Board) -> PyResult<()> {
    callback.map_or(Ok(()), |callback| callback.call1(py, board.read()).map(|_| ()))
}
