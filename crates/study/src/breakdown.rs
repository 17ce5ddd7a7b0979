//! From the table `breakdown` to a plan: which engines at which sizes, which criteria.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::source::Source;
use superladder_analysis::FitOptions;
use toml::de::DeTable;

use crate::breakdown_table::{Average, BreakdownTable, MatchedSeries, Series, matched};
use crate::error::{Fault, StudyError};
use crate::section::Section;
use crate::study::Study;
use crate::{overrides, parameters, title};

/// What the command `breakdown` does with a study.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The study file.
    pub path: PathBuf,
    /// Name of the file without its extension.
    pub name: String,
    /// Title of the study.
    pub title: String,
    /// Overrides of the command line.
    pub sets: Vec<String>,
    /// The text in force.
    pub text: String,
    /// The parameter that is varied.
    pub parameter: String,
    /// Names of criteria.
    pub criteria: Vec<String>,
    /// Names of the moments by which distributions are compared.
    pub moments: Vec<String>,
    /// Threshold of the ratios.
    pub threshold: f64,
    /// Average of the ratios.
    pub average: Average,
    /// The engines.
    pub series: Vec<Series>,
    /// How t_E is fitted.
    pub fit: FitOptions,
}

impl Plan {
    /// Reads the table `breakdown` of a study file after carrying out every `key=value` of `sets`.
    ///
    /// # Errors
    /// [`StudyError`], with file, line and key.
    pub fn load(path: impl AsRef<Path>, sets: &[String]) -> Result<Self, StudyError> {
        let path = path.as_ref();
        let read = crate::source::read(path);
        let text = read.map_err(|source| StudyError::Read { path: path.to_owned(), source })?;
        let file = path.display().to_string();
        let shown = if sets.is_empty() { file } else { format!("{file} with --set") };
        let text = if DeTable::parse(&text).is_ok() { overrides::apply(&text, sets)? } else { text };
        let source = Arc::new(Source::new(shown, text.clone()));
        let table = DeTable::parse(&text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            Fault::Syntax(error.message().to_owned()).at(&source, span)
        })?;
        let scope = parameters::evaluate(&source, &table, &[])?;
        let root = Section::new(&scope, "the study", table.get_ref(), 0..0);
        let name = path.file_stem().map_or("study".into(), |s| s.to_string_lossy().into_owned());
        let found = BreakdownTable::read(&root, None)?;
        let Some(BreakdownTable { parameter, criteria, moments, threshold, average, series, fit }) = found
        else {
            let fault = Fault::Missing {
                key: "breakdown".into(),
                of: "the study".into(),
                allowed:
                    "a table [breakdown] with criteria, and [[breakdown.engines]] with engine and values"
                        .into(),
            };
            return Err(fault.at(&source, 0..0));
        };
        let title = title::pattern(&root)?.unwrap_or(&name);
        let title = title::filled(title, &scope.parameters, &[&parameter]);
        let (path, sets) = (path.to_owned(), sets.to_vec());
        Ok(Self {
            path,
            name,
            title,
            sets,
            text,
            parameter,
            criteria,
            moments,
            threshold,
            average,
            series,
            fit,
        })
    }
}

impl Plan {
    /// Approximations and references whose distributions are compared; none without moments.
    pub fn matched(&self) -> Vec<MatchedSeries> {
        if self.moments.is_empty() { Vec::new() } else { matched(&self.series) }
    }

    /// The study of a series at one value of the parameter.
    ///
    /// # Errors
    /// [`StudyError`].
    pub fn study(&self, series: &Series, value: f64) -> Result<Study, StudyError> {
        let mut sets = self.sets.clone();
        sets.extend(series.sets.iter().cloned());
        sets.push(format!("parameters.{}={value}", self.parameter));
        Study::load_for(&self.path, &sets, Some(&series.engine))
    }
}
