//! The architecture, held by a test: which crate may depend on which, how long a file may be, no unfinished
//! code. The same diagram with its reasons stands in ARCHITECTURE.md.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Folder of the workspace.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// The root package, which may depend on every crate.
const FACADE: &str = "superladder";

/// Every crate and the crates that it may depend on, from the leaves upwards: an arrow points to an earlier
/// line. Dependencies of tests are free. Crates that are planned have their line already.
const CRATES: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("dense", &[]),
    ("sparse", &[]),
    ("propagate", &["dense", "sparse"]),
    ("eigen", &["dense", "propagate"]),
    ("analysis", &[]),
    ("plot", &[]),
    ("frame", &[]),
    ("space", &["model"]),
    // Only the program's `verify` and the tests of others may use the reference.
    ("brute-force", &["model"]),
    ("engine", &["model"]),
    ("sampling", &["engine", "model", "frame"]),
    ("exact", &["engine", "model", "space", "propagate", "dense", "sparse", "eigen"]),
    ("trajectories", &["sampling", "engine", "model", "space", "propagate", "dense"]),
    ("monitored", &["sampling", "engine", "model", "space"]),
    ("cumulant", &["engine", "model", "propagate", "dense"]),
    ("mean-field", &["cumulant", "engine", "model", "propagate", "dense"]),
    ("truncated-wigner", &["cumulant", "sampling", "engine", "model", "propagate", "dense"]),
    (
        "study",
        &[
            "exact",
            "trajectories",
            "monitored",
            "truncated-wigner",
            "cumulant",
            "mean-field",
            "sampling",
            "frame",
            "engine",
            "model",
            "space",
            "propagate",
            "analysis",
        ],
    ),
    ("results", &["study", "plot", "frame", "exact", "engine", "model"]),
    (
        "workflows",
        &[
            "results",
            "study",
            "plot",
            "frame",
            "exact",
            "trajectories",
            "truncated-wigner",
            "cumulant",
            "mean-field",
            "sampling",
            "engine",
            "model",
            "propagate",
            "analysis",
        ],
    ),
    ("gallery", &["workflows", "study", "plot", "mean-field", "engine", "model", "propagate"]),
];

/// A file of the libraries or the program has fewer lines than this ...
const LONGEST: usize = 450;
/// ... unless it is a table, with the reason why it is not cut.
const TABLES: &[(&str, &str)] = &[(
    "crates/model/src/observable.rs",
    "the table of observables: one entry after the other, read as a list",
)];

/// A folder inside of a crate has at most this many lines, without the folders in it.
const LARGEST_FOLDER: usize = 1500;
/// No crate has a larger part of all lines than this, in percent.
const LARGEST_SHARE: usize = 15;
/// The program itself is at most this long ...
const LARGEST_PROGRAM: usize = 5000;
/// ... and each of its commands this long.
const LARGEST_COMMAND: usize = 250;

/// A package of the workspace.
struct Package {
    /// `superladder`, or the name without `superladder-`.
    name: String,
    folder: PathBuf,
    /// Crates of the workspace that it depends on, other than for tests.
    dependencies: Vec<String>,
}

fn short(name: &str) -> &str {
    name.strip_prefix("superladder-").unwrap_or(name)
}

fn packages() -> Vec<Package> {
    let manifest = Path::new(ROOT).join("Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline", "--manifest-path"])
        .arg(manifest)
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    let names: Vec<String> = packages.iter().map(|p| text(&p["name"])).collect();
    let package = |p: &Value| {
        let dependencies = p["dependencies"].as_array().expect("dependencies").iter();
        let lasting = dependencies.filter(|d| d["kind"].as_str() != Some("dev")).map(|d| text(&d["name"]));
        Package {
            name: short(&text(&p["name"])).to_owned(),
            folder: Path::new(&text(&p["manifest_path"])).parent().expect("a folder").to_owned(),
            dependencies: lasting.filter(|d| names.contains(d)).map(|d| short(&d).to_owned()).collect(),
        }
    };
    packages.iter().map(package).collect()
}

fn allowed(name: &str) -> Option<&'static [&'static str]> {
    CRATES.iter().find(|(known, _)| *known == name).map(|(_, allowed)| *allowed)
}

/// All `.rs` files below a folder, which may be absent.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.map(|e| e.expect("an entry").path()) {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Path from the workspace's folder, as the lists above write it.
fn relative(path: &Path) -> String {
    path.strip_prefix(ROOT).unwrap_or(path).display().to_string().replace('\\', "/")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", relative(path)))
}

#[test]
fn every_crate_is_in_the_diagram() {
    for package in packages() {
        let known = package.name == FACADE || allowed(&package.name).is_some();
        assert!(known, "crate '{}' is not in CRATES of {}; say what it may depend on", package.name, file!());
    }
}

#[test]
fn every_dependency_is_an_arrow_of_the_diagram() {
    let mut arrows = 0;
    for package in packages().iter().filter(|p| p.name != FACADE) {
        for dependency in &package.dependencies {
            let good = allowed(&package.name).is_some_and(|list| list.contains(&dependency.as_str()));
            assert!(good, "{} -> {dependency} is not an arrow of the diagram", package.name);
            arrows += 1;
        }
    }
    assert!(arrows > 0, "no dependencies were found at all");
}

#[test]
fn the_diagram_has_levels() {
    for (line, (name, allowed)) in CRATES.iter().enumerate() {
        for dependency in *allowed {
            let below = CRATES[..line].iter().any(|(earlier, _)| earlier == dependency);
            assert!(below, "{name} -> {dependency} does not point to an earlier line");
        }
    }
}

#[test]
fn files_are_short() {
    for (table, reason) in TABLES {
        assert!(
            Path::new(ROOT).join(table).is_file(),
            "{table} ({reason}) does not exist: take it off the list"
        );
    }
    let mut files: Vec<PathBuf> = packages().iter().flat_map(|p| sources(&p.folder.join("src"))).collect();
    // A workspace of its own.
    let python = sources(&Path::new(ROOT).join("crates/python/src"));
    assert!(!python.is_empty(), "the extension module of Python was not found");
    files.extend(python);
    assert!(files.len() > 50, "only {} files were found", files.len());
    for path in files {
        let (name, lines) = (relative(&path), read(&path).lines().count());
        let good = lines < LONGEST || TABLES.iter().any(|(table, _)| *table == name);
        assert!(
            good,
            "{name} has {lines} lines, but fewer than {LONGEST} are allowed: cut it along its subjects"
        );
    }
}

fn lines_of(files: &[PathBuf]) -> usize {
    files.iter().map(|path| read(path).lines().count()).sum()
}

#[test]
fn no_room_is_crowded() {
    let packages = packages();
    let source = |p: &Package| sources(&p.folder.join("src"));
    let all: usize = packages.iter().map(|p| lines_of(&source(p))).sum();
    for package in &packages {
        let files = source(package);
        let own = lines_of(&files);
        assert!(
            100 * own <= LARGEST_SHARE * all,
            "{} has {own} of {all} lines, more than {LARGEST_SHARE} %",
            package.name
        );
        let top = package.folder.join("src");
        let mut folders: Vec<&Path> = files.iter().filter_map(|f| f.parent()).filter(|f| *f != top).collect();
        folders.dedup();
        for folder in folders {
            let inside: Vec<PathBuf> = files.iter().filter(|f| f.parent() == Some(folder)).cloned().collect();
            let lines = lines_of(&inside);
            assert!(lines <= LARGEST_FOLDER, "{} has {lines} lines", relative(folder));
        }
    }
    let program = packages.iter().find(|p| p.name == FACADE).expect("the program");
    let lines = lines_of(&source(program));
    assert!(lines <= LARGEST_PROGRAM, "src has {lines} lines, more than {LARGEST_PROGRAM}");
    for command in sources(&program.folder.join("src/command")) {
        let lines = read(&command).lines().count();
        assert!(lines <= LARGEST_COMMAND, "{} has {lines} lines", relative(&command));
    }
}

/// The text of a file up to its tests.
fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests {").map_or(text, |end| &text[..end])
}

/// Paths of `use` declarations that stay inside of the crate, `crate::a::b`, one for every name in braces.
fn inner_uses(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (start, _) in text.match_indices("use ") {
        let begins = text[..start].rsplit('\n').next().unwrap_or_default().trim();
        if !(begins.is_empty() || begins == "pub" || begins.starts_with("pub(")) {
            continue;
        }
        let path: String =
            text[start + 4..].split(';').next().unwrap_or_default().split_whitespace().collect();
        if ["crate::", "super::", "self::"].iter().any(|root| path.starts_with(root)) {
            expand("", &path, &mut found);
        }
    }
    found
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`.
fn expand(before: &str, path: &str, found: &mut Vec<String>) {
    let Some((first, rest)) = path.split_once('{') else {
        found.push(format!("{before}{path}"));
        return;
    };
    let before = format!("{before}{first}");
    let inside = rest.strip_suffix('}').unwrap_or(rest);
    let (mut depth, mut start) = (0, 0);
    for (place, letter) in inside.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                expand(&before, &inside[start..place], found);
                start = place + 1;
            }
            _ => {}
        }
    }
    if start < inside.len() {
        expand(&before, &inside[start..], found);
    }
}

/// The module of a file below `src`: `a/b.rs` is `[a, b]`, `lib.rs` is `[]`.
fn module(src: &Path, file: &Path) -> Vec<String> {
    let inside = file.strip_prefix(src).expect("below src").with_extension("");
    let mut parts: Vec<String> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

/// The module that a path leads to from a module: the longest one that exists, if it is not the crate itself.
fn target(from: &[String], path: &str, modules: &[Vec<String>]) -> Option<Vec<String>> {
    let mut parts = path.split("::").peekable();
    let mut place: Vec<String> = match parts.peek()? {
        &"crate" => {
            parts.next();
            Vec::new()
        }
        _ => from.to_vec(),
    };
    while let Some(word) = parts.peek().filter(|word| ["super", "self"].contains(*word)) {
        if *word == "super" {
            place.pop();
        }
        parts.next();
    }
    for part in parts {
        let mut next = place.clone();
        next.push(part.to_owned());
        if !modules.contains(&next) {
            break;
        }
        place = next;
    }
    (!place.is_empty() && place != from).then_some(place)
}

/// Modules that reach themselves, each with the way around.
fn circles(arrows: &[(Vec<String>, Vec<Vec<String>>)]) -> Vec<String> {
    let of = |module: &[String]| arrows.iter().find(|(from, _)| from == module).map(|(_, to)| to);
    let mut found = Vec::new();
    for (start, _) in arrows {
        let mut open = vec![vec![start.clone()]];
        let mut seen: Vec<Vec<String>> = Vec::new();
        while let Some(way) = open.pop() {
            for next in of(&way[way.len() - 1]).into_iter().flatten() {
                if next == start {
                    let words: Vec<String> = way.iter().map(|module| module.join("/")).collect();
                    found.push(format!("{} -> {}", words.join(" -> "), start.join("/")));
                } else if !seen.contains(next) {
                    seen.push(next.clone());
                    open.push([way.clone(), vec![next.clone()]].concat());
                }
            }
        }
    }
    found
}

/// The `mod` and `pub use` lines with which the head of a folder names its own files are no arrows: a folder is
/// one module, whose files may use what its head defines.
#[test]
fn files_of_a_crate_form_no_circles() {
    for package in packages() {
        let src = package.folder.join("src");
        let files: Vec<PathBuf> =
            sources(&src).into_iter().filter(|f| !relative(f).contains("/tests")).collect();
        let modules: Vec<Vec<String>> = files.iter().map(|file| module(&src, file)).collect();
        let arrows = |(file, from): (&PathBuf, &Vec<String>)| {
            let text = read(file);
            let uses = inner_uses(without_tests(&text));
            (from.clone(), uses.iter().filter_map(|path| target(from, path, &modules)).collect())
        };
        let arrows: Vec<_> = files.iter().zip(&modules).map(arrows).collect();
        let found = circles(&arrows);
        assert!(found.is_empty(), "circles of files in {}:\n{}", package.name, found.join("\n"));
    }
}

#[test]
fn circles_are_found() {
    let uses = inner_uses("use crate::a::{B, c::{self, D}};\npub use super::e::F;\nuse std::fmt;\n");
    assert_eq!(uses, ["crate::a::B", "crate::a::c::self", "crate::a::c::D", "super::e::F"]);
    let name = |words: &str| words.split('/').map(str::to_owned).collect::<Vec<_>>();
    let modules = [name("a"), name("a/c"), name("e")];
    assert_eq!(target(&name("a/c"), "super::super::e::F", &modules), Some(name("e")));
    assert_eq!(target(&name("e"), "crate::a::c::D", &modules), Some(name("a/c")));
    let circle =
        [(name("a"), vec![name("e")]), (name("e"), vec![name("a/c")]), (name("a/c"), vec![name("a")])];
    assert_eq!(circles(&circle).len(), 3);
    assert!(circles(&circle[..2]).is_empty());
}

/// Public names of types that two crates have, with the reason why the word has two meanings.
const SHARED_NAMES: &[(&str, &str)] = &[];

/// Names of the types that the files of a crate make public.
fn public_types(package: &Package) -> Vec<String> {
    let exported: String = read(&package.folder.join("src/lib.rs"));
    let text: String = sources(&package.folder.join("src")).iter().map(|file| read(file)).collect();
    let mut names = Vec::new();
    for line in without_tests(&text).lines() {
        let declared =
            ["pub struct ", "pub enum ", "pub trait "].iter().find_map(|word| line.strip_prefix(word));
        let name: String = declared.unwrap_or_default().chars().take_while(|c| c.is_alphanumeric()).collect();
        let word = |text: &str| text.split(|c: char| !c.is_alphanumeric()).any(|w| w == name);
        if !name.is_empty() && word(&exported) {
            names.push(name);
        }
    }
    names.sort();
    names.dedup();
    names
}

#[test]
fn a_public_name_has_one_meaning() {
    let mut known: Vec<(String, String)> = Vec::new();
    let mut twice = Vec::new();
    for package in packages().iter().filter(|p| p.name != FACADE) {
        for name in public_types(package) {
            let allowed = SHARED_NAMES.iter().any(|(shared, _)| *shared == name);
            if let Some((_, other)) = known.iter().find(|(known, _)| *known == name && !allowed) {
                twice.push(format!("{name}: {other} and {}", package.name));
            }
            known.push((name, package.name.clone()));
        }
    }
    assert!(twice.is_empty(), "public names with two meanings:\n{}", twice.join("\n"));
}

#[test]
fn nothing_is_left_unfinished() {
    // Put together here, so that this file does not hold them.
    let marks = ["todo", "unimplemented"].map(|name| format!("{name}!("));
    for package in packages() {
        for folder in ["src", "tests", "benches", "examples"] {
            for path in sources(&package.folder.join(folder)) {
                let text = read(&path);
                let mark = marks.iter().find(|mark| text.contains(mark.as_str()));
                assert!(mark.is_none(), "{} holds {}", relative(&path), mark.map_or("", String::as_str));
            }
        }
    }
}
