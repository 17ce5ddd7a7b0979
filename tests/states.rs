//! States as a whole: saved, taken up again, and steady states as the end of other commands.

mod common;

use std::fs;
use std::path::Path;

use common::Scratch;

/// Six atoms in a lossy cavity, with coherences between all charges at the start.
const STUDY: &str = r#"
title = "six atoms"
[parameters]
pump = 0.05
[modes.a]
frequency = 1.0
cutoff = 6
initial = { state = "vacuum" }
[ensembles.S]
size = 6
frequency = 1.0
initial = { state = "spin-coherent", theta = 2.5, phi = 0.3 }
[[interactions]]
kind = "tavis-cummings"
mode = "a"
ensemble = "S"
strength = 0.5
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = 1.0
[[channels]]
kind = "emission"
ensemble = "S"
rate = 0.1
[[channels]]
kind = "pumping"
ensemble = "S"
rate = "pump"
[time]
end = 2.0
points = 21
[output]
observables = ["photons(a)", "amplitude(a)", "spin(S)", "purity"]
"#;

/// The study without initial states of its own, from `state`.
fn from_file(state: &str) -> String {
    let without: Vec<&str> = STUDY.lines().filter(|line| !line.starts_with("initial")).collect();
    format!("{}\n[initial]\nstate = \"file\"\nfile = \"{state}\"\n", without.join("\n"))
}

/// Column by name, all rows.
fn column(table: &Path, name: &str) -> Vec<f64> {
    let mut reader = csv::Reader::from_path(table).expect("a table");
    let place = reader.headers().expect("a heading").iter().position(|h| h == name).expect("the column");
    reader.records().map(|r| r.expect("a row")[place].parse().expect("a number")).collect()
}

fn last(table: &Path, name: &str) -> f64 {
    *column(table, name).last().expect("rows")
}

#[test]
fn a_run_in_two_pieces_is_the_run_in_one() {
    let scratch = Scratch::new(STUDY);
    scratch.exits(0, &["run", "study.toml", "-o", "whole", "--set", "time.end=4", "--set", "time.points=41"]);
    scratch.exits(0, &["run", "study.toml", "-o", "first", "--save-state"]);
    fs::write(scratch.path("second.toml"), from_file("first/state.superladder")).expect("written");
    scratch.exits(0, &["run", "second.toml", "-o", "second"]);
    let names = ["photons(a)", "amplitude(a).re", "amplitude(a).im", "spin(S).x", "spin(S).y", "spin(S).z"];
    for name in names.into_iter().chain(["purity"]) {
        let whole = last(&scratch.path("whole/observables.csv"), name);
        let found = last(&scratch.path("second/observables.csv"), name);
        assert!((whole - found).abs() < 1e-10, "{name}: {found} instead of {whole}");
        assert!(whole.abs() > 1e-3, "{name} says nothing");
    }
    // The folder stands for its file, and more levels are empty levels.
    fs::write(scratch.path("third.toml"), from_file("first")).expect("written");
    scratch.exits(0, &["run", "third.toml", "-o", "third", "--set", "modes.a.cutoff=7"]);
    let begun = column(&scratch.path("third/observables.csv"), "photons(a)")[0];
    assert_eq!(begun, column(&scratch.path("second/observables.csv"), "photons(a)")[0]);
    scratch.exits(0, &["run", "third.toml", "-o", "auto", "--set", "modes.a.cutoff=auto"]);
    let (auto, fixed) = ("auto/observables.csv", "third/observables.csv");
    let (auto, fixed) = (last(&scratch.path(auto), "photons(a)"), last(&scratch.path(fixed), "photons(a)"));
    assert!((auto - fixed).abs() < 1e-4, "{auto} {fixed}");
}

/// To t = 2 and on to 4 is to 4 at once: in every bit where steps end at the output times, within the tolerance where not.
#[test]
fn a_finished_run_goes_on_to_later_times() {
    let scratch = Scratch::new(STUDY);
    let few = "output.observables=[\"photons(a)\", \"spin(S)\"]";
    let later = ["--set", "time.end=4", "--set", "time.points=41"];
    let cases: [(&str, &[&str], f64); 5] = [
        ("exact", &[], 1e-9),
        ("exact", &["method.name=dop853", "method.exact_stops=true"], 0.0),
        ("exact", &["method.name=low-storage"], 0.0),
        ("cumulant", &["method.name=dop853", "method.exact_stops=true"], 0.0),
        ("mean-field", &[], 1e-7),
    ];
    for (number, (engine, sets, tolerance)) in cases.into_iter().enumerate() {
        let (whole, parts) = (format!("whole-{number}"), format!("parts-{number}"));
        let engine = format!("engine.kind={engine}");
        let sets: Vec<&str> = [&engine, few].iter().chain(sets).flat_map(|set| ["--set", set]).collect();
        let run = |output: &str, more: &[&str]| {
            scratch.exits(0, &[&["run", "study.toml", "-o", output][..], &sets, more].concat())
        };
        run(&whole, &later);
        run(&parts, &[]);
        run(&parts, &[&later[..], &["--resume"]].concat());
        for name in ["t", "photons(a)", "spin(S).z"] {
            let tables = [&whole, &parts].map(|f| column(&scratch.path(f).join("observables.csv"), name));
            assert_eq!((tables[0].len(), tables[1].len()), (41, 41));
            for (a, b) in tables[0].iter().zip(&tables[1]) {
                assert!((a - b).abs() <= tolerance, "{sets:?}, {name}: {a} {b}");
            }
        }
    }
    let resumed = |sets: &[&str]| {
        let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
        scratch.exits(
            2,
            &[&["run", "study.toml", "-o", "whole-0", "--resume", "--set", few][..], &sets].concat(),
        )
    };
    let said = resumed(&["time.end=4", "time.points=41"]);
    assert!(said.contains("nothing waits"), "{said}");
    let said = resumed(&["time.end=8", "time.points=81", "channels.1.rate=0.2"]);
    assert!(said.contains("channels") && said.contains("0.2") && said.contains("time.end"), "{said}");
    let said = resumed(&["time.end=8", "time.points=41"]);
    assert!(said.contains("number 2 was t = 0.1, and is t = 0.2"), "{said}");
    let said = resumed(&["time.end=3", "time.points=31"]);
    assert!(said.contains("number 32 was t = 3.1, and is none"), "{said}");
    // What happens later belongs to the model too.
    let later = ["time.end=8", "time.points=81", "quenches=[{time=6.0,set={pump=0.2}}]"];
    let said = resumed(&later);
    assert!(said.contains("quenches = []") && said.contains("pump"), "{said}");
    // A cutoff that follows the state has spent its budget.
    let auto = ["run", "study.toml", "-o", "auto", "--set", "modes.a.cutoff=auto", "--set", few];
    scratch.exits(0, &auto);
    let said = scratch
        .exits(2, &[&auto[..], &["--resume", "--set", "time.end=3", "--set", "time.points=31"]].concat());
    assert!(said.contains("modes.a.cutoff") && said.contains("not continued"), "{said}");
    // What is damaged is told.
    fs::write(scratch.path("whole-0/run.checkpoint"), "superladder finished run 1\nabc").expect("written");
    let said = resumed(&["time.end=8", "time.points=81"]);
    assert!(said.contains("damaged"), "{said}");
}

/// Coherences that no observable needs are not stored by a run that keeps no state.
#[test]
fn the_state_is_whole_whatever_is_observed() {
    let scratch = Scratch::new(STUDY);
    let few = "output.observables=[\"photons(a)\"]";
    scratch.exits(0, &["run", "study.toml", "-o", "first", "--save-state", "--set", few]);
    fs::write(scratch.path("second.toml"), from_file("first")).expect("written");
    scratch.exits(0, &["run", "second.toml", "-o", "second"]);
    scratch.exits(0, &["run", "study.toml", "-o", "all"]);
    let begun = column(&scratch.path("second/observables.csv"), "spin(S).x")[0];
    let ended = last(&scratch.path("all/observables.csv"), "spin(S).x");
    assert!((begun - ended).abs() < 1e-11 && begun.abs() > 1e-2, "{begun} {ended}");
}

#[test]
fn the_stationary_state_stays_where_it_is() {
    let scratch = Scratch::new(STUDY);
    scratch.exits(0, &["steady", "study.toml", "-o", "end", "--save-state", "--modes", "0"]);
    fs::write(scratch.path("on.toml"), from_file("end")).expect("written");
    scratch.exits(0, &["run", "on.toml", "-o", "on"]);
    for name in ["photons(a)", "spin(S).z", "purity"] {
        let values = column(&scratch.path("on/observables.csv"), name);
        assert!(values.iter().all(|x| (x - values[0]).abs() < 1e-11), "{name}: {values:?}");
    }
}

#[test]
fn states_that_do_not_fit_are_refused() {
    let scratch = Scratch::new(STUDY);
    scratch.exits(0, &["run", "study.toml", "-o", "first", "--save-state"]);
    fs::write(scratch.path("second.toml"), from_file("first")).expect("written");
    let refused = |set: &str, words: &str| {
        let said = scratch.exits(2, &["run", "second.toml", "-o", "no", "--set", set]);
        assert!(said.contains(words) && said.contains("second.toml"), "{said}");
        assert!(!scratch.path("no").exists());
    };
    refused("ensembles.S.size=5", "spins in ensemble 'S'");
    refused("initial.file=study.toml", "no saved state");
    refused("initial.file=missing", "cannot read 'missing");
    refused("engine.kind=cumulant", "needs the engine 'exact'");
    refused("engine.kind=mean-field", "needs the engine 'exact'");
    refused("engine.kind=trajectories", "needs the engine 'exact'");
    refused("modes.a.initial={state=\"fock\",n=1}", "comes from the file");
    refused("modes.a.cutoff=1", "too small: the saved initial state loses");
    let file = scratch.path("first/state.superladder");
    let mut bytes = fs::read(&file).expect("the state");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).expect("written");
    refused("pump=0.05", "is damaged");
    for kind in ["cumulant", "mean-field", "trajectories"] {
        let set = format!("engine.kind={kind}");
        let set = ["--set", &set, "--set", "output.observables=[\"photons(a)\"]"];
        let said = scratch.exits(2, &[&["run", "study.toml", "-o", "no", "--save-state"], &set[..]].concat());
        assert!(said.contains("no density matrix that could be saved"), "{said}");
    }
}

#[test]
fn an_interrupted_run_keeps_its_state() {
    let scratch = Scratch::new(STUDY);
    scratch.exits(0, &["run", "study.toml", "-o", "straight", "--save-state"]);
    let stopped = ["run", "study.toml", "-o", "halves", "--save-state", "--time-limit", "0", "--set"];
    let set = "method={ name = \"dop853\" }";
    scratch.exits(1, &[&stopped[..], &[set]].concat());
    // Without the state the run is another one.
    let said = scratch.exits(2, &["run", "study.toml", "-o", "halves", "--resume", "--set", set]);
    assert!(said.contains("belongs to another study"), "{said}");
    scratch.exits(0, &["run", "study.toml", "-o", "halves", "--resume", "--save-state", "--set", set]);
    scratch.exits(0, &["run", "study.toml", "-o", "whole", "--save-state", "--set", set]);
    let state =
        |folder: &str| fs::read(scratch.path(&format!("{folder}/state.superladder"))).expect("a state");
    assert_eq!(state("halves"), state("whole"));
    assert_ne!(state("straight"), state("whole"), "another method rounds otherwise");
}

#[test]
fn steady_states_are_ends_of_other_commands() {
    let scratch = Scratch::new(STUDY);
    let steady = ["--set", "time=steady"];
    let said = scratch.exits(2, &[&["run", "study.toml", "-o", "no"], &steady[..]].concat());
    assert!(said.contains("ends in the steady state") && said.contains("`sweep`"), "{said}");
    scratch.exits(0, &["steady", "study.toml", "-o", "one", "--set", "pump=0.1"]);
    let value = fs::read_to_string(scratch.path("one/steady.csv")).expect("a table");
    let value = value.lines().find_map(|l| l.strip_prefix("photons(a),")).expect("photons");
    let value: f64 = value.split(',').next().and_then(|x| x.parse().ok()).expect("a number");
    let sweep = ["sweep", "study.toml", "-o", "sweep", "--sweep", "pump=0.05,0.1,0.2"];
    scratch.exits(0, &[&sweep[..], &steady].concat());
    let found = column(&scratch.path("sweep/summary.csv"), "photons(a)");
    assert!(found.len() == 3 && (found[1] - value).abs() < 1e-12, "{found:?} {value}");
    let compare = ["compare", "study.toml", "--engines", "exact,cumulant", "-o", "compare"];
    let said = scratch.exits(0, &[&compare[..], &steady].concat());
    assert!(said.contains("Steady state") && said.contains("photons(a)"), "{said}");
    let exact = column(&scratch.path("compare/compare.csv"), "photons(a) [exact]");
    assert!((exact[0] - found[0]).abs() < 1e-12 && exact.len() == 1, "{exact:?}");
    let converge = ["converge", "study.toml", "-o", "converge"];
    let said = scratch.exits(0, &[&converge[..], &steady].concat());
    assert!(
        said.contains("in the steady state") && said.contains("found without going through time"),
        "{said}"
    );
    let said = scratch.exits(2, &["steady", "study.toml", "-o", "no", "--set", "time=stedy"]);
    assert!(said.contains("or \"steady\""), "{said}");
}

/// A steady end that does not exist is no value of a sweep.
#[test]
fn what_has_no_limit_is_no_point_of_a_sweep() {
    let scratch = Scratch::new(
        "[parameters]\ng = 0.0\n[modes.a]\nfrequency = 1.0\ncutoff = 2\n[ensembles.S]\nsize = 1\nfrequency = 0.7\n\
         initial = { state = \"spin-coherent\", theta = 1.0 }\n\
         [[interactions]]\nkind = \"tavis-cummings\"\nmode = \"a\"\nensemble = \"S\"\nstrength = \"g\"\n\
         [[channels]]\nkind = \"cavity-loss\"\nmode = \"a\"\nrate = 0.5\n[output]\nobservables = [\"spin(S)\"]\n",
    );
    let text = fs::read_to_string(scratch.path("study.toml")).expect("the study");
    fs::write(scratch.path("study.toml"), format!("time = \"steady\"\n{text}")).expect("written");
    let said = scratch.exits(3, &["sweep", "study.toml", "-o", "s", "--sweep", "g=0.0,0.5"]);
    assert!(said.contains("turn for ever"), "{said}");
}
