//! `superladder list`: the tables of the libraries, in words or as JSON.

use std::io::Write;

use serde_json::{Value, json};
use superladder::analysis::{CRITERIA, MOMENTS, REDUCTIONS};
use superladder::model::{
    Argument, CHANNELS, CORRELATIONS, ENSEMBLE_STATES, INTERACTIONS, MODE_STATES, OBSERVABLES, SubjectKind,
    TargetKind,
};
use superladder::propagate::METHODS;
use superladder::study::{ENGINES, EXPECTATIONS, STUDY_TABLES};

use crate::cli::{List, Listing};

/// One entry of a table, as it is shown.
struct Entry {
    name: String,
    formula: String,
    summary: String,
    keys: Vec<Key>,
}

/// One key of an entry.
struct Key {
    name: String,
    /// `None`: required. Empty: `meaning` says what holds without it.
    default: Option<String>,
    allowed: String,
    meaning: String,
}

/// Prints one table.
pub(crate) fn list(arguments: &List, out: &mut dyn Write) -> anyhow::Result<()> {
    let entries = match arguments.what {
        Listing::Channels => channels(),
        Listing::Interactions => interactions(),
        Listing::Observables => observables(),
        Listing::Reductions => reductions(),
        Listing::Correlations => correlations(),
        Listing::Methods => methods(),
        Listing::States => states(),
        Listing::Engines => engines(),
        Listing::Criteria => criteria(),
        Listing::Keys => keys(),
    };
    if arguments.json {
        let entries: Vec<Value> = entries.iter().map(Entry::json).collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&entries)?)?;
        return Ok(());
    }
    for entry in &entries {
        entry.print(out)?;
    }
    Ok(())
}

impl Entry {
    fn without_keys(name: &str, formula: &str, summary: &str) -> Self {
        Self { name: name.into(), formula: formula.into(), summary: summary.into(), keys: Vec::new() }
    }

    fn json(&self) -> Value {
        let key = |k: &Key| {
            let default = k.default.as_ref().filter(|d| !d.is_empty());
            json!({ "key": k.name, "required": k.default.is_none(), "default": default,
                "allowed": k.allowed, "meaning": k.meaning })
        };
        let keys: Vec<Value> = self.keys.iter().map(key).collect();
        json!({ "name": self.name, "summary": self.summary, "formula": self.formula, "keys": keys })
    }

    fn print(&self, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(out, "{}", self.name)?;
        writeln!(out, "    {}", self.summary)?;
        if !self.formula.is_empty() {
            writeln!(out, "    {}", self.formula)?;
        }
        let width = self.keys.iter().map(|k| k.name.len()).max().unwrap_or(0);
        for Key { name, default, allowed, meaning } in &self.keys {
            let default = match default.as_deref() {
                None => " (required)".to_owned(),
                Some("") => String::new(),
                Some(default) => format!(" (default {default})"),
            };
            writeln!(out, "      {name:<width$}  {meaning}; {allowed}{default}")?;
        }
        writeln!(out)
    }
}

fn subject(kind: SubjectKind) -> Vec<Key> {
    let key = |name: &&'static str| Key {
        name: (*name).to_owned(),
        default: None,
        allowed: if name.ends_with('s') { "two names" } else { "a name" }.to_owned(),
        meaning: "what it acts on".to_owned(),
    };
    kind.keys().iter().map(key).collect()
}

fn with_arguments(mut keys: Vec<Key>, arguments: &[Argument]) -> Vec<Key> {
    keys.extend(arguments.iter().map(|a| Key {
        name: a.key.to_owned(),
        default: a.default.map(|d| d.to_string()),
        allowed: a.kind.allowed().to_owned(),
        meaning: a.meaning.to_owned(),
    }));
    keys
}

fn channels() -> Vec<Entry> {
    let entry = |c: &superladder::model::ChannelDefinition| Entry {
        name: c.name.to_owned(),
        formula: c.formula.to_owned(),
        summary: c.summary.to_owned(),
        keys: with_arguments(subject(c.subject), c.arguments),
    };
    CHANNELS.iter().map(entry).collect()
}

fn interactions() -> Vec<Entry> {
    let entry = |i: &superladder::model::InteractionDefinition| Entry {
        name: i.name.to_owned(),
        formula: i.formula.to_owned(),
        summary: i.summary.to_owned(),
        keys: with_arguments(subject(i.subject), i.arguments),
    };
    INTERACTIONS.iter().map(entry).collect()
}

fn correlations() -> Vec<Entry> {
    let entry = |c: &superladder::model::CorrelationDefinition| Entry {
        name: c.name.to_owned(),
        formula: c.formula.to_owned(),
        summary: c.summary.to_owned(),
        keys: subject(c.subject),
    };
    CORRELATIONS.iter().map(entry).collect()
}

fn observables() -> Vec<Entry> {
    let written = |name: &str, target| match target {
        TargetKind::System => name.to_owned(),
        TargetKind::Mode => format!("{name}(mode)"),
        TargetKind::Ensemble => format!("{name}(ensemble)"),
        TargetKind::Subsystem => format!("{name}(mode or ensemble)"),
        TargetKind::Pair => format!("{name}(x) or {name}(x,y)"),
        TargetKind::Referred => format!("{name}(ensemble,mode)"),
    };
    let mark = |in_default: bool| if in_default { " (in the set `default`)" } else { "" };
    let entry = |o: &superladder::model::ObservableDefinition| Entry {
        name: written(o.name, o.target),
        formula: o.formula.to_owned(),
        summary: format!("{}{}", o.summary, mark(o.in_default)),
        keys: Vec::new(),
    };
    let all = [("default", "the usual set, for every subsystem"), ("all", "all but those of single samples")];
    let sets = all.map(|(name, summary)| Entry::without_keys(name, "", summary));
    let words = EXPECTATIONS.iter().map(|[name, formula, what]| Entry::without_keys(name, formula, what));
    sets.into_iter().chain(OBSERVABLES.iter().map(entry)).chain(words).collect()
}

fn reductions() -> Vec<Entry> {
    let entry = |r: &superladder::analysis::ReductionDefinition| {
        let level = r.level.map(|word| format!(" {word} LEVEL")).unwrap_or_default();
        let formula = format!("{} COLUMN{level} [from TIME] [to TIME] [in dB]", r.name);
        Entry::without_keys(r.name, &formula, r.summary)
    };
    REDUCTIONS.iter().map(entry).collect()
}

fn methods() -> Vec<Entry> {
    let entry = |m: &superladder::propagate::MethodDefinition| {
        let key = |o: &superladder::propagate::OptionDefinition| Key {
            name: o.name.to_owned(),
            default: Some(o.default.map_or("chosen by the method".to_owned(), |d| d.to_string())),
            allowed: o.allowed.to_owned(),
            meaning: o.meaning.to_owned(),
        };
        Entry {
            name: m.name.to_owned(),
            formula: m.order.map(|order| format!("order {order}")).unwrap_or_default(),
            summary: m.summary.to_owned(),
            keys: m.options.iter().map(key).collect(),
        }
    };
    METHODS.iter().map(entry).collect()
}

fn states() -> Vec<Entry> {
    let entry = |of: &str, name: &str, summary: &str, arguments: &[Argument]| Entry {
        name: format!("{name} ({of})"),
        formula: String::new(),
        summary: summary.to_owned(),
        keys: with_arguments(Vec::new(), arguments),
    };
    let modes = MODE_STATES.iter().map(|s| entry("mode", s.name, s.summary, s.arguments));
    let ensembles = ENSEMBLE_STATES.iter().map(|s| entry("ensemble", s.name, s.summary, s.arguments));
    modes.chain(ensembles).collect()
}

fn engines() -> Vec<Entry> {
    let entry = |e: &superladder::study::EngineDefinition| {
        let key = |o: &superladder::study::EngineOption| Key {
            name: o.name.to_owned(),
            default: Some(o.default.clone()),
            allowed: o.allowed.to_owned(),
            meaning: o.meaning.to_owned(),
        };
        Entry {
            name: e.name.to_owned(),
            formula: format!("where states end: {}", e.stationary),
            summary: e.summary.to_owned(),
            keys: e.options().iter().map(key).collect(),
        }
    };
    ENGINES.iter().map(entry).collect()
}

fn criteria() -> Vec<Entry> {
    let entry = |c: &superladder::analysis::CriterionDefinition| {
        Entry::without_keys(&c.written(), c.formula, c.summary)
    };
    let of_moment = |m: &superladder::analysis::MomentDefinition| {
        let summary = format!("{} (for `moments`: t_W of an approximation)", m.summary);
        Entry::without_keys(&m.written(), m.formula, &summary)
    };
    CRITERIA.iter().map(entry).chain(MOMENTS.iter().map(of_moment)).collect()
}

fn keys() -> Vec<Entry> {
    let entry = |table: &superladder::study::StudyTable| {
        let key = |k: &superladder::study::StudyKey| Key {
            name: k.name.to_owned(),
            default: Some(String::new()),
            allowed: k.allowed.to_owned(),
            meaning: k.meaning.to_owned(),
        };
        Entry {
            name: if table.heading.is_empty() { "(top of the file)" } else { table.heading }.to_owned(),
            formula: String::new(),
            summary: table.meaning.to_owned(),
            keys: table.keys.iter().map(key).collect(),
        }
    };
    STUDY_TABLES.iter().map(entry).collect()
}
