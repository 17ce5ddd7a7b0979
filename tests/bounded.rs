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
