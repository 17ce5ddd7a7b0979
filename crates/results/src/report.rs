//! `report.html`: verdict, pictures with values on hover, tables, texts and manifest of a folder in one page that
//! needs neither the network nor another file.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

/// Of longer tables the first rows are shown ...
const MOST_ROWS: usize = 200;
/// ... and of wide ones fewer, or the first columns.
const MOST_CELLS: usize = 20_000;
/// Significant digits of numbers in pictures, more than are shown.
const DIGITS: usize = 9;

/// The page of the files in `folder`, with what its pictures show.
///
/// # Errors
/// What reading the files says.
pub(crate) fn page(folder: &Path, pictures: &Map<String, Value>) -> io::Result<String> {
    let manifest: Value = serde_json::from_slice(&fs::read(folder.join("manifest.json"))?)?;
    let word = |key: &str| manifest[key].as_str().unwrap_or_default();
    let title = format!("{} {}", word("command"), word("study"));
    let mut pictures = Value::Object(pictures.clone());
    round(&mut pictures);
    let tables = named(folder, &["csv"])?.iter().map(|path| table(path)).collect::<io::Result<Vec<_>>>()?;
    let texts =
        named(folder, &["txt", "toml"])?.iter().map(|path| text(path)).collect::<io::Result<Vec<_>>>()?;
    let content = json!({ "title": title, "manifest": manifest, "pictures": pictures, "tables": tables, "texts": texts });
    Ok(filled(&[
        ("%TITLE%", &escaped(&title)),
        ("%STYLE%", include_str!("report/style.css")),
        ("%CONTENT%", &inert(&content)),
        ("%SCRIPT%", concat!(include_str!("report/panels.js"), include_str!("report/page.js"))),
    ]))
}

/// The template with its marks replaced, in their order; what is put in is not looked at again.
fn filled(parts: &[(&str, &str)]) -> String {
    let (mut page, mut rest) = (String::new(), include_str!("report/page.html"));
    for (mark, part) in parts {
        if let Some((before, after)) = rest.split_once(mark) {
            page.extend([before, *part]);
            rest = after;
        }
    }
    page + rest
}

/// Words as HTML text.
fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// JSON in which nothing is markup: inside of strings, the only place of these signs, they are written as numbers.
fn inert(content: &Value) -> String {
    content.to_string().replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}

/// Files with these endings, by name.
fn named(folder: &Path, endings: &[&str]) -> io::Result<Vec<PathBuf>> {
    let entries: io::Result<Vec<PathBuf>> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect();
    let wanted = |path: &PathBuf| path.extension().is_some_and(|e| endings.iter().any(|known| e == *known));
    let mut found: Vec<PathBuf> = entries?.into_iter().filter(wanted).collect();
    found.sort();
    Ok(found)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn text(path: &Path) -> io::Result<Value> {
    Ok(json!({ "name": name(path), "text": fs::read_to_string(path)? }))
}

/// The first rows of a table, and how many there are.
fn table(path: &Path) -> io::Result<Value> {
    let mut reader = csv::Reader::from_reader(BufReader::new(File::open(path)?));
    let whole: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    let columns = whole.len().min(MOST_CELLS);
    let most = MOST_ROWS.min(MOST_CELLS / columns.max(1));
    let (mut rows, mut count, mut record) = (Vec::new(), 0_usize, csv::StringRecord::new());
    while reader.read_record(&mut record)? {
        count += 1;
        if rows.len() < most {
            rows.push(record.iter().take(columns).map(str::to_owned).collect::<Vec<_>>());
        }
    }
    Ok(json!({
        "name": name(path), "heading": &whole[..columns], "rows": rows, "of_rows": count, "columns": whole.len(),
    }))
}

/// Numbers with a few digits: a page is a third as long.
fn round(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let short = number.as_f64().and_then(|x| format!("{x:.*e}", DIGITS - 1).parse::<f64>().ok());
            if let Some(short) = short.and_then(serde_json::Number::from_f64) {
                *number = short;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(round),
        Value::Object(entries) => entries.values_mut().for_each(round),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVIL: &str = "</script><script>alert(1)</script>&%SCRIPT%";

    fn made(manifest: &Value, pictures: &Value) -> String {
        let home = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| fs::write(home.path().join(name), text).unwrap();
        put("manifest.json", &manifest.to_string());
        put("t.csv", &format!("t,{EVIL}\n{}", "0.5,1\n".repeat(300)));
        put("study.toml", &format!("title = '{EVIL}'\n"));
        page(home.path(), pictures.as_object().unwrap()).unwrap()
    }

    fn content(page: &str) -> Value {
        let (_, rest) = page.split_once("id=\"content\">").unwrap();
        serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
    }

    #[test]
    fn a_page_holds_everything_and_asks_for_nothing() {
        let page = made(
            &json!({ "command": "run", "study": "x", "converged": false, "reasons": ["why"] }),
            &json!({ "overview": { "title": "T", "panels": [{ "series": [{ "x": [0.123_456_789_012_3, null, 2] }] }] } }),
        );
        let content = content(&page);
        assert_eq!(content["manifest"]["reasons"][0], "why");
        assert_eq!(
            content["pictures"]["overview"]["panels"][0]["series"][0]["x"],
            json!([0.123_456_789, null, 2])
        );
        let table = &content["tables"][0];
        assert_eq!(
            (table["of_rows"].as_u64(), table["rows"].as_array().map(Vec::len)),
            (Some(300), Some(200))
        );
        let sources = ["src=", "@import", "url(\"", "fetch(", "XMLHttpRequest", "innerHTML", "eval("];
        assert!(sources.iter().all(|source| !page.contains(source)));
        assert!(page.contains("default-src 'none'"));
    }

    #[test]
    fn nothing_that_a_study_says_is_markup() {
        let page = made(
            &json!({ "command": "run", "study": EVIL, "warnings": [EVIL] }),
            &json!({ "p": { "title": EVIL, "panels": [] } }),
        );
        assert_eq!(page.matches("<script").count(), 2, "the content and the script of the page");
        let content = content(&page);
        assert_eq!(content["pictures"]["p"]["title"], EVIL);
        assert_eq!(
            (&content["tables"][0]["heading"][1], &content["manifest"]["study"]),
            (&json!(EVIL), &json!(EVIL))
        );
        assert_eq!(page.matches("draw();\n").count(), 1, "marks in what is put in are left alone");
    }
}
