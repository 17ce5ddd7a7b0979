//! What looks for a state at rest, and what must be constant, refuses explicit time by name.

mod common;

use common::Scratch;

/// A lossy mode whose drive follows time.
const STUDY: &str = r#"
[parameters]
lambda = 0.2
kappa = 0.3

[modes.a]
frequency = 1.0
cutoff = 6

[[interactions]]
kind = "drive"
mode = "a"
amplitude = "lambda*cos(t)"

[[channels]]
kind = "cavity-loss"
mode = "a"
rate = "kappa"

[[correlations]]
name = "light"
kind = "amplitude"
mode = "a"

[time]
end = 2.0
points = 3

[output]
observables = ["photons(a)"]
"#;

#[test]
fn maps_of_fixed_points_and_spectra_refuse_explicit_time() {
    let scratch = Scratch::new(STUDY);
    let axes = ["--x", "lambda=0.1:0.3:3", "--y", "kappa=0.2:0.4:3"];
    for command in ["phases", "stability"] {
        let said = scratch.exits(2, &[&[command, "study.toml"], &axes[..]].concat());
        assert!(said.contains("cos(t)") && said.contains("stability and phases"), "{command}: {said}");
    }
    for engine in ["exact", "cumulant", "trajectories"] {
        let set = format!("engine.kind=\"{engine}\"");
        let said = scratch.exits(2, &["spectrum", "study.toml", "--set", &set]);
        assert!(said.contains("depends on time") && said.contains(engine), "{engine}: {said}");
    }
}

#[test]
fn cutoffs_and_sizes_are_constant() {
    let scratch = Scratch::new(STUDY);
    for (key, value) in [("cutoff", "modes.a.cutoff=\"6 + t\""), ("points", "time.points=\"3*t\"")] {
        let said = scratch.exits(2, &["run", "study.toml", "-o", "out", "--set", value]);
        assert!(said.contains(&format!("`{key}` of")) && said.contains("must be constant"), "{key}: {said}");
        assert!(!scratch.path("out").exists());
    }
}
