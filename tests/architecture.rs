//! The architecture, held by a test: which crate may depend on which, how long a file may be, no unfinished code.
//! The same diagram with its reasons stands in ARCHITECTURE.md.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Folder of the workspace.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// The root package, which may depend on every crate.
const FACADE: &str = "superladder";

/// Every crate and the crates that it may depend on, from the leaves upwards: an arrow points to an earlier line.
/// Dependencies of tests are free. Crates that are planned have their line already.
const CRATES: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("propagate", &[]),
    ("space", &["model"]),
    // Only the program's `verify` and the tests of others may use the reference.
    ("brute-force", &["model"]),
    ("engine", &["model"]),
    ("analysis", &[]),
    ("exact", &["engine", "model", "space", "propagate"]),
    ("trajectories", &["engine", "model", "space", "propagate"]),
    ("cumulant", &["engine", "model", "propagate"]),
    ("mean-field", &["cumulant", "engine", "model", "propagate"]),
];

/// A file of the libraries or the program has fewer lines than this ...
const LONGEST: usize = 450;
/// ... unless it is a table, with the reason why it is not cut.
const TABLES: &[(&str, &str)] = &[(
    "crates/model/src/observable.rs",
    "the table of observables: one entry after the other, read as a list",
)];

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
    let files: Vec<PathBuf> = packages().iter().flat_map(|p| sources(&p.folder.join("src"))).collect();
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
