//! Work before time starts has a bound, and limits of time may be as large as one likes.

mod common;

use common::Scratch;

/// The cutoff of an empty, damped mode with a conserved charge has nothing to follow and no largest value.
const AUTO: &str = include_str!("../data/cases/auto-empty.toml");

#[test]
fn a_cutoff_without_a_largest_value_is_looked_for_in_bounded_time() {
    let scratch = Scratch::new(AUTO);
    let said = scratch.exits(0, &["inspect", "study.toml"]);
    assert!(said.contains("follows the state from"), "{said}");
    scratch.exits(0, &["run", "study.toml", "-o", "o"]);
    let mut reader = csv::Reader::from_path(scratch.path("o/observables.csv")).expect("a table");
    let mut rows = 0;
    for row in reader.records() {
        let number = |k: usize| row.as_ref().expect("a row")[k].parse::<f64>().expect("a number");
        let (t, photons) = (number(0), number(1));
        assert!((photons - 0.25 * (-t).exp()).abs() < 1e-6, "{photons} at {t}");
        rows += 1;
    }
    assert_eq!(rows, 6);
}

#[test]
fn long_products_are_refused_by_moment_equations() {
    let operators = ["\"number(a)\""; 12].join(", ");
    let product =
        format!("[[interactions]]\nkind = \"product\"\noperators = [{operators}]\ncoefficient = 1e-3\n");
    let scratch = Scratch::new(&AUTO.replace("\"auto\"", "6").replace("[time]", &format!("{product}[time]")));
    for order in ["2", "4"] {
        let order = format!("engine.order={order}");
        let said =
            scratch.exits(2, &["inspect", "study.toml", "--set", "engine.kind=cumulant", "--set", &order]);
        assert!(said.contains("is a product of") && said.contains("at most"), "{said}");
    }
}

#[test]
fn more_threads_than_can_be_of_use_are_refused() {
    let scratch = Scratch::new(AUTO);
    let said = scratch.exits(2, &["run", "study.toml", "--threads", "65535", "-o", "o"]);
    assert!(said.contains("--threads must be from 1 to") && said.contains("65535"), "{said}");
}

#[test]
fn a_huge_limit_of_time_is_none() {
    let scratch = Scratch::new(&AUTO.replace("\"auto\"", "6"));
    for (folder, limit) in [("a", "--time-limit"), ("b", "--checkpoint-interval")] {
        for (k, value) in ["1e300", "1e20"].iter().enumerate() {
            scratch.exits(0, &["run", "study.toml", limit, value, "-o", &format!("{folder}{k}")]);
        }
    }
}

/// Nothing of the size of the study is built before it is refused: neither bases nor lists of ladders.
#[test]
fn sizes_without_measure_are_refused_at_once_or_work() {
    let study = include_str!("../data/studies/golden-N4.toml");
    let scratch = Scratch::new(study);
    let few =
        ["--set", "output.observables=[\"photons(a)\"]", "--set", "time.points=3", "--set", "time.end=0.01"];
    let run = |code: i32, kind: &str, more: &[&str]| {
        let kind = format!("engine.kind={kind}");
        let arguments = ["run", "study.toml", "-q", "-f", "-o", "o", "--set", &kind];
        scratch.exits(code, &[&arguments[..], &few, more].concat())
    };
    let said = run(2, "exact", &["--set", "modes.a.cutoff=1000000"]);
    assert!(said.contains("needs at least") && said.contains("unknowns"), "{said}");
    let spins = ["--set", "ensembles.T.size=10000000000"];
    let said = run(2, "exact", &spins);
    assert!(said.contains("needs at least"), "{said}");
    run(0, "cumulant", &spins);
    run(0, "mean-field", &spins);
    // The study names a method, which trajectories do not take.
    let (head, rest) = study.split_once("[method]").expect("a method");
    let (_, tail) = rest.split_once("\n[").expect("another table");
    std::fs::write(scratch.path("study.toml"), format!("{head}[{tail}")).expect("written");
    let said = run(2, "trajectories", &spins);
    assert!(said.contains("10000000000 spins, at most 10000000"), "{said}");
    // Distributions over that many ladders are counted, and not listed.
    for observable in ["ladder-distribution(T)", "reduced-state(T)"] {
        let observed = format!("output.observables=[\"{observable}\"]");
        let said = run(2, "trajectories", &[&spins[..], &["--set", &observed]].concat());
        assert!(said.contains("needs at least") || said.contains("cannot"), "{said}");
    }
    let said = run(2, "trajectories", &["--set", "time.points=100000000"]);
    assert!(said.contains("needs at least") || said.contains("`points`"), "{said}");
}

/// A damped mode with two pumped spins.
const PUMPED: &str = r#"
[modes.a]
frequency = 1.0
cutoff = 6
initial = { state = "coherent", amplitude = 0.1 }
[ensembles.S]
size = 2
frequency = 1.0
initial = { state = "down" }
[[interactions]]
kind = "tavis-cummings"
mode = "a"
ensemble = "S"
strength = 0.1
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = 0.1
[[channels]]
kind = "pumping"
ensemble = "S"
rate = 0.5
[[channels]]
kind = "emission"
ensemble = "S"
rate = 0.5
[time]
end = 0.5
points = 3
[output]
observables = ["photons(a)"]
"#;

/// What a command says of `PUMPED` after some `--set`, which it has to refuse.
fn refused(command: &[&str], sets: &[&str]) -> String {
    let scratch = Scratch::new(PUMPED);
    let sets = sets.iter().flat_map(|set| ["--set", *set]);
    let arguments: Vec<&str> = command.iter().copied().chain(sets).collect();
    scratch.exits(2, &arguments)
}

const RUN: [&str; 4] = ["run", "study.toml", "-o", "o"];

#[test]
fn a_way_of_far_too_many_steps_is_refused_with_its_count_and_what_is_fastest() {
    let frequency = "modes.a.frequency=4294967296";
    for (engine, unit) in [("exact", "the exponential"), ("cumulant", "steps"), ("mean-field", "steps")]
        .map(|(e, u)| (format!("engine.kind={e}"), u))
    {
        let said = refused(&RUN, &[&engine, frequency]);
        let words = [
            "would take about",
            unit,
            "the frequency of mode 'a', 4294967296",
            "`max_steps`",
            "rotating frame",
        ];
        assert!(words.iter().all(|word| said.contains(word)), "{engine}: {said}");
    }
    for method in ["dop853", "tsit5", "low-storage", "krylov", "chebyshev"] {
        let said = refused(&RUN, &["engine.kind=exact", &format!("method.name={method}"), frequency]);
        assert!(said.contains("would take about") && said.contains("`max_steps`"), "{method}: {said}");
    }
    let said = refused(
        &RUN,
        &[
            "engine.kind=trajectories",
            "engine.trajectories=3",
            "time.end=100",
            "channels.1.rate=2e5",
            "channels.2.rate=1e5",
        ],
    );
    assert!(said.contains("steps of a trajectory") && said.contains("channel 'pumping(S)'"), "{said}");
}

#[test]
fn every_command_refuses_a_way_of_far_too_many_steps() {
    let frequency = "modes.a.frequency=9e18";
    let refused_by = |command: &[&str], sets: &[&str]| {
        let said = refused(command, sets);
        assert!(said.contains("would take about") && said.contains("mode 'a', 9e18"), "{command:?}: {said}");
    };
    refused_by(&["compare", "study.toml", "-o", "o", "--engines", "exact,cumulant"], &[frequency]);
    refused_by(&["converge", "study.toml", "-o", "o"], &[frequency]);
    let scratch = Scratch::new(PUMPED);
    let said = scratch.exits(3, &["sweep", "study.toml", "-o", "o", "--sweep", "modes.a.frequency=0.1,9e18"]);
    assert!(said.contains("would take about"), "{said}");
}

#[test]
fn a_limit_of_steps_is_raised_and_lowered_by_its_key() {
    let scratch = Scratch::new(PUMPED);
    let run = |sets: &[&str], code: i32| {
        let sets = sets.iter().flat_map(|set| ["--set", *set]);
        let arguments: Vec<&str> = RUN.iter().copied().chain(["-f"]).chain(sets).collect();
        scratch.exits(code, &arguments)
    };
    let fast = "modes.a.frequency=5e3";
    let limit = |k: u32| format!("method.max_steps={k}");
    run(&["method.name=chebyshev", &limit(10_000), fast], 0);
    let said = run(&["method.name=chebyshev", &limit(100), fast], 2);
    assert!(said.contains("at most 1000 are made"), "{said}");
    let trajectories =
        ["engine.kind=trajectories", "engine.trajectories=2", "channels.1.rate=5e4", "channels.2.rate=5e4"];
    run(&trajectories, 0);
    let said = run(&[&trajectories[..], &["engine.max_steps=2000"]].concat(), 2);
    assert!(said.contains("at most 2000 are made"), "{said}");
}

#[test]
fn tolerances_that_double_precision_cannot_hold_are_refused_with_the_range() {
    for sets in [
        ["engine.kind=trajectories", "engine.tolerance=1e-300"],
        ["method.name=krylov", "method.tolerance=1e-300"],
        ["method.name=chebyshev", "method.step_tolerance=1e-16"],
        ["method.name=exponential", "method.step_tolerance=1e-300"],
        ["method.name=dop853", "method.rtol=1e-300"],
    ] {
        for command in [&RUN[..], &["inspect", "study.toml"]] {
            let said = refused(command, &sets);
            assert!(said.contains("1e-15"), "{sets:?}: {said}");
        }
    }
}

#[test]
fn an_exponential_that_rounding_spoils_names_the_way_out() {
    let scratch = Scratch::new(PUMPED);
    let sets = ["--set", "method.name=exponential", "--set", "channels.0.rate=1e18"];
    let arguments: Vec<&str> = RUN.iter().copied().chain(sets).collect();
    let said = scratch.exits(1, &arguments);
    assert!(said.contains("rounding error") && said.contains("adiabatically"), "{said}");
}

/// A damped mode with a conserved charge: only populations are stored, and nothing of the square of the levels is
/// made where the initial state has no such matrix.
const MANY_LEVELS: &str = r#"
[modes.a]
frequency = 1.0
cutoff = 30000
initial = { state = "fock", n = 3 }
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = 0.2
[time]
end = 1e-4
points = 2
[output]
observables = ["photons(a)"]
[engine]
kind = "exact"
memory_limit = "400 MiB"
"#;

#[test]
fn states_of_many_levels_fit_or_are_refused_before_they_are_made() {
    let scratch = Scratch::new(MANY_LEVELS);
    let with = |code: i32, initial: &str, more: &[&str]| {
        let initial = format!("modes.a.initial={initial}");
        let arguments = ["run", "study.toml", "-q", "-f", "-o", "o", "--set", &initial];
        scratch.exits(code, &[&arguments[..], more].concat())
    };
    // 16 bytes times the square of 30 001 levels would be 14 GB.
    let photons = |n: f64| {
        let table = std::fs::read_to_string(scratch.path("o/observables.csv")).expect("a table");
        let found: f64 =
            table.lines().last().and_then(|row| row.split(',').nth(1)?.parse().ok()).expect("a number");
        assert!((found - n * (-0.2e-4_f64).exp()).abs() < 1e-9 * n, "{found}");
    };
    with(0, "{ state = \"fock\", n = 3 }", &[]);
    photons(3.0);
    with(0, "{ state = \"coherent\", amplitude = 2 }", &[]);
    photons(4.0);
    with(0, "{ state = \"thermal\", occupation = 3 }", &[]);
    photons(3.0);
    let displaced = "{ state = \"displaced-thermal\", amplitude = 1, occupation = 3 }";
    let said = with(2, displaced, &[]);
    assert!(said.contains("needs at least 14"), "{said}");
    let observed = ["--set", "output.observables=[\"reduced-purity(a)\"]"];
    let said = with(2, "{ state = \"fock\", n = 3 }", &observed);
    assert!(said.contains("needs at least 14"), "{said}");
}

/// Its tables by group of states grow too long to be made without a look at whether to go on.
#[test]
fn stationary_states_of_very_many_groups_are_refused() {
    let scratch = Scratch::new(MANY_LEVELS);
    let sets = ["--set", "modes.a.cutoff=250000", "--set", "engine.memory_limit=\"4 GiB\""];
    let said = scratch.exits(2, &[&["steady", "study.toml", "-o", "o"], &sets[..]].concat());
    assert!(said.contains("250001 groups of states") && said.contains("at most 200000"), "{said}");
}

/// A million studies of 40 kB each are read before time starts.
#[cfg(target_os = "linux")]
#[test]
fn more_points_than_fit_the_memory_are_refused_before_they_are_read() {
    let scratch = Scratch::new(PUMPED);
    let program = env!("CARGO_BIN_EXE_superladder");
    let script = format!(
        "ulimit -v 1000000; exec '{program}' sweep study.toml -o o --sweep channels.0.rate=0:1:1000000"
    );
    let mut shell = std::process::Command::new("sh");
    let output = shell.args(["-c", &script]).current_dir(scratch.path("")).output().expect("runs");
    let said = common::words(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("do not fit the memory; at most"), "{said}");
}
