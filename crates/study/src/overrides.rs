//! `--set key=value`: edits of the text of a study before it is read, so that every message still points at a
//! line of the text in force.

use superladder_model::nearest;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Key, Table, TableLike, Value};

use crate::error::{OverrideFault, StudyError};
use crate::keys::is_top_level;

/// Tables whose entries are names given by the study: `--set` may not invent new ones, since a slip in a name
/// would otherwise go unnoticed.
const NAMED: [&str; 3] = ["parameters", "modes", "ensembles"];

/// The text with every `key=value` of `sets` carried out, in order.
///
/// # Errors
/// [`StudyError::Override`] for a set that cannot be read or leads to nothing.
pub(super) fn apply(text: &str, sets: &[String]) -> Result<String, StudyError> {
    if sets.is_empty() {
        return Ok(text.to_owned());
    }
    let mut document: DocumentMut = text.parse().map_err(|e: toml_edit::TomlError| StudyError::Override {
        text: sets[0].clone(),
        fault: OverrideFault::Syntax { message: e.message().to_owned() },
    })?;
    for set in sets {
        let failed = |fault| StudyError::Override { text: set.clone(), fault };
        let asked = set_one(&mut document, set).map_err(failed)?;
        asked.holds(&document).map_err(failed)?;
    }
    Ok(document.to_string())
}

/// What a `--set` asks for: a value at the end of a path.
struct Asked {
    path: Vec<String>,
    value: Value,
}

impl Asked {
    /// Sees to it that the text that `document` is printed as holds the value: a value in a place that is not
    /// printed would be lost without a word.
    fn holds(&self, document: &DocumentMut) -> Result<(), OverrideFault> {
        let lost = || OverrideFault::Lost { key: self.path.join(".") };
        let read: DocumentMut = document.to_string().parse().map_err(|_| lost())?;
        let mut item = read.as_item();
        for part in &self.path {
            let inside = match part.parse::<usize>() {
                Ok(index) if list_length(item).is_some() => item.get(index),
                _ => item.get(part.as_str()),
            };
            item = inside.ok_or_else(lost)?;
        }
        let found = item.clone().into_value().map_err(|_| lost())?;
        if same(&found, &self.value) { Ok(()) } else { Err(lost()) }
    }
}

/// Whether two values are equal, however they are written.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::InlineTable(x), Value::InlineTable(y)) => {
            x.len() == y.len()
                && x.iter().all(|(key, value)| y.get(key).is_some_and(|other| same(value, other)))
        }
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y.iter()).all(|(value, other)| same(value, other))
        }
        (Value::String(x), Value::String(y)) => x.value() == y.value(),
        (Value::Integer(x), Value::Integer(y)) => x.value() == y.value(),
        (Value::Float(x), Value::Float(y)) => x.value().to_bits() == y.value().to_bits(),
        (Value::Boolean(x), Value::Boolean(y)) => x.value() == y.value(),
        (Value::Datetime(x), Value::Datetime(y)) => x.value() == y.value(),
        _ => false,
    }
}

fn set_one(document: &mut DocumentMut, set: &str) -> Result<Asked, OverrideFault> {
    let (key, value) = set.split_once('=').ok_or(OverrideFault::NoValue)?;
    let (key, value) = (key.trim(), value.trim());
    if value.is_empty() {
        return Err(OverrideFault::NoValue);
    }
    let parts = Key::parse(key).map_err(|_| OverrideFault::Key { key: key.to_owned() })?;
    let mut parts: Vec<&str> = parts.iter().map(Key::get).collect();
    // A bare name of a parameter means that parameter, as for --sweep.
    if let [name] = parts[..]
        && document.get("parameters").and_then(Item::as_table_like).is_some_and(|t| t.contains_key(name))
    {
        if is_top_level(name) {
            return Err(OverrideFault::Ambiguous { key: name.to_owned() });
        }
        parts.insert(0, "parameters");
    }
    let (last, path) = parts.split_last().ok_or_else(|| OverrideFault::Key { key: key.to_owned() })?;
    if NAMED.contains(&parts[0]) && parts.len() > 1 {
        known_entry(document, parts[0], parts[1])?;
    }
    let mut item = document.as_item_mut();
    let mut walked = String::new();
    for part in path {
        item = step(item, part, &walked)?;
        walked = if walked.is_empty() { (*part).to_owned() } else { format!("{walked}.{part}") };
    }
    let value = parse_value(value);
    put(item, last, value.clone(), &walked)?;
    Ok(Asked { path: parts.iter().map(ToString::to_string).collect(), value })
}

/// A TOML value, or the words as a string: `method.name=krylov` needs no quotes.
fn parse_value(text: &str) -> Value {
    text.parse().unwrap_or_else(|_| Value::from(text))
}

fn known_entry(document: &DocumentMut, table: &str, name: &str) -> Result<(), OverrideFault> {
    let entries = document.get(table).and_then(Item::as_table_like);
    let known: Vec<&str> = entries.map(|t| t.iter().map(|(k, _)| k).collect()).unwrap_or_default();
    if known.contains(&name) {
        return Ok(());
    }
    Err(OverrideFault::Unknown {
        key: format!("{table}.{name}"),
        nearest: nearest(name, &known),
        known: known.iter().map(|k| format!("{table}.{k}")).collect(),
    })
}

/// One part of the path down: into a table (made when absent) or to a numbered entry of a list.
fn step<'a>(item: &'a mut Item, part: &str, walked: &str) -> Result<&'a mut Item, OverrideFault> {
    if let Some(length) = list_length(item) {
        return entry(item, length, part, walked);
    }
    let fresh =
        if item.is_inline_table() { Item::Value(InlineTable::new().into()) } else { toml_edit::table() };
    let table =
        item.as_table_like_mut().ok_or_else(|| OverrideFault::NotATable { key: walked.to_owned() })?;
    Ok(table.entry(part).or_insert(fresh))
}

fn put(item: &mut Item, key: &str, value: Value, walked: &str) -> Result<(), OverrideFault> {
    if let Some(length) = list_length(item) {
        let old = entry(item, length, key, walked)?;
        return put_entry(old, value, || format!("{walked}.{key}"));
    }
    let table =
        item.as_table_like_mut().ok_or_else(|| OverrideFault::NotATable { key: walked.to_owned() })?;
    replace(table, key, value);
    Ok(())
}

/// Replaces an entry of a list. A table is replaced by a whole table only: a number in its place is a key
/// that was forgotten.
fn put_entry(old: &mut Item, value: Value, name: impl Fn() -> String) -> Result<(), OverrideFault> {
    match (old.as_table_like().is_some(), value) {
        (true, Value::InlineTable(new)) if old.is_table() => {
            let mut table = new.into_table();
            table.set_position(old.as_table().and_then(Table::position));
            *old = Item::Table(table);
        }
        (true, value) if !value.is_inline_table() => {
            let keys = old.as_table_like().into_iter().flat_map(TableLike::iter);
            return Err(OverrideFault::WholeEntry {
                key: name(),
                keys: keys.map(|(k, _)| k.to_owned()).collect(),
            });
        }
        (_, value) => *old = Item::Value(value),
    }
    Ok(())
}

fn list_length(item: &Item) -> Option<usize> {
    item.as_array_of_tables().map(ArrayOfTables::len).or_else(|| item.as_array().map(Array::len))
}

fn entry<'a>(
    item: &'a mut Item,
    length: usize,
    index: &str,
    list: &str,
) -> Result<&'a mut Item, OverrideFault> {
    let absent = || OverrideFault::Entry { key: list.to_owned(), length, index: index.to_owned() };
    let number: usize = index.parse().map_err(|_| absent())?;
    item.get_mut(number).ok_or_else(absent)
}

/// Replaces a value and keeps the comments around it.
fn replace(table: &mut dyn TableLike, key: &str, mut value: Value) {
    if let Some(old) = table.get(key).and_then(Item::as_value) {
        *value.decor_mut() = old.decor().clone();
    }
    table.insert(key, Item::Value(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    const STUDY: &str = "\
[parameters]
lambda = 0.2 # coupling
[modes.a]
initial = { state = \"coherent\", amplitude = 1 }
[[channels]]
rate = 0.9
[[channels]]
rate = 0.1
";

    fn with(set: &str) -> Result<String, String> {
        apply(STUDY, &[set.to_owned()]).map_err(|e| e.to_string())
    }

    #[test]
    fn values_change_and_comments_stay() {
        assert!(with("parameters.lambda=0.7").unwrap().contains("lambda = 0.7 # coupling"));
        assert_eq!(with("lambda=0.7").unwrap(), with("parameters.lambda=0.7").unwrap());
        assert!(with("title=lambda").unwrap().contains("title = \"lambda\""));
        let both = apply("[parameters]\ntime = 1\n", &["time=2".to_owned()]).unwrap_err().to_string();
        assert!(both.contains("`parameters.time`") && both.contains("both"), "{both}");
        assert!(with("channels.1.rate = 0.2").unwrap().contains("rate = 0.9\n[[channels]]\nrate = 0.2\n"));
        assert!(with("modes.a.initial.amplitude=[0, 1]").unwrap().contains("amplitude = [0, 1] }"));
        assert!(with("method.name=krylov").unwrap().contains("[method]\nname = \"krylov\""));
        assert!(with("modes.a.initial.state=vacuum").unwrap().contains("state = \"vacuum\""));
    }

    #[test]
    fn entries_of_lists_are_replaced_whole_or_not_at_all() {
        let text = with("channels.0={ kind = \"emission\", rate = 0.3 }").unwrap();
        assert!(text.contains("[[channels]]\nkind = \"emission\"\nrate = 0.3"), "{text}");
        assert!(text.contains("rate = 0.1") && !text.contains("0.9"), "{text}");
        for set in ["channels.0=0.2", "channels.1=word", "channels.0=[1, 2]"] {
            let message = with(set).unwrap_err();
            assert!(message.contains("is a table") && message.contains("rate"), "{set}: {message}");
        }
    }

    #[test]
    fn slips_are_refused() {
        let cases = [
            ("parameters.lamda=1", "did you mean 'lambda'?"),
            ("modes.b.cutoff=3", "no `modes.b`"),
            ("channels.2.rate=1", "2 entries"),
            ("channels.x.rate=1", "2 entries"),
            ("parameters.lambda.x=1", "plain value"),
            ("parameters.lambda", "key=value"),
            ("parameters.lambda=", "key=value"),
            ("=1", "dotted key"),
            ("a b=1", "dotted key"),
        ];
        for (set, words) in cases {
            let message = with(set).unwrap_err();
            assert!(message.contains(words), "{set}: {message}");
        }
    }
}
