//! The command `sweep`, from outside: the numbers of single runs, resumption, exit codes, messages.

mod common;

use std::fs;
use std::path::Path;

use common::{Scratch, points, words};

/// Runs in milliseconds; `top` is the bound that a coarse cutoff breaks.
const QUICK: &str = r#"
title = "quick"
[parameters]
N = 2
kappa = 0.5
eta = 0.3
[modes.a]
frequency = 1.0
cutoff = 8
initial = { state = "coherent", amplitude = 0.5 }
[ensembles.S]
size = "N"
frequency = 1.0
[[interactions]]
kind = "tavis-cummings"
mode = "a"
ensemble = "S"
strength = "eta"
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = "kappa"
[[channels]]
kind = "emission"
ensemble = "S"
rate = 0.1
[time]
end = 2.0
points = 5
[output]
observables = ["photons(a)", "spin(S)", "ladder-distribution(S)"]
"#;

/// A table of texts.
struct Table {
    heading: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(path: &Path) -> Self {
        let mut reader = csv::Reader::from_path(path).expect("a table");
        let heading = reader.headers().expect("a heading").iter().map(str::to_owned).collect();
        let row = |r: Result<csv::StringRecord, _>| r.expect("a row").iter().map(str::to_owned).collect();
        Self { heading, rows: reader.records().map(row).collect() }
    }

    fn column(&self, name: &str) -> Vec<&str> {
        let place = self.heading.iter().position(|h| h == name);
        let place = place.unwrap_or_else(|| panic!("no column {name}: {:?}", self.heading));
        self.rows.iter().map(|row| row[place].as_str()).collect()
    }

    /// Without the last column, the seconds.
    fn untimed(&self) -> Vec<&[String]> {
        self.rows.iter().map(|row| &row[..row.len() - 1]).collect()
    }
}

#[test]
fn every_point_has_the_bits_of_a_single_run() {
    let scratch = Scratch::new(QUICK);
    let said = scratch
        .exits(0, &["sweep", "study.toml", "--sweep", "N=1,2,3", "--sweep", "kappa=0.1:0.5:3", "-o", "out"]);
    assert!(said.contains("converged: every point"), "{said}");
    let table = Table::read(&scratch.path("out/sweep.csv"));
    assert_eq!(table.heading[..4], ["N", "kappa", "t", "photons(a)"]);
    assert_eq!(table.heading.last().map(String::as_str), Some("converged"));
    assert_eq!(table.rows.len(), 9 * 5);
    scratch.exits(
        0,
        &["run", "study.toml", "-o", "single", "--set", "parameters.N=3", "--set", "parameters.kappa=0.3"],
    );
    let single = Table::read(&scratch.path("single/observables.csv"));
    for name in ["t", "photons(a)", "spin(S).z"] {
        let cells = table.column(name);
        let swept: Vec<&str> = (0..table.rows.len())
            .filter(|&i| table.rows[i][0] == "3" && table.rows[i][1] == "0.3")
            .map(|i| cells[i])
            .collect();
        assert_eq!(swept, single.column(name), "{name}");
    }
    // N = 3 has one ladder more than N = 1: a column that is empty where there is none.
    let ladders: Vec<&String> = table.heading.iter().filter(|h| h.starts_with("ladder-dist")).collect();
    assert!(ladders.len() > 2, "{ladders:?}");
    assert!(table.rows.iter().any(|row| row.iter().any(String::is_empty)));
    let summary = Table::read(&scratch.path("out/summary.csv"));
    assert_eq!(summary.rows.len(), 9);
    assert_eq!(summary.column("kappa")[..3], ["0.1", "0.3", "0.5"]);
    assert!(summary.column("converged").iter().all(|c| *c == "true"));
    assert_eq!(summary.column("photons(a)")[7], single.column("photons(a)")[4]);
    for name in ["manifest.json", "study.toml", "sweep.svg", "sweep.png"] {
        assert!(scratch.path("out").join(name).is_file(), "{name}");
    }
    assert!(!scratch.path("out.partial").exists(), "nothing is left of the way there");
}

#[cfg(unix)]
#[test]
fn a_stopped_sweep_goes_on_without_repeating_a_point() {
    let scratch =
        Scratch::new(&QUICK.replace("end = 2.0", "end = 60.0").replace("cutoff = 8", "cutoff = 24"));
    let arguments = [
        "sweep",
        "study.toml",
        "--sweep",
        "eta=0.1:0.4:13",
        "--set",
        "parameters.N=5",
        "-o",
        "out",
        "-t",
        "1",
    ];
    scratch.exits(0, &[&arguments[..7], &["whole", "-t", "1"]].concat());
    for (signal, code) in [("-KILL", None), ("-TERM", Some(1))] {
        let output = scratch.stopped(&arguments, "out.partial", 2, signal);
        assert_eq!(output.status.code(), code, "{}", words(&output));
        let kept = points(&scratch.path("out.partial"));
        assert!(!scratch.path("out").exists() && (2..13).contains(&kept.len()), "{}", kept.len());
        if code.is_some() {
            let said = format!("interrupted: {} of 13 points are finished", kept.len());
            assert!(words(&output).contains(&said), "{said}: {}", words(&output));
        }
        // Without a word on what is to become of them, nothing is touched.
        let said = scratch.exits(2, &arguments);
        assert!(said.contains("--resume") && said.contains("out.partial"), "{said}");
        let written = |path: &Path| fs::metadata(path).expect("a point").modified().expect("a time");
        let before: Vec<_> = kept.iter().map(|p| written(p)).collect();
        if code.is_none() {
            // A damaged point is not trusted.
            fs::write(&kept[0], "half a point").expect("written");
            let again = scratch.stopped(&[&arguments[..], &["--resume"]].concat(), "out.partial", 2, "-TERM");
            assert_eq!(again.status.code(), Some(1), "{}", words(&again));
            let after: Vec<_> = kept.iter().map(|p| written(p)).collect();
            assert_eq!(before[1..], after[1..], "a finished point was repeated");
            assert!(points(&scratch.path("out.partial")).len() >= kept.len());
        }
        scratch.exits(0, &[&arguments[..], &["--resume"]].concat());
        let bytes = |folder: &str| fs::read(scratch.path(folder).join("sweep.csv")).expect("a table");
        assert_eq!(bytes("out"), bytes("whole"));
        let summary = |folder: &str| Table::read(&scratch.path(folder).join("summary.csv"));
        assert_eq!(summary("out").untimed(), summary("whole").untimed());
        assert!(!scratch.path("out.partial").exists());
        fs::remove_dir_all(scratch.path("out")).expect("removed");
    }
}

#[test]
fn kept_points_of_other_values_are_not_taken() {
    let scratch = Scratch::new(QUICK);
    let sweep = |more: &[&str]| {
        let arguments = ["sweep", "study.toml", "--sweep", "kappa=0.1,0.2", "-o", "out", "--quiet"];
        scratch.exits(0, &[&arguments[..], more].concat());
        let table = Table::read(&scratch.path("out/summary.csv"));
        table.column("photons(a)").iter().map(|x| x.parse().expect("a number")).collect::<Vec<f64>>()
    };
    let first = sweep(&[]);
    let other = sweep(&["--force", "--resume", "--set", "parameters.eta=0.6"]);
    assert!((first[0] - other[0]).abs() > 1e-3, "{first:?} {other:?}");
}

#[test]
fn points_that_fail_or_do_not_converge_are_rows_with_their_reason() {
    let scratch = Scratch::new(QUICK);
    let said = scratch.exits(3, &["sweep", "study.toml", "--sweep", "modes.a.cutoff=3,12", "-o", "out"]);
    assert!(said.contains("NOT CONVERGED at 1 of 2 points"), "{said}");
    let summary = Table::read(&scratch.path("out/summary.csv"));
    assert_eq!(summary.column("converged"), ["false", "true"]);
    assert!(summary.column("reason")[0].contains("top_population"), "{:?}", summary.column("reason"));
    let table = Table::read(&scratch.path("out/sweep.csv"));
    assert_eq!(table.rows.len(), 10);

    // Two steps do not get one far.
    let said = scratch.exits(
        3,
        &[
            "sweep",
            "study.toml",
            "--sweep",
            "method.max_steps=2,100000",
            "--set",
            "method.name=tsit5",
            "-o",
            "steps",
        ],
    );
    assert!(said.contains("failed at t ="), "{said}");
    let summary = Table::read(&scratch.path("steps/summary.csv"));
    assert!(summary.column("reason")[0].starts_with("failed at t ="));
    assert_eq!(summary.column("reason")[1], "");

    // What the engine refuses at one point is a row; what it refuses at all of them is a fault of the study.
    let memory = ["--sweep", "N=2,60", "--set", "engine.memory_limit=\"12 MiB\""];
    let said = scratch.exits(3, &[&["sweep", "study.toml", "-o", "memory"], &memory[..]].concat());
    assert!(said.contains("N = 60: engine 'exact' needs at least"), "{said}");
    let memory = ["--sweep", "N=50,60", "--set", "engine.memory_limit=\"12 MiB\""];
    let said = scratch.exits(2, &[&["sweep", "study.toml", "-o", "refused"], &memory[..]].concat());
    assert!(said.contains("memory"), "{said}");
    assert!(!scratch.path("refused").exists());
}

#[test]
fn bad_input_is_refused_before_anything_runs() {
    let scratch = Scratch::new(QUICK);
    let cases = [
        ("kapa=1,2", "did you mean 'kappa'?"),
        ("kapa=1,2", "known: N, kappa, eta"),
        ("kappa=", "the list of values is empty"),
        ("kappa=1,,2", "the list of values is empty"),
        ("kappa=0.1:0.5", "START:END:POINTS"),
        ("kappa=0.1:0.5:1", "START:END:POINTS"),
        ("kappa=0:1:5:log", "START:END:POINTS"),
        ("kappa=1,1", "given twice"),
        ("kappa", "KEY=START:END:POINTS"),
        ("kappa=0.1,-0.2", "at kappa = -0.2"),
        ("kappa=0.1,fast", "at kappa = fast"),
        ("N=2,2.5", "at N = 2.5"),
        ("modes.b.cutoff=3,4", "modes.a"),
        ("channels.7.rate=3,4", "2 entries"),
        ("modes.a.cutof=3,4", "cutoff"),
    ];
    for (sweep, expected) in cases {
        let said = scratch.exits(2, &["sweep", "study.toml", "--sweep", sweep, "-o", "out"]);
        assert!(said.contains(expected), "{sweep}: '{expected}' is not in: {said}");
        assert!(!scratch.path("out").exists() && !scratch.path("out.partial").exists(), "{sweep}");
    }
    let twice = ["sweep", "study.toml", "--sweep", "N=1,2", "--sweep", "parameters.N=3,4"];
    assert!(scratch.exits(2, &twice).contains("swept twice"));
    scratch.exits(2, &["sweep", "study.toml"]);
}

#[test]
fn what_one_engine_cannot_measure_is_left_out_there_with_a_note() {
    let study = QUICK.replace("observables = [", "observables = [\"purity\", ");
    assert_ne!(study, QUICK);
    let scratch = Scratch::new(&study);
    let said = scratch
        .exits(0, &["sweep", "study.toml", "-o", "engines", "--sweep", "engine.kind=exact,mean-field"]);
    assert!(said.contains("purity is left out at engine.kind = mean-field"), "{said}");
    let table = fs::read_to_string(scratch.path("engines/sweep.csv")).expect("a table");
    let mut rows = table.lines();
    let place = rows.next().expect("a heading").split(',').position(|h| h == "purity").expect("a column");
    for row in rows {
        let cell = row.split(',').nth(place).expect("a cell");
        assert_eq!(cell.is_empty(), row.starts_with("mean-field"), "{row}");
    }
    let manifest = fs::read_to_string(scratch.path("engines/manifest.json")).expect("written");
    assert!(manifest.contains("\"left_out\": [\n") && manifest.contains("purity is left out"), "{manifest}");
    // What no engine of the sweep has is refused as in a run.
    let said = scratch.exits(2, &["sweep", "study.toml", "--sweep", "engine.kind=cumulant,mean-field"]);
    assert!(said.contains("purity"), "{said}");
    let said = scratch.exits(0, &["compare", "study.toml", "-o", "both", "--engines", "mean-field,exact"]);
    assert!(said.contains("not compared, since not every engine has the whole state: purity"), "{said}");
}

/// The line of every point is that of `spectrum`, and but for a few per cent the width of the slowest mode of independent code
/// (`superradiant_linewidth` of data/reference/steady.json).
#[test]
fn a_sweep_to_steady_states_has_linewidths() {
    let study = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/studies/linewidth.toml");
    let scratch = Scratch::new(&fs::read_to_string(study).expect("a ready study"));
    let sets = ["--set", "parameters.N=4"];
    let sweep = ["sweep", "study.toml", "-o", "o", "--sweep", "pump=1,2,3"];
    let said = scratch.exits(0, &[&sweep[..], &sets].concat());
    assert!(said.contains("fwhm(light)") && said.contains("centre(light)"), "{said}");
    let mut table = csv::Reader::from_path(scratch.path("o/summary.csv")).expect("a table");
    let heading: Vec<String> = table.headers().expect("a heading").iter().map(str::to_owned).collect();
    let place = |name: &str| heading.iter().position(|h| h == name).expect(name);
    let number = |row: &csv::StringRecord, name: &str| -> f64 { row[place(name)].parse().expect("a number") };
    let slowest = [2.300_939_064_5, 2.729_170_479_5, 3.289_272_793_2];
    for (row, slowest) in table.records().map(|r| r.expect("a row")).zip(slowest) {
        let (width, error) = (number(&row, "fwhm(light)"), number(&row, "fwhm(light).error"));
        assert!((width / slowest - 1.0).abs() < 0.02 && error < 1e-6, "{width} +- {error} for {slowest}");
        let pump = format!("parameters.pump={}", &row[0]);
        let line = ["spectrum", "study.toml", "-o", "s", "-f", "--set", &pump];
        scratch.exits(0, &[&line[..], &sets].concat());
        let lines = fs::read_to_string(scratch.path("s/lines.csv")).expect("lines");
        let own: f64 = lines
            .lines()
            .nth(1)
            .and_then(|l| l.split(',').nth(3))
            .expect("a width")
            .parse()
            .expect("a number");
        assert!((own - width).abs() < 1e-9, "{own} {width}");
    }
}
