//! The engines that a study can name: one table from name to constructor.
//!
//! A new engine is one new entry of [`ENGINES`]: its keys appear in study files, in `superladder list engines` and
//! in the messages.

mod sampling;
mod trajectories;

use serde_json::{Map, Value as Json, json};
use superladder_cumulant::{CLOSURES, Closure, Cumulant};
use superladder_engine::{Bounds, Engine};
use superladder_exact::{AdaptiveCutoff, Exact, Generator, Positivity};
use superladder_mean_field::{Limit, MeanField};
use superladder_propagate::Method;

use self::trajectories::TRAJECTORIES;
use crate::config::section::Section;
use crate::config::{ConfigError, Fault};

/// Makes an engine, as often as it is asked to.
pub(crate) type Constructor = Box<dyn Fn() -> Box<dyn Engine> + Send + Sync>;

/// What is common to all engines of a study.
#[derive(Debug, Clone)]
pub(crate) struct Common {
    /// The method that the study names; `None`: the default of the engine.
    pub(crate) method: Option<Method>,
    pub(crate) bounds: Bounds,
    /// By mode, cutoffs that follow the state.
    pub(crate) adaptive: Vec<Option<AdaptiveCutoff>>,
}

/// One engine as study files and `list engines` see it.
pub struct EngineDefinition {
    /// Its name in study files.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Whether it lives in truncated Fock spaces, so that every mode must have a cutoff.
    pub truncated: bool,
    /// Whether its cutoffs can follow the state (`cutoff = "auto"`).
    pub adaptive: bool,
    /// Whether the `cutoff` of a mode, here given, counts from a displaced basis in which a coherent state is the vacuum.
    displaces: fn(&Section<'_>, usize) -> Result<bool, ConfigError>,
    /// Its keys in the table `engine`.
    pub options: &'static [EngineOption],
    /// Keys that belong to the observables of `run`, with values that ask for nothing: commands with other observables
    /// set them.
    pub of_run: &'static [(&'static str, &'static str)],
    read: Reader,
}

/// An engine as read from a study.
struct Read {
    constructor: Constructor,
    /// Its keys with the values in force.
    options: Map<String, Json>,
    /// The method in force; `None` for an engine with a propagator of its own.
    method: Option<Method>,
}

/// Reads the keys of an engine.
type Reader = fn(&Section<'_>, &Common) -> Result<Read, ConfigError>;

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
pub static ENGINES: &[EngineDefinition] = &[EXACT, CUMULANT, MEAN_FIELD, TRAJECTORIES];

const EXACT: EngineDefinition = EngineDefinition {
    name: "exact",
    summary: "the density matrix in permutation-symmetric sector blocks, without approximation beyond the cutoffs",
    truncated: true,
    adaptive: true,
    displaces: |_, _| Ok(false),
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
    of_run: &[],
    read: exact,
};

const CUMULANT: EngineDefinition = EngineDefinition {
    name: "cumulant",
    summary: "moment equations derived from the model, joint cumulants above an order set to zero",
    truncated: false,
    adaptive: false,
    displaces: |_, _| Ok(false),
    options: &[
        EngineOption {
            name: "order",
            default: "2",
            allowed: "1 to 6 for the closure 'sites', 2 for the others",
            meaning: "highest joint cumulant that is kept; 1 is mean field at finite N",
        },
        EngineOption {
            name: "closure",
            default: "sites",
            allowed: "sites, symmetrised, linear-noise or casimir",
            meaning: "which cumulants vanish; the breakdown time depends on it",
        },
    ],
    of_run: &[],
    read: cumulant,
};

pub(crate) const MEAN_FIELD: EngineDefinition = EngineDefinition {
    name: "mean-field",
    summary: "the equations of the means alone, second moments those of a product state",
    truncated: false,
    adaptive: false,
    displaces: |_, _| Ok(false),
    options: &[
        EngineOption {
            name: "limit",
            default: "infinite",
            allowed: "infinite or finite",
            meaning: "leading order as N grows, or order 1 at the sizes of the model",
        },
        EngineOption {
            name: "gilbert",
            default: "no Gilbert damping",
            allowed: "a list of numbers, one per mode",
            meaning: "(1 + i gilbert/2) da/dt = ..., in place of the channel 'cavity-loss'",
        },
    ],
    of_run: &[],
    read: mean_field,
};

/// The engine that a study asks for, or `wanted` in its place.
pub(crate) fn definition(
    root: &Section<'_>,
    wanted: Option<&str>,
) -> Result<&'static EngineDefinition, ConfigError> {
    let names: Vec<&str> = ENGINES.iter().map(|e| e.name).collect();
    let section = root.section("engine", "engine")?;
    let named = section.map(|s| s.choice("kind", "engine", &names)).transpose()?.flatten();
    let kind = wanted.or(named).unwrap_or(ENGINES[0].name);
    Ok(ENGINES.iter().find(|e| e.name == kind).unwrap_or(&ENGINES[0]))
}

impl EngineDefinition {
    /// Whether this engine counts the levels of a mode with this `cutoff` from the vacuum of a displaced basis, in the study
    /// with the given root.
    pub(crate) fn displaces(&self, root: &Section<'_>, cutoff: usize) -> Result<bool, ConfigError> {
        let section = root.section("engine", "engine")?;
        let displaces = section.map(|section| (self.displaces)(&section, cutoff)).transpose()?;
        Ok(displaces.unwrap_or(false))
    }
}

/// Reads the table `engine` of a study (absent: defaults); keys of the engines that are not in force are read too,
/// since a study may be held against several. Returns the engine, its resolved keys and the resolved method.
pub(crate) fn read(
    root: &Section<'_>,
    wanted: Option<&str>,
    common: &Common,
) -> Result<(Constructor, Json, Option<Method>), ConfigError> {
    let in_force = definition(root, wanted)?;
    let empty = toml::de::DeTable::new();
    let section = root.section("engine", "engine")?;
    let mut section = section.unwrap_or_else(|| Section::new(root.scope(), "engine", &empty, 0..0));
    section.value("kind");
    section.rename(format!("engine '{}'", in_force.name));
    for other in ENGINES.iter().filter(|e| e.name != in_force.name) {
        (other.read)(&section, &Common { method: None, bounds: common.bounds, adaptive: Vec::new() })?;
    }
    let Read { constructor, options, method } = (in_force.read)(&section, common)?;
    let mut resolved = Map::new();
    resolved.insert("kind".into(), in_force.name.into());
    resolved.extend(options);
    section.finish()?;
    Ok((constructor, resolved.into(), method))
}

/// The Gilbert dampings in the table `engine`, whichever engine is in force; none if the key is absent.
pub(crate) fn gilbert(root: &Section<'_>) -> Result<Vec<f64>, ConfigError> {
    let section = root.section("engine", "engine 'mean-field'")?;
    Ok(section.map(|s| s.numbers("gilbert")).transpose()?.flatten().unwrap_or_default())
}

fn object(value: Json) -> Map<String, Json> {
    if let Json::Object(map) = value { map } else { Map::new() }
}

fn exact(section: &Section<'_>, common: &Common) -> Result<Read, ConfigError> {
    let generator = section.choice("generator", "generator", &["matrix-free", "assembled"])?;
    let positivity = section.choice("positivity", "positivity monitor", &["minors", "eigenvalues"])?;
    let symmetries = section.boolean("symmetries")?.unwrap_or(true);
    let memory_limit = memory(section, "memory_limit")?;
    let options = object(json!({
        "generator": generator.unwrap_or("matrix-free"),
        "symmetries": symmetries,
        "positivity": positivity.unwrap_or("minors"),
        "memory_limit": memory_limit,
    }));
    let method = common.method.clone().unwrap_or(Exact::default().method);
    let engine = Exact {
        method: method.clone(),
        bounds: common.bounds,
        memory_limit,
        generator: if generator == Some("assembled") { Generator::Assembled } else { Generator::MatrixFree },
        symmetries,
        positivity: if positivity == Some("eigenvalues") {
            Positivity::Eigenvalues
        } else {
            Positivity::Minors
        },
        adaptive: common.adaptive.clone(),
    };
    Ok(Read { constructor: Box::new(move || Box::new(engine.clone())), options, method: Some(method) })
}

fn cumulant(section: &Section<'_>, common: &Common) -> Result<Read, ConfigError> {
    let default = Cumulant::default();
    let names: Vec<&str> = CLOSURES.iter().map(|c| c.name).collect();
    let closure = section.choice("closure", "closure", &names)?;
    let closure = closure.and_then(|name| Closure::by_name(name).ok()).unwrap_or(default.closure);
    let order = section.count("order", 1)?.unwrap_or(default.order);
    closure.check_order(order).map_err(|e| {
        section.fault("order", Fault::Conflict { of: section.of().to_owned(), conflict: e.to_string() })
    })?;
    let options = object(json!({ "order": order, "closure": closure.name() }));
    let method = common.method.clone().unwrap_or(default.method);
    let engine = Cumulant { order, closure, method: method.clone(), bounds: common.bounds };
    Ok(Read { constructor: Box::new(move || Box::new(engine.clone())), options, method: Some(method) })
}

fn mean_field(section: &Section<'_>, common: &Common) -> Result<Read, ConfigError> {
    let default = MeanField::default();
    let limit = section.choice("limit", "limit", &["infinite", "finite"])?;
    let gilbert = section.numbers("gilbert")?.unwrap_or_default();
    let options = object(json!({ "limit": limit.unwrap_or("infinite"), "gilbert": gilbert }));
    let method = common.method.clone().unwrap_or(default.method);
    let engine = MeanField {
        limit: if limit == Some("finite") { Limit::Finite } else { Limit::Infinite },
        gilbert,
        method: method.clone(),
        bounds: common.bounds,
    };
    Ok(Read { constructor: Box::new(move || Box::new(engine.clone())), options, method: Some(method) })
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
