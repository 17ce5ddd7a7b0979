//! The engines that a study can name: one table from name to constructor.
//!
//! A new engine is one new entry of [`ENGINES`]: its keys appear in study files, in `superladder list engines` and
//! in the messages.

use serde_json::{Map, Value as Json, json};
use superladder_engine::{Bounds, Engine};
use superladder_exact::{Exact, Generator, Positivity};
use superladder_propagate::Method;

use crate::config::ConfigError;
use crate::config::section::Section;

/// Makes an engine, as often as it is asked to.
pub(crate) type Constructor = Box<dyn Fn() -> Box<dyn Engine> + Send + Sync>;

/// What is common to all engines of a study.
#[derive(Debug, Clone)]
pub(crate) struct Common {
    pub(crate) method: Method,
    pub(crate) bounds: Bounds,
}

/// One engine as study files and `list engines` see it.
pub struct EngineDefinition {
    /// Its name in study files.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Its keys in the table `engine`.
    pub options: &'static [EngineOption],
    read: Reader,
}

/// Reads the keys of an engine: how to make it, and its keys with the values in force.
type Reader = fn(&Section<'_>, &Common) -> Result<(Constructor, Map<String, Json>), ConfigError>;

/// One key of an engine.
#[derive(Debug)]
pub struct EngineOption {
    /// The key.
    pub name: &'static str,
    /// Its default in words.
    pub default: &'static str,
    /// What is allowed.
    pub allowed: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// Every engine superladder knows; the first is the default.
pub static ENGINES: &[EngineDefinition] = &[EngineDefinition {
    name: "exact",
    summary: "the density matrix in permutation-symmetric sector blocks, without approximation beyond the cutoffs",
    options: &[
        EngineOption {
            name: "generator",
            default: "matrix-free",
            allowed: "matrix-free or assembled",
            meaning: "apply the Liouvillian from its sector blocks, or as one sparse matrix",
        },
        EngineOption {
            name: "symmetries",
            default: "true",
            allowed: "true or false",
            meaning: "find conserved charges and evolve only the blocks that are needed",
        },
        EngineOption {
            name: "positivity",
            default: "minors",
            allowed: "minors or eigenvalues",
            meaning: "monitor positivity by 2x2 minors (cheap) or by the smallest eigenvalue",
        },
        EngineOption {
            name: "memory_limit",
            default: "what the machine has available",
            allowed: "bytes or text such as \"8 GiB\"",
            meaning: "refuse studies that need more memory",
        },
    ],
    read: exact,
}];

/// Reads the table `engine` of a study (absent: the default engine with its defaults).
pub(crate) fn read(root: &Section<'_>, common: &Common) -> Result<(Constructor, Json), ConfigError> {
    let empty = toml::de::DeTable::new();
    let section = root.section("engine", "engine")?;
    let mut section = section.unwrap_or_else(|| Section::new(root.scope(), "engine", &empty, 0..0));
    let names: Vec<&str> = ENGINES.iter().map(|e| e.name).collect();
    let kind = section.choice("kind", "engine", &names)?.unwrap_or(ENGINES[0].name);
    section.rename(format!("engine '{kind}'"));
    let definition = ENGINES.iter().find(|e| e.name == kind).unwrap_or(&ENGINES[0]);
    let (constructor, options) = (definition.read)(&section, common)?;
    let mut resolved = Map::new();
    resolved.insert("kind".into(), kind.into());
    resolved.extend(options);
    section.finish()?;
    Ok((constructor, resolved.into()))
}

fn exact(section: &Section<'_>, common: &Common) -> Result<(Constructor, Map<String, Json>), ConfigError> {
    let generator = section.choice("generator", "generator", &["matrix-free", "assembled"])?;
    let positivity = section.choice("positivity", "positivity monitor", &["minors", "eigenvalues"])?;
    let symmetries = section.boolean("symmetries")?.unwrap_or(true);
    let memory_limit = memory(section, "memory_limit")?;
    let resolved = json!({
        "generator": generator.unwrap_or("matrix-free"),
        "symmetries": symmetries,
        "positivity": positivity.unwrap_or("minors"),
        "memory_limit": memory_limit,
    });
    let engine = Exact {
        method: common.method.clone(),
        bounds: common.bounds,
        memory_limit,
        generator: if generator == Some("assembled") { Generator::Assembled } else { Generator::MatrixFree },
        symmetries,
        positivity: if positivity == Some("eigenvalues") {
            Positivity::Eigenvalues
        } else {
            Positivity::Minors
        },
    };
    let constructor: Constructor = Box::new(move || Box::new(engine.clone()));
    Ok((constructor, resolved.as_object().cloned().unwrap_or_default()))
}

/// A number of bytes, or text with a unit.
fn memory(section: &Section<'_>, key: &str) -> Result<Option<u64>, ConfigError> {
    let Some(value) = section.value(key) else { return Ok(None) };
    let bytes = match value.get_ref().as_str() {
        Some(text) => parse_bytes(text),
        None => section.number(key)?,
    };
    let good = bytes.filter(|b| *b >= 1.0 && *b < 1e18).map(|b| Some(b as u64));
    good.ok_or_else(|| section.wrong(key, "a number of bytes or text such as \"8 GiB\""))
}

fn parse_bytes(text: &str) -> Option<f64> {
    const UNITS: &[(&str, f64)] = &[
        ("", 1.0),
        ("B", 1.0),
        ("kB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("TB", 1e12),
        ("KiB", 1024.0),
        ("MiB", 1_048_576.0),
        ("GiB", 1_073_741_824.0),
        ("TiB", 1_099_511_627_776.0),
    ];
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let (_, factor) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?;
    number.parse::<f64>().ok().map(|x| x * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_memory_read_as_written() {
        assert_eq!(parse_bytes("8 GiB"), Some(8.0 * 1_073_741_824.0));
        assert_eq!(parse_bytes("1.5MB"), Some(1.5e6));
        assert_eq!(parse_bytes("4096"), Some(4096.0));
        assert_eq!(parse_bytes("8 apples"), None);
        assert_eq!(parse_bytes("GiB"), None);
    }
}
