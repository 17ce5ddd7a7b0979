//! Keys of engines that sample: when there are enough samples, and what is kept of them.

use serde_json::{Map, Value as Json, json};
use superladder_sampling::{ErrorTarget, Histogram};
use toml::de::DeValue;

use crate::error::StudyError;
use crate::section::Section;

/// `target_error`, one number or a table from observables to numbers, with `target_observables`.
pub(super) fn targets(section: &Section<'_>) -> Result<Vec<ErrorTarget>, StudyError> {
    const ALLOWED: &str = "a number > 0, or a table from observables to numbers > 0";
    let names = section.words("target_observables")?;
    let good = |x: f64| x > 0.0 && x.is_finite();
    if let Some(DeValue::Table(_)) = section.value("target_error").map(toml::Spanned::get_ref) {
        if names.is_some_and(|names| !names.is_empty()) {
            return Err(section.wrong("target_observables", "absent: the table `target_error` names them"));
        }
        let Some(table) = section.section("target_error", "target_error")? else { return Ok(Vec::new()) };
        let target = |key: &str| {
            let error = table.number(key)?.filter(|x| good(*x));
            let error = error.ok_or_else(|| table.wrong(key, "a number > 0"))?;
            Ok(ErrorTarget { observable: Some(key.to_owned()), error })
        };
        return table.keys().map(target).collect();
    }
    let Some(error) = section.number("target_error")? else {
        if names.is_some() {
            return Err(section.wrong("target_observables", "given together with `target_error`"));
        }
        return Ok(Vec::new());
    };
    if !good(error) {
        return Err(section.wrong("target_error", ALLOWED));
    }
    let target = |observable| ErrorTarget { observable, error };
    Ok(match names {
        None => vec![target(None)],
        Some(names) => names.into_iter().map(|name| target(Some(name))).collect(),
    })
}

/// The targets in force as they are shown.
pub(super) fn shown(targets: &[ErrorTarget]) -> Json {
    match targets {
        [] => Json::Null,
        [ErrorTarget { observable: None, error }] => json!(error),
        named => named
            .iter()
            .filter_map(|t| Some((t.observable.clone()?, json!(t.error))))
            .collect::<Map<_, _>>()
            .into(),
    }
}

/// `histograms`, a table from columns to `[low, high, bins]`; none without it.
pub(super) fn histograms(section: &Section<'_>) -> Result<Option<Vec<Histogram>>, StudyError> {
    const ALLOWED: &str = "[low, high, bins] with low < high and 1 to 10000 bins";
    let Some(table) = section.section("histograms", "histograms")? else { return Ok(None) };
    let histogram = |key: &str| {
        let numbers = table.numbers(key)?.unwrap_or_default();
        let [low, high, bins] = numbers[..] else { return Err(table.wrong(key, ALLOWED)) };
        let whole = bins.fract() == 0.0 && (1.0..=10_000.0).contains(&bins);
        if !(whole && low < high && (high - low).is_finite()) {
            return Err(table.wrong(key, ALLOWED));
        }
        Ok(Histogram { column: key.to_owned(), low, high, bins: bins as usize })
    };
    table.keys().map(histogram).collect::<Result<_, _>>().map(Some)
}
