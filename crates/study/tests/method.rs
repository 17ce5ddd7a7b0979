//! The table `method`: what its keys are called.

use superladder_study::{Study, StudyError};

const STUDY: &str = r"
[modes.a]
frequency = 1.0
cutoff = 3
[time]
end = 2.0
points = 5
";

fn with(method: &str, sets: &[&str]) -> Result<Study, StudyError> {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    Study::parse("study.toml", "study", &format!("{STUDY}\n[method]\n{method}\n"), &sets)
}

#[test]
fn an_error_per_step_is_not_called_one_per_unit_time() {
    let old = with("name = \"chebyshev\"\ntolerance = 1e-7", &[]).unwrap();
    let new = with("name = \"chebyshev\"\nstep_tolerance = 1e-7", &[]).unwrap();
    assert_eq!(
        old.warnings,
        [
            "`tolerance` of method 'chebyshev' is called `step_tolerance`: it is an error per step, not per unit time"
        ]
    );
    assert!(new.warnings.is_empty(), "{:?}", new.warnings);
    assert_eq!(old.resolved(), new.resolved());
    assert_eq!(new.resolved()["method"]["step_tolerance"], 1e-7);
    // `--set` writes the same keys.
    let set = with("name = \"chebyshev\"", &["method.tolerance=1e-7"]).unwrap();
    assert_eq!((set.resolved(), set.warnings), (old.resolved(), old.warnings));
    // Where it is one per unit time, that is its name.
    let krylov = with("name = \"krylov\"\ntolerance = 1e-7", &[]).unwrap();
    assert!(krylov.warnings.is_empty() && krylov.resolved()["method"]["tolerance"] == 1e-7);
}

#[test]
fn wrong_tolerances_are_refused_by_the_key_that_is_written() {
    for (method, words) in [
        ("name = \"krylov\"\nstep_tolerance = 1e-7", "has no key `step_tolerance`"),
        ("name = \"dop853\"\ntolerance = 1e-7", "has no key `tolerance`"),
        ("name = \"chebyshev\"\ntolerance = 1e-7\nstep_tolerance = 1e-7", "both are given"),
        ("name = \"chebyshev\"\ntolerance = 2.0", "from 1e-15 to below 1"),
        ("name = \"chebyshev\"\nstep_tolerance = 0.0", "`step_tolerance`"),
    ] {
        let message = with(method, &[]).expect_err(method).to_string();
        assert!(message.contains(words), "{method}: {message}");
    }
}
