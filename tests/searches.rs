//! Searches for stationary states that are ended on their way: whatever ends them, going on from the checkpoint gives
//! the same results to their stated errors, and a checkpoint that does not fit is refused and stays.

mod common;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use common::{Scratch, words};
use serde_json::Value;
use superladder::engine::{Finding, Halt, StationaryOptions};
use superladder::study::Study;
use superladder::workflows::results::Clock;
use superladder::workflows::search::{Finished, Keeping};
use superladder::workflows::{spectrum, steady};

/// A driven cavity with two pumped spins without symmetries: more unknowns than are factorised, in a second.
const STUDY: &str = r#"
[modes.a]
frequency = 0.4
cutoff = 17
[ensembles.S]
size = 2
frequency = 0.3
[[interactions]]
kind = "dicke"
mode = "a"
ensemble = "S"
strength = 0.5
[[interactions]]
kind = "drive"
mode = "a"
amplitude = 0.2
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = 0.7
[[channels]]
kind = "pumping"
ensemble = "S"
rate = 0.4
[[channels]]
kind = "emission"
ensemble = "S"
rate = 0.3
[[correlations]]
name = "light"
kind = "amplitude"
mode = "a"
connected = true
delays = { to = 20.0, points = 21 }
frequencies = { from = -2.0, to = 2.0, points = 25 }
[time]
end = 1.0
points = 2
[bounds]
top_population = 1.0
truncation = inf
[output]
observables = ["photons(a)", "spin(S)"]
"#;

/// Ends the search when it has been asked so often, and counts what it has found.
struct Polls {
    left: AtomicI64,
    slow: AtomicI64,
}

impl Polls {
    fn new(left: i64) -> Self {
        Self { left: AtomicI64::new(left), slow: AtomicI64::new(0) }
    }
}

impl Halt for Polls {
    fn asked(&self) -> bool {
        self.left.fetch_sub(1, Ordering::SeqCst) <= 0
    }

    fn found(&self, finding: &Finding<'_>) {
        if let Finding::Slow(_) = finding {
            self.slow.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn study(sets: &[&str]) -> Study {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    Study::parse("study.toml", "study", STUDY, &sets).expect("a valid study")
}

fn keeping(resume: bool) -> Keeping {
    Keeping { resume, force: false, interval: Duration::ZERO }
}

fn steadied(study: &Study, output: &Path, resume: bool, halt: &dyn Halt) -> Finished {
    let options = StationaryOptions { modes: 2, ..StationaryOptions::default() };
    let (output, keeping, clock) = (output.to_owned(), keeping(resume), Clock::start());
    steady::Plan { study, options, output, keeping, clock }.run(halt).expect("a state, or an end")
}

fn numbers(table: &Path) -> Vec<(String, Vec<f64>)> {
    let mut reader = csv::Reader::from_path(table).expect("a table");
    let row = |row: csv::StringRecord| {
        let number = |text: &str| text.parse().unwrap_or(f64::NAN);
        (row[0].to_owned(), row.iter().skip(1).map(number).collect())
    };
    reader.records().map(|r| row(r.expect("a row"))).collect()
}

fn manifest(folder: &Path) -> Value {
    let text = fs::read_to_string(folder.join("manifest.json")).expect("a manifest");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn a_search_that_is_ended_again_and_again_finds_the_same_state() {
    let (study, home) = (study(&[]), tempfile::tempdir().expect("a folder"));
    let (whole, parts) = (home.path().join("whole"), home.path().join("parts"));
    let never = Polls::new(i64::MAX);
    assert!(steadied(&study, &whole, false, &never).converged);
    let (mut polls, mut ends, mut kept) = (40, 0, 0);
    loop {
        let finished = steadied(&study, &parts, true, &Polls::new(polls));
        if !finished.interrupted {
            assert!(finished.converged, "{}", finished.text);
            break;
        }
        let said = manifest(&parts);
        assert_eq!((&said["interrupted"], &said["converged"]), (&true.into(), &false.into()));
        let checkpoint = home.path().join("parts.checkpoint");
        assert_eq!(checkpoint.is_file(), said["checkpoint"] == "parts.checkpoint", "{said:#}");
        assert_eq!(checkpoint.is_file(), finished.text.contains("--resume goes on"), "{}", finished.text);
        kept += usize::from(checkpoint.is_file());
        (polls, ends) = (polls * 3 / 2, ends + 1);
    }
    assert!(ends > 4 && kept > 3, "{ends} ends, {kept} checkpoints");
    assert!(!home.path().join("parts.checkpoint").exists());
    assert_eq!(manifest(&parts)["resumed"], true);
    for ((name, x), (_, y)) in
        numbers(&whole.join("steady.csv")).iter().zip(numbers(&parts.join("steady.csv")))
    {
        assert!((x[0] - y[0]).abs() <= x[1] + y[1] + 1e-11, "{name}: {x:?} and {y:?}");
    }
    for ((name, x), (_, y)) in numbers(&whole.join("modes.csv")).iter().zip(numbers(&parts.join("modes.csv")))
    {
        assert!((x[0] - y[0]).abs() < 1e-8 && (x[1] - y[1]).abs() < 1e-8, "{name}: {x:?} and {y:?}");
    }
}

/// A pumped and damped pair of spins by trajectories.
const SAMPLED: &str = r#"
[ensembles.S]
size = 2
frequency = 1.0
[[channels]]
kind = "pumping"
ensemble = "S"
rate = 1.0
[[channels]]
kind = "emission"
ensemble = "S"
rate = 0.5
[engine]
kind = "trajectories"
trajectories = 64
[time]
end = 10.0
points = 2
[output]
observables = ["spin(S)"]
"#;

#[test]
fn trajectories_that_were_followed_are_not_followed_again() {
    let study = Study::parse("study.toml", "study", SAMPLED, &[]).expect("a valid study");
    let home = tempfile::tempdir().expect("a folder");
    let (whole, parts) = (home.path().join("whole"), home.path().join("parts"));
    let all = Polls::new(i64::MAX);
    assert!(!steadied(&study, &whole, false, &all).interrupted);
    let spent = i64::MAX - all.left.load(Ordering::SeqCst);
    let first = Polls::new(2 * spent / 3);
    assert!(steadied(&study, &parts, false, &first).interrupted);
    assert_eq!(manifest(&parts)["checkpoint"], "parts.checkpoint");
    let second = Polls::new(i64::MAX);
    assert!(!steadied(&study, &parts, true, &second).interrupted);
    let rest = i64::MAX - second.left.load(Ordering::SeqCst);
    assert!(rest < spent, "{rest} polls in place of {spent}");
    let table = |folder: &Path| fs::read_to_string(folder.join("steady.csv")).expect("a table");
    assert_eq!(table(&whole), table(&parts));
}

/// What an interrupted search has made sure of is not looked for again.
#[test]
fn known_slow_modes_and_uniqueness_are_kept() {
    let study = study(&[]);
    let engine = study.engine();
    let finder = engine.as_stationary().expect("exact");
    let options = StationaryOptions { modes: 2, keep_state: true, ..StationaryOptions::default() };
    let polls = Polls::new(i64::MAX);
    let found = finder.stationary(&study.problem, &options, &polls).expect("a state");
    assert_eq!(polls.slow.load(Ordering::SeqCst), i64::try_from(found.slow.len()).expect("few"));
    let spent = i64::MAX - polls.left.load(Ordering::SeqCst);
    let known = StationaryOptions {
        guess: found.state.map(std::sync::Arc::new),
        known: found.slow.clone(),
        certify: false,
        ..options
    };
    let again = Polls::new(i64::MAX);
    let second = finder.stationary(&study.problem, &known, &again).expect("a state");
    assert_eq!(second.slow, found.slow);
    let less = i64::MAX - again.left.load(Ordering::SeqCst);
    assert!(3 * less < spent, "{less} polls in place of {spent}");
}

#[test]
fn a_spectrum_goes_on_from_its_state() {
    let (study, home) = (study(&["modes.a.cutoff=9"]), tempfile::tempdir().expect("a folder"));
    let plan = |output: &str, resume: bool, polls: i64| {
        let options =
            StationaryOptions { modes: 0, errors: false, tolerance: 1e-11, ..StationaryOptions::default() };
        let (output, keeping, clock) = (home.path().join(output), keeping(resume), Clock::start());
        let plan = spectrum::Plan { study: &study, options, check_cutoffs: true, output, keeping, clock };
        plan.run(&Polls::new(polls)).expect("a spectrum, or an end")
    };
    let whole = plan("whole", false, i64::MAX);
    let (mut polls, mut ends) = (100, 0);
    let parts = loop {
        let finished = plan("parts", true, polls);
        if !finished.interrupted {
            break finished;
        }
        let kept = manifest(&finished.folder)["kept"].clone();
        let all = kept.as_array().expect("a list");
        assert!(all.iter().all(|piece| piece["state"].as_str().is_some_and(|s| s.starts_with("the state"))));
        (polls, ends) = (polls * 2, ends + 1);
    };
    assert!(ends > 2 && whole.converged == parts.converged, "{ends}: {}{}", whole.text, parts.text);
    for table in ["light-spectrum.csv", "light-correlation.csv"] {
        let (x, y) = (numbers(&whole.folder.join(table)), numbers(&parts.folder.join(table)));
        assert_eq!(x.len(), y.len());
        for ((place, x), (_, y)) in x.iter().zip(y) {
            assert!((x[0] - y[0]).abs() < 1e-8, "{table} at {place}: {x:?} and {y:?}");
        }
    }
    assert!(!home.path().join("parts.checkpoint").exists());
}

/// The program from outside: signals, the time limit, refusals, `--force`.
#[cfg(unix)]
#[test]
fn a_checkpoint_of_a_search_is_used_refused_or_given_up() {
    let scratch = Scratch::new(STUDY);
    // Many slow modes: the state is there long before.
    let large = ["steady", "study.toml", "-o", "o", "--set", "modes.a.cutoff=50", "--modes", "40"];
    let said = scratch.exits(1, &[&large[..], &["--time-limit", "0"]].concat());
    assert!(
        said.contains("interrupted before a state was found") && !scratch.path("o.checkpoint").exists(),
        "{said}"
    );
    scratch.exits(1, &[&large[..], &["--time-limit", "0", "--resume"]].concat());
    assert!(scratch.exits(2, &large).contains("--force to replace"));
    let (checkpoint, begun) =
        (scratch.path("o.checkpoint"), [&large[..], &["--checkpoint-interval", "0", "-f"]].concat());
    let ended = scratch.stopped_when(|| checkpoint.is_file(), &begun, "-TERM");
    let said = words(&ended);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("interrupted") && said.contains("--resume goes on"), "{said}");
    let before = fs::read(&checkpoint).expect("a checkpoint");
    assert_eq!(manifest(&scratch.path("o"))["command"], "steady");
    let said = scratch.exits(2, &large);
    assert!(said.contains("--resume, or start anew with --force"), "{said}");
    let resumed = [&large[..], &["--resume"]].concat();
    for other in ["channels.0.rate=0.8", "title=\"another\""] {
        let said = scratch.exits(2, &[&resumed[..], &["--set", other]].concat());
        assert!(said.contains("another study"), "{other}: {said}");
    }
    let said = scratch.exits(2, &[&resumed[..], &["--tolerance", "1e-6"]].concat());
    assert!(said.contains("with other values"), "{said}");
    let said = scratch.exits(2, &["spectrum", "study.toml", "-o", "o", "--resume"]);
    assert!(said.contains("another study"), "{said}");
    assert_eq!(fs::read(&checkpoint).expect("a checkpoint"), before, "refusing touches nothing");
    fs::write(&checkpoint, &before[..before.len() / 2]).expect("written");
    assert!(scratch.exits(2, &resumed).contains("damaged"));
    let small =
        ["steady", "study.toml", "-o", "o", "--set", "modes.a.cutoff=3", "--modes", "0", "--force", "-q"];
    scratch.exits(0, &small);
    assert!(!checkpoint.exists(), "--force gives it up");
}
