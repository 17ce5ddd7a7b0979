//! Signals, locks and what is left behind, from outside.
#![cfg(unix)]

mod common;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::{Scratch, words};

/// Steps of this study take long beside everything else: the step of a polynomial of degree 10000.
const SLOW: &str = r#"
[modes.a]
frequency = 1.0
cutoff = 12
[ensembles.S]
size = 40
frequency = 1.0
[[interactions]]
kind = "dicke"
mode = "a"
ensemble = "S"
strength = 0.5
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = 0.5
[time]
end = 4000.0
points = 3
[engine]
kind = "exact"
[method]
name = "chebyshev"
degree = 10000
[output]
observables = ["photons(a)"]
"#;

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn start(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts")
}

fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

/// Waits for the end of a program that was asked to end. The bound is one for machines that are busy.
fn ended(mut child: Child) -> Output {
    let begun = Instant::now();
    while child.try_wait().expect("waits").is_none() {
        if begun.elapsed() > Duration::from_secs(20) {
            child.kill().expect("ends");
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().expect("its words")
}

/// Waits until a hidden folder says that time has begun, and a little longer.
fn under_way(scratch: &Scratch) {
    let begun = Instant::now();
    while !names(&scratch.path("")).iter().any(|n| n.contains("superladder-partial")) {
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(700));
}

#[test]
fn a_long_step_is_given_up_and_what_there_is_is_written() {
    let scratch = Scratch::new(SLOW);
    let child = start(scratch.command(&["run", "study.toml", "-o", "o", "-t", "1"]));
    under_way(&scratch);
    // As `timeout` does: to the program, and to the group that it is in.
    let id = child.id().to_string();
    let script = format!("kill -TERM {id}; sleep 0.02; kill -TERM {id} 2>/dev/null");
    Command::new("sh").args(["-c", &script]).status().expect("the shell runs");
    let output = ended(child);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    // The record at the start, and a checkpoint there: the first step has not been made.
    let table = fs::read_to_string(scratch.path("o/observables.csv")).expect("a table");
    assert_eq!(table.lines().count(), 2, "{table}");
    assert_eq!(names(&scratch.path("")), ["o", "o.checkpoint", "study.toml"]);
}

#[test]
fn compare_writes_the_engines_that_have_run() {
    let scratch = Scratch::new(SLOW);
    let arguments = ["compare", "study.toml", "--engines", "mean-field,exact", "-o", "o"];
    let sets = ["--set", "modes.a.cutoff=24", "--set", "time.end=1e5"];
    let child = start(scratch.command(&[&arguments[..], &sets].concat()));
    under_way(&scratch);
    std::thread::sleep(Duration::from_millis(1500));
    send(&child, "-TERM");
    let output = ended(child);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    assert!(words(&output).contains("interrupted"), "{}", words(&output));
    let table = fs::read_to_string(scratch.path("o/compare.csv")).expect("a table");
    assert!(table.contains("photons(a) [mean-field]"), "{table}");
    assert_eq!(names(&scratch.path("")), ["o", "study.toml"]);
}

#[test]
fn a_start_that_mean_field_makes_is_ended_at_once_and_inspect_does_not_make_it() {
    let study = include_str!("../data/studies/first-run.toml");
    let scratch = Scratch::new(&format!("{study}\n[initial]\nstate = \"mean-field\"\ntime = 3e5\n"));
    let said = scratch.exits(0, &["inspect", "study.toml"]);
    assert!(said.contains("mean field"), "{said}");
    let child = start(scratch.command(&["run", "study.toml", "-o", "o"]));
    std::thread::sleep(Duration::from_millis(700));
    send(&child, "-TERM");
    let output = ended(child);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    assert_eq!(names(&scratch.path("")), ["study.toml"]);
    // What would take for ever is refused at once.
    let said = scratch.exits(2, &["run", "study.toml", "--set", "initial.time=1e9"]);
    assert!(said.contains("steps to reach the time"), "{said}");
}

#[test]
fn a_hangup_that_was_ignored_stays_ignored() {
    let scratch = Scratch::new(SLOW);
    for (ignored, hears) in [(true, false), (false, true)] {
        let program = env!("CARGO_BIN_EXE_superladder");
        let trap = if ignored { "trap '' HUP; " } else { "" };
        let mut shell = Command::new("sh");
        let script = format!("{trap}exec '{program}' run study.toml -o o -f -t 1");
        shell.args(["-c", &script]).current_dir(scratch.path(""));
        let mut child = start(shell);
        under_way(&scratch);
        send(&child, "-HUP");
        std::thread::sleep(Duration::from_millis(1200));
        let over = child.try_wait().expect("waits").is_some();
        assert_eq!(over, hears, "ignored: {ignored}");
        if !over {
            send(&child, "-TERM");
        }
        assert_eq!(ended(child).status.code(), Some(1));
    }
}

#[test]
fn two_programs_do_not_write_one_output_and_a_killed_one_leaves_it_free() {
    let scratch = Scratch::new(SLOW);
    let mut first = start(scratch.command(&["run", "study.toml", "-o", "o", "-t", "1"]));
    under_way(&scratch);
    for command in ["run", "compare"] {
        let said = scratch.exits(2, &[command, "study.toml", "-o", "o", "-f"]);
        assert!(said.contains("another process is writing"), "{said}");
    }
    first.kill().expect("ends");
    assert_eq!(first.wait().expect("ends").signal(), Some(9));
    assert!(names(&scratch.path("")).iter().any(|n| n.contains("partial")), "killed: it could not clean up");
    scratch.exits(0, &["run", "study.toml", "-o", "o", "--set", "time.end=0.1", "-q"]);
    assert_eq!(names(&scratch.path("")), ["o", "study.toml"]);
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_a_warning() {
    // A name that is too long for the temporary name of the checkpoint, and for no other.
    let name = "n".repeat(220);
    let scratch = Scratch::new(SLOW);
    let short = ["--set", "time.end=0.5", "--set", "ensembles.S.size=1", "--set", "modes.a.cutoff=2", "-q"];
    let arguments = ["run", "study.toml", "-o", &name, "--checkpoint-interval", "0"];
    let said = scratch.exits(1, &[&arguments[..], &short].concat());
    assert!(said.contains("warning: checkpoint: cannot write"), "{said}");
    assert!(said.contains("goes on") && !said.contains("[engine]"), "{said}");
    let table = fs::read_to_string(scratch.path(&name).join("observables.csv")).expect("a table");
    assert_eq!(table.lines().count(), 4, "the run went to its end");
}

/// A file beyond the limit of its size is told like a full disk: the system's signal kills nothing.
#[test]
fn a_limit_of_the_size_of_files_is_an_error_and_kills_nothing() {
    let scratch = Scratch::new(SLOW);
    let program = env!("CARGO_BIN_EXE_superladder");
    let short = "--set time.end=0.1 --set ensembles.S.size=1 --set modes.a.cutoff=2";
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -f 1; exec '{program}' run study.toml -o o -q {short}")]);
    let output = shell.current_dir(scratch.path("")).output().expect("runs");
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    assert!(words(&output).contains("cannot write"), "{}", words(&output));
    assert_eq!(names(&scratch.path("")), ["study.toml"]);
}
