//! Applications of the generator in ready studies that are quick: a lost factor of two is seen here.

use superladder_engine::{Silent, record};
use superladder_study::Study;

const LINEAR: &str = "output.observables=['photons(a)']";
const CHEBYSHEV: &str = "method={name='chebyshev'}";
const KRYLOV: &str = "method={name='krylov'}";

/// A study of `data/studies`, its settings, and how often it applies the generator.
const COUNTS: &[(&str, &[&str], u64)] = &[
    ("golden-N4", &[CHEBYSHEV, LINEAR, "time.end=20.0"], 739),
    ("golden-N4", &[CHEBYSHEV, "time.end=2.0", "time.points=21"], 99),
    ("golden-N4", &[KRYLOV, LINEAR, "time.end=2.0"], 118),
    ("first-run", &[CHEBYSHEV, LINEAR], 591),
    ("dicke", &[CHEBYSHEV, LINEAR, "time.end=8.0"], 569),
    ("tavis-cummings-laser", &[CHEBYSHEV, LINEAR], 1353),
    ("tavis-cummings-laser", &[KRYLOV, LINEAR], 530),
    ("laser-N60", &["parameters.N=10", "modes.a.cutoff=30", LINEAR], 599),
    ("superradiance", &[CHEBYSHEV], 401),
    ("empty-cavity", &[CHEBYSHEV], 597),
];

fn applications(name: &str, settings: &[&str]) -> u64 {
    let file = format!("{}/../../data/studies/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
    let study = Study::load(&file, &settings).expect("a ready study");
    let mut evolution = study.engine().prepare(&study.problem).expect("small");
    record(evolution.as_mut(), &study.problem, &mut Silent).expect("runs");
    evolution.statistics()["propagator"]["applications"].as_u64().expect("a count")
}

#[test]
fn ready_studies_apply_the_generator_as_often_as_before() {
    let mut wrong = Vec::new();
    for (name, settings, expected) in COUNTS {
        let found = applications(name, settings);
        if found.abs_diff(*expected) * 50 > *expected {
            wrong.push(format!("{name} with {settings:?}: {found}, but {expected} are expected"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
