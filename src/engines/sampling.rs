//! Keys of engines that sample: when there are enough samples, and what is kept of them.

use serde_json::{Map, Value as Json, json};
use superladder_trajectories::{Histogram, Target};
use toml::de::DeValue;

use crate::config::ConfigError;
use crate::config::section::Section;

/// `target_error`, one number or a table from observables to numbers, with `target_observables`; and both as resolved.
pub(super) fn targets(section: &Section<'_>) -> Result<(Vec<Target>, Json), ConfigError> {
    const ALLOWED: &str = "a number > 0, or a table from observables to numbers > 0";
    let names = section.words("target_observables")?;
    let good = |x: f64| x > 0.0 && x.is_finite();
    if let Some(DeValue::Table(_)) = section.value("target_error").map(toml::Spanned::get_ref) {
        if names.is_some() {
            return Err(section.wrong("target_observables", "absent: the table `target_error` names them"));
        }
        let Some(table) = section.section("target_error", "target_error")? else { return Ok(none()) };
        let (mut targets, mut resolved) = (Vec::new(), Map::new());
        for key in table.keys() {
            let error = table.number(key)?.filter(|x| good(*x));
            let error = error.ok_or_else(|| table.wrong(key, "a number > 0"))?;
            targets.push(Target { observable: Some(key.to_owned()), error });
            resolved.insert(key.to_owned(), json!(error));
        }
        return Ok((targets, resolved.into()));
    }
    let Some(error) = section.number("target_error")? else {
        if names.is_some() {
            return Err(section.wrong("target_observables", "given together with `target_error`"));
        }
        return Ok(none());
    };
    if !good(error) {
        return Err(section.wrong("target_error", ALLOWED));
    }
    let Some(names) = names else {
        return Ok((vec![Target { observable: None, error }], json!(error)));
    };
    let targets = names.iter().map(|name| Target { observable: Some(name.clone()), error }).collect();
    Ok((targets, names.into_iter().map(|name| (name, json!(error))).collect::<Map<_, _>>().into()))
}

fn none() -> (Vec<Target>, Json) {
    (Vec::new(), Json::Null)
}

/// `histograms`, a table from columns to `[low, high, bins]`; and as resolved.
pub(super) fn histograms(section: &Section<'_>) -> Result<(Vec<Histogram>, Json), ConfigError> {
    const ALLOWED: &str = "[low, high, bins] with low < high and 1 to 10000 bins";
    let (mut found, mut resolved) = (Vec::new(), Map::new());
    let Some(table) = section.section("histograms", "histograms")? else { return Ok((found, Json::Null)) };
    for key in table.keys() {
        let numbers = table.numbers(key)?.unwrap_or_default();
        let [low, high, bins] = numbers[..] else { return Err(table.wrong(key, ALLOWED)) };
        let whole = bins.fract() == 0.0 && (1.0..=10_000.0).contains(&bins);
        if !(whole && low < high && (high - low).is_finite()) {
            return Err(table.wrong(key, ALLOWED));
        }
        found.push(Histogram { column: key.to_owned(), low, high, bins: bins as usize });
        resolved.insert(key.to_owned(), json!([low, high, bins]));
    }
    Ok((found, resolved.into()))
}
