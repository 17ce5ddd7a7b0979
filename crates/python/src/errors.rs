//! Errors as Python sees them.

use pyo3::create_exception;
use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use superladder::engine::EngineError as Refusal;
use superladder::program::Failure;
use superladder::study;
use superladder::workflows::run::RunError;

create_exception!(
    superladder,
    StudyError,
    PyValueError,
    "A study, or an argument that becomes part of one, is at fault.\n\n\
     Attributes: `file`, `line` and `column` (both from 1), `key` and `text` (the study in force); `None` where\n\
     the fault has no place."
);
create_exception!(
    superladder,
    EngineError,
    PyRuntimeError,
    "An engine failed on its way, or the machine refused."
);

/// An error of a study with its place.
pub(crate) fn study_error(py: Python<'_>, error: &study::StudyError) -> PyErr {
    let (message, file, line, column, key, text) = match error {
        study::StudyError::Invalid(complaint) => {
            let (place, fault) = (&complaint.file, &complaint.fault);
            let key = fault.key().map(str::to_owned);
            let (line, column) = (Some(complaint.line), Some(complaint.column));
            (
                error.to_string(),
                Some(place.name().to_owned()),
                line,
                column,
                key,
                Some(place.text().to_owned()),
            )
        }
        study::StudyError::Override { text, fault } => {
            let key = text.split('=').next().map(|key| key.trim().to_owned());
            (format!("set {text}: {fault}"), None, None, None, key, None)
        }
        study::StudyError::Read { path, .. } => {
            (error.to_string(), Some(path.display().to_string()), None, None, None, None)
        }
    };
    let raised = StudyError::new_err(message);
    let value = raised.value(py);
    let told = value
        .setattr("file", file)
        .and_then(|()| value.setattr("line", line))
        .and_then(|()| value.setattr("column", column))
        .and_then(|()| value.setattr("key", key))
        .and_then(|()| value.setattr("text", text));
    told.err().unwrap_or(raised)
}

/// A refusal or failure of an engine, at its place in the study where it has one.
pub(crate) fn engine_error(py: Python<'_>, study: &study::Study, error: Refusal) -> PyErr {
    match study.refusal(error) {
        Ok(placed) => study_error(py, &placed),
        Err(Refusal::Interrupted { .. }) => PyKeyboardInterrupt::new_err(()),
        Err(other) if other.is_bad_input() => placeless(py, other.to_string()),
        Err(other) => EngineError::new_err(other.to_string()),
    }
}

/// Why a run left nothing.
pub(crate) fn run_error(py: Python<'_>, study: &study::Study, error: RunError) -> PyErr {
    match error {
        RunError::Study(error) => study_error(py, &error),
        RunError::Engine(error) => engine_error(py, study, error),
        other if other.is_bad_input() => placeless(py, other.to_string()),
        other => EngineError::new_err(other.to_string()),
    }
}

/// Why a command was not carried out.
pub(crate) fn failure(py: Python<'_>, failure: &Failure) -> PyErr {
    match failure.study_error() {
        Some(error) => study_error(py, error),
        None if failure.is_bad_input() => placeless(py, as_arguments(&failure.to_string())),
        None => EngineError::new_err(failure.to_string()),
    }
}

/// Options of the command line in a message as the arguments that stand for them.
fn as_arguments(message: &str) -> String {
    let options = [("--force", "force=True"), ("--resume", "resume=True"), ("--output", "output=")];
    options.iter().fold(message.to_owned(), |text, (option, argument)| text.replace(option, argument))
}

/// A fault of a study without a place in it.
pub(crate) fn placeless(py: Python<'_>, message: String) -> PyErr {
    let raised = StudyError::new_err(message);
    let value = raised.value(py);
    let names = ["file", "line", "column", "key", "text"];
    let told = names.into_iter().try_for_each(|name| value.setattr(name, py.None()));
    told.err().unwrap_or(raised)
}

/// Adds the exceptions to the module.
pub(crate) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("StudyError", py.get_type::<StudyError>())?;
    module.add("EngineError", py.get_type::<EngineError>())
}
