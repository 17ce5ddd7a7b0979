//! The exact engine as study files see it.

use serde_json::json;
use superladder_exact::{Exact, Generator, Positivity};
use toml::Spanned;

use super::choice::EngineChoice;
use super::definition::{Common, EngineDefinition, Read};
use super::entry::{Entry, Key, listed, read_all, set};
use crate::error::StudyError;

pub(super) const EXACT: EngineDefinition = EngineDefinition {
    name: "exact",
    summary: "the density matrix in permutation-symmetric sector blocks, without approximation beyond the cutoffs",
    stationary: "`steady`; `spectrum`: correlations and spectra",
    truncated: true,
    adaptive: true,
    displaces: |_, _| Ok(false),
    listed: || listed(ENTRIES),
    of_run: &[],
    read: |section, common| {
        let mut engine = Exact::default();
        let Common { method, bounds, adaptive } = common.clone();
        // A method that the study names is taken.
        engine.automatic = method.is_none();
        set(&mut engine.method, method);
        (engine.bounds, engine.adaptive) = (bounds, adaptive);
        let options = read_all(ENTRIES, section, &mut engine)?;
        let method = Some(engine.method.clone());
        Ok(Read { choice: EngineChoice::Exact(engine), options, method })
    },
};

const ENTRIES: &[Entry<Exact>] = &[
    Entry {
        name: "generator",
        default: None,
        allowed: "automatic, matrix-free or assembled",
        meaning: "apply the Liouvillian from its sector blocks, or as one sparse matrix; automatic: as a real sparse \
                  matrix where a gauge makes it real and rows are short, else matrix-free",
        read: |key, engine| {
            let word = key.word("generator", &["automatic", "matrix-free", "assembled"])?;
            let generator = |word| match word {
                "assembled" => Generator::Assembled,
                "matrix-free" => Generator::MatrixFree,
                _ => Generator::Automatic,
            };
            set(&mut engine.generator, word.map(generator));
            Ok(())
        },
        shown: Some(|engine| match engine.generator {
            Generator::Automatic => json!("automatic"),
            Generator::MatrixFree => json!("matrix-free"),
            Generator::Assembled => json!("assembled"),
        }),
    },
    Entry {
        name: "symmetries",
        default: None,
        allowed: "true or false",
        meaning: "find conserved charges and evolve only the blocks that are needed",
        read: |key, engine| {
            set(&mut engine.symmetries, key.section.boolean(key.name)?);
            Ok(())
        },
        shown: Some(|engine| json!(engine.symmetries)),
    },
    Entry {
        name: "positivity",
        default: None,
        allowed: "minors or eigenvalues",
        meaning: "monitor positivity by 2x2 minors (cheap) or by the smallest eigenvalue",
        read: |key, engine| {
            let word = key.word("positivity monitor", &["minors", "eigenvalues"])?;
            let positivity =
                |word| if word == "eigenvalues" { Positivity::Eigenvalues } else { Positivity::Minors };
            set(&mut engine.positivity, word.map(positivity));
            Ok(())
        },
        shown: Some(|engine| match engine.positivity {
            Positivity::Minors => json!("minors"),
            Positivity::Eigenvalues => json!("eigenvalues"),
        }),
    },
    Entry {
        name: "memory_limit",
        default: Some("what the machine has available"),
        allowed: "bytes or text such as \"8 GiB\"",
        meaning: "refuse studies that need more memory",
        read: |key, engine| {
            engine.memory_limit = memory(key)?;
            Ok(())
        },
        shown: Some(|engine| json!(engine.memory_limit)),
    },
];

/// A number of bytes, or text with a unit.
fn memory(key: &Key<'_>) -> Result<Option<u64>, StudyError> {
    let Some(value) = key.section.value(key.name).map(Spanned::get_ref) else { return Ok(None) };
    let bytes = match value.as_str() {
        Some(text) => parse_bytes(text),
        None => key.section.number(key.name)?,
    };
    let good = bytes.filter(|b| *b >= 1.0 && *b < 1e18).map(|b| Some(b as u64));
    good.ok_or_else(|| key.section.wrong(key.name, "a number of bytes or text such as \"8 GiB\""))
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
