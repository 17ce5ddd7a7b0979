//! Trajectories over two ranks of MPI: the same bytes as in one process. Needs the feature `mpi` and
//! `mpirun`.
#![cfg(feature = "mpi")]

mod common;

use std::fs;
use std::process::Command;

use common::{Scratch, words};

const STUDY: &str = r#"
[modes.a]
frequency = 1.0
cutoff = 6
initial = { state = "coherent", amplitude = 0.6 }
[ensembles.S]
size = 3
frequency = 1.0
initial = { state = "product", bloch = [0.3, 0.1, 0.4] }
[[interactions]]
kind = "dicke"
mode = "a"
ensemble = "S"
strength = 0.3
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = 0.6
[[channels]]
kind = "emission"
ensemble = "S"
rate = 0.4
[time]
end = 2.0
points = 5
[engine]
kind = "trajectories"
trajectories = 700
[bounds]
top_population = 1.0
[output]
observables = ["photons(a)", "g2(a)", "spin(S)"]
"#;

/// The exit code of `command` on the study.
fn on_ranks(scratch: &Scratch, ranks: &str, name: &str, more: &[&str]) -> i32 {
    let mut command = Command::new("mpirun");
    command.args(["--oversubscribe", "--allow-run-as-root", "-n", ranks, env!("CARGO_BIN_EXE_superladder")]);
    let output = command.args([name, "study.toml"]).args(more).current_dir(scratch.path("")).output();
    let output = output.expect("mpirun runs");
    println!("{}", words(&output));
    output.status.code().unwrap_or(-1)
}

#[test]
fn two_ranks_give_the_bytes_of_one() {
    let scratch = Scratch::new(STUDY);
    let target = ["--set", "engine.target_error={ 'photons(a)' = 0.03 }"];
    for (name, more) in [("all", &[][..]), ("target", &target[..])] {
        let (one, two) = (format!("{name}-1"), format!("{name}-2"));
        scratch.exits(0, &[&["run", "study.toml", "-o", &one], more].concat());
        assert_eq!(on_ranks(&scratch, "2", "run", &[&["-o", &two], more].concat()), 0);
        for file in ["observables.csv", "observables.npz"] {
            let read = |of: &str| fs::read(scratch.path(of).join(file)).expect("written");
            assert!(read(&one) == read(&two), "{file} of {name}");
        }
    }
    // Grown on three ranks from a part.
    scratch.exits(0, &["run", "study.toml", "-o", "grown", "--indices", "100..130"]);
    assert_eq!(on_ranks(&scratch, "3", "run", &["-o", "grown", "--resume"]), 0);
    let read = |of: &str| fs::read(scratch.path(of).join("observables.csv")).expect("written");
    assert!(read("grown") == read("all-1"));
    // Bad input ends all ranks.
    assert_ne!(on_ranks(&scratch, "2", "run", &["-o", "grown"]), 0);
}

#[test]
fn points_of_a_sweep_on_two_ranks_give_the_bytes_of_one() {
    let scratch = Scratch::new(STUDY);
    let sweep = ["--sweep", "channels.0.rate=0.2,0.4,0.6", "--sweep", "modes.a.cutoff=6,7"];
    scratch.exits(0, &[&["sweep", "study.toml", "-o", "one"], &sweep[..]].concat());
    let read = |of: &str| fs::read(scratch.path(of).join("sweep.csv")).expect("written");
    for ranks in ["2", "3"] {
        assert_eq!(on_ranks(&scratch, ranks, "sweep", &[&["-o", ranks], &sweep[..]].concat()), 0);
        assert!(read("one") == read(ranks), "{ranks} ranks");
        assert!(!scratch.path(&format!("{ranks}.partial")).exists(), "the store is cleared");
    }
    // More ranks than points leave some without.
    scratch.exits(0, &["sweep", "study.toml", "-o", "4", "--sweep", "channels.0.rate=0.2,0.4"]);
    assert_eq!(on_ranks(&scratch, "4", "sweep", &["-o", "5", "--sweep", "channels.0.rate=0.2,0.4"]), 0);
    assert!(read("4") == read("5"));
    let mixed = ["--sweep", "channels.0.rate=0.2,0.4,0.6", "--sweep", "engine.tolerance=1e-8,1e-9"];
    scratch.exits(0, &[&["sweep", "study.toml", "-o", "one", "--force"], &mixed[..]].concat());
    assert_eq!(on_ranks(&scratch, "2", "sweep", &[&["-o", "2", "--force"], &mixed[..]].concat()), 0);
    assert!(read("one") == read("2"));
    // Bad input ends all ranks.
    assert_ne!(on_ranks(&scratch, "2", "sweep", &[&["-o", "2"], &mixed[..]].concat()), 0);
}
