//! The command `steady` from outside: states, modes, verdicts, refusals.

mod common;

use std::fs;

use common::Scratch;
use serde_json::Value;

/// The laser of `data/studies/tavis-cummings-laser.toml` with two atoms and other engines where asked.
const LASER: &str = r#"
title = "laser of two atoms"
[parameters]
pump = 0.6
[modes.a]
frequency = 0.0
cutoff = 12
[ensembles.T]
size = 2
frequency = 0.0
[[interactions]]
kind = "tavis-cummings"
mode = "a"
ensemble = "T"
strength = 0.9
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = 0.8
[[channels]]
kind = "pumping"
ensemble = "T"
rate = "pump"
[[channels]]
kind = "emission"
ensemble = "T"
rate = 0.05
[[channels]]
kind = "dephasing"
ensemble = "T"
rate = 0.1
[time]
end = 1.0
points = 2
[output]
observables = ["photons(a)", "amplitude(a)", "spin(T)"]
"#;

fn rows(scratch: &Scratch, table: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(scratch.path(table)).expect("a table");
    reader.records().map(|r| r.expect("a row").iter().map(str::to_owned).collect()).collect()
}

fn number(text: &str) -> f64 {
    text.parse().expect("a number")
}

#[test]
fn the_laser_ends_where_independent_code_says() {
    let scratch = Scratch::new(LASER);
    let said = scratch.exits(0, &["steady", "study.toml", "-o", "o"]);
    assert!(said.contains("One stationary state") && said.contains("gap"), "{said}");
    // `C N=2 cutoff=12` of data/reference/steady_and_more.json.
    let values = rows(&scratch, "o/steady.csv");
    let photons = values.iter().find(|row| row[0] == "photons(a)").expect("a row");
    assert!((number(&photons[1]) - 0.688_954_788_359_812_6).abs() < 1e-9, "{photons:?}");
    assert!(number(&photons[2]) < 1e-9, "{photons:?}");
    let modes = rows(&scratch, "o/modes.csv");
    let slowest = |charge: &str| {
        let row = modes.iter().find(|row| row[0] == charge && row[4] == "true").expect("a mode");
        (number(&row[1]), number(&row[2]).abs())
    };
    let (re, im) = slowest("1");
    assert!((re + 0.643_355_168_273_838_3).abs() < 1e-8 && (im - 0.260_453_242_532_476).abs() < 1e-8);
    assert!((slowest("0").0 + 0.764_029_371_363_511_3).abs() < 1e-8);
    let manifest = fs::read_to_string(scratch.path("o/manifest.json")).expect("written");
    let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
    assert_eq!((&manifest["stationary_states"], &manifest["converged"]), (&1.into(), &true.into()));
    assert!(scratch.path("o/modes.svg").is_file() && scratch.path("o/report.txt").is_file());
    // Without modes there is neither a gap nor a picture.
    let said = scratch.exits(0, &["steady", "study.toml", "-o", "p", "--modes", "0", "--assume-unique"]);
    assert!(!said.contains("gap") && !scratch.path("p/modes.svg").exists(), "{said}");
}

#[test]
fn several_stationary_states_are_told() {
    let scratch = Scratch::new(
        "[ensembles.S]\nsize = 2\nfrequency = 1.0\ninitial = { state = \"product\", bloch = [0.0, 0.0, 0.0] }\n\
         [[channels]]\nkind = \"collective-emission\"\nensemble = \"S\"\nrate = 1.0\n[time]\nend = 1.0\npoints = 2\n\
         [output]\nobservables = [\"spin-length(S)\"]\n",
    );
    let said = scratch.exits(0, &["steady", "study.toml", "-o", "o"]);
    assert!(said.contains("2 stationary states") && said.contains("ladder j = 1 of 'S'"), "{said}");
    let value = number(&rows(&scratch, "o/steady.csv")[0][1]);
    assert!((value - 1.5).abs() < 1e-10, "{value}");
}

/// A cavity in a bath of two thermal quanta; `cutoff = "auto"` starts far too low.
const THERMAL: &str = "[modes.a]\nfrequency = 1.0\ncutoff = { start = 3, max = 200 }\n[[channels]]\nkind = \"thermal-bath\"\n\
                       mode = \"a\"\nrate = 0.5\noccupation = 2.0\n[time]\nend = 1.0\npoints = 2\n[output]\n\
                       observables = [\"photons(a)\", \"g2(a)\"]\n";

#[test]
fn cutoffs_follow_a_stationary_state() {
    let scratch = Scratch::new(THERMAL);
    let said = scratch.exits(0, &["steady", "study.toml", "-o", "o"]);
    assert!(said.contains("cutoff of mode 'a': raised from 3 to "), "{said}");
    let values = rows(&scratch, "o/steady.csv");
    assert!((number(&values[0][1]) - 2.0).abs() < 1e-6 && (number(&values[1][1]) - 2.0).abs() < 1e-6);
    // Its `max` ends the search, and so does a state that larger cutoffs do not bring closer.
    let said = scratch.exits(3, &["steady", "study.toml", "-o", "p", "--set", "modes.a.cutoff.max=20"]);
    assert!(said.contains("raised from 3 to 20") && said.contains("truncation"), "{said}");
    let gain = THERMAL.replace("thermal-bath", "cavity-gain").replace("occupation = 2.0\n", "");
    fs::write(scratch.path("gain.toml"), gain).expect("written");
    let said = scratch.exits(3, &["steady", "gain.toml", "-o", "g"]);
    assert!(said.contains("NOT CONVERGED: top_population"), "{said}");
}

#[test]
fn what_has_no_end_is_refused_or_not_converged() {
    let scratch = Scratch::new(LASER);
    let moments = LASER.replace("[time]", "[engine]\nkind = \"cumulant\"\n[time]");
    fs::write(scratch.path("moments.toml"), moments).expect("written");
    let said = scratch.exits(0, &["steady", "moments.toml", "-o", "m"]);
    assert!(
        said.contains("fixed point of the moment equations") && said.contains("linearised moments"),
        "{said}"
    );
    let said = scratch.exits(2, &["steady", "moments.toml", "-o", "f", "--set", "engine.kind=mean-field"]);
    assert!(
        said.contains("'mean-field' has no stationary states") && said.contains("`superladder fixed-points`"),
        "{said}"
    );
    let closed = "[modes.a]\nfrequency = 1.0\ncutoff = 3\n[time]\nend = 1.0\npoints = 2\n";
    fs::write(scratch.path("closed.toml"), closed).expect("written");
    let said = scratch.exits(2, &["steady", "closed.toml", "-o", "c"]);
    assert!(said.contains("without channels"), "{said}");
    for engine in ["cumulant", "trajectories"] {
        let set = format!("engine.kind={engine}");
        let said = scratch.exits(2, &["steady", "closed.toml", "-o", "c", "--set", &set]);
        assert!(said.contains("without channels"), "{engine}: {said}");
    }
    let gain = "[modes.a]\nfrequency = 1.0\ncutoff = 9\n[[channels]]\nkind = \"cavity-gain\"\nmode = \"a\"\nrate = 0.3\n\
                [[channels]]\nkind = \"cavity-loss\"\nmode = \"a\"\nrate = 0.2\n[time]\nend = 1.0\npoints = 2\n";
    fs::write(scratch.path("gain.toml"), gain).expect("written");
    let said = scratch.exits(3, &["steady", "gain.toml", "-o", "g"]);
    assert!(said.contains("NOT CONVERGED: top_population"), "{said}");
    let said = scratch.exits(2, &["steady", "study.toml", "-o", "t", "--tolerance", "0"]);
    assert!(said.contains("--tolerance"), "{said}");
    assert!(!scratch.path("f").exists() && !scratch.path("c").exists());
}

/// The same laser from trajectories: within errors of the density matrix, the same on any number of threads.
#[test]
fn trajectories_end_within_their_errors() {
    let scratch = Scratch::new(LASER);
    let trajectories = LASER.replace(
        "[time]",
        "[engine]\nkind = \"trajectories\"\ntrajectories = 200\nseed = 4\ntarget_error = 0.1\n[time]",
    );
    fs::write(scratch.path("sampled.toml"), &trajectories).expect("written");
    scratch.exits(0, &["steady", "study.toml", "-o", "exact"]);
    let said = scratch.exits(0, &["steady", "sampled.toml", "-o", "one", "--threads", "1"]);
    assert!(
        said.contains("Averages over 200 trajectories of length") && said.contains("converged"),
        "{said}"
    );
    assert!(!said.contains("fixed point") && !said.contains("NaN"), "{said}");
    scratch.exits(0, &["steady", "sampled.toml", "-o", "two", "--threads", "2"]);
    assert_eq!(rows(&scratch, "one/steady.csv"), rows(&scratch, "two/steady.csv"));
    for (exact, sampled) in rows(&scratch, "exact/steady.csv").iter().zip(rows(&scratch, "one/steady.csv")) {
        let (value, error) = (number(&sampled[1]), number(&sampled[2]));
        assert!((value - number(&exact[1])).abs() <= 4.5 * error + 1e-9, "{sampled:?} for {exact:?}");
        assert!(error < 0.1, "{sampled:?}");
    }
    let manifest = fs::read_to_string(scratch.path("one/manifest.json")).expect("a manifest");
    let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
    assert!(manifest["residual"].is_null() && manifest["diagnostics"]["figures"]["burn_in"].is_number());
    let set = ["--set", "engine.target_error=1e-4"];
    let said = scratch.exits(3, &[&["steady", "sampled.toml", "-o", "far"], &set[..]].concat());
    assert!(said.contains("NOT CONVERGED: target_error") && said.contains("trajectories would do"), "{said}");
    let set = ["--set", "engine.trajectories=15"];
    let said = scratch.exits(2, &[&["steady", "sampled.toml", "-o", "few"], &set[..]].concat());
    assert!(said.contains("`trajectories` must be at least 16"), "{said}");
}

/// Two levels without decay of their coherence: a spin that turns for ever beside a cavity that is damped.
#[test]
fn what_turns_for_ever_has_no_limit() {
    let scratch = Scratch::new(
        "[modes.a]\nfrequency = 1.0\ncutoff = 2\n[ensembles.S]\nsize = 1\nfrequency = 0.7\n\
         initial = { state = \"spin-coherent\", theta = 1.0 }\n\
         [[channels]]\nkind = \"cavity-loss\"\nmode = \"a\"\nrate = 0.5\n[time]\nend = 1.0\npoints = 2\n\
         [output]\nobservables = [\"spin(S)\"]\n",
    );
    let said = scratch.exits(3, &["steady", "study.toml", "-o", "o"]);
    assert!(said.contains("NOT DAMPED: turns at") && said.contains("turn for ever"), "{said}");
    let said = scratch.exits(2, &["steady", "study.toml", "--set", "engine.kind=mean-field"]);
    assert!(said.contains("fixed-points"), "{said}");
}
