//! Stationary states as Python sees them.

use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use superladder::engine::{EngineError, Halt, StationaryOptions, StationaryReport};
use superladder::study::Study;
use superladder::workflows::steady::{report, values};

/// A stationary state that was found.
pub(crate) struct Found {
    /// Name, value and error of every column.
    values: Vec<(String, f64, f64)>,
    text: String,
    report: StationaryReport,
}

impl Found {
    /// Finds the stationary state of a study; `None` for an engine that has none.
    pub(crate) fn of(
        study: &Study,
        options: &StationaryOptions,
        halt: &dyn Halt,
    ) -> Result<Option<Self>, EngineError> {
        let engine = study.engine();
        let Some(finder) = engine.as_stationary() else { return Ok(None) };
        let report_of = finder.stationary(&study.problem, options, halt)?;
        let (values, text) = (values(study, &report_of), report(study, &report_of));
        Ok(Some(Self { values, text, report: report_of }))
    }

    /// Everything by name.
    pub(crate) fn into_dict(self, py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        let Self { values, text, report } = self;
        let found = PyDict::new(py);
        found.set_item("values", values)?;
        found.set_item("text", text)?;
        found.set_item("reasons", report.reasons())?;
        found.set_item("count", report.count())?;
        let classes = report.classes.iter().map(|c| (c.conserved.clone(), c.states, c.weight));
        found.set_item("classes", classes.collect::<Vec<_>>())?;
        found.set_item("residual", report.residual)?;
        found.set_item("cutoffs", report.cutoffs.clone())?;
        let gap = report.slow.first().map_or(f64::NAN, superladder::engine::SlowModes::gap);
        found.set_item("gap", gap)?;
        let mut slow = Vec::new();
        for modes in report.slow {
            let values = PyArray1::from_vec(py, modes.values);
            let residuals = PyArray1::from_vec(py, modes.residuals);
            slow.push((modes.difference, values, residuals, PyArray1::from_vec(py, modes.undamped)));
        }
        found.set_item("slow", slow)?;
        Ok(found)
    }
}
