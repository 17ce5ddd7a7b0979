//! Every study that ships converges, in a shortened form: fewer spins and trajectories, less time.

use superladder::engine::{Never, Silent, StationaryOptions, run};
use superladder::study::Study;

/// What shortens a study, beside the time.
fn shortened(name: &str) -> &'static [&'static str] {
    match name {
        "laser-N60" | "paper-fig8" | "quickstart" => &["parameters.N=4"],
        "breakdown-trajectories" => &["parameters.N=3"],
        // The displaced bases of a hundred spins, for a moment; the choice between bases at six, and as many
        // trajectories as errors are judged from.
        "lasing-trajectories" => &["engine.trajectories=2", "time={end=1.0,points=3}"],
        "trajectories" => &["engine.trajectories=64", "engine.target_error=1e9", "time={end=12.0,points=4}"],
        // Its largest population at the top of the Fock space comes at t = 5.
        "golden-N4" => &["time={end=5.0,points=11}"],
        "cumulant-laser" => &["time={end=0.02,points=5}"],
        "one-axis-twisting" | "superradiance" => &["parameters.N=10"],
        "distributions" => &["parameters.N=2"],
        "truncated-wigner" => &["engine.samples=640"],
        "monitored" => &["engine.trajectories=2"],
        _ => &[],
    }
}

#[test]
fn every_study_that_ships_converges() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data/studies");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("data/studies") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let mut sets: Vec<String> = shortened(&name).iter().map(ToString::to_string).collect();
        if name != "superradiance" && !sets.iter().any(|set| set.starts_with("time=")) {
            // Beyond the last quench.
            let all = Study::load(&path, &[]).unwrap_or_else(|e| panic!("{e}"));
            let last = all.problem.stages.last().map_or(0.0, |stage| stage.start);
            sets.push(format!("time={{end={},points=5}}", last + 4.0));
        }
        let study = Study::load(&path, &sets).unwrap_or_else(|e| panic!("{e}"));
        let (evolution, recorder) = run(study.engine().as_ref(), &study.problem, &mut Silent)
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(recorder.records.len(), study.problem.times.len(), "{name}");
        let checks = evolution.diagnostics();
        assert!(checks.converged(), "{name}: {checks:?}");
        seen += 1;
    }
    assert!(seen >= 25, "{seen}");
}

/// Those that end in the steady state, as they are.
#[test]
fn steady_studies_have_their_steady_state() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data/studies");
    // <S^-> of a state near the coherent one that the drive makes, r N/2, and photons of a laser above threshold.
    for (name, column, least) in
        [("driven-superradiance", "spin(S)", 15.9), ("laser-threshold", "photons(a)", 2.0)]
    {
        let study = Study::load(format!("{folder}/{name}.toml"), &[]).unwrap_or_else(|e| panic!("{e}"));
        let engine = study.engine();
        let engine = engine.as_stationary().expect("an engine of steady states");
        let options = StationaryOptions { modes: 1, ..StationaryOptions::default() };
        let found = engine.stationary(&study.problem, &options, &Never).unwrap_or_else(|e| panic!("{e}"));
        assert!(found.reasons().is_empty(), "{name}: {:?}", found.reasons());
        let place = study.problem.observables.iter().position(|o| o.name == column).expect("observed");
        let values = found.measurements[place].values.iter().map(|v| v.value.abs());
        assert!(values.fold(0.0, f64::max) > least, "{name}: {:?}", found.measurements[place]);
    }
}
