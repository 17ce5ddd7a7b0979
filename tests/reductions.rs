//! Numbers read off columns, and the pictures of them, from outside: reference values, errors of engines that sample, refusals.

mod common;

use std::fs;
use std::sync::atomic::AtomicBool;

use common::{Scratch, to_its_error};
use superladder::study::Study;
use superladder::workflows::attempt::attempt_reduced;
use superladder::workflows::reductions::ReducedValue;

/// One-axis twisting of spins along +x under noise.
const TWISTING: &str = "
[parameters]
N = 10
emission = 0.05
pumping = 0.02
dephasing = 0.04
[ensembles.S]
size = 'N'
frequency = 0.0
initial = { state = 'spin-coherent', theta = 'pi/2', phi = 'pi' }
[[interactions]]
kind = 'one-axis-twisting'
ensemble = 'S'
strength = 1.0
[[channels]]
kind = 'emission'
ensemble = 'S'
rate = 'emission'
[[channels]]
kind = 'pumping'
ensemble = 'S'
rate = 'pumping'
[[channels]]
kind = 'dephasing'
ensemble = 'S'
rate = 'dephasing'
[time]
end = 4.0
points = 41
[output]
observables = ['squeezing(S)', 'spin(S)']
reductions = [
    'minimum squeezing(S).wineland', 'minimum-time squeezing(S).kitagawa_ueda',
    'minimum squeezing(S).kitagawa_ueda', 'minimum squeezing(S).kitagawa_ueda from 1 in dB',
    'final spin(S).x', 'mean spin(S).x from 1 to 3', 'falls squeezing(S).wineland below 0.75',
]
";

fn read_off(text: &str, sets: &[&str]) -> Vec<ReducedValue> {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    let study = Study::parse("inline.toml", "inline", text, &sets).unwrap_or_else(|e| panic!("{e}"));
    attempt_reduced(&study, &study.problem, &AtomicBool::new(false)).expect("it runs").1
}

/// The entry of the reference numbers with this name.
fn reference(name: &str) -> serde_json::Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/reference/steady_and_more.json");
    let all: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(path).expect("a file")).expect("JSON");
    let entries = all["entries"].as_array().expect("entries");
    entries.iter().find(|e| e["id"] == name).unwrap_or_else(|| panic!("{name}"))["values"].clone()
}

fn number(values: &serde_json::Value, key: &str) -> f64 {
    values[key].as_f64().unwrap_or_else(|| panic!("{key}"))
}

#[test]
fn minima_of_twisting_under_noise_are_those_of_the_closed_form() {
    let right = reference("E N=10 all");
    let found = read_off(TWISTING, &[]);
    // The parabola on a grid of 0.1; the closed form to its last digit.
    let [wineland, time_s, kitagawa, decibels, last, mean, falls] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert!((wineland.value - number(&right, "xi_R2_min")).abs() < 5e-5, "{wineland:?}");
    assert!((wineland.time.expect("a time") - number(&right, "t_min")).abs() < 5e-3, "{wineland:?}");
    assert!((kitagawa.value - number(&right, "xi_S2_min")).abs() < 5e-5, "{kitagawa:?}");
    assert!((time_s.value - number(&right, "t_min_S")).abs() < 5e-3 && time_s.time.is_none(), "{time_s:?}");
    assert!((decibels.value - 10.0 * kitagawa.value.log10()).abs() < 1e-12, "{decibels:?}");
    assert!(found.iter().all(|v| v.remark.is_none() && v.standard_error.is_none()), "{found:?}");
    assert!(falls.value > 0.3 && falls.value < wineland.time.expect("a time"), "{falls:?}");
    // <S^x> falls from 4.528 at t = 1 over 3.763 to 2.871 at t = 3: Simpson's rule on the reference.
    let row = |t: f64| {
        let rows = right["rows"].as_array().expect("rows");
        number(rows.iter().find(|r| r["t"].as_f64() == Some(t)).expect("a row"), "Sx")
    };
    let simpson = (row(1.0) + 4.0 * row(2.0) + row(3.0)) / 6.0;
    assert!((mean.value - simpson).abs() < 5e-3, "{mean:?} {simpson}");
    assert!(last.value < row(3.0), "{last:?}");
    // Ten times finer, ten thousand times nearer.
    let fine = read_off(TWISTING, &["time.points=401"]);
    assert!((fine[0].value - number(&right, "xi_R2_min")).abs() < 1e-8, "{:?}", fine[0]);
    assert!((fine[1].value - number(&right, "t_min_S")).abs() < 1e-4, "{:?}", fine[1]);
}

/// The average of several runs of few trajectories is off by less than the error of one of them (what is left is of second order
/// from the error of the time, upwards), and the errors told are those that the runs scatter by.
#[test]
fn minima_of_trajectories_have_honest_errors_and_little_bias() {
    let right = reference("E N=10 all");
    let runs: Vec<Vec<ReducedValue>> = (0..12)
        .map(|seed| {
            let seed = format!("engine={{kind='trajectories',trajectories=128,seed={seed}}}");
            read_off(TWISTING, &[&seed, "time.points=21"])
        })
        .collect();
    for (place, key) in [(0, "xi_R2_min"), (2, "xi_S2_min")] {
        let values: Vec<f64> = runs.iter().map(|run| run[place].value).collect();
        let errors: Vec<f64> = runs.iter().map(|run| run[place].standard_error.expect("an error")).collect();
        let mean = values.iter().sum::<f64>() / 12.0;
        let scatter = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 11.0).sqrt();
        let told = errors.iter().sum::<f64>() / 12.0;
        let off = (mean - number(&right, key)) / (told / 12.0_f64.sqrt());
        println!("{key}: {mean:.5} scatter {scatter:.5} told {told:.5}, off by {off:.2} errors");
        assert!(off.abs() < 3.5, "{key}: {mean} is off by {off} standard errors");
        // Twelve runs know their scatter to a fifth.
        assert!((0.5..2.0).contains(&(told / scatter)), "{key}: told {told}, scatter {scatter}");
        assert!(runs.iter().all(|run| run[place].time_error.is_some()), "times have errors too");
    }
    // So few that all of them choose the time: the value stands, without an error, and says so.
    let few = read_off(TWISTING, &["engine={kind='trajectories',trajectories=3}"]);
    assert!(few[0].standard_error.is_none() && few[0].value.is_finite());
    assert!(few[0].remark.expect("said").to_string().contains("too few samples"), "{:?}", few[0]);
}

/// After a quench of the reference model, from independent exact dynamics: minima over a grid of 0.1 for t <= 6. What the
/// parabola adds is the difference to the grid of 0.01.
#[test]
fn minima_after_a_quench_are_those_of_the_reference() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/studies/squeezing.toml");
    for (n, gamma, lambda, grid, fine) in [
        (2, 0.9, 0.2, 0.958_635, f64::NAN),
        (2, 0.1, 0.5, 0.760_588, 0.760_222),
        (2, 0.9, 0.5, 0.795_133, f64::NAN),
        (4, 0.1, 0.5, 0.685_034, 0.684_962),
        (4, 0.9, 0.2, 0.939_121, f64::NAN),
    ] {
        let sets = [
            format!("N={n}"),
            format!("gamma_up={gamma}"),
            format!("lambda={lambda}"),
            "modes.a.cutoff=14".into(),
        ];
        let least = |step: &str| {
            let sets = [&sets[..4], &[format!("time={{end=6.0,step={step}}}")]].concat();
            let study = Study::load(path, &sets).unwrap_or_else(|e| panic!("{e}"));
            let never = AtomicBool::new(false);
            let (attempt, found) = attempt_reduced(&study, &study.problem, &never).expect("it runs");
            let on_grid = attempt.recorder.column(0, 0).into_iter().fold(f64::INFINITY, f64::min);
            (on_grid, found)
        };
        let (on_grid, found) = least("0.1");
        assert!((on_grid - grid).abs() < 2e-6, "N = {n}: {on_grid} on the grid, {grid}");
        if fine.is_finite() {
            let (on_fine, _) = least("0.01");
            assert!((on_fine - fine).abs() < 2e-6, "N = {n}: {on_fine} on the fine grid, {fine}");
            // The coarse grid itself is off by up to 4e-4.
            assert!((found[0].value - fine).abs() < 5e-5, "N = {n}: {:?}, {fine}", found[0]);
        }
        if n == 2 {
            // xi_R^2 is 1 at the start and above it later.
            let remark = found[1].remark.expect("said").to_string();
            assert!((found[1].value - 1.0).abs() < 1e-9 && remark.contains("first time"), "{:?}", found[1]);
        } else if fine.is_finite() {
            assert!((found[1].value - 0.976_129).abs() < 5e-5, "{:?}", found[1]);
        }
    }
}

#[test]
fn run_compare_and_sweep_write_them() {
    let scratch = Scratch::new(TWISTING);
    let read = |path: &str| fs::read_to_string(scratch.path(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    let said = scratch
        .exits(0, &["run", "study.toml", "-o", "one", "--plot", "scale=dB", "--plot", "separate=true"]);
    assert!(said.contains("reductions") && said.contains("minimum squeezing(S).wineland"), "{said}");
    let table = read("one/reductions.csv");
    assert!(table.starts_with("reduction,value,standard_error,time,time.standard_error,remark\n"), "{table}");
    assert_eq!(table.lines().count(), 8);
    let manifest: serde_json::Value = serde_json::from_str(&read("one/manifest.json")).expect("JSON");
    assert_eq!(manifest["reductions"][0]["reduction"], "minimum squeezing(S).wineland");
    assert!(read("one/overview.svg").contains("[dB]"));
    assert!(scratch.path("one/overview-02-squeezing-S-wineland.png").is_file(), "one file per panel");
    // --reduce takes the place of the study's list.
    let reduce = ["--reduce", "maximum spin(S).x to 2", "--reduce", "final squeezing(S).polarisation"];
    scratch.exits(0, &[&["run", "study.toml", "-o", "two"][..], &reduce].concat());
    assert_eq!(read("two/reductions.csv").lines().count(), 3);
    let said = scratch.exits(
        0,
        &[
            "compare",
            "study.toml",
            "--engines",
            "trajectories,exact",
            "-o",
            "both",
            "--set",
            "engine.trajectories=64",
        ],
    );
    assert!(said.contains("reductions by trajectories") && said.contains("reductions by exact"), "{said}");
    let table = read("both/reductions.csv");
    assert!(table.starts_with("engine,reduction,value") && table.lines().count() == 15, "{table}");
    let said = scratch.exits(
        0,
        &[
            "sweep",
            "study.toml",
            "--sweep",
            "emission=0:0.3:4",
            "--sweep",
            "dephasing=0:0.3:4",
            "--sweep",
            "engine.kind=exact,truncated-wigner",
            "--set",
            "engine.samples=200",
            "-o",
            "map",
            "--reduce",
            "minimum squeezing(S).wineland",
            "--set",
            "N=4",
            "--set",
            "time.points=11",
        ],
    );
    assert!(said.contains("Reductions at 32 points"), "{said}");
    let line = said.lines().find(|line| line.contains("truncated-wigner")).expect("a point");
    assert!(line.split_whitespace().any(to_its_error), "{line}");
    let table = read("map/reductions.csv");
    assert!(table.starts_with("emission,dephasing,engine.kind,reduction,value,standard_error"), "{table}");
    assert_eq!(table.lines().count(), 33);
    let summary = read("map/summary.csv");
    let heading = summary.lines().next().expect("a heading");
    assert!(
        heading.contains("minimum squeezing(S).wineland,minimum squeezing(S).wineland.standard_error"),
        "{heading}"
    );
    let drawn = read("map/sweep.svg");
    for words in ["engine.kind = exact", "engine.kind = truncated-wigner", "emission", "dephasing"] {
        assert!(drawn.contains(words), "{words}");
    }
}

#[test]
fn what_cannot_be_read_off_is_refused_at_its_place() {
    let scratch = Scratch::new(TWISTING);
    for (reduction, words) in [
        ("minimum squeezing(S).winland", "did you mean 'squeezing(S).wineland'?"),
        ("minmum spin(S).x", "did you mean 'minimum'?"),
        ("minimum spin(S).x from 2 to 1", "holds 0 of the output times"),
        ("mean spin(S).x from 3.95 to 3.99", "holds 0 of the output times"),
        ("mean spin(S).x to 5", "lies outside of the times of the study, 0 to 4"),
        ("rises spin(S).x", "needs 'above' and a level"),
        ("rises spin(S).x below 1", "takes a level after 'above'"),
        ("final spin(S).x above 1", "takes no level"),
        ("minimum-time spin(S).x in dB", "a time has no decibels"),
        ("minimum spin(S).x in Bel", "must be followed by 'dB'"),
        ("minimum spin(S).x from from_here", "from_here"),
        ("minimum", "must read KIND COLUMN"),
    ] {
        let said = scratch.exits(2, &["run", "study.toml", "--reduce", reduction]);
        assert!(said.contains(words), "{reduction}: {said}");
        assert!(!scratch.path("out").exists());
    }
    for (plot, words) in [
        ("scale=cubic", "known: linear, log, dB"),
        ("limits=[2, 1]", "two finite numbers"),
        ("what=['squeezing(T)']", "did you mean 'squeezing(S)'?"),
        ("wat=1", "did you mean 'what'?"),
    ] {
        let said = scratch.exits(2, &["run", "study.toml", "--plot", plot]);
        assert!(said.contains(words), "{plot}: {said}");
    }
    let said =
        scratch.exits(2, &["sweep", "study.toml", "--sweep", "emission=0:0.1:2", "--plot", "x=emision"]);
    assert!(said.contains("plot.x") && said.contains("did you mean 'emission'?"), "{said}");
    let said =
        scratch.exits(2, &["sweep", "study.toml", "--sweep", "emission=0:0.1:2", "--plot", "kind=map"]);
    assert!(said.contains("two swept parameters"), "{said}");
    // In the steady state there is no time to look for a minimum at.
    let said =
        scratch.exits(2, &["sweep", "study.toml", "--sweep", "emission=0.1:0.2:2", "--set", "time=steady"]);
    assert!(said.contains("only 'final COLUMN' is possible"), "{said}");
}

/// Undefined is said, and never a number: two spins in the singlet-like mixture without a mean spin.
#[test]
fn undefined_values_are_said() {
    let text = TWISTING.replace(
        "{ state = 'spin-coherent', theta = 'pi/2', phi = 'pi' }",
        "{ state = 'product', bloch = [0, 0, 0] }",
    );
    let found = read_off(&text, &["emission=0", "pumping=0"]);
    assert!(found[0].value.is_nan(), "{:?}", found[0]);
    assert!(found[0].remark.expect("said").to_string().contains("undefined in the window"));
    assert_eq!(found[0].words(), "undefined");
    assert!(found[4].value.abs() < 1e-12, "<S^x> is defined");
}

/// The values of the last column of the words of `minima.csv` that belong to these cells at the beginning of a row.
fn minimum(table: &str, begins: &str) -> (f64, f64) {
    let row =
        table.lines().find(|line| line.starts_with(begins)).unwrap_or_else(|| panic!("{begins}: {table}"));
    let cells: Vec<&str> = row[begins.len()..].split(',').collect();
    (cells[0].parse().expect("a value"), cells[2].parse().expect("a time"))
}

/// The command `squeezing`: minima of the closed form, their growth with N, and what is said of it.
#[test]
fn squeezing_of_twisted_spins_grows_with_their_number() {
    let scratch = Scratch::new(TWISTING);
    let quiet = [
        "--set",
        "emission=0",
        "--set",
        "pumping=0",
        "--set",
        "dephasing=0",
        "--set",
        "time={end=6.0,step=0.05}",
    ];
    let asked = ["squeezing", "study.toml", "-o", "out", "--sweep", "N=10,20,50"];
    let said = scratch.exits(0, &[&asked[..], &quiet].concat());
    let table = fs::read_to_string(scratch.path("out/minima.csv")).expect("a table");
    for (n, name) in [(10, "E N=10 clean"), (50, "E N=50 clean")] {
        let right = reference(name);
        for (column, key, time_key) in
            [("wineland", "xi_R2_min", "t_min"), ("kitagawa_ueda", "xi_S2_min", "t_min_S")]
        {
            let (value, time) = minimum(&table, &format!("exact,{n},minimum squeezing(S).{column},"));
            assert!((value - number(&right, key)).abs() < 2e-5, "N = {n} {column}: {value}");
            assert!((time - number(&right, time_key)).abs() < 5e-3, "N = {n} {column}: t = {time}");
        }
    }
    // ln(0.19606/0.07504)/ln 5 = 0.597 from N = 10 to 50 by the closed form.
    let fits: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(scratch.path("out/fits.json")).expect("fits"))
            .expect("JSON");
    let alpha = number(&fits[0]["law"], "alpha");
    assert!((alpha - 0.597).abs() < 0.02, "{fits}");
    assert!(said.contains("with alpha = 0.") && said.contains("deepest by exact at N = 50 0.075"), "{said}");
    assert!(scratch.path("out/squeezing.png").is_file() && scratch.path("out/manifest.json").is_file());
    let said = scratch.exits(2, &["squeezing", "study.toml", "-o", "two", "--sweep", "N=few,many"]);
    assert!(said.contains("N = few") && said.contains("unknown symbol 'few'"), "{said}");
}

/// After a quench, from independent code: closure `sites` at N = 100 on a grid of 0.1, and linear noise.
#[test]
fn squeezing_after_a_quench_has_the_limit_of_linear_noise() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/studies/squeezing.toml");
    let scratch = Scratch::new(TWISTING);
    for (lambda, sites, limit) in
        [("0.2", [0.923_222, 0.925_857], 0.922_568), ("0.5", [0.625_715, 0.638_934], 0.622_331)]
    {
        let said = scratch.exits(
            0,
            &[
                "squeezing",
                path,
                "-e",
                "cumulant",
                "--set",
                &format!("lambda={lambda}"),
                "--set",
                "gamma_up=0.9",
                "--set",
                "N=100",
                "--set",
                "time={end=6.0,step=0.1}",
                "-o",
                "out",
                "--force",
            ],
        );
        assert!(said.contains("N -> infinity"), "{said}");
        let table = fs::read_to_string(scratch.path("out/squeezing.csv")).expect("a table");
        let heading: Vec<&str> = table.lines().next().expect("a heading").split(',').collect();
        for (name, right) in ["squeezing(S).kitagawa_ueda", "squeezing(S).wineland"].iter().zip(sites) {
            let place = heading.iter().position(|h| h == name).expect("the column");
            let cells = table.lines().skip(1).map(|l| l.split(',').nth(place).expect("a cell"));
            let least = cells.map(|c| c.parse::<f64>().expect("a number")).fold(f64::INFINITY, f64::min);
            assert!((least - right).abs() < 2e-6, "{lambda} {name}: {least} {right}");
        }
        let manifest: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(scratch.path("out/manifest.json")).expect("a manifest"))
                .expect("JSON");
        let found = number(&manifest["linear_noise"][0]["value"], "value");
        // The reference is the lowest point of the grid, the parabola lies below it.
        assert!((0.0..2e-3).contains(&(limit - found)), "{lambda}: {found} {limit}");
    }
}
