//! Verdicts, from outside: what is called converged is right, and what is wrong is not called converged.

mod common;

use std::fs;
use std::path::Path;

use common::{Scratch, to_its_error};
use serde_json::Value;

fn case(name: &str) -> Scratch {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/cases").join(format!("{name}.toml"));
    Scratch::new(&fs::read_to_string(path).expect("the case"))
}

impl Scratch {
    fn manifest(&self, folder: &str) -> Value {
        let text = fs::read_to_string(self.path(folder).join("manifest.json")).expect("written");
        serde_json::from_str(&text).expect("JSON")
    }

    /// A column of a table by time.
    fn column(&self, table: &str, name: &str) -> Vec<(f64, f64)> {
        let mut reader = csv::Reader::from_path(self.path(table)).expect("a table");
        let place = reader.headers().expect("a heading").iter().position(|h| h == name).expect(name);
        let number = |cell: &str| cell.parse().expect("a number");
        let row = |r: csv::StringRecord| (number(&r[0]), number(&r[place]));
        reader.records().map(|r| row(r.expect("a row"))).collect()
    }
}

#[track_caller]
fn at(column: &[(f64, f64)], time: f64) -> f64 {
    column.iter().find(|(t, _)| (t - time).abs() < 1e-9).expect("an output time").1
}

/// Second order gives -3.48 photons and a spin five times too long at t = 10, where 0.41 photons are right
/// (brute force over 2^4 spins).
#[test]
fn moments_that_no_state_can_have_are_not_converged() {
    let case = case("cumulant-unphysical");
    let said = case.exits(3, &["run", "study.toml", "-o", "two"]);
    assert!(
        said.contains("NOT CONVERGED: g2 reached") && said.contains("no state has such moments"),
        "{said}"
    );
    let checks = case.manifest("two")["diagnostics"].clone();
    for name in ["photon_number", "spin_length", "variance", "uncertainty", "g2"] {
        let broken_at = checks[name]["broken_at"].as_f64().expect(name);
        assert!(
            checks[name]["holds"] == false && (3.0..7.0).contains(&broken_at),
            "{name}: {}",
            checks[name]
        );
    }
    // n = -3.48 at t = 10, relative to |n| + 1/2.
    let (worst, n) = (checks["photon_number"]["worst"].as_f64().expect("worst"), -3.480_190_8);
    let amplitude: f64 = 1.697_149_5;
    assert!((worst - (amplitude.powi(2) - n) / (n.abs() + 0.5)).abs() < 1e-5, "{worst}");
    // A bound is configured as any other; what is left broken is still told.
    let mut relaxed = vec!["run", "study.toml", "-o", "relaxed"];
    let sets =
        ["photon_number", "spin_length", "variance", "uncertainty", "g2"].map(|n| format!("bounds.{n}=inf"));
    for set in &sets {
        relaxed.extend(["--set", set]);
    }
    case.exits(0, &relaxed);
    // Inside of its range the closure is as good as its word.
    case.exits(0, &["run", "study.toml", "-o", "early", "--set", "time.end=2", "--set", "time.points=21"]);
}

#[test]
fn what_came_before_a_blow_up_is_written_with_its_time() {
    let case = case("cumulant-unphysical");
    let said = case.exits(1, &["run", "study.toml", "-o", "three", "--set", "engine.order=3"]);
    assert!(said.contains("blew up at time 7.22") && said.contains("up to t = 7.2, was written"), "{said}");
    // Closure 'symmetrised' has order 2 only.
    assert!(!said.contains("symmetrised"), "{said}");
    let photons = case.column("three/observables.csv", "photons(a)");
    assert_eq!(photons.len(), 73);
    // Brute force; third order has not failed yet at t = 0.5.
    case.exits(
        0,
        &["run", "study.toml", "-o", "exact", "--set", "engine.kind=exact", "--set", "engine.order=2"],
    );
    let exact = case.column("exact/observables.csv", "photons(a)");
    for (time, right) in [(5.0, 0.393_289_6), (6.0, 0.884_306_3), (8.0, 0.503_519_8), (10.0, 0.410_906_2)] {
        assert!((at(&exact, time) - right).abs() < 1e-6, "{time}: {}", at(&exact, time));
    }
    for (component, right) in [("x", -0.091_078_7), ("z", -1.209_853_1)] {
        let spin = at(&case.column("exact/observables.csv", &format!("spin(S).{component}")), 10.0);
        assert!((spin - right).abs() < 1e-6, "{component}: {spin}");
    }
    assert!((at(&photons, 0.5) - at(&exact, 0.5)).abs() < 0.01, "{}", at(&photons, 0.5) - at(&exact, 0.5));
    let manifest = case.manifest("three");
    assert!(manifest["converged"] == false && manifest["interrupted"] == false);
}

#[test]
fn compare_says_which_engine_disagrees_and_judges_the_times_it_used() {
    let case = case("cumulant-unphysical");
    let engines = ["--engines", "mean-field,cumulant,exact"];
    let said = case.exits(3, &[&["compare", "study.toml", "-o", "all"], &engines[..]].concat());
    assert!(said.contains("cumulant disagrees with exact beyond 10 % of the largest value"), "{said}");
    assert!(said.contains("cumulant is NOT CONVERGED: g2"), "{said}");
    assert_eq!(case.manifest("all")["disagreements"].as_array().map(Vec::len), Some(2));
    let short = ["--set", "time.end=1", "--set", "time.points=11"];
    let said = case.exits(0, &[&["compare", "study.toml", "-o", "early"], &engines[..], &short[..]].concat());
    assert!(!said.contains("cumulant disagrees"), "{said}");
}

/// That approximations disagree is a result; a script that needs agreement says so, and how much.
#[test]
fn compare_ends_with_3_for_a_disagreement_only_where_agreement_is_required() {
    let case = case("cumulant-unphysical");
    let compare = |code: i32, more: &[&str]| {
        let arguments = ["compare", "study.toml", "-f", "-o", "o", "--engines", "mean-field,exact"];
        let short = ["--set", "time.end=1", "--set", "time.points=11"];
        case.exits(code, &[&arguments[..], &short[..], more].concat())
    };
    let said = compare(0, &[]);
    assert!(said.contains("mean-field disagrees with exact beyond 10 %"), "{said}");
    compare(3, &["--require-agreement"]);
    assert_eq!(case.manifest("o")["converged"], true, "an engine that disagrees has converged all the same");
    let said = compare(0, &["--require-agreement", "--tolerance", "0.9"]);
    assert!(said.contains("no engine disagrees with exact beyond 90 %"), "{said}");
    let said = compare(3, &["--require-agreement", "--tolerance", "0.001"]);
    assert!(said.contains("beyond 1.0e-1 % of the largest value"), "{said}");
    compare(2, &["--tolerance", "nan"]);
}

/// Three quanta at a time: from |0> and three spins up only n = 0, 3, 6, 9 occur, so that cutoff 8 loses
/// n = 9 while its two highest levels stay empty. 1.9811 photons are right, 0.4267 came out.
#[test]
fn as_many_levels_are_looked_at_as_the_largest_step_jumps_over() {
    let case = case("three-photon");
    let said = case.exits(3, &["run", "study.toml", "-o", "eight"]);
    assert!(said.contains("top_population reached") && said.contains("raise the `cutoff`"), "{said}");
    // Printed always, and called what it is where it bounds nothing.
    assert!(said.contains("3.57e0, is above 1 and bounds nothing any more"), "{said}");
    let trajectories = ["--set", "engine.kind=trajectories", "--set", "engine.trajectories=10"];
    let said = case.exits(3, &[&["run", "study.toml", "-o", "t8"], &trajectories[..]].concat());
    assert!(said.contains("top_population reached"), "{said}");
    let said = case.exits(0, &["run", "study.toml", "-o", "twelve", "--set", "modes.a.cutoff=12"]);
    assert!(said.contains("truncation") && !said.contains("bounds nothing"), "{said}");
    let photons = at(&case.column("twelve/observables.csv", "photons(a)"), 4.0);
    assert!((photons - 1.9811).abs() < 1e-4, "{photons}");
}

/// Five excitations in all: |5> is reached with all spins down only, and from there nothing leaves, so that
/// cutoff 5 is exact.
#[test]
fn levels_that_nothing_leaves_are_no_reason_to_complain() {
    let case = case("pibs");
    case.exits(0, &["run", "study.toml", "-o", "five"]);
    assert_eq!(case.manifest("five")["diagnostics"]["top_population"]["worst"], 0.0);
    case.exits(0, &["run", "study.toml", "-o", "twelve", "--set", "modes.a.cutoff=12"]);
    for name in ["photons(a)", "spin(S).z"] {
        let [five, twelve] = ["five", "twelve"].map(|o| case.column(&format!("{o}/observables.csv"), name));
        five.iter().zip(&twelve).for_each(|(a, b)| assert!((a.1 - b.1).abs() < 1e-9, "{name}: {a:?} {b:?}"));
    }
    // One level less, and it does leave.
    case.exits(3, &["run", "study.toml", "-o", "four", "--set", "modes.a.cutoff=4"]);
    // Trajectories see the same, though |5> has weight.
    let sampled = ["--set", "engine={ kind = 'trajectories', trajectories = 64, displaced = 'off' }"];
    let early =
        ["--set", "time.end=20", "--set", "output.observables=['photon-distribution(a)', 'photons(a)']"];
    let run = |output: &str, cutoff: &str| {
        let cutoff = ["--set", cutoff];
        let arguments = [&["run", "study.toml", "-o", output], &sampled[..], &early, &cutoff].concat();
        case.exits(if output == "sampled" { 0 } else { 3 }, &arguments);
        case.manifest(output)["diagnostics"]["top_population"]["worst"].as_f64().expect("a number")
    };
    assert_eq!(run("sampled", "modes.a.cutoff=5"), 0.0);
    assert!(run("few", "modes.a.cutoff=2") > 1e-3);
}

/// A cavity that loses one photon at rate 0.5: rho = p |1><1| + (1 - p) |0><0|, so that
/// |L rho| = sqrt(2) 0.5 p, p = exp(-0.5 t).
#[test]
fn a_run_says_how_much_its_state_still_moves() {
    let case = Scratch::new(
        "[modes.a]\nfrequency = 1.0\ncutoff = 3\ninitial = { state = 'fock', n = 1 }\n\
         [[channels]]\nkind = 'cavity-loss'\nmode = 'a'\nrate = 0.5\n\
         [time]\nend = 3.0\npoints = 4\n[output]\nobservables = ['photons(a)']\n",
    );
    let said = case.exits(0, &["run", "study.toml", "-o", "out"]);
    let right = 0.5_f64.sqrt() * (-1.5_f64).exp();
    assert!(said.contains(&format!("|L rho| = {right:.2e} at t = 3")), "{said}");
    let found = case.manifest("out")["norm_of_l_rho"].as_f64().expect("a number");
    assert!((found / right - 1.0).abs() < 1e-6, "{found} {right}");
}

/// Two spins that decay: <n_up> = 2 exp(-t), with large errors from few trajectories.
const SAMPLED: &str = "
[ensembles.S]
size = 2
frequency = 1.0
initial = { state = 'up' }
[[channels]]
kind = 'emission'
ensemble = 'S'
rate = 1.0
[engine]
kind = 'trajectories'
trajectories = 128
[time]
end = 1.0
points = 5
[output]
observables = ['spin(S)']
";

#[test]
fn an_error_that_was_asked_for_and_not_reached_is_not_converged() {
    let scratch = Scratch::new(SAMPLED);
    let said = scratch.exits(0, &["run", "study.toml", "-o", "plain"]);
    assert!(said.contains("averages over 128 trajectories; largest standard error"), "{said}");
    // The error of <S^z> is at most sqrt(2 p (1 - p) / 128) = 0.0625, of 1 at the start.
    let error = scratch.manifest("plain")["largest_relative_error"]["error"].as_f64().expect("a number");
    assert!((0.03..0.09).contains(&error), "{error}");
    let target = ["--set", "engine.target_error=1e-3"];
    let said = scratch.exits(3, &[&["run", "study.toml", "-o", "target"], &target[..]].concat());
    assert!(said.contains("NOT CONVERGED: target_error reached"), "{said}");
    let words = said.split("about ").nth(1).and_then(|s| s.split(" trajectories would do").next());
    let needed: f64 = words.expect("a number").parse().expect("a number");
    // 0.0625 / 1e-3 squared, times 128: half a million.
    assert!((1e5..1e6).contains(&needed), "{needed}");
    // A part of the trajectories is not judged, but all parts together are.
    for part in ["0..64", "64..128"] {
        let run = ["run", "study.toml", "-o", part, "--indices", part];
        scratch.exits(0, &[&run, &target[..]].concat());
    }
    let said = scratch.exits(3, &["merge", "0..64", "64..128", "-o", "merged"]);
    assert!(said.contains("target_error reached"), "{said}");
}

#[test]
fn converge_counts_the_errors_of_trajectories() {
    let scratch = Scratch::new(SAMPLED);
    let said = scratch.exits(3, &["converge", "study.toml", "-o", "out"]);
    assert!(said.contains("NOT CONVERGED in the number of trajectories: spin(S).z"), "{said}");
    assert!(said.contains("--set engine.trajectories="), "{said}");
    // Common random numbers: the tolerance moves nothing, and the error is that of the samples all the same.
    let json = fs::read_to_string(scratch.path("out/converge.json")).expect("written");
    let found: Value = serde_json::from_str(&json).expect("JSON");
    let families: Vec<&Value> = found["varied"].as_array().expect("families").iter().collect();
    let family = |key: &str| families.iter().find(|v| v["family"]["key"] == key).copied().expect("a family");
    let z = |key: &str| family(key)["judged"].as_array().expect("observables")[2].clone();
    assert_eq!(z("tolerance")["converged"], true);
    let error = z("tolerance")["last_error"].as_f64().expect("a number");
    assert!((0.03..0.09).contains(&error), "{error}");
    assert_eq!(z("trajectories")["errors"].as_array().map(Vec::len), Some(3));
    scratch.exits(0, &["converge", "study.toml", "-o", "rough", "--tolerance", "0.2"]);
}

#[test]
fn standard_errors_are_drawn_and_kept() {
    let scratch = Scratch::new(SAMPLED);
    let bands = |file: &str| {
        let svg = fs::read_to_string(scratch.path(file)).expect("a picture");
        assert!(!svg.contains("standard_error"), "{file}");
        svg.matches("fill-opacity").count()
    };
    scratch.exits(0, &["run", "study.toml", "-o", "run"]);
    assert!(bands("run/overview.svg") >= 3, "{}", bands("run/overview.svg"));
    let said =
        scratch.exits(0, &["compare", "study.toml", "-o", "compare", "--engines", "trajectories,exact"]);
    assert!(said.contains("standard errors  at t"), "{said}");
    let errors = scratch.column("compare/compare.csv", "spin(S).z.standard_error [trajectories]");
    assert!(errors[4].1 > 0.03 && errors[4].1 < 0.09, "{errors:?}");
    let deviations = scratch.manifest("compare")["deviations"].clone();
    let sigmas = deviations[2]["standard_errors"].as_f64().expect("a number");
    assert!(deviations[2]["column"] == "spin(S).z" && sigmas < 5.0, "{deviations}");
    assert!(bands("compare/compare.svg") >= 1);
    let said =
        scratch.exits(0, &["sweep", "study.toml", "-o", "sweep", "--sweep", "channels.0.rate=0.5,1.0"]);
    let written = |line: &str| line.split_whitespace().any(to_its_error);
    assert!(said.lines().skip(2).any(written) && !said.contains("standard_error"), "{said}");
    bands("sweep/sweep.svg");
}

/// A tolerance that asks for nothing lets spins grow without bound; no state has them.
#[test]
fn mean_field_beyond_every_state_is_not_converged() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/studies/first-run.toml");
    let study = Scratch::new(&fs::read_to_string(path).expect("the study"));
    let sets = [
        "engine.kind=mean-field",
        "output.observables=[\"spin(S)\"]",
        "method={ name = \"dop853\", rtol = 0.5, atol = 1e300 }",
    ];
    let mut arguments = vec!["run", "study.toml", "-o", "out"];
    for set in sets {
        arguments.extend(["--set", set]);
    }
    let said = study.exits(3, &arguments);
    assert!(said.contains("spin_length reached"), "{said}");
}
