//! One key of an engine, declared once: how it is read, what is allowed, its default, how it is shown.

use serde_json::{Map, Value as Json};

use crate::error::StudyError;
use crate::section::Section;

/// A key of an engine whose options are an `O`.
pub(super) struct Entry<O: 'static> {
    pub(super) name: &'static str,
    /// The default in words, where its value alone says too little.
    pub(super) default: Option<&'static str>,
    pub(super) allowed: &'static str,
    pub(super) meaning: &'static str,
    /// Reads the value, if there is one, into the options.
    pub(super) read: fn(&Key<'_>, &mut O) -> Result<(), StudyError>,
    /// The value in force; none for a key that only says more about another one.
    pub(super) shown: Option<fn(&O) -> Json>,
}

/// A key that is being read.
pub(super) struct Key<'a> {
    pub(super) section: &'a Section<'a>,
    pub(super) name: &'static str,
    allowed: &'static str,
}

impl Key<'_> {
    /// The value is not what is allowed.
    pub(super) fn wrong(&self) -> StudyError {
        self.section.wrong(self.name, self.allowed)
    }

    /// A whole number of at least `least`.
    pub(super) fn whole(&self, least: usize) -> Result<Option<u64>, StudyError> {
        Ok(self.section.count(self.name, least)?.map(|n| n as u64))
    }

    /// A finite number > 0 and at most `most`.
    pub(super) fn positive(&self, most: f64) -> Result<Option<f64>, StudyError> {
        match self.section.number(self.name)? {
            Some(x) if !(x > 0.0 && x <= most && x.is_finite()) => Err(self.wrong()),
            found => Ok(found),
        }
    }

    /// A number from `least` to `most`.
    pub(super) fn between(&self, least: f64, most: f64) -> Result<Option<f64>, StudyError> {
        match self.section.number(self.name)? {
            Some(x) if !(least..=most).contains(&x) => Err(self.wrong()),
            found => Ok(found),
        }
    }

    /// One of a few words.
    pub(super) fn word(&self, kind: &'static str, known: &[&str]) -> Result<Option<&str>, StudyError> {
        self.section.choice(self.name, kind, known)
    }
}

/// Replaces a default by what was found.
pub(super) fn set<T>(slot: &mut T, found: Option<T>) {
    if let Some(found) = found {
        *slot = found;
    }
}

/// Reads all entries into `options`, and returns the values in force.
pub(super) fn read_all<'s, O>(
    entries: &[Entry<O>],
    section: &'s Section<'s>,
    options: &mut O,
) -> Result<Map<String, Json>, StudyError> {
    for Entry { name, allowed, read, .. } in entries {
        read(&Key { section, name, allowed }, options)?;
    }
    let shown = entries.iter().filter_map(|e| Some((e.name.to_owned(), (e.shown?)(options))));
    Ok(shown.collect())
}

/// One key of an engine as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineOption {
    /// The key.
    pub name: &'static str,
    /// Its default in words.
    pub default: String,
    /// What is allowed.
    pub allowed: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// All entries as a list shows them.
pub(super) fn listed<O: Default>(entries: &[Entry<O>]) -> Vec<EngineOption> {
    let default = |entry: &Entry<O>| match (entry.default, entry.shown) {
        (Some(words), _) => words.to_owned(),
        (None, Some(shown)) => in_words(&shown(&O::default())),
        (None, None) => String::new(),
    };
    let option = |entry: &Entry<O>| EngineOption {
        name: entry.name,
        default: default(entry),
        allowed: entry.allowed,
        meaning: entry.meaning,
    };
    entries.iter().map(option).collect()
}

fn in_words(value: &Json) -> String {
    match (value, value.as_f64()) {
        (Json::String(text), _) => text.clone(),
        (_, Some(x)) if x.fract() == 0.0 => x.to_string(),
        _ => value.to_string(),
    }
}
