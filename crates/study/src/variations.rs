//! Models of one study at many values of its numbers, without the rest of the study.

use std::sync::Arc;

use crate::source::Source;
use superladder_model::Model;
use toml::Spanned;
use toml::de::DeTable;

use crate::engines;
use crate::error::{Fault, StudyError};
use crate::in_time::Clock;
use crate::section::Section;
use crate::study::Study;
use crate::{model, overrides, parameters};

/// What mean field needs of a study: the model, and the Gilbert dampings of the table `engine`.
#[derive(Debug, Clone)]
pub struct Variant {
    /// The model.
    pub model: Model,
    /// One damping per mode, or none.
    pub gilbert: Vec<f64>,
}

/// A study whose model can be read again and again with other numbers. Initial state, observables, times and
/// method are left alone, so nothing is integrated and little is read.
pub struct Variations<'a> {
    source: Arc<Source>,
    table: &'a Spanned<DeTable<'a>>,
}

impl Study {
    /// Parses the text of the study once and hands it to `work`.
    ///
    /// # Errors
    /// [`StudyError`] if the text cannot be parsed.
    pub fn variations<R>(&self, work: impl FnOnce(&Variations<'_>) -> R) -> Result<R, StudyError> {
        let source = self.source();
        let table = parsed(&source)?;
        Ok(work(&Variations { source: Arc::clone(&source), table: &table }))
    }
}

fn parsed(source: &Arc<Source>) -> Result<Spanned<DeTable<'_>>, StudyError> {
    DeTable::parse(source.text()).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        Fault::Syntax(error.message().to_owned()).at(source, span)
    })
}

impl Variations<'_> {
    /// The model with new values under dotted keys, such as `parameters.lambda`.
    ///
    /// # Errors
    /// [`StudyError`], as reading the study with these values would give.
    pub fn at(&self, values: &[(&str, f64)]) -> Result<Variant, StudyError> {
        let named: Option<Vec<(String, f64)>> =
            values.iter().map(|(key, x)| Some((parameter(key)?, *x))).collect();
        if let Some(set) = named {
            return read(&self.source, self.table, &set);
        }
        let sets: Vec<String> = values.iter().map(|(key, x)| format!("{key}={x:?}")).collect();
        let text = overrides::apply(self.source.text(), &sets)?;
        let source = Arc::new(Source::new(self.source.name(), text));
        read(&source, &parsed(&source)?, &[])
    }
}

/// The name of the parameter under a key, if it is one.
fn parameter(key: &str) -> Option<String> {
    let name = key.strip_prefix("parameters.")?;
    (!name.contains('.')).then(|| name.to_owned())
}

fn read(
    source: &Arc<Source>,
    table: &Spanned<DeTable<'_>>,
    set: &[(String, f64)],
) -> Result<Variant, StudyError> {
    let scope = parameters::evaluate(source, table, set)?;
    let root = Section::new(&scope, "the study", table.get_ref(), 0..0);
    let model = model::read(&root, &engines::MEAN_FIELD, Clock { start: 0.0, end: f64::INFINITY })?.model;
    Ok(Variant { model, gilbert: engines::gilbert(&root)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STUDY: &str = "
        [parameters]
        x = 0.5
        y = '2*x'
        [modes.a]
        frequency = 'y'
        [engine]
        kind = 'mean-field'
        gilbert = ['x/10']
        [time]
        end = 1
        points = 2
        ";

    #[test]
    fn models_follow_parameters_and_dotted_keys() {
        let study = Study::parse("study.toml", "study", STUDY, &[]).unwrap();
        let frequencies = study.variations(|v| {
            let at = |values: &[(&str, f64)]| {
                let variant = v.at(values).unwrap();
                (variant.model.modes()[0].frequency, variant.gilbert)
            };
            assert!(v.at(&[("modes.a.frequency", f64::NAN)]).is_err());
            [
                at(&[]),
                at(&[("parameters.x", 0.25)]),
                at(&[("parameters.y", 3.0)]),
                at(&[("modes.a.frequency", 4.0)]),
                at(&[("parameters.x", 0.25), ("modes.a.frequency", 5.0)]),
            ]
        });
        let expected =
            [(1.0, 0.05), (0.5, 0.025), (3.0, 0.05), (4.0, 0.05), (5.0, 0.025)].map(|(f, g)| (f, vec![g]));
        assert_eq!(frequencies.unwrap(), expected);
    }
}
