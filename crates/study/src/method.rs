//! From the tables `method` and `bounds` to their values.

use serde_json::{Map, Value as Json, json};
use superladder_engine::Bounds;
use superladder_propagate::{METHODS, Method, OptionDefinition, OptionValue, PropagateError};
use toml::de::DeValue;

use crate::error::{Fault, StudyError};
use crate::section::Section;

/// A method as a study gives it.
pub(crate) struct Given {
    pub(crate) method: Method,
    /// Its name and all of its options.
    pub(crate) resolved: Json,
    /// Keys that should be written otherwise.
    pub(crate) warnings: Vec<String>,
}

/// The method that the table `method` names, with the other keys as its options; `None` without the table.
pub(crate) fn read(root: &Section<'_>) -> Result<Option<Given>, StudyError> {
    let Some(mut section) = root.section("method", "method")? else { return Ok(None) };
    let default = Method::default();
    let names: Vec<&str> = METHODS.iter().map(|m| m.name).collect();
    let name = section.choice("name", "method", &names)?.unwrap_or(default.definition().name);
    section.rename(format!("method '{name}'"));
    let definition = METHODS.iter().find(|m| m.name == name).unwrap_or(default.definition());
    let (mut options, mut former, mut warnings) = (Vec::new(), None, Vec::new());
    for option in definition.options {
        if let Some(value) = value(&section, option, option.name)? {
            options.push((option.name, value));
        }
        let Some(old) = option.former else { continue };
        let Some(value) = value(&section, option, old.name)? else { continue };
        let words =
            format!("`{}` of method '{name}' is called `{}`: it is {}", old.name, option.name, old.reason);
        if options.iter().any(|(key, _)| *key == option.name) {
            let conflict = format!("{words}; both are given");
            return Err(section.fault(old.name, Fault::Conflict { of: section.of().to_owned(), conflict }));
        }
        warnings.push(words);
        former = Some((option.name, old.name));
        options.push((option.name, value));
    }
    let method = Method::from_name_and_options(name, &options).map_err(|error| {
        let key = match &error {
            PropagateError::InvalidOption { name, .. } => *name,
            PropagateError::UnknownOption { option, .. } => option.as_str(),
            _ => "name",
        };
        let written = former.filter(|(name, _)| *name == key).map_or(key, |(_, old)| old);
        section.fault(written, Fault::Method(error.clone()))
    })?;
    section.finish()?;
    let resolved = resolved(&method, &options);
    Ok(Some(Given { method, resolved, warnings }))
}

/// The value of an option under `key`, if it is given.
fn value(
    section: &Section<'_>,
    option: &OptionDefinition,
    key: &str,
) -> Result<Option<OptionValue>, StudyError> {
    let whole = matches!(option.default, Some(OptionValue::Integer(_)));
    Ok(match section.value(key).map(toml::Spanned::get_ref) {
        None => None,
        Some(DeValue::Boolean(b)) => Some(OptionValue::Boolean(*b)),
        Some(_) => Some(match section.number(key)?.unwrap_or(f64::NAN) {
            x if whole && x.fract() == 0.0 && x.abs() < 1e15 => OptionValue::Integer(x as i64),
            x => OptionValue::Real(x),
        }),
    })
}

/// A method that no table names, with its options.
pub(crate) fn in_force(method: &Method) -> Json {
    let options = match json!(method) {
        Json::Object(tagged) => tagged.into_iter().next().map_or(Json::Null, |(_, options)| options),
        other => other,
    };
    let mut resolved = Map::new();
    resolved.insert("name".into(), method.definition().name.into());
    if let Json::Object(options) = options {
        resolved.extend(options);
    }
    resolved.into()
}

fn resolved(method: &Method, given: &[(&str, OptionValue)]) -> Json {
    let definition = method.definition();
    let mut resolved = Map::new();
    resolved.insert("name".into(), definition.name.into());
    for option in definition.options {
        let given = given.iter().find(|(key, _)| *key == option.name).map(|(_, value)| *value);
        resolved.insert(option.name.into(), json!(given.or(option.default)));
    }
    resolved.into()
}

/// Bound of the truncation where a cutoff adapts to it and the study gives none.
const ADAPTIVE_TRUNCATION: f64 = 1e-3;

/// Bounds of the diagnostics; `inf` switches one off. Cutoffs that are `adaptive` need a bound of the
/// truncation.
pub(crate) fn bounds(root: &Section<'_>, adaptive: bool) -> Result<Bounds, StudyError> {
    let mut bounds = Bounds::default();
    if adaptive {
        bounds.truncation = ADAPTIVE_TRUNCATION;
    }
    let Some(section) = root.section("bounds", "bounds")? else { return Ok(bounds) };
    let slots = [
        ("trace", &mut bounds.trace),
        ("positivity", &mut bounds.positivity),
        ("top_population", &mut bounds.top_population),
        ("propagation", &mut bounds.propagation),
        ("truncation", &mut bounds.truncation),
        ("discarded_weight", &mut bounds.discarded_weight),
        ("photon_number", &mut bounds.photon_number),
        ("spin_length", &mut bounds.spin_length),
        ("variance", &mut bounds.variance),
        ("uncertainty", &mut bounds.uncertainty),
        ("g2", &mut bounds.g2),
    ];
    for (key, slot) in slots {
        if let Some(bound) = section.number(key)? {
            if bound.is_nan() || bound < 0.0 {
                return Err(section.wrong(key, ">= 0 (inf: no bound)"));
            }
            if adaptive && key == "truncation" && !(bound > 0.0 && bound.is_finite()) {
                return Err(section.wrong(key, "finite and > 0, since a cutoff adapts to it"));
            }
            *slot = bound;
        }
    }
    section.finish()?;
    Ok(bounds)
}
