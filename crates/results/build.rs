//! Tells the program which commit it is built from, read from the repository's own files; absent is fine.

use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-env-changed=SUPERLADDER_COMMIT");
    if std::env::var_os("SUPERLADDER_COMMIT").is_some() {
        return;
    }
    if let Some(commit) = commit() {
        println!("cargo::rustc-env=SUPERLADDER_COMMIT={commit}");
    }
}

fn commit() -> Option<String> {
    let repository = repository()?;
    let head = read(&repository.join("HEAD"))?;
    let Some(reference) = head.strip_prefix("ref: ") else { return Some(head) };
    read(&repository.join(reference)).or_else(|| {
        let packed = read(&repository.join("packed-refs"))?;
        let line = packed.lines().find(|line| line.ends_with(&format!(" {reference}")))?;
        line.split(' ').next().map(str::to_owned)
    })
}

/// The folder `.git`, also where a work tree points to it.
fn repository() -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.git");
    if found.is_dir() {
        return Some(found);
    }
    read(&found)?.strip_prefix("gitdir: ").map(PathBuf::from)
}

fn read(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    println!("cargo::rerun-if-changed={}", path.display());
    Some(text.trim().to_owned())
}
