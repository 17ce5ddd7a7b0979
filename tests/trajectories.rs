//! Trajectories from outside: whatever interrupts them, however they are split, the numbers are the same
//! bits.

mod common;

use std::fs;
use std::path::Path;

use common::{Scratch, words};
use serde_json::Value;

/// Two ensembles in one cavity, a mixed start and a quench.
const STUDY: &str = r#"
[parameters]
lambda = 0.2
[modes.a]
frequency = 1.0
cutoff = 5
initial = { state = "coherent", amplitude = 0.3 }
[ensembles.S]
size = 2
frequency = 1.0
initial = { state = "spin-coherent", theta = 0.8 }
[ensembles.T]
size = 2
frequency = 1.0
initial = { state = "product", bloch = [0.1, 0.2, 0.3] }
[[interactions]]
kind = "dicke"
mode = "a"
ensemble = "S"
strength = "lambda"
[[interactions]]
kind = "exchange"
ensembles = ["S", "T"]
strength = 0.1
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = 0.6
[[channels]]
kind = "pumping"
ensemble = "T"
rate = 0.9
[[quenches]]
time = 1.75
set = { lambda = 0.7 }
[time]
end = 4.0
points = 9
[engine]
kind = "trajectories"
trajectories = 300
shown = 2
histograms = { "photons(a)" = [0, 4, 8] }
[bounds]
top_population = 1.0
[output]
observables = ["photons(a)", "g2(a)", "spin(S)", "ladder-distribution(T)"]
"#;

/// Every file of results.
const FILES: [&str; 9] = [
    "observables.csv",
    "observables.npz",
    "trajectories.csv",
    "trajectories.npz",
    "jumps.csv",
    "jumps.npz",
    "histograms.csv",
    "histograms.npz",
    "overview.svg",
];

fn results(folder: &Path) -> Vec<Vec<u8>> {
    FILES.iter().map(|f| fs::read(folder.join(f)).unwrap_or_else(|e| panic!("{f}: {e}"))).collect()
}

fn manifest(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("manifest.json")).expect("a manifest")).expect("JSON")
}

fn done(folder: &Path) -> u64 {
    manifest(folder)["statistics"]["trajectories"].as_u64().expect("a count")
}

#[track_caller]
fn assert_same(scratch: &Scratch, a: &str, b: &str) {
    let (x, y) = (results(&scratch.path(a)), results(&scratch.path(b)));
    for ((x, y), name) in x.iter().zip(&y).zip(FILES) {
        assert!(x == y, "{name} differs between {a} and {b}");
    }
}

#[test]
fn parts_merge_to_the_bytes_of_one_run_on_any_number_of_threads() {
    let scratch = Scratch::new(STUDY);
    scratch.exits(0, &["run", "study.toml", "-o", "one", "--threads", "1"]);
    scratch.exits(0, &["run", "study.toml", "-o", "two", "--threads", "2"]);
    assert_same(&scratch, "one", "two");
    for (part, indices) in ["0..7", "7..200", "200..300"].iter().enumerate() {
        let out = format!("part-{part}");
        scratch.exits(0, &["run", "study.toml", "--indices", indices, "-o", &out]);
    }
    let said = scratch.exits(0, &["merge", "part-2", "part-0", "part-1", "-o", "merged"]);
    assert!(said.contains("averages over 300 trajectories"), "{said}");
    assert_same(&scratch, "one", "merged");
    assert!(fs::read(scratch.path("one/trajectories.sums")).expect("kept").len() > 1000);
    // What was merged can be merged and continued.
    scratch.exits(0, &["merge", "part-0", "part-1", "-o", "most"]);
    scratch.exits(0, &["merge", "most", "part-2/trajectories.sums", "-o", "again"]);
    assert_same(&scratch, "one", "again");
    scratch.exits(0, &["run", "study.toml", "-o", "most", "--resume"]);
    assert_same(&scratch, "one", "most");
}

#[test]
fn more_trajectories_are_added_to_a_finished_run() {
    let scratch = Scratch::new(STUDY);
    let fewer = "engine.trajectories=120";
    scratch.exits(0, &["run", "study.toml", "-o", "grown", "--set", fewer]);
    assert_eq!(done(&scratch.path("grown")), 120);
    scratch.exits(0, &["run", "study.toml", "-o", "grown", "--resume"]);
    scratch.exits(0, &["run", "study.toml", "-o", "whole"]);
    assert_same(&scratch, "grown", "whole");
    // Fewer than there are: none is thrown away.
    scratch.exits(0, &["run", "study.toml", "-o", "grown", "--resume", "--set", fewer]);
    assert_same(&scratch, "grown", "whole");
    // Other trajectories than those are refused, with what differs.
    for (set, words) in [
        ("parameters.lambda=0.3", "`parameters.lambda` is 0.2 there and 0.3 here"),
        ("engine.seed=2", "`engine.seed` is 1 there and 2 here"),
        ("time.end=5.0", "`time.end` is 4.0 there and 5.0 here"),
    ] {
        let said = scratch.exits(2, &["run", "study.toml", "-o", "grown", "--resume", "--set", set]);
        assert!(said.contains(words), "{set}: {said}");
        assert_same(&scratch, "grown", "whole");
    }
}

#[test]
fn a_time_limit_leaves_averages_over_what_is_done() {
    let scratch = Scratch::new(STUDY);
    let more = ["--set", "engine.trajectories=4000"];
    let stopped = [&["run", "study.toml", "-o", "x", "--time-limit", "0"], &more[..]].concat();
    let said = scratch.exits(1, &stopped);
    assert!(said.contains("after 0 trajectories, before the 4000 that were asked for"), "{said}");
    let said = scratch.exits(2, &["merge", "x", "-o", "merged"]);
    assert!(said.contains("no trajectory to merge"), "{said}");
    let limited = [&stopped[..], &["--resume"]].concat();
    scratch.exits(1, &limited);
    let (first, rows) = (done(&scratch.path("x")), |folder: &str| {
        fs::read_to_string(scratch.path(folder).join("observables.csv")).expect("a table").lines().count()
    });
    assert!((1..4000).contains(&first) && rows("x") == 10, "{first}");
    // The unfinished run is itself a part that can be merged: it is what one run over its indices is.
    scratch.exits(0, &["merge", "x", "-o", "merged"]);
    let indices = format!("0..{first}");
    scratch.exits(0, &["run", "study.toml", "-o", "same", "--indices", &indices]);
    assert_same(&scratch, "merged", "same");
    // Stopped and continued.
    scratch.exits(1, &limited);
    assert!(done(&scratch.path("x")) > first);
    let whole = first + 200;
    let to = format!("engine.trajectories={}", whole.max(done(&scratch.path("x"))));
    scratch.exits(0, &["run", "study.toml", "-o", "x", "--resume", "--set", &to]);
    scratch.exits(0, &["run", "study.toml", "-o", "y", "--set", &to]);
    assert_same(&scratch, "x", "y");
    assert!(!scratch.path("x.checkpoint").exists());
}

#[cfg(unix)]
#[test]
fn killed_and_interrupted_runs_go_on_to_the_same_bytes() {
    let scratch = Scratch::new(STUDY);
    // More than any machine runs before the signal arrives; how many are done then decides what is compared.
    let arguments: Vec<&str> =
        "run study.toml -o x --set engine.trajectories=100000000 --checkpoint-interval 0 -q"
            .split(' ')
            .collect();
    let checkpoint = scratch.path("x.checkpoint");
    let size = || fs::metadata(&checkpoint).map_or(0, |m| m.len());
    let killed = scratch.stopped_when(|| size() > 0, &arguments, "-KILL").status.code();
    assert!(killed.is_none() && size() > 0 && !scratch.path("x").exists(), "killed on its way: {killed:?}");
    let resumed = [&arguments[..], &["--resume"]].concat();
    // Ctrl-C ends it in good order.
    let before = fs::read(&checkpoint).expect("a checkpoint");
    let changed = || fs::read(&checkpoint).is_ok_and(|now| now != before);
    assert_eq!(scratch.stopped_when(changed, &resumed, "-TERM").status.code(), Some(1));
    let done = done(&scratch.path("x"));
    assert!(done > 0);
    scratch.exits(2, &arguments);
    let more = format!("engine.trajectories={}", done + 200);
    scratch.exits(0, &["run", "study.toml", "-o", "x", "--resume", "--set", &more]);
    assert!(!checkpoint.exists());
    scratch.exits(0, &["run", "study.toml", "-o", "y", "--set", &more]);
    assert_same(&scratch, "x", "y");
}

#[test]
fn damaged_sums_keep_what_is_whole() {
    let scratch = Scratch::new(STUDY);
    scratch.exits(0, &["run", "study.toml", "-o", "whole"]);
    scratch.exits(0, &["run", "study.toml", "-o", "part", "--indices", "0..100"]);
    scratch.exits(0, &["run", "study.toml", "-o", "rest", "--indices", "100..300"]);
    let file = scratch.path("part/trajectories.sums");
    let bytes = fs::read(&file).expect("sums");
    // The last byte of the last block; behind it stands the digest of the whole.
    let mut flipped = bytes.clone();
    let end = flipped.len() - 33;
    flipped[end] ^= 4;
    fs::write(&file, &flipped).expect("written");
    let said = scratch.exits(2, &["merge", "part", "rest", "-o", "merged"]);
    assert!(said.contains("1 of its 64 blocks have changed; 99 trajectories are whole"), "{said}");
    assert!(!scratch.path("merged").exists());
    let said = scratch.exits(0, &["merge", "part", "rest", "-o", "merged", "--salvage"]);
    assert!(said.contains("averages over 299 trajectories"), "{said}");
    // Going on repeats what is lost: the merged one lacks one trajectory.
    scratch.exits(0, &["run", "study.toml", "-o", "merged", "--resume"]);
    assert_same(&scratch, "merged", "whole");
    let said = scratch.exits(0, &["run", "study.toml", "-o", "part", "--resume"]);
    assert!(said.contains("1 of its 64 blocks are lost and will be run again"), "{said}");
    assert_same(&scratch, "part", "whole");
    // Nothing can be said of what follows a damaged beginning.
    for (position, word) in [(2, "holds no sums"), (60, "damaged at its beginning")] {
        let mut flipped = bytes.clone();
        flipped[position] ^= 4;
        fs::write(&file, &flipped).expect("written");
        let said = scratch.exits(2, &["merge", "part", "rest", "-o", "none"]);
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn what_cannot_be_merged_or_run_is_refused_by_name() {
    let scratch = Scratch::new(STUDY);
    let run = |out: &str, more: &[&str]| {
        scratch.exits(0, &[&["run", "study.toml", "-q", "-o", out], more].concat());
    };
    run("a", &["--indices", "0..10"]);
    run("b", &["--indices", "5..20"]);
    run("c", &["--indices", "10..20", "--set", "parameters.lambda=0.3"]);
    run("exact", &["--set", "engine.kind=exact", "--set", "output.observables=['photons(a)']"]);
    let refused = |arguments: &[&str], words: &str| {
        let said = scratch.exits(2, arguments);
        assert!(said.contains(words), "'{words}' is not in: {said}");
    };
    refused(&["merge", "a", "b", "-o", "m"], "both contain trajectory 5");
    refused(&["merge", "a", "a", "-o", "m"], "both contain trajectory 0");
    refused(&["merge", "a", "c", "-o", "m"], "`parameters.lambda` is 0.3 there and 0.2 here");
    refused(&["merge", "a", "exact", "-o", "m"], "holds no sums over trajectories");
    refused(&["merge", "a", "-o", "exact"], "'exact' exists");
    assert!(!scratch.path("m").exists());
    let set = |set: &'static str| ["run", "study.toml", "-o", "m", "--set", set];
    refused(&set("engine.trajectories=0"), "an integer from 1");
    refused(&set("engine.target_error={ 'photons(b)' = 0.1 }"), "'photons(b)'");
    refused(&set("engine.target_error=-1"), "`target_error`");
    refused(&set("engine.target_observables=['spin(S)']"), "target_observables");
    refused(&set("engine.histograms={ 'spin(S).x' = [1, 0, 3] }"), "low < high");
    refused(&set("engine.histograms={ 'spin(T).x' = [0, 1, 3] }"), "'spin(T).x'");
    refused(&set("output.observables=['purity']"), "purity");
    let exact = ["run", "study.toml", "-o", "m", "--set", "engine.kind=exact", "--indices", "0..3"];
    refused(&exact, "--indices is for the engines 'trajectories'");
    for indices in ["3..3", "5..2", "4", "a..b", "-1..4"] {
        let said = scratch.exits(2, &["run", "study.toml", &format!("--indices={indices}")]);
        assert!(said.contains("must be A..B"), "{said}");
    }
}

#[test]
fn targets_are_reached_and_said() {
    let scratch = Scratch::new(STUDY);
    let target = "engine.target_error={ 'photons(a)' = 0.05, 'spin(S).z' = 0.5 }";
    let more = ["--set", target, "--set", "engine.trajectories=100000"];
    scratch.exits(0, &[&["run", "study.toml", "-o", "x"], &more[..]].concat());
    let statistics = &manifest(&scratch.path("x"))["statistics"];
    assert_eq!(statistics["target_reached"], true);
    let found = statistics["largest_standard_error"]["error"].as_f64().expect("an error");
    assert!(found <= 0.05 || statistics["largest_standard_error"]["column"] == "spin(S).z", "{statistics}");
    let count = done(&scratch.path("x"));
    assert!((64..2000).contains(&count), "{count}");
    let table = fs::read_to_string(scratch.path("x/observables.csv")).expect("a table");
    let heading: Vec<&str> = table.lines().next().expect("a heading").split(',').collect();
    let column = heading.iter().position(|c| *c == "photons(a).standard_error").expect("its error");
    for line in table.lines().skip(2) {
        let error: f64 = line.split(',').nth(column).expect("a cell").parse().expect("a number");
        assert!(error > 0.0 && error <= 0.05, "{error}");
    }
    // On other threads the same number of trajectories is enough.
    scratch.exits(0, &[&["run", "study.toml", "-o", "y", "--threads", "1"], &more[..]].concat());
    assert_same(&scratch, "x", "y");
    let output = scratch.output(&["list", "engines"]);
    assert!(words(&output).contains("target_observables"), "{}", words(&output));
}
