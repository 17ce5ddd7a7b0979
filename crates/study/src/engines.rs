//! The engines that a study can name: one table from name to constructor.
//!
//! A new engine is one new entry of [`ENGINES`]: its keys appear in study files, in
//! `superladder list engines` and in the messages. Every key is declared once, in the file of its engine.

mod choice;
mod cumulant;
mod definition;
mod entry;
mod exact;
mod mean_field;
mod monitored;
mod sampling;
mod trajectories;
mod truncated_wigner;

use serde_json::{Map, Value as Json};
use superladder_propagate::Method;

pub use choice::EngineChoice;
pub(crate) use definition::Common;
pub use definition::EngineDefinition;
pub use entry::EngineOption;
pub(crate) use mean_field::MEAN_FIELD;

use crate::error::StudyError;
use crate::section::Section;

/// Every engine superladder knows; the first is the default.
pub static ENGINES: &[EngineDefinition] = &[
    exact::EXACT,
    cumulant::CUMULANT,
    MEAN_FIELD,
    trajectories::TRAJECTORIES,
    monitored::MONITORED,
    truncated_wigner::TRUNCATED_WIGNER,
];

/// The engine that a study asks for, or `wanted` in its place.
pub(crate) fn definition(
    root: &Section<'_>,
    wanted: Option<&str>,
) -> Result<&'static EngineDefinition, StudyError> {
    let names: Vec<&str> = ENGINES.iter().map(|e| e.name).collect();
    let section = root.section("engine", "engine")?;
    let named = section.map(|s| s.choice("kind", "engine", &names)).transpose()?.flatten();
    let kind = wanted.or(named).unwrap_or(ENGINES[0].name);
    Ok(ENGINES.iter().find(|e| e.name == kind).unwrap_or(&ENGINES[0]))
}

/// Reads the table `engine` of a study (absent: defaults); keys of the engines that are not in force are read
/// too, since a study may be held against several. Returns the engine, its resolved keys and the resolved
/// method.
pub(crate) fn read(
    root: &Section<'_>,
    wanted: Option<&str>,
    common: &Common,
) -> Result<(EngineChoice, Json, Option<Method>), StudyError> {
    let in_force = definition(root, wanted)?;
    let empty = toml::de::DeTable::new();
    let section = root.section("engine", "engine")?;
    let mut section = section.unwrap_or_else(|| Section::new(root.scope(), "engine", &empty, 0..0));
    section.value("kind");
    section.rename(format!("engine '{}'", in_force.name));
    for other in ENGINES.iter().filter(|e| e.name != in_force.name) {
        (other.read)(&section, &Common { method: None, bounds: common.bounds, adaptive: Vec::new() })?;
    }
    let definition::Read { choice, options, method } = (in_force.read)(&section, common)?;
    let mut resolved = Map::new();
    resolved.insert("kind".into(), in_force.name.into());
    resolved.extend(options);
    section.finish()?;
    Ok((choice, resolved.into(), method))
}

/// The Gilbert dampings in the table `engine`, whichever engine is in force; none if the key is absent.
pub(crate) fn gilbert(root: &Section<'_>) -> Result<Vec<f64>, StudyError> {
    let section = root.section("engine", "engine 'mean-field'")?;
    Ok(section.map(|s| s.numbers("gilbert")).transpose()?.flatten().unwrap_or_default())
}
